"""What stands in the URL beside the path: arguments of the query, and the suffix .json.

SPDX-License-Identifier: Apache-2.0
"""
import harness


class Arguments(harness.Suite):
    def test_unknown_arguments_are_refused_everywhere(self):
        node = self.node()
        base = "/v1/nodes/" + node["uuid"]
        for method, path in (
                ("GET", base), ("GET", base + "/traits"), ("DELETE", base + "/traits"), ("GET", base + "/vifs"),
                ("GET", base + "/states"), ("GET", base + "/states/console"), ("GET", base + "/validate"),
                ("GET", base + "/management/boot_device"), ("GET", base + "/management/boot_device/supported"),
                ("GET", base + "/inventory"), ("GET", base + "/history"), ("GET", base + "/bios"),
                ("GET", base + "/volume"), ("PUT", base + "/maintenance"), ("DELETE", base + "/maintenance"),
                ("DELETE", base + "/allocation"), ("PUT", base + "/management/inject_nmi"),
                ("GET", "/v1/volume"), ("GET", "/v1/shards"), ("GET", "/v1/conductors"), ("GET", "/v1/drivers"),
                ("GET", "/v1/drivers/fake-hardware/properties")):
            self.assertIn("nonsense", self.refuse(400, method, path + "?nonsense=1"), path)
        self.refuse(400, "GET", base + "/history?fields=uuid")
        self.refuse(400, "GET", base + "/history?sort_key=uuid", version="1.82")
        self.refuse(400, "POST", base + "/vifs?nonsense=1", {"id": "vif"})
        self.refuse(400, "PUT", base + "/states/raid?nonsense=1", {"logical_disks": [{"size_gb": 1, "raid_level": "1"}]})

    def test_members_of_a_body_may_stand_in_the_query(self):
        node = self.node()
        base = "/v1/nodes/" + node["uuid"]
        self.want(202, "PUT", base + "/maintenance?reason=broken%20fan")
        self.assertEqual(self.get(base)["maintenance_reason"], "broken fan")
        self.want(202, "PUT", base + "/maintenance?reason=query", {"reason": "body"})
        self.assertEqual(self.get(base)["maintenance_reason"], "body")
        self.want(202, "DELETE", base + "/maintenance")
        self.want(204, "PUT", base + "/management/boot_device?boot_device=pxe&persistent=true")
        self.assertEqual(self.get(base + "/management/boot_device"), {"boot_device": "pxe", "persistent": True})
        self.want(202, "PUT", base + "/states/provision?target=manage")
        self.wait_node(node["uuid"], provision_state="manageable", reservation=None)
        self.want(202, "PUT", base + "/states/power?target=power%20off&timeout=5")
        self.wait_node(node["uuid"], power_state="power off", reservation=None)
        self.want(202, "PUT", base + "/states/console?enabled=true")
        self.wait_node(node["uuid"], console_enabled=True)

    def test_a_timeout_may_be_a_number_in_quotes(self):
        base = "/v1/nodes/" + self.node()["uuid"]
        self.want(202, "PUT", base + "/states/power", {"target": "power on", "timeout": "5"})
        for wrong in ("0", "soon", "", "5 "):
            self.refuse(400, "PUT", base + "/states/power", {"target": "power on", "timeout": wrong})

    def test_any_path_may_end_in_json_before_1_91(self):
        node = self.node(name="suffixed")
        self.node(name="suffixed.json")
        base = "/v1/nodes/suffixed"
        old = "1.90"
        self.assertEqual(self.get(base + ".json", old)["name"], "suffixed")
        self.assertEqual(self.get(base + ".json.json", old)["name"], "suffixed.json")
        self.assertEqual(self.get("/v1/nodes.json", old).keys(), self.get("/v1/nodes").keys())
        self.assertEqual(self.get("/v1/nodes/detail.json", old).keys(), self.get("/v1/nodes/detail").keys())
        self.assertEqual(self.get(base + "/states.json", old), self.get(base + "/states"))
        self.assertEqual(self.get("/v1/openapi.json")["openapi"], "3.1.0")
        self.want(202, "PUT", "/v1/nodes/%s/maintenance.json" % node["uuid"], {}, old)
        self.refuse(404, "GET", "/v1/nodes.json/" + node["uuid"])
        self.refuse(404, "GET", base + "/.json")
        self.assertEqual(self.get(base + ".json")["name"], "suffixed.json")
        for path in ("/v1/nodes.json", "/v1/nodes/detail.json", base + "/states.json"):
            self.refuse(404, "GET", path, version="1.91")

    def test_ports_are_listed_by_one_parent_at_a_time(self):
        node = self.node(shard="a")
        port = self.port(node, "52:54:00:0a:00:01")
        for query in ("node=" + node["uuid"], "shard=a", "node=%s&node_uuid=%s" % (node["uuid"], node["uuid"])):
            self.assertEqual([one["uuid"] for one in self.get("/v1/ports?" + query)["ports"]], [port["uuid"]])
        self.refuse(403, "GET", "/v1/ports?shard=a&node=" + node["uuid"])
        self.refuse(403, "GET", "/v1/nodes/%s/ports?shard=a" % node["uuid"])
        group = self.want(201, "POST", "/v1/portgroups", {"node_uuid": node["uuid"]})
        self.refuse(403, "GET", "/v1/ports?shard=a&portgroup=" + group["uuid"])
