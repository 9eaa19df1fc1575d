#!/usr/bin/python3
"""Compares `steel` with `baremetal` (python-ironicclient) against a running service, command by command.

Both clients go on the same tour: each makes a node of its own with everything that belongs to it, changes it, drives it
through its states and removes it. What they print with -f json, what they print otherwise, their exit status and the
service's error texts must be the same once UUIDs, times and the names of the two nodes are masked.

    tests/api/tour_two_clients.py [http://127.0.0.1:6385] [--steel build/steel] [--baremetal baremetal]

Without an address it starts a steeld for itself. A service needs the fake-hardware type. Exit status 0: no difference; 1: differences, shown; 2: cannot run.
SPDX-License-Identifier: Apache-2.0
"""
import argparse
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import harness
import tour_common

# What the reference client knows; with it both ask for the same fields.
API_VERSION = "1.78"

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?")
ROW_NUMBER = re.compile(r"\b(node|Node|record for node) \d+\b")

STEPS = '[{"interface": "deploy", "step": "deploy", "args": {}, "priority": 80}]'
CLEAN = '[{"interface": "deploy", "step": "erase_devices"}]'

# A step is (mode, command line). In it {node}, {mac} and {name} differ between the clients; {x} is the UUID that the step
# "x=…" printed. Modes: json (adds -f json), text (stdout as it is), fails (status and text of the error), usage (status
# only: the command line is wrong).
TOUR = [
    ("json", "driver list"),
    ("json", "driver list --long"),
    ("json", "driver list --type dynamic --fields name type"),
    ("json", "driver show fake-hardware"),
    ("json", "driver property list fake-hardware"),
    ("json", "driver raid property list fake-hardware"),
    ("json", "driver passthru list fake-hardware"),
    ("json", "conductor list"),
    ("json", "conductor list --long"),
    ("json", "conductor list --fields hostname alive"),
    # chassis
    ("chassis=", "chassis create --description rack --extra a=1"),
    ("json", "chassis show {chassis}"),
    ("text", "chassis set {chassis} --description other --extra b=two"),
    ("json", "chassis show {chassis} --fields description extra"),
    ("text", "chassis unset {chassis} --description --extra b"),
    ("json", "chassis show {chassis}"),
    ("json", "chassis list"),
    ("json", "chassis list --long"),
    # the node
    ("uuid=", "node create --driver fake-hardware --name {node} --property cpus=4 --property cpu_arch=x86_64"
              " --property capabilities=boot_mode:uefi --extra note=hello --extra list=[1,2] --extra deep={{\"a\":null}}"
              " --driver-info fake_address=10.0.0.1 --driver-info fake_password=secret --resource-class gold"
              " --chassis-uuid {chassis} --no-automated-clean"),
    ("json", "node show {node}"),
    ("json", "node show {uuid} --fields uuid name extra properties"),
    ("json", "node show {node} --fields chassis_uuid driver_info"),
    ("json", "node list"),
    ("json", "node list --long"),
    ("json", "node list --fields name provision_state driver_info"),
    ("json", "node list --sort name:desc"),
    ("json", "node list --sort name --sort-column Name --sort-descending"),
    ("json", "node list --limit 1 -c Name"),
    ("json", "node list --limit 0 -c Name -c UUID"),
    ("json", "node list --driver fake-hardware --no-maintenance --unassociated --provision-state enroll"),
    ("json", "node list --resource-class gold --chassis {chassis}"),
    ("json", "node list --associated"),
    ("fails", "node list --fault nonsense"),
    ("table", "node show {node} --fields name extra properties driver_info"),
    ("table", "node list --fields name extra maintenance"),
    ("table", "node list --fields name extra --max-width 40"),
    ("text", "node list --fields name extra maintenance -f value"),
    ("text", "node list --fields name extra maintenance last_error -f csv"),
    ("text", "node list --fields name extra -f csv --quote all"),
    ("text", "node list --fields name extra -f csv --quote minimal"),
    ("text", "node show {node} -c name -c extra -c properties -c created_at -f yaml"),
    ("text", "node list --long -f yaml"),
    ("text", "node show {node} --fields name extra -f value"),
    ("text", "node show {node} -f json --noindent -c name -c extra"),
    ("text", "node set {node} --property memory_mb=2048 --extra note=changed --extra truth=true --extra text=\"x\""
             " --driver-info fake_port=623 --instance-info image_source=http://image --description=new"),
    ("fails", "node set {node} --protected-reason because"),
    ("json", "node show {node}"),
    ("text", "node set {node} --resource-class silver --owner me --lessee you --conductor-group= --automated-clean"),
    ("json", "node show {node}"),
    ("text", "node unset {node} --property memory_mb --extra note --driver-info fake_port"
             " --instance-info image_source --description --resource-class --owner --lessee"),
    ("json", "node show {node}"),
    ("text", "node set {node}"),
    ("text", "node unset {node}"),
    ("fails", "node unset {node} --extra not_there"),
    ("fails", "node set {node} --property novalue"),
    ("fails", "node set {node} --driver nonesuch"),
    ("text", "node set {node} --storage-interface noop --reset-power-interface"),
    ("fails", "node set {node} --reset-interfaces"),
    ("json", "node validate {node}"),
    ("json", "node passthru list {node}"),
    ("fails", "node passthru call {node} nonesuch"),
    ("json", "node boot device show {node}"),
    ("json", "node boot device show {node} --supported"),
    ("json", "node console show {node}"),
    ("json", "node bios setting list {node}"),
    ("json", "node bios setting list {node} --long"),
    ("json", "node vif list {node}"),
    ("json", "node history list {node}"),
    # traits
    ("text", "node add trait {node} CUSTOM_ONE CUSTOM_TWO"),
    ("json", "node trait list {node}"),
    ("fails", "node add trait {node} nonsense"),
    ("text", "node remove trait {node} CUSTOM_ONE"),
    ("fails", "node remove trait {node} CUSTOM_ONE"),
    ("text", "node remove trait {node} --all"),
    ("json", "node trait list {node}"),
    ("usage", "node remove trait {node}"),
    # ports and port groups
    ("group=", "port group create --node {uuid} --name {node}-group --mode active-backup --property miimon=100"
               " --extra a=b --unsupport-standalone-ports"),
    ("json", "port group show {group}"),
    ("json", "port group list --node {uuid}"),
    ("json", "port group list --node {uuid} --long"),
    ("text", "port group set {group} --mode 802.3ad --property miimon=50 --extra c=d --support-standalone-ports"),
    ("json", "port group show {group}"),
    ("text", "port group unset {group} --extra c --property miimon"),
    ("json", "port group show {group} --fields name mode properties"),
    ("port=", "port create {mac} --node {uuid} --extra a=b --pxe-enabled true --port-group {group}"
              " --local-link-connection switch_id=0a:1b:2c:3d:4e:5f --local-link-connection port_id=Gi1"
              " --physical-network net1"),
    ("json", "port show {port}"),
    ("json", "port show {mac} --address"),
    ("json", "port show {mac} --address --fields uuid address"),
    ("json", "port list --node {node}"),
    ("json", "port list --node {node} --long"),
    ("json", "port list --address {mac} --fields address extra pxe_enabled"),
    ("text", "port set {port} --pxe-disabled --extra c=1 --local-link-connection switch_info=sw"),
    ("json", "port show {port}"),
    ("text", "port unset {port} --extra c --physical-network --port-group"),
    ("json", "port show {port}"),
    ("fails", "port create {mac} --node {uuid}"),
    ("fails", "port create nonsense --node {uuid}"),
    ("fails", "port show 00000000-0000-0000-0000-000000000000"),
    # volumes: only while the node is off
    ("text", "node manage {node} --wait"),
    ("text", "node power off {node}"),
    ("connector=", "volume connector create --node {uuid} --type iqn --connector-id iqn.2026-11.org.example:{node}"
                   " --extra a=1"),
    ("json", "volume connector show {connector}"),
    ("json", "volume connector list --node {uuid}"),
    ("json", "volume connector list --node {uuid} --long"),
    ("text", "volume connector set {connector} --connector-id iqn.2026-11.org.example:{node}.2 --extra b=2"),
    ("text", "volume connector unset {connector} --extra a"),
    ("json", "volume connector show {connector} --fields connector_id extra"),
    ("target=", "volume target create --node {uuid} --type iscsi --boot-index 0 --volume-id vol-{node}"
                " --property target_iqn=iqn.x --property target_lun=1 --property target_portal=10.0.0.5:3260"),
    ("json", "volume target show {target}"),
    ("json", "volume target list --node {uuid}"),
    ("json", "volume target list --node {uuid} --long"),
    ("text", "volume target set {target} --boot-index 3 --property auth_username=u"),
    ("text", "volume target unset {target} --property auth_username"),
    ("json", "volume target show {target}"),
    ("usage", "volume connector create --node {uuid} --type nonsense --connector-id x"),
    ("usage", "volume target create --node {uuid} --type iscsi"),
    # power, boot, maintenance
    ("text", "node power on {node}"),
    ("text", "node power on {node} --power-timeout 30"),
    ("text", "node reboot {node}"),
    ("text", "node boot device set {node} pxe"),
    ("text", "node boot device set {node} pxe --persistent"),
    ("json", "node boot device show {node}"),
    ("usage", "node boot device set {node} nonsense"),
    ("text", "node maintenance set {node} --reason repair"),
    ("json", "node show {node} --fields maintenance maintenance_reason"),
    ("json", "node list --maintenance -c Name"),
    ("text", "node maintenance unset {node}"),
    ("fails", "node inject nmi {node}"),
    # deploy interfaces differ in whether a target outlives the deployment
    ("text", "node power off {node}"),
    ("text", "volume target delete {target}"),
    # states
    ("text", "node inspect {node} --wait 60"),
    ("text", "node provide {node} --wait 60"),
    ("fails", "node provide {node}"),
    ("text", "node set {node} --resource-class {name}-class"),
    ("allocation=", "allocation create --resource-class {name}-class --name {node}-allocation --extra a=1 --wait 60"),
    ("json", "allocation show {allocation}"),
    ("json", "allocation list --node {uuid}"),
    ("json", "allocation list --node {uuid} --long"),
    ("text", "allocation set {allocation} --extra b=2"),
    ("text", "allocation unset {allocation} --extra a"),
    ("json", "allocation show {node}-allocation --fields name extra state"),
    ("json", "node show {node} --fields instance_uuid allocation_uuid"),
    ("fails", "node delete {node}"),
    ("text", "allocation delete {allocation}"),
    ("fails", "allocation create"),
    ("text", "node set {node} --instance-info image_source=http://image --instance-info image_checksum=abc"),
    ("text", "node deploy {node} --wait 60"),
    ("json", "node show {node}"),
    ("text", "node set {node} --protected"),
    ("fails", "node undeploy {node}"),
    ("text", "node unset {node} --protected"),
    ("text", "node rebuild {node} --wait 60"),
    ("text", "node undeploy {node} --wait 60"),
    ("text", "node manage {node} --wait 60"),
    ("fails", "node clean {node} --clean-steps nonsense"),
    ("usage", "node clean {node}"),
    ("fails", "node rescue {node} --rescue-password x"),
    ("fails", "node abort {node}"),
    ("json", "node show {node} --fields provision_state target_provision_state power_state last_error"),
    # deploy templates
    ("template=", "deploy template create CUSTOM_{name} --steps '" + STEPS.replace("{", "{{").replace("}", "}}") + "' --extra a=1"),
    ("json", "deploy template show {template}"),
    ("json", "deploy template list"),
    ("json", "deploy template list --long"),
    ("text", "deploy template set {template} --extra b=2 --name CUSTOM_{name}_2"),
    ("text", "deploy template unset {template} --extra a"),
    ("json", "deploy template show {template}"),
    ("text", "deploy template delete {template}"),
    # away with it
    ("text", "node power off {node}"),
    ("text", "volume connector delete {connector}"),
    ("text", "port delete {port}"),
    ("text", "port group delete {group}"),
    ("fails", "port delete {port}"),
    ("text", "node delete {node}"),
    ("fails", "node show {node}"),
    ("fails", "node delete {node}"),
    ("text", "chassis delete {chassis}"),
    ("fails", "chassis show {chassis}"),
    # command lines that are wrong
    ("usage", "node show"),
    ("usage", "node bogus"),
    ("usage", "node list --nonsense"),
    ("usage", "node list --fields nonsense"),
    ("usage", "node list --maintenance --no-maintenance"),
    ("usage", "node create --name x"),
    ("usage", "node list -f nonsense"),
]


# Loads the reference client once and runs each command line in a child of its own: a start of Python with all its
# libraries takes most of a second, 180 times.
KEEPER = """
import json, os, sys
import ironicclient.shell
for line in sys.stdin:
    words, out, err = json.loads(line)
    child = os.fork()
    if child == 0:
        for path, number in (("/dev/null", 0), (out, 1), (err, 2)):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
        sys.argv = ["baremetal"] + words
        status = 1
        try:
            status = ironicclient.shell.main(words)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status or 0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Keeper:
    """The reference client, loaded once."""

    def __init__(self, program, environment):
        with open(shutil.which(program), "rb") as file:
            first = file.readline().decode("utf-8", "replace").strip()
        interpreter = first[2:].split() if first.startswith("#!") else [sys.executable]
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(interpreter + ["-c", KEEPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=environment, text=True)

    def run(self, words):
        out, err = (os.path.join(self.folder.name, name) for name in ("out", "err"))
        self.process.stdin.write(json.dumps([words, out, err]) + "\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        with open(out) as seen, open(err) as said:
            return status, seen.read(), said.read()

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()


class Client:
    """One of the two clients with the things it made."""

    keeper = None

    def __init__(self, program, endpoint, letter):
        self.program = program
        run = os.getpid() & 0xFFFF
        self.names = {"node": f"tour-{run:04x}-{letter}", "name": f"TOUR_{run:04X}_{letter.upper()}",
                      "mac": f"52:54:00:{run >> 8:02x}:{run & 0xFF:02x}:0{letter}"}
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("OS_")}
        self.environment.update(OS_AUTH_TYPE="none", OS_ENDPOINT=endpoint, OS_BAREMETAL_API_VERSION=API_VERSION,
                                PYTHONWARNINGS="ignore")

    def words(self, line):
        # Quotes inside words belong to the words; only single quotes group.
        lexer = shlex.shlex(line, posix=True)
        lexer.whitespace_split = True
        lexer.quotes = "'"
        lexer.commenters = ""
        lexer.escape = ""
        return [word.format(**self.names) for word in lexer]

    def run(self, line, extra=()):
        if self.keeper is not None:
            return self.keeper.run(self.words(line) + list(extra))
        command = [self.program] + self.words(line) + list(extra)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              env=self.environment, timeout=300)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def remove(self):
        """Removes what is left of the node after a tour that broke off."""
        for line in ("node maintenance set {node}", "node delete {node}"):
            if self.run("node show {node}")[0] == 0:
                self.run(line)

    def mask(self, line, text):
        """What a command about everything prints is the same for both as it stands."""
        if "{" not in line and "create" not in line:
            return TIME.sub("<time>", text)
        for key in ("node", "name", "mac"):
            text = text.replace(self.names[key], f"<{key}>")
        return mask_common(text)


def mask_common(text):
    return ROW_NUMBER.sub(r"\1 <number>", TIME.sub("<time>", UUID.sub("<uuid>", text)))


# `steel` says what python-ironicclient 5.0 (Debian 12) says. Newer ones (Debian 13 has 5.10) differ in three ways, which are
# taken out of their answers: they leave fields in the service's order, show fields of later API versions as empty ones, and
# wait for several nodes at a time.
SPOKEN_VERSION = (5, 0)


def client_version(program):
    found = re.search(r"(\d+)\.(\d+)", subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout)
    return int(found[1]), int(found[2])


def without_new_fields(newer, known):
    """The newer answer without those empty fields that the other one does not have."""
    if isinstance(newer, dict) and isinstance(known, dict):
        return {name: without_new_fields(value, known.get(name)) for name, value in newer.items()
                if name in known or value not in ("", None)}
    if isinstance(newer, list) and isinstance(known, list) and len(newer) == len(known):
        return [without_new_fields(a, b) for a, b in zip(newer, known)]
    return newer


def without_new_lines(newer, known):
    """The same for text, whose lines are put in one order."""
    known = known.splitlines()
    return [line for line in newer.splitlines() if line in known or not re.fullmatch(r"[ -]*[A-Z][\w ]+: (''|null)", line)]


def as_spoken(line, newer, known):
    """(status, output, errors) of both clients, comparable."""
    output = newer[1].replace(" on node(s) ", " on node ")
    seen = known[1]
    try:
        values = without_new_fields(json.loads(output), json.loads(seen)), json.loads(seen)
        output, seen = (json.dumps(value, sort_keys=True) for value in values)
    except ValueError:
        if "node show" in line or "-f yaml" in line:
            output, seen = ("\n".join(sorted(lines)) for lines in (without_new_lines(output, seen), seen.splitlines()))
    return (newer[0], output, newer[2]), (known[0], seen, known[2])


def both(clients, line, extra=()):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(lambda client: client.run(line, extra), clients))


def comparable(mode, client, line, result):
    status, output, errors = result
    if mode == "usage":
        return status
    if mode == "fails":
        last = errors.strip().splitlines()[-1] if errors.strip() else ""
        return status, client.mask(line, last) if "(HTTP" in last else "some text" if last else ""
    if mode == "text" and status == 0:
        return status, client.mask(line, output), client.mask(line, errors.strip())
    if mode in ("json", "create"):
        try:
            value = json.loads(output)
        except ValueError:
            return status, client.mask(line, output + errors)
        return status, client.mask(line, json.dumps(value, indent=1))
    return status, client.mask(line, output), client.mask(line, errors)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("endpoint", nargs="?")
    parser.add_argument("--steel", default=os.path.join(os.path.dirname(harness.STEELD), "steel"))
    parser.add_argument("--baremetal", default="baremetal")
    parser.add_argument("--verbose", action="store_true", help="name every step")
    options = parser.parse_args()
    for program in (options.steel, options.baremetal):
        if shutil.which(program) is None:
            print(f"{program} is missing", file=sys.stderr)
            return 2
    if options.endpoint:
        return visit(options.endpoint, options)
    service = harness.Steel(*tour_common.STEEL_OPTIONS)
    try:
        return visit("http://127.0.0.1:%d" % service.port, options)
    finally:
        service.stop()


def visit(endpoint, options):
    """Takes both clients to a service and removes what they leave there; the exit status."""
    clients = [Client(options.baremetal, endpoint, "a"), Client(options.steel, endpoint, "b")]
    clients[0].keeper = Keeper(options.baremetal, clients[0].environment)
    try:
        return go(clients, options.verbose, client_version(options.baremetal) > SPOKEN_VERSION)
    finally:
        clients[0].keeper.end()
        clients[1].remove()
        clients[1].names, clients[0].names = clients[0].names, clients[1].names
        clients[1].remove()


def go(clients, verbose, newer):
    """Runs the tour; returns the exit status. `newer`: the reference client is newer than what `steel` speaks."""
    differences = 0
    for mode, line in TOUR:
        captured = mode[:-1] if mode.endswith("=") else None
        kind = "create" if captured else mode
        extra = ["-f", "json"] if kind in ("json", "create") else []
        try:
            results = both(clients, line, extra)
        except KeyError as missing:
            print(f"DIFFERENT {line}\n  not run: nothing was made as {missing}")
            differences += 1
            continue
        if captured:
            for client, result in zip(clients, results):
                if result[0] == 0:
                    client.names[captured] = json.loads(result[1])["uuid"]
        if newer:
            results = as_spoken(line, *results)
        expected, seen = (comparable(kind, client, line, result) for client, result in zip(clients, results))
        fell = kind in ("json", "create", "text", "table") and results[0][0] != 0
        if expected != seen or fell:
            differences += 1
            print(f"{'FAILED' if expected == seen else 'DIFFERENT'} {line}")
            for client, result in zip(clients, (expected, seen)):
                print(f"--- {client.program}")
                print("\n".join(str(part) for part in result) if isinstance(result, tuple) else result)
        elif verbose:
            print(f"same {line}")
    print(f"{len(TOUR) - differences} passed, {differences} failed")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
