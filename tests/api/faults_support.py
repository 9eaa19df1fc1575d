"""A daemon that is killed, stopped and started again in the same folder, and suites that expect errors of the server.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import database
import harness
from ports import free_ports

FAKE_STATES = ("verifying", "deploying", "cleaning", "deleting", "inspecting", "adopting", "rescuing", "unrescuing")


def until(what, check, limit_s=harness.LIMIT_S):
    """Waits until check() is true; returns its value."""
    end = time.monotonic() + limit_s
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("%s: not within %d s" % (what, limit_s))
        time.sleep(0.02)


def make_schema(connection, keys):
    """In an empty database, before the daemons of a suite come: their database.call_timeout is for its tests, not for this. They need
    the same file of keys."""
    subprocess.run([harness.STEELD, "--set", "database.connection=" + connection, "--set", "database.key_file=" + keys, "--set",
                    "state_path=" + os.path.dirname(keys), "db", "upgrade"], check=True, timeout=2 * harness.LIMIT_S, capture_output=True)


class Service(harness.Steel):
    """harness.Steel that can be started again; `settings` may change in between."""

    process = None
    may_be_apart = True  # API and conductor may be processes of their own

    def __init__(self, *options, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="steel-faults-")
        self.settings = harness.settings_for(self.folder, ("ipmi.min_command_interval=0",) + options)
        self.transport = harness.transport_of(self.settings, harness.TRANSPORT) if self.may_be_apart else None
        if self.transport:
            harness.rpc_settings(self.settings, self.transport)
        self.lives = 0
        try:
            self.launch()
            self.ready()
        except BaseException:  # one of two processes may be there all the same
            self.kill()
            raise

    @property
    def host(self):
        return self.settings["host"]

    def command(self, *words):
        words = [harness.STEELD, *words]
        for name, value in self.settings.items():
            words += ["--set", name + "=" + value]
        return words

    def launch(self, wrapper=(), roles=None, wait=True):
        self.lives += 1
        self.log_path = os.path.join(self.folder, "steeld-%d.log" % self.lives)
        self.log = open(self.log_path, "ab")
        self.conductor = None
        both = ("conductor", "api") if self.transport else (None,)
        for role in roles or both:
            command = list(wrapper) + self.command(*(("--role", role) if role else ()))
            self.conductor = self.process if role == "api" else None
            self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
                                            start_new_session=True)
            if role == "conductor" and wait:
                self.wait_log("(works as conductor)")

    def kill(self):
        """SIGKILL: no warning, no clean-up."""
        for process in filter(None, (self.process, self.conductor)):
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.log.close()

    def end(self, limit_s=harness.LIMIT_S):
        """SIGTERM; the exit status and how long it took."""
        begun = time.monotonic()
        self.process.terminate()
        try:
            self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGABRT)
            self.process.wait()
            raise AssertionError("steeld did not end within %d s of SIGTERM:\n%s" % (limit_s, self.text()[-3000:]))
        status = self.process.returncode
        if self.conductor is not None:
            status = self.end_process(self.conductor) or status
        self.log.close()
        return status, time.monotonic() - begun

    def wait_forgotten(self):
        """Waits until the database knows of the end of processes that have ended."""
        for process in (self.process, self.conductor):
            until("the end is seen", lambda: database.has_seen_end(self.settings["database.connection"], process))

    def again(self):
        """Starts the daemon again."""
        self.wait_forgotten()
        self.launch()
        self.ready()

    def refuse_to_start(self):
        """A start that must fail; its output and exit status. Where roles are apart, it is the conductor's."""
        self.launch(roles=("conductor",) if self.transport else (None,), wait=False)
        self.process.wait(harness.LIMIT_S)
        self.log.close()
        return self.text(), self.process.returncode


class Suite(harness.Suite):
    """One daemon per suite; the tests themselves check answers above 499."""

    server_errors = False

    @classmethod
    def setUpClass(cls):
        cls.steel = Service(*cls.options)
        cls.connections = __import__("threading").local()

    def check_form(self, answer, method, path, version):
        if answer.status < 500:
            super().check_form(answer, method, path, version)
        else:
            assert answer.json is not None and answer.message, answer.body

    def call(self, method, path, body=None, version=harness.LATEST, headers=None):
        connection = getattr(self.connections, "value", None)
        if connection is not None and connection.port != self.steel.port:
            connection.close()
            self.connections.value = None
        return super().call(method, path, body, version, headers)

    def when_free(self, status, method, path, body=None, **more):
        """What a machine or its agent has said is noted a moment later, under the node's lock: the request waits until that is free."""
        refused = []

        def asked():
            answer = self.call(method, path, body, **more)
            if answer.status == 409:
                refused[:] = [answer.message]
                return False
            self.assertEqual(answer.status, status, answer.body[:1000])
            return True
        try:
            until("%s %s is taken" % (method, path), asked)
        except AssertionError as error:
            raise AssertionError("%s; the last refusal: %s" % (error, refused)) from None

    # -- things

    def fake(self, orders=None, **values):
        """A node of the fake driver with orders for it."""
        return self.node(driver_info={"fake": orders or {}}, **values)["uuid"]

    def orders(self, node, orders):
        """New orders for the fake driver of a node."""
        self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/driver_info/fake", "value": orders}])

    def put(self, node, target, **more):
        return self.call("PUT", "/v1/nodes/%s/states/provision" % node, dict(more, target=target))

    def ask(self, node, target, **more):
        answer = self.put(node, target, **more)
        self.assertEqual(answer.status, 202, answer.body)

    def rest(self, node, state, **more):
        """Waits until the node is in this state and unlocked."""
        return self.wait_node(node, provision_state=state, reservation=None, **more)

    def power(self, node, target, **more):
        return self.call("PUT", "/v1/nodes/%s/states/power" % node, dict(more, target=target))

    def late(self, *nodes):
        """The deadlines of these nodes' waits have passed. So a test may look at a node that waits for as long as it likes."""
        with database.opened(self.steel.folder) as stored:
            for node in nodes:
                stored.execute("UPDATE nodes SET wait_deadline_ms = 1 WHERE uuid = ?", (node,))

    def powered(self, node):
        """Gives the node a known power state, which allocations need."""
        self.assertEqual(self.power(node, "power on").status, 202)
        self.wait_node(node, power_state="power on", reservation=None)
        return node

    def to(self, node, state):
        """Brings a new node of the fake driver to a stable state."""
        for verb, reached in (("manage", "manageable"), ("provide", "available"), ("active", "active"), ("rescue", "rescue")):
            more = {"rescue_password": "x"} if verb == "rescue" else {}
            self.ask(node, verb, **more)
            self.rest(node, reached)
            if reached == state:
                return node
        raise AssertionError(state)

    def phases(self, node):
        return self.get("/v1/nodes/%s/timeline" % node)["timeline"]

    def history(self, node):
        return self.get("/v1/nodes/%s/history?detail=true" % node)["history"]


class Fleet:
    """BMCs of steel-lab without machines."""

    LAB = os.path.join(os.path.dirname(harness.STEELD), "steel-lab")

    def __init__(self, count, *options):
        self.folder = tempfile.mkdtemp(prefix="steel-fleet-")
        self.base = free_ports(count)
        self.process = subprocess.Popen([self.LAB, "fleet", "--ipmi", str(count), "--port-base", str(self.base), "--dir", self.folder,
                                         *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, start_new_session=True)
        line = self.process.stdout.readline().decode()
        if "answer" not in line:
            raise AssertionError("the fleet did not come up: " + line)

    def info(self, index, **more):
        return dict({"ipmi_address": "127.0.0.1", "ipmi_port": self.base + index, "ipmi_username": "admin",
                     "ipmi_password": "password"}, **more)

    def set(self, *options):
        subprocess.run([self.LAB, "fleet-set", "--dir", self.folder, *map(str, options)], check=True, timeout=harness.LIMIT_S,
                       stdout=subprocess.DEVNULL)

    def status(self):
        done = subprocess.run([self.LAB, "status", "--dir", self.folder], check=True, timeout=harness.LIMIT_S, stdout=subprocess.PIPE)
        return json.loads(done.stdout)

    def close(self):
        self.process.terminate()
        self.process.wait(harness.LIMIT_S)
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)
