"""Deploys with an agent that writes the image, without machines.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import functools
import gzip
import hashlib
import http.client
import os
import re
import subprocess
import threading
import unittest

import harness
from deploy_support import IMAGE, DeploySuite, make_qcow2
from faults_support import until
from image_server import ImageServer
from ramdisk_support import MAC, STRANGER


class Direct(DeploySuite):
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
        for word in ("cryptomgr.notests", "console=ttyS0", "quiet", "ipa-debug=1", "ipa-api-url=http://127.0.0.1:%d" % self.api_port,
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
        self.change(automated_clean=True)
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

    def left(self):
        """What the node still remembers that ends with a step, an operation or an agent's life; the table says which."""
        with open(os.path.join(harness.ROOT, "src/model/internal_info.def"), encoding="utf-8") as table:
            rows = re.findall(r'^INFO\(\w+, +"(\w+)", +\w+, +(\w+),', table.read(), re.M)
        self.assertGreater(len(rows), 40)
        temporary = {key for key, lifetime in rows if lifetime in ("STEP", "OPERATION", "AGENT")}
        temporary |= {kind + end for kind in ("deploy", "clean", "rescue", "unrescue", "inspect") for end in ("_steps", "_step_index")}
        known = temporary | {key for key, _ in rows}
        found = set(self.get("/v1/nodes/" + self.uuid)["driver_internal_info"])
        self.assertEqual(found - known, set())
        return found & temporary

    def test_nothing_of_an_operation_is_remembered_when_it_has_ended(self):
        self.clean()
        agent, _ = self.boots(state="clean wait")
        self.calls_until(agent, "available")
        self.assertEqual(self.left(), set())
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        agent.answers["write_image"] = {"command_status": "FAILED", "command_error": {"type": "ImageWriteError", "code": 500,
                                                                                      "message": "no", "details": "no"}}
        self.calls_until(agent, "deploy failed")
        self.assertEqual({key for key in self.left() if not key.startswith("agent_")}, set())
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.assertEqual(self.left(), set())
        self.ask(self.uuid, "deleted")
        agent, _ = self.boots(state="clean wait")
        self.calls_until(agent, "available")
        self.assertEqual(self.left(), set())

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
        killed, up = [], threading.Event()
        up.set()

        def die(command):
            up.wait(harness.LIMIT_S)
            self.steel.kill()  # the answer reaches nobody
            up.clear()
            killed.append(command)  # after that the daemon may be started again

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
            up.set()
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
                 "swift, which is for images in Glance alone; take http"),
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

    def fails(self, words, **info):
        """The deploy fails with these words, before the machine is started."""
        self.info(**info)
        self.ask(self.uuid, "active")
        node = self.rest(self.uuid, "deploy failed")
        self.assertIn(words, node["last_error"])
        self.ask(self.uuid, "deleted")
        self.rest(self.uuid, "available")

    def test_a_qcow2_image_is_served_as_raw_once_and_again(self):
        url = make_qcow2(self.place, "system", IMAGE + bytes(-len(IMAGE) % 512), "-c")
        for _ in range(2):
            self.info(image_source=url)
            self.ask(self.uuid, "active")
            agent, _ = self.boots()
            self.assertEqual(self.fetch("/agent_images/" + self.uuid)[:len(IMAGE)], IMAGE)
            node = self.calls_until(agent, "active")
            info = agent.given[1][1]["step"]["args"]["image_info"]
            self.assertEqual((info["disk_format"], info["os_hash_algo"]), ("raw", "sha256"))
            self.assertEqual(info["os_hash_value"], hashlib.sha256(IMAGE + bytes(-len(IMAGE) % 512)).hexdigest())
            self.assertEqual(node["instance_info"]["image_disk_format"], "qcow2")
            self.ask(self.uuid, "deleted")
            self.rest(self.uuid, "available")
        self.assertEqual(self.steel.text().count("converting"), 1)

    def test_hostile_images_are_refused_in_words(self):
        folder = self.place
        backing = make_qcow2(folder, "plain", IMAGE)
        run = functools.partial(subprocess.run, check=True, capture_output=True)
        run(["qemu-img", "create", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd", folder + "/backing"])
        run(["qemu-img", "create", "-f", "qcow2", "-o", "data_file=%s/elsewhere,data_file_raw=on" % folder, folder + "/external", "1M"])
        for name, size in (("huge", "2T"), ("vast", "100T")):
            run(["qemu-img", "create", "-f", "qcow2", folder + "/" + name, size])
        run(["qemu-img", "convert", "-f", "raw", "-O", "vmdk", folder + "/plain.raw", folder + "/vmdk"])
        with open(folder + "/plain", "rb") as whole, open(folder + "/short", "wb") as cut:
            cut.write(whole.read(60))
        for name, more, words in (
                ("backing", {}, "backing file"), ("external", {}, "its data in another file"), ("vast", {}, "too large for its clusters"),
                ("short", {}, "ends within its header"),
                ("huge", {}, "has room for"), ("vmdk", {}, "permitted_image_formats"),
                ("plain", {"image_disk_format": "raw"}, "the image is qcow2, but instance_info image_disk_format says raw")):
            with self.subTest(name):
                self.fails(words, image_source="file://%s/%s" % (folder, name), **more)
        self.assertTrue(backing)

    def test_a_conversion_that_needs_too_much_memory_is_ended(self):
        url = make_qcow2(self.place, "greedy", IMAGE)
        self.steel.settings["disk_utils.image_convert_memory_limit"] = "8"
        self.again()
        self.addCleanup(self.again)
        self.addCleanup(self.steel.settings.pop, "disk_utils.image_convert_memory_limit")
        self.fails("[disk_utils]image_convert_memory_limit", image_source=url)

    def served_with(self, name, checksums):
        """instance_info of an image that this conductor fetches from a server which has a file of checksums, too."""
        server = ImageServer()
        self.addCleanup(server.close)
        return {"image_source": server.add("/system.raw", IMAGE), "image_checksum": server.add(name, checksums.encode()),
                "image_download_source": "local"}

    def test_a_checksum_may_be_the_url_of_a_file_of_checksums(self):
        digest = hashlib.sha512(IMAGE).hexdigest()
        self.info(**self.served_with("/SHA512SUMS", "%s *other.raw\n%s *system.raw\n" % ("0" * 128, digest)))
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        info = agent.given[1][1]["step"]["args"]["image_info"]
        self.assertEqual((info["os_hash_algo"], info["os_hash_value"]), ("sha256", hashlib.sha256(IMAGE).hexdigest()))

    def test_a_file_of_checksums_that_does_not_have_the_image_s_fails_the_deploy(self):
        for name, text, words in (
                ("/SHA256SUMS", "%s  other.raw\n%s  system.iso\n" % ("0" * 64, "1" * 64), "does not list system.raw"),
                ("/wrong", "%s  system.raw\n" % ("0" * 64), "has another checksum (sha256 "),
                ("/odd", "%s  system.raw\n" % ("0" * 63), "has the length of no known kind"),
                ("/vast", " " * (1 << 20) + "x", "is larger than 1048576 bytes")):
            with self.subTest(name):
                self.fails(words, **self.served_with(name, text))
        info = self.served_with("/there", "")
        info["image_checksum"] += "-not"
        self.fails("/there-not: the server answers with status 404", **info)

    def test_md5_is_a_checksum_where_it_is_allowed(self):
        info = self.served_with("/MD5SUMS", hashlib.md5(IMAGE).hexdigest() + "  system.raw\n")
        self.steel.settings["agent.allow_md5_checksum"] = "false"
        self.addCleanup(self.again)
        self.addCleanup(self.steel.settings.pop, "agent.allow_md5_checksum")
        self.again()
        self.fails("[agent]allow_md5_checksum forbids", **info)
        self.steel.settings["agent.allow_md5_checksum"] = "true"
        self.again()
        self.info(**info)
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        self.calls_until(agent, "active")

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
