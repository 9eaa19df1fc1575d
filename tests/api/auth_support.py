"""A Keystone in a few lines, and suites whose daemon asks it.

Tokens are written as what they stand for: "<scope>/<role>,<role>", where the scope is "system", "domain:D", or a project.
"expired" and whatever was revoked is none.

SPDX-License-Identifier: Apache-2.0
"""
import http.server
import json
import threading
import time
import urllib.parse

import harness

PASSWORD = "the password of steel itself"
IMPLIED = {"admin": ["admin", "manager", "member", "reader"], "manager": ["manager", "member", "reader"],
           "member": ["member", "reader"]}


def stamp(seconds):
    """A time from now, as Keystone writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(time.time() + seconds))


def document(token, life_s):
    """The content of a token."""
    scope, _, roles = token.partition("/")
    names = []
    for role in filter(None, roles.split(",")):
        names += IMPLIED.get(role, [role])
    body = {"user": {"id": "user-of-" + scope, "name": scope, "domain": {"id": "default", "name": "Default"}},
            "methods": ["password"], "expires_at": stamp(life_s), "issued_at": stamp(0),
            "roles": [{"id": name, "name": name} for name in names]}
    if scope == "system":
        body["system"] = {"all": True}
    elif scope.startswith("domain:"):
        body["domain"] = {"id": scope[7:], "name": scope[7:]}
    else:
        body["project"] = {"id": scope, "name": scope, "domain": {"id": "default", "name": "Default"}}
    return {"token": body}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, token=None):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if token:
            self.send_header("X-Subject-Token", token)
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        keystone = self.server.keystone
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        user = body["auth"]["identity"]["password"]["user"]
        with keystone.lock:
            keystone.logins += 1
            if user["password"] != PASSWORD:
                return self.answer(401, {})
            if user["name"] in keystone.users:
                keystone.logged_in.append("%s-%d/%s" % (user["name"], keystone.logins, keystone.users[user["name"]]))
                return self.answer(201, document(keystone.logged_in[-1], 3600), keystone.logged_in[-1])
            keystone.own = "own-%d" % keystone.logins
            return self.answer(201, document("service/service", 3600), keystone.own)

    def do_GET(self):
        keystone = self.server.keystone
        token = self.headers["X-Subject-Token"]
        late = "allow_expired" in urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        with keystone.lock:
            keystone.questions.append(token)
            status, slow = keystone.statuses.get(token, keystone.status), token in keystone.slow
        if slow:
            keystone.let_go.wait(harness.LIMIT_S)
        if status:
            return self.answer(status, {})
        with keystone.lock:
            if self.headers["X-Auth-Token"] != keystone.own:
                return self.answer(401, {})
            if "/" not in token or token in keystone.revoked or (token in keystone.expired and not late):
                return self.answer(404, {})
            return self.answer(200, document(token, -60 if token in keystone.expired else keystone.life_s))

    def log_message(self, *_):
        pass


class FakeKeystone:
    """Serves on a free port until stop()."""

    def __init__(self):
        self.lock = threading.Lock()
        self.logins, self.questions, self.own, self.status, self.life_s = 0, [], None, None, 3600
        self.revoked, self.expired = set(), set()
        self.users, self.logged_in = {}, []  # the roles of users who get tokens to show, and these; all others only ask
        self.statuses = {}  # of some tokens
        self.slow, self.let_go = set(), threading.Event()  # tokens that are answered when the event says so
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # the client has gone
        self.server.keystone = self
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def asked(self, token):
        """How often this token was checked."""
        with self.lock:
            return self.questions.count(token)

    def stop(self):
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()


class KeystoneSuite(harness.Suite):
    """A suite whose daemon checks tokens with `cls.keystone`; `settings` are more of its options."""

    settings = ()

    @classmethod
    def setUpClass(cls):
        cls.keystone = FakeKeystone()
        cls.options = ("auth_strategy=keystone", "keystone_authtoken.auth_url=" + cls.keystone.url,
                       "keystone_authtoken.username=steel", "keystone_authtoken.password=" + PASSWORD,
                       "keystone_authtoken.project_name=service",
                       "keystone_authtoken.http_request_max_retries=0") + tuple(cls.settings)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        log = cls.steel.text()
        try:
            super().tearDownClass()
        finally:
            cls.keystone.stop()
        if PASSWORD in log:
            raise AssertionError("the password is in the log")

    def check_form(self, answer, method, path, version):
        if answer.status == 503:  # Keystone does not answer
            assert answer.fault["faultcode"] == "Server"
            return
        super().check_form(answer, method, path, version)

    def as_(self, token, method, path, body=None, version=harness.LATEST, **headers):
        """A request with a token; the answer."""
        return self.call(method, path, body, version, dict(headers, **{"X-Auth-Token": token}))

    def done(self, token, method, path, body=None, version=harness.LATEST):
        """The same, which must succeed; the parsed body."""
        answer = self.as_(token, method, path, body, version)
        self.assertLess(answer.status, 300, "%s %s as %s: %s" % (method, path, token, answer.body[:500]))
        return answer.json
