"""Debian's Barbican for the cloud of real_cloud.py, with its data in SQLite.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import os

CONFIGURATION = """
[DEFAULT]
log_file = {folder}/barbican.log
host_href = http://127.0.0.1:{port}
sql_connection = sqlite:///{folder}/barbican.sqlite
db_auto_create = true
transport_url = fake:/
[queue]
enable = false
[secretstore]
enabled_secretstore_plugins = store_crypto
[crypto]
enabled_crypto_plugins = simple_crypto
[simple_crypto_plugin]
kek = {kek}
[keystone_authtoken]
auth_url = {auth_url}
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = service
username = steel
password = {password}
"""
# The package's own program takes its files from /etc alone; HOME is where its configuration is looked for first.
SERVER = """
import sys
from wsgiref import simple_server
from paste import deploy
application = deploy.loadapp("config:/usr/share/barbican-common/barbican-api-paste.ini")
simple_server.make_server("127.0.0.1", int(sys.argv[1]), application).serve_forever()
"""


def start(cloud):
    """Starts it for a real_cloud.Cloud whose Keystone runs."""
    os.mkdir(os.path.join(cloud.folder, ".barbican"))
    cloud.write(".barbican/barbican.conf", CONFIGURATION, port=cloud.barbican_port, kek=base64.b64encode(os.urandom(32)).decode())
    cloud.launch("barbican", "/usr/bin/python3", "-c", SERVER, str(cloud.barbican_port), HOME=cloud.folder)
    cloud.wait_for("http://127.0.0.1:%d/" % cloud.barbican_port)
