"""Nova is told when a machine under one of its servers was switched, and nothing waits for it: a stand-in plays Nova.

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys

import faults_support
import harness
from faults_support import until

sys.path.insert(0, os.path.join(harness.ROOT, "tests/openstack"))
import nova_stand_in  # noqa: E402
import stand_in  # noqa: E402

EVENTS = "POST /v2.1/os-server-external-events"


class NovaEvents(faults_support.Suite):
    @classmethod
    def setUpClass(cls):
        cls.cloud = nova_stand_in.Cloud()
        cls.addClassCleanup(cls.cloud.stop)
        cls.options = ("conductor.sync_power_state_interval=1", "keystone_authtoken.auth_url=" + cls.cloud.auth_url,
                       "keystone_authtoken.username=" + stand_in.USER, "keystone_authtoken.password=" + stand_in.PASSWORD,
                       "keystone_authtoken.project_name=" + stand_in.PROJECT, "conductor.force_power_state_during_sync=false",
                       "nova.connect_retries=2", "nova.connect_retry_delay=0", "nova.status_code_retries=1", "nova.status_code_retry_delay=0")
        super().setUpClass()

    def setUp(self):
        self.cloud.set({"faults": [], "forget": True})
        with self.cloud.lock:
            self.cloud.events = []
        self.server = harness.random_uuid()
        self.cloud.servers.add(self.server)
        self.uuid = self.fake(instance_uuid=self.server)

    def switch(self, target, state, node=None):
        self.assertEqual(self.power(node or self.uuid, target).status, 202)
        self.wait_node(node or self.uuid, power_state=state, target_power_state=None, reservation=None)

    def told(self):
        """What Nova was told of the server of this test: of the last one's, something may still come."""
        return [(server, tag) for server, tag in self.cloud.told() if server == self.server]

    def assert_told(self, *tags):
        wanted = [(self.server, tag) for tag in tags]
        until("Nova was told %s" % (tags,), lambda: self.told() == wanted)

    def test_each_change_of_the_power_is_told(self):
        self.switch("power on", "power on")
        self.assert_told("POWER_ON")
        self.switch("power off", "power off")
        self.assert_told("POWER_ON", "POWER_OFF")
        self.switch("rebooting", "power on")
        self.assert_told("POWER_ON", "POWER_OFF", "POWER_ON")

    def test_a_node_without_a_server_is_not_nova_s(self):
        alone = self.fake()
        self.switch("power on", "power on", alone)
        self.switch("power on", "power on")
        self.assert_told("POWER_ON")
        self.assertEqual(self.cloud.asked(EVENTS), 1)

    def test_a_machine_that_somebody_else_has_switched_is_told(self):
        self.switch("power on", "power on")
        self.assert_told("POWER_ON")
        for verb, state in (("manage", "manageable"),):
            self.ask(self.uuid, verb)
            self.rest(self.uuid, state)
        self.orders(self.uuid, {"power.get": {"state": "power off"}})
        self.wait_node(self.uuid, power_state="power off")
        self.assert_told("POWER_ON", "POWER_OFF")

    def test_nova_s_refusal_is_logged_and_the_change_is_good(self):
        self.cloud.servers.discard(self.server)
        self.switch("power on", "power on")
        self.steel.wait_log(r"(Nova was not told of a power change: Nova answered 404.*No instances found)")
        self.assertIsNone(self.get("/v1/nodes/" + self.uuid)["last_error"])

    def test_an_error_of_nova_that_passes_is_tried_again(self):
        self.cloud.set({"faults": [{"match": EVENTS, "times": 1, "kind": "503"}]})
        self.switch("power on", "power on")
        self.assert_told("POWER_ON")

    def test_a_nova_that_does_not_answer_holds_nothing_up(self):
        with self.cloud.held(EVENTS, "before") as met:
            self.switch("power on", "power on")
            self.assertTrue(met.wait(harness.LIMIT_S))
            for target in ("power off", "power on", "power off", "power on"):
                self.switch(target, target)
        # of what has waited the last state counts
        until("Nova was told", lambda: self.told()[-1:] == [(self.server, "POWER_ON")])
        self.assertLessEqual(len(self.told()), 2)


class Off(NovaEvents):
    """[nova]send_power_notifications = false."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.steel.end()
        cls.steel.settings["nova.send_power_notifications"] = "false"
        cls.steel.again()

    def test_each_change_of_the_power_is_told(self):
        self.switch("power on", "power on")
        self.switch("power off", "power off")
        self.assertEqual(self.cloud.asked(EVENTS), 0)

    test_a_node_without_a_server_is_not_nova_s = test_a_machine_that_somebody_else_has_switched_is_told = None
    test_nova_s_refusal_is_logged_and_the_change_is_good = test_an_error_of_nova_that_passes_is_tried_again = None
    test_a_nova_that_does_not_answer_holds_nothing_up = None
