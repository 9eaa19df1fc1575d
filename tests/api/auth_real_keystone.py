"""The table of auth_roles.py with a real Keystone: makes projects and users there, gets their tokens, and deletes all of it.

    . openrc        # OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME, OS_USER_DOMAIN_NAME, OS_PROJECT_DOMAIN_NAME
    tests/api/run auth_real_keystone

The user of the OS_ variables must be an administrator; Steel checks tokens as that user.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import unittest
import urllib.error
import urllib.request
import uuid

import auth_roles
import harness

PASSWORD = uuid.uuid4().hex


class RealKeystone:
    """The part of Keystone's API that is needed; remembers what to delete."""

    def __init__(self):
        self.base = os.environ["OS_AUTH_URL"].rstrip("/")
        if not self.base.endswith("/v3"):
            self.base += "/v3"
        self.made, self.roles, self.projects, self.tokens = [], {}, {}, {}
        self.suffix = uuid.uuid4().hex[:8]
        self.admin = self.log_in({"name": os.environ["OS_USERNAME"], "password": os.environ["OS_PASSWORD"],
                                  "domain": {"name": os.environ.get("OS_USER_DOMAIN_NAME", "Default")}},
                                 {"project": {"name": os.environ["OS_PROJECT_NAME"],
                                              "domain": {"name": os.environ.get("OS_PROJECT_DOMAIN_NAME", "Default")}}})
        self.domain = self.create("domains", {"name": "steel-" + self.suffix})
        for role in self.call("GET", "roles")["roles"]:
            self.roles[role["name"]] = role["id"]

    def request(self, method, path, body=None, token=None):
        request = urllib.request.Request(self.base + "/" + path, method=method,
                                         data=json.dumps(body).encode() if body is not None else None)
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("X-Auth-Token", token)
        return urllib.request.urlopen(request, timeout=harness.LIMIT_S)

    def call(self, method, path, body=None):
        with self.request(method, path, body, self.admin) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def log_in(self, user, scope):
        auth = {"identity": {"methods": ["password"], "password": {"user": user}}}
        if scope:
            auth["scope"] = scope
        with self.request("POST", "auth/tokens", {"auth": auth}) as answer:
            return answer.headers["X-Subject-Token"]

    def create(self, kind, values):
        ident = self.call("POST", kind, {kind[:-1]: values})[kind[:-1]]["id"]
        self.made.append("%s/%s" % (kind, ident))
        return ident

    def role(self, name):
        if name not in self.roles:
            self.roles[name] = self.create("roles", {"name": name})
        return self.roles[name]

    def project(self, name):
        if name not in self.projects:
            self.projects[name] = self.create("projects", {"name": name, "domain_id": self.domain})
        return self.projects[name]

    def token(self, person):
        """The token of a user "<scope>/<role>", made on first use."""
        if person not in self.tokens:
            scope, _, role = person.partition("/")
            user = self.create("users", {"name": person.replace("/", "-"), "password": PASSWORD,
                                         "domain_id": self.domain})
            grant, wanted = "projects/" + self.project("own"), None
            if scope == "system":
                grant, wanted = "system", {"system": {"all": True}}
            elif scope.startswith("domain:"):
                grant, wanted = "domains/" + self.domain, {"domain": {"id": self.domain}}
            elif role:
                grant, wanted = "projects/" + self.project(scope), {"project": {"id": self.project(scope)}}
            if role:
                self.call("PUT", "%s/users/%s/roles/%s" % (grant, user, self.role(role)))
            self.tokens[person] = self.log_in({"id": user, "password": PASSWORD}, wanted)
        return self.tokens[person]

    def clean(self):
        self.call("PATCH", "domains/" + self.domain, {"domain": {"enabled": False}})
        for path in reversed(self.made):
            try:
                self.call("DELETE", path)
            except urllib.error.HTTPError as error:
                if error.code != 404:  # gone with its domain
                    raise


class RealRoles(auth_roles.Roles):
    @classmethod
    def setUpClass(cls):
        cls.real = RealKeystone()
        cls.addClassCleanup(cls.real.clean)
        environ = os.environ
        cls.settings = ("keystone_authtoken.auth_url=" + environ["OS_AUTH_URL"],
                        "keystone_authtoken.username=" + environ["OS_USERNAME"],
                        "keystone_authtoken.password=" + environ["OS_PASSWORD"],
                        "keystone_authtoken.project_name=" + environ["OS_PROJECT_NAME"],
                        "keystone_authtoken.user_domain_name=" + environ.get("OS_USER_DOMAIN_NAME", "Default"),
                        "keystone_authtoken.project_domain_name=" + environ.get("OS_PROJECT_DOMAIN_NAME", "Default"))
        super().setUpClass()

    @classmethod
    def token(cls, person):
        return cls.real.token(person)

    @classmethod
    def project(cls, name):
        return cls.real.project(name)

    def test_a_revoked_token_ends_when_the_cache_forgets_it(self):
        token = self.real.log_in({"name": os.environ["OS_USERNAME"], "password": os.environ["OS_PASSWORD"],
                                  "domain": {"name": os.environ.get("OS_USER_DOMAIN_NAME", "Default")}},
                                 {"project": {"name": os.environ["OS_PROJECT_NAME"], "domain": {
                                     "name": os.environ.get("OS_PROJECT_DOMAIN_NAME", "Default")}}})
        self.assertEqual(self.as_("gAAAAAB" + "x" * 180, "GET", "/v1/nodes").status, 401)
        request = urllib.request.Request(self.real.base + "/auth/tokens", method="DELETE",
                                         headers={"X-Auth-Token": token, "X-Subject-Token": token})
        urllib.request.urlopen(request, timeout=harness.LIMIT_S).close()
        self.assertEqual(self.as_(token, "GET", "/v1/nodes").status, 401)


del auth_roles.Roles  # not a suite of this module

if __name__ == "__main__":
    unittest.main()
