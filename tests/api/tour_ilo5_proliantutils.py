#!/usr/bin/python3
"""The proliantutils library drives what an iLO 5 alone has, at steel-lab's: security, certificates, drives and their erasure.

SPDX-License-Identifier: Apache-2.0
"""
import os
import subprocess
import tempfile
import unittest.mock

from simulated_bmc import PASSWORD, USER, BmcCase, main  # before the library: keeps eventlet away

from proliantutils import exception
from proliantutils.hpssa import manager
from proliantutils.ilo.client import IloClient
from proliantutils.redfish.resources.manager import security_service

SECURITY = "/redfish/v1/Managers/1/SecurityService/"
NAMES = {"City": "Berlin", "CommonName": "ilo.example.org", "OrgName": "Steel", "State": "Berlin", "Country": "DE"}
MIRROR = {"size_gb": 100, "raid_level": "1", "disk_type": "hdd", "volume_name": "root"}

# What the library 2.14 has in another place than it looks for it, and a file that Debian's package lacks.
security_service.SecurityService.securityparamscollectionuri = property(lambda self: self.securitydashboard.securityparamscollectionuri)
manager.validate = lambda raid_config: None


def openssl(*words):
    return subprocess.run(("openssl",) + words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


class Case(BmcCase):
    WORDS = ("--bmc", "ilo5", "--uefi")

    def setUp(self):
        super().setUp()
        self.bmc.set("post-ms=0")
        self.ilo = IloClient.cls("%s:%d" % (self.bmc.host, self.bmc.port), USER, PASSWORD, port=None)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def get(self, path):
        return self.bmc.ask("GET", path).json

    def post(self):
        """A boot of the machine."""
        if self.ilo.get_host_power_status() == "OFF":
            self.ilo.set_host_power("ON")
        else:
            self.ilo.reset_server()

    def authority(self, name="authority"):
        """A certificate and its key."""
        paths = [os.path.join(self.folder, name + ending) for ending in (".crt", ".key")]
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=" + name,
                "-out", paths[0], "-keyout", paths[1])
        return paths


class Security(Case):
    def parameters(self):
        members = self.get(SECURITY + "SecurityDashboard/SecurityParams")["Members"]
        told = [self.get(member["@odata.id"]) for member in members]
        return {row["Name"]: (row["State"], row["SecurityStatus"], row["Ignore"]) for row in told}

    def test_parameters_are_the_settings(self):
        redfish = self.ilo.redfish
        redfish.update_minimum_password_length(12, ignore=True)
        redfish.update_authentication_failure_logging(3)
        for change in (redfish.update_password_complexity, redfish.update_require_login_for_ilo_rbsu,
                       redfish.update_require_host_authentication, redfish.update_secure_boot):
            change(True)
        redfish.update_ipmi_over_lan(False)
        account = self.get("/redfish/v1/AccountService")["Oem"]["Hpe"]
        self.assertEqual((account["MinPasswordLength"], account["AuthFailureLoggingThreshold"], account["EnforcePasswordComplexity"]),
                         (12, 3, True))
        told = self.parameters()
        self.assertEqual(told["Minimum Password Length"], ("Ok", "Ok", True))
        self.assertEqual({status for _, status, _ in told.values()}, {"Ok"})
        self.assertEqual(redfish.get_security_dashboard_values()["overall_security_status"], "Ok")
        redfish.update_ipmi_over_lan(True, ignore=True)
        self.assertEqual(self.parameters()["IPMI/DCMI Over LAN"], ("Enabled", "Risk", True))
        self.assertEqual(self.get(SECURITY + "SecurityDashboard")["OverallSecurityStatus"], "Ignored")

    def test_the_least_length_holds_for_the_next_password(self):
        self.ilo.redfish.update_minimum_password_length(20)
        with self.assertRaises(exception.IloError):
            self.ilo.reset_ilo_credential("long enough no more")
        with self.assertRaises(exception.InvalidParameterValueError):
            self.ilo.redfish.update_authentication_failure_logging(4)

    def test_a_request_becomes_a_certificate(self):
        path = os.path.join(self.folder, "node")
        # The library looks at the request once before it waits for half a minute.
        self.ilo.redfish.create_csr(path, NAMES)
        request = os.path.join(path, "node.csr")
        self.assertIn("CN = ilo.example.org", openssl("req", "-in", request, "-noout", "-subject", "-verify"))
        certificate, key = self.authority()
        signed = os.path.join(self.folder, "signed.crt")
        openssl("x509", "-req", "-in", request, "-CA", certificate, "-CAkey", key, "-CAcreateserial", "-days", "2", "-out", signed)
        with unittest.mock.patch("proliantutils.ilo.common.time.sleep"):
            with self.assertRaises(exception.IloError):
                self.ilo.redfish.add_https_certificate(certificate)
            self.ilo.redfish.add_https_certificate(signed)
        told = self.get(SECURITY + "HttpsCert")["X509CertificateInformation"]
        self.assertIn("CN=ilo.example.org", told["Subject"])
        self.assertEqual(told["Issuer"], "CN=authority")

    def test_authorities_change_at_the_next_post(self):
        files = [self.authority(name)[0] for name in ("one", "two")]

        def trusted():
            return [row["Subject"] for row in self.get("/redfish/v1/systems/1/bios/tlsconfig")["Certificates"]]

        self.ilo.redfish.add_tls_certificate(files)
        self.assertEqual(trusted(), [])
        self.post()
        self.assertEqual(trusted(), ["CN=one", "CN=two"])
        self.ilo.redfish.remove_tls_certificate([], excl_cert_file_list=files[:1])
        self.post()
        self.assertEqual(trusted(), ["CN=one"])


class Storage(Case):
    def raid(self, *disks):
        self.ilo.redfish.create_raid_configuration({"logical_disks": list(disks)})
        self.post()
        return self.ilo.redfish.read_raid_configuration(raid_config={"logical_disks": list(disks)})["logical_disks"]

    def test_logical_drives_are_made_and_deleted_at_a_post(self):
        redfish = self.ilo.redfish
        made = self.raid(MIRROR, {"size_gb": "MAX", "raid_level": "0", "controller": "HPE Smart Array P408i-a SR Gen10",
                                  "physical_disks": ["1I:1:2", "1I:1:3"]})
        self.assertEqual([(row["raid_level"], row["size_gb"], row["physical_disks"], row["volume_name"]) for row in made],
                         [("1", 100, ["2I:1:5", "2I:1:6"], "root"), ("0", 894, ["1I:1:2", "1I:1:3"], "")])
        self.assertEqual(len({row["root_device_hint"]["wwn"] for row in made}), 2)
        redfish.delete_raid_configuration()
        self.post()
        self.assertEqual(redfish.read_raid_configuration(), {"logical_disks": []})
        with self.assertRaises(exception.IloLogicalDriveNotFoundError):
            redfish.delete_raid_configuration()

    def test_what_does_not_fit_is_told_after_the_post(self):
        with self.assertRaises(exception.IloError):
            self.raid(dict(MIRROR, size_gb=5000))

    def test_drives_are_erased_but_those_of_volumes(self):
        redfish = self.ilo.redfish
        self.assertEqual(sorted(redfish.get_available_disk_types()), ["HDD", "SSD"])
        redfish.delete_raid_configuration()
        self.post()
        self.bmc.set("task-ms=3600000")
        for kind, pattern in (("HDD", "overwrite"), ("SSD", "block")):
            redfish.do_disk_erase(kind, pattern)
            self.post()
        self.assertFalse(redfish.has_disk_erase_completed())
        self.bmc.set("task-ms=0")
        for kind in ("HDD", "SSD"):
            redfish.do_disk_erase(kind)
            self.post()
        self.assertTrue(redfish.has_disk_erase_completed())

    def test_the_whole_machine_is_erased(self):
        redfish = self.ilo.redfish
        redfish.set_bios_settings({"Sriov": "Disabled"}, only_allowed_settings=False)
        redfish.do_one_button_secure_erase()
        self.post()
        self.assertEqual(redfish.get_current_bios_settings(only_allowed_settings=False)["Sriov"], "Enabled")
        self.assertEqual(redfish.read_raid_configuration(), {"logical_disks": []})
        self.assertIn("Standard", str(self.ilo.get_all_licenses()))


if __name__ == "__main__":
    main()
