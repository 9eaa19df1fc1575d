"""The deploy interface iscsi without machines: the test is the machine and its agent; the disk is a real iSCSI target.

SPDX-License-Identifier: Apache-2.0
"""
import gzip
import hashlib
import json
import os
import socket
import ssl
import threading
import unittest

import ramdisk_support
from deploy_support import DeploySuite, make_qcow2
from faults_support import until
from image_server import ImageServer
from iscsi_target import Target
from ports import refusing
from ramdisk_support import free_port, make_certificate

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
        agent = self.deploys(image_type="partition", root_gb=1, swap_mb=64, ephemeral_gb=2, ephemeral_format="ext4")
        agent.root = {"offset": MIB, "size": 4 * MIB}
        self.calls_until(agent, "active")
        start = agent.starts()[0]
        self.assertEqual([start["image_info"][name] for name in ("root_mb", "swap_mb", "ephemeral_mb", "ephemeral_format")],
                         [1024, 64, 2048, "ext4"])
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
        self.assertIn("; check that the machine's disk is large enough for the image", node["last_error"])

    def test_a_disk_that_fails_is_told_with_the_place_and_nothing_of_it_boots(self):
        with self.target.failing_beyond(3 * MIB):
            agent = self.deploys()
            node = self.calls_until(agent, "deploy failed")
        self.assertRegex(node["last_error"], r"^deploy step deploy\.write_image: iqn\.2008-10\.org\.openstack:%s at 127\.0\.0\.1:%d: "
                         r".* at byte \d+: the disk reports: a medium error \(sense key 3, code [0-9a-f]{4}\); check that the "
                         r"machine's disk is large enough for the image, and its health" % (self.uuid, self.port))
        self.assertEqual(self.target.contents()[:MIB], bytes(MIB))

    def test_a_target_that_refuses_us_is_told(self):
        agent = self.deploys()
        agent.secret = "another-secret-"
        node = self.calls_until(agent, "deploy failed")
        self.assertIn("the target does not let us in", node["last_error"])
        self.assertIn("Authentication failure", node["last_error"])

    def test_a_target_that_falls_silent_is_told(self):
        self.steel.settings["iscsi.stall_timeout"] = "3"
        self.again()
        self.addCleanup(self.again)
        self.addCleanup(self.steel.settings.pop, "iscsi.stall_timeout")
        node = self.calls_until(self.begins(), "deploy failed")
        self.assertRegex(node["last_error"], r"^deploy step deploy\.write_image: iqn\S+ at 127\.0\.0\.1:%d has not answered for 3 s; check "
                         r"the network between this conductor and the machine" % self.port)

    def test_what_the_agent_says_at_the_end_is_told(self):
        agent = self.deploys()
        agent.stop = {"command_status": "FAILED", "command_error": {
            "type": "ImageWriteError", "code": 500, "message": "Error writing image to device",
            "details": "after the image was written: no partition table"}}
        node = self.calls_until(agent, "deploy failed")
        self.assertIn("the image is written; the agent could not", node["last_error"])
        self.assertIn("no partition table", node["last_error"])

    def begins(self):
        """The agent of a node whose write has begun, to a target that is silent."""
        type(self).frozen = True
        agent = self.deploys()

        def told():
            if self.get("/v1/nodes/" + self.uuid)["reservation"] is None:
                agent.call()
            return agent.starts()
        until("the disk is exported", told)
        until("the write begins", lambda: "openstack:%s: the write begins" % self.uuid in self.steel.text())
        return agent

    def begins_and_stands_still(self):
        """The same, and the node waits."""
        agent = self.begins()
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


class Drive(ramdisk_support.Suite):
    """A node that boots from an iSCSI volume has a second one for its config drive, and the conductor writes it."""

    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.own_options = ("iscsi.stall_timeout=20",)
        cls.target = Target(cls.port)
        cls.addClassCleanup(cls.target.close)
        super().setUpClass()

    def setUp(self):
        self.target.make_disk(4 * MIB)
        self.target.export("iqn.2010-10.com.example:drive", "machine", "drive-secret-1")
        self.uuid = self.node(driver="fake-hardware", deploy_interface="direct", boot_interface="ipxe", storage_interface="external",
                              properties={"capabilities": "iscsi_boot:true"})["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": ramdisk_support.MAC})
        self.want(201, "POST", "/v1/volume/connectors", {"node_uuid": self.uuid, "type": "iqn", "connector_id": "iqn.2017-08.org.openstack.n"})
        self.volume(0, target_portal="192.0.2.1:3260", target_iqn="iqn.2010-10.com.example:root")
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.ask(self.uuid, verb)
            self.rest(self.uuid, state)

    def volume(self, index, **properties):
        return self.want(201, "POST", "/v1/volume/targets", {"node_uuid": self.uuid, "volume_type": "iscsi", "boot_index": index,
                                                             "volume_id": "v%d" % index, "properties": properties})["uuid"]

    def drive(self, **more):
        return self.volume(1, **dict({"target_portal": "127.0.0.1:%d" % self.port, "target_iqn": "iqn.2010-10.com.example:drive",
                                      "target_lun": "1", "auth_username": "machine", "auth_password": "drive-secret-1",
                                      "config_drive": "true"}, **more))

    def phases(self):
        return [row["phase"] for row in self.get("/v1/nodes/%s/timeline" % self.uuid)["timeline"]]

    def deploy(self):
        self.ask(self.uuid, "active", configdrive={"meta_data": {"name": "one"}, "user_data": "hello from the drive"})

    def test_the_drive_is_written_before_the_machine_starts(self):
        self.drive()
        self.deploy()
        until("the machine is told to boot", lambda: "sanhook" in self.script())
        disk = self.target.contents()
        self.assertEqual(disk[0x8001:0x8006], b"CD001")
        self.assertEqual(disk[0x8028:0x8030], b"config-2")
        self.assertIn(b"hello from the drive", disk)
        self.assertEqual(disk[MIB:3 * MIB], b"\xa5" * 2 * MIB)
        self.assertIn("iqn.2010-10.com.example:drive", self.script())
        self.assertFalse([name for _, _, files in os.walk(self.steel.folder + "/images") for name in files])
        phases = self.phases()
        self.assertLess(phases.index("write_config_drive"), phases.index("power_on"))
        self.assertNotIn("drive-secret-1", self.steel.text())

    def test_a_killed_daemon_writes_the_drive_again(self):
        self.drive()
        self.target.freeze()
        self.addCleanup(self.target.thaw)
        self.deploy()
        until("the write begins", lambda: "write_config_drive" in self.phases())
        self.steel.kill()
        self.target.thaw()
        self.steel.again()
        until("the machine is told to boot", lambda: "sanhook" in self.script())
        self.assertIn(b"hello from the drive", self.target.contents())

    def test_a_drive_that_cannot_be_written_fails_the_deploy_before_the_machine_starts(self):
        target = self.drive(auth_password="another-secret")
        self.deploy()
        node = self.rest(self.uuid, "deploy failed")
        self.assertRegex(node["last_error"], r"the config drive cannot be written to volume target %s: .*Authentication failure.*; this "
                         r"conductor must reach the target" % target)
        self.assertEqual(node["power_state"], "power off")

    def refused(self, words):
        shown = self.get("/v1/nodes/%s/validate" % self.uuid)["deploy"]
        self.assertFalse(shown["result"])
        self.assertIn(words, shown["reason"])

    def test_where_it_cannot_be_handed_over_that_is_said_before_any_work(self):
        self.want(202, "PUT", "/v1/nodes/%s/states/power" % self.uuid, {"target": "power off"})
        self.wait_node(self.uuid, power_state="power off", reservation=None)
        self.info(configdrive={"user_data": "hello"})
        self.refused("no volume for its config drive; create one with: steel volume target create --node " + self.uuid)
        root = [target["uuid"] for target in self.get("/v1/volume/targets")["targets"]][0]
        path = "/v1/volume/targets/" + root
        self.want(200, "PATCH", path, [{"op": "add", "path": "/properties/config_drive", "value": True}])
        self.refused("the config drive would overwrite the volume that the node boots from")
        self.want(200, "PATCH", path, [{"op": "remove", "path": "/properties/config_drive"}])
        self.drive()
        self.assertTrue(self.get("/v1/nodes/%s/validate" % self.uuid)["deploy"]["result"])
        self.info(configdrive="http://192.0.2.1/drive")
        self.refused("cannot be a URL")
        for words, capability, kind in (("write to a Fibre Channel volume", "fibre_channel_boot", "fibre_channel"),
                                        ("write to a volume of a host bus adapter", "hba_boot", "iscsi")):
            self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/properties/capabilities", "value": capability + ":true"}])
            for target in self.get("/v1/volume/targets?detail=True")["targets"]:
                self.want(200, "PATCH", "/v1/volume/targets/" + target["uuid"], [
                    {"op": "add", "path": "/volume_type", "value": kind},
                    {"op": "add", "path": "/properties/target_wwn", "value": "50:06:01:60:3b:a0:1c:2d"}])
            self.refused(words)


class LateDrive(ramdisk_support.Suite):
    """A target that takes connections and says nothing."""

    own_options = ("conductor.deploy_callback_timeout=2", "iscsi.stall_timeout=3600")

    def test_a_target_that_never_answers_does_not_hold_the_deploy(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        self.uuid = self.node(driver="fake-hardware", deploy_interface="direct", boot_interface="ipxe", storage_interface="external",
                              properties={"capabilities": "iscsi_boot:true"})["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": ramdisk_support.MAC})
        self.want(201, "POST", "/v1/volume/connectors", {"node_uuid": self.uuid, "type": "iqn", "connector_id": "iqn.2017-08.org.openstack.n"})
        volumes = [self.want(201, "POST", "/v1/volume/targets", {
            "node_uuid": self.uuid, "volume_type": "iscsi", "boot_index": index, "volume_id": "v%d" % index,
            "properties": dict(more, target_portal="127.0.0.1:%d" % silent.getsockname()[1], target_iqn="iqn.2010-10.com.example:v")})["uuid"]
            for index, more in enumerate(({}, {"config_drive": "true"}))]
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.ask(self.uuid, verb)
            self.rest(self.uuid, state)
        self.ask(self.uuid, "active", configdrive={"user_data": "hello"})
        node = self.rest(self.uuid, "deploy failed")
        self.assertRegex(node["last_error"], r"the config drive cannot be written to volume target %s: it is not written within "
                         r"\[conductor\]deploy_callback_timeout \(2 s\); this conductor must reach the target" % volumes[1])
        self.assertEqual(node["power_state"], "power off")
        self.assertNotIn("drive_deadline_ms", node["driver_internal_info"])
        self.assertFalse([name for _, _, files in os.walk(self.steel.folder + "/images") for name in files])


class Fetched(DeploySuite):
    """The conductor fetches the image itself, from servers that do not do what they should."""

    deploy_interface = "iscsi"

    def setUp(self):
        super().setUp()
        self.server = ImageServer()
        self.addCleanup(self.server.close)

    def slow(self, path):
        """The last one: the others have all the time that a server on a busy machine may need."""
        server, rest = ImageServer(), threading.Event()
        self.addCleanup(server.close)
        self.addCleanup(rest.set)
        server.holds[path] = (MIB, rest)
        self.info(image_source=server.add(path, IMAGE))
        self.steel.settings["DEFAULT.webserver_connection_timeout"] = "2"
        self.again()
        self.addCleanup(self.again)
        self.addCleanup(self.steel.settings.pop, "DEFAULT.webserver_connection_timeout")

    def cutting(self, path):
        self.server.cuts[path] = [MIB] * 100

    def lying(self, path):
        self.server.lie[path] = MIB

    def missing(self, path):
        self.server.statuses[path] = 404

    def refusing(self, path):
        place = refusing()
        self.addCleanup(place.close)
        self.info(image_source="http://127.0.0.1:%d/image" % place.getsockname()[1])

    def stranger(self, path):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*make_certificate(self.place, "images"))
        self.server.server.socket = context.wrap_socket(self.server.server.socket, server_side=True, do_handshake_on_connect=False)
        self.info(image_source=self.server.url(path).replace("http:", "https:"))

    def wrong_checksum(self, path):
        self.info(image_os_hash_value="ab" * 32)

    FAULTS = (
        (cutting, r"(transfer closed with \d+ bytes remaining to read|end of response with \d+ bytes missing); check that the image server"),
        (lying, r"(transfer closed with|end of response with) 1048576 bytes (remaining to read|missing); .*tells the right length"),
        (missing, r"the server answers with status 404; correct instance_info image_source"),
        (refusing, r"[Cc]ould(n't| not) connect to server; check that the image server answers this conductor"),
        (wrong_checksum, r"the image has another checksum \(sha256 [0-9a-f]{64}\) than instance_info says \((ab){32}\); compare"),
        (stranger, r"certificate.*; .*a certificate that this conductor trusts \(\[DEFAULT\]webserver_verify_ca\)"),
        (slow, r"no answer in time: .*2 seconds; check that the image server answers this conductor and is fast enough"),
    )

    def test_the_operator_reads_the_cause_and_what_to_do(self):
        for fault, words in self.FAULTS:
            with self.subTest(fault=fault.__name__):
                path = "/" + fault.__name__
                self.info(image_source=self.server.add(path, IMAGE), image_os_hash_algo="sha256",
                          image_os_hash_value=hashlib.sha256(IMAGE).hexdigest())
                fault(self, path)
                self.ask(self.uuid, "active")
                node = self.rest(self.uuid, "deploy failed")
                self.assertRegex(node["last_error"], r"^Failed to prepare to deploy: .*" + words)
                self.assertEqual(node["power_state"], "power off")
                self.ask(self.uuid, "deleted")
                self.rest(self.uuid, "available")

    def test_a_server_with_an_authority_of_its_own_is_trusted_where_the_operator_says_so(self):
        self.stranger("/image")
        self.steel.settings["DEFAULT.webserver_verify_ca"] = self.place + "/images.crt"
        self.again()
        self.addCleanup(self.again)
        self.addCleanup(self.steel.settings.pop, "DEFAULT.webserver_verify_ca")
        self.server.add("/image", IMAGE)
        self.info(image_os_hash_algo="sha256", image_os_hash_value="ab" * 32)
        self.ask(self.uuid, "active")
        self.assertIn("the image has another checksum", self.rest(self.uuid, "deploy failed")["last_error"])


if __name__ == "__main__":
    unittest.main()
