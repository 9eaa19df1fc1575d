"""Stands in for Keystone, Swift, Glance, Barbican and Neutron (neutron_stand_in.py): the calls that Steel makes, with the answers and rules of the real ones, and faults on order.

    server = stand_in.Cloud()       # listens on a free port of 127.0.0.1
    server.auth_url                 # user steel, password secret, project service
    server.image(b"data", kernel_id="...")    # an active image in Glance, and in its container of Swift; its ID
    server.secret(b"data")                    # a secret in Barbican; its ID
    server.stop()

faulty_server.py says how its answers fail. What it is told and asked over HTTP, by a test in another process:

    POST /control {"faults": [{"match": "PUT /v1/AUTH_service/c", "times": 1, "kind": "503"}], "life_s": 3600, "revoke": true,
                   "key": "k"}
    GET /control -> {"logins": n, "requests": ["PUT /v1/..."], "objects": {"c/o": {...}}}

SPDX-License-Identifier: Apache-2.0
"""
import datetime
import hashlib
import hmac
import json
import time
import urllib.parse
import uuid

import faulty_server
import neutron_stand_in

ACCOUNT = "/v1/AUTH_service"
IMAGES = "/image/v2/images/"
SECRETS = "/key-manager/v1/secrets/"
USER, PASSWORD, PROJECT = "steel", "secret", "service"
CREDENTIAL, CREDENTIAL_SECRET = "credential", "credential-secret"


class Handler(faulty_server.Handler):
    def dispatch(self, body):
        if self.path == "/v3/auth/tokens":
            return self.log_in(body)
        if self.path.startswith("/v2.0/"):
            if not self.cloud.knows(self.headers.get("X-Auth-Token")):
                return self.refuse(401, "The request you have made requires authentication.")
            return neutron_stand_in.serve(self, self.cloud.neutron, body)
        if self.path.startswith(ACCOUNT):
            return self.swift(body)
        if self.path.startswith(IMAGES):
            return self.glance(body, *self.path[len(IMAGES):].split("/"))
        if self.path + "/" == IMAGES:
            return self.make_image(body)
        if self.path.startswith(SECRETS):
            return self.barbican(*self.path[len(SECRETS):].split("/"))
        return self.other(body)

    def other(self, _):
        """Services of a subclass."""
        return self.refuse(404, "no such place")

    def catalog(self, base):
        endpoints = [{"interface": name, "region": "RegionOne", "region_id": "RegionOne", "url": base + ACCOUNT}
                     for name in ("public", "internal")]
        return [{"type": "object-store", "name": "swift", "endpoints": endpoints},
                {"type": "image", "name": "glance", "endpoints": [dict(endpoint, url=base + "/image") for endpoint in endpoints]},
                {"type": "key-manager", "name": "barbican",
                 "endpoints": [dict(endpoint, url=base + "/key-manager") for endpoint in endpoints]},
                {"type": "network", "name": "neutron", "endpoints": [dict(endpoint, url=base) for endpoint in endpoints]}]

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
        document = {"token": {"user": {"id": "u", "name": USER, "domain": {"id": "default"}}, "expires_at": expires,
                              "project": {"id": "service", "name": PROJECT}, "catalog": self.catalog(base)}}
        return self.answer(201, document, headers=[("X-Subject-Token", token)])

    # ---- Glance

    def may_ask(self):
        good = self.cloud.knows(self.headers.get("X-Auth-Token"))
        if not good:
            self.answer(401, b"<html><title>401 Unauthorized</title></html>", content_type="text/html")
        return good

    def make_image(self, body):
        if self.may_ask():
            image_id = self.cloud.image(b"", **{**json.loads(body), "status": "queued", "owner": PROJECT, "size": None, "checksum": None,
                                                "os_hash_algo": None, "os_hash_value": None})
            self.answer(201, {"id": image_id, "status": "queued"})

    def put_part(self, image_id, part, body):
        """Its data, or one who shares it."""
        with self.cloud.lock:
            image = self.cloud.images[image_id]
            if part == "members":
                image["members"] = (*image["members"], json.loads(body)["member"])
            else:
                image["data"] = self.cloud.objects["glance/" + image_id]["body"] = body
                image["about"].update(status="active", size=len(body), checksum=hashlib.md5(body).hexdigest(), os_hash_algo="sha512",
                                      os_hash_value=hashlib.sha512(body).hexdigest())
        return self.answer(200, {}) if part == "members" else self.answer(204)

    def glance(self, body, image_id, part=None, project=None):
        if not self.may_ask():
            return None
        with self.cloud.lock:
            image = self.cloud.images.get(image_id)
        if image is None:
            return self.answer(404, b"<html><head><title>404 Not Found</title></head><body>No image found with ID</body></html>",
                               content_type="text/html")
        if self.command in ("PUT", "POST"):
            return self.put_part(image_id, part, body)
        if self.command == "DELETE":
            with self.cloud.lock:
                del self.cloud.images[image_id]
            return self.answer(204)
        if part == "file":
            return self.answer(200, image["data"], content_type="application/octet-stream") if image["data"] else self.answer(204)
        if part == "members":
            known = project in image["members"]
            return self.answer(200, {"member_id": project, "status": "accepted"}) if known else self.answer(404, {})
        return self.answer(200, image["about"])

    # ---- Barbican

    def barbican(self, secret_id, part=None):
        if not self.may_ask():
            return None
        with self.cloud.lock:
            secret = self.cloud.secrets.get(secret_id)
        if secret is None or part != "payload":
            return self.answer(404, {"code": 404, "title": "Not Found", "description": "Secret payload not found."})
        if self.headers.get("Accept") != "application/octet-stream":
            return self.answer(406, {"code": 406, "title": "Not Acceptable", "description": "Secret payload retrieval issue seen"})
        return self.answer(200, secret, content_type="application/octet-stream")

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
                after, ends = self.end()
                self.cloud.objects[path] = {"body": body, "words": words, "ends": ends, "after": after}
                return self.answer(201)
            if known is None:
                return self.answer(404, b"<html><h1>Not Found</h1></html>", content_type="text/html")
            if self.command == "POST":  # replaces all words, and the end
                known["words"] = words
                known["after"], known["ends"] = self.end()
                return self.answer(202)
            if self.command == "DELETE":
                del self.cloud.objects[path]
                return self.answer(204)
            headers, body = list(known["words"].items()), known["body"]
        return self.answer(200, body, headers, "application/octet-stream")

    def end(self):
        """Of an object, as the header says it and as a moment."""
        after = self.headers.get("X-Delete-After")
        return after, time.time() + int(after) if after else None

    def lent(self, parts, path, query):
        expires = int(query["temp_url_expires"][0])
        text = "GET\n%d\n%s" % (expires, path)
        good = hmac.new((self.cloud.key or "").encode(), text.encode(), hashlib.sha256).hexdigest()
        with self.cloud.lock:
            known = self.cloud.live("/".join(parts))
        if good != query["temp_url_sig"][0] or expires < time.time():
            return self.answer(401, b"Temp URL invalid", content_type="text/plain")
        return self.answer(200, known["body"], content_type="application/octet-stream") if known else self.answer(404)


class Cloud(faulty_server.Orders):
    handler = Handler

    def __init__(self):
        super().__init__()
        self.tokens = {}
        self.containers, self.objects, self.images = set(), {}, {}
        self.secrets = {}
        self.neutron = neutron_stand_in.Neutron()
        self.logins, self.life_s, self.key, self.scopes = 0, 3600, "account-key", []
        self.server = self.listen(self.handler)
        self.port = self.server.server_port
        self.auth_url = "http://127.0.0.1:%d" % self.port

    def stop(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def image(self, data, container="glance", members=(), **about):
        """Makes an image; `about` are fields and properties that it has, None: it has not. Its ID."""
        image_id = str(uuid.uuid4())
        told = {"id": image_id, "name": "an image", "status": "active", "visibility": "public", "owner": "somebody", "size": len(data),
                "min_disk": 0, "min_ram": 0, "disk_format": "raw", "container_format": "bare", "protected": False, "tags": [],
                "checksum": hashlib.md5(data).hexdigest(), "os_hash_algo": "sha512", "os_hash_value": hashlib.sha512(data).hexdigest(),
                "created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:01Z", **about}
        with self.lock:
            self.images[image_id] = {"about": {key: value for key, value in told.items() if value is not None}, "data": data,
                                     "members": members}
            self.containers.add(container)
            self.objects[container + "/" + image_id] = {"body": data, "words": {}, "ends": None, "after": None}
        return image_id

    def secret(self, data):
        secret_id = str(uuid.uuid4())
        with self.lock:
            self.secrets[secret_id] = data
        return secret_id

    def set(self, order):
        super().set(order)
        with self.lock:
            self.life_s = order.get("life_s", self.life_s)
            self.key = order.get("key", self.key)
            self.neutron.order(order.get("neutron", {}))
            if "end" in order:
                self.objects[order["end"]]["ends"] = time.time()
            if order.get("revoke"):
                self.tokens = {}
            if order.get("forget"):
                self.logins = 0

    def state(self):
        with self.lock:
            objects = {path: {"size": len(known["body"]), "words": known["words"], "after": known["after"],
                              "ends": known["ends"] is not None} for path, known in self.objects.items()}
            return {"logins": self.logins, "requests": self.requests, "objects": objects, "scopes": self.scopes,
                    "neutron": self.neutron.state()}

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
