"""Nodes of the hardware types ilo and ilo5, against an iLO of each generation that a program of the unit tests plays.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess
import unittest

import harness
import simulated_bmc
from faults_support import until

BUILD = os.path.abspath(os.environ.get("STEEL_BUILD", os.path.join(os.path.dirname(harness.__file__), "../../build")))
PROGRAM = BUILD + "/tests/unit/ilo/ilo_device_server"
MAC = "52:54:00:00:00:01"
VOLUME = {"target_portal": "192.0.2.5:3260", "target_iqn": "iqn.2010-10.org.openstack:volume-1", "target_lun": 1,
          "auth_method": "CHAP", "auth_username": "steel", "auth_password": "chap-secret-1"}


class Ilo:
    def __init__(self, kind):
        self.process = subprocess.Popen([PROGRAM, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.driver_info = json.loads(self.process.stdout.readline())
        self.root = "/redfish/v1" if kind == "gen10" else "/rest/v1"

    def get(self, uri, path):
        self.process.stdin.write("get %s%s %s\n" % (self.root, uri, path))
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


class IloSuite(harness.Suite):
    options = ("DEFAULT.enabled_hardware_types=ilo,ilo5,redfish,fake-hardware", "ilo.power_wait=1", "deploy.boot_progress_timeout=0",
               "DEFAULT.enabled_network_interfaces=noop", "conductor.automated_clean=false")

    def setUp(self):
        self.ilo = None

    def tearDown(self):
        if self.ilo is not None:
            self.ilo.close()

    def machine(self, kind, **more):
        self.ilo = Ilo(kind)
        driver = "ilo5" if kind == "gen10" else "ilo"
        info = dict(self.ilo.driver_info, **more.pop("driver_info", {}))
        return self.node(driver=driver, driver_info=info, **more)["uuid"]

    def with_volume(self, kind, boot, mode):
        uuid = self.machine(kind, boot_interface=boot, storage_interface="external",
                            properties={"capabilities": "boot_mode:%s,iscsi_boot:true" % mode})
        self.want(201, "POST", "/v1/ports", {"node_uuid": uuid, "address": MAC})
        self.want(201, "POST", "/v1/volume/targets", {"node_uuid": uuid, "volume_type": "iscsi", "boot_index": 0, "volume_id": uuid,
                                                      "properties": VOLUME})
        self.want(201, "POST", "/v1/volume/connectors",
                  {"node_uuid": uuid, "type": "iqn", "connector_id": "iqn.2017-08.org.openstack.rack1"})
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.provision(uuid, verb, state)
        return uuid

    def power(self, uuid, target, state):
        self.want(202, "PUT", "/v1/nodes/%s/states/power" % uuid, {"target": target})
        self.wait_node(uuid, power_state=state, target_power_state=None, reservation=None)

    def test_power_of_each_generation(self):
        for kind in ("gen8", "gen9", "gen10"):
            with self.subTest(kind):
                uuid = self.machine(kind)
                self.provision(uuid, "manage", "manageable")
                for target, state in (("power off", "power off"), ("power on", "power on"), ("rebooting", "power on"),
                                      ("soft power off", "power off")):
                    self.power(uuid, target, state)
                self.ilo.close()
        self.ilo = None

    def test_boot_devices(self):
        uuid = self.machine("gen9")
        self.provision(uuid, "manage", "manageable")
        path = "/v1/nodes/%s/management/boot_device" % uuid
        self.assertEqual(self.get(path + "/supported")["supported_boot_devices"], ["pxe", "disk", "cdrom", "iscsiboot"])
        self.want(204, "PUT", path, {"boot_device": "cdrom", "persistent": False})
        self.assertEqual(self.get(path), {"boot_device": "cdrom", "persistent": False})

    def test_a_wrong_password_is_told_and_not_repeated(self):
        uuid = self.machine("gen10", driver_info={"ilo_password": "not-it"})
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": "manage"})
        node = self.wait_node(uuid, provision_state="enroll", target_provision_state=None)
        self.assertIn("Login failed.", node["last_error"])
        self.assertNotIn("not-it", node["last_error"])

    def test_what_driver_info_lacks_is_told(self):
        uuid = self.node(driver="ilo", driver_info={"ilo_address": "192.0.2.1"})["uuid"]
        told = self.get("/v1/nodes/%s/validate" % uuid)
        for interface in ("power", "management"):
            self.assertFalse(told[interface]["result"])
            self.assertIn("The following required iLO parameters are missing from the node's driver_info: "
                          "['ilo_username', 'ilo_password']", told[interface]["reason"])

    def test_an_inspection_asks_the_ilo(self):
        for kind, memory, mac in (("gen8", 16384, "40:a8:f0:1e:86:74"), ("gen10", 65536, MAC)):
            with self.subTest(kind):
                uuid = self.machine(kind)
                self.provision(uuid, "manage", "manageable")
                self.provision(uuid, "inspect", "manageable")
                node = self.get("/v1/nodes/" + uuid)
                self.assertEqual(node["properties"]["memory_mb"], memory)
                self.assertIn("boot_mode_bios:true", node["properties"]["capabilities"])
                ports = self.get("/v1/nodes/%s/ports" % uuid)["ports"]
                self.assertEqual([port["address"] for port in ports], [mac])
                self.assertIs(self.get("/v1/ports/" + ports[0]["uuid"])["pxe_enabled"], True)
                self.assertIn(node["boot_mode"], ("bios", "uefi"))
                self.want(204, "DELETE", "/v1/nodes/" + uuid)
                self.ilo.close()
        self.ilo = None

    def test_bios_settings_are_cleaned(self):
        uuid = self.machine("gen9")
        self.provision(uuid, "manage", "manageable")
        settings = [{"name": "ProcVirtualization", "value": "Disabled"}]
        self.provision(uuid, "clean", "manageable", disable_ramdisk=True, clean_steps=[
            {"interface": "bios", "step": "apply_configuration", "args": {"settings": settings}}])
        self.assertEqual(self.ilo.get("/Systems/1/Bios", "ProcVirtualization"), "Disabled")
        told = self.get("/v1/nodes/%s/bios/ProcVirtualization" % uuid)["ProcVirtualization"]
        self.assertEqual(told["value"], "Disabled")

    def test_a_volume_is_deployed_by_the_firmware(self):
        names = {"gen9": ("iSCSIBootSources/0/", "iSCSIBootEnable"), "gen10": ("iSCSISources/0/", "iSCSIConnection")}
        for kind, boot in (("gen9", "ilo-pxe"), ("gen10", "ilo-virtual-media"), ("gen10", "ilo-ipxe")):
            with self.subTest(kind=kind, boot=boot):
                uuid = self.with_volume(kind, boot, "uefi")
                attempt, state = names[kind]
                self.provision(uuid, "active", "active")
                settings = "/Systems/1/Bios/iScsi/Settings"
                self.assertEqual(self.ilo.get(settings, attempt + "iSCSITargetName"), VOLUME["target_iqn"])
                self.assertEqual(self.ilo.get(settings, attempt + "iSCSIChapSecret"), VOLUME["auth_password"])
                self.assertEqual(self.ilo.get(settings, attempt + "iSCSINicSource"), "NicBoot1")
                self.assertEqual(self.ilo.get(settings, "iSCSIInitiatorName"), "iqn.2017-08.org.openstack.rack1")
                self.assertEqual(self.ilo.get("/Systems/1", "Boot/BootSourceOverrideTarget"), "UefiTarget")
                self.assertEqual(self.get("/v1/nodes/" + uuid)["power_state"], "power on")
                self.provision(uuid, "deleted", "available")
                self.assertEqual(self.ilo.get(settings, attempt + state), "Disabled")
                self.assertNotIn("ilo_uefi_iscsi_boot", self.get("/v1/nodes/" + uuid)["driver_internal_info"])
                self.want(204, "DELETE", "/v1/nodes/" + uuid)
                self.ilo.close()
        self.ilo = None

    def test_the_labs_ilo_is_inspected_and_its_machine_boots_a_volume(self):
        bmc = simulated_bmc.Bmc("--bmc", "ilo5", "--uefi")
        self.addCleanup(bmc.stop)
        info = {"ilo_address": bmc.host, "client_port": bmc.port, "ilo_username": simulated_bmc.USER,
                "ilo_password": simulated_bmc.PASSWORD, "ilo_verify_ca": bmc.certificate}
        uuid = self.node(driver="ilo5", driver_info=info, boot_interface="ilo-virtual-media", storage_interface="external",
                         properties={"capabilities": "boot_mode:uefi,iscsi_boot:true"})["uuid"]
        self.provision(uuid, "manage", "manageable")
        self.provision(uuid, "inspect", "manageable")
        properties = self.get("/v1/nodes/" + uuid)["properties"]
        for capability in ("server_model:ProLiant DL380 Gen10", "cpu_vt:true", "sriov_enabled:true", "has_ssd:true", "nic_capacity:0Gb",
                           "pci_gpu_devices:0", "hardware_supports_raid:true", "logical_raid_level_0:true", "overall_security_status:Risk",
                           "last_firmware_scan_result:Ok", "security_override_switch:Ok"):
            self.assertIn(capability, properties["capabilities"].split(","))
        self.assertEqual({"security_status": "Ok", "state": "Off", "ignore": False},
                         properties["security_parameters"]["Security Override Switch"])
        for target, state in (("power off", "power off"), ("power on", "power on"), ("rebooting", "power on")):
            self.power(uuid, target, state)
        self.want(201, "POST", "/v1/volume/targets", {"node_uuid": uuid, "volume_type": "iscsi", "boot_index": 0, "volume_id": uuid,
                                                      "properties": VOLUME})
        self.want(201, "POST", "/v1/volume/connectors",
                  {"node_uuid": uuid, "type": "iqn", "connector_id": "iqn.2017-08.org.openstack.rack1"})
        self.provision(uuid, "provide", "available")
        self.provision(uuid, "active", "active")
        self.assertEqual(self.get("/v1/nodes/%s/management/boot_device" % uuid), {"boot_device": "iscsiboot", "persistent": True})
        attempt = bmc.ask("GET", "/redfish/v1/Systems/1/Bios/iScsi/Settings/").json["iSCSISources"][0]
        self.assertEqual((attempt["iSCSITargetName"], attempt["iSCSIConnection"]), (VOLUME["target_iqn"], "Enabled"))
        for device in ("cdrom", "iscsiboot"):
            told = {"boot_device": device, "persistent": True}
            self.want(204, "PUT", "/v1/nodes/%s/management/boot_device" % uuid, told)
            self.assertEqual(self.get("/v1/nodes/%s/management/boot_device" % uuid), told)
        self.provision(uuid, "deleted", "available")
        attempt = bmc.ask("GET", "/redfish/v1/Systems/1/Bios/iScsi/Settings/").json["iSCSISources"][0]
        self.assertEqual(attempt["iSCSIConnection"], "Disabled")
        self.want(204, "DELETE", "/v1/nodes/" + uuid)

    def lab_ilo(self, kind="ilo5", words=("--uefi",)):
        bmc = simulated_bmc.Bmc("--bmc", kind, *words)
        self.addCleanup(bmc.stop)
        return bmc, {"ilo_address": bmc.host, "client_port": bmc.port, "ilo_username": simulated_bmc.USER,
                     "ilo_password": simulated_bmc.PASSWORD, "ilo_verify_ca": bmc.certificate}

    def counts(self, bmc):
        told = subprocess.run([simulated_bmc.STEEL_LAB, "status", "--json", "--dir", bmc.folder], check=True, timeout=harness.LIMIT_S,
                              stdout=subprocess.PIPE, text=True)
        return json.loads(told.stdout)

    def test_an_ilo5_has_one_session_and_none_after_the_end(self):
        bmc, info = self.lab_ilo()
        steel, self.__class__.steel = self.steel, harness.Steel(*self.options)
        self.connections.value = None
        try:
            uuid = self.node(driver="ilo5", driver_info=info)["uuid"]
            self.provision(uuid, "manage", "manageable")
            for target, state in (("power on", "power on"), ("power off", "power off")):
                self.power(uuid, target, state)
            self.assertEqual((1, 1), (self.counts(bmc)["sessions_opened"], self.counts(bmc)["sessions"]))
            self.assertEqual(0, self.steel.stop())
            self.assertEqual(0, self.counts(bmc)["sessions"], self.steel.last_words)
        finally:
            self.__class__.steel, self.connections.value = steel, None

    def test_the_session_of_a_deleted_ilo5_ends(self):
        bmc, info = self.lab_ilo()
        uuid = self.node(driver="ilo5", driver_info=info)["uuid"]
        self.provision(uuid, "manage", "manageable")
        self.assertEqual(1, self.counts(bmc)["sessions"])
        self.want(204, "DELETE", "/v1/nodes/" + uuid)
        until("no session on the iLO", lambda: self.counts(bmc)["sessions"] == 0)

    def test_a_refused_login_rests_in_every_protocol(self):
        bmc, info = self.lab_ilo()
        errors, counts = [], []
        for driver, keys in (("ilo5", dict(info, ilo_password="not-it")), ("redfish", {
                "redfish_address": bmc.url, "redfish_username": simulated_bmc.USER, "redfish_password": "not-it",
                "redfish_verify_ca": bmc.certificate})):
            uuid = self.node(driver=driver, driver_info=keys)["uuid"]
            self.want(202, "PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": "manage"})
            errors.append(self.wait_node(uuid, provision_state="enroll", target_provision_state=None)["last_error"])
            counts.append(self.counts(bmc)["sessions_opened"])
        self.assertIn("Login failed.", errors[0])
        self.assertIn("are not sent again", errors[1])
        self.assertEqual([0, 0], counts)

    def test_the_labs_ilo4_boots_a_volume_from_any_of_its_ports(self):
        bmc, info = self.lab_ilo("ilo4", ("--uefi", "--ports", "2"))

        def attempts(kind):
            return bmc.ask("GET", "/rest/v1/systems/1/bios/iScsi" + kind).json["iSCSIBootSources"]

        uuid = self.node(driver="ilo", driver_info=info, boot_interface="ilo-pxe", storage_interface="external",
                         properties={"capabilities": "boot_mode:uefi,iscsi_boot:true"})["uuid"]
        self.provision(uuid, "manage", "manageable")
        self.provision(uuid, "inspect", "manageable")
        self.assertIn("server_model:ProLiant DL380 Gen9", self.get("/v1/nodes/" + uuid)["properties"]["capabilities"])
        ports = self.get("/v1/nodes/%s/ports" % uuid)["ports"]
        self.assertEqual(sorted(port["address"] for port in ports), [MAC, "52:54:00:00:00:02"])
        for target, state in (("power off", "power off"), ("power on", "power on"), ("rebooting", "power on")):
            self.power(uuid, target, state)
        self.want(201, "POST", "/v1/volume/targets", {"node_uuid": uuid, "volume_type": "iscsi", "boot_index": 0, "volume_id": uuid,
                                                      "properties": VOLUME})
        self.want(201, "POST", "/v1/volume/connectors",
                  {"node_uuid": uuid, "type": "iqn", "connector_id": "iqn.2017-08.org.openstack.rack1"})
        self.provision(uuid, "provide", "available")
        self.provision(uuid, "active", "active")
        self.assertEqual(self.get("/v1/nodes/%s/management/boot_device" % uuid), {"boot_device": "iscsiboot", "persistent": True})
        for number, attempt in enumerate(attempts("")[:2]):
            self.assertEqual([attempt[name] for name in ("iSCSITargetName", "iSCSIBootEnable", "iSCSIBootLUN", "iSCSIChapUsername",
                                                         "iSCSIAuthenticationMethod", "iSCSITargetIpAddress", "iSCSITargetTcpPort",
                                                         "iSCSIBootAttemptInstance")],
                             [VOLUME["target_iqn"], "Enabled", "1", "steel", "Chap", "192.0.2.5", 3260, number + 1])
        self.assertEqual({attempt["iSCSINicSource"] for attempt in attempts("")[:2]}, {"NicBoot1", "NicBoot2"})
        current = bmc.ask("GET", "/rest/v1/systems/1/bios/iScsi").json
        self.assertEqual(current["iSCSIInitiatorName"], "iqn.2017-08.org.openstack.rack1")
        self.provision(uuid, "deleted", "available")
        self.assertEqual({attempt["iSCSIBootEnable"] for attempt in attempts("/Settings")}, {"Disabled"})
        self.assertNotIn(VOLUME["auth_password"], self.steel.text())
        self.want(204, "DELETE", "/v1/nodes/" + uuid)

    def test_the_labs_ilo4_takes_settings(self):
        bmc, info = self.lab_ilo("ilo4", ())
        uuid = self.node(driver="ilo", driver_info=info)["uuid"]
        self.provision(uuid, "manage", "manageable")
        self.power(uuid, "power on", "power on")
        self.want(204, "PUT", "/v1/nodes/%s/management/boot_device" % uuid, {"boot_device": "cdrom", "persistent": False})
        boot = bmc.ask("GET", "/rest/v1/Systems/1").json["Boot"]
        self.assertEqual((boot["BootSourceOverrideTarget"], boot["BootSourceOverrideEnabled"]), ("Cd", "Once"))
        self.want(202, "PUT", "/v1/nodes/%s/states/boot_mode" % uuid, {"target": "uefi"})
        self.wait_node(uuid, reservation=None)
        pending = bmc.ask("GET", "/rest/v1/systems/1/bios/Settings").json["BootMode"]
        self.assertEqual((bmc.ask("GET", "/rest/v1/systems/1/bios").json["BootMode"], pending), ("LegacyBios", "Uefi"))
        self.power(uuid, "rebooting", "power on")
        self.assertEqual(bmc.ask("GET", "/rest/v1/systems/1/bios").json["BootMode"], "Uefi")
        self.assertEqual(bmc.ask("GET", "/rest/v1/Systems/1").json["Boot"]["BootSourceOverrideEnabled"], "Disabled")

    def test_virtual_media_boots_no_volume_in_bios_mode(self):
        uuid = self.with_volume("gen10", "ilo-virtual-media", "bios")
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": "active"})
        node = self.wait_node(uuid, provision_state="deploy failed", reservation=None)
        self.assertIn("virtual media can not boot volume in bios mode.", node["last_error"])
        self.assertNotIn(VOLUME["auth_password"], self.steel.text())
        self.provision(uuid, "deleted", "available")
        self.want(204, "DELETE", "/v1/nodes/" + uuid)


if __name__ == "__main__":
    unittest.main()
