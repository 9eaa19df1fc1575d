"""A whole cluster on this machine: PostgreSQL, RabbitMQ and haproxy of Debian's packages, in folders and at free ports of their own, two
processes that serve the API behind one port, and three conductors, whose boot servers stand behind one port too.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import functools
import http.server
import os
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "api")]
import fleet_support  # noqa: E402  the folder has to be known first
import harness  # noqa: E402
import json_call  # noqa: E402
import postgresql  # noqa: E402
import rabbit_support  # noqa: E402

BEGUN = time.monotonic()
LIMIT_S = 300
PROXY = """
global
    maxconn 4000
defaults
    mode tcp
    timeout connect 2s
    timeout client 120s
    timeout server 120s
    option redispatch
    retries 3
"""


def say(text):
    print("%7.1f s  %s" % (time.monotonic() - BEGUN, text), flush=True)


def until(what, check, limit_s=LIMIT_S):
    end = time.monotonic() + limit_s
    while not check():
        if time.monotonic() > end:
            raise SystemExit("not within %d s: %s" % (limit_s, what))
        time.sleep(0.05)


class Process:
    """A program with a log of all its lives, that is ended with the stack."""

    def __init__(self, stack, folder, name, command):
        self.name, self.log_path, self.command = name, os.path.join(folder, name + ".log"), command
        self.start()
        stack.callback(self.end)

    def start(self):
        self.started = time.time()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def says(self, words):
        if self.process.poll() is not None:
            raise SystemExit("%s has ended:\n%s" % (self.name, self.text()[-3000:]))
        return words in self.text()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()


class Cluster:
    """What is started, in this order; the stack ends it in the other one."""

    def __init__(self, stack, count, *more, conductors=3):
        """count: of the machines; more: settings of each steeld, "section.option=value"."""
        self.stack, self.count, self.more = stack, count, dict(option.split("=", 1) for option in more)
        self.folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="steel-cluster-"))
        self.count_of_conductors = conductors

    def choose_ports(self):
        """Below those that the kernel gives to connections, and when they are needed: others look for ports as well."""
        first = fleet_support.free_ports(4 + self.count_of_conductors)
        self.port, self.boot_port, self.api_ports = first, first + 1, [first + 2, first + 3]
        self.boot_ports = [first + 4 + number for number in range(self.count_of_conductors)]

    def start(self):
        self.server = postgresql.Postgresql({"autovacuum": "on"})  # as everywhere: nodes that deploy leave many dead rows
        self.stack.callback(self.server.remove)
        say("PostgreSQL answers at port %d" % self.server.port)
        self.rabbit = rabbit_support.Rabbit()
        self.stack.callback(self.rabbit.close)
        say("RabbitMQ answers at port %d" % self.rabbit.port)
        self.choose_ports()
        self.name = self.server.database()
        self.database, self.broker = self.server.url(self.name), self.rabbit.url()
        self.conductors = {"rack%d" % n: self.steeld("conductor", "rack%d" % n, port, "0") for n, port in enumerate(self.boot_ports, 1)}
        self.apis = [self.steeld("api", "api%d" % n, None, str(port)) for n, port in enumerate(self.api_ports, 1)]
        self.proxy()
        until("all conductors are alive", lambda: len(self.alive()) == len(self.conductors))
        say("alive: " + ", ".join(sorted(self.alive())))

    def steeld(self, role, host, boot_port, port):
        place = os.path.join(self.folder, host)
        os.mkdir(place)
        settings = dict(option.split("=", 1) for option in fleet_support.settings(self.folder, self.port, self.boot_port, self.count))
        settings.update({"state_path": place, "host": host, "rpc_transport": "oslo", "transport_url": self.broker, "api.port": port,
                         "database.connection": self.database, "database.key_file": os.path.join(self.folder, "secret.keys"),
                         "boot_server.enabled": "true" if boot_port else "false", "boot_server.port": str(boot_port or 0),
                         "ipmi.min_command_interval": "0", "enabled_hardware_types": "ipmi"})
        settings.pop("default.enabled_hardware_types")
        settings.update(self.more)
        words = [harness.STEELD, "--role", role]
        for name, value in settings.items():
            words += ["--set", name + "=" + value]
        process = Process(self.stack, self.folder, host, words)
        ready = "works as conductor" if role == "conductor" else "listening on"
        until(host + " is up", functools.partial(process.says, ready), 60)
        say("steeld --role %s, host %s: process %d" % (role, host, process.process.pid))
        return process

    def proxy(self):
        """Both APIs at one port, and the boot servers of the conductors at another."""
        text = PROXY
        for name, port, servers in (("api", self.port, self.api_ports), ("boot", self.boot_port, self.boot_ports)):
            text += "listen %s\n    bind 127.0.0.1:%d\n" % (name, port)
            if name == "boot":  # the files of a machine are at its conductor: the next one is asked if one has none
                text += "    mode http\n    retry-on 403 404 503 conn-failure empty-response\n    retries 6\n    option redispatch 1\n"
            text += "".join("    server %s%d 127.0.0.1:%d check inter 500ms fall 1\n" % (name, n, one) for n, one in enumerate(servers, 1))
        path = os.path.join(self.folder, "haproxy.cfg")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        self.haproxy = Process(self.stack, self.folder, "haproxy", ["/usr/sbin/haproxy", "-db", "-f", path])
        until("the API answers", lambda: self.ask("GET", "/v1/nodes")[0] == 200, 60)
        say("haproxy: the API at port %d, boot servers at port %d" % (self.port, self.boot_port))

    def ask(self, method, path, body=None):
        return json_call.call(self.port, method, path, body, {harness.VERSION_HEADER: harness.LATEST}, 70)

    def insist(self, method, path, body, wanted):
        """Asks until it is accepted: a conductor that was killed is a 503 until its lease has ended."""
        answer = []

        def accepted():
            answer[:] = self.ask(method, path, body)
            return answer[0] in wanted
        try:
            until("%s %s" % (method, path), accepted, 60)
        except SystemExit as end:
            raise SystemExit("%s: %s" % (end, answer)) from None

    def alive(self):
        return {one["hostname"] for one in (self.ask("GET", "/v1/conductors")[1] or {}).get("conductors", []) if one["alive"]}

    def nodes(self):
        answer = self.ask("GET", "/v1/nodes?limit=1000&fields=uuid,name,provision_state,conductor,last_error,reservation")[1]
        return answer["nodes"] if answer else []


def serve_image(stack, folder):
    """A web server with the image; its URL."""
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Says nothing."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stack.callback(server.shutdown)
    return "http://127.0.0.1:%d/image" % server.server_address[1]
