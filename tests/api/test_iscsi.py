"""The deploy interface iscsi without machines: the test is the machine and its agent; the disk is a real iSCSI target.

SPDX-License-Identifier: Apache-2.0
"""
import gzip
import json
import os
import unittest

import ramdisk_support
from deploy_support import DeploySuite, make_qcow2
from faults_support import until
from iscsi_target import Target
from ramdisk_support import free_port

MIB = 1024 * 1024
DISK = 8 * MIB
IMAGE = b"the system on a disk\n" * 60000 + bytes(2 * MIB) + b"and its end\n"


class IscsiAgent(ramdisk_support.Agent):
    """Exports the disk as it is told. `secret`, `root`, `stop`: what it does otherwise."""

    def __init__(self, suite, certificate):
        super().__init__(suite, certificate)
        self.secret = self.root = None
        self.stop = {}

    def take(self, name, params):
        result = super().take(name, params)
        if name == "iscsi.start_iscsi_target":
            self.suite.target.thaw()
            self.suite.target.export(params["iqn"], params["username"], self.secret or params["password"])
            if self.suite.frozen:
                self.suite.target.freeze()
            result["command_result"] = {"iscsi_target_iqn": params["iqn"], **({"root": self.root} if self.root else {})}
        elif name == "iscsi.stop_iscsi_target":
            self.suite.target.withdraw()
            result["command_result"] = {"result": "written"}
            result.update(self.stop)
        return result

    def starts(self):
        return [params for name, params in self.given if name == "iscsi.start_iscsi_target"]


class Iscsi(DeploySuite):
    deploy_interface = "iscsi"
    agent_class = IscsiAgent

    @classmethod
    def setUpClass(cls):
        cls.port = port = free_port()
        cls.frozen = False
        cls.own_options = ("iscsi.portal_port=%d" % port,)
        cls.target = Target(port)
        cls.addClassCleanup(cls.target.close)
        super().setUpClass()
        with open(cls.place + "/system", "wb") as file:
            file.write(IMAGE)

    def setUp(self):
        super().setUp()
        type(self).frozen = False
        self.target.thaw()
        self.target.make_disk(DISK)

    def tearDown(self):
        self.target.thaw()
        super().tearDown()

    def deploys(self, **info):
        self.info(image_source="file://%s/system" % self.place, **info)
        self.ask(self.uuid, "active")
        return self.boots()[0]

    def writes(self):
        """Whether the phase of the write has begun."""
        rows = self.get("/v1/nodes/%s/timeline" % self.uuid)["timeline"]
        return [row for row in rows if row["phase"] == "deploy.write_image"]

    def test_the_conductor_writes_the_image(self):
        agent = self.deploys()
        node = self.calls_until(agent, "active")
        self.assertEqual(agent.names(), ["deploy.get_deploy_steps", "iscsi.start_iscsi_target", "iscsi.stop_iscsi_target",
                                         "deploy.execute_deploy_step label_disks", "standby.get_partition_uuids",
                                         "standby.power_off"])
        start = agent.starts()[0]
        self.assertEqual(start["iqn"], "iqn.2008-10.org.openstack:" + self.uuid)
        self.assertTrue(start["wipe_disk_metadata"])
        self.assertEqual(len(start["password"]), 16)
        self.assertEqual(self.target.contents()[:len(IMAGE)], IMAGE)
        self.assertEqual((node["power_state"], node["instance_info"]["image_type"]), ("power on", "whole-disk"))
        row = self.writes()[-1]
        self.assertEqual((row["bytes_done"], row["bytes_total"]), (len(IMAGE), len(IMAGE)))
        self.assertNotIn(start["password"], self.steel.text())
        self.assertNotIn(start["password"], json.dumps(node))
        self.assertFalse([name for _, _, files in os.walk(self.steel.folder + "/images") for name in files])

    def test_what_has_a_secret_is_told_to_the_agent_anew_each_time(self):
        first = self.deploys()
        self.calls_until(first, "active")
        self.ask(self.uuid, "deleted")
        self.rest(self.uuid, "available")
        second = self.deploys()
        self.calls_until(second, "active")
        self.assertNotEqual(first.starts()[0]["password"], second.starts()[0]["password"])

    def test_a_partition_image_goes_where_the_agent_has_made_room(self):
        agent = self.deploys(image_type="partition", root_gb=1, swap_mb=64)
        agent.root = {"offset": MIB, "size": 4 * MIB}
        self.calls_until(agent, "active")
        start = agent.starts()[0]
        self.assertEqual((start["image_info"]["root_mb"], start["image_info"]["swap_mb"]), (1024, 64))
        disk = self.target.contents()
        self.assertEqual(disk[MIB:MIB + len(IMAGE)], IMAGE)
        self.assertEqual(disk[:MIB] + disk[5 * MIB:], b"\xa5" * (MIB + DISK - 5 * MIB))

    def test_a_qcow2_image_is_written_as_what_it_contains(self):
        url = make_qcow2(self.place, "packed", IMAGE + bytes(-len(IMAGE) % 512), "-c")
        self.info(image_source=url)
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.assertEqual(self.target.contents()[:len(IMAGE)], IMAGE)

    def test_an_image_that_is_compressed_is_refused(self):
        with open(self.place + "/gz", "wb") as file:
            file.write(gzip.compress(IMAGE))
        self.info(image_source="file://%s/gz" % self.place)
        self.ask(self.uuid, "active")
        node = self.rest(self.uuid, "deploy failed")
        self.assertIn("the image is compressed by gzip", node["last_error"])

    def test_an_image_that_does_not_fit_is_told(self):
        self.target.make_disk(2 * MIB)
        agent = self.deploys()
        node = self.calls_until(agent, "deploy failed")
        self.assertIn("write_image: the image has %d bytes" % len(IMAGE), node["last_error"])
        self.assertIn("has room for %d" % (2 * MIB), node["last_error"])

    def test_a_target_that_refuses_us_is_told(self):
        agent = self.deploys()
        agent.secret = "another-secret-"
        node = self.calls_until(agent, "deploy failed")
        self.assertIn("the target does not let us in", node["last_error"])
        self.assertIn("Authentication failure", node["last_error"])

    def test_what_the_agent_says_at_the_end_is_told(self):
        agent = self.deploys()
        agent.stop = {"command_status": "FAILED", "command_error": {
            "type": "ImageWriteError", "code": 500, "message": "Error writing image to device",
            "details": "after the image was written: no partition table"}}
        node = self.calls_until(agent, "deploy failed")
        self.assertIn("the image is written; the agent could not", node["last_error"])
        self.assertIn("no partition table", node["last_error"])

    def begins_and_stands_still(self):
        """The agent of a node whose write waits for a target that is silent."""
        type(self).frozen = True
        agent = self.deploys()

        def told():
            if self.get("/v1/nodes/" + self.uuid)["reservation"] is None:
                agent.call()
            return agent.starts()
        until("the disk is exported", told)
        until("the write begins", lambda: "openstack:%s: the write begins" % self.uuid in self.steel.text())
        self.rest(self.uuid, "wait call-back")
        return agent

    def test_a_write_ends_when_the_deploy_is_aborted(self):
        self.begins_and_stands_still()
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "deleted"})
        self.rest(self.uuid, "available")
        self.assertIn("openstack:%s at 127.0.0.1:%d: by request" % (self.uuid, self.port), self.steel.text())
        self.target.thaw()
        self.assertEqual(self.target.contents()[:MIB], b"\xa5" * MIB)

    def test_a_killed_daemon_begins_the_write_again_with_another_secret(self):
        agent = self.begins_and_stands_still()
        self.steel.kill()
        type(self).frozen = False
        self.steel.again()
        self.calls_until(agent, "active")
        self.assertEqual(len({start["password"] for start in agent.starts()}), 2)
        self.assertEqual(self.target.contents()[:len(IMAGE)], IMAGE)

    def test_a_daemon_that_is_told_to_end_does_not_wait_for_a_write(self):
        agent = self.begins_and_stands_still()
        status, _ = self.steel.end()
        self.assertEqual(status, 0)
        type(self).frozen = False
        self.steel.again()
        self.calls_until(agent, "active")
        self.assertEqual(self.target.contents()[:len(IMAGE)], IMAGE)


if __name__ == "__main__":
    unittest.main()
