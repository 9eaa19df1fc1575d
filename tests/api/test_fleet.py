"""Simulated machines of steel-lab go through deploys, cleans, inspections and rescues at once, over their BMCs and agents; the daemon
is killed on the way, and nothing is lost or done twice.

SPDX-License-Identifier: Apache-2.0
"""
import shutil
import tempfile
import unittest

import faults_support
import fleet_support
import harness
from faults_support import until

COUNT = 20


class Suite(faults_support.Suite):
    lab_options = fleet_support.SECONDS
    more = ()
    count = COUNT

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp(prefix="steel-fleet-files-")
        cls.addClassCleanup(shutil.rmtree, cls.place, True)
        api_port, boot_port = fleet_support.ports()
        cls.options = fleet_support.settings(cls.place, api_port, boot_port, cls.count) + cls.more
        cls.boot_url = "http://127.0.0.1:%d/boot.ipxe" % boot_port
        super().setUpClass()

    def setUp(self):
        self.machines = fleet_support.Machines(self.count, self.boot_url, *self.lab_options)
        self.addCleanup(self.machines.close)
        self.uuids = [machine["uuid"] for machine in self.machines.nodes]
        for machine in self.machines.nodes:
            self.want(201, "POST", "/v1/nodes", fleet_support.node_of(machine, self.place))
            self.want(201, "POST", "/v1/ports", {"node_uuid": machine["uuid"], "address": machine["mac"]})

    def states(self):
        nodes = self.want(200, "GET", "/v1/nodes?fields=uuid,provision_state,last_error&limit=100")["nodes"]
        return {node["uuid"]: node for node in nodes}

    def ask_all(self, verb, **more):
        for uuid in self.uuids:
            self.want(202, "PUT", "/v1/nodes/%s/states/provision" % uuid, dict(target=verb, **more))

    def all_are(self, *wanted):
        """Waits until all nodes are in one of these states."""
        def good():
            nodes = self.states().values()
            bad = [node for node in nodes if node["provision_state"].endswith(("failed", "error"))
                   and node["provision_state"] not in wanted]
            self.assertEqual(bad, [])
            return all(node["provision_state"] in wanted for node in nodes)
        until("all nodes are " + " or ".join(wanted), good, 120)

    def make_available(self):
        self.ask_all("manage")
        self.all_are("manageable")
        self.ask_all("provide")
        self.all_are("available")

    def rest_at(self, phase):
        """Waits until all machines are there."""
        until("all machines are at " + phase, lambda: self.machines.status()["phases"] == {phase: self.count})

    def seen(self, **wanted):
        """Ends the machines; each must have seen exactly this."""
        seen = self.machines.end()
        self.assertEqual(len(seen), self.count)
        for name, machine in seen.items():
            self.assertEqual({key: machine[key] for key in wanted}, wanted, (name, machine))
        return seen


class Deploys(Suite):
    lab_options = ("--boot-seconds", "0.4", "--write-seconds", "2")
    more = ("conductor.automated_clean=false",)

    def test_all_deploy_at_once_and_a_killed_daemon_loses_nothing(self):
        self.make_available()
        self.ask_all("active")
        until("half of the machines write or have written",
              lambda: self.machines.status()["sum"]["writes_begun"] >= self.count / 2)
        self.steel.kill()
        self.steel.again()
        self.all_are("active")
        self.rest_at("instance")
        self.seen(writes_begun=1, writes=1, agents=1, instance_boots=1, image=True, commands_failed=0)


if __name__ == "__main__":
    unittest.main()
