"""Debian's Cinder for tests, next to the Keystone of real_cloud.py: one process and a tgtd, below a folder.

    with cinder_service.Cinder(folder, environment) as cinder:   # environment: of real_cloud.Cloud.environment()
        volume = cinder.make_volume()
        cinder.volume(volume)["status"], cinder.exports(volume)

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

import real_cloud

HERE = os.path.dirname(os.path.abspath(__file__))
PREFIX = "iqn.2010-10.org.openstack:"
CONFIGURATION = """
[DEFAULT]
host = steel-tests
my_ip = 127.0.0.1
state_path = {folder}
osapi_volume_listen = 127.0.0.1
osapi_volume_listen_port = {port}
osapi_volume_workers = 1
transport_url = fake://
auth_strategy = keystone
api_paste_config = /usr/share/cinder-common/api-paste.ini
resource_query_filters_file = /etc/cinder/resource_filters.json
rootwrap_config = /etc/cinder/rootwrap.conf
enabled_backends = files
default_volume_type = __DEFAULT__
log_file = {folder}/cinder.log
use_journal = false
periodic_interval = 5
quota_volumes = -1
quota_gigabytes = -1
[backend_defaults]
target_ip_address = {address}
target_port = {target_port}
target_prefix = {prefix}
use_chap_auth = true
[files]
volume_driver = file_volumes.FileVolumes
volume_backend_name = files
volumes_folder = {folder}/volumes
[database]
connection = sqlite:///{folder}/cinder.sqlite
[coordination]
backend_url = file://{folder}/coordination
[oslo_concurrency]
lock_path = {folder}/locks
[keystone_authtoken]
www_authenticate_uri = {auth_url}
auth_url = {auth_url}
auth_type = password
username = {user}
password = {password}
project_name = {project}
user_domain_id = default
project_domain_id = default
service_token_roles_required = true
"""


class Cinder:
    """address: by which machines reach 127.0.0.1, where the targets are."""

    def __init__(self, folder, environment, address="127.0.0.1"):
        self.folder, self.cloud, self.address = os.path.join(folder, "cinder"), environment, address
        self.port, self.target_port = int(environment["STEEL_CLOUD_CINDER_PORT"]), real_cloud.free_port()
        self.running, self.token = [], None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def surroundings(self):
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return dict(kept, PATH=real_cloud.PATH, LC_ALL="C.UTF-8", PYTHONPATH=os.path.join(HERE, "cinder"),
                    TGT_IPC_SOCKET=os.path.join(self.folder, "tgtd"))

    def launch(self, name, *command):
        with open(os.path.join(self.folder, name + ".out"), "ab") as log:
            self.running.append(subprocess.Popen(command, cwd=self.folder, env=self.surroundings(), stdin=subprocess.DEVNULL, stdout=log,
                                                 stderr=log, start_new_session=True))

    def start(self):
        for name in ("", "volumes", "locks", "coordination"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        path = os.path.join(self.folder, "cinder.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=self.folder, port=self.port, address=self.address, target_port=self.target_port,
                                            prefix=PREFIX, auth_url=self.cloud["STEEL_CLOUD_AUTH_URL"], user=self.cloud["STEEL_CLOUD_USER"],
                                            password=self.cloud["STEEL_CLOUD_PASSWORD"], project=self.cloud["STEEL_CLOUD_PROJECT"]))
        with open(os.path.join(self.folder, "set-up.out"), "ab") as log:
            subprocess.run(["cinder-manage", "--config-file", path, "db", "sync"], cwd=self.folder, env=self.surroundings(), stdout=log,
                           stderr=log, check=True, timeout=real_cloud.LIMIT_S)
        with sqlite3.connect(os.path.join(self.folder, "cinder.sqlite")) as database:
            database.execute("PRAGMA journal_mode = WAL")
        database.close()
        self.launch("tgtd", "tgtd", "-f", "--iscsi", "portal=127.0.0.1:%d" % self.target_port)
        self.wait("tgtd", lambda: self.tgtadm("target", "show") is not None)
        self.launch("cinder", "/usr/bin/python3", os.path.join(HERE, "cinder", "cinder_process.py"), path)
        self.wait("the services of Cinder", self.is_up)

    def stop(self):
        for process in reversed(self.running):
            for ending in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, ending)
                    process.wait(15)
                    break
                except subprocess.TimeoutExpired:
                    continue
                except ProcessLookupError:
                    break
        self.running = []

    def wait(self, what, check):
        end = time.monotonic() + real_cloud.LIMIT_S
        while time.monotonic() < end:
            for process in self.running:
                if process.poll() is not None:
                    raise RuntimeError("%s has ended, see the logs in %s" % (process.args[0], self.folder))
            value = check()
            if value:
                return value
            time.sleep(0.1)
        raise RuntimeError("%s: not within %d s, see the logs in %s" % (what, real_cloud.LIMIT_S, self.folder))

    # ---- the API

    def log_in(self):
        user = {"name": self.cloud["STEEL_CLOUD_USER"], "password": self.cloud["STEEL_CLOUD_PASSWORD"], "domain": {"id": "default"}}
        auth = {"identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": self.cloud["STEEL_CLOUD_PROJECT"], "domain": {"id": "default"}}}}
        request = urllib.request.Request(self.cloud["STEEL_CLOUD_AUTH_URL"] + "/auth/tokens", json.dumps({"auth": auth}).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=real_cloud.LIMIT_S) as answer:
            self.token = answer.headers["X-Subject-Token"]
            self.project = json.loads(answer.read())["token"]["project"]["id"]

    def call(self, method, path, body=None):
        """Status and document of an answer."""
        if self.token is None:
            self.log_in()
        request = urllib.request.Request("http://127.0.0.1:%d/v3/%s%s" % (self.port, self.project, path), method=method,
                                         data=json.dumps(body).encode() if body is not None else None,
                                         headers={"Content-Type": "application/json", "X-Auth-Token": self.token})
        try:
            with urllib.request.urlopen(request, timeout=real_cloud.LIMIT_S) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError:
            return 0, None

    def is_up(self):
        status, document = self.call("GET", "/os-services")
        return status == 200 and {row["binary"] for row in document["services"] if row["state"] == "up"} >= {"cinder-volume", "cinder-scheduler"}

    def make_volume(self, gigabytes=1, multiattach=False):
        """The ID of a new volume."""
        volume_type = self.multiattach_type() if multiattach else None
        status, document = self.call("POST", "/volumes", {"volume": {"size": gigabytes, "volume_type": volume_type}})
        if status != 202:
            raise RuntimeError("no volume: %s %s" % (status, document))
        identity = document["volume"]["id"]
        self.wait("the volume", lambda: self.volume(identity)["status"] == "available")
        self.act(identity, "os-set_bootable", bootable=True)  # without it Nova makes no server of it
        return identity

    def multiattach_type(self):
        self.call("POST", "/types", {"volume_type": {"name": "shared", "extra_specs": {"multiattach": "<is> True"}}})
        return "shared"  # it may be there already

    def volume(self, identity):
        """None: there is none."""
        status, document = self.call("GET", "/volumes/" + identity)
        return document["volume"] if status == 200 else None

    def in_use(self):
        """The volumes that are attached, reserved, or on the way to that."""
        volumes = self.call("GET", "/volumes/detail")[1]["volumes"]
        return [volume["id"] for volume in volumes if volume["status"] != "available" or volume["attachments"]]

    def act(self, identity, action, **words):
        return self.call("POST", "/volumes/%s/action" % identity, {action: words})

    def path_of(self, identity):
        return os.path.join(self.folder, "volumes", "volume-" + identity)

    # ---- the target

    def tgtadm(self, mode, operation):
        done = subprocess.run(["tgtadm", "--lld", "iscsi", "--mode", mode, "--op", operation], env=self.surroundings(), capture_output=True,
                              text=True, check=False)
        return done.stdout if done.returncode == 0 else None

    def exports(self, identity):
        """The initiators that the volume's target admits."""
        for part in (self.tgtadm("target", "show") or "").split("\nTarget "):
            if PREFIX + "volume-" + identity in part.split("\n")[0]:
                return re.findall(r"^ {8}(iqn\S+)", part.split("ACL information:")[1], re.M)
        return []

    def log_in_to(self, properties, initiator, **other):
        """What a login to the volume says, as its machine would do it."""
        words = dict(properties, **other)
        url = "iscsi://%s%%%s@%s/%s/%s" % (words["auth_username"], words["auth_password"], words["target_portal"], words["target_iqn"],
                                           words["target_lun"])
        done = subprocess.run(["iscsi-inq", "-i", initiator, url], capture_output=True, text=True, check=False, timeout=60)
        return done.stdout + done.stderr
