"""What can go wrong while an agent deploys, each with what the operator reads of it; and that nothing is written to a wrong place.

SPDX-License-Identifier: Apache-2.0
"""
import os
import ssl
import threading
import unittest

import database
import freezing
import real_agent
from agent_support import MIB, Agent
from agent_support import Machine as Hardware
from faults_support import until
from image_server import ImageServer
from ports import refusing
from ramdisk_support import make_certificate

SIZE = 6 * MIB
PATIENT = {"ipa-image-download-connection-timeout": 120}  # an image server on a busy machine may stand still for a while


class Failing(real_agent.Suite):
    """Faults that the agent tells of. All machines fail at the same time; each has its own sentence."""

    def slow(self, machine, path):
        self.server.holds[path] = (MIB, threading.Event())

    def cutting(self, machine, path):
        self.server.cuts[path] = [0] * 100

    def lying(self, machine, path):
        self.server.lie[path] = 5 * MIB

    def missing(self, machine, path):
        self.server.statuses[path] = 404

    def refusing(self, machine, path):
        place = refusing()
        self.addCleanup(place.close)
        machine.info(image_source="http://127.0.0.1:%d/image" % place.getsockname()[1])

    def stranger(self, machine, path):
        server = ImageServer()
        self.addCleanup(server.close)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*make_certificate(self.place, "images"))
        server.server.socket = context.wrap_socket(server.server.socket, server_side=True, do_handshake_on_connect=False)
        machine.info(image_source=server.url(path).replace("http:", "https:"))

    def wrong_checksum(self, machine, path):
        machine.info(image_os_hash_value="ab" * 32)

    def failing(self, machine, path):
        """Each write to the disk fails."""
        os.unlink(machine.hardware.path("vdb"))
        os.symlink("/dev/full", machine.hardware.path("vdb"))

    def nothing(self, machine, path):
        pass

    FAULTS = (
        # what happens, more of the machine, what last_error has besides the step and the disk
        (slow, {}, r"disk \S+/vdb: image faulty-1: http://127\.0\.0\.1:\d+/faulty-1: Timeout was reached \(after 1048576 bytes\); check that the image server answers"),
        (cutting, {}, r"disk \S+/vdb: .*Transferred a partial file \(after 0 bytes\); check that the image server"),
        (lying, {}, r"disk \S+/vdb: .*Transferred a partial file \(after 6291456 bytes\); .*tells the right length"),
        (missing, {}, r"disk \S+/vdb: .*the server answers with status 404"),
        (refusing, {}, r"disk \S+/vdb: .*Could(n't| not) connect to server.*; check that the image server answers"),
        (stranger, {}, r"disk \S+/vdb: .*certificate.*; .*a certificate that the ramdisk trusts"),
        (wrong_checksum, {}, r"disk \S+/vdb: .*image checksum: (ab){32}; verification checksum: [0-9a-f]{64}; compare the checksum in instance_info"),
        (failing, {}, r"disk \S+/vdb: .*the disk does not take what was written: .*; check that the disk is large enough for the image, and its health"),
        (nothing, {"disk": 4 * MIB}, r"vdb has 4194304 bytes, and the image is larger; check that the disk is large enough"),
        (nothing, {"properties": {"root_device": {"serial": "another-disk"}}}, r"using these hints .*another-disk.*vdb \(67108864 bytes, serial the-disk\).*; correct the hints"),
    )

    def test_the_operator_reads_the_step_the_disk_the_cause_and_what_to_do(self):
        machines = []
        for number, (fault, more, _) in enumerate(self.FAULTS, 1):
            machine, path = self.machine(number, **more), "/faulty-%d" % number
            machine.image(path, real_agent.noise(SIZE, number))
            fault(self, machine, path)
            self.ask(machine.uuid, "active")
            machines.append(machine)
        for machine, (fault, _, _) in zip(machines, self.FAULTS):
            machine.boot(**({} if fault is Failing.slow else PATIENT))
        for machine, (fault, more, words) in zip(machines, self.FAULTS):
            node = self.ends(machine, "deploy failed")
            with self.subTest(fault=fault.__name__):
                self.assertRegex(node["last_error"], r"^deploy step deploy\.write_image: ")
                self.assertRegex(node["last_error"], words)
                self.assertIn("the agent's logs are in", node["last_error"])
                self.assertEqual(machine.hardware.contents("vda"), b"\xa5" * 4 * MIB)


class Silent(real_agent.Suite):
    """Machines that are not heard of any more, or never."""

    more_options = ("conductor.deploy_callback_timeout=30",)

    def with_image(self, number):
        """A machine whose image does not come to its end."""
        machine, path = self.machine(number), "/written-%d" % number
        machine.image(path, real_agent.noise(SIZE, number))
        self.server.holds[path] = (MIB, threading.Event())
        return machine

    def writes(self, machine):
        """The machine is deployed, and its agent has begun to write."""
        self.ask(machine.uuid, "active")
        agent = machine.boot(**PATIENT)
        until("it writes", lambda: "execute_deploy_step begins" in agent.text())

    def test_who_falls_silent_is_told_with_the_last_that_was_heard(self):
        killed, cut, dark, loaded = machines = [self.with_image(number) for number in range(1, 5)]
        for machine in (killed, cut):  # each has all of its time: it begins with the request
            self.writes(machine)
        killed.agent.process.kill()
        freezing.freeze(cut.agent.process.pid)
        self.addCleanup(freezing.thaw, cut.agent.process.pid)
        self.ask(dark.uuid, "active")
        self.ask(loaded.uuid, "active")
        loaded.ramdisk()  # the machine gets its script, and nothing more is heard of it
        until("all are given up", lambda: all(machine.state()["provision_state"] == "deploy failed" for machine in machines), 120)
        silent = (r"^Timeout reached while waiting for callback: the agent at https://127\.0\.0\.1:\d+ last called at 20\S+, during the "
                  r"deploy step write_image, and is silent since; look at the machine's console")
        for machine, words in ((killed, silent), (cut, silent), (dark, "^powered on, but nothing asked for a boot file: check that"),
                               (loaded, "^the machine fetched its boot script, but the agent of its ramdisk did not call in time")):
            self.assertRegex(self.ends(machine, "deploy failed")["last_error"], words)


class Clones(real_agent.Suite):
    """Two machines with one MAC."""

    def clone(self, machine, **parameters):
        """An agent on another machine with the same MAC."""
        hardware = Hardware([machine.mac])
        self.addCleanup(hardware.close)
        hardware.disk("vdb", SIZE, serial="the-disk")
        agent = Agent(hardware, **dict({"ipa-api-url": "http://127.0.0.1:%d" % self.steel.port}, **parameters))
        self.addCleanup(agent.stop)
        return hardware, agent

    def test_one_deploys_and_the_other_is_told_that_it_is_not_the_node(self):
        machine, rest = self.machine(1), threading.Event()
        self.addCleanup(rest.set)
        data = real_agent.noise(SIZE)
        machine.image("/image", data)
        self.server.holds["/image"] = (MIB, rest)
        self.ask(machine.uuid, "active")
        parameters = machine.ramdisk()
        self.assertNotIn("ipa-agent-token", machine.script("127.0.2.1"))
        machine.boot(**PATIENT)
        until("it writes", lambda: "execute_deploy_step begins" in machine.agent.text())
        strange, stranger = self.clone(machine)  # it has the MAC only
        same, twin = self.clone(machine, **parameters)  # it has everything that the machine was told
        stranger.wait_log("given this node's token to another agent")
        stranger.wait_log("the agent token of node %s is missing or wrong|Agent token is required" % machine.uuid)
        twin.wait_log("the callback_url of node %s may not change while its agent runs" % machine.uuid)
        rest.set()
        self.ends(machine, "active")
        self.assertTrue(machine.disk()[:SIZE] == data)
        for hardware in (strange, same):
            self.assertEqual(hardware.contents("vdb"), b"\xa5" * SIZE)


class Killed(real_agent.Suite):
    """The daemon is killed while a deploy is in each of its phases; the next life finishes all of them."""

    # the first life waits for machines to go off by themselves, which these do not
    more_options = ("agent.post_deploy_get_power_state_retries=600",)
    LONG = 60000

    def slow_power(self, machine):
        """Power changes take for ever, until the next life."""
        self.want(200, "PATCH", "/v1/nodes/" + machine.uuid, [{"op": "add", "path": "/driver_info/fake",
                                                               "value": {"power.set": {"delay_ms": self.LONG}}}])

    def begin(self, number, hold=False):
        machine, rest = self.machine(number), threading.Event()
        self.addCleanup(rest.set)
        machine.data = real_agent.noise(SIZE, number)
        machine.image("/killed-%d" % number, machine.data)
        if hold:
            self.server.holds["/killed-%d" % number] = (MIB, rest)
        return machine, rest

    def in_phase(self, machine, phase):
        until("the phase " + phase, lambda: any(row["phase"] == phase and row["finished_at"] is None for row in self.phases(machine.uuid)))

    def unmute(self, machines):
        """Power changes are quick from now on: that is written where only a dead daemon leaves it alone."""
        with database.opened(self.steel.folder) as stored:
            for machine in machines:
                stored.execute("UPDATE nodes SET driver_info = '{}' WHERE uuid = ?", (machine.uuid,))

    def test_the_next_life_finishes_deploys_of_every_phase_and_writes_once(self):
        (off, _), (booting, _), (writing, rest), (switching, _) = machines = [self.begin(number, number == 3) for number in range(1, 5)]
        machines = [machine for machine, _ in machines]
        self.slow_power(off)
        for machine in machines:
            self.ask(machine.uuid, "active")
        for machine in (writing, switching):
            self.rest(machine.uuid, "wait call-back")
        for machine in (writing, switching):
            machine.boot(**PATIENT)
        self.in_phase(off, "power_off")
        self.rest(booting.uuid, "wait call-back")
        until("it writes", lambda: "execute_deploy_step begins" in writing.agent.text())
        self.in_phase(switching, "power_off")
        self.steel.kill()
        self.unmute(machines)
        self.steel.settings["agent.post_deploy_get_power_state_retries"] = "0"
        self.steel.again()
        rest.set()
        for machine in (off, booting):
            machine.boot(**PATIENT)
        for number, machine in enumerate(machines, 1):
            node = self.ends(machine, "active")
            self.assertIsNone(node["last_error"])
            self.assertTrue(machine.disk()[:SIZE] == machine.data, number)
            self.assertEqual(machine.hardware.contents("vda"), b"\xa5" * 4 * MIB)
            asked = [request for request in self.server.requests if request[0] == "/killed-%d" % number]
            self.assertEqual(len(asked), 1, asked)


if __name__ == "__main__":
    unittest.main()
