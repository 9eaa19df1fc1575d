"""Several conductors on one PostgreSQL, and a checker of what they did.

Each conductor is a whole steeld under a host name of its own. At the level DEBUG each writes down when it locks a node, changes
its state, and sends a power command, with the number of its lease. Merged by time, these logs are the history that is checked.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import os
import re
import signal
import socket
import struct
import sys
import threading

import faults_support
import freezing
import harness
from faults_support import until
from ports import free_port

sys.path.insert(0, os.path.join(harness.ROOT, "tests"))
import postgresql  # noqa: E402

# Short, so that a takeover takes some seconds. A conductor acts under its lease for two seconds less, counted from a renewal up to a second
# ago: it may stand still for five seconds, not for much longer.
LEASE_S = 9
EVENT = re.compile(r"^(\d{4}-\S+ \S+) DEBUG (?:conductor\.lock|drivers\.power)(?: req-\S+)?(?: node=\S+)? ([0-9a-f-]{36}) (.*?) under lease ([\w-]+)", re.M)
DEAD = re.compile(r"^(\d{4}-\S+ \S+) WARNING conductor\.lease(?: req-\S+)? conductor \S+ has not renewed lease ([\w-]+) ", re.M)
VOID_LOCKS = ("SELECT uuid FROM nodes WHERE reservation IS NOT NULL AND NOT EXISTS (SELECT 1 FROM conductors c "
              "WHERE c.lease = reservation_lease AND c.lease_expires_ms > 0)")


def events_of(text):
    """[(time, node, what, lease)] of a log, in its order."""
    return [match.groups() for match in EVENT.finditer(text)]


def violations(logs):
    """What no history may have: a conductor that acted on a node while another had its lock. One sentence for each.

    A release is written before it happens and a lock after it was taken, so at equal times either may be first. A conductor that stood still
    in between writes a lock down when it has lost it: that is none.
    """
    events = sorted((event for log in logs for event in events_of(log)), key=lambda event: event[0])
    dead = {lease: time for log in logs for time, lease in DEAD.findall(log)}
    holders, found = {}, []
    for time, node, what, lease in events:
        holder, since = holders.get(node, (None, ""))
        if what == "locked":
            if time <= dead.get(lease, time):
                holders[node] = (lease, time)
        elif what == "released":
            if holder == lease:
                holders[node] = (None, time)
        elif what.endswith("ends"):
            continue
        elif holder != lease and time > since:
            found.append("%s: node %s: %s under lease %s, but %s has the lock since %s" % (time, node, what, lease, holder, since))
    return found


class Member(faults_support.Service):
    """One conductor, with an API in the same process."""

    may_be_apart = False

    def freeze(self):
        freezing.freeze_group(self.process.pid)

    def thaw(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def logs(self):
        """All its lives, as one text."""
        texts = []
        for life in range(1, self.lives + 1):
            with open(os.path.join(self.folder, "steeld-%d.log" % life), encoding="utf-8", errors="replace") as file:
                texts.append(file.read())
        return "".join(texts)

    def lease(self):
        """Its last lease."""
        return re.findall(r"is at work, with lease ([\w-]+)", self.logs())[-1]


class WithClock(Member):
    """A conductor whose wall clock can be set (own_clock.c)."""

    def launch(self, wrapper=()):
        self.clock = os.path.join(self.folder, "clock")
        if not os.path.exists(self.clock):
            self.set_clock(0)
        library = os.path.join(os.path.dirname(harness.STEELD), "tests", "libown_clock.so")
        sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        super().launch((*wrapper, "env", "LD_PRELOAD=" + library, "STEEL_TEST_CLOCK=" + self.clock, "ASAN_OPTIONS=" + sanitizer))

    def set_clock(self, ahead_s):
        """From now on it is so many seconds ahead of the system's, or behind."""
        with open(self.clock, "r+b" if os.path.exists(self.clock) else "wb") as file:
            file.write(struct.pack("=q", ahead_s))


class Suite(faults_support.Suite):
    """Two conductors; requests go to self.steel, by default the first."""

    count = 2
    kind = Member
    tablespace = None  # a folder for the database's tables
    more = ()

    @classmethod
    def setUpClass(cls):
        cls.server = postgresql.Postgresql(cls.server_settings())
        cls.addClassCleanup(cls.server.remove)
        cls.name = cls.server.database(cls.tablespace)
        cls.keys = os.path.join(cls.temporary_folder(), "secret.keys")  # all conductors of a database need the same
        faults_support.make_schema(cls.server.url(cls.name), cls.keys)
        cls.members = []
        cls.addClassCleanup(lambda: [cls.remove(member) for member in cls.members])
        for number in range(1, cls.count + 1):
            cls.members.append(cls.kind(*cls.options_of(number)))
        cls.steel = cls.members[0]
        cls.connections = threading.local()

    @classmethod
    def tearDownClass(cls):
        """The members are removed by the class's own clean-up."""

    @staticmethod
    def remove(member):
        if member.process.poll() is None:
            member.thaw()
        member.stop()

    @staticmethod
    def server_settings():
        return {}

    @classmethod
    def connection(cls, number):
        """The URL of the database for a member."""
        return cls.server.url(cls.name)

    @classmethod
    def host(cls, number):
        return "conductor-%d" % number

    @classmethod
    def options_of(cls, number):
        return ("host=" + cls.host(number), "debug=true", "database.connection=" + cls.connection(number), "database.max_retries=0",
                "database.key_file=" + cls.keys, "conductor.heartbeat_interval=1", "conductor.heartbeat_timeout=%d" % LEASE_S) + cls.more

    def via(self, number):
        """Sends requests to this member from now on."""
        self.__class__.steel = self.members[number - 1]
        return self.steel

    def setUp(self):
        self.via(1)

    def tearDown(self):
        for member in self.members:
            if member.process.poll() is None:
                member.thaw()
            else:
                member.again()
        self.via(1)
        until("every conductor has a lease", lambda: self.alive() == {self.host(n + 1) for n in range(self.count)})
        self.assertEqual(violations([member.logs() for member in self.members]), [])
        until("no lock is left of a lease that has ended", lambda: self.server.sql(VOID_LOCKS, self.name) == "")

    def alive(self):
        return {item["hostname"] for item in self.get("/v1/conductors")["conductors"] if item["alive"]}

    def slow(self, delay_ms=2000):
        """An available node whose deploy takes some time."""
        node = self.to(self.fake(), "available")
        self.orders(node, {"deploy.deploy": {"delay_ms": delay_ms}})
        return node

    def begin(self, delay_ms=4000):
        """A deploy that conductor-1 is in the middle of, for long enough to be interrupted there. An heir is not so slow."""
        node = self.slow(delay_ms)
        self.ask(node, "active")
        until("the step runs", lambda: [phase for phase in self.phases(node) if phase["phase"] == "deploy.deploy"])
        return node

    def counts_as_dead(self, number, lease):
        """Waits until the other conductor says so of this member's lease."""
        self.members[2 - number].wait_log("(conductor conductor-%d has not renewed lease %s )" % (number, lease))


class SuiteOverHttp(Suite):
    """Each can call the other over HTTP."""

    @classmethod
    def setUpClass(cls):
        cls.ports = [free_port() for _ in range(cls.count)]
        super().setUpClass()

    @classmethod
    def host(cls, number):
        return "127.0.0.1:%d" % cls.ports[number - 1]

    @classmethod
    def options_of(cls, number):
        return super().options_of(number) + ("rpc_transport=json-rpc", "json_rpc.host_ip=127.0.0.1", "json_rpc.auth_strategy=noauth",
                                             "json_rpc.port=%d" % cls.ports[number - 1])


class Proxy:
    """Between a member and PostgreSQL. Cut, it holds every byte back and takes no connection: as a network that drops packets."""

    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.open = threading.Event()
        self.open.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.open.wait()
            try:
                server = socket.create_connection(self.target)
            except OSError:
                client.close()
                continue
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self.pass_on, args=(source, sink), daemon=True).start()

    def pass_on(self, source, sink):
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536)
                self.open.wait()
                if not data:
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        self.open.clear()

    def mend(self):
        self.open.set()

    def stop(self):
        self.mend()
        self.listener.close()
