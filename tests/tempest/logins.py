"""Logins for the tests of ironic-tempest-plugin that need them: a Keystone of Debian's package, and a steeld that checks its tokens.

    with logins.Logins(folder) as cloud, cloud.steel(SETTING...):
        cloud.auth_url, cloud.settings()         # of tempest

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
for name in ("api", "openstack"):
    sys.path.insert(0, os.path.join(os.path.dirname(HERE), name))

import harness  # noqa: E402
import real_cloud  # noqa: E402

SETTINGS = """
[auth]
use_dynamic_credentials = false
test_accounts_file = {folder}/logins.yaml
"""
# of tempest's file of accounts: those that the tests ask for, the projects' all in one
ACCOUNT = """- username: {scope}-{role}
  password: {password}
  user_domain_name: Default
  roles: [{role}]
  {where}
"""
WHERE = {"system": "system: all", "project": "project_name: tests\n  project_domain_name: Default"}
PEOPLE = (("system", "admin"), ("system", "reader"), ("project", "admin"), ("project", "member"), ("project", "reader"))


class Logins(real_cloud.Cloud):
    """That cloud's Keystone alone."""

    def __enter__(self):
        try:
            self.start_keystone()
            self.make_people()
        except BaseException:
            self.stop()
            raise
        return self

    def roles(self):
        roles = {role["name"]: role["id"] for role in self.call("GET", self.auth_url + "/roles")[1]["roles"]}
        if "manager" not in roles:  # Debian 12's Keystone does not make this one, which later ones do
            manager = self.make("role", {"name": "manager"})
            for prior, implied in ((roles["admin"], manager), (manager, roles["member"])):
                self.call("PUT", "%s/roles/%s/implies/%s" % (self.auth_url, prior, implied))
        return roles

    def make_people(self):
        roles, project = self.roles(), self.make("project", {"name": "tests", "domain_id": "default"})
        grants = {"system": "system", "project": "projects/" + project}
        for scope, role in PEOPLE:
            user = self.make("user", {"name": "%s-%s" % (scope, role), "domain_id": "default", "password": real_cloud.PASSWORD})
            self.call("PUT", "%s/%s/users/%s/roles/%s" % (self.auth_url, grants[scope], user, roles[role]))

    def settings(self):
        """What tempest is told, beside a file of the people."""
        people = (ACCOUNT.format(scope=scope, role=role, where=WHERE[scope], password=real_cloud.PASSWORD) for scope, role in PEOPLE)
        with open(os.path.join(self.folder, "logins.yaml"), "w", encoding="utf-8") as file:
            file.write("".join(people))
        return SETTINGS.format(folder=self.folder)

    @contextlib.contextmanager
    def steel(self, *settings):
        steel = harness.Steel("auth_strategy=keystone", "api.port=%d" % self.baremetal_port,
                              *real_cloud.steel_options(self.environment()), *settings)
        try:
            yield
        finally:
            steel.stop()
