"""What is done to a bare metal service to see its notifications, and how what came over the bus is compared: the same calls to Steel
and to the real Ironic, whose answers stand in tests/data/notifications.json.

SPDX-License-Identifier: Apache-2.0
"""
import json
import re

QUEUES = ("ironic_versioned_notifications.info", "ironic_versioned_notifications.error")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?")
NODE = "11111111-0000-4000-8000-%012d"
STEPS = [{"interface": "deploy", "step": "deploy", "args": {}, "priority": 100}]


def node_body(number, **more):
    return dict({"uuid": NODE % number, "driver": "fake-hardware", "name": "told-%d" % number, "resource_class": "gold",
                 "driver_info": {"ipmi_password": "hush-hush", "ipmi_address": "10.1.1.1"}, "extra": {"a": 1},
                 "properties": {"memory_mb": 1024}, "instance_info": {"image_url": "http://hush-hush/", "root_gb": 10},
                 "description": "a node", "network_interface": "noop", "raid_interface": "fake",
                 "bios_interface": "fake", "boot_interface": "fake", "console_interface": "fake", "deploy_interface": "fake",
                 "inspect_interface": "fake", "management_interface": "fake", "power_interface": "fake", "rescue_interface": "fake",
                 "storage_interface": "fake", "vendor_interface": "fake"}, **more)


RESOURCES = (
    ("port", "ports", {"address": "02:00:00:00:07:01", "node_uuid": NODE % 1, "extra": {"b": 2}}),
    ("portgroup", "portgroups", {"address": "02:00:00:00:07:02", "node_uuid": NODE % 1, "name": "bond"}),
    ("chassis", "chassis", {"description": "a rack"}),
    ("volume connector", "volume/connectors", {"node_uuid": NODE % 1, "type": "iqn", "connector_id": "iqn.2026-11.org.x:a"}),
    ("volume target", "volume/targets", {"node_uuid": NODE % 1, "volume_type": "iscsi", "boot_index": 0, "volume_id": "1",
                                         "properties": {"auth_username": "me", "auth_password": "hush-hush", "target_lun": 1}}),
    ("deploy template", "deploy_templates", {"name": "CUSTOM_TOLD", "steps": STEPS}),
)


class Scenario:
    """Drives a service: `call(method, path, body)` gives (status, body), `until(what, look)` waits."""

    def __init__(self, call, until):
        self.raw, self.until = call, until

    def call(self, status, method, path, body=None):
        got, answer = self.raw(method, "/v1/" + path, body)
        if got != status:
            raise AssertionError("%s %s: %s instead of %s: %s" % (method, path, got, status, answer))
        return answer

    def node(self, number, **wanted):
        def look():
            node = self.call(200, "GET", "nodes/" + NODE % number)
            return node["reservation"] is None and all(node[name] == value for name, value in wanted.items())
        self.until("node %d has %s" % (number, wanted), look)

    def provision(self, number, target, state, **more):
        self.call(202, "PUT", "nodes/%s/states/provision" % (NODE % number), dict(more, target=target))
        self.node(number, provision_state=state, target_provision_state=None)

    def power(self, number, target):
        self.call(202, "PUT", "nodes/%s/states/power" % (NODE % number), {"target": target})
        self.node(number, power_state=target, target_power_state=None)

    def run(self):
        path = "nodes/" + NODE % 1
        self.call(201, "POST", "nodes", node_body(1))
        self.call(409, "POST", "nodes", dict(node_body(2), name="told-1"))
        self.call(200, "PATCH", path, [{"op": "add", "path": "/extra/x", "value": 1}])
        self.call(202, "PUT", path + "/maintenance", {"reason": "why not"})
        self.call(202, "DELETE", path + "/maintenance")
        self.provision(1, "manage", "manageable")
        self.power(1, "power on")
        self.power(1, "power off")
        for _, folder, body in RESOURCES:
            item = folder + "/" + self.call(201, "POST", folder, body)["uuid"]
            self.call(200, "PATCH", item, [{"op": "add", "path": "/extra/y", "value": "z"}])
            self.call(204, "DELETE", item)
        self.call(202, "PUT", path + "/states/console", {"enabled": True})
        self.node(1, console_enabled=True)
        self.call(202, "PUT", path + "/states/console", {"enabled": False})
        self.node(1, console_enabled=False)
        self.provision(1, "provide", "available")
        self.call(201, "POST", "allocations", {"name": "wish", "resource_class": "gold", "uuid": NODE % 9})
        self.until("the allocation is active", lambda: self.call(200, "GET", "allocations/wish")["state"] == "active")
        self.provision(1, "active", "active")
        self.provision(1, "deleted", "available")
        self.provision(1, "manage", "manageable")
        self.call(204, "DELETE", path)


def plain(value):
    """The value without what differs from run to run."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, str):
        known = value.startswith("11111111-")
        return value if known else UUID.sub("UUID", TIME.sub("TIME", value))
    return value


def collect(rabbit):
    """What waits in the queues: {"exchange", "routing_key", "properties", "oslo.version", "message"}."""
    found = []
    for queue in QUEUES:
        for raw in rabbit.take(queue):
            envelope = json.loads(raw["payload"])
            found.append({"exchange": raw["exchange"], "routing_key": raw["routing_key"], "properties": raw["properties"],
                          "oslo.version": envelope["oslo.version"], "envelope": sorted(envelope),
                          "message": json.loads(envelope["oslo.message"])})
    return sorted(found, key=lambda one: one["message"]["timestamp"])


def name_of(one):
    data = one["message"]["payload"]["ironic_object.data"]
    return (one["message"]["event_type"], data.get("event"))


def compare(path, ours, theirs, found):
    """Appends a sentence for each difference of two values."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(set(ours) | set(theirs)):
            if key == "message_id" and path.endswith(".properties"):
                continue  # Steel's number of the message on its connection
            if key not in ours or key not in theirs:
                found.append("%s.%s: only %s has it" % (path, key, "Steel" if key in ours else "Ironic"))
            elif not accepted(path, key, ours[key], theirs[key]):
                compare(path + "." + key, ours[key], theirs[key], found)
    elif ours != theirs:
        found.append("%s: Steel %r, Ironic %r" % (path, ours, theirs))


def accepted(path, key, ours, theirs):
    return any(re.search(where, path + "." + key) and (ours == value or value is any) for where, value in ACCEPTED)


# Where Steel differs from Ironic 21.4.4, and why: docs/notifications.md has the same list in words.
ACCEPTED = (
    (r"\._unique_id$", any),
    (r"\.publisher_id$", any),  # checked apart: the host differs
    (r"\.properties\.auth_password$", "******"),  # Ironic sends it
    (r"\.driver_internal_info$", any),  # each service's own notes
    # Ironic reports a new record before its defaults are set.
    (r"create\.(start|error)\..*\.(console_enabled|maintenance|protected|retired|is_smartnic)$", False),
    (r"create\.(start|error)\..*\.created_at$", "TIME"),
    (r"port\.create\.start\..*\.pxe_enabled$", True),
    (r"portgroup\.create\.start\..*\.(mode|standalone_ports_supported)$", any),
    (r"allocation\.create\..*\.(candidate_nodes|traits)$", []),
    (r"deploytemplate\..*\.steps$", STEPS),  # Ironic sends rows of its database, circles in them too
)


def differences(ours, theirs):
    """Sentences about what differs between two lists of messages."""
    names = [name_of(one) for one in ours], [name_of(one) for one in theirs]
    if names[0] != names[1]:
        return ["Steel sends %s" % (names[0],), "Ironic sends %s" % (names[1],)]
    found = []
    for mine, other in zip(ours, theirs):
        services = [one["message"]["publisher_id"].split(".")[0] for one in (mine, other)]
        if services[0] != services[1]:
            found.append("%s: from %s, at Ironic from %s" % (name_of(mine), *services))
        compare(".".join(str(word) for word in name_of(mine) if word), mine, other, found)
    return found
