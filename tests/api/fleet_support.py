"""A daemon, and machines of steel-lab that really go through what it does with them: BMC, boot script, agent, a second start.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import harness
from ports import free_port, free_ports

SECONDS = ("--boot-seconds", "0.4", "--write-seconds", "0.5", "--clean-seconds", "0.2")
IMAGE = b"an image of a disk\n" * 1000


class Machines:
    """steel-lab fleet --agents; `nodes` say how to enrol them."""

    LAB = os.environ.get("STEEL_LAB", os.path.join(os.path.dirname(harness.STEELD), "steel-lab"))

    def __init__(self, count, boot_url, *options):
        self.folder = tempfile.mkdtemp(prefix="steel-machines-")
        self.file = self.folder + "/report.json"
        self.base = free_ports(count)
        self.process = subprocess.Popen(
            [self.LAB, "fleet", "--agents", str(count), "--port-base", str(self.base), "--dir", self.folder + "/lab", "--json",
             "--boot-url", boot_url, "--report", self.file, *options], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
            stderr=open(self.folder + "/log", "wb"), start_new_session=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the machines did not come up; steel-lab ended with %d: %s" % (
                self.process.wait(20), pathlib.Path(self.folder, "log").read_text(encoding="utf-8")))
        self.nodes = json.loads(line)["nodes"]

    def status(self):
        """{"phases": {...}, "sum": {...}} of now."""
        done = subprocess.run([self.LAB, "status", "--dir", self.folder + "/lab"], check=True, timeout=60, stdout=subprocess.PIPE)
        return json.loads(done.stdout)["machines"]

    def end(self):
        """Ends them; what each has seen, by name."""
        self.process.terminate()
        status = self.process.wait(60)
        self.process.stdout.close()
        assert status == 0, status
        return {machine["name"]: machine for machine in json.loads(pathlib.Path(self.file).read_text(encoding="utf-8"))["machines"]}

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)
            self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def settings(place, api_port, boot_port, count):
    """Of a daemon for such machines; ramdisk and image are files of `place`."""
    for name in ("kernel", "ramdisk"):
        pathlib.Path(place, name).write_bytes(name.encode() * 1000)
    pathlib.Path(place, "image").write_bytes(IMAGE)
    files = "file://%s/" % place
    return ("api.port=%d" % api_port, "boot_server.enabled=true", "boot_server.port=%d" % boot_port,
            "deploy.http_url=http://127.0.0.1:%d" % boot_port, "deploy.external_callback_url=http://127.0.0.1:%d" % api_port,
            "conductor.deploy_kernel=%skernel" % files, "conductor.deploy_ramdisk=%sramdisk" % files,
            "conductor.file_url_allowed_paths=" + place, "default.enabled_hardware_types=ipmi,fake-hardware",
            "conductor.rescue_kernel=%skernel" % files, "conductor.rescue_ramdisk=%sramdisk" % files, "deploy.default_boot_mode=bios",
            "conductor.max_concurrent_deploy=%d" % (count + 1),
            "conductor.max_concurrent_clean=%d" % (count + 1))


def node_of(machine, place, **more):
    """The body of POST /v1/nodes for a machine that deploys."""
    return dict({"driver": "ipmi", "uuid": machine["uuid"], "name": machine["name"], "deploy_interface": "direct",
                 "boot_interface": "ipxe", "driver_info": {key: value for key, value in machine.items() if key.startswith("ipmi_")},
                 "instance_info": {"image_source": "file://%s/image" % place}}, **more)


def ports():
    return free_port(), free_port()
