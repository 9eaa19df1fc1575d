"""A steel-agent on a made-up machine: a folder with its own /sys, /dev and /etc, and disks that are files.

SPDX-License-Identifier: Apache-2.0
"""
import ctypes
import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import time

import harness
from harness import LIMIT_S

AGENT = os.path.join(os.path.dirname(harness.STEELD), "steel-agent")
MIB = 1024 * 1024


def crypt(password, setting):
    """crypt(3): Python's own module ended with 3.12."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    return library.crypt(password.encode(), setting.encode()).decode()


class Machine:
    """The folder. `disks` are (name, bytes); attributes of a disk: files below its folder in /sys/block."""

    def __init__(self, macs=("52:54:00:aa:00:01",), disks=()):
        self.root = tempfile.mkdtemp(prefix="steel-machine-")
        for number, mac in enumerate(macs):
            self.write("/sys/class/net/eth%d/address" % number, mac + "\n")
            self.write("/sys/class/net/eth%d/device/vendor" % number, "0x1af4\n")
            self.write("/sys/class/net/eth%d/carrier" % number, "1\n")
        for name, size in disks:
            self.disk(name, size)

    def write(self, path, text):
        whole = self.root + path
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def disk(self, name, size, **attributes):
        """A disk full of noise, so that unwritten parts show."""
        os.makedirs(self.root + "/dev", exist_ok=True)
        with open(self.path(name), "wb") as file:
            for _ in range(0, size, MIB):
                file.write(b"\xa5" * MIB)
        self.write("/sys/block/%s/size" % name, "%d\n" % (size // 512))
        self.write("/sys/block/%s/queue/rotational" % name, "0\n")
        self.write("/sys/block/%s/queue/logical_block_size" % name, "512\n")
        self.write("/sys/block/%s/ro" % name, "0\n")
        self.write("/sys/block/%s/device/model" % name, "File disk\n")
        for attribute, value in attributes.items():
            self.write("/sys/block/%s/device/%s" % (name, attribute), value + "\n")

    def path(self, name):
        return self.root + "/dev/" + name

    def contents(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)


class Agent:
    """A running agent. `settings` are parameters as on a kernel's command line."""

    def __init__(self, machine, **settings):
        self.folder = tempfile.mkdtemp(prefix="steel-agent-")
        self.log_path = self.folder + "/log"
        self.token = settings.get("ipa-agent-token")
        words = {"ipa-listen-host": "127.0.0.1", "ipa-listen-port": 0, "ipa-disk-wait-delay": 0,
                 "ipa-image-download-connection-retry-interval": 0}
        words.update(settings)
        with open(self.folder + "/cmdline", "w", encoding="utf-8") as file:
            file.write("quiet " + " ".join("%s=%s" % pair for pair in words.items()) + "\n")
        self.errors = open(self.folder + "/errors", "wb")
        self.process = subprocess.Popen(
            [AGENT, "--cmdline", self.folder + "/cmdline", "--root", machine.root, "--state", self.folder + "/state", "--log",
             self.log_path, "--power", "no"], stdout=self.errors, stderr=self.errors, stdin=subprocess.DEVNULL)
        self.url = self.wait_log(r"ready at (\S+)")
        self.port = int(self.url.rsplit(":", 1)[1])
        self.context = None
        if self.url.startswith("https"):
            self.context = ssl.create_default_context(cafile=self.folder + "/state/agent.crt")

    def text(self):
        parts = []
        for path in (self.log_path, self.folder + "/errors"):
            if os.path.exists(path):
                with open(path, "rb") as file:
                    parts.append(file.read().decode("utf-8", "replace"))
        return "".join(parts)

    def wait_log(self, pattern):
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            ended = self.process.poll() is not None  # before the look: a line may be its last words
            found = re.search(pattern, self.text())
            if found:
                return found.group(1) if found.groups() else found.group(0)
            if ended:
                raise AssertionError("steel-agent has ended:\n" + self.text())
            time.sleep(0.01)
        raise AssertionError("no %s in the log:\n%s" % (pattern, self.text()))

    def raw_call(self, method, path, body=None):
        """Sends a request unchanged; status and body."""
        if self.context:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=LIMIT_S, context=self.context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        try:
            data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
            connection.request(method, path, data)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if "json" in answer.headers.get("Content-Type", "") else text
        finally:
            connection.close()

    def get(self, path):
        status, body = self.raw_call("GET", self.with_token(path))
        if status != 200:
            raise AssertionError("GET %s -> %d %s" % (path, status, body))
        return body

    def with_token(self, path):
        return path + ("&" if "?" in path else "?") + "agent_token=" + self.token if self.token else path

    def command(self, name, wait=True, **params):
        """Runs a command; its result when it has ended."""
        path = self.with_token("/v1/commands/?wait=%s" % str(wait).lower())
        status, body = self.raw_call("POST", path, {"name": name, "params": params})
        if status != 200:
            raise AssertionError("%s -> %d %s\n%s" % (name, status, body, self.text()[-3000:]))
        return body

    def succeed(self, name, **params):
        result = self.command(name, **params)
        if result["command_status"] != "SUCCEEDED":
            raise AssertionError("%s: %s\n%s" % (name, json.dumps(result), self.text()[-3000:]))
        return result["command_result"]

    def fail(self, name, **params):
        """The error that a command ends with."""
        result = self.command(name, **params)
        if result["command_status"] == "SUCCEEDED":
            raise AssertionError("%s has succeeded: %s" % (name, json.dumps(result)))
        return result["command_error"]

    def deploy_step(self, step, node, **args):
        return self.command("deploy.execute_deploy_step", step={"step": step, "interface": "deploy", "args": args}, node=node,
                            ports=[])

    def wait_end(self):
        """Waits until the agent ends by itself; its exit status."""
        return self.process.wait(LIMIT_S)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.errors.close()
        self.last_words = harness.last_words(self.text())
        shutil.rmtree(self.folder, ignore_errors=True)
        return self.process.returncode
