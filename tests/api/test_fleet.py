"""Simulated machines of steel-lab go through deploys, cleans, inspections and rescues at once, over their BMCs and agents; the daemon
is killed on the way, and nothing is lost or done twice.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import http.client
import json
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import unittest

import database
import faults_support
import fleet_support
import harness
import secrets_at_rest
from faults_support import until

COUNT = 20


class Suite(faults_support.Suite):
    lab_options = fleet_support.SECONDS
    more = ()
    count = COUNT
    values = {}

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
            self.want(201, "POST", "/v1/nodes", fleet_support.node_of(machine, self.place, **self.values))
            self.addCleanup(self.forget, machine["uuid"])
            self.want(201, "POST", "/v1/ports", {"node_uuid": machine["uuid"], "address": machine["mac"]})

    def forget(self, uuid):
        """The next test has the same machines."""
        self.when_free(202, "PUT", "/v1/nodes/%s/maintenance" % uuid, {})
        self.when_free(204, "DELETE", "/v1/nodes/" + uuid)

    def states(self):
        nodes = self.want(200, "GET", "/v1/nodes?fields=uuid,provision_state,last_error,reservation&limit=100")["nodes"]
        return {node["uuid"]: node for node in nodes}

    def ask_all(self, verb, **more):
        for uuid in self.uuids:
            self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % uuid, dict(target=verb, **more))

    def all_are(self, *wanted):
        """Waits until all nodes are in one of these states, and free."""
        def good():
            nodes = self.states().values()
            bad = [node for node in nodes if node["provision_state"].endswith(("failed", "error"))
                   and node["provision_state"] not in wanted]
            self.assertEqual(bad, [])
            return all(node["provision_state"] in wanted and node["reservation"] is None for node in nodes)
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


class Lives(Suite):
    """All that agents are for, one after the other, on each machine."""

    count = 5
    values = {"inspect_interface": "agent", "rescue_interface": "agent"}

    def test_machines_are_inspected_cleaned_deployed_rescued_and_cleaned_again(self):
        self.ask_all("manage")
        self.all_are("manageable")
        self.ask_all("inspect")
        until("the inspections end", lambda: all(
            self.want(200, "GET", "/v1/nodes/" + uuid)["properties"].get("cpus") for uuid in self.uuids), 120)
        self.all_are("manageable")
        properties = self.want(200, "GET", "/v1/nodes/" + self.uuids[0])["properties"]
        self.assertEqual({key: str(properties.get(key)) for key in ("cpus", "cpu_arch", "memory_mb")},
                         {"cpus": "8", "cpu_arch": "x86_64", "memory_mb": "16384"})
        self.ask_all("provide")
        self.all_are("available")
        self.ask_all("active")
        self.all_are("active")
        self.rest_at("instance")
        self.ask_all("rescue", rescue_password="a secret")
        self.all_are("rescue")
        self.rest_at("rescue")
        self.ask_all("unrescue")
        self.all_are("active")
        self.rest_at("instance")
        self.ask_all("deleted")
        self.all_are("available")
        self.seen(agents=5, writes=1, writes_begun=1, rescues=1, erasures=4, instance_boots=2, image=False, commands_failed=0)


class Faults(Suite):
    """Faults by rate: the same machines fail each time, since the seed is the same."""

    lab_options = fleet_support.SECONDS + ("--fail-percent", "20", "--silent-percent", "20", "--loss-percent", "5", "--seed", "3")
    more = ("conductor.automated_clean=false",)

    def of(self, *wanted):
        return {uuid for uuid, node in self.states().items() if node["provision_state"] in wanted}

    def settled(self):
        silent = self.machines.status()["sum"]["silent_agents"]
        return len(self.of("active", "deploy failed")) + silent == self.count

    def test_each_node_ends_as_its_machine_did(self):
        self.make_available()
        self.ask_all("active")
        until("every machine has come to its end", self.settled, 120)
        nodes, waiting, failed = self.states(), self.of("wait call-back"), self.of("deploy failed")
        seen = {machine["uuid"]: machine for machine in self.machines.end().values()}
        self.assertEqual(waiting, {uuid for uuid, machine in seen.items() if machine["silent_agents"]})
        self.assertEqual(failed, {uuid for uuid, machine in seen.items() if machine["commands_failed"]})
        self.assertTrue(waiting and failed, (waiting, failed))
        for uuid, machine in seen.items():
            self.assertEqual(machine["writes"], 0 if uuid in waiting | failed else 1, machine)
        for uuid in failed:
            self.assertIn("chosen to fail", nodes[uuid]["last_error"])


class Doors(Suite):
    """The agents' ports, from outside."""

    count = 2
    more = ("conductor.automated_clean=false",)
    lab_options = ("--boot-seconds", "0.4", "--write-seconds", "20")  # longer than the test asks them meanwhile

    def token(self, uuid):
        with database.opened(self.steel.folder) as stored:
            row = stored.execute("SELECT driver_internal_info FROM nodes WHERE uuid = ?", (uuid,)).fetchone()
        info = secrets_at_rest.opened(self.steel.folder, "nodes", uuid, "driver_internal_info", json.loads(row[0]))
        return info["agent_secret_token"]

    def request(self, port, method, path, body=None):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=harness.LIMIT_S, context=context)
        connection.request(method, path, body)
        answer = connection.getresponse()
        text, certificate = answer.read().decode(), connection.sock.getpeercert(True)
        connection.close()
        return answer.status, text, certificate

    def closed(self, port):
        try:
            self.request(port, "GET", "/v1/status")
        except ConnectionError as error:
            return isinstance(error, ConnectionRefusedError)
        return False

    def test_an_agent_is_there_while_it_works_with_a_certificate_of_its_own_and_minds_its_token(self):
        ports = [machine["ipmi_port"] for machine in self.machines.nodes]
        self.assertTrue(all(map(self.closed, ports)))
        self.make_available()
        self.ask_all("active")
        until("all write", lambda: self.machines.status()["sum"]["writes_begun"] == self.count)
        answers = [self.request(port, "GET", "/v1/status") for port in ports]
        self.assertEqual([status for status, _, _ in answers], [200, 200])
        self.assertNotEqual(answers[0][2], answers[1][2])
        for token in ("", "?agent_token=wrong"):
            command = json.dumps({"name": "standby.power_off", "params": {}})
            self.assertEqual(self.request(ports[0], "POST", "/v1/commands/" + token, command)[0], 401)
            self.assertEqual(self.request(ports[0], "GET", "/v1/commands/" + token)[0], 401)
        self.ask_all("deleted")  # the machines are switched off
        until("the ports are closed", lambda: all(map(self.closed, ports)))
        self.all_are("available")

    def test_a_client_may_wait_for_the_end_of_a_command(self):
        self.make_available()
        self.ask_all("active")
        until("all write", lambda: self.machines.status()["sum"]["writes_begun"] == self.count)
        port, token = self.machines.nodes[0]["ipmi_port"], "agent_token=" + self.token(self.uuids[0])
        last = json.loads(self.request(port, "GET", "/v1/commands/?" + token)[1])["commands"][-1]
        self.assertEqual((last["command_name"], last["command_status"]), ("execute_deploy_step", "RUNNING"))
        self.assertIn("bytes", last["command_result"]["progress"])
        ended = json.loads(self.request(port, "GET", "/v1/commands/%s?wait=true&%s" % (last["id"], token))[1])
        self.assertEqual((ended["id"], ended["command_status"]), (last["id"], "SUCCEEDED"))
        self.all_are("active")


class Waves(faults_support.Suite):
    """A fleet that enrols and deploys itself."""

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp(prefix="steel-fleet-files-")
        cls.addClassCleanup(shutil.rmtree, cls.place, True)
        api_port, boot_port = fleet_support.ports()
        cls.options = fleet_support.settings(cls.place, api_port, boot_port, 20) + ("conductor.automated_clean=false",)
        cls.urls = ("--boot-url", "http://127.0.0.1:%d/boot.ipxe" % boot_port, "--deploy", "http://127.0.0.1:%d/" % api_port,
                    "--image", "file://%s/image" % cls.place)
        super().setUpClass()

    def run_fleet(self, count, *options):
        """(exit status, what it said, its report, its journal)"""
        folder = self.temporary_folder()
        done = subprocess.run(
            [fleet_support.Machines.LAB, "fleet", "--agents", str(count), "--port-base", str(fleet_support.free_ports(count)),
             "--dir", folder + "/lab", "--report", folder + "/report", "--journal", folder + "/journal", *self.urls,
             *fleet_support.SECONDS, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=300, check=False)
        report = json.loads(pathlib.Path(folder, "report").read_text(encoding="utf-8"))
        for machine in report["machines"]:
            self.addCleanup(self.forget, machine["uuid"])
        journal = [json.loads(line) for line in pathlib.Path(folder, "journal").read_text(encoding="utf-8").splitlines()]
        return done.returncode, done.stdout, report, journal

    def forget(self, uuid):
        self.when_free(202, "PUT", "/v1/nodes/%s/maintenance" % uuid, {})
        self.when_free(204, "DELETE", "/v1/nodes/" + uuid)

    def test_waves_with_faults_end_with_every_node_active(self):
        status, said, report, journal = self.run_fleet(
            12, "--wave", "5", "--retries", "20", "--fail-percent", "30", "--late-percent", "50", "--late-seconds", "0.5",
            "--loss-percent", "2", "--enrol", '{"extra": {"rack": "r7"}}')
        self.assertEqual(status, 0, said)
        self.assertIn("12 of 12 nodes are active, 12 machines run from their disks", said)
        deploys = report["deploys"]
        self.assertEqual([(wave["nodes"], wave["ended"]) for wave in deploys["waves"]], [(5, 5), (5, 5), (2, 2)])
        self.assertEqual((deploys["active"], deploys["running"], deploys["failed"], deploys["failures"]), (12, 12, 0, []))
        failed = sum(machine["commands_failed"] for machine in report["machines"])
        self.assertEqual(deploys["retries"], failed)
        self.assertTrue(failed and report["sum"]["late_agents"], report["sum"])
        self.assertTrue(all(machine["phase"] == "instance" for machine in report["machines"]), report)
        for machine in report["machines"]:
            node = self.want(200, "GET", "/v1/nodes/" + machine["uuid"])
            self.assertEqual((node["provision_state"], node["extra"]), ("active", {"rack": "r7"}))
            told = [line["order"] for line in journal if line["node"] == machine["uuid"]]
            self.assertEqual(told, machine["power"])
        self.assertTrue(all(line["from"].startswith("127.0.0.1:") for line in journal), journal)

    def test_nodes_that_fail_too_often_are_named_and_the_fleet_ends_with_1(self):
        status, said, report, _ = self.run_fleet(3, "--retries", "1", "--fail-percent", "100")
        self.assertEqual(status, 1, said)
        self.assertIn("3 of 3 nodes are not active", said)
        self.assertEqual((report["deploys"]["failed"], report["deploys"]["retries"]), (3, 3))
        for failure in report["deploys"]["failures"]:
            self.assertEqual(failure["state"], "deploy failed")
            self.assertIn("chosen to fail", failure["last_error"])


if __name__ == "__main__":
    unittest.main()
