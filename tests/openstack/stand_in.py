"""Stands in for Keystone and Swift: the calls that Steel makes, with the answers and rules of the real ones, and faults on order.

    server = stand_in.Cloud()       # listens on a free port of 127.0.0.1
    server.auth_url                 # user steel, password secret, project service
    server.stop()

What it is told and asked over HTTP, by a test in another process:

    POST /control {"faults": [{"match": "PUT /v1/AUTH_service/c", "times": 1, "kind": "503"}], "life_s": 3600, "revoke": true,
                   "key": "k"}
    GET /control -> {"logins": n, "requests": ["PUT /v1/..."], "objects": {"c/o": {...}}}

SPDX-License-Identifier: Apache-2.0
"""
import datetime
import hashlib
import hmac
import http.server
import json
import threading
import time
import urllib.parse
import uuid

ACCOUNT = "/v1/AUTH_service"
USER, PASSWORD, PROJECT = "steel", "secret", "service"
CREDENTIAL, CREDENTIAL_SECRET = "credential", "credential-secret"
PAGE = "<html><h1>Service Unavailable</h1><p>The proxy\n is <b>tired</b>.</p></html>"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cloud = None

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=(), content_type="application/json"):
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
        if kind == "slow":
            self.cloud.ended.wait(30)
            self.close_connection = True
            return None
        if kind == "nonsense":
            return self.answer(201, b"{]", headers=[("X-Subject-Token", "a b")])
        return self.refuse(int(kind), "the order of a test")

    def handle_one(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.path == "/control":
            return self.control(body)
        kind = self.cloud.note("%s %s" % (self.command, self.path), dict(self.headers))
        if kind:
            return self.fault(kind)
        if self.path == "/v3/auth/tokens":
            return self.log_in(body)
        if self.path.startswith(ACCOUNT):
            return self.swift(body)
        return self.refuse(404, "no such place")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one

    def control(self, body):
        cloud = self.cloud
        if self.command == "GET":
            return self.answer(200, cloud.state())
        cloud.set(json.loads(body))
        return self.answer(204)

    # ---- Keystone

    def log_in(self, body):
        auth = json.loads(body)["auth"]
        identity = auth["identity"]
        user = identity.get("password", {}).get("user", {})
        credential = identity.get("application_credential", {})
        good = (user.get("name"), user.get("password")) == (USER, PASSWORD) and user["domain"] == {"id": "default"}
        good = good or (credential.get("id"), credential.get("secret")) == (CREDENTIAL, CREDENTIAL_SECRET)
        if not good:
            return self.refuse(401, "The request you have made requires authentication.")
        token, expires = self.cloud.grant(auth.get("scope"))
        base = "http://127.0.0.1:%d" % self.cloud.port
        endpoints = [{"interface": name, "region": "RegionOne", "region_id": "RegionOne", "url": base + ACCOUNT}
                     for name in ("public", "internal")]
        catalog = [{"type": "object-store", "name": "swift", "endpoints": endpoints}]
        document = {"token": {"user": {"id": "u", "name": USER, "domain": {"id": "default"}}, "expires_at": expires,
                              "project": {"id": "service", "name": PROJECT}, "catalog": catalog}}
        return self.answer(201, document, headers=[("X-Subject-Token", token)])

    # ---- Swift

    def swift(self, body):
        place = urllib.parse.urlsplit(self.path)
        parts = urllib.parse.unquote(place.path)[len(ACCOUNT):].lstrip("/").split("/", 1)
        query = urllib.parse.parse_qs(place.query)
        if "temp_url_sig" in query:
            return self.lent(parts, urllib.parse.unquote(place.path), query)
        if not self.cloud.knows(self.headers.get("X-Auth-Token")):
            return self.answer(401, b"<html><h1>Unauthorized</h1></html>", content_type="text/html")
        if parts == [""]:
            key = self.cloud.key
            return self.answer(204, headers=[("X-Account-Meta-Temp-Url-Key", key)] if key else [])
        if len(parts) == 1:
            return self.container(parts[0])
        return self.object("/".join(parts), parts[0], body)

    def container(self, name):
        with self.cloud.lock:
            if self.command == "PUT":
                self.cloud.containers.add(name)
                return self.answer(201)
            known = name in self.cloud.containers
        return self.answer(204 if known else 404)

    def object(self, path, container, body):
        with self.cloud.lock:
            if container not in self.cloud.containers:
                return self.answer(404, b"<html><h1>Not Found</h1></html>", content_type="text/html")
            words = {name.title(): value for name, value in self.headers.items() if name.lower().startswith("x-object-meta-")}
            known = self.cloud.live(path)
            if self.command == "PUT":
                after = self.headers.get("X-Delete-After")
                self.cloud.objects[path] = {"body": body, "words": words, "ends": time.time() + int(after) if after else None,
                                            "after": after}
                return self.answer(201)
            if known is None:
                return self.answer(404, b"<html><h1>Not Found</h1></html>", content_type="text/html")
            if self.command == "POST":  # replaces all words, and forgets the end
                known["words"], known["ends"] = words, None
                return self.answer(202)
            if self.command == "DELETE":
                del self.cloud.objects[path]
                return self.answer(204)
            headers, body = list(known["words"].items()), known["body"]
        return self.answer(200, body, headers, "application/octet-stream")

    def lent(self, parts, path, query):
        expires = int(query["temp_url_expires"][0])
        text = "GET\n%d\n%s" % (expires, path)
        good = hmac.new((self.cloud.key or "").encode(), text.encode(), hashlib.sha256).hexdigest()
        with self.cloud.lock:
            known = self.cloud.live("/".join(parts))
        if good != query["temp_url_sig"][0] or expires < time.time():
            return self.answer(401, b"Temp URL invalid", content_type="text/plain")
        return self.answer(200, known["body"], content_type="application/octet-stream") if known else self.answer(404)


class Cloud:
    def __init__(self):
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.faults, self.requests, self.tokens = [], [], {}
        self.containers, self.objects = set(), {}
        self.logins, self.life_s, self.key, self.scopes = 0, 3600, "account-key", []
        handler = type("CloudHandler", (Handler,), {"cloud": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.auth_url = "http://127.0.0.1:%d" % self.port
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def set(self, order):
        with self.lock:
            self.faults = order.get("faults", self.faults)
            self.life_s = order.get("life_s", self.life_s)
            self.key = order.get("key", self.key)
            if order.get("revoke"):
                self.tokens = {}
            if order.get("forget"):
                self.requests, self.logins = [], 0

    def state(self):
        with self.lock:
            objects = {path: {"size": len(known["body"]), "words": known["words"], "after": known["after"],
                              "ends": known["ends"] is not None} for path, known in self.objects.items()}
            return {"logins": self.logins, "requests": self.requests, "objects": objects, "scopes": self.scopes}

    def note(self, line, headers):
        """Remembers a request; the kind of the fault that it meets, or None."""
        with self.lock:
            self.requests.append({"line": line, "service_token": headers.get("X-Service-Token"),
                                  "request_id": headers.get("X-OpenStack-Request-ID")})
            for fault in self.faults:
                if fault["times"] > 0 and line.startswith(fault["match"]):
                    fault["times"] -= 1
                    return fault["kind"]
        return None

    def grant(self, scope):
        with self.lock:
            self.logins += 1
            self.scopes.append(scope)
            token, ends = "gAAAA" + uuid.uuid4().hex, time.time() + self.life_s
            self.tokens[token] = ends
        expires = datetime.datetime.fromtimestamp(ends, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return token, expires

    def knows(self, token):
        with self.lock:
            return self.tokens.get(token, 0) > time.time()

    def live(self, path):
        """An object that has not ended. The lock is held."""
        known = self.objects.get(path)
        if known and known["ends"] is not None and known["ends"] <= time.time():
            return None
        return known
