"""Boot by virtual media over Redfish: what the machine finds in its drives from deploy to undeploy, and what goes wrong.

SPDX-License-Identifier: Apache-2.0
"""
import os
import subprocess
import unittest
import urllib.error

from faults_support import until
from media_support import DRIVES, MediaSuite

# Who is not root is one in a user namespace.
OURS = () if os.geteuid() == 0 else ("--map-root-user",)
ISO = "http://192.0.2.1/own.iso"


class Deploys(MediaSuite):
    def test_the_iso_tells_the_agent_and_all_is_ejected_at_the_end(self):
        self.ask(self.uuid, "active")
        agent, told = self.boots()
        self.assertEqual(told["ipa-api-url"], "http://127.0.0.1:%d" % self.api_port)
        self.assertEqual(told["console"], "ttyS0")
        self.assertIsNone(self.drive("floppy"))
        self.calls_until(agent, "active")
        self.assertEqual((self.drive("cd"), self.boot_override()), (None, ("Hdd", "Continuous")))
        self.assertEqual(self.published(), [])
        for phase in ("make_media", "insert_cd", "set_boot_device"):
            self.assertIn(phase, [row["phase"] for row in self.phases(self.uuid)])
        self.assertNotIn(agent.token, self.steel.text())
        self.undeploy()

    def test_a_floppy_tells_it_where_the_operator_wants_one(self):
        self.driver_info(config_via_removable=True)
        self.ask(self.uuid, "active")
        agent, told = self.boots()
        self.assertEqual(told["boot_method"], "vmedia")
        self.assertNotIn("ipa-agent-token", self.words())
        self.assertEqual(self.words()["boot_method"], "vmedia")
        self.calls_until(agent, "active")
        self.assertEqual((self.drive("cd"), self.drive("floppy")), (None, None))
        self.undeploy()

    def test_the_lookup_tells_no_token(self):
        self.ask(self.uuid, "active")
        self.boots()
        found = self.get("/v1/lookup?node_uuid=" + self.uuid)
        self.assertEqual(found["config"]["agent_token"], "******")
        self.undeploy()

    def test_two_deploys_at_once_have_each_its_own_media(self):
        machines = [(self.bmc, self.uuid), self.machine()]
        for _, uuid in machines:
            self.driver_info(uuid, config_via_removable=True)
            self.ask(uuid, "active")
        for bmc, uuid in machines:
            self.rest(uuid, "wait call-back")
        told = [self.on_floppy(bmc) for bmc, _ in machines]
        self.assertNotEqual(told[0]["ipa-agent-token"], told[1]["ipa-agent-token"])
        self.assertEqual(len({self.drive(kind, bmc) for bmc, _ in machines for kind in DRIVES}), 4)
        for bmc, uuid in machines:
            self.uuid = uuid
            agent, _ = self.boots(uuid=uuid, bmc=bmc)
            self.calls_until(agent, "active")
            self.undeploy()
        self.when_free(204, "DELETE", "/v1/nodes/" + machines[0][1])

    def test_cleaning_and_rescue_have_their_media_too(self):
        self.driver_info(rescue_kernel="file://%s/rescue_kernel" % self.place,
                         rescue_ramdisk="file://%s/rescue_ramdisk" % self.place)
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.ask(self.uuid, "clean", clean_steps=[{"interface": "deploy", "step": "erase_devices"}])
        agent, _ = self.boots(state="clean wait")
        self.calls_until(agent, "manageable")
        self.assertIsNone(self.drive("cd"))
        self.ask(self.uuid, "provide")
        self.rest(self.uuid, "available")
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.ask(self.uuid, "rescue", rescue_password="a-password")
        agent, _ = self.boots(state="rescue wait")
        self.assertIn("rescue_kernel", self.on_cd("/boot/kernel"))
        self.calls_until(agent, "rescue")
        self.ask(self.uuid, "unrescue")
        self.rest(self.uuid, "active")
        self.assertEqual((self.drive("cd"), self.boot_override()), (None, ("Hdd", "Continuous")))
        self.undeploy()

    def give_network(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/network_data", "value": {
            "links": [{"id": "one", "type": "phy", "ethernet_mac_address": "52:54:00:00:00:01"}], "services": [],
            "networks": [{"id": "n", "type": "ipv4", "link": "one", "network_id": "x", "ip_address": "192.0.2.7",
                          "netmask": "255.255.255.0", "routes": []}]}}])

    def test_the_network_of_the_node_is_on_the_iso(self):
        self.give_network()
        self.ask(self.uuid, "active")
        self.boots()
        self.assertIn("192.0.2.7", self.on_cd("/openstack/latest/network_data.json"))
        self.assertEqual(self.words()["steel-network-data"], "1")
        self.undeploy()

    def test_it_is_on_the_floppy_beside_a_ready_iso(self):
        with open(self.place + "/ready.iso", "wb") as file:
            file.write(b"an ISO")
        self.driver_info(deploy_iso="file://%s/ready.iso" % self.place, config_via_removable=True)
        self.give_network()
        self.ask(self.uuid, "active")
        self.boots()
        self.assertIn("192.0.2.7", self.in_floppy("network_data.json"))
        self.undeploy()

    def test_odd_bmcs_take_media_too(self):
        for knob in ("no-insert-action", "protocol-needed", "eject-body", "no-continuous", "weak-etags", "etag-required"):
            with self.subTest(knob):
                self.info(image_source="file://%s/image" % self.place)
                self.bmc.set(knob + "=1")
                self.ask(self.uuid, "active")
                agent, _ = self.boots()
                self.calls_until(agent, "active")
                self.assertIsNone(self.drive("cd"))
                self.undeploy()
                self.bmc.set(knob + "=0")

    def test_what_somebody_left_in_the_drives_makes_room(self):
        for kind in DRIVES:
            self.bmc.ask("POST", DRIVES[kind] + "/Actions/VirtualMedia.InsertMedia", {"Image": "http://192.0.2.1/old.iso"})
        self.driver_info(config_via_removable=True)
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.undeploy()


class Https(MediaSuite):
    """The firmware fetches the ISO."""

    def setUp(self):
        self.bmc, self.uuid = self.machine(boot_interface="redfish-https", properties={"capabilities": "boot_mode:uefi"})

    def uri(self):
        return self.bmc.ask("GET", "/redfish/v1/Systems/1").json["Boot"]["HttpBootUri"]

    def test_the_machine_boots_it_once_and_then_its_disk(self):
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        self.assertEqual(self.started_from(), ("UefiHttp", True))
        self.assertEqual((self.drive("cd"), self.drive("floppy")), (None, None))
        told = self.words_of(self.uri())
        agent = self.agent_class(self, self.certificates[0])
        self.addCleanup(agent.close)
        agent.token = told["ipa-agent-token"]
        self.calls_until(agent, "active")
        self.assertEqual(self.boot_override(), ("Hdd", "Continuous"))
        with self.assertRaises(urllib.error.HTTPError):
            self.fetched(self.uri())
        self.undeploy()

    def test_a_machine_in_bios_mode_cannot(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid,
                  [{"op": "add", "path": "/properties/capabilities", "value": "boot_mode:bios"}])
        self.assertIn("needs a machine in UEFI boot mode", self.get("/v1/nodes/%s/validate" % self.uuid)["boot"]["reason"])


class Instances(MediaSuite):
    """The instance is an ISO."""

    def setUp(self):
        self.bmc, self.uuid = self.machine(deploy_interface="ramdisk")

    def deploys(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "remove", "path": "/instance_info/image_source"}])
        self.info(boot_iso=ISO)
        self.steel.settings["deploy.ramdisk_image_download_source"] = "http"
        self.assertEqual(self.steel.end()[0], 0)
        self.steel.again()
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "active")

    def test_it_stays_inserted_and_boots_at_each_start(self):
        self.deploys()
        self.assertEqual((self.drive("cd"), self.boot_override()), (ISO, ("Cd", "Continuous")))
        # The BMC has lost it meanwhile.
        self.bmc.ask("POST", DRIVES["cd"] + "/Actions/VirtualMedia.EjectMedia", {})
        for target in ("rebooting", "power off", "power on"):
            self.when_free(202, "PUT", "/v1/nodes/%s/states/power" % self.uuid, {"target": target})
            self.wait_node(self.uuid, target_power_state=None, reservation=None, last_error=None)
            self.assertEqual((self.drive("cd"), self.boot_override()), (ISO, ("Cd", "Continuous")), target)
        self.undeploy()
        self.assertIsNone(self.drive("cd"))


class Faults(MediaSuite):
    def test_a_medium_that_the_bmc_refuses(self):
        self.bmc.set("refuse-insert=400")
        error = self.failed()
        self.assertRegex(error, "the virtual cd could not be inserted: .*: POST /redfish/v1/Managers/1/VirtualMedia/Cd/")
        self.assertIn("the medium is refused", error)
        self.bmc.set("refuse-insert=0")
        self.undeploy()

    def test_an_ejection_that_the_bmc_refuses(self):
        self.bmc.ask("POST", DRIVES["cd"] + "/Actions/VirtualMedia.InsertMedia", {"Image": "http://192.0.2.1/old.iso"})
        self.bmc.set("refuse-eject=405")
        error = self.failed()
        self.assertIn("the virtual cd could not be ejected: ", error)
        self.assertIn("cannot be deleted", error)
        self.bmc.set("refuse-eject=0")
        self.undeploy()

    def test_an_iso_that_the_disk_has_no_room_for(self):
        with open(self.place + "/large", "wb") as file:
            file.write(b"x" * (2 << 20))
        self.driver_info(deploy_kernel="file://%s/large" % self.place, deploy_ramdisk="file://%s/ramdisk" % self.place)
        self.assertEqual(self.steel.end()[0], 0)
        work = self.steel.folder + "/virtual_media"
        os.makedirs(work, exist_ok=True)
        # A chroot's root is no mount point, whose propagation could be changed: what is mounted may show outside, and is taken away.
        self.addCleanup(subprocess.run, ["umount", work], stderr=subprocess.DEVNULL, check=False)
        self.steel.launch(("unshare", *OURS, "--mount", "--propagation", "unchanged", "sh", "-ec",
                           'mount -t tmpfs -o size=3m none "%s"; exec "$@"' % work, "sh"))
        self.steel.ready()
        self.assertRegex(self.failed(), r"an ISO takes 4 MiB, and \S+/virtual_media/\S+ has room for [01] MiB")
        self.assertEqual((self.drive("cd"), self.published()), (None, []))
        self.undeploy()
        self.assertEqual(self.steel.end()[0], 0)
        self.steel.again()

    def test_a_daemon_that_is_killed_between_insertion_and_boot(self):
        """Whatever it died in: nothing of the first try is used or left."""
        for phase in ("make_media", "insert_floppy", "insert_cd", "set_boot_device"):
            before = self.uuid
            self.bmc, self.uuid = self.machine(driver_info={"config_via_removable": True})
            self.when_free(204, "DELETE", "/v1/nodes/" + before)
            self.dies_in(phase)

    def dies_in(self, phase):
        self.bmc.set("latency-ms=60", "reset-tasks=2", "task-ms=3600000")  # the machine is never on: the deploy stays before its wait
        self.ask(self.uuid, "active")
        until("the phase " + phase, lambda: phase in [row["phase"] for row in self.phases(self.uuid)])
        self.steel.kill()
        old = {kind: self.drive(kind) for kind in DRIVES}
        self.bmc.set("latency-ms=0", "reset-tasks=0")
        self.steel.again()
        if until("an end of " + phase, self.ended) == "deploy failed":
            self.ask(self.uuid, "active")
        agent, _ = self.boots()
        for kind in DRIVES:
            self.assertNotEqual(self.drive(kind), old[kind], phase)
        self.calls_until(agent, "active")
        self.assertEqual((self.drive("cd"), self.drive("floppy"), self.published()), (None, None, []))
        self.undeploy()

    def ended(self):
        """What has become of a deploy whose daemon was killed; None while that is not known."""
        node = self.get("/v1/nodes/" + self.uuid)
        state = node["provision_state"]
        return state if node["reservation"] is None and state in ("wait call-back", "deploy failed") else None


class Validation(MediaSuite):
    own_options = MediaSuite.own_options + ("conductor.deploy_kernel=", "conductor.deploy_ramdisk=")

    def test_it_says_what_is_missing_in_ironics_words(self):
        told = self.get("/v1/nodes/%s/validate" % self.uuid)["boot"]
        self.assertIn("Error validating Redfish virtual media. Some parameters were missing in node's driver_info. "
                      "Missing are: ['deploy_kernel', 'deploy_ramdisk']", told.get("reason") or "valid")
        self.driver_info(deploy_iso=ISO)
        self.assertTrue(self.get("/v1/nodes/%s/validate" % self.uuid)["boot"]["result"])


if __name__ == "__main__":
    unittest.main()
