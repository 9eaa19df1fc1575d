"""What the suites of the deploy interfaces direct and iscsi have in common: a node that is available, and an image.

SPDX-License-Identifier: Apache-2.0
"""
import subprocess

import ramdisk_support
from ramdisk_support import MAC

IMAGE = b"an image of a disk\n" * 1000


def make_qcow2(folder, name, data, *words):
    """A qcow2 image of a disk with this contents; its URL."""
    raw, path = folder + "/" + name + ".raw", folder + "/" + name
    with open(raw, "wb") as file:
        file.write(data)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", *words, raw, path], check=True, capture_output=True)
    return "file://" + path


class DeploySuite(ramdisk_support.Suite):
    deploy_interface = "direct"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(cls.place + "/image", "wb") as file:
            file.write(IMAGE)

    def setUp(self):
        self.uuid = self.node(driver="fake-hardware", deploy_interface=self.deploy_interface, boot_interface="ipxe")["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC})
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.ask(self.uuid, verb)
            self.rest(self.uuid, state)

    def again(self):
        """The daemon ends and begins again, with other settings."""
        self.assertEqual(self.steel.end()[0], 0)
        self.steel.again()
