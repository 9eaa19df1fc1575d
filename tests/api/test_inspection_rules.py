"""Inspection rules at work: what they make of what an agent has found. What they look like is the tour of conversations.

SPDX-License-Identifier: Apache-2.0
"""
import http.server
import os
import threading

from ramdisk_support import MAC
import test_inspection
from test_inspection import inventory


class Rules(test_inspection.InspectionSuite):
    def setUp(self):
        super().setUp()
        self.rules = []

    def tearDown(self):
        for uuid in self.rules:
            self.want(204, "DELETE", "/v1/inspection_rules/" + uuid)
        super().tearDown()

    def rule(self, *actions, conditions=(), **more):
        made = self.want(201, "POST", "/v1/inspection_rules", dict({"actions": list(actions), "conditions": list(conditions)}, **more))
        self.rules.append(made["uuid"])
        return made["uuid"]

    def test_rules_are_sorted_by_their_scope_which_nobody_sees(self):
        made = [self.rule({"op": "fail", "args": {"msg": "x"}}, conditions=[{"op": "is-true", "args": {"value": False}}]) for _ in range(3)]
        for key in ("scope", "scope&limit=1"):
            page = self.get("/v1/inspection_rules?sort_key=" + key)
            uuids = [rule["uuid"] for rule in page["inspection_rules"]]
            while page.get("next"):
                page = self.get(page["next"][page["next"].index("/v1/"):])
                uuids += [rule["uuid"] for rule in page["inspection_rules"]]
            self.assertEqual(uuids, made)
        self.assertNotIn("scope", self.get("/v1/inspection_rules/" + made[0]))
        for query in ("fields=scope", "sort_key=actions", "sort_key=nonesuch"):
            self.refuse(400, "GET", "/v1/inspection_rules?" + query)

    def failed(self, found):
        """Inspects the node, which fails; why."""
        path = self.callback(self.begin())
        test_inspection.until("the data is taken", lambda: self.taken(path, found))
        return self.rest(self.uuid, "inspect failed")["last_error"]

    def test_actions_change_the_node_and_its_plugin_data(self):
        self.rule({"op": "set-attribute", "args": {"path": "/extra/cpu/count", "value": "{inventory[cpu][count]}"}},
                  {"op": "set-attribute", "args": {"path": "resource_class", "value": "{inventory[system_vendor][manufacturer]}-big"}},
                  {"op": "extend-attribute", "args": {"path": "/extra/seen", "value": "a", "unique": True}},
                  {"op": "extend-attribute", "args": {"path": "/extra/seen", "value": "a", "unique": True}},
                  {"op": "set-capability", "args": {"name": "class", "value": "{node.extra[cpu][count]}"}},
                  {"op": "unset-capability", "args": {"name": "cpu_vt"}},
                  {"op": "add-trait", "args": {"name": "CUSTOM_INSPECTED"}},
                  {"op": "set-plugin-data", "args": {"path": "a.b", "value": "{inventory[hostname]}"}},
                  {"op": "extend-plugin-data", "args": {"path": "list", "value": 1}},
                  {"op": "log", "args": {"msg": "{node.name} is told of", "level": "warning"}},
                  conditions=[{"op": "eq", "args": {"values": ["{inventory[cpu][architecture]}", "x86_64"]}},
                              {"op": "in-net", "args": {"address": "{inventory[bmc_address]}", "subnet": "192.0.2.0/24"}}])
        node = self.sent(inventory(MAC))
        self.assertEqual((node["extra"], node["resource_class"]), ({"cpu": {"count": "4"}, "seen": ["a"]}, "M-big"))
        capabilities = dict(pair.split(":") for pair in node["properties"]["capabilities"].split(","))
        self.assertEqual((capabilities["class"], capabilities.get("cpu_vt")), ("4", None))
        self.assertIn("CUSTOM_INSPECTED", self.get("/v1/nodes/%s/traits" % self.uuid)["traits"])
        kept = self.get("/v1/nodes/%s/inventory" % self.uuid)["plugin_data"]
        self.assertEqual((kept["a"], kept["list"]), ({"b": "ramdisk"}, [1]))
        self.assertIn("is told of", self.steel.text())

    def test_the_greatest_priority_runs_first_and_a_rule_that_does_not_hold_does_nothing(self):
        extend = lambda word: {"op": "extend-attribute", "args": {"path": "/extra/order", "value": word}}
        self.rule(extend("last"))
        self.rule(extend("first"), priority=100)
        self.rule(extend("never"), priority=50, conditions=[{"op": "is-empty", "args": {"value": "{inventory[disks]}"}}])
        self.rule(extend("{item}"), priority=50)
        self.rule(dict(extend("{item[word]}"), loop=[{"word": "loop-{inventory[cpu][count]}"}, {"word": "again"}]), priority=10)
        self.assertEqual(self.sent(inventory(MAC))["extra"]["order"], ["first", "{item}", "loop-4", "again", "last"])

    def test_ports_are_changed(self):
        port = self.ports()[MAC]["uuid"]
        self.rule({"op": "set-port-attribute", "args": {"port_id": port, "path": "/extra/card", "value": "{inventory[interfaces][0][name]}"}},
                  {"op": "extend-port-attribute", "args": {"port_id": port, "path": "/extra/list", "value": "x"}})
        self.sent(inventory(MAC))
        self.assertEqual(self.ports()[MAC]["extra"], {"card": "eth0", "list": ["x"]})

    def test_a_rule_ends_the_inspection_and_says_why(self):
        rule = self.rule({"op": "fail", "args": {"msg": "this machine is too small"}},
                         conditions=[{"op": "lt", "args": {"values": ["{inventory[cpu][count]}", "8"]}}])
        why = self.failed(inventory(MAC))
        self.assertIn("this machine is too small", why)
        self.assertIn(rule, why)

    def test_what_rules_may_not_do_ends_the_inspection(self):
        for action in ({"op": "set-attribute", "args": {"path": "/provision_state", "value": "active"}},
                       {"op": "set-attribute", "args": {"path": "/driver_internal_info/x", "value": "y"}},
                       {"op": "set-attribute", "args": {"path": "driver", "value": "no-such-driver"}},
                       {"op": "add-trait", "args": {"name": "lower"}},
                       {"op": "extend-attribute", "args": {"path": "/name", "value": "x"}},
                       {"op": "del-attribute", "args": {"path": "/extra/absent"}},
                       {"op": "set-port-attribute", "args": {"port_id": "00000000-0000-4000-8000-000000000001", "path": "/extra/a", "value": 1}}):
            self.rule(action)
            self.failed(inventory(MAC))
            self.want(204, "DELETE", "/v1/inspection_rules/" + self.rules.pop())
            self.ask(self.uuid, "manage")
            self.rest(self.uuid, "manageable")

    def test_secrets_are_masked_and_sensitive_rules_are_not_shown(self):
        hidden = self.rule({"op": "set-attribute", "args": {"path": "/extra/seen", "value": "{inventory[bmc_password]} {node.driver_info[ipmi_password]}"}},
                           sensitive=True)
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/driver_info/ipmi_password", "value": "made-up"}])
        shown = self.get("/v1/inspection_rules/" + hidden)
        self.assertEqual((shown["actions"], shown["conditions"]), (None, None))
        self.refuse(400, "PATCH", "/v1/inspection_rules/" + hidden, [{"op": "remove", "path": "/sensitive"}])
        self.assertEqual(self.sent(inventory(MAC, bmc_password="made-up"))["extra"]["seen"], "*** ******")

    def test_an_api_is_called(self):
        seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append((self.path, self.headers["X-Rule"]))
                self.send_response(503 if len(seen) == 1 else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.rule({"op": "api-call", "args": {"url": "http://127.0.0.1:%d/{inventory[hostname]}" % server.server_port,
                                              "headers": {"X-Rule": "yes"}, "retries": 1}})
        self.sent(inventory(MAC))
        self.assertEqual(seen, [("/ramdisk", "yes")] * 2)


class BuiltIn(test_inspection.InspectionSuite):
    @classmethod
    def setUpClass(cls):
        cls.file = os.path.join(cls.temporary_folder(), "rules.yaml")
        with open(cls.file, "w") as file:
            file.write("- actions:\n  - op: set-attribute\n    args: {path: /extra/built, value: in}\n  priority: -5\n")
        cls.own_options = ("inspection_rules.built_in_rules=" + cls.file,)
        super().setUpClass()

    def test_rules_of_a_file_run_too(self):
        self.assertEqual(self.sent(inventory(MAC))["extra"], {"built": "in"})
        self.assertEqual(self.get("/v1/inspection_rules")["inspection_rules"], [])
