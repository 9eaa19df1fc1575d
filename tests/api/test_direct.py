"""Deploys with an agent, without machines: the test plays the machine that asks for its boot script, and its agent.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import functools
import gzip
import hashlib
import http.client
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import unittest
import urllib.parse
import uuid

import faults_support
from faults_support import until

MAC = "52:54:00:dd:00:01"
MACHINE, STRANGER = "127.0.0.1", "127.0.0.2"  # of which the kernel cannot tell whose they are
IMAGE = b"an image of a disk\n" * 1000
EXTRA = {"step": "label_disks", "interface": "deploy", "priority": 70, "reboot_requested": False, "abortable": True}

CLEAN = [{"step": name, "interface": "deploy", "priority": priority, "reboot_requested": False, "abortable": True,
          "argsinfo": {"seconds": {"description": "How long.", "required": False}}}
         for name, priority in (("erase_devices", 10), ("erase_devices_metadata", 99), ("burnin_cpu", 0))]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def make_certificate(folder, name):
    """Paths of a self-signed certificate and of its key."""
    paths = ["%s/%s.%s" % (folder, name, ending) for ending in ("crt", "key")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=" + name, "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths


class Agent:
    """An agent that ends each command at once; `answers` overrides the result of a step."""

    def __init__(self, suite, certificate):
        self.suite, self.given, self.results, self.answers, self.refused = suite, [], [], {}, 0
        self.taken = {}  # what happens when a command was taken, before it is answered; once
        self.token = None
        self.certificate = open(certificate[0], encoding="utf-8").read()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.handle_error = lambda *about: None  # a daemon that is killed goes away
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = "https://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def handler(self):
        agent = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *words):
                pass

            def answer(self, status, body):
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def allowed(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                good = query.get("agent_token") == [agent.token]
                if not good:
                    agent.refused += 1
                    self.answer(401, {"faultstring": "Token invalid."})
                return good

            def do_GET(self):
                if self.allowed():
                    self.answer(200, {"commands": agent.results})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.allowed():
                    result = agent.take(body["name"], body["params"])
                    agent.taken.pop(agent.names()[-1], lambda: None)()
                    self.answer(200, result)

        return Handler

    def take(self, name, params):
        self.given.append((name, params))
        result = {"id": str(uuid.uuid4()), "command_name": name.split(".")[1], "command_status": "SUCCEEDED",
                  "command_error": None, "command_result": {"result": "done"}}
        if name == "deploy.get_deploy_steps":
            result["command_result"] = {"deploy_steps": {"M": [EXTRA]}, "hardware_manager_version": {"M": "1.0"}}
        elif name == "deploy.execute_deploy_step":
            result["command_result"] = {"deploy_result": None, "deploy_step": params["step"]}
            result.update(self.answers.get(params["step"]["step"], {}))
        elif name == "clean.get_clean_steps":
            result["command_result"] = {"clean_steps": {"M": CLEAN}, "hardware_manager_version": {"M": "1.0"}}
        elif name == "clean.execute_clean_step":
            result["command_result"] = {"clean_result": None, "clean_step": params["step"]}
            result.update(self.answers.get(params["step"]["step"], {}))
        elif name == "standby.get_partition_uuids":
            result["command_result"] = {}
        self.results.append(result)
        return result

    def names(self):
        return [name if "step" not in params else "%s %s" % (name, params["step"]["step"]) for name, params in self.given]

    def call(self):
        """One heartbeat."""
        return self.suite.call("POST", "/v1/heartbeat/" + self.suite.uuid,
                               {"callback_url": self.url, "agent_version": "9.0", "agent_token": self.token,
                                "agent_verify_ca": self.certificate}, version="1.72").status


class Direct(faults_support.Suite):
    @classmethod
    def setUpClass(cls):
        cls.boot_port = free_port()
        cls.place = cls.temporary_folder()
        for name in ("kernel", "ramdisk"):
            with open(cls.place + "/" + name, "wb") as file:
                file.write(name.encode() * 100)
        with open(cls.place + "/image", "wb") as file:
            file.write(IMAGE)
        cls.certificates = [make_certificate(cls.place, name) for name in ("agent", "other")]
        cls.options = ("boot_server.enabled=true", "boot_server.port=%d" % cls.boot_port, "conductor.automated_clean=false",
                       "deploy.http_url=http://127.0.0.1:%d" % cls.boot_port, "conductor.sync_power_state_interval=0",
                       "deploy.external_callback_url=http://192.0.2.9:6385", "pxe.kernel_append_params=console=ttyS0 quiet",
                       "conductor.deploy_kernel=file://%s/kernel" % cls.place,
                       "conductor.deploy_ramdisk=file://%s/ramdisk" % cls.place,
                       "conductor.file_url_allowed_paths=%s" % cls.place,
                       "agent.command_timeout=20", "DEFAULT.debug=true", "deploy.default_boot_mode=bios",
                       "agent.post_deploy_get_power_state_retries=0")
        super().setUpClass()

    def setUp(self):
        self.uuid = self.node(driver="fake-hardware", deploy_interface="direct", boot_interface="ipxe")["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC})
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.ask(self.uuid, verb)
            self.rest(self.uuid, state)

    def tearDown(self):
        self.when_free(202, "PUT", "/v1/nodes/%s/maintenance" % self.uuid, {"reason": "the test is over"})
        self.when_free(204, "DELETE", "/v1/nodes/" + self.uuid)

    def when_free(self, status, method, path, body=None):
        """Retries while the node is locked: a machine's request is noted a moment later, under the lock."""
        def asked():
            answer = self.call(method, path, body)
            if answer.status != 409:
                self.assertEqual(answer.status, status, answer.body[:1000])
            return answer.status == status
        until("%s %s is taken" % (method, path), asked)

    def info(self, **values):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/instance_info/" + name, "value": value}
                                                           for name, value in values.items()])

    # -- the machine

    def fetch(self, path, address=MACHINE):
        connection = http.client.HTTPConnection("127.0.0.1", self.boot_port, timeout=10, source_address=(address, 0))
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.read() if answer.status == 200 else b""
        finally:
            connection.close()

    def script(self, address=MACHINE):
        return self.fetch("/boot/%s.ipxe" % MAC.replace(":", "-"), address).decode()

    def boots(self, certificate=0, state="wait call-back"):
        """The machine has started: it gets its script, and its agent is ready to call."""
        self.rest(self.uuid, state)
        script = until("the boot script", self.script)
        agent = Agent(self, self.certificates[certificate])
        self.addCleanup(agent.close)
        agent.token = re.search(r"ipa-agent-token=(\S+)", script).group(1)
        return agent, script

    def calls_until(self, agent, state):
        """Heartbeats until the node is in a state; the node."""
        def look():
            node = self.get("/v1/nodes/" + self.uuid)
            if node["provision_state"] in ("wait call-back", "clean wait") and node["reservation"] is None:
                self.assertIn(agent.call(), (202, 400))  # 400: it was forgotten meanwhile
            if node["provision_state"].endswith("failed") and node["provision_state"] != state:
                raise AssertionError(node["last_error"])
            return node if node["provision_state"] == state and node["reservation"] is None else None
        return until("the node becomes " + state, look)

    # -- tests

    def test_an_image_is_written_and_the_machine_started_twice(self):
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        agent, script = self.boots()
        node = self.calls_until(agent, "active")
        self.assertEqual(agent.names(), ["deploy.get_deploy_steps", "deploy.execute_deploy_step write_image",
                                         "deploy.execute_deploy_step label_disks", "standby.get_partition_uuids",
                                         "standby.power_off"])
        self.assertEqual(agent.refused, 0)
        told = agent.given[1][1]
        info = told["step"]["args"]["image_info"]
        self.assertEqual(info["urls"], ["http://127.0.0.1:%d/agent_images/%s" % (self.boot_port, self.uuid)])
        self.assertEqual((info["os_hash_algo"], info["os_hash_value"]), ("sha256", hashlib.sha256(IMAGE).hexdigest()))
        self.assertEqual((info["disk_format"], info["node_uuid"]), ("raw", self.uuid))
        self.assertEqual(told["node"]["uuid"], self.uuid)
        self.assertEqual(told["ports"][0]["address"], MAC)
        self.assertEqual(told["deploy_version"], {"M": "1.0"})
        self.assertEqual((node["power_state"], node["instance_info"]["image_type"]), ("power on", "whole-disk"))
        self.assertEqual(self.fetch("/agent_images/" + self.uuid), b"")  # nobody needs it any more
        self.assertNotIn("kernel", self.script())
        self.assertNotIn(agent.token, self.steel.text())

    def test_the_script_has_the_ramdisk_and_the_token_and_is_for_the_machine_alone(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/driver_info/kernel_append_params",
                                                            "value": "%default% ipa-debug=1"}])
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        agent, script = self.boots()
        line = re.search(r"^kernel --name deploy_kernel (\S+) (.*) initrd=deploy_ramdisk", script, re.M)
        self.assertEqual(line.group(1), "../%s/deploy_kernel" % self.uuid)
        for word in ("console=ttyS0", "quiet", "ipa-debug=1", "ipa-api-url=http://192.0.2.9:6385",
                     "BOOTIF=01-" + MAC.replace(":", "-"), "ipa-agent-token=" + agent.token):
            self.assertIn(word, line.group(2).split())
        self.assertEqual(self.fetch("/%s/deploy_kernel" % self.uuid), b"kernel" * 100)
        self.assertEqual(self.fetch("/%s/deploy_ramdisk" % self.uuid), b"ramdisk" * 100)
        self.assertEqual(self.fetch("/agent_images/" + self.uuid), IMAGE)
        self.assertEqual(self.script(), script)  # it asks again: nothing is new
        self.assertNotIn("ipa-agent-token", self.script(STRANGER))
        found = self.get("/v1/lookup?node_uuid=" + self.uuid)
        self.assertEqual(found["config"]["agent_token"], "******")
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "deleted"})
        self.rest(self.uuid, "available")
        self.assertEqual(self.fetch("/%s/deploy_kernel" % self.uuid), b"")
        self.assertEqual(self.fetch("/agent_images/" + self.uuid), b"")

    def test_the_lookup_gives_no_token_before_the_machine_has_asked(self):
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        self.assertEqual(self.get("/v1/lookup?node_uuid=" + self.uuid)["config"]["agent_token"], "******")
        self.assertIn("ipa-agent-token=", until("the boot script", self.script))

    def test_the_agent_s_failure_text_is_the_node_s_last_error(self):
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        agent.answers["write_image"] = {"command_status": "FAILED", "command_error": {
            "type": "ImageWriteError", "code": 500, "message": "Error writing image to device",
            "details": "Writing image to device /dev/vda failed: no space left"}}
        node = self.calls_until(agent, "deploy failed")
        self.assertIn("no space left", node["last_error"])
        self.assertIn("write_image", node["last_error"])

    def test_an_agent_with_another_key_than_its_certificate_s_gets_nothing(self):
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        agent, _ = self.boots(certificate=1)
        agent.certificate = open(self.certificates[0][0], encoding="utf-8").read()
        self.assertEqual(agent.call(), 202)
        until("the log says why", lambda: "public key" in self.steel.text())
        self.rest(self.uuid, "wait call-back")
        self.assertEqual(agent.given, [])

    def clean(self):
        """Cleans the node automatically, as `provide` does."""
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/automated_clean", "value": True}])
        self.ask(self.uuid, "provide")

    def test_the_agent_s_clean_steps_run_in_their_order(self):
        self.clean()
        agent, _ = self.boots(state="clean wait")
        node = self.calls_until(agent, "available")
        self.assertEqual(agent.names(), ["clean.get_clean_steps", "clean.execute_clean_step erase_devices_metadata",
                                         "clean.execute_clean_step erase_devices"])
        self.assertEqual(node["power_state"], "power off")
        self.assertNotIn("kernel", self.script())
        self.assertEqual(self.fetch("/%s/deploy_kernel" % self.uuid), b"")

    def test_a_failed_clean_step_is_reported_in_the_agent_s_words(self):
        self.clean()
        agent, _ = self.boots(state="clean wait")
        agent.answers["erase_devices"] = {"command_status": "FAILED", "command_error": {
            "type": "BlockDeviceEraseError", "code": 500, "message": "Error erasing block device",
            "details": "Failed to erase /dev/sda: the drive is frozen"}}
        node = self.calls_until(agent, "clean failed")
        self.assertIn("the drive is frozen", node["last_error"])

    def test_manual_cleaning_runs_what_the_operator_names(self):
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.want(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid,
                  {"target": "clean", "clean_steps": [{"interface": "deploy", "step": "burnin_cpu", "args": {"seconds": 5}}]})
        agent, _ = self.boots(state="clean wait")
        self.calls_until(agent, "manageable")
        self.assertEqual(agent.names(), ["clean.get_clean_steps", "clean.execute_clean_step burnin_cpu"])
        self.assertEqual(agent.given[1][1]["step"]["args"], {"seconds": 5})

    def test_a_killed_daemon_resumes_and_writes_nothing_twice(self):
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        self.steel.kill()  # while the machine boots
        self.steel.again()
        agent.answers["write_image"] = {"command_status": "RUNNING", "command_result": None}

        def writes():
            if self.get("/v1/nodes/" + self.uuid)["reservation"] is None:
                agent.call()
            return "deploy.execute_deploy_step write_image" in agent.names()

        until("the agent is told to write", writes)
        self.rest(self.uuid, "wait call-back")
        self.steel.kill()  # while it writes
        self.steel.again()
        self.assertEqual(agent.call(), 202)
        self.rest(self.uuid, "wait call-back")
        agent.results[-1].update(command_status="SUCCEEDED", command_result={"deploy_step": agent.given[-1][1]["step"]})
        self.calls_until(agent, "active")
        self.assertEqual(agent.names().count("deploy.execute_deploy_step write_image"), 1)

    def test_a_command_that_the_agent_has_taken_is_not_given_again_after_kill_9(self):
        self.info(image_source="file://%s/image" % self.place, capabilities={"boot_mode": "uefi"})
        commands = ("deploy.execute_deploy_step write_image", "deploy.execute_deploy_step label_disks", "image.install_bootloader")
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        killed = []

        def die(command):
            killed.append(command)
            self.steel.kill()  # the answer reaches nobody

        for command in commands:
            agent.taken[command] = functools.partial(die, command)
        for number, command in enumerate(commands):
            def is_killed():
                try:
                    if self.get("/v1/nodes/" + self.uuid)["reservation"] is None:
                        agent.call()
                except (OSError, http.client.HTTPException):
                    pass
                return len(killed) > number
            until("the daemon dies in " + command, is_killed)
            self.steel.again()
        self.calls_until(agent, "active")
        self.assertEqual([agent.names().count(command) for command in commands], [1, 1, 1], agent.names())

    def test_an_operator_s_wrong_word_is_refused_before_any_work(self):
        url = "http://192.0.2.1/image"
        digest = "ab" * 32
        for values, words in (
                ({}, "Missing are: ['instance_info.image_source']"),
                ({"image_source": url}, '"image_os_hash_algo" and "image_os_hash_value" must be provided'),
                ({"image_source": url, "image_os_hash_algo": "sha256"}, "must be provided in instance_info for node"),
                ({"image_source": url, "image_checksum": "xyz"}, "neither a checksum in hexadecimal digits nor a URL"),
                ({"image_source": url, "image_os_hash_algo": "crc", "image_os_hash_value": digest}, "sha256 or sha512"),
                ({"image_source": url, "image_checksum": digest, "image_type": "tape"}, 'Invalid image_type "tape"'),
                ({"image_source": url, "image_checksum": digest, "image_download_source": "carrier"},
                 'Invalid value for image_download_source: "carrier"'),
                ({"image_source": url, "image_checksum": digest, "image_download_source": "swift"},
                 "images of Swift cannot be deployed yet; take http"),
                ({"image_source": url, "image_checksum": digest, "configdrive": "no drive!"}, "the config drive is not"),
                ({"image_source": url, "image_checksum": digest, "configdrive": "H4sI"}, "not compressed by gzip, or it is damaged"),
                ({"image_source": url, "image_checksum": digest, "configdrive": 7}, "a URL, base64 text or an object"),
                ({"image_source": url, "image_checksum": digest, "image_type": "partition"}, "instance_info.root_gb"),
                ({"image_source": "glance://x", "image_checksum": digest}, "no http://, https:// or file:// URL")):
            self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/instance_info", "value": values}])
            shown = self.get("/v1/nodes/%s/validate" % self.uuid)["deploy"]
            self.assertFalse(shown["result"], values)
            self.assertIn(words, shown["reason"])
        self.info(image_source=url, image_checksum=digest, image_type="whole-disk", image_download_source="http")
        self.assertTrue(self.get("/v1/nodes/%s/validate" % self.uuid)["deploy"]["result"])

    def test_a_config_drive_that_is_described_is_built_for_the_agent(self):
        self.info(image_source="file://%s/image" % self.place, configdrive={"meta_data": {"name": "one"}, "user_data": "hello"})
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        told = agent.given[1][1]["step"]["args"]
        self.assertIn(b"hello", gzip.decompress(base64.b64decode(told["configdrive"])))

    def test_a_file_outside_of_the_allowed_folders_is_not_served(self):
        os.symlink("/etc/passwd", self.place + "/link")
        self.addCleanup(os.unlink, self.place + "/link")
        for source in ("file:///etc/passwd", "file://%s/link" % self.place, "file://%s/../../etc/passwd" % self.place):
            self.info(image_source=source)
            self.ask(self.uuid, "active")
            node = self.rest(self.uuid, "deploy failed")
            self.assertIn("file_url_allowed_paths", node["last_error"])


if __name__ == "__main__":
    unittest.main()
