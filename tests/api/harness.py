"""Runs a steeld for a suite and sends HTTP to it: black box, standard library only.

Every answer is checked for what all answers have in common (version headers, request id, form of errors), so that suites
need to say only what is special.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import uuid

import database
import known_secrets
import schema
from ports import free_port

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STEELD = os.path.join(ROOT, os.environ.get("STEEL_BUILD", "build"), "steeld")
VERSION_HEADER = "X-OpenStack-Ironic-API-Version"
LATEST = "1.115"
TRANSPORT = os.environ.get("STEEL_TEST_RPC")  # tests/on-cluster: API and conductor are processes of their own
LIMIT_S = int(os.environ.get("STEEL_TEST_LIMIT_S", "60"))  # generous: a condition that takes longer will not come


def long_test(test):
    """For a test that takes long: it is there with STEEL_ALL alone, which ./check --all sets."""
    return test if os.environ.get("STEEL_ALL") else None


class Answer:
    """One HTTP answer; `json` is None when the body is empty or none."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.json = json.loads(body) if body and "json" in headers.get("Content-Type", "") else None

    @property
    def fault(self):
        """The inner document of an error."""
        return json.loads(self.json["error_message"])

    @property
    def message(self):
        return self.fault.get("faultstring") or self.fault.get("description")


def settings_for(folder, options):
    """Fake hardware, a database of its own, any free port; then the options "section.name=value".

    database.connection=sqlite: a file in the folder, whatever the other suites run on.
    """
    settings = {
        "state_path": folder,
        "database.connection": None,
        "database.sqlite_synchronous": "false",
        "api.port": "0",
        "boot_server.enabled": "false",
        "enabled_hardware_types": "fake-hardware,ipmi",
        "host": "conductor-1",
        "conductor.node_locked_retry_attempts": "0",
    }
    settings.update(option.split("=", 1) for option in options)
    if settings["database.connection"] is None:
        settings["database.connection"] = database.url(folder)
    elif settings["database.connection"] == "sqlite":
        settings["database.connection"] = "sqlite:///" + database.file_of(folder)
    return settings


def transport_of(settings, asked):
    """None for a suite that asks for SQLite although the others have a server: a file has one process."""
    return None if database.SERVER and settings["database.connection"].startswith("sqlite") else asked


def rpc_settings(settings, transport):
    """What API and conductor need to meet; a conductor is called at its host name."""
    settings["rpc_transport"] = transport
    settings.setdefault("metrics.port", "0")
    if transport == "json-rpc":
        settings["json_rpc.host_ip"] = "127.0.0.1"
        settings["json_rpc.auth_strategy"] = settings.get("json_rpc.auth_strategy", "noauth")
        settings["json_rpc.port"] = str(free_port())
        if settings["host"] == "conductor-1":
            settings["host"] = "127.0.0.1:" + settings["json_rpc.port"]
    else:
        if "DEFAULT.transport_url" not in settings:  # of a suite that has a broker of its own
            settings["transport_url"] = os.environ["STEEL_TEST_RABBIT"]
        if settings["host"] == "conductor-1":  # several suites may share the broker
            settings["host"] = "conductor-%s" % uuid.uuid4().hex[:12]


def last_words(log):
    """The part of a log about a crash: the sanitizer's first report, or else the last lines."""
    report = re.search(r"^.*(Sanitizer:|runtime error:)", log, re.M)
    return log[report.start():][:8000] if report else log[-4000:]


class Steel:
    """A running daemon with fake hardware, in a folder and a process group of its own."""

    given = None  # secrets that were sent to it, as a set
    readable = ()
    process = None
    conductor = None  # its process, if the API is one of its own
    transport = None  # between the two
    host = "conductor-1"

    def __init__(self, *options):
        self.folder = tempfile.mkdtemp(prefix="steel-api-")
        self.log_path = os.path.join(self.folder, "steeld.log")
        self.settings = settings_for(self.folder, options)
        self.transport = transport_of(self.settings, TRANSPORT)
        if self.transport:
            rpc_settings(self.settings, self.transport)
        self.host = self.settings["host"]
        self.log = open(self.log_path, "ab")
        try:
            self.launch()
        except BaseException:  # what has started must not stay
            self.stop()
            raise

    def launch(self):
        if self.transport:
            self.conductor = self.run("--role", "conductor")
            self.process = self.conductor
            self.wait_log("(works as conductor)")
            self.process = self.run("--role", "api")
        else:
            self.process = self.run()
        self.ready()

    def ready(self):
        """Waits until it answers, and until both processes are at their broker, which takes some time on a busy machine."""
        self.port = int(self.wait_log(r"listening on \S+:(\d+)"))
        if self.transport == "oslo":  # "at": for calls, not for notifications
            self.wait_log(r"(?s)(connected to RabbitMQ at).*connected to RabbitMQ at")

    @property
    def conductor_metrics(self):
        """The port at which the conductor's counts are told."""
        if self.conductor is None:
            return self.port
        return int(re.findall(r"metrics are served at 127\.0\.0\.1 port (\d+)", self.text())[-1])

    @property
    def worker(self):
        """The process that has the conductor."""
        return self.conductor or self.process

    def run(self, *words):
        """Starts a daemon with these settings."""
        command = [STEELD, *words]
        for name, value in self.settings.items():
            command += ["--set", name + "=" + value]
        return subprocess.Popen(command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, start_new_session=True)

    def text(self):
        with open(self.log_path, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def wait_log(self, pattern):
        """Waits for a line of the log; the pattern's first group."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            ended = self.process.poll() is not None  # before the look: a line may be its last words
            found = re.search(pattern, self.text())
            if found:
                return found.group(1)
            if ended:
                raise AssertionError("steeld has ended:\n" + self.text())
            time.sleep(0.01)
        raise AssertionError("no %s in the log:\n%s" % (pattern, self.text()))

    def stop(self):
        """Stops it as an operator would; the exit status."""
        self.readable = known_secrets.left(self.given or (), self.folder, self.log_path)  # while the database has its WAL
        status = self.end_process(self.process)
        if self.conductor is not None:
            status = self.end_process(self.conductor) or status
        self.log.close()
        self.last_words = last_words(self.text())
        database.forget(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        return status

    @staticmethod
    def end_process(process):
        if process is None:
            return None
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return process.returncode


class Suite(unittest.TestCase):
    """A suite with one daemon; `options` are settings "section.name=value" for it."""

    newest = LATEST  # that the daemon serves
    options = ()
    keeps_secrets = True  # it sends them nowhere else
    steel = None

    @classmethod
    def setUpClass(cls):
        cls.steel = Steel(*cls.options)
        cls.connections = threading.local()

    @classmethod
    def tearDownClass(cls):
        status = cls.steel.stop()
        if status != 0:
            raise AssertionError("steeld ended with status %s:\n%s" % (status, cls.steel.last_words))
        if cls.keeps_secrets and cls.steel.readable:
            raise AssertionError("secrets at rest: %s" % cls.steel.readable)

    @classmethod
    def temporary_folder(cls):
        """A folder for the files of this suite, removed with the suite."""
        folder = tempfile.mkdtemp(prefix="steel-suite-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    # -- requests

    def raw(self, data, limit_s=LIMIT_S):
        """Sends bytes as they are; what comes back until the connection is closed, or silent for the limit."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.steel.port), LIMIT_S) as connection:
            connection.settimeout(limit_s)
            try:
                connection.sendall(data)
                while True:
                    part = connection.recv(65536)
                    if not part:
                        return answer
                    answer += part
            except (socket.timeout, ConnectionError):
                return answer

    def call(self, method, path, body=None, version=LATEST, headers=None):
        """One request; `body` is sent as JSON unless it is bytes. LATEST: the newest version that the daemon serves."""
        version = self.newest if version == LATEST else version
        sent = {"Accept": "application/json"}
        if version is not None:
            sent[VERSION_HEADER] = version
        sent.update(headers or {})
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        self.steel.given = known_secrets.note(self.steel.given or set(), path, body)
        if data is not None:
            sent["Content-Type"] = "application/json"
        connection = getattr(self.connections, "value", None)
        self.connections.value = None  # one that fails in the middle of a request is not used again
        for attempt in (1, 2):
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.steel.port, timeout=LIMIT_S)
            try:
                connection.request(method, path, data, sent)
                response = connection.getresponse()
                text = response.read()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                connection.close()
                connection = None
                if attempt == 2:
                    raise
        self.connections.value = connection
        answer = Answer(response.status, response.headers, text)
        self.check_form(answer, method, path, version)
        self.check_schema(answer, method, path, version)
        return answer

    def check_form(self, answer, method, path, version):
        """Checks what all answers have in common."""
        what = "%s %s -> %d %s" % (method, path, answer.status, answer.body[:300])
        self.assertEqual(answer.headers["X-OpenStack-Ironic-API-Minimum-Version"], "1.1", what)
        self.assertEqual(answer.headers["X-OpenStack-Ironic-API-Maximum-Version"], self.newest, what)
        self.assertRegex(answer.headers["Openstack-Request-Id"], r"^req-[0-9a-f-]{36}$", what)
        self.assertLess(answer.status, 500, what)
        if answer.status >= 400 and method != "HEAD":
            self.assertEqual(answer.headers["Content-Type"], "application/json", what)
            self.assertEqual(list(answer.json), ["error_message"], what)
            inner = answer.fault
            if "faultcode" in inner:
                self.assertEqual(inner["faultcode"], "Client", what)
                self.assertTrue(inner["faultstring"], what)
                self.assertIsNone(inner["debuginfo"], what)
            else:
                self.assertEqual(inner["code"], answer.status, what)
                self.assertTrue(inner["title"], what)
        elif answer.body and method != "HEAD":
            self.assertIn(answer.headers["Content-Type"], ("application/json", "text/plain"), what)
        if answer.status < 400 and path not in ("/",) and method != "OPTIONS" and "health" not in path:
            negotiated = {None: "1.1", "latest": self.newest}.get(version, version)
            self.assertEqual(answer.headers[VERSION_HEADER], negotiated, what)

    def check_schema(self, answer, method, path, version):
        """Checks the answer against the service's OpenAPI document."""
        asked = self.newest if version == "latest" else answer.headers[VERSION_HEADER] or "1.1"
        document = schema.document_of(STEELD, self.steel.port)
        document.check(method, path, int(asked.split(".")[1]), answer.status, answer.headers["Content-Type"],
                       b"" if method == "HEAD" else answer.body)

    def want(self, status, method, path, body=None, version=LATEST, headers=None):
        """The same, with the status it must have; the parsed body."""
        answer = self.call(method, path, body, version, headers)
        self.assertEqual(answer.status, status, "%s %s %s\n%s" % (method, path, body, answer.body[:1000]))
        if status in (202, 204):
            self.assertEqual(answer.body, b"")
        return answer.json

    def get(self, path, version=LATEST):
        return self.want(200, "GET", path, version=version)

    def refuse(self, status, method, path, body=None, version=LATEST):
        """A refusal; its message."""
        answer = self.call(method, path, body, version)
        self.assertEqual(answer.status, status, "%s %s %s\n%s" % (method, path, body, answer.body[:1000]))
        return answer.message

    # -- things

    def node(self, **values):
        """A new node."""
        values.setdefault("driver", "fake-hardware")
        return self.want(201, "POST", "/v1/nodes", values)

    def port(self, node, address, **values):
        return self.want(201, "POST", "/v1/ports", dict(values, node_uuid=node["uuid"], address=address))

    def wait_node(self, ident, headers=None, **wanted):
        """Waits until the node's fields have these values; the node."""
        end = time.monotonic() + LIMIT_S
        while True:
            node = self.want(200, "GET", "/v1/nodes/" + ident, headers=headers)
            if all(node[name] == value for name, value in wanted.items()):
                return node
            if time.monotonic() > end:
                raise AssertionError("node has %s instead of %s" % ({name: node[name] for name in wanted}, wanted))
            time.sleep(0.01)

    def provision(self, ident, target, state, **more):
        """Requests a state and waits for it."""
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % ident, dict(more, target=target))
        return self.wait_node(ident, provision_state=state, target_provision_state=None, reservation=None)

    def available_node(self, **values):
        node = self.node(**values)
        self.provision(node["uuid"], "manage", "manageable")
        return self.provision(node["uuid"], "provide", "available")


def random_uuid():
    return str(uuid.uuid4())
