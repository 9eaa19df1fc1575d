"""Firmware updates by an iLO, and by HPE's Smart Update Manager next to an agent: the daemon against steel-lab's iLO, the test as the
machine and its agent.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import hashlib
import http.server
import os
import threading
import unittest
import urllib.parse

from faults_support import until
from ilo_support import IloSuite

CONTENT = b"firmware of an iLO" * 1000
MD5 = hashlib.md5(CONTENT).hexdigest()
TASKS = "/redfish/v1/TaskService/Tasks"


class Firmware(IloSuite):
    uri_member = "ImageURI"

    def setUp(self):
        super().setUp()
        for name in ("ilo.bin", "bios.bin"):
            with open(os.path.join(self.place, name), "wb") as file:
                file.write(CONTENT)

    def image(self, name="ilo.bin", **more):
        return dict({"url": "file://%s/%s" % (self.place, name), "checksum": MD5, "component": "ilo"}, **more)

    @staticmethod
    def args(*images, mode="ilo"):
        return {"firmware_update_mode": mode, "firmware_images": list(images)}

    def updates(self):
        """The URLs that the iLO was told to fetch."""
        members = self.bmc_get(TASKS)["Members"]
        return [self.bmc_get(member["@odata.id"])["Payload"][self.uri_member] for member in members]

    def test_files_are_installed_one_after_the_other_from_steels_own_server(self):
        self.bmc.set("task-ms=2000")
        node = self.without_agent("update_firmware", self.args(self.image(), self.image("bios.bin", component="BIOS")))
        urls = [urllib.parse.urlsplit(url) for url in self.updates()]
        self.assertEqual([(url.port, os.path.basename(url.path)) for url in urls],
                         [(self.boot_port, "ilo.bin"), (self.boot_port, "bios.bin")])
        # The files go with the step.
        self.assertEqual(self.fetch(urls[0].path), b"")
        self.assertNotIn("ilo_work", node["driver_internal_info"])

    def test_the_file_is_there_while_the_ilo_needs_it(self):
        self.bmc.set("task-ms=3600000")
        self.request("update_firmware", self.args(self.image()), disable_ramdisk=True)
        path = urllib.parse.urlsplit(until("the iLO is told", self.updates)[0]).path
        self.assertEqual(self.fetch(path), CONTENT)
        self.bmc.set("task-ms=0", "task-fails=1")
        node = self.rest(self.uuid, "clean failed")
        self.assertIn("Unable to update firmware: the iLO says Error", node["last_error"])
        self.assertEqual(self.fetch(path), b"")

    def test_what_is_wrong_with_the_images_is_said(self):
        for args, words in ((self.args(self.image(), mode="bmc"), "'ilo' is the only supported firmware update mode."),
                            (self.args(), "firmware_images must be a list"),
                            (self.args({"url": "file:///x", "checksum": MD5}), "missing the required component field"),
                            (self.args(self.image(component="nic")), "Supported values are: ilo, cpld, power_pic, bios, chassis"),
                            (self.args(self.image(url="http://127.0.0.1/CP012345.scexe")), ".scexe files are not unpacked"),
                            (self.args(self.image(checksum=MD5[::-1])), "the md5 checksum of the firmware file is " + MD5)):
            self.fails("update_firmware", args, words)
        self.assertEqual(self.bmc_get(TASKS)["Members"], [])


class FirmwareOfAnIlo4(Firmware):
    bmc_words = ("--bmc", "ilo4", "--uefi")
    driver = "ilo"
    uri_member = "FirmwareURI"


class FirmwareOfAGen8(IloSuite):
    bmc_words = ("--bmc", "ilo4-gen8")
    driver = "ilo"

    def test_a_gen8_says_that_it_cannot(self):
        with open(os.path.join(self.place, "ilo.bin"), "wb") as file:
            file.write(CONTENT)
        self.fails("update_firmware", Firmware.args({"url": "file://%s/ilo.bin" % self.place, "checksum": MD5, "component": "ilo"}),
                   "this machine's iLO does not have firmware updates by URL")


class Isos(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_):
        pass


class SmartUpdateManager(IloSuite):
    own_options = IloSuite.own_options + ("agent.deploy_logs_collect=always",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.isos = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Isos)
        threading.Thread(target=cls.isos.serve_forever, daemon=True).start()
        cls.iso = "http://127.0.0.1:%d/spp.iso" % cls.isos.server_address[1]

    @classmethod
    def tearDownClass(cls):
        cls.isos.shutdown()
        cls.isos.server_close()
        super().tearDownClass()

    def logs(self):
        folder = os.path.join(self.steel.folder, "deploy_logs")
        return [name for name in sorted(os.listdir(folder)) if "update_firmware_sum" in name] if os.path.isdir(folder) else []

    def test_the_agent_gets_the_step_with_the_iso_in_the_drive(self):
        args = {"url": self.iso, "checksum": MD5, "components": ["cp1.scexe"]}
        self.request("update_firmware_sum", args)
        agent = self.boots(state="clean wait")[0]
        agent.clean_steps = []
        agent.answers["update_firmware_sum"] = {"command_result": {"clean_result": {
            "Summary": "ok", "Log Data": base64.b64encode(b"log of SUM").decode()}, "clean_step": {
                "step": "update_firmware_sum", "interface": "management"}}}
        self.calls_until(agent, "manageable")
        given = dict(agent.given)["clean.execute_clean_step"]["step"]
        self.assertEqual((given["interface"], given["step"], given["args"]), ("management", "update_firmware_sum", args))
        self.assertEqual(self.bmc_get("/redfish/v1/Managers/1/VirtualMedia/2")["Image"], self.iso)
        self.assertEqual(len(self.logs()), 1)

    def test_what_the_agent_answers_is_told(self):
        self.request("update_firmware_sum", {"url": self.iso, "checksum": MD5})
        agent = self.boots(state="clean wait")[0]
        agent.answers["update_firmware_sum"] = {"command_status": "FAILED", "command_error": {"message": "no SUM on the ISO"}}
        node = self.calls_until(agent, "clean failed")
        self.assertIn("the agent has no step update_firmware_sum", node["last_error"])
        self.assertIn("It says: ", node["last_error"])
        self.assertIn("no SUM on the ISO", node["last_error"])

    def test_an_agent_with_the_step_fails_in_its_own_words(self):
        self.request("update_firmware_sum", {"url": self.iso, "checksum": MD5})
        agent = self.boots(state="clean wait")[0]
        agent.clean_steps = [{"step": "update_firmware_sum", "interface": "management", "priority": 0}]
        agent.answers["update_firmware_sum"] = {"command_status": "FAILED", "command_error": {"message": "no SUM on the ISO"}}
        node = self.calls_until(agent, "clean failed")
        self.assertNotIn("has no step", node["last_error"])
        self.assertIn("no SUM on the ISO", node["last_error"])

    def test_wrong_arguments_are_said_before_anything_is_done(self):
        for args, words in (({"url": self.iso, "checksum": MD5, "components": ["cp1.bin"]}, "The valid file extensions are"),
                            ({"url": "file:///spp.iso", "checksum": MD5}, "the iLO fetches it")):
            self.request("update_firmware_sum", args)
            node = self.calls_until(self.boots(state="clean wait")[0], "clean failed")
            self.assertIn(words, node["last_error"])
            self.recover()
        self.assertFalse(self.bmc_get("/redfish/v1/Managers/1/VirtualMedia/2")["Inserted"])


if __name__ == "__main__":
    unittest.main()
