"""Keystone and Swift of Debian's packages as a cloud for tests: processes of its own, below a folder, on free ports of 127.0.0.1.

    with real_cloud.Cloud(folder) as cloud:
        cloud.auth_url, cloud.environment()

One administrator and one user "steel" of the project "service"; Keystone keeps its data in SQLite, Swift in the folder (one replica).
Needs the packages of tools/install-packages openstack. No service of the machine is used or started.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

LIMIT_S = 180
PASSWORD = "steel-tests"
REGION = "RegionOne"
TEMPORARY_URL_KEY = "key-of-the-account"
# pyenv and the like put another python first; the packages' programs want Debian's
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

KEYSTONE = """
[DEFAULT]
log_file = {folder}/keystone.log
[database]
connection = sqlite:///{folder}/keystone.sqlite
[identity]
password_hash_rounds = 4
[token]
provider = fernet
[fernet_tokens]
key_repository = {folder}/fernet
[fernet_receipts]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credential
[cache]
enabled = false
"""
# A catalog in a file needs no requests.
CATALOG_DRIVER = """
[catalog]
driver = templated
template_file = {folder}/catalog.templates
"""
CATALOG = """
catalog.{region}.identity.publicURL = {auth_url}
catalog.{region}.identity.internalURL = {auth_url}
catalog.{region}.identity.name = keystone
catalog.{region}.object-store.publicURL = http://127.0.0.1:{swift_port}/v1/AUTH_$(project_id)s
catalog.{region}.object-store.internalURL = http://127.0.0.1:{swift_port}/v1/AUTH_$(project_id)s
catalog.{region}.object-store.name = swift
"""
SWIFT = """
[swift-hash]
swift_hash_path_prefix = steel
swift_hash_path_suffix = steel
[storage-policy:0]
name = Policy-0
default = yes
"""
SWIFT_SERVER = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = root
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
disable_fallocate = true
log_address =
recon_cache_path = {folder}
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
[{kind}-replicator]
[{kind}-updater]
[{kind}-auditor]
"""
SWIFT_PROXY = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = root
swift_dir = {folder}
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck tempurl authtoken keystoneauth copy proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:tempurl]
use = egg:swift#tempurl
allowed_digests = sha1 sha256 sha512
[filter:copy]
use = egg:swift#copy
[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin, service
reseller_prefix = AUTH
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
delay_auth_decision = true
auth_url = {auth_url}
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = service
username = steel
password = {password}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Cloud:
    def __init__(self, folder):
        self.folder = folder
        self.running = []
        self.keystone_port, self.swift_port = free_port(), free_port()
        self.auth_url = "http://127.0.0.1:%d/v3" % self.keystone_port
        self.token = None

    def __enter__(self):
        try:
            self.start_keystone()
            self.start_swift()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def environment(self):
        return {"STEEL_CLOUD_AUTH_URL": self.auth_url, "STEEL_CLOUD_USER": "steel", "STEEL_CLOUD_PASSWORD": PASSWORD,
                "STEEL_CLOUD_PROJECT": "service"}

    # ---- processes

    def write(self, name, text, **values):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text.format(folder=self.folder, auth_url=self.auth_url, password=PASSWORD, **values))

    def surroundings(self, **more):
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return dict(kept, PATH=PATH, LC_ALL="C.UTF-8", **more)

    def run(self, *command):
        with open(os.path.join(self.folder, "set-up.log"), "ab") as log:
            subprocess.run(command, cwd=self.folder, env=self.surroundings(), stdout=log, stderr=log, check=True, timeout=LIMIT_S)

    def launch(self, name, *command, **environment):
        with open(os.path.join(self.folder, name + ".log"), "ab") as log:
            self.running.append(subprocess.Popen(command, cwd=self.folder, env=self.surroundings(**environment), stdin=subprocess.DEVNULL,
                                                 stdout=log, stderr=log, start_new_session=True))

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

    def wait_for(self, url):
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            for process in self.running:
                if process.poll() is not None:
                    raise RuntimeError("%s has ended, see the logs in %s" % (process.args[0], self.folder))
            try:
                urllib.request.urlopen(url, timeout=10).close()
                return
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    return
            except OSError:
                pass
            time.sleep(0.2)
        raise RuntimeError("%s does not answer, see the logs in %s" % (url, self.folder))

    # ---- Keystone

    def start_keystone(self):
        path = os.path.join(self.folder, "keystone.conf")
        self.write("keystone.conf", KEYSTONE)
        for name in ("fernet", "credential"):
            os.mkdir(os.path.join(self.folder, name), 0o700)
            for number in ("0", "1"):
                with open(os.path.join(self.folder, name, number), "wb") as key:
                    key.write(base64.urlsafe_b64encode(os.urandom(32)))
        manage = ("keystone-manage", "--config-file", path)
        self.run(*manage, "db_sync")
        with sqlite3.connect(os.path.join(self.folder, "keystone.sqlite")) as database:
            database.execute("PRAGMA journal_mode = WAL")  # else its readers lock out its writer
        database.close()
        self.run(*manage, "bootstrap", "--bootstrap-password", PASSWORD, "--bootstrap-region-id", REGION, "--bootstrap-public-url",
                 self.auth_url, "--bootstrap-internal-url", self.auth_url, "--bootstrap-admin-url", self.auth_url)
        self.write("catalog.templates", CATALOG.strip(), region=REGION, swift_port=self.swift_port)
        self.write("keystone.conf", KEYSTONE + CATALOG_DRIVER)
        # the package's own server answers one request at a time: its SQLite has one writer
        self.launch("keystone-server", "keystone-wsgi-public", "--host", "127.0.0.1", "--port", str(self.keystone_port),
                    OS_KEYSTONE_CONFIG_FILES=path)
        self.wait_for(self.auth_url)
        self.token = self.log_in("admin", "admin")
        self.make_user()

    def call(self, method, url, body=None, **headers):
        request = urllib.request.Request(url, method=method, data=json.dumps(body).encode() if body is not None else None)
        request.add_header("Content-Type", "application/json")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        if self.token:
            request.add_header("X-Auth-Token", self.token)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
            return answer.headers, json.loads(text) if text[:1] in (b"{", b"[") else None

    def log_in(self, user, project):
        auth = {"identity": {"methods": ["password"], "password": {"user": {"name": user, "domain": {"id": "default"},
                                                                             "password": PASSWORD}}},
                "scope": {"project": {"name": project, "domain": {"id": "default"}}}}
        self.token = None
        return self.call("POST", self.auth_url + "/auth/tokens", {"auth": auth})[0]["X-Subject-Token"]

    def make(self, kind, values):
        return self.call("POST", "%s/%ss" % (self.auth_url, kind), {kind: values})[1][kind]["id"]

    def make_user(self):
        roles = {role["name"]: role["id"] for role in self.call("GET", self.auth_url + "/roles")[1]["roles"]}
        for name in ("admin", "service"):
            roles.setdefault(name, None)
            roles[name] = roles[name] or self.make("role", {"name": name})
        self.project = self.make("project", {"name": "service", "domain_id": "default"})
        user = self.make("user", {"name": "steel", "domain_id": "default", "password": PASSWORD})
        for name in ("admin", "service"):
            self.call("PUT", "%s/projects/%s/users/%s/roles/%s" % (self.auth_url, self.project, user, roles[name]))

    # ---- Swift

    def start_swift(self):
        os.makedirs(os.path.join(self.folder, "devices", "d1"))
        self.write("swift.conf", SWIFT)
        for kind in ("object", "container", "account"):
            port = free_port()
            for words in (("create", "4", "1", "1"), ("add", "r1z1-127.0.0.1:%d/d1" % port, "1"), ("rebalance",)):
                self.run("swift-ring-builder", kind + ".builder", *words)
            self.write(kind + "-server.conf", SWIFT_SERVER, kind=kind, port=port)
            self.launch("swift-" + kind, "swift-%s-server" % kind, os.path.join(self.folder, kind + "-server.conf"), "-v")
        self.write("proxy-server.conf", SWIFT_PROXY, port=self.swift_port)
        self.launch("swift-proxy", "swift-proxy-server", os.path.join(self.folder, "proxy-server.conf"), "-v")
        base = "http://127.0.0.1:%d" % self.swift_port
        self.wait_for(base + "/healthcheck")
        self.token = self.log_in("steel", "service")
        end = time.monotonic() + LIMIT_S
        while True:  # the account's servers may come up after the proxy
            try:
                self.call("POST", "%s/v1/AUTH_%s" % (base, self.project), X_Account_Meta_Temp_URL_Key=TEMPORARY_URL_KEY)
                return
            except urllib.error.HTTPError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.5)
