"""A volume driver for Debian's Cinder whose volumes are sparse files, exported over iSCSI by tgtd: no LVM, no rights of root.

Names, CHAP and connection_info are made by Cinder's own base class of iSCSI targets. A target admits only the initiators that a
connection was initialized for and not terminated since, so that what a client leaves behind is seen in tgtd (TGT_IPC_SOCKET).

SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import subprocess

from cinder import interface
from cinder.volume import configuration
from cinder.volume import driver
from cinder.volume.targets import iscsi
from oslo_config import cfg

OPTIONS = [cfg.StrOpt("volumes_folder", help="Where the files are.")]
cfg.CONF.register_opts(OPTIONS, group=configuration.SHARED_CONF_GROUP)
LUN = 1  # tgtd keeps 0 for itself


def tgtadm(mode, operation, *flags, **words):
    command = ["tgtadm", "--lld", "iscsi", "--mode", mode, "--op", operation, *flags]
    for name, value in words.items():
        command += ["--" + name.replace("_", "-"), str(value)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def number_of(name):
    """tgtd's number of a target; None: there is none of this name."""
    found = re.search(r"^Target (\d+): %s$" % re.escape(name), tgtadm("target", "show"), re.M)
    return found and int(found.group(1))


class Target(iscsi.ISCSITarget):
    def _get_target_and_lun(self, context, volume):
        return 0, LUN

    def _get_iscsi_target(self, context, vol_id):
        return 0

    def _get_target(self, iqn):
        return number_of(iqn)

    def create_iscsi_target(self, name, tid, lun, path, chap_auth=None, **kwargs):
        number = number_of(name)
        if number is not None:
            return number
        number = 1 + max([0] + [int(text) for text in re.findall(r"^Target (\d+):", tgtadm("target", "show"), re.M)])
        tgtadm("target", "new", tid=number, targetname=name)
        tgtadm("logicalunit", "new", tid=number, lun=lun, backing_store=path)
        if chap_auth:
            try:
                tgtadm("account", "new", user=chap_auth[0], password=chap_auth[1])
            except subprocess.CalledProcessError:
                pass  # it outlives the target, and a volume keeps its own
            tgtadm("account", "bind", tid=number, user=chap_auth[0])
        return number

    def remove_iscsi_target(self, tid, lun, vol_id, vol_name, **kwargs):
        number = number_of(self.iscsi_target_prefix + vol_name)
        if number is not None:
            tgtadm("target", "delete", "--force", tid=number)


@interface.volumedriver
class FileVolumes(driver.VolumeDriver):
    VERSION = "1.0"
    CI_WIKI_NAME = "none"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(OPTIONS)
        self.target = Target(configuration=self.configuration, db=self.db, executor=self._execute)

    def path_of(self, volume):
        return os.path.join(self.configuration.volumes_folder, volume["name"])

    def check_for_setup_error(self):
        tgtadm("target", "show")

    def _update_volume_stats(self):
        self._stats = {"volume_backend_name": "files", "vendor_name": "Steel", "driver_version": self.VERSION, "storage_protocol": "iSCSI",
                       "total_capacity_gb": "infinite", "free_capacity_gb": "infinite", "reserved_percentage": 0, "multiattach": True}

    def create_volume(self, volume):
        with open(self.path_of(volume), "wb") as file:
            file.truncate(volume["size"] << 30)

    def delete_volume(self, volume):
        if os.path.exists(self.path_of(volume)):
            os.unlink(self.path_of(volume))

    def create_export(self, context, volume, connector):
        made = self.target.create_export(context, volume, self.path_of(volume))
        return {"provider_location": made["location"], "provider_auth": made["auth"]}

    def ensure_export(self, context, volume):
        self.target.ensure_export(context, volume, self.path_of(volume))

    def remove_export(self, context, volume):
        self.target.remove_export(context, volume)

    def validate_connector(self, connector):
        return self.target.validate_connector(connector)

    def admit(self, operation, volume, connector):
        number = number_of(self.target.iscsi_target_prefix + volume["name"])
        if number is None or not connector:
            return
        try:
            tgtadm("target", operation, tid=number, initiator_name=connector["initiator"])
        except subprocess.CalledProcessError:
            pass  # it is so already

    def initialize_connection(self, volume, connector):
        self.admit("bind", volume, connector)
        return self.target.initialize_connection(volume, connector)

    def terminate_connection(self, volume, connector, **kwargs):
        self.admit("unbind", volume, connector)
        return self.target.terminate_connection(volume, connector, **kwargs)
