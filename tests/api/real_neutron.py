"""Deploys over the network interface neutron with a real Keystone and Neutron, which tests/openstack/run starts:

    tests/openstack/run neutron

SPDX-License-Identifier: Apache-2.0
"""
import unittest

import deploy_support
from neutron_support import LINK, NETWORKS
from ramdisk_support import MAC

import neutron_api  # of tests/openstack, as neutron_support has it


class RealNeutron(deploy_support.DeploySuite):
    @classmethod
    def setUpClass(cls):
        cls.cloud = neutron_api.Neutron()
        cls.networks = {name: cls.cloud.make_network(name, name, "10.%d.0.0/24" % (number + 1), enable_dhcp=False)
                        for number, name in enumerate(NETWORKS + ("tenant",))}
        cls.own_options = (*neutron_api.steel_options(), "pxe.tftp_server=192.0.2.9", "dhcp.dhcp_provider=neutron",
                           *("neutron.%s_network=%s" % (name, name) for name in NETWORKS))
        super().setUpClass()

    def setUp(self):
        self.link = dict(LINK)
        self.vif_id = self.cloud.make("port", network_id=self.networks["tenant"])["id"]
        self.addCleanup(self.cloud.call, "DELETE", "/ports/" + self.vif_id)
        self.uuid = self.node(driver="fake-hardware", deploy_interface="direct", boot_interface="ipxe",
                              network_interface="neutron")["uuid"]
        self.port_uuid = self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC,
                                                              "local_link_connection": self.link})["uuid"]
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.ask(self.uuid, verb)
            self.rest(self.uuid, state)
        self.want(204, "POST", "/v1/nodes/%s/vifs" % self.uuid, {"id": self.vif_id})

    def vif(self):
        return self.cloud.call("GET", "/ports/" + self.vif_id)["port"]

    def ports(self, network):
        return self.cloud.call("GET", "/ports?network_id=" + self.networks[network])["ports"]

    def undeploy(self):
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "deleted"})
        self.rest(self.uuid, "available")

    def deploy(self):
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")

    def test_a_deploy_goes_over_the_provisioning_network_and_ends_on_the_user_s(self):
        self.assertEqual(self.vif()["mac_address"], MAC)
        self.deploy()
        agent, _ = self.boots()
        port, = self.ports("provisioning")
        self.assertEqual((port["mac_address"], port["binding:vif_type"], port["status"], port["binding:host_id"], port["device_owner"]),
                         (MAC, "other", "ACTIVE", self.uuid, "baremetal:none"))
        self.assertEqual({option["opt_name"] for option in port["extra_dhcp_opts"]},
                         {"tag:!ipxe,67", "tag:ipxe,67", "66", "150", "255"})
        self.assertEqual((self.vif()["binding:vif_type"], self.vif()["mac_address"] == MAC), ("unbound", False))
        self.calls_until(agent, "active")
        self.assertEqual(self.ports("provisioning"), [])
        vif = self.vif()
        self.assertEqual((vif["binding:vif_type"], vif["mac_address"], vif["binding:profile"], vif["binding:vnic_type"]),
                         ("other", MAC, {"local_link_information": [LINK]}, "baremetal"))
        self.when_free(202, "PUT", "/v1/nodes/%s/maintenance" % self.uuid, {"reason": "a new card"})
        other = "52:54:00:dd:03:01"
        self.want(200, "PATCH", "/v1/ports/" + self.port_uuid, [{"op": "replace", "path": "/address", "value": other}])
        self.assertEqual((self.vif()["mac_address"], self.vif()["binding:vif_type"]), (other, "other"))
        self.when_free(202, "DELETE", "/v1/nodes/%s/maintenance" % self.uuid)
        self.undeploy()
        self.assertEqual((self.vif()["binding:vif_type"], self.vif()["binding:profile"]), ("unbound", {}))

    def test_a_cleaning_has_a_port_of_its_own(self):
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.ask(self.uuid, "clean", clean_steps=[{"interface": "deploy", "step": "burnin_cpu"}])
        agent, _ = self.boots(state="clean wait")
        self.assertEqual([port["binding:vif_type"] for port in self.ports("cleaning")], ["other"])
        self.calls_until(agent, "manageable")
        self.assertEqual(self.ports("cleaning"), [])

    def test_a_port_that_no_driver_binds_is_seen(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "replace", "path": "/maintenance", "value": True}])
        self.want(200, "PATCH", "/v1/ports/" + self.port_uuid, [
            {"op": "add", "path": "/local_link_connection/switch_info", "value": "out of order"}])
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "replace", "path": "/maintenance", "value": False}])
        self.deploy()
        self.assertIn("binding_failed", self.rest(self.uuid, "deploy failed")["last_error"])
        self.assertEqual(self.ports("provisioning"), [])

    def test_a_trunk_s_parent_is_attached_and_neutron_keeps_the_rest(self):
        below = self.cloud.make("port", network_id=self.networks["tenant"])["id"]
        self.addCleanup(self.cloud.call, "DELETE", "/ports/" + below)
        trunk = self.cloud.make("trunk", port_id=self.vif_id, sub_ports=[
            {"port_id": below, "segmentation_type": "vlan", "segmentation_id": 7}])["id"]
        self.addCleanup(self.cloud.call, "DELETE", "/trunks/" + trunk)
        self.deploy()
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.assertEqual((self.vif()["binding:vif_type"], self.vif()["mac_address"], self.vif()["binding:host_id"]),
                         ("other", MAC, self.uuid))
        self.undeploy()
        self.assertEqual((self.vif()["binding:vif_type"], self.vif()["mac_address"] == MAC), ("unbound", False))
        kept = self.cloud.call("GET", "/trunks/" + trunk)["trunk"]
        self.assertEqual([(port["port_id"], port["segmentation_id"]) for port in kept["sub_ports"]], [(below, 7)])

    def test_an_address_that_is_taken_is_told_in_neutron_s_words(self):
        taken = self.cloud.make("port", network_id=self.networks["provisioning"], mac_address=MAC)
        self.addCleanup(self.cloud.call, "DELETE", "/ports/" + taken["id"])
        self.deploy()
        said = self.rest(self.uuid, "deploy failed")["last_error"]
        self.assertIn("Neutron answered 409 to the creation of a port for " + MAC, said)
        self.assertIn("in use", said)


if __name__ == "__main__":
    unittest.main()
