"""What no client should send: broken, oversized, deeply nested, wrongly encoded; and stopping in the middle of work.

SPDX-License-Identifier: Apache-2.0
"""
import json
import random
import socket
import threading

import harness
from faults_support import until


class Bodies(harness.Suite):
    keeps_secrets = False  # the same values go everywhere
    options = ("api.max_json_body_size=64", "api.max_json_body_size_provision=512")

    def test_broken_json(self):
        for body in (b"{", b"}", b"[", b'"', b"nul", b"{'a':1}", b'{"a":1,}', b'{"a":1}x', b'{"driver":"a","driver":"b"}',
                     b"\x00", b"\xff\xfe", b'{"driver":"\xff"}', b'{"driver":"\\ud800"}', b"NaN", b'{"a":1e999}', b" ", b"{}\x00"):
            self.refuse(400, "POST", "/v1/nodes", body)

    def test_wrong_documents(self):
        for body in ([], "x", 5, None, True):
            self.refuse(400, "POST", "/v1/nodes", json.dumps(body).encode())
            if body != []:
                self.refuse(400, "PATCH", "/v1/nodes/" + self.node()["uuid"], json.dumps(body).encode())

    def test_deep_nesting(self):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            for depth in (30, 10000):
                value = opening * depth + ("1" if opening != "[" else "") + closing * depth
                self.refuse(400, "POST", "/v1/nodes", ('{"driver":"fake-hardware","extra":{"a":%s}}' % value).encode())
        self.node(extra={"a": json.loads("[" * 20 + "]" * 20)})

    def test_large_bodies(self):
        large = json.dumps({"driver": "fake-hardware", "extra": {"a": "x" * 70000}}).encode()
        self.refuse(413, "POST", "/v1/nodes", large)
        self.node(extra={"a": "x" * 60000})
        node = self.available_node()["uuid"]
        self.refuse(413, "PUT", "/v1/nodes/%s/states/provision" % node,
                    {"target": "active", "configdrive": "A" * 600000})
        self.provision(node, "active", "active", configdrive="A" * 400000)

    def test_large_bodies_in_chunks(self):
        chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        head = b"POST /v1/nodes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        answer = self.raw(head + chunk * 4 + b"0\r\n\r\n")
        self.assertIn(b" 413 ", answer.split(b"\r\n")[0])

    def test_text_survives_unharmed(self):
        text = "a\"b\\c/d\b\f\n\r\t\u0000\u001f\u007f\u2028é漢😀"
        text = text.replace("\u0000", "")
        node = self.node(description=text, extra={text: [text, {"ipmi_password\"": text}]})
        self.assertEqual(self.get("/v1/nodes/" + node["uuid"])["description"], text)
        self.assertEqual(self.get("/v1/nodes/" + node["uuid"])["extra"], {text: [text, {"ipmi_password\"": text}]})

    def test_numbers_survive_unharmed(self):
        extra = {"i": 2**53, "n": -1, "f": 0.1, "z": 0, "t": True, "null": None, "big": 9223372036854775807}
        self.assertEqual(self.node(extra=extra)["extra"], extra)

    def test_strange_hosts_do_not_get_into_links(self):
        for host in (b'x"y', b"x/../y", b"x\\y", b"<x>", b"a" * 300):
            answer = self.raw(b"GET /v1/nodes/detail HTTP/1.1\r\nConnection: close\r\nHost: " + host + b"\r\n\r\n")
            if b" 200 " in answer.split(b"\r\n")[0]:
                self.assertNotIn(host, answer.split(b"\r\n\r\n", 1)[1])

    def test_garbage_does_no_harm(self):
        rng = random.Random(1)
        for _ in range(60):
            self.raw(bytes(rng.randrange(256) for _ in range(rng.randrange(1, 400))), 0.02)
        for data in (b"GET", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", b"\r\n\r\n",
                     b"POST /v1/nodes HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                     b"POST /v1/nodes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
                     b"GET /v1/nodes HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100000 + b"\r\n\r\n"):
            self.raw(data, 0.02)
        self.assertEqual(self.call("GET", "/v1/nodes?limit=1").status, 200)

    def test_mutated_requests_are_never_a_server_error(self):
        rng = random.Random(2)
        node = self.node()["uuid"]
        values = [None, True, 5, -1, 1.5, "", "x", "x" * 300, [], [1], {}, {"a": 1}, node, "52:54:00:00:00:01", "\u0000"]
        paths = ["/v1/nodes", "/v1/ports", "/v1/portgroups", "/v1/volume/connectors", "/v1/volume/targets", "/v1/chassis",
                 "/v1/allocations", "/v1/deploy_templates", "/v1/events"]
        fields = ["driver", "name", "uuid", "node_uuid", "address", "extra", "properties", "steps", "type", "connector_id",
                  "volume_id", "volume_type", "boot_index", "resource_class", "traits", "candidate_nodes", "events",
                  "driver_info", "chassis_uuid", "local_link_connection", "node", "description", "network_data"]
        for _ in range(400):
            body = {rng.choice(fields): rng.choice(values) for _ in range(rng.randrange(1, 8))}
            self.assertLess(self.call("POST", rng.choice(paths), body).status, 500)
        puts = ["states/power", "states/provision", "states/console", "states/raid", "states/boot_mode", "states/secure_boot",
                "maintenance", "management/boot_device", "traits"]
        members = ["target", "timeout", "enabled", "reason", "boot_device", "persistent", "traits", "configdrive",
                   "clean_steps", "deploy_steps", "logical_disks"]
        for _ in range(300):
            body = {rng.choice(members): rng.choice(values) for _ in range(rng.randrange(0, 4))}
            self.assertLess(self.call("PUT", "/v1/nodes/%s/%s" % (node, rng.choice(puts)), body).status, 500)


class Sizes(harness.Suite):
    """A record has a limit beside that of each request: many requests must not make it larger than one may."""

    options = ("api.max_field_size=64", "api.max_record_size=160")

    def grow(self, path, size=10000):
        """Adds to a field until it is refused; what is said."""
        for index in range(100):
            parent, _, field = path.rpartition("#")
            answer = self.call("PATCH", parent, [{"op": "add", "path": "/%s/key-%d" % (field, index), "value": "x" * size}])
            if answer.status >= 400:
                self.assertEqual(answer.status, 400, answer.body)
                self.assertGreater(index, 2)
                return answer.message
        raise AssertionError("it grows without an end")

    def test_many_patches_do_not_grow_a_field_or_a_record_without_end(self):
        node = "/v1/nodes/" + self.node()["uuid"]
        self.assertRegex(self.grow(node + "#extra"), r"^extra: it would take \d+ bytes, more than the 65536 ")
        self.grow(node + "#properties")
        said = self.grow(node + "#driver_info", 3000)
        self.assertRegex(said, r"^the node would take \d+ bytes, more than the 163840 .*; its largest field is (extra|properties) ")
        self.want(200, "PATCH", node, [{"op": "replace", "path": "/extra", "value": {}}])
        port = self.want(201, "POST", "/v1/ports", {"node_uuid": node.rpartition("/")[2], "address": "02:00:00:00:00:77"})
        self.assertIn("extra", self.grow("/v1/ports/%s#extra" % port["uuid"]))
        chassis = self.want(201, "POST", "/v1/chassis", {})
        self.assertIn("extra", self.grow("/v1/chassis/%s#extra" % chassis["uuid"]))

    def test_one_request_has_the_same_limit(self):
        large = {"x": "y" * 70000}
        node = self.node()["uuid"]
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % node, {"target": "manage"})
        self.wait_node(node, provision_state="manageable", reservation=None)
        for method, path, body, field in (
                ("POST", "/v1/nodes", {"driver": "fake-hardware", "extra": large}, "extra"),
                ("POST", "/v1/nodes", {"driver": "fake-hardware", "retired_reason": "y" * 70000, "retired": True}, "retired_reason"),
                ("POST", "/v1/ports", {"node_uuid": node, "address": "02:00:00:00:00:78", "extra": large}, "extra"),
                ("PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "y" * 70000}, "maintenance_reason"),
                ("PUT", "/v1/nodes/%s/states/provision" % node,
                 {"target": "clean", "clean_steps": [{"interface": "deploy", "step": "x", "args": large}]}, "clean_steps")):
            answer = self.call(method, path, body)
            self.assertEqual(answer.status, 400, (method, path, answer.body[:300]))
            self.assertIn(field + ": it would take", answer.message)
        self.assertFalse(self.get("/v1/nodes/" + node)["maintenance"])


class Stopping(harness.Suite):
    def test_requests_under_way_are_finished(self):
        slow = self.node(driver_info={"fake": {"management.get_boot_device": {"delay_ms": 800}}})["uuid"]
        answers = []

        def ask():
            answers.append(self.call("GET", "/v1/nodes/%s/management/boot_device" % slow).status)

        threads = [threading.Thread(target=ask) for _ in range(5)]
        for thread in threads:
            thread.start()
        # the others are still served while five wait for hardware
        self.assertEqual(self.call("GET", "/v1/nodes").status, 200)
        for thread in threads:
            thread.join(harness.LIMIT_S)
        self.assertEqual(answers, [200] * 5)


class StoppingInTheMiddle(harness.Suite):
    def refuses(self):
        try:
            socket.create_connection(("127.0.0.1", self.steel.port), harness.LIMIT_S).close()
        except (ConnectionRefusedError, ConnectionResetError):
            return True  # a reset: the call had come in when the listener closed
        return False

    def test_a_stop_waits_for_answers_and_takes_no_new_calls(self):
        slow = self.node(driver_info={"fake": {"management.inject_nmi": {"delay_ms": 8000}}})["uuid"]
        answers = []

        def ask():
            answers.append(self.call("PUT", "/v1/nodes/%s/management/inject_nmi" % slow, {}).status)

        thread = threading.Thread(target=ask)
        thread.start()
        self.wait_node(slow, reservation=self.steel.host)
        self.steel.process.terminate()
        until("new calls are refused", self.refuses)
        self.assertEqual(answers, [])
        thread.join(harness.LIMIT_S)
        self.assertEqual(answers, [204])
        self.assertEqual(self.steel.process.wait(harness.LIMIT_S), 0)
