"""Worlds whose machines boot by virtual media, behind BMCs that speak Redfish or are an iLO 5. No boot server is asked by a machine: its
BMC fetches what it boots.

SPDX-License-Identifier: Apache-2.0
"""
import urllib.parse

from agent_world import AgentWorld
from world import Failure, free_port

CONSOLE = "console=ttyS0,115200 loglevel=4 panic=5 no_timer_check"


class MediaWorld(AgentWorld):
    """bmc: redfish or ilo5; boot: the boot interface, that of virtual media unless given. front: a server of this machine's files
    (https_files) whose URL the machine is told."""

    def __init__(self, ramdisk, bmc="redfish", uefi=False, lab=(), options=(), boot=None, front=None, **words):
        self.bmc, self.front = bmc, front
        self.boot = boot or f"{self.kind}-virtual-media"
        settings = [f"enabled_hardware_types={bmc}", f"enabled_boot_interfaces={self.boot}",
                    "ilo.power_wait=1", f"redfish.kernel_append_params={CONSOLE}", f"ilo.kernel_append_params={CONSOLE}", *options]
        super().__init__(ramdisk, uefi=uefi, options=settings, lab=(
            "--bmc", bmc, "--redfish-port", str(free_port()), "--disk-size", "6", *lab), **words)

    def start(self):
        if self.front is not None:
            self.front.folder = self.dir / "state/http"
        super().start()

    @property
    def kind(self):
        return self.bmc.rstrip("5")

    @property
    def server(self):
        """This machine's file server, as who fetches an image reaches it: the machine itself, or its BMC."""
        if self.front is not None:
            return self.front.url
        return f"http://{self.boot_host if self.boot.endswith('https') else '127.0.0.1'}:{self.boot_port}"

    def bmc_words(self, external=None):
        """driver_info of the first machine. The BMC reaches this machine's ports as they are, the machine as 10.0.2.2."""
        lab = self.lab["nodes"][0]
        address = urllib.parse.urlsplit(lab["redfish_address"])
        words = {"external_http_url": external or self.server, **self.agent_words()}
        if self.bmc == "redfish":
            return {"redfish_address": lab["redfish_address"], "redfish_username": lab["redfish_username"],
                    "redfish_password": lab["redfish_password"], "redfish_verify_ca": lab["redfish_verify_ca"], **words}
        return {"ilo_address": address.hostname, "client_port": address.port, "ilo_username": lab["redfish_username"],
                "ilo_password": lab["redfish_password"], "ilo_verify_ca": lab["redfish_verify_ca"], **words}

    def enroll_for_media(self, firmware, capabilities="", more_info=None, external=None, **more):
        """The lab's first machine, available."""
        lab = self.lab["nodes"][0]
        node = self.must("POST", "/v1/nodes", {
            "name": lab["name"], "driver": self.bmc, "boot_interface": self.boot,
            "properties": {"capabilities": f"boot_mode:{firmware}{capabilities}"},
            "driver_info": {**self.bmc_words(external), **(more_info or {})}, **more})
        self.must("POST", "/v1/ports", {"node_uuid": node["uuid"], "address": lab["mac"]})
        self.to(lab["name"], "manage", "manageable")
        self.to(lab["name"], "provide", "available")
        return lab["name"]

    def media(self):
        """What is published now."""
        folder = self.dir / "state/http/virtual_media"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def deploys_by_media(ramdisk, bmc, deploy_interface, firmware, limit=900, look=None, node=None, floppy=None, **words):
    """A machine's life: it boots the ramdisk from its CD, gets its image, and starts from the disk."""
    with MediaWorld(ramdisk, bmc, uefi=firmware == "uefi", **words) as world:
        name = world.enroll_for_media(firmware, deploy_interface=deploy_interface,
                                      instance_info={"image_source": "file://" + world.lab["image"]}, **(node or {}))
        world.to(name, "active", "active", limit)
        line = world.wait_guest(limit=300)
        for word in ("local disk", f"firmware={firmware}"):
            if word not in line:
                raise Failure(line)
        rows = world.timeline(name, "deploy")
        for row in rows:
            print(f"    {row['phase']}: {row['started_at']} to {row['finished_at']}", flush=True)
        phases = [row["phase"] for row in rows]
        for phase in ("make_media", "insert_cd", "set_boot_device", "deploy.write_image", "deploy.boot_instance"):
            if phase not in phases:
                raise Failure(f"the timeline lacks {phase}: {phases}")
        if (bmc == "ilo5" if floppy is None else floppy) != ("insert_floppy" in phases):
            raise Failure(f"the floppy: {phases}")
        if "load_ramdisk" in phases:
            raise Failure(f"the machine has asked the boot server: {phases}")
        if look is not None:
            look(world, name)
        if world.media():
            raise Failure(f"published still: {world.media()}")
        world.to(name, "deleted", "available", 120)
