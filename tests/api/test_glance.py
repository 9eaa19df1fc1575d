"""Images in Glance: deployed by each deploy interface, booted as ramdisks and as an ISO; who may use them, and what a Glance that is
away or does not answer as it should is told as.

SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import os
import sys
import unittest
import urllib.request

import auth_support
import harness
from deploy_support import DeploySuite
from faults_support import until
from iscsi_target import Target
from media_support import IloMediaSuite, MediaSuite
from ramdisk_support import MAC, free_port
from test_iscsi import IscsiAgent

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../openstack"))
import signer  # noqa: E402  the folder has to be known first
import stand_in  # noqa: E402

IMAGE = b"what is in an image of Glance\n" * 5000
OTHER = b"what is in another one\n" * 3000
LOOK = "GET /image/v2/images/"


def login(section, cloud):
    return tuple("%s.%s=%s" % (section, name, value) for name, value in (
        ("auth_url", cloud.auth_url), ("username", stand_in.USER), ("password", stand_in.PASSWORD),
        ("project_name", stand_in.PROJECT)))


class InCloud:
    """For suites whose daemon has a cloud; `more_options` are a suite's."""

    more_options = ()

    @classmethod
    def setUpClass(cls):
        cls.cloud = stand_in.Cloud()
        cls.addClassCleanup(cls.cloud.stop)
        cls.own_options = cls.own_options + login("keystone_authtoken", cls.cloud) + cls.more_options
        super().setUpClass()

    def setUp(self):
        self.cloud.set({"faults": [], "forget": True})
        super().setUp()

    def fault(self, match, kind, times=1):
        self.cloud.set({"faults": [{"match": match, "times": times, "kind": kind}]})

    def failed(self, state="deploy failed"):
        """Deploys; why that failed."""
        self.ask(self.uuid, "active")
        return self.rest(self.uuid, state)["last_error"]

    def undeploy(self):
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "deleted"})
        return self.rest(self.uuid, "available")


class GlanceSuite(InCloud, DeploySuite):
    def deploys(self, image, **info):
        """The node is active; the image_info that the agent was given."""
        self.info(image_source=image, **info)
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        self.before_the_image(agent)
        self.calls_until(agent, "active")
        steps = [params["step"] for name, params in agent.given if name == "deploy.execute_deploy_step"]
        return [step["args"]["image_info"] for step in steps if step["step"] == "write_image"][0]

    def before_the_image(self, agent):
        """What the agent gets by the URL, while it is served."""
        def fetch():
            url = agent.given[-1][1]["step"]["args"]["image_info"]["urls"][0]
            with urllib.request.urlopen(url, timeout=harness.LIMIT_S) as answer:
                self.fetched = answer.read()
        agent.taken["deploy.execute_deploy_step write_image"] = fetch


class Direct(GlanceSuite):
    def test_the_agent_gets_it_from_this_conductor(self):
        image = self.cloud.image(IMAGE)
        for href in (image, "glance://" + image):
            with self.subTest(href):
                told = self.deploys(href)
                self.assertEqual(told["urls"], ["http://127.0.0.1:%d/agent_images/%s" % (self.boot_port, self.uuid)])
                self.assertEqual(self.fetched, IMAGE)
                self.assertEqual((told["id"], told["os_hash_algo"], told["os_hash_value"], told["container_format"]),
                                 (image, "sha256", hashlib.sha256(IMAGE).hexdigest(), "bare"))
                info = self.get("/v1/nodes/" + self.uuid)["instance_info"]
                self.assertEqual({key: info[key] for key in ("image_type", "image_disk_format", "image_os_hash_algo")},
                                 {"image_type": "whole-disk", "image_disk_format": "raw", "image_os_hash_algo": "sha512"})
                self.assertIn("look_up_image", [row["phase"] for row in self.phases(self.uuid)])
                self.undeploy()
        self.assertEqual(self.cloud.asked(LOOK + image + "/file"), 1)  # the second has the conductor's copy
        for token in self.cloud.tokens:
            self.assertNotIn(token, self.steel.text())

    def test_an_image_of_a_root_file_system_is_one_by_its_properties(self):
        kernel, ramdisk = self.cloud.image(b"k"), self.cloud.image(b"r")
        for properties in ({"kernel_id": kernel, "ramdisk_id": ramdisk}, {"img_type": "partition"}):
            with self.subTest(properties):
                self.info(image_source=self.cloud.image(IMAGE, **properties))
                self.assertIn("parameters were missing in node's instance_info. Missing are: ['instance_info.root_gb']",
                              self.failed())
                told = self.deploys(self.cloud.image(IMAGE, **properties), root_gb=2)
                self.assertEqual((told["image_type"], told["root_mb"], told["kernel"], told["ramdisk"]),
                                 ("partition", 2048, properties.get("kernel_id"), properties.get("ramdisk_id")))
                self.undeploy()

    def test_what_the_operator_says_wins(self):
        told = self.deploys(self.cloud.image(IMAGE, img_type="partition"), image_type="whole-disk",
                            image_checksum=hashlib.sha256(IMAGE).hexdigest())
        self.assertNotIn("image_type", told)
        info = self.get("/v1/nodes/" + self.uuid)["instance_info"]
        self.assertNotIn("image_os_hash_value", info)
        self.undeploy()

    def test_a_rebuild_takes_what_glance_says_of_the_next_image(self):
        self.deploys(self.cloud.image(IMAGE, img_type="partition"), root_gb=1)
        self.info(image_source=self.cloud.image(OTHER, disk_format="ami", os_hash_algo=None, os_hash_value=None))
        self.ask(self.uuid, "rebuild")
        agent, _ = self.boots()
        self.before_the_image(agent)
        self.calls_until(agent, "active")
        self.assertEqual(self.fetched, OTHER)
        info = self.get("/v1/nodes/" + self.uuid)["instance_info"]
        self.assertEqual((info["image_type"], info["image_checksum"]), ("whole-disk", hashlib.md5(OTHER).hexdigest()))
        self.assertNotIn("image_os_hash_value", info)
        self.undeploy()

    def test_what_cannot_be_deployed_is_told(self):
        for about, words in (({"status": "queued"}, "is unacceptable: The image is required to be in an active state, and is queued"),
                             ({"status": "deleted"}, "The image is required to be in an active state"),
                             ({"img_type": "tape"}, "Invalid image_type \"tape\""),
                             ({"min_disk": 9}, "needs a disk of 9 GB (min_disk), and instance_info root_gb is 3"),
                             ({"os_hash_value": "0" * 128}, "the image has another checksum (sha512 "),
                             ({"disk_format": "qcow2"}, "the image is raw, but instance_info image_disk_format says qcow2"),
                             ({"size": len(IMAGE) + 1}, "%d bytes came instead of %d" % (len(IMAGE), len(IMAGE) + 1))):
            with self.subTest(about):
                self.info(image_source=self.cloud.image(IMAGE, **about), root_gb=3)
                self.assertIn(words, self.failed())
                self.undeploy()
        self.info(image_source=harness.random_uuid())
        self.assertIn("Glance answered 404 to the look at image ", self.failed())

    def test_what_names_no_image_is_refused_before(self):
        for source in ("glance://x", "glance://", "an-image", "rbd://x"):
            self.info(image_source=source)
            self.assertIn("is no http://, https:// or file:// URL, and no image in Glance",
                          self.get("/v1/nodes/%s/validate" % self.uuid)["deploy"]["reason"])

    def test_errors_of_glance_name_it_and_the_call(self):
        image = self.cloud.image(IMAGE)
        self.info(image_source=image)
        for kind, times, words in (("401", 9, "Glance answered 401 to the look at image %s: the order of a test" % image),
                                   ("403", 1, "Glance answered 403 to the look at image %s" % image),
                                   ("404", 1, "Glance answered 404 to the look at image %s" % image),
                                   ("500", 1, "Glance answered 500 to the look at image %s" % image),
                                   ("503", 1, "Glance answered 503 to the look at image %s" % image),
                                   ("html", 1, "Glance answered 503 to the look at image %s: Service Unavailable" % image),
                                   ("half", 1, "Glance, the look at image %s: " % image),
                                   ("nonsense", 1, "Glance answered the look at image %s with what is no JSON object" % image)):
            with self.subTest(kind):
                self.fault(LOOK, kind, times)
                self.assertIn(words, self.failed())
                self.cloud.set({"faults": []})

    def test_errors_of_a_download_name_it_too(self):
        for kind, words in (("403", "Glance answered 403 to the download of image "), ("503", "Glance answered 503 to the download"),
                            ("half", "Glance, the download of image ")):
            with self.subTest(kind):
                image = self.cloud.image(IMAGE + kind.encode())
                self.info(image_source=image)
                self.fault(LOOK + image + "/file", kind)
                error = self.failed()
                self.assertIn("the conductor cannot fetch the image: ", error)
                self.assertIn(words, error)
        image = self.cloud.image(b"")
        self.info(image_source=image)
        self.assertIn("it has no data of this image", self.failed())

    def test_a_token_that_has_ended_is_renewed(self):
        image = self.cloud.image(IMAGE + b"!")
        self.deploys(image)
        self.undeploy()
        self.cloud.set({"revoke": True, "forget": True})
        self.deploys(self.cloud.image(IMAGE + b"?"))
        self.assertEqual(self.cloud.state()["logins"], 1)
        self.undeploy()

    def test_the_clients_request_goes_along(self):
        image = self.cloud.image(IMAGE + b"id")
        self.info(image_source=image)
        answer = self.call("PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "active"})
        self.rest(self.uuid, "wait call-back")
        told = [request["request_id"] for request in self.cloud.state()["requests"] if image in request["line"]]
        self.assertEqual(set(told), {answer.headers["Openstack-Request-Id"]})
        self.undeploy()

    def test_the_agents_kernel_and_ramdisk_may_be_images_too(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [
            {"op": "add", "path": "/driver_info/deploy_kernel", "value": self.cloud.image(b"kernel of glance")},
            {"op": "add", "path": "/driver_info/deploy_ramdisk", "value": "glance://" + self.cloud.image(b"ramdisk of glance")}])
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        self.assertEqual(self.fetch("/%s/deploy_kernel" % self.uuid), b"kernel of glance")
        self.assertEqual(self.fetch("/%s/deploy_ramdisk" % self.uuid), b"ramdisk of glance")
        self.calls_until(agent, "active")
        self.undeploy()


class Swift(GlanceSuite):
    """The agent fetches images from Glance's container in Swift."""

    more_options = ("agent.image_download_source=swift", "glance.swift_temp_url_cache_enabled=true",
                    "glance.swift_temp_url_duration=3000", "glance.swift_temp_url_expected_download_start_delay=20")

    def test_it_has_a_temporary_url_and_the_same_again(self):
        image = self.cloud.image(IMAGE)
        urls = []
        for _ in range(2):
            told = self.deploys(image)
            urls += told["urls"]
            self.assertEqual(self.fetched, IMAGE)
            self.assertEqual((told["os_hash_algo"], told["os_hash_value"]), ("sha512", hashlib.sha512(IMAGE).hexdigest()))
            self.assertEqual(self.get("/v1/nodes/" + self.uuid)["instance_info"]["image_url"], "******")
            self.undeploy()
        self.assertTrue(urls[0].startswith(self.cloud.auth_url + stand_in.ACCOUNT + "/glance/" + image + "?temp_url_sig="), urls)
        self.assertEqual(urls[0], urls[1])
        signature = urls[0].split("temp_url_sig=")[1].split("&")[0]
        self.assertEqual(len(signature), 64)  # SHA-256
        self.assertNotIn(signature, self.steel.text())
        self.assertEqual(self.cloud.asked(LOOK + image + "/file"), 0)

    def test_an_account_without_a_key_is_told(self):
        self.cloud.set({"key": ""})
        try:
            self.info(image_source=self.cloud.image(IMAGE))
            self.assertIn("images of Glance cannot be lent by temporary URLs of Swift: [glance]swift_temp_url_key is not set",
                          self.failed())
        finally:
            self.cloud.set({"key": "account-key"})

    def test_other_images_are_not_in_swift(self):
        self.info(image_source="http://192.0.2.1/image", image_checksum="0" * 64)
        self.assertIn("is swift, which is for images in Glance alone",
                      self.get("/v1/nodes/%s/validate" % self.uuid)["deploy"]["reason"])


class Signed(GlanceSuite):
    """Images count only with a signature that is vouched for. They come through the conductor, which verifies it."""

    validation = "true"

    @classmethod
    def setUpClass(cls):
        cls.trusted, cls.signers_own = harness.random_uuid(), harness.random_uuid()
        cls.more_options = ("glance.verify_glance_signatures=true", "agent.image_download_source=swift",
                            "glance.enable_certificate_validation=" + cls.validation,
                            "glance.default_trusted_certificate_ids=%s,%s" % (cls.trusted, cls.signers_own))
        super().setUpClass()
        cls.ca, cls.stranger = signer.Signer(cls.place, "ca"), signer.Signer(cls.place, "stranger")
        cls.known = signer.Signer(cls.place, "known", issuer=cls.stranger)  # trusted by itself
        cls.rsa = signer.Signer(cls.place, "rsa", issuer=cls.ca)
        cls.other = signer.Signer(cls.place, "other", issuer=cls.stranger)
        cls.cloud.secrets.update({cls.trusted: cls.ca.pem(), cls.signers_own: cls.known.der()})

    def signed(self, who, data=IMAGE, method="SHA-256", payload=None, **changed):
        certificate_id = self.cloud.secret(payload if payload is not None else who.pem())
        return self.cloud.image(data, **{**who.properties(data, method, certificate_id), **changed})

    def accepted(self, image, **info):
        self.info(image_source=image, **info)
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        self.undeploy()


class SignedByTrusted(Signed):
    def test_each_kind_of_key_and_hash(self):
        for kind, method in (("ECC_SECP384R1", "SHA-384"), ("ECC_SECP521R1", "SHA-512"), ("ECC_SECT571K1", "SHA-512"), ("DSA", "SHA-224"),
                             ("RSA-PSS", "SHA-224"), ("RSA-PSS", "SHA-384"), ("RSA-PSS", "SHA-512")):
            with self.subTest(kind=kind, method=method):
                self.accepted(self.signed(signer.Signer(self.place, kind, kind, self.ca), method=method))

    def test_it_comes_from_this_conductor_once_for_all(self):
        image = self.signed(self.rsa)
        for _ in range(2):
            self.assertIn("/agent_images/", self.deploys(image)["urls"][0])
            self.assertEqual(self.fetched, IMAGE)
            self.undeploy()
        self.assertEqual(self.cloud.asked(LOOK + image + "/file"), 1)

    def test_a_certificate_may_be_der_and_trusted_by_itself(self):
        self.accepted(self.signed(self.known, payload=self.known.der()))

    def test_what_does_not_count_is_told(self):
        wrong = self.rsa.properties(OTHER, "SHA-256", "")["img_signature"]
        machine = signer.Signer(self.place, "machine", issuer=self.ca, usage="keyEncipherment")
        below = signer.Signer(self.place, "below", issuer=self.rsa)  # a signer is no authority
        refused = "is not vouched for by those of [glance]default_trusted_certificate_ids: "
        cases = [(self.signed(self.rsa, img_signature=wrong), "the signature of image {} is not that of its data"),
                 (self.signed(self.rsa, img_signature="***"), "img_signature of image {} is no base64"),
                 (self.signed(self.rsa, img_signature_hash_method="MD5"), "img_signature_hash_method of image {} is 'MD5'"),
                 (self.signed(self.rsa, img_signature_hash_method="SHA-512"), "the signature of image {} is not that of its data"),
                 (self.signed(self.rsa, img_signature_key_type="RSA"), "img_signature_key_type of image {} is 'RSA'"),
                 (self.signed(self.rsa, img_signature_key_type="DSA"), "img_signature_key_type of image {} is DSA, and the key of "),
                 (self.signed(self.other), refused), (self.signed(below), refused),
                 (self.signed(machine), "is not for signatures (digitalSignature)"),
                 (self.signed(self.rsa, payload=b"a password"), "is no certificate (X.509, PEM or DER)"),
                 (self.signed(self.rsa, img_signature_certificate_uuid=self.uuid), "Barbican answered 404 to the look at secret " + self.uuid),
                 (self.signed(self.rsa, img_signature_certificate_uuid="../x"), "'../x' is no ID of a secret in Barbican")]
        cases += [(self.signed(self.rsa, **{name: None}),
                   "is not signed, which [glance]verify_glance_signatures asks for: it has no property " + name)
                  for name in ("img_signature", "img_signature_hash_method", "img_signature_key_type", "img_signature_certificate_uuid")]
        for image, words in cases:
            with self.subTest(words):
                self.info(image_source=image)
                self.assertIn(words.format(image), self.failed())
                self.undeploy()

    def test_an_image_whose_signature_changes_is_verified_again(self):
        image = self.signed(self.rsa)
        self.accepted(image)
        with self.cloud.lock:
            self.cloud.images[image]["about"].update(self.rsa.properties(OTHER, "SHA-256", self.trusted))
        self.info(image_source=image)
        self.assertIn("is not for signatures", self.failed())
        self.undeploy()

    def test_barbican_away_is_told(self):
        image = self.signed(self.rsa, IMAGE + b"away")
        for kind, words in (("503", "Barbican answered 503 to the look at secret "), ("html", "Barbican answered 503 "),
                            ("half", "Barbican, the look at secret ")):
            with self.subTest(kind):
                self.info(image_source=image)
                self.fault("GET " + stand_in.SECRETS, kind)
                self.assertIn(words, self.failed())
                self.undeploy()

    def test_images_that_are_not_in_glance_need_none(self):
        self.accepted("file://%s/image" % self.place, image_download_source="local")


class SignedByAnybody(Signed):
    """A user who may store a certificate in Barbican."""

    validation = "false"

    def test_a_certificate_that_nobody_vouches_for_will_do(self):
        self.accepted(self.signed(self.other))

    def test_the_signature_counts(self):
        self.info(image_source=self.signed(self.other, img_signature=self.other.properties(OTHER, "SHA-256", "")["img_signature"]))
        self.assertIn("is not that of its data", self.failed())
        self.undeploy()


class SignedByNobody(Signed):
    def test_without_a_trusted_certificate_none_counts(self):
        del self.cloud.secrets[self.trusted]
        self.info(image_source=self.signed(self.rsa))
        self.assertIn("[glance]default_trusted_certificate_ids: Barbican answered 404 to the look at secret " + self.trusted, self.failed())
        self.undeploy()


class SwiftOptions(GlanceSuite):
    """What the options say of Swift, which is not asked then."""

    @classmethod
    def setUpClass(cls):
        cls.swift = stand_in.Cloud()
        cls.addClassCleanup(cls.swift.stop)
        cls.swift.key = "key of the options"
        cls.more_options = ("agent.image_download_source=swift", "glance.swift_endpoint_url=" + cls.swift.auth_url,
                            "glance.swift_account=AUTH_service", "glance.swift_container=images", "glance.swift_api_version=v1",
                            "glance.swift_temp_url_key=key of the options", "glance.swift_store_multiple_containers_seed=10")
        super().setUpClass()

    def test_they_make_the_url(self):
        image = self.cloud.image(IMAGE)
        with self.swift.lock:
            self.swift.objects["images_%s/%s" % (image[:11], image)] = {"body": IMAGE, "words": {}, "ends": None, "after": None}
        told = self.deploys(image)
        self.assertEqual(self.fetched, IMAGE)
        self.assertTrue(told["urls"][0].startswith("%s/v1/AUTH_service/images_%s/%s?" % (self.swift.auth_url, image[:11], image)))
        self.undeploy()


class Tries(GlanceSuite):
    more_options = ("glance.num_retries=2", "glance.connect_retry_delay=0.01", "glance.status_code_retry_delay=0.01",
                    "glance.allowed_direct_url_schemes=file")

    def test_what_breaks_is_tried_again(self):
        image = self.cloud.image(IMAGE)
        for match, kind in ((LOOK + image, "503"), (LOOK + image, "half"), (LOOK + image + "/file", "503"),
                            (LOOK + image + "/file", "half")):
            with self.subTest(match=match, kind=kind):
                image = self.cloud.image(IMAGE + kind.encode() + match[-5:].encode())
                self.fault(LOOK + image + ("/file" if match.endswith("/file") else ""), kind, 2)
                self.deploys(image)
                self.undeploy()

    def test_a_file_that_glance_names_is_read_where_it_is(self):
        path = self.place + "/of_glance"
        with open(path, "wb") as file:
            file.write(IMAGE)
        image = self.cloud.image(IMAGE, direct_url="file://" + path)
        self.deploys(image)
        self.assertEqual((self.fetched, self.cloud.asked(LOOK + image + "/file")), (IMAGE, 0))
        self.undeploy()
        outside = self.cloud.image(OTHER, direct_url="file:///etc/hostname")  # not below the folders that are allowed
        self.deploys(outside)
        self.assertEqual((self.fetched, self.cloud.asked(LOOK + outside + "/file")), (OTHER, 1))
        self.undeploy()


class Iscsi(InCloud, DeploySuite):
    deploy_interface = "iscsi"
    agent_class = IscsiAgent

    @classmethod
    def setUpClass(cls):
        cls.port, cls.frozen = free_port(), False
        cls.more_options = ("iscsi.portal_port=%d" % cls.port,)
        cls.target = Target(cls.port)
        cls.addClassCleanup(cls.target.close)
        super().setUpClass()

    def test_the_conductor_writes_it(self):
        self.target.make_disk(1 << 20)
        image = self.cloud.image(IMAGE)
        self.info(image_source=image)
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.assertEqual(self.target.contents()[:len(IMAGE)], IMAGE)
        self.assertEqual(agent.starts()[0]["image_info"]["id"], image)
        self.undeploy()


class Ramdisk(InCloud, DeploySuite):
    deploy_interface = "ramdisk"
    more_options = ("deploy.boot_progress_timeout=0",)

    def test_the_instance_is_the_kernel_and_ramdisk_of_the_image(self):
        kernel, ramdisk = self.cloud.image(b"kernel of the instance"), self.cloud.image(b"ramdisk of the instance")
        image = self.cloud.image(IMAGE, kernel_id=kernel, ramdisk_id=ramdisk)
        self.info(image_source=image)
        self.ask(self.uuid, "active")
        node = self.rest(self.uuid, "active")
        self.assertEqual((node["instance_info"]["kernel"], node["instance_info"]["ramdisk"]), (kernel, ramdisk))
        until("the boot script", self.script)
        self.assertEqual(self.fetch("/%s/kernel" % self.uuid), b"kernel of the instance")
        self.assertEqual(self.fetch("/%s/ramdisk" % self.uuid), b"ramdisk of the instance")
        self.undeploy()

    def test_an_image_without_them_is_told_in_ironics_words(self):
        image = self.cloud.image(IMAGE)
        self.info(image_source=image)
        self.assertIn("Image %s is missing the following properties: ['kernel_id', 'ramdisk_id']" % image, self.failed())


class Iso(InCloud, IloMediaSuite):
    """The boot ISO that an image names."""

    def setUp(self):
        self.cloud.set({"faults": [], "forget": True})
        self.iso = self.cloud.image(b"an ISO of Glance" * 100)
        self.image = self.cloud.image(IMAGE, boot_iso=self.iso, kernel_id=harness.random_uuid(), ramdisk_id=harness.random_uuid())
        self.bmc, self.uuid = self.machine(deploy_interface="ramdisk", instance_info={"image_source": self.image})

    def test_it_comes_first_and_is_inserted_again_at_each_start(self):
        self.assertTrue(self.get("/v1/nodes/%s/validate" % self.uuid)["deploy"]["result"])
        self.ask(self.uuid, "active")
        node = self.rest(self.uuid, "active")
        self.assertEqual(node["instance_info"]["boot_iso"], self.iso)
        self.assertNotIn("kernel", node["instance_info"])
        self.assertIsNone(self.drive("floppy"))  # there is nothing to be told
        self.has_the_iso()
        self.when_free(202, "PUT", "/v1/nodes/%s/states/power" % self.uuid, {"target": "rebooting"})
        self.wait_node(self.uuid, target_power_state=None, reservation=None, last_error=None)
        self.has_the_iso()
        self.assertTrue(self.get("/v1/nodes/%s/validate" % self.uuid)["deploy"]["result"])
        self.undeploy()
        self.assertIsNone(self.drive("cd"))

    def has_the_iso(self):
        with urllib.request.urlopen(self.drive("cd"), timeout=harness.LIMIT_S) as answer:
            self.assertEqual(answer.read(), b"an ISO of Glance" * 100)

    def test_a_deploy_iso_may_be_an_image_too(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "replace", "path": "/deploy_interface", "value": "direct"}])
        self.driver_info(deploy_iso="glance://" + self.iso)
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        self.has_the_iso()
        self.undeploy()


class SwiftIso(Iso):
    """The BMC fetches the ISO of an image from Swift."""

    more_options = ("deploy.ramdisk_image_download_source=swift",)

    def has_the_iso(self):
        super().has_the_iso()
        url = self.drive("cd")
        self.assertIn("%s/glance/%s?temp_url_sig=" % (stand_in.ACCOUNT, self.iso), url)
        self.assertTrue(url.endswith("&filename=boot.iso"), url)
        self.assertNotIn(url.split("temp_url_sig=")[1].split("&")[0], self.steel.text())


class Without(DeploySuite):
    def test_a_conductor_without_a_cloud_says_what_is_missing(self):
        self.info(image_source=harness.random_uuid())
        reason = self.get("/v1/nodes/%s/validate" % self.uuid)["deploy"]["reason"]
        self.assertIn("is an image in Glance: Glance is not configured: ", reason)
        self.assertIn("auth_url", reason)


class Access(GlanceSuite):
    """A project deploys what it may see. Clients are known to another Keystone than Glance's."""

    @classmethod
    def setUpClass(cls):
        cls.keystone = auth_support.FakeKeystone()
        cls.addClassCleanup(cls.keystone.stop)
        cls.cloud = stand_in.Cloud()
        cls.addClassCleanup(cls.cloud.stop)
        cls.own_options = ("auth_strategy=keystone", "keystone_authtoken.auth_url=" + cls.keystone.url,
                           "keystone_authtoken.username=steel", "keystone_authtoken.password=" + auth_support.PASSWORD,
                           "keystone_authtoken.project_name=service", "glance.auth_type=password",
                           *login("glance", cls.cloud))
        super(InCloud, cls).setUpClass()

    def call(self, method, path, body=None, version=harness.LATEST, headers=None):
        return super().call(method, path, body, version, headers or {"X-Auth-Token": getattr(self, "token", "system/admin")})

    def setUp(self):
        super().setUp()
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/owner", "value": "p-own"}])

    def outcome(self, token, **about):
        """What becomes of a deploy by this client: "deploy failed", or "wait call-back"."""
        self.info(image_source=self.cloud.image(IMAGE, **about))
        self.token = token
        self.ask(self.uuid, "active")
        self.token = "system/admin"

        def look():
            node = self.get("/v1/nodes/" + self.uuid)
            return node if node["provision_state"] in ("deploy failed", "wait call-back") and not node["reservation"] else None
        node = until("an end", look)
        self.undeploy()
        return node["provision_state"], node["last_error"] or ""

    def test_by_visibility_and_owner(self):
        for about in ({"visibility": "public"}, {"visibility": "community"}, {"visibility": "private", "owner": "p-own"},
                      {"visibility": "private", "owner": stand_in.PROJECT},  # Steel's own
                      {"visibility": "shared", "owner": "p-other", "members": ("p-own",)}):
            with self.subTest(about):
                self.assertEqual(self.outcome("p-own/admin", **about), ("wait call-back", ""))
        for about in ({"visibility": "private", "owner": "p-other"}, {"visibility": "shared", "owner": "p-other"},
                      {"visibility": None, "owner": None}):
            with self.subTest(about):
                state, error = self.outcome("p-own/admin", **about)
                self.assertEqual(state, "deploy failed")
                self.assertIn("could not be found: it is ", error)
                self.assertIn("project p-own has no access", error)

    def test_an_administrator_of_the_service_deploys_all(self):
        self.assertEqual(self.outcome("system/admin", visibility="private", owner="p-other"), ("wait call-back", ""))


if __name__ == "__main__":
    unittest.main()
