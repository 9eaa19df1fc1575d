"""RAID by an iLO 5's array controller: the daemon against steel-lab's iLO, the test as the machine and its agent.

SPDX-License-Identifier: Apache-2.0
"""
import unittest

from ilo_support import IloSuite
from raid_support import MIRROR, STRIPE, RaidDeploys

CONFIG = "/redfish/v1/systems/1/smartstorageconfig"
CONTROLLER = "HPE Smart Array P408i-a SR Gen10"


class Raid(RaidDeploys, IloSuite):
    def logical(self):
        return self.bmc_get(CONFIG)["LogicalDrives"]

    def levels(self):
        return sorted(row["Raid"][len("Raid"):] for row in self.logical())

    def wish(self, *disks):
        self.want(204, "PUT", "/v1/nodes/%s/states/raid" % self.uuid, {"logical_disks": list(disks)})

    def clean(self, step, args, state="manageable", starts_again=True):
        """A cleaning of one step; the machine starts for its agent, and once more for the controller."""
        self.request(step, args, interface="raid")
        agent = self.boots(state="clean wait")[0]
        return self.calls_until(self.starts_again(agent) if starts_again else agent, state)

    def test_logical_drives_take_the_place_of_those_that_were_there(self):
        self.assertEqual([row["LogicalDriveName"] for row in self.logical()], ["disk"])
        self.wish(MIRROR, dict(STRIPE, size_gb="MAX", controller=CONTROLLER, physical_disks=["1I:1:2", "1I:1:3"]))
        node = self.clean("create_configuration", {})
        self.assertEqual([(row["LogicalDriveName"], row["Raid"], row["CapacityGiB"], row["DataDrives"]) for row in self.logical()],
                         [("root", "Raid1", 200, ["2I:1:5", "2I:1:6"]), ("", "Raid0", 894, ["1I:1:2", "1I:1:3"])])
        told = node["raid_config"]["logical_disks"]
        self.assertEqual([(disk["raid_level"], disk["size_gb"], disk["controller"], disk["physical_disks"], disk["volume_name"])
                          for disk in told],
                         [("1", 200, CONTROLLER, ["2I:1:5", "2I:1:6"], "root"), ("0", 894, CONTROLLER, ["1I:1:2", "1I:1:3"], "")])
        self.assertEqual([disk["root_device_hint"]["wwn"] for disk in told],
                         ["0x" + row["VolumeUniqueIdentifier"] for row in self.logical()])
        self.assertIn("last_updated", node["raid_config"])

    def test_arguments_choose_what_is_made(self):
        self.wish(MIRROR, STRIPE)
        self.clean("create_configuration", {"create_nonroot_volumes": False})
        self.assertEqual(self.levels(), ["1"])
        self.clean("create_configuration", {"create_root_volume": False})
        self.assertEqual(self.levels(), ["0"])
        node = self.clean("create_configuration", {"create_root_volume": False, "create_nonroot_volumes": False}, "clean failed",
                          starts_again=False)
        self.assertIn("the arguments leave no disk", node["last_error"])

    def test_a_deletion_of_nothing_starts_no_machine(self):
        node = self.clean("delete_configuration", {})
        self.assertEqual((self.levels(), node["raid_config"]["logical_disks"]), ([], []))
        node = self.clean("delete_configuration", {}, starts_again=False)
        self.assertEqual(node["raid_config"]["logical_disks"], [])

    def test_what_the_controller_refuses_is_told(self):
        self.wish(dict(MIRROR, size_gb=5000))
        node = self.clean("create_configuration", {}, "clean failed")
        self.assertIn("the array controller %s answers SmartStorageMessage.2.0.InvalidCapacity" % CONTROLLER, node["last_error"])
        self.recover()
        self.wish(dict(MIRROR, controller="Another"))
        node = self.clean("create_configuration", {}, "clean failed", starts_again=False)
        self.assertIn("Controller Another not found. Available controllers are: ['%s']" % CONTROLLER, node["last_error"])

    def test_what_an_ilo_cannot_make_is_refused_at_once(self):
        for disk, words in ((dict(MIRROR, raid_level="JBOD"), "an iLO makes no RAID level JBOD"),
                            (dict(MIRROR, number_of_physical_disks=1), "RAID level 1 requires at least 2 disks."),
                            (dict(MIRROR, controller=CONTROLLER, physical_disks=[{"size": "> 1"}, {"size": "> 2"}]), "knows no hints")):
            answer = self.call("PUT", "/v1/nodes/%s/states/raid" % self.uuid, {"logical_disks": [disk]})
            self.assertEqual((answer.status, words in answer.body.decode()), (400, True), answer.body)


if __name__ == "__main__":
    unittest.main()
