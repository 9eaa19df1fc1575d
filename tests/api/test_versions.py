"""Microversions, discovery documents, routing.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import json

import harness
from harness import LATEST, VERSION_HEADER, random_uuid


class Versions(harness.Suite):
    def test_the_root_names_the_served_versions(self):
        root = self.get("/")
        self.assertEqual(root["name"], "OpenStack Ironic API")
        self.assertEqual(root["default_version"]["id"], "v1")
        self.assertEqual(root["default_version"]["min_version"], "1.1")
        self.assertEqual(root["default_version"]["version"], LATEST)
        self.assertEqual(root["versions"], [root["default_version"]])
        self.assertTrue(root["default_version"]["links"][0]["href"].endswith("/v1/"))

    def test_v1_lists_what_the_version_knows(self):
        old, new = self.get("/v1", "1.1"), self.get("/v1")
        self.assertEqual(old["id"], "v1")
        self.assertEqual(old["media_types"],
                         {"base": "application/json", "type": "application/vnd.openstack.ironic.v1+json"})
        for name in ("nodes", "ports", "chassis", "drivers"):
            self.assertEqual([link["rel"] for link in old[name]], ["self", "bookmark"])
            self.assertIn("/v1/" + name, old[name][0]["href"])
            self.assertNotIn("/v1/", old[name][1]["href"])
        for name in ("portgroups", "volume", "lookup", "heartbeat", "conductors", "allocations", "events",
                     "deploy_templates", "shards"):
            self.assertNotIn(name, old)
            self.assertIn(name, new)

    def test_without_a_header_the_version_is_the_oldest(self):
        self.assertEqual(self.call("GET", "/v1/nodes", version=None).headers[VERSION_HEADER], "1.1")

    def test_latest_is_the_newest(self):
        self.assertEqual(self.call("GET", "/v1/nodes", version="latest").headers[VERSION_HEADER], LATEST)

    def test_the_standard_header_counts_and_wins(self):
        answer = self.call("GET", "/v1/portgroups", version="1.30",
                           headers={"OpenStack-API-Version": "compute 2.1, baremetal 1.30", VERSION_HEADER: "1.5"})
        self.assertEqual((answer.status, answer.headers[VERSION_HEADER]), (200, "1.30"))

    def test_versions_out_of_range_are_not_acceptable(self):
        for version in ("1.0", "1.116", "1.999", "2.0", "0.1", "x", "1", "1.", ".1", "1.1.1", "1.-1", "99999999999.1", ""):
            answer = self.call("GET", "/v1/nodes", version=version)
            self.assertEqual(answer.status, 406, version)
            self.assertNotIn(VERSION_HEADER, answer.headers)
            self.assertEqual(answer.fault["title"], "Not Acceptable")

    def test_v1_may_be_omitted_and_slashes_added(self):
        for path in ("/chassis", "/v1/chassis/", "/chassis/", "//v1//chassis"):
            self.assertEqual(self.get(path), {"chassis": []})

    def test_unknown_paths_are_not_found(self):
        for path in ("/v1/zork", "/zork", "/v2/nodes", "/v1/nodes/%s/zork" % random_uuid(), "/v1/" + "a/" * 300,
                     "/v1/" + "a" * 5000):
            self.assertEqual(self.call("GET", path).status, 404, path)

    def test_wrong_methods_name_the_right_ones(self):
        answer = self.call("PUT", "/v1/nodes", {})
        self.assertEqual((answer.status, answer.headers["Allow"]), (405, "DELETE, GET, PATCH, POST"))
        self.assertEqual(self.call("HEAD", "/v1/heartbeat/x").status, 405)
        self.assertEqual(self.call("GET", "/v1/events").status, 405)
        self.assertEqual(self.call("GET", "/v1/nodes/x/states/power").status, 405)
        self.assertEqual(self.call("GET", "/v1/nodes/x/maintenance").status, 405)
        self.assertEqual(self.call("PUT", "/v1/nodes/x", {}).status, 405)
        self.assertEqual(self.call("OPTIONS", "/v1/nodes").status, 200)
        self.assertEqual(self.call("BREW", "/v1/nodes").status, 405)

    def test_hidden_routes_have_the_form_of_fault_that_ironic_gives_them(self):
        for path, version, form in (("/v1/conductors", "1.48", "faultstring"), ("/v1/portgroups", "1.22", "faultstring"),
                                    ("/v1/volume", "1.31", "faultstring"), ("/v1/lookup", "1.21", "faultstring"),
                                    ("/v1/allocations", "1.51", "title"), ("/v1/shards", "1.81", "title"),
                                    ("/v1/deploy_templates", "1.54", "title")):
            answer = self.call("GET", path, version=version)
            self.assertEqual(answer.status, 404, path)
            self.assertIn(form, answer.fault, path)

    def test_routes_newer_than_the_request_are_hidden(self):
        node = self.node(name="gated")["uuid"]
        rows = [
            ("GET", "/v1/portgroups", "1.22", 404), ("GET", "/v1/volume", "1.31", 404),
            ("GET", "/v1/volume/targets", "1.31", 404), ("GET", "/v1/conductors", "1.48", 404),
            ("GET", "/v1/shards", "1.81", 404), ("GET", "/v1/deploy_templates", "1.54", 404),
            ("GET", "/v1/lookup?node_uuid=" + node, "1.21", 404), ("POST", "/v1/heartbeat/" + node, "1.21", 404),
            ("GET", "/v1/allocations", "1.51", 404), ("POST", "/v1/allocations", "1.51", 405),
            ("PATCH", "/v1/allocations/x", "1.56", 405), ("GET", "/v1/nodes/%s/portgroups" % node, "1.23", 404),
            ("GET", "/v1/nodes/%s/vifs" % node, "1.27", 404), ("GET", "/v1/nodes/%s/volume" % node, "1.31", 404),
            ("GET", "/v1/nodes/%s/bios" % node, "1.39", 404), ("GET", "/v1/nodes/%s/allocation" % node, "1.51", 404),
            ("GET", "/v1/nodes/%s/history" % node, "1.77", 404), ("GET", "/v1/nodes/%s/inventory" % node, "1.80", 404),
            ("GET", "/v1/nodes/%s/traits" % node, "1.36", 406),
            ("PUT", "/v1/nodes/%s/traits/CUSTOM_A" % node, "1.36", 405),
            ("DELETE", "/v1/nodes/%s/traits" % node, "1.36", 404),
            ("GET", "/v1/nodes/%s/bios?fields=name" % node, "1.73", 400),
            ("GET", "/v1/ports?node=somebody", "1.4", 406),
            ("GET", "/v1/drivers/fake-hardware/raid/logical_disk_properties", "1.11", 406),
            ("PUT", "/v1/nodes/%s/states/raid" % node, "1.11", 406),
            ("PUT", "/v1/nodes/%s/states/boot_mode" % node, "1.75", 404),
            ("PUT", "/v1/nodes/%s/states/secure_boot" % node, "1.75", 404),
            ("PUT", "/v1/nodes/%s/management/inject_nmi" % node, "1.28", 404),
        ]
        for method, path, version, status in rows:
            body = None if method == "GET" else {}
            self.assertEqual(self.call(method, path, body, version).status, status, (method, path, version))

    def test_health_checks_are_off_unless_configured(self):
        self.assertEqual(self.call("GET", "/healthcheck").status, 404)


class Health(harness.Suite):
    options = ("healthcheck.enabled=true",)

    def test_health_needs_no_version(self):
        answer = self.call("GET", "/healthcheck", version=None)
        self.assertEqual((answer.status, answer.body), (200, b"OK"))


class PublicEndpoint(harness.Suite):
    options = ("api.public_endpoint=https://metal.example:8443/baremetal/",)

    def test_links_start_at_the_public_endpoint(self):
        node = self.node()
        self.assertEqual(node["links"][0]["href"], "https://metal.example:8443/baremetal/v1/nodes/" + node["uuid"])
        self.assertEqual(node["links"][1]["href"], "https://metal.example:8443/baremetal/nodes/" + node["uuid"])


class Pinned(harness.Suite):
    options = ("pin_release_version=21.4",)

    def test_a_pinned_release_has_the_last_word(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.steel.port, timeout=harness.LIMIT_S)
        self.addCleanup(connection.close)
        for version, status, served in (("latest", 200, "1.82"), ("1.82", 200, "1.82"), ("1.83", 406, None)):
            connection.request("GET", "/v1/nodes", headers={VERSION_HEADER: version})
            answer = connection.getresponse()
            answer.read()
            self.assertEqual((answer.status, answer.headers[VERSION_HEADER]), (status, served), version)
            self.assertEqual(answer.headers["X-OpenStack-Ironic-API-Maximum-Version"], "1.82")
        connection.request("GET", "/")
        root = json.loads(connection.getresponse().read())
        self.assertEqual(root["default_version"]["version"], "1.82")
