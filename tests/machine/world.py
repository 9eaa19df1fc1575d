"""A small world for machine tests: one lab (virtual servers behind BMCs, volumes), one steeld, thrown away afterwards.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/api"))
from ports import free_port  # noqa: E402, F401

BUILD = pathlib.Path(os.environ.get("STEEL_BUILD", ROOT / "build"))
VERSION = "1.82"


class Failure(Exception):
    """What was expected and did not come, in words."""


def until(what, limit, check, pause=0.05):
    """Waits until check() is true; its value is returned. Nothing here sleeps without looking."""
    end = time.monotonic() + limit
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {limit} s")
        time.sleep(pause)


def take_bridge():
    """The networks of all labs (--bridge) have the same addresses: one at a time in a network namespace, which an abstract socket
    belongs to as well. Close what is returned; its end closes it, too."""
    taken = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def is_ours():
        try:
            taken.bind("\0steel-tests-bridge")
            return True
        except OSError:
            return False
    until("no other test has a lab with a network of its own", 900, is_ours, pause=0.5)
    return taken


class World:
    def __init__(self, nodes=1, uefi=False, options=(), bridge=False, lab=(), api_port=None, token=None):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="steel-world-"))
        self.api_port, self.boot_port = api_port or free_port(), free_port()
        self.headers = {"X-Auth-Token": token} if token else {}
        self.options = list(options)
        self.bridge = bridge  # a network of the servers' own instead of QEMU's user networking
        self.boot_host = "10.77.0.254" if bridge else "10.0.2.2"
        self.steeld = None
        self.lab_options = list(lab)  # more words for steel-lab up
        self.bridge_taken = take_bridge() if bridge else None
        self.lab = self._lab_up(nodes, uefi)
        self.log = open(self.dir / "steeld.log", "ab")
        self.start()

    def _lab_up(self, nodes, uefi):
        command = [BUILD / "steel-lab", "up", "--nodes", str(nodes), "--dir", self.dir / "lab", "--json",
                   "--ipmi-port", str(free_port(socket.SOCK_DGRAM)), "--target-port", str(free_port()),
                   "--boot-url", f"http://{self.boot_host}:{self.boot_port}/boot.ipxe"]
        command += (["--bridge"] if self.bridge else []) + self.lab_options
        done = subprocess.run([str(word) for word in command + (["--uefi"] if uefi else [])],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
        if done.returncode != 0:
            raise Failure("the lab did not come up: " + done.stderr.decode(errors="replace"))
        return json.loads(done.stdout)

    # ---- the daemon

    def start(self):
        settings = [f"DEFAULT.state_path={self.dir}/state", f"api.port={self.api_port}",
                    f"boot_server.port={self.boot_port}", f"deploy.http_url=http://{self.boot_host}:{self.boot_port}",
                    "conductor.automated_clean=false", "ipmi.min_command_interval=0", *self.options]
        if self.bridge:
            settings.append(f"boot_server.host_ip={self.boot_host}")
        words = [str(BUILD / "steeld")]
        for setting in settings:
            words += ["--set", setting]
        self.steeld = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        until("steeld answers", 60, self._answers)

    def _answers(self):
        if self.steeld.poll() is not None:
            raise Failure(f"steeld ended with {self.steeld.returncode}: {self.tail()}")
        try:
            return self.get("/v1")[0] == 200
        except OSError:
            return False

    def kill(self):
        self.steeld.send_signal(signal.SIGKILL)
        self.steeld.wait(timeout=60)

    def stop(self):
        self.steeld.send_signal(signal.SIGTERM)
        return self.steeld.wait(timeout=60)

    def tail(self, lines=20):
        text = (self.dir / "steeld.log").read_text(errors="replace").splitlines()
        return "\n".join(text[-lines:])

    def close(self):
        if self.steeld is not None and self.steeld.poll() is None:
            self.steeld.kill()
            self.steeld.wait(timeout=60)
        subprocess.run([str(BUILD / "steel-lab"), "down", "--dir", str(self.dir / "lab")],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=False)
        if self.bridge_taken is not None:
            self.bridge_taken.close()
        self.log.close()
        if "STEEL_KEEP" in os.environ:
            print(f"kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if value is not None and getattr(value, "code", 1):  # sys.exit(0) is no failure
            print(f"--- steeld's last lines\n{self.tail(40)}", file=sys.stderr)
        self.close()

    # ---- the API

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.api_port}"

    def call(self, method, path, body=None, version=VERSION):
        request = urllib.request.Request(self.endpoint + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json", **self.headers,
                                                  "X-OpenStack-Ironic-API-Version": version})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, json.loads(text) if text else None

    def get(self, path):
        return self.call("GET", path)

    def must(self, method, path, body=None):
        status, answer = self.call(method, path, body)
        if status >= 300:
            raise Failure(f"{method} {path}: {status} {answer}")
        return answer

    def node(self, ident):
        return self.must("GET", f"/v1/nodes/{ident}")

    def provision(self, ident, target, **more):
        return self.must("PUT", f"/v1/nodes/{ident}/states/provision", {"target": target, **more})

    def wait_state(self, ident, state, limit=60, fail=("deploy failed", "error", "clean failed", "enroll")):
        def check():
            node = self.node(ident)
            if node["provision_state"] == state and node["reservation"] is None:
                return node
            if node["provision_state"] in fail and node["provision_state"] != state and node["last_error"]:
                raise Failure(f"{ident} is {node['provision_state']}: {node['last_error']}")
            return None
        return until(f"{ident} becomes {state} (is {self.node(ident)['provision_state']})", limit, check)

    def timeline(self, ident, operation=None):
        rows = self.must("GET", f"/v1/nodes/{ident}/timeline")["timeline"]
        return [row for row in rows if operation in (None, row["operation"])]

    # ---- a server of the lab, enrolled

    def enroll(self, index=0, ready=True, target=True, **changes):
        """Enrols a lab server (changes override its facts, e.g. chap_password) up to available."""
        lab = {**self.lab["nodes"][index], **changes}
        mode = changes.get("boot_mode", "bios")
        name = lab["name"]
        node = self.must("POST", "/v1/nodes", {
            "name": name, "driver": "ipmi", "storage_interface": "external",
            "properties": {"capabilities": f"iscsi_boot:true,boot_mode:{mode}"},
            "driver_info": {"ipmi_address": lab["ipmi_address"], "ipmi_port": str(lab["ipmi_port"]),
                            "ipmi_username": lab["ipmi_username"], "ipmi_password": lab["ipmi_password"]}})
        self.must("POST", "/v1/ports", {"node_uuid": node["uuid"], "address": lab["mac"]})
        self.must("POST", "/v1/volume/connectors", {"node_uuid": node["uuid"], "type": "iqn",
                                                    "connector_id": lab["initiator_iqn"]})
        if ready:
            self.provision(name, "manage")
            self.wait_state(name, "manageable", fail=())
            self.provision(name, "provide")
            self.wait_state(name, "available")
        if target:
            self.add_target(node["uuid"], lab)
        return name

    def add_target(self, uuid, lab):
        self.must("POST", "/v1/volume/targets", {
            "node_uuid": uuid, "volume_type": "iscsi", "boot_index": 0, "volume_id": "volume-0",
            "properties": {"target_iqn": lab["target_iqn"], "target_lun": str(lab["target_lun"]),
                           "target_portal": lab["target_portal"], "auth_method": "CHAP",
                           "auth_username": lab["chap_username"], "auth_password": lab["chap_password"]}})

    # ---- what happens without steeld

    def reset(self, index=0):
        """Restarts a server as a crash of its system would."""
        lab = self.lab["nodes"][index]
        subprocess.run(["ipmitool", "-I", "lanplus", "-H", lab["ipmi_address"], "-p", str(lab["ipmi_port"]),
                        "-U", lab["ipmi_username"], "-P", lab["ipmi_password"], "chassis", "power", "reset"],
                       check=True, timeout=60, stdout=subprocess.DEVNULL)

    def stranger(self, path):
        """What the boot server tells another machine on the servers' wire (bridge only)."""
        program = "import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())"
        done = subprocess.run(["nsenter", "-t", str(self.status()["dnsmasq_pid"]), "-n", sys.executable, "-c", program,
                               f"http://{self.boot_host}:{self.boot_port}{path}"], check=True, timeout=60, stdout=subprocess.PIPE)
        return done.stdout.decode()

    def status(self):
        """What the lab says."""
        done = subprocess.run([str(BUILD / "steel-lab"), "status", "--dir", str(self.dir / "lab"), "--json"],
                              check=True, timeout=60, stdout=subprocess.PIPE)
        return json.loads(done.stdout)

    def lab_status(self, index=0):
        """What the lab says of a server."""
        return self.status()["nodes"][index]

    def guests(self, index=0):
        """How often the system of a server has come up."""
        return self.console(index).count("STEEL-LAB guest is up")

    def console(self, index=0):
        path = pathlib.Path(self.lab["nodes"][index]["console_log"])
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_guest(self, index=0, limit=180):
        until("the guest's line on the console", limit,
              lambda: "STEEL-LAB guest is up" in self.console(index).rsplit("--- power on", 1)[-1], pause=0.2)
        return [line for line in self.console(index).splitlines() if "STEEL-LAB guest is up" in line][-1].strip()

    def wait_line(self, text, index=0, limit=60):
        """The last whole line with a text of the current boot."""
        def look():
            lines = self.console(index).rsplit("--- power on", 1)[-1].split("\n")[:-1]
            return [line.strip() for line in lines if text in line]
        return until(f"the line '{text}' on the console", limit, look)[-1]


def run(tests, more=()):
    """Runs functions; prints one line each and the plain sum at the end. more: only when STEEL_ALL is set, or by name."""
    wanted = sys.argv[1:]
    tests = [*tests, *(more if wanted or os.environ.get("STEEL_ALL") else ())]
    passed = failed = 0
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        begun = time.monotonic()
        try:
            test()
        except Exception as error:  # a test must not keep the others from running
            failed += 1
            print(f"not ok - {test.__name__}: {error}", flush=True)
        else:
            passed += 1
            print(f"ok - {test.__name__} ({time.monotonic() - begun:.1f} s)", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)
