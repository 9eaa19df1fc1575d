#!/usr/bin/python3
"""Steps as a client gives them, and what the history tells of them: that they begin, and how they end, as Ironic 39.0.0 records it.

SPDX-License-Identifier: Apache-2.0
"""
import json
import unittest

import faults_support
import harness

RESET = {"interface": "bios", "step": "factory_reset"}
SET = {"interface": "bios", "step": "apply_configuration", "args": {"settings": [{"name": "a", "value": "b", "password": "made-up"}]}}


class Flows(faults_support.Suite):
    options = ("enabled_hardware_types=fake-hardware", "conductor.sync_power_state_interval=0")

    def setUp(self):
        self.uuid = self.node(bios_interface="fake", automated_clean=False)["uuid"]
        self.go("manage", "manageable")

    def go(self, target, state, **more):
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, dict(more, target=target))
        return self.wait_node(self.uuid, provision_state=state, reservation=None)

    def events(self):
        """What the history has of steps: (type, severity, sentence, steps)."""
        rows = self.get("/v1/nodes/%s/history?detail=true" % self.uuid)["history"]
        parts = [(row, row["event"].split(" with steps=")) for row in rows if row["event_type"].endswith(("_start", "_end"))]
        return [(row["event_type"], row["severity"], said[0], [step["step"] for step in json.loads(said[1])]) for row, said in parts]

    def test_a_manual_cleaning(self):
        self.go("clean", "manageable", clean_steps=[RESET, SET])
        steps = ["factory_reset", "apply_configuration"]
        self.assertEqual(self.events(), [("manual_cleaning_start", "INFO", "Starting manual cleaning", steps),
                                         ("manual_cleaning_end", "INFO", "Manual Cleaning completed successfully", steps)])
        rows = self.get("/v1/nodes/%s/history?detail=true" % self.uuid)["history"]
        self.assertEqual([(row["state"], row["target_provision_state"]) for row in rows], [("cleaning", "manageable")] * 2)
        self.assertNotIn("made-up", json.dumps(rows))

    def test_a_list_has_the_beginning_of_an_event(self):
        self.go("clean", "manageable", clean_steps=[RESET] * 9)
        path = "/v1/nodes/%s/history" % self.uuid
        whole = self.get(path + "?detail=true")["history"][0]
        brief, one = self.get(path)["history"][0], self.get(path + "/" + whole["uuid"])
        self.assertGreater(len(whole["event"]), 255)
        self.assertEqual((brief["event"], one["event"]), (whole["event"][:251] + "...", whole["event"]))
        self.assertEqual([link["rel"] for link in one["links"]], ["self"])
        self.assertTrue(one["links"][0]["href"].endswith("/v1%s/%s" % (path[3:], one["uuid"])))

    def test_a_life(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/automated_clean", "value": True}])
        self.go("provide", "available")
        self.go("active", "active")
        self.go("service", "active", service_steps=[{"interface": "power", "step": "reboot"}])
        kinds = ("automated_cleaning", "deployment", "servicing")
        self.assertEqual([event[:2] for event in self.events()],
                         [(kind + moment, "INFO") for kind in kinds for moment in ("_start", "_end")])
        self.assertIsNone(self.get("/v1/nodes/" + self.uuid)["last_error"])

    def test_a_cleaning_that_is_left_out_tells_nothing(self):
        self.go("provide", "available")
        self.assertEqual(self.events(), [])

    def test_a_step_that_fails(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/driver_info/fake", "value": {
            "bios.factory_reset": {"fail": "BMC_BUSY", "message": "no answer"}}}])
        self.go("clean", "clean failed", clean_steps=[RESET])
        self.assertEqual(self.events()[1], ("manual_cleaning_end", "ERROR", "Manual Cleaning aborted at step 'bios.factory_reset'",
                                            ["factory_reset"]))
        last = self.get("/v1/nodes/%s/history?detail=true" % self.uuid)["history"][-1]
        self.assertEqual((last["event_type"], last["severity"]), ("cleaning", "ERROR"))
        self.assertIn("no answer", last["event"])

    def test_steps_run_by_their_order(self):
        power = lambda step, **order: dict({"interface": "power", "step": step}, **order)
        for steps, ran in (
                ([power("power_off", order=2), power("power_on", order="1")], ["power_on", "power_off"]),
                ([power("power_on", order=0), power("power_off")], ["power_on", "power_off"]),
                ([power("power_off", order=9), power("reboot"), power("power_on", order=1)], ["power_on", "power_off", "reboot"])):
            self.go("clean", "manageable", clean_steps=steps)
            self.assertEqual(self.events()[-1][3], ran)
        begun = self.get("/v1/nodes/%s/history?detail=true" % self.uuid)["history"][-1]["event"]
        self.assertEqual([step.get("order") for step in json.loads(begun.split(" with steps=")[1])], [1, 9, None])

    def test_orders_that_are_none(self):
        for order in (-1, 1.5, "x", "", None, [], True, "-1", " 1"):
            self.refuse(400, "PUT", "/v1/nodes/%s/states/provision" % self.uuid,
                        {"target": "clean", "clean_steps": [dict(RESET, order=order)]})
        path = "/v1/nodes/%s/states/provision" % self.uuid
        self.refuse(400, "PUT", path, {"target": "clean", "clean_steps": [dict(RESET, order=1)]}, version="1.82")
        self.go("provide", "available")
        self.refuse(400, "PUT", path, {"target": "active", "deploy_steps": [dict(RESET, priority=1, order=1)]})


class Untold(harness.Suite):
    options = ("conductor.record_step_flows_in_history=false",)

    def test_the_history_has_failures_only(self):
        uuid = self.available_node()["uuid"]
        self.provision(uuid, "active", "active")
        self.assertEqual(self.get("/v1/nodes/%s/history" % uuid, "1.82")["history"], [])


class Older(Untold):
    options = ("pin_release_version=21.4",)
    newest = "1.82"


if __name__ == "__main__":
    unittest.main()
