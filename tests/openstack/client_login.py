#!/usr/bin/env python3
"""The command `steel` logs in at the Keystone of STEEL_CLOUD_AUTH_URL in each way that it knows, and finds the daemon in the catalog.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess
import sys
import unittest

import deploy_images
from deploy_images import PASSWORD, PROJECT, URL, USER

import harness  # deploy_images knows where it is
import real_cloud
import told

STEEL = os.path.join(os.path.dirname(harness.STEELD), "steel")
LOGIN = {"OS_AUTH_URL": URL, "OS_USERNAME": USER, "OS_PASSWORD": PASSWORD, "OS_PROJECT_NAME": PROJECT}
CLOUDS = """
clouds:
  metal:
    interface: internal
    region_name: RegionOne
    auth: {auth_url: "%s", username: %s, project_name: %s}
"""


class Login(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cloud = deploy_images.Cloud()
        cls.steel = harness.Steel("auth_strategy=keystone", "api.port=" + os.environ["STEEL_CLOUD_BAREMETAL_PORT"],
                                  *real_cloud.steel_options(os.environ))
        cls.addClassCleanup(cls.steel.stop)

    def run_steel(self, *words, **environment):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        return subprocess.run([STEEL, *words], env=dict(clean, HOME=self.steel.folder, **environment), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=harness.LIMIT_S, check=False)

    def works(self, *words, **environment):
        done = self.run_steel(*words, "node", "list", "-f", "json", **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), [])

    def credential(self, name):
        """An application credential of the user: ID and secret."""
        users = URL + "/users/%s/application_credentials" % self.cloud.user
        made = self.cloud.ask("POST", users, json.dumps({"application_credential": {"name": name}}).encode())[1]
        return made["application_credential"]["id"], made["application_credential"]["secret"]

    def test_by_password(self):
        self.works(**LOGIN)
        self.works(**LOGIN, OS_INTERFACE="internal", OS_REGION_NAME="RegionOne")
        self.works("--os-endpoint-override", "http://127.0.0.1:%d" % self.steel.port, **LOGIN)

    def test_by_a_token(self):
        self.works(OS_AUTH_URL=URL, OS_TOKEN=self.cloud.token, OS_PROJECT_NAME=PROJECT)

    def test_by_application_credentials(self):
        ident, secret = self.credential("by-id")
        self.works(OS_AUTH_URL=URL, OS_APPLICATION_CREDENTIAL_ID=ident, OS_APPLICATION_CREDENTIAL_SECRET=secret)
        _, secret = self.credential("by-name")
        self.works(OS_AUTH_URL=URL, OS_APPLICATION_CREDENTIAL_NAME="by-name", OS_APPLICATION_CREDENTIAL_SECRET=secret, OS_USERNAME=USER)

    def test_by_a_cloud_of_clouds_yaml(self):
        folder = os.path.join(self.steel.folder, ".config", "openstack")
        os.makedirs(folder)
        with open(folder + "/clouds.yaml", "w", encoding="utf-8") as file:
            file.write(CLOUDS % (URL, USER, PROJECT))
        with open(folder + "/secure.yaml", "w", encoding="utf-8") as file:
            file.write("clouds: {metal: {auth: {password: %s}}}\n" % PASSWORD)
        self.works(OS_CLOUD="metal")

    def test_what_keystone_refuses_is_told(self):
        for changed, words in (({"OS_PASSWORD": "wrong"}, "The request you have made requires authentication"),
                               ({"OS_REGION_NAME": "elsewhere"}, "keystone's catalog has no public endpoint of type baremetal in region elsewhere"),
                               ({"OS_AUTH_URL": "http://127.0.0.1:1/v3"}, "keystone: ")):
            with self.subTest(changed):
                done = self.run_steel("node", "list", **{**LOGIN, **changed})
                self.assertEqual(done.returncode, 1)
                self.assertIn(words, done.stderr)
                self.assertNotIn(PASSWORD, done.stderr)


if __name__ == "__main__":
    sys.exit(told.run(sys.modules[__name__]))
