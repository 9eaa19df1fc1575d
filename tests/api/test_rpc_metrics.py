"""A process with --role conductor has no API: it tells its counts on a listener of its own.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import subprocess

import harness
import rpc_support
from observe_support import get, scrape, wait_until
from ports import free_port

CALLS = "steel_conductor_calls_total"


class OfConductor(rpc_support.Pair):
    transport = "json-rpc"
    options = ("conductor.sync_power_state_interval=1",)

    def answer(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.steel.conductor_metrics, timeout=harness.LIMIT_S)
        self.addCleanup(connection.close)
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def test_its_own_work_is_counted_there_and_nowhere_else(self):
        self.assertTrue(self.reaches(self.fake()))
        conductor, api = scrape(self.steel.conductor_metrics), scrape(self.steel.port)
        self.assertEqual(conductor.get("steel_build_info"), 1)
        self.assertGreaterEqual(conductor.get(CALLS, method="create", result="ok"), 1)
        self.assertGreaterEqual(conductor.get("steel_conductor_workers_limit"), 3)
        self.assertGreater(conductor.get("steel_database_statements_total"), 0)
        self.assertNotIn(CALLS, api.types)
        self.assertNotIn("steel_conductor_workers_busy", api.types)
        for family in ("steel_api_requests_total", "steel_nodes"):  # all conductors would say the same of them
            self.assertIn(family, api.types)
            self.assertNotIn(family, conductor.types)

    def test_a_sweep_is_counted(self):
        def swept():
            return scrape(self.steel.conductor_metrics).get("steel_power_sync_sweeps_total") >= 1
        wait_until(swept, "a sweep")

    def test_nothing_else_is_served(self):
        for path in ("/", "/v1/nodes", "/metrics/", "/healthcheck"):
            self.assertEqual(self.answer("GET", path)[0], 404)
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            self.assertEqual(self.answer(method, "/metrics")[0], 405)
        self.assertEqual(self.answer("HEAD", "/metrics"), (200, ""))

    def test_what_comes_through_a_proxy_is_refused(self):
        for header in ("X-Forwarded-For", "Forwarded"):
            status, _, text = get(self.steel.conductor_metrics, "/metrics", {header: "for=192.0.2.1"})
            self.assertEqual(status, 403)
            self.assertIn("allow_remote", text)

    def test_a_port_that_is_taken_is_told(self):
        taken = free_port()
        settings = dict(self.steel.settings, **{"metrics.port": str(self.steel.conductor_metrics), "host": "127.0.0.1:%d" % taken,
                                                "json_rpc.port": str(taken), "database.connection": "sqlite:///%s/other.sqlite"
                                                % self.temporary_folder()})
        words = [word for name, value in settings.items() for word in ("--set", name + "=" + value)]
        ended = subprocess.run([harness.STEELD, "--role", "conductor", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, timeout=harness.LIMIT_S, check=False)
        self.assertNotEqual(ended.returncode, 0)
        self.assertRegex(ended.stdout, r"\[metrics\]host_ip and port: .*in use")


class OfConductorOverRabbit(rpc_support.Pair):
    """The bus is no way in: a conductor there listens for nobody else."""

    transport = "oslo"
    options = ("metrics.allow_remote=true",)

    def test_it_is_open_to_others_if_that_is_configured(self):
        self.assertEqual(get(self.steel.conductor_metrics, "/metrics", {"X-Forwarded-For": "192.0.2.1"})[0], 200)
        self.assertGreaterEqual(scrape(self.steel.conductor_metrics).get(CALLS, result="ok"), 1)


class Unasked(rpc_support.Pair):
    transport = "json-rpc"

    def test_without_a_port_there_is_no_listener(self):
        self.kill_conductor()
        del self.steel.settings["metrics.port"]
        before = self.steel.text().count("metrics are served")
        self.start_conductor()
        wait_until(lambda: self.steel.text().count("works as conductor") == 2, "the conductor works")
        self.assertEqual(self.steel.text().count("metrics are served"), before)


if __name__ == "__main__":
    harness.unittest.main()
