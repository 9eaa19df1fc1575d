#!/usr/bin/python3
"""Who leases a node that is deployed: the project in instance_info, as in Ironic since 26.1, nobody in what looks like an older one.

SPDX-License-Identifier: Apache-2.0
"""
import unittest

import harness


class Deploys(harness.Suite):
    def deployed(self, name, **values):
        self.available_node(name=name, **values)
        return self.provision(name, "active", "active")


class ByInstance(Deploys):
    def test_the_project_of_the_instance_leases_the_node_until_its_undeployment(self):
        self.assertEqual(self.deployed("let", instance_info={"project_id": "tenant"})["lessee"], "tenant")
        self.provision("let", "rebuild", "active")
        self.assertEqual(self.get("/v1/nodes/let")["lessee"], "tenant")
        self.assertIsNone(self.provision("let", "deleted", "available")["lessee"])

    def test_a_lessee_stays(self):
        node = self.deployed("taken", lessee="landlord", instance_info={"project_id": "tenant"})
        self.assertEqual(node["lessee"], "landlord")
        self.assertEqual(self.provision("taken", "deleted", "available")["lessee"], "landlord")

    def test_what_names_no_project_leases_nothing(self):
        for number, project in enumerate(("", None, 5, "x" * 256)):
            node = self.deployed("none-%d" % number, instance_info={"project_id": project})
            self.assertIsNone(node["lessee"], project)
            self.assertNotIn("automatic_lessee", node["driver_internal_info"])
        self.assertIsNone(self.deployed("nothing")["lessee"])


class ByRequest(Deploys):
    options = ("conductor.automatic_lessee_source=request",)

    def test_the_instance_is_not_asked(self):
        self.assertIsNone(self.deployed("let", instance_info={"project_id": "tenant"})["lessee"])


class Off(ByRequest):
    options = ("conductor.automatic_lessee=false",)


class OfNobody(ByRequest):
    options = ("conductor.automatic_lessee_source=none",)


class Older(ByRequest):
    options = ("pin_release_version=26.0",)
    newest = "1.91"


class OlderByInstance(ByInstance):
    options = ("pin_release_version=26.0", "conductor.automatic_lessee=yes", "conductor.automatic_lessee_source=instance")
    newest = "1.91"


class AsOfThatRelease(ByInstance):
    options = ("pin_release_version=26.1",)
    newest = "1.93"


if __name__ == "__main__":
    unittest.main()
