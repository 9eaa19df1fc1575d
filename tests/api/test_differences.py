"""Small differences from the reference service, found by sending the same requests to both.

SPDX-License-Identifier: Apache-2.0
"""
import harness
from observe_support import wait_until

LINK = {"port_id": "Ethernet1", "switch_info": "rack1"}


class Differences(harness.Suite):
    def settle(self, node):
        """Waits until no work runs on the node."""
        wait_until(lambda: self.get("/v1/nodes/" + node)["reservation"] is None, "a node that is free")

    def test_validate_checks_the_traits_of_the_instance(self):
        node = self.available_node()
        path = "/v1/nodes/%s" % node["uuid"]
        self.want(204, "PUT", path + "/traits", {"traits": ["CUSTOM_HERE"]})
        for wanted, right in ((["CUSTOM_HERE"], True), ([], True), (None, True), (["CUSTOM_HERE", "CUSTOM_GONE"], False),
                              ("CUSTOM_HERE", False), ([1], False)):
            self.want(200, "PATCH", path, [{"op": "add", "path": "/instance_info/traits", "value": wanted}])
            deploy = self.get(path + "/validate")["deploy"]
            self.assertIs(deploy["result"], right, "%s: %s" % (wanted, deploy))
            if not right:
                self.assertIn("trait", deploy["reason"])

    def test_a_switch_may_be_named_by_its_datapath_id(self):
        node = self.node()
        for number, (given, kept) in enumerate((("0000A0B1C2D3E4F5", "0000a0b1c2d3e4f5"),
                                                ("0x0000a0b1c2d3e4f5", "0x0000a0b1c2d3e4f5"),
                                                ("A0-B1-C2-D3-E4-F5", "a0:b1:c2:d3:e4:f5"))):
            port = self.port(node, "02:00:00:00:0d:%02x" % number, local_link_connection=dict(LINK, switch_id=given))
            self.assertEqual(port["local_link_connection"]["switch_id"], kept)
        for bad in ("0000a0b1c2d3e4f", "0000a0b1c2d3e4f5a", "0x0000a0b1c2d3e4g5"):
            self.refuse(400, "POST", "/v1/ports", {"node_uuid": node["uuid"], "address": "02:00:00:00:0d:0f",
                                                   "local_link_connection": dict(LINK, switch_id=bad)})

    def test_a_physical_network_has_a_name(self):
        node = self.node()
        self.refuse(400, "POST", "/v1/ports",
                    {"node_uuid": node["uuid"], "address": "02:00:00:00:0e:01", "physical_network": ""})
        port = self.port(node, "02:00:00:00:0e:02", physical_network="net1")
        path = "/v1/ports/" + port["uuid"]
        self.refuse(400, "PATCH", path, [{"op": "replace", "path": "/physical_network", "value": ""}])
        self.assertEqual(self.get(path)["physical_network"], "net1")

    def test_an_empty_resource_class_is_none(self):
        self.assertEqual(self.node(resource_class="")["resource_class"], self.node()["resource_class"])
        refused = self.refuse(400, "POST", "/v1/allocations", {"resource_class": ""})
        self.assertIn("resource_class", refused)

    def test_a_priority_given_as_text_is_a_number(self):
        step = {"interface": "deploy", "step": "deploy", "args": {}, "priority": "42"}
        made = self.want(201, "POST", "/v1/deploy_templates", {"name": "CUSTOM_NUMBER", "steps": [step]})
        self.assertEqual(made["steps"][0]["priority"], 42)
        path = "/v1/deploy_templates/" + made["uuid"]
        changed = self.want(200, "PATCH", path, [{"op": "replace", "path": "/steps", "value": [dict(step, priority="7")]}])
        self.assertEqual(changed["steps"][0]["priority"], 7)
        self.assertEqual(self.get(path)["steps"][0]["priority"], 7)

    def test_a_timeout_of_power_may_have_a_fraction(self):
        node = self.available_node()["uuid"]
        path = "/v1/nodes/%s/states/power" % node
        for number, timeout in enumerate((5.0, 1.5, "5", 5)):
            target = "power on" if number % 2 == 0 else "power off"
            self.want(202, "PUT", path, {"target": target, "timeout": timeout})
            self.wait_node(node, target_power_state=None, power_state=target, reservation=None)
        for timeout in (0, 0.5, -1.5, "1.5", 1e300, [], {}):
            self.refuse(400, "PUT", path, {"target": "power on", "timeout": timeout})

    def test_empty_steps_and_config_drives_are_none(self):
        node = self.available_node()["uuid"]
        path = "/v1/nodes/%s/states/provision" % node
        empty = {"clean_steps": [], "deploy_steps": []}
        self.want(202, "PUT", path, dict(empty, target="active", configdrive="aGVsbG8="))
        self.wait_node(node, provision_state="active", reservation=None)
        self.assertIn("configdrive", self.get("/v1/nodes/" + node)["instance_info"])
        for drive in ({}, ""):
            self.want(202, "PUT", path, dict(empty, target="rebuild", configdrive=drive))
            self.wait_node(node, provision_state="active", target_provision_state=None, reservation=None)
            self.assertIn("configdrive", self.get("/v1/nodes/" + node)["instance_info"], drive)
        self.want(202, "PUT", path, dict(empty, target="deleted", configdrive={}))
        self.wait_node(node, provision_state="available", reservation=None)
        self.refuse(400, "PUT", path, {"target": "active", "clean_steps": {}})
        self.refuse(400, "PUT", path, {"target": "active", "clean_steps": [{"interface": "deploy", "step": "erase"}]})

    def test_links_may_be_chosen_as_fields(self):
        chassis = self.want(201, "POST", "/v1/chassis", {})["uuid"]
        group = self.want(201, "POST", "/v1/portgroups", {"node_uuid": self.node()["uuid"]})["uuid"]
        for path, field in (("/v1/chassis/" + chassis, "nodes"), ("/v1/portgroups/" + group, "ports")):
            chosen = self.get("%s?fields=%s" % (path, field))
            self.assertEqual(set(chosen), {field, "links"})
            self.assertIn("%s/%s" % (path, field), str(chosen[field]))
        self.refuse(400, "GET", "/v1/nodes?fields=ports")

    def test_history_names_the_work(self):
        for failing, verbs, kind in (
                ("power.get", ("manage",), "verify"),
                ("deploy.deploy", ("manage", "provide", "active"), "deploying"),
                ("deploy.tear_down", ("manage", "provide", "active", "deleted"), "unprovision"),
                ("inspect.inspect", ("manage", "inspect"), "introspection"),
                ("rescue.rescue", ("manage", "provide", "active", "rescue"), "rescue")):
            node = self.node(driver_info={"fake": {failing: {"fail": "INVALID"}}}, automated_clean=False)["uuid"]
            for verb in verbs:
                more = {"rescue_password": "made-up"} if verb == "rescue" else {}
                self.want(202, "PUT", "/v1/nodes/%s/states/provision" % node, dict(more, target=verb))
                self.settle(node)
            events = [event for event in self.get("/v1/nodes/%s/history?detail=true" % node)["history"]
                      if event["severity"] == "ERROR" and not event["event_type"].endswith("_end")]
            self.assertEqual(len(events), 1, (failing, events))
            entry = self.get("/v1/nodes/%s/history/%s" % (node, events[0]["uuid"]))
            self.assertEqual((entry["event_type"], entry["severity"]), (kind, "ERROR"), failing)

    def test_a_console_failure_is_in_the_history_too(self):
        node = self.node(driver_info={"fake": {"console.start": {"fail": "INVALID", "message": "no tty"}}})["uuid"]
        self.want(202, "PUT", "/v1/nodes/%s/states/console" % node, {"enabled": True})
        path = "/v1/nodes/%s/history" % node
        wait_until(lambda: self.get(path)["history"], "an entry of the history")
        entry = self.get("%s/%s" % (path, self.get(path)["history"][0]["uuid"]))
        self.assertEqual((entry["event_type"], entry["severity"]), ("console", "ERROR"))
        self.assertIn("no tty", entry["event"])

    def test_empty_members_have_no_effect(self):
        node = self.node(owner="", retired_reason="")
        self.assertIsNone(node["owner"])
        path = "/v1/nodes/" + node["uuid"]
        for field in ("retired_reason", "protected_reason"):
            self.want(200, "PATCH", path, [{"op": "add", "path": "/" + field, "value": ""}])
            self.refuse(400, "PATCH", path, [{"op": "add", "path": "/" + field, "value": "why"}])
        group = self.want(201, "POST", "/v1/portgroups", {"node_uuid": node["uuid"], "mode": ""})
        self.assertEqual(group["mode"], "active-backup")
        for nothing in (None, ""):
            made = self.want(201, "POST", "/v1/allocations", {"resource_class": "nowhere", "node": nothing})
            self.assertEqual(made["state"], "allocating")
            self.refuse(400, "POST", "/v1/allocations", {"node": nothing})
        self.get("/v1/nodes?sort_key=")
