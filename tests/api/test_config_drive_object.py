"""Config drives in Swift, and whose request the services of a cloud are told.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import gzip
import os
import re
import sys
import unittest
import urllib.request

import harness
from faults_support import until
from test_glance import GlanceSuite

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../openstack"))
import stand_in  # noqa: E402  the folder has to be known first

DRIVE = {"meta_data": {"name": "one"}, "user_data": "hello from the drive"}
KEY = "config_drive_container"


class InSwift(GlanceSuite):
    more_options = ("deploy.configdrive_use_object_store=true", "conductor.configdrive_swift_container=drives",
                    "conductor.configdrive_swift_temp_url_duration=1200", "swift.status_code_retries=0", "swift.connect_retries=0")

    def setUp(self):
        super().setUp()
        self.path = "drives/configdrive-" + self.uuid
        self.upload = "PUT %s/%s" % (stand_in.ACCOUNT, self.path)
        self.addCleanup(self.cloud.set, {"faults": [], "key": "account-key"})

    def stored(self):
        return self.cloud.state()["objects"].get(self.path)

    def remembered(self):
        return self.get("/v1/nodes/" + self.uuid)["driver_internal_info"].get(KEY)

    def begin(self, drive=DRIVE):
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active", configdrive=drive)

    def fails(self):
        self.begin()
        return self.rest(self.uuid, "deploy failed")["last_error"]

    def test_the_agent_gets_a_url_of_it_and_an_undeploy_removes_it(self):
        self.begin()
        agent, _ = self.boots()
        self.assertEqual(self.stored()["after"], "1200")
        self.assertEqual(self.remembered(), "drives")
        self.assertEqual(self.get("/v1/nodes/" + self.uuid)["instance_info"]["configdrive"], "******")
        self.calls_until(agent, "active")
        step, = [params["step"] for name, params in agent.given
                 if name == "deploy.execute_deploy_step" and params["step"]["step"] == "write_image"]
        url = step["args"]["configdrive"]
        self.assertTrue(url.startswith("%s%s/%s?temp_url_sig=" % (self.cloud.auth_url, stand_in.ACCOUNT, self.path)), url)
        with urllib.request.urlopen(url, timeout=harness.LIMIT_S) as answer:
            self.assertIn(b"hello from the drive", gzip.decompress(base64.b64decode(answer.read())))
        self.assertNotIn(url.split("temp_url_sig=")[1].split("&")[0], self.steel.text())
        self.undeploy()
        self.assertIsNone(self.stored())
        self.assertIsNone(self.remembered())

    def writes(self, verb, **more):
        """The URL by which the agent gets the drive; the node is active then."""
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, verb, **more)
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        return [params["step"]["args"]["configdrive"] for name, params in agent.given
                if name == "deploy.execute_deploy_step" and params["step"]["step"] == "write_image"][0]

    def test_a_rebuild_without_a_drive_lends_the_first_one_again(self):
        first = self.writes("active", configdrive=DRIVE)
        keep = "POST %s/%s" % (stand_in.ACCOUNT, self.path)
        second = self.writes("rebuild")
        self.assertEqual(self.cloud.asked(keep), 1)
        self.assertEqual(first.split("?")[0], second.split("?")[0])
        self.assertEqual(self.stored()["after"], "1200")
        with urllib.request.urlopen(second, timeout=harness.LIMIT_S) as answer:
            self.assertIn(b"hello from the drive", gzip.decompress(base64.b64decode(answer.read())))

    def test_a_rebuild_after_the_end_of_the_object_says_what_to_do(self):
        self.writes("active", configdrive=DRIVE)
        self.cloud.set({"end": self.path})
        self.ask(self.uuid, "rebuild")
        self.assertIn("the config drive in Swift is of no more use, give it again: Swift answered 404 to a change of the end of " + self.path,
                      self.rest(self.uuid, "deploy failed")["last_error"])
        self.assertIn(b"temp_url_sig", self.writes("rebuild", configdrive=DRIVE).encode())

    def test_a_swift_that_does_not_take_it_fails_the_deploy(self):
        for kind, words in (("503", "the config drive could not be put into Swift: Swift answered 503 to the upload of " + self.path),
                            ("403", "the config drive could not be put into Swift: Swift answered 403 to the upload of " + self.path)):
            with self.subTest(kind):
                self.cloud.set({"faults": [{"match": self.upload, "times": 9, "kind": kind}]})
                self.assertIn(words, self.fails())
                self.cloud.set({"faults": []})
                self.undeploy()
                self.assertIsNone(self.remembered())

    def test_an_account_without_a_key_fails_it_too(self):
        self.cloud.set({"key": ""})
        self.assertIn("the config drive could not be put into Swift: ", self.fails())
        self.undeploy()
        self.assertIsNone(self.stored())

    def test_a_drive_that_is_a_url_stays_one(self):
        self.begin("http://192.0.2.1/drive")
        self.rest(self.uuid, "wait call-back")
        self.assertEqual(self.cloud.asked(self.upload), 0)
        self.assertIsNone(self.remembered())
        self.undeploy()

    def test_nothing_is_left_of_a_deploy_that_dies_in_the_upload(self):
        for when in ("before", "after"):
            with self.subTest(when):
                with self.cloud.held(self.upload, when) as met:
                    self.begin()
                    self.assertTrue(met.wait(harness.LIMIT_S))
                    self.steel.kill()
                self.steel.again()
                until("it is at rest", lambda: self.get("/v1/nodes/" + self.uuid)["provision_state"] in ("deploy failed", "wait call-back"))
                self.assertEqual(self.remembered(), "drives")
                self.undeploy()
                self.assertIsNone(self.stored())
                self.assertIsNone(self.remembered())

    def test_an_undeploy_without_swift_ends_and_remembers(self):
        self.begin()
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.fault("DELETE %s/%s" % (stand_in.ACCOUNT, self.path), "503", 9)
        self.undeploy()
        self.assertIn("the config drive stays in Swift until its end: Swift answered 503", self.steel.text())
        self.assertEqual(self.remembered(), "drives")
        self.cloud.set({"faults": []})
        self.begin("http://192.0.2.1/drive")
        self.rest(self.uuid, "wait call-back")
        self.undeploy()
        self.assertIsNone(self.stored())
        self.assertIsNone(self.remembered())


class RequestIds(GlanceSuite):
    def told(self, **headers):
        """What Glance and the agent were told, and Steel's own id of the request."""
        image = self.cloud.image(b"an image" * 1000)
        self.info(image_source=image)
        answer = self.call("PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "active"}, headers=headers)
        self.assertEqual(answer.status, 202)
        self.rest(self.uuid, "wait call-back")
        told = {request["request_id"] for request in self.cloud.state()["requests"] if image in request["line"]}
        told.update(re.findall(r" ipa-global-request-id=(\S+) ", self.script()) or ["nothing"])
        self.undeploy()
        return told, answer.headers["Openstack-Request-Id"]

    def test_the_clients_own_id_goes_on(self):
        given = "req-" + harness.random_uuid()
        told, own = self.told(**{"X-OpenStack-Request-ID": given})
        self.assertEqual(told, {given})
        self.assertNotEqual(own, given)

    def test_what_is_no_id_does_not(self):
        for given in ("req-x", harness.random_uuid(), "req-%s-more" % harness.random_uuid(), "r" * 300):
            with self.subTest(given):
                told, own = self.told(**{"X-OpenStack-Request-ID": given})
                self.assertEqual(told, {own})


if __name__ == "__main__":
    unittest.main()
