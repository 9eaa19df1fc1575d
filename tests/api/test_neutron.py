"""Networks from Neutron: what a machine's ports are during a deploy, a cleaning, a rescue and an inspection, and how VIFs are
attached.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import gzip
import json
import re
import unittest

import media_support
import neutron_support
from harness import random_uuid
from neutron_support import LINK, VIF, neutron_stand_in
from ramdisk_support import MAC

SECOND = "52:54:00:dd:00:02"
OTHER_VIF = "00000000-0000-4000-8000-0000000000a2"


class Neutron(neutron_support.Suite):
    def test_a_deploy_goes_over_the_provisioning_network_and_ends_on_the_user_s(self):
        self.attach()
        self.assertEqual((self.vifs(), self.vif()["mac_address"]), ([VIF], MAC))
        self.assertEqual(self.internal_info(), {"tenant_vif_port_id": VIF})
        self.deploy()
        agent, _ = self.boots()
        made = self.ports("provisioning")
        self.assertEqual(len(made), 1)
        self.assertEqual({key: made[0][key] for key in ("mac_address", "device_id", "device_owner", "binding:host_id",
                                                        "binding:vnic_type", "binding:profile", "admin_state_up")},
                         {"mac_address": MAC, "device_id": self.uuid, "device_owner": "baremetal:none",
                          "binding:host_id": self.uuid, "binding:vnic_type": "baremetal",
                          "binding:profile": {"local_link_information": [LINK]}, "admin_state_up": True})
        self.assertEqual(self.internal_info()["provisioning_vif_port_id"], made[0]["id"])
        self.assertEqual(self.vif()["binding:host_id"], "")
        self.assertNotEqual(self.vif()["mac_address"], MAC)
        self.calls_until(agent, "active")
        self.only_the_vif_is_left()
        vif = self.vif()
        self.assertEqual((vif["binding:host_id"], vif["mac_address"], vif["binding:profile"], vif["binding:vnic_type"]),
                         (self.uuid, MAC, {"local_link_information": [LINK]}, "baremetal"))
        self.undeploy()
        self.only_the_vif_is_left()
        self.assertEqual((self.vifs(), self.vif()["binding:host_id"], self.vif()["binding:profile"]), ([], "", {}))
        self.assertEqual(self.internal_info(), {})
        self.assertNotIn("neutron_networks", self.get("/v1/nodes/" + self.uuid)["driver_internal_info"])

    def test_the_ports_are_of_the_instance_and_in_the_security_groups_where_there_are_some(self):
        instance = random_uuid()
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/instance_uuid", "value": instance}])
        self.attach()
        self.deploy()
        self.boots()
        self.assertEqual([(port["device_id"], port["security_groups"]) for port in self.ports("provisioning")],
                         [(instance, [neutron_stand_in.GROUP])])

    def test_a_cleaning_has_a_port_of_its_own(self):
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.ask(self.uuid, "clean", clean_steps=[{"interface": "deploy", "step": "burnin_cpu"}])
        agent, _ = self.boots(state="clean wait")
        self.assertEqual([port["mac_address"] for port in self.ports("cleaning")], [MAC])
        self.assertIn("cleaning_vif_port_id", self.internal_info())
        self.calls_until(agent, "manageable")
        self.only_the_vif_is_left()
        self.assertEqual(self.internal_info(), {})

    def test_the_node_may_name_its_networks(self):
        self.cloud.set({"neutron": {"networks": [{"name": "own", "id": "0e000000-0000-4000-8000-000000000001"}]}})
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [
            {"op": "add", "path": "/driver_info/provisioning_network", "value": "0e000000-0000-4000-8000-000000000001"}])
        self.attach()
        self.deploy()
        self.boots()
        self.assertEqual(self.ports("provisioning"), [])
        self.assertEqual([port["mac_address"] for port in self.ports()
                          if port["network_id"].startswith("0e000000")], [MAC])

    def test_ports_that_may_not_boot_have_none_and_a_client_id_is_told_to_dhcp(self):
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": SECOND, "pxe_enabled": False,
                                             "local_link_connection": LINK})
        self.want(200, "PATCH", "/v1/ports/" + self.port_uuid, [{"op": "add", "path": "/extra/client-id", "value": "ff:01"}])
        self.attach(port_uuid=self.port_uuid)
        self.deploy()
        agent, _ = self.boots()
        self.assertEqual([(port["mac_address"], port["extra_dhcp_opts"]) for port in self.ports("provisioning")],
                         [(MAC, [{"opt_name": "61", "opt_value": "ff:01"}])])
        self.calls_until(agent, "active")
        self.assertEqual(self.vif()["extra_dhcp_opts"], [{"opt_name": "61", "opt_value": "ff:01", "ip_version": 4}])

    def test_a_deploy_without_a_vif_fails_and_leaves_nothing(self):
        self.deploy()
        agent, _ = self.boots()
        node = self.calls_until(agent, "deploy failed")
        self.assertIn("No neutron ports or portgroups are associated with node " + self.uuid, node["last_error"])
        self.only_the_vif_is_left()

    def test_a_port_that_is_not_wired_is_not_used(self):
        self.attach()
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "replace", "path": "/maintenance", "value": True}])
        self.want(200, "PATCH", "/v1/ports/" + self.port_uuid, [{"op": "replace", "path": "/local_link_connection", "value": {}}])
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "replace", "path": "/maintenance", "value": False}])
        self.deploy()
        node = self.rest(self.uuid, "deploy failed")
        for words in ("Failed to create neutron ports for node's %s ports %s" % (self.uuid, self.port_uuid),
                      "The local_link_connection is required for 'neutron' network interface"):
            self.assertIn(words, node["last_error"])

    def test_a_port_that_neutron_cannot_bind_is_seen(self):
        self.cloud.set({"neutron": {"unbindable": [self.uuid]}})
        self.attach()
        self.deploy()
        node = self.rest(self.uuid, "deploy failed")
        self.assertIn("Neutron could not bind port", node["last_error"])
        self.assertIn("binding_failed", node["last_error"])
        self.only_the_vif_is_left()

    def test_a_config_drive_that_does_not_say_so_tells_the_instance_its_network(self):
        own = {"links": [], "networks": [], "services": [], "of": "the user"}
        for given, expected in (({}, None), ({"network_data": own}, own)):
            self.attach()
            self.info(image_source="file://%s/image" % self.place)
            self.ask(self.uuid, "active", configdrive=dict(given, meta_data={"name": "one"}))
            agent, _ = self.boots()
            self.calls_until(agent, "active")
            told = next(params for name, params in agent.given
                        if name == "deploy.execute_deploy_step" and params["step"]["step"] == "write_image")
            drive = gzip.decompress(base64.b64decode(told["step"]["args"]["configdrive"]))
            found = json.loads(re.search(rb'\{"links":.*?\}(?=\x00)', drive).group(0))
            address = self.vif()["fixed_ips"][0]["ip_address"]
            self.assertEqual(found, expected or {
                "links": [{"id": self.port_uuid, "type": "vif", "ethernet_mac_address": MAC, "vif_id": VIF, "mtu": 1450}],
                "networks": [{"id": self.vif()["fixed_ips"][0]["subnet_id"], "network_id": self.vif()["network_id"], "type": "ipv4",
                              "link": self.port_uuid, "ip_address": address, "netmask": "255.255.255.0", "routes": [
                                  {"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "10.5.0.1"},
                                  {"network": "198.51.100.0", "netmask": "255.255.255.0", "gateway": "10.5.0.2"}]}],
                "services": [{"type": "dns", "address": "192.0.2.53"}]})
            self.undeploy()

    neutron_options = ("neutron.provisioning_network_security_groups=" + neutron_stand_in.GROUP,)


class Vifs(neutron_support.Suite):
    """One node after the other: nothing is deployed but where a test says so."""

    def group(self, *macs, **more):
        group = self.want(201, "POST", "/v1/portgroups", dict({"node_uuid": self.uuid, "mode": "802.3ad", "properties": {
            "miimon": 100, "bond_xmit": 1}}, **more))["uuid"]
        members = [self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": mac, "portgroup_uuid": group,
                                                        "local_link_connection": dict(LINK, port_id="p%d" % number)})["uuid"]
                   for number, mac in enumerate(macs)]
        return group, members

    def place_of(self, vif):
        for kind in ("ports", "portgroups"):
            for item in self.get("/v1/%s/detail?node=%s" % (kind, self.uuid))[kind]:
                if item["internal_info"].get("tenant_vif_port_id") == vif:
                    return item["uuid"]
        return None

    def test_a_vif_is_attached_once_and_detached(self):
        self.attach()
        said = self.attach(409)
        self.assertEqual(self.message(said), "Unable to attach VIF because VIF %s is already attached to Ironic Port %s"
                         % (VIF, self.port_uuid))
        said = self.attach(400, OTHER_VIF)
        self.assertEqual(self.message(said), "Unable to attach VIF %s, not enough free physical ports." % OTHER_VIF)
        self.want(204, "DELETE", "/v1/nodes/%s/vifs/%s" % (self.uuid, VIF))
        self.assertEqual(self.vifs(), [])
        said = self.refuse(400, "DELETE", "/v1/nodes/%s/vifs/%s" % (self.uuid, VIF))
        self.assertEqual(said, "Unable to detach VIF %s from node %s because it is not attached to it." % (VIF, self.uuid))

    def message(self, _):
        return self.last.message

    def attach(self, status=204, vif=VIF, **more):
        self.last = self.call("POST", "/v1/nodes/%s/vifs" % self.uuid, dict(more, id=vif))
        self.assertEqual(self.last.status, status, self.last.body)

    def test_a_vif_that_is_none_is_refused(self):
        self.attach(400, random_uuid())
        self.assertIn("was not found", self.last.message)
        self.assertEqual(self.vifs(), [])

    def test_a_port_group_goes_first_and_its_ports_are_all_told_to_the_switch(self):
        group, _ = self.group("52:54:00:dd:01:01", "52:54:00:dd:01:02", address="52:54:00:dd:01:00", name=None)
        self.attach()
        self.assertEqual(self.place_of(VIF), group)
        self.assertEqual(self.vif()["mac_address"], "52:54:00:dd:01:00")
        self.deploy()
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        profile = self.vif()["binding:profile"]
        self.assertEqual([link["port_id"] for link in profile["local_link_information"]], ["p0", "p1"])
        self.assertEqual(profile["local_group_information"], {
            "id": group, "name": None, "bond_mode": "802.3ad", "bond_properties": {"bond_miimon": 100, "bond_xmit": 1}})
        self.only_the_vif_is_left()

    def test_an_active_node_s_bond_is_told_at_once_and_its_vif_follows_its_address(self):
        self.cloud.set({"neutron": {"ports": [{"network": "tenant", "id": OTHER_VIF}]}})
        self.attach()
        self.deploy()
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        group, _ = self.group("52:54:00:dd:01:01", "52:54:00:dd:01:02", address="52:54:00:dd:01:00", name="bond")
        self.when_free(204, "POST", "/v1/nodes/%s/vifs" % self.uuid, {"id": OTHER_VIF})
        self.assertEqual(self.place_of(OTHER_VIF), group)

        def other():
            return next(port for port in self.ports() if port["id"] == OTHER_VIF)

        def is_told(address):
            vif = other()
            self.assertEqual((vif["mac_address"], vif["binding:host_id"], [
                link["port_id"] for link in vif["binding:profile"]["local_link_information"]],
                vif["binding:profile"]["local_group_information"]["id"]), (address, self.uuid, ["p0", "p1"], group))
        is_told("52:54:00:dd:01:00")
        self.when_free(202, "PUT", "/v1/nodes/%s/maintenance" % self.uuid, {"reason": "a new card"})
        self.want(200, "PATCH", "/v1/portgroups/" + group, [{"op": "replace", "path": "/address", "value": "52:54:00:dd:01:0f"}])
        is_told("52:54:00:dd:01:0f")  # bound: it is unbound for it, and bound again
        self.want(204, "DELETE", "/v1/nodes/%s/vifs/%s" % (self.uuid, OTHER_VIF))
        self.assertEqual((other()["binding:host_id"], other()["binding:profile"]), ("", {}))
        self.assertNotEqual(other()["mac_address"], "52:54:00:dd:01:0f")

    def test_a_group_without_an_address_leaves_the_vif_its_own(self):
        group, _ = self.group("52:54:00:dd:01:01", "52:54:00:dd:01:02")
        before = self.vif()["mac_address"]
        self.attach(204, portgroup_uuid=group)
        self.assertEqual((self.place_of(VIF), self.vif()["mac_address"]), (group, before))
        self.want(200, "PATCH", "/v1/portgroups/" + group, [{"op": "add", "path": "/address", "value": "52:54:00:dd:01:00"}])
        self.assertEqual(self.vif()["mac_address"], "52:54:00:dd:01:00")

    def test_an_active_node_is_told_of_a_vif_that_neutron_cannot_bind(self):
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": SECOND, "local_link_connection": LINK})
        self.cloud.set({"neutron": {"ports": [{"network": "tenant", "id": OTHER_VIF}]}})
        self.attach(204, port_uuid=self.port_uuid)
        self.deploy()
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.cloud.set({"neutron": {"unbindable": [self.uuid]}})
        self.attach(500, OTHER_VIF)
        self.assertIn("binding_failed", self.last.message)

    def test_a_group_whose_port_has_a_vif_is_no_bond_any_more(self):
        _, members = self.group("52:54:00:dd:01:01", "52:54:00:dd:01:02")
        self.attach(400, port_uuid=members[0])  # a port of a bond is not used alone
        self.attach(204, port_uuid=self.port_uuid)
        self.assertEqual(self.place_of(VIF), self.port_uuid)

    def test_a_physical_network_decides(self):
        self.cloud.set({"neutron": {"networks": [{"name": "routed", "segments": ["a", "b"]}],
                                    "ports": [{"network": "routed", "id": OTHER_VIF}]}})
        wired = {}
        for number, network in enumerate(("c", "b", None)):
            wired[network] = self.want(201, "POST", "/v1/ports", {
                "node_uuid": self.uuid, "address": "52:54:00:dd:02:%02x" % number, "physical_network": network,
                "local_link_connection": LINK})["uuid"]
        self.attach(400, OTHER_VIF, port_uuid=wired["c"])
        self.attach(204, OTHER_VIF)
        self.assertEqual(self.place_of(OTHER_VIF), wired["b"])
        self.want(204, "DELETE", "/v1/nodes/%s/vifs/%s" % (self.uuid, OTHER_VIF))
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": "52:54:00:dd:02:99", "physical_network": "a",
                                             "local_link_connection": LINK})
        self.attach(409, OTHER_VIF)
        self.assertIn("Node has ports which map to multiple segments of the routed network", self.last.message)

    def test_an_active_node_s_vif_is_connected_and_taken_off_at_once(self):
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": SECOND, "local_link_connection": LINK})
        self.cloud.set({"neutron": {"ports": [{"network": "tenant", "id": OTHER_VIF}]}})
        self.attach(204, port_uuid=self.port_uuid)
        self.deploy()
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.when_free(204, "POST", "/v1/nodes/%s/vifs" % self.uuid, {"id": OTHER_VIF})
        other = next(port for port in self.ports() if port["id"] == OTHER_VIF)
        self.assertEqual((other["binding:host_id"], other["mac_address"]), (self.uuid, SECOND))
        self.want(204, "DELETE", "/v1/nodes/%s/vifs/%s" % (self.uuid, OTHER_VIF))
        other = next(port for port in self.ports() if port["id"] == OTHER_VIF)
        self.assertEqual((other["binding:host_id"], other["binding:profile"]), ("", {}))
        self.assertNotEqual(other["mac_address"], SECOND)

    def test_a_vif_follows_the_address_of_its_port(self):
        path, patch = "/v1/ports/" + self.port_uuid, [{"op": "replace", "path": "/address", "value": "52:54:00:dd:03:01"}]
        self.attach()
        self.want(200, "PATCH", path, patch)
        self.assertEqual(self.vif()["mac_address"], "52:54:00:dd:03:01")
        self.want(200, "PATCH", path, [{"op": "replace", "path": "/address", "value": MAC}])
        self.deploy()
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.when_free(202, "PUT", "/v1/nodes/%s/maintenance" % self.uuid, {"reason": "a new card"})
        self.fault("PUT /v2.0/ports", "500")
        answer = self.call("PATCH", path, patch)
        self.assertEqual(answer.status, 500)
        self.assertIn("Update MAC address on port: %s failed: Neutron answered 500" % VIF, answer.message)
        self.assertEqual(self.get(path)["address"], MAC)
        self.no_faults()
        self.want(200, "PATCH", path, patch)  # bound: it is unbound for it, and bound again
        vif = self.vif()
        self.assertEqual((vif["mac_address"], vif["binding:host_id"], vif["binding:profile"]),
                         ("52:54:00:dd:03:01", self.uuid, {"local_link_information": [LINK]}))

    def test_dhcp_is_told_another_client_id_of_the_port_at_once(self):
        path = "/v1/ports/" + self.port_uuid
        self.attach()
        self.want(200, "PATCH", path, [{"op": "add", "path": "/extra/client-id", "value": "ff:01"}])
        self.assertEqual(self.vif()["extra_dhcp_opts"], [{"opt_name": "61", "opt_value": "ff:01", "ip_version": 4}])
        self.fault("PUT /v2.0/ports", "503")
        answer = self.call("PATCH", path, [{"op": "replace", "path": "/extra/client-id", "value": "ff:02"}])
        self.assertEqual(answer.status, 500)
        self.assertIn("Update DHCP options on port: %s failed: Neutron answered 503" % VIF, answer.message)
        self.assertEqual(self.get(path)["extra"], {"client-id": "ff:01"})
        self.no_faults()
        self.want(200, "PATCH", path, [{"op": "remove", "path": "/extra/client-id"}])
        self.assertEqual(self.vif()["extra_dhcp_opts"], [])

    def test_a_vif_that_its_user_has_deleted_can_be_detached_and_does_not_stop_an_undeploy(self):
        self.attach()
        self.deploy()
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.cloud.set({"neutron": {"remove": [VIF]}})
        self.undeploy()
        self.assertEqual((self.vifs(), self.ports()), ([], []))

    def test_what_neutron_says_of_a_vif_is_told(self):
        self.fault("PUT /v2.0/ports", "409")
        self.attach(500)
        for words in ("Unable to attach VIF %s because Ironic can not update Neutron port" % VIF, "physical MAC address " + MAC,
                      "Neutron answered 409 to the change of port " + VIF, "the order of a test"):
            self.assertIn(words, self.last.message)
        self.assertEqual(self.vifs(), [])

    server_errors = False


class Flat(neutron_support.Suite):
    network_interface = "flat"

    def test_the_user_s_port_carries_the_deploy_as_well(self):
        self.attach()
        self.deploy()
        agent, _ = self.boots()
        self.only_the_vif_is_left()
        self.assertEqual((self.vif()["binding:host_id"], self.vif()["binding:profile"], self.vif()["mac_address"]),
                         (self.uuid, {}, MAC))
        self.calls_until(agent, "active")
        self.assertEqual((self.vif()["binding:host_id"], self.vif()["mac_address"]), (self.uuid, MAC))
        self.undeploy()
        self.assertEqual((self.vifs(), self.vif()["binding:host_id"]), ([], ""))

    def test_a_cleaning_on_the_user_s_network_leaves_the_user_s_port(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [
            {"op": "add", "path": "/driver_info/cleaning_network", "value": "tenant"}])
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.ask(self.uuid, "clean", clean_steps=[{"interface": "deploy", "step": "burnin_cpu"}])
        agent, _ = self.boots(state="clean wait")
        self.assertEqual(len(self.ports("tenant")), 2)
        self.calls_until(agent, "manageable")
        self.only_the_vif_is_left()


class VirtualMedia(media_support.MediaSuite):
    @classmethod
    def setUpClass(cls):
        cls.cloud = neutron_support.stand_in.Cloud()
        cls.addClassCleanup(cls.cloud.stop)
        cls.own_options = media_support.MediaSuite.own_options + neutron_support.options_for(cls.cloud)
        super().setUpClass()

    def setUp(self):
        self.bmc, self.uuid = self.machine(network_interface="neutron")
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC, "local_link_connection": LINK})

    def test_the_ramdisk_is_told_the_network_that_it_boots_on(self):
        self.ask(self.uuid, "active")
        self.boots()
        with self.cloud.lock:
            port, = self.cloud.neutron.ports.values()
        found = json.loads(self.on_cd("/openstack/latest/network_data.json"))
        self.assertEqual([(link["vif_id"], link["ethernet_mac_address"]) for link in found["links"]], [(port["id"], MAC)])
        self.assertEqual([network["ip_address"] for network in found["networks"]], [port["fixed_ips"][0]["ip_address"]])
        self.assertEqual(self.words()["steel-network-data"], "1")
        self.undeploy()


class Unset(neutron_support.Suite):
    neutron_options = ("neutron.provisioning_network=", "neutron.cleaning_network=")
    network_interface = "noop"

    def test_what_is_missing_is_told_before_anything_is_done(self):
        for interface, kind in (("flat", "cleaning"), ("neutron", "cleaning")):
            self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [
                {"op": "add", "path": "/network_interface", "value": interface}])
            said = self.get("/v1/nodes/%s/validate" % self.uuid)["network"]
            self.assertEqual(said["result"], False)
            self.assertIn("UUID or name of %s network is not set in configuration" % kind, said["reason"])
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/driver_info/cleaning_network", "value": "x"}])
        self.assertIn("provisioning network is not set", self.get("/v1/nodes/%s/validate" % self.uuid)["network"]["reason"])
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [
            {"op": "add", "path": "/driver_info/provisioning_network", "value": "x"}])
        self.assertEqual(self.get("/v1/nodes/%s/validate" % self.uuid)["network"], {"result": True})


class NeverOff(neutron_support.Suite):
    def setUp(self):
        super().setUp()
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/disable_power_off", "value": True}])

    def test_such_a_node_may_have_no_instance(self):
        said = self.get("/v1/nodes/%s/validate" % self.uuid)["network"]
        self.assertIn("disable_power_off", said["reason"])
        self.info(image_source="file:///image", image_checksum="0" * 32)
        answer = self.call("PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "active"})
        self.assertEqual(answer.status, 400, answer.body)
        self.assertIn("[neutron]allow_disabling_power_off", answer.body.decode())
        self.assertEqual(self.get("/v1/nodes/" + self.uuid)["provision_state"], "available")


class NeverOffAllowed(neutron_support.Suite):
    neutron_options = ("neutron.allow_disabling_power_off=true",)

    def test_it_may_where_that_is_allowed(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/disable_power_off", "value": True}])
        self.assertEqual(self.get("/v1/nodes/%s/validate" % self.uuid)["network"], {"result": True})


if __name__ == "__main__":
    unittest.main()
