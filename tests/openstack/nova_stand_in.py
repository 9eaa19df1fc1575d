"""Stands in for Nova as well (stand_in.py): the external events that Steel sends, with the rules and words of the real one.

    cloud = nova_stand_in.Cloud()
    cloud.servers = {"a server's UUID"}      # which Nova knows
    cloud.events                             # [{"name": "power-update", ...}] that were taken, in order
    cloud.no_nova = True                     # the catalog lacks it from the next login on

SPDX-License-Identifier: Apache-2.0
"""
import json

import stand_in

PLACE = "/v2.1"


class Handler(stand_in.Handler):
    def catalog(self, base):
        endpoints = [{"interface": name, "region": "RegionOne", "region_id": "RegionOne", "url": base + PLACE}
                     for name in ("public", "internal")]
        rows = [] if self.cloud.no_nova else [{"type": "compute", "name": "nova", "endpoints": endpoints}]
        return super().catalog(base) + rows

    def other(self, body):
        if (self.command, self.path) != ("POST", PLACE + "/os-server-external-events"):
            return super().other(body)
        if not self.cloud.knows(self.headers.get("X-Auth-Token")):
            return self.refuse(401, "The request you have made requires authentication.")
        if self.headers.get("OpenStack-API-Version") != "compute 2.76":
            return self.answer(400, {"badRequest": {"code": 400, "message": "Invalid input for field/attribute name. Value: power-update."}})
        told = json.loads(body)["events"]
        with self.cloud.lock:
            known = [event["server_uuid"] in self.cloud.servers for event in told]
            self.cloud.events += [event for event, good in zip(told, known) if good]
        if not any(known):
            return self.answer(404, {"itemNotFound": {"code": 404, "message": "No instances found for any event"}})
        rows = [dict(event, code=200 if good else 404, status="completed" if good else "failed") for event, good in zip(told, known)]
        return self.answer(200 if all(known) else 207, {"events": rows})


class Cloud(stand_in.Cloud):
    handler = Handler

    def __init__(self):
        self.servers, self.events, self.no_nova = set(), [], False
        super().__init__()

    def told(self):
        """[(server, tag)] of the events."""
        with self.lock:
            return [(event["server_uuid"], event["tag"]) for event in self.events if event["name"] == "power-update"]
