"""Forty BMCs that speak Redfish: one sweep over all of them while some are dead and some requests fail, and no session that is left
open, whatever was going on.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import shutil
import subprocess
import tempfile
import threading
import unittest

import harness
from faults_support import until
from observe_support import scrape
from ports import free_ports

COUNT = 40
LIMIT_S = 90  # for all of them, each with a session over TLS; the dead are waited for longer
DEAD = (7, 23)
LAB = os.path.join(os.path.dirname(harness.STEELD), "steel-lab")
OPTIONS = ("enabled_hardware_types=redfish", "enabled_network_interfaces=noop", "conductor.sync_power_state_interval=1",
           "conductor.power_state_sync_max_retries=2", "conductor.power_failure_recovery_interval=1",
           "conductor.force_power_state_during_sync=false", "redfish.connection_attempts=1", "redfish.read_timeout=120",
           "redfish.connect_timeout=120")


class Fleet:
    """steel-lab fleet --redfish."""

    def __init__(self, count):
        self.folder = tempfile.mkdtemp(prefix="steel-fleet-")
        self.base = free_ports(count)
        self.process = subprocess.Popen([LAB, "fleet", "--redfish", str(count), "--port-base", str(self.base), "--dir", self.folder, "--json"],
                                        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, start_new_session=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the fleet does not start")
        self.certificate = json.loads(line)["redfish_verify_ca"]

    def info(self, index):
        return {"redfish_address": "https://127.0.0.1:%d" % (self.base + index), "redfish_username": "admin",
                "redfish_password": "password", "redfish_verify_ca": self.certificate, "redfish_system_id": "/redfish/v1/Systems/1"}

    def set(self, *words):
        subprocess.run([LAB, "fleet-set", "--dir", self.folder, *map(str, words)], check=True, timeout=harness.LIMIT_S)

    def status(self):
        return json.loads(subprocess.run([LAB, "status", "--dir", self.folder], check=True, timeout=harness.LIMIT_S,
                                         stdout=subprocess.PIPE).stdout)

    def close(self):
        self.process.terminate()
        self.process.wait(harness.LIMIT_S)
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Forty(harness.Suite):
    """Each test has BMCs and a daemon of its own."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        self.fleet = Fleet(COUNT)
        self.addCleanup(self.fleet.close)
        self.__class__.steel, self.__class__.connections = harness.Steel(*OPTIONS), threading.local()
        self.addCleanup(self.end)
        self.uuids = [self.node(driver="redfish", driver_info=self.fleet.info(index))["uuid"] for index in range(COUNT)]
        for uuid in self.uuids:
            self.want(202, "PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": "manage"})
        until("all are manageable", lambda: all(node["provision_state"] == "manageable" and node["reservation"] is None
                                                for node in self.nodes()), LIMIT_S)

    def end(self):
        if self.steel.process.poll() is None:
            self.assertEqual(self.steel.stop(), 0)

    def nodes(self):
        """In the order of their BMCs."""
        told = {node["uuid"]: node for node in self.get("/v1/nodes/detail?limit=%d" % COUNT)["nodes"]}
        return [told[uuid] for uuid in self.uuids]

    def machines(self, *indexes, power):
        for index in indexes:
            self.fleet.set("--index", index, "--power", power)

    def test_the_dead_delay_nobody_and_no_state_is_false(self):
        self.machines(0, 11, power="on")
        until("the sweep sees them", lambda: [index for index, node in enumerate(self.nodes()) if node["power_state"] == "power on"]
              == [0, 11], LIMIT_S)
        for index in DEAD:
            self.fleet.set("--index", index, "--dead")
        self.fleet.set("--all", "--set", "fail-percent=1")
        left_alone = scrape(self.steel.conductor_metrics).get("steel_bmc_http_left_alone_total")
        self.machines(5, 30, power="on")
        wanted = ["power on" if index in (0, 5, 11, 30) else "power off" for index in range(COUNT)]
        until("the living are as their machines are", lambda: all(
            node["power_state"] == wanted[index] for index, node in enumerate(self.nodes()) if index not in DEAD), LIMIT_S)
        # The first questions to the dead still have no answer: nobody has waited for them.
        self.assertEqual(scrape(self.steel.conductor_metrics).get("steel_bmc_http_left_alone_total"), left_alone)
        self.assertFalse(any(self.nodes()[index]["maintenance"] for index in DEAD))

    def test_all_sessions_are_ended_with_the_daemon(self):
        self.assertEqual(self.fleet.status()["sessions"], COUNT)
        for index in DEAD:
            self.fleet.set("--index", index, "--dead")
        for uuid in self.uuids[:3]:
            self.want(204, "DELETE", "/v1/nodes/" + uuid)
        until("those of deleted nodes", lambda: self.fleet.status()["sessions"] == COUNT - 3, LIMIT_S)
        for index in DEAD:
            self.fleet.set("--index", index, "--alive")
        self.assertEqual(self.steel.stop(), 0)
        self.assertEqual(self.fleet.status()["sessions"], 0)

    def test_logins_under_way_are_ended_too(self):
        sessions = self.fleet.status()["sessions_opened"]
        before = scrape(self.steel.conductor_metrics).get("steel_redfish_logins_total")
        # Their sessions end after one more request each, and all log in again.
        self.fleet.set("--all", "--set", "session-uses=1,latency-ms=1000")
        until("logins", lambda: scrape(self.steel.conductor_metrics).get("steel_redfish_logins_total") >= before + COUNT // 2, LIMIT_S)
        for uuid in self.uuids[:10]:
            self.want(204, "DELETE", "/v1/nodes/" + uuid)
        self.assertEqual(self.steel.stop(), 0)
        told = self.fleet.status()
        self.assertEqual(told["sessions"], 0)
        self.assertLess(sessions, told["sessions_opened"])


if __name__ == "__main__":
    unittest.main()
