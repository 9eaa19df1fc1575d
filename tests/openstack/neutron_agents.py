"""Neutron's DHCP agent and its agent for Linux bridges on the network of a lab (steel-lab up --bridge --no-dhcp).

They run in the lab's network namespace, in a namespace of processes and one of mounts of their own: whatever they start ends with them,
and the namespaces that the DHCP agent makes have names that nobody else sees.

SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import signal
import subprocess

import real_cloud

HERE = os.path.dirname(os.path.abspath(__file__))
BRIDGE = "br0"  # of the lab
PHYSICAL_NETWORK = "lab"
NAMES = ("neutron-linuxbridge-agent", "neutron-dhcp-agent")
CONFIGURATION = """
[DEFAULT]
host = steel-tests
state_path = {folder}
log_dir = {folder}
transport_url = {transport_url}
report_interval = 5
interface_driver = linuxbridge
enable_isolated_metadata = false
enable_metadata_network = false
resync_interval = 1
dnsmasq_base_log_dir = {folder}/dnsmasq
[oslo_concurrency]
lock_path = {folder}/locks
[oslo_messaging_rabbit]
rabbit_retry_interval = 1
[linux_bridge]
bridge_mappings = {physical_network}:{bridge}
[vxlan]
enable_vxlan = false
[securitygroup]
enable_security_group = false
firewall_driver = noop
[agent]
root_helper =
root_helper_daemon =
polling_interval = 1
# dnsmasq 2.90 of Debian 12 may end when it reads new options: it is started again by the next look
check_child_processes_interval = 1
"""
# The first process of the namespace: when it ends, all end. The agents find network cards in /sys, which is that of a network namespace.
START = ("mount -t sysfs sysfs /sys && mkdir -p /run/netns && mount -t tmpfs netns /run/netns && "
         "{ for name in %s; do $name --config-file %s & done; wait; }")


def propagation():
    """What becomes of the mounts in the namespace. Where / is a plain folder (chroot), there is nothing that could be made private."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        return "private" if any(line.split()[4] == "/" for line in mounts) else "unchanged"


def installed():
    """Neutron of Debian 13 has none for Linux bridges."""
    return all(shutil.which(name, path=real_cloud.PATH) for name in NAMES)


class Agents:
    """namespace: the number of a process in it."""

    def __init__(self, folder, namespace, transport_url):
        os.makedirs(os.path.join(folder, "locks"))
        for path in (folder, os.path.dirname(folder)):
            os.chmod(path, 0o711)  # dnsmasq reads its files as another user
        path = os.path.join(folder, "agents.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=folder, transport_url=transport_url, bridge=BRIDGE, physical_network=PHYSICAL_NETWORK))
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        with open(os.path.join(folder, "agents.log"), "ab") as log:
            self.process = subprocess.Popen(
                ["nsenter", "--target", str(namespace), "--net", "unshare", "--mount", "--propagation", propagation(), "--pid", "--fork",
                 "--kill-child", "--mount-proc", "sh", "-c", START % (" ".join(NAMES), path)],
                env=dict(kept, PATH=real_cloud.PATH, LC_ALL="C.UTF-8"), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
