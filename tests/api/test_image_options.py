"""Options of images on the conductor: by architecture, how many at a time, how much memory.

SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import threading
import unittest

import real_agent
from agent_support import MIB
from deploy_support import IMAGE, DeploySuite, make_qcow2
from faults_support import until
from image_server import ImageServer


class ByArchitecture(DeploySuite):
    @classmethod
    def setUpClass(cls):
        folder = cls.temporary_folder()
        for name in ("arm-kernel", "arm-ramdisk", "mips-kernel"):
            with open(folder + "/" + name, "wb") as file:
                file.write(name.encode())
        cls.own_options = ("conductor.deploy_kernel_by_arch=aarch64:file://%s/arm-kernel,mips:file://%s/mips-kernel" % (folder, folder),
                           "conductor.deploy_ramdisk_by_arch=aarch64:file://%s/arm-ramdisk" % folder)
        cls.folder = folder
        super().setUpClass()

    @classmethod
    def allow(cls):
        cls.steel.settings["conductor.file_url_allowed_paths"] = cls.place + "," + cls.folder

    def setUp(self):
        super().setUp()
        if self.folder not in self.steel.settings["conductor.file_url_allowed_paths"]:
            self.allow()
            self.again()

    def arch(self, name, **driver_info):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/properties/cpu_arch", "value": name}] + [
            {"op": "add", "path": "/driver_info/" + key, "value": value} for key, value in driver_info.items()])
        self.info(image_source="file://%s/image" % self.place)

    def served(self):
        """Kernel and ramdisk that the machine gets."""
        self.ask(self.uuid, "active")
        self.boots()
        return [self.fetch("/%s/%s" % (self.uuid, name)) for name in ("deploy_kernel", "deploy_ramdisk")]

    def test_a_machine_gets_the_ramdisk_of_its_architecture(self):
        self.arch("aarch64")
        self.assertEqual(self.served(), [b"arm-kernel", b"arm-ramdisk"])

    def test_others_get_the_common_one(self):
        self.arch("x86_64")
        self.assertEqual(self.served(), [b"kernel" * 100, b"ramdisk" * 100])

    def test_the_node_s_own_wins(self):
        self.arch("aarch64", deploy_kernel="file://%s/rescue_kernel" % self.place, deploy_ramdisk="file://%s/rescue_ramdisk" % self.place)
        self.assertEqual(self.served(), [b"rescue_kernel" * 100, b"rescue_ramdisk" * 100])

    def test_half_a_pair_is_refused(self):
        self.arch("mips")
        shown = self.get("/v1/nodes/%s/validate" % self.uuid)["deploy"]
        self.assertFalse(shown["result"])
        self.assertIn("Missing are: ['deploy_ramdisk']", shown["reason"])


class Memory(DeploySuite):
    own_options = ("DEFAULT.minimum_required_memory=1000000000", "DEFAULT.minimum_memory_wait_time=1",
                   "DEFAULT.minimum_memory_wait_retries=1", "force_raw_images=true")

    def begin(self, name):
        self.info(image_source=make_qcow2(self.place, name, IMAGE + bytes(-len(IMAGE) % 512) + name.encode() * 512))
        self.ask(self.uuid, "active")

    def test_a_conversion_does_not_begin_without_memory(self):
        self.begin("one")
        node = self.rest(self.uuid, "deploy failed")
        self.assertRegex(node["last_error"], r"the conductor has \d+ MiB of memory free, and converting an image needs 1000000000 "
                         r"\(\[DEFAULT\]minimum_required_memory\)")
        self.assertIn("MiB of memory are free: a conversion waits", self.steel.text())

    def test_the_operator_may_want_a_warning_only(self):
        self.addCleanup(self.steel.settings.pop, "DEFAULT.minimum_memory_warning_only")
        self.steel.settings["DEFAULT.minimum_memory_warning_only"] = "true"
        self.again()
        self.begin("two")
        self.boots()
        self.assertIn("MiB of memory are free for a conversion", self.steel.text())


class OneAtATime(DeploySuite):
    deploy_interface = "iscsi"
    own_options = ("DEFAULT.image_download_concurrency=1",)

    def setUp(self):
        super().setUp()
        self.server = ImageServer()
        self.addCleanup(self.server.close)

    def begin(self, uuid, path):
        data = real_agent.noise(2 * MIB)
        values = {"image_source": self.server.add(path, data), "image_os_hash_algo": "sha256",
                  "image_os_hash_value": hashlib.sha256(data).hexdigest(), "image_disk_format": "raw"}
        self.want(200, "PATCH", "/v1/nodes/" + uuid, [{"op": "add", "path": "/instance_info", "value": values}])
        self.ask(uuid, "active")

    def fetched(self):
        return {path for path, _, _ in self.server.requests}

    def test_the_second_image_waits_for_the_first(self):
        first, rest = self.uuid, threading.Event()
        self.addCleanup(rest.set)
        self.server.holds["/first"] = (MIB, rest)
        second = self.node(driver="fake-hardware", deploy_interface="iscsi", boot_interface="ipxe")["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": second, "address": "52:54:00:dd:00:77"})
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.ask(second, verb)
            self.rest(second, state)
        self.begin(first, "/first")
        until("the first is fetched", lambda: "/first" in self.fetched())
        self.begin(second, "/second")
        until("the second waits", lambda: "image_download_concurrency says: one more waits" in self.steel.text())
        self.assertEqual(self.fetched(), {"/first"})
        rest.set()
        for uuid in (first, second):
            self.rest(uuid, "wait call-back")
        self.assertEqual(self.fetched(), {"/first", "/second"})
        self.when_free(202, "PUT", "/v1/nodes/%s/maintenance" % second, {"reason": "the test is over"})
        self.when_free(204, "DELETE", "/v1/nodes/" + second)


if __name__ == "__main__":
    unittest.main()
