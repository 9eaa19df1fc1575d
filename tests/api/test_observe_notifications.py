"""Versioned notifications in the log: Ironic's names, envelopes and payloads.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os

import harness
from observe_support import wait_until

with open(os.path.join(harness.ROOT, "tests", "data", "ironic-newest-payloads.json")) as kept:
    PAYLOADS = json.load(kept)  # what Ironic 39.0.0 sends


def notifications(log):
    """Those of a log: of its whole lines, as one may be under way."""
    return [json.loads(line) for line in log[:log.rfind("\n") + 1].splitlines() if line.startswith("{")]


class Notifications(harness.Suite):
    options = ("notification_level=info",)

    def all(self):
        return notifications(self.steel.text())

    def of(self, uuid, types):
        """Waits until the notifications about a resource are these, and returns them."""
        def found():
            about = [note for note in self.all() if note["payload"]["ironic_object.data"]["uuid"] == uuid]
            return [note["event_type"] for note in about] == types and about
        try:
            return wait_until(found, "")
        except AssertionError:
            raise AssertionError("%s instead of %s" % ([(n["event_type"], n["payload"]["ironic_object.data"]["uuid"])
                                                       for n in self.all()], types)) from None

    def check(self, notes, name):
        for note in notes:
            self.assertEqual(set(note), {"message_id", "publisher_id", "timestamp", "priority", "event_type", "payload"})
            action = note["event_type"].split(".")[2]
            service = "conductor" if action in ("provision_set", "power_set") else "api"
            self.assertEqual(note["publisher_id"], "ironic-%s.%s" % (service, self.steel.host))
            payload = note["payload"]
            self.assertEqual(set(payload), {"ironic_object." + word for word in ("name", "namespace", "version", "data")})
            self.assertEqual(payload["ironic_object.namespace"], "ironic")
            self.assertEqual((payload["ironic_object.name"], payload["ironic_object.version"]), (name, PAYLOADS[name]["version"]))
            self.assertEqual(sorted(payload["ironic_object.data"]), PAYLOADS[name]["fields"])
        return [note["payload"]["ironic_object.data"] for note in notes]

    def test_a_node_is_reported_from_its_creation_to_its_deletion(self):
        node = self.node(name="told", driver_info={"ipmi_password": "hush-hush"},
                         instance_info={"image_url": "http://hush-hush"})
        uuid, types = node["uuid"], ["baremetal.node.create.start", "baremetal.node.create.end"]
        created = self.check(self.of(uuid, types), "NodeCRUDPayload")
        self.assertEqual(created[0]["driver_info"], {"ipmi_password": "******"})
        self.assertEqual(created[0]["instance_info"], {"image_url": "******"})

        self.provision(uuid, "manage", "manageable")
        types += ["baremetal.node.provision_set.start", "baremetal.node.provision_set.end"]
        start, end = self.check(self.of(uuid, types)[-2:], "NodeSetProvisionStatePayload")
        self.assertEqual((start["event"], start["previous_provision_state"], start["provision_state"]),
                         ("manage", "enroll", "verifying"))
        self.assertEqual((end["event"], end["previous_provision_state"], end["previous_target_provision_state"],
                          end["provision_state"]), ("done", "verifying", "manageable", "manageable"))

        self.want(202, "PUT", "/v1/nodes/told/states/power", {"target": "power on"})
        types += ["baremetal.node.power_set.start", "baremetal.node.power_set.end"]
        power = self.check(self.of(uuid, types)[-2:], "NodeSetPowerStatePayload")
        self.assertEqual([data["to_power"] for data in power], ["power on", "power on"])
        self.assertEqual(power[1]["power_state"], "power on")
        self.wait_node("told", power_state="power on", target_power_state=None, reservation=None)

        self.want(202, "PUT", "/v1/nodes/told/maintenance", {"reason": "why not"})
        types += ["baremetal.node.maintenance_set.start", "baremetal.node.maintenance_set.end"]
        done = self.check(self.of(uuid, types)[-2:], "NodePayload")
        self.assertEqual(done[1]["maintenance_reason"], "why not")

        self.want(200, "PATCH", "/v1/nodes/told", [{"op": "add", "path": "/extra/x", "value": 1}])
        types += ["baremetal.node.update.start", "baremetal.node.update.end"]
        self.assertEqual(self.check(self.of(uuid, types)[-2:], "NodeCRUDPayload")[1]["extra"], {"x": 1})

        self.want(204, "DELETE", "/v1/nodes/told")
        types += ["baremetal.node.delete.start", "baremetal.node.delete.end"]
        self.check(self.of(uuid, types)[-2:], "NodeCRUDPayload")
        self.assertNotIn("hush-hush", json.dumps(self.all()))

    def test_each_resource_has_its_event(self):
        node = self.node()["uuid"]
        self.provision(node, "manage", "manageable")
        self.want(202, "PUT", "/v1/nodes/%s/states/power" % node, {"target": "power off"})
        self.wait_node(node, power_state="power off", target_power_state=None, reservation=None)
        rows = (
            ("port", "ports", {"node_uuid": node, "address": "02:00:00:00:07:01"}, "PortCRUDPayload"),
            ("portgroup", "portgroups", {"node_uuid": node}, "PortgroupCRUDPayload"),
            ("chassis", "chassis", {}, "ChassisCRUDPayload"),
            ("volumeconnector", "volume/connectors", {"node_uuid": node, "type": "iqn", "connector_id": "iqn.2026-11.org.x:a"},
             "VolumeConnectorCRUDPayload"),
            ("volumetarget", "volume/targets",
             {"node_uuid": node, "volume_type": "iscsi", "boot_index": 0, "volume_id": "1",
              "properties": {"auth_password": "hush-hush"}}, "VolumeTargetCRUDPayload"),
            ("deploytemplate", "deploy_templates",
             {"name": "CUSTOM_TOLD", "steps": [{"interface": "deploy", "step": "deploy", "args": {}, "priority": 10}]},
             "DeployTemplateCRUDPayload"),
        )
        for kind, path, body, name in rows:
            item = self.want(201, "POST", "/v1/" + path, body)["uuid"]
            self.want(200, "PATCH", "/v1/%s/%s" % (path, item), [{"op": "add", "path": "/extra/x", "value": "y"}])
            self.want(204, "DELETE", "/v1/%s/%s" % (path, item))
            types = ["baremetal.%s.%s.%s" % (kind, action, status) for action in ("create", "update", "delete")
                     for status in ("start", "end")]
            data = self.check(self.of(item, types), name)
            self.assertEqual(data[3]["extra"], {"x": "y"})
        self.assertNotIn("hush-hush", json.dumps(self.all()))

    def test_failures_are_reported_as_errors(self):
        self.node(name="taken")
        self.refuse(409, "POST", "/v1/nodes", {"driver": "fake-hardware", "name": "taken"})

        def failed():
            return [note for note in self.all() if note["event_type"] == "baremetal.node.create.error"]
        note = wait_until(failed, "an error told")[0]
        self.assertEqual(note["priority"], "ERROR")
        self.assertEqual(note["payload"]["ironic_object.data"]["name"], "taken")

    def test_requests_refused_at_once_are_not_reported(self):
        before = len(self.all())
        self.refuse(400, "POST", "/v1/nodes", {"driver": "fake-hardware", "name": "bad name"})
        self.refuse(400, "POST", "/v1/nodes", {"driver": "unknown"})
        self.assertEqual(len(self.all()), before)


class Pinned(harness.Suite):
    """A service that is pinned to a release says what that release does."""

    options = ("notification_level=info", "pin_release_version=21.4")
    newest = "1.82"

    def data(self, kind):
        def found():
            return [note["payload"] for note in notifications(self.steel.text()) if note["event_type"] == "baremetal.%s.create.end" % kind]
        return wait_until(found, kind)[0]

    def test_payloads_are_those_of_the_release(self):
        node = self.want(201, "POST", "/v1/nodes", {"driver": "fake-hardware"}, version="1.82")["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": node, "address": "02:00:00:00:07:02"}, version="1.82")
        self.want(201, "POST", "/v1/portgroups", {"node_uuid": node}, version="1.82")
        for kind, name, version, added in (
                ("node", "NodeCRUDPayload", "1.14", {"disable_power_off"}),
                ("port", "PortCRUDPayload", "1.4", {"description", "vendor", "category", "available_for_dynamic_portgroup"}),
                ("portgroup", "PortgroupCRUDPayload", "1.0", {"physical_network", "category", "dynamic_portgroup"})):
            payload = self.data(kind)
            self.assertEqual((payload["ironic_object.name"], payload["ironic_object.version"]), (name, version))
            self.assertEqual(set(payload["ironic_object.data"]), set(PAYLOADS[name]["fields"]) - added)


class Errors(harness.Suite):
    options = ("notification_level=error",)

    def test_with_level_error_only_errors_are_reported(self):
        node = self.node(name="taken")
        self.provision(node["uuid"], "manage", "manageable")
        self.refuse(409, "POST", "/v1/nodes", {"driver": "fake-hardware", "name": "taken"})
        notes = wait_until(lambda: notifications(self.steel.text()), "a notification")
        self.assertEqual([note["event_type"] for note in notes], ["baremetal.node.create.error"])


class Silence(harness.Suite):
    def test_without_the_option_nothing_is_reported(self):
        self.provision(self.node()["uuid"], "manage", "manageable")
        self.assertNotIn('"event_type"', self.steel.text())
