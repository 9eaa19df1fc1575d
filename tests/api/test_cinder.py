"""Nodes that boot from volumes of Cinder: attached before the machine comes on, detached after it went off; and what happens when
Cinder answers wrongly at each step.

SPDX-License-Identifier: Apache-2.0
"""
import json
import re

import cinder_support
import harness
from cinder_support import ATTACH, DETACH, ELSEWHERE, IQN, KEY, of_the_stand_in
from faults_support import until

# What Cinder may answer, and what the operator reads besides the step.
FAULTS = (("401", "401"), ("403", "403"), ("404", "404"), ("409", "409"), ("500", "500"), ("503", "503"), ("html", "The proxy is tired"),
          ("half", "Cinder"), ("cut", "Cinder"))
REPEATED = ("GET", "cut")  # libcurl looks again when an open connection ends
CALLS = {"GET": "a look at the state", "os-reserve": "the reservation", "os-initialize_connection": "the connection",
         "os-attach": "the attachment", "os-begin_detaching": "the beginning of the detachment",
         "os-terminate_connection": "the end of the connection", "os-detach": "the detachment"}


class Volumes(cinder_support.Suite):
    """What the suites below check of a step that failed."""

    def check_attach_fault(self, step, kind, part):
        node = self.deploy("deploy failed")
        self.assertIn("%s of volume %s" % (CALLS[step], self.volume), node["last_error"])
        self.assertIn(part, node["last_error"])
        self.heal()
        if step == "os-reserve" and not kind.startswith("4"):
            self.assertEqual(self.in_cinder()["status"], "available")  # it may still come, and is remembered
        else:
            self.assert_free()

    def check_detach_fault(self, step, kind, times=1):
        self.restore()
        self.deploy()
        self.fault(step, kind, times)
        self.undeploy()
        self.heal()
        self.assert_free()

    def restore(self):
        """A target again: those of an instance go with it."""
        if not self.get("/v1/volume/targets")["targets"]:
            self.target(self.uuid, 0, self.volume)


class Cinder(Volumes):
    # -- the usual way

    def test_a_volume_is_attached_for_a_deploy_and_detached_at_its_end(self):
        self.deploy()
        self.assert_attached()
        volume = self.in_cinder()
        self.assertIn(volume["connectors"], ([{"initiator": IQN, "host": self.uuid}], [IQN]))  # the real one's target knows the name
        self.assertEqual(volume["attachments"][0]["device"], "ironic_mountpoint")
        told = json.loads(volume["metadata"]["ironic_node_" + self.uuid])
        self.assertEqual((told["instance_uuid"], told["last_action"]), (self.uuid, "attached"))
        self.assertEqual(self.steps(), list(ATTACH) + ["metadata"])
        self.cloud.set({"forget": True})
        self.undeploy()
        self.assertEqual(self.steps(), list(DETACH) + ["metadata"])
        self.assert_free()
        self.assertNotIn("boot_from_volume", self.get("/v1/nodes/" + self.uuid)["driver_internal_info"])
        self.assertEqual(json.loads(self.in_cinder()["metadata"]["ironic_node_" + self.uuid])["last_action"], "detached")
        self.assertEqual(re.findall(r'"event_type":\s*"baremetal.node.storage_detach.(\w+)"', self.steel.text())[-2:], ["start", "end"])

    @of_the_stand_in
    def test_what_the_initiator_needs_is_stored_and_its_secret_is_in_the_script_alone(self):
        self.deploy()
        target = self.get("/v1/volume/targets?detail=True")["targets"][0]
        self.assertEqual(self.get("/v1/nodes/" + self.uuid)["driver_internal_info"]["boot_from_volume"], target["uuid"])
        properties = target["properties"]
        self.assertEqual((properties["target_portal"], properties["target_lun"]), ("192.0.2.5:3260", 1))
        self.assertEqual((properties["volume_id"], properties["ironic_volume_uuid"]), (self.volume, self.volume))
        self.assertEqual(properties["auth_password"], "******")
        secret = "chap-secret-" + self.volume[:8]
        script = self.script()
        self.assertIn("set password " + secret, script)
        self.assertIn("iscsi:192.0.2.5::3260:1:iqn.2010-10.org.openstack:volume-" + self.volume, script)
        self.assertIn("set initiator-iqn " + IQN, script)
        answers = json.dumps([self.get(path) for path in ("/v1/nodes/" + self.uuid, "/v1/nodes/%s/timeline" % self.uuid,
                                                          "/v1/nodes/%s/history" % self.uuid)])
        for text in (answers, self.steel.text()):
            self.assertNotIn(secret, text)

    def test_the_instance_has_the_volume_if_there_is_one(self):
        instance = harness.random_uuid()
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/instance_uuid", "value": instance}])
        self.deploy()
        self.assertEqual(self.servers(), [instance])
        self.undeploy()
        self.assert_free()

    @of_the_stand_in
    def test_all_volumes_of_a_node_are_attached_over_all_paths(self):
        second = self.cloud.make_volume()
        self.target(self.uuid, 1, second, properties={"config_drive": "true"})
        self.connector(self.uuid, "ip", "192.0.2.7")
        self.connector(self.uuid, "mac", "52:54:00:cc:00:02")
        self.deploy()
        self.assert_attached()
        self.assert_attached(volume=second)
        self.assertEqual(self.in_cinder()["connectors"], [{"initiator": IQN, "ip": "192.0.2.7", "host": self.uuid, "multipath": True}])
        self.assertIn("iscsi:192.0.2.6::3260:1:", self.script())
        properties = self.get("/v1/volume/targets?detail=True")["targets"][1]["properties"]
        self.assertEqual((properties["config_drive"], properties["volume_id"]), ("true", second))
        self.undeploy()
        self.assert_free()
        self.assert_free(second)

    @of_the_stand_in
    def test_fibre_channel_gives_the_names_of_ports(self):
        self.remove(self.uuid)
        names = ("500601603ba01c11", "500601603ba01c12")
        self.uuid = self.new_node((("wwpn", names[0]), ("wwpn", names[1]), ("wwnn", "200601603ba01c11"), ("wwnn", "200601603ba01c12")),
                                  "fibre_channel", capabilities="fibre_channel_boot:true")
        self.deploy()
        self.assertEqual(self.in_cinder()["connectors"], [{"wwpns": list(names), "wwnns": ["200601603ba01c11", "200601603ba01c12"],
                                                           "host": self.uuid, "multipath": True}])
        self.assertIn("fcp:50:06:01:60:3b:a0:1c:2d:3 fcp:50:06:01:60:3b:a0:1c:2e:3", self.script())
        self.undeploy()
        self.assert_free()

    # -- power of an active node

    def test_volumes_are_attached_while_the_machine_is_on(self):
        self.deploy()
        self.switch("power off", "power off")
        self.assert_free()
        self.switch("power on", "power on")
        self.assert_attached()
        self.switch("rebooting", "power on")
        self.assert_attached()
        self.switch("soft power off", "power off")
        self.assert_free()
        self.switch("soft rebooting", "power on")
        self.assert_attached()
        self.undeploy()
        self.assert_free()

    def test_a_machine_that_is_so_already_changes_nothing_in_cinder(self):
        self.deploy()
        for target, steps in (("power on", []), ("power off", ["GET"])):  # a volume that stayed attached may be left
            self.switch(target, target)
            self.cloud.set({"forget": True})
            self.switch(target, target)
            self.assertEqual(self.steps(), steps)
        self.undeploy()
        self.assert_free()

    def test_a_second_power_off_detaches_what_the_first_one_could_not(self):
        self.deploy()
        self.fault("os-terminate_connection", "500", 9)
        self.switch("power off", "power off")
        self.assertEqual(self.servers(), [self.uuid])
        self.heal()
        self.switch("power off", "power off")
        self.assert_free()

    def test_a_volume_that_is_not_there_keeps_the_machine_off(self):
        self.deploy()
        self.switch("power off", "power off")
        self.cloud.change_volume(self.volume, status="maintenance")
        node = self.switch("power on", "power off")
        self.assertIn("volume %s is maintenance in Cinder" % self.volume, node["last_error"])

    def test_a_volume_that_stays_attached_is_no_error_of_a_power_off(self):
        self.deploy()
        for step in DETACH:
            with self.subTest(step):
                self.fault(step, "500", 9)
                self.assertIsNone(self.switch("power off", "power off")["last_error"])
                self.heal()
                self.switch("power on", "power on")
                self.assert_attached()

    def test_a_machine_that_cinder_cannot_name_stays_off(self):
        self.deploy()
        self.switch("power off", "power off")
        self.want(204, "DELETE", "/v1/volume/connectors/" + self.get("/v1/volume/connectors")["connectors"][0]["uuid"])
        self.connector(self.uuid, "mac", "52:54:00:cc:00:03")
        self.assertIn("the node has no volume connector of type iqn, wwpn or wwnn", self.switch("power on", "power off")["last_error"])

    def test_an_undeploy_of_a_machine_that_is_off_detaches_nothing(self):
        self.deploy()
        self.switch("power off", "power off")
        self.cloud.set({"forget": True})
        self.undeploy()
        self.assertEqual(self.steps(), ["GET"])

    # -- whose volume it is

    def test_a_volume_in_use_is_refused_before_it_is_reserved(self):
        self.cloud.change_volume(self.volume, attachments=[ELSEWHERE])
        node = self.deploy("deploy failed")
        self.assertIn("volume %s is in use by %s and does not allow several attachments" % (self.volume, ELSEWHERE), node["last_error"])
        self.assertNotIn("os-reserve", self.steps())
        self.assertEqual(self.servers(), [ELSEWHERE])

    def test_a_volume_for_several_is_shared(self):
        self.remove(self.uuid)
        self.volume = self.cloud.make_volume(multiattach=True, attachments=[ELSEWHERE])
        self.uuid = self.new_node()
        self.deploy()
        self.assertEqual(sorted(self.servers()), sorted([ELSEWHERE, self.uuid]))
        self.undeploy()
        self.assertEqual((self.in_cinder()["status"], self.servers()), ("in-use", [ELSEWHERE]))

    def test_a_volume_that_the_instance_has_already_stays_as_it_is(self):
        self.cloud.change_volume(self.volume, attachments=[self.uuid])
        own = {"target_portal": "192.0.2.99:3260", "target_iqn": "iqn.2010-10.com.example:own", "target_lun": 7}
        target = self.get("/v1/volume/targets")["targets"][0]["uuid"]
        self.power(self.uuid, "power off")
        self.wait_node(self.uuid, power_state="power off", reservation=None)
        self.want(200, "PATCH", "/v1/volume/targets/" + target, [{"op": "replace", "path": "/properties", "value": own}])
        self.deploy()
        self.assertEqual(self.steps(), ["GET"])
        self.assertEqual(self.get("/v1/volume/targets?detail=True")["targets"][0]["properties"], own)
        self.undeploy()
        self.assertEqual(self.servers(), [])

    def test_what_was_attached_is_detached_although_its_records_are_gone(self):
        """A client may delete targets and connectors of a machine that is off, and the instance ends with a failed undeploy."""
        instance = harness.random_uuid()
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/instance_uuid", "value": instance}])
        self.deploy()
        self.fault("os-begin_detaching", "500", 99)
        self.undeploy("error")
        self.assertEqual(self.servers(), [instance])
        self.assertIsNone(self.get("/v1/nodes/" + self.uuid)["instance_uuid"])
        for kind in ("targets", "connectors"):
            for row in self.get("/v1/volume/" + kind)[kind]:
                self.want(204, "DELETE", "/v1/volume/%s/%s" % (kind, row["uuid"]))
        self.heal()
        self.undeploy()
        self.assert_free()

    def test_a_volume_that_another_replaces_goes_back(self):
        second = self.cloud.make_volume()
        self.deploy()
        self.fault("os-terminate_connection", "500", 9)
        self.switch("power off", "power off")
        self.heal()
        self.assertEqual(self.servers(), [self.uuid])
        target = self.get("/v1/volume/targets")["targets"][0]["uuid"]
        self.want(200, "PATCH", "/v1/volume/targets/" + target, [{"op": "replace", "path": "/volume_id", "value": second}])
        self.switch("power on", "power on")
        self.assert_attached(volume=second)
        self.assertEqual((self.in_cinder()["status"], self.servers()), ("available", []))

    def test_a_node_that_is_given_up_says_what_cinder_keeps(self):
        """Deleted in maintenance, maybe because Cinder cannot be asked: Ironic does not ask it either."""
        self.deploy()
        self.remove(self.uuid)
        self.assertEqual(self.servers(), [self.uuid])
        self.assertIn("Cinder still has volume %s attached to %s" % (self.volume, self.uuid), self.steel.text())
        self.volume = self.cloud.make_volume()
        self.uuid = self.new_node()

    # -- faults of the attachment

    def test_each_fault_at_each_step_of_an_attachment_is_told_and_undone(self):
        for step, (kind, part) in [(step, fault) for step in ATTACH for fault in FAULTS]:
            if (step, kind) != REPEATED:
                with self.subTest(step=step, kind=kind):
                    self.fault(step, kind, 2 if kind == "401" else 1)  # the first token is replaced
                    self.check_attach_fault(step, kind, part)

    def test_an_answer_that_is_lost_leaves_nothing(self):
        for step, kind in [(step, kind) for step in ATTACH for kind in ("500", "half", "cut")]:
            if (step, kind) != REPEATED:
                with self.subTest(step=step, kind=kind):
                    self.fault(step, "done-" + kind)
                    self.check_attach_fault(step, kind, "Cinder")

    def test_metadata_that_cannot_be_written_is_no_failure(self):
        self.fault("metadata", "500", 9)
        self.deploy()
        self.assert_attached()
        self.undeploy()
        self.assert_free()

    def test_a_token_that_ends_on_the_way_is_replaced(self):
        for step in ATTACH:
            with self.subTest(step):
                self.restore()
                self.fault(step, "401")
                self.deploy()
                self.assert_attached()
                self.undeploy()

    def test_a_catalog_without_cinder_fails_the_deploy_with_its_name(self):
        self.cloud.set({"no_cinder": True, "revoke": True})
        self.assertIn("volumev3", self.deploy("deploy failed")["last_error"])
        self.cloud.set({"no_cinder": False})
        self.deploy()  # the new catalog is looked up

    @of_the_stand_in
    def test_a_connection_that_no_machine_can_use_is_refused(self):
        for connection in ({"driver_volume_type": "rbd", "data": {"name": "pool/volume"}},
                           {"driver_volume_type": "iscsi", "data": {"target_portal": "192.0.2.5:3260", "target_iqn": "no name", "target_lun": 1}}):
            self.cloud.set({"connection": connection})
            self.addCleanup(setattr, self.cloud, "connection", None)
            self.assertIn("Cinder's connection of volume %s cannot be used as iscsi" % self.volume, self.deploy("deploy failed")["last_error"])
            self.assert_free()

    def test_one_volume_that_fails_takes_the_others_back(self):
        second = self.cloud.make_volume(status="error")
        self.target(self.uuid, 1, second)
        self.assertIn("volume %s is error in Cinder" % second, self.deploy("deploy failed")["last_error"])
        self.assert_free()

    def test_a_reservation_of_somebody_else_is_not_taken(self):
        self.cloud.change_volume(self.volume, status="attaching")
        self.assertIn("is attaching in Cinder", self.deploy("deploy failed")["last_error"])
        self.assertEqual(self.in_cinder()["status"], "attaching")
        self.assertEqual([step for step in self.steps() if step not in ("GET",)], [])

    def test_an_attachment_is_taken_back_although_its_detachment_does_not_begin(self):
        second = self.cloud.make_volume(status="error")
        self.target(self.uuid, 1, second)
        self.fault("os-begin_detaching", "500", 9)
        self.assertIn("volume %s is error in Cinder" % second, self.deploy("deploy failed")["last_error"])
        self.assert_free()

    # -- faults of the detachment

    def test_each_fault_at_each_step_of_a_detachment_is_tried_again(self):
        for step in DETACH:
            for kind, _ in FAULTS:
                if (step, kind) == ("GET", "404"):
                    continue  # the volume is gone
                with self.subTest(step=step, kind=kind):
                    self.check_detach_fault(step, kind, 2 if kind == "401" else 1)

    def test_a_node_whose_volume_cannot_be_detached_is_in_error_until_it_can(self):
        for step in DETACH:
            with self.subTest(step):
                self.restore()
                self.deploy()
                self.fault(step, "500", 99)
                self.cloud.set({"forget": True})
                node = self.undeploy("error")
                self.assertIn("%s of volume %s" % (CALLS[step], self.volume), node["last_error"])
                self.assertEqual(self.steps().count(step), 4)  # the first try and [cinder]action_retries
                self.heal()
                if step not in ("os-detach",):
                    self.assertEqual((self.in_cinder()["status"], self.servers()), ("in-use", [self.uuid]))
                self.undeploy()
                self.assert_free()

    def test_a_volume_that_is_gone_needs_no_detachment(self):
        self.deploy()
        self.cloud.remove_volume(self.volume)
        self.undeploy()
        self.assertNotIn(KEY, self.get("/v1/nodes/" + self.uuid)["driver_internal_info"])

    def test_an_undeploy_while_cinder_is_down_ends_in_error(self):
        self.deploy()
        self.fault("GET", "503", 99)
        self.assertIn("Cinder answered 503 to a look at the state", self.undeploy("error")["last_error"])
        self.heal()
        self.undeploy()
        self.assert_free()


class Slow(Volumes):
    own_options = ("cinder.timeout=4",)

    def test_a_silent_cinder_is_told_and_what_it_did_is_undone(self):
        for step in ATTACH:
            with self.subTest(step):
                self.fault(step, "slow")
                self.check_attach_fault(step, "slow", "Cinder")

    def test_a_silent_cinder_is_asked_again_to_detach(self):
        for step in DETACH:
            with self.subTest(step):
                self.check_detach_fault(step, "slow")

    def test_a_reservation_that_comes_late_is_ended(self):
        for then in ("undeploy", "deploy"):
            with self.subTest(then):
                self.restore()
                self.fault("os-reserve", "slow")
                self.deploy("deploy failed")
                self.cloud.change_volume(self.volume, status="attaching")  # Cinder comes to it
                if then == "deploy":
                    self.deploy()
                    self.assert_attached()
                self.undeploy()
                self.assert_free()


class Retried(Volumes):
    own_options = ("cinder.status_code_retries=2", "cinder.status_code_retry_delay=0")

    def test_a_look_that_fails_is_taken_again(self):
        self.fault("GET", "503", 2)
        self.deploy()
        self.assert_attached()
        self.undeploy()
        self.assert_free()

    def test_a_reservation_whose_answer_was_lost_is_not_made_again(self):
        """The second one would be refused, as if the volume were somebody else's."""
        self.fault("os-reserve", "done-503")
        self.check_attach_fault("os-reserve", "done-503", "503")
        self.assertEqual(self.steps().count("os-reserve"), 1)


class Stays(cinder_support.Suite):
    own_options = ("cinder.toggle_attachments_with_power=false",)

    def test_volumes_stay_attached_while_the_machine_is_off(self):
        self.deploy()
        self.cloud.set({"forget": True})
        self.switch("power off", "power off")
        self.assert_attached()
        self.switch("power on", "power on")
        self.assertEqual(self.steps(), [])
        self.undeploy()
        self.assert_free()


class Killed(cinder_support.Suite):
    """kill -9 at each step, before Cinder has done it and after."""

    own_options = ("cinder.timeout=60",)

    def kill_at(self, step, kind, begin):
        self.cloud.set({"forget": True})
        self.fault(step, kind)
        begin()
        until("Cinder is asked for " + step, lambda: self.cloud.met)
        self.steel.kill()
        self.heal()
        self.steel.again()

    def test_a_deploy_that_dies_in_the_attachment_goes_on(self):
        for step in ATTACH + ("metadata",):
            for kind in ("slow", "done-slow"):
                with self.subTest(step=step, kind=kind):
                    self.kill_at(step, kind, lambda: self.ask(self.uuid, "active"))
                    self.rest(self.uuid, "active")
                    self.assert_attached()
                    self.assertIn("sanhook", self.script())
                    self.undeploy()
                    self.assert_free()
                    self.target(self.uuid, 0, self.volume)

    def test_an_undeploy_that_dies_in_the_detachment_goes_on(self):
        for step in DETACH + ("metadata",):
            for kind in ("slow", "done-slow"):
                with self.subTest(step=step, kind=kind):
                    self.deploy()
                    self.kill_at(step, kind, lambda: self.ask(self.uuid, "deleted"))
                    self.rest(self.uuid, "available")
                    self.assert_free()
                    self.target(self.uuid, 0, self.volume)

    def settled(self):
        """The next life has seen that the machine is off, and its volume is free."""
        self.wait_node(self.uuid, target_power_state=None, reservation=None)
        until("the volume is free", lambda: KEY not in self.get("/v1/nodes/" + self.uuid)["driver_internal_info"])
        self.wait_node(self.uuid, reservation=None)
        self.assert_free()

    def test_a_power_change_that_dies_leaves_nothing(self):
        self.deploy()
        for step in DETACH[1:]:  # before it, nobody knows that the fake machine is off
            for kind in ("slow", "done-slow"):
                with self.subTest(step=step, kind=kind):
                    self.kill_at(step, kind, lambda: self.power(self.uuid, "power off"))
                    self.settled()
                    self.switch("power on", "power on")
                    self.assert_attached()
        for step in ATTACH:
            for kind in ("slow", "done-slow"):
                with self.subTest(step=step, kind=kind):
                    self.switch("power off", "power off")
                    self.assert_free()
                    self.kill_at(step, kind, lambda: self.power(self.uuid, "power on"))
                    self.settled()
                    self.switch("power on", "power on")
                    self.assert_attached()
        self.undeploy()
        self.assert_free()


class Absent(cinder_support.Suite):
    own_options = ("cinder.endpoint_override=http://127.0.0.1:9/v3",)

    def test_a_service_that_is_not_there_fails_the_deploy_with_its_name(self):
        node = self.deploy("deploy failed")
        self.assertIn("Cinder, a look at the state of volume " + self.volume, node["last_error"])
        self.assertIn("127.0.0.1:9", node["last_error"])
        self.undeploy("error")
