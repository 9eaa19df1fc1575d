"""A world whose machines get Steel's agent: the ramdisk is built once, and under QEMU's user networking this machine
reaches the agent by a forwarded port.

SPDX-License-Identifier: Apache-2.0
"""
import shutil
import subprocess
import tempfile

from world import BUILD, Failure, World, free_port


class Ramdisk:
    """A folder with the ramdisk, thrown away at the end."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="steel-ramdisk-")

    def __enter__(self):
        done = subprocess.run([str(BUILD / "steel-ramdisk"), "build", "--output", self.folder], timeout=900,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise Failure("the ramdisk was not built: " + done.stderr.decode(errors="replace"))
        return self.folder

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)


class AgentWorld(World):
    def __init__(self, ramdisk, lab=(), **words):
        self.ramdisk = ramdisk
        options = [f"conductor.deploy_kernel=file://{ramdisk}/steel-ramdisk.kernel",
                   f"conductor.deploy_ramdisk=file://{ramdisk}/steel-ramdisk.initramfs",
                   "pxe.kernel_append_params=console=ttyS0,115200 loglevel=4 panic=5"]
        super().__init__(lab=["--agent-port", str(free_port()), "--memory", "512", *lab], options=options, **words)

    def start(self):
        folder = self.lab["image"].rsplit("/", 1)[0]
        self.options = [option for option in self.options if not option.startswith(("deploy.external", "conductor.file_url"))]
        self.options += [f"deploy.external_callback_url=http://{self.boot_host}:{self.api_port}",
                         f"conductor.file_url_allowed_paths={self.ramdisk},{folder}"]
        super().start()

    def agent_words(self):
        """driver_info that lets the conductor reach the agent."""
        port = self.lab["nodes"][0]["agent_port"]
        return {"kernel_append_params": f"%default% ipa-advertise-host=127.0.0.1 ipa-advertise-port={port}"}
