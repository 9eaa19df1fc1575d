"""The form of requests: methods, query, headers, the beginning of a body; and requests that only a web page makes.

SPDX-License-Identifier: Apache-2.0
"""
import harness


class Requests(harness.Suite):
    def test_head_is_answered_wherever_get_is(self):
        node = self.node()["uuid"]
        for path in ("/", "/v1", "/v1/nodes", "/v1/nodes/" + node, "/v1/nodes/%s/states" % node,
                     "/v1/events/stream"):
            answer = self.call("HEAD", path)
            self.assertEqual((answer.status, answer.body), (200, b""), path)
        self.assertEqual(self.call("HEAD", "/v1/nodes/absent").status, 404)
        self.assertEqual(self.call("HEAD", "/v1/heartbeat/" + node).status, 405)

    def test_an_argument_given_twice_is_refused(self):
        for query in ("fields=uuid&fields=name", "maintenance=true&maintenance=false", "limit=1&limit=1"):
            self.assertIn("twice", self.refuse(400, "GET", "/v1/nodes?" + query))

    def test_blanks_around_a_header_do_not_belong_to_it(self):
        answer = self.raw(b"GET /v1/nodes HTTP/1.1\r\nHost: localhost\r\nX-OpenStack-Ironic-API-Version:  1.50 \t\r\n"
                          b"Connection: close\r\n\r\n").decode()
        self.assertIn(" 200 ", answer.split("\r\n")[0])
        self.assertIn("X-OpenStack-Ironic-API-Version: 1.50\r\n", answer)

    def test_a_byte_order_mark_before_the_body_is_skipped(self):
        body = b"\xef\xbb\xbf{\"driver\": \"fake-hardware\"}"
        head = ("POST /v1/nodes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                "Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body))
        self.assertIn(b" 201 ", self.raw(head.encode() + body).split(b"\r\n")[0])


class WebPages(harness.Suite):
    """Without authentication the API is for this machine, but not for web pages in its browser."""

    options = ("api.allowed_hosts=bare.example", "cors.allowed_origin=http://console.example",
               "api.public_endpoint=http://metal.example:6385/")

    def ask(self, method="GET", body=None, **headers):
        sent = {"Content-Type": "application/json", "X-OpenStack-Ironic-API-Version": "1.82"}
        sent.update((name.replace("_", "-"), value) for name, value in headers.items())
        data = body or ""
        lines = "".join("%s: %s\r\n" % pair for pair in sent.items() if pair[1] is not None)
        text = "%s /v1/nodes HTTP/1.1\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (method, lines, len(data), data)
        return int(self.raw(text.encode()).split(b" ")[1])

    def test_the_host_is_one_of_the_services_own(self):
        for host in ("127.0.0.1:6385", "localhost", "LOCALHOST:1", "[::1]:6385", "192.0.2.1", "bare.example", "metal.example"):
            self.assertEqual(self.ask(Host=host), 200, host)
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:6385"):
            self.assertEqual(self.ask(Host=host), 403, host)

    def test_foreign_pages_may_not_call(self):
        own = "127.0.0.1:6385"
        node = '{"driver": "fake-hardware"}'
        self.assertEqual(self.ask("POST", node, Host=own), 201)
        self.assertEqual(self.ask("POST", node, Host=own, Origin="http://" + own), 201)
        self.assertEqual(self.ask("POST", node, Host=own, Origin="http://console.example", Sec_Fetch_Site="cross-site"), 201)
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}):
            self.assertEqual(self.ask("POST", node, Host=own, **headers), 403, headers)
            self.assertEqual(self.ask(Host=own, **headers), 200, headers)  # what it may not read

    def test_a_body_says_that_it_is_json(self):
        node = '{"driver": "fake-hardware"}'
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None):
            self.assertEqual(self.ask("POST", node, Host="localhost", Content_Type=kind), 415, kind)
        for kind in ("application/json", "Application/JSON; charset=utf-8"):
            self.assertEqual(self.ask("POST", node, Host="localhost", Content_Type=kind), 201, kind)
