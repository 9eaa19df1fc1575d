"""What an iLO 5 does beyond power and boot: security parameters, certificates. The daemon against steel-lab's iLO, the test as
the machine and its agent.

SPDX-License-Identifier: Apache-2.0
"""
import os
import subprocess
import unittest

from faults_support import until
from ilo_support import IloSuite
from ramdisk_support import MAC

SECURITY = "/redfish/v1/Managers/1/SecurityService/"
TRUSTED = "/redfish/v1/systems/1/bios/tlsconfig"
NAMES = {"City": "Berlin", "CommonName": "ilo.example.org", "OrgName": "Steel", "State": "Berlin", "Country": "DE"}


def openssl(*words):
    return subprocess.run(("openssl",) + words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


class Certified(IloSuite):
    """Certificates, and those that the firmware trusts."""

    def authority(self, name):
        """A certificate and its key."""
        paths = [os.path.join(self.place, name + ending) for ending in (".crt", ".key")]
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=" + name,
                "-out", paths[0], "-keyout", paths[1])
        return paths

    def trust(self, *names):
        files = [self.authority(name)[0] for name in names]
        new = [{"X509Certificate": open(file, encoding="utf-8").read()} for file in files]
        self.assertEqual(self.bmc.ask("PUT", TRUSTED + "/settings", {"NewCertificates": new}).status, 200)
        self.want(202, "PUT", "/v1/nodes/%s/states/power" % self.uuid, {"target": "power on"})
        self.wait_node(self.uuid, power_state="power on", target_power_state=None, reservation=None)
        return files

    def trusted(self):
        return [row["Subject"] for row in self.bmc_get(TRUSTED)["Certificates"]]


class Beyond(Certified):
    # -- security parameters

    def parameters(self):
        members = self.bmc_get(SECURITY + "SecurityDashboard/SecurityParams")["Members"]
        told = [self.bmc_get(member["@odata.id"]) for member in members]
        return {row["Name"]: (row["State"], row["Ignore"]) for row in told}

    def account(self):
        return self.bmc_get("/redfish/v1/AccountService")["Oem"]["Hpe"]

    def test_numbers_of_the_security_dashboard_are_set(self):
        self.without_agent("update_minimum_password_length", {"password_length": 14, "ignore": "True"})
        self.without_agent("update_auth_failure_logging_threshold", {"logging_threshold": 3})
        self.assertEqual((self.account()["MinPasswordLength"], self.account()["AuthFailureLoggingThreshold"]), (14, 3))
        self.assertEqual(self.parameters()["Minimum Password Length"], ("Ok", True))
        self.without_agent("update_minimum_password_length", {})
        self.assertEqual(self.account()["MinPasswordLength"], 8)
        self.assertEqual(self.parameters()["Minimum Password Length"], ("Ok", False))
        self.fails("update_minimum_password_length", {"password_length": 40}, "password_length must be a number from 0 to 39")
        self.fails("update_auth_failure_logging_threshold", {"logging_threshold": 4}, "must be 0, 1, 2, 3 or 5")

    def test_a_list_of_security_parameters_is_set_in_order(self):
        switches = ("password_complexity", "require_login_for_ilo_rbsu", "secure_boot", "require_host_authentication")
        self.without_agent("security_parameters_update", {"security_parameters": [{"param": name} for name in switches] + [
            {"param": "ipmi_over_lan", "enable": False, "ignore": True}]})
        told = self.parameters()
        for name in ("Password Complexity", "Require Login for iLO RBSU", "Secure Boot", "Require Host Authentication"):
            self.assertEqual(told[name], ("Enabled", False), name)
        self.assertEqual(told["IPMI/DCMI Over LAN"], ("Disabled", True))
        self.assertEqual(self.bmc_get(SECURITY + "SecurityDashboard")["OverallSecurityStatus"], "Ok")

    def test_a_list_with_a_mistake_changes_nothing(self):
        before = self.parameters()
        for row, words in (({"param": "nonsense"}, "Security parameter 'nonsense' is not a valid parameter."),
                           ({"ignore": True}, "missing the required 'param' field")):
            self.fails("security_parameters_update", {"security_parameters": [{"param": "password_complexity"}, row]}, words)
        self.assertEqual(self.parameters(), before)

    # -- vendor passthru

    def vendor(self, status, http, method, body=None, query=""):
        return self.want(status, http, "/v1/nodes/%s/vendor_passthru/%s%s" % (self.uuid, method, query), body)

    def test_subscriptions_to_events_are_made_listed_shown_and_deleted(self):
        made = self.vendor(200, "POST", "create_subscription", {"Destination": "https://192.0.2.9/events", "Context": "mine"})
        self.assertEqual((made["Destination"], made["Context"], made["EventTypes"]), ("https://192.0.2.9/events", "mine", ["Alert"]))
        listed = self.vendor(200, "GET", "get_all_subscriptions")["Members"]
        self.assertEqual([os.path.basename(member["@odata.id"].rstrip("/")) for member in listed], [made["Id"]])
        self.assertEqual(self.vendor(200, "GET", "get_subscription", query="?id=" + made["Id"]), made)
        self.assertEqual(self.bmc.status()["sessions"], 1)
        self.vendor(200, "DELETE", "delete_subscription", {"id": made["Id"]})
        self.assertEqual(self.bmc_get("/redfish/v1/EventService/Subscriptions")["Members"], [])
        self.assertIn("name the subscription", str(self.vendor(400, "GET", "get_subscription")))
        self.assertIn("not a valid URI", str(self.vendor(400, "POST", "create_subscription", {"Destination": "events"})))

    def test_virtual_media_are_ejected(self):
        cd = "/redfish/v1/Managers/1/VirtualMedia/2"
        for body in ({}, {"boot_device": "cd"}):
            self.assertLess(self.bmc.ask("POST", cd + "/Actions/VirtualMedia.InsertMedia", {"Image": "http://192.0.2.1/a.iso"}).status, 300)
            self.vendor(202, "POST", "eject_vmedia", body)
            until("the drive is empty", lambda: not self.bmc_get(cd)["Inserted"])
            self.wait_node(self.uuid, reservation=None)

    # -- certificates

    def csr(self):
        return os.path.join(self.steel.folder, "ilo", self.uuid, self.uuid + ".csr")

    def test_a_request_becomes_the_certificate(self):
        self.bmc.set("task-ms=3000")
        self.without_agent("create_csr", {"csr_params": NAMES})
        self.assertIn("CN = ilo.example.org", openssl("req", "-in", self.csr(), "-noout", "-subject", "-verify"))
        certificate, key = self.authority("authority")
        signed = os.path.join(self.place, "signed.crt")
        openssl("x509", "-req", "-in", self.csr(), "-CA", certificate, "-CAkey", key, "-CAcreateserial", "-days", "2", "-out", signed)
        self.bmc.set("reset-seconds=11")
        self.without_agent("add_https_certificate", {"cert_file": "file://" + signed})
        told = self.bmc_get(SECURITY + "HttpsCert")["X509CertificateInformation"]
        self.assertEqual((told["Issuer"], "CN=ilo.example.org" in told["Subject"]), ("CN=authority", True))

    def test_a_second_request_is_another(self):
        self.without_agent("create_csr", {"csr_params": NAMES})
        with open(self.csr(), encoding="utf-8") as file:
            first = file.read()
        self.bmc.set("task-ms=3000")
        self.without_agent("create_csr", {"csr_params": dict(NAMES, CommonName="other.example.org")})
        with open(self.csr(), encoding="utf-8") as file:
            self.assertNotEqual(file.read(), first)

    def test_what_is_wrong_with_certificates_is_said(self):
        certificate, _ = self.authority("stranger")
        with open(self.place + "/nonsense.crt", "w", encoding="utf-8") as file:
            file.write("no certificate")
        self.fails("create_csr", {"csr_params": {"City": "Berlin"}}, "CommonName is missing")
        self.fails("add_https_certificate", {"cert_file": certificate}, "Failed importing the X509 Certificate")
        self.fails("add_https_certificate", {"cert_file": self.place + "/nonsense.crt"}, "there is no valid certificate in")
        self.fails("add_https_certificate", {"cert_file": "/etc/hostname"}, "file_url_allowed_paths")

    def clear(self, *files):
        """A cleaning that removes authorities: the machine starts for its agent, and once more for the change."""
        self.request("clear_ca_certificates", {"certificate_files": list(files)})
        self.calls_until(self.starts_again(self.boots(state="clean wait")[0]), "manageable")

    def test_authorities_are_removed_by_file_or_all_of_them(self):
        files = self.trust("one", "two", "three")
        self.assertEqual(self.trusted(), ["CN=one", "CN=two", "CN=three"])
        self.clear(files[1])
        self.assertEqual(self.trusted(), ["CN=one", "CN=three"])
        self.clear()
        self.assertEqual(self.trusted(), [])
        # Nothing to remove: the machine does not start again.
        self.request("clear_ca_certificates", {"certificate_files": []})
        self.calls_until(self.boots(state="clean wait")[0], "manageable")


class BootsOverHttps(Certified):
    """The firmware fetches an ISO from a server whose authority it is to trust."""

    own_options = IloSuite.own_options + ("enabled_boot_interfaces=ilo-ipxe,ilo-uefi-https,fake",)
    boot = "ilo-uefi-https"

    def setUp(self):
        super().setUp()
        self.driver_info(deploy_iso="https://192.0.2.1/agent.iso")

    def driver_info(self, **values):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/driver_info/" + name, "value": value}
                                                           for name, value in values.items()])

    def servers_have(self, file):
        """The operator says whose certificates image servers have."""
        self.steel.settings["DEFAULT.webserver_verify_ca"] = file
        self.assertEqual(self.steel.end()[0], 0)
        self.steel.again()

    def boots(self, certificate=0, state="clean wait"):
        """The firmware has fetched the ISO; its agent looks its node up."""
        self.rest(self.uuid, state)
        told = self.bmc.status()
        self.assertEqual((told["booted"], told["once"]), ("UefiHttp", True))
        agent = self.agent_class(self, self.certificates[certificate])
        self.addCleanup(agent.close)
        agent.token = self.get("/v1/lookup?addresses=" + MAC)["config"]["agent_token"]
        return agent, None

    def test_the_firmware_trusts_the_authorities_of_the_operator(self):
        self.servers_have(self.authority("servers")[0])
        files = self.trust("stranger")
        self.request("clear_ca_certificates", {"certificate_files": files})
        agent = self.boots()[0]
        self.assertEqual(self.trusted(), ["CN=stranger", "CN=servers"])
        self.calls_until(self.starts_again(agent), "manageable")  # which adds nothing: a removal would be forgotten
        self.assertEqual(self.trusted(), ["CN=servers"])

    def test_a_node_may_go_without_them(self):
        self.servers_have(self.authority("servers")[0])
        self.driver_info(ilo_add_certificates="maybe")
        told = self.get("/v1/nodes/%s/validate" % self.uuid)["boot"]
        self.assertIn("driver_info ilo_add_certificates must be true or false", told["reason"])
        self.driver_info(ilo_add_certificates="false")
        self.request("clear_ca_certificates", {"certificate_files": []})
        self.calls_until(self.boots()[0], "manageable")
        self.assertEqual(self.trusted(), [])

    def test_a_file_without_certificates_is_told(self):
        path = self.place + "/no-authority.crt"
        with open(path, "w", encoding="utf-8") as file:
            file.write("no certificate")
        self.servers_have(path)
        self.request("clear_ca_certificates", {"certificate_files": []})
        error = self.rest(self.uuid, "clean failed")["last_error"]
        for words in ("The firmware cannot be given the authorities of " + path, "there is no valid certificate in",
                      "ilo_add_certificates = false"):
            self.assertIn(words, error)
        self.recover()


class Erasure(IloSuite):
    DRIVES = "/redfish/v1/Systems/1/SmartStorage/ArrayControllers/0/DiskDrives"

    def drives(self):
        told = [self.bmc_get(member["@odata.id"]) for member in self.bmc_get(self.DRIVES)["Members"]]
        return {drive["Location"]: (drive["DiskDriveStatusReasons"][0], drive.get("ErasePattern")) for drive in told}

    def begin(self, args):
        """An erasure up to the start that erases solid drives."""
        self.request("erase_devices", args)
        agent = self.boots(state="clean wait")[0]
        for _ in ("HDD", "SSD"):
            agent = self.starts_again(agent)
        return agent

    def test_drives_are_erased_but_that_of_a_volume(self):
        self.bmc.set("task-ms=3600000")
        agent = self.begin({})
        for location, told in self.drives().items():
            pattern = "SanitizeRestrictedOverwrite" if location.startswith("2I") else "SanitizeRestrictedBlockErase"
            self.assertEqual(told, ("None", None) if location == "1I:1:1" else ("EraseInProgress", pattern), location)
        # Hours pass: the step waits for the drives, from call to call of the agent.
        agent.call()
        self.rest(self.uuid, "clean wait")
        self.bmc.set("task-ms=0")
        for name in ("HDD", "SSD"):
            self.bmc.ask("PATCH", "/redfish/v1/systems/1/smartstorageconfig/settings", {"Actions": [
                {"Action": "PhysicalDriveErase", "ErasePattern": "OnePass",
                 "PhysicalDriveList": ["2I:1:%d" % bay for bay in range(5, 9)] if name == "HDD" else ["1I:1:2", "1I:1:3"]}]})
            self.bmc.ask("POST", "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset/", {"ResetType": "ForceRestart"})
        self.calls_until(agent, "manageable")
        self.assertIn("drive 1I:1:1 is not erased, it belongs to a logical drive", self.steel.text())

    def test_patterns_are_the_operators(self):
        agent = self.begin({"erase_pattern": {"hdd": "zero", "ssd": "crypto"}})
        self.calls_until(agent, "manageable")
        told = self.drives()
        self.assertEqual(told["2I:1:5"], ("EraseCompleted", "OnePass"))
        self.assertEqual(told["1I:1:2"], ("EraseCompleted", "SanitizeRestrictedCryptoScramble"))

    def test_a_wrong_pattern_and_a_controller_that_refuses_are_told(self):
        self.request("erase_devices", {"erase_pattern": {"hdd": "block"}})
        node = self.calls_until(self.boots(state="clean wait")[0], "clean failed")
        self.assertIn("Supported patterns are, for 'hdd': ('overwrite', 'crypto', 'zero')", node["last_error"])
        self.recover()
        self.bmc.set("task-fails=1")
        self.request("erase_devices", {})
        node = self.calls_until(self.starts_again(self.boots(state="clean wait")[0]), "clean failed")
        self.assertIn("the array controller answers SmartStorageMessage.2.0.ControllerFailure", node["last_error"])

    def test_the_whole_machine_is_erased_and_waits_for_an_operator(self):
        self.request("one_button_secure_erase", {})
        agent = self.boots(state="clean wait")[0]
        agent.call()
        node = self.wait_node(self.uuid, maintenance=True, reservation=None)
        self.assertEqual(node["provision_state"], "clean wait")
        self.assertIn("One Button Secure erase clean step has begun", node["maintenance_reason"])
        self.assertEqual(self.bmc_get("/redfish/v1/Managers/1")["Oem"]["Hpe"]["License"]["LicenseType"], "Unlicensed")
        self.assertEqual(self.bmc_get("/redfish/v1/systems/1/smartstorageconfig")["LogicalDrives"], [])
        self.assertEqual({told for told, _ in self.drives().values()}, {"EraseCompleted"})


class Ilo4(IloSuite):
    bmc_words = ("--bmc", "ilo4", "--uefi")
    driver = "ilo"

    def test_what_an_ilo_4_does_not_have_is_left_out(self):
        self.without_agent("update_minimum_password_length", {})
        self.without_agent("security_parameters_update", {"security_parameters": [{"param": "secure_boot"}]})
        self.without_agent("create_csr", {"csr_params": NAMES})
        for step in ("update_minimum_password_length", "security_parameters_update", "create_csr"):
            self.assertIn("step %s is left out on node %s" % (step, self.uuid), self.steel.text())

    def test_an_older_ilo_takes_no_subscriptions(self):
        answer = self.want(400, "POST", "/v1/nodes/%s/vendor_passthru/create_subscription" % self.uuid, {"Destination": "https://192.0.2.9/"})
        self.assertIn("iLO does not have Redfish", str(answer))


if __name__ == "__main__":
    unittest.main()
