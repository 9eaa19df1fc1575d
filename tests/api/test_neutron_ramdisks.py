"""Networks from Neutron while a machine is rescued or inspected: flat has the user's port carry the rescue, neutron has ports of
Steel's own for both.

SPDX-License-Identifier: Apache-2.0
"""
import unittest

import neutron_support
from neutron_support import LINK, VIF
from ramdisk_support import MAC

PASSWORD = "a horse and a battery"
OF_VIF = "PUT /v2.0/ports/" + VIF


class RescueSuite(neutron_support.Suite):
    def setUp(self):
        """A deployed node, whose VIF is bound."""
        super().setUp()
        ramdisk = {"rescue_" + part: "file://%s/rescue_%s" % (self.place, part) for part in ("kernel", "ramdisk")}
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/rescue_interface", "value": "agent"}] + [
            {"op": "add", "path": "/driver_info/" + name, "value": value} for name, value in ramdisk.items()])
        self.attach()
        self.deploy()
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.is_bound()

    def is_bound(self):
        self.only_the_vif_is_left()
        vif = self.vif()
        self.assertEqual((vif["binding:host_id"], vif["mac_address"]), (self.uuid, MAC))

    def rescue(self):
        self.ask(self.uuid, "rescue", rescue_password=PASSWORD)
        return self.boots(state="rescue wait")[0]

    def unrescue(self):
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "unrescue"})
        self.rest(self.uuid, "active")

    def nothing_is_noted(self):
        self.assertEqual(self.internal_info(), {"tenant_vif_port_id": VIF})
        self.assertNotIn("neutron_networks", self.get("/v1/nodes/" + self.uuid)["driver_internal_info"])


class Rescues(RescueSuite):
    def is_on_the_rescuing_network(self):
        made, = self.ports("rescuing")
        self.assertEqual((made["mac_address"], made["device_owner"], made["binding:host_id"], made["binding:profile"]),
                         (MAC, "baremetal:none", self.uuid, {"local_link_information": [LINK]}))
        self.assertEqual(self.internal_info()["rescuing_vif_port_id"], made["id"])
        self.assertEqual((self.vif()["binding:host_id"], self.vif()["mac_address"] == MAC), ("", False))

    def test_the_ramdisk_boots_on_the_rescuing_network_and_is_the_user_s_on_the_user_s(self):
        agent = self.rescue()
        self.is_on_the_rescuing_network()
        self.calls_until(agent, "rescue")
        self.is_bound()
        self.nothing_is_noted()
        self.unrescue()
        self.is_bound()
        self.nothing_is_noted()

    def test_a_rescue_that_is_aborted_leaves_no_port_and_the_instance_comes_back(self):
        self.rescue()
        self.is_on_the_rescuing_network()
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "abort"})
        self.rest(self.uuid, "rescue failed")
        self.only_the_vif_is_left()
        self.unrescue()
        self.is_bound()
        self.nothing_is_noted()

    def test_what_neutron_refuses_is_told_and_the_instance_comes_back(self):
        for match, kind, words in (("POST /v2.0/ports", "409", "Failed to create neutron ports"),
                                   (OF_VIF, "500", "Unable to clear binding profile for neutron port " + VIF)):
            self.fault(match, kind)
            self.ask(self.uuid, "rescue", rescue_password=PASSWORD)
            said = self.rest(self.uuid, "rescue failed")["last_error"]
            self.assertIn(words, said)
            self.assertIn("Neutron answered %s to " % kind, said)
            self.no_faults()
            self.only_the_vif_is_left()
            self.unrescue()
            self.is_bound()
            self.nothing_is_noted()

    def test_a_hand_over_that_neutron_stops_leaves_no_port(self):
        agent = self.rescue()
        self.fault(OF_VIF, "503")
        said = self.calls_until(agent, "rescue failed")["last_error"]
        self.assertIn("Could not add public network VIF %s to node %s" % (VIF, self.uuid), said)
        self.no_faults()
        self.only_the_vif_is_left()
        self.unrescue()
        self.is_bound()

    def test_an_unrescue_that_neutron_stops_can_be_asked_for_again(self):
        agent = self.rescue()
        self.calls_until(agent, "rescue")
        self.fault(OF_VIF, "500")
        self.ask(self.uuid, "unrescue")
        said = self.rest(self.uuid, "unrescue failed")["last_error"]
        self.assertIn("Could not add public network VIF %s to node %s" % (VIF, self.uuid), said)
        self.no_faults()
        self.unrescue()
        self.is_bound()

    def test_an_undeploy_ends_a_rescue_and_its_ports(self):
        self.rescue()
        self.undeploy()
        self.only_the_vif_is_left()
        self.assertEqual((self.vifs(), self.internal_info(), self.vif()["binding:host_id"]), ([], {}, ""))

    server_errors = False


class FlatRescues(RescueSuite):
    network_interface = "flat"

    def test_the_user_s_port_carries_the_rescue(self):
        agent = self.rescue()
        self.is_bound()
        self.calls_until(agent, "rescue")
        self.is_bound()
        self.unrescue()
        self.is_bound()
        self.nothing_is_noted()

    def test_a_rescue_that_is_aborted_takes_the_port_off_until_the_instance_comes_back(self):
        self.rescue()
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "abort"})
        self.rest(self.uuid, "rescue failed")
        self.only_the_vif_is_left()
        self.assertEqual(self.vif()["binding:host_id"], "")
        self.unrescue()
        self.is_bound()


class Inspections(neutron_support.Suite):
    def setUp(self):
        super().setUp()
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/inspect_interface", "value": "agent"}])
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")

    def inspect(self):
        self.ask(self.uuid, "inspect")
        self.rest(self.uuid, "inspect wait")

    def abort(self):
        self.ask(self.uuid, "abort")
        self.rest(self.uuid, "inspect failed")
        self.only_the_vif_is_left()
        self.assertEqual(self.internal_info(), {})

    def test_an_inspection_has_a_port_of_its_own(self):
        self.inspect()
        made, = self.ports("inspection")
        self.assertEqual((made["mac_address"], made["device_owner"], made["device_id"], made["binding:host_id"]),
                         (MAC, "baremetal:none", self.uuid, self.uuid))
        self.assertEqual(self.internal_info(), {"inspection_vif_port_id": made["id"]})
        self.abort()

    def test_the_node_may_name_its_network(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [
            {"op": "add", "path": "/driver_info/inspection_network", "value": "tenant"}])
        self.inspect()
        self.assertEqual((self.ports("inspection"), len(self.ports("tenant"))), ([], 2))
        self.abort()

    def test_what_neutron_refuses_is_told(self):
        self.fault("POST /v2.0/ports", "409")
        self.ask(self.uuid, "inspect")
        said = self.rest(self.uuid, "inspect failed")["last_error"]
        self.assertIn("Neutron answered 409 to the creation of a port for " + MAC, said)
        self.no_faults()
        self.only_the_vif_is_left()


class FlatInspections(Inspections):
    network_interface = "flat"


if __name__ == "__main__":
    unittest.main()
