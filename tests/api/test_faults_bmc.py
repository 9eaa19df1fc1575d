"""BMCs that are absent, wrong, slow, lossy or insane: what the daemon says and does about them.

SPDX-License-Identifier: Apache-2.0
"""
import os
import socket
import subprocess
import threading

import faults_support
import harness
from faults_support import until
from observe_support import scrape

SERVER = os.path.join(os.path.dirname(harness.STEELD), "tests", "unit", "ipmi", "ipmi_bmc_server")
NODES = 12


class Insane(threading.Thread):
    """Answers every datagram with bytes that only look like IPMI."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.heard = 0
        self.start()

    def run(self):
        while True:
            try:
                data, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            self.heard += 1
            for answer in (b"", os.urandom(40), data, data[:-1], b"\x06\x00\xff\x07" + os.urandom(60),
                           b"\x06\x00\xff\x07\x06\x11" + bytes(10) + b"\xff\xff" + os.urandom(20), os.urandom(1400)):
                self.socket.sendto(answer, peer)

    def close(self):
        self.socket.close()


class Fleet(faults_support.Suite):
    """A suite with BMCs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fleet = faults_support.Fleet(NODES)

    @classmethod
    def tearDownClass(cls):
        cls.fleet.close()
        super().tearDownClass()

    def setUp(self):
        self.fleet.set("--all", "--alive", "--latency-ms", 0, "--loss-percent", 0, "--power", "off")

    def bmc(self, index, **info):
        return self.node(driver="ipmi", driver_info=self.fleet.info(index, **info))["uuid"]

    def manage(self, node, state):
        self.ask(node, "manage")
        return self.wait_node(node, provision_state=state, target_provision_state=None, reservation=None)


class Absent(Fleet):
    options = ("ipmi.command_retry_timeout=2", "conductor.sync_power_state_interval=0", "conductor.automated_clean=false",
               "conductor.power_state_change_timeout=5")

    def test_managing_visits_the_bmc_once(self):
        before = self.fleet.status()["sessions_opened"]
        self.manage(self.bmc(0), "manageable")
        self.assertEqual(self.fleet.status()["sessions_opened"], before + 1)

    def test_the_maker_is_read_if_the_operator_names_none(self):
        info = self.fleet.info(0, **self.server())
        for said, kept in (({}, "supermicro"), ({"vendor": ""}, "supermicro"), ({"vendor": None}, "supermicro"),
                           ({"vendor": "made-up"}, "made-up")):
            node = self.node(driver="ipmi", driver_info=info, properties=said)["uuid"]
            self.manage(node, "manageable")
            self.assertEqual(self.get("/v1/nodes/" + node)["properties"].get("vendor"), kept, said)

    def test_a_failed_manage_says_what_to_check(self):
        self.fleet.set("--index", 1, "--dead")
        insane = Insane()
        cases = (
            (self.bmc(1), ("no answer from 127.0.0.1:%d" % (self.fleet.base + 1), "check the BMC's address")),
            (self.bmc(0, ipmi_port=9), ("no answer from 127.0.0.1:9", "firewall")),
            (self.bmc(2, ipmi_password="wrong-secret"), ("wrong password", "check user name and password")),
            (self.bmc(3, ipmi_username="nobody"), ("nobody", "check the user name")),
            (self.bmc(0, ipmi_address="no-such-host.invalid"), ("no-such-host.invalid", "resolve")),
            (self.bmc(0, ipmi_port=insane.port), ("127.0.0.1:%d" % insane.port,)),
            (self.bmc(0, ipmi_cipher_suite=7), ("ipmi_cipher_suite 7", "17 or 3")),
        )
        for node, _ in cases:
            self.ask(node, "manage")
        for node, words in cases:
            after = self.wait_node(node, provision_state="enroll", target_provision_state=None, reservation=None)
            for word in words:
                self.assertIn(word, after["last_error"])
            self.assertNotIn("wrong-secret", after["last_error"])
            self.assertIsNone(after["power_state"])
            self.assertFalse(after["maintenance"])
            self.assertEqual(self.history(node)[-1]["event"], after["last_error"])
            phase = self.phases(node)[-1]
            self.assertEqual((phase["operation"], phase["result"], phase["detail"]), ("manage", "failed", after["last_error"]))
        self.assertGreater(insane.heard, 0)
        insane.close()
        self.assertNotIn("wrong-secret", self.steel.text())

    def server(self, *arguments):
        """The driver_info for a new BMC of a known maker."""
        server = subprocess.Popen([SERVER, "127.0.0.1", "0", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

        def end():
            server.stdin.close()
            server.wait(20)
            server.stdout.close()

        self.addCleanup(end)
        return {"ipmi_port": int(server.stdout.readline().split()[-1]), "ipmi_username": "admin", "ipmi_password": "secret-admin"}

    def test_a_wrong_cipher_suite_is_reported(self):
        info = self.server("3")
        after = self.manage(self.bmc(0, ipmi_cipher_suite=17, **info), "enroll")
        self.assertIn("cipher suite", after["last_error"])
        self.assertNotIn("secret-admin", after["last_error"])
        self.manage(self.bmc(0, **info), "manageable")  # left to itself, the client finds the suite

    def test_a_node_with_corrected_settings_can_be_managed(self):
        node = self.bmc(4, ipmi_password="wrong")
        self.manage(node, "enroll")
        self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "replace", "path": "/driver_info/ipmi_password", "value": "password"}])
        after = self.manage(node, "manageable")
        self.assertIsNone(after["last_error"])
        self.assertEqual(after["power_state"], "power off")

    def test_power_and_boot_device_of_a_dead_bmc_fail_with_its_name(self):
        node = self.bmc(8)
        self.manage(node, "manageable")
        self.fleet.set("--index", 8, "--dead")
        place = "127.0.0.1:%d" % (self.fleet.base + 8)
        self.assertEqual(self.power(node, "power on").status, 202)
        after = self.wait_node(node, target_power_state=None, reservation=None)
        self.assertEqual(after["power_state"], "power off")
        self.assertIn("Failed to change power state to 'power on'", after["last_error"])
        self.assertIn("IPMI call failed: ", after["last_error"])
        self.assertIn(place, after["last_error"])
        self.assertFalse(after["maintenance"])
        path = "/v1/nodes/%s/management/boot_device" % node
        for method, body in (("GET", None), ("PUT", {"boot_device": "pxe"})):
            answer = self.call(method, path, body)
            self.assertEqual(answer.status, 500)
            self.assertIn(place, answer.message)
            self.assertIn("IPMI call failed: ", answer.message)
        self.assertIsNone(self.get("/v1/nodes/" + node)["reservation"])
        self.fleet.set("--index", 8, "--alive")
        self.same_address_again(node)
        self.assertEqual(self.power(node, "power on").status, 202)
        self.assertIsNone(self.wait_node(node, power_state="power on", reservation=None)["last_error"])

    def same_address_again(self, node):
        """What an operator does to have a BMC asked at once."""
        self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/driver_info/ipmi_address", "value": "127.0.0.1"}])

    def refused(self, node):
        """The error of an attempt to manage the node."""
        return self.manage(node, "enroll")["last_error"]

    def test_a_dead_bmc_is_left_alone_until_its_settings_change(self):
        self.fleet.set("--index", 10, "--dead")
        node = self.bmc(10)
        self.assertIn("no answer from", self.refused(node))
        error = until("it is left alone", lambda: [words for words in [self.refused(node)] if "is left alone for another" in words])[0]
        self.assertRegex(error, r"127.0.0.1:%d was not reached \d+ times in a row and is left alone for another [0-9.]+ s; the last time: "
                         "no answer" % (self.fleet.base + 10))
        self.assertLess(0, scrape(self.steel.conductor_metrics).get("steel_bmc_left_alone_total"))
        self.fleet.set("--index", 10, "--alive")
        self.same_address_again(node)
        self.manage(node, "manageable")

    def test_a_refused_login_is_not_sent_again_until_it_is_changed(self):
        node = self.bmc(11, ipmi_password="wrong-secret")
        self.assertIn("wrong password", self.refused(node))
        heard = self.fleet.status()["datagrams_received"]
        error = self.refused(node)
        self.assertRegex(error, "wrong password.*; the same user and password are not sent again for [0-9]+ s, so that the account is not locked")
        self.assertNotIn("wrong-secret", error)
        self.assertEqual(self.fleet.status()["datagrams_received"], heard)
        self.assertLess(0, scrape(self.steel.conductor_metrics).get("steel_bmc_logins_held_total"))
        self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "replace", "path": "/driver_info/ipmi_password", "value": "password"}])
        self.manage(node, "manageable")

    def test_validation_does_not_touch_the_bmc(self):
        insane = Insane()
        node = self.bmc(0, ipmi_port=insane.port)
        answer = self.get("/v1/nodes/%s/validate" % node)
        self.assertIs(answer["power"]["result"], True)
        self.assertIs(answer["management"]["result"], True)
        self.assertEqual(insane.heard, 0)
        insane.close()


class Lossy(Fleet):
    """With timeouts close to the defaults."""

    options = ("ipmi.command_retry_timeout=30", "conductor.sync_power_state_interval=0", "conductor.automated_clean=false")

    def test_slow_and_lossy_bmcs_are_managed_switched_and_given_boot_devices(self):
        self.fleet.set("--index", 5, "--latency-ms", 100)
        self.fleet.set("--index", 6, "--loss-percent", 10)
        self.fleet.set("--index", 7, "--loss-percent", 10, "--latency-ms", 50)
        nodes = [self.bmc(index) for index in (5, 6, 7)]
        for node in nodes:
            self.ask(node, "manage")
        for node in nodes:
            self.rest(node, "manageable")
            self.assertEqual(self.power(node, "power on").status, 202)
        for node in nodes:
            after = self.wait_node(node, power_state="power on", target_power_state=None, reservation=None)
            self.assertIsNone(after["last_error"])
            path = "/v1/nodes/%s/management/boot_device" % node
            self.want(204, "PUT", path, {"boot_device": "pxe", "persistent": True})
            self.assertEqual(self.get(path), {"boot_device": "pxe", "persistent": True})

    def test_one_dead_bmc_does_not_delay_others(self):
        self.fleet.set("--index", 9, "--dead")
        dead, alive = self.bmc(9), self.bmc(10)
        self.ask(dead, "manage")
        self.manage(alive, "manageable")
        self.assertEqual(self.get("/v1/nodes/" + dead)["provision_state"], "verifying")
        self.fleet.set("--index", 9, "--alive")
        self.rest(dead, "manageable")

    def test_a_bmc_that_answers_when_the_question_was_repeated_is_understood(self):
        self.fleet.set("--index", 8, "--latency-ms", 1200)
        node = self.bmc(8)
        self.assertIsNone(self.manage(node, "manageable")["last_error"])


class PowerSync(Fleet):
    options = ("conductor.sync_power_state_interval=1", "conductor.power_state_sync_max_retries=2",
               "conductor.power_failure_recovery_interval=1", "ipmi.command_retry_timeout=3", "conductor.automated_clean=false",
               "conductor.force_power_state_during_sync=true")

    def managed(self, index, **info):
        node = self.node(driver="ipmi", driver_info=self.fleet.info(index, **info))["uuid"]
        self.ask(node, "manage")
        self.rest(node, "manageable", power_state="power off")
        return node

    def test_a_lost_bmc_means_maintenance_and_its_return_ends_it(self):
        node, other = self.managed(0), self.managed(1)
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % other, {"reason": "mine"})
        self.fleet.set("--index", 0, "--dead")
        lost = until("maintenance", lambda: self.lost(node))
        self.assertEqual(lost["fault"], "power failure")
        self.assertIn("max retries exceeded", lost["maintenance_reason"])
        self.assertIn("no answer", lost["last_error"])
        self.assertIsNone(lost["power_state"])
        self.assertEqual(lost["provision_state"], "manageable")
        self.assertTrue(any("max retries exceeded" in event["event"] for event in self.history(node)))
        self.fleet.set("--index", 0, "--alive")
        back = self.wait_node(node, maintenance=False, reservation=None)
        self.assertEqual((back["fault"], back["maintenance_reason"], back["power_state"], back["last_error"]),
                         (None, None, "power off", None))
        self.assertTrue(any("answers again" in event["event"] for event in self.history(node)))
        self.assertTrue(self.get("/v1/nodes/" + other)["maintenance"])  # an operator's maintenance is the operator's

    def lost(self, node):
        found = self.get("/v1/nodes/" + node)
        return found if found["maintenance"] else None

    def test_a_driver_that_can_only_block_is_synced_too(self):
        nodes = [self.node()["uuid"] for _ in range(20)]
        for node in nodes:
            self.ask(node, "manage")
        for node in nodes:
            self.wait_node(node, provision_state="manageable", reservation=None)
        broken = {"power.get": {"fail": "BMC_UNREACHABLE", "message": "nobody there"}}
        for node in nodes[:2]:
            self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/driver_info/fake", "value": broken}])
        for node in nodes[:2]:
            lost = until("maintenance", lambda: self.lost(node))
            self.assertEqual(lost["fault"], "power failure")
            self.assertIn("nobody there", lost["last_error"])
        self.want(200, "PATCH", "/v1/nodes/" + nodes[0], [{"op": "remove", "path": "/driver_info/fake"}])
        self.assertIsNone(self.wait_node(nodes[0], maintenance=False, reservation=None)["fault"])
        self.assertTrue(self.get("/v1/nodes/" + nodes[1])["maintenance"])
        for node in nodes[2:]:
            self.assertFalse(self.get("/v1/nodes/" + node)["maintenance"])

    def test_a_machine_that_was_switched_by_hand_is_switched_back(self):
        node = self.managed(2)
        self.fleet.set("--index", 2, "--power", "on")
        until("it is off again", lambda: "changing it" in self.steel.text())
        until("the state is ours", lambda: self.get("/v1/nodes/" + node)["power_state"] == "power off")
        self.assertFalse(self.get("/v1/nodes/" + node)["maintenance"])
        until("it is free again", lambda: self.power(node, "power on").status == 202)
        self.wait_node(node, power_state="power on", reservation=None)
