"""What a real dnsmasq tells machines that are to boot: Steel writes the files that it watches.

SPDX-License-Identifier: Apache-2.0
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

import faults_support
import harness
from faults_support import until
from test_boot import free_port

# Two network cards, and one that may not boot; each has a wire to dnsmasq.
BIOS, UEFI, IDLE = "52:54:00:dc:00:01", "52:54:00:dc:00:02", "52:54:00:dc:00:03"
LINK_OF = {BIOS: "card1", UEFI: "card2", IDLE: "card3"}
SERVER = "10.9.0.1"
WIRES = "ip link set lo up && ip link add br0 type bridge && ip addr add %s/24 dev br0 && ip link set br0 up\n" % SERVER + "".join(
    "ip link add {0} address {1} type veth peer name w{0} && ip link set w{0} master br0 up && ip link set {0} up\n".format(link, mac)
    for mac, link in LINK_OF.items())
# What the client was told, one word a line.
CLIENT = '#!/bin/sh\n[ "$1" = bound ] && echo "file=$bootfile server=$siaddr"\nexit 0\n'
IPXE = ("-x", "0xaf:01")  # option 175: it is iPXE that asks
# Who is not root makes the network in a user namespace, which is not to be had everywhere (in a chroot).
OURS = {"unshare": (), "nsenter": ()} if os.geteuid() == 0 else {"unshare": ("--map-root-user",),
                                                                 "nsenter": ("--user", "--preserve-credentials")}


class Dnsmasq:
    """In a network namespace of its own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="steel-dhcp-"))
        for name in ("hosts", "options", "tftp"):
            (self.folder / name).mkdir()
        script = self.folder / "client"
        script.write_text(CLIENT)
        script.chmod(0o755)
        words = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=br0", "--bind-interfaces",
                 "--user=", "--group=", "--pid-file=", "--log-dhcp", "--no-ping", "--dhcp-authoritative",
                 "--log-facility=%s/log" % self.folder, "--dhcp-leasefile=%s/leases" % self.folder,
                 "--dhcp-range=10.9.0.100,10.9.0.200,255.255.255.0,10m", "--dhcp-match=set:ipxe,175",
                 "--enable-tftp", "--tftp-root=%s/tftp" % self.folder, "--dhcp-hostsdir=%s/hosts" % self.folder, "--dhcp-optsdir=%s/options" % self.folder]
        self.process = subprocess.Popen(["unshare", *OURS["unshare"], "--net", "sh", "-ec", WIRES + 'exec "$@"', "sh", *words],
                                        stdin=subprocess.DEVNULL)
        until("dnsmasq serves", lambda: self.process.poll() is not None or "DHCP, IP range" in self.log())
        assert self.process.poll() is None, "dnsmasq has ended; its complaint stands above"

    def log(self):
        log = self.folder / "log"
        return log.read_text() if log.exists() else ""

    def ask(self, mac, *words):
        """What the card is told; "" if nothing within three tries."""
        client = subprocess.run(
            ["nsenter", "--target", str(self.process.pid), *OURS["nsenter"], "--net", "busybox", "udhcpc", "-f", "-q", "-n",
             "-t", "3", "-T", "1", "-i", LINK_OF[mac], "-s", str(self.folder / "client"), "-O", "bootfile", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=harness.LIMIT_S)
        lines = [line for line in client.stdout.decode().splitlines() if line.startswith("file=")]
        return lines[-1] if lines else ""

    def get(self, name):
        """A file of the TFTP server, fetched on the machines' wire."""
        client = subprocess.run(
            ["nsenter", "--target", str(self.process.pid), *OURS["nsenter"], "--net", "curl", "-sS", "--max-time", str(harness.LIMIT_S),
             "tftp://%s/%s" % (SERVER, name)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=harness.LIMIT_S + 10)
        return client.stdout.decode()

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


class Dhcp(faults_support.Suite):
    @classmethod
    def setUpClass(cls):
        cls.dnsmasq = Dnsmasq()
        cls.boot_port = free_port()
        cls.options = ("boot_server.enabled=true", "boot_server.port=%d" % cls.boot_port, "boot_server.host_ip=127.0.0.1",
                       "conductor.automated_clean=false", "DEFAULT.enabled_boot_interfaces=ipxe,pxe,http-ipxe",
                       "conductor.sync_power_state_interval=0", "dhcp.dhcp_provider=dnsmasq", "pxe.tftp_server=" + SERVER,
                       "dnsmasq.dhcp_hostsdir=%s/hosts" % cls.dnsmasq.folder, "dnsmasq.dhcp_optsdir=%s/options" % cls.dnsmasq.folder,
                       "dnsmasq.dhcp_leasefile=%s/leases" % cls.dnsmasq.folder,
                       "pxe.ipxe_bootfile_name_by_arch=aarch64:ipxe-arm64.efi,ppc64:core.elf",
                       "pxe.tftp_root=%s/tftp" % cls.dnsmasq.folder, "conductor.file_url_allowed_paths=%s" % cls.dnsmasq.folder)
        super().setUpClass()
        cls.fleet = faults_support.Fleet(1)

    @classmethod
    def tearDownClass(cls):
        cls.fleet.close()
        super().tearDownClass()
        cls.dnsmasq.close()

    def machine(self, mac, boot_mode, **properties):
        """A node that boots from a volume, available, with its card and one that may not boot."""
        uuid = self.node(driver="ipmi", driver_info=self.fleet.info(0), storage_interface="external",
                         properties=dict(properties, capabilities="iscsi_boot:True,boot_mode:" + boot_mode))["uuid"]
        for address, boots in ((mac, True), (IDLE, False)):
            self.want(201, "POST", "/v1/ports", {"node_uuid": uuid, "address": address, "pxe_enabled": boots})
        self.want(201, "POST", "/v1/volume/connectors", {"node_uuid": uuid, "type": "iqn", "connector_id": "iqn.2017-08.org.example:n"})
        self.want(201, "POST", "/v1/volume/targets",
                  {"node_uuid": uuid, "volume_type": "iscsi", "boot_index": 0, "volume_id": "v",
                   "properties": {"target_iqn": "iqn.2010-10.com.example:v", "target_lun": 1, "target_portal": "192.0.2.1:3260"}})
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.ask(uuid, verb)
            self.rest(uuid, state)
        self.addCleanup(self.forget, uuid)
        return uuid

    def forget(self, uuid):
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % uuid, {"reason": "the test is over"})
        self.want(204, "DELETE", "/v1/nodes/" + uuid)

    def is_told(self, mac, what, *words):
        """dnsmasq sees changed files a moment later."""
        until("%s is told: %s" % (mac, what), lambda: self.dnsmasq.ask(mac, *words) == what)

    def deployed_is_told(self, mac, boot_mode, loader, interface="ipxe", asks=(), **properties):
        uuid = self.machine(mac, boot_mode, **properties)
        self.want(200, "PATCH", "/v1/nodes/" + uuid, [{"op": "add", "path": "/boot_interface", "value": interface}])
        self.ask(uuid, "active")
        self.rest(uuid, "wait call-back")
        self.is_told(mac, "file=%s server=%s" % (loader, SERVER), *asks)
        self.is_told(mac, "file=http://127.0.0.1:%d/boot.ipxe server=%s" % (self.boot_port, SERVER), *IPXE)
        self.assertNotIn(loader, self.dnsmasq.ask(IDLE))
        self.ask(uuid, "deleted")
        self.rest(uuid, "available")
        self.is_told(mac, "")
        self.assertNotIn("dnsmasq_tag", self.get("/v1/nodes/" + uuid)["driver_internal_info"])
        self.assertFalse((self.dnsmasq.folder / "options" / ("ironic-%s.conf" % uuid)).exists())

    def test_a_bios_machine_is_told_its_loader_and_ipxe_the_script(self):
        self.deployed_is_told(BIOS, "bios", "undionly.kpxe")

    def test_a_uefi_machine_gets_the_loader_of_uefi(self):
        self.deployed_is_told(UEFI, "uefi", "snponly.efi")

    def test_a_uefi_machine_that_boots_by_http_gets_the_url_of_its_loader(self):
        self.deployed_is_told(UEFI, "uefi", "http://127.0.0.1:%d/snponly.efi" % self.boot_port, interface="http-ipxe", asks=("-O", "60"))
        # firmware takes a URL for one of HTTP boot only with this vendor class; dnsmasq logs what it sends
        sent = [line for line in self.dnsmasq.log().splitlines() if "option: 60 vendor-class" in line]
        self.assertTrue(sent)
        self.assertTrue(all(line.endswith("48:54:54:50:43:6c:69:65:6e:74") for line in sent), sent[:3])  # "HTTPClient"

    def test_a_machine_of_another_architecture_gets_its_own_loader(self):
        self.deployed_is_told(UEFI, "uefi", "ipxe-arm64.efi", cpu_arch="aarch64")

    def without_ipxe(self, mac, boot_mode, loader, file, words):
        """A machine of boot interface pxe is told its loader, and iPXE too; the loader finds its file."""
        for name in ("kernel", "ramdisk"):
            (self.dnsmasq.folder / name).write_text(name * 1000)
        uuid = self.node(driver="ipmi", driver_info=self.fleet.info(0), boot_interface="pxe", deploy_interface="ramdisk",
                         properties={"capabilities": "boot_mode:" + boot_mode},
                         instance_info={name: "file://%s/%s" % (self.dnsmasq.folder, name) for name in ("kernel", "ramdisk")})["uuid"]
        self.addCleanup(self.forget, uuid)
        self.want(201, "POST", "/v1/ports", {"node_uuid": uuid, "address": mac})
        for verb, state in (("manage", "manageable"), ("provide", "available"), ("active", "active")):
            self.ask(uuid, verb)
            self.rest(uuid, state)
        for asks in ((), IPXE):
            self.is_told(mac, "file=%s server=%s" % (loader, SERVER), *asks)
        self.assertIn(words % uuid, self.dnsmasq.get(file))
        prefix = "%s/tftp/" % self.dnsmasq.folder  # with which loaders that know option 210 ask
        self.assertIn("210,%s\n" % prefix, (self.dnsmasq.folder / "options" / ("ironic-%s.conf" % uuid)).read_text())
        self.assertEqual(self.dnsmasq.get("/" + prefix.lstrip("/") + file), self.dnsmasq.get(file))
        self.assertEqual(self.dnsmasq.get(uuid + "/ramdisk"), "ramdisk" * 1000)
        self.ask(uuid, "deleted")
        self.rest(uuid, "available")
        self.is_told(mac, "")
        self.assertIn("(68)", self.dnsmasq.get(file))  # curl: there is no such file

    def test_a_bios_machine_without_ipxe_gets_pxelinux_and_its_file(self):
        self.without_ipxe(BIOS, "bios", "pxelinux.0", "pxelinux.cfg/01-" + BIOS.replace(":", "-"), "linux %s/kernel")

    def test_a_uefi_machine_without_ipxe_gets_grub_and_its_file(self):
        self.without_ipxe(UEFI, "uefi", "bootx64.efi", "grub/grub.cfg-01-" + UEFI.replace(":", "-"), "linux '/%s/kernel'")

    def test_a_folder_that_takes_no_files_is_told_before_the_deploy(self):
        uuid = self.machine(BIOS, "bios")
        hosts, away = self.dnsmasq.folder / "hosts", self.dnsmasq.folder / "away"
        os.rename(hosts, away)
        try:
            boot = self.get("/v1/nodes/%s/validate" % uuid)["boot"]
        finally:
            os.rename(away, hosts)
        self.assertFalse(boot["result"])
        self.assertIn("%s ([dnsmasq]dhcp_hostsdir) cannot be written to" % hosts, boot["reason"])
