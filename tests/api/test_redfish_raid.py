"""RAID over Redfish: the daemon against steel-lab's simulated BMC, the test as the machine and its agent.

SPDX-License-Identifier: Apache-2.0
"""
import json
import subprocess
import unittest

import harness
import ramdisk_support
import simulated_bmc
from faults_support import until
from raid_support import RaidDeploys
from ramdisk_support import MAC

VOLUMES = "/redfish/v1/Systems/1/Storage/1/Volumes"
GIB = 1 << 30
MIRROR = {"size_gb": 200, "raid_level": "1", "disk_type": "hdd", "is_root_volume": True, "volume_name": "root"}
FIFTH = {"size_gb": 20, "raid_level": "5", "interface_type": "sata"}


def posts(bmc):
    told = subprocess.run([simulated_bmc.STEEL_LAB, "status", "--json", "--dir", bmc.folder], check=True, timeout=harness.LIMIT_S,
                          stdout=subprocess.PIPE, text=True)
    return json.loads(told.stdout)["posts"]


class Suite(ramdisk_support.Suite):
    own_options = ("enabled_hardware_types=redfish,fake-hardware", "redfish.raid_config_status_interval=1",
                   "redfish.connection_retry_interval=1")

    def setUp(self):
        self.bmc = simulated_bmc.Bmc()
        self.addCleanup(self.bmc.stop)
        info = self.bmc.access()
        self.uuid = self.node(driver="redfish", driver_info=info, boot_interface="ipxe")["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC})
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")

    def volumes(self):
        members = self.bmc.ask("GET", VOLUMES).json["Members"]
        return [self.bmc.ask("GET", member["@odata.id"]).json for member in members]


class Raid(Suite):
    def wish(self, *disks):
        self.want(204, "PUT", "/v1/nodes/%s/states/raid" % self.uuid, {"logical_disks": list(disks)})

    def refused(self, words, *disks):
        answer = self.call("PUT", "/v1/nodes/%s/states/raid" % self.uuid, {"logical_disks": list(disks)})
        self.assertEqual(answer.status, 400)
        self.assertIn(words, answer.body.decode())

    def begin(self, *steps):
        """A cleaning of RAID steps, (name, arguments), up to the machine's first start; its agent."""
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid,
                  {"target": "clean", "clean_steps": [dict({"interface": "raid", "step": name}, args=args) for name, args in steps]})
        return self.boots(state="clean wait")[0]

    def clean(self, *steps, state="manageable"):
        return self.calls_until(self.begin(*steps), state)

    def levels(self):
        return sorted(volume["RAIDType"] for volume in self.volumes())

    def test_volumes_are_made_on_drives_that_fit(self):
        self.wish(MIRROR, FIFTH)
        node = self.clean(("create_configuration", {}))
        made = {volume["RAIDType"]: volume for volume in self.volumes()}
        self.assertEqual(sorted(made), ["RAID1", "RAID5"])
        mirror = made["RAID1"]
        self.assertEqual((mirror["CapacityBytes"], mirror["Name"]), (200 * GIB, "root"))
        drives = [self.bmc.ask("GET", link["@odata.id"]).json for link in mirror["Links"]["Drives"]]
        self.assertEqual([drive["MediaType"] for drive in drives], ["HDD", "HDD"])
        self.assertEqual(len(made["RAID5"]["Links"]["Drives"]), 3)
        told = node["raid_config"]
        self.assertEqual(sorted((disk["raid_level"], disk["size_gb"], disk["controller"]) for disk in told["logical_disks"]),
                         [("1", 200, "1"), ("5", 20, "1")])
        self.assertIn("last_updated", told)
        self.assertEqual(node["target_raid_config"], {"logical_disks": [MIRROR, FIFTH]})

    def test_arguments_choose_what_is_made(self):
        self.wish(MIRROR, FIFTH)
        self.clean(("create_configuration", {"create_nonroot_volumes": False}))
        self.assertEqual(self.levels(), ["RAID1"])
        self.clean(("create_configuration", {"create_root_volume": False, "delete_existing": True}))
        self.assertEqual(self.levels(), ["RAID5"])
        node = self.clean(("delete_configuration", {}))
        self.assertEqual((self.levels(), node["raid_config"]["logical_disks"]), ([], []))

    def test_drives_are_taken_by_name(self):
        self.wish({"size_gb": "MAX", "raid_level": "0", "controller": "1", "physical_disks": ["6"]})
        node = self.clean(("create_configuration", {}))
        self.assertEqual([link["@odata.id"][-1] for link in self.volumes()[0]["Links"]["Drives"]], ["6"])
        self.assertEqual(node["raid_config"]["logical_disks"][0]["size_gb"], 931)

    def test_changes_at_the_next_start_wait_for_it(self):
        self.bmc.set("volumes-at-post=1", "task-ms=1500")
        self.wish(MIRROR, FIFTH)
        agent = self.begin(("create_configuration", {}))
        before, starts = posts(self.bmc), 0
        while self.get("/v1/nodes/" + self.uuid)["provision_state"] != "manageable":
            # Each start has a token of its own, and its machine asks for its script.
            def turn():
                node = self.get("/v1/nodes/" + self.uuid)
                if node["provision_state"] == "clean wait" and node["reservation"] is None and agent.call() not in (202, 400):
                    return "started again"
                if node["provision_state"].endswith("failed"):
                    raise AssertionError(node["last_error"])
                return "over" if node["provision_state"] == "manageable" else posts(self.bmc) > before + starts and "started again"
            if until("the machine starts again, or the cleaning ends", turn) == "started again":
                starts = posts(self.bmc) - before
                agent = self.boots(state="clean wait")[0]
        # A controller takes one change at a time: one start for each volume.
        self.assertEqual(posts(self.bmc) - before, 2)
        self.assertEqual(self.levels(), ["RAID1", "RAID5"])

    def test_tasks_without_a_start_are_waited_for(self):
        self.bmc.set("volume-tasks=1", "task-ms=1500")
        self.wish(MIRROR)
        agent = self.begin(("create_configuration", {}))
        before = posts(self.bmc)
        self.calls_until(agent, "manageable")
        self.assertEqual(posts(self.bmc), before)
        self.assertEqual(self.levels(), ["RAID1"])
        task = self.bmc.ask("GET", "/redfish/v1/TaskService/Tasks").json["Members"][0]["@odata.id"]
        self.assertEqual(self.bmc.ask("GET", task).json["TaskState"], "Completed")

    def test_a_task_that_fails_fails_the_cleaning_with_its_words(self):
        self.bmc.set("volume-tasks=1", "task-fails=1")
        self.wish(MIRROR)
        node = self.clean(("create_configuration", {}), state="clean failed")
        self.assertIn("ended as Exception: The update has failed.", node["last_error"])

    def test_drives_in_use_are_not_taken(self):
        self.wish(MIRROR)
        self.clean(("create_configuration", {}))
        node = self.clean(("create_configuration", {}), state="clean failed")
        self.assertIn("logical_disks[0]: the drives have no place for it", node["last_error"])
        self.assertEqual(self.levels(), ["RAID1"])

    def test_what_redfish_cannot_make_is_refused_at_once(self):
        self.refused("interface type `scsi` not supported by Redfish RAID", dict(FIFTH, interface_type="scsi"))
        self.refused("makes no RAID level JBOD", dict(FIFTH, raid_level="JBOD"))
        self.refused("knows no hints", dict(FIFTH, controller="1", physical_disks=[{"size": "> 1"}, {"size": "> 2"}]))

    def test_a_cleaning_without_target_says_what_to_do(self):
        node = self.clean(("create_configuration", {}), state="clean failed")
        self.assertIn("--target-raid-config", node["last_error"])


class Deploys(RaidDeploys, Suite):
    def levels(self):
        return sorted(volume["RAIDType"][len("RAID"):] for volume in self.volumes())


class DeploysAtTheNextStart(Deploys):
    """The controller makes and deletes volumes when the machine starts."""

    def setUp(self):
        super().setUp()
        self.bmc.set("volumes-at-post=1")


if __name__ == "__main__":
    unittest.main()
