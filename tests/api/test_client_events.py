"""`steel` hears of changes from the event stream, and asks again and again only where there is none.

The client talks to the daemon through a relay that counts its requests and can hide or break the stream.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import http.server
import os
import subprocess
import threading

import harness
from faults_support import until

STEEL = os.path.join(os.path.dirname(harness.STEELD), "steel")
STREAM = "/v1/events/stream"


class Relay(http.server.ThreadingHTTPServer):
    """Passes requests on. `stream` is what becomes of the event stream: "whole", "hidden" (404) or "cut" (its connection
    breaks with the first event, each time)."""

    daemon_threads = True

    def __init__(self, port, stream):
        self.target, self.stream = port, stream
        self.asked, self.events = [], 0
        self.stood = None  # how much was asked before the first word of the stream was passed on
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """A client that went while it was answered is none of ours."""

    def looks(self, since=0):
        return [path for method, path in self.asked[since:] if method == "GET" and not path.startswith(STREAM)]

    def looks_at_nodes(self):
        """Since the stream stands: until then the client asks again and again, on a busy machine for some time."""
        return [path for path in self.looks(self.stood) if "timeline" not in path]

    def streams(self):
        return [path for _, path in self.asked if path.startswith(STREAM)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        self.server.asked.append((self.command, self.path))
        is_stream = self.path.startswith(STREAM)
        if is_stream and self.server.stream == "hidden":
            self.reply(404, "application/json", b'{"error_message": "no such thing"}')
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        service = http.client.HTTPConnection("127.0.0.1", self.server.target, timeout=harness.LIMIT_S)
        service.request(self.command, self.path, body or None, dict(self.headers))
        answer = service.getresponse()
        if is_stream:
            self.pass_stream(answer)
        else:
            self.reply(answer.status, answer.headers.get("Content-Type"), answer.read())
        service.close()

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

    def reply(self, status, kind, body):
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def pass_stream(self, answer):
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                line = answer.readline()
                if line.startswith(b"event:"):
                    self.server.events += 1
                    if self.server.stream == "cut":
                        return
                if not line:
                    return
                self.wfile.write(line)
                if self.server.stood is None:
                    self.server.stood = len(self.server.asked)
        except OSError:  # one of the two has gone
            return

    def log_message(self, *_):
        pass


class ClientEvents(harness.Suite):
    def relay(self, stream):
        relay = Relay(self.steel.port, stream)
        self.addCleanup(relay.server_close)
        self.addCleanup(relay.shutdown)
        return relay

    def begin(self, relay, *words):
        environment = {"PATH": os.environ["PATH"], "OS_ENDPOINT": "http://127.0.0.1:%d" % relay.server_address[1]}
        process = subprocess.Popen([STEEL, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=environment, text=True)
        self.addCleanup(process.kill)
        return process

    def end(self, process):
        out, err = process.communicate(timeout=harness.LIMIT_S)
        self.assertEqual(process.returncode, 0, out + err)
        return out

    def slow_node(self, name, delay_ms=2000):
        """A node whose deployment takes a while in which nothing happens."""
        return self.available_node(name=name, driver_info={"fake": {"deploy.deploy": {"delay_ms": delay_ms}}})

    def deploy(self, relay, name, delay_ms=2000):
        self.slow_node(name, delay_ms)
        self.end(self.begin(relay, "node", "deploy", name, "--wait", str(harness.LIMIT_S)))
        self.assertEqual(self.get("/v1/nodes/" + name)["provision_state"], "active")

    def test_waiting_reads_the_node_after_an_event(self):
        relay = self.relay("whole")
        self.deploy(relay, "waited-for", 6000)
        self.assertEqual(len(relay.streams()), 1)
        self.assertIn("node=waited-for", relay.streams()[0])
        # when the stream stands, for each event, and rarely for one that might have been lost;
        # asking again and again would be 24 at least, and the events are about six
        self.assertLessEqual(len(relay.looks_at_nodes()), 6 + relay.events)
        self.assertLess(relay.events, 14)

    def test_waiting_without_a_stream_polls(self):
        relay = self.relay("hidden")
        self.deploy(relay, "asked-for", 7000)  # a client that stands still for five seconds asks in the other two
        self.assertEqual(len(relay.streams()), 1)
        self.assertGreater(len(relay.looks()), 3)

    def test_waiting_continues_when_the_stream_breaks(self):
        self.deploy(self.relay("cut"), "cut-off")

    def watch(self, stream):
        """Watches three nodes go to active."""
        relay = self.relay(stream)
        names = [self.slow_node("seen-%s-%d" % (stream, i), 7000)["name"] for i in range(3)]  # to be seen on the way
        process = self.begin(relay, "node", "watch", *names, "--until", "active")
        for name in names:
            self.assertIn("%s  available" % name, process.stdout.readline())
        for name in names:
            self.want(202, "PUT", "/v1/nodes/%s/states/provision" % name, {"target": "active"})
        out = self.end(process)
        for name in names:
            lines = [line.split("  ", 2)[2] for line in out.splitlines() if line.split("  ")[1] == name]
            states = [line for line in lines if not line.startswith("  ")]
            self.assertEqual(states[-1].split(",")[0], "active", out)
            self.assertTrue(states[0].startswith("deploying (to active)"), out)
        return relay

    def test_watching_follows_the_stream(self):
        relay = self.watch("whole")
        self.assertEqual(len(relay.streams()), 1)
        # three when the stream stands; events soon after that make it look at the node
        self.assertLessEqual(len(relay.looks_at_nodes()), 6 + relay.events)

    def test_watching_without_a_stream_polls(self):
        relay = self.watch("hidden")
        self.assertEqual(len(relay.streams()), 1)

    def test_watching_all_nodes_reports_new_and_deleted_ones(self):
        relay = self.relay("whole")
        self.slow_node("was-there")
        process = self.begin(relay, "node", "watch")
        lines = iter(process.stdout.readline, "")
        next(line for line in lines if "was-there" in line)
        until("the stream stands", lambda: relay.stood)
        node = self.node(name="newly-there")
        next(line for line in lines if "newly-there  enroll" in line)
        self.want(204, "DELETE", "/v1/nodes/" + node["uuid"])
        self.node(name="later-there")
        next(line for line in lines if "later-there  enroll" in line)
        process.terminate()
        process.communicate()
