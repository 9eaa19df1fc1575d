"""Worlds in which a real machine boots a real ramdisk, and an image comes to its local disk.

SPDX-License-Identifier: Apache-2.0
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

from world import BUILD, ROOT, Failure, World, free_port, run

RAMDISK = tempfile.mkdtemp(prefix="steel-ramdisk-")


def build_ramdisk():
    done = subprocess.run([str(BUILD / "steel-ramdisk"), "build", "--output", RAMDISK], timeout=900,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise Failure("the ramdisk was not built: " + done.stderr.decode(errors="replace"))


class DeployWorld(World):
    """A world whose machines get their agent; under QEMU's user networking the host reaches it, and its disk, by forwarded
    ports."""

    def __init__(self, deploy_interface, **words):
        self.deploy_interface, iscsi_port = deploy_interface, free_port()
        options = [f"conductor.deploy_kernel=file://{RAMDISK}/steel-ramdisk.kernel",
                   f"conductor.deploy_ramdisk=file://{RAMDISK}/steel-ramdisk.initramfs",
                   "pxe.kernel_append_params=console=ttyS0,115200 loglevel=4 panic=5",
                   f"iscsi.portal_port={iscsi_port}"]
        super().__init__(lab=["--agent-port", str(free_port()), "--iscsi-port", str(iscsi_port), "--memory", "512", "--disk-size", "6"], options=options, **words)

    def start(self):
        folder = self.lab["image"].rsplit("/", 1)[0]
        self.options = [option for option in self.options if not option.startswith(("deploy.external", "conductor.file_url"))]
        self.options += [f"deploy.external_callback_url=http://{self.boot_host}:{self.api_port}",
                         f"conductor.file_url_allowed_paths={RAMDISK},{folder}"]
        super().start()

    def enroll_for_agent(self, boot_mode, **info):
        lab = self.lab["nodes"][0]
        node = self.must("POST", "/v1/nodes", {
            "name": lab["name"], "driver": "ipmi", "deploy_interface": self.deploy_interface, "properties": {"capabilities": f"boot_mode:{boot_mode}"},
            "instance_info": {"image_source": "file://" + self.lab["image"], **info},
            "driver_info": {"ipmi_address": lab["ipmi_address"], "ipmi_port": str(lab["ipmi_port"]),
                            "ipmi_username": lab["ipmi_username"], "ipmi_password": lab["ipmi_password"],
                            "kernel_append_params": f"%default% ipa-advertise-host=127.0.0.1 ipa-advertise-port={lab['agent_port']}"}})
        self.must("POST", "/v1/ports", {"node_uuid": node["uuid"], "address": lab["mac"]})
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.provision(lab["name"], verb)
            self.wait_state(lab["name"], state, fail=())
        return lab["name"]


def make_partition_image():
    """A root file system that brings its GRUB."""
    path = pathlib.Path(RAMDISK) / "root.raw"
    done = subprocess.run([ROOT / "tools/make-image", "--profile", "tiny", "--type", "partition", path], timeout=300,
                          env={**os.environ, "STEEL_BUILD": str(BUILD)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise Failure("the image was not built: " + done.stdout.decode(errors="replace"))
    return {"image_source": f"file://{path}", "image_type": "partition", "root_gb": 1, "swap_mb": 64, "ephemeral_gb": 1}


def deploys(deploy_interface, firmware, **info):
    """A machine's life with an image: its second start is from the disk."""
    with DeployWorld(deploy_interface, uefi=firmware == "uefi") as world:
        name = world.enroll_for_agent(firmware, **info)
        world.provision(name, "active")
        world.wait_state(name, "active", 600)
        line = world.wait_guest(limit=300)
        for word in ("local disk", f"firmware={firmware}"):
            if word not in line:
                raise Failure(line)
        phases = [row["phase"] for row in world.timeline(name, "deploy")]
        for phase in ("deploy.deploy", "load_ramdisk", "deploy.write_image", "deploy.tear_down_agent", "deploy.boot_instance"):
            if phase not in phases:
                raise Failure(f"the timeline lacks {phase}: {phases}")
        world.provision(name, "deleted")
        node = world.wait_state(name, "available", 120)
        if node["power_state"] != "power off":
            raise Failure("the machine is on after undeploy")
        return phases


def run_with_ramdisk(tests):
    try:
        build_ramdisk()
        run(tests)
    finally:
        shutil.rmtree(RAMDISK, ignore_errors=True)
