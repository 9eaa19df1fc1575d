"""Keystone, Swift and Glance of Debian's packages as a cloud for tests: processes of its own, below a folder, on free ports of 127.0.0.1.

    with real_cloud.Cloud(folder) as cloud:
        cloud.auth_url, cloud.environment()
    real_cloud.joined(environment)        # in another process: the same cloud, to which it may add services

One administrator and one user "steel" of the project "service"; Keystone and Glance keep their data in SQLite, Swift in the folder (one
replica), and Glance its images in Swift.
Needs the packages of tools/install-packages openstack. No service of the machine is used or started.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

LIMIT_S = 600  # generous: a service that has ended is noticed at once
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
catalog.{region}.image.publicURL = http://127.0.0.1:{glance_port}
catalog.{region}.image.internalURL = http://127.0.0.1:{glance_port}
catalog.{region}.image.name = glance
catalog.{region}.volumev3.publicURL = http://127.0.0.1:{cinder_port}/v3/$(project_id)s
catalog.{region}.volumev3.internalURL = http://127.0.0.1:{cinder_port}/v3/$(project_id)s
catalog.{region}.volumev3.name = cinderv3
catalog.{region}.network.publicURL = http://127.0.0.1:{neutron_port}
catalog.{region}.network.internalURL = http://127.0.0.1:{neutron_port}
catalog.{region}.network.name = neutron
catalog.{region}.compute.publicURL = http://127.0.0.1:{nova_port}/v2.1
catalog.{region}.compute.internalURL = http://127.0.0.1:{nova_port}/v2.1
catalog.{region}.compute.name = nova
catalog.{region}.placement.publicURL = http://127.0.0.1:{placement_port}
catalog.{region}.placement.internalURL = http://127.0.0.1:{placement_port}
catalog.{region}.placement.name = placement
catalog.{region}.baremetal.publicURL = http://127.0.0.1:{baremetal_port}
catalog.{region}.baremetal.internalURL = http://127.0.0.1:{baremetal_port}
catalog.{region}.baremetal.name = ironic
catalog.{region}.key-manager.publicURL = http://127.0.0.1:{barbican_port}
catalog.{region}.key-manager.internalURL = http://127.0.0.1:{barbican_port}
catalog.{region}.key-manager.name = barbican
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


GLANCE = """
[DEFAULT]
bind_host = 127.0.0.1
bind_port = {port}
workers = 0
log_file = {folder}/glance.log
enabled_backends = swift:swift
image_cache_dir = {folder}/glance-cache
enabled_import_methods = [glance-direct]
[glance_store]
default_backend = swift
[swift]
swift_store_auth_version = 3
swift_store_auth_address = {auth_url}
swift_store_user = service:steel
swift_store_key = {password}
swift_store_user_domain_id = default
swift_store_project_domain_id = default
swift_store_container = glance
swift_store_create_container_on_put = true
swift_store_region = {region}
[os_glance_staging_store]
filesystem_store_datadir = {folder}/glance-staging
[os_glance_tasks_store]
filesystem_store_datadir = {folder}/glance-tasks
[database]
connection = sqlite:///{folder}/glance.sqlite
[paste_deploy]
flavor = keystone
config_file = /usr/share/glance-common/glance-api-paste.ini
[keystone_authtoken]
auth_url = {auth_url}
www_authenticate_uri = {auth_url}
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = service
username = steel
password = {password}
[oslo_policy]
policy_file = {folder}/glance-policy.yaml
"""


def free_port():
    """A port below those that the kernel gives to connections: it is still free when its service starts, minutes later."""
    while True:
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", random.randrange(10000, 32768)))
                return listener.getsockname()[1]
            except OSError:
                continue


def steel_options(environment):
    """Settings "section.name=value" of a steeld for the cloud with this Cloud.environment(): its login, and that it waits for the services
    as long as the tests do."""
    words = {"auth_url": "AUTH_URL", "username": "USER", "password": "PASSWORD", "project_name": "PROJECT"}
    login = tuple("keystone_authtoken.%s=%s" % (name, environment["STEEL_CLOUD_" + word]) for name, word in words.items())
    sections = ("barbican", "cinder", "glance", "neutron", "nova", "swift")
    return (*login, "keystone_authtoken.http_connect_timeout=%d" % LIMIT_S, *("%s.timeout=%d" % (name, LIMIT_S) for name in sections))


def joined(environment):
    """The cloud that another process runs, from its Cloud.environment()."""
    cloud = Cloud(environment["STEEL_CLOUD_FOLDER"])
    vars(cloud).update(json.loads(environment["STEEL_CLOUD_PORTS"]), auth_url=environment["STEEL_CLOUD_AUTH_URL"])
    cloud.token = cloud.log_in("steel", "service")
    cloud.project = environment["STEEL_CLOUD_PROJECT_ID"]
    return cloud


class Cloud:
    def __init__(self, folder):
        self.folder = folder
        self.running = []
        self.keystone_port, self.swift_port, self.glance_port = free_port(), free_port(), free_port()
        self.cinder_port, self.neutron_port = free_port(), free_port()  # of cinder_service.py, real_neutron.py
        self.nova_port, self.placement_port = free_port(), free_port()  # of real_nova.py
        self.baremetal_port = free_port()  # of the steeld that Nova is to find
        self.barbican_port = free_port()  # of real_barbican.py
        self.auth_url = "http://127.0.0.1:%d/v3" % self.keystone_port
        self.token = None
        self.rabbit = None  # a rabbit_support.Rabbit of the services that need one
        self.at_end = []  # what else ends with this

    def __enter__(self):
        try:
            self.start_keystone()
            self.start_swift()
            self.start_glance()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def ports(self):
        return {name: value for name, value in vars(self).items() if name.endswith("_port")}

    def environment(self):
        return {"STEEL_CLOUD_FOLDER": self.folder, "STEEL_CLOUD_PORTS": json.dumps(self.ports()), "STEEL_CLOUD_AUTH_URL": self.auth_url,
                "STEEL_CLOUD_USER": "steel", "STEEL_CLOUD_PASSWORD": PASSWORD, "STEEL_CLOUD_PROJECT": "service",
                "STEEL_CLOUD_PROJECT_ID": self.project, "STEEL_CLOUD_BAREMETAL_PORT": str(self.baremetal_port),
                "STEEL_CLOUD_CINDER_PORT": str(self.cinder_port),
                "STEEL_CLOUD_NEUTRON": "http://127.0.0.1:%d" % self.neutron_port}

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

    def stop(self, since=0):
        """since: leave as many as ran at that time, and what else ends with this."""
        stopped, self.running = self.running[since:], self.running[:since]
        for process in reversed(stopped):
            for ending in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, ending)
                    process.wait(15)
                    break
                except subprocess.TimeoutExpired:
                    continue
                except ProcessLookupError:
                    break
        while self.at_end and not since:
            self.at_end.pop()()

    def check_running(self):
        for process in self.running:
            if process.poll() is not None:
                raise RuntimeError("%s has ended, see the logs in %s" % (process.args[0], self.folder))

    def wait_for(self, url):
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            self.check_running()
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
        self.write("catalog.templates", CATALOG.strip(), region=REGION, swift_port=self.swift_port, glance_port=self.glance_port,
                   cinder_port=self.cinder_port, neutron_port=self.neutron_port, nova_port=self.nova_port,
                   placement_port=self.placement_port, baremetal_port=self.baremetal_port, barbican_port=self.barbican_port)
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
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            text = answer.read()
            return answer.headers, json.loads(text) if text[:1] in (b"{", b"[") else None

    def send(self, method, url, data, size=None):
        """Bytes, or an open file of that size."""
        headers = {"Content-Type": "application/octet-stream", "X-Auth-Token": self.token, **({"Content-Length": str(size)} if size else {})}
        urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=LIMIT_S).close()

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
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.5)

    # ---- Glance

    def start_glance(self):
        path = os.path.join(self.folder, "glance-api.conf")
        for name in ("glance-cache", "glance-staging", "glance-tasks"):
            os.mkdir(os.path.join(self.folder, name))
        self.write("glance-api.conf", GLANCE, port=self.glance_port, region=REGION)
        self.write("glance-policy.yaml", "")
        self.run("glance-manage", "--config-file", path, "db_sync")
        self.launch("glance-api", "glance-api", "--config-file", path)
        self.wait_for("http://127.0.0.1:%d/versions" % self.glance_port)
