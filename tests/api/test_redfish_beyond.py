"""Firmware, event subscriptions and media of machines behind Redfish: the daemon against steel-lab's simulated BMC.

SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import os
import unittest
import urllib.parse

import ramdisk_support
import simulated_bmc
from faults_support import until
from ramdisk_support import MAC

CONTENT = b"firmware of the BMC" * 1000
SHA1 = hashlib.sha1(CONTENT).hexdigest()


class Beyond(ramdisk_support.Suite):
    own_options = ("enabled_hardware_types=redfish,fake-hardware", "redfish.firmware_update_status_interval=1",
                   "redfish.connection_retry_interval=1", "redfish.connection_attempts=2")

    def setUp(self):
        self.bmc = simulated_bmc.Bmc()
        self.addCleanup(self.bmc.stop)
        info = self.bmc.access()
        self.uuid = self.node(driver="redfish", driver_info=info, boot_interface="ipxe")["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC})
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        with open(self.place + "/bmc.bin", "wb") as file:
            file.write(CONTENT)
        self.url = "file://%s/bmc.bin" % self.place

    # -- firmware

    def update(self, *images, state="manageable"):
        """A cleaning that updates firmware; the agent of each start calls until the node is in the state."""
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "clean", "clean_steps": [
            {"interface": "management", "step": "update_firmware", "args": {"firmware_images": list(images)}}]})
        agents, starts = [], []

        def turn():
            node = self.get("/v1/nodes/" + self.uuid)
            if node["provision_state"].endswith("failed") and node["provision_state"] != state:
                raise AssertionError(node["last_error"])
            if node["provision_state"] == "clean wait" and node["reservation"] is None:
                if not agents or self.bmc.status()["posts"] > starts[-1]:  # each start has a token of its own
                    agents.append(self.boots(state="clean wait")[0])
                    starts.append(self.bmc.status()["posts"])
                self.assertIn(agents[-1].call(), (202, 400))
            return node if node["provision_state"] == state and node["reservation"] is None else None
        return until("the node becomes " + state, turn)

    def updates(self):
        """What the BMC was told to fetch."""
        members = self.bmc.ask("GET", "/redfish/v1/TaskService/Tasks").json["Members"]
        return [self.bmc.ask("GET", member["@odata.id"]).json for member in members]

    def test_components_are_updated_in_order_from_steels_own_server(self):
        self.bmc.set("task-ms=1500")
        node = self.update({"url": self.url, "checksum": SHA1}, {"url": "http://192.0.2.1/bios.bin", "checksum": "x", "wait": 1})
        tasks = self.updates()
        self.assertEqual([task["TaskState"] for task in tasks], ["Completed", "Completed"])
        own, other = [urllib.parse.urlsplit(task["Payload"]["ImageURI"]) for task in tasks]
        self.assertEqual((own.port, os.path.basename(own.path)), (self.boot_port, "bmc.bin"))
        self.assertEqual(other.geturl(), "http://192.0.2.1/bios.bin")
        # The file goes with the step.
        self.assertEqual(self.fetch(own.path), b"")
        self.assertNotIn("firmware_updates", node["driver_internal_info"])

    def test_the_file_is_there_while_the_bmc_needs_it(self):
        self.bmc.set("task-ms=3600000")
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "clean", "clean_steps": [
            {"interface": "management", "step": "update_firmware", "args": {"firmware_images": [{"url": self.url, "checksum": SHA1}]}}]})
        self.boots(state="clean wait")[0].call()
        path = urllib.parse.urlsplit(until("the BMC is told", self.updates)[0]["Payload"]["ImageURI"]).path
        self.rest(self.uuid, "clean wait")  # after the reboot: before it, it was in this state as well
        agent = self.boots(state="clean wait")[0]
        self.assertEqual(self.fetch(path), CONTENT)
        self.bmc.set("task-fails=1,task-ms=0")
        agent.call()
        node = self.rest(self.uuid, "clean failed")
        self.assertIn("ended as Exception", node["last_error"])
        self.assertEqual(self.fetch(path), b"")

    def test_a_wrong_checksum_stops_before_the_bmc_is_told(self):
        node = self.update({"url": self.url, "checksum": SHA1[::-1]}, state="clean failed")
        self.assertIn("the sha1 checksum of the firmware file is " + SHA1, node["last_error"])
        self.assertEqual(self.updates(), [])

    def test_what_is_wrong_with_the_images_is_said(self):
        for images, words in (([{"url": self.url}], "needs url and checksum"), ([{"url": self.url, "checksum": SHA1, "wait": 0}], "wait"),
                              ([{"url": self.url, "checksum": SHA1, "more": 1}], "more is not known"),
                              ([{"url": "swift://c/o", "checksum": SHA1}], "Swift"),
                              ([{"url": self.url, "checksum": SHA1, "source": "ftp"}], "source must be")):
            with self.subTest(words):
                self.assertIn(words, self.update(*images, state="clean failed")["last_error"])
                self.want(202, "DELETE", "/v1/nodes/%s/maintenance" % self.uuid)
                self.ask(self.uuid, "manage")
                self.rest(self.uuid, "manageable")

    # -- vendor passthru

    def vendor(self, status, http, method, body=None, query=""):
        return self.want(status, http, "/v1/nodes/%s/vendor_passthru/%s%s" % (self.uuid, method, query), body)

    def test_subscriptions_are_made_listed_shown_and_deleted(self):
        made = self.vendor(200, "POST", "create_subscription", {"Destination": "https://192.0.2.9/events", "Context": "mine"})
        self.assertEqual({key: made[key] for key in ("Destination", "Protocol", "Context", "EventTypes")},
                         {"Destination": "https://192.0.2.9/events", "Protocol": "Redfish", "Context": "mine", "EventTypes": ["Alert"]})
        listed = self.vendor(200, "GET", "get_all_subscriptions")
        self.assertEqual([os.path.basename(member["@odata.id"]) for member in listed["Members"]], [made["Id"]])
        self.assertEqual(self.vendor(200, "GET", "get_subscription", query="?id=" + made["Id"]), made)
        self.vendor(200, "DELETE", "delete_subscription", {"id": made["Id"]})
        self.assertEqual(self.bmc.ask("GET", "/redfish/v1/EventService/Subscriptions").json["Members"], [])

    def test_bad_subscriptions_are_refused(self):
        for body, words in (({}, "Destination None"), ({"Destination": "events"}, "not a valid URI"),
                            ({"Destination": "http://a/", "EventTypes": ["Nonsense"]}, "allowed values"),
                            ({"Destination": "http://a/", "EventTypes": "Alert"}, "EventTypes must be"),
                            ({"Destination": "http://a/", "Context": 1}, "Context must be"),
                            ({"Destination": "http://a/", "HttpHeaders": "x"}, "HttpHeaders must be")):
            with self.subTest(words):
                self.assertIn(words, str(self.vendor(400, "POST", "create_subscription", body)))
        self.assertIn("name the subscription", str(self.vendor(400, "DELETE", "delete_subscription")))
        self.assertEqual(self.bmc.ask("GET", "/redfish/v1/EventService/Subscriptions").json["Members"], [])

    def test_media_are_ejected(self):
        cd = "/redfish/v1/Managers/1/VirtualMedia/Cd"
        for body in ({}, {"boot_device": "cd"}):
            self.assertEqual(self.bmc.ask("POST", cd + "/Actions/VirtualMedia.InsertMedia", {"Image": "http://192.0.2.1/a.iso"}).status, 204)
            self.vendor(202, "POST", "eject_vmedia", body)
            until("the drive is empty", lambda: not self.bmc.ask("GET", cd).json["Inserted"])
            self.wait_node(self.uuid, reservation=None)


if __name__ == "__main__":
    unittest.main()
