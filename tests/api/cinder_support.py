"""What the suites about volumes of Cinder have in common: a cloud that a stand-in plays, and a node with a volume of it.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import os
import sys

import faults_support
import harness
import ramdisk_support
from faults_support import until

sys.path.insert(0, os.path.join(harness.ROOT, "tests/openstack"))
import cinder_stand_in  # noqa: E402

MAC = "52:54:00:cc:00:01"
IQN = "iqn.2017-08.org.openstack.rack1-07"
KEY = "cinder_attachments"
ATTACH = ("GET", "os-reserve", "os-initialize_connection", "os-attach")
DETACH = ("GET", "os-begin_detaching", "os-terminate_connection", "os-detach")


ELSEWHERE = "4a4f8f0e-6a6b-4c07-9a53-5a0b0f6d3f11"  # another server


def of_the_stand_in(test):
    """A test of what the stand-in says; others also run with the real Cinder (tests/openstack/cinder_rules)."""
    test.of_the_stand_in = True
    return test


class Suite(faults_support.Suite):
    new_cloud = cinder_stand_in.Cloud
    own_options = ()  # a suite's

    @classmethod
    def setUpClass(cls):
        cls.cloud = cls.new_cloud()
        cls.addClassCleanup(cls.cloud.stop)
        cls.boot_port = ramdisk_support.free_port()
        cls.options = ("boot_server.enabled=true", "boot_server.port=%d" % cls.boot_port, "conductor.automated_clean=false",
                       "conductor.sync_power_state_interval=0", "deploy.boot_progress_timeout=0", "DEFAULT.notification_level=info",
                       "keystone_authtoken.auth_url=" + cls.cloud.auth_url, "cinder.action_retry_interval=0")
        cls.options += tuple("keystone_authtoken.%s=%s" % pair for pair in zip(("username", "password", "project_name"), cls.cloud.login))
        cls.options += cls.cloud.options + cls.own_options
        super().setUpClass()

    def setUp(self):
        self.cloud.set({"faults": [], "forget": True, "no_cinder": False})
        self.volume = self.cloud.make_volume()
        self.uuid = self.new_node()

    def tearDown(self):
        self.heal()
        self.remove(self.uuid)

    def remove(self, node):
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "the test is over"})
        until("the node is free", lambda: self.call("DELETE", "/v1/nodes/" + node).status != 409)

    def new_node(self, connectors=(("iqn", IQN),), kind="iscsi", mac=MAC, capabilities="iscsi_boot:true", **values):
        """An available node with a boot volume in Cinder."""
        node = self.node(driver="fake-hardware", boot_interface="ipxe", deploy_interface="direct", storage_interface="cinder",
                         properties={"capabilities": capabilities}, **values)["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": node, "address": mac})
        for name, identity in connectors:
            self.connector(node, name, identity)
        self.target(node, 0, self.volume, kind)
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.ask(node, verb)
            self.rest(node, state)
        return node

    def connector(self, node, kind, identity):
        return self.want(201, "POST", "/v1/volume/connectors", {"node_uuid": node, "type": kind, "connector_id": identity})["uuid"]

    def target(self, node, index, volume, kind="iscsi", **values):
        return self.want(201, "POST", "/v1/volume/targets", dict(values, node_uuid=node, volume_type=kind, boot_index=index,
                                                                  volume_id=volume))["uuid"]

    # -- Cinder

    def fault(self, step, kind, times=1):
        """The next requests of a step (an action, GET or metadata) fail so."""
        method = "GET" if step == "GET" else "POST"
        path = {"GET": "", "metadata": "/metadata"}.get(step, "/action " + step)
        self.cloud.set({"faults": [{"match": "%s %s%s%s" % (method, self.cloud.volumes_path, self.volume, path), "times": times, "kind": kind}]})

    def heal(self):
        self.cloud.set({"faults": []})

    def in_cinder(self, volume=None):
        return self.cloud.volume(volume or self.volume)

    def servers(self, volume=None):
        return [row["server_id"] for row in self.in_cinder(volume)["attachments"]]

    def steps(self):
        """What Cinder was asked about the volume, in order."""
        with self.cloud.lock:
            lines = [row["line"] for row in self.cloud.requests]
        here = self.cloud.volumes_path + self.volume
        return [line.split(here)[1].replace("/action ", "").strip("/ ") or "GET" for line in lines if here in line]

    def assert_attached(self, node=None, volume=None):
        self.assertEqual((self.in_cinder(volume)["status"], self.servers(volume)), ("in-use", [node or self.uuid]))
        self.assertEqual(len(self.in_cinder(volume)["connectors"]), 1)

    def assert_free(self, volume=None):
        """Nothing of the node is left in Cinder, nor of the volume in the node."""
        volume = self.in_cinder(volume)
        self.assertEqual((volume["status"], volume["attachments"], volume["connectors"]), ("available", [], []))
        self.assertNotIn(KEY, self.get("/v1/nodes/" + self.uuid)["driver_internal_info"])

    # -- the node

    def deploy(self, state="active"):
        self.ask(self.uuid, "active")
        return self.rest(self.uuid, state)

    def undeploy(self, state="available"):
        self.ask(self.uuid, "deleted")
        return self.rest(self.uuid, state)

    def switch(self, target, state):
        answer = self.power(self.uuid, target)
        self.assertEqual(answer.status, 202, answer.body)
        return self.wait_node(self.uuid, target_power_state=None, reservation=None, power_state=state)

    def script(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.boot_port, timeout=harness.LIMIT_S)
        try:
            connection.request("GET", "/boot/%s.ipxe" % MAC.replace(":", "-"))
            return connection.getresponse().read().decode()
        finally:
            connection.close()
