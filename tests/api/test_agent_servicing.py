"""Servicing by an agent: the machine leaves its instance for the ramdisk, and comes back.

SPDX-License-Identifier: Apache-2.0
"""
import unittest

import agent_support
import ramdisk_support
from agent_support import MIB
from faults_support import until
from ramdisk_support import MAC

BURN = {"interface": "deploy", "step": "burnin_cpu"}
HOLD = {"interface": "deploy", "step": "hold"}
REBOOT = {"interface": "deploy", "step": "reboot"}
FAILS = {"command_status": "FAILED", "command_error": {"message": "too hot"}, "command_result": None}


class Servicing(ramdisk_support.Suite):
    own_options = ("enabled_hardware_types=fake-hardware",)

    def setUp(self):
        self.uuid = self.node(driver="fake-hardware", deploy_interface="direct", boot_interface="ipxe",
                              instance_info={"image_source": "http://192.0.2.1/image", "image_checksum": "0" * 32})["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC})
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.ask(self.uuid, "adopt")
        self.rest(self.uuid, "active")

    def service(self, *steps):
        self.ask(self.uuid, "service", service_steps=list(steps))

    def runs_its_instance(self):
        node = self.rest(self.uuid, "active")
        self.assertEqual((node["power_state"], node["maintenance"]), ("power on", False))
        self.assertNotIn("kernel", self.script())
        self.assertNotIn("service_ramdisk", node["driver_internal_info"])
        return node

    def test_the_agents_steps_run_in_the_ramdisk(self):
        self.service(BURN)
        agent, script = self.boots(state="service wait")
        self.assertIn("kernel", script)
        self.calls_until(agent, "active")
        self.assertIn("service.execute_service_step burnin_cpu", agent.names())
        self.assertIsNone(self.runs_its_instance()["last_error"])

    def test_a_hold_keeps_the_ramdisk_and_another_servicing_takes_it(self):
        self.service(BURN, HOLD)
        agent, _ = self.boots(state="service wait")
        self.calls_until(agent, "service hold")
        self.service(BURN)
        self.calls_until(agent, "active")
        self.assertEqual(agent.names().count("service.execute_service_step burnin_cpu"), 2)
        self.runs_its_instance()

    def test_a_reboot_is_over_when_the_agent_calls_again(self):
        self.service(BURN, REBOOT, BURN)
        agent, _ = self.boots(state="service wait")

        def reboots():
            if self.get("/v1/nodes/" + self.uuid)["reservation"] is None:
                agent.call()
            return "deploy.reboot" in [phase["phase"] for phase in self.phases(self.uuid)]
        until("it reboots", reboots)
        self.rest(self.uuid, "service wait")
        again, _ = self.boots(state="service wait")
        self.calls_until(again, "active")
        self.assertEqual([agent.names().count("service.execute_service_step burnin_cpu") for agent in (agent, again)], [1, 1])
        self.runs_its_instance()

    def test_a_failed_step_leaves_the_machine_and_an_abort_brings_the_instance_back(self):
        self.service(BURN)
        agent, _ = self.boots(state="service wait")
        agent.answers["burnin_cpu"] = FAILS
        self.calls_until(agent, "service failed")
        node = self.get("/v1/nodes/" + self.uuid)
        self.assertIn("too hot", node["last_error"])
        self.assertEqual((node["power_state"], node["fault"]), ("power on", "service failure"))
        self.when_free(202, "DELETE", "/v1/nodes/%s/maintenance" % self.uuid)
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "abort"})
        self.runs_its_instance()

    def test_an_abort_before_the_agent_has_called_brings_the_instance_back(self):
        self.service(BURN)
        self.boots(state="service wait")
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "abort"})
        self.assertIn("aborted", self.runs_its_instance()["last_error"])

    def test_an_undeploy_leaves_the_ramdisk(self):
        self.service(BURN)
        self.boots(state="service wait")
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "deleted"})
        node = self.rest(self.uuid, "available")
        self.assertEqual(node["power_state"], "power off")
        self.assertNotIn("kernel", self.script())

    def test_a_real_agent_lists_and_runs_service_steps(self):
        machine = agent_support.Machine(macs=(MAC,), disks=[("vda", 8 * MIB)])
        self.addCleanup(machine.close)
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/properties/root_device", "value": {"name": "/dev/vda"}}])
        self.service({"interface": "deploy", "step": "inject_files", "args": {"files": []}})
        self.rest(self.uuid, "service wait")
        agent = self.real_agent(until("the boot script", self.script), machine)
        until("it ends", lambda: self.get("/v1/nodes/" + self.uuid)["provision_state"] in ("active", "service failed"))
        self.assertIsNone(self.get("/v1/nodes/" + self.uuid)["last_error"], agent.text())
        self.runs_its_instance()
        self.assertIn("service.execute_service_step", agent.text())
        self.assertEqual(machine.contents("vda"), b"\xa5" * 8 * MIB)


if __name__ == "__main__":
    unittest.main()
