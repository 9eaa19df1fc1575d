"""What the tests beside foreign programs share: a lab without steeld, and the real Ironic in one process.

SPDX-License-Identifier: Apache-2.0
"""
import functools
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "machine"))
from world import BUILD, Failure, free_port, run, until  # noqa: E402,F401 (for the tests)

VERSION = "1.82"
HERE = pathlib.Path(__file__).resolve().parent
HOST = "10.0.2.2"  # this machine, as QEMU's user networking shows it to the servers


def build_ramdisk(folder):
    done = subprocess.run([str(BUILD / "steel-ramdisk"), "build", "--output", folder], timeout=900,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise Failure("the ramdisk was not built: " + done.stderr.decode(errors="replace"))


class Lab:
    """One virtual server with a BMC and an empty disk; it boots what boot_url says."""

    def __init__(self, folder, boot_url, disk_gib=6, uefi=False):
        self.folder = str(folder)
        words = [str(BUILD / "steel-lab"), "up", "--nodes", "1", "--dir", self.folder, "--json", "--boot-url", boot_url,
                 "--ipmi-port", str(free_port(socket.SOCK_DGRAM)), "--target-port", str(free_port()),
                 "--agent-port", str(free_port()), "--memory", "512", "--disk-size", str(disk_gib)]
        done = subprocess.run(words + (["--uefi"] if uefi else []), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
        if done.returncode != 0:
            raise Failure("the lab did not come up: " + done.stderr.decode(errors="replace"))
        answer = json.loads(done.stdout)
        self.image, self.node = answer["image"], answer["nodes"][0]

    def console(self):
        path = pathlib.Path(self.node["console_log"])
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_line(self, text, limit=300):
        """The line of the present start in which a text is."""
        def look():
            lines = self.console().rsplit("--- power on", 1)[-1].splitlines()
            return next((line.strip() for line in lines if text in line), None)
        return until(f"{text} on the console", limit, look, pause=0.2)

    def down(self):
        subprocess.run([str(BUILD / "steel-lab"), "down", "--dir", self.folder], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=60, check=False)


class FileServer:
    """Serves a folder by HTTP, as an operator's web server does for Ironic. It answers as a proxy as well: to its own host, the
    address that the servers know does not lead here, and Ironic looks whether an image can be had."""

    def __init__(self, folder):
        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *words):
                pass

            def translate_path(self, path):
                return super().translate_path(urllib.parse.urlsplit(path).path)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


CONFIGURATION = """
[DEFAULT]
auth_strategy = noauth
rpc_transport = {rpc}
host = foreign
my_ip = 127.0.0.1
state_path = {dir}/state
tempdir = {dir}/tmp
log_dir = {dir}/log
debug = true
enabled_hardware_types = ipmi,manual-management
enabled_bios_interfaces = no-bios
enabled_boot_interfaces = ipxe
enabled_console_interfaces = no-console
enabled_deploy_interfaces = direct
enabled_firmware_interfaces = no-firmware
enabled_inspect_interfaces = no-inspect
enabled_management_interfaces = ipmitool,noop
enabled_network_interfaces = noop
default_network_interface = noop
enabled_power_interfaces = ipmitool,fake
enabled_raid_interfaces = agent
enabled_rescue_interfaces = agent
enabled_storage_interfaces = noop
enabled_vendor_interfaces = no-vendor
[agent]
deploy_logs_collect = always
deploy_logs_local_path = {dir}/agent-logs
[api]
host_ip = 127.0.0.1
port = {port}
[conductor]
automated_clean = true
deploy_kernel = file://{ramdisk}/steel-ramdisk.kernel
deploy_ramdisk = file://{ramdisk}/steel-ramdisk.initramfs
rescue_kernel = file://{ramdisk}/steel-ramdisk.kernel
rescue_ramdisk = file://{ramdisk}/steel-ramdisk.initramfs
file_url_allowed_paths = {ramdisk},{images}
[database]
connection = sqlite:///{dir}/state/ironic.sqlite
[json_rpc]
auth_strategy = noauth
host_ip = 127.0.0.1
port = {rpc_port}
[service_catalog]
endpoint_override = http://{host}:{port}
auth_type = none
[deploy]
http_url = http://{host}:{http_port}
http_root = {dir}/http
default_boot_option = local
external_callback_url = http://{host}:{port}
erase_devices_priority = 0
erase_devices_metadata_priority = 10
[ipmi]
min_command_interval = 1
[pxe]
kernel_append_params = console=ttyS0,115200 loglevel=4 panic=5
tftp_root = {dir}/tftp
tftp_master_path = {dir}/tftp/master
images_path = {dir}/images
instance_master_path = {dir}/images/master
[dhcp]
dhcp_provider = none
[glance]
auth_type = none
[neutron]
auth_type = none
[inspector]
auth_type = none
[oslo_concurrency]
lock_path = {dir}/lock
"""


class Ironic:
    """The real Ironic: API and conductor in one process, on SQLite.

    ramdisk  a folder with a kernel and an initramfs for a lab server; None: there is no server, and the agent is a process here
    newest   not the one of this Debian, but that of newest_ironic
    overlay  the text of a configuration file that is read after the one from here
    """

    def __init__(self, ramdisk=None, uefi=False, newest=False, overlay=""):
        self.within, self.rpc = ([str(HERE / "newest_ironic")], "none") if newest else ([], "json-rpc")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="steel-foreign-"))
        for name in ("state", "tmp", "log", "http", "tftp/master", "images/master", "lock", "agent-logs"):
            (self.dir / name).mkdir(parents=True)
        self.ramdisk, self.port, self.process, self.lab = ramdisk, free_port(), None, None
        (self.dir / "overlay.conf").write_text(overlay)
        self.files = FileServer(self.dir / "http")
        try:
            if ramdisk is None:
                for ending in ("kernel", "initramfs"):
                    (self.dir / f"steel-ramdisk.{ending}").write_text("nobody boots this")
            else:
                self.lab = Lab(self.dir / "lab", f"http://{HOST}:{self.files.port}/boot.ipxe", uefi=uefi)
            self.start(HOST if ramdisk is not None else "127.0.0.1")
        except BaseException:
            self.close()
            raise

    def start(self, host):
        self.host = host
        text = CONFIGURATION.format(dir=self.dir, port=self.port, rpc=self.rpc, rpc_port=free_port(), ramdisk=self.ramdisk or self.dir,
                                    images=self.lab.image.rsplit("/", 1)[0] if self.lab else self.dir, host=host, http_port=self.files.port)
        path = self.dir / "ironic.conf"
        path.write_text(text)
        files = ["--config-file", str(path), "--config-file", str(self.dir / "overlay.conf")]
        done = subprocess.run([*self.within, "ironic-dbsync", *files, "create_schema"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=1500)
        if done.returncode != 0:
            raise Failure("ironic-dbsync: " + done.stdout.decode(errors="replace")[-2000:])
        self.log = open(self.dir / "ironic.out", "ab")
        proxy = {"http_proxy": f"http://127.0.0.1:{self.files.port}", "no_proxy": "127.0.0.1"}
        self.process = subprocess.Popen([*self.within, "ironic", *files], env={**os.environ, **proxy}, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, start_new_session=True, cwd=str(self.dir))
        until("Ironic answers with its driver", 400, self.answers, pause=0.2)

    def answers(self):
        if self.process.poll() is not None:
            raise Failure("Ironic has ended:\n" + self.tail())
        try:
            status, body = self.call("GET", "/v1/drivers")
        except OSError:
            return False
        return status == 200 and bool(body["drivers"])

    def tail(self, count=60):
        lines = []
        for path in sorted((self.dir / "log").glob("*")) + [self.dir / "ironic.out"]:
            if path.is_file():
                lines += path.read_text(errors="replace").splitlines()
        wanted = [line for line in lines if " DEBUG " not in line and " eventlet.wsgi" not in line]
        return "\n".join(wanted[-count:])

    def close(self):
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # a process group of its own: Ironic forks
            self.process.wait(timeout=20)
        if self.lab is not None:
            self.lab.down()
        self.files.close()
        if "STEEL_KEEP" in os.environ:
            print(f"kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if value is not None:
            print(f"--- Ironic's last lines\n{self.tail()}", file=sys.stderr)
            if self.lab is not None:
                print("--- the console\n" + self.lab.console()[-3000:], file=sys.stderr)
        self.close()

    # ---- its API

    def call(self, method, path, body=None, version=VERSION):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json", "Accept": "application/json",
                                                  "X-OpenStack-Ironic-API-Version": version})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def must(self, method, path, body=None):
        def ask():
            status, answer = self.call(method, path, body)
            if status == 409:
                return None  # locked by what it does in the background
            if status >= 300:
                raise Failure(f"{method} {path}: {status} {answer}")
            return (answer,)
        return until(f"{method} {path} is taken", 60, ask, pause=0.5)[0]

    def node(self):
        return self.must("GET", f"/v1/nodes/{self.name}")

    def enroll(self, boot_mode="bios"):
        lab = self.lab.node
        self.name = lab["name"]
        node = self.must("POST", "/v1/nodes", {
            "name": self.name, "driver": "ipmi",
            "properties": {"capabilities": f"boot_mode:{boot_mode}", "cpu_arch": "x86_64"},
            "driver_info": {"ipmi_address": lab["ipmi_address"], "ipmi_port": str(lab["ipmi_port"]),
                            "ipmi_username": lab["ipmi_username"], "ipmi_password": lab["ipmi_password"],
                            "ipmi_cipher_suite": "3",
                            "kernel_append_params":
                                f"%default% ipa-advertise-host=127.0.0.1 ipa-advertise-port={lab['agent_port']}"}})
        self.must("POST", "/v1/ports", {"node_uuid": node["uuid"], "address": lab["mac"]})

    def enroll_fake(self, mac):
        """A node without a machine: power is Ironic's fake one, and nobody boots what is prepared."""
        self.name = "process"
        node = self.must("POST", "/v1/nodes", {"name": self.name, "driver": "manual-management", "power_interface": "fake",
                                               "deploy_interface": "direct",
                                               "properties": {"cpu_arch": "x86_64", "capabilities": "boot_mode:bios"}})
        self.must("POST", "/v1/ports", {"node_uuid": node["uuid"], "address": mac})

    def offer(self, path):
        """Where Ironic gets a file as an image. The newest one (39.0.0) answers 500 to a deploy with an image of file://."""
        if not self.within:
            return f"file://{path}"
        link = self.dir / "http" / "image"
        if not link.exists():
            link.symlink_to(path)
        return f"http://{self.host}:{self.files.port}/image"

    def provision(self, target, **more):
        self.must("PUT", f"/v1/nodes/{self.name}/states/provision", {"target": target, **more})

    def wait_state(self, state, limit=300):
        def look():
            node = self.node()
            if node["provision_state"] == state and node["reservation"] is None:
                return node
            if node["provision_state"] in ("deploy failed", "clean failed", "error", "rescue failed", "unrescue failed", "enroll") and \
                    node["last_error"] and node["provision_state"] != state:
                raise Failure(f"{node['provision_state']}: {node['last_error']}")
            return None
        return until(f"the node becomes {state}", limit, look, pause=0.5)
