"""What the tests of steel-lab share: a lab in a folder and on ports of its own, ipmitool, a boot file server, and the
search for what a lab left behind. Python's standard library only. STEEL_BUILD names the folder of the programs (default
build), STEEL_LAB the program itself.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STEEL_BUILD", ROOT / "build"))
STEEL_LAB = os.environ.get("STEEL_LAB", str(BUILD / "steel-lab"))

BIOS_LIMIT = 180  # seconds to the guest's marker
UEFI_LIMIT = 240
STATE_LIMIT = 60  # to a state that comes at once where there is a free processor
COMMAND_LIMIT = 120  # the first `up` builds the guest and tries KVM
MARKER = "STEEL-LAB guest is up: booted from"


def free_ports(count, kind=socket.SOCK_STREAM):
    """Ports nobody listens on now, `count` in a row for datagrams; another process may still take one."""
    for base in range(23000 + os.getpid() % 5000, 60000, max(count, 1)):
        sockets = []
        try:
            for port in range(base, base + count):
                sock = socket.socket(socket.AF_INET, kind)
                sockets.append(sock)
                sock.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
        finally:
            for sock in sockets:
                sock.close()
    raise AssertionError("no free ports")


def wait_until(condition, limit, what):
    """Polls a condition; the value it came true with."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {limit} s")


def run(*arguments, limit=COMMAND_LIMIT, check=True):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=limit)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def processes():
    """{pid: (parent, state, command line, working folder)} of all processes."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            folder = ""
            with contextlib.suppress(OSError):
                folder = os.readlink(entry / "cwd")
            found[int(entry.name)] = (int(fields[1]), fields[0], command, folder)
    return found


class BootServer:
    """Serves texts by path, as steeld's boot file server does, and remembers what was asked for."""

    def __init__(self, address="127.0.0.1"):
        self.texts = {}
        self.requests = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append(self.path)
                text = outer.texts.get(self.path)
                self.send_response(404 if text is None else 200)
                body = (text or "").encode()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((address, 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def sanboot_script(node, password=None):
    """An iPXE script that boots a node from its volume."""
    address, port = node["target_portal"].split(":")
    return "\n".join(
        [
            "#!ipxe",
            f"set username {node['chap_username']}",
            f"set password {password or node['chap_password']}",
            f"set initiator-iqn {node['initiator_iqn']}",
            f"sanboot iscsi:{address}::{port}:{node['target_lun']}:{node['target_iqn']} || goto failed",
            ":failed",
            "echo TEST sanboot failed",
            "sleep 1000",
            "",
        ]
    )


class Lab:
    """A lab that is brought down whatever happens."""

    def __init__(self, *arguments, nodes=1, boot_server=None, host="10.0.2.2"):
        self.folder = tempfile.mkdtemp(prefix="steel-lab-test-")
        self.arguments = list(arguments)
        if boot_server is not None:
            self.arguments += ["--boot-url", f"http://{host}:{boot_server.port}/boot.ipxe"]
        self.arguments += ["--nodes", str(nodes), "--ipmi-port", str(free_ports(nodes, socket.SOCK_DGRAM))]
        self.arguments += ["--target-port", str(free_ports(1))]
        self.document = None

    def __enter__(self):
        try:
            self.up()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, kind, *_):
        if kind is not None:  # what a person needs to see why
            for name in ["lab.log", "lab-0.console.log", "lab-0.qemu.log", "tgtd.log"]:
                path = pathlib.Path(self.folder, name)
                if path.exists():
                    print(f"=== {name}\n{path.read_text(errors='replace')[-4000:]}")
        run(STEEL_LAB, "down", "--dir", self.folder, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def up(self):
        done = run(STEEL_LAB, "up", "--dir", self.folder, "--json", *self.arguments)
        self.document = json.loads(done.stdout)
        return self.document

    def down(self):
        return run(STEEL_LAB, "down", "--dir", self.folder)

    def status(self, index=0):
        return json.loads(run(STEEL_LAB, "status", "--json", "--dir", self.folder).stdout)["nodes"][index]

    def node(self, index=0):
        return self.document["nodes"][index]

    def ipmitool(self, *words, index=0, check=True):
        node = self.node(index)
        base = ["ipmitool", "-I", "lanplus", "-H", node["ipmi_address"], "-p", str(node["ipmi_port"])]
        return run(*base, "-U", node["ipmi_username"], "-P", node["ipmi_password"], *words, check=check).stdout.strip()

    def power(self, index=0):
        return self.ipmitool("power", "status", index=index).rpartition(" ")[2]

    def wait_power(self, state, limit=STATE_LIMIT, index=0):
        wait_until(lambda: self.power(index) == state, limit, f"power {state}")

    def console(self, index=0):
        path = pathlib.Path(self.node(index)["console_log"])
        return path.read_text(errors="replace") if path.exists() else ""

    def boots(self, index=0):
        """The console cut into boots."""
        text = self.console(index).replace("\n--- reset ", "\n--- power on ")
        return text.split("\n--- power on ")[1:]

    def wait_console(self, text, limit, index=0):
        """Waits for a text in the current boot; its line, once that is complete."""

        def look():
            boots = self.boots(index)
            for line in boots[-1].split("\n")[:-1] if boots else []:
                if text in line:
                    return line
            return None

        return wait_until(look, limit, f'"{text}" on the console of {self.node(index)["name"]}')

    def family(self):
        """Process ids that belong to this lab: the daemon, its guardian and everything below."""
        everything = processes()
        daemon = self.document["pid"]
        family = {daemon, everything[daemon][0]}
        while True:
            more = {pid for pid, entry in everything.items() if entry[0] in family} - family
            if not more:
                return {pid: everything[pid][2] for pid in family if pid in everything}
            family |= more

    def leftovers(self, family=()):
        """Processes of the lab that still run. Zombies that nobody reaps are no processes any more."""
        return {
            pid: entry[2]
            for pid, entry in processes().items()
            if entry[1] != "Z" and (pid in family or self.folder in entry[2] or entry[3].startswith(self.folder))
        }


def main():
    """Runs the tests of the calling module; ends with the line that the gate counts, and the status."""
    result = unittest.main(verbosity=2, exit=False).result
    failed = len(result.failures) + len(result.errors) + len(result.skipped)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
