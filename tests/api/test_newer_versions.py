"""What API versions 1.83 to 1.115 add to nodes, ports, port groups and history.

What the newest Ironic answers to the same is in tours/newest.json.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess

import harness
from harness import random_uuid
from observe_support import wait_until


class Children(harness.Suite):
    def setUp(self):
        self.parent = self.node(name="parent-" + random_uuid()[:8])
        self.child = self.want(201, "POST", "/v1/nodes", {"driver": "fake-hardware", "parent_node": self.parent["name"]})

    def listed(self, query="", version=harness.LATEST):
        return [node["uuid"] for node in self.get("/v1/nodes" + query, version)["nodes"]]

    def test_a_parent_is_named_by_uuid_or_name_and_kept_as_uuid(self):
        self.assertEqual(self.child["parent_node"], self.parent["uuid"])
        other = self.node()["uuid"]
        patched = self.want(200, "PATCH", "/v1/nodes/" + other, [{"op": "add", "path": "/parent_node", "value": self.parent["uuid"]}])
        self.assertEqual(patched["parent_node"], self.parent["uuid"])
        freed = self.want(200, "PATCH", "/v1/nodes/" + other, [{"op": "remove", "path": "/parent_node"}])
        self.assertIsNone(freed["parent_node"])
        for parent in ("nonesuch", random_uuid()):
            self.assertIn(parent, self.refuse(400, "POST", "/v1/nodes", {"driver": "fake-hardware", "parent_node": parent}))

    def test_lists_show_children_only_when_asked(self):
        for version in ("1.1", "1.82", harness.LATEST):
            self.assertIn(self.parent["uuid"], self.listed(version=version))
            self.assertNotIn(self.child["uuid"], self.listed(version=version))
        self.assertIn(self.child["uuid"], self.listed("?include_children=true"))
        self.assertNotIn(self.child["uuid"], self.listed("?include_children=false"))
        self.assertEqual(self.listed("?parent_node=" + self.parent["uuid"]), [self.child["uuid"]])
        self.assertIn(self.parent["uuid"], self.listed("?include_children=true&parent_node=" + self.parent["uuid"]))
        self.refuse(400, "GET", "/v1/nodes?include_children=maybe")

    def test_a_parent_tells_its_children(self):
        told = self.get("/v1/nodes/%s/children" % self.parent["name"])
        self.assertEqual(told["children"], [self.child["uuid"]])
        self.assertTrue(told["links"]["href"].endswith("/v1/nodes?parent_node=" + self.parent["uuid"]))
        self.assertEqual(told["links"]["rel"], "children")
        self.assertEqual(self.get("/v1/nodes/%s/children" % self.child["uuid"])["children"], [])
        self.refuse(404, "GET", "/v1/nodes/%s/children" % self.parent["uuid"], version="1.82")

    def test_owner_of_parent_and_child_are_the_same(self):
        owned = self.node(owner="somebody")["uuid"]
        self.refuse(400, "POST", "/v1/nodes", {"driver": "fake-hardware", "parent_node": owned})
        self.refuse(400, "PATCH", "/v1/nodes/" + self.child["uuid"], [{"op": "replace", "path": "/parent_node", "value": owned}])
        self.want(201, "POST", "/v1/nodes", {"driver": "fake-hardware", "parent_node": owned, "owner": "somebody"})


    def test_allocations_get_no_children(self):
        child = self.available_node(parent_node=self.parent["uuid"], resource_class="kids")["uuid"]
        self.want(202, "PUT", "/v1/nodes/%s/states/power" % child, {"target": "power off"})
        self.wait_node(child, power_state="power off", reservation=None)
        for wish in ({}, {"candidate_nodes": [child]}):
            allocation = self.want(201, "POST", "/v1/allocations", dict(wish, resource_class="kids"))["uuid"]
            self.assertEqual(self.settled(allocation)["state"], "error")
        self.want(200, "PATCH", "/v1/nodes/" + child, [{"op": "remove", "path": "/parent_node"}])
        allocation = self.want(201, "POST", "/v1/allocations", {"resource_class": "kids"})["uuid"]
        self.assertEqual(self.settled(allocation)["node_uuid"], child)

    def settled(self, allocation):
        return wait_until(lambda: self.decided(allocation), "allocation %s is decided" % allocation)

    def decided(self, allocation):
        shown = self.get("/v1/allocations/" + allocation)
        return shown if shown["state"] != "allocating" else None


class Fields(harness.Suite):
    def test_what_came_after_1_82_does_not_exist_for_elder_clients(self):
        node = self.node()["uuid"]
        for name, value, since in (("parent_node", None, 83), ("disable_power_off", True, 95), ("instance_name", "x", 104)):
            body = {"driver": "fake-hardware", name: value}
            patch = [{"op": "add", "path": "/" + name, "value": value}]
            for version, status in (("1.82", 400), ("1.%d" % (since - 1), 406 if since > 83 else 400)):
                self.refuse(status, "POST", "/v1/nodes", body, version=version)
                self.refuse(status, "PATCH", "/v1/nodes/" + node, patch, version=version)
                self.refuse(status, "GET", "/v1/nodes?fields=" + name, version=version)
            self.want(201, "POST", "/v1/nodes", body, version="1.%d" % since)
        self.refuse(400, "GET", "/v1/nodes?instance_name=x", version="1.82")
        self.refuse(406, "GET", "/v1/nodes?instance_name=x", version="1.103")

    def test_a_machine_that_must_stay_on_is_not_switched_off(self):
        node = self.node(disable_power_off=True)["uuid"]
        for target in ("power off", "soft power off"):
            self.assertIn(target, self.refuse(409, "PUT", "/v1/nodes/%s/states/power" % node, {"target": target}))
        self.want(202, "PUT", "/v1/nodes/%s/states/power" % node, {"target": "power on"})

    def test_nodes_are_found_by_the_name_of_their_instance(self):
        node = self.node(instance_name="vm-7")
        self.assertEqual([found["uuid"] for found in self.get("/v1/nodes?instance_name=vm-7")["nodes"]], [node["uuid"]])
        self.refuse(400, "PATCH", "/v1/nodes/" + node["uuid"], [{"op": "replace", "path": "/instance_name", "value": ""}])

    def test_an_instance_has_the_name_that_nova_gives_it(self):
        path = "/v1/nodes/" + self.node()["uuid"]
        for name in ("first", "second"):  # a name that is there stays
            node = self.want(200, "PATCH", path, [{"op": "add", "path": "/instance_info/display_name", "value": name}])
            self.assertEqual(node["instance_name"], "first")

    def test_health_is_not_the_client_s_to_set(self):
        node = self.node()
        self.assertIsNone(node["health"])
        self.refuse(400, "POST", "/v1/nodes", {"driver": "fake-hardware", "health": "OK"})
        self.refuse(400, "PATCH", "/v1/nodes/" + node["uuid"], [{"op": "add", "path": "/health", "value": "OK"}])

    def test_keys_of_a_patch_may_have_any_character(self):
        path = "/v1/nodes/" + self.node()["uuid"]
        patch = [{"op": "add", "path": "/extra/a~1b~0c~01", "value": 1}]
        self.assertEqual(self.want(200, "PATCH", path, patch)["extra"], {"a/b~c~1": 1})
        self.refuse(400, "PATCH", path, patch, version="1.97")
        for key in ("/extra/a~2", "/extra/a~"):
            self.refuse(400, "PATCH", path, [{"op": "add", "path": key, "value": 1}])
        self.assertEqual(self.want(200, "PATCH", path, [{"op": "remove", "path": "/extra/a~1b~0c~01"}])["extra"], {})

    def test_answers_name_the_request_twice(self):
        answer = self.call("GET", "/v1/nodes")
        self.assertEqual(answer.headers["X-OpenStack-Request-Id"], answer.headers["OpenStack-Request-Id"])


class Ports(harness.Suite):
    def setUp(self):
        self.owner = self.node(name="ports-" + random_uuid()[:8], conductor_group="left")

    def port(self, **more):
        address = "52:54:00:" + ":".join(random_uuid()[i:i + 2] for i in (0, 2, 4))
        return dict({"node_uuid": self.owner["uuid"], "address": address}, **more)

    def test_ports_have_names_and_are_found_by_them(self):
        name = "port " + random_uuid()[:8]
        port = self.want(201, "POST", "/v1/ports", self.port(name="eth-" + name[5:], description="left", vendor="acme", category="fast",
                                                             available_for_dynamic_portgroup=False))
        self.assertEqual((port["description"], port["vendor"], port["category"], port["available_for_dynamic_portgroup"]),
                         ("left", "acme", "fast", False))
        self.assertEqual(self.get("/v1/ports/" + port["name"])["uuid"], port["uuid"])
        self.refuse(409, "POST", "/v1/ports", self.port(name=port["name"]))
        self.refuse(400, "POST", "/v1/ports", self.port(vendor="v" * 33))
        self.assertEqual([p["uuid"] for p in self.get("/v1/ports?description_contains=EF")["ports"]], [port["uuid"]])

    def test_a_port_may_name_its_node(self):
        body = self.port(node_ident=self.owner["name"])
        self.refuse(400, "POST", "/v1/ports", body)
        del body["node_uuid"]
        self.refuse(406, "POST", "/v1/ports", body, version="1.93")
        self.refuse(400, "POST", "/v1/ports", dict(body, node_ident="nonesuch"))
        self.assertEqual(self.want(201, "POST", "/v1/ports", body)["node_uuid"], self.owner["uuid"])
        del body["node_ident"]
        self.refuse(400, "POST", "/v1/ports", body)

    def test_switches_of_ovn_exist_in_some_versions(self):
        link = {"port_id": "p", "vtep-logical-switch": "l", "vtep-physical-switch": "s"}
        body = self.port(local_link_connection=link)
        for version, status in (("1.82", 400), ("1.89", 406), ("1.105", 406)):
            self.refuse(status, "POST", "/v1/ports", body, version=version)
        port = self.want(201, "POST", "/v1/ports", body, version="1.90")
        for version, shown in (("1.89", {}), ("1.104", link), ("1.105", {})):
            self.assertEqual(self.get("/v1/ports/" + port["uuid"], version)["local_link_connection"], shown, version)
        del link["vtep-physical-switch"]
        self.refuse(400, "POST", "/v1/ports", self.port(local_link_connection=link), version="1.90")

    def test_lists_by_what_the_node_has(self):
        port = self.want(201, "POST", "/v1/ports", self.port())["uuid"]
        group = self.want(201, "POST", "/v1/portgroups", {"node_uuid": self.owner["uuid"], "category": "fast", "physical_network": "n"})
        self.assertEqual((group["category"], group["physical_network"], group["dynamic_portgroup"]), ("fast", "n", False))
        self.want(200, "PATCH", "/v1/nodes/" + self.owner["uuid"], [{"op": "add", "path": "/shard", "value": group["uuid"]}])
        self.assertIn(port, [p["uuid"] for p in self.get("/v1/ports?conductor_groups=right,left")["ports"]])
        self.assertEqual(self.get("/v1/ports?conductor_groups=right")["ports"], [])
        self.assertIn(group["uuid"], [g["uuid"] for g in self.get("/v1/portgroups?conductor_groups=left")["portgroups"]])
        self.assertEqual([g["uuid"] for g in self.get("/v1/portgroups?shard=" + group["uuid"])["portgroups"]], [group["uuid"]])
        self.refuse(406, "GET", "/v1/portgroups?shard=x", version="1.105")
        self.refuse(400, "GET", "/v1/portgroups?shard=x&conductor_groups=left")
        self.refuse(400, "GET", "/v1/ports?conductor_groups=left&node=" + self.owner["uuid"])

    def test_no_conductor_group_is_one_to_list_by(self):
        node = self.node()["uuid"]
        for kind in ("ports", "portgroups"):
            free, grouped = (self.want(201, "POST", "/v1/" + kind, dict(self.port(), node_uuid=owner))["uuid"]
                             for owner in (node, self.owner["uuid"]))
            listed = [item["uuid"] for item in self.get("/v1/%s?conductor_groups=" % kind)[kind]]
            self.assertIn(free, listed)
            self.assertNotIn(grouped, listed)


class Ramdisk(harness.Suite):
    def test_a_heartbeat_may_name_its_node_in_the_body(self):
        body = {"callback_url": "https://127.0.0.1:1", "agent_token": "made-up", "node_ident": self.node()["uuid"]}
        self.refuse(400, "POST", "/v1/heartbeat", body)  # the token is not the node's
        self.refuse(404, "POST", "/v1/heartbeat", dict(body, node_ident=random_uuid()))
        self.refuse(404, "POST", "/v1/heartbeat", body, version="1.21")
        del body["node_ident"]
        self.refuse(400, "POST", "/v1/heartbeat", body)

    def test_a_media_path_has_no_put(self):
        path = "/v1/nodes/%s/vmedia" % self.node()["uuid"]
        for version, status in (("1.88", 404), ("1.89", 405)):
            self.refuse(status, "PUT", path, {}, version=version)


class PhysicalNetworks(harness.Suite):
    """A port group has one, and so have its ports."""

    def setUp(self):
        self.owner = self.node()["uuid"]

    def group(self, **more):
        return self.want(201, "POST", "/v1/portgroups", dict({"node_uuid": self.owner}, **more))["uuid"]

    def member(self, group, status=201, **more):
        address = "52:54:00:" + ":".join(random_uuid()[i:i + 2] for i in (0, 2, 4))
        body = dict({"node_uuid": self.owner, "address": address, "portgroup_uuid": group}, **more)
        made = self.call("POST", "/v1/ports", body)
        self.assertEqual(made.status, status, made.body)
        return made.json.get("uuid")

    def network(self, kind, uuid):
        return self.get("/v1/%s/%s" % (kind, uuid))["physical_network"]

    def change(self, status, path, *operations, version=harness.LATEST):
        patch = [{"op": "remove", "path": "/" + name} if value is None else {"op": "add", "path": "/" + name, "value": value}
                 for name, value in operations]
        return self.want(status, "PATCH", "/v1/" + path, patch, version=version)

    def test_the_ports_follow_their_group(self):
        group = self.group(physical_network="left")
        members = [self.member(group, physical_network="left") for _ in range(2)]
        other = self.member(None, physical_network="left")
        self.change(200, "portgroups/" + group, ("extra", {"a": 1}), ("physical_network", "right"))
        self.assertEqual([self.network("ports", port) for port in members + [other]], ["right", "right", "left"])
        self.change(200, "portgroups/" + group, ("physical_network", None))
        self.assertEqual([self.network("ports", port) for port in members], [None, None])

    def test_a_port_that_joins_has_the_network_of_the_group(self):
        group = self.group(physical_network="left")
        self.member(group, 409)
        self.member(group, 409, physical_network="right")
        self.member(group, physical_network="left")
        self.member(group, physical_network="left")

    def test_the_first_port_gives_its_network_to_the_group(self):
        group = self.group()
        self.member(group, physical_network="left")
        self.assertEqual(self.network("portgroups", group), "left")
        empty = self.group()
        port = self.member(None, physical_network="right")
        self.change(200, "ports/" + port, ("portgroup_uuid", empty))
        self.assertEqual(self.network("portgroups", empty), "right")
        self.change(200, "ports/" + port, ("portgroup_uuid", None))
        self.assertEqual(self.network("portgroups", empty), "right")
        self.change(409, "ports/" + port, ("portgroup_uuid", group))
        self.change(200, "ports/" + port, ("physical_network", "left"), ("portgroup_uuid", group))

    def test_a_port_does_not_leave_the_network_of_its_group(self):
        group = self.group(physical_network="left")
        port = self.member(group, physical_network="left")
        self.change(400, "ports/" + port, ("physical_network", "right"))
        self.change(400, "ports/" + port, ("physical_network", None))
        self.change(200, "ports/" + port, ("physical_network", "right"), version="1.101")
        self.assertEqual(self.network("portgroups", group), "right")  # it is alone there
        self.member(group, physical_network="right")
        self.change(409, "ports/" + port, ("physical_network", "left"), version="1.101")
        self.change(200, "ports/" + port, ("physical_network", "left"), ("portgroup_uuid", None))

    def test_an_empty_name_of_a_network_is_none(self):
        group = self.group(physical_network="")
        port = self.member(group)
        self.change(200, "portgroups/" + group, ("physical_network", ""))
        self.assertIsNone(self.network("ports", port))


class History(harness.Suite):
    def test_an_event_tells_the_state_and_how_long_the_node_was_in_it(self):
        node = self.node(driver_info={"fake": {"power.validate": {"fail": "INVALID", "message": "no such plug"}}})["uuid"]
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % node, {"target": "manage"})
        self.wait_node(node, provision_state="enroll", target_provision_state=None)
        event = self.get("/v1/nodes/%s/history?detail=true" % node)["history"][0]
        self.assertEqual((event["state"], event["target_provision_state"], event["project"]), ("verifying", "manageable", None))
        self.assertGreaterEqual(event["duration_seconds"], 0)
        for version, hidden in (("1.112", {"project", "state", "target_provision_state", "duration_seconds"}),
                                ("1.114", {"state", "target_provision_state", "duration_seconds"})):
            self.assertFalse(hidden & set(self.get("/v1/nodes/%s/history?detail=true" % node, version)["history"][0]), version)

    def test_a_history_is_read_in_the_order_asked_for(self):
        node = self.node(driver_info={"fake": {"power.validate": {"fail": "INVALID", "message": "no such plug"}}})["uuid"]
        for _ in range(3):
            self.want(202, "PUT", "/v1/nodes/%s/states/provision" % node, {"target": "manage"})
            self.wait_node(node, provision_state="enroll", target_provision_state=None, reservation=None)
        path = "/v1/nodes/%s/history" % node
        events = [event["uuid"] for event in self.get(path)["history"]]
        self.assertEqual(self.read(path), events)
        self.assertEqual(self.read(path + "?sort_dir=desc"), events[::-1])
        self.assertEqual(self.read(path + "?sort_key=uuid"), sorted(events))
        self.assertEqual(self.read(path + "?sort_key=severity&sort_dir=asc"), events)
        self.assertEqual(self.paged(path + "?limit=2&sort_dir=desc"), events[::-1])
        self.assertEqual(self.read(path + "?marker=" + events[0]), events[1:])
        for query in ("sort_key=nonesuch", "sort_key=links", "sort_dir=up", "sort_dir=", "fields=uuid", "marker=x", "limit=0", "detail=x"):
            self.refuse(400, "GET", path + "?" + query)
        for query in ("sort_key=uuid", "sort_dir=desc"):
            self.refuse(400, "GET", path + "?" + query, version="1.82")
            self.want(200, "GET", path + "?" + query, version="1.83")
        self.refuse(404, "GET", path + "?marker=" + random_uuid())

    def read(self, path):
        return [event["uuid"] for event in self.get(path)["history"]]

    def paged(self, path):
        events = []
        while path:
            page = self.get(path)
            events += [event["uuid"] for event in page["history"]]
            path = page.get("next") and page["next"][page["next"].index("/v1/"):]
        return events


class Volumes(harness.Suite):
    """Of a node that could be deleted itself they may be deleted whatever its machine does; changed only while it is off."""

    options = ("conductor.sync_power_state_interval=0",)
    may_go = True

    def volumes(self, node):
        bodies = {"connectors": {"type": "iqn", "connector_id": "iqn.2026-11.org.example:" + random_uuid()},
                  "targets": {"volume_type": "iscsi", "boot_index": 0, "volume_id": "v"}}
        return ["/v1/volume/%s/%s" % (kind, self.want(201, "POST", "/v1/volume/" + kind, dict(body, node_uuid=node))["uuid"])
                for kind, body in bodies.items()]

    def deleted(self, node, may_go):
        extra = [{"op": "add", "path": "/extra", "value": {"a": 1}}]
        for path in self.volumes(node):
            self.refuse(400, "PATCH", path, extra)
            if may_go:
                self.want(204, "DELETE", path)
            else:
                self.refuse(400, "DELETE", path)

    def test_a_node_whose_power_state_is_not_known(self):
        self.deleted(self.node()["uuid"], self.may_go)

    def test_a_machine_that_is_on(self):
        node = self.node()["uuid"]
        self.provision(node, "manage", "manageable")
        self.want(202, "PUT", "/v1/nodes/%s/states/power" % node, {"target": "power on"})
        self.wait_node(node, power_state="power on", reservation=None)
        self.deleted(node, self.may_go)
        self.provision(node, "provide", "available")
        self.want(202, "PUT", "/v1/nodes/%s/states/power" % node, {"target": "power on"})
        self.wait_node(node, power_state="power on", reservation=None)
        if self.may_go:
            self.deleted(node, False)


class VolumesOfOlderReleases(Volumes):
    options = Volumes.options + ("pin_release_version=35.0",)
    newest = "1.111"
    may_go = False


class Command(harness.Suite):
    """steel has the newest client's words for what is new."""

    def steel_json(self, *words):
        form = () if words[1] in ("set", "unset") else ("-f", "json")
        ran = subprocess.run([os.path.join(os.path.dirname(harness.STEELD), "steel"), *words, *form], timeout=harness.LIMIT_S,
                             env={"OS_AUTH_TYPE": "none", "OS_ENDPOINT": "http://127.0.0.1:%d" % self.steel.port, "HOME": "/nonexistent"},
                             capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 0, (words, ran.stdout, ran.stderr))
        return json.loads(ran.stdout) if ran.stdout.startswith(("{", "[")) else None

    def test_children_and_instances_have_their_options(self):
        parent = self.node()["uuid"]
        child = self.steel_json("node", "create", "--driver", "fake-hardware", "--parent-node", parent, "--instance-name", "vm-9",
                                "--disable-power-off")
        self.assertEqual((child["parent_node"], child["instance_name"], child["disable_power_off"]), (parent, "vm-9", True))
        for words in (("--parent-node", parent), ("--include-children", "--instance-name", "vm-9")):
            self.assertEqual([node["UUID"] for node in self.steel_json("node", "list", *words)], [child["uuid"]], words)
        self.assertEqual(self.steel_json("node", "children", "list", parent), [{"Child Nodes": child["uuid"]}])
        self.steel_json("node", "set", child["uuid"], "--enable-power-off", "--instance-name", "vm-10")
        self.steel_json("node", "unset", child["uuid"], "--parent-node")
        node = self.get("/v1/nodes/" + child["uuid"])
        self.assertEqual((node["parent_node"], node["instance_name"], node["disable_power_off"]), (None, "vm-10", False))

    def test_ports_and_port_groups_have_their_options(self):
        node = self.node()["uuid"]
        self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/shard", "value": "north"}])
        group = self.steel_json("port", "group", "create", "--node", node, "--physical-network", "left", "--category", "fast")
        group = self.get("/v1/portgroups/" + group["uuid"])
        for shards, wanted in (("south,north", [group["uuid"]]), ("south", [])):
            listed = self.steel_json("port", "group", "list", "--shards", shards)
            self.assertEqual([one["UUID"] for one in listed], wanted)
        self.assertEqual((group["physical_network"], group["category"]), ("left", "fast"))
        words = ["--name", "eth-9", "--description", "d", "--vendor", "v", "--category", "c"]
        port = self.steel_json("port", "create", "52:54:00:99:00:01", "--node", node, *words)
        self.assertEqual([self.get("/v1/ports/" + port["uuid"])[word[2:]] for word in words[::2]], words[1::2])
        self.steel_json("port", "unset", port["uuid"], *words[::2])
        self.assertEqual([self.get("/v1/ports/" + port["uuid"])[word[2:]] for word in words[::2]], [None] * 4)
        link = {"switch_id": "0a:1b:2c:3d:4e:5f", "port_id": "Ethernet1/1", "switch_info": "rack1"}
        self.steel_json("port", "set", port["uuid"], *("--local-link-connection=%s=%s" % pair for pair in link.items()))
        self.steel_json("port", "unset", port["uuid"], "--local-link-connection", "switch_info")
        self.assertEqual(self.get("/v1/ports/" + port["uuid"])["local_link_connection"],
                         {"switch_id": link["switch_id"], "port_id": link["port_id"]})
