#!/usr/bin/python3
"""Conversations of one client with the service: what the newest Ironic (39.0.0) answered to each request, and what Steel answers.

A conversation is a file tours/NAME.txt; its requests are sent in order, in one world, and what stands in the answers is
compared whole. The answers kept in tours/NAME.json are those of Ironic 39.0.0. Beside requests, METHOD PATH VERSION [BODY], a line may be

    wait PATH FIELD=VALUE...      until the item there has these values
    settle                        until nothing moves
    boots MAC                     the machine boots its disc over the network, and says so to a service that waits for that
    {NAME} := METHOD PATH ...     a request; later lines name the UUID of what it has made as {NAME}

What clients are told, they ask, and it is their requests that are kept: client_*.txt are written by tests/foreign/record_newest_clients.

    tour_conversations.py [--record URL | --url URL] [--only TEXT] [--diff] [NAME ...]

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import http.server
import json
import os
import re
import socket
import sys
import threading
import time

import harness
import tour_common
from tour_common import TOURS

LATEST = "1.115"
NAMES = ("runbooks", "inspection_rules", "metal3", "physical_networks", "client_baremetal", "client_sdk", "client_nova", "client_nova_31")
# What Metal3's operator reads of a node.
READ = ("uuid", "name", "driver", "driver_info", "instance_info", "instance_uuid", "properties", "provision_state",
        "target_provision_state", "power_state", "target_power_state", "automated_clean", "disable_power_off", "maintenance",
        "boot_interface", "deploy_interface", "inspect_interface", "firmware_interface", "network_data", "raid_config", "health")
MAC = "52:54:00:00:0c:01"
BOOT_PORT, API_PORT = harness.free_port(), harness.free_port()
OPTIONS = {"enabled_deploy_interfaces": "direct,ramdisk,fake", "enabled_inspect_interfaces": "no-inspect,agent,fake",
           "boot_server.enabled": "true", "boot_server.port": BOOT_PORT, "api.port": API_PORT,
           "deploy.http_url": "http://127.0.0.1:%d" % BOOT_PORT, "deploy.external_callback_url": "http://127.0.0.1:%d" % API_PORT,
           "enabled_raid_interfaces": "no-raid,agent,fake",
           "agent.post_deploy_get_power_state_retries": "0", "inspector.hooks": "$default_hooks"}
MADE = re.compile(r"^\{(\w+)\} := ")
HELD = re.compile(r"(\w+)=(\S*)")


def lines(name):
    """The lines of a conversation, with those that begin with a blank joined to the one before."""
    with open(os.path.join(TOURS, name + ".txt")) as file:
        text = re.sub(r"\n[ \t]+", " ", file.read())
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def wait(service, path, wanted):
    """Until the item has these values: "wait /v1/nodes/x provision_state=manageable"."""
    wanted = {key: value.replace("_", " ") for key, value in HELD.findall(wanted)}
    end = time.monotonic() + tour_common.LIMIT_S
    while True:
        status, _, text = service.request("GET", path, None, LATEST)
        item = json.loads(text)
        have = {key: "" if item.get(key) is None else str(item.get(key)) for key in wanted}
        if status == 200 and have == wanted:
            return
        if time.monotonic() > end:
            raise RuntimeError("%s: %s, not %s: %s" % (path, have, wanted, item.get("last_error")))
        tour_common.REAL_SLEEP(0.05)


def said(text):
    """The words for people in an error."""
    try:
        inner = json.loads(json.loads(text)["error_message"])
        return inner.get("faultstring") or inner.get("description")
    except (ValueError, TypeError, KeyError, AttributeError):
        return text[:200]


class Images(http.server.BaseHTTPRequestHandler):
    """A web server with a few bytes for every name without "missing" in it."""

    def do_HEAD(self):
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", "4")
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()
        self.wfile.write(b"data")

    def log_message(self, *_):
        pass


def fetch(path):
    """What Steel's boot file server gives the machine; "" of Ironic, beside which there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", BOOT_PORT, timeout=10, source_address=("127.0.0.9", 0))
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        return text if answer.status == 200 else ""
    except ConnectionRefusedError:
        return ""
    finally:
        connection.close()


def listens(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def script_of(mac):
    return fetch("/boot/%s.ipxe" % mac.replace(":", "-"))


def boot_token():
    """What an agent that Steel has booted proves itself by: it stands in the script of its boot. Ironic asks for none here."""
    found = re.search(r"continue_inspection(\?agent_token=\S+)", script_of(MAC))
    return found.group(1) if found else ""


def boot(mac):
    """The machine opens the disc that its script names, if there is a script."""
    end = time.monotonic() + tour_common.LIMIT_S
    while time.monotonic() < end and listens(BOOT_PORT):
        token = re.search(r"sanhook .*token=([0-9a-f]+)", script_of(mac), re.S)
        if token and fetch("/boot/%s/progress?token=%s&phase=san_hooked&try=1" % (mac.replace(":", "-"), token[1])) == "noted\n":
            return
        tour_common.REAL_SLEEP(0.05)


def request(service, method, path, body, version):
    """A node whose script has just been served is locked for a moment: an agent sends again then."""
    end = time.monotonic() + tour_common.LIMIT_S
    while True:
        answer = service.request(method, path, body, version)
        if answer[0] != 409 or "agent_token" not in path or time.monotonic() > end:
            return answer
        tour_common.REAL_SLEEP(0.05)


def answer_of(service, line, images):
    if "{token}" in line:
        line = line.replace("{token}", boot_token())
    method, path, version, body = (line.replace("{images}", images).split(" ", 3) + [None])[:4]
    status, headers, text = request(service, method, path, body.encode() if body else None, version)
    text = text.replace(images, "{images}")
    answer = {"status": status}
    if headers["Location"]:
        answer["Location"] = headers["Location"]
    if status >= 400:
        return dict(answer, said=said(text))
    if text:
        answer["body"] = json.loads(text)
        if isinstance(answer.get("body"), dict) and "conductor" in answer["body"]:
            answer["body"]["conductor"] = "<host>"
    return answer


def named(line, made):
    """The request in a line, with the UUIDs of what was made."""
    return re.sub(r"\{(\w+)\}", lambda found: made.get(found[1], found[0]), MADE.sub("", line))


def as_read(answer):
    """The answer with only those fields of a node that Metal3's operator reads."""
    if "agent_token" in answer.get("body", {}).get("config", {}):  # a part of it is new with each boot
        return dict(answer, body={"members": sorted(answer["body"])})
    if "provision_state" in answer.get("body", {}):
        return dict(answer, body={name: value for name, value in answer["body"].items() if name in READ})
    return answer


def talk(name):
    def run(service):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Images)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            return exchange(service, "http://127.0.0.1:%d" % server.server_port)
        finally:
            server.shutdown()
            server.server_close()

    def exchange(service, images):
        answers, seen, made = [], {}, {}
        for line in lines(name):
            if line.startswith("wait "):
                wait(service, *line.split(" ", 2)[1:])
                continue
            if line == "settle":
                service.settle()
                continue
            if line.startswith("boots "):
                boot(line.split(" ")[1])
                continue
            seen[line] = seen.get(line, 0) + 1
            step = line if seen[line] == 1 else "%s (%d)" % (line, seen[line])
            answer = answer_of(service, named(line, made), images)
            if MADE.match(line) and "uuid" in answer.get("body", {}):
                made[MADE.match(line).group(1)] = answer["body"]["uuid"]
            answers.append(dict(as_read(answer) if name == "metal3" else answer, step=step))
        return answers
    return run


class Service(tour_common.Service):
    """The service at the newest version, with what that has."""

    LISTS = (("runbooks", "runbooks", "uuid"), ("inspection_rules", "inspection_rules", "uuid")) + tour_common.Service.LISTS

    def request(self, method, path, body=None, version=LATEST, headers=None):
        return super().request(method, path, body, version, headers)


def options():
    """What both services are told; beyond the other tours, interfaces that fake hardware has too."""
    kept = [option for option in tour_common.STEEL_OPTIONS if option.split("=")[0] not in (*OPTIONS, "pin_release_version")]
    return tuple(kept + ["%s=%s" % option for option in OPTIONS.items()])


if __name__ == "__main__":
    tour_common.STEEL_OPTIONS = options()
    tour_common.Service = Service
    sys.exit(tour_common.main({name: talk(name) for name in NAMES}))
