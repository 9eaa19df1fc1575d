"""Machines that boot by virtual media, without machines: the test is the machine that looks into its drives (those of a simulated
BMC), and the agent on it.

SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import subprocess
import tempfile
import urllib.request

import harness
import ramdisk_support
import simulated_bmc
from deploy_support import IMAGE
from faults_support import until

DRIVES = {"cd": "/redfish/v1/Managers/1/VirtualMedia/Cd", "floppy": "/redfish/v1/Managers/1/VirtualMedia/Floppy"}
ILO_DRIVES = {"cd": "/redfish/v1/Managers/1/VirtualMedia/2", "floppy": "/redfish/v1/Managers/1/VirtualMedia/1"}
SECRET = re.compile(r"http\S+/virtual_media/[0-9a-f]+-[0-9a-f]+")


class MediaSuite(ramdisk_support.Suite):
    """Nodes of the hardware type redfish, each with a BMC of its own; `more` are fields of the node."""

    driver, boot, drives, bmc_words = "redfish", "redfish-virtual-media", DRIVES, ()
    own_options = ("enabled_hardware_types=redfish", "redfish.connection_retry_interval=1", "enabled_rescue_interfaces=no-rescue,agent", "enabled_deploy_interfaces=direct,ramdisk,iscsi",
                   "enabled_boot_interfaces=redfish-virtual-media,redfish-https,ipxe", "redfish.kernel_append_params=console=ttyS0")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(cls.place + "/image", "wb") as file:
            file.write(IMAGE)

    def setUp(self):
        self.bmc, self.uuid = self.machine()

    def tearDown(self):
        super().tearDown()
        until("no image is left", lambda: not self.published())

    def machine(self, **more):
        """A BMC and an available node."""
        bmc = simulated_bmc.Bmc(*self.bmc_words)
        self.addCleanup(bmc.stop)
        info = {**self.access(bmc), **more.pop("driver_info", {})}
        fields = {"deploy_interface": "direct", "boot_interface": self.boot, "rescue_interface": "agent",
                  "instance_info": {"image_source": "file://%s/image" % self.place}, **more}
        uuid = self.node(driver=self.driver, driver_info=info, **fields)["uuid"]
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.ask(uuid, verb)
            self.rest(uuid, state)
        return bmc, uuid

    @staticmethod
    def access(bmc):
        """The driver_info that reaches a BMC."""
        return bmc.access()

    def published(self):
        folder = self.steel.folder + "/http/virtual_media"
        return os.listdir(folder) if os.path.isdir(folder) else []

    def driver_info(self, uuid=None, **values):
        self.when_free(200, "PATCH", "/v1/nodes/" + (uuid or self.uuid), [{"op": "add", "path": "/driver_info/" + name, "value": value}
                                                                       for name, value in values.items()])

    # -- the machine

    def drive(self, kind, bmc=None):
        """The URL of what is in a drive; None."""
        return (bmc or self.bmc).ask("GET", self.drives[kind]).json["Image"] or None

    def boot_override(self, bmc=None):
        boot = (bmc or self.bmc).ask("GET", "/redfish/v1/Systems/1").json["Boot"]
        return boot["BootSourceOverrideTarget"], boot["BootSourceOverrideEnabled"]

    def started_from(self, bmc=None):
        """The boot device of the last start, and whether it was set for that alone."""
        told = (bmc or self.bmc).status()
        return told["booted"], told["once"]

    @staticmethod
    def fetched(url):
        path = tempfile.NamedTemporaryFile(prefix="steel-medium-", delete=False).name
        with urllib.request.urlopen(url, timeout=harness.LIMIT_S) as answer, open(path, "wb") as file:
            file.write(answer.read())
        return path

    def in_floppy(self, name, bmc=None):
        """A file of the floppy."""
        path = self.fetched(self.drive("floppy", bmc))
        text = subprocess.run(["mtype", "-i", path, "::" + name], check=True, stdout=subprocess.PIPE, text=True).stdout
        os.unlink(path)
        return text

    def on_floppy(self, bmc=None):
        """What the floppy tells the agent; {}."""
        if not self.drive("floppy", bmc):
            return {}
        text = self.in_floppy("parameters.txt", bmc)
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    @classmethod
    def inside(cls, url, name="/boot/grub/grub.cfg"):
        """A file of an ISO."""
        path = cls.fetched(url)
        copy = path + ".file"
        subprocess.run(["xorriso", "-osirrox", "on", "-indev", path, "-extract", name, copy], check=True, capture_output=True)
        with open(copy, encoding="utf-8") as file:
            text = file.read()
        for file in (path, copy):
            os.unlink(file)
        return text

    def on_cd(self, name="/boot/grub/grub.cfg", bmc=None):
        return self.inside(self.drive("cd", bmc), name)

    @classmethod
    def words_of(cls, url):
        """What the kernel of an ISO is told."""
        line = re.search(r"^\s*linux \S+ (.*)$", cls.inside(url), re.M).group(1)
        return dict(word.partition("=")[::2] for word in re.findall(r"'([^']*)'", line))

    def words(self, bmc=None):
        return self.words_of(self.drive("cd", bmc))

    def boots(self, certificate=0, state="wait call-back", uuid=None, bmc=None):
        """The machine has started: it has its media, and its agent is ready to call; the agent and what it is told."""
        self.rest(uuid or self.uuid, state)
        self.assertEqual((bmc or self.bmc).ask("GET", "/redfish/v1/Systems/1").json["PowerState"], "On")
        self.assertEqual(self.started_from(bmc), ("Cd", True))
        told = self.on_floppy(bmc) or self.words(bmc)
        agent = self.agent_class(self, self.certificates[certificate])
        self.addCleanup(agent.close)
        agent.token = told["ipa-agent-token"]
        return agent, told

    def failed(self, verb="active", state="deploy failed"):
        """Asks for something that fails; the error. No secret is told."""
        self.ask(self.uuid, verb)
        node = self.rest(self.uuid, state)
        self.assertNotRegex(node["last_error"], SECRET)
        self.assertNotRegex(self.steel.text(), SECRET)
        return node["last_error"]

    def undeploy(self):
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "deleted"})
        return self.rest(self.uuid, "available")


class IloMediaSuite(MediaSuite):
    """The same of the hardware type ilo5: the agent's parameters are on a floppy."""

    own_options = MediaSuite.own_options + ("enabled_hardware_types=redfish,ilo5", "ilo.power_wait=1",
                                            "enabled_boot_interfaces=redfish-virtual-media,ilo-virtual-media")
    driver, boot, drives, bmc_words = "ilo5", "ilo-virtual-media", ILO_DRIVES, ("--bmc", "ilo5", "--uefi")

    def machine(self, **more):
        more.setdefault("properties", {"capabilities": "boot_mode:uefi"})
        return super().machine(**more)

    @staticmethod
    def access(bmc):
        return {"ilo_address": bmc.host, "client_port": bmc.port, "ilo_verify_ca": bmc.certificate,
                "ilo_username": simulated_bmc.USER, "ilo_password": simulated_bmc.PASSWORD}
