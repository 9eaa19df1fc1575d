"""steel-agent and steeld together: lookup, heartbeat, and the agent's own API.

SPDX-License-Identifier: Apache-2.0
"""
import time

import agent_support
from agent_support import Agent, Machine
from harness import LIMIT_S, Suite

TOKEN = "0123456789abcdef0123456789abcdef"


class Meeting(Suite):
    """The agent looks its node up and sends heartbeats."""

    options = ("api.restrict_lookup=false", "api.ramdisk_heartbeat_timeout=30")

    def start(self, mac, **settings):
        machine = Machine([mac])
        self.addCleanup(machine.close)
        settings.setdefault("ipa-api-url", "http://127.0.0.1:%d" % self.steel.port)
        agent = Agent(machine, **settings)
        self.addCleanup(agent.stop)
        return agent

    def heard(self, uuid):
        """The node, once its agent has sent a heartbeat."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            info = self.get("/v1/nodes/" + uuid)["driver_internal_info"]
            if "agent_last_heartbeat" in info:
                return info
            time.sleep(0.02)
        raise AssertionError("no heartbeat has come")

    def test_an_agent_is_found_by_its_mac_and_calls_with_its_certificate(self):
        node = self.node()
        self.port(node, "52:54:00:aa:01:01")
        agent = self.start("52:54:00:aa:01:01")
        self.assertRegex(agent.url, r"^https://127\.0\.0\.1:\d+$")
        info = self.heard(node["uuid"])
        self.assertEqual(info["agent_url"], agent.url)
        self.assertEqual(info["agent_version"], agent.get("/v1/status")["version"])
        self.assertIn("agent_verify_ca", info)

    def test_the_token_of_the_lookup_opens_the_agent_and_no_other_does(self):
        node = self.node()
        self.port(node, "52:54:00:aa:01:02")
        agent = self.start("52:54:00:aa:01:02")
        self.heard(node["uuid"])
        body = {"name": "standby.sync", "params": {}}
        self.assertEqual(agent.raw_call("POST", "/v1/commands/", body)[0], 401)
        self.assertEqual(agent.raw_call("POST", "/v1/commands/?agent_token=" + TOKEN, body)[0], 401)
        self.assertEqual(agent.raw_call("GET", "/v1/commands/?agent_token=" + TOKEN)[0], 401)


class Api(Suite):
    """The agent's own API, without a service."""

    @classmethod
    def setUpClass(cls):
        cls.machine = Machine()
        cls.agent = Agent(cls.machine, **{"ipa-standalone": "1", "ipa-agent-token": TOKEN})

    @classmethod
    def tearDownClass(cls):
        status = cls.agent.stop()
        cls.machine.close()
        if status != 0:
            raise AssertionError("steel-agent ended with status %s:\n%s" % (status, cls.agent.last_words))

    def test_it_says_what_it_is(self):
        self.assertEqual(self.agent.get("/")["default_version"]["id"], "v1")
        self.assertEqual(self.agent.get("/v1/")["id"], "v1")
        status = self.agent.get("/v1/status")
        self.assertEqual(sorted(status), ["started_at", "version"])
        self.assertLess(abs(status["started_at"] - time.time()), 3600)

    def test_unknown_requests_are_refused_in_ironic_s_form(self):
        def fault(method, path, body=None):
            status, answer = self.agent.raw_call(method, self.agent.with_token(path), body)
            self.assertEqual(sorted(answer), ["faultcode", "faultstring"], answer)
            return status, answer["faultstring"]

        self.assertEqual(fault("GET", "/v2")[0], 404)
        self.assertEqual(fault("DELETE", "/v1/commands/")[0], 405)
        self.assertEqual(fault("GET", "/v1/commands/none"), (404, "Not found: Command Result with id none not found."))
        self.assertEqual(fault("POST", "/v1/commands/", b"{"[:1])[0], 400)
        self.assertEqual(fault("POST", "/v1/commands/", {"name": "standby.sync"})[0], 400)
        self.assertEqual(fault("POST", "/v1/commands/", {"name": "sync", "params": {}})[0], 400)
        self.assertEqual(fault("POST", "/v1/commands/", {"name": "standby.dance", "params": {}}),
                         (400, "Invalid command: Unknown command: dance"))
        self.assertEqual(fault("POST", "/v1/commands/", {"name": "dance.sync", "params": {}}),
                         (404, "Not found: Extension with id dance not found."))

    def test_a_result_has_ironic_s_form(self):
        result = self.agent.command("standby.sync")
        self.assertEqual(sorted(result), ["command_error", "command_name", "command_result", "command_status", "id"])
        self.assertEqual((result["command_name"], result["command_status"]), ("sync", "SUCCEEDED"))
        self.assertEqual(self.agent.get("/v1/commands/" + result["id"]), result)
        self.assertIn(result, self.agent.get("/v1/commands/")["commands"])

    def test_a_parameter_that_is_missing_or_unknown_fails_the_command(self):
        error = self.agent.fail("deploy.get_deploy_steps", node={})
        self.assertEqual((error["type"], error["code"]), ("CommandExecutionError", 500))
        self.assertIn("'ports'", error["details"])
        self.assertIn("'depth'", self.agent.fail("standby.sync", depth=1)["details"])

    def test_a_client_that_has_read_with_the_token_always_needs_it(self):
        self.agent.get("/v1/commands/")
        self.assertEqual(self.agent.raw_call("GET", "/v1/commands/")[0], 401)

    def test_steps_are_listed_with_their_manager(self):
        steps = self.agent.succeed("deploy.get_deploy_steps", node={"uuid": "x"}, ports=[])
        self.assertEqual(list(steps), ["deploy_steps", "hardware_manager_version"])
        self.assertEqual(list(steps["deploy_steps"]), list(steps["hardware_manager_version"]))

    def test_a_step_of_another_version_is_a_mismatch(self):
        result = self.agent.command("deploy.execute_deploy_step", step={"step": "write_image", "args": {}}, node={"uuid": "x"},
                                    ports=[], deploy_version={"other": "1"})
        self.assertEqual(result["command_status"], "CLEAN_VERSION_MISMATCH")
        self.assertEqual(result["command_error"]["type"], "VersionMismatch")

    def test_an_unknown_step_fails(self):
        result = self.agent.deploy_step("dance", {"uuid": "x"})
        self.assertEqual(result["command_status"], "FAILED")
        self.assertEqual(result["command_error"]["type"], "HardwareManagerMethodNotFound")

    def test_the_log_can_be_followed(self):
        status, text = self.agent.raw_call("GET", self.agent.with_token("/v1/log?offset=0"))
        self.assertEqual(status, 200)
        self.assertIn(b"listening on", text)


class End(Suite):
    """How the agent ends."""

    setUpClass = tearDownClass = classmethod(lambda cls: None)

    def end_by(self, command):
        machine = Machine()
        self.addCleanup(machine.close)
        agent = Agent(machine, **{"ipa-standalone": "1"})
        self.addCleanup(agent.stop)
        agent.command(command, wait=False)
        return agent.wait_end()

    def test_power_off_reboot_and_lockdown_end_it_after_the_answer(self):
        self.assertEqual(self.end_by("standby.power_off"), 10)
        self.assertEqual(self.end_by("standby.run_image"), 11)
        self.assertEqual(self.end_by("system.lockdown"), 12)

    def test_an_agent_without_a_service_ends_with_its_reason(self):
        machine = Machine()
        self.addCleanup(machine.close)
        with self.assertRaisesRegex(AssertionError, "ipa-api-url is missing"):
            Agent(machine)
