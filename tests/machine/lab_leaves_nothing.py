#!/usr/bin/env python3
"""Whatever way a lab ends, nothing of it goes on: no QEMU, no tgtd, no dnsmasq, no network, no files.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import unittest

import world
from lab_support import STATE_LIMIT, STEEL_LAB, Lab, free_ports, main, run, wait_until


def parent_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def link_names():
    return set(os.listdir("/sys/class/net"))


class Ends(unittest.TestCase):
    arguments = ()
    kinds = ["qemu-system", "tgtd"]

    def running_lab(self):
        lab = Lab(*self.arguments)
        self.addCleanup(lab.__exit__, None)
        lab.up()
        lab.ipmitool("power", "on")
        lab.wait_power("on")
        family = lab.family()
        for kind in self.kinds:
            self.assertTrue(any(command.startswith(kind) for command in family.values()), f"{kind} in {family}")
        return lab, family

    def assert_all_gone(self, lab, family):
        wait_until(lambda: lab.leftovers(family) == {}, STATE_LIMIT, "the end of all processes")

    def test_down_ends_all_and_removes_the_files(self):
        before = link_names()
        lab, family = self.running_lab()
        lab.down()
        self.assertEqual(lab.leftovers(family), {})
        self.assertFalse(pathlib.Path(lab.folder).exists())
        self.assertEqual(link_names() - before, set())
        again = lab.down()  # nothing to do is no error
        self.assertIn("no lab in", again.stdout)

    def test_killed_daemon_leaves_nothing_and_down_cleans_up(self):
        before = link_names()
        lab, family = self.running_lab()
        os.kill(lab.document["pid"], signal.SIGKILL)
        self.assert_all_gone(lab, family)
        wait_until(lambda: not link_names() - before, STATE_LIMIT, "the end of the network")
        lab.down()
        self.assertFalse(pathlib.Path(lab.folder).exists())

    def test_killed_guardian_takes_all_with_it(self):
        lab, family = self.running_lab()
        os.kill(parent_of(lab.document["pid"]), signal.SIGKILL)
        self.assert_all_gone(lab, family)

    def test_both_killed_at_once_leave_nothing(self):
        lab, family = self.running_lab()
        guardian = parent_of(lab.document["pid"])
        os.kill(guardian, signal.SIGSTOP)  # so that only the kernel can help
        os.kill(lab.document["pid"], signal.SIGKILL)
        os.kill(guardian, signal.SIGKILL)
        self.assert_all_gone(lab, family)

    def test_up_after_a_kill_starts_afresh(self):
        lab, family = self.running_lab()
        old = lab.document
        os.kill(lab.document["pid"], signal.SIGKILL)
        self.assert_all_gone(lab, family)
        new = lab.up()
        self.assertNotEqual(old["pid"], new["pid"])
        self.assertEqual(old["nodes"][0]["mac"], new["nodes"][0]["mac"])
        self.assertEqual(lab.power(), "off")

    def test_termination_signal_ends_all(self):
        lab, family = self.running_lab()
        os.kill(lab.document["pid"], signal.SIGTERM)
        self.assert_all_gone(lab, family)


class EndsWithBridge(Ends):
    arguments = ("--bridge", "--nfs", "--hba-lun")
    kinds = ["qemu-system", "tgtd", "dnsmasq", "ganesha.nfsd"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(world.take_bridge().close)

    def setUp(self):
        if os.geteuid() != 0:
            self.fail("--bridge needs root: run this test as root")


class Up(unittest.TestCase):
    def test_second_up_prints_the_same_lab(self):
        with Lab() as lab:
            done = run(STEEL_LAB, "up", "--dir", lab.folder, "--json")
            self.assertIn("a lab runs in", done.stderr)
            self.assertEqual(json.loads(done.stdout), lab.document)

    def test_commands_to_enrol_are_printed(self):
        with Lab(nodes=2) as lab:
            text = run(STEEL_LAB, "up", "--dir", lab.folder).stdout
            self.assertEqual(text.count("baremetal node create"), 2)
            for node in lab.document["nodes"]:
                for value in [node["mac"], node["ipmi_password"], node["chap_password"], node["initiator_iqn"]]:
                    self.assertIn(value, text)

    def test_taken_port_is_named(self):
        with Lab() as lab:
            port = lab.node()["ipmi_port"]
            done = subprocess.run(
                [STEEL_LAB, "up", "--dir", lab.folder + "-other", "--ipmi-port", str(port)],
                capture_output=True,
                text=True,
                timeout=120,
            )
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"port {port}", done.stderr)
            self.assertIn("--ipmi-port", done.stderr)
            run(STEEL_LAB, "down", "--dir", lab.folder + "-other")

    def test_lab_that_cannot_start_leaves_logs_only(self):
        folder = tempfile.mkdtemp(prefix="steel-lab-test-")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            command = [STEEL_LAB, "up", "--dir", folder, "--ipmi-port", str(free_ports(1, socket.SOCK_DGRAM)),
                       "--target-port", str(taken.getsockname()[1])]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 1)
        left = os.listdir(folder) if os.path.isdir(folder) else []
        self.assertEqual([name for name in left if not name.endswith(".log")], [])
        run(STEEL_LAB, "down", "--dir", folder)
        self.assertFalse(os.path.exists(folder))

    def test_half_a_kernel_package_is_not_kept(self):
        with tempfile.TemporaryDirectory(prefix="steel-lab-test-") as cache:
            half = pathlib.Path(cache, "linux-image-half-cloud-amd64.deb")
            half.write_bytes(b"")
            done = subprocess.run([STEEL_LAB, "up", "--dir", cache + "/lab"], capture_output=True, text=True, timeout=120,
                                  env=dict(os.environ, STEEL_LAB_CACHE=cache))
            self.assertEqual(done.returncode, 1)
            self.assertIn("dpkg-deb", done.stderr)
            self.assertFalse(half.exists())

    def test_foreign_files_in_the_folder_survive(self):
        with Lab() as lab:
            precious = pathlib.Path(lab.folder, "thesis.txt")
            precious.write_text("mine")
            lab.down()
            self.assertEqual(precious.read_text(), "mine")
            self.assertEqual(os.listdir(lab.folder), ["thesis.txt"])


if __name__ == "__main__":
    main()
