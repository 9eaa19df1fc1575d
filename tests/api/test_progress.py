"""How far an agent has come: in the timeline, in the event stream, and for who waits.

SPDX-License-Identifier: Apache-2.0
"""
import subprocess
import threading
import unittest

import harness
import real_agent
from agent_support import MIB
from faults_support import until
from observe_support import Listener

STEP = MIB // 4  # bytes between two words of an agent about its progress


class Progress(real_agent.Suite):
    def timeline(self, machine):
        return self.get("/v1/nodes/%s/timeline" % machine.uuid)

    def client(self, *words):
        process = subprocess.Popen([real_agent.STEEL, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env={"OS_ENDPOINT": "http://127.0.0.1:%d" % self.steel.port})
        self.addCleanup(process.kill)
        return process

    def held(self, number, size=32 * MIB, at=16 * MIB):
        """A machine in the middle of its image, and the event that lets the rest come."""
        machine, rest = self.machine(number), threading.Event()
        self.addCleanup(rest.set)
        machine.image("/held-%d" % number, real_agent.noise(size, number))
        self.server.holds["/held-%d" % number] = (at, rest)
        return machine, rest

    def progress(self, machine):
        """What is known of the agent, once it writes and has come to where it is held."""
        def look():
            found = self.timeline(machine).get("progress")
            return found if found and found["bytes_total"] and found["bytes_done"] > 8 * MIB else None
        return until("the agent's progress is known", look)

    def stands_still(self, machine, at=16 * MIB):
        """The agent has told of so much of what comes before its image is held that it has no more to tell: it does so in steps."""
        until("the agent has told of all that it has", lambda: self.progress(machine)["bytes_done"] > at - STEP)

    # the download may stand still for longer than a test needs
    more_options = ("pxe.kernel_append_params=ipa-image-download-connection-timeout=120",)

    def test_bytes_of_an_image_are_seen_while_it_is_written_and_afterwards(self):
        machine, rest = self.held(1)
        listener = Listener(self.steel.port, "?node=%s&type=baremetal.node.progress" % machine.uuid)
        self.addCleanup(listener.close)
        self.ask(machine.uuid, "active")
        machine.boot()
        found = self.progress(machine)
        self.assertEqual((found["agent_phase"], found["bytes_total"]), ("write image", 32 * MIB))
        self.assertLessEqual(found["bytes_done"], 17 * MIB)
        told = listener.event()
        self.assertEqual((told["event"], told["data"]["uuid"], told["data"]["operation"]),
                         ("baremetal.node.progress.update", machine.uuid, "deploy"))
        self.assertEqual(sorted(told["data"]), ["agent_phase", "bytes_done", "bytes_per_second", "bytes_total", "name", "operation",
                                                "seconds_left", "uuid"])
        rest.set()
        self.ends(machine, "active")
        after = self.timeline(machine)
        row = [phase for phase in after["timeline"] if phase["phase"] == "deploy.write_image"][0]
        self.assertEqual((row["bytes_done"], row["bytes_total"], row["result"]), (32 * MIB, 32 * MIB, "ok"))
        self.assertNotIn("progress", after)

    def test_waiting_without_a_terminal_prints_a_line_for_each_tenth(self):
        machine, rest = self.held(2)
        process = self.client("node", "deploy", machine.uuid, "--wait", "60")
        self.rest(machine.uuid, "wait call-back")
        machine.boot()
        line = next(line for line in iter(process.stderr.readline, "") if "of 32.0 MiB" in line)
        self.assertRegex(line, r": wait call-back  .*  deploy\.write_image \(write image\) [0-9.]+ MiB of 32\.0 MiB \([0-9]+%\)")
        rest.set()
        out, err = process.communicate(timeout=harness.LIMIT_S)
        self.assertEqual(process.returncode, 0, out + err)
        self.assertNotIn("\r", line + err)

    def test_the_next_life_of_the_daemon_hears_of_it_too(self):
        machine, rest = self.held(3)
        self.ask(machine.uuid, "active")
        machine.boot()
        self.stands_still(machine)
        self.steel.kill()
        self.steel.again()
        self.assertNotIn("progress", self.timeline(machine))
        rest.set()
        self.ends(machine, "active")

    def test_nobody_else_can_tell_of_a_node_s_progress(self):
        machine, rest = self.held(4)
        self.ask(machine.uuid, "active")
        machine.boot()
        self.progress(machine)
        path = "/v1/heartbeat/%s/progress" % machine.uuid
        said = {"agent_token": machine.agent.token, "phase": "write image", "bytes": 1, "total": 2}
        for change, status in (({"agent_token": "x" * 40}, 400), ({"bytes": -1}, 400), ({"bytes": "many"}, 400),
                               ({"total": -1}, 400), ({"phase": ""}, 400), ({"phase": "x" * 64}, 400), ({"more": 1}, 400)):
            self.want(status, "POST", path, dict(said, **change))
        self.assertEqual(self.timeline(machine)["progress"]["bytes_total"], 32 * MIB)
        rest.set()
        self.ends(machine, "active")


if __name__ == "__main__":
    unittest.main()
