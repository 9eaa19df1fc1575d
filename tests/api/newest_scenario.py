"""Requests about verbs, servicing, firmware and virtual media, for a service with fake hardware: `run` yields each with the status
of its answer. tests/foreign/record_newest_verbs keeps Ironic's in tests/data/ironic-newest-verbs.json, test_newest_verbs.py asks Steel.

SPDX-License-Identifier: Apache-2.0
"""
import time

VERBS = ("active", "deploy", "rebuild", "deleted", "undeploy", "manage", "provide", "inspect", "abort", "clean", "adopt", "rescue",
         "unrescue", "unhold", "service", "zork")
WAYS = {"enroll": (), "manageable": ("manage",), "available": ("manage", "provide"), "active": ("manage", "provide", "active")}
LOOK = {"interface": "power", "step": "power_on"}  # both services have it
IMAGE = {"device_type": "cdrom", "image_url": "http://192.0.2.1/a.iso", "image_download_source": "http"}
LATEST = "1.115"


class Asker:
    """call(method, path, body, version) -> (status, document)."""

    def __init__(self, call):
        self.call = call

    def node(self, state):
        fields = {"driver": "fake-hardware", "boot_interface": "fake", "deploy_interface": "fake", "network_interface": "noop"}
        uuid = self.call("POST", "/v1/nodes", fields, LATEST)[1]["uuid"]
        for verb in WAYS[state]:
            self.call("PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": verb}, LATEST)
            self.wait(uuid)
        return uuid

    def wait(self, uuid):
        end = time.monotonic() + 30
        while True:
            node = self.call("GET", "/v1/nodes/" + uuid, None, LATEST)[1]
            if node["reservation"] is None and node["target_provision_state"] is None:
                return node
            if time.monotonic() > end:
                raise AssertionError("%s stays %s" % (uuid, node["provision_state"]))
            time.sleep(0.02)

    def put(self, uuid, version, **body):
        return self.call("PUT", "/v1/nodes/%s/states/provision" % uuid, body, version)[0]


def refused_verbs(asker):
    """Verbs in states that do not take them, and those that need more than their word."""
    for state in WAYS:
        uuid = asker.node(state)
        for verb in VERBS:
            for version in ("1.82", "1.84", "1.85", "1.86", "1.87", LATEST):
                taken = {"enroll": ("manage",), "manageable": ("provide", "inspect", "adopt"), "available": ("active", "deploy", "manage"),
                         "active": ("rebuild", "deleted", "undeploy")}[state]
                if verb not in taken:
                    yield "%s in %s, %s" % (verb, state, version), asker.put(uuid, version, target=verb)


def bodies(asker):
    uuid = asker.node("active")
    for number, (version, body) in enumerate((
            ("1.86", {"service_steps": [LOOK]}), ("1.87", {"service_steps": []}), ("1.87", {"service_steps": "x"}), ("1.87", {"service_steps": [5]}),
            ("1.87", {"service_steps": [{"step": "x"}]}), ("1.87", {"service_steps": [dict(LOOK, interface="network")]}),
            ("1.87", {"service_steps": [dict(LOOK, step="")]}), ("1.87", {"service_steps": [dict(LOOK, args=5)]}),
            ("1.87", {"service_steps": [dict(LOOK, more=5)]}), ("1.87", {"service_steps": [{"interface": "vendor", "step": "send_raw"}]}),
            ("1.87", {"clean_steps": [LOOK]}), ("1.87", {"deploy_steps": [LOOK]}), ("1.87", {"service_steps": [LOOK], "rescue_password": "x"}),
            ("1.107", {"service_steps": [LOOK], "disable_ramdisk": True}), (LATEST, {"service_steps": [LOOK], "disable_ramdisk": "x"}))):
        yield "service %d" % number, asker.put(uuid, version, target="service", **body)
    for version, body in (("1.87", {"target": "rebuild", "service_steps": [LOOK]}), ("1.87", {"target": "rebuild", "disable_ramdisk": True})):
        yield "%s with %s" % (body["target"], sorted(body)[0]), asker.put(uuid, version, **body)
    manageable = asker.node("manageable")
    for version, body in (("1.87", {"service_steps": [LOOK]}), ("1.69", {"clean_steps": [LOOK], "disable_ramdisk": True}),
                          (LATEST, {"clean_steps": [dict(LOOK, interface="network")]})):
        yield "clean, %s, %s" % (version, sorted(body)), asker.put(manageable, version, target="clean", **body)


def servicing(asker):
    uuid = asker.node("active")
    yield "service", asker.put(uuid, LATEST, target="service", service_steps=[LOOK])
    yield "service ends in " + asker.wait(uuid)["provision_state"], 200
    yield "service without ramdisk", asker.put(uuid, LATEST, target="service", service_steps=[LOOK], disable_ramdisk=True)
    yield "service without ramdisk ends in " + asker.wait(uuid)["provision_state"], 200


def virtual_media(asker):
    uuid = asker.node("enroll")
    path = "/v1/nodes/%s/vmedia" % uuid
    for method in ("GET", "POST", "DELETE"):
        for version in ("1.82", "1.88"):
            yield "%s vmedia, %s" % (method, version), asker.call(method, path, IMAGE if method == "POST" else None, version)[0]
    for version in ("1.89", "1.92", "1.93"):
        yield "GET vmedia, " + version, asker.call("GET", path, None, version)[0]
    for number, more in enumerate(({"device_type": "CDROM"}, {"device_type": "usb"}, {"device_type": None}, {"image_url": "ftp://x/a.iso"},
                                   {"image_url": "glance://x"}, {"image_url": "a.iso"}, {"image_url": ""}, {"image_url": 5}, {"username": "u"},
                                   {"image_download_source": "x"})):
        yield "POST vmedia %d" % number, asker.call("POST", path, {**IMAGE, **more}, "1.89")[0]
    for body in ({}, [], {"device_type": "cdrom"}, {"image_url": "http://x/a"}):
        yield "POST vmedia %s" % body, asker.call("POST", path, body, "1.89")[0]
    for query in ("?device_types=cdrom,usb", "?device_type=cdrom"):
        yield "DELETE vmedia" + query, asker.call("DELETE", path + query, None, "1.89")[0]
    yield "POST vmedia of nobody", asker.call("POST", "/v1/nodes/nobody/vmedia", IMAGE, "1.89")[0]
    yield "POST vmedia", asker.call("POST", path, IMAGE, "1.89")[0]
    asker.wait(uuid)
    yield "DELETE vmedia", asker.call("DELETE", path, None, "1.89")[0]
    asker.wait(uuid)
    for method in ("PUT", "PATCH"):
        yield method + " vmedia", asker.call(method, path, {}, "1.89")[0]


def firmware(asker):
    uuid = asker.node("enroll")
    path = "/v1/nodes/%s/firmware" % uuid
    for version, query in (("1.85", ""), ("1.86", ""), ("1.113", "?fields=component,vendor"), ("1.114", "?fields=component,vendor"),
                           (LATEST, "?fields=zork"), (LATEST, "?zork=1"), (LATEST, "?limit=1")):
        yield "GET firmware%s, %s" % (query, version), asker.call("GET", path + query, None, version)[0]
    yield "POST firmware", asker.call("POST", path, {}, LATEST)[0]


def run(call):
    asker = Asker(call)
    for part in (refused_verbs, bodies, servicing, virtual_media, firmware):
        yield from part(asker)
