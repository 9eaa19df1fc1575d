"""DHCP options in Neutron ([dhcp]dhcp_provider = neutron): what stands at which port, when, and what becomes of it when Neutron fails.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import unittest

import harness
import neutron_support
from neutron_support import VIF, neutron_stand_in

SERVER = "192.0.2.9"
DHCP = ("dhcp.dhcp_provider=neutron", "pxe.tftp_server=" + SERVER, "pxe.ipxe_bootfile_name=undionly.kpxe")


def options_of(port):
    return {(option["ip_version"], option["opt_name"]): option["opt_value"] for option in port["extra_dhcp_opts"]}


class Dhcp(neutron_support.Suite):
    neutron_options = DHCP

    def expected(self):
        return {(4, "tag:!ipxe,67"): "undionly.kpxe", (4, "tag:ipxe,67"): "http://127.0.0.1:%d/boot.ipxe" % self.boot_port,
                (4, "66"): SERVER, (4, "150"): SERVER, (4, "255"): SERVER}

    def test_the_port_s_options_name_what_the_machine_boots(self):
        self.attach()
        self.deploy()
        agent, _ = self.boots()
        self.assertEqual(options_of(self.ports("provisioning")[0]), self.expected())
        self.assertEqual(self.vif()["extra_dhcp_opts"], [])
        self.calls_until(agent, "active")
        self.only_the_vif_is_left()
        self.assertEqual(self.vif()["extra_dhcp_opts"], [])

    def test_a_machine_with_an_ipv6_address_is_told_urls_and_has_addresses_for_all_that_boots(self):
        self.cloud.set({"neutron": {"networks": [{"name": "six", "cidr": "fd00:6::/64", "ipv6_address_mode": "dhcpv6-stateful"}]}})
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [
            {"op": "add", "path": "/driver_info/provisioning_network", "value": "six"}])
        self.attach()
        self.deploy()
        self.boots()
        port, = self.ports("six")
        self.assertEqual(options_of(port), {(6, "tag:!ipxe6,59"): "tftp://%s/undionly.kpxe" % SERVER,
                                            (6, "tag:ipxe6,59"): "http://127.0.0.1:%d/boot.ipxe" % self.boot_port})
        self.assertEqual(len({ip["ip_address"] for ip in port["fixed_ips"]}), 4)

    def test_a_user_s_port_loses_the_options_and_keeps_its_own(self):
        own = {"opt_name": "42", "opt_value": "192.0.2.1", "ip_version": 4}
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/network_interface", "value": "flat"}])
        with self.cloud.lock:
            self.cloud.neutron.ports[VIF]["extra_dhcp_opts"] = [own]
        self.attach()
        self.deploy()
        agent, _ = self.boots()
        self.assertEqual(options_of(self.vif()), {**self.expected(), (4, "42"): "192.0.2.1"})
        self.calls_until(agent, "active")
        self.assertEqual(self.vif()["extra_dhcp_opts"], [own])
        self.assertNotIn("neutron_dhcp", self.get("/v1/nodes/" + self.uuid)["driver_internal_info"])

    def test_options_that_cannot_be_set_fail_the_deploy(self):
        self.attach()
        self.fault("GET /v2.0/ports/", "500")
        self.deploy()
        said = self.rest(self.uuid, "deploy failed")["last_error"]
        self.assertIn("Failed to set DHCP BOOT options for any port on node %s: Neutron answered 500" % self.uuid, said)
        self.only_the_vif_is_left()

    def test_a_node_without_a_port_in_neutron_is_told_so(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/network_interface", "value": "noop"}])
        self.deploy()
        self.assertIn("No VIFs found for node %s when attempting to update DHCP BOOT options." % self.uuid,
                      self.rest(self.uuid, "deploy failed")["last_error"])


class Faults(neutron_support.Suite):
    """Neutron refuses to set options, or to remove them."""

    neutron_options = DHCP

    def refuse(self, which):
        """Neutron answers 503 to a change of options of which one is like that."""
        neutron = self.cloud.neutron
        update = neutron.update

        def refusing(port, values):
            if any(which(option) for option in values.get("extra_dhcp_opts", [])):
                raise neutron_stand_in.Refusal(503, "ServiceUnavailable", "The agents are away.")
            return update(port, values)
        neutron.update = refusing
        self.well = lambda: setattr(neutron, "update", update)
        self.addCleanup(self.well)

    def is_flat(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/network_interface", "value": "flat"}])

    def noted(self):
        return list(self.get("/v1/nodes/" + self.uuid)["driver_internal_info"].get("neutron_dhcp", {}))

    def becomes_active_with_options(self):
        """Neutron does not remove them."""
        self.is_flat()
        self.refuse(lambda option: option["opt_value"] is None)
        self.attach()
        self.deploy()
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.assertEqual(len(self.vif()["extra_dhcp_opts"]), 5)
        self.assertIn("the DHCP options of port %s stay for now: Neutron answered 503" % VIF, self.steel.text())
        self.assertEqual(self.noted(), [VIF])

    def test_options_that_are_not_set_fail_the_deploy_and_leave_nothing(self):
        for interface in ("neutron", "flat"):
            self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/network_interface", "value": interface}])
            self.attach()
            self.refuse(lambda option: option["opt_value"] is not None)
            self.deploy()
            said = self.rest(self.uuid, "deploy failed")["last_error"]
            self.assertIn("Failed to set DHCP BOOT options for any port on node %s: Neutron answered 503" % self.uuid, said)
            self.only_the_vif_is_left()
            self.assertEqual((self.vif()["extra_dhcp_opts"], self.vif()["binding:host_id"]), ([], ""))
            self.well()
            self.undeploy()
            self.assertEqual((self.noted(), self.internal_info()), ([], {}))

    def test_options_that_cannot_be_removed_stay_written_down_and_go_at_the_undeploy(self):
        self.becomes_active_with_options()
        self.well()
        self.undeploy()
        self.assertEqual((self.vif()["extra_dhcp_opts"], self.noted()), ([], []))

    def test_an_undeploy_without_neutron_keeps_them_written_down_until_it_is_asked_for_again(self):
        self.becomes_active_with_options()
        self.fault("", "500")
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "deleted"})
        self.assertIn("Unable to clear binding profile for neutron port " + VIF, self.rest(self.uuid, "error")["last_error"])
        self.assertEqual((len(self.vif()["extra_dhcp_opts"]), self.noted()), (5, [VIF]))
        self.no_faults()
        self.well()
        self.undeploy()
        self.assertEqual((self.vif()["extra_dhcp_opts"], self.noted(), self.vifs()), ([], [], []))

    def test_a_port_that_its_user_has_deleted_takes_its_options_along(self):
        self.becomes_active_with_options()
        self.cloud.set({"neutron": {"remove": [VIF]}})
        self.well()
        self.undeploy()
        self.assertEqual((self.noted(), self.ports(), self.vifs()), ([], [], []))

    def test_a_port_that_is_gone_before_it_has_options_fails_the_deploy(self):
        neutron = self.cloud.neutron
        create = neutron.create

        def create_and_lose(values, ident=None):
            port = dict(create(values, ident))
            del neutron.ports[port["id"]]
            return port
        self.attach()
        neutron.create = create_and_lose
        self.addCleanup(setattr, neutron, "create", create)
        self.deploy()
        said = self.rest(self.uuid, "deploy failed")["last_error"]
        self.assertIn("Failed to set DHCP BOOT options for any port on node %s: Neutron answered 404" % self.uuid, said)
        neutron.create = create
        self.undeploy()
        self.only_the_vif_is_left()
        self.assertEqual((self.noted(), self.internal_info()), ([], {}))

    server_errors = False


with open(os.path.join(harness.ROOT, "tests/data/ironic-dhcp.json"), encoding="utf-8") as recorded:
    IRONIC = json.load(recorded)


class DhcpAsIronic(neutron_support.Suite):
    """The options are those of Ironic (tests/foreign/record_ironic_dhcp), but for the place of boot.ipxe."""

    neutron_options = ("dhcp.dhcp_provider=neutron",) + tuple("pxe.%s=%s" % item for item in IRONIC["settings"]["pxe"].items()
                                                              if item[0] != "tftp_root")
    like = (("ipxe", "ipxe"), ("pxe", "pxe"))

    def expected(self, like, boot_mode, version):
        url = IRONIC["settings"]["deploy"]["http_url"]
        root = IRONIC["settings"]["pxe"]["tftp_root"]
        return {(option["ip_version"], option["opt_name"]):
                option["opt_value"].replace(url, "http://127.0.0.1:%d" % self.boot_port).replace(root, self.steel.folder + "/tftp")
                for option in IRONIC["options"][like][boot_mode] if option["ip_version"] == version}

    def test_each_boot_interface_and_firmware_is_told_what_ironic_tells_it(self):
        self.cloud.set({"neutron": {"networks": [{"name": "six", "cidr": "fd00:6::/64"}]}})
        self.attach()
        for like, boot_interface in self.like:
            for boot_mode in ("bios", "uefi"):
                for version, network in ((4, "provisioning"), (6, "six")):
                    with self.subTest(boot_interface=boot_interface, boot_mode=boot_mode, version=version):
                        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [
                            {"op": "add", "path": "/boot_interface", "value": boot_interface},
                            {"op": "add", "path": "/properties/capabilities", "value": "boot_mode:" + boot_mode},
                            {"op": "add", "path": "/driver_info/provisioning_network", "value": network}])
                        self.deploy()
                        self.rest(self.uuid, "wait call-back")
                        port, = self.ports(network)
                        self.assertEqual(options_of(port), self.expected(like, boot_mode, version))
                        self.undeploy()
                        self.attach()


class DhcpAsIronicWithAnAddress(DhcpAsIronic):
    neutron_options = DhcpAsIronic.neutron_options + ("DEFAULT.my_ipv6=2001:db8::9",)
    like = (("pxe with my_ipv6", "pxe"),)


class HttpBoot(neutron_support.Suite):
    """The firmware fetches its loader by HTTP. The options are those that Ironic 39 sets: its dhcp_options_for_instance, of which no
    record is kept."""

    neutron_options = DHCP + ("DEFAULT.enabled_boot_interfaces=ipxe,http-ipxe,http",)

    def boots_by(self, boot_interface, network="provisioning", mode="uefi"):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [
            {"op": "add", "path": "/boot_interface", "value": boot_interface},
            {"op": "add", "path": "/properties/capabilities", "value": "boot_mode:" + mode},
            {"op": "add", "path": "/driver_info/provisioning_network", "value": network}])
        self.attach()
        self.deploy()
        self.rest(self.uuid, "wait call-back")
        port, = self.ports(network)
        self.undeploy()
        return options_of(port)

    def test_the_firmware_is_told_a_url_and_that_it_is_for_its_http_client(self):
        server = "http://127.0.0.1:%d/" % self.boot_port
        self.assertEqual(self.boots_by("http-ipxe"), {(4, "tag:!ipxe,67"): server + "snponly.efi", (4, "tag:ipxe,67"): server + "boot.ipxe",
                                                      (4, "60"): "HTTPClient"})
        self.assertEqual(self.boots_by("http"), {(4, "67"): server + "bootx64.efi", (4, "60"): "HTTPClient"})

    def test_with_ipv6_the_url_is_enough(self):
        self.cloud.set({"neutron": {"networks": [{"name": "six", "cidr": "fd00:6::/64"}]}})
        server = "http://127.0.0.1:%d/" % self.boot_port
        self.assertEqual(self.boots_by("http-ipxe", "six"), {(6, "tag:!ipxe6,59"): server + "snponly.efi",
                                                             (6, "tag:ipxe6,59"): server + "boot.ipxe"})
        self.assertEqual(self.boots_by("http", "six"), {(6, "59"): server + "bootx64.efi"})

    def test_a_bios_machine_is_refused(self):
        for boot_interface in ("http-ipxe", "http"):
            self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [
                {"op": "add", "path": "/boot_interface", "value": boot_interface},
                {"op": "add", "path": "/properties/capabilities", "value": "boot_mode:bios"}])
            boot = self.get("/v1/nodes/%s/validate" % self.uuid)["boot"]
            self.assertFalse(boot["result"])
            self.assertIn("boot interface %s needs a machine in UEFI boot mode" % boot_interface, boot["reason"])


if __name__ == "__main__":
    unittest.main()
