"""Cross-origin requests of web pages, and health checks.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import os

import harness

ORIGIN = "https://dashboard.example.org"
PREFIX = "Access-Control-"


class Cors(harness.Suite):
    options = ("cors.allowed_origin=%s,https://other.example.org" % ORIGIN, "cors.max_age=600")

    def headers(self, method, path, **headers):
        """All CORS headers of the answer, and its status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.steel.port, timeout=harness.LIMIT_S)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        response.read()
        found = {name[len(PREFIX):]: value for name, value in response.getheaders() if name.startswith(PREFIX)}
        found["Vary"] = response.getheader("Vary")
        connection.close()
        return response.status, found

    def test_an_allowed_page_reads_answers_and_version_headers(self):
        status, found = self.headers("GET", "/v1/nodes", Origin=ORIGIN)
        self.assertEqual(status, 200)
        self.assertEqual(found["Allow-Origin"], ORIGIN)
        self.assertEqual(found["Allow-Credentials"], "true")
        self.assertEqual(found["Vary"], "Origin")
        for name in ("Version", "Minimum-Version", "Maximum-Version"):
            self.assertIn("X-OpenStack-Ironic-API-" + name, found["Expose-Headers"].split(","))

    def test_it_reads_errors_too(self):
        status, found = self.headers("GET", "/v1/zork", Origin=ORIGIN)
        self.assertEqual((status, found["Allow-Origin"]), (404, ORIGIN))

    def test_other_pages_and_programs_get_no_cors_headers(self):
        for headers in ({}, {"Origin": "https://evil.example.org"}, {"Origin": ORIGIN + ".evil.org"}):
            status, found = self.headers("GET", "/v1/nodes", **headers)
            self.assertEqual((status, found), (200, {"Vary": "Origin"}), headers)

    def test_a_browser_may_ask_before_it_writes(self):
        status, found = self.headers(
            "OPTIONS", "/v1/nodes", Origin=ORIGIN, Access_Control_Request_Method="PATCH",
            Access_Control_Request_Headers="X-Auth-Token, content-type, X-OpenStack-Ironic-API-Version")
        self.assertEqual(status, 200)
        self.assertEqual(found["Allow-Origin"], ORIGIN)
        self.assertIn("PATCH", found["Allow-Methods"].split(","))
        self.assertIn("X-Auth-Token", found["Allow-Headers"])
        self.assertEqual(found["Max-Age"], "600")

    def test_a_preflight_promises_only_what_is_served(self):
        for more in ({"Access_Control_Request_Method": "TRACE"},
                     {"Access_Control_Request_Method": "GET", "Access_Control_Request_Headers": "X-Evil"}):
            status, found = self.headers("OPTIONS", "/v1/nodes", Origin=ORIGIN, **more)
            self.assertEqual(found, {"Vary": "Origin"}, more)


class CorsForAll(Cors):
    options = ("cors.allowed_origin=*", "cors.allow_credentials=false", "cors.max_age=600")

    def test_an_allowed_page_reads_answers_and_version_headers(self):
        _, found = self.headers("GET", "/v1/nodes", Origin="https://anybody.example.org")
        self.assertEqual(found["Allow-Origin"], "https://anybody.example.org")
        self.assertNotIn("Allow-Credentials", found)

    def test_other_pages_and_programs_get_no_cors_headers(self):
        _, found = self.headers("GET", "/v1/nodes")
        self.assertEqual(found, {"Vary": "Origin"})


class NoCors(harness.Suite):
    def test_without_the_option_there_are_no_cors_headers(self):
        answer = self.call("GET", "/v1/nodes", headers={"Origin": ORIGIN})
        self.assertEqual([name for name in answer.headers if name.startswith(PREFIX)], [])
        self.assertIsNone(answer.headers["Vary"])

    def test_health_is_not_served_unless_enabled(self):
        self.refuse(404, "GET", "/healthcheck")


class Health(harness.Suite):
    switch = "/tmp/steel-observe-unhealthy-%d" % os.getpid()
    options = ("healthcheck.enabled=true", "healthcheck.disable_by_file_path=" + switch, "healthcheck.path=/is/it/well",
               "auth_strategy=http_basic", "http_basic_auth_user_file=/dev/null")

    def ask(self, path="/healthcheck"):
        connection = http.client.HTTPConnection("127.0.0.1", self.steel.port, timeout=harness.LIMIT_S)
        connection.request("GET", path)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, text

    def test_health_needs_no_login_and_can_be_switched_off(self):
        self.assertEqual(self.ask(), (200, b"OK"))
        self.assertEqual(self.ask("/is/it/well"), (200, b"OK"))
        self.assertEqual(self.ask("/is/it/ill")[0], 404)
        self.assertEqual(self.ask("/v1/nodes")[0], 401)
        with open(self.switch, "w"):
            pass
        try:
            self.assertEqual(self.ask(), (503, b"DISABLED BY FILE"))
        finally:
            os.unlink(self.switch)
        self.assertEqual(self.ask(), (200, b"OK"))
