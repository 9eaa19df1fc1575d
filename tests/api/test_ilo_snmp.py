"""The size of a disk that an iLO tells by SNMPv3 alone: the daemon against steel-lab's iLO 4 and Net-SNMP's snmpd.

SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import socket
import subprocess
import tempfile
import unittest

import harness
import simulated_bmc
from faults_support import until
from ports import free_port

AUTH, PRIV = 'auth "of" \\\\ it', "privacy-of-it"
# Drives of an array controller, then one of a SAS controller.
DRIVES = ((".1.3.6.1.4.1.232.3.2.5.1.1.45.0.0", 286070), (".1.3.6.1.4.1.232.3.2.5.1.1.45.0.1", 953869),
          (".1.3.6.1.4.1.232.5.5.2.1.1.8.0.1", 572325))


def quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


class Snmpd:
    def __init__(self, host, auth="SHA", priv="AES"):
        self.folder = tempfile.mkdtemp(prefix="steel-snmpd-")
        self.port = free_port(socket.SOCK_DGRAM)
        with open(self.folder + "/snmpd.conf", "w", encoding="utf-8") as file:
            file.write("createUser inspector %s %s %s %s\nrouser inspector priv\n" % (auth, quoted(AUTH), priv, quoted(PRIV)))
            file.writelines("override %s integer %d\n" % drive for drive in DRIVES)
        self.log = open(self.folder + "/log", "wb")
        self.process = subprocess.Popen(
            ["/usr/sbin/snmpd", "-f", "-Lo", "-C", "-c", self.folder + "/snmpd.conf", "udp:%s:%d" % (host, self.port)],
            env=dict(os.environ, SNMP_PERSISTENT_DIR=self.folder, MIBS=""), stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        until("snmpd answers", self.answers)

    def answers(self):
        with open(self.folder + "/log", "rb") as file:
            return b"NET-SNMP version" in file.read()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)


class IloSnmp(harness.Suite):
    options = ("DEFAULT.enabled_hardware_types=ilo,fake-hardware", "ilo.power_wait=1", "DEFAULT.enabled_network_interfaces=noop",
               "conductor.automated_clean=false")

    def setUp(self):
        self.bmc = simulated_bmc.Bmc("--bmc", "ilo4-gen8")
        self.addCleanup(self.bmc.stop)
        self.bmc.set("no-disks=1,post-ms=0")

    def machine(self, **more):
        info = {"ilo_address": self.bmc.host, "client_port": self.bmc.port, "ilo_username": simulated_bmc.USER,
                "ilo_password": simulated_bmc.PASSWORD, "ilo_verify_ca": self.bmc.certificate, **more}
        return self.node(driver="ilo", driver_info=info)["uuid"]

    def snmp(self, **more):
        peer = Snmpd(self.bmc.host)
        self.addCleanup(peer.stop)
        return {"snmp_auth_user": "inspector", "snmp_auth_prot_password": AUTH, "snmp_auth_priv_password": PRIV, "snmp_auth_protocol": "sha",
                "snmp_auth_priv_protocol": "AES", "snmp_port": peer.port, **more}

    def inspect(self, uuid, state):
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": "manage"})
        self.wait_node(uuid, provision_state="manageable", reservation=None)
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": "inspect"})
        return self.wait_node(uuid, provision_state=state, reservation=None)

    def test_the_largest_drive_is_the_disk(self):
        node = self.inspect(self.machine(**self.snmp()), "manageable")
        self.assertEqual(node["properties"]["local_gb"], 953869 // 1024)
        self.assertNotIn(PRIV, str(node))

    def test_a_login_that_is_refused_is_told(self):
        node = self.inspect(self.machine(**self.snmp(snmp_auth_prot_password="another-one")), "inspect failed")
        self.assertIn("was asked by SNMP", node["last_error"])
        self.assertIn("Authentication failure", node["last_error"])
        self.assertNotIn("another-one", node["last_error"] + self.steel.text())

    def test_without_a_login_the_disk_is_missing(self):
        node = self.inspect(self.machine(), "inspect failed")
        self.assertIn("Server didn't return the key(s): local_gb", node["last_error"])

    def test_what_is_wrong_with_the_login_is_told(self):
        for keys, words in (({"snmp_auth_user": "x"}, "missing from the node's driver_info: ['snmp_auth_prot_password']"),
                            ({"snmp_auth_user": "x", "snmp_auth_prot_password": "y", "snmp_auth_priv_password": "z", "snmp_auth_protocol": "SHA512"},
                             "Invalid value SHA512 given for driver_info parameter snmp_auth_protocol"),
                            ({"snmp_auth_user": "x", "snmp_auth_prot_password": "y", "snmp_auth_priv_password": "z", "snmp_port": 70000}, "snmp_port")):
            with self.subTest(words):
                told = self.get("/v1/nodes/%s/validate" % self.machine(**keys))["inspect"]
                self.assertFalse(told["result"])
                self.assertIn(words, told["reason"])


if __name__ == "__main__":
    unittest.main()
