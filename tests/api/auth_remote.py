"""Rules that another server answers: the questions it gets, how its answers count, and that it delays nobody else.

SPDX-License-Identifier: Apache-2.0
"""
import concurrent.futures
import http.client
import http.server
import json
import os
import ssl
import subprocess
import threading
import time
import urllib.parse

import auth_support
import harness
import observe_support

ADMIN = "system/admin"


class Judge(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.headers["Content-Type"] == "application/json":
            question = json.loads(text)
        else:
            question = {name: json.loads(values[0]) for name, values in urllib.parse.parse_qs(text).items()}
        server = self.server.policy
        with server.lock:
            server.questions.append((self.path, self.headers["Content-Type"], question))
        if server.silent.is_set():
            server.let_go.wait(harness.LIMIT_S)
        status, body = server.answer(self.path, question)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class QuietServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # Steel closes a connection whose answer is too long, or too late


class PolicyServer:
    """Answers True for callers of projects whose names begin with "good"; serves on a free port until stop()."""

    def __init__(self, context=None):
        self.lock, self.questions = threading.Lock(), []
        self.silent, self.let_go = threading.Event(), threading.Event()
        self.fixed = None  # status and body instead of a judgement
        self.server = QuietServer(("127.0.0.1", 0), Judge)
        self.server.policy = self
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, path, question):
        if self.fixed:
            return self.fixed
        good = str(question["credentials"]["project_id"]).startswith("good") or path.startswith("/say/good")
        return 200, '"True"' if good else "False"

    def asked(self):
        with self.lock:
            return list(self.questions)

    def stop(self):
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()


class Remote(auth_support.KeystoneSuite):
    """As a form, oslo.policy's default."""

    content_type = "application/x-www-form-urlencoded"
    rules = {
        "baremetal:node:create": "role:admin and system_scope:all",
        "baremetal:node:list_all": "role:reader",
        "baremetal:driver:get": "http://127.0.0.1:%(port)d/drivers",
        "baremetal:chassis:get": "not http://127.0.0.1:%(port)d/not",
        "baremetal:conductor:get": "role:admin or http://127.0.0.1:9/nobody",
        "baremetal:node:get": "role:admin or http://127.0.0.1:%(port)d/say/%%(node.owner)s",
        "baremetal:node:get:filter_threshold": "!",
        "baremetal:node:get:last_error": "http://127.0.0.1:%(port)d/hide/%%(node.owner)s",
    }

    @classmethod
    def setUpClass(cls):
        cls.judge = PolicyServer()
        cls.addClassCleanup(cls.judge.stop)
        folder = cls.temporary_folder()
        path = os.path.join(folder, "policy.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({name: check % {"port": cls.judge.port} if "%(port)" in check else check
                       for name, check in cls.rules.items()}, file)
        cls.settings = ("oslo_policy.policy_file=" + path, "oslo_policy.remote_content_type=" + cls.content_type,
                        "oslo_policy.remote_timeout=6", "oslo_policy.enforce_scope=false")
        super().setUpClass()

    def setUp(self):
        self.judge.fixed = None
        self.judge.silent.clear()
        with self.judge.lock:
            self.judge.questions.clear()

    def test_its_answer_decides(self):
        self.assertEqual(self.as_("good/reader", "GET", "/v1/drivers").status, 200)
        self.assertEqual(self.as_("bad/reader", "GET", "/v1/drivers").status, 403)
        for status, body, admits in ((200, "True", True), (200, '"True"', True), (200, "False", False), (200, "true", False),
                                     (200, "", False), (200, "True story", False), (200, "True" * 5000, False),
                                     (302, "True", False), (500, "True", False)):
            self.judge.fixed = (status, body)
            self.assertEqual(self.as_("good/reader", "GET", "/v1/drivers").status, 200 if admits else 403, (status, body))

    def test_it_gets_the_caller_and_the_target(self):
        self.done(ADMIN, "POST", "/v1/nodes", {"driver": "fake-hardware", "name": "told", "owner": "good one/../x?y"})
        self.setUp()
        self.assertEqual(self.as_("tenant/reader", "GET", "/v1/nodes/told").status, 200)
        path, kind, question = self.judge.asked()[0]
        self.assertEqual(kind, self.content_type)
        self.assertEqual(path, "/say/good%20one%2F..%2Fx%3Fy")  # an owner does not choose where the question goes
        self.assertEqual(set(question), {"rule", "target", "credentials"})
        self.assertEqual(question["rule"], "baremetal:node:get")
        self.assertEqual(question["credentials"]["roles"], ["reader"])
        self.assertEqual(question["credentials"]["project_id"], "tenant")
        self.assertEqual(question["target"]["node.owner"], "good one/../x?y")
        self.assertIsNone(question["target"]["node.lessee"])
        self.assertEqual(question["target"]["project_id"], "tenant")
        self.assertNotIn("tenant/reader", json.dumps(question))  # the token itself

    def test_one_request_asks_the_same_once(self):
        for index in range(6):
            self.as_(ADMIN, "POST", "/v1/nodes", {"driver": "fake-hardware", "name": "many-%d" % index,
                                                  "owner": "good-%d" % (index % 2)})
        self.setUp()
        nodes = self.done("tenant/reader", "GET", "/v1/nodes?fields=owner,last_error")["nodes"]
        questions = [(path, question["rule"]) for path, _, question in self.judge.asked()]
        self.assertGreaterEqual(len(nodes), 6)
        self.assertEqual(sorted(questions), sorted(set(questions)))
        self.assertIn(("/hide/good-1", "baremetal:node:get:last_error"), questions)

    def test_without_an_answer_the_rule_refuses(self):
        self.assertEqual(self.as_("bad/reader", "GET", "/v1/chassis").status, 200)  # it says no, and no is asked for
        self.judge.fixed = (200, "x" * 100000)
        self.assertEqual(self.as_("bad/reader", "GET", "/v1/chassis").status, 403)
        self.assertEqual(self.as_("bad/reader", "GET", "/v1/conductors").status, 403)
        self.assertEqual(self.as_(ADMIN, "GET", "/v1/conductors").status, 200)
        self.assertIn("127.0.0.1:9/nobody", self.steel.text())

    def test_a_silent_server_costs_its_deadline_and_delays_no_public_route(self):
        self.judge.silent.set()

        def ask(_):
            connection = http.client.HTTPConnection("127.0.0.1", self.steel.port, timeout=harness.LIMIT_S)
            connection.request("GET", "/v1/drivers", headers={"X-Auth-Token": "good/reader"})
            status = connection.getresponse().status
            connection.close()
            return status

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(ask, index) for index in range(8)]
            end = time.monotonic() + harness.LIMIT_S
            while not self.judge.asked() and time.monotonic() < end:
                time.sleep(0.01)
            self.get("/v1")  # on the thread of which none waits
            self.assertEqual({request.result() for request in waiting}, {403})
        self.judge.let_go.set()

    def test_listeners_of_the_event_stream_ask_no_server(self):
        self.done(ADMIN, "POST", "/v1/nodes", {"driver": "fake-hardware", "name": "heard", "owner": "good"})
        listeners = [observe_support.Listener(self.steel.port, "?type=baremetal.node.maintenance_set", "X-Auth-Token: %s\r\n" % token)
                     for token in ("tenant/reader", ADMIN)]
        for listener in listeners:
            self.addCleanup(listener.close)
            self.assertEqual(listener.status, 200)
        self.setUp()
        self.judge.silent.set()
        self.assertEqual(self.as_(ADMIN, "PUT", "/v1/nodes/heard/maintenance", {"reason": "rest"}).status, 202)
        listeners[1].event()
        self.assertEqual([path for path, _, question in self.judge.asked() if question["rule"].startswith("baremetal:node:get")], [])
        self.judge.silent.clear()
        self.judge.let_go.set()

    def test_the_answer_after_a_call_is_judged_too(self):
        node = self.as_(ADMIN, "POST", "/v1/nodes", {"driver": "fake-hardware", "name": "after", "owner": "good"}).json
        answer = self.as_("good/admin", "PATCH", "/v1/nodes/after", [{"op": "add", "path": "/extra/a", "value": 1}])
        self.assertEqual((answer.status, answer.json["uuid"]), (200, node["uuid"]))
        self.assertIn("/hide/good", [path for path, _, _ in self.judge.asked()])


class RemoteJson(Remote):
    content_type = "application/json"


class RemoteTls(auth_support.KeystoneSuite):
    """Over TLS: the server's certificate is checked, and Steel must show its own."""

    @classmethod
    def setUpClass(cls):
        folder = cls.temporary_folder()
        cls.certificate, cls.key = folder + "/cert.pem", folder + "/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", cls.key, "-out", cls.certificate, "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cls.certificate, cls.key)
        context.load_verify_locations(cls.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        cls.judge = PolicyServer(context)
        cls.addClassCleanup(cls.judge.stop)
        path = folder + "/policy.yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write('"baremetal:driver:get": "https://localhost:%d/"\n'
                       '"baremetal:conductor:get": "https://127.0.0.1:%d/"\n' % (cls.judge.port, cls.judge.port))
        cls.settings = ("oslo_policy.policy_file=" + path, "oslo_policy.enforce_scope=false",
                        "oslo_policy.remote_ssl_verify_server_crt=true",
                        "oslo_policy.remote_ssl_ca_crt_file=" + cls.certificate,
                        "oslo_policy.remote_ssl_client_crt_file=" + cls.certificate,
                        "oslo_policy.remote_ssl_client_key_file=" + cls.key)
        super().setUpClass()

    def test_the_certificates_are_checked_in_both_directions(self):
        self.assertEqual(self.as_("good/reader", "GET", "/v1/drivers").status, 200)
        self.assertEqual(self.as_("bad/reader", "GET", "/v1/drivers").status, 403)
        self.assertEqual(self.as_("good/reader", "GET", "/v1/conductors").status, 403)  # of another name
