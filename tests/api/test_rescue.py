"""Rescues by the agent, without machines.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import unittest

import database
import agent_support
import ramdisk_support
import secrets_at_rest
from agent_support import crypt
from faults_support import until
from ramdisk_support import MAC

PASSWORD = "a horse and a battery"
CALLED = "rescue.finalize_rescue"


def is_hash_of(text, word):
    return crypt(word, text) == text


class RescueSuite(ramdisk_support.Suite):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(cls.place + "/image", "wb") as file:
            file.write(b"an image")

    def setUp(self):
        """A node that is deployed; its machine runs."""
        self.uuid = self.node(driver="fake-hardware", deploy_interface="fake", boot_interface="ipxe", rescue_interface="agent",
                              driver_info={"rescue_kernel": "file://%s/rescue_kernel" % self.place,
                                           "rescue_ramdisk": "file://%s/rescue_ramdisk" % self.place})["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC})
        self.powered(self.to(self.uuid, "active"))

    def rescue(self, password=PASSWORD):
        self.ask(self.uuid, "rescue", rescue_password=password)
        return self.boots(state="rescue wait")

    def instance_info(self):
        """As it is in the database, with its secrets."""
        with database.opened(self.steel.folder) as stored:
            row = stored.execute("SELECT instance_info FROM nodes WHERE uuid = ?", (self.uuid,)).fetchone()
            return secrets_at_rest.opened(self.steel.folder, "nodes", self.uuid, "instance_info", json.loads(row[0] or "{}"))

    def failed(self, words):
        node = self.rest(self.uuid, "rescue failed")
        self.assertIn(words, node["last_error"])
        self.assertEqual(node["power_state"], "power off")
        self.assertEqual(self.fetch("/%s/deploy_kernel" % self.uuid), b"")
        self.assertNotIn("hashed_rescue_password", self.instance_info())
        return node


class Rescues(RescueSuite):
    def test_the_agent_is_given_the_hash_and_the_machine_becomes_the_user_s(self):
        agent, script = self.rescue()
        self.assertEqual(self.fetch("/%s/deploy_kernel" % self.uuid), b"rescue_kernel" * 100)
        self.assertEqual(self.fetch("/%s/deploy_ramdisk" % self.uuid), b"rescue_ramdisk" * 100)
        kept = self.instance_info()
        self.assertNotIn("rescue_password", kept)
        self.assertTrue(is_hash_of(kept["hashed_rescue_password"], PASSWORD))
        self.assertTrue(kept["hashed_rescue_password"].startswith("$5$"))
        self.assertEqual(self.get("/v1/nodes/" + self.uuid)["instance_info"], {"hashed_rescue_password": "******"})
        node = self.calls_until(agent, "rescue")
        self.assertEqual([name for name, _ in agent.given], [CALLED])
        told = agent.given[0][1]
        self.assertTrue(told["hashed"])
        self.assertEqual(told["rescue_password"], kept["hashed_rescue_password"])
        self.assertEqual((node["instance_info"], node["power_state"], node["last_error"]), ({}, "power on", None))
        self.assertNotIn("kernel", self.script())
        for text in (self.steel.text(), script):
            self.assertNotIn(PASSWORD, text)
            self.assertNotIn(kept["hashed_rescue_password"], text)

    def test_unrescue_starts_the_instance_again(self):
        agent, _ = self.rescue()
        self.calls_until(agent, "rescue")
        self.ask(self.uuid, "unrescue")
        node = self.rest(self.uuid, "active")
        self.assertEqual((node["power_state"], node["target_provision_state"]), ("power on", None))
        rows = [row for row in self.phases(self.uuid) if row["operation"] == "unrescue"]
        self.assertEqual([row["phase"] for row in rows], ["unrescue", "power_off", "switch_to_tenant_network",
                                                          "prepare_instance_boot", "set_boot_device", "power_on"])
        self.assertEqual(rows[4]["detail"], "disk")

    def test_a_real_agent_writes_the_hash_and_ends(self):
        machine = agent_support.Machine(macs=(MAC,))
        self.addCleanup(machine.close)
        self.ask(self.uuid, "rescue", rescue_password=PASSWORD)
        self.rest(self.uuid, "rescue wait")
        agent = self.real_agent(until("the boot script", self.script), machine)
        self.rest(self.uuid, "rescue")
        self.assertEqual(agent.wait_end(), 0)
        path = machine.root + "/etc/ipa-rescue-config/ipa-rescue-password"
        with open(path, encoding="utf-8") as file:
            self.assertTrue(is_hash_of(file.read(), PASSWORD))
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)

    def test_an_agent_that_knows_no_hashes_is_not_told_the_password(self):
        agent, _ = self.rescue()
        agent.answers[CALLED] = {"command_status": "FAILED", "command_result": None,
                                 "command_error": {"type": "InvalidCommandParamsError", "message": "hashed is not known",
                                                   "details": "finalize_rescue() got an unexpected keyword argument 'hashed'"}}
        until("the agent is asked", lambda: (agent.call(), agent.given)[1])
        node = self.failed("unexpected keyword argument 'hashed'")
        self.assertIn("build the ramdisk anew", node["last_error"])
        self.assertEqual([name for name, _ in agent.given].count(CALLED), 1)

    def test_an_agent_that_is_busy_is_asked_again_when_it_calls(self):
        agent, _ = self.rescue()
        agent.busy = 2
        self.calls_until(agent, "rescue")
        self.assertEqual(agent.busy, 0)

    def test_an_abort_switches_the_machine_off_and_the_instance_can_be_started(self):
        self.rescue()
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "abort"})
        self.failed("By request")
        self.ask(self.uuid, "unrescue")
        self.assertEqual(self.rest(self.uuid, "active")["power_state"], "power on")

    def test_a_node_without_a_rescue_ramdisk_is_told_so_and_keeps_running(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "remove", "path": "/driver_info/rescue_ramdisk"}])
        shown = self.get("/v1/nodes/%s/validate" % self.uuid)["rescue"]
        self.assertFalse(shown["result"])
        self.assertIn("Missing are: ['rescue_ramdisk']", shown["reason"])
        answer = self.put(self.uuid, "rescue", rescue_password=PASSWORD)
        self.assertEqual(answer.status, 400)
        self.assertIn("['rescue_ramdisk']", answer.message)
        node = self.get("/v1/nodes/" + self.uuid)
        self.assertEqual((node["provision_state"], node["power_state"], node["instance_info"]), ("active", "power on", {}))

    def test_an_undeploy_ends_a_rescue(self):
        agent, _ = self.rescue()
        self.calls_until(agent, "rescue")
        self.ask(self.uuid, "deleted")
        node = self.rest(self.uuid, "available")
        self.assertEqual((node["power_state"], node["instance_info"]), ("power off", {}))

    def test_a_killed_daemon_goes_on(self):
        agent, _ = self.rescue()
        self.steel.kill()
        self.steel.again()
        self.calls_until(agent, "rescue")
        self.assertEqual([name for name, _ in agent.given], [CALLED])


class Impatient(RescueSuite):
    own_options = ("conductor.rescue_callback_timeout=1",)

    def test_a_machine_that_says_nothing_is_switched_off_and_it_is_told_what_to_look_at(self):
        self.ask(self.uuid, "rescue", rescue_password=PASSWORD)
        node = self.failed("Timeout reached in rescue wait: powered on, but nothing asked for a boot file")
        self.assertIn("start its instance with unrescue", node["last_error"])


class OldAgents(RescueSuite):
    own_options = ("conductor.rescue_password_hash_algorithm=sha512", "conductor.require_rescue_password_hashed=false")

    def test_an_agent_that_knows_no_hashes_gets_the_password_where_the_operator_allows_it(self):
        agent, _ = self.rescue()
        agent.answers[CALLED] = lambda params: {"command_status": "FAILED", "command_error": {
            "type": "InvalidCommandParamsError", "details": "hashed is not known"}} if params.get("hashed") else {}
        self.assertTrue(self.instance_info()["hashed_rescue_password"].startswith("$6$"))
        node = self.calls_until(agent, "rescue")
        self.assertEqual(agent.given[-1][1], {"rescue_password": PASSWORD})
        self.assertEqual(node["instance_info"], {})
        self.assertNotIn(PASSWORD, self.steel.text())


if __name__ == "__main__":
    unittest.main()
