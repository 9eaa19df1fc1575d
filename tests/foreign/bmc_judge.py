"""What the judge of BMC drivers is made of: the real Ironic and steeld, each before a simulated BMC of its own, and what is
compared of them: the answers, the node, and the whole tree of the BMC.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))
import agent_support  # noqa: E402
import harness  # noqa: E402
import simulated_bmc  # noqa: E402
from foreign_support import VERSION, Failure, Ironic, free_port, until  # noqa: E402

LIMIT_S = 120
MAC = "52:54:00:00:00:01"  # of the machine behind each simulated BMC

# What both services are told. Interfaces that Steel does not have are not Ironic's to judge.
INTERFACES = {
    "enabled_hardware_types": "redfish,ilo,ilo5",
    "enabled_bios_interfaces": "redfish,ilo,no-bios",
    "enabled_boot_interfaces": "ipxe,pxe,redfish-virtual-media,ilo-virtual-media,ilo-ipxe,ilo-pxe,ilo-uefi-https",
    "enabled_console_interfaces": "no-console",
    "enabled_deploy_interfaces": "direct,ramdisk",
    "enabled_inspect_interfaces": "redfish,ilo,no-inspect",
    "enabled_management_interfaces": "redfish,ilo,ilo5,noop",
    "enabled_network_interfaces": "noop",
    "enabled_power_interfaces": "redfish,ilo",
    "enabled_raid_interfaces": "no-raid,agent",
    "enabled_rescue_interfaces": "no-rescue,agent",
    "enabled_storage_interfaces": "noop,external",
    "enabled_vendor_interfaces": "ilo,no-vendor",
}
OPTIONS = {"DEFAULT.default_network_interface": "noop", "conductor.automated_clean": "false", "ilo.power_wait": "1",
           "ilo.use_web_server_for_images": "true", "redfish.use_swift": "false",
           "redfish.connection_attempts": "1", "redfish.connection_retry_interval": "1",
           # Ironic passes over a heartbeat that finds the node locked, and waits for the next.
           "api.ramdisk_heartbeat_timeout": "10",
           "conductor.sync_power_state_interval": "0", "conductor.power_state_change_timeout": "60"}
# What Ironic makes ISOs with, where Debian has it.
ISO_TOOLS = {"DEFAULT.isolinux_bin": "/usr/lib/ISOLINUX/isolinux.bin", "DEFAULT.ldlinux_c32": "/usr/lib/syslinux/modules/bios/ldlinux.c32"}


def overlay(interfaces, options):
    """The configuration of Ironic that comes after that of foreign_support."""
    sections = {"DEFAULT": dict(interfaces)}
    for name, value in {**options, **ISO_TOOLS}.items():
        section, _, option = name.partition(".")
        sections.setdefault(section, {})[option] = value
    return "".join("[%s]\n%s\n" % (section, "\n".join("%s = %s" % pair for pair in options.items()))
                   for section, options in sections.items())


class Side:
    """One of the two services. A request that finds the node locked by work in the background is sent again."""

    def call(self, method, path, body=None):
        def ask():
            status, answer = self.send(method, path, body)
            return None if status == 409 and "locked" in json.dumps(answer) else (status, answer)
        return until("%s %s finds the node unlocked" % (method, path), LIMIT_S, ask, pause=0.2)

    def must(self, method, path, body=None):
        status, answer = self.call(method, path, body)
        if status >= 300:
            raise Failure("%s: %s %s: %s %s" % (self.name, method, path, status, answer))
        return answer

    def send(self, method, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json", "Accept": "application/json", "Host": "localhost",
                                harness.VERSION_HEADER: VERSION})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()


class Real(Side):
    name = "Ironic"

    def __init__(self, interfaces=None, options=None):
        self.ironic = Ironic(overlay=overlay(interfaces or INTERFACES, options or OPTIONS))
        (self.ironic.dir / "steel-ramdisk.bootloader").write_text("nobody boots this")
        self.port = self.ironic.port

    def ramdisk(self):
        return {"deploy_%s" % name: "file://%s/steel-ramdisk.%s" % (self.ironic.dir, ending)
                for name, ending in (("kernel", "kernel"), ("ramdisk", "initramfs"))} | {
                    "bootloader": "file://%s/steel-ramdisk.bootloader" % self.ironic.dir}

    def agent_words(self):
        return {"ipa-api-url": "http://127.0.0.1:%d" % self.port}

    def tail(self):
        return self.ironic.tail()

    def close(self):
        self.ironic.close()


class Ours(Side):
    name = "Steel"

    def __init__(self, interfaces=None, options=None):
        self.folder = tempfile.mkdtemp(prefix="steel-judge-")
        self.boot_port = free_port()
        for name in ("kernel", "ramdisk", "bootloader"):
            pathlib.Path(self.folder, name).write_bytes(name.encode() * 100)
        port = free_port()
        settings = dict({"DEFAULT." + name: value for name, value in (interfaces or INTERFACES).items()}, **(options or OPTIONS))
        settings.update({"boot_server.enabled": "true", "boot_server.port": str(self.boot_port), "api.port": str(port),
                         "deploy.http_url": "http://127.0.0.1:%d" % self.boot_port, "deploy.boot_progress_timeout": "0",
                         "deploy.external_callback_url": "http://127.0.0.1:%d" % port,
                         "conductor.deploy_kernel": "file://%s/kernel" % self.folder,
                         "conductor.deploy_ramdisk": "file://%s/ramdisk" % self.folder,
                         "conductor.file_url_allowed_paths": self.folder})
        self.steel = harness.Steel(*["%s=%s" % pair for pair in settings.items()])
        self.port = self.steel.port

    def ramdisk(self):
        return {("deploy_" if name != "bootloader" else "") + name: "file://%s/%s" % (self.folder, name)
                for name in ("kernel", "ramdisk", "bootloader")}

    def script(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.boot_port, timeout=LIMIT_S)
        try:
            connection.request("GET", "/boot/%s.ipxe" % MAC.replace(":", "-"))
            answer = connection.getresponse()
            return answer.read().decode() if answer.status == 200 else ""
        finally:
            connection.close()

    def agent_words(self):
        """What the kernel's command line says."""
        line = until("Steel's script of the ramdisk", LIMIT_S,
                     lambda: re.search(r"^kernel --name deploy_kernel \S+ (.*)", self.script(), re.M))
        return dict(word.split("=", 1) for word in line.group(1).split() if "=" in word and not word.startswith("initrd="))

    def tail(self):
        return self.steel.text()[-4000:]

    def close(self):
        self.steel.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


# ---- the BMC

def masked(value):
    """A resource without what differs from one moment or BMC to the next."""
    if isinstance(value, dict):
        return {key: masked(item) for key, item in value.items() if key not in ("@odata.etag", "ETag", "Time", "DateTime", "Modified")}
    return [masked(item) for item in value] if isinstance(value, list) else value


def links(value):
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "@odata.id" and isinstance(item, str):
                yield item.partition("#")[0].rstrip("/")
            else:
                yield from links(item)
    elif isinstance(value, list):
        for item in value:
            yield from links(item)


def tree(bmc):
    """Every resource of the BMC but its sessions and schemas, by path."""
    found, left = {}, ["/redfish/v1"]
    context = ssl.create_default_context(cafile=bmc.certificate)
    connection = http.client.HTTPSConnection(bmc.host, bmc.port, context=context, timeout=LIMIT_S)
    login = base64.b64encode(("%s:%s" % (simulated_bmc.USER, simulated_bmc.PASSWORD)).encode()).decode()
    while left:
        path = left.pop()
        if path.lower() in found or any(word in path for word in ("Sessions", "JsonSchemas", "Registries", "MessageRegistry")):
            continue
        connection.request("GET", path + "/", headers={"Authorization": "Basic " + login})
        answer = connection.getresponse()
        text = answer.read()
        found[path.lower()] = document = masked(json.loads(text)) if answer.status == 200 else answer.status
        left.extend(links(document))
    connection.close()
    return found


def starts_of(bmc):
    """How often the machine has begun its self-test."""
    told = subprocess.run([simulated_bmc.STEEL_LAB, "status", "--json", "--dir", bmc.folder], check=True, timeout=LIMIT_S,
                          stdout=subprocess.PIPE, text=True)
    return json.loads(told.stdout)["posts"]


# ---- comparing

def differences(ironic, steel, at=""):
    """(place, Ironic's value, Steel's value) of each place where two documents differ."""
    if isinstance(ironic, dict) and isinstance(steel, dict):
        for key in sorted(set(ironic) | set(steel)):
            yield from differences(ironic.get(key), steel.get(key), "%s/%s" % (at, key))
    elif isinstance(ironic, list) and isinstance(steel, list) and len(ironic) == len(steel):
        for number, (one, other) in enumerate(zip(ironic, steel)):
            yield from differences(one, other, "%s/%d" % (at, number))
    elif ironic != steel:
        yield at, ironic, steel


FIELDS = ("driver", "power_state", "target_power_state", "provision_state", "target_provision_state", "last_error", "maintenance",
          "maintenance_reason", "fault", "boot_mode", "secure_boot", "properties", "console_enabled", "instance_info", "clean_step",
          "deploy_step", "bios_interface", "boot_interface", "console_interface", "deploy_interface", "inspect_interface",
          "management_interface", "network_interface", "power_interface", "raid_interface", "rescue_interface", "storage_interface",
          "vendor_interface", "driver_info", "extra", "resource_class")


def node_picture(side, node):
    """What clients see of a node."""
    shown = side.must("GET", "/v1/nodes/" + node)
    picture = {name: shown[name] for name in FIELDS}
    picture["driver_info"] = sorted(picture["driver_info"])
    picture["capabilities"] = sorted((picture["properties"].get("capabilities") or "").split(","))
    picture["properties"] = {name: value for name, value in picture["properties"].items() if name != "capabilities"}
    picture["inspected"] = shown["inspection_finished_at"] is not None
    picture["ports"] = sorted((port["address"], port["pxe_enabled"])
                              for port in side.must("GET", "/v1/ports?detail=true&node=" + node)["ports"])
    bios = side.must("GET", "/v1/nodes/%s/bios?detail=true" % node)["bios"]
    picture["bios"] = {setting.pop("name"): {name: value for name, value in setting.items()
                                             if name not in ("created_at", "updated_at", "links")} for setting in bios}
    return picture


def media_words(bmc):
    """What the virtual media in the BMC tell the agent: a line of the ISO's boot loader, or the file of a floppy. Neither is
    compressed."""
    words = {}
    for member in bmc.ask("GET", "/redfish/v1/Managers/1/VirtualMedia/").json["Members"]:
        drive = bmc.ask("GET", member["@odata.id"]).json
        if not drive["Inserted"]:
            continue
        with urllib.request.urlopen(drive["Image"], timeout=LIMIT_S) as answer:
            image = answer.read()
        for word in re.findall(rb"(?<![\w-])((?:ipa|boot)[\w-]+)=([^\s\0'\"]+)", image):
            words.setdefault(*(part.decode() for part in word))
    return words


class Boots:
    """The machine of a side: an agent that starts anew whenever the BMC has started the machine."""

    def __init__(self, pair, side, bmc, media):
        self.pair, self.side, self.bmc, self.agent, self.starts, self.media = pair, side, bmc, None, None, media
        self.machine = agent_support.Machine(macs=(MAC,), disks=[("vda", 4 * agent_support.MIB)])

    def until(self, state, end):
        try:
            until("%s waits for the agent" % self.side.name, LIMIT_S, lambda: self.is_in(state, end), pause=0.1)
            until("%s: the node becomes %s" % (self.side.name, end), LIMIT_S, lambda: self.boot() or self.pair.rests(self.side, end), pause=0.2)
        except Failure:
            print(self.agent.text()[-3000:] if self.agent else "no agent", file=sys.stderr)
            raise
        finally:
            self.stop()
            self.machine.close()

    def is_in(self, *states):
        return self.side.must("GET", "/v1/nodes/" + self.pair.name)["provision_state"] in states

    def boot(self):
        starts = starts_of(self.bmc)
        if starts != self.starts:
            self.stop()
            words = media_words(self.bmc) if self.media else self.side.agent_words()
            self.agent, self.starts = agent_support.Agent(self.machine, **words, **{"ipa-advertise-host": "127.0.0.1"}), starts

    def stop(self):
        if self.agent is not None:
            self.agent.stop()
            self.agent = None


class Pair:
    """A node of each service, before a BMC of its own.

    octet  of the BMCs' addresses: proliantutils knows no port but 443
    """

    def __init__(self, sides, driver, octet, words, **node):
        self.sides, self.driver, self.name = sides, driver, "judge-%d" % octet
        self.bmcs = []
        self.pool = concurrent.futures.ThreadPoolExecutor(len(sides))
        try:
            for number in range(len(sides)):
                self.bmcs.append(simulated_bmc.Bmc("--redfish-port", "443", "--redfish-address",
                                                   "127.43.%d.%d" % (octet, number + 1), *words))
            self.each(lambda side, bmc: side.must("POST", "/v1/nodes", dict(
                node, name=self.name, driver=driver, driver_info=dict(self.driver_info(bmc), **side.ramdisk()))))
        except BaseException:
            self.stop_bmcs()  # whoever asked for the pair never gets it
            raise

    def driver_info(self, bmc):
        keys = ("redfish_address", "redfish_username", "redfish_password", "redfish_verify_ca")
        if self.driver != "redfish":
            keys = ("ilo_address", "ilo_username", "ilo_password", "ilo_verify_ca")
        return dict(zip(keys, (bmc.host, simulated_bmc.USER, simulated_bmc.PASSWORD, bmc.certificate)))

    def each(self, work):
        """The work at both sides at once; its two results."""
        return list(self.pool.map(work, self.sides, self.bmcs))

    def ask(self, method, path, body=None):
        """A request about the node: {node} stands for its name in a path, {uuid} for its UUID in a body. What both answered."""
        def send(side, _):
            sent = body
            if "{uuid}" in json.dumps(body):
                sent = dict(body, node_uuid=side.must("GET", "/v1/nodes/" + self.name)["uuid"])
            status, answer = side.call(method, path.format(node=self.name), sent)
            return status, {key: value for key, value in (answer or {}).items() if key not in ("provision_updated_at", "links")}
        return self.each(send)

    def validations(self, key, value):
        """What each says of every interface when driver_info has this value (None: has not the key): whether it is valid, and
        which keys the reason names."""
        def validate(side, bmc):
            path = "/v1/nodes/" + self.name
            before = dict(self.driver_info(bmc), **side.ramdisk())
            changed = {name: item for name, item in dict(before, **{key: value}).items() if item is not None}
            side.must("PATCH", path, [{"op": "replace", "path": "/driver_info", "value": changed}])
            told = side.must("GET", path + "/validate")
            side.must("PATCH", path, [{"op": "replace", "path": "/driver_info", "value": before}])
            return {kind: [about["result"], key in (about.get("reason") or "")] for kind, about in told.items()}
        ironic, steel = self.each(validate)
        for kind, (result, names_it) in steel.items():
            if not result and ironic[kind] == [result, False]:
                ironic[kind][1] = names_it  # Ironic's reason is another one, that is true as well
        return ironic, steel

    def settle(self, state=None):
        """Waits until nothing is under way, and the node is in this state."""
        def settled(side):
            def look():
                node = side.must("GET", "/v1/nodes/" + self.name)
                return node["reservation"] is None and node["target_power_state"] is None and \
                    (node["provision_state"] == state if state else not node["provision_state"].endswith(("ing", "wait", "call-back")))
            try:
                until("%s: the node settles" % side.name, LIMIT_S, look, pause=0.1)
            except Failure as failure:
                node = side.must("GET", "/v1/nodes/" + self.name)
                raise Failure("%s: %s %s" % (failure, node["provision_state"], node["last_error"])) from failure
        self.each(lambda side, _: settled(side))

    def wait(self, state):
        """Until both nodes are in this state, or have failed to reach it."""
        self.each(lambda side, _: until("%s: the node becomes %s" % (side.name, state), LIMIT_S, lambda: self.rests(side, state), pause=0.1))

    def with_agents(self, state, end, media=False):
        """The machines boot the ramdisk at each of their starts, from when the service waits for it; both nodes are in the state
        `end` then. media: the agent knows what its virtual media tell."""
        self.each(lambda side, bmc: Boots(self, side, bmc, media).until(state, end))

    def rests(self, side, end):
        node = side.must("GET", "/v1/nodes/" + self.name)
        if node["provision_state"] != end and node["provision_state"].endswith("failed"):
            raise Failure("%s: %s: %s" % (side.name, node["provision_state"], node["last_error"]))
        return node["provision_state"] == end and node["reservation"] is None

    def picture(self):
        """Of both: the node and the tree of its BMC, host names masked."""
        def paint(side, bmc):
            text = json.dumps({"node": node_picture(side, self.name), "bmc": tree(bmc)})
            text = re.sub(r'"(Image|ImageName)": "[^"]+"', r'"\1": "IMAGE"', text)
            return json.loads(text.replace(bmc.host, "BMC").replace(bmc.certificate, "CERTIFICATE"))
        return self.each(paint)

    def close(self):
        try:
            for side in self.sides:
                side.call("PUT", "/v1/nodes/%s/maintenance" % self.name, {"reason": "the end"})
                side.must("DELETE", "/v1/nodes/" + self.name)
        finally:
            self.stop_bmcs()

    def stop_bmcs(self):
        self.pool.shutdown()
        for bmc in self.bmcs:
            bmc.stop()


def begin():
    """Both services."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        sides = [pool.submit(kind) for kind in (Real, Ours)]
        try:
            return [side.result() for side in sides]
        except BaseException:
            for side in sides:
                if side.exception() is None:
                    side.result().close()
            raise
