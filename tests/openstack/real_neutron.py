"""Debian's neutron-server for the cloud of real_cloud.py: ML2 with flat networks, a mechanism driver that binds bare metal
ports as that of a switch would (real_neutron_driver.py), a RabbitMQ for agents (neutron_agents.py), and its data in PostgreSQL: with agents
that report it writes more than one thing at a time, which SQLite refuses.

SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, "../api"), os.path.join(HERE, "..")]
import neutron_agents  # noqa: E402
import postgresql  # noqa: E402
import rabbit_support  # noqa: E402

CONFIGURATION = """
[DEFAULT]
log_file = {folder}/neutron.log
state_path = {folder}/neutron
bind_host = 127.0.0.1
bind_port = {port}
api_workers = 0
rpc_workers = 0
rpc_state_report_workers = 0
metadata_workers = 0
api_paste_config = /usr/share/neutron-common/api-paste.ini
core_plugin = ml2
service_plugins = trunk
transport_url = {transport_url}
dhcp_agent_notification = true
dhcp_agents_per_network = 1
auth_strategy = keystone
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
[experimental]
linuxbridge = true
[database]
connection = {database}
[oslo_concurrency]
lock_path = {folder}/neutron
[keystone_authtoken]
auth_url = {auth_url}
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = service
username = steel
password = {password}
[ml2]
type_drivers = flat
tenant_network_types =
mechanism_drivers = openvswitch,{bridges}steeltests
extension_drivers = port_security
[ml2_type_flat]
flat_networks = *
"""
# No migrations: an empty database gets the tables as they are now.
TABLES = """
import sys
import sqlalchemy
from neutron.db.migration.models import head  # noqa: F401
from neutron_lib.db import model_base
model_base.BASEV2.metadata.create_all(sqlalchemy.create_engine(sys.argv[1]))
"""
ENTRY = "[neutron.ml2.mechanism_drivers]\nsteeltests = real_neutron_driver:Driver\n"


def start(cloud):
    """Starts it for a real_cloud.Cloud whose Keystone runs, unless it runs already; what tests need to know besides is put into
    the environment."""
    if cloud.rabbit is not None:
        return {}
    server = postgresql.Postgresql()
    cloud.at_end.append(server.remove)
    database = server.url(server.database())
    cloud.rabbit = rabbit_support.Rabbit()
    cloud.at_end.append(cloud.rabbit.close)
    package = os.path.join(cloud.folder, "python")
    about = os.path.join(package, "steel_tests-0.dist-info")
    os.makedirs(about)
    os.mkdir(os.path.join(cloud.folder, "neutron"))
    shutil.copy(os.path.join(HERE, "real_neutron_driver.py"), package)
    for name, text in (("entry_points.txt", ENTRY), ("METADATA", "Metadata-Version: 2.1\nName: steel-tests\nVersion: 0\n")):
        with open(os.path.join(about, name), "w", encoding="utf-8") as file:
            file.write(text)
    cloud.write("neutron.conf", CONFIGURATION, port=cloud.neutron_port, transport_url=cloud.rabbit.url(),
                database=database, bridges="linuxbridge," if neutron_agents.installed() else "")
    cloud.run("/usr/bin/python3", "-c", TABLES, database)
    cloud.launch("neutron-server", "neutron-server", "--config-file", os.path.join(cloud.folder, "neutron.conf"), PYTHONPATH=package)
    cloud.wait_for("http://127.0.0.1:%d/v2.0/" % cloud.neutron_port)
    return {"STEEL_CLOUD_RABBIT": cloud.rabbit.url()}
