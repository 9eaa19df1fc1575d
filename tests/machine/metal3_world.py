"""What Metal3's baremetal-operator (0.11 and 0.12) asks in the life of a host, as its provisioner sends it, of a service whose host is a
machine of the lab: no call here is one that the operator does not make.

SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import pathlib
import shutil
import subprocess
import sys
import urllib.parse

from agent_world import AgentWorld
from world import ROOT, Failure, free_port, until

sys.path.append(str(ROOT / "tests/api"))
import image_server  # noqa: E402

VERSION = "1.110"
UID = "5e1f6c1a-0000-4000-8000-000000000c01"  # the object's in the cluster: the instance_uuid
NAME = "metal3~worker-0"
CONSOLE = "console=ttyS0,115200 loglevel=4 panic=5 no_timer_check"  # a busy host is no broken timer
FAILED = ("inspect failed", "clean failed", "deploy failed", "error", "enroll")
# As Metal3's container image of Ironic sets them: agents go on running between the operator's calls, and disks lose their tables only.
SETTINGS = ("deploy.fast_track=true", "inspector.power_off=false", "inspector.require_managed_boot=false", "inspector.add_ports=all",
            "inspector.keep_ports=present", "deploy.erase_devices_priority=0", "deploy.erase_devices_metadata_priority=10",
            "conductor.automated_clean=true", "DEFAULT.enabled_hardware_types=ipmi,redfish",
            "DEFAULT.enabled_boot_interfaces=ipxe,redfish-virtual-media", "DEFAULT.enabled_deploy_interfaces=direct,ramdisk",
            "DEFAULT.enabled_inspect_interfaces=no-inspect,agent,redfish", "DEFAULT.enabled_raid_interfaces=no-raid,agent,redfish",
            "DEFAULT.enabled_firmware_interfaces=no-firmware,redfish", "DEFAULT.enabled_bios_interfaces=no-bios,redfish",
            f"redfish.kernel_append_params={CONSOLE}", f"pxe.kernel_append_params={CONSOLE}")


REDFISH = {"driver": "redfish", "firmware_interface": "redfish", "raid_interface": "redfish"}
# The scheme of a BMC's address → what the lab's BMC is, and what the operator makes of the scheme.
SCHEMES = {
    "ipmi": ("ipmi", {"driver": "ipmi", "boot_interface": "ipxe", "raid_interface": "no-raid"}),
    "redfish": ("redfish", {**REDFISH, "boot_interface": "ipxe"}),
    "redfish-virtualmedia": ("redfish", {**REDFISH, "boot_interface": "redfish-virtual-media"}),
    "ilo5-virtualmedia": ("ilo5", {**REDFISH, "boot_interface": "redfish-virtual-media"}),
}


class Metal3World(AgentWorld):
    """scheme: that of the address of the host's BMC. A web server has the ramdisk and the images, as the cluster's has."""

    def __init__(self, ramdisk, scheme, uefi=False, options=()):
        self.bmc, self.fields = SCHEMES[scheme]
        self.firmware, self.uuid = "uefi" if uefi else "bios", None
        self.web = image_server.ImageServer()
        for file in ("kernel", "initramfs"):
            self.web.add(f"/ipa.{file}", pathlib.Path(f"{ramdisk}/steel-ramdisk.{file}").read_bytes())
        words = ["--disk-size", "6"] + (["--bmc", self.bmc, "--redfish-port", str(free_port())] if self.bmc != "ipmi" else [])
        try:
            super().__init__(ramdisk, uefi=uefi, lab=words, options=[*SETTINGS, *options])
        except BaseException:
            self.web.close()
            raise

    def start(self):
        # The agent has no way to this machine's web server under its own name: the service fetches images in its place.
        self.options += ["agent.image_download_source=local", f"deploy.external_http_url=http://127.0.0.1:{self.boot_port}"]
        super().start()

    def close(self):
        self.web.close()
        super().close()

    # ---- as the operator speaks

    def call(self, method, path, body=None, version=VERSION):
        return super().call(method, path, body, version)

    def expect(self, status, method, path, body=None):
        found, answer = self.call(method, path, body)
        if found != status:
            raise Failure(f"{method} {path}: {found} and not {status}: {answer}")
        return answer

    @property
    def path(self):
        return f"/v1/nodes/{self.uuid}"

    def patch(self, **fields):
        """Each field by its path, which double underscores part; None removes."""
        changes = [{"op": "add", "path": "/" + name.replace("__", "/"), "value": value} if value is not None else
                   {"op": "remove", "path": "/" + name.replace("__", "/")} for name, value in fields.items()]
        return self.expect(200, "PATCH", self.path, changes)

    def target(self, target, state, limit=900, **more):
        self.expect(202, "PUT", f"{self.path}/states/provision", {"target": target, **more})
        return self.wait_state(self.uuid, state, limit, fail=[word for word in FAILED if word != state])

    def power(self, target, state, **more):
        self.expect(202, "PUT", f"{self.path}/states/power", {"target": target, **more})

        def reached():
            node = self.expect(200, "GET", self.path)
            if node["last_error"]:
                raise Failure(f"{target}: {node['last_error']}")
            return node["power_state"] == state and node["target_power_state"] is None and node["reservation"] is None
        until(f"power: {target}", 120, reached, pause=0.2)

    # ---- the host's life

    def bmc_fields(self):
        """The driver, and how it reaches the BMC."""
        lab = self.lab["nodes"][0]
        if self.bmc == "ipmi":
            return {**self.fields,
                    "driver_info": {"ipmi_address": lab["ipmi_address"], "ipmi_port": str(lab["ipmi_port"]), "ipmi_priv_level": "ADMINISTRATOR",
                                    "ipmi_username": lab["ipmi_username"], "ipmi_password": lab["ipmi_password"]}}
        address = urllib.parse.urlsplit(lab["redfish_address"])
        return {**self.fields,
                "driver_info": {"redfish_address": f"https://{address.netloc}", "redfish_username": lab["redfish_username"],
                                "redfish_password": lab["redfish_password"], "redfish_verify_ca": False}}

    def register(self, automated_clean=True):
        mac = self.lab["nodes"][0]["mac"]
        self.expect(200, "GET", "/v1")
        self.expect(200, "GET", f"/v1/drivers/{self.fields['driver']}")
        for name in (NAME, "worker-0"):
            self.expect(404, "GET", f"/v1/nodes/{name}")
        found = self.expect(200, "GET", f"/v1/ports?address={mac}&fields=node_uuid,uuid,address")["ports"]
        if found:
            raise Failure(f"there are ports already: {found}")
        node = self.expect(201, "POST", "/v1/nodes", {
            "name": NAME, "inspect_interface": "agent", "disable_power_off": False,
            "properties": {"capabilities": f"boot_mode:{self.firmware}", "cpu_arch": "x86_64"}, **self.bmc_fields()})
        self.uuid = node["uuid"]
        self.expect(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": mac, "pxe_enabled": True})
        self.target("manage", "manageable", 60)
        # a PreprovisioningImage: the kernel, the ramdisk and its words
        self.patch(driver_info__deploy_kernel=self.web.url("/ipa.kernel"), driver_info__deploy_ramdisk=self.web.url("/ipa.initramfs"),
                   driver_info__kernel_append_params=self.agent_words()["kernel_append_params"], automated_clean=automated_clean)

    def inspect(self):
        """The machine's inventory, by its agent."""
        self.expect(404, "GET", f"{self.path}/inventory")
        self.target("inspect", "manageable")
        inventory = self.expect(200, "GET", f"{self.path}/inventory")["inventory"]
        addresses = [interface["mac_address"] for interface in inventory["interfaces"]]
        if addresses != [self.lab["nodes"][0]["mac"]] or not inventory["disks"]:
            raise Failure(f"another machine: {inventory}")
        if self.expect(200, "GET", self.path)["power_state"] != "power on":
            raise Failure("the agent was switched off after the inspection")

    def prepare(self, settings=()):
        """RAID is not asked for; settings: [{"name", "value"}] of the firmware."""
        self.expect(200, "GET", f"{self.path}/bios?detail=True")
        self.expect(200, "GET", f"{self.path}/firmware")
        if settings:
            self.target("clean", "manageable", clean_steps=self.steps(settings))
            self.check_settings(settings)

    def service(self, settings):
        """A provisioned host's firmware gets other settings; its system starts again."""
        self.target("service", "active", service_steps=self.steps(settings))
        self.check_settings(settings)

    @staticmethod
    def steps(settings):
        return [{"interface": "bios", "step": "apply_configuration", "args": {"settings": settings}}]

    def check_settings(self, settings):
        have = {row["name"]: row["value"] for row in self.expect(200, "GET", f"{self.path}/bios?detail=True")["bios"]}
        for row in settings:
            if have.get(row["name"]) != row["value"]:
                raise Failure(f"{row['name']} is {have.get(row['name'])}")

    def forget_and_adopt(self, automated_clean, **instance_info):
        """The operator lets a provisioned host go, as before its service starts anew without what it knew, and finds it again."""
        self.expect(202, "PUT", f"{self.path}/maintenance", {"reason": "Host detached by the operator"})
        self.expect(204, "DELETE", self.path)
        self.register(automated_clean)
        self.will_be(**instance_info)
        node = self.target("adopt", "active", 60)
        if node["power_state"] != "power on":
            raise Failure(f"adopted: {node['power_state']}")

    def ready(self, **instance_info):
        """Makes the host available for what is to be deployed."""
        self.will_be(**instance_info)
        self.target("provide", "available")

    def will_be(self, **instance_info):
        """Says what the host is to be, or is already."""
        fields = {f"instance_info__{key}": value for key, value in instance_info.items()}
        if "boot_iso" in instance_info:
            fields["deploy_interface"] = "ramdisk"
        self.patch(instance_uuid=UID, instance_info__capabilities={"boot_mode": self.firmware}, driver_info__force_persistent_boot_device="Default",
                   **fields)
        answer = self.expect(200, "GET", f"{self.path}/validate")
        wrong = {name: part for name, part in answer.items() if name in ("boot", "deploy", "power", "management") and part["result"] is False}
        if wrong:
            raise Failure(f"validate: {wrong}")

    def image(self):
        """The lab's image, at its URL: instance_info."""
        data = pathlib.Path(self.lab["image"]).read_bytes()
        return {"image_source": self.web.add("/os.img", data), "image_disk_format": self.lab.get("image_format", "raw"),
                "image_os_hash_algo": "sha256", "image_os_hash_value": hashlib.sha256(data).hexdigest()}

    def live_iso(self):
        """An ISO of the lab's guest, at its URL: instance_info. Its loader reads kernel and initramfs from it."""
        folder, path = self.dir / "live", self.dir / "live.iso"
        (folder / "boot/grub").mkdir(parents=True)
        for file in ("kernel", "initramfs"):
            shutil.copy(self.lab[file], folder / file)
        (folder / "boot/grub/grub.cfg").write_text(f"linux /kernel {CONSOLE} live\ninitrd /initramfs\nboot\n")
        subprocess.run(["grub-mkrescue", "-o", path, folder], check=True, timeout=600, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return {"boot_iso": self.web.add("/live.iso", path.read_bytes())}

    def provision(self, ident, target, **more):
        """The operator asks with its own version, by the node's UUID."""
        return self.expect(202, "PUT", f"/v1/nodes/{ident}/states/provision", {"target": target, **more})

    def config_drive(self):
        return {"user_data": "#cloud-config\n", "network_data": {"links": [], "networks": [], "services": []},
                "meta_data": {"uuid": UID, "metal3-namespace": "metal3", "metal3-name": "worker-0", "local-hostname": "worker-0",
                              "local_hostname": "worker-0", "name": "worker-0"}}

    def deprovision(self, automated_clean):
        self.patch(automated_clean=automated_clean)
        self.target("deleted", "available")

    def delete(self):
        if self.expect(200, "GET", self.path)["instance_uuid"]:
            self.patch(instance_uuid=None)
        self.expect(204, "DELETE", self.path)
        self.expect(404, "GET", self.path)
