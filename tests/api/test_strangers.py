"""The cost of strangers: bodies without a login, bodies that the policy refuses, wrong passwords, tokens that Keystone
chokes on.

SPDX-License-Identifier: Apache-2.0
"""
import datetime
import http.client
import json
import os
import re
import select
import socket
import time

import auth_basic
import auth_support
import harness
import observe_support

MIB = 1024 * 1024
FEW, OTHER = "127.0.0.1", "127.0.0.2"  # addresses of clients


def head(method, path, length, **headers):
    """The head of a request with a body that follows later."""
    sent = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": length,
            "X-OpenStack-Ironic-API-Version": harness.LATEST}
    sent.update((name.replace("_", "-"), value) for name, value in headers.items())
    lines = "".join("%s: %s\r\n" % pair for pair in sent.items())
    return ("%s %s HTTP/1.1\r\n%s\r\n" % (method, path, lines)).encode()


class Strangers:
    """A suite with connections that send a part of their announced body."""

    def open(self, data, source=FEW):
        connection = socket.create_connection((FEW, self.steel.port), harness.LIMIT_S, (source, 0))
        self.addCleanup(connection.close)
        connection.sendall(data)
        return connection

    def status(self, connection):
        """The status of the answer."""
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        self.text = answer.read().decode()
        # ironicclient, and Nova with it, ends at a 503 that has it with a TypeError instead of asking again
        self.assertIsNone(answer.headers["Retry-After"])
        return answer.status

    def ask(self, method, path, body, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.status(self.open(head(method, path, len(data), Connection="close", **headers) + data))

    def wait(self, condition, what):
        end = time.monotonic() + harness.LIMIT_S
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.02)

    def memory(self):
        with open("/proc/%d/smaps_rollup" % self.steel.process.pid) as file:
            return int(re.search(r"^Pss:\s+(\d+) kB", file.read(), re.M).group(1)) * 1024


class Nobody(Strangers, harness.Suite):
    """With passwords."""

    @classmethod
    def setUpClass(cls):
        cls.users = os.path.join(cls.temporary_folder(), "htpasswd")
        with open(cls.users, "w") as file:
            file.write("ann:%s\nbob:%s\n" % (auth_basic.HASHES["rose"], auth_basic.HASHES["lily"]))
        cls.options = ("auth_strategy=http_basic", "http_basic_auth_user_file=" + cls.users)
        super().setUpClass()

    def test_a_body_without_a_login_is_not_requested(self):
        for headers in ({}, auth_basic.login("ann", "wrong"), {"X-Auth-Token": "x"}):
            connection = self.open(head("PUT", "/v1/nodes/x/states/provision", 59 * MIB, Expect="100-continue", **headers))
            with connection.makefile("rb") as answer:
                self.assertIn(b" 401 ", answer.readline())

    def test_bodies_without_a_login_take_no_memory(self):
        before = self.memory()
        part = b'{"target": "active", "configdrive": "' + b"x" * 8 * MIB
        for _ in range(20):
            self.open(head("PUT", "/v1/nodes/x/states/provision", 59 * MIB) + part)
        self.assertLess(self.memory() - before, 40 * MIB)
        self.get("/v1")

    def test_wrong_passwords_delay_their_own_address(self):
        wrong = [self.open(head("GET", "/v1/nodes", 0, **auth_basic.login("ann", "wrong-%d" % i))) for i in range(60)]
        right = http.client.HTTPConnection(FEW, self.steel.port, timeout=harness.LIMIT_S, source_address=(OTHER, 0))
        right.request("GET", "/v1/nodes", headers=auth_basic.login("bob", "lily"))
        self.assertEqual(right.getresponse().status, 200)
        right.close()
        answered = select.select(wrong, [], [], 0)[0]
        self.assertGreater(len(wrong) - len(answered), 10)  # they still wait
        statuses = {self.status(connection) for connection in wrong}
        self.assertEqual(statuses, {401, 503})  # few may wait

    def test_failed_logins_are_logged_and_counted(self):
        before = observe_support.scrape(self.steel.port).get("steel_api_login_failures_total")
        for i in range(5):
            self.assertEqual(self.call("GET", "/v1/nodes", headers=auth_basic.login("eve\x1b[1m", "guess-%d" % i)).status, 401)
        self.assertEqual(self.call("GET", "/v1/nodes").status, 401)  # this is no try
        after = observe_support.scrape(self.steel.port).get("steel_api_login_failures_total")
        self.assertEqual(after - before, 5)
        lines = re.findall(r"(?m)^(\S+ \S+) WARNING .*failed logins from %s: \d+, the last one" % re.escape(FEW), self.steel.text())
        times = [datetime.datetime.fromisoformat(line) for line in lines]
        self.assertGreaterEqual(len(times), 1)
        for earlier, later in zip(times, times[1:]):  # one for each address and minute
            self.assertGreater((later - earlier).total_seconds(), 50)
        self.assertNotIn("\x1b", self.steel.text())

    def test_a_route_that_needs_no_login_takes_small_bodies_only(self):
        self.assertEqual(self.ask("POST", "/v1/heartbeat/x", {"callback_url": "x" * 70000}), 413)
        self.assertIn(self.ask("POST", "/v1/heartbeat/x", {"callback_url": "x" * 30000}), (400, 404))


class Policy(Strangers, auth_support.KeystoneSuite):
    """A caller without rights is refused before the body is read."""

    def test_the_policy_is_asked_before_a_body_is_parsed(self):
        node = self.done("system/admin", "POST", "/v1/nodes", {"driver": "fake-hardware", "owner": "owner"})
        port = self.done("system/admin", "POST", "/v1/ports", {"node_uuid": node["uuid"], "address": "02:00:00:00:00:01"})
        chassis = self.done("system/admin", "POST", "/v1/chassis", {})
        body = b"{" * 100000  # what is parsed is answered 400
        for method, path, status in (("PUT", "/v1/nodes/%s/states/provision" % node["uuid"], 404),
                                     ("PATCH", "/v1/nodes/" + node["uuid"], 404),
                                     ("PATCH", "/v1/ports/" + port["uuid"], 404),
                                     ("POST", "/v1/nodes", 403),
                                     ("POST", "/v1/allocations", 403),
                                     ("PATCH", "/v1/chassis/" + chassis["uuid"], 403)):
            self.assertEqual(self.ask(method, path, body, X_Auth_Token="stranger/nothing"), status, path)
        # Nor does it matter when nobody says how long it is.
        chunked = (head("PATCH", "/v1/nodes/" + node["uuid"], 0, X_Auth_Token="stranger/nothing", Connection="close")
                   .replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"3\r\n{{{\r\n0\r\n\r\n")
        self.assertEqual(self.status(self.open(chunked)), 404)
        # Who sees the node, and may change nothing of it.
        self.assertEqual(self.ask("PATCH", "/v1/nodes/" + node["uuid"], body, X_Auth_Token="owner/reader"), 403)
        self.assertEqual(self.ask("PATCH", "/v1/nodes/" + node["uuid"], body, X_Auth_Token="owner/admin"), 400)
        self.assertEqual(self.ask("PATCH", "/v1/nodes/" + node["uuid"], body, X_Auth_Token="system/admin"), 400)

    def test_a_failure_of_one_token_affects_that_token_only(self):
        self.done("system/admin", "GET", "/v1/nodes")
        logins, begun = self.keystone.logins, time.monotonic()
        for index, status in enumerate((400, 401, 403, 413, 414, 418, 431)):
            with self.keystone.lock:
                self.keystone.statuses["waf-%d/reader" % status] = status
            self.assertIn(self.ask("GET", "/v1/nodes", b"", X_Auth_Token="waf-%d/reader" % status), (401, 503))
            self.assertEqual(self.ask("GET", "/v1/nodes", b"", X_Auth_Token="fresh-%d/reader" % index), 200, self.steel.text())
        for index in range(5):
            with self.keystone.lock:
                self.keystone.statuses["401-%d/reader" % index] = 401
            self.assertEqual(self.ask("GET", "/v1/nodes", b"", X_Auth_Token="401-%d/reader" % index), 503)
        # Steel does not log in again for each of them, but every five seconds.
        self.assertLessEqual(self.keystone.logins - logins, 1 + (time.monotonic() - begun) / 5)

    def test_slow_tokens_delay_their_own_address(self):
        slow = ["slow-%d/reader" % i for i in range(12)]
        with self.keystone.lock:
            self.keystone.slow.update(slow)
        self.addCleanup(self.keystone.let_go.set)
        waiting = [self.open(head("GET", "/v1/nodes", 0, X_Auth_Token=token, X_Forwarded_For="192.0.2.1"))
                   for token in slow]
        self.wait(lambda: sum(self.keystone.asked(token) for token in slow) >= 4, "nobody asks")
        fresh = self.open(head("GET", "/v1/nodes", 0, X_Auth_Token="quick/reader", X_Forwarded_For="192.0.2.2"))
        self.assertEqual(self.status(fresh), 200)
        self.assertEqual(select.select(waiting, [], [], 0)[0], [])  # they still wait
        self.keystone.let_go.set()
        self.assertEqual({self.status(connection) for connection in waiting}, {200})


class Bodies(Strangers, harness.Suite):
    """Little memory for bodies."""

    options = ("api.max_body_memory=4", "api.max_json_body_size_provision=4096", "api.max_json_body_size=4096")

    def setUp(self):
        self.wait(lambda: self.held() == 0, "a body stays")

    def held(self):
        return observe_support.scrape(self.steel.port).get("steel_api_body_bytes")

    def test_all_bodies_share_one_memory(self):
        whole = json.dumps({"driver": "fake-hardware", "extra": {"text": "x" * 900000}}).encode()
        path = "/v1/nodes/%s/states/provision" % self.node()["uuid"]
        self.assertEqual(self.ask("POST", "/v1/nodes", whole), 201)
        self.setUp()
        held = b'"' + b"x" * (4 * MIB - 100000)
        connection = self.open(head("PUT", path, 4 * MIB) + held)
        self.wait(lambda: self.held() >= len(held), "the body is not read")
        connection.sendall(b"x" * 10000)  # who sends nothing for ten seconds is cut off
        self.assertEqual(self.ask("POST", "/v1/nodes", whole), 503)
        self.assertIn("memory for bodies", self.text)
        self.get("/v1/nodes")
        self.assertGreater(observe_support.scrape(self.steel.port).get("steel_api_bodies_refused_total"), 0)
        connection.close()
        self.wait(lambda: self.ask("POST", "/v1/nodes", whole) == 201, "the memory is not given back")

    def test_bodies_without_a_login_have_a_part_of_it(self):
        beat = {"callback_url": "http://192.0.2.1:9999/" + "x" * 60000}
        for _ in range(8):
            self.open(head("POST", "/v1/heartbeat/x", 60001) + b'"' + b"x" * 58999)
        self.wait(lambda: self.held() >= 8 * 59000, "the bodies are not read")
        self.assertEqual(self.ask("POST", "/v1/heartbeat/x", beat), 503)
        self.assertEqual(self.ask("POST", "/v1/nodes", {"driver": "fake-hardware"}), 201)
        self.doCleanups()
        self.wait(lambda: self.ask("POST", "/v1/heartbeat/x", beat) != 503, "the memory is not given back")

    def test_the_number_of_values_is_bounded(self):
        self.assertIn("values", self.refuse(400, "POST", "/v1/nodes", {"driver": "fake-hardware", "extra": {"list": [0] * 100001}}))
        self.node(extra={"list": [0] * 1000})

    def test_several_large_bodies_are_all_accepted(self):
        whole = json.dumps({"driver": "fake-hardware", "extra": {"text": "x" * 400000}}).encode()
        waiting = [self.open(head("POST", "/v1/nodes", len(whole), Connection="close") + whole) for _ in range(5)]
        self.assertEqual([self.status(connection) for connection in waiting], [201] * 5)
