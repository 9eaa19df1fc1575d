"""Steps of steel-agent that run programs of the ramdisk: the programs here write down how they were called.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import shutil
import subprocess
import tempfile

from agent_support import MIB, Agent, Machine
from harness import Suite

NODE = {"uuid": "11111111-2222-3333-4444-555555555555", "driver_internal_info": {}, "driver_info": {}}


class Programs(Suite):
    setUpClass = tearDownClass = classmethod(lambda cls: None)

    def setUp(self):
        self.machine = Machine(disks=[("vda", 8 * MIB), ("vdb", 8 * MIB)])
        self.addCleanup(self.machine.close)
        self.folder = tempfile.mkdtemp(prefix="steel-programs-")
        self.addCleanup(shutil.rmtree, self.folder)
        path = os.environ["PATH"]
        os.environ["PATH"] = self.folder  # nothing of this machine is found
        try:
            self.agent = Agent(self.machine, **{"ipa-standalone": "1"})
        finally:
            os.environ["PATH"] = path
        self.addCleanup(self.stop)

    def stop(self):
        self.assertEqual(self.agent.stop(), 0, self.agent.last_words)

    def program(self, name, end="exit 0"):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\necho "$*" >>%s/calls\n%s\n' % (self.folder, end))
        os.chmod(path, 0o755)

    def calls(self):
        with open(self.folder + "/calls", encoding="utf-8") as file:
            return file.read().splitlines()

    def clean(self, step, wait=True, interface="deploy", args=None, **members):
        return self.agent.command("clean.execute_clean_step", wait=wait, node=dict(NODE, **members), ports=[],
                                  step={"step": step, "interface": interface, "args": args or {}})

    def done(self, step, **members):
        result = self.clean(step, **members)
        self.assertEqual(result["command_status"], "SUCCEEDED", "%s\n%s" % (result, self.agent.text()[-2000:]))

    def fails(self, step, **members):
        result = self.clean(step, **members)
        self.assertEqual(result["command_status"], "FAILED", result)
        return result["command_error"]["details"]

    def test_burn_in_of_cpu_and_memory_is_ironic_s(self):
        self.program("stress-ng", "echo passed: 2")
        self.done("burnin_cpu")
        self.done("burnin_memory", driver_info={"agent_burnin_vm_vm": 2, "agent_burnin_vm_vm-bytes": "50%",
                                                "agent_burnin_vm_timeout": "60"})
        self.assertEqual(self.calls(), ["--cpu 0 --timeout 86400 --metrics-brief",
                                        "--vm 2 --vm-bytes 50% --timeout 60 --metrics-brief"])
        self.assertIn("passed: 2", self.agent.text())

    def test_burn_in_of_disks_takes_all_that_may_be_touched(self):
        self.program("fio")
        self.machine.write("/sys/block/vdb/ro", "1\n")
        self.done("burnin_disk", driver_info={"agent_burnin_fio_disk_runtime": 5})
        words = self.calls()[0].split()
        self.assertEqual([word for word in words if "vd" in word], ["--name=vda", "--filename=" + self.machine.path("vda")])
        self.assertIn("--runtime=5", words)
        self.assertIn("--time_based", words)

    def test_burn_in_of_the_network_goes_both_ways(self):
        self.program("fio")
        self.assertIn("agent_burnin_fio_network_config", self.fails("burnin_network"))
        self.done("burnin_network", driver_info={"agent_burnin_fio_network_config": {"role": "reader", "partner": "192.0.2.7"}})
        reader, writer = self.calls()
        self.assertIn("--listen", reader)
        self.assertIn("--hostname=192.0.2.7", writer)

    def test_a_program_that_fails_tells_its_last_line(self):
        self.program("stress-ng", "echo first; echo the memory is broken >&2; exit 3")
        details = self.fails("burnin_memory")
        self.assertIn("status 3: the memory is broken", details)

    def test_a_program_that_is_not_there_is_named_with_what_brings_it(self):
        self.assertIn("steel-ramdisk build --program stress-ng", self.fails("burnin_cpu"))

    def test_settings_that_are_no_words_reach_no_program(self):
        self.program("stress-ng")
        for value in ("--version", "--yaml=/etc/passwd", "", "1 --log-file x", {"a": 1}, "1;reboot"):
            self.assertIn("agent_burnin_cpu_cpu", self.fails("burnin_cpu", driver_info={"agent_burnin_cpu_cpu": value}))
        self.assertFalse(os.path.exists(self.folder + "/calls"))

    def test_an_agent_that_is_told_to_end_ends_the_program(self):
        self.program("stress-ng", "echo $$ >%s/pid; exec /bin/sleep 3600" % self.folder)
        self.clean("burnin_cpu", wait=False)
        self.agent.wait_log("step burnin_cpu begins")
        self.assertEqual(self.agent.stop(), 0)

    def test_what_crashed_kernels_left_is_erased(self):
        self.machine.write("/sys/fs/pstore/dmesg-efi-1", "oops")
        self.machine.write("/sys/fs/pstore/dmesg-efi-2", "oops")
        self.done("erase_pstore")
        self.assertEqual(os.listdir(self.machine.root + "/sys/fs/pstore"), [])
        self.done("erase_pstore")

    def test_a_raid_is_made_of_partitions_of_all_disks(self):
        self.program("mdadm")
        config = {"logical_disks": [{"controller": "software", "raid_level": "1", "size_gb": "MAX", "volume_name": "root"}]}
        for name in ("vda", "vdb"):
            with open(self.machine.path(name), "r+b") as file:
                file.truncate(64 * MIB)
        result = self.clean("create_configuration", interface="raid", target_raid_config=config)
        self.assertEqual(result["command_status"], "SUCCEEDED", "%s\n%s" % (result, self.agent.text()[-2000:]))
        self.assertEqual(result["command_result"]["clean_result"], config)
        members = " ".join(self.machine.path(name) + "2" for name in ("vda", "vdb"))
        self.assertEqual(self.calls(), ["--create --force --run --metadata=1 --level=1 --name=root --raid-devices=2 %s/dev/md0 %s"
                                        % (self.machine.root, members)])
        table = json.loads(subprocess.run(["/sbin/sfdisk", "-J", self.machine.path("vda")], check=True, capture_output=True).stdout)
        self.assertEqual([part["name"] for part in table["partitiontable"]["partitions"]], ["bios", "root"])

    def test_arrays_take_the_disks_that_their_hints_name_and_no_other(self):
        self.program("mdadm")
        for number in range(4):
            self.machine.disk("vd" + "cdef"[number], 64 * MIB, serial="d%d" % number)
        untouched = self.machine.contents("vdd"), self.machine.contents("vda")
        disks = lambda *serials: [{"serial": serial} for serial in serials]  # noqa: E731
        config = {"logical_disks": [
            {"controller": "software", "raid_level": "1", "size_gb": "MAX", "volume_name": "root", "physical_disks": disks("d0", "d2")},
            {"controller": "software", "raid_level": "0", "size_gb": "MAX", "physical_disks": disks("d3", "the-disk")}]}
        self.machine.disk("vdb", 64 * MIB, serial="the-disk")
        result = self.clean("create_configuration", interface="raid", target_raid_config=config)
        self.assertEqual(result["command_status"], "SUCCEEDED", "%s\n%s" % (result, self.agent.text()[-2000:]))
        self.assertEqual([line.split("--raid-devices=2 ")[1] for line in self.calls()],
                         [" ".join([self.machine.root + "/dev/md0"] + [self.machine.path(name) for name in ("vdc2", "vde2")]),
                          " ".join([self.machine.root + "/dev/md1"] + [self.machine.path(name) for name in ("vdf2", "vdb2")])])
        self.assertEqual((self.machine.contents("vdd"), self.machine.contents("vda")), untouched)

    def test_a_raid_that_cannot_be_made_touches_no_disk(self):
        self.program("mdadm")
        before = self.machine.contents("vda")
        result = self.clean("create_configuration", interface="raid", target_raid_config={"logical_disks": [{"raid_level": "1"}]})
        self.assertEqual(result["command_error"]["type"], "SoftwareRAIDError")
        self.assertEqual(self.machine.contents("vda"), before)
        self.assertFalse(os.path.exists(self.folder + "/calls"))

    def test_arrays_are_stopped_and_their_members_cleared(self):
        self.program("mdadm")
        self.machine.write("/sys/block/md127/md/level", "raid1\n")
        self.machine.write("/sys/block/md127/size", "0\n")
        for member in ("vda2", "vdb2"):
            self.machine.write("/sys/block/md127/slaves/%s/size" % member, "1\n")
        self.done("delete_configuration", interface="raid")
        root = self.machine.root
        self.assertEqual(self.calls(), ["--stop %s/dev/md127" % root, "--zero-superblock %s/dev/vda2" % root,
                                        "--zero-superblock %s/dev/vdb2" % root])

    def test_files_to_inject_are_checked_before_anything_is_mounted(self):
        result = self.agent.deploy_step("inject_files", dict(NODE, properties={"root_device": {"name": "/dev/vda"}}),
                                        files=[{"path": "etc/motd"}])
        self.assertIn("path must be an absolute path", result["command_error"]["details"])
