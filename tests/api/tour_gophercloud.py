#!/usr/bin/python3
"""gophercloud's own acceptance tests of bare metal (Debian's sources), unchanged, without login, with a password and with
Keystone's tokens. The tests are compiled once into the build folder.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import subprocess
import sys
import tempfile

import auth_basic
import auth_support
import harness

PACKAGE = "github.com/gophercloud/gophercloud/acceptance/openstack/baremetal/"
FOLDER = os.path.join(harness.ROOT, os.environ.get("STEEL_BUILD", "build"), "gophercloud")
TOKEN = "gophers/admin"


class Login(auth_support.Handler):
    """Keystone, as a user of the cloud meets it: a token and a catalogue."""

    def do_POST(self):
        keystone = self.server.keystone
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length))
        if body["auth"]["identity"]["password"]["user"]["password"] == auth_support.PASSWORD:
            with keystone.lock:
                keystone.own = "own"
            return self.answer(201, auth_support.document("service/service", 3600), "own")
        if body["auth"]["identity"]["password"]["user"]["password"] != "rose":
            return self.answer(401, {})
        document = auth_support.document(TOKEN, 3600)
        document["token"]["catalog"] = [{"type": "baremetal", "name": "steel", "id": "1", "endpoints": [
            {"id": "1", "interface": "public", "region": "here", "region_id": "here", "url": keystone.baremetal}]}]
        return self.answer(201, document, TOKEN)


def compiled(name):
    """The test program of a package."""
    os.makedirs(FOLDER, exist_ok=True)
    program = os.path.join(FOLDER, name + ".test")
    environment = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode", GOCACHE=os.path.join(FOLDER, "cache"),
                       GOFLAGS="", GOTOOLCHAIN="local")
    if not os.path.exists(program):
        subprocess.run(["go", "test", "-c", "-tags", "acceptance", "-o", program, PACKAGE + name], env=environment, check=True)
    return program


def run(name, environment, *options):
    """Runs a package's tests against a daemon with these options; (passed, failed)."""
    program = compiled(name)
    steel = harness.Steel(*options)
    address = "http://127.0.0.1:%d" % steel.port
    clean = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
    try:
        # Some tests ask which release they meet; "master" has everything.
        clean["OS_BRANCH"] = "master"
        done = subprocess.run([program, "-test.v"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600,
                              env=dict(clean, **environment(address)))
    finally:
        steel.stop()
    passed = len(re.findall(r"^--- PASS", done.stdout, re.M))
    other = len(re.findall(r"^--- (FAIL|SKIP)", done.stdout, re.M))  # a skipped test has not seen Steel
    failed = max(other, 1) if other or done.returncode or not passed else 0
    if failed:
        print(done.stdout)
    print("%-10s %d passed, %d failed" % (name, passed, failed), flush=True)
    return passed, failed


def main():
    counts = [run("noauth", lambda address: {"IRONIC_ENDPOINT": address + "/v1"})]
    with tempfile.NamedTemporaryFile("w", prefix="steel-users-") as users:
        users.write("ann:%s\n" % auth_basic.HASHES["lily"])
        users.flush()
        counts.append(run("httpbasic", lambda address: {"IRONIC_ENDPOINT": address + "/v1", "OS_USERNAME": "ann",
                                                        "OS_PASSWORD": "lily"},
                          "auth_strategy=http_basic", "http_basic_auth_user_file=" + users.name))
    keystone = auth_support.FakeKeystone()
    keystone.server.RequestHandlerClass = Login

    def logged_in(address):
        keystone.baremetal = address
        return {"OS_AUTH_URL": keystone.url + "/v3/", "OS_USERNAME": "gopher", "OS_PASSWORD": "rose", "OS_DOMAIN_NAME": "Default",
                "OS_PROJECT_NAME": "gophers", "OS_REGION_NAME": "here"}

    counts.append(run("v1", logged_in, "auth_strategy=keystone", "keystone_authtoken.auth_url=" + keystone.url,
                      "keystone_authtoken.username=steel", "keystone_authtoken.password=" + auth_support.PASSWORD,
                      "keystone_authtoken.project_name=service"))
    keystone.stop()
    passed, failed = (sum(numbers) for numbers in zip(*counts))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
