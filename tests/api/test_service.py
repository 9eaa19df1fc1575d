"""Steps that hold a node, and servicing: steps on a node that has an instance.

SPDX-License-Identifier: Apache-2.0
"""
import harness
from faults_support import until

VERSION = "1.115"
HOLD = {"interface": "deploy", "step": "hold"}
LOOK = {"interface": "deploy", "step": "look"}
ERASE = {"interface": "deploy", "step": "erase_devices"}


class Steps(harness.Suite):
    def put(self, node, target, version=VERSION, **more):
        return self.call("PUT", "/v1/nodes/%s/states/provision" % node, dict(more, target=target), version)

    def ask(self, node, target, **more):
        answer = self.put(node, target, **more)
        self.assertEqual(answer.status, 202, answer.body)

    def shown(self, node):
        return self.get("/v1/nodes/" + node, VERSION)

    def rest(self, node, state):
        return self.wait_node(node, provision_state=state, reservation=None)

    def orders(self, node, orders):
        self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/driver_info/fake", "value": orders}])

    def manageable(self, **values):
        node = self.node(**values)["uuid"]
        self.provision(node, "manage", "manageable")
        return node

    def active(self, **orders):
        node = self.available_node()["uuid"]
        self.provision(node, "active", "active")
        if orders:
            self.want(202, "PUT", "/v1/nodes/%s/maintenance" % node, {})
            self.orders(node, orders)
            self.want(202, "DELETE", "/v1/nodes/%s/maintenance" % node)
        return node

    def phases(self, node):
        return [phase["phase"] for phase in self.get("/v1/nodes/%s/timeline" % node)["timeline"]]


class Holds(Steps):
    options = ("conductor.node_locked_retry_attempts=30",)  # the call of an agent is looked at a moment later, under the node's lock

    def test_a_clean_step_holds_the_node_until_it_is_released(self):
        node = self.manageable()
        self.ask(node, "clean", clean_steps=[HOLD, ERASE, HOLD])
        held = self.rest(node, "clean hold")
        self.assertEqual((held["target_provision_state"], held["clean_step"]["step"]), ("manageable", "hold"))
        self.assertNotIn("deploy.erase_devices", self.phases(node))
        self.ask(node, "unhold")
        self.rest(node, "clean hold")
        self.assertIn("deploy.erase_devices", self.phases(node))
        self.ask(node, "unhold")
        after = self.rest(node, "manageable")
        self.assertEqual((after["clean_step"], after["last_error"]), ({}, None))

    def test_a_deploy_step_holds_the_node(self):
        node = self.available_node()["uuid"]
        self.ask(node, "active", deploy_steps=[dict(HOLD, args={}, priority=150)])
        self.rest(node, "deploy hold")
        self.assertNotIn("deploy.deploy", self.phases(node))
        self.ask(node, "unhold")
        self.rest(node, "active")
        self.assertIn("deploy.deploy", self.phases(node))

    def test_what_is_held_can_be_aborted(self):
        cleaned, deployed = self.manageable(), self.available_node()["uuid"]
        self.ask(cleaned, "clean", clean_steps=[HOLD, ERASE])
        self.ask(deployed, "active", deploy_steps=[dict(HOLD, args={}, priority=50)])
        self.rest(cleaned, "clean hold")
        self.rest(deployed, "deploy hold")
        for node, state in ((cleaned, "clean failed"), (deployed, "deploy failed")):
            self.ask(node, "abort")
            after = self.rest(node, state)
            self.assertIn("aborted", after["last_error"])
        self.assertNotIn("deploy.erase_devices", self.phases(cleaned))

    def test_a_held_node_is_let_alone_by_its_agent_and_by_deadlines(self):
        node = self.manageable(driver_info={"fake": {"deploy.prepare_cleaning": {"wait": True}, "agent": {"version": "1", "clean": []}}})
        self.ask(node, "clean", clean_steps=[HOLD, ERASE])
        self.wait_node(node, provision_state="clean wait", reservation=None)
        found = self.want(200, "GET", "/v1/lookup?node_uuid=" + node)
        beat = {"agent_token": found["config"]["agent_token"], "agent_version": "9.9", "callback_url": "https://127.0.0.1:1"}
        self.want(202, "POST", "/v1/heartbeat/" + node, beat)
        self.rest(node, "clean hold")
        self.want(202, "POST", "/v1/heartbeat/" + node, beat)
        self.assertEqual(self.shown(node)["provision_state"], "clean hold")
        self.assertNotIn("deploy.erase_devices", self.phases(node))
        self.ask(node, "unhold")
        self.rest(node, "manageable")

    def test_unhold_is_for_nodes_that_are_held(self):
        node = self.manageable()
        for version in ("1.84", "1.85", VERSION):
            answer = self.put(node, "unhold", version)
            self.assertEqual(answer.status, 400, answer.body)
        self.ask(node, "clean", clean_steps=[HOLD])
        self.rest(node, "clean hold")
        self.assertEqual(self.put(node, "unhold", "1.84").status, 406)
        self.assertEqual(self.put(node, "provide").status, 400)
        self.assertEqual(self.put(node, "unhold", "1.85").status, 202)
        self.rest(node, "manageable")

    def test_steps_switch_the_machine_and_wait(self):
        node = self.manageable()
        for step, power in (("power_on", "power on"), ("power_off", "power off"), ("reboot", "power on")):
            self.ask(node, "clean", clean_steps=[{"interface": "power", "step": step}])
            self.assertEqual(self.rest(node, "manageable")["power_state"], power)
        self.ask(node, "clean", clean_steps=[{"interface": "power", "step": "wait", "args": {"seconds": 1}}])
        self.rest(node, "manageable")
        self.ask(node, "clean", clean_steps=[{"interface": "power", "step": "wait"}])
        self.rest(node, "clean wait")
        self.ask(node, "abort")
        self.rest(node, "clean failed")

    def test_reserved_steps_take_no_other_arguments(self):
        node = self.manageable()
        for step in (dict(HOLD, args={"seconds": 1}), {"interface": "power", "step": "wait", "args": {"minutes": 1}}):
            self.assertEqual(self.put(node, "clean", clean_steps=[step]).status, 400, step)


class Servicing(Steps):
    def test_steps_run_while_the_instance_does(self):
        node = self.active()
        self.ask(node, "service", service_steps=[LOOK])
        after = self.rest(node, "active")
        self.assertEqual((after["target_provision_state"], after["last_error"]), (None, None))
        self.assertEqual(self.shown(node)["service_step"], {})
        self.assertIn("deploy.look", self.phases(node))
        self.assertNotIn("service_step", self.get("/v1/nodes/" + node, "1.86"))

    def test_a_step_waits_and_is_shown(self):
        node = self.active(**{"deploy.look": {"wait": True}})
        self.ask(node, "service", service_steps=[LOOK])
        self.rest(node, "service wait")
        shown = self.shown(node)
        self.assertEqual((shown["target_provision_state"], shown["service_step"]["step"]), ("active", "look"))
        self.ask(node, "abort")
        after = self.rest(node, "active")
        self.assertEqual(after["last_error"], "By request, the service operation was aborted.")
        self.assertFalse(after["maintenance"])

    def test_a_failed_step_leaves_the_machine_to_a_person(self):
        node = self.active(**{"deploy.look": {"fail": "DEPLOY_FAILED", "message": "no light"}})
        self.ask(node, "service", service_steps=[LOOK])
        after = self.rest(node, "service failed")
        self.assertEqual((after["fault"], after["maintenance"], after["target_provision_state"]), ("service failure", True, "active"))
        self.assertIn("no light", after["maintenance_reason"])
        nodes = self.get("/v1/nodes?fault=service+failure", VERSION)["nodes"]
        self.assertIn(node, [found["uuid"] for found in nodes])
        answer = self.put(node, "abort")
        self.assertEqual(answer.status, 409)
        self.assertIn("maintenance", answer.message)
        self.assertEqual(self.put(node, "service", service_steps=[LOOK]).status, 400)
        self.want(202, "DELETE", "/v1/nodes/%s/maintenance" % node)
        self.ask(node, "abort")
        self.assertEqual(self.rest(node, "active")["last_error"], "By request, the service operation was aborted.")

    def test_failed_servicing_can_be_done_again_or_undeployed_or_rescued(self):
        for verb, more, state in (("service", {"service_steps": [LOOK]}, "active"), ("deleted", {}, "available"),
                                  ("rescue", {"rescue_password": "secret"}, "rescue")):
            node = self.active(**{"deploy.look": {"fail": "DEPLOY_FAILED", "times": 1}})
            self.ask(node, "service", service_steps=[LOOK])
            self.rest(node, "service failed")
            self.want(202, "DELETE", "/v1/nodes/%s/maintenance" % node)
            self.ask(node, verb, **more)
            self.rest(node, state)

    def test_a_hold_is_released_serviced_or_aborted(self):
        for verb, more in (("unhold", {}), ("service", {"service_steps": [LOOK]}), ("abort", {})):
            node = self.active()
            self.ask(node, "service", service_steps=[HOLD, LOOK])
            self.rest(node, "service hold")
            self.assertEqual(self.shown(node)["service_step"]["step"], "hold")
            self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/extra/held", "value": 1}])
            self.ask(node, verb, **more)
            self.rest(node, "active")
            self.assertEqual("deploy.look" in self.phases(node), verb != "abort", verb)

    def test_an_agent_has_steps_too(self):
        agent = {"version": "1", "service": [{"interface": "deploy", "step": "burn", "priority": 0, "abortable": True}]}
        node = self.active(agent=agent)
        burn = {"interface": "deploy", "step": "burn"}
        self.ask(node, "service", service_steps=[burn, LOOK])
        self.rest(node, "service wait")
        found = self.want(200, "GET", "/v1/lookup?node_uuid=" + node)
        beat = {"agent_token": found["config"]["agent_token"], "agent_version": "9.9", "callback_url": "https://127.0.0.1:1"}
        self.want(202, "POST", "/v1/heartbeat/" + node, beat)
        until("the agent has its step", lambda: "deploy.burn" in self.phases(node))
        self.rest(node, "service wait")
        self.want(202, "POST", "/v1/heartbeat/" + node, beat)
        self.rest(node, "active")
        self.assertIn("deploy.look", self.phases(node))

    def test_the_verb_has_its_version_and_its_states(self):
        node, other = self.active(), self.manageable()
        self.assertEqual(self.put(other, "service", "1.86").status, 400)
        self.assertEqual(self.put(other, "service", service_steps=[LOOK]).status, 400)
        self.assertEqual(self.put(node, "service", "1.86", service_steps=[LOOK]).status, 406)
        answer = self.put(node, "service")
        self.assertEqual(answer.status, 400)
        self.assertIn('"service_steps" is required when setting target provision state to service', answer.message)

    def test_bodies_are_checked(self):
        node = self.active()
        for more in ({"service_steps": []}, {"service_steps": "x"}, {"service_steps": [5]}, {"service_steps": [{"step": "look"}]},
                     {"service_steps": [dict(LOOK, interface="network")]}, {"service_steps": [dict(LOOK, args=5)]},
                     {"service_steps": [{"interface": "vendor", "step": "send_raw"}]}, {"clean_steps": [LOOK]},
                     {"service_steps": [LOOK], "clean_steps": [LOOK]}, {"service_steps": [LOOK], "disable_ramdisk": 5},
                     {"service_steps": [dict(LOOK, step="no_such_step")]}):
            self.assertEqual(self.put(node, "service", **more).status, 400, more)
        self.assertEqual(self.put(node, "rebuild", service_steps=[LOOK]).status, 400)
        self.assertEqual(self.put(node, "service", "1.107", service_steps=[LOOK], disable_ramdisk=True).status, 406)
        self.assertEqual(self.shown(node)["provision_state"], "active")

    def test_servicing_without_ramdisk(self):
        agent = {"version": "1", "service": [{"interface": "deploy", "step": "burn", "priority": 0}]}
        node = self.active(agent=agent)
        burn = {"interface": "deploy", "step": "burn"}
        self.assertEqual(self.put(node, "service", service_steps=[burn], disable_ramdisk=True).status, 400)
        self.ask(node, "service", service_steps=[LOOK], disable_ramdisk=True)
        self.rest(node, "active")


class Aborts(Steps):
    def test_a_deploy_that_waits_is_aborted_from_1_110_on(self):
        node = self.available_node(driver_info={"fake": {"deploy.deploy": {"wait": True}}})["uuid"]
        self.ask(node, "active")
        self.rest(node, "wait call-back")
        for version, status in (("1.82", 400), ("1.83", 406), ("1.109", 406), ("1.110", 202)):
            self.assertEqual(self.put(node, "abort", version).status, status, version)
        self.rest(node, "deploy failed")
