"""What tests ask of the real Neutron that tests/openstack/run has started, as the administrator that Steel is.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import urllib.request

import real_cloud

LIMIT_S = real_cloud.LIMIT_S


class Neutron:
    def __init__(self):
        self.auth_url, self.base = os.environ["STEEL_CLOUD_AUTH_URL"], os.environ["STEEL_CLOUD_NEUTRON"] + "/v2.0"
        user = {"name": os.environ["STEEL_CLOUD_USER"], "password": os.environ["STEEL_CLOUD_PASSWORD"], "domain": {"id": "default"}}
        scope = {"project": {"name": os.environ["STEEL_CLOUD_PROJECT"], "domain": {"id": "default"}}}
        self.token = None
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
        self.token = self.request("POST", self.auth_url + "/auth/tokens", body).headers["X-Subject-Token"]

    def request(self, method, url, body=None):
        request = urllib.request.Request(url, method=method, data=json.dumps(body).encode() if body is not None else None)
        request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("X-Auth-Token", self.token)
        return urllib.request.urlopen(request, timeout=LIMIT_S)

    def call(self, method, path, body=None):
        with self.request(method, self.base + path, body) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def make(self, kind, **values):
        return self.call("POST", "/%ss" % kind, {kind: values})[kind]

    def make_network(self, name, physical_network, cidr, **subnet):
        """A flat one with one subnet."""
        network = self.make("network", **{"name": name, "provider:network_type": "flat", "provider:physical_network": physical_network})
        self.make("subnet", **{"network_id": network["id"], "cidr": cidr, "ip_version": 6 if ":" in cidr else 4, **subnet})
        return network["id"]

    def ports(self, network_id, owner="baremetal:none"):
        return self.call("GET", "/ports?network_id=%s&device_owner=%s" % (network_id, owner))["ports"]


def steel_options():
    """Settings of steeld for this cloud."""
    return list(real_cloud.steel_options(os.environ))
