"""What the agent logs: read while it runs, and kept when its work has failed.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import os
import subprocess
import tarfile
import threading
import unittest

import harness
import real_agent
from agent_support import MIB
from faults_support import until


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
