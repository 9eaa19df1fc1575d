"""/metrics: the counts are right.

SPDX-License-Identifier: Apache-2.0
"""
import os
import time

import database
import harness
from observe_support import Daemon, get, scrape, wait_until

REQUESTS = "steel_api_requests_total"
DURATION = "steel_api_request_duration_seconds"


class MetricsOfApi(harness.Suite):
    options = ("metrics.allow_remote=false",)

    def test_requests_are_counted_by_route_method_and_status(self):
        before = scrape(self.steel.port)
        node = self.node()
        for _ in range(3):
            self.get("/v1/nodes/" + node["uuid"])
        self.refuse(404, "GET", "/v1/nodes/" + harness.random_uuid())
        self.refuse(404, "GET", "/v1/zork")
        self.refuse(405, "PUT", "/v1/nodes")
        after = scrape(self.steel.port)

        def grown(**labels):
            return after.get(REQUESTS, **labels) - before.get(REQUESTS, **labels)
        self.assertEqual(grown(method="GET", route="/v1/nodes/{node}", status="200"), 3)
        self.assertEqual(grown(method="GET", route="/v1/nodes/{node}", status="404"), 1)
        self.assertEqual(grown(method="POST", route="/v1/nodes", status="201"), 1)
        self.assertEqual(grown(route="(none)", status="404"), 1)
        self.assertEqual(grown(route="(none)", status="405"), 1)
        self.assertEqual(grown(route="/metrics", status="200"), 1)
        self.assertEqual(after.types[REQUESTS], "counter")

    def test_durations_are_a_histogram(self):
        for _ in range(5):
            self.get("/v1/nodes")
        metrics = scrape(self.steel.port)
        labels = {"method": "GET", "route": "/v1/nodes"}
        self.assertEqual(metrics.types[DURATION], "histogram")
        count = metrics.get(DURATION + "_count", **labels)
        self.assertEqual(count, metrics.get(REQUESTS, **labels))
        buckets = sorted((float(dict(pairs)["le"]), value) for (name, pairs), value in metrics.values.items()
                         if name == DURATION + "_bucket" and set(labels.items()) <= set(pairs))
        self.assertEqual(buckets[-1], (float("inf"), count))
        self.assertEqual([value for _, value in buckets], sorted(value for _, value in buckets))
        total = metrics.get(DURATION + "_sum", **labels)
        self.assertGreater(total, 0)

    def test_nodes_are_counted_by_their_states(self):
        for _ in range(2):
            self.provision(self.node()["uuid"], "manage", "manageable")
        node = self.node()
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % node["uuid"], {})

        def counted():
            metrics = scrape(self.steel.port)
            return metrics.get("steel_nodes", provision_state="enroll", maintenance="true") == 1 and metrics
        metrics = wait_until(counted, "the node in maintenance counted")
        nodes = self.get("/v1/nodes")["nodes"]
        self.assertEqual(metrics.get("steel_nodes"), len(nodes))
        self.assertEqual(metrics.get("steel_nodes", provision_state="manageable"),
                         len([node for node in nodes if node["provision_state"] == "manageable"]))
        self.assertEqual(metrics.get("steel_conductor_alive", hostname=self.steel.host), 1)
        self.assertGreater(metrics.get("steel_database_size_bytes"), 4096)

    def test_a_locked_node_is_counted(self):
        node = self.node(driver_info={"fake_power_delay": "30"})
        self.assertEqual(scrape(self.steel.port).types["steel_node_locks"], "gauge")
        self.want(204, "DELETE", "/v1/nodes/" + node["uuid"])

    def test_transitions_and_calls_are_counted(self):
        before = scrape(self.steel.conductor_metrics)
        node = self.node()
        self.provision(node["uuid"], "manage", "manageable")
        self.refuse(400, "PUT", "/v1/nodes/%s/states/provision" % node["uuid"], {"target": "active"})
        after = scrape(self.steel.conductor_metrics)
        for event, state in (("manage", "verifying"), ("done", "manageable")):
            self.assertEqual(after.get("steel_provision_transitions_total", event=event, state=state) -
                             before.get("steel_provision_transitions_total", event=event, state=state), 1)
        self.assertEqual(after.get("steel_conductor_calls_total", method="create", result="ok") -
                         before.get("steel_conductor_calls_total", method="create", result="ok"), 1)
        self.assertGreaterEqual(after.get("steel_conductor_workers_limit"), 3)
        self.assertGreater(after.get("steel_database_statements_total"),
                           before.get("steel_database_statements_total"))
        self.assertEqual(after.get("steel_ipmi_submissions_total"), 0)

    def test_the_process_is_as_linux_says(self):
        metrics = scrape(self.steel.port)
        with open("/proc/%d/statm" % self.steel.process.pid) as file:
            resident = int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
        self.assertLess(abs(metrics.get("process_resident_memory_bytes") - resident), 32 << 20)
        self.assertLess(abs(metrics.get("process_start_time_seconds") - time.time()), 3600)
        self.assertEqual(metrics.get("steel_build_info"), 1)
        # those before this one may end a moment after their answer
        wait_until(lambda: scrape(self.steel.port).get("steel_api_requests_in_progress") == 1, "no request but this one")

    def test_requests_through_a_proxy_are_refused(self):
        for header in ("X-Forwarded-For", "Forwarded"):
            status, _, text = get(self.steel.port, "/metrics", {header: "for=192.0.2.1"})
            self.assertEqual(status, 403)
            self.assertIn("allow_remote", text)
        self.assertEqual(get(self.steel.port, "/metrics?x=1")[0], 400)


class MetricsFromOutside(harness.unittest.TestCase):
    def test_metrics_are_open_to_others_only_if_configured(self):
        daemon = Daemon("metrics.allow_remote=false")
        try:
            status, _, _ = get(daemon.port, "/metrics", {"X-Forwarded-For": "192.0.2.1"})
            self.assertEqual(status, 403)
            daemon.configure("metrics.allow_remote=true")
            daemon.reload()
            status, _, _ = get(daemon.port, "/metrics", {"X-Forwarded-For": "192.0.2.1"})
            self.assertEqual(status, 200)
        finally:
            self.assertEqual(daemon.stop(), 0)

    def test_metrics_need_no_token(self):
        daemon = Daemon("DEFAULT.auth_strategy=http_basic", "DEFAULT.http_basic_auth_user_file=/dev/null")
        try:
            self.assertEqual(get(daemon.port, "/v1/nodes")[0], 401)
            scrape(daemon.port)
        finally:
            daemon.stop()


class MetricsOfPower(harness.unittest.TestCase):
    def test_a_sweep_with_unreachable_machines_is_counted(self):
        daemon = Daemon("conductor.sync_power_state_interval=1", "conductor.power_state_sync_max_retries=100000")
        suite = harness.Suite("node")
        suite.steel, suite.connections = daemon, harness.threading.local()
        try:
            suite.node(driver="ipmi", driver_info={"ipmi_address": "127.0.0.1", "ipmi_port": 9,
                                                   "ipmi_username": "x" * 99, "ipmi_password": "x"})
            with database.opened(daemon.folder) as stored:
                stored.execute("UPDATE nodes SET provision_state = 'manageable', power_state = 'power on'")

            def swept():
                metrics = scrape(daemon.port)  # perhaps between the two numbers of a sweep
                return [metrics.get("steel_power_sync_last_sweep_" + what) for what in ("readings", "failures")] == [1, 1] and metrics
            metrics = wait_until(swept, "a sweep")
            self.assertLess(metrics.get("steel_power_sync_last_sweep_duration_seconds"), 20)
            self.assertGreaterEqual(metrics.get("steel_power_sync_failures_total"), 1)
        finally:
            self.assertEqual(daemon.stop(), 0)
