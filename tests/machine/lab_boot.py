#!/usr/bin/env python3
"""A virtual server does what its BMC is told, and boots from its iSCSI volume under both firmwares.

SPDX-License-Identifier: Apache-2.0
"""
import re
import unittest

from lab_support import BIOS_LIMIT, MARKER, STATE_LIMIT, UEFI_LIMIT, BootServer, Lab, main, sanboot_script, wait_until


class BootFromVolume(unittest.TestCase):
    def setUp(self):
        self.boot_server = BootServer()
        self.addCleanup(self.boot_server.close)

    def boot_and_shut_down(self, limit, firmware, *arguments):
        with Lab(*arguments, boot_server=self.boot_server) as lab:
            node = lab.node()
            self.boot_server.texts["/boot.ipxe"] = sanboot_script(node)
            self.assertEqual(lab.power(), "off")
            lab.ipmitool("chassis", "bootdev", "pxe")
            lab.ipmitool("power", "on")
            line = lab.wait_console(MARKER, limit)
            for expected in [
                f"target={node['target_iqn']}",
                "lun=1",
                f"portal={node['target_portal']}",
                f"initiator={node['initiator_iqn']}",
                f"chap-user={node['chap_username']}",
                f"firmware={firmware}",
                f"mac={node['mac']}",
            ]:
                self.assertIn(expected, line)
            self.assertEqual(self.boot_server.requests, ["/boot.ipxe"])
            self.assertEqual(lab.power(), "on")
            status = lab.status()
            self.assertEqual((status["power"], status["boot_device"], status["firmware"]), ("on", "pxe", firmware))
            self.assertIn("STEEL-LAB", status["last_line"])
            lab.ipmitool("power", "soft")
            lab.wait_power("off")
            lab.wait_console("power button: shutting down", STATE_LIMIT)
            family = lab.family()
            lab.down()
            self.assertEqual(lab.leftovers(family), {})

    def test_bios_server_boots_its_volume_and_shuts_down_at_the_button(self):
        self.boot_and_shut_down(BIOS_LIMIT, "bios")

    def test_uefi_server_boots_its_volume_and_shuts_down_at_the_button(self):
        self.boot_and_shut_down(UEFI_LIMIT, "uefi", "--uefi")

    def test_bios_server_boots_uefi_when_the_bmc_says_so(self):
        with Lab(boot_server=self.boot_server) as lab:
            self.boot_server.texts["/boot.ipxe"] = sanboot_script(lab.node())
            lab.ipmitool("chassis", "bootdev", "pxe", "options=efiboot")
            lab.ipmitool("power", "on")
            self.assertIn("firmware=uefi", lab.wait_console(MARKER, UEFI_LIMIT))

    def test_wrong_chap_password_is_refused_by_the_target(self):
        with Lab(boot_server=self.boot_server) as lab:
            self.boot_server.texts["/boot.ipxe"] = sanboot_script(lab.node(), password="wrongwrong12345")
            lab.ipmitool("chassis", "bootdev", "pxe")
            lab.ipmitool("power", "on")
            lab.wait_console("TEST sanboot failed", BIOS_LIMIT)
            self.assertNotIn(MARKER, lab.console())


class BootOrder(unittest.TestCase):
    """The script counts boots from the network: it ends at once, the local disk is empty."""

    def setUp(self):
        self.boot_server = BootServer()
        self.addCleanup(self.boot_server.close)
        self.boot_server.texts["/boot.ipxe"] = "#!ipxe\necho TEST script runs\nsleep 1000\n"

    def first_of(self, lab, boot, limit=BIOS_LIMIT):
        """Which device SeaBIOS tries first in the boot with this number."""

        def look():
            boots = lab.boots()
            return re.search(r"Booting from (.*)\.\.\.", boots[boot - 1]) if len(boots) >= boot else None

        return {"ROM": "network", "Hard Disk": "disk"}[wait_until(look, limit, f"boot {boot}")[1]]

    def test_boot_device_counts_once_or_until_changed(self):
        with Lab(boot_server=self.boot_server) as lab:
            lab.ipmitool("power", "on")
            self.assertEqual(self.first_of(lab, 1), "disk")  # no override
            lab.ipmitool("chassis", "bootdev", "pxe")
            lab.ipmitool("power", "reset")
            self.assertEqual(self.first_of(lab, 2), "network")
            lab.ipmitool("power", "reset")
            self.assertEqual(self.first_of(lab, 3), "disk")  # it was for once
            lab.ipmitool("chassis", "bootdev", "pxe", "options=persistent")
            for boot in [4, 5]:
                lab.ipmitool("power", "reset")
                self.assertEqual(self.first_of(lab, boot), "network")
            lab.ipmitool("power", "off")
            lab.wait_power("off")
            lab.ipmitool("power", "on")
            self.assertEqual(self.first_of(lab, 6), "network")
            lab.ipmitool("chassis", "bootdev", "disk", "options=persistent")
            lab.ipmitool("power", "cycle")
            self.assertEqual(self.first_of(lab, 7), "disk")

    def test_boot_device_counts_once_or_until_changed_under_uefi_too(self):
        with Lab("--uefi", boot_server=self.boot_server) as lab:
            # the firmware says so when it has tried the empty disk
            boots = [("pxe options=efiboot", "network"), ("", "disk"), ("pxe options=efiboot,persistent", "network")]
            for number, (device, expected) in enumerate(boots + [("", "network")], 1):
                if device:
                    lab.ipmitool("chassis", "bootdev", *device.split())
                lab.ipmitool("power", "on" if number == 1 else "reset")
                wait_until(lambda: len(lab.boots()) == number, STATE_LIMIT, f"boot {number}")
                lab.wait_console("TEST script runs", UEFI_LIMIT)
                tried_disk = "BdsDxe: failed to load" in lab.boots()[-1]
                self.assertEqual("disk" if tried_disk else "network", expected, f"boot {number}")

    def test_power_verbs_that_need_power_are_refused_without(self):
        with Lab(boot_server=self.boot_server) as lab:
            for verb in ["reset", "cycle", "soft", "diag"]:
                lab.ipmitool("power", verb, check=False)
                self.assertEqual(lab.power(), "off")
            lab.ipmitool("power", "off")  # nothing to do is no error

    def test_servers_of_a_lab_are_independent(self):
        with Lab(nodes=2, boot_server=self.boot_server) as lab:
            lab.ipmitool("power", "on", index=1)
            lab.wait_power("on", index=1)
            self.assertEqual(lab.power(0), "off")
            lab.ipmitool("power", "off", index=1)
            lab.wait_power("off", index=1)


if __name__ == "__main__":
    main()
