"""Drivers, conductors, allocations, deploy templates, events, and the routes of agents.

SPDX-License-Identifier: Apache-2.0
"""
import concurrent.futures
import threading
import time

import harness
import node_lock
from harness import random_uuid


class Drivers(harness.Suite):
    def test_drivers_are_what_conductors_serve(self):
        drivers = {driver["name"]: driver for driver in self.get("/v1/drivers")["drivers"]}
        self.assertEqual(set(drivers), {"fake-hardware", "ipmi"})
        for driver in drivers.values():
            self.assertEqual(set(driver), {"name", "hosts", "links", "properties", "type"})
            self.assertEqual((driver["hosts"], driver["type"]), ([self.steel.host], "dynamic"))
        one = self.get("/v1/drivers/fake-hardware")
        self.assertEqual(one["default_power_interface"], "fake")
        self.assertIn("fake", one["enabled_bios_interfaces"])
        self.assertEqual(self.get("/v1/drivers?detail=true")["drivers"][0], one)
        self.assertNotIn("default_bios_interface", self.get("/v1/drivers/fake-hardware", "1.39"))
        self.assertEqual(set(self.get("/v1/drivers/fake-hardware", "1.13")), {"name", "hosts", "links"})
        self.assertEqual(self.get("/v1/drivers?type=classic"), {"drivers": []})
        self.assertEqual(set(self.get("/v1/drivers?fields=name,hosts")["drivers"][0]), {"name", "hosts", "links"})
        self.refuse(404, "GET", "/v1/drivers/zork")
        self.refuse(404, "GET", "/v1/drivers/zork/properties")
        self.refuse(400, "GET", "/v1/drivers?type=zork")
        self.refuse(400, "GET", "/v1/drivers?fields=zork")
        self.refuse(406, "GET", "/v1/drivers?detail=true", version="1.29")
        self.refuse(406, "GET", "/v1/drivers?fields=name", version="1.76")

    def test_properties_of_drivers(self):
        self.assertIn("ipmi_address", self.get("/v1/drivers/ipmi/properties"))
        self.assertIn("raid_level", self.get("/v1/drivers/fake-hardware/raid/logical_disk_properties"))
        self.assertEqual(self.get("/v1/drivers/ipmi/vendor_passthru/methods"), {})
        self.refuse(400, "GET", "/v1/drivers/ipmi/vendor_passthru?method=zork")

    def test_conductors(self):
        self.assertEqual([(c["hostname"], c["conductor_group"], c["alive"]) for c in self.get("/v1/conductors")["conductors"]],
                         [(self.steel.host, "", True)])
        one = self.get("/v1/conductors/" + self.steel.host)
        self.assertEqual(set(one["drivers"]), {"fake-hardware", "ipmi"})
        self.assertEqual(self.get("/v1/conductors?detail=true")["conductors"][0]["drivers"], one["drivers"])
        self.assertEqual(set(self.get("/v1/conductors?fields=alive")["conductors"][0]), {"alive", "links"})
        self.refuse(404, "GET", "/v1/conductors/nobody")


class Allocations(harness.Suite):
    def wait(self, ident):
        end = time.monotonic() + harness.LIMIT_S
        while True:
            allocation = self.get("/v1/allocations/" + ident)
            if allocation["state"] != "allocating":
                return allocation
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def test_an_allocation_takes_a_node(self):
        node = self.available_node(name="taken", resource_class="big")
        self.want(202, "PUT", "/v1/nodes/taken/states/power", {"target": "power off"})
        self.wait_node("taken", power_state="power off", reservation=None)
        made = self.call("POST", "/v1/allocations", {"name": "mine", "resource_class": "big", "extra": {"a": 1}})
        self.assertEqual(made.status, 201)
        self.assertTrue(made.headers["Location"].endswith("/v1/allocations/" + made.json["uuid"]))
        self.assertEqual(set(made.json), {"uuid", "name", "resource_class", "candidate_nodes", "traits", "extra", "state",
                                          "node_uuid", "last_error", "owner", "created_at", "updated_at", "links"})
        allocation = self.wait("mine")
        self.assertEqual((allocation["state"], allocation["node_uuid"]), ("active", node["uuid"]))
        shown = self.get("/v1/nodes/taken")
        self.assertEqual((shown["allocation_uuid"], shown["instance_uuid"]), (allocation["uuid"],) * 2)
        self.assertEqual(self.get("/v1/nodes/taken/allocation"), allocation)
        for query, count in (("node=taken", 1), ("resource_class=big", 1), ("state=active", 1), ("state=error", 0),
                             ("owner=x", 0)):
            self.assertEqual(len(self.get("/v1/allocations?" + query)["allocations"]), count, query)
        self.assertEqual(self.want(200, "PATCH", "/v1/allocations/mine",
                                   [{"op": "replace", "path": "/name", "value": "yours"}])["name"], "yours")
        self.refuse(400, "PATCH", "/v1/allocations/yours", [{"op": "replace", "path": "/resource_class", "value": "x"}])
        self.assertEqual(self.get("/v1/nodes/taken")["instance_info"], {"traits": []})
        self.want(204, "DELETE", "/v1/nodes/taken/allocation")
        self.refuse(404, "GET", "/v1/allocations/yours")
        self.assertIsNone(self.get("/v1/nodes/taken")["instance_uuid"])

    def test_taking_the_instance_from_a_node_ends_its_allocation(self):
        self.available_node(name="left", resource_class="left")
        self.want(202, "PUT", "/v1/nodes/left/states/power", {"target": "power off"})
        self.wait_node("left", power_state="power off", reservation=None)
        leave = [{"op": "remove", "path": "/instance_uuid"}]
        self.want(201, "POST", "/v1/allocations", {"name": "leaving", "resource_class": "left"})
        self.assertEqual(self.wait("leaving")["state"], "active")
        self.provision("left", "active", "active")
        self.refuse(409, "PATCH", "/v1/nodes/left", leave)
        self.assertEqual(self.get("/v1/allocations/leaving")["state"], "active")
        self.want(202, "PUT", "/v1/nodes/left/maintenance", {})
        node = self.want(200, "PATCH", "/v1/nodes/left", leave)
        self.assertEqual((node["instance_uuid"], node["allocation_uuid"]), (None, None))
        self.refuse(404, "GET", "/v1/allocations/leaving")
        self.refuse(404, "GET", "/v1/nodes/left/allocation")

    def test_the_allocation_of_a_node_that_is_not_there(self):
        """Ironic lists the allocations of that node: 400, as for `node=`; a DELETE does not find the node."""
        for node in ("nonesuch", "None", "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"):
            self.refuse(400, "GET", "/v1/nodes/%s/allocation" % node)
            self.refuse(404, "DELETE", "/v1/nodes/%s/allocation" % node)

    def test_nothing_fits(self):
        made = self.want(201, "POST", "/v1/allocations", {"resource_class": "none"})
        failed = self.wait(made["uuid"])
        self.assertEqual(failed["state"], "error")
        self.assertIn("none", failed["last_error"])
        self.want(204, "DELETE", "/v1/allocations/" + made["uuid"])

    def test_bad_allocations(self):
        for body in ({}, {"name": "x"}, {"resource_class": ""}, {"resource_class": 5}, {"resource_class": "x", "traits": ["lower"]},
                     {"resource_class": "x", "candidate_nodes": [5]}, {"resource_class": "x", "candidate_nodes": ["nobody"]},
                     {"resource_class": "x", "state": "active"}, {"resource_class": "x", "zork": 1},
                     {"resource_class": "x", "node": "nobody"}, {"node": 5}, {"resource_class": "x", "name": "a b"}):
            self.refuse(400, "POST", "/v1/allocations", body)
        self.refuse(400, "POST", "/v1/allocations", {"resource_class": "x", "node": "x"}, "1.57")
        self.refuse(406, "POST", "/v1/allocations", {"resource_class": "x", "owner": "x"}, "1.59")
        self.refuse(404, "GET", "/v1/allocations/nobody")
        self.available_node(name="idle")
        self.refuse(409, "POST", "/v1/allocations", {"node": "idle"})
        self.assertEqual(self.get("/v1/allocations")["allocations"], [])


class Templates(harness.Suite):
    step = {"interface": "bios", "step": "apply_configuration", "args": {"settings": [], "password": "x"}, "priority": 50}

    def test_templates(self):
        made = self.want(201, "POST", "/v1/deploy_templates", {"name": "CUSTOM_FAST", "steps": [self.step]})
        self.assertEqual(made["steps"][0]["args"]["password"], "******")
        self.assertEqual(self.get("/v1/deploy_templates/CUSTOM_FAST"), made)
        self.assertEqual(self.get("/v1/deploy_templates?detail=true")["deploy_templates"], [made])
        self.assertEqual(set(self.get("/v1/deploy_templates")["deploy_templates"][0]), {"uuid", "name", "links"})
        self.refuse(409, "POST", "/v1/deploy_templates", {"name": "CUSTOM_FAST", "steps": [self.step]})
        changed = self.want(200, "PATCH", "/v1/deploy_templates/CUSTOM_FAST",
                            [{"op": "replace", "path": "/name", "value": "CUSTOM_SLOW"}])
        self.assertEqual(changed["name"], "CUSTOM_SLOW")
        self.want(204, "DELETE", "/v1/deploy_templates/CUSTOM_SLOW")
        self.refuse(404, "GET", "/v1/deploy_templates/CUSTOM_SLOW")

    def test_bad_templates(self):
        good = {"name": "CUSTOM_A", "steps": [self.step]}
        for more in ({"name": "zork"}, {"name": None}, {"name": "CUSTOM_a"}, {"steps": []}, {"steps": None}, {"steps": "x"},
                     {"steps": [self.step, self.step]}, {"steps": [dict(self.step, priority=-1)]},
                     {"steps": [dict(self.step, zork=1)]}, {"steps": [{"interface": "bios", "step": "x"}]},
                     {"steps": [dict(self.step, interface="zork")]}, {"zork": 1}):
            self.refuse(400, "POST", "/v1/deploy_templates", dict(good, **more))


class Events(harness.Suite):
    def test_events(self):
        good = {"event": "network.bind_port", "port_id": random_uuid(), "mac_address": "de:ad:be:ef:00:01", "status": "ACTIVE",
                "device_id": random_uuid(), "binding:host_id": "x", "binding:vnic_type": "baremetal"}
        self.want(204, "POST", "/v1/events", {"events": [good]})
        for body in ({}, {"events": []}, {"events": [5]}, {"events": [{}]}, {"events": [dict(good, event="zork")]},
                     {"events": [dict(good, port_id="x")]}, {"events": [dict(good, mac_address="x")]},
                     {"events": [dict(good, zork=1)]}, {"events": [good], "x": 1}):
            self.refuse(400, "POST", "/v1/events", body)


class Agents(harness.Suite):
    def waiting_node(self, address):
        """A node that waits for its agent."""
        node = self.available_node(driver_info={"fake": {"deploy.deploy": {"wait": True}}, "ipmi_password": "hidden"})
        self.port(node, address)
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % node["uuid"], {"target": "active"})
        return self.wait_node(node["uuid"], provision_state="wait call-back", reservation=None)

    def test_lookup_gives_the_token_once(self):
        node = self.waiting_node("52:54:00:cc:00:01")
        found = self.get("/v1/lookup?addresses=zz,52:54:00:CC:00:01")
        self.assertEqual(set(found["node"]), {"uuid", "properties", "instance_info", "driver_internal_info", "links"})
        self.assertEqual(found["node"]["uuid"], node["uuid"])
        token = found["config"]["agent_token"]
        self.assertGreaterEqual(len(token), 32)
        self.assertIs(found["config"]["agent_token_required"], True)
        self.assertEqual(found["config"]["heartbeat_timeout"], 300)
        self.assertEqual(set(found["config"]), {"metrics", "metrics_statsd", "heartbeat_timeout", "progress_interval",
                                                "agent_md5_checksum_enable", "agent_token", "agent_token_required"})
        again = self.get("/v1/lookup?node_uuid=" + node["uuid"])
        self.assertEqual(again["config"]["agent_token"], "******")
        self.assertEqual(again["node"]["driver_internal_info"]["agent_secret_token"], "******")
        self.assertNotIn(token, self.call("GET", "/v1/nodes/" + node["uuid"]).body.decode())
        self.assertNotIn("agent_token", self.get("/v1/lookup?node_uuid=" + node["uuid"], "1.61")["config"])
        beat = {"callback_url": "https://192.0.2.7:9999", "agent_token": token, "agent_version": "9.0"}
        path = "/v1/heartbeat/" + node["uuid"]
        self.refuse(400, "POST", path, dict(beat, agent_token="wrong"))
        self.want(202, "POST", path, beat)
        self.refuse(400, "POST", path, dict(beat, callback_url="https://192.0.2.8:9999"))
        self.assertNotIn(token, self.steel.text())

    def test_what_is_empty_in_a_heartbeat_needs_no_version(self):
        node = self.waiting_node("52:54:00:cc:00:02")["uuid"]
        token = self.get("/v1/lookup?node_uuid=" + node)["config"]["agent_token"]
        path, beat = "/v1/heartbeat/" + node, {"callback_url": "https://192.0.2.7:9999", "agent_token": token}
        for version, member in (("1.22", "agent_version"), ("1.35", "agent_version"), ("1.71", "agent_status_message")):
            self.refuse(400, "POST", path, dict(beat, **{member: "9"}), version)
            self.want(202, "POST", path, dict(beat, **{member: ""}), version)
            self.want(202, "POST", path, dict(beat, **{member: None}), version)
        self.refuse(400, "POST", path, dict(beat, agent_verify_ca=""), "1.67")
        self.refuse(400, "POST", path, dict(beat, agent_status=""))

    def test_a_lookup_waits_for_no_lock_once_the_token_was_given(self):
        node = self.waiting_node("52:54:00:cc:02:01")["uuid"]
        self.get("/v1/lookup?node_uuid=" + node)
        with node_lock.held(self.steel, node):
            self.assertEqual(self.get("/v1/lookup?node_uuid=" + node)["config"]["agent_token"], "******")
            self.assertEqual(self.get("/v1/nodes/" + node)["reservation"], self.steel.host)

    def test_an_agent_gets_no_token_while_its_node_is_locked(self):
        node = self.waiting_node("52:54:00:cc:02:02")["uuid"]
        with node_lock.held(self.steel, node):
            self.refuse(409, "GET", "/v1/lookup?node_uuid=" + node)
        self.assertGreaterEqual(len(self.get("/v1/lookup?node_uuid=" + node)["config"]["agent_token"]), 32)

    def test_lookups_lock_no_node(self):
        nodes = [self.waiting_node("52:54:00:cc:03:%02x" % number)["uuid"] for number in range(4)]
        for node in nodes:
            self.get("/v1/lookup?node_uuid=" + node)
        over = threading.Event()

        def ask():
            while not over.is_set():
                for node in nodes:
                    self.get("/v1/lookup?node_uuid=" + node)
        with concurrent.futures.ThreadPoolExecutor(8) as strangers:
            asking = [strangers.submit(ask) for _ in range(8)]
            answers = [self.call("PUT" if number % 2 == 0 else "DELETE", "/v1/nodes/%s/maintenance" % nodes[number // 2 % 4]).status
                       for number in range(200)]
            over.set()
            for future in asking:
                future.result()
        self.assertEqual(set(answers), {202})

    def test_lookup_refuses_strangers(self):
        node = self.node()
        self.port(node, "52:54:00:cc:01:01")
        other = self.waiting_node("52:54:00:cc:01:02")
        for query in ("addresses=52:54:00:cc:01:01", "addresses=52:54:00:cc:01:99", "node_uuid=" + node["uuid"],
                      "node_uuid=" + random_uuid(), "addresses=52:54:00:cc:01:01,52:54:00:cc:01:02"):
            self.refuse(404, "GET", "/v1/lookup?" + query)
        for query in ("", "?addresses=", "?addresses=zz", "?zork=1"):
            self.refuse(400, "GET", "/v1/lookup" + query)
        self.assertEqual(self.get("/v1/lookup?node_uuid=%s&addresses=52:54:00:cc:01:01" % other["uuid"])["node"]["uuid"],
                         other["uuid"])

    def test_heartbeats_are_checked(self):
        path = "/v1/heartbeat/" + self.node()["uuid"]
        good = {"callback_url": "https://192.0.2.7:9999", "agent_token": "x", "agent_version": "9"}
        for body in ({}, {"callback_url": 5}, {"callback_url": "ftp://x"}, {"callback_url": "http://x"}, dict(good, zork=1),
                     dict(good, agent_status="zork"), dict(good, agent_token=5)):
            self.refuse(400, "POST", path, body)
        self.refuse(400, "POST", path, dict(good, agent_status="start"), "1.71")
        self.refuse(404, "POST", "/v1/heartbeat/nobody", good)


class NoAgents(harness.Suite):
    options = ("api.enable_ramdisk_endpoints=false",)

    def test_the_endpoints_can_be_closed(self):
        self.refuse(403, "GET", "/v1/lookup?node_uuid=" + random_uuid())
        self.refuse(403, "POST", "/v1/heartbeat/x", {})
