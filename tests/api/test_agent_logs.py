"""What the agent logs: read while it runs, and kept when its work has failed.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import io
import os
import subprocess
import sys
import tarfile
import threading
import unittest

import harness
import real_agent
from agent_support import MIB
from faults_support import until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../openstack"))
import stand_in  # noqa: E402  the folder has to be known first


class Logs(real_agent.Suite):
    def held(self, number):
        """A machine whose agent is in the middle of its image."""
        machine, rest = self.machine(number), threading.Event()
        self.addCleanup(rest.set)
        machine.image("/held-%d" % number, real_agent.noise(8 * MIB, number))
        self.server.holds["/held-%d" % number] = (4 * MIB, rest)
        self.ask(machine.uuid, "active")
        machine.boot(**{"ipa-image-download-connection-timeout": 120})
        until("it writes", lambda: "write_image" in machine.agent.text() or "execute_deploy_step begins" in machine.agent.text())
        return machine, rest

    def client(self, *words):
        process = subprocess.Popen([real_agent.STEEL, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env={"OS_ENDPOINT": "http://127.0.0.1:%d" % self.steel.port})
        self.addCleanup(process.kill)
        return process

    def kept(self, machine):
        return sorted(glob.glob("%s/logs/%s*" % (self.place, machine.uuid)))

    def test_the_log_is_read_and_followed_while_the_agent_runs(self):
        cut = threading.Event()
        self.addCleanup(cut.set)
        self.server.cuts["/held-1"], self.server.after_cut = [MIB], cut.wait
        machine, rest = self.held(1)
        once = self.client("node", "log", machine.uuid)
        out, err = once.communicate(timeout=harness.LIMIT_S)
        self.assertEqual(once.returncode, 0, err)
        self.assertIn("this is node " + machine.uuid, out)
        follower = self.client("node", "log", machine.uuid, "--follow")
        lines = iter(follower.stdout.readline, "")
        next(line for line in lines if "this is node" in line)
        cut.set()
        next(line for line in lines if "it is tried again from byte" in line)
        rest.set()
        self.ends(machine, "active")
        out, err = follower.communicate(timeout=harness.LIMIT_S)
        self.assertEqual(follower.returncode, 0, err)
        self.assertNotIn(machine.agent.token, out)

    def test_a_node_without_an_agent_says_so(self):
        machine = self.machine(2)
        answer = self.call("GET", "/v1/nodes/%s/agent_log" % machine.uuid)
        self.assertEqual(answer.status, 400)
        self.assertIn("no agent has called", answer.message)
        for offset in ("-1", "x", "99999999999999999999"):
            self.want(400, "GET", "/v1/nodes/%s/agent_log?offset=%s" % (machine.uuid, offset))

    def fails(self, number):
        machine = self.machine(number)
        machine.image("/bad-%d" % number, real_agent.noise(MIB, number), image_os_hash_value="ab" * 32)
        self.ask(machine.uuid, "active")
        machine.boot()
        return machine, self.ends(machine, "deploy failed")

    def test_logs_of_a_failed_deploy_are_kept_where_last_error_says(self):
        machine, node = self.fails(3)
        path = self.kept(machine)
        self.assertEqual(len(path), 1)
        self.assertIn("(the agent's logs are in %s)" % path[0], node["last_error"])
        with tarfile.open(path[0]) as archive:
            log = archive.extractfile("agent.log").read().decode()
        self.assertIn("execute_deploy_step has failed", log)
        self.assertNotIn(machine.agent.token, log)
        self.assertEqual(os.stat(path[0]).st_mode & 0o777, 0o640)

    def test_a_node_s_oldest_logs_go(self):
        machine = self.machine(4)
        old = ["%s/logs/%s_2001-01-%02d-00-00-00.tar.gz" % (self.place, machine.uuid, day) for day in range(1, 13)]
        other = "%s/logs/another_2001-01-01-00-00-00.tar.gz" % self.place
        os.makedirs(self.place + "/logs", exist_ok=True)
        for path in old + [other]:
            open(path, "w").close()
        machine.image("/bad-4", real_agent.noise(MIB), image_os_hash_value="ab" * 32)
        self.ask(machine.uuid, "active")
        machine.boot()
        self.ends(machine, "deploy failed")
        self.assertEqual(len(self.kept(machine)), 10)
        self.assertEqual(self.kept(machine)[:9], old[3:])
        self.assertTrue(os.path.exists(other))


class Always(real_agent.Suite):
    more_options = ("agent.deploy_logs_collect=always",)

    def test_logs_of_a_good_deploy_are_kept_where_that_is_wanted(self):
        machine = self.machine(1)
        machine.image("/image", real_agent.noise(MIB))
        self.ask(machine.uuid, "active")
        machine.boot()
        self.ends(machine, "active")
        self.assertEqual(len(glob.glob("%s/logs/%s*" % (self.place, machine.uuid))), 1)


class InSwift(real_agent.Suite):
    @classmethod
    def setUpClass(cls):
        cls.cloud = stand_in.Cloud()
        cls.addClassCleanup(cls.cloud.stop)
        cls.more_options = ("agent.deploy_logs_collect=always", "agent.deploy_logs_storage_backend=swift", "swift.status_code_retries=0",
                            "agent.deploy_logs_swift_container=the-logs", "agent.deploy_logs_swift_days_to_expire=3",
                            *("keystone_authtoken.%s=%s" % pair for pair in (
                                ("auth_url", cls.cloud.auth_url), ("username", stand_in.USER), ("password", stand_in.PASSWORD),
                                ("project_name", stand_in.PROJECT))))
        super().setUpClass()

    def deploys(self, number, state, **info):
        machine = self.machine(number)
        machine.image("/image-%d" % number, real_agent.noise(MIB, number), **info)
        self.ask(machine.uuid, "active")
        machine.boot()
        return machine, self.ends(machine, state)

    def kept(self, machine):
        return [path for path in self.cloud.state()["objects"] if path.startswith("the-logs/" + machine.uuid)]

    def test_logs_are_put_into_swift_with_an_end(self):
        machine, node = self.deploys(1, "deploy failed", image_os_hash_value="ab" * 32)
        path, = self.kept(machine)
        self.assertRegex(path, r"^the-logs/%s_\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.tar\.gz$" % machine.uuid)
        self.assertIn("(the agent's logs are in %s in Swift)" % path, node["last_error"])
        self.assertEqual(self.cloud.state()["objects"][path]["after"], str(3 * 86400))
        with tarfile.open(fileobj=io.BytesIO(self.cloud.objects[path]["body"])) as archive:
            self.assertIn("execute_deploy_step has failed", archive.extractfile("agent.log").read().decode())
        self.assertFalse(os.path.exists(self.place + "/logs"))

    def test_a_swift_that_fails_fails_no_deploy(self):
        for number, kind in enumerate(("503", "401", "403", "half", "html"), 2):
            with self.subTest(kind):
                self.cloud.set({"faults": [{"match": "PUT %s/the-logs/" % stand_in.ACCOUNT, "times": 9, "kind": kind}]})
                machine, _ = self.deploys(number, "active")
                self.assertEqual(self.kept(machine), [])
                told = [line for line in self.steel.text().splitlines()
                        if machine.uuid in line and "the agent's logs could not be kept: Swift" in line]
                self.assertEqual(len(told), 1)
        self.cloud.set({"faults": []})


class Never(real_agent.Suite):
    more_options = ("agent.deploy_logs_collect=never",)

    def test_no_logs_are_kept_where_they_are_not_wanted(self):
        machine = self.machine(1)
        machine.image("/image", real_agent.noise(MIB), image_os_hash_value="ab" * 32)
        self.ask(machine.uuid, "active")
        machine.boot()
        node = self.ends(machine, "deploy failed")
        self.assertNotIn("logs are in", node["last_error"])
        self.assertFalse(os.path.exists(self.place + "/logs"))


if __name__ == "__main__":
    unittest.main()
