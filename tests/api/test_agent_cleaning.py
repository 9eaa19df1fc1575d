"""Cleaning by an agent, and how it is ended.

SPDX-License-Identifier: Apache-2.0
"""
import unittest

import agent_support
import ramdisk_support
from agent_support import MIB
from faults_support import until
from ramdisk_support import CLEAN, MAC

ERASE = "clean.execute_clean_step erase_devices_metadata"
RUNNING = {"command_status": "RUNNING", "command_result": None}


class Cleaning(ramdisk_support.Suite):
    own_options = ("conductor.clean_step_priority_override=deploy.erase_devices:0",)

    def setUp(self):
        self.uuid = self.node(driver="fake-hardware", deploy_interface="direct", boot_interface="ipxe", automated_clean=True)["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC})
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")

    def begins(self, **more):
        """An automated cleaning whose first step the agent has begun; the agent."""
        self.ask(self.uuid, "provide")
        agent, _ = self.boots(state="clean wait")
        agent.clean_steps = [dict(step, **more) for step in CLEAN] + [dict(CLEAN[2], step="look_again", priority=5)]
        agent.answers["erase_devices_metadata"] = RUNNING
        self.calls_until_given(agent, ERASE)
        return agent

    def calls_until_given(self, agent, command):
        def given():
            if self.get("/v1/nodes/" + self.uuid)["reservation"] is None:
                agent.call()
            return command in agent.names()
        until("the agent is told " + command, given)
        self.rest(self.uuid, "clean wait")

    def abort(self):
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "abort"})

    def ended(self, words):
        node = self.rest(self.uuid, "clean failed")
        self.assertIn(words, node["last_error"])
        self.assertEqual(node["power_state"], "power off")
        self.assertEqual(self.fetch("/%s/deploy_kernel" % self.uuid), b"")
        self.assertNotIn("kernel", self.script())
        return node

    def test_an_abort_before_the_agent_has_called_switches_the_machine_off(self):
        self.ask(self.uuid, "provide")
        agent, _ = self.boots(state="clean wait")
        self.abort()
        self.ended("By request, the clean operation was aborted.")
        self.assertNotEqual(agent.call(), 202)  # it has no node any more
        self.assertEqual(agent.given, [])
        self.rest(self.uuid, "clean failed")

    def test_an_abort_ends_a_step_that_may_be_interrupted(self):
        agent = self.begins(abortable=True)
        self.abort()
        self.ended("By request, the clean operation was aborted.")
        self.assertEqual(agent.names().count(ERASE), 1)

    def test_an_abort_waits_for_a_step_that_may_not_be_interrupted(self):
        agent = self.begins(abortable=False)
        self.abort()
        node = self.rest(self.uuid, "clean wait")
        self.assertEqual(node["power_state"], "power on")
        agent.results[-1].update(command_status="SUCCEEDED", command_result={"clean_step": agent.given[-1][1]["step"]})
        self.calls_until(agent, "clean failed")
        self.ended("aborted after its step ended")
        self.assertEqual(agent.names(), ["clean.get_clean_steps", ERASE])

    def test_a_node_that_was_aborted_is_cleaned_anew(self):
        self.begins(abortable=True)
        self.abort()
        self.ended("aborted")
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.ask(self.uuid, "provide")
        agent, _ = self.boots(state="clean wait")
        self.calls_until(agent, "available")
        self.assertEqual(agent.names(), ["clean.get_clean_steps", ERASE])

    def test_the_configuration_says_how_the_agent_is_to_clean(self):
        options = {"deploy.erase_devices_metadata_priority": "0", "deploy.erase_devices_priority": "7",
                   "conductor.clean_step_priority_override": "", "deploy.shred_random_overwrite_iterations": "3",
                   "deploy.shred_final_overwrite_with_zeros": "false", "deploy.continue_if_disk_secure_erase_fails": "true",
                   "deploy.enable_ata_secure_erase": "false", "deploy.enable_nvme_secure_erase": "false",
                   "deploy.erase_skip_read_only": "true", "deploy.disk_erasure_concurrency": "8"}
        self.configured(options)
        self.ask(self.uuid, "provide")
        agent, _ = self.boots(state="clean wait")
        node = self.calls_until(agent, "available")
        self.assertEqual(agent.names(), ["clean.get_clean_steps", "clean.execute_clean_step erase_devices"])
        wanted = {"agent_erase_devices_iterations": 3, "agent_erase_devices_zeroize": False,
                  "agent_continue_if_secure_erase_failed": True, "agent_enable_ata_secure_erase": False,
                  "agent_enable_nvme_secure_erase": False, "agent_erase_skip_read_only": True, "disk_erasure_concurrency": 8}
        told = agent.given[-1][1]["node"]["driver_internal_info"]
        self.assertEqual({key: told.get(key) for key in wanted}, wanted)
        self.assertEqual(set(wanted) & set(node["driver_internal_info"]), set())

    def configured(self, options):
        before = dict(self.steel.settings)
        self.steel.settings.update(options)

        def again():
            self.assertEqual(self.steel.end()[0], 0)
            self.steel.again()

        def back():
            self.steel.settings.clear()
            self.steel.settings.update(before)
            again()
        self.addCleanup(back)
        again()

    def test_a_real_agent_cleans_what_the_operator_names(self):
        machine = agent_support.Machine(macs=(MAC,), disks=[("vda", 8 * MIB)])
        self.addCleanup(machine.close)
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid,
                  {"target": "clean", "clean_steps": [{"interface": "deploy", "step": "erase_devices_metadata"}]})
        self.rest(self.uuid, "clean wait")
        agent = self.real_agent(until("the boot script", self.script), machine)
        node = self.rest(self.uuid, "manageable")
        self.assertEqual((node["last_error"], node["power_state"]), (None, "power off"), agent.text())
        disk = machine.contents("vda")
        self.assertEqual((disk[:MIB], disk[-MIB:]), (bytes(MIB), bytes(MIB)))
        self.assertEqual(disk[MIB:2 * MIB], b"\xa5" * MIB)


if __name__ == "__main__":
    unittest.main()
