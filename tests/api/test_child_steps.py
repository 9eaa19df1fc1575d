"""Steps that a node's plan has for its child nodes, on fake hardware.

SPDX-License-Identifier: Apache-2.0
"""
import unittest

import auth_support
import faults_support
import harness

VERSION = "1.115"
CHILDREN = {"execute_on_child_nodes": True}
ON, OFF = {"interface": "power", "step": "power_on"}, {"interface": "power", "step": "power_off"}
RESET = {"interface": "bios", "step": "factory_reset"}


class ChildSteps(faults_support.Suite):
    options = ("conductor.automated_clean=false", "conductor.sync_power_state_interval=0", "enabled_hardware_types=fake-hardware",
               "conductor.node_locked_retry_attempts=200")

    def setUp(self):
        self.parent = self.machine("parent")
        self.children = [self.machine("child-%d" % number, parent_node=self.parent) for number in range(2)]

    def machine(self, name, **more):
        node = self.want(201, "POST", "/v1/nodes", {"driver": "fake-hardware", "name": "%s-%s" % (name, harness.random_uuid()[:8]),
                                                    "bios_interface": "fake", **more}, VERSION)
        self.ask(node["uuid"], "manage")
        self.rest(node["uuid"], "manageable")
        return node["uuid"]

    def put_steps(self, steps, verb="clean", version=VERSION):
        return self.call("PUT", "/v1/nodes/%s/states/provision" % self.parent, {"target": verb, verb + "_steps": steps}, version=version)

    def clean(self, *steps):
        self.assertEqual(self.put_steps(list(steps)).status, 202)

    def cleaned(self, *steps):
        self.clean(*steps)
        self.assertIsNone(self.rest(self.parent, "manageable")["last_error"])

    def fails(self, step, words):
        self.clean(step)
        node = self.rest(self.parent, "clean failed")
        for text in words:
            self.assertIn(text, node["last_error"])
        self.assertEqual([self.get("/v1/nodes/" + uuid)["reservation"] for uuid in self.children], [None, None])

    def power_states(self):
        return [self.get("/v1/nodes/" + uuid)["power_state"] for uuid in (self.parent, *self.children)]

    def test_a_step_runs_on_the_children_and_not_on_the_parent(self):
        before = self.power_states()[0]
        self.cleaned({**ON, **CHILDREN})
        self.assertEqual(self.power_states(), [before, "power on", "power on"])
        self.cleaned({**OFF, **CHILDREN}, ON)
        self.assertEqual(self.power_states(), ["power on", "power off", "power off"])
        for uuid in self.children:
            node = self.get("/v1/nodes/" + uuid)
            self.assertEqual((node["provision_state"], node["clean_step"], node["last_error"]), ("manageable", {}, None))

    def test_it_runs_on_those_that_are_named(self):
        self.cleaned({**ON, **CHILDREN})
        self.cleaned({**OFF, **CHILDREN, "limit_child_node_execution": [self.children[1]]})
        self.assertEqual(self.power_states()[1:], ["power on", "power off"])
        stranger = self.machine("stranger")
        self.cleaned({**OFF, **CHILDREN, "limit_child_node_execution": [stranger]})  # no child: nothing to do
        self.assertEqual(self.power_states()[1:], ["power on", "power off"])
        self.cleaned({**ON, **CHILDREN, "limit_child_node_execution": []})
        self.assertEqual(self.power_states()[1:], ["power on", "power on"])

    def test_a_step_of_their_interfaces_runs_with_its_arguments(self):
        self.cleaned({**RESET, **CHILDREN})
        self.cleaned({"interface": "bios", "step": "apply_configuration", "args": {"settings": []}, **CHILDREN})
        self.assertIn("child_node", [row["phase"] for row in self.phases(self.parent)])

    def test_it_runs_in_servicing_too(self):
        for verb, state in (("provide", "available"), ("active", "active")):
            self.ask(self.parent, verb)
            self.rest(self.parent, state)
        self.assertEqual(self.put_steps([{**ON, **CHILDREN}], "service").status, 202)
        self.assertIsNone(self.rest(self.parent, "active")["last_error"])
        self.assertEqual(self.power_states()[1:], ["power on", "power on"])

    def test_the_first_child_that_fails_fails_the_step(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.children[0],
                  [{"op": "add", "path": "/driver_info/fake", "value": {"power.set": {"fail": "BMC_BUSY", "message": "no answer"}}}])
        self.fails({**ON, **CHILDREN}, ("power.power_on", "child node " + self.children[0], "no answer"))

    def test_what_a_child_cannot_do_is_told(self):
        self.fails({"interface": "deploy", "step": "nothing_like_it", **CHILDREN}, ("child node ", "it has no clean step of this name"))

    def test_nothing_would_end_a_wait_or_a_hold_of_a_child(self):
        for step in ("hold", "wait"):
            self.fails({"interface": "power", "step": step, **CHILDREN}, ("child node ", "nothing would end that"))
            self.want(202, "DELETE", "/v1/nodes/%s/maintenance" % self.parent)
            self.ask(self.parent, "manage")
            self.rest(self.parent, "manageable")

    def test_a_child_in_other_work_is_waited_for(self):
        busy = self.children[0]
        self.want(200, "PATCH", "/v1/nodes/" + busy, [{"op": "add", "path": "/driver_info/fake", "value": {
            "power.set": {"delay_ms": 300}}}])
        self.assertEqual(self.power(busy, "power on").status, 202)
        self.cleaned({**OFF, **CHILDREN})
        self.assertEqual(self.power_states()[1:], ["power off", "power off"])

    def test_what_is_no_such_step_is_refused(self):
        for more, version, status, words in (
                ({"execute_on_child_nodes": "yes"}, VERSION, 400, "execute_on_child_nodes must be a boolean"),
                ({**CHILDREN, "limit_child_node_execution": "all"}, VERSION, 400, "must be a list of UUIDs"),
                ({**CHILDREN, "limit_child_node_execution": ["child-0"]}, VERSION, 400, "must be a list of UUIDs"),
                ({**CHILDREN, "limit_child_node_execution": [harness.random_uuid()]}, VERSION, 404, "could not be found"),
                (CHILDREN, "1.82", 400, "'execute_on_child_nodes' was unexpected")):
            answer = self.put_steps([{**ON, **more}], version=version)
            self.assertEqual(answer.status, status, answer.body)
            self.assertIn(words, answer.body.decode())
        self.assertEqual(self.get("/v1/nodes/" + self.parent)["provision_state"], "manageable")


class Permitted(ChildSteps):
    """[conductor]permit_child_node_step_async_result lets a child wait for what nobody looks at."""
    options = ChildSteps.options + ("conductor.permit_child_node_step_async_result=true",)

    def test_nothing_would_end_a_wait_or_a_hold_of_a_child(self):
        self.cleaned({"interface": "power", "step": "wait", **CHILDREN}, {**ON, **CHILDREN})
        self.assertEqual(self.power_states()[1:], ["power on", "power on"])
        self.fails({"interface": "power", "step": "hold", **CHILDREN}, ("child node ", "nothing would end that"))


class Rights(auth_support.KeystoneSuite):
    """A step on children needs for each of them what it needs for their parent."""

    settings = ("conductor.automated_clean=false",)

    def machine(self, name, **more):
        body = {"driver": "fake-hardware", "name": "%s-%s" % (name, harness.random_uuid()[:8]), "bios_interface": "fake", **more}
        return self.done("system/admin", "POST", "/v1/nodes", body)["uuid"]

    def test_all_children_are_asked_for(self):
        parent = self.machine("parent", owner="own")
        ours, theirs = (self.machine(name, owner="own", parent_node=parent) for name in ("ours", "theirs"))
        self.done("system/admin", "PATCH", "/v1/nodes/" + theirs, [{"op": "replace", "path": "/owner", "value": "third"}])
        path = "/v1/nodes/%s/states/provision" % parent
        headers = {"X-Auth-Token": "system/admin"}
        self.want(202, "PUT", path, {"target": "manage"}, headers=headers)
        self.wait_node(parent, headers, provision_state="manageable", reservation=None)

        def ask(who, *named):
            step = {**ON, **CHILDREN, "limit_child_node_execution": list(named)}
            return self.as_(who, "PUT", path, {"target": "clean", "clean_steps": [step]})

        for named in ((), (theirs,), (ours, theirs)):
            self.assertEqual(ask("own/admin", *named).status, 404, named)
        self.assertEqual(ask("own/admin", ours).status, 202)
        self.wait_node(parent, headers, provision_state="manageable", reservation=None)
        self.assertEqual(ask("system/admin").status, 202)
        self.wait_node(parent, headers, provision_state="manageable", reservation=None)
        powers = [self.want(200, "GET", "/v1/nodes/" + uuid, headers=headers)["power_state"] for uuid in (ours, theirs)]
        self.assertEqual(powers, ["power on", "power on"])


if __name__ == "__main__":
    unittest.main()
