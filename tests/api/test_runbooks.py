"""Runbooks: who sees, changes and uses them, and what they do to a node. What they look like is the tour of conversations.

SPDX-License-Identifier: Apache-2.0
"""
import concurrent.futures

import auth_support
import harness

MANAGER, STRANGER = "own/manager,member,reader", "else/manager,member,reader"
STEPS = [{"interface": "bios", "step": "factory_reset", "order": 1}]


class Use(harness.Suite):
    def manageable(self, name, *traits):
        self.want(201, "POST", "/v1/nodes", {"driver": "fake-hardware", "name": name})
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % name, {"target": "manage"})
        self.wait_node(name, provision_state="manageable", reservation=None)
        self.want(204, "PUT", "/v1/nodes/%s/traits" % name, {"traits": list(traits)})

    def test_the_steps_of_a_runbook_run_in_their_order(self):
        self.manageable("ordered", "CUSTOM_ORDERED")
        self.want(201, "POST", "/v1/runbooks", {"name": "CUSTOM_ORDERED", "steps": [
            {"interface": "bios", "step": "apply_configuration", "order": 7, "args": {"settings": []}},
            {"interface": "bios", "step": "factory_reset", "order": "3"}]})
        self.want(202, "PUT", "/v1/nodes/ordered/states/provision", {"target": "clean", "runbook": "CUSTOM_ORDERED"}, version="1.111")
        self.wait_node("ordered", provision_state="manageable", target_provision_state=None, reservation=None)
        timeline = self.get("/v1/nodes/ordered/timeline")["timeline"]
        steps = [phase["phase"] for phase in timeline if phase["operation"] == "clean" and phase["phase"].startswith("bios.")]
        self.assertEqual(list(dict.fromkeys(steps)), ["bios.factory_reset", "bios.apply_configuration"])

    def test_a_runbook_is_for_nodes_with_its_trait(self):
        self.manageable("matched", "CUSTOM_RACK_9")
        made = self.want(201, "POST", "/v1/runbooks", {"name": "by-trait", "steps": STEPS})
        clean = {"target": "clean", "runbook": made["uuid"]}
        path = "/v1/nodes/matched/states/provision"
        self.refuse(400, "PUT", path, clean)
        self.want(204, "PUT", "/v1/runbooks/by-trait/traits", {"traits": ["CUSTOM_RACK_8"]})
        self.refuse(400, "PUT", path, clean)
        self.refuse(400, "PUT", path, clean, version="1.111")
        self.refuse(406, "PUT", path, clean, version="1.91")
        self.want(204, "PUT", "/v1/runbooks/by-trait/traits/CUSTOM_RACK_9")
        self.refuse(400, "PUT", path, dict(clean, clean_steps=[{"interface": "bios", "step": "factory_reset"}]))
        self.want(202, "PUT", path, clean)
        self.wait_node("matched", provision_state="manageable", target_provision_state=None, reservation=None)

    def test_servicing_runs_a_runbook_too(self):
        self.manageable("serviced", "CUSTOM_SERVED")
        path = "/v1/nodes/serviced/states/provision"
        for target, state in (("provide", "available"), ("active", "active")):
            self.want(202, "PUT", path, {"target": target})
            self.wait_node("serviced", provision_state=state, reservation=None)
        self.want(201, "POST", "/v1/runbooks", {"name": "served", "steps": [{"interface": "deploy", "step": "look", "order": 1}]})
        self.want(204, "PUT", "/v1/runbooks/served/traits/CUSTOM_SERVED")
        self.want(202, "PUT", path, {"target": "service", "runbook": "served"})
        self.wait_node("serviced", provision_state="active", target_provision_state=None, reservation=None)
        phases = [phase["phase"] for phase in self.get("/v1/nodes/serviced/timeline")["timeline"] if phase["operation"] == "service"]
        self.assertIn("deploy.look", phases)

    def test_traits_that_clients_add_at_once_are_all_there(self):
        self.want(201, "POST", "/v1/runbooks", {"name": "busy", "steps": STEPS})
        names = ["CUSTOM_%d" % number for number in range(20)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = list(pool.map(lambda name: self.call("PUT", "/v1/runbooks/busy/traits/" + name).status, names))
        self.assertEqual(set(done), {204})
        self.assertEqual(set(self.get("/v1/runbooks/busy/traits")["traits"]), set(names))
        self.refuse(400, "PUT", "/v1/runbooks/busy/traits", {"traits": ["CUSTOM_%d" % number for number in range(51)]})

    def test_secrets_in_steps_are_masked(self):
        steps = [{"interface": "bios", "step": "x", "order": 1, "args": {"password": "made-up", "plain": "seen"}}]
        made = self.want(201, "POST", "/v1/runbooks", {"name": "masked", "steps": steps})
        for shown in (made, self.get("/v1/runbooks/masked"), self.get("/v1/runbooks?detail=true")["runbooks"][0]):
            if shown["name"] == "masked":
                self.assertEqual(shown["steps"][0]["args"], {"password": "******", "plain": "seen"})


class AutomatedCleaning(harness.Suite):
    options = ("conductor.automated_cleaning_step_source=runbook", "conductor.automated_cleaning_runbook_by_resource_class=big:all-new",
               "conductor.automated_clean=true")

    def cleaned(self, name, **fields):
        self.want(201, "POST", "/v1/nodes", dict({"driver": "fake-hardware", "name": name}, **fields))
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % name, {"target": "manage"})
        self.wait_node(name, provision_state="manageable", reservation=None)
        self.want(204, "PUT", "/v1/nodes/%s/traits" % name, {"traits": ["CUSTOM_CLEAN"]})
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % name, {"target": "provide"})

    def test_automated_cleaning_runs_the_runbook_of_the_class(self):
        self.want(201, "POST", "/v1/runbooks", {"name": "all-new", "steps": STEPS})
        self.want(204, "PUT", "/v1/runbooks/all-new/traits/CUSTOM_CLEAN")
        self.cleaned("big-one", resource_class="big")
        self.wait_node("big-one", provision_state="available", reservation=None)
        phases = [phase["phase"] for phase in self.get("/v1/nodes/big-one/timeline")["timeline"]]
        self.assertIn("bios.factory_reset", phases)
        self.cleaned("small-one", resource_class="small")
        self.wait_node("small-one", provision_state="clean failed", reservation=None)
        self.assertIn("none is configured", self.get("/v1/nodes/small-one")["last_error"])


class Owners(auth_support.KeystoneSuite):
    SYSTEM = "system/admin"

    def status(self, who, method, path, body=None):
        return self.as_(who, method, path, body).status

    def test_a_projects_runbooks_belong_to_it(self):
        made = self.done(MANAGER, "POST", "/v1/runbooks", {"name": "owned", "steps": STEPS})
        self.assertEqual((made["owner"], made["public"]), ("own", False))
        self.assertEqual(self.status(MANAGER, "POST", "/v1/runbooks", {"name": "x", "steps": STEPS, "owner": "else"}), 400)
        self.assertEqual(self.status(MANAGER, "POST", "/v1/runbooks", {"name": "x", "steps": STEPS, "public": True}), 400)
        self.assertEqual(self.status("own/member", "POST", "/v1/runbooks", {"name": "x", "steps": STEPS}), 403)
        change = [{"op": "add", "path": "/extra/a", "value": 1}]
        for who, see, update in ((MANAGER, 200, 200), ("own/reader", 200, 403), (STRANGER, 404, 404),
                                 ("system/reader", 200, 403), ("system/member", 200, 200)):
            self.assertEqual(self.status(who, "GET", "/v1/runbooks/owned"), see, who)
            self.assertEqual(self.status(who, "PATCH", "/v1/runbooks/owned", change), update, who)
        for field, value in (("owner", "own"), ("public", True)):
            patch = [{"op": "add", "path": "/" + field, "value": value}]
            self.assertEqual(self.status(MANAGER, "PATCH", "/v1/runbooks/owned", patch), 403, field)
        self.assertEqual(self.status("own/reader", "PUT", "/v1/runbooks/owned/traits", {"traits": []}), 403)
        self.assertEqual(self.status(MANAGER, "PUT", "/v1/runbooks/owned/traits", {"traits": ["CUSTOM_X"]}), 204)
        self.assertEqual(self.status(STRANGER, "DELETE", "/v1/runbooks/owned"), 404)
        self.assertEqual(self.status(MANAGER, "DELETE", "/v1/runbooks/owned"), 204)

    def test_public_runbooks_are_for_all_to_see(self):
        self.done(self.SYSTEM, "POST", "/v1/runbooks", {"name": "shown", "steps": STEPS, "public": True})
        self.done(self.SYSTEM, "POST", "/v1/runbooks", {"name": "hidden", "steps": STEPS})
        self.done(self.SYSTEM, "POST", "/v1/runbooks", {"name": "owns", "steps": STEPS, "owner": "own"})
        names = lambda who: {item["name"] for item in self.done(who, "GET", "/v1/runbooks")["runbooks"]}
        self.assertEqual(names("own/reader"), {"shown", "owns"})
        self.assertEqual(names("else/reader"), {"shown"})
        self.assertEqual(names("system/reader"), {"shown", "hidden", "owns"})
        self.assertEqual(self.status("else/reader", "GET", "/v1/runbooks/shown"), 200)
        self.assertEqual(self.status("else/reader", "GET", "/v1/runbooks/hidden"), 404)
        self.assertEqual(self.status(STRANGER, "DELETE", "/v1/runbooks/shown"), 403)

    def test_using_one_needs_its_own_right(self):
        self.done(self.SYSTEM, "POST", "/v1/nodes", {"driver": "fake-hardware", "name": "theirs", "owner": "own"})
        self.done(self.SYSTEM, "PUT", "/v1/nodes/theirs/states/provision", {"target": "manage"})
        self.wait_node("theirs", {"X-Auth-Token": self.SYSTEM}, provision_state="manageable", reservation=None)
        self.done(self.SYSTEM, "PUT", "/v1/nodes/theirs/traits", {"traits": ["CUSTOM_U"]})
        self.done(MANAGER, "POST", "/v1/runbooks", {"name": "useful", "steps": STEPS})
        self.done(MANAGER, "PUT", "/v1/runbooks/useful/traits", {"traits": ["CUSTOM_U"]})
        use = {"target": "clean", "runbook": "useful"}
        self.assertEqual(self.status("own/member", "PUT", "/v1/nodes/theirs/states/provision", use), 403)
        self.assertEqual(self.status(MANAGER, "PUT", "/v1/nodes/theirs/states/provision", use), 202)
