"""Steps of steel-agent that run programs of the ramdisk: the programs here write down how they were called.

SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
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
