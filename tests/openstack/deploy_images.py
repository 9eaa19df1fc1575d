#!/usr/bin/env python3
"""The daemon deploys an image of the Glance that STEEL_CLOUD_AUTH_URL leads to: from its own cache, by a temporary URL of Swift, and
over iSCSI. The test is the machine and its agent.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import sys
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("STEEL_BUILD", os.path.join(ROOT, "build"))
sys.path.insert(0, os.path.join(ROOT, "tests/api"))

import harness  # noqa: E402  the folder has to be known first
import real_cloud  # noqa: E402
import told  # noqa: E402
from deploy_support import DeploySuite  # noqa: E402
from iscsi_target import Target  # noqa: E402
from ramdisk_support import free_port  # noqa: E402
from test_iscsi import IscsiAgent  # noqa: E402

IMAGE = os.urandom(1 << 20)
URL, USER, PASSWORD, PROJECT = (os.environ["STEEL_CLOUD_" + name] for name in ("AUTH_URL", "USER", "PASSWORD", "PROJECT"))


class Cloud:
    """Glance as its users see it."""

    def __init__(self):
        identity = {"methods": ["password"], "password": {"user": {"name": USER, "domain": {"id": "default"}, "password": PASSWORD}}}
        scope = {"project": {"name": PROJECT, "domain": {"id": "default"}}}
        self.token = None
        headers, told = self.ask("POST", URL + "/auth/tokens", json.dumps({"auth": {"identity": identity, "scope": scope}}).encode())
        self.token = headers["X-Subject-Token"]
        self.catalog, self.user = told["token"]["catalog"], told["token"]["user"]["id"]
        self.images = self.endpoint("image") + "/v2/images"

    def endpoint(self, kind):
        return [endpoint["url"] for service in self.catalog if service["type"] == kind
                for endpoint in service["endpoints"] if endpoint["interface"] == "public"][0]

    def ask(self, method, url, body=None, kind="application/json"):
        headers = {"Content-Type": kind, **({"X-Auth-Token": self.token} if self.token else {})}
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=harness.LIMIT_S) as answer:
            text = answer.read()
            return answer.headers, json.loads(text) if text else None

    def image(self, data, **about):
        about = {"name": "steel-test", "disk_format": "raw", "container_format": "bare", "visibility": "private", **about}
        image_id = self.ask("POST", self.images, json.dumps(about).encode())[1]["id"]
        self.ask("PUT", "%s/%s/file" % (self.images, image_id), data, "application/octet-stream")
        return image_id


class Suite(DeploySuite):
    own_options = real_cloud.steel_options(os.environ)

    @classmethod
    def setUpClass(cls):
        cls.cloud = Cloud()
        super().setUpClass()


class DirectSuite(Suite):
    def deploys(self, image=None, **info):
        """What the agent gets by the URL that it is told, and the URL."""
        seen = {}

        def fetch():
            seen["url"] = agent.given[-1][1]["step"]["args"]["image_info"]["urls"][0]
            with urllib.request.urlopen(seen["url"], timeout=harness.LIMIT_S) as answer:
                seen["data"] = answer.read()
        self.info(image_source=image or self.cloud.image(IMAGE), **info)
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        agent.taken["deploy.execute_deploy_step write_image"] = fetch
        self.calls_until(agent, "active")
        return seen["data"], seen["url"]

    def undeploy(self):
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "deleted"})
        return self.rest(self.uuid, "available")


class Direct(DirectSuite):
    def test_from_the_conductors_cache(self):
        data, url = self.deploys()
        self.assertEqual(data, IMAGE)
        self.assertIn("/agent_images/", url)

    def test_by_a_temporary_url_of_swift(self):
        data, url = self.deploys(image_download_source="swift")
        self.assertEqual(data, IMAGE)
        self.assertIn("/glance/", url)

    def test_an_image_that_is_not_there_is_told(self):
        self.info(image_source=harness.random_uuid())
        self.ask(self.uuid, "active")
        self.assertIn("Glance answered 404 to the look at image ", self.rest(self.uuid, "deploy failed")["last_error"])


class Iscsi(Suite):
    deploy_interface = "iscsi"
    agent_class = IscsiAgent

    @classmethod
    def setUpClass(cls):
        cls.port, cls.frozen = free_port(), False
        cls.own_options = Suite.own_options + ("iscsi.portal_port=%d" % cls.port,)
        cls.target = Target(cls.port)
        cls.addClassCleanup(cls.target.close)
        super().setUpClass()

    def test_written_to_the_disk(self):
        self.target.make_disk(2 << 20)
        self.info(image_source=self.cloud.image(IMAGE))
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.assertEqual(self.target.contents()[:len(IMAGE)], IMAGE)


if __name__ == "__main__":
    sys.exit(told.run(sys.modules[__name__]))
