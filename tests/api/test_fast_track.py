"""Fast track: an agent that runs on from one operation to the next, and when it is not relied on.

SPDX-License-Identifier: Apache-2.0
"""
import datetime
import json
import re
import unittest

import deploy_support
import real_agent
from agent_support import MIB
from faults_support import until
from ramdisk_support import EXTRA, MAC

FAST = ("deploy.fast_track=true", "notification_level=info", "conductor.clean_step_priority_override=deploy.erase_devices:0")


def power_commands(steel, uuid):
    """What Steel has told the machine's BMC so far."""
    lines = steel.text().splitlines(keepends=True)
    notes = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]  # the last may be half written
    about = [note["payload"]["ironic_object.data"] for note in notes if note["event_type"] == "baremetal.node.power_set.start"]
    return [data["to_power"] for data in about if data["uuid"] == uuid]


class Between:
    """What may be asked of a node between two operations, in suites of both kinds."""

    def let_clean(self, uuid, **more):
        """The next `provide` cleans the node."""
        values = dict({"/automated_clean": True}, **more)
        self.when_free(200, "PATCH", "/v1/nodes/" + uuid, [{"op": "add", "path": path, "value": value} for path, value in values.items()])

    def look_up(self, mac):
        return self.call("GET", "/v1/lookup?addresses=" + mac)

    def heartbeat(self, uuid, token):
        return self.call("POST", "/v1/heartbeat/" + uuid, {"callback_url": "https://127.0.0.9:9999", "agent_version": "9.0",
                                                           "agent_token": token}, version="1.72")


class Machines(Between, real_agent.Suite):
    more_options = FAST + ("inspector.hooks=validate-interfaces,ports",)

    def begin(self, number, **values):
        """A manageable node, to be cleaned when it becomes available."""
        machine = self.machine(number, inspect_interface="agent", **values)
        self.let_clean(machine.uuid)
        self.ask(machine.uuid, "manage")
        self.rest(machine.uuid, "manageable")
        return machine

    def cleaned(self, machine):
        """The machine boots for its cleaning, and its agent stays."""
        self.ask(machine.uuid, "provide")
        machine.boot()
        node = self.ends(machine, "available")
        self.assertEqual(node["power_state"], "power on")
        return node

    def deploy(self, machine, name):
        data = real_agent.noise(2 * MIB)
        machine.image(name, data)
        self.ask(machine.uuid, "active")
        return data

    def test_one_start_serves_inspection_cleaning_and_deploy(self):
        machine = self.begin(1)
        self.ask(machine.uuid, "inspect")
        agent = machine.boot()
        self.assertEqual(self.ends(machine, "manageable")["power_state"], "power on")
        started = ["power off", "power on"]
        self.assertEqual(power_commands(self.steel, machine.uuid), started)
        for verb, state in (("inspect", "manageable"), ("provide", "available")):
            self.ask(machine.uuid, verb)
            self.assertIsNone(self.ends(machine, state)["last_error"])
        self.assertEqual(machine.disk()[:MIB], bytes(MIB))  # it was cleaned
        self.assertEqual(power_commands(self.steel, machine.uuid), started)
        data = self.deploy(machine, "/one")
        self.assertEqual(self.ends(machine, "active")["power_state"], "power on")
        self.assertTrue(machine.disk()[:len(data)] == data)
        self.assertEqual(power_commands(self.steel, machine.uuid), started + ["power off", "power on"])  # to the instance
        self.assertEqual(len(re.findall("this is node", agent.text())), 1)
        self.assertNotIn("deploy_kernel", machine.script())
        self.assertEqual(self.look_up(machine.mac).status, 404)

    def test_an_agent_that_was_killed_is_not_waited_for(self):
        machine = self.begin(2)
        self.cleaned(machine)
        machine.agent.process.kill()
        machine.agent.process.wait()
        before = power_commands(self.steel, machine.uuid)
        data = self.deploy(machine, "/killed")
        machine.agent.stop()
        machine.boot()
        self.ends(machine, "active")
        self.assertTrue(machine.disk()[:len(data)] == data)
        self.assertEqual(power_commands(self.steel, machine.uuid)[len(before):], ["power off", "power on"] * 2)

    def test_the_agent_s_token_stays_its_own(self):
        machine = self.begin(3)
        node = self.cleaned(machine)
        token = machine.agent.token
        self.assertEqual(self.look_up(machine.mac).json["config"]["agent_token"], "******")
        for wrong in ("0" * 40, None):
            self.assertEqual(self.heartbeat(machine.uuid, wrong).status, 400)
        self.assertEqual(self.heartbeat(machine.uuid, token).status, 400)  # it listens elsewhere
        heard = node["driver_internal_info"]["agent_last_heartbeat"]
        until("the agent calls", lambda: machine.state()["driver_internal_info"]["agent_last_heartbeat"] != heard)
        self.assertNotIn(token, json.dumps(machine.state()))
        self.assertEqual(self.power(machine.uuid, "power off").status, 202)
        node = self.wait_node(machine.uuid, power_state="power off", reservation=None)
        self.assertEqual([key for key in node["driver_internal_info"] if key.startswith("agent_")], [])
        self.assertEqual(self.look_up(machine.mac).status, 404)
        self.assertEqual(self.heartbeat(machine.uuid, token).status, 400)

    def test_a_node_may_be_left_out(self):
        machine = self.begin(4)
        self.let_clean(machine.uuid, **{"/driver_info/fast_track": "no"})
        self.ask(machine.uuid, "provide")
        machine.boot()
        self.assertEqual(self.ends(machine, "available")["power_state"], "power off")


class OffByDefault(Between, real_agent.Suite):
    more_options = FAST[1:]

    def cleaned(self, number, **more):
        machine = self.machine(number)
        self.ask(machine.uuid, "manage")
        self.rest(machine.uuid, "manageable")
        self.let_clean(machine.uuid, **more)
        self.ask(machine.uuid, "provide")
        machine.boot()
        return machine, self.ends(machine, "available")

    def test_the_agent_ends_with_its_work(self):
        machine, node = self.cleaned(1)
        self.assertEqual(node["power_state"], "power off")
        self.assertEqual(self.look_up(machine.mac).status, 404)

    def test_a_node_may_ask_for_it(self):
        machine, node = self.cleaned(2, **{"/driver_info/fast_track": True})
        self.assertEqual(node["power_state"], "power on")
        before = power_commands(self.steel, machine.uuid)
        machine.image("/asked", real_agent.noise(2 * MIB))
        self.ask(machine.uuid, "active")
        self.ends(machine, "active")
        self.assertEqual(power_commands(self.steel, machine.uuid), before + ["power off", "power on"])

    def test_a_word_that_is_no_boolean_is_refused(self):
        machine = self.machine(3)
        machine.image("/word", b"x")
        self.want(200, "PATCH", "/v1/nodes/" + machine.uuid, [{"op": "add", "path": "/driver_info/fast_track", "value": "perhaps"}])
        answer = self.put(machine.uuid, "active")
        self.assertEqual(answer.status, 400)
        self.assertIn("driver_info fast_track is neither true nor false", answer.message)


class Scripted(Between, deploy_support.DeploySuite):
    """The agent calls when the test says so."""

    own_options = FAST

    def cleaned(self):
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.let_clean(self.uuid)
        self.ask(self.uuid, "provide")
        agent, _ = self.boots(state="clean wait")
        self.assertEqual(self.calls_until(agent, "available")["power_state"], "power on")
        agent.given.clear()
        return agent

    def begin_deploy(self):
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")

    def test_an_agent_that_was_silent_too_long_is_booted_anew(self):
        agent = self.cleaned()
        heard = self.get("/v1/nodes/" + self.uuid)["driver_internal_info"]["agent_last_heartbeat"]
        heard = datetime.datetime.fromisoformat(heard).replace(tzinfo=datetime.timezone.utc)
        self.addCleanup(self.again)  # after the next line: the tests that follow have the usual time
        self.addCleanup(self.steel.settings.pop, "deploy.fast_track_timeout")
        self.steel.settings["deploy.fast_track_timeout"] = "1"
        self.again()
        until("the agent was silent", lambda: (datetime.datetime.now(datetime.timezone.utc) - heard).total_seconds() > 2)
        before = power_commands(self.steel, self.uuid)
        self.begin_deploy()
        other, _ = self.boots()
        self.assertEqual(power_commands(self.steel, self.uuid), before + ["power off", "power on"])
        self.calls_until(other, "active")
        self.assertEqual(agent.given, [])
        self.assertIn("its agent has been silent for", self.steel.text())

    def test_an_agent_that_still_works_is_booted_anew(self):
        agent = self.cleaned()
        agent.results[-1].update(command_status="RUNNING", command_result=None)
        self.begin_deploy()
        other, _ = self.boots()
        self.calls_until(other, "active")
        self.assertEqual(agent.given, [])

    def test_a_cleaning_that_fails_or_is_aborted_ends_the_agent(self):
        agent = self.cleaned()
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        agent.answers["erase_devices_metadata"] = {"command_status": "FAILED", "command_error": {
            "type": "BlockDeviceEraseError", "code": 500, "message": "no", "details": "no"}}
        self.ask(self.uuid, "provide")
        node = self.calls_until(agent, "clean failed")
        self.assertEqual(node["power_state"], "power off")
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.when_free(202, "PUT", "/v1/nodes/%s/maintenance" % self.uuid, {"reason": "none"})
        self.when_free(202, "DELETE", "/v1/nodes/%s/maintenance" % self.uuid)
        agent = self.cleaned_again()
        agent.answers["erase_devices_metadata"] = {"command_status": "RUNNING", "command_result": None}
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.ask(self.uuid, "provide")
        self.rest(self.uuid, "clean wait")
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "abort"})
        self.assertEqual(self.rest(self.uuid, "clean failed")["power_state"], "power off")

    def cleaned_again(self):
        self.ask(self.uuid, "provide")
        agent, _ = self.boots(state="clean wait")
        self.calls_until(agent, "available")
        return agent

    def test_nothing_is_left_out_when_the_agent_cannot_list_its_steps_at_once(self):
        agent = self.cleaned()
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        agent.busy = 4  # so often it is asked in vain
        self.ask(self.uuid, "provide")
        self.rest(self.uuid, "clean wait")
        self.calls_until(agent, "available")
        self.assertEqual(agent.names(), ["clean.get_clean_steps", "clean.execute_clean_step erase_devices_metadata"])
        agent.given.clear()
        agent.busy, agent.deploy_steps = 4, [dict(EXTRA, priority=90)]
        self.begin_deploy()
        self.calls_until(agent, "active")
        self.assertEqual(agent.names()[:3], ["deploy.get_deploy_steps", "deploy.execute_deploy_step label_disks",
                                             "deploy.execute_deploy_step write_image"])

    def test_a_killed_daemon_goes_on_with_the_same_agent(self):
        agent = self.cleaned()
        agent.answers["write_image"] = {"command_status": "RUNNING", "command_result": None}
        self.begin_deploy()
        until("the agent writes", lambda: "deploy.execute_deploy_step write_image" in agent.names())
        self.rest(self.uuid, "wait call-back")
        self.steel.kill()
        self.steel.again()
        agent.results[-1].update(command_status="SUCCEEDED", command_result={"deploy_step": agent.given[-1][1]["step"]})
        self.calls_until(agent, "active")
        self.assertEqual(agent.names().count("deploy.execute_deploy_step write_image"), 1)
        self.assertEqual(self.call("GET", "/v1/lookup?addresses=" + MAC).status, 404)


if __name__ == "__main__":
    unittest.main()
