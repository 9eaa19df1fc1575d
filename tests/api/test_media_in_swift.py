"""Images for virtual media in Swift: a daemon that is killed between any two steps leaves nothing in Swift or in a BMC that nobody
remembers; what Swift is told of ends and users.

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys
import time
import unittest

from faults_support import until
from media_support import IloMediaSuite, MediaSuite

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../openstack"))
import stand_in  # noqa: E402  the folder has to be known first

CONTAINER = "ironic_ilo_container"
LIMIT_S = 60


def in_swift(cloud):
    """Options for a conductor whose images are in this Swift."""
    return ("keystone_authtoken.auth_url=" + cloud.auth_url, "keystone_authtoken.username=" + stand_in.USER,
            "keystone_authtoken.password=" + stand_in.PASSWORD, "keystone_authtoken.project_name=" + stand_in.PROJECT,
            "ilo.use_web_server_for_images=false", "ilo.deploy_helper_images_ttl=7", "redfish.use_swift=true",
            "redfish.swift_object_expiry_timeout=500")


class SwiftSuite(IloMediaSuite):
    @classmethod
    def setUpClass(cls):
        cls.cloud = stand_in.Cloud()
        cls.addClassCleanup(cls.cloud.stop)
        cls.own_options = IloMediaSuite.own_options + in_swift(cls.cloud)
        super().setUpClass()

    def published(self):
        return sorted(self.cloud.state()["objects"])

    def object(self, file):
        """What Swift has of the one image with this name."""
        found = [about for path, about in self.cloud.state()["objects"].items() if path.endswith("/" + file)]
        self.assertEqual(len(found), 1, self.published())
        return found[0]

    def clean(self, bmc=None):
        """Nothing is left."""
        until("Swift is empty", lambda: not self.published())
        self.assertEqual((self.drive("cd", bmc), self.drive("floppy", bmc)), (None, None))

    def undeploy(self):
        """The node may be deployed again."""
        node = super().undeploy()
        self.info(image_source="file://%s/image" % self.place)
        return node

    def ended(self, *states):
        node = self.get("/v1/nodes/" + self.uuid)
        return node["provision_state"] if node["reservation"] is None and node["provision_state"] in states else None


class Ends(SwiftSuite):
    def test_swift_removes_the_images_of_a_node_after_the_minutes_of_the_option(self):
        self.ask(self.uuid, "active")
        _, told = self.boots()
        for file in ("floppy.img", "boot.iso"):
            about = self.object(file)
            self.assertTrue(400 <= int(about["after"]) <= 420, about)
            self.assertTrue(about["ends"])
        self.assertTrue(all(path.startswith(CONTAINER + "/") for path in self.published()))
        self.assertEqual(told["boot_method"], "vmedia")
        expires = int(self.drive("floppy").split("temp_url_expires=")[1].split("&")[0])
        self.assertTrue(0 < expires - time.time() <= 421, expires)
        self.undeploy()
        self.clean()

    def test_seconds_count_for_redfish(self):
        bmc, uuid = self.redfish_machine()
        self.ask(uuid, "active")
        self.rest(uuid, "wait call-back")
        self.assertTrue(480 <= int(self.object("boot.iso")["after"]) <= 500)
        self.assertIn("/ironic_redfish_container/", bmc.ask("GET", MediaSuite.drives["cd"]).json["Image"])
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": "deleted"})
        self.rest(uuid, "available")
        until("Swift is empty", lambda: not self.published())
        self.when_free(204, "DELETE", "/v1/nodes/" + uuid)

    def redfish_machine(self):
        kinds = ("driver", "boot", "drives", "bmc_words", "access")
        for name in kinds:
            setattr(self, name, getattr(MediaSuite, name))
        try:
            return MediaSuite.machine(self)
        finally:
            for name in kinds:
                delattr(self, name)

    def test_a_swift_that_is_away_fails_the_deploy_and_leaves_nothing(self):
        for kind, words in (("503", "Swift answered 503 to the upload of " + CONTAINER), ("403", "Swift answered 403 to the upload"),
                            ("html", "The proxy is tired"), ("half", "Swift, the upload of")):
            with self.subTest(kind):
                self.cloud.set({"faults": [{"match": "PUT %s/%s/" % (stand_in.ACCOUNT, CONTAINER), "times": 1, "kind": kind}]})
                self.assertIn(words, self.failed())
                self.clean()
                self.undeploy()
        self.ask(self.uuid, "active")
        self.boots()
        self.undeploy()


class Deaths(SwiftSuite):
    """SIGKILL between each two steps."""

    # What Swift is asked in set-up, in this order; "before": nothing of it was done
    SET_UP = [("PUT boot.iso", "before"), ("PUT boot.iso", "after"), ("PUT floppy.img", "before"), ("PUT floppy.img", "after")]
    CLEAN_UP = [("DELETE boot.iso", "before"), ("DELETE boot.iso", "after"), ("DELETE floppy.img", "before"),
                ("DELETE floppy.img", "after")]

    def dies_at(self, request, when, begin, inserted=None):
        """`inserted`: the drives that have something then."""
        with self.cloud.held(request, when) as met:
            begin()
            self.assertTrue(met.wait(LIMIT_S), request)
            self.steel.kill()
        if inserted is not None:
            self.assertEqual([kind for kind in self.drives if self.drive(kind)], list(inserted))
        self.steel.again()

    def dies_in(self, phase, begin, count=1):
        """In the `count`th phase of this name since the beginning of the operation."""
        before = sum(row["phase"] == phase for row in self.phases(self.uuid))
        self.bmc.set("latency-ms=150")
        begin()
        until("the phase " + phase, lambda: sum(row["phase"] == phase for row in self.phases(self.uuid)) >= before + count)
        self.steel.kill()
        self.bmc.set("latency-ms=0")
        self.steel.again()

    def test_set_up(self):
        for request, when in self.SET_UP:
            with self.subTest(request=request, when=when):
                self.dies_at(request, when, lambda: self.ask(self.uuid, "active"), ())
                self.goes_on()

    def test_set_up_at_the_bmc(self):
        for phase in ("insert_floppy", "insert_cd", "set_boot_device"):
            with self.subTest(phase):
                self.dies_in(phase, lambda: self.ask(self.uuid, "active"))
                self.goes_on()

    def goes_on(self):
        """The deploy goes on or has failed; either way its end leaves nothing, and only what the BMC has is in Swift meanwhile."""
        if until("an end", lambda: self.ended("wait call-back", "deploy failed")) == "deploy failed":
            self.ask(self.uuid, "active")
        self.boots()
        until("one image of each kind", lambda: len(self.published()) == 2)
        for path in self.published():
            self.assertTrue(any(path in self.drive(kind) for kind in self.drives), path)
        self.undeploy()
        self.clean()

    def test_clean_up(self):
        for request, when in self.CLEAN_UP:
            with self.subTest(request=request, when=when):
                self.ask(self.uuid, "active")
                self.boots()
                self.dies_at(request, when, lambda: self.ask(self.uuid, "deleted"))
                self.rest(self.uuid, "available")
                self.clean()
                self.info(image_source="file://%s/image" % self.place)

    def test_clean_up_at_the_bmc(self):
        self.ask(self.uuid, "active")
        self.boots()
        with self.cloud.held("DELETE", "after") as met:  # all of Swift's is gone when the BMC is asked
            self.ask(self.uuid, "deleted")
            self.assertTrue(met.wait(LIMIT_S))
            self.bmc.set("latency-ms=150")
        until("Swift is empty", lambda: not self.published())
        self.steel.kill()
        self.bmc.set("latency-ms=0")
        self.steel.again()
        self.rest(self.uuid, "available")
        self.clean()

    def test_the_end_of_a_deploy(self):
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        with self.cloud.held("DELETE boot.iso", "before") as met:
            until("the end of the work of the agent", lambda: met.is_set() or not self.calls(agent))
            self.steel.kill()
        self.steel.again()
        self.calls_until(agent, "active")
        self.clean()
        self.undeploy()

    def calls(self, agent):
        node = self.get("/v1/nodes/" + self.uuid)
        if node["provision_state"] == "wait call-back" and node["reservation"] is None:
            agent.call()
        return True


class Shared(SwiftSuite):
    """Nodes whose instance is the same kernel and ramdisk share their ISO."""

    COUNT = 4

    def setUp(self):
        self.machines = [self.ramdisk_machine() for _ in range(self.COUNT)]
        self.bmc, self.uuid = self.machines[0]

    def ramdisk_machine(self):
        info = {"kernel": "file://%s/kernel" % self.place, "ramdisk": "file://%s/ramdisk" % self.place}
        return self.machine(deploy_interface="ramdisk", instance_info=info)

    def tearDown(self):
        for _, uuid in self.machines[1:]:
            self.when_free(202, "PUT", "/v1/nodes/%s/maintenance" % uuid, {"reason": "the test is over"})
            self.when_free(204, "DELETE", "/v1/nodes/" + uuid)
        super().tearDown()

    def users(self):
        """What Swift shows; None: there is no ISO, or more than one."""
        objects = list(self.cloud.state()["objects"].values())
        return int(objects[0]["words"].get("X-Object-Meta-Usage-Count", -1)) if len(objects) == 1 else None

    def put_all(self, machines, target):
        for _, uuid in machines:
            self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": target})

    def all_active(self, machines):
        """Those whose deploy failed with the daemon are deployed again."""
        for _, uuid in machines:
            self.uuid = uuid
            if until("an end", lambda: self.ended("active", "deploy failed")) == "deploy failed":
                self.ask(uuid, "active")
            self.rest(uuid, "active")
        self.uuid = self.machines[0][1]

    def give_instances(self):
        for _, uuid in self.machines:
            self.want(200, "PATCH", "/v1/nodes/" + uuid, [
                {"op": "add", "path": "/instance_info/" + name, "value": "file://%s/%s" % (self.place, name)}
                for name in ("kernel", "ramdisk")])

    def undeploy_all(self, machines):
        self.put_all(machines, "deleted")
        for _, uuid in machines:
            self.rest(uuid, "available")

    def dies_at(self, request, when, begin):
        with self.cloud.held(request, when) as met:
            begin()
            self.assertTrue(met.wait(LIMIT_S), request)
            self.steel.kill()
        self.steel.again()

    def test_many_deploys_and_clean_ups_race_and_one_daemon_dies_among_them(self):
        first, second = self.machines[:2], self.machines[2:]
        self.put_all(first, "active")
        self.all_active(first)
        until("two users", lambda: self.users() == 2)
        self.assertIsNone(self.object("boot.iso")["after"])  # it has no end

        def both():  # two go while two come
            self.put_all(first, "deleted")
            self.put_all(second, "active")

        self.dies_at("POST boot.iso", "before", both)
        for _, uuid in first:
            self.rest(uuid, "available")
        self.all_active(second)
        until("the two that have come", lambda: self.users() == 2)
        for bmc, _ in first:
            self.assertIsNone(self.drive("cd", bmc))
        for bmc, _ in second:
            self.assertIn(self.published()[0], self.drive("cd", bmc))
        self.undeploy_all(second)
        self.clean()

    def test_the_last_one_dies_with_its_daemon(self):
        for request, when in (("POST boot.iso", "after"), ("PUT boot.iso", "after"), ("PUT boot.iso", "before")):
            with self.subTest(request=request, when=when):
                self.dies_at(request, when, lambda: self.put_all(self.machines, "active"))
                self.all_active(self.machines)
                until("all are counted", lambda: self.users() == self.COUNT)
                self.undeploy_all(self.machines)
                self.clean()
                self.give_instances()

    def test_the_removal_dies(self):
        for when in ("before", "after"):
            with self.subTest(when):
                self.put_all(self.machines, "active")
                self.all_active(self.machines)
                self.dies_at("DELETE boot.iso", when, lambda: self.put_all(self.machines, "deleted"))
                for bmc, uuid in self.machines:
                    self.rest(uuid, "available")
                    self.assertIsNone(self.drive("cd", bmc))
                self.clean()
                self.give_instances()


if __name__ == "__main__":
    unittest.main()
