"""A proxy before each service of a cloud (real_cloud.py): records what a program asks of it, and fails on order (faulty_server.py).

    proxy = recording_proxy.Proxy.of_environment()                       # as tests/openstack/run starts programs
    proxy = recording_proxy.Proxy({"keystone": 5000, "cinder": 8776})    # the services' ports on 127.0.0.1
    proxy.auth_url                    # for the program's configuration
    proxy.calls()                     # [Call], in order
    proxy.set({"faults": [{"match": "POST /v3/PROJECT/volumes/ID/action os-attach", "times": 1, "kind": "html"}]})
    proxy.hide("volumev3")            # the catalogs of tokens from now on lack it; None: nothing is hidden

The program logs in through the proxy, whose answers name the proxy where the services' own name them: so it finds all others there.

SPDX-License-Identifier: Apache-2.0
"""
import collections
import http.client
import json
import os
import re
import urllib.parse
import urllib.request

import faulty_server

LIMIT_S = 600
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "te", "trailer", "upgrade", "date", "server"}
ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
# shape: method and path with {} for what differs from run to run, names of the query, an action's name; keys: of the body
Call = collections.namedtuple("Call", "service shape status keys path")


def action_of(path, body):
    """The name of a volume's action."""
    if not path.endswith("/action"):
        return ""
    try:
        return " " + next(iter(json.loads(body or b"{}")), "")
    except ValueError:
        return ""


def shape_of(service, method, path, body):
    place = urllib.parse.urlsplit(path)
    names = sorted({name for name, _ in urllib.parse.parse_qsl(place.query, keep_blank_values=True)})
    shape = ID.sub("{}", urllib.parse.unquote(place.path)).rstrip("/") or "/"
    if service == "swift":  # an account, a container, an object
        shape = "/".join(part if number < 4 else "{}" for number, part in enumerate(shape.split("/", 4)))
    return "%s %s%s%s" % (method, shape, "?" + "&".join(names) if names else "", action_of(path, body))


def keys_of(body):
    """Names of the document's members, and of those below them; sorted."""
    try:
        document = json.loads(body)
    except ValueError:
        return []
    keys = set()
    for name, value in document.items() if isinstance(document, dict) else ():
        keys.add(name)
        keys.update("%s.%s" % (name, inner) for inner in (value if isinstance(value, dict) else ()))
    return sorted(keys)


def ask(port, method, path, body=None, token=None):
    """Status and document, past any proxy; bytes are sent as they are."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    try:
        raw = isinstance(body, bytes)
        headers = {"Content-Type": "application/octet-stream" if raw else "application/json", **({"X-Auth-Token": token} if token else {})}
        connection.request(method, path, body if raw or body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text[:1] in (b"{", b"[") else text.decode(errors="replace")
    finally:
        connection.close()


class Handler(faulty_server.Handler):
    service = None  # a server's

    def line(self, body):
        return super().line(body) + action_of(self.path, body)

    def forward(self, body):
        """Status, headers and body of the service's own answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.cloud.targets[self.service], timeout=LIMIT_S)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            headers["Accept-Encoding"] = "identity"
            if body or self.command in ("PUT", "POST", "PATCH"):
                headers["Content-Length"] = str(len(body))
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def dispatch(self, body):
        try:
            status, headers, text = self.forward(body)
        except OSError as error:
            return self.refuse(502, "the service does not answer: %s" % error)
        if self.service == "keystone" and self.path.endswith("/auth/tokens") and status < 400:
            text = self.cloud.without_hidden(text)
        if any(name.lower() == "content-type" and "json" in value for name, value in headers):
            text = self.cloud.redirected(text)
        return self.give(status, headers, text)

    def give(self, status, headers, text):
        if self.silent:
            return
        self.write_down(status)
        self.send_response_only(status)
        length = str(len(text))
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value
            elif name.lower() not in HOP:
                self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def fault(self, kind):
        self.write_down(kind)
        super().fault(kind)

    def write_down(self, status):
        shape = shape_of(self.service, self.command, self.path, self.body)
        self.cloud.record(Call(self.service, shape, status, keys_of(self.body), self.path))

    def read_body(self):
        self.body = super().read_body()
        return self.body


class Proxy(faulty_server.Orders):
    def __init__(self, targets):
        super().__init__()
        self.targets, self.recorded, self.hidden = dict(targets), [], None
        self.servers = {name: self.listen(Handler, service=name) for name in self.targets}
        self.ports = {name: server.server_port for name, server in self.servers.items()}
        self.auth_url = "http://127.0.0.1:%d/v3" % self.ports["keystone"]

    @classmethod
    def of_environment(cls):
        """Before the services of the catalog to which STEEL_CLOUD_AUTH_URL leads."""
        user = {"name": os.environ["STEEL_CLOUD_USER"], "password": os.environ["STEEL_CLOUD_PASSWORD"], "domain": {"id": "default"}}
        auth = {"identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": os.environ["STEEL_CLOUD_PROJECT"], "domain": {"id": "default"}}}}
        url = os.environ["STEEL_CLOUD_AUTH_URL"] + "/auth/tokens"
        request = urllib.request.Request(url, json.dumps({"auth": auth}).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            token = json.loads(answer.read())["token"]
        proxy = cls({row["name"].replace("v3", ""): urllib.parse.urlsplit(row["endpoints"][0]["url"]).port for row in token["catalog"]})
        proxy.project = token["project"]["id"]
        return proxy

    def stop(self):
        self.ended.set()
        for server in self.servers.values():
            server.shutdown()
            server.server_close()

    def redirected(self, text):
        """An answer that names the proxies."""
        for name, port in self.targets.items():
            text = text.replace(b"127.0.0.1:%d" % port, b"127.0.0.1:%d" % self.ports[name])
        return text

    def hide(self, kind):
        with self.lock:
            self.hidden = kind

    def without_hidden(self, text):
        with self.lock:
            hidden = self.hidden
        if hidden is None or not text:
            return text
        document = json.loads(text)
        document["token"]["catalog"] = [row for row in document["token"].get("catalog", ()) if row["type"] != hidden]
        return json.dumps(document).encode()

    def record(self, call):
        with self.lock:
            self.recorded.append(call)

    def calls(self):
        with self.lock:
            return list(self.recorded)

    def forget(self):
        with self.lock:
            self.recorded = []
