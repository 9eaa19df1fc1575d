#!/usr/bin/python3
"""The proliantutils library, as Ironic's ilo drivers use it, drives steel-lab's iLO 5, iLO 4 and the iLO of a Gen8: each call
that they make.

SPDX-License-Identifier: Apache-2.0
"""
import http.server
import threading

from simulated_bmc import PASSWORD, USER, Bmc, BmcCase, main  # before the library: keeps eventlet away

from proliantutils import exception
from proliantutils.ilo import ris
from proliantutils.ilo.client import IloClient
from proliantutils.redfish import redfish

MAC, SECOND_MAC = "52:54:00:00:00:01", "52:54:00:00:00:02"
IQN = "iqn.2026-01.test.steel-lab:volume.1"


class Images(http.server.BaseHTTPRequestHandler):
    """The library asks an image's server for its headers before it gives the URL to the iLO."""

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Case(BmcCase):
    WORDS = ("--bmc", "ilo5", "--uefi")

    @classmethod
    def setUpClass(cls):
        cls.images = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Images)
        threading.Thread(target=cls.images.serve_forever, daemon=True).start()
        cls.url = "http://127.0.0.1:%d/boot.iso" % cls.images.server_address[1]

    @classmethod
    def tearDownClass(cls):
        cls.images.shutdown()
        cls.images.server_close()

    def client(self, **words):
        # the library's sessions reach port 443 alone, unless the port is part of the host
        return IloClient.cls("%s:%d" % (self.bmc.host, self.bmc.port), USER, PASSWORD, port=None, **words)

    def setUp(self):
        super().setUp()
        self.bmc.set("post-ms=0")
        self.ilo = self.client()

    def post(self):
        """A boot of the machine."""
        if self.ilo.get_host_power_status() == "OFF":
            self.ilo.set_host_power("ON")
        else:
            self.ilo.reset_server()

    def medium(self, number=2):
        return self.bmc.ask("GET", "/redfish/v1/Managers/1/VirtualMedia/%d/" % number).json


class Ilo5(Case):
    def test_product_and_health(self):
        self.assertIsInstance(self.ilo.redfish, redfish.RedfishOperations)
        self.assertIn("Gen10", self.ilo.get_product_name())
        essential = self.ilo.get_essential_properties()
        self.assertEqual(essential["macs"], {"Port 1": MAC})
        self.assertEqual(essential["properties"], {"memory_mb": 4096, "cpus": 2, "cpu_arch": "x86_64", "local_gb": 63})
        capabilities = self.ilo.redfish.get_server_capabilities()
        for name, value in (("server_model", "ProLiant DL380 Gen10"), ("boot_mode_uefi", "true"), ("boot_mode_bios", "true"),
                            ("iscsi_boot", "true"), ("secure_boot", "true"), ("cpu_vt", "true"), ("has_ssd", "true")):
            self.assertEqual(capabilities.get(name), value, name)

    def test_power(self):
        ilo = self.ilo
        self.assertEqual((ilo.get_host_power_status(), ilo.get_host_post_state()), ("OFF", "PowerOff"))
        ilo.set_host_power("ON")
        self.assertEqual((ilo.get_host_power_status(), ilo.get_host_post_state()), ("ON", "FinishedPost"))
        self.bmc.set("post-ms=600000")
        ilo.reset_server()
        self.assertEqual((ilo.get_host_power_status(), ilo.get_host_post_state()), ("ON", "InPost"))
        ilo.inject_nmi()
        for change, state in ((ilo.hold_pwr_btn, "OFF"), (ilo.press_pwr_btn, "ON"), (ilo.press_pwr_btn, "OFF"),
                              (lambda: ilo.set_host_power("OFF"), "OFF")):
            change()
            self.assertEqual(ilo.get_host_power_status(), state)

    def test_boot_devices(self):
        ilo = self.ilo
        self.assertEqual(ilo.get_one_time_boot(), "Normal")
        for device in ("CDROM", "HDD", "NETWORK"):
            ilo.set_one_time_boot(device)
            self.assertEqual(ilo.get_one_time_boot(), device)
        self.post()
        self.assertEqual(ilo.get_one_time_boot(), "Normal")
        ilo.update_persistent_boot(["HDD"])
        self.post()
        self.assertEqual(ilo.get_persistent_boot_device(), "HDD")

    def test_boot_order(self):
        self.assertEqual(self.ilo.get_persistent_boot_device(), "HDD")

    def test_boot_mode(self):
        ilo = self.ilo
        self.assertEqual((ilo.get_current_boot_mode(), ilo.get_pending_boot_mode()), ("UEFI", "UEFI"))
        ilo.set_pending_boot_mode("LEGACY")
        self.assertEqual((ilo.get_current_boot_mode(), ilo.get_pending_boot_mode()), ("UEFI", "LEGACY"))
        self.post()
        self.assertEqual(ilo.get_current_boot_mode(), "LEGACY")
        self.assertEqual(self.ilo.ribcl.get_supported_boot_mode(), "legacy bios and uefi")

    def test_virtual_media(self):
        ilo = self.ilo
        for device, number in (("CDROM", 2), ("FLOPPY", 1)):
            ilo.insert_virtual_media(self.url, device)
            ilo.set_vm_status(device, "CONNECT", "YES")
            self.assertEqual((self.medium(number)["Image"], self.medium(number)["Inserted"]), (self.url, True))
            self.assertEqual(ilo.get_vm_status(device)["IMAGE_URL"], self.url)
            ilo.insert_virtual_media(self.url + "?2", device)  # what is there is ejected first
            self.assertEqual(self.medium(number)["Image"], self.url + "?2")
            ilo.eject_virtual_media(device)
            self.assertFalse(self.medium(number)["Inserted"])
        with self.assertRaises(exception.ImageRefValidationFailed):
            ilo.insert_virtual_media("http://127.0.0.1:1/x.iso", "CDROM")

    def test_media_that_boot_at_the_next_reset_are_ejected_by_the_one_after(self):
        ilo = self.ilo
        ilo.insert_virtual_media(self.url, "CDROM")
        ilo.set_vm_status("CDROM", "BOOT_ONCE", "YES")
        self.assertTrue(self.medium()["Oem"]["Hpe"]["BootOnNextServerReset"])
        self.post()
        self.assertEqual((self.medium()["Inserted"], self.medium()["Oem"]["Hpe"]["BootOnNextServerReset"]), (True, False))
        self.post()
        self.assertFalse(self.medium()["Inserted"])

    def test_an_ilo_without_a_licence_takes_no_media(self):
        self.bmc.set("no-licence=1")
        self.assertIn("Standard", str(self.ilo.get_all_licenses()))
        with self.assertRaises(exception.IloError):
            self.ilo.insert_virtual_media(self.url, "CDROM")
        with self.assertRaises(exception.IloError):
            self.ilo.activate_license("short")
        self.ilo.activate_license("ABCDEFGHIJKLMNOPQRSTUVWXY")
        self.assertIn("Advanced", str(self.ilo.get_all_licenses()))
        self.ilo.insert_virtual_media(self.url, "CDROM")

    def targets(self):
        boot = self.bmc.ask("GET", "/redfish/v1/Systems/1/").json["Boot"]
        return boot["UefiTargetBootSourceOverride@Redfish.AllowableValues"]

    def test_a_volume_becomes_a_target_at_the_next_post(self):
        ilo = self.ilo
        for macs in ([MAC], None):
            ilo.set_iscsi_info(IQN, 1, "127.0.0.1", 3260, "CHAP", "user", "secret", macs=macs)
            with self.assertRaises(exception.IloError):
                ilo.update_persistent_boot(["ISCSI"])
            self.post()
            self.assertEqual(len(self.targets()), 1)
            self.assertIn("iSCSI(%s,0x1,0x1," % IQN, self.targets()[0])
            ilo.update_persistent_boot(["ISCSI"])
            self.assertEqual(self.bmc.ask("GET", "/redfish/v1/Systems/1/").json["Boot"]["BootSourceOverrideTarget"], "UefiTarget")
            self.assertNotIn(b"secret\"", self.bmc.ask("GET", "/redfish/v1/systems/1/bios/iscsi/settings/").body)
            ilo.unset_iscsi_info(macs=macs)
            self.post()
            self.assertEqual(self.targets(), [])

    def test_a_mac_that_is_not_there_is_refused(self):
        with self.assertRaises(exception.InvalidInputError):
            self.ilo.set_iscsi_info(IQN, 1, "127.0.0.1", 3260, macs=["aa:bb:cc:dd:ee:ff"])

    def test_the_initiator(self):
        self.ilo.set_iscsi_initiator_info("iqn.2026-01.test:me")
        self.post()
        self.assertEqual(self.ilo.get_iscsi_initiator_info(), "iqn.2026-01.test:me")

    def test_legacy_mode_has_no_iscsi(self):
        self.ilo.set_pending_boot_mode("LEGACY")
        self.post()
        with self.assertRaises(exception.IloCommandNotSupportedInBiosError):
            self.ilo.set_iscsi_info(IQN, 1, "127.0.0.1", 3260)

    def test_secure_boot(self):
        ilo = self.ilo
        self.assertFalse(ilo.get_secure_boot_mode())
        ilo.set_secure_boot_mode(True)
        self.post()
        self.assertTrue(ilo.get_secure_boot_mode())
        ilo.clear_secure_boot_keys()
        self.post()
        self.assertFalse(ilo.get_secure_boot_mode())
        ilo.reset_secure_boot_keys()
        self.post()
        self.assertTrue(ilo.get_secure_boot_mode())

    def test_bios_settings(self):
        ilo = self.ilo
        self.assertEqual(ilo.get_current_bios_settings(only_allowed_settings=False)["Sriov"], "Enabled")
        ilo.set_bios_settings({"Sriov": "Disabled"}, only_allowed_settings=False)
        self.assertEqual(ilo.get_pending_bios_settings(only_allowed_settings=False)["Sriov"], "Disabled")
        self.post()
        self.assertEqual(ilo.get_current_bios_settings(only_allowed_settings=False)["Sriov"], "Disabled")
        self.assertEqual(ilo.get_bios_settings_result()["status"], "success")
        self.assertEqual(ilo.get_default_bios_settings(only_allowed_settings=False)["Sriov"], "Enabled")
        ilo.reset_bios_to_default()
        self.post()
        self.assertEqual(ilo.get_current_bios_settings(only_allowed_settings=False)["Sriov"], "Enabled")

    def test_http_boot(self):
        self.ilo.set_http_boot_url("https://127.0.0.1/boot.efi")
        self.post()
        self.assertEqual(self.ilo.get_http_boot_url(), "https://127.0.0.1/boot.efi")

    def test_the_password_changes(self):
        self.ilo.reset_ilo_credential("another-password")
        self.assertEqual(self.bmc.ask("GET", "/redfish/v1/Systems/1/").status, 401)

    def test_a_wrong_password_is_told(self):
        with self.assertRaises(exception.IloError):
            IloClient.cls("%s:%d" % (self.bmc.host, self.bmc.port), USER, "wrong", port=None).get_host_power_status()

    def test_an_ilo_without_ribcl_is_spoken_to_by_redfish(self):
        self.bmc.set("no-ribcl=1")
        self.assertEqual(self.client().get_host_power_status(), "OFF")


class Ilo4(Case):
    WORDS = ("--bmc", "ilo4", "--uefi", "--ports", "2")

    def medium(self, number=2):
        return self.bmc.ask("GET", "/rest/v1/Managers/1/VirtualMedia/%d" % number).json

    def system(self):
        return self.bmc.ask("GET", "/rest/v1/Systems/1").json

    def attempts(self, kind="/Settings"):
        return self.bmc.ask("GET", "/rest/v1/systems/1/bios/iScsi" + kind).json["iSCSIBootSources"]

    def test_product_and_health(self):
        self.assertIsInstance(self.ilo.ris, ris.RISOperations)
        self.assertIn("Gen9", self.ilo.get_product_name())
        essential = self.ilo.get_essential_properties()
        self.assertEqual(essential["macs"], {"Port 1": MAC, "Port 2": SECOND_MAC})
        self.assertEqual(essential["properties"], {"memory_mb": 4096, "cpus": 2, "cpu_arch": "x86_64", "local_gb": 63})
        capabilities = self.ilo.ris.get_server_capabilities()
        for name, value in (("server_model", "ProLiant DL380 Gen9"), ("boot_mode_uefi", "true"), ("boot_mode_bios", "true"),
                            ("iscsi_boot", "true"), ("secure_boot", "true"), ("cpu_vt", "true"), ("has_ssd", "true"),
                            ("sriov_enabled", "true"), ("ilo_firmware_version", "iLO 4 v2.55"), ("logical_raid_level_0", "true")):
            self.assertEqual(capabilities.get(name), value, name)

    def test_power(self):
        ilo = self.ilo
        self.assertEqual((ilo.get_host_power_status(), ilo.get_host_post_state()), ("OFF", "PowerOff"))
        with self.assertRaises(exception.IloError):
            ilo.inject_nmi()
        ilo.set_host_power("ON")
        self.assertEqual((ilo.get_host_power_status(), ilo.get_host_post_state()), ("ON", "FinishedPost"))
        self.bmc.set("post-ms=600000")
        ilo.reset_server()
        self.assertEqual((ilo.get_host_power_status(), ilo.get_host_post_state()), ("ON", "InPost"))
        ilo.inject_nmi()
        for change, state in ((ilo.hold_pwr_btn, "OFF"), (ilo.press_pwr_btn, "ON"), (ilo.press_pwr_btn, "OFF"),
                              (lambda: ilo.set_host_power("OFF"), "OFF")):
            change()
            self.assertEqual(ilo.get_host_power_status(), state)

    def test_boot_devices(self):
        ilo = self.ilo
        self.assertEqual(ilo.get_one_time_boot(), "Normal")
        for device in ("CDROM", "HDD", "NETWORK"):
            ilo.set_one_time_boot(device)
            self.assertEqual(ilo.get_one_time_boot(), device)
        self.post()
        self.assertEqual(ilo.get_one_time_boot(), "Normal")
        self.assertEqual(ilo.get_persistent_boot_device(), "HDD")  # the first of the BIOS's order
        ilo.update_persistent_boot(["NETWORK"])
        self.post()
        self.assertEqual(ilo.get_persistent_boot_device(), "NETWORK")

    def test_boot_mode(self):
        ilo = self.ilo
        self.assertEqual((ilo.get_current_boot_mode(), ilo.get_pending_boot_mode()), ("UEFI", "UEFI"))
        self.assertEqual(ilo.get_supported_boot_mode(), "legacy bios and uefi")
        for mode, before in (("LEGACY", "UEFI"), ("UEFI", "LEGACY")):
            ilo.set_pending_boot_mode(mode)
            self.assertEqual((ilo.get_current_boot_mode(), ilo.get_pending_boot_mode()), (before, mode))
            self.post()
            self.assertEqual(ilo.get_current_boot_mode(), mode)

    def test_virtual_media(self):
        ilo = self.ilo
        for device, number in (("CDROM", 2), ("FLOPPY", 1)):
            ilo.insert_virtual_media(self.url, device)
            ilo.set_vm_status(device, "CONNECT", "YES")
            self.assertEqual((self.medium(number)["Image"], self.medium(number)["Inserted"]), (self.url, True))
            status = ilo.get_vm_status(device)
            self.assertEqual((status["IMAGE_URL"], status["IMAGE_INSERTED"], status["VM_APPLET"]), (self.url, "YES", "CONNECTED"))
            ilo.insert_virtual_media(self.url + "?2", device)  # what is there is ejected first
            self.assertEqual(self.medium(number)["Image"], self.url + "?2")
            ilo.eject_virtual_media(device)
            self.assertFalse(self.medium(number)["Inserted"])
            self.assertEqual(ilo.get_vm_status(device)["VM_APPLET"], "DISCONNECTED")
            ilo.eject_virtual_media(device)

    def test_media_by_the_actions_of_the_resource(self):
        for body, inserted in (({"Action": "InsertVirtualMedia", "Target": "/Oem/Hp", "Image": self.url}, True),
                               ({"Action": "EjectVirtualMedia", "Target": "/Oem/Hp"}, False)):
            self.assertEqual(self.bmc.ask("POST", "/rest/v1/Managers/1/VirtualMedia/2", body).status, 200)
            self.assertEqual(self.medium()["Inserted"], inserted)
        self.assertEqual(self.bmc.ask("POST", "/rest/v1/Managers/1/VirtualMedia/2", {"Action": "Fly"}).status, 400)

    def test_media_that_boot_at_the_next_reset_are_ejected_by_the_one_after(self):
        ilo = self.ilo
        ilo.insert_virtual_media(self.url, "CDROM")
        ilo.set_vm_status("CDROM", "BOOT_ONCE", "YES")
        self.assertTrue(self.medium()["Oem"]["Hp"]["BootOnNextServerReset"])
        self.post()
        self.assertEqual((self.medium()["Inserted"], self.medium()["Oem"]["Hp"]["BootOnNextServerReset"]), (True, False))
        self.post()
        self.assertFalse(self.medium()["Inserted"])

    def test_an_ilo_without_a_licence_takes_no_media(self):
        self.bmc.set("no-licence=1")
        self.assertIn("Standard", str(self.ilo.get_all_licenses()))
        with self.assertRaisesRegex(exception.IloError, "LicenseKeyRequired"):
            self.ilo.insert_virtual_media(self.url, "CDROM")
        with self.assertRaisesRegex(exception.IloError, "InvalidLicenseKey"):
            self.ilo.activate_license("short")
        self.ilo.activate_license("ABCDEFGHIJKLMNOPQRSTUVWXY")
        self.assertIn("Advanced", str(self.ilo.get_all_licenses()))
        self.ilo.insert_virtual_media(self.url, "CDROM")

    def test_a_volume_becomes_a_target_at_the_next_post(self):
        ilo = self.ilo
        for macs in ([MAC], [SECOND_MAC], [MAC, SECOND_MAC], None):
            count = len(macs or [MAC, SECOND_MAC])
            ilo.set_iscsi_info(IQN, 1, "127.0.0.1", 3260, "CHAP", "user", "secret", macs=macs)
            self.assertEqual([each["iSCSIBootEnable"] for each in self.attempts()[:count]], ["Enabled"] * count)
            self.assertNotEqual(self.attempts("")[0]["iSCSIBootEnable"], "Enabled")
            with self.assertRaisesRegex(exception.IloError, "No UEFI iSCSI"):
                ilo.update_persistent_boot(["ISCSI"])
            self.post()
            first = self.attempts("")[0]
            self.assertEqual((first["iSCSITargetName"], first["iSCSIBootLUN"], first["iSCSIChapUsername"], first["iSCSIChapSecret"]),
                             (IQN, "1", "user", None))
            self.assertEqual(first["iSCSINicSource"], "NicBoot2" if macs == [SECOND_MAC] else "NicBoot1")
            targets = self.system()["Boot"]["UefiTargetBootSourceOverrideSupported"]
            self.assertEqual(targets, ["NIC.LOM.1.2.iSCSI"] if macs == [SECOND_MAC] else
                             ["NIC.LOM.1.%d.iSCSI" % (i + 1) for i in range(count)])
            ilo.update_persistent_boot(["ISCSI"])
            self.assertEqual(self.system()["Boot"]["BootSourceOverrideTarget"], "UefiTarget")
            self.assertEqual(ilo.get_persistent_boot_device(), "ISCSI")
            ilo.unset_iscsi_info(macs=macs)
            self.post()
            self.assertEqual(self.system()["Boot"]["UefiTargetBootSourceOverrideSupported"], [])

    def test_a_mac_that_is_not_there_is_refused(self):
        with self.assertRaises(exception.InvalidInputError):
            self.ilo.set_iscsi_info(IQN, 1, "127.0.0.1", 3260, macs=["aa:bb:cc:dd:ee:ff"])

    def test_the_initiator(self):
        self.ilo.set_iscsi_initiator_info("iqn.2026-01.test:me")
        self.assertNotEqual(self.ilo.get_iscsi_initiator_info(), "iqn.2026-01.test:me")
        self.post()
        self.assertEqual(self.ilo.get_iscsi_initiator_info(), "iqn.2026-01.test:me")

    def test_legacy_mode_has_no_iscsi(self):
        self.ilo.set_pending_boot_mode("LEGACY")
        self.post()
        with self.assertRaises(exception.IloCommandNotSupportedInBiosError):
            self.ilo.set_iscsi_info(IQN, 1, "127.0.0.1", 3260)

    def test_an_ilo_4_does_not_know_the_names_of_an_ilo_5(self):
        for body in ({"iSCSISources": [{"iSCSILUN": "1"}]}, {"iSCSIBootSources": [{"iSCSILUN": "1"}]}):
            answer = self.bmc.ask("PATCH", "/rest/v1/systems/1/bios/iScsi/Settings", body)
            self.assertEqual((answer.status, answer.json["Messages"][0]["MessageID"]), (400, "Base.0.10.PropertyUnknown"))

    def test_secure_boot(self):
        ilo = self.ilo
        self.assertFalse(ilo.get_secure_boot_mode())
        for change, on in ((lambda: ilo.set_secure_boot_mode(True), True), (ilo.clear_secure_boot_keys, False),
                           (ilo.reset_secure_boot_keys, True)):
            change()
            self.assertEqual(ilo.get_secure_boot_mode(), not on)
            self.post()
            self.assertEqual(ilo.get_secure_boot_mode(), on)

    def test_bios_settings(self):
        ilo = self.ilo
        self.assertEqual(ilo.get_current_bios_settings()["Sriov"], "Enabled")
        ilo.set_bios_settings({"Sriov": "Disabled"})
        self.assertEqual((ilo.get_current_bios_settings()["Sriov"], ilo.get_pending_bios_settings()["Sriov"]), ("Enabled", "Disabled"))
        self.post()
        self.assertEqual(ilo.get_current_bios_settings()["Sriov"], "Disabled")
        self.assertEqual(ilo.get_bios_settings_result()["status"], "success")
        self.assertEqual(ilo.get_default_bios_settings()["Sriov"], "Enabled")
        ilo.reset_bios_to_default()
        self.post()
        self.assertEqual(ilo.get_current_bios_settings()["Sriov"], "Enabled")
        with self.assertRaises(exception.IloError):
            ilo.set_bios_settings({"Flying": "Enabled"})
        answer = self.bmc.ask("PATCH", "/rest/v1/systems/1/bios/Settings", {"Flying": "Enabled"})
        self.assertEqual(answer.json["Messages"], [{"MessageID": "Base.0.10.PropertyUnknown", "MessageArgs": ["Flying"]}])

    def test_http_boot_is_the_shells(self):
        self.ilo.set_http_boot_url("https://127.0.0.1/boot.efi")
        self.post()
        self.assertEqual(self.ilo.get_http_boot_url(), "https://127.0.0.1/boot.efi")

    def test_the_password_changes(self):
        self.ilo.reset_ilo_credential("another-password")
        self.assertEqual(self.bmc.ask("GET", "/rest/v1/Systems/1").status, 401)

    def test_a_wrong_password_is_told(self):
        with self.assertRaises(exception.IloError):
            IloClient.cls("%s:%d" % (self.bmc.host, self.bmc.port), USER, "wrong", port=None).get_host_power_status()
        answer = self.bmc.ask("GET", "/rest/v1/Systems/1", login=False)
        self.assertEqual((answer.status, answer.json["Messages"][0]["MessageID"]), (401, "Base.0.10.NoValidSession"))

    def test_sessions(self):
        answer = self.bmc.ask("POST", "/rest/v1/Sessions", {"UserName": USER, "Password": PASSWORD}, login=False)
        self.assertEqual(answer.status, 201)
        token = {"X-Auth-Token": answer.headers["X-Auth-Token"]}
        self.assertEqual(self.bmc.ask("GET", "/rest/v1/Systems/1", headers=token, login=False).status, 200)
        self.assertEqual(self.bmc.ask("DELETE", answer.headers["Location"], headers=token, login=False).status, 200)
        self.assertEqual(self.bmc.ask("GET", "/rest/v1/Systems/1", headers=token, login=False).status, 401)

    def test_the_ilo_is_reset(self):
        self.ilo.ris.reset_ilo()
        self.assertEqual(self.ilo.get_host_power_status(), "OFF")


class Gen8(Case):
    """An iLO 4 that has RIBCL alone."""

    WORDS = ("--bmc", "ilo4-gen8")

    def medium(self, number=2):
        return self.ilo.get_vm_status("CDROM" if number == 2 else "FLOPPY")

    def test_what_it_has(self):
        ilo = self.ilo
        self.assertIn("Gen8", ilo.get_product_name())
        self.assertEqual(ilo.get_essential_properties()["macs"], {"Port 1": MAC})
        for path in ("/rest/v1/Systems/1", "/redfish/v1/Systems/1"):
            self.assertEqual(self.bmc.ask("GET", path).status, 404)
        ilo.set_host_power("ON")
        self.assertEqual(ilo.get_host_power_status(), "ON")
        ilo.reset_server()
        ilo.hold_pwr_btn()
        self.assertEqual(ilo.get_host_power_status(), "OFF")
        ilo.set_one_time_boot("CDROM")
        self.assertEqual(ilo.get_one_time_boot(), "CDROM")
        ilo.insert_virtual_media(self.url, "CDROM")
        self.assertEqual(self.medium()["IMAGE_URL"], self.url)
        ilo.eject_virtual_media("CDROM")
        self.assertEqual(self.medium()["IMAGE_INSERTED"], "NO")

    def test_what_it_lacks(self):
        for call in (self.ilo.get_pending_boot_mode, self.ilo.get_supported_boot_mode):
            with self.assertRaises(exception.IloCommandNotSupportedError):
                call()
        with self.assertRaises(exception.IloCommandNotSupportedError):
            self.ilo.set_iscsi_info(IQN, 1, "127.0.0.1", 3260)


class Ribcl(Case):
    """The same states in the other language."""

    def setUp(self):
        super().setUp()
        self.rib = self.ilo.ribcl

    def test_power(self):
        self.rib.set_host_power("ON")
        self.assertEqual((self.rib.get_host_power_status(), self.ilo.get_host_power_status()), ("ON", "ON"))
        self.rib.reset_server()
        self.rib.hold_pwr_btn()
        self.assertEqual(self.ilo.get_host_power_status(), "OFF")

    def test_boot_devices(self):
        self.rib.set_one_time_boot("CDROM")
        self.assertEqual((self.rib.get_one_time_boot().upper(), self.ilo.get_one_time_boot()), ("CDROM", "CDROM"))

    def test_boot_mode(self):
        self.rib.set_pending_boot_mode("LEGACY")
        self.assertEqual((self.rib.get_current_boot_mode(), self.ilo.get_pending_boot_mode()), ("UEFI", "LEGACY"))

    def test_virtual_media(self):
        self.rib.insert_virtual_media(self.url, "CDROM")
        self.assertEqual(self.medium()["Image"], self.url)
        self.rib.eject_virtual_media("CDROM")
        self.assertFalse(self.medium()["Inserted"])

    def ribcl(self, text):
        answer = self.bmc.ask("POST", "/ribcl", text, login=False)
        self.assertEqual(answer.status, 200)
        return answer.body.decode()

    def test_what_is_no_request_is_a_syntax_error(self):
        login = '<RIBCL VERSION="2.0"><LOGIN USER_LOGIN="admin" PASSWORD="password">%s</LOGIN></RIBCL>'
        name = '<SERVER_INFO MODE="read"><GET_PRODUCT_NAME/></SERVER_INFO>'
        self.assertIn("ProLiant", self.ribcl(login % name))
        for text, told in (("nothing", "Syntax error"), ("<RIBCL/>", "Syntax error"), ("<RIBCL>" * 500, "Syntax error"),
                           ('<!DOCTYPE RIBCL [<!ENTITY a "b">]>' + login % name, "Syntax error: Line"),
                           (login % '<SERVER_INFO MODE="read"><RESET_SERVER/></SERVER_INFO>', "write access"),
                           (login % '<SERVER_INFO MODE="read"><FLY/></SERVER_INFO>', "Feature not supported - FLY"),
                           (login.replace("password", "wrong") % "", "Login failed")):
            self.assertIn(told, self.ribcl(text))

    def test_anybody_may_ask_what_it_is(self):
        answer = self.bmc.ask("GET", "/xmldata?item=all", login=False)
        self.assertIn(b"<SPN>ProLiant DL380 Gen10</SPN>", answer.body)


if __name__ == "__main__":
    main()
