"""A deploy ramdisk without an agent, booted by an iLO's virtual media: it exports its disk and calls pass_deploy_info once. The
test is the ramdisk; the disk is a real iSCSI target.

SPDX-License-Identifier: Apache-2.0
"""
import unittest

import auth_basic
import harness
from faults_support import until
from iscsi_target import Target
from media_support import IloMediaSuite
from ramdisk_support import free_port

MIB = 1024 * 1024
DISK = 8 * MIB
IMAGE = b"what the ramdisk's disk is to have\n" * 50000
IQN = "iqn.2008-10.org.openstack:of-the-ramdisk"


class RamdiskSuite(IloMediaSuite):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.target_port = free_port()
        cls.target = Target(cls.target_port)
        cls.addClassCleanup(cls.target.close)
        with open(cls.place + "/system", "wb") as file:
            file.write(IMAGE)

    def setUp(self):
        self.target.thaw()
        self.target.make_disk(DISK)
        self.bmc, self.uuid = self.machine(deploy_interface="iscsi",
                                           instance_info={"image_source": "file://%s/system" % self.place})

    def tearDown(self):
        self.target.thaw()
        super().tearDown()

    def starts(self, **info):
        """The machine has started its ramdisk; the key that is on its floppy."""
        if info:
            self.info(**info)
        self.ask(self.uuid, "active")
        self.told = self.boots()[1]
        return self.told["ipa-agent-token"]

    def path(self, ident=None):
        return "/v1/nodes/%s/vendor_passthru/pass_deploy_info" % (ident or self.uuid)

    def body(self, key, **more):
        return {**{"address": "127.0.0.1", "port": self.target_port, "key": key, "iqn": IQN, "error": ""}, **more}

    def passes(self, key, lun=1, **more):
        """The ramdisk exports its disk and says so, as the specification has it: 200 and an empty body."""
        self.target.export(IQN, lun=lun)
        answer = self.call("POST", self.path(), self.body(key, lun=lun, **more), version=None)
        self.assertEqual((answer.status, answer.body), (200, b""))

    def timeline(self, phase):
        return [row for row in self.phases(self.uuid) if row["phase"] == phase]


class Passes(RamdiskSuite):
    def test_the_image_is_written_and_the_machine_boots_it(self):
        key = self.starts()
        self.assertEqual([self.told[name] for name in ("deployment_id", "deployment_key", "iscsi_target_iqn", "ironic_api_url")],
                         [self.uuid, key, "iqn.2008-10.org.openstack:" + self.uuid, "http://127.0.0.1:%d" % self.api_port])
        self.passes(key)
        node = self.rest(self.uuid, "active")
        self.assertEqual(self.target.contents()[:len(IMAGE)], IMAGE)
        self.assertEqual((node["power_state"], self.drive("cd"), self.drive("floppy")), ("power on", None, None))
        self.assertNotIn("deploy_info", node["driver_internal_info"])
        row = self.timeline("deploy.write_image")[-1]
        self.assertEqual((row["bytes_done"], row["bytes_total"]), (len(IMAGE), len(IMAGE)))
        self.assertEqual(self.boot_override(), ("Hdd", "Continuous"))
        self.assertNotIn(key, self.steel.text())
        self.refuse(400, "POST", self.path(), self.body(key))  # the key has ended with the ramdisk
        self.assertEqual(self.undeploy()["power_state"], "power off")

    def test_another_lun_and_the_name_of_the_node(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/name", "value": "of-the-ramdisk"}])
        key = self.starts()
        self.target.export(IQN, lun=3)
        self.want(200, "POST", self.path("of-the-ramdisk"), self.body(key, lun=3))
        self.rest(self.uuid, "active")
        self.assertEqual(self.target.contents()[:len(IMAGE)], IMAGE)
        self.undeploy()

    def test_what_a_ramdisk_reports_is_why_the_deploy_failed(self):
        key = self.starts()
        self.want(200, "POST", self.path(), {"key": key, "error": "tgtadm: no disk was found"})
        node = self.rest(self.uuid, "deploy failed")
        self.assertIn("Failure in deploy ramdisk: tgtadm: no disk was found", node["last_error"])
        self.assertEqual((self.drive("cd"), self.drive("floppy")), (None, None))
        self.undeploy()

    def test_a_target_that_is_not_there_is_told(self):
        key = self.starts()
        self.want(200, "POST", self.path(), self.body(key, port=free_port()))
        node = self.rest(self.uuid, "deploy failed")
        self.assertIn("deploy step deploy.write_image: ", node["last_error"])
        self.undeploy()

    def test_an_image_that_needs_partitions_is_refused(self):
        key = self.starts(image_type="partition", root_gb=1)
        self.passes(key)
        node = self.rest(self.uuid, "deploy failed")
        self.assertIn("only Steel's agent writes partition images", node["last_error"])
        self.assertEqual(self.target.contents(), b"\xa5" * DISK)
        self.undeploy()

    def test_a_daemon_that_is_killed_writes_again_without_another_call(self):
        key = self.starts()
        self.target.export(IQN)
        self.target.freeze()
        self.want(200, "POST", self.path(), self.body(key))
        until("the write has begun", lambda: self.timeline("deploy.write_image"))
        self.steel.kill()
        self.target.thaw()
        self.target.make_disk(DISK)
        self.target.export(IQN)
        self.steel.again()
        self.rest(self.uuid, "active")
        self.assertEqual(self.target.contents()[:len(IMAGE)], IMAGE)
        self.undeploy()

    def test_a_daemon_that_is_killed_after_its_answer_knows_of_the_call(self):
        key = self.starts()
        self.passes(key)
        self.steel.kill()
        self.steel.again()
        self.rest(self.uuid, "active")
        self.assertEqual(self.target.contents()[:len(IMAGE)], IMAGE)
        self.undeploy()


class Refusals(RamdiskSuite):
    def test_what_is_missing_or_wrong_is_told_and_moves_nothing(self):
        key = self.starts()
        for change, words in (({"key": "x" * len(key)}, "Deploy key does not match"),
                              ({"key": None}, "Parameters ['key'] were not passed to ironic for deploy."),
                              ({"iqn": None}, "Parameters ['iqn'] were not passed to ironic for deploy."),
                              ({"iqn": "", "address": ""}, "Parameters ['address', 'iqn'] were not passed"),
                              ({"iqn": 7}, "iqn must be a string"), ({"key": ["x"]}, "key must be a string"),
                              ({"address": "a name"}, "address must be an IP address"),
                              ({"address": "127.0.0.1:1/x"}, "address must be an IP address"),
                              ({"iqn": "iqn.x/../y"}, "iqn must be an iSCSI name"), ({"iqn": "i" * 224}, "iqn must be an iSCSI name"),
                              ({"port": 0}, "port must be a number from 1 to 65535"),
                              ({"port": "3260"}, "port must be a number"), ({"lun": 256}, "lun must be a number from 0 to 255"),
                              ({"error": "it failed", "key": "wrong"}, "Deploy key does not match")):
            with self.subTest(change):
                self.assertIn(words, self.refuse(400, "POST", self.path(), {**self.body(key), **change}))
        for body in (b"", b"[]", b"{", b'"x"'):
            with self.subTest(body):
                self.refuse(400, "POST", self.path(), body)
        node = self.get("/v1/nodes/" + self.uuid)
        self.assertEqual((node["provision_state"], node["reservation"]), ("wait call-back", None))
        self.assertNotIn("deploy_info", node["driver_internal_info"])
        self.undeploy()

    def test_a_node_that_is_not_there_or_waits_for_none(self):
        self.refuse(404, "POST", self.path("not-there"), self.body("x"))
        self.assertIn("Deploy key does not match", self.refuse(400, "POST", self.path(), self.body("x")))
        self.refuse(400, "GET", self.path())

    def test_a_node_whose_agent_has_called_has_no_use_for_it(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "replace", "path": "/deploy_interface", "value": "direct"}])
        key = self.starts()
        self.assertIn("of use to iscsi only", self.refuse(400, "POST", self.path(), self.body(key)))
        agent = self.agent_class(self, self.certificates[0])
        self.addCleanup(agent.close)
        agent.token = key
        self.calls_until(agent, "active")
        self.undeploy()

    def test_a_locked_node_is_told_to_who_has_the_key_alone(self):
        key = self.starts()
        self.bmc.set("latency-ms=3000")
        self.steel.settings["conductor.node_locked_retry_attempts"] = "0"
        self.assertEqual(self.steel.end()[0], 0)
        self.steel.again()
        self.want(202, "PUT", "/v1/nodes/%s/states/power" % self.uuid, {"target": "rebooting"})
        until("the lock", lambda: self.get("/v1/nodes/" + self.uuid)["reservation"])
        self.refuse(400, "POST", self.path(), self.body("wrong"))
        self.assertIn("locked", self.refuse(409, "POST", self.path(), self.body(key)))
        self.bmc.set("latency-ms=0")
        self.wait_node(self.uuid, reservation=None)
        self.undeploy()

    def test_other_hardware_has_no_such_method(self):
        other = self.node(driver="redfish")["uuid"]
        self.assertIn("there is no vendor method pass_deploy_info", self.refuse(400, "POST", self.path(other), self.body("x")))
        self.want(204, "DELETE", "/v1/nodes/" + other)

    def test_the_method_is_listed(self):
        told = self.get("/v1/nodes/%s/vendor_passthru/methods" % self.uuid)["pass_deploy_info"]
        self.assertEqual((told["http_methods"], told["async"], told["require_exclusive_lock"]), (["POST"], False, True))


class Logins(RamdiskSuite):
    """Where clients log in, the ramdisk does not; it has the key."""

    @classmethod
    def setUpClass(cls):
        users = cls.temporary_folder() + "/users"
        with open(users, "w", encoding="utf-8") as file:
            file.write("ann:%s\n" % auth_basic.HASHES["lily"])
        cls.own_options = IloMediaSuite.own_options + ("auth_strategy=http_basic", "http_basic_auth_user_file=" + users)
        super().setUpClass()

    def call(self, method, path, body=None, version=harness.LATEST, headers=None):
        if headers is None and not path.endswith("/pass_deploy_info"):
            headers = auth_basic.login("ann", "lily")
        return super().call(method, path, body, version, headers)

    def test_the_key_is_login_enough_for_this_method_and_no_other(self):
        key = self.starts()
        self.assertEqual(self.call("POST", "/v1/nodes/%s/vendor_passthru/boot_into_iso" % self.uuid, {"key": key}, headers={}).status,
                         401)
        self.assertEqual(self.call("POST", "/v1/nodes/%s/vendor_passthru?method=pass_deploy_info" % self.uuid, self.body(key),
                                   headers={}).status, 401)
        self.assertIn("Deploy key does not match", self.refuse(400, "POST", self.path(), self.body("x")))
        self.passes(key)
        self.rest(self.uuid, "active")
        self.undeploy()

    def test_an_operator_may_call_it_in_the_other_form(self):
        key = self.starts()
        self.target.export(IQN)
        self.want(200, "POST", "/v1/nodes/%s/vendor_passthru?method=pass_deploy_info" % self.uuid, self.body(key))
        self.rest(self.uuid, "active")
        self.undeploy()


class Closed(RamdiskSuite):
    """Without endpoints for ramdisks."""

    own_options = IloMediaSuite.own_options + ("api.enable_ramdisk_endpoints=false",)

    def test_it_is_forbidden(self):
        key = self.starts()
        self.assertIn("ramdisk endpoints are disabled", self.refuse(403, "POST", self.path(), self.body(key)))
        self.undeploy()


if __name__ == "__main__":
    unittest.main()
