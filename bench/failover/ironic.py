"""Two conductors of Debian's Ironic and its API, on one PostgreSQL and RabbitMQ, with default settings.

A node of fake hardware deploys for an hour; its conductor is killed. Ironic does not resume a deploy: what is measured is how long it takes
until another conductor has noticed, and the node is told failed.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time

import json_call
import postgresql
import rabbit_support

LIMIT_S = 600
VERSION = "1.82"
CONFIGURATION = """
[DEFAULT]
auth_strategy = noauth
rpc_transport = oslo
transport_url = {broker}
host = {host}
my_ip = 127.0.0.1
state_path = {folder}/state
tempdir = {folder}/tmp
log_dir = {folder}
enabled_hardware_types = fake-hardware
enabled_boot_interfaces = fake
enabled_deploy_interfaces = fake
enabled_inspect_interfaces = no-inspect
enabled_management_interfaces = fake
enabled_network_interfaces = noop
enabled_power_interfaces = fake
enabled_raid_interfaces = no-raid
enabled_bios_interfaces = no-bios
enabled_console_interfaces = no-console
enabled_rescue_interfaces = no-rescue
enabled_vendor_interfaces = no-vendor
enabled_storage_interfaces = noop
[api]
host_ip = 127.0.0.1
port = {port}
api_workers = 1
[conductor]
automated_clean = false
[database]
connection = {database}
[fake]
deploy_delay = 3600
[dhcp]
dhcp_provider = none
[glance]
auth_type = none
[neutron]
auth_type = none
[cinder]
auth_type = none
[inspector]
auth_type = none
[service_catalog]
endpoint_override = http://127.0.0.1:{port}
[oslo_concurrency]
lock_path = {folder}/lock
"""


class Ironic:
    """Started by start(), removed by close()."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="ironic-failover-")
        self.processes, self.port = {}, rabbit_support.free_port()
        for name in ("state", "tmp", "lock"):
            os.mkdir(os.path.join(self.folder, name))
        self.server = self.rabbit = None

    def start(self):
        self.server = postgresql.Postgresql()
        self.rabbit = rabbit_support.Rabbit()
        database = self.server.url(self.server.database(), "postgresql+psycopg2")
        for host in ("conductor-1", "conductor-2"):
            with open(self.path(host + ".conf"), "w", encoding="ascii") as file:
                file.write(CONFIGURATION.format(broker=self.rabbit.url(), host=host, folder=self.folder, port=self.port,
                                                database=database))
        with open(self.path("dbsync.log"), "wb") as log:
            subprocess.run(["/usr/bin/ironic-dbsync", "--config-file", self.path("conductor-1.conf"), "create_schema"], check=True,
                           stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        for host in ("conductor-1", "conductor-2"):
            self.begin(host, "ironic-conductor", host)
        self.begin("api", "ironic-api", "conductor-1")
        self.until("both conductors are alive", lambda: self.alive() == {"conductor-1", "conductor-2"})

    def path(self, name):
        return os.path.join(self.folder, name)

    def begin(self, name, program, configuration):
        with open(self.path(name + ".out"), "ab") as log:
            self.processes[name] = subprocess.Popen(
                ["/usr/bin/" + program, "--config-file", self.path(configuration + ".conf"), "--log-file", self.path(name + ".log")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def kill(self, name):
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait()

    def close(self):
        for name, process in self.processes.items():
            if process.poll() is None:
                self.kill(name)
        for one, end in ((self.rabbit, "close"), (self.server, "remove")):
            if one is not None:
                getattr(one, end)()
        shutil.rmtree(self.folder, ignore_errors=True)

    def until(self, what, check):
        end = time.monotonic() + LIMIT_S
        while not check():
            if time.monotonic() > end:
                raise RuntimeError("Ironic: not within %d s: %s" % (LIMIT_S, what))
            time.sleep(0.05)

    def ask(self, method, path, body=None):
        return json_call.call(self.port, method, path, body, {"X-OpenStack-Ironic-API-Version": VERSION})

    def alive(self):
        status, body = self.ask("GET", "/v1/conductors")
        return {one["hostname"] for one in body["conductors"] if one["alive"]} if status == 200 else set()

    def create(self):
        """A conductor that is alive may still refuse for a moment, and asks to be asked again (503)."""
        answers = []

        def is_there():
            answers.append(self.ask("POST", "/v1/nodes", {"driver": "fake-hardware"}))
            return answers[-1][0] == 201
        self.until("a node is created", is_there)
        return answers[-1][1]

    def node(self, uuid):
        status, body = self.ask("GET", "/v1/nodes/" + uuid)
        return body if status == 200 else {"provision_state": None, "reservation": None}

    def to(self, uuid, target, state):
        self.until("%s is accepted" % target, lambda: self.ask("PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": target})[0] == 202)
        self.until(state, lambda: self.node(uuid)["provision_state"] == state)


def rounds(count):
    """Seconds from kill -9 of a node's conductor until the node is told failed, of each round."""
    ironic, took = Ironic(), []
    with contextlib.closing(ironic):
        ironic.start()
        node = ironic.create()
        for target, state in (("manage", "manageable"), ("provide", "available")):
            ironic.to(node["uuid"], target, state)
        for _ in range(count):
            ironic.to(node["uuid"], "active", "deploying")
            worker = ironic.node(node["uuid"])["reservation"]
            begun = time.monotonic()
            ironic.kill(worker)
            ironic.until("the node is told failed", lambda: ironic.node(node["uuid"])["provision_state"] == "deploy failed")
            took.append(time.monotonic() - begun)
            ironic.begin(worker, "ironic-conductor", worker)
            ironic.until("both conductors are alive", lambda: len(ironic.alive()) == 2)
    return took
