"""Debian's Placement and Nova for the cloud of real_cloud.py: API, conductor, scheduler, and nova-compute with the driver "ironic", which
knows of Steel only what the catalog says. MariaDB and RabbitMQ run below the cloud's folder.

    with real_nova.Nova(cloud) as nova:      # a real_cloud.Cloud whose Keystone, Glance and real_neutron run
        start a steeld at cloud.baremetal_port
        nova.start_compute()
        server = nova.make_server("name", image=..., network=...)

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

import real_cloud

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../api"))

from rabbit_support import Rabbit  # noqa: E402  the folder has to be known first

HOST = "steel-tests"
CELL = "c0000000-0000-0000-0000-000000000001"
DATABASES = ("placement", "nova_api", "nova", "nova_cell0")
RESOURCE_CLASS = "CUSTOM_BAREMETAL"
COMPUTE_VERSION, PLACEMENT_VERSION = "compute 2.87", "placement 1.38"

PLACEMENT = """
[DEFAULT]
log_file = {folder}/placement.log
[api]
auth_strategy = keystone
[placement_database]
connection = {database}
[oslo_concurrency]
lock_path = {folder}/nova/locks
"""
NOVA = """
[DEFAULT]
log_dir = {folder}
state_path = {folder}/nova
host = {host}
my_ip = 127.0.0.1
transport_url = {bus}
enabled_apis = osapi_compute
osapi_compute_listen = 127.0.0.1
osapi_compute_listen_port = {port}
osapi_compute_workers = 1
instance_usage_audit = false
[wsgi]
api_paste_config = /usr/share/nova-common/api-paste.ini
[api]
auth_strategy = keystone
[conductor]
workers = 1
[scheduler]
workers = 1
[filter_scheduler]
track_instance_changes = false
[vnc]
enabled = false
[glance]
api_servers = http://127.0.0.1:{glance_port}
[cinder]
catalog_info = volumev3:cinderv3:publicURL
[service_user]
send_service_user_token = true
{login}
[placement]
valid_interfaces = public
{login}
[neutron]
valid_interfaces = public
{login}
[ironic]
valid_interfaces = public
api_max_retries = 60
api_retry_interval = 1
serial_console_state_timeout = 5
{login}
[oslo_messaging_notifications]
driver = noop
[oslo_messaging_rabbit]
heartbeat_in_pthread = false
[oslo_concurrency]
lock_path = {folder}/nova/locks
"""
NOVA_DATABASES = """
[api_database]
connection = {api_database}
[database]
connection = {database}
"""
# nova-compute must not see a database
COMPUTE = """
[DEFAULT]
compute_driver = ironic.IronicDriver
force_config_drive = {config_drive}
reserved_host_memory_mb = 0
sync_power_state_interval = {power_sync_s}
update_resources_interval = 2
heal_instance_info_cache_interval = 0
[compute]
resource_provider_association_refresh = 10
"""
# A nova-compute for a service that the catalog does not have, and that asks for no token. Nova would share all nodes among all of them.
ANOTHER = """
[DEFAULT]
host = {host}
log_file = nova-compute-{host}.log
update_resources_interval = 10
[ironic]
auth_type = none
endpoint_override = {url}
partition_key =
peer_list = {host}
"""
LOGIN = """auth_url = {auth_url}
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = service
username = steel
password = {password}
region_name = {region}
"""
AUTHTOKEN = """
[keystone_authtoken]
www_authenticate_uri = {auth_url}
service_token_roles_required = true
"""
# Migrations take a minute: empty databases get the tables as they are now (in latin1: utf8 makes some keys too long for MariaDB).
TABLES = """
import sys
import sqlalchemy
from nova.db.api import models as api
from nova.db.main import models as main
from placement.db.sqlalchemy import models as placement
for url, base in zip(sys.argv[1:], (placement.BASE, api.BASE, main.BASE, main.BASE)):
    base.metadata.create_all(sqlalchemy.create_engine(url))
"""
# nova-manage takes long for each of these. Nova finds a host by itself only when it has a node.
CELLS = """INSERT INTO cell_mappings (id, created_at, uuid, name, transport_url, database_connection, disabled) VALUES
(1, now(), '00000000-0000-0000-0000-000000000000', 'cell0', 'none:///', '{cell0}', 0), (2, now(), '{cell}', 'cell1', '{bus}', '{nova}', 0);
INSERT INTO host_mappings (created_at, cell_id, host) VALUES (now(), 2, '{host}')"""


class Nova:
    """config_drive: of all servers, or of those that ask for one; power_sync_s: how often Nova compares power states, 0 for never."""

    def __init__(self, cloud, config_drive=False, power_sync_s=0):
        self.cloud, self.config_drive, self.power_sync_s = cloud, config_drive, power_sync_s
        self.folder = os.path.join(cloud.folder, "nova")
        self.base = "http://127.0.0.1:%d/v2.1" % cloud.nova_port
        self.placement = "http://127.0.0.1:%d" % cloud.placement_port
        self.rabbit, self.before = None, len(cloud.running)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    # ---- processes

    def start(self):
        os.makedirs(os.path.join(self.folder, "locks"))
        self.rabbit = Rabbit(start=False)
        self.rabbit.begin()
        self.start_database()
        login = LOGIN.format(auth_url=self.cloud.auth_url, password=real_cloud.PASSWORD, region=real_cloud.REGION)
        authtoken = AUTHTOKEN.format(auth_url=self.cloud.auth_url) + login
        self.cloud.write("placement.conf", PLACEMENT + authtoken, database=self.url("placement"))
        words = dict(host=HOST, bus=self.rabbit.url(), port=self.cloud.nova_port, glance_port=self.cloud.glance_port, login=login)
        self.cloud.write("nova.conf", NOVA + authtoken + NOVA_DATABASES, api_database=self.url("nova_api"), database=self.url("nova"),
                         **words)
        self.cloud.write("nova-compute.conf", NOVA + authtoken + COMPUTE, config_drive=str(self.config_drive).lower(),
                         power_sync_s=self.power_sync_s or -1, **words)
        self.cloud.launch("placement", "placement-api", "--host", "127.0.0.1", "--port", str(self.cloud.placement_port),
                          OS_PLACEMENT_CONFIG_DIR=self.cloud.folder)
        self.rabbit.wait()
        for name in ("conductor", "scheduler", "api"):
            self.cloud.launch("nova-" + name, "nova-" + name, "--config-file", self.path("nova.conf"))
        self.cloud.wait_for(self.placement)
        self.cloud.wait_for("http://127.0.0.1:%d/" % self.cloud.nova_port)
        self.wait("Nova's conductor and scheduler", lambda: {"nova-conductor", "nova-scheduler"} <= self.services_up())

    def stop(self):
        self.cloud.stop(since=self.before)
        if self.rabbit is not None:
            self.rabbit.close()
        for place in (self.folder, self.path("mariadb")):  # another test of the same cloud starts with a Nova that is new
            shutil.rmtree(place, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.cloud.folder, name)

    def url(self, database):
        return "mysql+pymysql://root@localhost/%s?unix_socket=%s&charset=utf8" % (database, self.path("mariadb.socket"))

    def start_database(self):
        """Without a port, a password or anything that survives a power cut: it is thrown away."""
        account = ["--user=root"] if os.getuid() == 0 else []
        data, socket = "--datadir=" + self.path("mariadb"), "--socket=" + self.path("mariadb.socket")
        self.cloud.run("mariadb-install-db", "--no-defaults", data, "--skip-test-db", "--auth-root-authentication-method=normal", *account)
        self.cloud.launch("mariadb", "mariadbd", "--no-defaults", data, socket, "--pid-file=" + self.path("mariadb.pid"), "--skip-networking",
                          "--skip-grant-tables", "--skip-log-bin", "--performance-schema=off", "--innodb-flush-log-at-trx-commit=0",
                          "--innodb-doublewrite=0", "--innodb-flush-method=nosync", "--sync-frm=0", "--innodb-buffer-pool-size=128M",
                          "--innodb-log-file-size=32M", "--max-connections=1000", "--character-set-server=latin1",
                          "--tmpdir=" + self.folder, *account)
        self.wait("MariaDB", lambda: self.sql("SELECT 1") is not None)
        for name in DATABASES:
            self.sql("CREATE DATABASE %s CHARACTER SET latin1" % name)
        self.cloud.run("/usr/bin/python3", "-c", TABLES, *(self.url(name) for name in DATABASES))
        self.sql(CELLS.format(cell=CELL, host=HOST, bus=self.rabbit.url(), nova=self.url("nova"), cell0=self.url("nova_cell0")), "nova_api")

    def sql(self, text, database=""):
        """What it answers; None: not now."""
        done = subprocess.run(["mariadb", "--no-defaults", "--socket=" + self.path("mariadb.socket"), "-uroot", "-N", "-e", text, database],
                              env=self.cloud.surroundings(), capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else None

    def start_compute(self, host=HOST, url=None):
        """Once a steeld answers, which it asks at once. url: of a service that is to have a nova-compute of its own, on a `host` of its own."""
        name = "nova-compute" if url is None else "nova-compute-" + host
        files = ["--config-file", self.path("nova-compute.conf")]
        if url is not None:
            self.cloud.write(name + ".conf", ANOTHER, host=host, url=url)
            self.sql("INSERT INTO host_mappings (created_at, cell_id, host) VALUES (now(), 2, '%s')" % host, "nova_api")
            files += ["--config-file", self.path(name + ".conf")]
        self.cloud.launch(name, "nova-compute", *files)
        self.wait(name, lambda: "nova-compute" in self.services_up(host))

    def compute_log(self):
        with open(self.path("nova-compute.log"), encoding="utf-8", errors="replace") as log:
            return log.read()

    def services_up(self, host=HOST):
        status, document = self.call("GET", "/os-services?host=" + host)
        return {row["binary"] for row in document["services"] if row["state"] == "up"} if status == 200 else set()

    def wait(self, what, check, limit_s=real_cloud.LIMIT_S):
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            self.cloud.check_running()
            value = check()
            if value:
                return value
            time.sleep(0.2)
        raise RuntimeError("%s: not within %d s, see the logs in %s" % (what, limit_s, self.cloud.folder))

    # ---- the APIs

    def call(self, method, path, body=None, base=None):
        """Status and document of an answer, of Nova or of `base`."""
        request = urllib.request.Request((base or self.base) + path, method=method,
                                         data=json.dumps(body).encode() if body is not None else None)
        version = PLACEMENT_VERSION if base == self.placement else COMPUTE_VERSION
        for name, value in (("Content-Type", "application/json"), ("X-Auth-Token", self.cloud.token),
                            ("OpenStack-API-Version", version)):
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=real_cloud.LIMIT_S) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError:
            return 0, None

    def must(self, method, path, body=None, base=None):
        status, document = self.call(method, path, body, base)
        if not 200 <= status < 300:
            raise RuntimeError("%s %s: %d %s" % (method, path, status, document))
        return document

    def make_flavor(self, resource_class=RESOURCE_CLASS, disk=1, name="baremetal"):
        """The ID of a flavor for machines of that resource class."""
        flavor = {"name": name, "ram": 512, "vcpus": 1, "disk": disk}
        identity = self.must("POST", "/flavors", {"flavor": flavor})["flavor"]["id"]
        wanted = {"resources:" + resource_class: "1", "resources:VCPU": "0", "resources:MEMORY_MB": "0", "resources:DISK_GB": "0"}
        self.must("POST", "/flavors/%s/os-extra_specs" % identity, {"extra_specs": wanted})
        return identity

    def inventory(self, node, resource_class=RESOURCE_CLASS):
        """What Placement has of a node: (total, reserved); None: nothing."""
        status, document = self.call("GET", "/resource_providers/%s/inventories" % node, base=self.placement)
        row = document["inventories"].get(resource_class) if status == 200 else None
        return row and (row["total"], row["reserved"])

    def allocations(self, node):
        return self.must("GET", "/resource_providers/%s/allocations" % node, base=self.placement)["allocations"]

    def wait_for_node(self, node, resource_class=RESOURCE_CLASS):
        """Until a server may be put on it."""
        self.wait("the node %s in Placement" % node, lambda: self.inventory(node, resource_class) == (1, 0))
        self.wait("the node %s as a hypervisor" % node,
                  lambda: self.call("GET", "/os-hypervisors?hypervisor_hostname_pattern=" + node)[0] == 200)

    def make_server(self, name, flavor, network, image=None, volume=None, **more):
        """Asks for a server, from an image or a volume: its ID."""
        server = {"name": name, "flavorRef": flavor, "networks": [{"uuid": network}], **more}
        if volume:
            server["block_device_mapping_v2"] = [{"uuid": volume, "source_type": "volume", "destination_type": "volume", "boot_index": 0}]
        else:
            server["imageRef"] = image
        return self.must("POST", "/servers", {"server": server})["server"]["id"]

    def server(self, identity):
        """None: there is none."""
        status, document = self.call("GET", "/servers/" + identity)
        return document["server"] if status == 200 else None

    def act(self, identity, action, words=None):
        return self.must("POST", "/servers/%s/action" % identity, {action: words})

    def wait_server(self, identity, wanted, limit_s=real_cloud.LIMIT_S):
        """Until the server is so, and Nova has nothing more to do with it: the server."""
        def look():
            server = self.server(identity)
            if server is None:
                raise RuntimeError("there is no server %s" % identity)
            if server["status"] == "ERROR" and wanted != "ERROR":
                raise RuntimeError("the server is in error: %s" % server.get("fault", {}).get("message"))
            return server if server["status"] == wanted and server["OS-EXT-STS:task_state"] is None else None
        return self.wait("the server becomes " + wanted, look, limit_s)

    def delete_server(self, identity, limit_s=real_cloud.LIMIT_S):
        self.must("DELETE", "/servers/" + identity)
        self.wait("the server is gone", lambda: self.server(identity) is None, limit_s)
