#!/usr/bin/python3
"""Every route of the API answers Steel's clients as Ironic's: status, headers and the members of the answer.

The routes are in tours/routes.txt; each is asked at several versions and with several bodies, in a world that is built
anew after each change.

    tour_routes.py [--record URL | --url URL] [--only TEXT] [--diff]

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import sys

import tour_common
from tour_common import TOURS


def own(number):
    return "00000000-0000-4000-8000-%012d" % number


WORLD = {"node": own(1), "available": own(2), "port": own(3), "portgroup": own(4), "chassis": own(5),
         "empty_chassis": own(6), "connector": own(7), "target": own(8), "allocation": own(9), "template": own(10)}


class World:
    """Something of each kind, with known UUIDs."""

    def __init__(self, service):
        self.service = service
        self.built = False

    def must(self, method, path, body=None, version="1.82"):
        status, _, text = self.service.request(method, path, body, version)
        if status >= 300:
            raise RuntimeError("%s %s: %d %s" % (method, path, status, text))

    def build(self):
        if self.built:
            self.service.clear()
        w, step = WORLD, {"interface": "bios", "step": "factory_reset", "args": {}, "priority": 5}
        for uuid in (w["chassis"], w["empty_chassis"]):
            self.must("POST", "/v1/chassis", {"uuid": uuid})
        self.must("POST", "/v1/nodes", {"driver": "fake-hardware", "uuid": w["node"], "name": "world-node", "shard": "east",
                                        "chassis_uuid": w["chassis"], "driver_info": {"password": "x"}})
        # created by a version that knew no other first state
        self.must("POST", "/v1/nodes", {"driver": "fake-hardware", "uuid": w["available"]}, "1.10")
        for uuid in (w["node"], w["available"]):
            self.must("PUT", "/v1/nodes/%s/states/power" % uuid, {"target": "power off"})
        self.must("POST", "/v1/portgroups", {"uuid": w["portgroup"], "node_uuid": w["node"], "name": "world-group",
                                             "address": "52:54:00:00:00:0a"})
        self.must("POST", "/v1/ports", {"uuid": w["port"], "node_uuid": w["node"], "address": "52:54:00:00:00:01"})
        self.service.settle()
        self.must("POST", "/v1/volume/connectors", {"uuid": w["connector"], "node_uuid": w["node"], "type": "iqn",
                                                    "connector_id": "iqn.2026-11.org.example:world"})
        self.must("POST", "/v1/volume/targets", {"uuid": w["target"], "node_uuid": w["node"], "volume_type": "iscsi",
                                                 "boot_index": 0, "volume_id": "world"})
        self.must("PUT", "/v1/nodes/%s/traits/CUSTOM_WORLD" % w["node"])
        self.must("POST", "/v1/allocations", {"uuid": w["allocation"], "name": "world-allocation", "resource_class": "none"})
        self.must("POST", "/v1/deploy_templates", {"uuid": w["template"], "name": "CUSTOM_WORLD", "steps": [step]})
        self.service.settle()
        self.built = True


def members(value):
    """What an answer consists of: names, not values."""
    if isinstance(value, dict):
        found = {"members": sorted(value)}
        for name, item in value.items():
            if isinstance(item, list) and item and isinstance(item[0], dict) and not name.endswith("links"):
                found["of " + name] = sorted(item[0])
        return found
    return type(value).__name__


def error_form(value):
    """Of an error: the members of the document inside."""
    inner = value.get("error_message") if isinstance(value, dict) else None
    if not isinstance(inner, str):
        return {"members": sorted(value)} if isinstance(value, dict) else type(value).__name__
    try:
        inner = json.loads(inner)
    except ValueError:
        return "text"
    return sorted(inner), inner.get("faultstring") or inner.get("title")


def seen(method, status, headers, text):
    answer = {"status": status}
    for name in ("Location", "X-OpenStack-Ironic-API-Version"):
        if headers[name]:
            answer[name] = headers[name]
    if not text:
        return answer
    answer["type"] = (headers["Content-Type"] or "").split(";")[0]
    try:
        value = json.loads(text)
    except ValueError:
        return dict(answer, body="text")
    if status < 400:
        answer["body"] = members(value)
    else:
        form = error_form(value)
        answer["body"] = form
        if isinstance(form, tuple):
            answer["body"] = form[0]
            if status >= 500:
                answer["said"] = form[1]
    return answer


def versions(since):
    if since == "all":
        return ["1.%d" % minor for minor in range(1, 83)]
    since = int(since)
    return ["1.%d" % minor for minor in sorted({1, max(since - 1, 1), since, 82})]


def bodies(method, given):
    if method in ("GET", "HEAD", "OPTIONS"):
        return [None]
    plain = b"[]" if method == "PATCH" else b"{}"
    return [None, plain] + ([given.encode()] if given and given.encode() != plain else [])


def probes():
    """(method, path, version, body) of all rows, with the world's names as they are."""
    with open(os.path.join(TOURS, "routes.txt")) as file:
        for line in file:
            if not line.strip() or line.startswith("#"):
                continue
            method, path, since, given = (line.strip().split(" ", 3) + [None])[:4]
            for version in versions(since):
                for body in bodies(method, given):
                    yield method, path, version, body


def named(text):
    return re.sub(r"\{(\w+)\}", lambda found: WORLD.get(found[1], found[0]), text)


def odd_headers(service):
    """Versions asked for in other ways."""
    for headers in ({}, {"X-OpenStack-Ironic-API-Version": "latest"}, {"X-OpenStack-Ironic-API-Version": "1.83"},
                    {"X-OpenStack-Ironic-API-Version": "1.0"}, {"X-OpenStack-Ironic-API-Version": "2.0"},
                    {"X-OpenStack-Ironic-API-Version": "nonsense"}, {"X-OpenStack-Ironic-API-Version": "1"},
                    {"OpenStack-API-Version": "baremetal 1.50"}, {"OpenStack-API-Version": "compute 2.1"},
                    {"OpenStack-API-Version": "baremetal latest"}):
        for path in ("/", "/v1", "/v1/nodes"):
            answer = seen("GET", *service.request("GET", path, None, None, headers))
            yield dict({"step": "GET %s with %s" % (path, json.dumps(headers))}, **answer)


def routes(service):
    world = World(service)
    world.build()
    answers = list(odd_headers(service))
    steps = set()
    for method, path, version, body in probes():
        step = "%s %s at %s%s" % (method, path, version, "" if body is None else " " + body.decode())
        if step in steps:
            continue
        steps.add(step)
        sent = None if body is None else named(body.decode()).encode()
        status, headers, text = service.request(method, named(path), sent, version)
        answers.append(dict({"step": step}, **seen(method, status, headers, text)))
        if method not in ("GET", "HEAD", "OPTIONS") and (status < 400 or status >= 500):
            world.build()
    return answers


if __name__ == "__main__":
    sys.exit(tour_common.main({"routes": routes}))
