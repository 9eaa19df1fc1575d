"""Inspections by the agent that a machine boots by virtual media, over Redfish and with an iLO: as Ironic's agent sends what it has
found, by an agent that is asked, and what stays of one that ends badly.

SPDX-License-Identifier: Apache-2.0
"""
import unittest

import agent_support
from faults_support import until
from media_support import IloMediaSuite, MediaSuite
from test_inspection import inventory

MAC = "52:54:00:dd:0a:01"
GIB = 1 << 30


class Inspections(MediaSuite):
    own_options = MediaSuite.own_options + ("enabled_inspect_interfaces=agent,no-inspect",)
    floppy = False

    def setUp(self):
        self.bmc, self.uuid = self.machine(inspect_interface="agent")
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC})
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")

    def begins(self):
        """The machine has booted for its inspection; its agent, and what that is told."""
        self.ask(self.uuid, "inspect")
        agent, told = self.boots(state="inspect wait")
        self.assertEqual(bool(self.drive("floppy")), self.floppy)
        return agent, told

    def callback(self, told):
        before = "http://127.0.0.1:%d" % self.api_port
        self.assertTrue(told["ipa-inspection-callback-url"].startswith(before + "/v1/continue_inspection?agent_token="), told)
        return told["ipa-inspection-callback-url"][len(before):]

    def send(self, path, found):
        """As Ironic's agent does: without a version."""
        return self.call("POST", path, {"inventory": found}, version=None)

    def ends_clean(self, state="manageable"):
        """The node is at rest, and nothing of the inspection is left in the BMC or published."""
        node = self.rest(self.uuid, state)
        self.assertEqual((self.drive("cd"), self.drive("floppy"), self.published()), (None, None, []))
        self.assertNotIn("agent_secret_token", node["driver_internal_info"])
        return node

    def test_what_an_agent_of_ironic_sends_fills_the_node(self):
        _, told = self.begins()
        answer = self.send(self.callback(told), inventory(MAC))
        self.assertEqual((answer.status, answer.json), (202, {"uuid": self.uuid}))
        node = self.ends_clean()
        self.assertEqual({key: node["properties"][key] for key in ("cpus", "memory_mb", "local_gb", "cpu_arch")},
                         {"cpus": 4, "memory_mb": 8192, "local_gb": 99, "cpu_arch": "x86_64"})
        self.assertEqual((node["power_state"], node["last_error"]), ("power off", None))
        self.assertEqual(self.get("/v1/nodes/%s/inventory" % self.uuid)["inventory"], inventory(MAC))
        self.assertIn("insert_cd", [row["phase"] for row in self.phases(self.uuid)])

    def test_an_agent_that_calls_is_asked(self):
        agent, _ = self.begins()
        agent.answers["poll.get_hardware_info"] = {"command_result": inventory(MAC)}
        self.calls_until(agent, "manageable")
        self.assertEqual(agent.names(), ["poll.get_hardware_info"])
        self.assertEqual(self.ends_clean()["properties"]["memory_mb"], 8192)

    def test_a_steel_agent_tells_what_its_machine_has(self):
        _, told = self.begins()
        machine = agent_support.Machine(macs=(MAC,))
        self.addCleanup(machine.close)
        machine.write("/proc/cpuinfo", "processor : 0\nflags : fpu aes\nprocessor : 1\nflags : fpu aes\n")
        machine.write("/proc/meminfo", "MemTotal:  2097152 kB\n")
        machine.write("/sys/block/vda/size", "%d\n" % (20 * GIB // 512))
        for name, text in (("queue/rotational", "1\n"), ("ro", "0\n"), ("device/model", "Disk\n")):
            machine.write("/sys/block/vda/" + name, text)
        machine.write("/dev/vda", "")
        words = {name: value for name, value in told.items() if name.startswith("ipa-")}
        agent = agent_support.Agent(machine, **words)
        self.addCleanup(agent.stop)
        node = self.ends_clean()
        self.assertEqual({key: node["properties"][key] for key in ("cpus", "memory_mb", "local_gb")},
                         {"cpus": 2, "memory_mb": 2048, "local_gb": 19}, agent.text())

    def test_who_does_not_have_the_medium_is_not_believed(self):
        _, told = self.begins()
        path = self.callback(told)
        for wrong in ("/v1/continue_inspection", path[:-1], path + "0"):
            self.assertEqual(self.send(wrong, inventory(MAC)).status, 404)
        found = self.get("/v1/lookup?node_uuid=" + self.uuid)
        self.assertEqual(found["config"]["agent_token"], "******")
        self.assertEqual(self.send(path, inventory(MAC)).status, 202)
        self.ends_clean()
        self.assertEqual(self.send(path, inventory(MAC)).status, 404)  # its token has ended

    def test_an_abort_takes_the_media_out(self):
        self.begins()
        self.ask(self.uuid, "abort")
        self.assertIn("aborted", self.ends_clean("inspect failed")["last_error"])
        self.assertEqual(self.bmc.ask("GET", "/redfish/v1/Systems/1").json["PowerState"], "Off")

    def test_a_daemon_that_is_killed_while_it_waits_takes_what_is_sent(self):
        _, told = self.begins()
        self.steel.kill()
        self.steel.again()
        answer = until("the data is taken", lambda: self.taken(self.callback(told)))
        self.assertEqual(answer.json, {"uuid": self.uuid})
        self.assertEqual(self.ends_clean()["properties"]["memory_mb"], 8192)

    def taken(self, path):
        answer = self.send(path, inventory(MAC))
        return None if answer.status == 409 else answer

    def test_a_bmc_that_refuses_the_medium_fails_it(self):
        self.bmc.set("refuse-insert=400")
        self.ask(self.uuid, "inspect")
        node = self.rest(self.uuid, "inspect failed")
        self.assertIn("the machine could not be started for its inspection: ", node["last_error"])
        self.assertIn("cd" if not self.floppy else "floppy", node["last_error"])
        self.bmc.set("refuse-insert=0")
        self.ends_clean("inspect failed")


class IloInspections(IloMediaSuite, Inspections):
    own_options = IloMediaSuite.own_options + ("enabled_inspect_interfaces=agent,ilo",)
    floppy = True


class AllNetworks(MediaSuite):
    """The agent asks by DHCP on all cards, whatever the operator knows of the machine's networks."""

    own_options = Inspections.own_options + ("inspector.force_dhcp=true",)
    setUp = Inspections.setUp

    def test_the_network_of_the_node_is_not_on_the_iso(self):
        network = {"links": [], "networks": [], "services": []}
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/network_data", "value": network}])
        self.ask(self.uuid, "inspect")
        _, told = self.boots(state="inspect wait")
        self.assertEqual(told["ipa-collect-lldp"], "1")
        self.assertNotIn("steel-network-data", self.words())
        self.ask(self.uuid, "abort")
        self.rest(self.uuid, "inspect failed")


if __name__ == "__main__":
    unittest.main()
