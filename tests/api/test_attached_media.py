"""Images that users attach to the virtual drives of a machine, over Redfish and with an iLO.

SPDX-License-Identifier: Apache-2.0
"""
import urllib.request

import harness
from faults_support import until
from media_support import SECRET, IloMediaSuite, MediaSuite

VERSION = "1.115"
ISO = "http://192.0.2.1/own.iso"


class Attached:
    def media(self, path=""):
        return "/v1/nodes/%s/vmedia%s" % (self.uuid, path)

    def attach(self, **body):
        self.when_free(204, "POST", self.media(), body)

    def detach(self, query=""):
        self.when_free(204, "DELETE", self.media(query))

    def test_an_image_is_attached_seen_and_detached(self):
        self.attach(device_type="cdrom", image_url=ISO, image_download_source="http")
        until("it is in", lambda: self.drive("cd") == ISO)
        found = self.get(self.media(), VERSION)
        inserted = [drive for drive in found if drive["inserted"]]
        self.assertEqual([drive["image"] for drive in inserted], [ISO])
        self.assertIn("CD", inserted[0]["media_types"])
        self.attach(device_type="floppy", image_url="http://192.0.2.1/a.img", image_download_source="http")
        until("the other one is in", lambda: self.drive("floppy"))
        self.detach("?device_types=cdrom")
        until("it is out", lambda: self.drive("cd") is None)
        self.assertIsNotNone(self.drive("floppy"))
        self.detach()
        until("all is out", lambda: self.drive("floppy") is None)
        self.assertIsNone(self.wait_node(self.uuid, reservation=None)["last_error"])

    def test_the_image_is_served_from_here_unless_told_otherwise(self):
        with open(self.steel.folder + "/http/own.iso", "wb") as file:
            file.write(b"an ISO of a user")
        url = "http://127.0.0.1:%d/own.iso" % self.boot_port
        self.attach(device_type="cdrom", image_url=url)
        until("it is in", lambda: self.drive("cd"))
        self.assertNotEqual(self.drive("cd"), url)
        with urllib.request.urlopen(self.drive("cd"), timeout=harness.LIMIT_S) as answer:
            self.assertEqual(answer.read(), b"an ISO of a user")
        shown = [drive["image"] for drive in self.get(self.media(), VERSION) if drive["inserted"]]
        self.assertIn("/virtual_media/.../", shown[0])
        self.assertEqual(len(self.published()), 1)
        self.detach()
        until("it is out", lambda: self.drive("cd") is None)
        until("nothing is served any more", lambda: not self.published())

    def test_what_goes_wrong_is_in_last_error(self):
        self.attach(device_type="cdrom", image_url="http://127.0.0.1:1/own.iso")
        node = until("it has failed", lambda: self.wait_node(self.uuid, reservation=None) if
                     self.get("/v1/nodes/" + self.uuid)["last_error"] else None)
        self.assertIn("Could not attach device cdrom to node " + self.uuid, node["last_error"])
        self.assertIsNone(self.drive("cd"))
        self.attach(device_type="cdrom", image_url=ISO, image_download_source="http")
        until("it is in", lambda: self.drive("cd") == ISO)
        self.assertIsNone(self.wait_node(self.uuid, reservation=None)["last_error"])
        self.detach()


class Redfish(Attached, MediaSuite):
    def test_a_bmc_that_refuses_an_image_tells_no_secret(self):
        with open(self.steel.folder + "/http/own.iso", "wb") as file:
            file.write(b"an ISO of a user")
        self.bmc.set("refuse-insert=400")
        self.attach(device_type="cdrom", image_url="http://127.0.0.1:%d/own.iso" % self.boot_port)
        until("it has failed", lambda: self.get("/v1/nodes/" + self.uuid)["last_error"])
        self.assertNotRegex(self.get("/v1/nodes/" + self.uuid)["last_error"], SECRET)
        self.assertNotRegex(self.steel.text(), SECRET)

    def test_what_is_wrong_is_refused(self):
        good = {"device_type": "cdrom", "image_url": ISO}
        for more in ({"device_type": "CDROM"}, {"device_type": "usb"}, {"device_type": 5}, {"image_url": "ftp://x/a.iso"}, {"image_url": "a.iso"},
                     {"image_url": ""}, {"image_url": 5}, {"image_url": "http://x/" + "a" * 5000}, {"image_download_source": "x"}, {"username": "u"}):
            self.refuse(400, "POST", self.media(), {**good, **more}, VERSION)
        for body in ({}, {"device_type": "cdrom"}, {"image_url": ISO}, [], "x"):
            self.refuse(400, "POST", self.media(), body, VERSION)
        for query in ("?device_types=usb", "?device_types=cdrom,usb", "?device_type=cdrom"):
            self.refuse(400, "DELETE", self.media(query), version=VERSION)
        self.refuse(404, "POST", "/v1/nodes/nobody/vmedia", good, VERSION)

    def test_routes_have_their_versions(self):
        good = {"device_type": "cdrom", "image_url": ISO, "image_download_source": "http"}
        self.refuse(404, "GET", self.media(), version="1.88")
        self.refuse(404, "GET", self.media(), version="1.92")
        self.want(200, "GET", self.media(), version="1.93")
        self.refuse(404, "POST", self.media(), good, "1.88")
        self.refuse(404, "DELETE", self.media(), version="1.88")
        for method in ("PUT", "PATCH"):
            self.refuse(405, method, self.media(), {}, VERSION)

    def test_openstacksdk_names_drives_in_the_body(self):
        self.attach(device_type="cdrom", image_url=ISO, image_download_source="http")
        until("it is in", lambda: self.drive("cd") == ISO)
        self.when_free(204, "DELETE", self.media(), {"device_types": "cdrom"})
        until("it is out", lambda: self.drive("cd") is None)


class Ilo(Attached, IloMediaSuite):
    pass


class Without(harness.Suite):
    def test_a_driver_without_drives_says_so(self):
        node = self.node()["uuid"]
        self.refuse(400, "GET", "/v1/nodes/%s/vmedia" % node, version=VERSION)
        self.want(204, "POST", "/v1/nodes/%s/vmedia" % node, {"device_type": "cdrom", "image_url": ISO, "image_download_source": "http"}, VERSION)
        until("it has failed", lambda: self.get("/v1/nodes/" + node)["last_error"])
        self.assertIn("does not support", self.wait_node(node, reservation=None)["last_error"])
