"""Image servers that want a user: who logs in where, and that the password shows nowhere.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import hashlib
import json
import pathlib
import unittest

import real_agent
from deploy_support import IMAGE, DeploySuite
from image_server import ImageServer
from agent_support import MIB

PASSWORD = "a-secret-of-images"
HEADER = "Basic " + base64.b64encode(b"images:" + PASSWORD.encode()).decode()
LOGIN = ("deploy.image_server_auth_strategy=http_basic", "deploy.image_server_user=images", "deploy.image_server_password=" + PASSWORD)


class TheConductor(DeploySuite):
    deploy_interface = "iscsi"
    own_options = LOGIN + ("deploy.image_server_auth_hosts=127.0.0.1",)

    def setUp(self):
        super().setUp()
        self.server = ImageServer()
        self.addCleanup(self.server.close)

    def deploy(self, state):
        url = self.server.add("/image", IMAGE)
        self.server.logins["/image"] = HEADER
        self.info(image_source=url, image_os_hash_algo="sha256", image_os_hash_value=hashlib.sha256(IMAGE).hexdigest())
        self.ask(self.uuid, "active")
        return self.rest(self.uuid, state)

    def with_hosts(self, hosts):
        before = self.steel.settings["deploy.image_server_auth_hosts"]
        self.addCleanup(self.again)
        self.addCleanup(self.steel.settings.__setitem__, "deploy.image_server_auth_hosts", before)
        self.steel.settings["deploy.image_server_auth_hosts"] = hosts
        self.again()

    def test_it_logs_in_at_a_server_that_is_named(self):
        self.deploy("wait call-back")
        self.assertEqual({login for _, _, login in self.server.requests}, {HEADER})
        self.assertNotIn(PASSWORD, self.steel.text())

    def test_another_server_learns_nothing_and_the_operator_reads_why(self):
        self.with_hosts("images.example.org")
        node = self.deploy("deploy failed")
        self.assertIn("status 401: it wants a user, and [deploy]image_server_auth_hosts does not name it", node["last_error"])
        self.assertEqual({login for _, _, login in self.server.requests}, {None})

    def test_without_names_no_server_learns_anything(self):
        self.with_hosts("")
        self.assertIn("[deploy]image_server_user is sent to no server", self.steel.text())
        self.deploy("deploy failed")
        self.assertEqual({login for _, _, login in self.server.requests}, {None})

    def test_a_user_that_the_server_does_not_know_is_told(self):
        url = self.server.add("/image", IMAGE)
        self.server.logins["/image"] = "Basic somebody else's"
        self.info(image_source=url, image_os_hash_algo="sha256", image_os_hash_value="ab" * 32)
        self.ask(self.uuid, "active")
        self.assertIn("status 401: it does not let [deploy]image_server_user in", self.rest(self.uuid, "deploy failed")["last_error"])

    def test_a_server_that_it_is_sent_on_to_learns_nothing(self):
        other = ImageServer()
        self.addCleanup(other.close)
        other.add("/image", IMAGE)
        self.server.redirects["/image"] = other.url("/image").replace("127.0.0.1", "localhost")
        self.deploy("wait call-back")
        self.assertEqual({login for _, _, login in other.requests}, {None})


class TheAgent(real_agent.Suite):
    # an image server on a busy machine may stand still for a while
    more_options = LOGIN + ("deploy.image_server_auth_hosts=127.0.0.1",
                            "pxe.kernel_append_params=ipa-image-download-connection-timeout=120")

    def test_it_gets_the_login_for_the_image_and_nothing_shows_it(self):
        data = real_agent.noise(2 * MIB)
        machine = self.machine(1)
        machine.image("/image", data)
        self.server.logins["/image"] = HEADER
        self.ask(machine.uuid, "active")
        machine.boot()
        self.ends(machine, "active")
        self.assertTrue(machine.disk().startswith(data))
        shown = [self.steel.text(), machine.agent.text(), json.dumps(machine.state())]
        shown += [path.read_bytes().decode("latin1") for path in pathlib.Path(self.steel.folder).glob("*.sqlite*")]
        self.assertFalse([text for text in shown if PASSWORD in text])

    def test_a_checksum_elsewhere_keeps_the_login_here(self):
        """The agent would give it to both servers."""
        other = ImageServer()
        self.addCleanup(other.close)
        data, machine = real_agent.noise(MIB), self.machine(2)
        sums = other.add("/SUMS", ("%s  plain\n" % hashlib.sha256(data).hexdigest()).encode()).replace("127.0.0.1", "localhost")
        machine.info(image_source=self.server.add("/plain", data), image_checksum=sums, image_disk_format="raw")
        self.ask(machine.uuid, "active")
        machine.boot()
        self.ends(machine, "active")
        asked = [login for path, _, login in self.server.requests + other.requests if path in ("/plain", "/SUMS")]
        self.assertEqual(set(asked), {None})


if __name__ == "__main__":
    unittest.main()
