"""Shared by the suites about events, metrics, logs and certificates: a daemon with a configuration file that may change.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

import database
import harness


class Daemon(harness.Steel):
    """A daemon as harness.Steel, but with a configuration file: `settings` are "section.name=value"."""

    def __init__(self, *settings, wait=True, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="steel-observe-")
        self.log_path = os.path.join(self.folder, "stderr.log")
        self.config_path = os.path.join(self.folder, "steel.conf")
        self.settings = {
            "DEFAULT.state_path": self.folder,
            "DEFAULT.enabled_hardware_types": "fake-hardware,ipmi",
            "DEFAULT.host": "conductor-1",
            "database.connection": database.url(self.folder),
            "api.port": "0",
            "boot_server.enabled": "false",
            "conductor.node_locked_retry_attempts": "0",
        }
        self.configure(*settings)
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen([harness.STEELD, "--config-file", self.config_path], stdout=self.log,
                                        stderr=self.log, stdin=subprocess.DEVNULL, start_new_session=True)
        if wait:
            self.port = int(self.wait_log(r"listening on \S+:(\d+)"))

    def configure(self, *settings):
        """Changes the file; the daemon reads it on SIGHUP."""
        self.settings.update(setting.split("=", 1) for setting in settings)
        sections = {}
        for name, value in self.settings.items():
            section, option = name.split(".", 1)
            sections.setdefault(section, []).append("%s = %s\n" % (option, value))
        with open(self.config_path, "w") as file:
            for section, lines in sections.items():
                file.write("[%s]\n%s" % (section, "".join(lines)))

    def path(self, name):
        return os.path.join(self.folder, name)

    def text(self):
        """The whole log, wherever it is written."""
        text = b""
        for name in (self.log_path, self.path("steeld.log"), self.path("logs/steeld.log")):
            if os.path.exists(name):
                with open(name, "rb") as file:
                    text += file.read()
        return text.decode("utf-8", "replace")

    def reload(self, wanted="the configuration was reloaded"):
        """SIGHUP, and waits for one more line about it."""
        before = len(re.findall(wanted, self.text()))
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(re.findall(wanted, self.text())) > before, "a reload: " + wanted)

    def wait_end(self):
        """The exit status of a daemon that ends by itself, and its output."""
        self.process.wait(harness.LIMIT_S)
        return self.process.returncode, self.text()


def wait_until(condition, what):
    end = time.monotonic() + harness.LIMIT_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("not reached: " + what)
        time.sleep(0.01)


class Listener:
    """A client of the event stream, over a plain socket."""

    def __init__(self, port, query="", headers="", receive_size=None):
        """receive_size: bytes that the kernel may buffer; None for its default."""
        self.connection = socket.socket()
        self.connection.settimeout(harness.LIMIT_S)
        if receive_size:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_size)
        self.connection.connect(("127.0.0.1", port))
        self.connection.sendall(("GET /v1/events/stream%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % (query, headers)).encode())
        self.response = http.client.HTTPResponse(self.connection)
        self.response.begin()
        self.status = self.response.status
        if self.status == 200:
            assert self.response.headers["Content-Type"] == "text/event-stream"
            assert self.line().startswith(":") and self.line() == ""

    def line(self):
        line = self.response.readline()
        if not line:
            raise EOFError
        return line.decode().rstrip("\n")

    def block(self):
        """The lines up to the next empty one."""
        lines = []
        while True:
            line = self.line()
            if not line:
                return lines
            lines.append(line)

    def event(self):
        """The next event as {"id", "event", "data"}; comments are skipped."""
        import json
        while True:
            fields = dict(line.split(": ", 1) for line in self.block() if not line.startswith(":"))
            if fields:
                fields["data"] = json.loads(fields["data"])
                fields.setdefault("id", None)  # `lost` has none
                return fields

    def close(self):
        self.response.close()
        self.connection.close()


class Watch(threading.Thread):
    """A client of the event stream that notes which nodes it has seen something of."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.listener = Listener(port, "?type=baremetal.node.maintenance_set.")
        self.seen = []
        self.start()

    def run(self):
        try:
            while True:
                self.seen.append(self.listener.event()["data"].get("uuid"))
        except (EOFError, OSError, ValueError):
            return

    def close(self):
        self.listener.connection.close()


class Metrics:
    """One scrape: {(name, ((label, value), ...)): number}, and the type of each family."""

    LINE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.e+-]+|NaN|[+-]Inf)$')
    LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)"(?:,|$)')

    def __init__(self, text):
        self.values, self.types, self.helps = {}, {}, {}
        assert text.endswith("\n")
        for line in text[:-1].split("\n"):
            if line.startswith("# "):
                _, kind, name, rest = line.split(" ", 3)
                kept = {"TYPE": self.types, "HELP": self.helps}[kind]
                assert name not in kept, "twice: " + line
                kept[name] = rest
                continue
            name, labels, number = self.LINE.match(line).groups()
            pairs = tuple(sorted(self.LABEL.findall(labels or "")))
            family = re.sub(r"_(bucket|sum|count)$", "", name) if self.types.get(name) is None else name
            assert family in self.types and family in self.helps, "no family: " + line
            assert (name, pairs) not in self.values, "twice: " + line
            self.values[name, pairs] = float(number)

    def get(self, name, **labels):
        """The sum of the lines that have these labels."""
        return sum(value for (line, pairs), value in self.values.items()
                   if line == name and set(labels.items()) <= set(pairs))


def get(port, path, headers=None):
    """One request on a connection of its own: (status, headers, text)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.LIMIT_S)
    connection.request("GET", path, headers=headers or {})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, response.headers, text


def scrape(port):
    status, headers, text = get(port, "/metrics")
    assert status == 200 and headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", (status, headers)
    return Metrics(text)
