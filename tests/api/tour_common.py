"""Shared by the tours: a service to visit, masking, comparing with what Ironic answered, counting.

A tour sends a fixed row of commands or requests to a service with fake hardware. What OpenStack Ironic 21.4.4 answered to
each is kept in tours/<tour>.json; a tour compares Steel's answers with it, whole, after masking what differs from run to
run. Where Steel answers otherwise on purpose, a rule in tours/deviations.json says what, and why; a rule that fits
nothing any more is a failure too.

    tour_<name>.py                 against a steeld of its own (STEEL_BUILD names the build folder)
    tour_<name>.py --url URL       against a running, empty service
    tour_<name>.py --record URL    writes tours/<tour>.json anew from a running, empty Ironic (see tours/README.md)
    ... --only TEXT                shows what the steps with TEXT in them answered; all steps still run
    ... --diff                     lists every difference, also those that a rule explains

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import http.client
import importlib.metadata
import json
import os
import re
import sys
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
TOURS = os.path.join(HERE, "tours")
sys.path.insert(0, HERE)

LIMIT_S = 30

# Both services are configured alike; tours/ironic.conf says the same to Ironic. What was kept is of a service whose newest
# version is 1.82: clients, and "latest", take that one.
STEEL_OPTIONS = (
    "pin_release_version=21.4",
    "host=127.0.0.1",
    "enabled_hardware_types=fake-hardware,ipmi",
    "enabled_bios_interfaces=no-bios,fake",
    "enabled_boot_interfaces=ipxe,fake",
    "enabled_console_interfaces=no-console,fake",
    "enabled_deploy_interfaces=direct,fake",
    "enabled_inspect_interfaces=no-inspect,fake",
    "enabled_management_interfaces=ipmitool,noop,fake",
    "enabled_network_interfaces=noop",
    "enabled_power_interfaces=ipmitool,fake",
    "enabled_raid_interfaces=no-raid,fake",
    "enabled_rescue_interfaces=no-rescue,fake",
    "enabled_storage_interfaces=noop,external,fake",
    "enabled_vendor_interfaces=no-vendor,ipmitool,fake",
    "default_network_interface=noop",
    "ipmi.command_retry_timeout=2",
    "ipmi.min_command_interval=1",
    "conductor.node_locked_retry_attempts=30",
)

UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?")
OWN_UUID = re.compile(r"^0{8}-")  # tours give UUIDs that begin so; they are compared as they are


class Service:
    """The service a tour visits, by plain HTTP: to wait until nothing moves, and to clear up."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        self.address = urllib.parse.urlsplit(self.url).netloc

    def request(self, method, path, body=None, version="1.82", headers=None):
        """(status, headers, body as text)"""
        connection = http.client.HTTPConnection(self.address, timeout=LIMIT_S)
        try:
            sent = {"Accept": "application/json"}
            if version is not None:
                sent["X-OpenStack-Ironic-API-Version"] = version
            data = body
            if body is not None:
                sent["Content-Type"] = "application/json"
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.update(headers or {})
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def get(self, path):
        status, _, text = self.request("GET", path)
        if status != 200:
            raise RuntimeError("GET %s: %d %s" % (path, status, text))
        return json.loads(text)

    def moving(self):
        """The nodes with running work, and allocations in progress."""
        nodes = self.get("/v1/nodes?fields=uuid,reservation,target_power_state,provision_state,target_provision_state")
        passing = ("ing", "wait")
        found = [node for node in nodes["nodes"] if node["reservation"] or node["target_power_state"] or
                 (node["provision_state"] or "").endswith(passing)]
        found += [a for a in self.get("/v1/allocations")["allocations"] if a["state"] == "allocating"]
        return found

    def settle(self):
        """Waits until nothing moves."""
        end = time.monotonic() + LIMIT_S
        while True:
            found = self.moving()
            if not found:
                return
            if time.monotonic() > end:
                raise RuntimeError("still moving after %d s: %s" % (LIMIT_S, found))
            REAL_SLEEP(0.02)

    LISTS = (("allocations", "allocations", "uuid"), ("deploy_templates", "deploy_templates", "uuid"), ("nodes", "nodes", "uuid"),
             ("chassis", "chassis", "uuid"))

    def contents(self):
        return ["/v1/%s/%s" % (path, item[key]) for path, name, key in self.LISTS for item in self.get("/v1/" + path)[name]]

    def clear(self):
        """Deletes everything: only called on a service that was empty."""
        self.settle()
        for path in self.contents():
            if "/nodes/" in path:
                self.request("PATCH", path, [{"op": "remove", "path": "/protected"}])
                self.request("PUT", path + "/maintenance", {})
                self.settle()
            self.request("DELETE", path)


REAL_SLEEP = time.sleep


def no_patience():
    """Clients poll at intervals of seconds meant for real machines; here time is short."""
    time.sleep = lambda seconds: REAL_SLEEP(min(seconds, 0.05))


class Masker:
    def __init__(self, service):
        self.service = service

    def text(self, text):
        text = text.replace(self.service.url, "<url>").replace(self.service.address, "<address>")
        text = UUID.sub(lambda found: found[0] if OWN_UUID.match(found[0]) else "<uuid>", text)
        text = re.sub(r"\breq-[0-9a-f-]{36}\b", "<request>", text)
        return TIME.sub("<time>", text)

    def value(self, value):
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(str(name)): "<seconds>" if name == "duration_seconds" and item is not None else self.value(item)
                    for name, item in value.items()}
        return value


def differences(expected, seen, path=""):
    """[(path, expected, seen)] of two JSON values, as deep as they have the same form."""
    if isinstance(expected, dict) and isinstance(seen, dict):
        found = []
        for name in sorted(set(expected) | set(seen)):
            found += differences(expected.get(name, "<absent>"), seen.get(name, "<absent>"), path + "/" + name)
        return found
    if isinstance(expected, list) and isinstance(seen, list) and len(expected) == len(seen):
        found = []
        for i, (a, b) in enumerate(zip(expected, seen)):
            found += differences(a, b, "%s/%d" % (path, i))
        return found
    same = expected == seen and type(expected) is type(seen)
    return [] if same else [(path, expected, seen)]


# What is worded by the service: there or not there is compared, not the words. (tour, step, path)
WORDING = [(re.compile(step), re.compile(path)) for step, path in (
    ("driver (raid )?property list|driver passthru list|node passthru list|vendor_passthru|properties", r"/(Description|description)$"),
    ("node validate|validate", r"/(Reason|reason)$"),
    ("", r"/(last_error|Last Error|maintenance_reason|Maintenance Reason)$"),
    ("history", r"/(event|Event|Description of the event)$"),
)]

# Lists in no order, as JSON or as "a, b".
UNORDERED = re.compile(r"/((Enabled|enabled_)[^/]*[Ii]nterfaces|drivers|Drivers|hosts|supported_boot_devices|traits|Traits)$")


# Lists that are sets of things with a name: compared name by name.
NAMED = (("Name", re.compile("passthru list")), ("Property", re.compile("property list")), ("Traits", re.compile("trait list")))


def by_name(step, output):
    """A table in no order as {name: row}."""
    if isinstance(output, list):
        for key, pattern in NAMED:
            if pattern.search(step) and all(isinstance(row, dict) and key in row for row in output):
                return {row[key]: row for row in output}
    return output


def arranged(value, path=""):
    """The value with lists that have no order in one."""
    if not path and "step" in value:
        value = dict(value, output=by_name(value["step"], value.get("output")))
    if UNORDERED.search(path):
        if isinstance(value, str):
            return ", ".join(sorted(value.split(", ")))
        if isinstance(value, list):
            return sorted((arranged(item, path + "/" + str(i)) for i, item in enumerate(value)), key=json.dumps)
    if isinstance(value, dict):
        return {name: arranged(item, path + "/" + name) for name, item in value.items()}
    if isinstance(value, list):
        return [arranged(item, path + "/" + str(i)) for i, item in enumerate(value)]
    return value


def unlike(expected, answer):
    """The differences of two answers, except in the texts for people."""
    return differences(*(arranged({k: v for k, v in one.items() if k != "said"}) for one in (expected, answer)))


def same_meaning(step, path, expected, seen):
    """Both have a text, in their own words."""
    if not (isinstance(expected, str) and isinstance(seen, str) and expected and seen) or "<absent>" in (expected, seen):
        return False
    return any(s.search(step) and p.search(path) for s, p in WORDING)


# Clients of different releases make different things of the same answers. tours/<tour>.json is what those of Debian 12 made;
# for newer ones <tour>.<generation>.json has the steps of which they made something else: (name, package, least version).
GENERATIONS = (("debian-13", "openstacksdk", 4),)
TOURS_OF_CLIENTS = ("baremetal", "openstack", "sdk")


def generation(tour):
    """The generation of the clients that a tour takes along; None: that of Debian 12, or no client."""
    if tour not in TOURS_OF_CLIENTS:
        return None
    fits = [name for name, package, least in GENERATIONS if int(importlib.metadata.version(package).split(".")[0]) >= least]
    return fits[-1] if fits else None


class Deviations:
    """The rules of tours/deviations.json: {"tours", "step", "at", "reason"}; "ironic" or "steel" for exact values;
    "sometimes" for what depends on who is first; "clients" for what one generation of clients alone shows (null: Debian 12's)."""

    def __init__(self, tour):
        mine = generation(tour)
        with open(os.path.join(TOURS, "deviations.json")) as file:
            self.rules = [rule for rule in json.load(file) if tour in rule["tours"] and rule.get("clients", mine) == mine]
        self.used = [0] * len(self.rules)

    def reason(self, step, path, expected, seen):
        for i, rule in enumerate(self.rules):
            if (re.search(rule["step"], step) and re.search(rule["at"], path) and
                    rule.get("ironic", expected) == expected and rule.get("steel", seen) == seen):
                self.used[i] += 1
                return rule["reason"]
        return None

    def unused(self):
        return [rule for rule, used in zip(self.rules, self.used) if not used and not rule.get("sometimes")]


def load_file(name):
    """{step: answer} of a file; in it, steps that were answered alike stand together."""
    with open(os.path.join(TOURS, name + ".json")) as file:
        kept = json.load(file)
    return {step: dict(answer["answer"], step=step) for answer in kept for step in answer["steps"]}


def load(tour):
    """The answers kept of a tour, as the clients that are here make them."""
    kept, name = load_file(tour), generation(tour)
    if name:
        kept.update(load_file(tour + "." + name))
    return list(kept.values())


def save(tour, answers):
    name = generation(tour)
    if name:
        old = load_file(tour)
        answers = [answer for answer in answers if unlike(old.get(answer["step"], {}), answer)]
        tour += "." + name
    alike = {}
    for answer in answers:
        rest = {name: value for name, value in answer.items() if name != "step"}
        alike.setdefault(json.dumps(rest, sort_keys=True, ensure_ascii=False), []).append(answer["step"])
    with open(os.path.join(TOURS, tour + ".json"), "w") as file:
        file.write("[\n")
        file.write(",\n".join('{"answer": %s,\n "steps": [%s]}' % (
            answer, ",\n  ".join(json.dumps(step, ensure_ascii=False) for step in steps)) for answer, steps in alike.items()))
        file.write("\n]\n")


def judge(tour, answers, options):
    """Compares what a tour got with what is kept; (equal, explained, failed)."""
    kept, deviations = load(tour), Deviations(tour)
    equal = explained = failed = 0
    by_step = {answer["step"]: answer for answer in kept}
    for answer in answers:
        step = answer["step"]
        expected = by_step.pop(step, None)
        if options.only and options.only in step:
            print("%s\n  ironic %s\n  steel  %s" % (step, json.dumps(expected), json.dumps(answer)))
        if expected is None:
            failed += 1
            print("FAILED %s\n  nothing is kept for it: record anew" % step)
            continue
        found = unlike(expected, answer)
        found = [difference for difference in found if not same_meaning(step, *difference)]
        reasons = [deviations.reason(step, *difference) for difference in found]
        equal += not found
        bad = [difference for difference, reason in zip(found, reasons) if reason is None]
        failed += bool(bad)
        explained += bool(found) and not bad
        for (path, a, b), reason in zip(found, reasons):
            if reason is None or options.diff:
                print("%s %s\n  at %s\n  ironic %s\n  steel  %s" %
                      ("FAILED" if reason is None else "explained", step, path, shown(a), shown(b)))
        if bad and (expected.get("said") or answer.get("said")):
            print("  ironic said %s\n  steel said  %s" % (expected.get("said"), answer.get("said")))
    for step in by_step:
        failed += 1
        print("FAILED %s\n  did not happen" % step)
    for rule in deviations.unused():
        failed += 1
        print("FAILED the rule %s\n  explains nothing any more" % json.dumps(rule))
    return equal, explained, failed


def shown(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 400 else text[:400] + " ..."


def start(options):
    """The service to visit, and what stops it."""
    url = options.record or options.url
    if url:
        return Service(url), lambda: None
    import harness

    steel = harness.Steel(*STEEL_OPTIONS)
    return Service("http://127.0.0.1:%d" % steel.port), steel.stop


def main(tours):
    """Runs tours, {name: function(service) -> [{"step": ..., ...}]}, and counts."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", metavar="URL", help="keep what this Ironic answers")
    parser.add_argument("--url", help="visit this service")
    parser.add_argument("--only", help="show the answers of steps with this text")
    parser.add_argument("--diff", action="store_true", help="show explained differences as well")
    parser.add_argument("tour", nargs="*", help="of %s (all)" % ", ".join(tours))
    options = parser.parse_args()
    no_patience()
    passed = failed = 0
    for tour in options.tour or tours:
        service, stop = start(options)
        if service.contents():
            sys.exit("%s is not empty" % service.url)
        begun = time.monotonic()
        try:
            mask = Masker(service)
            answers = [mask.value(answer) for answer in tours[tour](service)]
        finally:
            service.clear()
            status = stop()
        took = time.monotonic() - begun
        if options.record:
            save(tour, answers)
            print("%s: kept %d answers in %.1f s" % (tour, len(answers), took))
            continue
        equal, explained, bad = judge(tour, answers, options)
        if status:
            bad += 1
            print("FAILED steeld ended with status %s" % status)
        print("%-12s %d equal, %d otherwise on purpose, %d failed in %.1f s" % (tour, equal, explained, bad, took))
        passed, failed = passed + equal + explained, failed + bad
    if options.record:
        return 0
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0
