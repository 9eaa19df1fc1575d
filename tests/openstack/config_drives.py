#!/usr/bin/env python3
"""The daemon keeps config drives in the Swift that STEEL_CLOUD_AUTH_URL leads to. The test is the machine and its agent, and asks Swift itself.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import gzip
import sys
import time
import urllib.error
import urllib.request

import deploy_images
import harness
import told

CONTAINER, LIFE_S = "steel-drives", 1200


def status_of(url):
    """Without a token, as an agent asks."""
    try:
        with urllib.request.urlopen(url, timeout=harness.LIMIT_S) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


class ConfigDrives(deploy_images.DirectSuite):
    own_options = deploy_images.Suite.own_options + (
        "deploy.configdrive_use_object_store=true", "conductor.configdrive_swift_container=" + CONTAINER,
        "conductor.configdrive_swift_temp_url_duration=%d" % LIFE_S)

    def setUp(self):
        super().setUp()
        self.container = "%s/%s" % (self.cloud.endpoint("object-store"), CONTAINER)
        self.name = "configdrive-" + self.uuid

    def stored(self):
        """Names of the objects that Swift has."""
        try:
            return [row["name"] for row in self.cloud.ask("GET", self.container + "?format=json")[1]]
        except urllib.error.HTTPError as error:
            self.assertEqual(error.code, 404)  # nobody has made the container
            return []

    def life_s(self):
        """For how long Swift keeps the object."""
        headers, _ = self.cloud.ask("HEAD", "%s/%s" % (self.container, self.name))
        return int(headers["X-Delete-At"]) - time.time()

    def deployed(self, verb, hello):
        """The URL of the config drive that the agent has written, and what it leads to."""
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, verb, configdrive={"meta_data": {"name": "one"}, "user_data": hello})
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        url, = [params["step"]["args"]["configdrive"] for name, params in agent.given
                if name == "deploy.execute_deploy_step" and params["step"]["step"] == "write_image"]
        with urllib.request.urlopen(url, timeout=harness.LIMIT_S) as answer:
            return url, gzip.decompress(base64.b64decode(answer.read()))

    def test_an_object_with_an_end_that_the_agent_gets_by_a_temporary_url_until_the_undeploy(self):
        url, drive = self.deployed("active", "hello from the drive")
        self.assertIn(b"hello from the drive", drive)
        self.assertTrue(url.startswith("%s/%s?temp_url_sig=" % (self.container, self.name)), url)
        self.assertEqual(self.stored(), [self.name])
        self.assertGreater(self.life_s(), 0)
        self.assertLessEqual(self.life_s(), LIFE_S)
        self.assertEqual(status_of(url.split("?")[0]), 401)
        self.assertEqual(status_of(url.replace("temp_url_expires=", "temp_url_expires=1")), 401)
        self.undeploy()
        self.assertEqual(self.stored(), [])
        self.assertEqual(status_of(url), 404)

    def test_a_rebuild_with_another_drive_takes_its_place(self):
        self.deployed("active", "hello from the first")
        url, drive = self.deployed("rebuild", "hello from the second")
        self.assertIn(b"hello from the second", drive)
        self.assertEqual(self.stored(), [self.name])
        self.undeploy()
        self.assertEqual((self.stored(), status_of(url)), ([], 404))


if __name__ == "__main__":
    sys.exit(told.run(sys.modules[__name__]))
