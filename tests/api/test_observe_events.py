"""The event stream as a client of a whole daemon sees it.

SPDX-License-Identifier: Apache-2.0
"""
import time

import harness
from observe_support import Listener, scrape, wait_until


class EventStream(harness.Suite):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.silent_since = time.monotonic()
        cls.silent = Listener(cls.steel.port, "?type=nothing.is.called.that")

    @classmethod
    def tearDownClass(cls):
        listener = Listener(cls.steel.port)
        super().tearDownClass()  # wants status 0: it does not wait for its listeners
        try:
            while True:
                listener.line()
        except EOFError:
            pass
        listener.close()
        cls.silent.close()

    def test_a_deployment_is_reported_step_by_step(self):
        node = self.available_node(name="told")
        with_filter, all_of_them = Listener(self.steel.port, "?node=" + node["uuid"]), Listener(self.steel.port)
        late = harness.TRANSPORT is not None  # between processes, news of what was before may still be on its way
        self.provision(node["uuid"], "active", "active")
        for listener in (with_filter, all_of_them):
            states, ids = [], []
            while not states or states[-1] != "active":
                event = listener.event()
                ids.append(int(event["id"]))
                if event["data"]["uuid"] != node["uuid"] and late and listener is all_of_them:
                    continue
                self.assertEqual(event["data"]["uuid"], node["uuid"])
                if event["event"].startswith("baremetal.node.provision_set."):
                    states.append(event["data"]["provision_state"])
                    self.assertEqual(event["data"]["name"], "told")
            self.assertEqual(states[states.index("deploying") if late else 0], "deploying")
            self.assertEqual(ids, sorted(set(ids)))
            listener.close()

    def test_a_name_selects_a_node_as_a_uuid_does(self):
        one, two = self.node(name="first-told"), self.node(name="second-told")
        listener = Listener(self.steel.port, "?node=second-told", "X-OpenStack-Ironic-API-Version: 1.82\r\n")
        self.assertEqual(listener.status, 200)
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % one["uuid"], {"reason": "quiet"})
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % two["uuid"], {"reason": "loud"})
        event = listener.event()
        self.assertEqual(event["data"]["uuid"], two["uuid"])
        self.assertEqual(event["data"]["maintenance_reason"], "loud")
        listener.close()

    def test_types_are_selected_by_prefix(self):
        listener = Listener(self.steel.port, "?type=baremetal.node.maintenance_set")
        node = self.node()
        self.provision(node["uuid"], "manage", "manageable")
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % node["uuid"], {})
        self.assertTrue(listener.event()["event"].startswith("baremetal.node.maintenance_set."))
        listener.close()

    def test_no_event_has_a_secret(self):
        listener = Listener(self.steel.port)
        node = self.node(driver_info={"fake_password": "hush-hush", "ipmi_password": "hush-hush"},
                         instance_info={"image_url": "http://hush-hush", "password": "hush-hush"})
        self.provision(node["uuid"], "manage", "manageable")
        self.want(204, "DELETE", "/v1/nodes/" + node["uuid"])
        seen = []
        while "manageable" not in [event["data"].get("provision_state") for event in seen]:
            seen.append(listener.event())
        self.assertNotIn("hush-hush", repr(seen))
        listener.close()

    def test_unread_events_are_bounded_and_their_loss_is_reported(self):
        node = self.node()
        silent = [Listener(self.steel.port, receive_size=4096) for _ in range(20)]
        attentive = Listener(self.steel.port, "?type=baremetal.node.update.&node=" + node["uuid"])
        seen, read_at = {listener: [] for listener in silent}, time.monotonic()
        sizes, rounds = [], 150
        for number in range(rounds):  # both events of a change fit into the memory of the kernel, but not all of them
            extra = {"bulk": "x" * 20000} if number < rounds - 1 else {"bulk": "x" * 200000}
            self.want(200, "PATCH", "/v1/nodes/" + node["uuid"], [{"op": "add", "path": "/extra", "value": extra}])
            sizes.append(scrape(self.steel.port).get("steel_api_event_stream_bytes"))
            events = [attentive.event(), attentive.event()]
            self.assertEqual([event["event"] for event in events],
                             ["baremetal.node.update.start", "baremetal.node.update.end"])
            if time.monotonic() - read_at > 10:  # who takes nothing for a minute is cut off
                read_at = time.monotonic()
                for listener in silent:
                    seen[listener].append(listener.event())
        self.assertIsNone(events[1]["data"]["extra"])
        self.assertEqual(events[1]["data"]["left_out"], ["extra"])
        # one text for all: 1 MiB that waits, and for each listener what is on its way
        self.assertLess(max(sizes), (1 << 20) + len(silent) * (64 << 10))
        behind = set(silent)
        while behind:
            for listener in list(behind):
                seen[listener].append(listener.event())
                if seen[listener][-1]["id"] == events[1]["id"]:
                    behind.remove(listener)
        for listener in silent:
            self.assertGreater(sum(event["data"]["lost"] for event in seen[listener] if event["event"] == "lost"), 0)
            listener.close()
        attentive.close()

    def test_unknown_nodes_and_arguments_are_refused(self):
        self.refuse(404, "GET", "/v1/events/stream?node=" + harness.random_uuid())
        self.assertIn("node, type", self.refuse(400, "GET", "/v1/events/stream?kind=x"))

    def test_a_silent_stream_sends_comments(self):
        self.assertEqual(self.silent.block(), [": still here"])
        self.assertGreater(time.monotonic() - self.silent_since, 14)

    def test_a_listener_costs_no_thread(self):
        def threads():
            with open("/proc/%d/status" % self.steel.process.pid) as file:
                return int(next(line for line in file if line.startswith("Threads:")).split()[1])
        before, known = threads(), scrape(self.steel.port).get("steel_api_event_stream_listeners")
        listeners = [Listener(self.steel.port) for _ in range(40)]
        self.assertLess(threads(), before + 8)
        for listener in listeners:
            listener.close()
        node = self.node()

        def gone():
            self.want(202, "PUT", "/v1/nodes/%s/maintenance" % node["uuid"], {})
            return scrape(self.steel.port).get("steel_api_event_stream_listeners") <= known
        wait_until(gone, "the listeners forgotten")
