"""Firmware of machines: what the BMC tells of it, and the step that brings a new one, in cleaning, in a deploy and in servicing.
And what the BMC says of the machine's health.

SPDX-License-Identifier: Apache-2.0
"""
import harness
import ramdisk_support
import simulated_bmc
from faults_support import until
from ramdisk_support import MAC

VERSION = "1.115"
MEMBERS = {"component", "initial_version", "current_version", "last_version_flashed", "created_at", "updated_at"}


def update(*settings):
    return {"interface": "firmware", "step": "update", "args": {"settings": list(settings)}}


class Fake(harness.Suite):
    def components(self, node, version=VERSION, query=""):
        return self.get("/v1/nodes/%s/firmware%s" % (node, query), version)["firmware"]

    def test_versions_are_kept_from_the_first_to_the_last(self):
        node = self.node()["uuid"]
        self.assertEqual(self.components(node), [])
        self.provision(node, "manage", "manageable")
        for url, initial, current, flashed in (("http://x/1.0", "1.0", "1.0", None), ("http://x/2.0", "1.0", "2.0", "2.0")):
            self.provision(node, "clean", "manageable", clean_steps=[update({"component": "bmc", "url": url})])
            found, = self.components(node)
            self.assertEqual((found["component"], found["initial_version"], found["current_version"], found["last_version_flashed"]),
                             ("bmc", initial, current, flashed))
        self.assertIsNotNone(found["updated_at"])

    def test_it_is_a_step_of_deploys_and_servicing_too(self):
        node = self.available_node()["uuid"]
        step = dict(update({"component": "bios", "url": "http://x/7"}), priority=150)
        self.provision(node, "active", "active", deploy_steps=[step])
        self.provision(node, "service", "active", service_steps=[update({"component": "nic:one", "url": "http://x/8", "wait": 1})])
        self.assertEqual([(one["component"], one["current_version"]) for one in self.components(node)], [("bios", "7"), ("nic:one", "8")])

    def test_wrong_settings_are_refused_by_the_step(self):
        node = self.node()["uuid"]
        self.provision(node, "manage", "manageable")
        for settings, words in (([], "1 to 64"), ([{"component": "disk", "url": "http://x/1"}], "bios, bmc or nic"), ([{"component": "bmc"}], "url"),
                                ([{"component": "bmc", "url": "http://x/1", "wait": 0}], "wait"),
                                ([{"component": "bmc", "url": "http://x/1", "checksum": "x"}], "checksum is not known")):
            self.want(202, "PUT", "/v1/nodes/%s/states/provision" % node, {"target": "clean", "clean_steps": [update(*settings)]})
            failed = self.wait_node(node, provision_state="clean failed", reservation=None)
            self.assertIn(words, failed["last_error"])
            self.want(202, "DELETE", "/v1/nodes/%s/maintenance" % node)
            self.provision(node, "manage", "manageable")
        self.assertEqual(self.components(node), [])

    def test_members_have_their_versions(self):
        node = self.node()["uuid"]
        self.provision(node, "manage", "manageable")
        self.provision(node, "clean", "manageable", clean_steps=[update({"component": "bmc", "url": "http://x/1"})])
        self.refuse(404, "GET", "/v1/nodes/%s/firmware" % node, version="1.85")
        self.assertEqual(set(self.components(node, "1.86")[0]), MEMBERS)
        self.assertEqual(set(self.components(node, "1.113")[0]), MEMBERS)
        self.assertEqual(set(self.components(node, "1.114")[0]), MEMBERS | {"vendor", "model", "serial_number"})
        self.assertIn("vendor", self.components(node, "1.114", "?fields=component,vendor")[0])
        for query, version in (("?fields=component,vendor", "1.113"), ("?fields=zork", VERSION), ("?zork=1", VERSION), ("?limit=1", VERSION)):
            self.assertIn(self.call("GET", "/v1/nodes/%s/firmware%s" % (node, query), version=version).status, (400, 406), query)
        self.refuse(405, "POST", "/v1/nodes/%s/firmware" % node, {}, VERSION)

    def test_the_interface_is_chosen_and_shown_as_others(self):
        node = self.node(firmware_interface="no-firmware")["uuid"]
        self.assertEqual(self.get("/v1/nodes/" + node, VERSION)["firmware_interface"], "no-firmware")
        self.assertNotIn("firmware_interface", self.get("/v1/nodes/" + node, "1.85"))
        self.assertIs(self.get("/v1/nodes/%s/validate" % node, VERSION)["firmware"]["result"], False)
        self.assertNotIn("firmware", self.get("/v1/nodes/%s/validate" % node, "1.85"))
        driver = self.get("/v1/drivers/fake-hardware", VERSION)
        self.assertEqual(driver["default_firmware_interface"], "fake")
        self.assertNotIn("default_firmware_interface", self.get("/v1/drivers/fake-hardware", "1.85"))
        self.refuse(400, "POST", "/v1/nodes", {"driver": "fake-hardware", "firmware_interface": "zork"}, VERSION)


class Redfish(ramdisk_support.Suite):
    own_options = ("enabled_hardware_types=redfish,fake-hardware", "redfish.firmware_update_status_interval=1",
                   "redfish.connection_retry_interval=1")

    def setUp(self):
        self.bmc = simulated_bmc.Bmc()
        self.addCleanup(self.bmc.stop)
        info = self.bmc.access()
        self.uuid = self.node(driver="redfish", driver_info=info, boot_interface="ipxe", deploy_interface="direct",
                              instance_info={"image_source": "http://192.0.2.1/image", "image_checksum": "0" * 32})["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC})
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")

    def updates(self):
        """What the BMC was told to fetch."""
        members = self.bmc.ask("GET", "/redfish/v1/TaskService/Tasks").json["Members"]
        return [self.bmc.ask("GET", member["@odata.id"]).json["Payload"]["ImageURI"] for member in members]

    def test_the_bmc_tells_of_its_firmware(self):
        found = {one["component"]: one for one in self.get("/v1/nodes/%s/firmware" % self.uuid, VERSION)["firmware"]}
        system, manager = (self.bmc.ask("GET", "/redfish/v1/%s/1" % place).json for place in ("Systems", "Managers"))
        self.assertEqual(found["bios"]["current_version"], system["BiosVersion"])
        self.assertEqual((found["bmc"]["current_version"], found["bmc"]["model"]), (manager["FirmwareVersion"], manager["Model"]))

    def test_an_update_without_ramdisk_starts_the_system_again(self):
        self.ask(self.uuid, "adopt")
        self.rest(self.uuid, "active")
        self.bmc.set("task-ms=1200")
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "service", "service_steps": [
            update({"component": "bmc", "url": "http://192.0.2.1/bmc.bin"}, {"component": "bios", "url": "http://192.0.2.1/bios.bin"})]})
        node = self.rest(self.uuid, "active")
        self.assertIsNone(node["last_error"])
        self.assertEqual(self.updates(), ["http://192.0.2.1/bmc.bin", "http://192.0.2.1/bios.bin"])

    def test_an_update_that_fails_is_told(self):
        self.ask(self.uuid, "adopt")
        self.rest(self.uuid, "active")
        self.bmc.set("task-fails=1")
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "service", "service_steps": [
            update({"component": "bmc", "url": "http://192.0.2.1/bmc.bin"})]})
        self.assertIn("ended as Exception", self.rest(self.uuid, "service failed")["last_error"])


class Health(harness.Suite):
    """The power sync reads it."""

    options = ("enabled_hardware_types=fake-hardware,redfish", "conductor.sync_power_state_interval=1")

    def test_the_health_follows_the_bmc(self):
        node = self.node(driver_info={"fake": {"management.get_health": {"health": "OK"}}})["uuid"]
        self.provision(node, "manage", "manageable")

        def health():
            return self.get("/v1/nodes/" + node, VERSION)["health"]
        until("it is well", lambda: health() == "OK")
        ill = [{"op": "add", "path": "/driver_info/fake", "value": {"management.get_health": {"health": "Critical"}}}]
        until("the node is free", lambda: self.call("PATCH", "/v1/nodes/" + node, ill).status == 200)
        until("it is ill", lambda: health() == "Critical")
        events = [entry["event"] for entry in self.get("/v1/nodes/%s/history?detail=true" % node)["history"]]
        self.assertIn("Node health status changed: health='Critical' (previously 'OK')", events)
        self.assertNotIn("health", self.get("/v1/nodes/" + node, "1.108"))
        self.assertEqual(self.get("/v1/nodes?fields=health,uuid", VERSION)["nodes"] != [], True)
        self.refuse(400, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/health", "value": "OK"}], VERSION)

    def test_redfish_tells_the_health_with_the_power_state(self):
        bmc = simulated_bmc.Bmc()
        self.addCleanup(bmc.stop)
        info = bmc.access()
        node = self.node(driver="redfish", driver_info=info)["uuid"]
        self.provision(node, "manage", "manageable")
        until("its health is known", lambda: self.get("/v1/nodes/" + node, VERSION)["health"] == "OK")
        until("the node is free", lambda: self.call("DELETE", "/v1/nodes/" + node).status == 204)
