"""Faults of BMCs that speak Redfish, or RIBCL: what the daemon says of each, and that it goes on when they are over. docs/redfish.md
has the table.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import unittest

import harness
import media_support
import simulated_bmc
from faults_support import until
from observe_support import scrape

TYPES = "enabled_hardware_types=redfish,ilo,ilo5,fake-hardware"
ENOUGH_S = 6  # for a BMC on a busy machine to answer; what is told shall not be that it did not
# What is wrong with each answer, and the words for it.
ANSWERS = (
    ("half-answers=1", "transfer closed with [0-9]+ bytes remaining to read"),
    ("garbage=1", "GET /redfish/v1/: the BMC's answer is not a JSON object"),
    ("huge-mib=10", "the answer is larger than 8388608 bytes"),
    ("wrong-types=1", "the root of the service links no Systems"),
    ("no-links=1", "the root of the service links no Systems"),
    ("redirect-loop=1", r"https://\S+/redfish/v1/ redirects more than 5 times: the BMC sends in a circle"),
    ("fail-percent=100", r"the BMC answered 503 \(Base.1.5.ServiceTemporarilyUnavailable\)"),
)
RIBCL = (
    ("half-answers=1", "transfer closed with [0-9]+ bytes remaining to read"),
    ("garbage=1", "the iLO's RIBCL answer has no XML document"),
    ("huge-mib=10", "the answer is larger than 4194304 bytes"),
    ("redirect-loop=1", r"https://\S+/ribcl redirects more than 3 times: the BMC sends in a circle"),
    ("fail-percent=100", "the iLO answers RIBCL with HTTP status 503"),
)


class Suite(harness.Suite):
    def bmc(self, *words):
        bmc = simulated_bmc.Bmc(*words)
        self.addCleanup(bmc.stop)
        return bmc

    def machine(self, bmc, **more):
        info = bmc.access(**more)
        uuid = self.node(driver="redfish", driver_info=info)["uuid"]
        self.addCleanup(self.call, "DELETE", "/v1/nodes/" + uuid)
        return uuid

    def ilo(self, bmc, driver):
        info = {"ilo_address": bmc.host, "client_port": bmc.port, "ilo_username": simulated_bmc.USER,
                "ilo_password": simulated_bmc.PASSWORD, "ilo_verify_ca": bmc.certificate}
        return self.node(driver=driver, driver_info=info)["uuid"]

    def power(self, uuid, target, **more):
        """The node after a power request."""
        self.want(202, "PUT", "/v1/nodes/%s/states/power" % uuid, dict(more, target=target))
        return self.wait_node(uuid, target_power_state=None, reservation=None)

    def manage(self, uuid):
        """The node after an attempt to manage it."""
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": "manage"})
        return self.wait_node(uuid, target_provision_state=None, reservation=None)

    @contextlib.contextmanager
    def another(self):
        """A daemon of its own: requests go to it meanwhile."""
        first, steel = self.steel, harness.Steel(*self.options)
        self.__class__.steel, self.connections.value = steel, None
        try:
            yield steel
        finally:
            self.__class__.steel, self.connections.value = first, None
            if steel.process.poll() is None:
                steel.stop()

    def switched(self, bmc, uuid):
        """All is well: the machine is switched on and off."""
        for target, word in (("power on", "On"), ("power off", "Off")):
            node = self.power(uuid, target)
            self.assertEqual((node["power_state"], node["last_error"]), (target, None))
            self.assertEqual(bmc.ask("GET", "/redfish/v1/Systems/1").json["PowerState"], word)


class Once(Suite):
    """Nothing is asked twice: each fault is told at once."""

    options = (TYPES, "redfish.connection_attempts=1", "redfish.connection_retry_interval=1", "conductor.sync_power_state_interval=0",
               "ilo.power_wait=1")

    def test_a_bad_answer_is_told_and_changes_nothing(self):
        for knob, words in ANSWERS:
            with self.subTest(knob):
                bmc = self.bmc()
                uuid = self.machine(bmc)
                self.assertEqual(self.manage(uuid)["power_state"], "power off")
                bmc.set(knob)
                node = self.power(uuid, "power on")
                self.assertEqual(node["power_state"], "power off")
                self.assertRegex(node["last_error"], words)
                self.assertIn("Redfish exception occurred. Error: ", node["last_error"])
                self.assertNotIn(simulated_bmc.PASSWORD, node["last_error"])
                bmc.set(knob.partition("=")[0] + "=0")
                self.switched(bmc, uuid)

    def test_a_bmc_that_is_not_there_is_told(self):
        bmc = simulated_bmc.Bmc()
        uuid = self.machine(bmc, redfish_verify_ca=False)
        self.manage(uuid)
        bmc.stop()
        for _ in range(4):  # at last it is left alone
            self.assertIn("Redfish connection failed: ", self.power(uuid, "power on")["last_error"])

    def test_a_bad_answer_by_ribcl_is_told_and_changes_nothing(self):
        for knob, words in RIBCL:
            with self.subTest(knob):
                bmc = self.bmc("--bmc", "ilo4-gen8")
                uuid = self.ilo(bmc, "ilo")
                bmc.set(knob)
                node = self.manage(uuid)
                self.assertEqual((node["provision_state"], node["power_state"]), ("enroll", None))
                self.assertRegex(node["last_error"], "iLO get_power_status failed, error: .*" + words)
                bmc.set(knob.partition("=")[0] + "=0")
                self.assertEqual(self.manage(uuid)["provision_state"], "manageable")

    def test_a_certificate_that_is_not_good_is_told(self):
        for fault, words in (("expired", "certificate has expired"),
                             ("other-name", "no alternative certificate subject name matches target host name '127.1.0.1'")):
            with self.subTest(fault):
                bmc = self.bmc("--certificate", fault)
                uuid = self.machine(bmc)
                self.assertIn(words, self.manage(uuid)["last_error"])
                self.want(200, "PATCH", "/v1/nodes/" + uuid, [{"op": "replace", "path": "/driver_info/redfish_verify_ca", "value": False}])
                self.assertEqual(self.manage(uuid)["provision_state"], "manageable")

    def test_a_session_that_ends_is_made_again(self):
        bmc = self.bmc()
        bmc.set("session-uses=4")
        uuid = self.machine(bmc)
        for _ in range(2):
            self.switched(bmc, uuid)
        told = bmc.status()
        self.assertLess(1, told["sessions_opened"])
        self.assertLessEqual(told["sessions"], 1)

    def test_a_bmc_without_a_free_session_is_told_and_used_with_basic(self):
        bmc = self.bmc()
        bmc.set("session-limit=0")
        strict, lenient = self.machine(bmc, redfish_auth_type="session"), self.machine(bmc)
        self.assertIn("(Base.1.5.SessionLimitExceeded)", self.manage(strict)["last_error"])
        self.switched(bmc, lenient)
        bmc.set("session-limit=1")
        self.switched(bmc, strict)

    def test_a_change_between_reading_and_writing_is_no_failure(self):
        for knobs in (("etag-required=1",), ("weak-etags=1",), ("weak-etags=1", "etag-required=1")):
            with self.subTest(knobs):
                bmc = self.bmc()
                bmc.set("stale-etags=1", *knobs)
                uuid = self.machine(bmc)
                self.want(204, "PUT", "/v1/nodes/%s/management/boot_device" % uuid, {"boot_device": "pxe", "persistent": True})
                boot = bmc.ask("GET", "/redfish/v1/Systems/1").json["Boot"]
                self.assertEqual((boot["BootSourceOverrideTarget"], boot["BootSourceOverrideEnabled"]), ("Pxe", "Continuous"))

    def test_a_task_that_never_ends_fails_the_work_in_time(self):
        bmc = self.bmc()
        uuid = self.machine(bmc)
        bmc.set("reset-tasks=1", "task-ms=300")
        self.switched(bmc, uuid)
        bmc.set("reset-tasks=2", "task-ms=3600000")
        node = self.power(uuid, "power on", timeout=ENOUGH_S)
        self.assertRegex(node["last_error"], r"task /redfish/v1/TaskService/TaskMonitors/\d+ of the BMC has not ended in time")
        self.assertEqual(node["power_state"], "power off")

    def test_a_power_state_that_is_neither_on_nor_off_is_told(self):
        for knob, words in (("paused=1", "Paused"), ("unknown-words=1", "Unheard-of")):
            with self.subTest(knob):
                bmc = self.bmc()
                uuid = self.machine(bmc)
                bmc.set(knob)
                self.assertIsNone(self.manage(uuid)["power_state"])
                self.assertIn("it tells the power state '%s'" % words, self.power(uuid, "power on", timeout=ENOUGH_S)["last_error"])

    def test_a_self_test_that_never_ends_fails_the_work_in_time(self):
        bmc = self.bmc("--bmc", "ilo5")
        uuid = self.ilo(bmc, "ilo5")
        self.manage(uuid)
        self.assertIsNone(self.power(uuid, "power on")["last_error"])
        bmc.set("post-ms=600000")
        node = self.power(uuid, "soft rebooting", timeout=ENOUGH_S)
        self.assertIn("but the machine is not on after %d s" % ENOUGH_S, node["last_error"])


class Patient(Suite):
    options = (TYPES, "redfish.connection_attempts=30", "redfish.connection_retry_interval=1", "conductor.sync_power_state_interval=0")

    def test_a_bmc_that_resets_is_waited_for(self):
        bmc = self.bmc()
        uuid = self.machine(bmc)
        self.manage(uuid)
        bmc.set("reset-seconds=2")
        self.assertEqual(bmc.ask("POST", "/redfish/v1/Managers/1/Actions/Manager.Reset", {"ResetType": "ForceRestart"}).status, 204)
        self.assertEqual(bmc.ask("GET", "/redfish/v1/Systems/1").status, 503)
        self.switched(bmc, uuid)


class Synced(Suite):
    """The power sync switches machines that are not as they should be."""

    options = (TYPES, "redfish.connection_attempts=1", "conductor.sync_power_state_interval=1", "conductor.power_state_sync_max_retries=1",
               "conductor.power_failure_recovery_interval=1", "conductor.force_power_state_during_sync=true")

    def test_a_machine_that_is_paused_is_not_taken_for_one_that_is_off(self):
        bmc = self.bmc()
        uuid = self.machine(bmc)
        self.manage(uuid)
        self.power(uuid, "power on")
        starts = bmc.status()["posts"]
        bmc.set("paused=1")
        node = until("maintenance", lambda: self.lost(uuid))
        self.assertIn("the BMC tells the power state 'Paused': the machine is neither on nor off", node["maintenance_reason"])
        self.assertIsNone(node["power_state"])
        bmc.set("paused=0")
        node = self.wait_node(uuid, maintenance=False, reservation=None)
        self.assertEqual((node["power_state"], bmc.status()["posts"]), ("power on", starts))

    def lost(self, uuid):
        node = self.get("/v1/nodes/" + uuid)
        return node if node["maintenance"] else None


class Shared(Suite):
    """Two conductors that know nothing of each other."""

    options = (TYPES, "conductor.sync_power_state_interval=0")

    def test_each_conductor_has_a_session_and_leaves_the_other_its_own(self):
        bmc = self.bmc()
        mine = self.machine(bmc)
        self.switched(bmc, mine)
        with self.another() as second:
            self.switched(bmc, self.machine(bmc))
            self.assertEqual(bmc.status()["sessions"], 2)
            self.assertEqual(second.stop(), 0)
            self.assertEqual(bmc.status()["sessions"], 1)
        self.switched(bmc, mine)
        self.assertEqual(bmc.status()["sessions_opened"], 2)


class Leaving(Suite):
    """A login that is under way when nobody wants it any more."""

    options = (TYPES, "conductor.sync_power_state_interval=1", "redfish.connection_attempts=1")

    def logging_in(self):
        """A node for whose session the BMC is asked, and how many it has made before."""
        bmc = self.bmc()
        uuid = self.machine(bmc)
        self.manage(uuid)
        before, opened = self.logins(), bmc.status()["sessions_opened"]
        bmc.ask("POST", "/redfish/v1/Managers/1/Actions/Manager.Reset", {"ResetType": "ForceRestart"})  # ends all sessions
        bmc.set("latency-ms=1500")
        until("a login", lambda: self.logins() > before)
        return bmc, uuid, opened

    def logins(self):
        return scrape(self.steel.conductor_metrics).get("steel_redfish_logins_total")

    def test_its_session_is_ended_when_the_node_is_deleted(self):
        bmc, uuid, opened = self.logging_in()
        self.want(204, "DELETE", "/v1/nodes/" + uuid)
        until("the session is made", lambda: bmc.status()["sessions_opened"] == opened + 1)
        until("it is ended", lambda: bmc.status()["sessions"] == 0)

    def test_its_session_is_ended_when_the_daemon_ends(self):
        with self.another() as steel:
            bmc = self.logging_in()[0]
            self.assertEqual(steel.stop(), 0)
            self.assertEqual(bmc.status()["sessions"], 0)


SOON = ("conductor.deploy_callback_timeout=3", "conductor.check_provision_state_interval=1")


class Media(media_support.MediaSuite):
    """What keeps a machine from its virtual medium."""

    own_options = media_support.MediaSuite.own_options + SOON

    def test_a_licence_that_is_missing(self):
        self.bmc.set("no-licence=1")
        self.assertIn("(iLO.2.14.LicenseKeyRequired): A license key is required", self.failed())
        self.bmc.set("no-licence=0")
        self.undeploy()

    def test_an_image_that_the_bmc_refuses(self):
        self.bmc.set("refuse-insert=400")
        self.assertRegex(self.failed(), "the virtual cd could not be inserted: .*: POST /redfish/v1/Managers/1/VirtualMedia/Cd/")
        self.bmc.set("refuse-insert=0")
        self.undeploy()

    def test_a_medium_that_ejects_itself(self):
        self.bmc.set("eject-after-ms=1")
        self.assertRegex(self.failed(), "Timeout reached while waiting for callback: .* in time; the BMC's virtual CD drive is empty, though")
        self.assertEqual((self.drive("cd"), self.published()), (None, []))
        self.bmc.set("eject-after-ms=0")
        self.undeploy()

    def test_a_machine_that_keeps_silent_with_its_medium_in(self):
        error = self.failed()
        self.assertIn("Timeout reached while waiting for callback", error)
        self.assertNotIn("empty", error)
        self.undeploy()


class IloMedia(media_support.IloMediaSuite):
    own_options = media_support.IloMediaSuite.own_options + SOON

    def test_a_medium_that_ejects_itself(self):
        self.bmc.set("eject-after-ms=1")
        self.ask(self.uuid, "active")
        self.assertIn("in time; the BMC's virtual CD drive is empty, though", self.rest(self.uuid, "deploy failed")["last_error"])


if __name__ == "__main__":
    unittest.main()
