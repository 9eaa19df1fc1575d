#!/usr/bin/env python3
"""A thousand simulated BMCs answer FreeIPMI's ipmipower and ipmitool, and can be slowed down, killed and revived.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from lab_support import STEEL_LAB, free_ports, main, run

COUNT = 1000


class Fleet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="steel-lab-fleet-test-")
        cls.port = free_ports(COUNT, socket.SOCK_DGRAM)
        cls.process = subprocess.Popen(
            [STEEL_LAB, "fleet", "--ipmi", str(COUNT), "--port-base", str(cls.port), "--dir", cls.folder, "--json"],
            stdout=subprocess.PIPE,
            text=True,
        )
        cls.announcement = json.loads(cls.process.stdout.readline())

    @classmethod
    def tearDownClass(cls):
        cls.process.terminate()
        status = cls.process.wait(60)
        cls.process.stdout.close()
        leftover = os.listdir(cls.folder) if os.path.exists(cls.folder) else []
        shutil.rmtree(cls.folder, ignore_errors=True)
        assert status == 0 and not leftover, (status, leftover)

    def ipmipower(self, verb, indices):
        hosts = ",".join(f"127.0.0.1:{self.port + index}" for index in indices)
        base = ["ipmipower", "-D", "LAN_2_0", "-I", "3", "-W", "opensesspriv", "-u", "admin", "-p", "password"]
        done = run(*base, "-l", "ADMIN", "-h", hosts, "--session-timeout=100000", verb, limit=120)
        return [line.rpartition(": ")[2] for line in done.stdout.splitlines()]

    def status(self, index, *words, limit_s=30):
        """What a BMC answers within so many seconds; "" if it does not."""
        base = ["ipmitool", "-I", "lanplus", "-H", "127.0.0.1", "-p", str(self.port + index), "-N", str(limit_s), "-R", "1"]
        return run(*base, "-U", "admin", "-P", "password", *(words or ("power", "status")), check=False).stdout.strip()

    def set(self, *words):
        run(STEEL_LAB, "fleet-set", "--dir", self.folder, *words)

    def test_all_bmcs_answer(self):
        self.assertEqual(self.announcement["bmcs"], COUNT)
        self.assertEqual(self.ipmipower("--stat", range(COUNT)), ["off"] * COUNT)

    def test_each_bmc_has_a_power_state_of_its_own(self):
        self.status(7, "power", "on")
        self.assertEqual(self.status(7), "Chassis Power is on")
        self.assertEqual(self.status(8), "Chassis Power is off")
        self.set("--index", "8", "--power", "on")
        self.assertEqual(self.status(8), "Chassis Power is on")
        self.set("--all", "--power", "off")
        self.assertEqual(self.status(7), "Chassis Power is off")

    def test_dead_bmc_is_silent_until_revived(self):
        self.set("--index", "3", "--dead")
        self.assertEqual(self.status(3, limit_s=1), "")
        self.assertEqual(self.status(4), "Chassis Power is off")
        self.set("--index", "3", "--alive")
        self.assertEqual(self.status(3), "Chassis Power is off")

    def test_latency_delays_every_answer(self):
        self.set("--index", "5", "--latency-ms", "150")
        start = time.monotonic()
        self.assertEqual(self.status(5), "Chassis Power is off")
        self.assertGreater(time.monotonic() - start, 5 * 0.15)  # a login alone takes more than five round trips
        self.set("--index", "5", "--latency-ms", "0")

    def test_quirks_can_be_given_and_taken_away(self):
        self.set("--index", "6", "--quirk", "off-while-off-d5h,suite-3-only")
        base = ["ipmitool", "-I", "lanplus", "-H", "127.0.0.1", "-p", str(self.port + 6), "-U", "admin", "-P", "password"]
        done = run(*base, "power", "off", check=False)
        self.assertIn("Command not supported in present state", done.stderr)
        self.assertNotEqual(run(*base, "-N", "1", "-R", "1", "-C", "17", "power", "status", check=False).returncode, 0)
        self.set("--index", "6", "--quirk", "none")
        self.assertEqual(run(*base, "-C", "17", "power", "off").returncode, 0)

    def test_impossible_changes_are_refused(self):
        for words in [["--index", "1", "--quirk", "no-such-quirk"],
                      ["--index", str(COUNT), "--dead"], ["--dead"], ["--index", "1", "--loss-percent", "101"]]:
            done = run(STEEL_LAB, "fleet-set", "--dir", self.folder, *words, check=False)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertIn("steel-lab: ", done.stderr)

    def test_second_fleet_in_the_same_folder_is_refused(self):
        done = run(STEEL_LAB, "fleet", "--ipmi", "1", "--port-base", "1024", "--dir", self.folder, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("runs in %s already" % self.folder, done.stderr)


if __name__ == "__main__":
    main()
