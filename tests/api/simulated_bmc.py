"""A simulated BMC (`steel-lab bmc`) for judges: foreign clients that drive it. They run beside Python's own packages of
Debian, and only with an environment that names no certificates, since python-requests prefers those.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STEEL_LAB = os.path.join(os.path.abspath(os.environ.get("STEEL_BUILD", os.path.join(ROOT, "build"))), "steel-lab")
LIMIT_S = 60
USER, PASSWORD = "admin", "password"

for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(name, None)
# oslo's libraries use eventlet where it is installed. That of Debian 12 loses a wake-up at times ("switch of greenlet returned NULL
# without setting an exception"), and its user waits for ever.
sys.modules["eventlet"] = None


class Answer:
    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def message_id(self):
        return self.json["error"]["@Message.ExtendedInfo"][0]["MessageId"].rpartition(".")[2]


class Bmc:
    """`words` are further options of `steel-lab bmc`."""

    def __init__(self, *words):
        self.folder = tempfile.mkdtemp(prefix="steel-bmc-")
        self.process = subprocess.Popen([STEEL_LAB, "bmc", "--json", "--redfish-port", "0", "--dir", self.folder, *words],
                                        stdout=subprocess.PIPE, text=True)
        told = self.process.stdout.readline()
        if not told:
            raise AssertionError("the BMC does not start")
        told = json.loads(told)
        self.url, self.certificate = told["redfish_address"], told["redfish_verify_ca"]
        self.host, _, port = self.url[len("https://"):].partition(":")
        self.port = int(port)

    def access(self, **more):
        """The driver_info that reaches it."""
        return dict({"redfish_address": self.url, "redfish_verify_ca": self.certificate, "redfish_username": USER, "redfish_password": PASSWORD},
                    **more)

    def set(self, *settings):
        subprocess.run([STEEL_LAB, "bmc-set", "--dir", self.folder, "--set", ",".join(settings)], check=True, timeout=LIMIT_S)

    def status(self):
        """What has happened to it: requests, sessions, starts."""
        return json.loads(subprocess.run([STEEL_LAB, "status", "--json", "--dir", self.folder], check=True, timeout=LIMIT_S,
                                         stdout=subprocess.PIPE).stdout)

    def ask(self, method, path, body=None, headers=None, login=True):
        """One request of our own, with basic authentication."""
        context = ssl.create_default_context(cafile=self.certificate)
        connection = http.client.HTTPSConnection(self.host, self.port, context=context, timeout=LIMIT_S)
        given = dict(headers or {})
        if login:
            given.setdefault("Authorization", "Basic " + base64.b64encode(("%s:%s" % (USER, PASSWORD)).encode()).decode())
        if body is not None and not isinstance(body, (bytes, str)):
            given.setdefault("Content-Type", "application/json")
            body = json.dumps(body)
        try:
            connection.request(method, path, body, given)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def stop(self):
        self.process.terminate()
        status = self.process.wait(LIMIT_S)
        self.process.stdout.close()
        left = os.listdir(self.folder) if os.path.exists(self.folder) else []
        shutil.rmtree(self.folder, ignore_errors=True)
        if status or left:
            raise AssertionError("the BMC ended with %d and left %s" % (status, left))


class BmcCase(unittest.TestCase):
    """Each test has a BMC of its own; WORDS are its options."""

    WORDS = ()

    def setUp(self):
        self.bmc = Bmc(*self.WORDS)
        self.addCleanup(self.bmc.stop)


def main():
    sys.exit(not unittest.main(exit=False).result.wasSuccessful())
