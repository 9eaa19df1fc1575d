"""steel-agent erases disks, collects the inventory, prepares a rescue, collects its log.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import gzip
import io
import json
import os
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor

from agent_support import MIB, Agent, Machine, crypt
from faults_support import until
from harness import Suite

NODE = {"uuid": "11111111-2222-3333-4444-555555555555", "driver_internal_info": {}}


class Steps(Suite):
    setUpClass = tearDownClass = classmethod(lambda cls: None)

    def setUp(self):
        self.machine = Machine(disks=[("vda", 8 * MIB), ("vdb", 6 * MIB + 4096)])
        self.addCleanup(self.machine.close)
        self.agent = Agent(self.machine, **{"ipa-standalone": "1"})
        self.addCleanup(self.stop)

    def stop(self):
        self.assertEqual(self.agent.stop(), 0, self.agent.last_words)

    def clean(self, step, node=NODE):
        return self.agent.command("clean.execute_clean_step", step={"step": step, "interface": "deploy"}, node=node, ports=[])

    def done(self, step, node=NODE):
        result = self.clean(step, node)
        self.assertEqual(result["command_status"], "SUCCEEDED", "%s\n%s" % (result, self.agent.text()[-2000:]))

    def test_the_steps_have_ironic_s_priorities(self):
        steps = self.agent.succeed("clean.get_clean_steps", node=NODE, ports=[])["clean_steps"]
        found = {step["step"]: step["priority"] for steps in steps.values() for step in steps}
        self.assertEqual((found["erase_devices"], found["erase_devices_metadata"], found["erase_devices_express"]), (10, 99, 0))
        self.assertNotIn("write_image", found)

    def test_the_metadata_of_every_disk_is_erased(self):
        subprocess.run(["mke2fs", "-q", "-F", self.machine.path("vda")], check=True)
        subprocess.run(["sfdisk", "-q", self.machine.path("vdb")], input="label: gpt\nstart=2048,size=2048\n", text=True, check=True)
        self.done("erase_devices_metadata")
        for name in ("vda", "vdb"):
            found = self.machine.contents(name)
            self.assertEqual(found[:MIB], bytes(MIB))
            self.assertEqual(found[-MIB:], bytes(MIB))
        self.assertIn(b"\xa5" * 4096, self.machine.contents("vdb"))

    def test_a_whole_disk_is_overwritten_to_its_last_byte(self):
        self.done("erase_devices")
        for name in ("vda", "vdb"):
            self.assertEqual(self.machine.contents(name).count(0), len(self.machine.contents(name)))

    def test_disks_are_erased_at_the_same_time(self):
        os.remove(self.machine.path("vda"))
        os.mkfifo(self.machine.path("vda"))  # who opens it waits for the other end
        node = dict(NODE, driver_internal_info={"disk_erasure_concurrency": 2})
        with ThreadPoolExecutor() as pool:
            result = pool.submit(self.clean, "erase_devices", node)
            try:
                until("the second disk is erased", lambda: not self.machine.contents("vdb").strip(b"\0"))
                self.assertFalse(result.done())
            finally:
                os.close(os.open(self.machine.path("vda"), os.O_RDWR | os.O_NONBLOCK))
            self.assertIn('"/dev/vda"', result.result()["command_error"]["details"])

    def test_without_zeros_noise_is_left(self):
        self.done("erase_devices", dict(NODE, driver_internal_info={"agent_erase_devices_zeroize": False}))
        self.assertNotIn(b"\xa5" * 64, self.machine.contents("vdb"))
        self.assertNotIn(bytes(64), self.machine.contents("vdb"))

    def test_a_read_only_disk_fails_unless_it_may_be_skipped(self):
        self.machine.write("/sys/block/vdb/ro", "1\n")
        error = self.clean("erase_devices_metadata")["command_error"]
        self.assertEqual(error["type"], "BlockDeviceEraseError")
        self.assertIn("vdb is read-only", error["details"])
        self.assertEqual(self.machine.contents("vda")[:MIB], bytes(MIB))
        self.done("erase_devices_metadata", dict(NODE, driver_internal_info={"agent_erase_skip_read_only": True}))
        self.assertEqual(self.machine.contents("vdb")[:4], b"\xa5" * 4)

    def test_virtual_media_and_members_of_a_raid_are_left_alone(self):
        self.machine.write("/sys/block/vda/device/model", "Virtual Media\n")
        os.makedirs(self.machine.root + "/sys/block/vdb/holders/md0")
        self.done("erase_devices")
        for name in ("vda", "vdb"):
            self.assertEqual(self.machine.contents(name)[:4], b"\xa5" * 4)

    def test_the_inventory_has_ironic_s_form(self):
        self.machine.write("/proc/cpuinfo", "processor\t: 0\nmodel name\t: A CPU\ncpu MHz\t\t: 2000.5\nflags\t\t: fpu vme\n\n"
                                            "processor\t: 1\nmodel name\t: A CPU\nflags\t\t: fpu vme\n")
        self.machine.write("/proc/meminfo", "MemTotal:        2048000 kB\nMemFree: 1 kB\n")
        self.machine.write("/sys/class/dmi/id/product_name", "Box\n")
        self.machine.write("/sys/block/vdb/device/wwid", "naa.600508b1001c4d3e0123456789abcdef\n")
        found = self.agent.succeed("poll.get_hardware_info")
        self.assertEqual(found["cpu"]["count"], 2)
        self.assertEqual((found["cpu"]["model_name"], found["cpu"]["flags"]), ("A CPU", ["fpu", "vme"]))
        self.assertEqual(found["memory"]["total"], 2048000 * 1024)
        self.assertEqual(found["system_vendor"]["product_name"], "Box")
        self.assertEqual(found["boot"]["current_boot_mode"], "bios")
        self.assertEqual(found["interfaces"][0]["mac_address"], "52:54:00:aa:00:01")
        disk = found["disks"][1]
        self.assertEqual((disk["name"], disk["size"]), ("/dev/vdb", 6 * MIB + 4096))
        self.assertEqual((disk["wwn"], disk["wwn_vendor_extension"], disk["wwn_with_extension"]),
                         ("0x600508b1001c4d3e", "0x0123456789abcdef", "0x600508b1001c4d3e0123456789abcdef"))

    def password(self):
        with open(self.machine.root + "/etc/ipa-rescue-config/ipa-rescue-password", encoding="utf-8") as file:
            return file.read()

    def test_the_inventory_has_pci_devices(self):
        for name, value in (("vendor", "0x8086"), ("device", "0x100e"), ("class", "0x020000"), ("revision", "0x03")):
            self.machine.write("/sys/bus/pci/devices/0000:00:03.0/" + name, value + "\n")
        inventory = self.agent.succeed("poll.get_hardware_info")
        self.assertEqual(inventory["pci_devices"], [{"vendor_id": "8086", "product_id": "100e", "class": "020000",
                                                     "revision": "03", "bus": "0000:00:03.0"}])
        self.assertIsNone(inventory["bmc_address"])
        self.assertIsNone(inventory["interfaces"][0]["lldp"])

    def test_a_rescue_password_is_written_hashed_and_ends_the_agent(self):
        self.agent.succeed("rescue.finalize_rescue", rescue_password="secret", hashed=False)
        self.assertEqual(crypt("secret", self.password()), self.password())
        self.assertEqual(self.agent.wait_end(), 0)
        self.assertNotIn("secret", self.agent.text())

    def test_a_hash_is_written_unchanged_and_other_texts_are_refused(self):
        for wrong in ("", "x:y" * 9, "short"):
            self.agent.fail("rescue.finalize_rescue", rescue_password=wrong, hashed=True)
        hashed = crypt("secret", "$5$saltsalt")
        self.agent.succeed("rescue.finalize_rescue", rescue_password=hashed, hashed=True)
        self.assertEqual(self.password(), hashed)

    def test_the_log_is_an_archive(self):
        packed = base64.b64decode(self.agent.succeed("log.collect_system_logs")["system_logs"])
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
            self.assertIn(b"listening on", archive.extractfile("agent.log").read())

    def test_a_flow_runs_its_commands_or_none(self):
        self.agent.succeed("flow.start_flow", flow=[{"standby.sync": {}}, {"poll.get_hardware_info": {}}])
        error = self.agent.fail("flow.start_flow", flow=[{"standby.power_off": {}}, {"standby.dance": {}}])
        self.assertIn("Unknown command: dance", json.dumps(error))
        self.agent.get("/v1/status")

    def target(self, iqn, **attributes):
        """The settings of the target in a made-up configfs."""
        base = self.machine.root + "/sys/kernel/config/target"
        for folder in ("core/iblock_0/disk/attrib", "iscsi/%s/tpgt_1/attrib" % iqn, "iscsi/%s/tpgt_1/auth" % iqn):
            os.makedirs(base + "/" + folder, exist_ok=True)
        self.agent.succeed("poll.set_node_info", node_info={"node": dict(NODE, properties={"root_device": {"name": "/dev/vdb"}}),
                                                            "config": {}})
        answer = self.agent.succeed("iscsi.start_iscsi_target", iqn=iqn, **attributes)
        self.root = answer.pop("root", None)
        self.assertEqual(answer, {"iscsi_target_iqn": iqn})

        def read(path):
            with open(base + "/" + path, encoding="utf-8") as file:
                return file.read()

        return base, read

    def test_the_disk_is_exported_with_chap(self):
        iqn = "iqn.2008-10.org.openstack:x"
        base, read = self.target(iqn, portal_port=3999, username="me", password="secret")
        group = "iscsi/%s/tpgt_1/" % iqn
        self.assertEqual(read("core/iblock_0/disk/control"), "udev_path=" + self.machine.path("vdb"))
        self.assertEqual((read(group + "attrib/authentication"), read(group + "auth/userid"), read(group + "auth/password")),
                         ("1", "me", "secret"))
        self.assertEqual(os.readlink(base + "/" + group + "lun/lun_1/disk"), base + "/core/iblock_0/disk")
        self.assertTrue(os.path.isdir(base + "/" + group + "np/0.0.0.0:3999"))
        self.assertEqual(read(group + "enable"), "1")

    def written(self, offset, data):
        """The service has written this."""
        with open(self.machine.path("vdb"), "r+b") as disk:
            disk.seek(offset)
            disk.write(data)

    def test_a_partition_image_that_the_service_writes_has_its_partitions_around_it(self):
        self.machine.disk("vdb", 128 * MIB)
        path = self.agent.folder + "/filesystem"
        with open(path, "wb") as file:
            file.truncate(8 * MIB)
        subprocess.run(["mke2fs", "-q", "-F", "-U", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", path], check=True)
        info = {"id": "i", "urls": ["iscsi:"], "image_type": "partition", "root_mb": 20, "swap_mb": 8, "deploy_boot_mode": "bios"}
        base, read = self.target("iqn.2008-10.org.openstack:x", image_info=info)
        self.assertEqual(self.root["size"], 20 * MIB)
        with open(path, "rb") as file:
            self.written(self.root["offset"], file.read())
        self.agent.succeed("iscsi.stop_iscsi_target", image_info=info)
        group = "iscsi/iqn.2008-10.org.openstack:x/tpgt_1/"
        self.assertEqual(read(group + "enable"), "0")
        self.assertFalse(os.path.lexists(base + "/" + group + "lun/lun_1"))
        self.assertFalse(os.path.lexists(base + "/" + group + "np/0.0.0.0:3260"))
        uuids = self.agent.succeed("standby.get_partition_uuids")
        self.assertEqual(uuids["root uuid"], "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")
        self.assertEqual(uuids["partitions"], {"swap": "/dev/vdb1", "root": "/dev/vdb2"})

    def test_a_whole_disk_that_the_service_writes_gets_its_config_drive(self):
        self.machine.disk("vdb", 128 * MIB)
        image = self.agent.folder + "/image"
        with open(image, "wb") as file:
            file.truncate(16 * MIB)
        subprocess.run(["sfdisk", "-q", image], input="label: gpt\nstart=2048,size=2048\n", text=True, check=True)
        info = {"id": "i", "urls": ["iscsi:"]}
        self.target("iqn.2008-10.org.openstack:x", image_info=info)
        self.assertIsNone(self.root)
        with open(image, "rb") as file:
            self.written(0, file.read())
        drive = base64.b64encode(gzip.compress(b"who it is" * 1000)).decode()
        self.agent.succeed("iscsi.stop_iscsi_target", image_info=info, configdrive=drive)
        table = subprocess.run(["sfdisk", "-d", self.machine.path("vdb")], check=True, capture_output=True, text=True).stdout
        self.assertIn('name="config-2"', table)
        self.assertIn(b"who it is" * 1000, self.machine.contents("vdb")[64 * MIB - MIB:])

    def test_a_target_with_half_a_login_or_a_strange_name_is_refused(self):
        for wrong in ({"username": "me"}, {"iqn": "../x"}, {"portal_port": 70000}):
            status, _ = self.agent.raw_call("POST", "/v1/commands/", {"name": "iscsi.start_iscsi_target", "params": wrong})
            self.assertEqual(status, 400)
