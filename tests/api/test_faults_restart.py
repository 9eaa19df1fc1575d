"""The daemon is killed or stopped while nodes are in every busy or waiting state; the next start resumes them.

SPDX-License-Identifier: Apache-2.0
"""
import socket

import database
import faults_support
import harness
from faults_support import until
from observe_support import scrape

LONG = 600000  # ms: longer than any test; the process ends before
STEPS = [{"interface": "deploy", "step": step, "args": {}} for step in ("erase_devices", "erase_devices_metadata")]
LOOK = [{"interface": "deploy", "step": "look"}]

# Where a node is when the process dies: how it gets there from which state, the fake function that takes long, where it goes
# on to afterwards, the operation of the timeline.
WORKS = (
    ("verifying", None, "manage", {}, {"power.get": {"delay_ms": LONG}}, "manageable", "manage"),
    ("deploying", "available", "active", {}, {"deploy.prepare": {"delay_ms": LONG}}, "active", "deploy"),
    ("deploying", "available", "active", {}, {"deploy.deploy": {"delay_ms": LONG}}, "active", "deploy"),
    ("deleting", "active", "deleted", {}, {"deploy.tear_down": {"delay_ms": LONG}}, "available", "undeploy"),
    ("cleaning", "manageable", "provide", {}, {"deploy.erase_devices": {"delay_ms": LONG}}, "available", "automated_clean"),
    ("cleaning", "manageable", "clean", {"clean_steps": STEPS}, {"deploy.erase_devices_metadata": {"delay_ms": LONG}},
     "manageable", "clean"),
    ("inspecting", "manageable", "inspect", {}, {"inspect.inspect": {"delay_ms": LONG}}, "manageable", "inspect"),
    ("adopting", "manageable", "adopt", {}, {"deploy.take_over": {"delay_ms": LONG}}, "active", "adopt"),
    ("rescuing", "active", "rescue", {"rescue_password": "secret"}, {"rescue.rescue": {"delay_ms": LONG}}, "rescue", "rescue"),
    ("unrescuing", "rescue", "unrescue", {}, {"rescue.unrescue": {"delay_ms": LONG}}, "active", "unrescue"),
    ("servicing", "active", "service", {"service_steps": LOOK}, {"deploy.look": {"delay_ms": LONG}}, "active", "service"),
)
WAITS = (
    ("wait call-back", "available", "active", {}, {"deploy.deploy": {"wait": True}}, "deploy failed"),
    ("clean wait", "manageable", "provide", {}, {"deploy.erase_devices": {"wait": True}}, "clean failed"),
    ("inspect wait", "manageable", "inspect", {}, {"inspect.inspect": {"wait": True}}, "inspect failed"),
    ("rescue wait", "active", "rescue", {"rescue_password": "secret"}, {"rescue.rescue": {"wait": True}}, "rescue failed"),
    ("service wait", "active", "service", {"service_steps": LOOK}, {"deploy.look": {"wait": True}}, "active"),
)


class Restarts(faults_support.Suite):
    options = ("conductor.graceful_shutdown_timeout=1",)

    def begin(self, work):
        """A node in the state of a row, with work that takes long; its uuid."""
        state, origin, verb, more, orders = work[:5]
        node = self.fake()
        if origin is not None:
            self.to(node, origin)
        self.orders(node, orders)
        self.ask(node, verb, **more)
        function = next(iter(orders))
        self.wait_node(node, provision_state=state)
        steps = function in ("deploy.deploy", "deploy.look", "deploy.erase_devices", "deploy.erase_devices_metadata")
        until("it begins", lambda: any(phase["finished_at"] is None and (not steps or phase["phase"] == function)
                                       for phase in self.phases(node)) or state in [wait[0] for wait in WAITS])
        return node

    def unmute(self, nodes):
        """The orders of nodes are void from now on: they are written where only a dead daemon leaves them alone."""
        with database.opened(self.steel.folder) as stored:
            for node in nodes:
                stored.execute("UPDATE nodes SET driver_info = NULL WHERE uuid = ?", (node,))

    def check_went_on(self, nodes):
        for node, work in zip(nodes, WORKS):
            after = self.rest(node, work[5])
            self.assertIsNone(after["target_provision_state"], work)
            self.assertIsNone(after["last_error"], work)
            self.assertEqual((after["clean_step"], after["deploy_step"]), ({}, {}), work)
            self.assertFalse(after["maintenance"], work)
            phases = self.phases(node)
            self.assertEqual([phase for phase in phases if phase["finished_at"] is None], [], work)
            results = [phase["result"] for phase in phases if phase["operation"] == work[6]]
            self.assertIn("interrupted", results, work)
            self.assertIn("ok", results[results.index("interrupted"):] + results, work)

    def test_work_in_every_state_resumes_after_kill_9(self):
        nodes = [self.begin(work) for work in WORKS]
        self.steel.kill()
        self.unmute(nodes)
        self.steel.again()
        self.check_went_on(nodes)

    def test_work_in_every_state_resumes_after_sigterm(self):
        nodes = [self.begin(work) for work in WORKS]
        status, _ = self.steel.end()
        self.assertEqual(status, 0, self.steel.text()[-2000:])
        self.assertIn("no safe point", self.steel.text())
        self.unmute(nodes)
        self.steel.again()
        self.check_went_on(nodes)

    def test_waits_and_their_deadlines_outlive_kill_9(self):
        nodes = [self.begin(work) for work in WAITS]
        for node, work in zip(nodes, WAITS):
            self.rest(node, work[0])
        self.steel.kill()
        self.steel.settings.update({"conductor.%s_timeout" % name: "1" for name in
                                    ("deploy_callback", "clean_callback", "rescue_callback", "service_callback",
                                     "inspect_wait")})
        self.steel.again()
        for node, work in zip(nodes, WAITS):
            self.rest(node, work[0])
            self.assertEqual(self.get("/v1/nodes/" + node)["target_provision_state"] is None, False)
            if work[0] == "wait call-back":
                self.ask(node, "deleted")
                self.rest(node, "available")
            elif work[0] != "inspect wait":
                self.ask(node, "abort")
                self.assertIn("abort", self.rest(node, work[5])["last_error"])
        later = self.to(self.fake(), "available")  # its wait is over too soon to look at it
        self.orders(later, WAITS[0][4])
        self.ask(later, "active")
        self.assertIn("Timeout", self.rest(later, "deploy failed")["last_error"])
        self.steel.settings = {name: value for name, value in self.steel.settings.items() if "_timeout" not in name or "graceful" in name}

    def test_a_power_change_that_kill_9_interrupts_is_reported(self):
        node = self.to(self.fake(), "manageable")
        self.orders(node, {"power.set": {"delay_ms": LONG}})
        self.assertEqual(self.power(node, "power on").status, 202)
        until("it begins", lambda: self.phases(node)[-1]["operation"] == "power")
        self.steel.kill()
        self.steel.again()
        after = self.wait_node(node, target_power_state=None, reservation=None)
        self.assertIn("interrupted", after["last_error"])
        self.assertTrue(any("interrupted" in event["event"] for event in self.history(node)))
        self.assertEqual(self.phases(node)[-1]["result"], "interrupted")

    def test_steps_that_ended_before_sigterm_are_not_run_again(self):
        self.steel.end()
        self.steel.settings["conductor.graceful_shutdown_timeout"] = "30"
        self.steel.again()
        node = self.to(self.fake(), "manageable")
        self.orders(node, {"deploy.erase_devices_metadata": {"delay_ms": 700}})
        self.ask(node, "provide")
        until("the first step begins", lambda: [phase for phase in self.phases(node)
                                                if phase["phase"] == "deploy.erase_devices_metadata"])
        self.assertEqual(self.steel.end()[0], 0)
        self.steel.again()
        self.rest(node, "available")
        ran = [phase["phase"] for phase in self.phases(node) if phase["phase"].startswith("deploy.")]
        self.assertEqual(ran, ["deploy.erase_devices_metadata", "deploy.erase_devices"])
        self.steel.end()
        self.steel.settings["conductor.graceful_shutdown_timeout"] = "1"
        self.steel.again()

    def test_a_step_that_asks_to_be_called_again_survives_sigterm(self):
        nodes = [self.to(self.fake(), "manageable") for _ in range(5)]
        for node in nodes:
            self.orders(node, {"deploy.erase_devices": {"again": 1000, "again_ms": 5, "delay_ms": 5}})
            self.ask(node, "provide")
        for node in nodes:
            until("the step begins", lambda: [phase for phase in self.phases(node) if phase["phase"] == "deploy.erase_devices"])
        self.assertEqual(self.steel.end()[0], 0, self.steel.text()[-2000:])
        self.unmute(nodes)
        self.steel.again()
        for node in nodes:
            self.rest(node, "available")

    def test_a_failure_that_kill_9_interrupts_is_undone_and_fails_with_its_reason(self):
        node = self.to(self.fake(), "available")
        self.orders(node, {"deploy.deploy": {"fail": "DEPLOY_FAILED", "message": "no such disk"},
                           "deploy.clean_up": {"delay_ms": LONG}})
        self.ask(node, "active")
        until("the failure", lambda: [phase for phase in self.phases(node) if phase["result"] == "failed"])
        until("it is written down", lambda: "failing" in self.get("/v1/nodes/" + node)["driver_internal_info"])
        self.steel.kill()
        self.unmute([node])
        self.steel.again()
        after = self.rest(node, "deploy failed")
        self.assertIn("no such disk", after["last_error"])
        self.assertEqual([phase["phase"] for phase in self.phases(node)].count("deploy.deploy"), 1)
        self.assertNotIn("failing", after["driver_internal_info"])

    def test_nodes_whose_driver_was_taken_away_fail_with_a_reason(self):
        deploying, waiting = self.begin(WORKS[2]), self.begin(WAITS[0])
        self.rest(waiting, "wait call-back")
        self.steel.kill()
        self.late(waiting)
        before = dict(self.steel.settings)
        self.steel.settings["enabled_hardware_types"] = "ipmi"
        self.steel.again()
        for node in (deploying, waiting):
            self.assertIn("not enabled", self.rest(node, "deploy failed")["last_error"])
        self.steel.kill()
        self.steel.settings = before
        self.steel.again()

    def test_a_second_daemon_on_the_same_database_is_refused(self):
        other = faults_support.Service.__new__(faults_support.Service)
        other.folder, other.settings, other.lives = self.steel.folder, dict(self.steel.settings), 100
        text, status = other.refuse_to_start()
        self.assertEqual(status, 1)
        self.assertIn("another steeld (process %d" % self.steel.worker.pid, text)
        node = self.fake(orders={"power.set": {"delay_ms": 6000}})
        self.assertEqual(self.power(node, "power on").status, 202)
        self.refuse(409, "DELETE", "/v1/nodes/" + node)  # the first one's locks still count
        self.wait_node(node, power_state="power on", reservation=None)


IN_BAND = {"interface": "deploy", "step": "burn_in", "priority": 50}


def agent(**step):
    """Orders for a cleaning whose ramdisk has an agent with one step of its own."""
    return {"deploy.prepare_cleaning": {"wait": True}, "agent": {"clean": [dict(IN_BAND, **step)]}}


# Where a step that an agent drives is when the process dies: how it gets there, what the node must look like there, what the
# orders are afterwards, and where it goes on to. "calls": the agent calls whenever the node waits.
DRIVEN = (
    # the step has been started and waits
    ("available", "active", {}, {"deploy.deploy": {"wait": True}}, {}, "wait call-back", False, "active"),
    ("manageable", "provide", {}, {"deploy.erase_devices": {"wait": True}}, {}, "clean wait", False, "available"),
    ("active", "rescue", {"rescue_password": "secret"}, {"rescue.rescue": {"wait": True}}, {}, "rescue wait", False, "rescue"),
    ("manageable", "inspect", {}, {"inspect.inspect": {"wait": True}}, {}, "inspect wait", False, "manageable"),
    # the machine is prepared, its agent has not called yet
    ("manageable", "provide", {}, agent(), agent(), "clean wait", False, "available"),
    # the agent's own step runs
    ("manageable", "provide", {}, agent(running=10 ** 6), agent(), "clean wait", True, "available"),
    # the process dies while it asks what has become of the step
    ("available", "active", {}, {"deploy.deploy": {"wait": True}, "deploy.deploy.resume": {"delay_ms": LONG}}, {},
     "wait call-back", True, "active"),
    # the step was resumed and asks to be called again
    ("active", "rescue", {"rescue_password": "secret"},
     {"rescue.rescue": {"wait": True}, "rescue.rescue.resume": {"again": 10 ** 6, "again_ms": 20}}, {}, "rescuing", True, "rescue"),
)


class Driven(faults_support.Suite):
    """Steps that are resumed by an agent's calls, before and after kill -9."""
    options = ("conductor.graceful_shutdown_timeout=1",)
    tokens = {}

    def agent_calls(self, node):
        """The node's agent looks itself up when it has no token yet, and calls. It may come too late."""
        found = self.call("GET", "/v1/lookup?node_uuid=" + node)
        token = found.json["config"]["agent_token"] if found.status == 200 else "******"
        if token != "******":
            self.tokens[node] = token
        if node in self.tokens:
            self.call("POST", "/v1/heartbeat/" + node, {"callback_url": "https://192.0.2.7:9999", "agent_version": "9",
                                                           "agent_token": self.tokens[node]})

    def drive(self, node, check):
        """The agent calls whenever the node waits, until the check holds."""
        def look():
            found = self.get("/v1/nodes/" + node)
            if check(found):
                return found
            if found["provision_state"] in [row[5] for row in DRIVEN] and found["reservation"] is None:
                self.agent_calls(node)
            return None
        return until("the node goes on", look)

    def begin(self, row):
        origin, verb, more, orders, _, state, calls, _ = row
        node = self.to(self.fake(), origin)
        self.orders(node, orders)
        self.ask(node, verb, **more)
        if not calls:
            return self.rest(node, state) and node
        sent = "agent" in orders
        resumed = state == "wait call-back"
        self.drive(node, lambda found: found["provision_state"] == state and
                   (not sent or found["driver_internal_info"].get("step_sent")) and
                   (not resumed or found["reservation"] is not None))
        return node

    def test_steps_that_an_agent_drives_resume_after_kill_9(self):
        nodes = [self.begin(row) for row in DRIVEN]
        self.steel.kill()
        import json
        with database.opened(self.steel.folder) as stored:
            for node, row in zip(nodes, DRIVEN):
                stored.execute("UPDATE nodes SET driver_info = ? WHERE uuid = ?", (json.dumps({"fake": row[4]}), node))
                if "running" in str(row[3]):  # it has run long enough meanwhile
                    info = json.loads(stored.execute("SELECT driver_internal_info FROM nodes WHERE uuid = ?", (node,)).fetchone()[0])
                    info["fake_agent"]["left"] = 1
                    stored.execute("UPDATE nodes SET driver_internal_info = ? WHERE uuid = ?", (json.dumps(info), node))
        self.steel.again()
        for node, row in zip(nodes, DRIVEN):
            after = self.drive(node, lambda found: found["provision_state"] == row[7] and found["reservation"] is None)
            self.assertIsNone(after["last_error"], row)
            left = [key for key in after["driver_internal_info"] if key.startswith(("step", "clean", "deploy", "rescue", "inspect"))]
            self.assertEqual(left, [], row)
            phases = [phase["phase"] for phase in self.phases(node)]
            self.assertEqual(len([phase for phase in phases if phase == "deploy.burn_in"]), 1 if "agent" in row[3] else 0, row)


class Stopping(faults_support.Suite):
    options = ("conductor.workers_pool_size=60", "conductor.graceful_shutdown_timeout=20")

    def test_fifty_deploys_under_way_reach_a_safe_point_and_end_active_after_a_restart(self):
        orders = {"deploy.deploy": {"delay_ms": 1500}}
        nodes = [self.to(self.fake(), "available") for _ in range(50)]
        for node in nodes:
            self.orders(node, orders)
        for node in nodes:
            self.ask(node, "active")
        status, _ = self.steel.end()
        self.assertEqual(status, 0)
        self.assertNotIn("no safe point", self.steel.text())
        self.steel.again()
        for node in nodes:
            after = self.rest(node, "active")
            self.assertIsNone(after["last_error"])
            self.assertEqual([phase["phase"] for phase in self.phases(node) if phase["operation"] == "deploy"].count("deploy.deploy"), 1)

    def test_work_beyond_the_graceful_time_is_left_to_the_next_start(self):
        self.steel.end()
        self.steel.settings["conductor.graceful_shutdown_timeout"] = "1"
        self.steel.again()
        node = self.fake(orders={"power.get": {"delay_ms": LONG}})
        self.ask(node, "manage")
        self.wait_node(node, provision_state="verifying")
        status, _ = self.steel.end()
        self.assertEqual(status, 0)
        self.assertIn("no safe point", self.steel.text())
        with database.opened(self.steel.folder) as stored:
            stored.execute("UPDATE nodes SET driver_info = NULL WHERE uuid = ?", (node,))
        self.steel.again()
        self.assertIsNone(self.rest(node, "manageable")["last_error"])


class Held(faults_support.Suite):
    options = ("conductor.graceful_shutdown_timeout=1",)

    def test_callers_held_by_a_bmc_do_not_keep_it_from_ending(self):
        node = self.fake(orders={"management.get_boot_device": {"delay_ms": LONG}})
        with socket.create_connection(("127.0.0.1", self.steel.port)) as held:
            held.sendall(b"GET /v1/nodes/%s/management/boot_device HTTP/1.1\r\nHost: localhost\r\n\r\n" % node.encode())
            until("the call is under way", lambda: scrape(self.steel.port).get("steel_api_requests_in_progress") == 2)
            self.assertEqual(self.steel.end()[0], 0, self.steel.text()[-2000:])
        self.assertIn("1 requests are not answered", self.steel.text())
        self.steel.again()
        self.get("/v1/nodes/" + node)
