"""Nodes with disable_power_off: their machine is on through deploys, cleaning, servicing, rescues and inspections, and is restarted where
others go off and on.

SPDX-License-Identifier: Apache-2.0
"""
import unittest

from deploy_support import DeploySuite
from ramdisk_support import MAC

BURN = {"interface": "deploy", "step": "burnin_cpu"}
LOCKED_DOWN = ["standby.sync", "system.lockdown"]


class DisablePowerOff(DeploySuite):
    own_options = ("conductor.clean_step_priority_override=deploy.erase_devices:0", "inspector.power_off=true")

    def setUp(self):
        """The node that a deploy suite has; its machine runs, and has a power switch that nobody may use."""
        super().setUp()
        self.assertEqual(self.power(self.uuid, "power on").status, 202)
        self.wait_node(self.uuid, power_state="power on", reservation=None)
        self.change(disable_power_off=True, rescue_interface="agent", inspect_interface="agent")

    def ask_for(self, target, **more):
        self.ask(self.uuid, target, **more)

    def restarted(self, state):
        """The node in a state, its machine on; it was restarted since an agent has called, whom nobody knows any more."""
        node = self.rest(self.uuid, state)
        self.assertEqual((node["power_state"], node["last_error"]), ("power on", None))
        self.assertNotIn("agent_url", node["driver_internal_info"])
        return node

    def deployed(self):
        self.info(image_source="file://%s/image" % self.place)
        self.ask_for("active")
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.restarted("active")
        return agent

    def test_a_deploy_locks_the_agent_down_and_restarts_the_machine(self):
        agent = self.deployed()
        self.assertEqual(agent.names()[-2:], LOCKED_DOWN)
        self.assertNotIn("standby.power_off", agent.names())
        phases = [row["phase"] for row in self.phases(self.uuid)]
        self.assertIn("lockdown", phases)

    def test_an_undeploy_restarts_the_machine_and_so_does_the_end_of_a_cleaning(self):
        self.deployed()
        self.change(automated_clean=True)
        self.ask_for("deleted")
        agent, script = self.boots(state="clean wait")
        self.assertIn("deploy_kernel", script)
        self.calls_until(agent, "available")
        self.assertIn("clean.execute_clean_step erase_devices_metadata", agent.names())
        self.restarted("available")
        self.assertNotIn("kernel", self.script())

    def test_a_failed_deploy_restarts_the_machine(self):
        self.info(image_source="file://%s/image" % self.place)
        self.ask_for("active")
        agent, _ = self.boots()
        agent.answers["write_image"] = {"command_status": "FAILED", "command_error": {"message": "no disk"}, "command_result": None}
        node = self.calls_until(agent, "deploy failed")
        self.assertIn("no disk", node["last_error"])
        self.assertEqual(node["power_state"], "power on")
        self.assertIn("reboot", [row["phase"] for row in self.phases(self.uuid)])

    def test_servicing_goes_to_the_ramdisk_and_back_by_restarts(self):
        self.deployed()
        self.ask_for("service", service_steps=[BURN])
        agent, _ = self.boots(state="service wait")
        self.calls_until(agent, "active")
        self.assertEqual(agent.names()[-3:], ["service.execute_service_step burnin_cpu", *LOCKED_DOWN])
        self.restarted("active")

    def test_a_rescue_and_its_end_are_restarts(self):
        self.deployed()
        self.change(**{"driver_info/rescue_kernel": "file://%s/rescue_kernel" % self.place,
                       "driver_info/rescue_ramdisk": "file://%s/rescue_ramdisk" % self.place})
        self.ask_for("rescue", rescue_password="secret")
        agent, _ = self.boots(state="rescue wait")
        self.calls_until(agent, "rescue")
        self.ask_for("unrescue")
        self.restarted("active")
        self.assertNotIn("kernel", self.script())

    def test_an_inspection_ends_with_a_restart(self):
        self.ask_for("manage")
        self.rest(self.uuid, "manageable")
        self.ask_for("inspect")
        agent, _ = self.boots(state="inspect wait")
        agent.answers["poll.get_hardware_info"] = {"command_result": {
            "interfaces": [{"name": "eth0", "mac_address": MAC}], "cpu": {"count": 2, "architecture": "x86_64"},
            "memory": {"physical_mb": 1024}, "disks": [], "boot": {"current_boot_mode": "bios"}}}
        self.calls_until(agent, "manageable")
        self.restarted("manageable")

    def test_a_step_that_switches_it_off_fails_in_words(self):
        self.ask_for("manage")
        self.rest(self.uuid, "manageable")
        self.change(deploy_interface="fake")
        self.ask_for("clean", clean_steps=[{"interface": "power", "step": "power_off"}])
        node = self.rest(self.uuid, "clean failed")
        self.assertIn("node %s has disable_power_off" % self.uuid, node["last_error"])
        self.assertEqual(node["power_state"], "power on")


if __name__ == "__main__":
    unittest.main()
