"""Worlds whose machines get Steel's agent. The ramdisk is built once; under QEMU's user networking this machine reaches the agent,
and the disk that it exports, by forwarded ports.

SPDX-License-Identifier: Apache-2.0
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

from world import BUILD, ROOT, Failure, World, free_port

MIB = 1024 * 1024
FAILURES = ("inspect failed", "clean failed", "deploy failed", "rescue failed", "unrescue failed", "error", "enroll")


class Ramdisk:
    """A folder with the ramdisk, thrown away at the end. `programs`: {path in the ramdisk: text of a program}; profile: for which
    machines."""

    def __init__(self, programs=None, profile="virtual"):
        self.folder = tempfile.mkdtemp(prefix="steel-ramdisk-")
        self.programs, self.profile = programs or {}, profile

    def words(self):
        for number, (place, text) in enumerate(self.programs.items()):
            path = pathlib.Path(self.folder) / f"program-{number}"
            path.write_text(text)
            os.chmod(path, 0o755)
            yield from ("--file", f"{path}:{place}")

    def __enter__(self):
        done = subprocess.run([str(BUILD / "steel-ramdisk"), "build", "--profile", self.profile, "--output", self.folder,
                               *self.words()], timeout=4000,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise Failure("the ramdisk was not built: " + done.stderr.decode(errors="replace"))
        return self.folder

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)


class AgentWorld(World):
    def __init__(self, ramdisk, lab=("--disk-size", "6"), options=(), **words):
        self.ramdisk, iscsi_port = ramdisk, free_port()
        files = {"kernel": f"file://{ramdisk}/steel-ramdisk.kernel", "ramdisk": f"file://{ramdisk}/steel-ramdisk.initramfs"}
        settings = [f"conductor.{kind}_{part}={file}" for kind in ("deploy", "rescue") for part, file in files.items()]
        settings += ["pxe.kernel_append_params=console=ttyS0,115200 loglevel=4 panic=5 no_timer_check", f"iscsi.portal_port={iscsi_port}", *options]
        super().__init__(lab=["--agent-port", str(free_port()), "--iscsi-port", str(iscsi_port), "--memory", "512", *lab],
                         options=settings, **words)

    def start(self):
        folder = self.lab["image"].rsplit("/", 1)[0]
        self.options = [option for option in self.options if not option.startswith(("deploy.external_callback", "conductor.file_url"))]
        self.options += [f"deploy.external_callback_url=http://{self.boot_host}:{self.api_port}",
                         f"conductor.file_url_allowed_paths={self.ramdisk},{folder}"]
        super().start()

    def agent_words(self):
        """driver_info that lets the conductor reach the agent."""
        port = self.lab["nodes"][0]["agent_port"]
        return {"kernel_append_params": f"%default% ipa-advertise-host=127.0.0.1 ipa-advertise-port={port}"}

    def enroll_for_agent(self, boot_mode="bios", **more):
        """The lab's first server, enrolled; `more` are fields of its node."""
        lab = self.lab["nodes"][0]
        node = self.must("POST", "/v1/nodes", {
            "name": lab["name"], "driver": "ipmi", "properties": {"capabilities": f"boot_mode:{boot_mode}"},
            "driver_info": {"ipmi_address": lab["ipmi_address"], "ipmi_port": str(lab["ipmi_port"]),
                            "ipmi_username": lab["ipmi_username"], "ipmi_password": lab["ipmi_password"], **self.agent_words()},
            **more})
        self.must("POST", "/v1/ports", {"node_uuid": node["uuid"], "address": lab["mac"]})
        return lab["name"]

    def ready_for_image(self, boot_mode, deploy_interface, info=None):
        """The same, available, with the lab's image, or with what `info` says of one."""
        name = self.enroll_for_agent(boot_mode, deploy_interface=deploy_interface,
                                     instance_info=info or {"image_source": "file://" + self.lab["image"]})
        self.to(name, "manage", "manageable")
        self.to(name, "provide", "available")
        return name

    def to(self, name, verb, state, limit=300, **more):
        self.provision(name, verb, **more)
        return self.wait_state(name, state, limit, fail=FAILURES)

    def disk(self, which=""):
        """The file that is a local disk of the first server: the first one, or the "-second"."""
        lab = self.lab["nodes"][0]
        return pathlib.Path(lab["console_log"]).with_name(f"{lab['name']}{which}.disk.raw")


def make_partition_image(ramdisk):
    """A root file system that brings its GRUB: instance_info."""
    path = pathlib.Path(ramdisk) / "root.raw"
    done = subprocess.run([ROOT / "tools/make-image", "--profile", "tiny", "--type", "partition", path], timeout=300,
                          env={**os.environ, "STEEL_BUILD": str(BUILD)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise Failure("the image was not built: " + done.stdout.decode(errors="replace"))
    return {"image_source": f"file://{path}", "image_type": "partition", "root_gb": 1, "swap_mb": 64, "ephemeral_gb": 1}


def make_large_image(ramdisk, size):
    """One that boots, and behind that data which cannot be compressed, up to its last byte: its path."""
    path = pathlib.Path(ramdisk) / "large.raw"
    subprocess.run([ROOT / "tools/make-image", "--profile", "tiny", path], timeout=600, check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "STEEL_BUILD": str(BUILD)})
    noise = os.urandom(MIB)
    with open(path, "ab") as file:
        while file.tell() < size:
            part = file.tell().to_bytes(8, "little") + noise[8:]
            file.write(part[:size - file.tell()])
    return path


def deploys(ramdisk, deploy_interface, firmware, info=None, limit=600, look=None, **words):
    """A machine's life with an image: its second start is from the disk. look: called with the world and the node then"""
    with AgentWorld(ramdisk, uefi=firmware == "uefi", **words) as world:
        name = world.ready_for_image(firmware, deploy_interface, info)
        world.to(name, "active", "active", limit)
        line = world.wait_guest(limit=300)
        for word in ("local disk", f"firmware={firmware}"):
            if word not in line:
                raise Failure(line)
        phases = [row["phase"] for row in world.timeline(name, "deploy")]
        for phase in ("deploy.deploy", "load_ramdisk", "deploy.write_image", "deploy.tear_down_agent", "deploy.boot_instance"):
            if phase not in phases:
                raise Failure(f"the timeline lacks {phase}: {phases}")
        if look is not None:
            look(world, name)
        node = world.to(name, "deleted", "available", 120)
        if node["power_state"] != "power off":
            raise Failure("the machine is on after undeploy")
