"""An HTTP server whose answers fail on order: what the stand-in for a cloud and the proxy before a real one have in common.

    server.set({"faults": [{"match": "PUT /v1/AUTH_service/c", "times": 1, "kind": "503"}]})

"match" is the beginning of a request's line (Handler.line); "after" may say how many such requests pass before. Kinds: a status; "html", a
page with 503; "half", an answer that ends before its end; "cut", none; "slow", none for half a minute; "nonsense". "done-" and a kind: the
request is done, and its answer is lost.

    with server.held("PUT /v1/AUTH_service/c", "after") as held:    # the next such request is not answered
        held.wait(60)                                               # it has come, and was done, or not ("before")

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import http.server
import json
import threading

PAGE = "<html><h1>Service Unavailable</h1><p>The proxy\n is <b>tired</b>.</p></html>"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cloud = None
    silent = False

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=(), content_type="application/json"):
        if self.silent:
            return
        body = json.dumps(body).encode() if not isinstance(body, bytes) else body
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Openstack-Request-Id", "req-stand-in")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(body)

    def refuse(self, status, message):
        self.answer(status, {"error": {"code": status, "message": message}})

    # ---- faults

    def fault(self, kind):
        if kind == "html":
            return self.answer(503, PAGE.encode(), content_type="text/html")
        if kind == "half":  # an answer that ends before its end
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"token": {')
            self.close_connection = True
            return None
        if kind == "cut":
            self.close_connection = True
            return None
        if kind == "slow":
            self.cloud.ended.wait(30)
            self.close_connection = True
            return None
        if kind == "nonsense":
            return self.answer(201, b"{]", headers=[("X-Subject-Token", "a b")])
        return self.refuse(int(kind), "the order of a test")

    def handle_one(self):
        body = self.read_body()
        if self.path == "/control":
            return self.control(body)
        line = self.line(body)
        kind = self.cloud.note(line, dict(self.headers))
        hold = self.cloud.hold_for(line)
        if hold and hold.when == "before":
            return self.hold(hold)
        if hold:
            self.answer = lambda *_, **__: self.hold(hold)
        if kind and kind.startswith("done-"):  # it is done, but the answer is lost
            self.silent = True
            self.dispatch(body)
            self.silent, kind = False, kind[len("done-"):]
        if not kind:
            return self.dispatch(body)
        self.cloud.met.append(self.line(body))
        return self.fault(kind)

    def line(self, _):
        """How faults and holds name a request."""
        return "%s %s" % (self.command, self.path)

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            parts.append(self.rfile.read(size))
            self.rfile.readline()
            if size == 0:
                return b"".join(parts)

    def hold(self, hold):
        hold.met.set()
        hold.over.wait(60)
        self.close_connection = True

    def control(self, body):
        if self.command == "GET":
            return self.answer(200, self.cloud.state())
        self.cloud.set(json.loads(body))
        return self.answer(204)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = lambda self: self.handle_one()


class Hold:
    def __init__(self, match, when):
        self.match, self.when = match, when
        self.met, self.over = threading.Event(), threading.Event()


class Orders:
    """What is to fail, and what was asked."""

    def __init__(self):
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.faults, self.requests, self.holds = [], [], []
        self.met = []  # requests that have met a fault

    def listen(self, handler, **words):
        """A server on a free port, with a thread of its own."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (handler,), dict(words, cloud=self)))
        server.daemon_threads = True
        server.handle_error = lambda *about: None  # a client that is killed, or waits no longer, goes away
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def set(self, order):
        with self.lock:
            self.faults = order.get("faults", self.faults)
            if order.get("forget"):
                self.requests, self.met = [], []

    def asked(self, line):
        """How many requests had this beginning."""
        with self.lock:
            return sum(request["line"].startswith(line) for request in self.requests)

    def note(self, line, headers):
        """Remembers a request; the kind of the fault that it meets, or None."""
        with self.lock:
            self.requests.append({"line": line, "service_token": headers.get("X-Service-Token"),
                                  "request_id": headers.get("X-OpenStack-Request-ID")})
            for fault in self.faults:
                if fault["times"] > 0 and line.startswith(fault["match"]):
                    if fault.get("after", 0) > 0:
                        fault["after"] -= 1
                        continue
                    fault["times"] -= 1
                    return fault["kind"]
        return None

    @contextlib.contextmanager
    def held(self, match, when):
        """The next request whose line has all words of `match` is kept without an answer until the end of the block."""
        hold = Hold(match, when)
        with self.lock:
            self.holds.append(hold)
        try:
            yield hold.met
        finally:
            hold.over.set()
            with self.lock:
                if hold in self.holds:
                    self.holds.remove(hold)

    def hold_for(self, line):
        with self.lock:
            for hold in self.holds:
                if all(word in line for word in hold.match.split()):
                    self.holds.remove(hold)
                    return hold
        return None
