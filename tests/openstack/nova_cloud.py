"""What servers of the real Nova need in the cloud: networks, a flavor, an image; and what a steeld has to be told of the cloud.

SPDX-License-Identifier: Apache-2.0
"""
import os
import urllib.parse

import real_cloud

LINK = {"switch_id": "0a:1b:2c:3d:4e:5f", "port_id": "Ethernet1/1", "switch_info": "rack1"}
NETWORKS = ("provisioning", "cleaning", "rescuing", "tenant")


def steel_options(cloud):
    """Settings "section.name=value" of the steeld that Nova is to find."""
    return real_cloud.steel_options(cloud.environment()) + (
        "auth_strategy=keystone", "api.port=%d" % cloud.baremetal_port, "service_user.send_service_user_token=true",
        *("neutron.%s_network=nova-%s" % (name, name) for name in NETWORKS if name != "tenant"))


class Parts:
    def __init__(self, cloud, nova, image=None):
        """image: a file; without it some noise, which no machine boots."""
        self.cloud, self.nova, self.networks = cloud, nova, {}
        self.neutron, self.glance = ("http://127.0.0.1:%d" % port for port in (cloud.neutron_port, cloud.glance_port))
        for number, name in enumerate(NETWORKS):
            about = {"name": "nova-" + name, "provider:network_type": "flat", "provider:physical_network": "nova-" + name}
            self.networks[name] = nova.must("POST", "/v2.0/networks", {"network": about}, base=self.neutron)["network"]["id"]
            subnet = {"network_id": self.networks[name], "ip_version": 4, "cidr": "10.9%d.0.0/24" % number, "gateway_ip": None}
            nova.must("POST", "/v2.0/subnets", {"subnet": subnet}, base=self.neutron)
        self.flavor = nova.make_flavor()
        self.image = self.make_image(image)

    def network(self, name):
        return self.networks[name]

    def ports(self, **filters):
        """The ports of Neutron that are somebody's."""
        return self.nova.must("GET", "/v2.0/ports?" + urllib.parse.urlencode(filters), base=self.neutron)["ports"]

    def objects(self):
        """{container: its objects} of Swift."""
        account = "http://127.0.0.1:%d/v1/AUTH_%s" % (self.cloud.swift_port, self.cloud.project)
        found = {}
        for row in self.nova.must("GET", "?format=json", base=account):
            found[row["name"]] = sorted(item["name"] for item in self.nova.must("GET", "/%s?format=json" % row["name"], base=account))
        return found

    def make_image(self, path):
        about = {"name": "steel-test", "disk_format": "qcow2" if path and path.endswith(".qcow2") else "raw",
                 "container_format": "bare", "visibility": "public"}
        identity = self.nova.must("POST", "/v2/images", about, base=self.glance)["id"]
        url = "%s/v2/images/%s/file" % (self.glance, identity)
        if path is None:
            self.cloud.send("PUT", url, os.urandom(1 << 20))
        else:
            with open(path, "rb") as file:
                self.cloud.send("PUT", url, file, os.path.getsize(path))
        return identity
