"""Serial consoles of nodes: enabled over the API, reached over TCP, served from BMCs of the lab by Serial over LAN; and the real
ipmitool as a client of these BMCs.

SPDX-License-Identifier: Apache-2.0
"""
import os
import pty
import select
import signal
import socket
import subprocess
import time

import faults_support
import harness
from faults_support import until
from ports import free_port, free_ports

STEEL = os.path.join(os.path.dirname(harness.STEELD), "steel")
BMCS = 6
START_S = 8  # that a BMC may take when a console is enabled
PORTS = 20   # of the range


class Terminal:
    """A client of a console: what it sees, and a way to wait for it."""

    def __init__(self, descriptor, close):
        self.descriptor, self.close, self.seen, self.ended = descriptor, close, b"", False

    def read(self, limit_s):
        if not select.select([self.descriptor], [], [], limit_s)[0]:
            return
        try:
            more = os.read(self.descriptor, 65536)
        except OSError:
            more = b""
        self.ended = not more
        self.seen += more

    def until(self, words, limit_s=harness.LIMIT_S):
        """Waits until it sees the words, and forgets all before their end."""
        end = time.monotonic() + limit_s
        while words not in self.seen:
            if self.ended or time.monotonic() > end:
                raise AssertionError("%r did not come%s: %r" % (words, ", the connection ended" if self.ended else "", self.seen[-600:]))
            self.read(0.2)
        before, _, self.seen = self.seen.partition(words)
        return before

    def until_ended(self):
        until("the connection ends", lambda: self.read(0.2) or self.ended)

    def type(self, text):
        os.write(self.descriptor, text.encode())


class Base(faults_support.Suite):
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.first = free_ports(PORTS)
        cls.options = cls.options + (
            "console.port_range=%d:%d" % (cls.first, cls.first + PORTS), "console.socat_address=127.0.0.1",
            "console.subprocess_timeout=%d" % START_S, "conductor.sync_power_state_interval=0", "conductor.automated_clean=false",
            "enabled_hardware_types=fake-hardware,ipmi,ilo5,redfish", "ipmi.command_retry_timeout=10",
            "enabled_console_interfaces=ipmitool-socat,ilo,fake,no-console")
        super().setUpClass()
        cls.fleet = faults_support.Fleet(BMCS)

    @classmethod
    def tearDownClass(cls):
        cls.fleet.close()
        super().tearDownClass()

    def setUp(self):
        self.fleet.set("--all", "--alive", "--latency-ms", 0, "--loss-percent", 0)

    # -- things

    def bmc(self, index, **info):
        return self.node(driver="ipmi", driver_info=self.fleet.info(index, **info))["uuid"]

    def switch(self, node, on):
        return self.call("PUT", "/v1/nodes/%s/states/console" % node, {"enabled": on})

    def enable(self, node):
        self.assertEqual(self.switch(node, True).status, 202)
        self.wait_node(node, console_enabled=True, reservation=None)
        return self.url(node)

    def url(self, node):
        told = self.get("/v1/nodes/%s/states/console" % node)
        self.assertIs(told["console_enabled"], True)
        self.assertEqual(set(told["console_info"]), {"type", "url"})
        self.assertEqual(told["console_info"]["type"], "socat")
        self.assertRegex(told["console_info"]["url"], r"^tcp://127\.0\.0\.1:\d+$")
        return told["console_info"]["url"]

    def disable(self, node):
        self.assertEqual(self.switch(node, False).status, 202)
        self.wait_node(node, console_enabled=False, reservation=None)

    def connect(self, url):
        client = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=harness.LIMIT_S)
        self.addCleanup(client.close)
        return Terminal(client.fileno(), client.close)

    def reach(self, url, name):
        """A client that has the machine's prompt."""
        terminal = self.connect(url)
        terminal.until(b"[connected to the console]")
        terminal.type("\r")
        terminal.until(b"%s login: " % name.encode())
        return terminal

    def refused(self, url):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) != 0

    def ipmitool(self, index, *words):
        info = self.fleet.info(index)
        return ["ipmitool", "-I", "lanplus", "-H", info["ipmi_address"], "-p", str(info["ipmi_port"]), "-U", info["ipmi_username"],
                "-P", info["ipmi_password"], *words]

    def run_ipmitool(self, index, *words):
        return subprocess.run(self.ipmitool(index, *words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=harness.LIMIT_S, text=True)

    def in_a_terminal(self, words, **environment):
        child, descriptor = pty.fork()
        if child == 0:
            os.execvpe(words[0], words, dict(os.environ, **environment))
        self.addCleanup(os.close, descriptor)
        self.addCleanup(os.waitpid, child, 0)
        self.addCleanup(os.kill, child, signal.SIGKILL)
        return Terminal(descriptor, None)

    def activate(self, index):
        """ipmitool at the BMC's console."""
        terminal = self.in_a_terminal(self.ipmitool(index, "sol", "activate"))
        terminal.until(b"SOL Session operational")
        return terminal

    def attach(self, node):
        return self.in_a_terminal([STEEL, "node", "console", "attach", node], OS_AUTH_TYPE="none",
                                  OS_ENDPOINT="http://127.0.0.1:%d" % self.steel.port)


class Console(Base):
    def test_it_is_enabled_reached_and_disabled(self):
        node = self.bmc(0)
        self.assertEqual(self.get("/v1/nodes/%s/states/console" % node), {"console_enabled": False, "console_info": None})
        url = self.enable(node)
        terminal = self.reach(url, "lab-0")
        terminal.type("hello\r")
        terminal.until(b"lab-0 has read: hello")
        terminal.until(b"login: ")
        terminal.type("count 2000\r")
        lines = terminal.until(b"line 2000\r\n").decode().split("\r\n")
        self.assertEqual([line for line in lines if line.startswith("line ")], ["line %d" % i for i in range(1, 2000)])
        self.assertRegex(self.steel.text(), r"the console of node %s: 127\.0\.0\.1 has connected" % node)
        self.disable(node)
        terminal.until(b"[the console was stopped]")
        terminal.until_ended()
        self.assertTrue(self.refused(url))
        self.assertEqual(self.get("/v1/nodes/%s/states/console" % node), {"console_enabled": False, "console_info": None})

    def test_lost_datagrams_lose_no_character(self):
        terminal = self.reach(self.enable(self.bmc(1)), "lab-1")
        self.fleet.set("--index", 1, "--loss-percent", 5)
        terminal.type("count 1000\r")
        lines = terminal.until(b"line 1000\r\n").decode().split("\r\n")
        self.assertEqual([line for line in lines if line.startswith("line ")], ["line %d" % i for i in range(1, 1000)])

    def test_all_clients_see_the_same_and_there_are_not_too_many(self):
        url = self.enable(self.bmc(0))
        clients = [self.connect(url) for _ in range(4)]
        for client in clients:
            client.until(b"[connected to the console]")
        until("all are there", lambda: self.last_is_refused(url))
        clients[3].type("all of you\r")
        for client in clients:
            client.until(b"has read: all of you")

    def last_is_refused(self, url):
        terminal = self.connect(url)
        terminal.until_ended()
        return b"as many clients as it takes" in terminal.seen

    def test_escapes_are_those_of_ipmitool(self):
        terminal = self.reach(self.enable(self.bmc(0)), "lab-0")
        terminal.type("\r~B")
        terminal.until(b"[break]")
        terminal.type("\r~~x\r")
        terminal.until(b"has read: ~x")
        terminal.type("\r~.")
        terminal.until_ended()

    def test_the_client_attaches_a_terminal(self):
        node = self.bmc(0)
        terminal = self.attach(node)
        terminal.until(b"is not enabled; enable it with: steel node console enable " + node.encode())
        terminal.until_ended()
        self.enable(node)
        terminal = self.attach(node)
        terminal.until(b"[connected to the console]")
        terminal.type("\r")
        terminal.until(b"lab-0 login: ")
        terminal.type("\x03over here\r")  # ^C goes to the machine
        terminal.until(b"has read: over here")
        terminal.until(b"login: ")
        terminal.type("\r~.")
        terminal.until_ended()

    def test_the_bmc_has_its_console_back_when_nobody_looks(self):
        node = self.bmc(2)
        url = self.enable(node)
        terminal = self.reach(url, "lab-2")
        taken = self.run_ipmitool(2, "sol", "activate")
        self.assertIn("already active on another session", taken.stdout)
        terminal.close()
        until("it is free", lambda: "already de-activated" in self.run_ipmitool(2, "sol", "deactivate").stdout)

    def test_a_console_that_is_taken_comes_back_and_the_node_tells(self):
        node = self.bmc(3)
        terminal = self.reach(self.enable(node), "lab-3")
        self.assertEqual(self.run_ipmitool(3, "sol", "deactivate").returncode, 0)
        terminal.until(b"has ended the console: another client has taken it, or SOL was disabled; it is tried again in 1 s]")
        terminal.until(b"[connected to the console]")
        terminal.type("\r")
        terminal.until(b"lab-3 login: ")
        told = until("the node tells", lambda: self.get("/v1/nodes/" + node)["last_error"])
        self.assertIn("The console has lost its BMC: 127.0.0.1:%d has ended the console" % (self.fleet.base + 3), told)
        self.assertIs(self.get("/v1/nodes/" + node)["console_enabled"], True)
        self.assertIn(told, [event["event"] for event in self.history(node)])

    def test_why_it_cannot_be_enabled(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            self.fleet.set("--index", 5, "--dead")
            for node, words in (
                    (self.bmc(0, ipmi_password="wrong"), "wrong password for user \"admin\""),
                    (self.bmc(5), "no answer from 127.0.0.1:%d" % (self.fleet.base + 5)),
                    (self.bmc(0, ipmi_terminal_port=other.getsockname()[1]), "cannot listen on 127.0.0.1 port")):
                self.assertEqual(self.switch(node, True).status, 202)
                told = until("last_error", lambda: self.get("/v1/nodes/" + node)["last_error"])
                self.assertIn(words, told)
                self.wait_node(node, console_enabled=False, reservation=None)
                self.assertEqual([event["event"] for event in self.history(node)], [told])

    def test_a_node_that_is_locked_is_a_conflict(self):
        self.fleet.set("--index", 5, "--dead")
        node = self.bmc(5)
        self.assertEqual(self.switch(node, True).status, 202)
        answer = self.switch(node, True)
        self.assertEqual(answer.status, 409, answer.body)
        self.wait_node(node, reservation=None)

    def test_a_port_of_its_own(self):
        port = free_port()
        url = self.enable(self.bmc(0, ipmi_terminal_port=str(port)))
        self.assertEqual(url, "tcp://127.0.0.1:%d" % port)
        self.reach(url, "lab-0")

    def test_an_ilo_has_it_too(self):
        port = free_port()
        node = self.node(driver="ilo5", console_interface="ilo", driver_info={
            "ilo_address": "127.0.0.1", "ilo_username": "admin", "ilo_password": "password", "console_port": port,
            "ipmi_port": self.fleet.base + 4})["uuid"]
        self.reach(self.enable(node), "lab-4")

    def test_redfish_has_none(self):
        node = self.node(driver="redfish", driver_info={"redfish_address": "https://192.0.2.1"})["uuid"]
        self.assertEqual(self.get("/v1/nodes/" + node)["console_interface"], "no-console")
        self.assertIn(self.switch(node, True).status, (400, 404))

    def test_it_stays_in_maintenance_and_ends_with_the_node(self):
        node = self.bmc(0)
        url = self.enable(node)
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "a look"})
        terminal = self.reach(url, "lab-0")
        for target in ("power on", "rebooting", "power off"):
            self.assertEqual(self.power(node, target).status, 202)
            self.wait_node(node, target_power_state=None, reservation=None)
        terminal.type("still here\r")
        terminal.until(b"has read: still here")
        self.want(409, "PATCH", "/v1/nodes/" + node, [{"op": "replace", "path": "/console_interface", "value": "no-console"}])
        self.want(204, "DELETE", "/v1/nodes/" + node)
        terminal.until_ended()
        self.assertTrue(self.refused(url))

    def test_an_undeploy_ends_it_and_the_next_deploy_offers_it_again(self):
        node = self.node(driver="fake-hardware", driver_info={"fake": {}})["uuid"]
        self.to(node, "active")
        self.assertEqual(self.switch(node, True).status, 202)
        self.wait_node(node, console_enabled=True, reservation=None)
        self.ask(node, "deleted")
        self.rest(node, "available", console_enabled=True)
        self.ask(node, "active")
        self.rest(node, "active", console_enabled=True)

    def test_ipmitool_at_the_labs_bmc(self):
        told = self.run_ipmitool(1, "sol", "info").stdout
        for line in ("Enabled                         : true", "Retry Count                     : 6",
                     "Payload Port                    : %d" % (self.fleet.base + 1)):
            self.assertIn(line, told)
        terminal = self.activate(1)
        terminal.type("\r")
        terminal.until(b"lab-1 login: ")
        for c in "ls\r":
            terminal.type(c)
        terminal.until(b"lab-1 has read: ls")
        terminal.type("count 500\r")
        terminal.until(b"line 500\r\n")
        self.assertEqual(self.run_ipmitool(1, "sol", "deactivate").returncode, 0)


class Survival(Base):
    """The daemon ends, and starts again."""

    options = ("conductor.graceful_shutdown_timeout=1",)

    def test_it_comes_back_where_it_was(self):
        nodes = [self.bmc(i) for i in range(2)]
        urls = [self.enable(node) for node in nodes]
        self.assertEqual(len(set(urls)), 2)
        terminal = self.reach(urls[0], "lab-0")
        self.steel.kill()
        terminal.until_ended()
        self.steel.again()
        for index in (1, 0):
            until("it listens", lambda: not self.refused(urls[index]))
            self.assertEqual(self.url(nodes[index]), urls[index])
            self.reach(urls[index], "lab-%d" % index)
        status, _ = self.steel.end()
        self.assertEqual(status, 0)
        until("its BMC has it back", lambda: "already de-activated" in self.run_ipmitool(0, "sol", "deactivate").stdout)
        with socket.socket() as other:  # the port has gone to somebody else
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", int(urls[0].rpartition(":")[2])))
            other.listen()
            self.steel.again()
            until("it listens elsewhere", lambda: self.url(nodes[0]) != urls[0])
            self.reach(self.url(nodes[0]), "lab-0")


class Quiet(Base):
    options = ("console.terminal_timeout=1",)

    def test_a_quiet_client_is_disconnected(self):
        terminal = self.connect(self.enable(self.bmc(0)))
        terminal.until_ended()


class NoRange(faults_support.Suite):
    options = ("enabled_hardware_types=ipmi",)

    def test_a_port_must_come_from_somewhere(self):
        node = self.node(driver="ipmi", driver_info={"ipmi_address": "192.0.2.1"})["uuid"]
        self.assertEqual(self.get("/v1/nodes/" + node)["console_interface"], "ipmitool-socat")
        told = self.get("/v1/nodes/%s/validate" % node)["console"]
        self.assertIs(told["result"], False)
        self.assertIn("Either missing 'ipmi_terminal_port' parameter", told["reason"])
        self.assertEqual(self.call("PUT", "/v1/nodes/%s/states/console" % node, {"enabled": True}).status, 400)
