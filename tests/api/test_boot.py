"""Deploys from volumes without machines: real BMCs of the lab, and the test plays the machine that asks the boot file server.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import json
import re

import database
import faults_support
import harness
from faults_support import until
from ports import free_port

MAC = "52:54:00:aa:00:01"
# Two addresses of which the kernel cannot tell whose they are, as of machines behind a router.
MACHINE, STRANGER = "127.0.0.1", "127.0.0.2"
PATIENCE_S = 30  # of the daemon with a BMC: no test waits for its end
REFUSED = "410d6101"  # what iPXE reports of a wrong CHAP password
CHAP = "Chap secret%1&<x>"
VOLUMES = (
    {"target_iqn": "iqn.2010-10.com.example:v0", "target_lun": "0", "target_portal": "[2001:db8::5]:3260", "auth_method": "CHAP",
     "auth_username": "user0", "auth_password": CHAP},
    {"target_iqns": ["iqn.2010-10.com.example:v1", "iqn.2010-10.com.example:v1b"], "target_luns": ["1", "2"],
     "target_portals": ["192.0.2.1:3260", "192.0.2.2"], "auth_username": "user1", "auth_password": "SecondSecret9"},
)


class Boot(faults_support.Suite):
    @classmethod
    def setUpClass(cls):
        cls.boot_port = free_port()
        cls.options = ("boot_server.enabled=true", "boot_server.port=%d" % cls.boot_port, "conductor.automated_clean=false",
                       "conductor.sync_power_state_interval=0", "deploy.boot_progress_timeout=120",
                       "ipmi.command_retry_timeout=%d" % PATIENCE_S, "DEFAULT.debug=true", "DEFAULT.notification_level=info",
                       # what a machine reports late takes the lock for a moment, and a request waits for it
                       "conductor.node_locked_retry_attempts=30", "conductor.node_locked_retry_interval=1")
        super().setUpClass()
        cls.fleet = faults_support.Fleet(1)

    @classmethod
    def tearDownClass(cls):
        cls.fleet.close()
        super().tearDownClass()

    def setUp(self):
        self.fleet.set("--all", "--alive", "--latency-ms", 0, "--power", "off")
        self.uuid = self.node(driver="ipmi", driver_info=self.fleet.info(0), storage_interface="external",
                              properties={"capabilities": "iscsi_boot:True"})["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC})
        self.want(201, "POST", "/v1/volume/connectors", {"node_uuid": self.uuid, "type": "iqn", "connector_id": "iqn.2017-08.org.openstack.n"})
        self.add_volumes()
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.ask(self.uuid, verb)
            self.rest(self.uuid, state)

    def tearDown(self):
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % self.uuid, {"reason": "the test is over"})
        self.want(204, "DELETE", "/v1/nodes/" + self.uuid)

    def add_volumes(self):
        for index, properties in enumerate(VOLUMES):
            self.want(201, "POST", "/v1/volume/targets", {"node_uuid": self.uuid, "volume_type": "iscsi", "boot_index": index,
                                                          "volume_id": "v%d" % index, "properties": properties})

    # -- the machine

    def machine(self, path, address=MACHINE):
        """The boot script that a client at this address gets; "" while it gets none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.boot_port, timeout=harness.LIMIT_S, source_address=(address, 0))
        try:
            connection.request("GET", "/boot/%s%s" % (MAC.replace(":", "-"), path))
            answer = connection.getresponse()
            return answer.read().decode() if answer.status == 200 else ""
        except OSError:
            return ""
        finally:
            connection.close()

    def script(self, address=MACHINE):
        return self.machine(".ipxe", address)

    def report(self, script, phase, address=MACHINE):
        token = re.search(r"token=([0-9a-f]+)", script)
        return token is not None and self.machine("/progress?token=%s&phase=%s" % (token.group(1), phase), address) == "noted\n"

    def deploy(self):
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")

    def assert_harmless(self, script):
        self.assertTrue(script.startswith("#!ipxe\n"))
        for word in ("sanhook", "password", "token", CHAP, "SecondSecret9"):
            self.assertNotIn(word, script)

    def detachments(self):
        """What was told of volumes being detached, in order."""
        return re.findall(r'"event_type":\s*"baremetal.node.storage_detach.(\w+)"', self.steel.text())

    def undeploy(self):
        before = self.detachments()
        self.ask(self.uuid, "deleted")
        self.assertEqual(self.rest(self.uuid, "available")["power_state"], "power off")
        self.assertEqual(self.get("/v1/volume/targets")["targets"], [])
        self.assertEqual(len(self.get("/v1/volume/connectors")["connectors"]), 1)
        self.assertNotIn("sanhook", self.script())
        self.assertEqual(self.detachments(), before + ["start", "end"])

    # -- tests

    def test_the_script_has_every_volume_and_the_secrets_are_nowhere_else(self):
        self.assertNotIn("sanhook", self.script())
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        script = self.script()
        for line in ("set initiator-iqn iqn.2017-08.org.openstack.n", "set username user0",
                     "set password:uristring Chap%20secret%251%26%3Cx%3E", "set password SecondSecret9",
                     "sanhook --no-describe --drive 0x80 iscsi:[2001:db8::5]::3260:0:iqn.2010-10.com.example:v0",
                     "sanhook --drive 0x81 iscsi:192.0.2.1::3260:1:iqn.2010-10.com.example:v1 "
                     "iscsi:192.0.2.2::3260:2:iqn.2010-10.com.example:v1b"):
            self.assertIn(line, script)
        self.assertTrue(self.report(script, "san_failed&volume=0&try=1&errno=" + REFUSED))
        self.assertIn("the target refused the CHAP login", until("the failed attempt is told", lambda: self.phases(self.uuid)[-1]["detail"]
                                                                 if "attempt 1" in (self.phases(self.uuid)[-1]["detail"] or "") else ""))
        self.assertTrue(self.report(script, "san_hooked&try=2"))
        self.assertIsNone(self.rest(self.uuid, "active")["last_error"])
        token = re.search(r"token=([0-9a-f]+)", script).group(1)
        paths = ("/v1/nodes/" + self.uuid, "/v1/nodes/detail", "/v1/volume/targets?detail=True", "/v1/volume/targets",
                 "/v1/volume/targets?fields=properties", "/v1/nodes/%s/volume/targets?detail=True" % self.uuid,
                 "/v1/nodes/%s/timeline" % self.uuid, "/v1/nodes/%s/history" % self.uuid, "/v1/nodes/%s/states" % self.uuid)
        answers = json.dumps([self.get(path) for path in paths])
        self.undeploy()
        for secret in (CHAP, "Chap%20secret", "SecondSecret9", token, "\"password\""):
            self.assertNotIn(secret, answers)
            self.assertNotIn(secret, self.steel.text())

    def test_a_stranger_with_the_machines_mac_address_gets_no_secret(self):
        self.assert_harmless(self.script(STRANGER))  # before the deploy
        self.deploy()
        script = self.script()
        self.assertIn("sanhook", script)
        refused = self.script(STRANGER)
        self.assert_harmless(refused)
        self.assertIn("another address has the script of this boot", refused)
        self.assertFalse(self.report(script, "given_up", STRANGER))  # with the machine's own token
        self.assertFalse(self.report(script, "san_hooked", STRANGER))
        detail = until("the operator sees it", lambda: (lambda text: text if "refused" in text else "")(
            self.phases(self.uuid)[-1]["detail"] or ""))
        self.assertIn(STRANGER, detail)
        self.assertRegex(self.steel.text(), r"WARNING netboot.server .*%s.*refused" % STRANGER)
        self.assertEqual(self.get("/v1/nodes/" + self.uuid)["provision_state"], "wait call-back")
        self.assertTrue(self.report(script, "san_hooked"))
        self.rest(self.uuid, "active")
        self.assert_harmless(self.script(STRANGER))  # for the whole life of the instance
        until("that is told of the deployed node too", lambda: [row for row in self.phases(self.uuid) if row["phase"] == "script_refused"])
        for _ in range(20):
            self.script(STRANGER)
        self.undeploy()

    def test_a_machine_that_restarts_by_itself_comes_up_with_another_token(self):
        self.deploy()
        first = self.script()
        self.assertTrue(self.report(first, "san_hooked"))
        self.rest(self.uuid, "active")
        again = self.script()
        self.assertIn("sanhook", again)
        self.assertNotEqual(first, again)
        self.assertFalse(self.report(first, "boot_failed"))
        self.assertTrue(self.report(again, "boot_failed&volume=0&try=1&errno=1d852039"))
        until("the failure is told", lambda: "boot_failed" in (self.get("/v1/nodes/" + self.uuid)["last_error"] or ""))
        self.undeploy()

    def test_a_machine_that_steel_reboots_may_come_with_another_address(self):
        self.deploy()
        self.assertTrue(self.report(self.script(), "san_hooked"))
        self.rest(self.uuid, "active")
        self.assert_harmless(self.script(STRANGER))
        self.assertEqual(self.power(self.uuid, "rebooting").status, 202)
        self.wait_node(self.uuid, power_state="power on", reservation=None, target_power_state=None)
        moved = self.script(STRANGER)
        self.assertIn("sanhook", moved)
        self.assertTrue(self.report(moved, "san_hooked", STRANGER))
        self.undeploy()

    def test_a_machine_that_keeps_asking_delays_no_other(self):
        other = self.fake()
        self.powered(other)
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        machine = http.client.HTTPConnection("127.0.0.1", self.boot_port)
        answers = []
        for number in range(600):
            machine.request("GET", "/boot/%s.ipxe" % MAC.replace(":", "-"))
            answer = machine.getresponse()
            script = answer.read().decode()
            answers.append(answer.status)
            if number % 20 == 0:
                self.assertIn(self.power(other, "power on").status, (202, 409))  # 409: its last change is under way
        self.assertEqual(set(answers), {200})
        self.assertIn("sanhook", script)
        until("all of them are counted", lambda: "600 times" in (self.phases(self.uuid)[-1]["detail"] or ""))
        self.assertEqual([row["phase"] for row in self.phases(self.uuid)].count("iscsi_login"), 1)
        self.assertTrue(self.report(script, "san_hooked"))
        self.rest(self.uuid, "active")
        self.undeploy()

    def test_a_deploy_survives_kill_9_in_each_phase(self):
        self.fleet.set("--all", "--latency-ms", 10)
        for phase in ("prepare", "power_off", "attach_volumes", "record_boot", "set_boot_device", "power_on", "boot_script", "iscsi_login"):
            with self.subTest(phase=phase):
                self.ask(self.uuid, "active")
                until(phase, lambda: self.has_begun(phase))
                self.steel.kill()
                self.steel.again()
                until("the deploy ends", lambda: self.report(self.script(), "san_hooked") and
                      self.get("/v1/nodes/" + self.uuid)["provision_state"] == "active")
                self.assertIsNone(self.rest(self.uuid, "active")["last_error"])
                self.assertEqual([row for row in self.phases(self.uuid) if row["finished_at"] is None], [])
                self.undeploy()
                self.add_volumes()

    def has_begun(self, phase):
        """True if the newest deploy has reached the phase; the machine asks for its script if the deploy waits for that."""
        if phase == "iscsi_login":
            self.script()
        rows = [row for row in self.phases(self.uuid) if row["operation"] == "deploy"]
        return phase in [row["phase"] for row in rows if row["operation_uuid"] == rows[-1]["operation_uuid"]]

    def given_up(self):
        """A machine that has given up; its BMC is dead, so that switching it off takes long."""
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        script = self.script()
        self.fleet.set("--all", "--dead")
        self.assertTrue(self.report(script, "given_up&volume=0&try=6&errno=" + REFUSED))
        until("it is written down", lambda: "failing" in self.get("/v1/nodes/" + self.uuid)["driver_internal_info"])

    def test_kill_9_while_a_failed_wait_is_undone_keeps_the_reason(self):
        self.given_up()
        self.steel.kill()
        self.fleet.set("--all", "--alive")
        self.steel.again()
        failed = self.rest(self.uuid, "deploy failed")
        self.assertIn("the target refused the CHAP login", failed["last_error"])
        self.assertEqual(failed["power_state"], "power off")
        self.assertNotIn("sanhook", self.script())
        self.undeploy()

    def test_a_failure_does_not_appear_in_the_next_deploy(self):
        self.given_up()
        self.steel.kill()
        self.fleet.set("--all", "--alive")
        with database.opened(self.steel.folder) as stored:  # in maintenance no deadline ends the wait
            stored.execute("UPDATE nodes SET maintenance = 1")
        self.steel.again()
        self.undeploy()
        self.want(202, "DELETE", "/v1/nodes/%s/maintenance" % self.uuid)
        self.add_volumes()
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        self.assertTrue(self.report(self.script(), "san_hooked"))
        self.rest(self.uuid, "active")
        self.undeploy()
