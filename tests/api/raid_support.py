"""RAID in a deploy, by a deploy template or by request: the same for every driver that makes it by the BMC. A suite of a driver
has a manageable node in self.uuid, and says which levels its volumes have.

SPDX-License-Identifier: Apache-2.0
"""
from faults_support import until
from ramdisk_support import WAITS

IMAGE = b"an image of a disk\n" * 1000
MIRROR = {"size_gb": 200, "raid_level": "1", "disk_type": "hdd", "is_root_volume": True, "volume_name": "root"}
STRIPE = {"size_gb": 20, "raid_level": "0", "disk_type": "ssd"}
TRAIT = "CUSTOM_RAID"
WRITES = "deploy.execute_deploy_step write_image"


class RaidDeploys:
    def levels(self):
        raise NotImplementedError

    def make_available(self):
        with open(self.place + "/image", "wb") as file:
            file.write(IMAGE)
        self.ask(self.uuid, "provide")
        self.rest(self.uuid, "available")
        self.info(image_source="file://%s/image" % self.place)

    def through_starts(self, state):
        """The agent of each start of the machine calls until the node is in a state; the node, the agents, and the levels that
        there were when the image was written."""
        agents, seen, starts = [], [], []

        def boots():
            agents.append(self.boots()[0])
            starts.append(self.bmc.status()["posts"])
            agents[-1].taken[WRITES] = lambda: seen.append(self.levels())

        def look():
            node = self.get("/v1/nodes/" + self.uuid)
            if node["provision_state"].endswith("failed") and node["provision_state"] != state:
                raise AssertionError(node["last_error"])
            if node["provision_state"] in WAITS and node["reservation"] is None:
                if self.bmc.status()["posts"] > starts[-1]:
                    boots()  # each start has a token of its own
                self.assertIn(agents[-1].call(), (202, 400))
            return node if node["provision_state"] == state and node["reservation"] is None else None
        boots()
        return until("the node becomes " + state, look), agents, seen

    def deploy(self, steps, state="active"):
        self.ask(self.uuid, "active", deploy_steps=steps)
        return self.through_starts(state)

    @staticmethod
    def step(name, **args):
        return {"interface": "raid", "step": name, "priority": 90, "args": args}

    def test_a_deploy_template_makes_the_volumes_before_the_image_is_written(self):
        self.make_available()
        template = self.want(201, "POST", "/v1/deploy_templates", {"name": TRAIT, "steps": [
            self.step("apply_configuration", raid_config={"logical_disks": [MIRROR, STRIPE]}, create_nonroot_volumes=True)]})
        self.addCleanup(self.want, 204, "DELETE", "/v1/deploy_templates/" + template["uuid"])
        self.want(204, "PUT", "/v1/nodes/%s/traits" % self.uuid, {"traits": [TRAIT]})
        self.info(traits=[TRAIT])
        self.ask(self.uuid, "active")
        node, _, seen = self.through_starts("active")
        self.assertEqual(seen, [["0", "1"]])
        self.assertEqual(sorted(disk["raid_level"] for disk in node["raid_config"]["logical_disks"]), ["0", "1"])
        self.assertEqual(node["target_raid_config"], {"logical_disks": [MIRROR, STRIPE]})

    def test_a_deploy_makes_the_root_volume_alone_unless_asked(self):
        self.make_available()
        _, _, seen = self.deploy([self.step("apply_configuration", raid_config={"logical_disks": [MIRROR, STRIPE]})])
        self.assertEqual(seen, [["1"]])

    def test_a_deploy_deletes_volumes(self):
        self.make_available()
        node, _, seen = self.deploy([self.step("delete_configuration")])
        self.assertEqual((seen, node["raid_config"]["logical_disks"]), ([[]], []))

    def test_a_deploy_without_a_valid_configuration_fails_before_the_image(self):
        self.make_available()
        for args, words in (({}, "raid_config"), ({"raid_config": {"logical_disks": [dict(MIRROR, raid_level="7")]}}, "raid_level")):
            body = {"target": "active", "deploy_steps": [self.step("apply_configuration", **args)]}
            answer = self.call("PUT", "/v1/nodes/%s/states/provision" % self.uuid, body)
            if answer.status == 202:
                node, agents, _ = self.through_starts("deploy failed")
                self.assertIn(words, node["last_error"])
                self.assertNotIn(WRITES, agents[-1].names())
                self.ask(self.uuid, "deleted")
                self.rest(self.uuid, "available")
                self.info(image_source="file://%s/image" % self.place)
            else:
                self.assertEqual((answer.status, words in answer.body.decode()), (400, True), answer.body)
