#!/usr/bin/python3
"""What newer API versions add, beside what the newest Ironic (39.0.0, API 1.115) answers: whole values.

The rows are in tours/newest.txt; tours/newest.json has Ironic's answers.

    tour_newest.py [--record URL | --url URL] [--only TEXT] [--diff]

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import sys

import tour_common
import tour_routes
from tour_common import TOURS

NEWEST = 115
CHILD = tour_routes.own(11)
tour_routes.WORLD["child"] = CHILD


class World(tour_routes.World):
    """A node in a chassis with a child, a port and a port group, and a second node; nothing that takes time."""

    def build(self):
        w = tour_routes.WORLD
        if self.built:
            self.clear()
        for uuid in (w["chassis"], w["empty_chassis"]):
            self.must("POST", "/v1/chassis", {"uuid": uuid})
        self.must("POST", "/v1/nodes", {"driver": "fake-hardware", "uuid": w["node"], "name": "world-node", "shard": "east",
                                        "chassis_uuid": w["chassis"]})
        self.must("POST", "/v1/nodes", {"driver": "fake-hardware", "uuid": w["available"]})
        self.must("POST", "/v1/portgroups", {"uuid": w["portgroup"], "node_uuid": w["node"], "name": "world-group",
                                             "address": "52:54:00:00:00:0a"})
        self.must("POST", "/v1/ports", {"uuid": w["port"], "node_uuid": w["node"], "address": "52:54:00:00:00:01"})
        self.must("POST", "/v1/nodes", {"driver": "fake-hardware", "uuid": CHILD, "parent_node": w["node"]}, "1.83")
        self.built = True

    def clear(self):
        """Also what the usual way of deleting does not see: children are in no plain list."""
        for node in json.loads(self.service.request("GET", "/v1/nodes?include_children=true", None, "1.83")[2])["nodes"]:
            self.must("DELETE", "/v1/nodes/" + node["uuid"])
        for chassis in ("chassis", "empty_chassis"):
            self.must("DELETE", "/v1/chassis/" + tour_routes.WORLD[chassis])


def versions(since):
    return ["1.%d" % minor for minor in sorted({since - 1, since, NEWEST})]


def probes():
    """(method, path, version, body or None) of all rows."""
    with open(os.path.join(TOURS, "newest.txt")) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                method, path, since, body = (line.strip().split(" ", 3) + [None])[:4]
                for version in versions(int(since)):
                    yield method, path, version, body


def seen(status, headers, text):
    """An answer whole; of an error, only what a program reads of it."""
    answer = {"status": status, "type": (headers["Content-Type"] or "").split(";")[0]}
    if status < 400 and text:
        answer["body"] = json.loads(text)
    elif status >= 400:
        answer["said"] = text
    return answer


def newest(service):
    world = World(service)
    world.build()
    answers, steps = [], set()
    for method, path, version, body in probes():
        step = "%s %s at %s%s" % (method, path, version, "" if body is None else " " + body)
        if step in steps:
            continue
        steps.add(step)
        sent = None if body is None else tour_routes.named(body).encode()
        status, headers, text = service.request(method, tour_routes.named(path), sent, version)
        answers.append(dict({"step": step}, **seen(status, headers, text)))
        if method != "GET" and status < 400:
            world.build()
    world.clear()
    return answers


if __name__ == "__main__":
    tour_common.STEEL_OPTIONS = tuple(option for option in tour_common.STEEL_OPTIONS if not option.startswith("pin_"))
    sys.exit(tour_common.main({"newest": newest}))
