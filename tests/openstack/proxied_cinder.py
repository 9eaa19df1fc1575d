"""The real Cinder behind a proxy (recording_proxy.py), for the suites of tests/api/test_cinder.py, which know it as cinder_stand_in.Cloud.

    cloud = proxied_cinder.Cloud(cinder)    # cinder_service.Cinder; the Keystone is that of STEEL_CLOUD_AUTH_URL

SPDX-License-Identifier: Apache-2.0
"""
import os

import recording_proxy

CONNECTOR = {"initiator": "iqn.2017-08.org.openstack.another", "host": "another"}


class Cloud(recording_proxy.Proxy):
    options = ("service_user.send_service_user_token=true",)

    def __init__(self, cinder):
        known = recording_proxy.Proxy.of_environment()
        known.stop()
        super().__init__(known.targets)
        self.cinder = cinder
        self.volumes_path = "/v3/%s/volumes/" % known.project
        self.login = tuple(os.environ["STEEL_CLOUD_" + name] for name in ("USER", "PASSWORD", "PROJECT"))

    def set(self, order):
        super().set(order)
        if "no_cinder" in order:  # the next token has another catalog
            self.hide("volumev3" if order["no_cinder"] else None)
            refusal = {"match": "GET " + self.volumes_path, "times": 1, "kind": "401"}
            super().set({"faults": [refusal] if order["no_cinder"] else order.get("faults", [])})

    def make_volume(self, **values):
        identity = self.cinder.make_volume(multiattach=values.pop("multiattach", False))
        self.change_volume(identity, **values)
        return identity

    def change_volume(self, identity, status=None, attachments=()):
        for server in attachments:
            for action, words in (("os-reserve", {}), ("os-initialize_connection", {"connector": CONNECTOR}),
                                  ("os-attach", {"instance_uuid": server, "mountpoint": "/dev/vdb", "mode": "rw"})):
                self.act(identity, action, **words)
        if status == "attaching":
            self.act(identity, "os-reserve")
        elif status:
            self.act(identity, "os-reset_status", status=status)

    def act(self, identity, action, **words):
        status, document = self.cinder.act(identity, action, **words)
        if status not in (200, 202):
            raise AssertionError("%s: %s %s" % (action, status, document))

    def remove_volume(self, identity):
        self.act(identity, "os-reset_status", status="error", attach_status="detached")
        self.act(identity, "os-force_delete")
        self.cinder.wait("the volume is gone", lambda: self.cinder.volume(identity) is None)

    def volume(self, identity):
        """connectors: as which machines the target admits."""
        return dict(self.cinder.volume(identity), connectors=self.cinder.exports(identity))
