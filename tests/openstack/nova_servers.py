#!/usr/bin/env python3
"""The real Nova puts servers on nodes of a steeld: lives of servers from images of Glance and from volumes of Cinder, on ports of Neutron.
The machines are simulated, with their BMCs and agents (steel-lab fleet); what Nova, Placement, Neutron and Cinder say of them is asked.

Started by tests/openstack/run, with the cloud that it has started. A word of the command line is a test: "Servers.test_...".

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import shutil
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../api")]
os.environ.setdefault("STEEL_BUILD", "build")

import cinder_service  # noqa: E402  the folders have to be known first
import fleet_support  # noqa: E402
import harness  # noqa: E402
import nova_cloud  # noqa: E402
import ramdisk_support  # noqa: E402
import real_cloud  # noqa: E402
import real_nova  # noqa: E402
import told  # noqa: E402

IQN = "iqn.2017-08.org.openstack.nova-node"


class Servers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cloud = real_cloud.joined(os.environ)
        cls.addClassCleanup(cls.cloud.stop)
        folder = tempfile.mkdtemp(prefix="steel-nova-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.cinder = cinder_service.Cinder(folder, dict(os.environ))
        cls.cinder.__enter__()
        cls.addClassCleanup(cls.cinder.stop)
        cls.nova = real_nova.Nova(cls.cloud)
        cls.nova.__enter__()
        cls.addClassCleanup(cls.nova.stop)
        cls.parts = nova_cloud.Parts(cls.cloud, cls.nova)
        boot_port = ramdisk_support.free_port()
        cls.steel = harness.Steel(*fleet_support.settings(folder, cls.cloud.baremetal_port, boot_port, 1),
                                  *nova_cloud.steel_options(cls.cloud), "conductor.automated_clean=false", "ipmi.min_command_interval=0",
                                  "conductor.sync_power_state_interval=1", "deploy.boot_progress_timeout=0",
                                  "enabled_network_interfaces=neutron,noop", "cinder.action_retry_interval=1")
        cls.addClassCleanup(cls.steel.stop)
        machines = fleet_support.Machines(1, "http://127.0.0.1:%d/boot.ipxe" % boot_port, *fleet_support.SECONDS)
        cls.addClassCleanup(machines.close)
        cls.machine = machines.nodes[0]
        cls.nova.start_compute()

    # ---- Steel

    def call(self, method, path, body=None):
        """Status and document of an answer of Steel's."""
        request = urllib.request.Request("http://127.0.0.1:%d/v1%s" % (self.cloud.baremetal_port, path), method=method,
                                         data=json.dumps(body).encode() if body is not None else None,
                                         headers={"Content-Type": "application/json", "X-Auth-Token": self.cloud.token,
                                                  harness.VERSION_HEADER: harness.LATEST})
        try:
            with urllib.request.urlopen(request, timeout=real_cloud.LIMIT_S) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def must(self, method, path, body=None):
        status, document = self.call(method, path, body)
        self.assertLess(status, 300, "%s %s: %s" % (method, path, document))
        return document

    def show(self):
        return self.must("GET", "/nodes/" + self.uuid)

    def wait_node(self, **wanted):
        return self.nova.wait("the node has %s" % wanted,
                              lambda: next((node for node in [self.show()] if all(node[key] == value for key, value in wanted.items())), None))

    def provision(self, target, state):
        self.must("PUT", "/nodes/%s/states/provision" % self.uuid, {"target": target})
        self.wait_node(provision_state=state, reservation=None)

    def setUp(self):
        self.mac = self.machine["mac"]

    def make_node(self, **more):
        """An available node that Nova knows, for the simulated machine."""
        values = {"driver": "ipmi", "resource_class": "baremetal", "network_interface": "neutron", "deploy_interface": "direct",
                  "boot_interface": "ipxe", "rescue_interface": "agent",
                  "driver_info": {name: value for name, value in self.machine.items() if name.startswith("ipmi_")},
                  "properties": {"cpus": 1, "memory_mb": 512, "local_gb": 10, "cpu_arch": "x86_64", "capabilities": "iscsi_boot:true"}}
        self.uuid = self.must("POST", "/nodes", {**values, **more})["uuid"]
        self.addCleanup(self.remove_node, self.uuid)
        self.must("POST", "/ports", {"node_uuid": self.uuid, "address": self.mac, "local_link_connection": nova_cloud.LINK})
        self.must("PUT", "/nodes/%s/states/power" % self.uuid, {"target": "power off"})
        self.wait_node(power_state="power off", reservation=None)
        self.provision("manage", "manageable")
        self.provision("provide", "available")
        self.nova.wait_for_node(self.uuid)

    def remove_node(self, uuid):
        self.call("PUT", "/nodes/%s/maintenance" % uuid, {"reason": "the test is over"})
        self.nova.wait("the node is gone", lambda: self.call("DELETE", "/nodes/" + uuid)[0] in (204, 404))
        self.nova.wait("the node has left Placement", lambda: self.nova.inventory(uuid) is None)

    # ---- a server

    def make_server(self, **more):
        identity = self.nova.make_server("steel-test", self.parts.flavor, self.parts.network("tenant"), **more)
        self.addCleanup(self.forget_server, identity)
        return identity

    def forget_server(self, identity):
        if self.nova.server(identity) is not None:
            self.nova.delete_server(identity)

    def assert_empty(self):
        """Nothing of the server is left anywhere."""
        node = self.wait_node(provision_state="available", reservation=None)
        self.assertEqual((node["instance_uuid"], node["instance_info"], node["power_state"]), (None, {}, "power off"))
        self.assertEqual(self.must("GET", "/nodes/%s/vifs" % self.uuid), {"vifs": []})
        self.assertEqual(self.must("GET", "/volume/targets?node=" + self.uuid)["targets"], [])
        self.assertEqual(self.parts.ports(), [])
        self.assertEqual(self.nova.allocations(self.uuid), {})
        self.nova.wait_for_node(self.uuid)  # and another one may come

    def assert_deployed(self, server):
        node = self.show()
        self.assertEqual((node["provision_state"], node["instance_uuid"], node["power_state"]), ("active", server, "power on"))
        self.assertEqual(list(self.nova.allocations(self.uuid)), [server])
        ports = self.parts.ports(device_id=server)
        self.assertEqual([(port["mac_address"], port["binding:vif_type"], port["binding:host_id"], port["status"]) for port in ports],
                         [(self.mac, "other", self.uuid, "ACTIVE")])
        self.assertEqual(len(self.parts.ports()), 1)  # those for the deploy are gone
        return node

    def test_the_life_of_a_server_from_an_image(self):
        self.make_node()
        server = self.make_server(image=self.parts.image, config_drive=True)
        self.nova.wait_server(server, "ACTIVE")
        info = self.assert_deployed(server)["instance_info"]
        self.assertEqual(info["image_source"], self.parts.image)
        self.assertEqual(info["configdrive"], "******")

        self.nova.act(server, "os-stop")
        self.nova.wait_server(server, "SHUTOFF")
        self.assertEqual(self.show()["power_state"], "power off")
        self.nova.act(server, "os-start")
        self.nova.wait_server(server, "ACTIVE")
        self.assertEqual(self.show()["power_state"], "power on")
        for kind in ("SOFT", "HARD"):
            self.nova.act(server, "reboot", {"type": kind})
            self.nova.wait_server(server, "ACTIVE")
            self.assertEqual(self.show()["power_state"], "power on")
        self.nova.act(server, "rebuild", {"imageRef": self.parts.image})
        self.nova.wait("Nova has begun to rebuild", lambda: self.nova.server(server)["OS-EXT-STS:task_state"] is None)
        self.nova.wait_server(server, "ACTIVE")
        self.assert_deployed(server)
        self.nova.act(server, "rescue", {"adminPass": "a-password-for-the-test"})
        self.nova.wait_server(server, "RESCUE")
        self.assertEqual(self.show()["provision_state"], "rescue")
        self.nova.act(server, "unrescue")
        self.nova.wait_server(server, "ACTIVE")
        self.assert_deployed(server)
        self.nova.delete_server(server)
        self.assert_empty()

    def test_the_life_of_a_server_from_a_volume(self):
        self.make_node(storage_interface="cinder")
        self.must("POST", "/volume/connectors", {"node_uuid": self.uuid, "type": "iqn", "connector_id": IQN})
        self.must("POST", "/volume/connectors", {"node_uuid": self.uuid, "type": "ip", "connector_id": "127.0.0.1"})
        volume = self.cinder.make_volume()
        server = self.make_server(volume=volume)
        self.nova.wait_server(server, "ACTIVE")
        self.assert_deployed(server)
        self.assertEqual(self.cinder.volume(volume)["status"], "in-use")
        self.assertEqual(self.cinder.exports(volume), [IQN])
        target = self.must("GET", "/volume/targets?detail=True&node=" + self.uuid)["targets"][0]
        self.assertEqual((target["volume_id"], target["boot_index"], target["volume_type"]), (volume, 0, "iscsi"))
        self.assertEqual(target["properties"]["auth_password"], "******")

        self.nova.act(server, "os-stop")
        self.nova.wait_server(server, "SHUTOFF")
        self.nova.act(server, "os-start")
        self.nova.wait_server(server, "ACTIVE")
        self.assertEqual(self.cinder.exports(volume), [IQN])
        self.nova.delete_server(server)
        self.assert_empty()
        self.nova.wait("the volume is free", lambda: self.cinder.volume(volume)["status"] == "available")
        self.assertEqual((self.cinder.volume(volume)["attachments"], self.cinder.exports(volume)), ([], []))

    def test_a_second_port_comes_and_goes_and_a_crash_dump_is_triggered(self):
        self.make_node()
        link = dict(nova_cloud.LINK, port_id="Ethernet1/2")
        mac = self.mac[:-2] + "fe"
        self.must("POST", "/ports", {"node_uuid": self.uuid, "address": mac, "pxe_enabled": False, "local_link_connection": link})
        server = self.make_server(image=self.parts.image)
        self.nova.wait_server(server, "ACTIVE")
        words = {"interfaceAttachment": {"net_id": self.parts.network("tenant")}}
        port = self.nova.must("POST", "/servers/%s/os-interface" % server, words)["interfaceAttachment"]["port_id"]
        bound = self.parts.ports(id=port)[0]
        self.assertEqual((bound["mac_address"], bound["binding:vif_type"], bound["status"]), (mac, "other", "ACTIVE"))
        self.assertEqual(len(self.must("GET", "/nodes/%s/vifs" % self.uuid)["vifs"]), 2)
        self.nova.must("DELETE", "/servers/%s/os-interface/%s" % (server, port))
        self.nova.wait("the port is gone", lambda: self.parts.ports(id=port) == [])
        self.assertEqual(len(self.must("GET", "/nodes/%s/vifs" % self.uuid)["vifs"]), 1)
        self.nova.act(server, "trigger_crash_dump")
        done = "Successfully triggered crash dump into Ironic node " + self.uuid
        self.nova.wait("nova-compute has had its NMI", lambda: done in self.nova.compute_log())
        self.nova.delete_server(server)
        self.assert_empty()

    def test_a_deploy_that_fails_is_told_to_the_user(self):
        fault = {"deploy.deploy": {"fail": "BMC", "message": "the fan is stuck"}}
        self.make_node(driver="fake-hardware", deploy_interface="fake", boot_interface="fake", rescue_interface="fake",
                       driver_info={"fake": fault})
        server = self.make_server(image=self.parts.image)
        self.assertIn(self.nova.wait_server(server, "ERROR")["fault"]["code"], (500,))
        self.nova.delete_server(server)
        self.assert_empty()

    def test_placement_counts_only_nodes_that_can_be_had(self):
        self.make_node()
        self.must("PUT", "/nodes/%s/maintenance" % self.uuid, {"reason": "a new fan"})
        self.nova.wait("the node is reserved", lambda: self.nova.inventory(self.uuid) == (1, 1))
        self.must("DELETE", "/nodes/%s/maintenance" % self.uuid)
        self.nova.wait_for_node(self.uuid)

    def test_nova_hears_of_power_changes_that_it_did_not_ask_for(self):
        self.make_node()
        server = self.make_server(image=self.parts.image)
        self.nova.wait_server(server, "ACTIVE")
        for target, status in (("power off", "SHUTOFF"), ("power on", "ACTIVE")):
            self.must("PUT", "/nodes/%s/states/power" % self.uuid, {"target": target})
            self.nova.wait_server(server, status)


if __name__ == "__main__":
    sys.exit(told.run(sys.modules[__name__], sys.argv[1:]))
