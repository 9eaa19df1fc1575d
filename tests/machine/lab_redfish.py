#!/usr/bin/python3
"""Machines behind BMCs that speak Redfish boot ISOs from virtual media, see the USB stick, and change their firmware at a POST.

SPDX-License-Identifier: Apache-2.0
"""
import functools
import http.server
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # python-requests prefers them to what a test says
    os.environ.pop(name, None)

import sushy
from proliantutils.ilo.client import IloClient

from lab_support import BIOS_LIMIT, MARKER, STATE_LIMIT, UEFI_LIMIT, BootServer, Lab, free_ports, main, wait_until

GRUB = """
serial --unit=0
terminal_output serial
echo "TEST ISO runs on $grub_platform"
search --set=stick --label IR-VFD-DEV
if [ -n "$stick" ]; then cat ($stick)/parameters.txt; fi
echo "TEST the ISO ends"
%s
"""


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Redfish(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="steel-redfish-test-"))
        for name, end in (("stays", "sleep 3600"), ("reboots", "reboot")):
            tree = cls.folder / name
            (tree / "boot/grub").mkdir(parents=True)
            (tree / "boot/grub/grub.cfg").write_text(GRUB % end)
            subprocess.run(["grub-mkrescue", "-o", cls.folder / f"{name}.iso", tree], check=True, capture_output=True)
        (cls.folder / "parameters.txt").write_text("TEST parameter=42\n")
        stick = cls.folder / "stick.img"
        subprocess.run(["mkfs.vfat", "-C", "-n", "IR-VFD-DEV", stick, "1440"], check=True, capture_output=True)
        subprocess.run(["mcopy", "-i", stick, cls.folder / "parameters.txt", "::parameters.txt"], check=True)
        handler = functools.partial(Files, directory=str(cls.folder))
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()
        shutil.rmtree(cls.folder)

    def setUp(self):
        self.boot_server = BootServer()
        self.addCleanup(self.boot_server.close)
        self.boot_server.texts["/boot.ipxe"] = "#!ipxe\necho TEST script runs\nsleep 1000\n"

    def lab(self, *words, kind="redfish"):
        return Lab("--bmc", kind, "--redfish-port", str(free_ports(1)), *words, boot_server=self.boot_server)

    def url(self, name):
        return f"http://127.0.0.1:{self.server.server_address[1]}/{name}"

    def system(self, lab):
        node = lab.node()
        connection = sushy.Sushy(node["redfish_address"], node["redfish_username"], node["redfish_password"],
                                 verify=node["redfish_verify_ca"])
        self.media = {member.media_types[0]: member for member in connection.get_manager().virtual_media.get_members()}
        return connection.get_system(node["redfish_system_id"])

    def insert(self, iso):
        self.media[sushy.VIRTUAL_MEDIA_CD].insert_media(self.url(iso))

    def wait_power(self, system, state):
        def there():
            system.refresh(force=True)
            return system.power_state == state

        wait_until(there, STATE_LIMIT, f"power {state}")

    def test_an_iso_boots_once_and_the_stick_is_seen(self):
        with self.lab() as lab:
            system = self.system(lab)
            self.insert("stays.iso")
            self.media[sushy.VIRTUAL_MEDIA_FLOPPY].insert_media(self.url("stick.img"))
            system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_CD, sushy.BOOT_SOURCE_ENABLED_ONCE)
            system.reset_system(sushy.RESET_ON)
            lab.wait_console("TEST ISO runs on pc", BIOS_LIMIT)
            lab.wait_console("TEST parameter=42", BIOS_LIMIT)
            self.media[sushy.VIRTUAL_MEDIA_FLOPPY].eject_media()
            system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_CD, sushy.BOOT_SOURCE_ENABLED_CONTINUOUS)
            system.reset_system(sushy.RESET_FORCE_RESTART)
            wait_until(lambda: len(lab.boots()) == 2, STATE_LIMIT, "a second boot")
            lab.wait_console("TEST the ISO ends", BIOS_LIMIT)
            self.assertNotIn("TEST parameter", lab.boots()[-1])
            self.wait_power(system, sushy.POWER_STATE_ON)
            self.media[sushy.VIRTUAL_MEDIA_CD].eject_media()
            system.reset_system(sushy.RESET_FORCE_OFF)
            self.wait_power(system, sushy.POWER_STATE_OFF)
            self.assertEqual([name for name in os.listdir(lab.folder) if name.endswith(".medium")], [])

    def test_a_reset_by_the_guest_is_the_next_boot(self):
        with self.lab() as lab:
            system = self.system(lab)
            self.insert("reboots.iso")
            system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_CD, sushy.BOOT_SOURCE_ENABLED_ONCE)
            system.reset_system(sushy.RESET_ON)
            lab.wait_console("TEST script runs", BIOS_LIMIT)
            self.assertIn("TEST ISO runs on pc", lab.boots()[-2])
            self.assertEqual(lab.status()["boot_count"], 2)
            self.wait_power(system, sushy.POWER_STATE_ON)

    def test_a_bios_setting_makes_it_a_uefi_machine(self):
        with self.lab() as lab:
            system = self.system(lab)
            self.insert("stays.iso")
            system.bios.set_attributes({"BootMode": "Uefi"})
            system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_CD, sushy.BOOT_SOURCE_ENABLED_ONCE)
            system.reset_system(sushy.RESET_ON)
            lab.wait_console("TEST ISO runs on efi", UEFI_LIMIT)
            self.assertEqual(lab.status()["firmware"], "uefi")
            system.refresh(force=True)
            self.assertEqual(system.boot.mode, sushy.BOOT_SOURCE_MODE_UEFI)

    def test_the_firmware_boots_a_volume_over_iscsi(self):
        for kind in ("ilo5", "ilo4"):
            with self.subTest(kind=kind):
                self.boot_a_volume(kind)

    def boot_a_volume(self, kind):
        with self.lab("--uefi", kind=kind) as lab:
            node = lab.node()
            host = node["redfish_address"].rpartition("/")[2]
            ilo = IloClient.cls(host, node["redfish_username"], node["redfish_password"], port=None)
            address, _, port = node["target_portal"].partition(":")
            ilo.set_iscsi_info(node["target_iqn"], node["target_lun"], address, int(port), "CHAP", node["chap_username"],
                               node["chap_password"], macs=[node["mac"]])
            ilo.set_iscsi_initiator_info(node["initiator_iqn"])
            ilo.set_host_power("ON")
            wait_until(lambda: ilo.get_host_power_status() == "ON", STATE_LIMIT, "power on")
            ilo.update_persistent_boot(["ISCSI"])
            ilo.reset_server()
            self.assertIn("firmware=uefi", lab.wait_console(MARKER, UEFI_LIMIT))
            self.assertEqual(lab.status()["iscsi_sessions"], 1)
            ilo.set_iscsi_info(node["target_iqn"], node["target_lun"], address, int(port), "CHAP", node["chap_username"],
                               "not-the-password", macs=[node["mac"]])
            ilo.reset_server()  # the password is pending until then
            lab.wait_console("TEST script runs", UEFI_LIMIT)
            self.assertEqual(lab.status()["iscsi_sessions"], 0)

    def test_an_image_that_cannot_be_fetched_is_refused(self):
        with self.lab() as lab:
            self.system(lab)
            for url in (self.url("nothing.iso"), "http://127.0.0.1:1/x.iso"):
                with self.assertRaisesRegex(sushy.exceptions.ServerSideError, "failed to establish a connection"):
                    self.media[sushy.VIRTUAL_MEDIA_CD].insert_media(url)
            self.media[sushy.VIRTUAL_MEDIA_CD].refresh(force=True)
            self.assertFalse(self.media[sushy.VIRTUAL_MEDIA_CD].inserted)


if __name__ == "__main__":
    main()
