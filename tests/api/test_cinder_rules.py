"""Validation of nodes with volumes of Cinder, rule by rule in Ironic's order; and what both services do with the records.

tests/data/cinder-rules.txt names the test of each rule.

SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import sys
import unittest

import cinder_support
import faults_support
import harness
import test_cinder
from cinder_support import IQN

TABLE = os.path.join(harness.ROOT, "tests/data/cinder-rules.txt")
WWPN, WWNN = "500601603ba01c11", "200601603ba01c11"
FC = (("wwpn", WWPN), ("wwnn", WWNN))


class Rules(cinder_support.Suite):
    def setUp(self):
        self.heal()
        self.volume = harness.random_uuid()

    def tearDown(self):
        pass

    def judge(self, capabilities="iscsi_boot:true", boot="ipxe", connectors=(("iqn", IQN),), targets=((0, "iscsi"),), **values):
        """What validate says of a node's storage: None, or why not."""
        node = self.node(boot_interface=boot, deploy_interface="direct", storage_interface="cinder",
                         properties={"capabilities": capabilities}, **values)["uuid"]
        try:
            for kind, identity in connectors:
                self.connector(node, kind, identity)
            for index, kind in targets:
                self.target(node, index, self.volume, kind)
            verdict = self.get("/v1/nodes/%s/validate" % node)["storage"]
        finally:
            self.want(204, "DELETE", "/v1/nodes/" + node)
        reason = verdict.get("reason")
        self.assertEqual(verdict["result"], reason is None)
        return reason

    def test_a_node_in_which_all_fits_is_valid(self):
        for words in ({}, {"capabilities": "iscsi_boot:True,boot_mode:uefi"}, {"targets": ()}, {"targets": ((0, "iscsi"), (1, "iscsi"))},
                      {"capabilities": "fibre_channel_boot:true", "connectors": FC, "targets": ((0, "fibre_channel"),)},
                      {"capabilities": "fiberchannel_boot:true", "connectors": FC, "targets": ((0, "fibre_channel"),)},
                      {"capabilities": "", "connectors": (), "targets": ()}):
            with self.subTest(words):
                self.assertIsNone(self.judge(**words))

    def test_an_iqn_wants_a_boot_interface_that_boots_iscsi(self):
        self.assertIn("boot interface pxe cannot boot from an iSCSI volume", self.judge(boot="pxe"))
        self.assertIn("boot interface pxe", self.judge(boot="pxe", capabilities="", targets=()))

    def test_a_second_iqn_is_a_warning(self):
        self.assertIsNone(self.judge(connectors=(("iqn", IQN), ("iqn", IQN + "-2"))))
        self.assertIn("has 2 volume connectors of type iqn; the first one is used", self.steel.text())

    def test_each_wwpn_wants_a_wwnn(self):
        for connectors in (FC[:1], FC[1:], FC + (("wwpn", "500601603ba01c12"),)):
            with self.subTest(connectors):
                reason = self.judge(capabilities="fibre_channel_boot:true", connectors=connectors, targets=((0, "fibre_channel"),))
                self.assertIn("Cinder wants a volume connector of type wwnn for each of type wwpn", reason)

    def test_iscsi_boot_wants_an_iqn(self):
        self.assertIn("the node's capability iscsi_boot is true, but it has no volume connector of type iqn",
                      self.judge(connectors=(), targets=()))
        self.assertIsNone(self.judge(capabilities="iscsi_boot:false", connectors=(), targets=()))

    def test_fibre_channel_boot_wants_a_wwpn(self):
        self.assertIn("the node's capability fibre_channel_boot is true, but it has no volume connector of type wwpn",
                      self.judge(capabilities="fibre_channel_boot:true", targets=()))

    def test_a_target_wants_a_volume(self):
        node = self.node()["uuid"]
        for value in (None, 5):
            self.refuse(400, "POST", "/v1/volume/targets", {"node_uuid": node, "volume_type": "iscsi", "boot_index": 0, "volume_id": value})
        self.want(204, "DELETE", "/v1/nodes/" + node)

    def test_a_boot_volume_wants_the_capability_of_its_type(self):
        self.assertIn("the volume is of type fibre_channel, but the node's capability fibre_channel_boot is not true",
                      self.judge(capabilities="", connectors=FC, targets=((0, "fibre_channel"),)))
        for capabilities in ("", "iscsi_boot:false", "boot_mode:uefi"):
            self.assertIn("the volume is of type iscsi, but the node's capability iscsi_boot is not true",
                          self.judge(capabilities=capabilities))

    def test_a_volume_wants_a_connector_of_its_type(self):
        self.assertIn("the volume is of type fibre_channel, but it has no volume connector of type wwpn",
                      self.judge(capabilities="", targets=((1, "fibre_channel"),)))
        self.assertIn("the volume is of type iscsi, but it has no volume connector of type iqn",
                      self.judge(capabilities="", connectors=FC, targets=((1, "iscsi"),)))

    def test_another_type_is_refused(self):
        self.assertIn("unknown volume_type 'rbd'", self.judge(targets=((0, "iscsi"), (1, "rbd"))))

    def test_an_adapter_needs_no_boot_interface(self):
        self.assertIsNone(self.judge(capabilities="hba_boot:true", boot="pxe"))
        self.assertIsNone(self.judge(capabilities="hba_boot:true", boot="pxe", connectors=FC, targets=((0, "fibre_channel"),)))

    def test_the_capability_is_told_in_the_deploy_too(self):
        node = self.node(boot_interface="ipxe", deploy_interface="direct", storage_interface="cinder")["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": node, "address": "52:54:00:cc:00:09"})
        self.connector(node, "iqn", IQN)
        self.target(node, 0, self.volume)
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.ask(node, verb)
            self.rest(node, state)
        self.assertIn("iscsi_boot", self.refuse(400, "PUT", "/v1/nodes/%s/states/provision" % node, {"target": "active"}))
        self.want(204, "DELETE", "/v1/nodes/" + node)

    def test_an_image_source_of_null_is_an_image(self):
        for value, boots in ((None, False), ("http://192.0.2.1/image", False)):
            node = self.node(boot_interface="ipxe", deploy_interface="direct", storage_interface="cinder", instance_info={"image_source": value},
                             properties={"capabilities": "iscsi_boot:true"})["uuid"]
            self.connector(node, "iqn", IQN)
            self.target(node, 0, self.volume)
            reason = self.get("/v1/nodes/%s/validate" % node)["deploy"]["reason"]
            self.assertEqual("image_source" in (reason or ""), not boots, reason)
            self.want(204, "DELETE", "/v1/nodes/" + node)


class NoLogin(faults_support.Suite):
    def test_a_node_with_volumes_wants_a_login_to_cinder(self):
        node = self.node(boot_interface="ipxe", storage_interface="cinder", properties={"capabilities": "iscsi_boot:true"})["uuid"]
        self.want(201, "POST", "/v1/volume/connectors", {"node_uuid": node, "type": "iqn", "connector_id": IQN})
        self.assertTrue(self.get("/v1/nodes/%s/validate" % node)["storage"]["result"])
        self.want(201, "POST", "/v1/volume/targets", {"node_uuid": node, "volume_type": "iscsi", "boot_index": 0, "volume_id": "v"})
        self.assertIn("Cinder is not configured", self.get("/v1/nodes/%s/validate" % node)["storage"]["reason"])


class Table(unittest.TestCase):
    def rows(self):
        """(rule, [(file, function)], "real" or why not)"""
        with open(TABLE, encoding="utf-8") as file:
            for line in file:
                if line.strip() and not line.startswith("#"):
                    rule, tests, real = (part.strip() for part in line.rsplit("|", 2))
                    yield rule, [tuple(named.strip().split(" ", 1)) for named in tests.split(",")], real

    def test_each_rule_names_tests_that_are_there(self):
        for rule, tests, _ in self.rows():
            for path, name in tests:
                with self.subTest(rule), open(os.path.join(harness.ROOT, path), encoding="utf-8") as file:
                    self.assertRegex(file.read(), r"(?m)^( *def |static void\n)%s\((self|void \*\*state|Subject \*subject|\))" % re.escape(name))

    def asks_the_real_one(self, path, name):
        if path.startswith("tests/openstack/"):
            return True
        suites = {"tests/api/test_cinder.py": test_cinder, "tests/api/test_cinder_rules.py": sys.modules[__name__]}.get(path)
        shared = [getattr(suite, name) for suite in vars(suites).values() if isinstance(suite, type)
                  and issubclass(suite, cinder_support.Suite) and hasattr(suite, name)] if suites else []
        return any(not hasattr(test, "of_the_stand_in") for test in shared)

    def test_each_rule_is_asked_of_the_real_cinder_or_says_why_not(self):
        for rule, tests, real in self.rows():
            with self.subTest(rule):
                self.assertEqual(any(self.asks_the_real_one(*test) for test in tests), real == "real")
                self.assertTrue(real)

    def test_no_rule_comes_twice(self):
        rules = [rule for rule, _, _ in self.rows()]
        self.assertEqual(len(rules), len(set(rules)))
        self.assertGreater(len(rules), 40)


if __name__ == "__main__":
    unittest.main()
