"""Nodes: creating, showing, changing, deleting; fields and their versions; masking; the records of a node.

SPDX-License-Identifier: Apache-2.0
"""
import threading

import harness
from harness import random_uuid

# field: version it appeared in, as clients know them
FIELDS = {
    "uuid": 1, "driver": 1, "driver_info": 1, "properties": 1, "instance_info": 1, "instance_uuid": 1, "extra": 1,
    "chassis_uuid": 1, "power_state": 1, "target_power_state": 1, "provision_state": 1, "target_provision_state": 1,
    "provision_updated_at": 1, "last_error": 1, "maintenance": 1, "maintenance_reason": 1, "reservation": 1,
    "console_enabled": 1, "created_at": 1, "updated_at": 1, "links": 1, "ports": 1, "driver_internal_info": 3, "name": 5,
    "inspection_started_at": 6, "inspection_finished_at": 6, "clean_step": 7, "raid_config": 12,
    "target_raid_config": 12, "states": 14, "network_interface": 20, "resource_class": 21, "portgroups": 24,
    "boot_interface": 31, "console_interface": 31, "deploy_interface": 31, "inspect_interface": 31,
    "management_interface": 31, "power_interface": 31, "raid_interface": 31, "vendor_interface": 31, "volume": 32,
    "storage_interface": 33, "traits": 37, "rescue_interface": 38, "bios_interface": 40, "fault": 42, "deploy_step": 44,
    "conductor_group": 46, "automated_clean": 47, "protected": 48, "protected_reason": 48, "conductor": 49, "owner": 50,
    "description": 51, "allocation_uuid": 52, "retired": 61, "retired_reason": 61, "lessee": 65, "network_data": 66,
    "boot_mode": 75, "secure_boot": 75, "shard": 82, "parent_node": 83, "firmware_interface": 86, "service_step": 87,
    "disable_power_off": 95, "instance_name": 104, "health": 109,
}


class Nodes(harness.Suite):
    def test_a_new_node_has_every_field_with_its_default(self):
        answer = self.call("POST", "/v1/nodes", {"driver": "fake-hardware"})
        node = answer.json
        self.assertEqual(answer.status, 201)
        self.assertTrue(answer.headers["Location"].endswith("/v1/nodes/" + node["uuid"]))
        self.assertEqual(set(node), set(FIELDS))
        for name in ("driver_info", "properties", "instance_info", "extra", "raid_config", "clean_step", "network_data"):
            self.assertEqual(node[name], {}, name)
        for name in ("name", "instance_uuid", "power_state", "last_error", "fault", "owner", "updated_at", "shard",
                     "automated_clean", "secure_boot", "reservation"):
            self.assertIsNone(node[name], name)
        for name in ("maintenance", "protected", "retired", "console_enabled"):
            self.assertIs(node[name], False, name)
        self.assertEqual((node["traits"], node["conductor_group"]), ([], ""))
        self.assertEqual(node["provision_state"], "enroll")
        self.assertEqual(node["conductor"], self.steel.host)
        self.assertEqual(node["power_interface"], "fake")
        self.assertRegex(node["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$")

    def test_each_version_shows_the_fields_it_knows(self):
        uuid = self.node()["uuid"]
        for minor in range(1, 83):
            shown = set(self.get("/v1/nodes/" + uuid, "1.%d" % minor))
            self.assertEqual(shown, {name for name, since in FIELDS.items() if since <= minor}, minor)

    def test_what_is_given_is_kept(self):
        values = {
            "driver": "fake-hardware", "name": "kept", "uuid": random_uuid(), "driver_info": {"a": {"b": [1, None, "ü"]}},
            "properties": {"capabilities": "a:b"}, "extra": {"x": 1.5}, "instance_info": {"i": 1}, "maintenance": True,
            "resource_class": "baremetal", "conductor_group": "Blue", "automated_clean": False, "owner": "o", "lessee": "l",
            "description": 'quo"te\\ \n line', "retired": True, "retired_reason": "old", "network_data": {"links": [], "networks": [], "services": []},
            "shard": "s1", "instance_uuid": random_uuid(),
        }
        # nothing serves the group, but the node may be there
        answer = self.call("POST", "/v1/nodes", values)
        self.assertEqual(answer.status, 201, answer.body)
        for name, value in values.items():
            expected = "blue" if name == "conductor_group" else value
            self.assertEqual(answer.json[name], expected, name)
        self.assertIsNone(answer.json["conductor"])
        self.assertEqual(self.get("/v1/nodes/kept"), answer.json)

    def test_old_versions_create_available_nodes(self):
        uuid = self.want(201, "POST", "/v1/nodes", {"driver": "fake-hardware"}, "1.10")["uuid"]
        self.assertEqual(self.get("/v1/nodes/" + uuid)["provision_state"], "available")
        self.assertEqual(self.get("/v1/nodes/" + uuid, "1.2")["provision_state"], "available")
        self.assertIsNone(self.get("/v1/nodes/" + uuid, "1.1")["provision_state"])

    def test_creating_refuses_bad_values(self):
        good = {"driver": "fake-hardware"}
        bad = [{}, {"driver": None}, {"driver": 5}, {"driver": "nope"}, {"driver": "x" * 300}]
        bad += [dict(good, **more) for more in (
            {"zork": 1}, {"provision_state": "active"}, {"power_state": "power on"}, {"traits": ["CUSTOM_A"]},
            {"reservation": "me"}, {"uuid": "x"}, {"uuid": 5}, {"instance_uuid": "x"}, {"chassis_uuid": "x"},
            {"chassis_uuid": random_uuid()}, {"name": "a b"}, {"name": ""}, {"name": random_uuid()}, {"name": "detail"},
            {"name": "ü"}, {"name": "x" * 256}, {"name": 5}, {"driver_info": []}, {"driver_info": "x"},
            {"properties": 1}, {"extra": [1]}, {"maintenance": "perhaps"}, {"maintenance": 2}, {"resource_class": "x" * 81},
            {"conductor_group": "a b"}, {"description": "x" * 4097}, {"power_interface": "nope"}, {"deploy_interface": 5},
            {"network_data": []}, {"network_data": {"links": []}}, {"properties": {"cpus": "many"}},
            {"properties": {"memory_mb": -1}}, {"retired_reason": "why"}, {"protected": True}, {"links": []}, {"conductor": "x"},
            {"reservation_lease": "x"}, {"id": 5})]
        for body in bad:
            self.refuse(400, "POST", "/v1/nodes", body)

    def test_fields_newer_than_the_request_are_not_acceptable(self):
        for name, value, since in (("name", "x", 5), ("resource_class", "x", 21), ("owner", "x", 50), ("shard", "x", 82),
                                   ("storage_interface", "noop", 33), ("automated_clean", True, 47)):
            self.refuse(406, "POST", "/v1/nodes", {"driver": "fake-hardware", name: value}, "1.%d" % (since - 1))

    def test_names_and_uuids_are_taken_once(self):
        first = self.node(name="once")
        self.assertIn("once", self.refuse(409, "POST", "/v1/nodes", {"driver": "fake-hardware", "name": "once"}))
        self.refuse(409, "POST", "/v1/nodes", {"driver": "fake-hardware", "uuid": first["uuid"]})
        second = self.node(name="twice")
        self.refuse(409, "PATCH", "/v1/nodes/twice", [{"op": "replace", "path": "/name", "value": "once"}])
        self.assertEqual(self.get("/v1/nodes/" + second["uuid"])["name"], "twice")

    def test_nodes_are_found_by_uuid_and_name(self):
        node = self.node(name="found.me")
        for ident in (node["uuid"], node["uuid"].upper(), "found.me"):
            self.assertEqual(self.get("/v1/nodes/" + ident)["uuid"], node["uuid"], ident)
        for ident in ("found.me.json", node["uuid"] + ".json"):
            self.assertEqual(self.get("/v1/nodes/" + ident, "1.90")["uuid"], node["uuid"], ident)
            self.assertIn(self.call("GET", "/v1/nodes/" + ident, version="1.91").status, (400, 404), ident)
        self.refuse(404, "GET", "/v1/nodes/found.me", version="1.4")
        for ident in ("nobody", random_uuid(), "x" * 300):
            self.assertEqual(self.call("GET", "/v1/nodes/" + ident).status, 404, ident)
        for ident in ("a%20b", "%00", "%ff", "'"):
            self.assertEqual(self.call("GET", "/v1/nodes/" + ident).status, 400, ident)

    def test_a_name_may_end_in_json(self):
        self.node(name="real.json")
        self.assertEqual(self.get("/v1/nodes/real.json")["name"], "real.json")
        self.want(200, "PATCH", "/v1/nodes/real.json", [{"op": "add", "path": "/extra/a", "value": 1}])

    def test_fields_are_chosen(self):
        node = self.node(name="chosen")
        shown = self.get("/v1/nodes/chosen?fields=name,UUID,,name,conductor")
        self.assertEqual(set(shown), {"name", "uuid", "conductor", "links"})
        for fields, status in (("zork", 400), ("reservation_lease", 400), ("ports", 400), ("a'b", 400)):
            self.refuse(status, "GET", "/v1/nodes/chosen?fields=" + fields)
        self.refuse(406, "GET", "/v1/nodes/%s?fields=owner" % node["uuid"], version="1.49")
        self.refuse(406, "GET", "/v1/nodes/%s?fields=uuid" % node["uuid"], version="1.7")
        self.refuse(400, "GET", "/v1/nodes/chosen?zork=1")

    def test_secrets_are_masked_at_every_depth(self):
        node = self.node(name="masked", driver_info={"ipmi_password": "p1", "ipmi_address": "a", "n": {"Secret_Key": ["p2"]},
                                                     "empty_password": "", "l": [{"x_token_y": "p3"}]},
                         instance_info={"configdrive": "p4", "image_url": "http://p5", "image_source": "s"})
        for shown in (node, self.get("/v1/nodes/masked"), self.get("/v1/nodes/detail")["nodes"][-1],
                      self.get("/v1/nodes/masked?fields=driver_info,instance_info")):
            self.assertEqual(shown["driver_info"], {"ipmi_password": "******", "ipmi_address": "a",
                                                    "n": {"Secret_Key": "******"}, "empty_password": "",
                                                    "l": [{"x_token_y": "******"}]})
            self.assertEqual(shown["instance_info"],
                             {"configdrive": "******", "image_url": "******", "image_source": "s"})
        self.assertNotRegex(self.steel.text(), r"\bp[1-5]\b")

    def test_deleting(self):
        node = self.node(name="gone")
        port = self.port(node, "52:54:00:00:99:01")
        self.want(204, "DELETE", "/v1/nodes/gone")
        self.refuse(404, "GET", "/v1/nodes/gone")
        self.refuse(404, "GET", "/v1/ports/" + port["uuid"])
        self.refuse(404, "DELETE", "/v1/nodes/gone")
        self.refuse(400, "DELETE", "/v1/nodes")
        busy = self.node(instance_uuid=random_uuid())
        self.refuse(409, "DELETE", "/v1/nodes/" + busy["uuid"])
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % busy["uuid"], {"reason": "r"})
        self.want(204, "DELETE", "/v1/nodes/" + busy["uuid"])

    def test_maintenance(self):
        node = self.node()["uuid"]
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "fans"})
        shown = self.get("/v1/nodes/" + node)
        self.assertEqual((shown["maintenance"], shown["maintenance_reason"]), (True, "fans"))
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % node)
        self.want(202, "DELETE", "/v1/nodes/%s/maintenance" % node)
        shown = self.get("/v1/nodes/" + node)
        self.assertEqual((shown["maintenance"], shown["maintenance_reason"]), (False, None))
        self.refuse(400, "PUT", "/v1/nodes/%s/maintenance" % node, {"reason": 5})
        self.refuse(400, "PUT", "/v1/nodes/%s/maintenance" % node, {"zork": 5})

    def test_validate_asks_every_interface(self):
        node = self.node(name="valid")["uuid"]
        answer = self.get("/v1/nodes/%s/validate" % node)
        for interface in ("boot", "deploy", "management", "network", "power", "bios", "console", "inspect", "raid",
                          "rescue", "storage"):
            self.assertIn("result", answer[interface])
        self.assertEqual(self.get("/v1/nodes/validate?node=valid"), answer)
        self.assertEqual(self.get("/v1/nodes/validate?node_uuid=" + node), answer)
        self.refuse(400, "GET", "/v1/nodes/validate")
        self.refuse(404, "GET", "/v1/nodes/validate?node=nobody")

    def test_traits(self):
        path = "/v1/nodes/%s/traits" % self.node()["uuid"]
        self.want(204, "PUT", path, {"traits": ["CUSTOM_B", "HW_CPU_X86_VMX"]})
        answer = self.call("PUT", path + "/CUSTOM_A")
        self.assertEqual(answer.status, 204)
        self.assertTrue(answer.headers["Location"].endswith("/traits/CUSTOM_A"))
        self.assertEqual(set(self.get(path)["traits"]), {"CUSTOM_A", "CUSTOM_B", "HW_CPU_X86_VMX"})
        self.want(204, "DELETE", path + "/CUSTOM_B")
        self.refuse(404, "DELETE", path + "/CUSTOM_B")
        for body in ({}, {"traits": "CUSTOM_A"}, {"traits": [1]}, {"traits": ["lower"]}, {"traits": [], "x": 1},
                     {"traits": ["CUSTOM_%d" % i for i in range(51)]}):
            self.refuse(400, "PUT", path, body)
        self.refuse(400, "PUT", path + "/zork")
        self.want(204, "DELETE", path)
        self.assertEqual(self.get(path), {"traits": []})

    def test_what_a_node_does_not_have(self):
        node = self.node()["uuid"]
        self.assertEqual(self.get("/v1/nodes/%s/bios" % node), {"bios": []})
        self.assertEqual(self.get("/v1/nodes/%s/timeline" % node, "1.1"), {"timeline": []})
        for path in ("bios/x", "inventory", "allocation", "history/" + random_uuid()):
            self.refuse(404, "GET", "/v1/nodes/%s/%s" % (node, path))
        for path in ("ports/x", "volume/targets/x"):
            self.refuse(403, "GET", "/v1/nodes/%s/%s" % (node, path))
        self.refuse(403, "POST", "/v1/nodes/%s/ports" % node, {})

    def test_writers_at_once_lose_nothing(self):
        node = self.node()["uuid"]
        done = []

        def write(number):
            for turn in range(10):
                body = [{"op": "add", "path": "/extra/k%d_%d" % (number, turn), "value": turn}]
                while self.call("PATCH", "/v1/nodes/" + node, body).status == 409:
                    pass
                done.append(1)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(harness.LIMIT_S)
        self.assertEqual(len(done), 60)
        self.assertEqual(len(self.get("/v1/nodes/" + node)["extra"]), 60)


class NodePatches(harness.Suite):
    def patch(self, status, operations, version=harness.LATEST, query=""):
        answer = self.call("PATCH", "/v1/nodes/%s%s" % (self.uuid, query), operations, version)
        self.assertEqual(answer.status, status, "%s\n%s" % (operations, answer.body))
        return answer.json if status == 200 else answer.message

    def setUp(self):
        self.uuid = self.node(properties={"cpus": 4}, extra={"a": {"b": [1, 2]}})["uuid"]

    def test_fields_and_nested_keys_change(self):
        node = self.patch(200, [{"op": "replace", "path": "/properties/cpus", "value": 8},
                                {"op": "add", "path": "/extra/a/b/-", "value": 3},
                                {"op": "remove", "path": "/extra/a/b/0"},
                                {"op": "add", "path": "/name", "value": "patched"},
                                {"op": "add", "path": "/driver_info/ipmi_password", "value": "x"}])
        self.assertEqual(node["properties"], {"cpus": 8})
        self.assertEqual(node["extra"], {"a": {"b": [2, 3]}})
        self.assertEqual((node["name"], node["driver_info"]), ("patched", {"ipmi_password": "******"}))
        self.assertIsNotNone(node["updated_at"])
        self.assertEqual(self.get("/v1/nodes/" + self.uuid), node)

    def test_an_empty_patch_changes_nothing(self):
        before = self.get("/v1/nodes/" + self.uuid)
        self.assertEqual(self.patch(200, []), before)

    def test_removed_fields_have_their_default(self):
        self.patch(200, [{"op": "add", "path": "/owner", "value": "me"}, {"op": "add", "path": "/maintenance", "value": True}])
        node = self.patch(200, [{"op": "remove", "path": "/owner"}, {"op": "remove", "path": "/maintenance"},
                                {"op": "remove", "path": "/properties"}])
        self.assertEqual((node["owner"], node["maintenance"], node["properties"]), (None, False, {}))

    def test_what_is_absent_may_be_removed(self):
        node = self.patch(200, [{"op": "remove", "path": "/extra/absent"}])
        self.assertEqual(node["extra"], {"a": {"b": [1, 2]}})

    def test_bad_patches_are_refused_and_change_nothing(self):
        before = self.get("/v1/nodes/" + self.uuid)
        good = {"op": "add", "path": "/extra/new", "value": 1}
        for operation in (
                5, {}, {"op": "move", "path": "/extra/a", "from": "/extra/b"}, {"op": "add", "path": "extra", "value": 1},
                {"op": "add", "path": "/extra/x"}, {"op": "add", "path": "/extra//x", "value": 1},
                {"op": "add", "path": "/zork", "value": 1}, {"op": "add", "path": "/uuid", "value": random_uuid()},
                {"op": "add", "path": "/provision_state", "value": "active"}, {"op": "add", "path": "/traits", "value": []},
                {"op": "replace", "path": "/reservation", "value": "x"}, {"op": "remove", "path": "/driver"},
                {"op": "remove", "path": "/extra/absent/key"}, {"op": "replace", "path": "/extra/absent", "value": 1},
                {"op": "add", "path": "/extra/a/b/9", "value": 1}, {"op": "add", "path": "/name/x", "value": 1},
                {"op": "replace", "path": "/maintenance", "value": "perhaps"},
                {"op": "replace", "path": "/properties", "value": []}, {"op": "replace", "path": "/name", "value": "a b"},
                {"op": "replace", "path": "/driver", "value": None}, {"op": "replace", "path": "/driver", "value": "nope"},
                {"op": "replace", "path": "/power_interface", "value": "nope"},
                {"op": "replace", "path": "/instance_uuid", "value": "x"}):
            self.patch(400, [good, operation])
        self.refuse(400, "PATCH", "/v1/nodes/" + self.uuid, {"name": "x"})
        self.assertEqual(self.get("/v1/nodes/" + self.uuid), before)

    def test_versions_gate_fields(self):
        self.patch(406, [{"op": "add", "path": "/owner", "value": "x"}], "1.49")
        self.patch(406, [{"op": "remove", "path": "/chassis_uuid"}], "1.24")
        self.patch(406, [{"op": "replace", "path": "/driver", "value": "fake-hardware"}], "1.44", "?reset_interfaces=true")

    def test_interfaces_are_reset_with_the_driver_only(self):
        self.patch(400, [{"op": "add", "path": "/name", "value": "x"}], query="?reset_interfaces=true")
        self.patch(400, [{"op": "add", "path": "/name", "value": "x"}], query="?zork=true")
        node = self.patch(200, [{"op": "replace", "path": "/driver", "value": "ipmi"}], query="?reset_interfaces=true")
        self.assertEqual((node["driver"], node["power_interface"]), ("ipmi", "ipmitool"))

    def test_an_instance_is_not_replaced(self):
        self.patch(200, [{"op": "add", "path": "/instance_uuid", "value": random_uuid()}])
        self.patch(409, [{"op": "replace", "path": "/instance_uuid", "value": random_uuid()}])
        self.patch(200, [{"op": "remove", "path": "/instance_uuid"}])

    def test_patching_an_absent_node(self):
        self.refuse(404, "PATCH", "/v1/nodes/nobody", [])
        self.refuse(400, "PATCH", "/v1/nodes", [])
