"""Requests made from tables, for two services at once: every route at every version from 1.83 to 1.115, fields, filters and queries of
lists, and bodies and patches that are right and wrong.

A Probe is one request; `sweep()` gives those that are asked each time, `chance()` those that a seed chooses.

SPDX-License-Identifier: Apache-2.0
"""
import collections
import json
import random

VERSIONS = ["1.%d" % minor for minor in range(83, 116)]
Probe = collections.namedtuple("Probe", "method path version body")


def own(number):
    return "00000000-0000-4000-8000-%012d" % number


NODE, OTHER, CHILD, PORT, GROUP, CHASSIS, CONNECTOR, TARGET, TEMPLATE, RUNBOOK, RULE, NEW, NOBODY = (
    own(number) for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 20, 99))
STEP = {"interface": "bios", "step": "factory_reset", "args": {}, "priority": 5}
RUNBOOK_STEP = {"interface": "bios", "step": "factory_reset", "args": {}, "order": 1}
ACTION = {"op": "set-attribute", "args": {"path": "/extra/seen", "value": "yes"}}

# What stands in both services when a request comes.
WORLD = (
    ("POST", "/v1/chassis", {"uuid": CHASSIS, "description": "rack"}),
    ("POST", "/v1/nodes", {"driver": "fake-hardware", "uuid": NODE, "name": "world-node", "shard": "east", "chassis_uuid": CHASSIS,
                           "resource_class": "gold", "extra": {"a": 1}, "description": "the first"}),
    ("POST", "/v1/nodes", {"driver": "fake-hardware", "uuid": OTHER, "lessee": "somebody", "retired": True, "retired_reason": "old"}),
    ("POST", "/v1/nodes", {"driver": "fake-hardware", "uuid": CHILD, "parent_node": NODE, "name": "world-child"}),
    ("POST", "/v1/portgroups", {"uuid": GROUP, "node_uuid": NODE, "name": "world-group", "address": "52:54:00:00:00:0a",
                                "category": "fast"}),
    ("POST", "/v1/ports", {"uuid": PORT, "node_uuid": NODE, "address": "52:54:00:00:00:01", "name": "world-port", "category": "fast"}),
    ("PUT", "/v1/nodes/%s/states/power" % NODE, {"target": "power off"}),
    ("POST", "/v1/volume/connectors", {"uuid": CONNECTOR, "node_uuid": NODE, "type": "iqn", "connector_id": "iqn.2026-11.org.example:world"}),
    ("POST", "/v1/volume/targets", {"uuid": TARGET, "node_uuid": NODE, "volume_type": "iscsi", "boot_index": 0, "volume_id": "world"}),
    ("PUT", "/v1/nodes/%s/traits/CUSTOM_WORLD" % NODE, None),
    ("POST", "/v1/deploy_templates", {"uuid": TEMPLATE, "name": "CUSTOM_WORLD", "steps": [STEP]}),
    ("POST", "/v1/runbooks", {"uuid": RUNBOOK, "name": "CUSTOM_WORLD", "steps": [RUNBOOK_STEP]}),
    ("POST", "/v1/inspection_rules", {"uuid": RULE, "description": "world", "actions": [ACTION], "conditions": []}),
)

# What is deleted, in this order, to build the world anew.
LISTS = (("inspection_rules", "uuid"), ("runbooks", "uuid"), ("deploy_templates", "uuid"), ("allocations", "uuid"), ("nodes", "uuid"),
         ("chassis", "uuid"))

BELOW_NODE = ("", "/validate", "/states", "/states/console", "/states/power", "/states/provision", "/management/boot_device",
              "/management/boot_device/supported", "/management/indicators", "/management/inject_nmi", "/vendor_passthru/methods", "/ports",
              "/ports/detail", "/portgroups", "/portgroups/detail", "/volume", "/volume/connectors", "/volume/targets", "/vifs", "/traits",
              "/bios", "/bios/none", "/firmware", "/vmedia", "/allocation", "/children", "/history", "/history/none", "/inventory",
              "/maintenance", "/nonesuch")
READS = ["/v1", "/v1/nodes", "/v1/nodes/detail", "/v1/ports", "/v1/ports/detail", "/v1/portgroups", "/v1/portgroups/detail", "/v1/chassis",
         "/v1/chassis/detail", "/v1/chassis/" + CHASSIS, "/v1/chassis/%s/nodes" % CHASSIS, "/v1/chassis/%s/nodes/detail" % CHASSIS,
         "/v1/drivers", "/v1/drivers?detail=true", "/v1/drivers/fake-hardware", "/v1/drivers/ipmi", "/v1/drivers/nonesuch",
         "/v1/drivers/fake-hardware/vendor_passthru/methods", "/v1/drivers/fake-hardware/raid/logical_disk_properties", "/v1/volume",
         "/v1/volume/connectors", "/v1/volume/connectors?detail=true", "/v1/volume/targets", "/v1/volume/targets?detail=true",
         "/v1/volume/connectors/" + CONNECTOR, "/v1/volume/targets/" + TARGET, "/v1/conductors", "/v1/conductors?detail=true",
         "/v1/conductors/127.0.0.1", "/v1/conductors/nonesuch", "/v1/allocations", "/v1/allocations/nonesuch", "/v1/deploy_templates",
         "/v1/deploy_templates?detail=true", "/v1/deploy_templates/CUSTOM_WORLD", "/v1/runbooks", "/v1/runbooks?detail=true",
         "/v1/runbooks/CUSTOM_WORLD", "/v1/runbooks/CUSTOM_WORLD/traits", "/v1/runbooks/nonesuch", "/v1/inspection_rules",
         "/v1/inspection_rules?detail=true", "/v1/inspection_rules/" + RULE, "/v1/inspection_rules/" + NOBODY, "/v1/shards", "/v1/lookup",
         "/v1/lookup?node_uuid=" + NODE, "/v1/lookup?addresses=52:54:00:00:00:01", "/v1/ports/" + PORT, "/v1/ports/world-port",
         "/v1/portgroups/world-group", "/v1/portgroups/%s/ports" % GROUP, "/v1/portgroups/%s/ports/detail" % GROUP, "/v1/nonesuch"]
READS += ["/v1/nodes/%s%s" % (NODE, below) for below in BELOW_NODE] + ["/v1/nodes/nonesuch" + below for below in BELOW_NODE]
READS += ["/v1/nodes/world-node.json", "/v1/nodes/%s.json" % NODE, "/v1/ports/%s.json" % PORT]

# The fields of a resource, with values that are right, or nearly; "nonsense" comes to all of them.
OBJECT = ({}, {"a": 1}, {"a": {"b": [1, None]}}, {"a/b": 1, "c~d": 2})
NAME = ("a-name", "world-node", "", "not valid!", "x" * 256, None)
INTERFACE = ("fake", "no-bios", "nonesuch", None, "")
FIELDS = {
    "nodes": {
        "name": NAME, "driver": ("fake-hardware", "ipmi", "nonesuch"), "driver_info": OBJECT, "extra": OBJECT, "properties": OBJECT,
        "instance_info": OBJECT + ({"display_name": "vm"},), "instance_uuid": (own(30), None, "x"), "chassis_uuid": (CHASSIS, None, NOBODY),
        "resource_class": ("gold", "", None, "x" * 81), "conductor_group": ("", None), "automated_clean": (True, False, None, "yes"),
        "protected": (True, False, "no"), "protected_reason": ("why", None), "owner": ("me", None, "x" * 256), "lessee": ("me", None),
        "retired": (True, False), "retired_reason": ("why", None), "network_data": ({}, {"links": []}, None), "description": ("text", None, "x" * 4097),
        "shard": ("west", "", None, "x" * 256), "parent_node": (OTHER, None, NOBODY, "world-node"), "disable_power_off": (True, False, None),
        "instance_name": ("vm-1", None, "", "x" * 256), "firmware_interface": ("fake", "no-firmware", "nonesuch", None),
        "bios_interface": INTERFACE, "boot_interface": ("fake", "ipxe", "pxe"), "console_interface": ("fake", "no-console"),
        "deploy_interface": ("fake", "direct", "ramdisk"), "inspect_interface": ("fake", "agent", "no-inspect"),
        "management_interface": ("fake", "noop"), "network_interface": ("noop", "flat"), "power_interface": ("fake", "ipmitool"),
        "raid_interface": ("fake", "no-raid"), "rescue_interface": ("fake", "no-rescue"), "storage_interface": ("noop", "external"),
        "vendor_interface": ("fake", "no-vendor"), "maintenance": (True,), "provision_state": ("available",), "power_state": ("power on",),
        "fault": ("power failure",), "boot_mode": ("uefi",), "secure_boot": (True,), "health": ("OK",), "uuid": (NEW, "x"), "traits": (["CUSTOM_A"],),
        "service_step": ({},), "console_enabled": (True,), "raid_config": ({},), "target_raid_config": ({},), "inspection_finished_at": (None,)},
    "ports": {
        "node_uuid": (OTHER, "world-node", NOBODY, None), "address": ("52:54:00:00:00:02", "52:54:00:00:00:01", "x", None), "extra": OBJECT,
        "local_link_connection": ({}, {"switch_id": "0a:1b:2c:3d:4e:5f", "port_id": "1"}, {"switch_id": "x"}, {"switch_info": "s"},
                                  {"vtep-logical-switch": "a", "vtep-physical-switch": "b", "port_id": "1"}, {"network_type": "managed"}),
        "pxe_enabled": (True, False, None), "portgroup_uuid": (GROUP, None, NOBODY), "physical_network": ("net", "", None, "x" * 65),
        "is_smartnic": (True, False), "name": NAME, "description": ("text", "", None, "x" * 256), "vendor": ("acme", "", None, "x" * 33),
        "category": ("fast", "", None, "x" * 81), "available_for_dynamic_portgroup": (True, False, None, "x"), "uuid": (NEW, "x"),
        "internal_info": ({},)},
    "portgroups": {
        "node_uuid": (OTHER, NOBODY, None), "address": ("52:54:00:00:00:03", "52:54:00:00:00:0a", "x", None), "extra": OBJECT, "name": NAME,
        "mode": ("802.3ad", "active-backup", None, "x"), "properties": OBJECT, "standalone_ports_supported": (True, False, None),
        "category": ("fast", "", None, "x" * 81), "uuid": (NEW, "x"), "internal_info": ({},), "dynamic_portgroup": (True, False)},
    "chassis": {"description": ("text", "", None, "x" * 256), "extra": OBJECT, "uuid": (NEW, "x")},
    "volume/connectors": {"node_uuid": (OTHER, NOBODY), "type": ("iqn", "ip", "mac", "wwnn", "wwpn", "x", None),
                          "connector_id": ("iqn.2026-11.org.example:other", "iqn.2026-11.org.example:world", "", None), "extra": OBJECT, "uuid": (NEW, "x")},
    "volume/targets": {"node_uuid": (OTHER, NOBODY), "volume_type": ("iscsi", "fibre_channel", "", None), "boot_index": (1, 0, -1, None),
                       "volume_id": ("other", "", None), "properties": OBJECT, "extra": OBJECT, "uuid": (NEW, "x")},
    "deploy_templates": {"name": ("CUSTOM_A", "CUSTOM_WORLD", "x", "", None), "extra": OBJECT, "uuid": (NEW, "x"),
                         "steps": ([STEP], [], [dict(STEP, priority=-1)], [dict(STEP, interface="x")], [STEP, STEP], [{}], None)},
    "runbooks": {"name": ("CUSTOM_A", "CUSTOM_WORLD", "x", "", None), "extra": OBJECT, "uuid": (NEW, "x"), "public": (True, False, None, "x"),
                 "owner": ("me", None), "disable_ramdisk": (True, False, None, "x"), "description": ("text", None, "x" * 256), "traits": (["CUSTOM_A"],),
                 "steps": ([RUNBOOK_STEP], [], [dict(RUNBOOK_STEP, order=-1)], [dict(RUNBOOK_STEP, order="1")], [RUNBOOK_STEP, RUNBOOK_STEP], [{}], None)},
    "inspection_rules": {"description": ("text", "", None, "x" * 256), "uuid": (NEW,), "priority": (0, 1, 9999, 10000, -1, None, "1"),
                         "sensitive": (True, False, None, "x"), "phase": ("main", "", None, "x"), "scope": ("a", "", None),
                         "actions": ([ACTION], [], [{}], [{"op": "nonesuch", "args": {}}], [{"op": "fail", "args": {"msg": "no"}}], None),
                         "conditions": ([], [{}], [{"op": "eq", "args": {"values": [1, 1]}}], [{"op": "!eq", "args": {"values": [1, 1]}}],
                                        [{"op": "nonesuch", "args": {}}], [{"op": "is-true", "args": {"value": "x"}, "multiple": "any"}], None)},
    "allocations": {"name": ("an-allocation", "", None, "not valid!"), "resource_class": ("none", "", None, "x" * 81), "traits": (["CUSTOM_A"], ["x"], [], None),
                    "candidate_nodes": ([NODE], ["nonesuch"], [], None), "extra": OBJECT, "owner": ("me", None), "uuid": (NEW,),
                    "node": ("world-node", "nonesuch"), "state": ("active",)},
}
NONSENSE = (None, 5, -1, 1.5, True, "", "nonsense", "x" * 300, [], [1], {}, {"a": 1}, "\u00e9", 2 ** 70)
# The least of a body, and the item that is there.
LEAST = {
    "nodes": ({"driver": "fake-hardware", "uuid": NEW}, OTHER), "ports": ({"node_uuid": OTHER, "address": "52:54:00:00:00:09", "uuid": NEW}, PORT),
    "portgroups": ({"node_uuid": OTHER, "uuid": NEW}, GROUP), "chassis": ({"uuid": NEW}, CHASSIS),
    "volume/connectors": ({"node_uuid": OTHER, "type": "iqn", "connector_id": "iqn.2026-11.org.example:new", "uuid": NEW}, CONNECTOR),
    "volume/targets": ({"node_uuid": OTHER, "volume_type": "iscsi", "boot_index": 0, "volume_id": "new", "uuid": NEW}, TARGET),
    "deploy_templates": ({"name": "CUSTOM_NEW", "steps": [STEP], "uuid": NEW}, TEMPLATE),
    "runbooks": ({"name": "CUSTOM_NEW", "steps": [RUNBOOK_STEP], "uuid": NEW}, RUNBOOK),
    "inspection_rules": ({"actions": [ACTION], "conditions": [], "uuid": NEW}, RULE), "allocations": ({"resource_class": "none", "uuid": NEW}, NOBODY),
}
# Ironic takes a word that is no UUID for these, and can delete by no request what it has made.
FOREVER = {"allocations", "inspection_rules"}
# Items of the world that nothing else hangs on: they are made anew when a request has changed them.
ALONE = {OTHER, PORT, CONNECTOR, TARGET, TEMPLATE, RUNBOOK, RULE}
# What lists are asked for, beside limits, markers, sorting and fields.
FILTERS = {
    "nodes": ("instance_uuid=" + own(30), "chassis_uuid=" + CHASSIS, "associated=false", "associated=x", "maintenance=true", "maintenance=x",
              "provision_state=enroll", "provision_state=x", "driver=fake-hardware", "resource_class=gold", "fault=power+failure", "conductor_group=",
              "owner=somebody", "lessee=somebody", "retired=true", "retired=x", "project=somebody", "description_contains=first", "shard=east",
              "shard=east,west", "sharded=true", "sharded=x", "include_children=true", "parent_node=" + NODE, "parent_node=world-node",
              "instance_name=vm-1", "conductor=127.0.0.1"),
    "ports": ("node=world-node", "node=nonesuch", "node_uuid=" + NODE, "address=52:54:00:00:00:01", "address=x", "portgroup=world-group",
              "portgroup=" + NOBODY, "shard=east", "conductor_groups=a", "conductor_groups=", "description_contains=x"),
    "portgroups": ("node=world-node", "node=nonesuch", "address=52:54:00:00:00:0a", "shard=east", "shard=none", "conductor_groups=a"),
    "chassis": (), "volume/connectors": ("node=world-node", "node=nonesuch"), "volume/targets": ("node=" + NODE,),
    "deploy_templates": (), "runbooks": ("project=somebody", "traits=CUSTOM_A"), "inspection_rules": ("phase=main", "scope=a"),
    "allocations": ("node=world-node", "resource_class=none", "state=error", "state=x", "owner=me"), "conductors": (), "drivers": ("type=dynamic", "type=x"),
}
PAGES = ("limit=1", "limit=0", "limit=-1", "limit=x", "marker=" + NOBODY, "marker=x", "sort_dir=desc", "sort_dir=x", "detail=true", "detail=false",
         "detail=x", "nonsense=1", "detail=true&fields=uuid", "fields=", "fields=nonsense", "fields=uuid,uuid", "sort_key=nonsense", "sort_key=")
VERBS = ("active", "deploy", "rebuild", "deleted", "undeploy", "manage", "inspect", "abort", "clean", "adopt", "rescue", "unrescue", "unhold", "service")
PUTS = (
    [("/states/provision", {"target": verb}) for verb in VERBS if verb not in ("manage",)] +
    [("/states/provision", body) for body in ({}, {"target": 5}, {"target": "x"}, {"target": "clean", "clean_steps": []},
                                             {"target": "clean", "runbook": "CUSTOM_WORLD"}, {"target": "service", "service_steps": [STEP]},
                                             {"target": "clean", "clean_steps": [STEP], "disable_ramdisk": "x"}, {"target": "clean", "nonsense": 1},
                                             {"target": "service", "runbook": "CUSTOM_WORLD"}, {"target": "clean", "runbook": 5})] +
    [("/states/power", body) for body in ({"target": "x"}, {}, {"target": 5}, {"target": "power on", "timeout": 0}, {"target": "power on", "timeout": "x"})] +
    [("/states/boot_mode", body) for body in ({"target": "x"}, {})] + [("/states/secure_boot", body) for body in ({"target": "x"}, {})] +
    [("/management/boot_device", body) for body in ({"boot_device": "x"}, {}, {"boot_device": "pxe", "persistent": "x"})] +
    [("/maintenance", body) for body in ({"reason": 5}, {"nonsense": 1})] + [("/states/raid", body) for body in ({"logical_disks": 5}, {"x": 1})] +
    [("/traits", body) for body in ({"traits": ["x"]}, {"traits": "CUSTOM_A"}, {}, {"traits": ["CUSTOM_" + "A" * 250]})] +
    [("/states/console", body) for body in ({"enabled": "x"}, {})] + [("/management/inject_nmi", body) for body in ({"a": 1},)])
POSTS = (
    [("/vmedia", body) for body in ({}, {"device_type": "x", "image_url": "http://192.0.2.1/a"}, {"device_type": "cdrom"},
                                    {"device_type": "cdrom", "image_url": 5}, {"device_type": "cdrom", "image_url": "http://192.0.2.1/a", "x": 1})] +
    [("/vifs", body) for body in ({}, {"id": 5}, {"id": "not valid!"})])
GONE = [("DELETE", "/v1/nodes/%s%s" % (NODE, below)) for below in ("/vmedia?device_types=x", "/vifs/nonesuch", "/allocation", "/traits/nonesuch",
                                                                  "/history", "/nonesuch")]
GONE += [("DELETE", "/v1/%s/%s" % (kind, NOBODY)) for kind in LEAST] + [("DELETE", "/v1/" + kind) for kind in LEAST]


def sweep(every=1):
    """Every route at every version, or only each so many, and the last."""
    versions = sorted({*VERSIONS[::every], VERSIONS[-1]}, key=VERSIONS.index)
    for path in READS:
        for version in versions:
            yield Probe("GET", path, version, None)
    for method, path in GONE:
        for version in versions[::4]:
            yield Probe(method, path, version, None)


def patch_of(chance, kind, fields):
    field = chance.choice(sorted(fields))
    path = "/" + field
    if isinstance(fields[field][0], dict) and chance.random() < 0.5:
        path += "/" + chance.choice(("a", "b", "a/b", "absent", "a~1b"))
    value = chance.choice(fields[field] + (NONSENSE if chance.random() < 0.3 else ()))
    word = chance.choice(("add", "replace", "replace", "remove", "test" if chance.random() < 0.1 else "add"))
    entry = {"op": word, "path": path}
    if word != "remove":
        entry["value"] = value
    item = LEAST[kind][1]
    return Probe("PATCH", "/v1/%s/%s" % (kind, item), chance.choice(VERSIONS), [entry])


def post_of(chance, kind, fields):
    body = dict(LEAST[kind][0])
    for field in chance.sample(sorted(fields), chance.choice((1, 1, 1, 2))):
        nonsense = chance.random() < 0.3 and (field != "uuid" or kind not in FOREVER)
        body[field] = chance.choice(fields[field] + (NONSENSE if nonsense else ()))
    if chance.random() < 0.1:
        body.pop(chance.choice(sorted(body)))
    if chance.random() < 0.03:
        body["nonsense"] = 1
    return Probe("POST", "/v1/" + kind, chance.choice(VERSIONS), body)


def list_of(chance, kind, fields):
    words = []
    if chance.random() < 0.4 and FILTERS[kind]:
        words.append(chance.choice(FILTERS[kind]))
    if chance.random() < 0.3:
        words.append(chance.choice(PAGES))
    if chance.random() < 0.4:
        words.append("fields=" + ",".join(chance.sample(sorted(fields), chance.choice((1, 2, 3)))))
    if chance.random() < 0.3:
        words.append("sort_key=" + chance.choice(sorted(fields)))
    path = "/v1/" + kind + chance.choice(("", "", "", "/detail")) + ("?" + "&".join(words) if words else "")
    return Probe("GET", path, chance.choice(VERSIONS), None)


def one_of(chance):
    base, rows = chance.choice((("PUT", PUTS), ("POST", POSTS)))
    below, body = chance.choice(rows)
    return Probe(base, "/v1/nodes/%s%s" % (chance.choice((NODE, NODE, "world-node", "nonesuch")), below), chance.choice(VERSIONS), body)


def chance(seed, count):
    """So many requests that the seed chooses."""
    dice = random.Random(seed)
    for _ in range(count):
        kind = dice.choice(sorted(FIELDS))
        way = dice.choice((patch_of, post_of, list_of, list_of, None))
        if way is patch_of and kind == "allocations":
            way = list_of
        yield one_of(dice) if way is None else way(dice, kind, FIELDS[kind])


def shape(probe):
    """The request without its version: what differences are gathered under."""
    return "%s %s%s" % (probe.method, probe.path, "" if probe.body is None else " " + json.dumps(probe.body, ensure_ascii=True)[:300])
