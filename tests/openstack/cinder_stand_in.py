"""Stands in for Cinder as well (stand_in.py): the calls that Steel makes, with the rules and words of the real one, and faults on order.

    cloud = cinder_stand_in.Cloud()
    identity = cloud.make_volume(multiattach=True, attachments=["the UUID of a server"])
    cloud.change_volume(identity, status="error"); cloud.remove_volume(identity); cloud.volume(identity)

A request is named with its action, so that a fault meets one step: "POST /v3/service/volumes/ID/action os-attach". A fault of a kind
that begins with "done-" comes after the request was carried out. Besides what stand_in is told:

    POST /control {"volumes": {"ID": {"status": "in-use", ...} or null}, "no_cinder": true, "connection": {...}}
    GET /control -> {"volumes": {"ID": {"status", "multiattach", "attachments", "metadata", "connectors"}}}

SPDX-License-Identifier: Apache-2.0
"""
import json
import urllib.parse
import uuid

import stand_in

PLACE = "/v3/service"
FIELDS = {"status": "available", "multiattach": False, "attachments": [], "metadata": {}, "connectors": []}
ACTIONS = {  # from which states the real one takes an action
    "os-reserve": ("available", "in-use"), "os-unreserve": ("attaching",), "os-attach": ("attaching", "in-use"),
    "os-begin_detaching": ("in-use",), "os-roll_detaching": ("detaching",), "os-detach": ("detaching", "in-use"),
}


class Handler(stand_in.Handler):
    def line(self, body):
        action = ""
        if self.path.endswith("/action"):
            action = " " + next(iter(json.loads(body or b"{}")), "")
        return super().line(body) + action

    def catalog(self, base):
        endpoints = [{"interface": name, "region": "RegionOne", "region_id": "RegionOne", "url": base + PLACE}
                     for name in ("public", "internal")]
        rows = [] if self.cloud.no_cinder else [{"type": "volumev3", "name": "cinderv3", "endpoints": endpoints}]
        return super().catalog(base) + rows

    def say(self, status, name, message):
        return self.answer(status, {name: {"code": status, "message": message}})

    def other(self, body):
        if not self.path.startswith(PLACE + "/volumes/"):
            return super().other(body)
        if not self.cloud.knows(self.headers.get("X-Auth-Token")):
            return self.answer(401, {"error": {"code": 401, "message": "The request you have made requires authentication."}})
        parts = self.path[len(PLACE + "/volumes/"):].split("/")
        identity = urllib.parse.unquote(parts[0])
        with self.cloud.lock:
            volume = self.cloud.volumes.get(identity)
            if volume is None:
                return self.say(404, "itemNotFound", "Volume %s could not be found." % identity)
            if self.command == "GET":
                return self.answer(200, {"volume": dict({name: volume[name] for name in FIELDS if name != "connectors"}, id=identity)})
            asked = json.loads(body)
            if parts[1:] == ["metadata"]:
                volume["metadata"].update(asked["metadata"])
                return self.answer(200, {"metadata": volume["metadata"]})
            action, words = next(iter(asked.items()))
            return self.act(identity, volume, action, words or {})

    def act(self, identity, volume, action, words):
        """One action. The lock is held."""
        allowed = ACTIONS.get(action, (volume["status"],))
        if volume["status"] not in allowed or (action in ("os-reserve", "os-attach") and volume["status"] == "in-use"
                                               and not volume["multiattach"]):
            return self.say(400, "badRequest", "Invalid volume: Volume status must be %s to %s, but the status is %s." % (
                " or ".join(allowed), action.partition("-")[2], volume["status"]))
        others = "in-use" if volume["attachments"] else "available"
        if action == "os-initialize_connection":
            connector = words["connector"]
            if not connector.get("initiator") and not connector.get("wwpns"):
                return self.say(400, "badRequest", "Invalid input received: Connector doesn't have required information: initiator")
            if connector not in volume["connectors"]:
                volume["connectors"].append(connector)
            return self.answer(200, {"connection_info": self.cloud.connection_of(identity, connector)})
        if action == "os-terminate_connection":
            volume["connectors"] = [known for known in volume["connectors"] if known != words["connector"]]
        elif action == "os-attach":
            volume["attachments"].append({"id": identity, "attachment_id": str(uuid.uuid4()), "volume_id": identity,
                                          "server_id": words["instance_uuid"], "host_name": None, "device": words["mountpoint"]})
            volume["status"] = "in-use"
        elif action == "os-detach":
            volume["attachments"] = [row for row in volume["attachments"] if row["attachment_id"] != words["attachment_id"]]
            volume["status"] = "in-use" if volume["attachments"] else "available"
        else:
            volume["status"] = {"os-reserve": "attaching", "os-unreserve": others, "os-begin_detaching": "detaching",
                                "os-roll_detaching": "in-use"}[action]
        return self.answer(202, b"")


class Cloud(stand_in.Cloud):
    handler = Handler
    options = ()  # that a suite needs besides the login
    login = (stand_in.USER, stand_in.PASSWORD, stand_in.PROJECT)
    volumes_path = PLACE + "/volumes/"

    def __init__(self):
        self.volumes, self.no_cinder, self.connection = {}, False, None
        super().__init__()

    def add_volume(self, identity, **values):
        with self.lock:
            self.volumes[identity] = dict(json.loads(json.dumps(FIELDS)), **values)

    def make_volume(self, attachments=(), **values):
        identity = str(uuid.uuid4())
        self.add_volume(identity, **values)
        self.change_volume(identity, attachments=attachments)
        return identity

    def change_volume(self, identity, status=None, attachments=()):
        """attachments: servers that have it."""
        with self.lock:
            volume = self.volumes[identity]
            for server in attachments:
                volume["attachments"].append({"attachment_id": str(uuid.uuid4()), "server_id": server})
                volume["status"] = "in-use"
            volume["status"] = status or volume["status"]

    def remove_volume(self, identity):
        with self.lock:
            del self.volumes[identity]

    def volume(self, identity):
        with self.lock:
            return json.loads(json.dumps(self.volumes[identity]))

    def set(self, order):
        super().set(order)
        for identity, values in order.get("volumes", {}).items():
            if values is None:
                with self.lock:
                    self.volumes.pop(identity, None)
            else:
                self.add_volume(identity, **values)
        with self.lock:
            self.no_cinder = order.get("no_cinder", self.no_cinder)
            self.connection = order.get("connection", self.connection)

    def state(self):
        return dict(super().state(), volumes=self.volumes)

    def connection_of(self, identity, connector):
        """What the real one says of an LVM or a Fibre Channel volume."""
        if self.connection is not None:
            return self.connection
        more = {"volume_id": identity, "encrypted": False, "qos_specs": None, "access_mode": "rw", "cacheable": False,
                "target_discovered": False}
        if "initiator" not in connector:
            wwns = ["500601603ba01c2d", "500601603ba01c2e"]
            return {"driver_volume_type": "fibre_channel",
                    "data": dict(more, target_lun=3, target_wwn=wwns, initiator_target_map={name: wwns for name in connector["wwpns"]})}
        data = dict(more, target_portal="192.0.2.5:3260", target_iqn="iqn.2010-10.org.openstack:volume-" + identity, target_lun=1,
                    auth_method="CHAP", auth_username="user-" + identity[:8], auth_password="chap-secret-" + identity[:8])
        if connector.get("multipath"):
            data.update(target_portals=["192.0.2.5:3260", "192.0.2.6:3260"], target_iqns=[data["target_iqn"]] * 2, target_luns=[1, 1])
        return {"driver_volume_type": "iscsi", "data": data}
