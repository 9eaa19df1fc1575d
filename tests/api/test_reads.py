"""Reading changes nothing: no GET writes to the database.

SPDX-License-Identifier: Apache-2.0
"""
import os
import re

import database
import harness


class Reads(harness.Suite):
    # what the daemon writes by itself would hide what requests write
    options = ("conductor.heartbeat_interval=3000", "conductor.heartbeat_timeout=6000",
               "conductor.sync_power_state_interval=0")

    def setUp(self):
        self.database = database.Database(self.steel.folder)
        self.addCleanup(self.database.close)

    def version(self):
        """A number that differs after each change by another connection."""
        return self.database.version()

    def things(self):
        """Makes one item of each kind; the values for the captures of a route."""
        node = self.available_node(name="read", shard="a")
        group = self.want(201, "POST", "/v1/portgroups", {"node_uuid": node["uuid"]})
        port = self.port(node, "52:54:00:0b:00:01", portgroup_uuid=group["uuid"])
        connector = self.want(201, "POST", "/v1/volume/connectors",
                              {"node_uuid": node["uuid"], "type": "iqn", "connector_id": "iqn.2020-01.org.example:a"})
        target = self.want(201, "POST", "/v1/volume/targets", {"node_uuid": node["uuid"], "volume_type": "iscsi",
                                                              "boot_index": 0, "volume_id": "1"})
        chassis = self.want(201, "POST", "/v1/chassis", {})
        template = self.want(201, "POST", "/v1/deploy_templates", {
            "name": "CUSTOM_READ", "steps": [{"interface": "deploy", "step": "deploy", "args": {}, "priority": 5}]})
        allocation = self.want(201, "POST", "/v1/allocations", {"resource_class": "none"})
        while self.get("/v1/allocations/" + allocation["uuid"])["state"] == "allocating":
            pass
        return {"node": node["uuid"], "portgroup": group["uuid"], "port": port["uuid"], "connector": connector["uuid"],
                "target": target["uuid"], "chassis": chassis["uuid"], "deploy_template": template["uuid"],
                "template": template["uuid"], "allocation": allocation["uuid"], "driver": "fake-hardware",
                "hostname": self.steel.host, "indicator": "led@system"}

    def test_no_get_writes(self):
        things = self.things()
        paths = [path for path, item in self.get("/v1/openapi.json")["paths"].items()
                 if "get" in item and not path.endswith("/stream") and path != "/metrics"]
        self.assertGreater(len(paths), 60)
        for path in ["/v1/lookup?node_uuid=" + things["node"], "/v1/nodes/validate?node=read"] + paths:
            filled = re.sub(r"\{(\w+)\}", lambda found: things.get(found[1], "nonesuch"), path)
            before = self.version()
            answer = self.call("GET", filled)
            self.assertEqual(self.version(), before, "GET %s -> %d has written" % (filled, answer.status))
            if "{" not in path or set(re.findall(r"\{(\w+)\}", path)) <= set(things):
                self.assertIn(answer.status, (200, 400, 403, 404), filled)
        before = self.version()
        self.want(202, "PUT", "/v1/nodes/read/maintenance", {})
        self.assertNotEqual(self.version(), before)  # so a write would have been seen

    def test_a_lease_just_taken_is_not_renewed_before_its_interval(self):
        node = self.available_node(driver_info={"fake": {"deploy.deploy": {"wait": True, "wait_timeout_s": 1}}})["uuid"]
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % node, {"target": "active"})
        # the clock's thread ends the wait after it has looked at the lease
        self.wait_node(node, provision_state="deploy failed", reservation=None)
        self.assertEqual(self.database.execute("SELECT renewals FROM conductors").fetchall(), [(0,)])
