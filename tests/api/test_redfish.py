"""Machines behind BMCs that speak Redfish: the daemon against steel-lab's simulated BMCs.

SPDX-License-Identifier: Apache-2.0
"""
import harness
import simulated_bmc
from faults_support import until

OPTIONS = ("enabled_hardware_types=redfish,fake-hardware", "redfish.connection_retry_interval=1",
           "conductor.sync_power_state_interval=2",
           "conductor.force_power_state_during_sync=false")


def sessions(bmc):
    """Sessions that are open on the BMC."""
    return bmc.status()["sessions"]


class Redfish(harness.Suite):
    options = OPTIONS

    def setUp(self):
        self.bmc = simulated_bmc.Bmc()
        self.addCleanup(self.bmc.stop)

    def info(self, **more):
        return self.bmc.access(**more)

    def machine(self, **more):
        node = self.node(driver="redfish", driver_info=self.info(**more))
        self.addCleanup(self.call, "DELETE", "/v1/nodes/" + node["uuid"])
        return node["uuid"]

    def system(self):
        return self.bmc.ask("GET", "/redfish/v1/Systems/1").json

    def power(self, uuid, target, state):
        self.want(202, "PUT", "/v1/nodes/%s/states/power" % uuid, {"target": target})
        return self.wait_node(uuid, power_state=state, target_power_state=None, reservation=None, last_error=None)

    def failed(self, uuid):
        """The error of the node, once nobody works on it any more."""
        def told():
            node = self.get("/v1/nodes/" + uuid)
            return node["last_error"] if node["reservation"] is None else None
        return until("an error of the node", told)

    def test_defaults_are_the_interfaces_of_ironic(self):
        node = self.get("/v1/nodes/" + self.machine())
        self.assertEqual(["redfish", "redfish", "ipxe", "redfish", "redfish", "redfish"],
                         [node[kind + "_interface"] for kind in ("power", "management", "boot", "bios", "inspect", "raid")])

    def test_the_machine_is_switched_as_asked(self):
        uuid = self.machine()
        for target, state, word in (("power on", "power on", "On"), ("power off", "power off", "Off"), ("rebooting", "power on", "On"),
                                    ("soft rebooting", "power on", "On"), ("soft power off", "power off", "Off")):
            self.power(uuid, target, state)
            until("the machine", lambda: self.system()["PowerState"] == word)

    def test_boot_device_and_mode_reach_the_machine(self):
        uuid = self.machine()
        self.want(204, "PUT", "/v1/nodes/%s/management/boot_device" % uuid, {"boot_device": "cdrom", "persistent": True})
        self.assertEqual(("Cd", "Continuous"), tuple(self.system()["Boot"]["BootSourceOverride" + key] for key in ("Target", "Enabled")))
        self.assertEqual({"boot_device": "cdrom", "persistent": True}, self.get("/v1/nodes/%s/management/boot_device" % uuid))

    def test_the_sync_sees_what_others_switch(self):
        uuid = self.machine()
        self.provision(uuid, "manage", "manageable")
        for reset, state in (("On", "power on"), ("ForceOff", "power off")):
            self.bmc.ask("POST", "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset", {"ResetType": reset})
            self.wait_node(uuid, power_state=state, reservation=None)

    def test_a_machine_that_must_not_go_off_is_restarted_without(self):
        uuid = self.machine()
        self.power(uuid, "power on", "power on")
        self.want(200, "PATCH", "/v1/nodes/" + uuid, [{"op": "add", "path": "/disable_power_off", "value": True}], "1.95")
        self.bmc.set("reset-tasks=2")  # the machine does not obey: off would be waited for
        self.power(uuid, "rebooting", "power on")

    def test_one_session_is_used_for_everything(self):
        uuid = self.machine()
        for _ in range(3):
            self.power(uuid, "power on", "power on")
            self.power(uuid, "power off", "power off")
        self.assertEqual(1, sessions(self.bmc))

    def test_basic_is_used_where_there_are_no_sessions(self):
        self.bmc.set("no-sessions=1")
        self.power(self.machine(), "power on", "power on")
        self.assertEqual(0, sessions(self.bmc))

    def test_odd_bmcs_do_as_well(self):
        for knob in ("weak-etags=1", "etag-required=1", "slash-redirect=1", "no-continuous=1"):
            with self.subTest(knob), self.other_bmc():
                self.bmc.set(knob)
                uuid = self.machine()
                self.want(204, "PUT", "/v1/nodes/%s/management/boot_device" % uuid, {"boot_device": "pxe", "persistent": True})
                self.power(uuid, "power on", "power on")

    def other_bmc(self):
        bmc = simulated_bmc.Bmc()

        class Other:
            def __enter__(inner):
                inner.before, self.bmc = self.bmc, bmc

            def __exit__(inner, *_):
                self.bmc = inner.before
                bmc.stop()
        return Other()

    def test_a_wrong_password_is_said_and_not_repeated(self):
        uuid = self.machine(redfish_password="wrong-one")
        self.want(202, "PUT", "/v1/nodes/%s/states/power" % uuid, {"target": "power on"})
        error = self.failed(uuid)
        self.assertIn("refuses the login of user 'admin'", error)
        self.assertNotIn("wrong-one", error)
        # The password is put right: nobody waits.
        self.want(200, "PATCH", "/v1/nodes/" + uuid, [{"op": "replace", "path": "/driver_info/redfish_password",
                                                      "value": simulated_bmc.PASSWORD}])
        self.power(uuid, "power on", "power on")

    def test_a_certificate_that_is_not_trusted_is_said(self):
        uuid = self.machine(redfish_verify_ca=True)
        self.want(202, "PUT", "/v1/nodes/%s/states/power" % uuid, {"target": "power on"})
        self.assertIn("certificate", self.failed(uuid))

    def test_inspection_learns_properties_and_ports(self):
        uuid = self.machine()
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": "manage"})
        self.wait_node(uuid, provision_state="manageable", reservation=None)
        self.want(200, "PATCH", "/v1/nodes/" + uuid, [{"op": "add", "path": "/inspect_interface", "value": "redfish"}])
        node = self.provision(uuid, "inspect", "manageable")
        system = self.system()
        self.assertEqual(str(int(system["MemorySummary"]["TotalSystemMemoryGiB"] * 1024)), node["properties"]["memory_mb"])
        self.assertEqual("x86_64", node["properties"]["cpu_arch"])
        self.assertLess(0, node["properties"]["cpus"])
        self.assertLess(0, int(node["properties"]["local_gb"]))
        self.assertEqual("boot_mode:bios", node["properties"]["capabilities"])
        card = self.bmc.ask("GET", "/redfish/v1/Systems/1/EthernetInterfaces/1").json
        ports = self.get("/v1/ports?node=%s" % uuid)["ports"]
        self.assertEqual([card["MACAddress"].lower()], [port["address"] for port in ports])
        found = self.get("/v1/nodes/%s/inventory" % uuid, "1.81")
        self.assertEqual({}, found["plugin_data"])
        inventory = found["inventory"]
        self.assertEqual({"architecture": "x86_64", "count": node["properties"]["cpus"], "model_name": "Virtual CPU", "frequency": 2000},
                         inventory["cpu"])
        self.assertEqual({"physical_mb": int(node["properties"]["memory_mb"])}, inventory["memory"])
        self.assertEqual([{"mac_address": card["MACAddress"].lower(), "name": "1", "speed_mbps": 1000}], inventory["interfaces"])
        self.assertEqual({"current_boot_mode": "bios"}, inventory["boot"])
        self.assertEqual({"manufacturer": system["Manufacturer"], "product_name": system["Model"], "serial_number": system["SerialNumber"],
                          "system_uuid": system["UUID"]}, inventory["system_vendor"])
        drive = self.bmc.ask("GET", "/redfish/v1/Systems/1/Storage/1/Drives/5").json
        self.assertEqual(6, len(inventory["disks"]))
        self.assertEqual({"name": "Drive 5", "size": drive["CapacityBytes"], "vendor": "QEMU", "model": "Virtual disk", "serial": "LAB0005",
                          "rotational": True}, inventory["disks"][4])
        controller = inventory["storage_controllers"][0]
        self.assertEqual(("1", "Storage Controller 1", "12"),
                         (controller["id"], controller["name"], str(controller["storage_controllers"][0]["speed_gbps"])))
        self.assertEqual({"name": "Drive 5", "size": drive["CapacityBytes"], "id": "5", "media_type": "HDD", "serial_number": "LAB0005",
                          "manufacturer": "QEMU", "model": "Virtual disk", "protocol": "SAS", "status": {"health": "OK", "state": "Enabled"}},
                         controller["drives"][4])
        # Again: nothing comes twice.
        self.provision(uuid, "inspect", "manageable")
        self.assertEqual(1, len(self.get("/v1/ports?node=%s" % uuid)["ports"]))

    def test_inspection_rules_see_what_the_bmc_tells(self):
        uuid = self.machine()
        self.provision(uuid, "manage", "manageable")
        self.want(200, "PATCH", "/v1/nodes/" + uuid, [{"op": "add", "path": "/inspect_interface", "value": "redfish"}])
        rule = self.want(201, "POST", "/v1/inspection_rules", {"conditions": [{"op": "is-true", "args": {"value": True}}], "actions": [
            {"op": "set-attribute", "args": {"path": "/extra/told", "value": "{inventory[memory][physical_mb]} {inventory[interfaces][0][mac_address]}"}}]})
        try:
            node = self.provision(uuid, "inspect", "manageable")
        finally:
            self.want(204, "DELETE", "/v1/inspection_rules/" + rule["uuid"])
        card = self.bmc.ask("GET", "/redfish/v1/Systems/1/EthernetInterfaces/1").json
        self.assertEqual("%s %s" % (node["properties"]["memory_mb"], card["MACAddress"].lower()), node["extra"]["told"])

    def test_inspection_fails_where_a_rule_says_so(self):
        uuid = self.machine()
        self.provision(uuid, "manage", "manageable")
        self.want(200, "PATCH", "/v1/nodes/" + uuid, [{"op": "add", "path": "/inspect_interface", "value": "redfish"}])
        rule = self.want(201, "POST", "/v1/inspection_rules", {
            "conditions": [{"op": "eq", "args": {"values": ["{inventory[system_vendor][product_name]}", self.system()["Model"]]}}],
            "actions": [{"op": "fail", "args": {"msg": "not of this make"}}]})
        try:
            self.want(202, "PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": "inspect"})
            node = self.wait_node(uuid, provision_state="inspect failed", reservation=None)
            self.assertIn("not of this make", node["last_error"])
        finally:
            self.want(204, "DELETE", "/v1/inspection_rules/" + rule["uuid"])
        self.provision(uuid, "inspect", "manageable")

    def test_a_managed_node_shows_how_its_machine_boots(self):
        uuid = self.machine()
        node = self.provision(uuid, "manage", "manageable")
        self.assertEqual(("bios", False), (node["boot_mode"], node["secure_boot"]))
        bios = self.bmc.ask("GET", "/redfish/v1/Systems/1/Bios").json["Attributes"]
        told = self.get("/v1/nodes/%s/bios" % uuid)["bios"]
        self.assertEqual(sorted(bios), sorted(setting["name"] for setting in told))

    def test_secure_boot_that_was_asked_for_is_taken_back_before_the_machine_has_started(self):
        uuid = self.machine()
        self.provision(uuid, "manage", "manageable")
        for setting in ({"target": "uefi"}, {"target": True}, {"target": False}):
            name = "boot_mode" if setting["target"] == "uefi" else "secure_boot"
            self.want(202, "PUT", "/v1/nodes/%s/states/%s" % (uuid, name), setting)
            self.wait_node(uuid, reservation=None, last_error=None, **{name: setting["target"]})
            if name == "secure_boot":
                told = self.bmc.ask("GET", "/redfish/v1/Systems/1/SecureBoot").json
                self.assertIs(told["SecureBootEnable"], setting["target"])

    def test_validation_names_what_is_missing(self):
        uuid = self.node(driver="redfish")["uuid"]
        self.addCleanup(self.call, "DELETE", "/v1/nodes/" + uuid)
        told = self.get("/v1/nodes/%s/validate" % uuid)
        for kind in ("power", "management"):
            self.assertFalse(told[kind]["result"])
            self.assertIn("redfish_address", told[kind]["reason"])


class Deleted(harness.Suite):
    """What stays on the BMC of a node that is deleted. Nothing else asks the BMC meanwhile."""

    options = ("enabled_hardware_types=redfish,fake-hardware", "conductor.sync_power_state_interval=0")

    def test_its_session_ends(self):
        bmc = simulated_bmc.Bmc()
        self.addCleanup(bmc.stop)
        node = self.node(driver="redfish", driver_info=bmc.access())
        self.provision(node["uuid"], "manage", "manageable")
        self.assertEqual(1, sessions(bmc))
        self.want(204, "DELETE", "/v1/nodes/" + node["uuid"])
        until("no session on the BMC", lambda: sessions(bmc) == 0)


class TheEnd(harness.Suite):
    """What stays on the BMC when the daemon ends."""

    options = OPTIONS

    def test_no_session_is_left_open(self):
        bmc = simulated_bmc.Bmc()
        self.addCleanup(bmc.stop)
        steel, self.__class__.steel = self.steel, harness.Steel(*OPTIONS)
        try:
            node = self.node(driver="redfish", driver_info=bmc.access())
            self.provision(node["uuid"], "manage", "manageable")
            self.assertEqual(1, sessions(bmc))
            self.assertEqual(0, self.steel.stop())
            self.assertEqual(0, sessions(bmc))
        finally:
            self.__class__.steel = steel
