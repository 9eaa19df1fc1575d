#!/usr/bin/env python3
"""An API and a conductor that talk over HTTP ([json_rpc]auth_strategy = keystone), with the Keystone of STEEL_CLOUD_AUTH_URL.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import sys

import deploy_images
from deploy_images import PASSWORD, PROJECT, URL, USER

import real_cloud  # deploy_images knows where the others are
import rpc_support
import told

BY_PASSWORD = {"auth_type": "password", "auth_url": URL, "username": USER, "password": PASSWORD, "project_name": PROJECT}


class Login(rpc_support.Pair):
    transport = "json-rpc"
    options = (*real_cloud.steel_options(os.environ), "rpc_response_timeout=120", "json_rpc.auth_strategy=keystone",
               "json_rpc.allowed_roles=service", *("json_rpc.%s=%s" % pair for pair in BY_PASSWORD.items()))

    def with_login(self, login, **more):
        """What the API says to a call of its conductor when it has this login instead, until the test ends."""
        before = dict(self.steel.settings)

        def restore():
            self.steel.settings = before
            rpc_support.restart_api(self.steel)
        self.addCleanup(restore)
        kept = {name: value for name, value in before.items() if name.partition(".")[2] not in BY_PASSWORD or not name.startswith("json_rpc.")}
        self.steel.settings = {**kept, **{"json_rpc." + name: value for name, value in {**login, **more}.items()}}
        rpc_support.restart_api(self.steel)
        return self.call("GET", "/v1/drivers/fake-hardware/properties")

    def test_calls_are_made_with_the_token_of_a_password(self):
        self.assertTrue(self.reaches(self.fake()))

    def test_an_application_credential_does_as_well(self):
        cloud = deploy_images.Cloud()
        made = cloud.ask("POST", URL + "/users/%s/application_credentials" % cloud.user,
                         json.dumps({"application_credential": {"name": "rpc"}}).encode())[1]["application_credential"]
        answer = self.with_login({"auth_type": "v3applicationcredential", "auth_url": URL, "application_credential_id": made["id"],
                                  "application_credential_secret": made["secret"]})
        self.assertEqual(answer.status, 200, answer.body)

    def test_a_login_without_an_auth_type_is_that_of_keystone_authtoken(self):
        answer = self.with_login({})
        self.assertEqual(answer.status, 200, answer.body)

    def test_a_wrong_password_is_told_in_keystones_words(self):
        answer = self.with_login(BY_PASSWORD, password="wrong")
        self.assertEqual(answer.status, 503, answer.body)
        self.assertIn("The request you have made requires authentication", answer.message)

    def test_a_token_of_another_project_without_the_role_is_refused(self):
        answer = self.with_login(BY_PASSWORD, username="admin", project_name="admin")  # who has no role "service" there
        self.assertEqual(answer.status, 503, answer.body)
        self.assertIn("refuses this API's login (403)", answer.message)


if __name__ == "__main__":
    sys.exit(told.run(sys.modules[__name__]))
