"""Ports, port groups, virtual interfaces, volume connectors and targets, chassis.

SPDX-License-Identifier: Apache-2.0
"""
import harness
from harness import random_uuid


class Ports(harness.Suite):
    def test_a_port_has_its_fields(self):
        node = self.node()
        port = self.port(node, "52-54-00-AB-00-01", extra={"a": 1})
        self.assertEqual(set(port), {"uuid", "address", "node_uuid", "extra", "internal_info", "pxe_enabled",
                                     "local_link_connection", "portgroup_uuid", "physical_network", "is_smartnic", "name", "description",
                                     "vendor", "category", "available_for_dynamic_portgroup",
                                     "created_at", "updated_at", "links"})
        self.assertEqual((port["address"], port["pxe_enabled"], port["is_smartnic"]), ("52:54:00:ab:00:01", True, False))
        self.assertEqual(self.get("/v1/ports/" + port["uuid"]), port)
        self.assertNotIn("pxe_enabled", self.get("/v1/ports/" + port["uuid"], "1.18"))

    def test_lists_and_filters(self):
        nodes = [self.node(name="p%d" % i, shard="s%d" % i) for i in (1, 2)]
        ports = [self.port(nodes[i % 2], "52:54:00:ab:01:0%d" % i) for i in range(4)]
        short = self.get("/v1/ports?node=p1")["ports"]
        self.assertEqual([set(port) for port in short], [{"uuid", "address", "links"}] * 2)

        def uuids(query):
            return [port["uuid"] for port in self.get("/v1/" + query)["ports"]]

        even, odd = [ports[0]["uuid"], ports[2]["uuid"]], [ports[1]["uuid"], ports[3]["uuid"]]
        for query, expected in (("ports?node=p1", even), ("ports?node_uuid=" + nodes[1]["uuid"], odd),
                                ("ports?address=52:54:00:AB:01:03", [odd[1]]), ("ports?shard=s1", even),
                                ("ports?shard=s1,s2", [p["uuid"] for p in ports]), ("nodes/p2/ports", odd),
                                ("nodes/p2/ports/detail", odd), ("ports/detail?node=p1&limit=1", even[:1]),
                                ("nodes/p1/ports?limit=1&marker=" + even[0], even[1:])):
            self.assertEqual(uuids(query), expected, query)
        for query, status in (("node=nobody", 404), ("address=x", 400), ("portgroup=nobody", 404), ("zork=1", 400)):
            self.refuse(status, "GET", "/v1/ports?" + query)
        self.refuse(406, "GET", "/v1/ports?shard=s1", version="1.81")

    def test_bad_ports(self):
        node = self.node()
        self.port(node, "52:54:00:ab:02:01")
        good = {"node_uuid": node["uuid"], "address": "52:54:00:ab:02:02"}
        self.refuse(409, "POST", "/v1/ports", dict(good, address="52:54:00:AB:02:01"))
        for more in ({"address": "x"}, {"address": None}, {"address": "52:54:00:ab:02"}, {"address": 5}, {"node_uuid": "x"},
                     {"node_uuid": random_uuid()}, {"node_uuid": None}, {"pxe_enabled": "perhaps"}, {"extra": []},
                     {"local_link_connection": {"zork": 1}}, {"local_link_connection": {"network_type": "x"}},
                     {"local_link_connection": "x"}, {"portgroup_uuid": random_uuid()}, {"physical_network": "x" * 65},
                     {"internal_info": {}}, {"zork": 1}, {"uuid": "x"}):
            self.refuse(400, "POST", "/v1/ports", dict(good, **more))
        for missing in good:
            self.refuse(400, "POST", "/v1/ports", {k: v for k, v in good.items() if k != missing})
        self.refuse(406, "POST", "/v1/ports", dict(good, pxe_enabled=True), "1.18")
        self.refuse(406, "POST", "/v1/ports", dict(good, physical_network="x"), "1.33")
        self.refuse(404, "GET", "/v1/ports/zork")
        self.refuse(400, "GET", "/v1/ports/zork", version="1.87")
        self.refuse(404, "GET", "/v1/ports/" + random_uuid())

    def test_changing_and_deleting(self):
        port = "/v1/ports/" + self.port(self.node(), "52:54:00:ab:03:01")["uuid"]
        link = {"port_id": "1", "switch_id": "0A-1B-2C-3D-4E-5F"}
        changed = self.want(200, "PATCH", port, [{"op": "replace", "path": "/address", "value": "52:54:00:AB:03:02"},
                                                 {"op": "add", "path": "/local_link_connection", "value": link}])
        self.assertEqual((changed["address"], changed["local_link_connection"]),
                         ("52:54:00:ab:03:02", dict(link, switch_id="0a:1b:2c:3d:4e:5f")))
        self.refuse(400, "PATCH", port, [{"op": "remove", "path": "/local_link_connection/port_id"}])
        self.refuse(400, "PATCH", port, [{"op": "add", "path": "/local_link_connection/zork", "value": "1"}])
        self.refuse(400, "PATCH", port, [{"op": "replace", "path": "/uuid", "value": "x"}])
        self.refuse(400, "PATCH", port, [{"op": "remove", "path": "/address"}])
        self.want(204, "DELETE", port)
        self.refuse(404, "DELETE", port)

    def test_port_groups(self):
        node = self.node(name="grouped")
        group = self.want(201, "POST", "/v1/portgroups", {"node_uuid": node["uuid"], "name": "bond0"})
        self.assertEqual((group["mode"], group["standalone_ports_supported"], group["address"]), ("active-backup", True, None))
        self.assertEqual(self.get("/v1/portgroups/bond0"), group)
        port = self.port(node, "52:54:00:ab:04:01", portgroup_uuid=group["uuid"])
        for path in ("portgroups/bond0/ports", "portgroups/%s/ports/detail" % group["uuid"], "ports?portgroup=bond0"):
            self.assertEqual([p["uuid"] for p in self.get("/v1/" + path)["ports"]], [port["uuid"]])
        for path in ("nodes/grouped/portgroups", "nodes/grouped/portgroups/detail", "portgroups?node=grouped",
                     "portgroups/detail"):
            self.assertEqual([g["uuid"] for g in self.get("/v1/" + path)["portgroups"]], [group["uuid"]])
        self.assertEqual(self.want(200, "PATCH", "/v1/portgroups/bond0",
                                   [{"op": "add", "path": "/properties/a", "value": 1}])["properties"], {"a": 1})
        self.refuse(409, "POST", "/v1/portgroups", {"node_uuid": node["uuid"], "name": "bond0"})
        self.refuse(400, "DELETE", "/v1/portgroups/bond0")  # it has a port
        self.want(204, "DELETE", "/v1/ports/" + port["uuid"])
        self.want(204, "DELETE", "/v1/portgroups/bond0")
        self.refuse(404, "GET", "/v1/portgroups/bond0")

    def test_a_port_group_looks_to_old_clients_as_before(self):
        """As in Ironic, all versions show mode and properties, and a patch that begins with another field changes them."""
        node = self.node()
        for version in ("1.23", "1.25", "1.26"):
            group = self.want(201, "POST", "/v1/portgroups", {"node_uuid": node["uuid"]}, version)
            path = "/v1/portgroups/" + group["uuid"]
            self.assertEqual((group["mode"], group["properties"]), ("active-backup", {}), version)
            patch = [{"op": "add", "path": "/extra/key1", "value": "value1"},
                     {"op": "add", "path": "/properties/key1", "value": "value1"},
                     {"op": "replace", "path": "/mode", "value": "802.3ad"}]
            changed = self.want(200, "PATCH", path, patch, version)
            self.assertEqual((changed["mode"], changed["properties"]), ("802.3ad", {"key1": "value1"}), version)
            self.assertEqual(self.get(path, version), changed)
            for op in ({"op": "remove", "path": "/properties"}, {"op": "add", "path": "/properties/key2", "value": 1},
                       {"op": "replace", "path": "/mode", "value": "802.3ad"}):
                self.assertEqual(self.call("PATCH", path, [op], version).status, 200 if version == "1.26" else 406, op)
            self.want(204, "DELETE", path)
        for more in ({"mode": "802.3ad"}, {"properties": {"a": 1}}):
            self.refuse(406, "POST", "/v1/portgroups", dict(more, node_uuid=node["uuid"]), "1.25")
        for query in ("fields=properties", "fields=uuid,mode", "sort_key=mode"):
            self.refuse(406, "GET", "/v1/portgroups?" + query, version="1.25")

    def test_virtual_interfaces(self):
        path = "/v1/nodes/%s/vifs" % self.node()["uuid"]
        self.assertEqual(self.get(path), {"vifs": []})
        self.want(204, "POST", path, {"id": random_uuid()})
        for body in ({}, {"id": 5}, {"id": ""}, {"id": "a b"}, {"id": "x", "port_uuid": "x"},
                     {"id": "x", "port_uuid": random_uuid(), "portgroup_uuid": random_uuid()}):
            self.refuse(400, "POST", path, body)


class PortgroupMode(harness.Suite):
    options = ("default_portgroup_mode=802.3ad",)

    def test_port_groups_without_a_mode_get_the_configured_one(self):
        node = self.node()
        for given, mode in (({}, "802.3ad"), ({"mode": None}, "802.3ad"), ({"mode": "active-backup"}, "active-backup")):
            group = self.want(201, "POST", "/v1/portgroups", dict(given, node_uuid=node["uuid"]))
            self.assertEqual(group["mode"], mode)
        old = self.want(201, "POST", "/v1/portgroups", {"node_uuid": node["uuid"]}, "1.23")
        self.assertEqual(self.get("/v1/portgroups/" + old["uuid"])["mode"], "802.3ad")


class Volumes(harness.Suite):
    def test_connectors(self):
        node = self.node(name="iscsi")
        body = {"node_uuid": node["uuid"], "type": "iqn", "connector_id": "iqn.2026-11.org.example:1"}
        connector = self.want(201, "POST", "/v1/volume/connectors", body)
        self.assertEqual(set(connector), set(body) | {"uuid", "extra", "created_at", "updated_at", "links"})
        path = "/v1/volume/connectors/" + connector["uuid"]
        self.assertEqual(connector["links"][0]["href"].split("/v1/")[1], path[4:])
        self.assertEqual(self.get(path), connector)
        self.refuse(409, "POST", "/v1/volume/connectors", body)
        short = {"uuid", "node_uuid", "type", "connector_id", "links"}
        for query in ("volume/connectors", "nodes/iscsi/volume/connectors", "volume/connectors?node=iscsi"):
            self.assertEqual([set(item) for item in self.get("/v1/" + query)["connectors"]], [short])
        self.assertEqual(self.get("/v1/volume/connectors?detail=True")["connectors"], [connector])
        for missing in body:
            self.refuse(400, "POST", "/v1/volume/connectors", {k: v for k, v in body.items() if k != missing})
        self.want(202, "PUT", "/v1/nodes/iscsi/states/power", {"target": "power off"})
        self.wait_node("iscsi", power_state="power off", reservation=None)
        changed = self.want(200, "PATCH", path, [{"op": "replace", "path": "/connector_id", "value": "iqn.x:2"}])
        self.assertEqual(changed["connector_id"], "iqn.x:2")
        self.want(204, "DELETE", path)
        self.refuse(404, "GET", path)

    def test_volumes_of_a_machine_that_is_on_stay(self):
        """With Ironic's error texts, which clients read; also while the power state is unknown."""
        node = self.node(name="on")
        others = {"targets": {"volume_type": "iscsi", "boot_index": 0, "volume_id": "v"},
                  "connectors": {"type": "iqn", "connector_id": "iqn.2026-11.org.example:on"}}
        paths = {kind: "/v1/volume/%s/%s" % (kind, self.want(201, "POST", "/v1/volume/" + kind, dict(
            body, node_uuid=node["uuid"]))["uuid"]) for kind, body in others.items()}
        update = [{"op": "add", "path": "/extra/a", "value": 1}]

        def stays(kind, verb, word, *request):
            self.assertEqual(self.refuse(400, *request), 'The requested action "volume %s %s" can not be performed on node "%s" while it '
                             'is in state "%s".' % (kind[:-1], verb, node["uuid"], word))
        for kind, path in paths.items():
            stays(kind, "update", "None", "PATCH", path, update)
        self.provision("on", "manage", "manageable")
        self.provision("on", "provide", "available")  # from here on it cannot be deleted itself
        self.want(202, "PUT", "/v1/nodes/on/states/power", {"target": "power on"})
        self.wait_node("on", power_state="power on", reservation=None)
        for kind, path in paths.items():
            stays(kind, "update", "power on", "PATCH", path, update)
            stays(kind, "deletion", "power on", "DELETE", path)
        self.want(202, "PUT", "/v1/nodes/on/states/power", {"target": "power off"})
        self.wait_node("on", power_state="power off", reservation=None)
        for path in paths.values():
            self.want(200, "PATCH", path, update)
            self.want(204, "DELETE", path)

    def test_targets_hide_their_secrets(self):
        node = self.node(name="chap")
        body = {"node_uuid": node["uuid"], "volume_type": "iscsi", "boot_index": 0, "volume_id": "vol-1",
                "properties": {"target_iqn": "iqn.x:t", "target_portal": "192.0.2.1:3260", "auth_method": "CHAP",
                               "auth_username": "user", "auth_password": "chap-pass-word"}}
        target = self.want(201, "POST", "/v1/volume/targets", body)
        self.assertEqual(target["properties"], dict(body["properties"], auth_password="******"))
        self.assertEqual(self.get("/v1/volume/targets?detail=true")["targets"], [target])
        self.assertEqual(self.get("/v1/volume/targets/" + target["uuid"]), target)
        self.refuse(409, "POST", "/v1/volume/targets", dict(body, volume_id="vol-2"))
        for more in ({"boot_index": "x"}, {"boot_index": None}, {"boot_index": 1.5}, {"volume_id": "x" * 37},
                     {"volume_type": 5}, {"properties": []}, {"zork": 1}, {"node_uuid": random_uuid()}):
            self.refuse(400, "POST", "/v1/volume/targets", dict(body, **more))
        self.assertNotIn("chap-pass-word", self.steel.text())

    def test_the_volume_documents(self):
        node = self.node(name="links")
        for path, prefix in (("/v1/volume", "volume"), ("/v1/nodes/links/volume", "nodes/%s/volume" % node["uuid"])):
            document = self.get(path)
            self.assertEqual(set(document), {"links", "connectors", "targets"})
            self.assertTrue(document["connectors"][0]["href"].endswith("/v1/%s/connectors" % prefix))


class Chassis(harness.Suite):
    def test_chassis(self):
        chassis = self.want(201, "POST", "/v1/chassis", {"description": "row 1", "extra": {"a": 1}})
        path = "/v1/chassis/" + chassis["uuid"]
        self.assertEqual(chassis["nodes"][0][0]["href"].split("/v1/")[1], path[4:] + "/nodes")
        self.assertEqual(self.get(path), chassis)
        self.assertEqual(self.get("/v1/chassis/detail")["chassis"], [chassis])
        self.assertEqual(set(self.get("/v1/chassis")["chassis"][0]), {"uuid", "description", "links"})
        self.assertEqual(self.want(200, "PATCH", path, [{"op": "remove", "path": "/description"}])["description"], None)
        node = self.node(chassis_uuid=chassis["uuid"])
        self.assertEqual(self.call("DELETE", path).status, 400)
        self.want(204, "DELETE", "/v1/nodes/" + node["uuid"])
        self.want(204, "DELETE", path)
        for body in ({"description": 5}, {"description": "x" * 256}, {"zork": 1}, {"uuid": "x"}, []):
            self.refuse(400, "POST", "/v1/chassis", body)
        self.refuse(400, "GET", "/v1/chassis/zork")
        self.refuse(404, "GET", "/v1/chassis/" + random_uuid())
