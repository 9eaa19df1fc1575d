"""Suites about Neutron: a stand-in for it and for Keystone runs in the test, which orders its faults and asks it what it has.

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

import deploy_support
import harness
from ramdisk_support import MAC

sys.path.insert(0, os.path.join(harness.ROOT, "tests", "openstack"))
import neutron_stand_in  # noqa: E402
import stand_in  # noqa: E402

LINK = {"switch_id": "0a:1b:2c:3d:4e:5f", "port_id": "Ethernet1/1", "switch_info": "rack1"}
VIF = "00000000-0000-4000-8000-0000000000a1"


NETWORKS = ("provisioning", "cleaning", "rescuing", "inspection")


def options_for(cloud):
    return ("keystone_authtoken.auth_url=" + cloud.auth_url, "keystone_authtoken.username=" + stand_in.USER,
            "keystone_authtoken.password=" + stand_in.PASSWORD, "keystone_authtoken.project_name=" + stand_in.PROJECT) + tuple(
                "neutron.%s_network=%s" % (name, name) for name in NETWORKS)


class Suite(deploy_support.DeploySuite):
    """Nodes of a network interface, each with one port and one VIF of a user."""

    network_interface = "neutron"
    neutron_options = ()

    @classmethod
    def setUpClass(cls):
        cls.cloud = stand_in.Cloud()
        cls.addClassCleanup(cls.cloud.stop)
        cls.own_options = options_for(cls.cloud) + cls.neutron_options
        super().setUpClass()

    def setUp(self):
        self.cloud.set({"faults": [], "forget": True,
                        "neutron": {"reset": True, "unbindable": [], "ports": [{"network": "tenant", "id": VIF}]}})
        self.uuid = self.node(driver="fake-hardware", deploy_interface="direct", boot_interface="ipxe",
                              network_interface=self.network_interface)["uuid"]
        self.port_uuid = self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC,
                                                              "local_link_connection": LINK})["uuid"]
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.ask(self.uuid, verb)
            self.rest(self.uuid, state)

    # -- the cloud

    def fault(self, match, kind, times=100):
        self.cloud.set({"faults": [{"match": match, "kind": kind, "times": times}]})

    def no_faults(self):
        self.cloud.set({"faults": []})

    def ports(self, network=None):
        """Neutron's ports, on one network."""
        with self.cloud.lock:
            return [dict(port) for port in self.cloud.neutron.ports.values()
                    if network is None or port["network_id"] == neutron_stand_in.known_id("network", network)]

    def vif(self):
        return next(port for port in self.ports() if port["id"] == VIF)

    def asked(self, start):
        """How often the cloud was asked so."""
        with self.cloud.lock:
            return len([one for one in self.cloud.requests if one["line"].startswith(start)])

    def only_the_vif_is_left(self):
        self.assertEqual([port["id"] for port in self.ports()], [VIF])

    # -- the node

    def attach(self, status=204, vif=VIF, **more):
        return self.when_free(status, "POST", "/v1/nodes/%s/vifs" % self.uuid, dict(more, id=vif))

    def vifs(self):
        return [vif["id"] for vif in self.get("/v1/nodes/%s/vifs" % self.uuid)["vifs"]]

    def deploy(self):
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")

    def undeploy(self):
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "deleted"})
        self.rest(self.uuid, "available")

    def internal_info(self):
        return self.get("/v1/ports/" + self.port_uuid)["internal_info"]
