"""Nodes whose machines run a real steel-agent: made-up machines that ask the boot server for their script, as in a network.

SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import http.client
import os
import random
import re

import agent_support
import faults_support
import harness
from agent_support import MIB
from faults_support import until
from image_server import ImageServer
from ramdisk_support import free_port

DISK = 64 * MIB


class Machine:
    """A node, and the machine that it is the record of. `number` is unique in the suite."""

    def __init__(self, suite, number, disk=DISK, **values):
        self.suite, self.agent = suite, None
        self.mac, self.address = "52:54:00:ee:00:%02x" % number, "127.0.1.%d" % number
        self.hardware = agent_support.Machine([self.mac])
        self.hardware.disk("vda", 4 * MIB)
        self.hardware.disk("vdb", disk, serial="the-disk")
        values.setdefault("properties", {"root_device": {"serial": "the-disk"}})
        self.uuid = suite.node(driver="fake-hardware", deploy_interface="direct", boot_interface="ipxe", **values)["uuid"]
        suite.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": self.mac})
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            suite.ask(self.uuid, verb)
            suite.rest(self.uuid, state)

    def info(self, **values):
        self.suite.when_free(200, "PATCH", "/v1/nodes/" + self.uuid, [
            {"op": "add", "path": "/instance_info/" + name, "value": value} for name, value in values.items()])

    def image(self, name, data, **more):
        """The node is to be deployed with this image."""
        values = {"image_source": self.suite.server.add(name, data), "image_os_hash_algo": "sha256",
                  "image_os_hash_value": hashlib.sha256(data).hexdigest(), "image_disk_format": "raw"}
        self.info(**dict(values, **more))

    def script(self, address=None):
        """What the machine is told to boot; "" while it is told nothing."""
        connection = http.client.HTTPConnection("127.0.0.1", self.suite.boot_port, timeout=harness.LIMIT_S,
                                                source_address=(address or self.address, 0))
        try:
            connection.request("GET", "/boot/%s.ipxe" % self.mac.replace(":", "-"))
            answer = connection.getresponse()
            return answer.read().decode() if answer.status == 200 else ""
        except OSError:
            return ""
        finally:
            connection.close()

    def ramdisk(self):
        """The parameters on the kernel's command line, once there are some."""
        line = until("the script of the ramdisk", lambda: re.search(r"^kernel --name deploy_kernel \S+ (.*)", self.script(), re.M))
        return dict(word.split("=", 1) for word in line.group(1).split() if "=" in word and not word.startswith("initrd="))

    def boot(self, **more):
        """The machine starts: its agent runs."""
        self.agent = agent_support.Agent(self.hardware, **dict(self.ramdisk(), **more))
        return self.agent

    def state(self):
        return self.suite.get("/v1/nodes/" + self.uuid)

    def disk(self):
        return self.hardware.contents("vdb")

    def close(self):
        if self.agent is not None:
            self.agent.stop()
        self.hardware.close()
        self.suite.when_free(202, "PUT", "/v1/nodes/%s/maintenance" % self.uuid, {"reason": "the test is over"})
        self.suite.when_free(204, "DELETE", "/v1/nodes/" + self.uuid)


class Suite(faults_support.Suite):
    """A daemon with a boot server, and a server of images."""

    more_options = ()

    @classmethod
    def setUpClass(cls):
        cls.boot_port, api_port = free_port(), free_port()  # agents find the next life of the daemon where the last one was
        cls.place = cls.temporary_folder()
        for name in ("kernel", "ramdisk"):
            with open(cls.place + "/" + name, "wb") as file:
                file.write(name.encode() * 100)
        cls.server = ImageServer()
        cls.options = ("boot_server.enabled=true", "boot_server.port=%d" % cls.boot_port, "api.port=%d" % api_port,
                       "deploy.http_url=http://127.0.0.1:%d" % cls.boot_port, "conductor.automated_clean=false",
                       "conductor.sync_power_state_interval=0", "deploy.external_callback_url=http://127.0.0.1:%d" % api_port,
                       "conductor.deploy_kernel=file://%s/kernel" % cls.place, "agent.command_timeout=20",
                       "conductor.deploy_ramdisk=file://%s/ramdisk" % cls.place, "api.ramdisk_heartbeat_timeout=2",
                       "conductor.file_url_allowed_paths=%s" % cls.place, "deploy.default_boot_mode=bios",
                       "agent.post_deploy_get_power_state_retries=0", "agent.progress_interval=1",
                       "agent.deploy_logs_local_path=%s/logs" % cls.place,
                       "pxe.kernel_append_params=ipa-image-download-connection-retries=2 "
                       "ipa-image-download-connection-timeout=2") + cls.more_options
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        for _, until_then in cls.server.holds.values():
            until_then.set()
        cls.server.close()
        super().tearDownClass()

    def machine(self, number, **more):
        machine = Machine(self, number, **more)
        self.addCleanup(machine.close)
        return machine

    def ask(self, node, target, **more):
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % node, dict(more, target=target))

    def ends(self, machine, state):
        """The node, once it is in this state; a failure that was not asked for is told at once."""
        def look():
            node = machine.state()
            if node["provision_state"].endswith("failed") and node["provision_state"] != state:
                raise AssertionError("%s\n%s" % (node["last_error"], machine.agent.text() if machine.agent else ""))
            return node if node["provision_state"] == state and node["reservation"] is None else None
        return until("the node becomes " + state, look)


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


STEEL = os.path.join(os.path.dirname(harness.STEELD), "steel")
