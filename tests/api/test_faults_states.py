"""Every state of the provision table, by success, failure, time-out and abort, with what it leaves in the node.

SPDX-License-Identifier: Apache-2.0
"""
import faults_support
import harness
from faults_support import until

STEP = {"interface": "deploy", "step": "erase_devices"}


class States(faults_support.Suite):
    def failed(self, node, state, target, word, fault=None):
        """The node as a failure must leave it."""
        after = self.rest(node, state)
        self.assertEqual(after["target_provision_state"], target)
        self.assertIn(word, after["last_error"])
        self.assertEqual(after["maintenance"], fault is not None)
        self.assertEqual(after["fault"], fault)
        self.assertEqual(after["maintenance_reason"] is not None, fault is not None)
        self.assertEqual((after["deploy_step"], after["clean_step"]), ({}, {}))
        self.assertEqual(self.history(node)[-1]["event"], after["last_error"])
        phases = self.phases(node)
        self.assertIn(phases[-1]["result"], ("failed", "aborted"))
        self.assertEqual([phase for phase in phases if phase["finished_at"] is None], [])
        return after


class Deadlines(States):
    """Waits end after a second: too soon to look at them. That is done where they are aborted."""

    options = ("conductor.deploy_callback_timeout=1", "conductor.clean_callback_timeout=1", "conductor.rescue_callback_timeout=1",
               "conductor.inspect_wait_timeout=1")

    def test_a_deploy_without_a_call_fails_and_can_be_deployed_again(self):
        node = self.to(self.fake(), "available")
        self.orders(node, {"deploy.deploy": {"wait": True}})
        self.ask(node, "active")
        self.failed(node, "deploy failed", "active", "Timeout reached while waiting for callback")
        self.orders(node, {})
        self.ask(node, "active")
        self.assertIsNone(self.rest(node, "active")["last_error"])

    def test_a_cleaning_without_a_call_fails_into_maintenance(self):
        node = self.to(self.fake(), "manageable")
        self.orders(node, {"deploy.erase_devices": {"wait": True}})
        self.ask(node, "provide")
        self.failed(node, "clean failed", "available", "Timeout reached in clean wait", "clean failure")
        self.assertEqual(self.put(node, "provide").status, 400)
        self.want(202, "DELETE", "/v1/nodes/%s/maintenance" % node)
        after = self.get("/v1/nodes/" + node)
        self.assertEqual((after["maintenance"], after["fault"], after["maintenance_reason"]), (False, None, None))
        self.ask(node, "manage")
        self.rest(node, "manageable", target_provision_state=None)

    def test_a_rescue_without_a_call_fails_and_forgets_the_password(self):
        node = self.to(self.fake(), "active")
        self.orders(node, {"rescue.rescue": {"wait": True}})
        self.ask(node, "rescue", rescue_password="secret")
        after = self.failed(node, "rescue failed", "rescue", "Timeout reached in rescue wait")
        self.assertNotIn("rescue_password", after["instance_info"])
        self.orders(node, {})
        self.ask(node, "unrescue")
        self.rest(node, "active")

    def test_an_inspection_without_a_call_fails(self):
        node = self.to(self.fake(), "manageable")
        self.orders(node, {"inspect.inspect": {"wait": True}})
        self.ask(node, "inspect")
        self.assertIsNone(self.failed(node, "inspect failed", "manageable", "Timeout reached in inspect wait")["inspection_started_at"])

    def test_deadlines_wait_for_maintenance_to_end(self):
        node = self.to(self.fake(), "available")
        self.orders(node, {"deploy.deploy": {"wait": True, "wait_timeout_s": 600}})
        self.ask(node, "active")
        self.rest(node, "wait call-back")
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "let me look"})
        self.late(node)
        other = self.to(self.fake(), "available")
        self.orders(other, {"deploy.deploy": {"wait": True}})
        self.ask(other, "active")
        self.rest(other, "deploy failed")  # a deadline later than the first
        self.assertEqual(self.get("/v1/nodes/" + node)["provision_state"], "wait call-back")
        self.want(202, "DELETE", "/v1/nodes/%s/maintenance" % node)
        self.rest(node, "deploy failed")

    def test_deleting_ends_waits(self):
        for verb, wait, origin, more, function in (("active", "wait call-back", "available", {}, "deploy.deploy"),
                                                   ("rescue", "rescue wait", "active", {"rescue_password": "x"}, "rescue.rescue")):
            node = self.to(self.fake(), origin)
            self.orders(node, {function: {"wait": True, "wait_timeout_s": 600}})
            self.ask(node, verb, **more)
            self.wait_node(node, provision_state=wait)
            until("the lock is free", lambda: self.put(node, "deleted").status == 202)
            after = self.rest(node, "available", target_provision_state=None)
            self.assertEqual(after["instance_info"], {})
            self.assertEqual([phase for phase in self.phases(node) if phase["finished_at"] is None], [])


class Aborts(States):
    def waiting(self, origin, verb, state, function, target, **more):
        node = self.to(self.fake(), origin)
        self.orders(node, {function: {"wait": True}})
        self.ask(node, verb, **more)
        self.rest(node, state, target_provision_state=target)
        return node

    def test_a_deploy_that_waits_is_undeployed_not_aborted(self):
        node = self.waiting("available", "active", "wait call-back", "deploy.deploy", "active")
        self.assertEqual(self.get("/v1/nodes/" + node)["deploy_step"]["step"], "deploy")
        answer = self.call("PUT", "/v1/nodes/%s/states/provision" % node, {"target": "abort"}, version="1.82")  # from 1.110 on it is
        self.assertEqual(answer.status, 400)
        self.assertIn("\"deleted\" can", answer.message)
        self.assertEqual(self.get("/v1/nodes/" + node)["provision_state"], "wait call-back")
        self.ask(node, "deleted")
        self.rest(node, "available")

    def test_waits_for_the_machine_can_be_aborted(self):
        node = self.waiting("manageable", "inspect", "inspect wait", "inspect.inspect", "manageable")
        self.assertIsNotNone(self.get("/v1/nodes/" + node)["inspection_started_at"])
        self.ask(node, "abort")
        self.failed(node, "inspect failed", "manageable", "By request, the inspect wait operation was aborted")
        node = self.waiting("active", "rescue", "rescue wait", "rescue.rescue", "rescue", rescue_password="secret")
        self.ask(node, "abort")
        after = self.failed(node, "rescue failed", "rescue", "By request, the rescue wait operation was aborted")
        self.assertNotIn("rescue_password", after["instance_info"])

    def test_an_aborted_cleaning_begins_again_the_next_time(self):
        node = self.waiting("manageable", "provide", "clean wait", "deploy.erase_devices", "available")
        self.ask(node, "abort")
        self.failed(node, "clean failed", "available", "By request, the clean operation was aborted")
        node = self.waiting("manageable", "clean", "clean wait", "deploy.erase_devices", "manageable", clean_steps=[STEP])
        self.ask(node, "abort")
        self.failed(node, "clean failed", "manageable", "By request, the clean operation was aborted")
        self.orders(node, {})
        self.ask(node, "manage")
        self.rest(node, "manageable")
        self.ask(node, "provide")
        self.rest(node, "available")
        ran = [phase["phase"] for phase in self.phases(node) if phase["operation"] == "automated_clean"]
        self.assertEqual(ran, ["prepare", "deploy.erase_devices_metadata", "deploy.erase_devices"])

    def test_a_rescue_whose_abort_cannot_be_undone_is_a_fault(self):
        node = self.to(self.fake(), "active")
        self.orders(node, {"rescue.rescue": {"wait": True}, "rescue.clean_up": {"fail": "BMC_UNREACHABLE"}})
        self.ask(node, "rescue", rescue_password="secret")
        self.rest(node, "rescue wait")
        self.ask(node, "abort")
        after = self.rest(node, "rescue failed", maintenance=True)
        self.assertEqual(after["fault"], "rescue abort failure")

    def test_states_without_a_wait_cannot_be_aborted(self):
        node = self.to(self.fake({"deploy.deploy": {"delay_ms": 700}}), "available")
        self.assertEqual(self.put(node, "abort").status, 400)
        self.ask(node, "active")
        self.assertIn(self.put(node, "abort").status, (400, 409))
        self.rest(node, "active")
        self.assertEqual(self.put(node, "abort").status, 400)


class Failures(States):
    """What a failing function does to its state. Failures of a deploy put nothing into maintenance."""

    def run_failing(self, origin, verb, function, state, target, fault=None, **more):
        node = self.to(self.fake(), origin) if origin else self.fake()
        self.orders(node, {function: {"fail": "BMC_REFUSED", "message": "the machine said no"}})
        self.ask(node, verb, **more)
        self.failed(node, state, target, "the machine said no", fault)
        self.orders(node, {})
        return node

    def test_every_busy_state_fails_into_its_own_failure(self):
        for origin, verb, function, state, target, fault, more in (
                (None, "manage", "power.validate", "enroll", None, None, {}),
                ("available", "active", "deploy.prepare", "deploy failed", "active", None, {}),
                ("available", "active", "deploy.deploy", "deploy failed", "active", None, {}),
                ("active", "rebuild", "deploy.deploy", "deploy failed", "active", None, {}),
                ("active", "deleted", "deploy.tear_down", "error", None, None, {}),
                ("active", "deleted", "deploy.clean_up", "error", None, None, {}),
                ("manageable", "provide", "deploy.erase_devices", "clean failed", "available", "clean failure", {}),
                ("manageable", "clean", "deploy.erase_devices", "clean failed", "manageable", "clean failure", {"clean_steps": [STEP]}),
                ("manageable", "inspect", "inspect.inspect", "inspect failed", "manageable", None, {}),
                ("manageable", "adopt", "deploy.take_over", "adopt failed", "active", None, {}),
                ("active", "rescue", "rescue.rescue", "rescue failed", "rescue", None, {"rescue_password": "x"}),
                ("rescue", "unrescue", "rescue.unrescue", "unrescue failed", "active", None, {})):
            with self.subTest(function=function, verb=verb):
                self.run_failing(origin, verb, function, state, target, fault, **more)

    def test_the_ways_out_of_every_failure(self):
        node = self.run_failing("available", "active", "deploy.deploy", "deploy failed", "active")
        self.ask(node, "rebuild")
        self.rest(node, "active")
        self.orders(node, {"deploy.tear_down": {"fail": "BMC_BUSY"}})
        self.ask(node, "deleted")
        self.assertEqual(self.rest(node, "error")["instance_info"], {})
        self.orders(node, {})
        self.ask(node, "deleted")
        self.rest(node, "available")
        node = self.run_failing("manageable", "inspect", "inspect.inspect", "inspect failed", "manageable")
        self.ask(node, "inspect")
        self.rest(node, "manageable")
        node = self.run_failing("manageable", "adopt", "deploy.take_over", "adopt failed", "active")
        self.ask(node, "adopt")
        self.rest(node, "active")
        node = self.run_failing("rescue", "unrescue", "rescue.unrescue", "unrescue failed", "active")
        self.ask(node, "unrescue")
        self.rest(node, "active")
        node = self.run_failing("manageable", "adopt", "deploy.take_over", "adopt failed", "active")
        self.ask(node, "manage")
        self.rest(node, "manageable")
        self.want(204, "DELETE", "/v1/nodes/" + node)

    def test_a_failed_power_change_leaves_the_state_and_is_reported(self):
        node = self.powered(self.fake())
        self.orders(node, {"power.set": {"fail": "BMC_BUSY", "message": "not now", "times": 1}})
        self.assertEqual(self.power(node, "power off").status, 202)
        after = self.wait_node(node, target_power_state=None, reservation=None)
        self.assertEqual(after["power_state"], "power on")
        self.assertIn("not now", after["last_error"])
        self.assertFalse(after["maintenance"])
        self.assertIn("not now", self.history(node)[-1]["event"])
        self.assertEqual(self.power(node, "power off").status, 202)
        self.assertIsNone(self.wait_node(node, power_state="power off", reservation=None)["last_error"])


class Rules(States):
    options = ("conductor.allow_provisioning_in_maintenance=false",)

    def test_protected_nodes_are_neither_undeployed_nor_rebuilt_nor_deleted(self):
        node = self.to(self.fake(), "active")
        self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/protected", "value": True}])
        for verb in ("deleted", "undeploy", "rebuild"):
            self.assertEqual(self.put(node, verb).status, 403, verb)
        self.assertEqual(self.call("DELETE", "/v1/nodes/" + node).status, 403)
        self.assertEqual(self.get("/v1/nodes/" + node)["provision_state"], "active")
        self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "replace", "path": "/protected", "value": False}])
        self.ask(node, "deleted")
        self.rest(node, "available")

    def test_maintenance_prevents_new_work_but_not_its_end(self):
        node = self.to(self.fake(), "active")
        managed = self.to(self.fake(), "manageable")
        for item in (node, managed):
            self.want(202, "PUT", "/v1/nodes/%s/maintenance" % item, {"reason": "broken fan"})
        for item, verb, more in ((node, "rebuild", {}), (node, "rescue", {"rescue_password": "x"}), (managed, "provide", {}),
                                 (managed, "clean", {"clean_steps": [STEP]})):
            answer = self.put(item, verb, **more)
            self.assertEqual(answer.status, 400, verb)
            self.assertIn("maintenance", answer.message)
        self.assertEqual(self.power(node, "power on").status, 202)
        self.wait_node(node, power_state="power on", reservation=None)
        self.ask(node, "deleted")
        self.assertTrue(self.rest(node, "available")["maintenance"])

    def test_retired_nodes_are_cleaned_to_manageable(self):
        node = self.to(self.fake(), "active")
        self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/retired", "value": True}])
        self.ask(node, "deleted")
        self.rest(node, "manageable")
        self.assertEqual(self.put(node, "provide").status, 400)

    def test_power_does_not_change_while_cleaning(self):
        node = self.to(self.fake(), "manageable")
        self.orders(node, {"deploy.erase_devices": {"wait": True}})
        self.ask(node, "provide")
        self.rest(node, "clean wait")
        self.assertEqual(self.power(node, "power on").status, 400)

    def test_power_changes_during_a_deploy_s_wait_keep_its_timeline(self):
        node = self.to(self.fake(), "available")
        self.orders(node, {"deploy.deploy": {"wait": True}})
        self.ask(node, "active")
        self.rest(node, "wait call-back")
        self.assertEqual(self.power(node, "rebooting").status, 202)
        self.wait_node(node, power_state="power on", target_power_state=None, reservation=None)
        self.ask(node, "deleted")
        self.rest(node, "available")
        last = [phase for phase in self.phases(node) if phase["operation"] == "deploy"][-1]
        self.assertEqual((last["phase"], last["result"]), ("deploy.deploy", "aborted"))

    def test_soft_and_timed_power_targets(self):
        node = self.fake()
        for target, timeout, state in (("power on", 5, "power on"), ("soft rebooting", 9, "power on"), ("rebooting", None, "power on"),
                                       ("soft power off", 9, "power off"), ("power off", 1, "power off")):
            more = {"timeout": timeout} if timeout else {}
            self.assertEqual(self.power(node, target, **more).status, 202)
            self.assertIsNone(self.wait_node(node, power_state=state, target_power_state=None, reservation=None)["last_error"])
        self.assertEqual(self.power(node, "power on", timeout=10 ** 12).status in (202, 400), True)
        self.wait_node(node, target_power_state=None, reservation=None)

    def test_a_power_change_that_takes_longer_than_its_time_fails(self):
        node = self.powered(self.fake())
        self.orders(node, {"power.set": {"delay_ms": 60000}})
        self.assertEqual(self.power(node, "power off", timeout=1).status, 202)
        after = self.wait_node(node, target_power_state=None, reservation=None)
        self.assertEqual(after["power_state"], "power on")
        self.assertIn("Failed to change power state to 'power off'", after["last_error"])

    def test_a_reboot_has_the_time_of_going_off_and_of_coming_on(self):
        node = self.powered(self.fake())
        self.orders(node, {"power.set": {"delay_ms": 8000}})
        self.assertEqual(self.power(node, "rebooting", timeout=2).status, 202)
        self.assertIsNone(self.wait_node(node, target_power_state=None, reservation=None)["last_error"])

    def test_automated_cleaning_runs_by_priority_and_manual_cleaning_in_the_order_of_the_request(self):
        node = self.to(self.fake(), "manageable")
        self.ask(node, "provide")
        self.rest(node, "available")
        ran = [phase["phase"] for phase in self.phases(node) if phase["operation"] == "automated_clean"]
        self.assertEqual(ran, ["prepare", "deploy.erase_devices_metadata", "deploy.erase_devices"])
        self.ask(node, "manage")
        self.rest(node, "manageable")
        steps = [STEP, {"interface": "deploy", "step": "erase_devices_metadata"}, STEP]
        self.ask(node, "clean", clean_steps=steps)
        self.rest(node, "manageable", target_provision_state=None)
        ran = [phase["phase"] for phase in self.phases(node) if phase["operation"] == "clean"]
        self.assertEqual(ran, ["prepare", "deploy.erase_devices", "deploy.erase_devices_metadata", "deploy.erase_devices"])
        for wrong in ({"args": {"zork": 1}}, {"step": "zork"}):
            self.assertEqual(self.put(node, "clean", clean_steps=[dict(STEP, **wrong)]).status, 400)

    def test_nodes_that_are_not_to_be_cleaned_pass_through(self):
        node = self.fake(automated_clean=False)
        self.to(node, "available")
        self.assertEqual([phase for phase in self.phases(node) if phase["operation"] == "automated_clean"], [])
