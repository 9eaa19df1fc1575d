"""Deploys of an instance that is a kernel and a ramdisk, without machines: no agent, no disk.

SPDX-License-Identifier: Apache-2.0
"""
import re
import unittest

import ramdisk_support
from faults_support import until
from ramdisk_support import MAC, STRANGER


class RamdiskInstance(ramdisk_support.Suite):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("live_kernel", "live_ramdisk", "live_iso"):
            with open(cls.place + "/" + name, "wb") as file:
                file.write(name.encode() * 100)

    def setUp(self):
        self.uuid = self.node(driver="fake-hardware", deploy_interface="ramdisk", boot_interface="ipxe", rescue_interface="agent",
                              driver_info={"rescue_kernel": "file://%s/rescue_kernel" % self.place,
                                           "rescue_ramdisk": "file://%s/rescue_ramdisk" % self.place})["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC})
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.ask(self.uuid, verb)
            self.rest(self.uuid, state)
        self.info(kernel="file://%s/live_kernel" % self.place, ramdisk="file://%s/live_ramdisk" % self.place,
                  ramdisk_kernel_arguments="root=live:http://192.0.2.1/squashfs.img")

    def report(self, script, phase):
        token = re.search(r"token=([0-9a-f]+)", script).group(1)
        return self.fetch("/boot/%s/progress?token=%s&phase=%s" % (MAC.replace(":", "-"), token, phase)) == b"noted\n"

    def deploys(self):
        """The node is active once the machine has its kernel; the script."""
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        script = until("the boot script", self.script)
        self.assertTrue(self.report(script, "kernel_loaded&try=1"))
        node = self.rest(self.uuid, "active")
        self.assertEqual((node["power_state"], node["last_error"]), ("power on", None))
        return script

    def ends(self):
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "deleted"})
        return self.rest(self.uuid, "available")

    def test_the_machine_boots_it_at_each_start_until_it_is_undeployed(self):
        script = self.deploys()
        self.assertIn("load_kernel", [row["phase"] for row in self.phases(self.uuid)])
        line = re.search(r"^kernel --name deploy_kernel (\S+) (.*) initrd=deploy_ramdisk", script, re.M)
        self.assertEqual(line.group(1), "../%s/kernel" % self.uuid)
        words = line.group(2).split()
        for word in ("console=ttyS0", "quiet", "root=live:http://192.0.2.1/squashfs.img", "BOOTIF=01-" + MAC.replace(":", "-")):
            self.assertIn(word, words)
        self.assertNotIn("root=/dev/ram0", words)
        self.assertNotIn("ipa-", script)
        self.assertEqual(self.fetch("/%s/kernel" % self.uuid), b"live_kernel" * 100)
        self.assertEqual(self.fetch("/%s/ramdisk" % self.uuid), b"live_ramdisk" * 100)
        for target, reached in (("power off", "power off"), ("power on", "power on")):
            self.assertEqual(self.power(self.uuid, target).status, 202)
            self.wait_node(self.uuid, power_state=reached, reservation=None)
        self.assertIn("../%s/kernel" % self.uuid, until("the script of the next start", self.script))
        node = self.ends()
        self.assertEqual((node["power_state"], node["instance_info"]), ("power off", {}))
        self.assertNotIn("kernel", self.script())
        self.assertEqual(self.fetch("/%s/kernel" % self.uuid), b"")

    def test_without_a_root_of_the_operator_s_it_is_ram(self):
        self.info(ramdisk_kernel_arguments="live.debug=1")
        self.assertRegex(self.deploys(), r"kernel --name deploy_kernel \S+ root=/dev/ram0 text .*live\.debug=1 initrd=")

    def test_no_agent_is_there_for_it(self):
        self.deploys()
        self.want(404, "GET", "/v1/lookup?addresses=" + MAC)
        self.assertNotIn("agent_secret_token", self.get("/v1/nodes/" + self.uuid)["driver_internal_info"])
        self.assertNotIn("kernel", self.script(STRANGER))

    def test_another_life_of_the_daemon_serves_the_instance(self):
        self.deploys()
        self.steel.kill()
        self.steel.again()
        self.assertIn("../%s/kernel" % self.uuid, until("the boot script", self.script))
        self.ends()

    def test_a_killed_daemon_starts_the_machine_again_and_the_deploy_ends(self):
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        self.steel.kill()
        self.steel.again()
        until("the machine boots again", lambda: "boot_again" in [row["phase"] for row in self.phases(self.uuid)])
        self.rest(self.uuid, "wait call-back")
        self.assertTrue(self.report(until("the boot script", self.script), "kernel_loaded&try=1"))
        self.rest(self.uuid, "active")

    def test_a_kernel_that_is_not_there_fails_the_deploy_in_words(self):
        self.info(kernel="file://%s/nothing" % self.place)
        self.ask(self.uuid, "active")
        node = self.rest(self.uuid, "deploy failed")
        self.assertIn(self.place + "/nothing", node["last_error"])
        self.assertNotIn("boot", node["driver_internal_info"])

    def test_its_machine_is_cleaned_by_the_agent(self):
        self.deploys()
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/automated_clean", "value": True}])
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "deleted"})
        agent, script = self.boots(state="clean wait")
        self.assertIn("../%s/deploy_kernel" % self.uuid, script)
        self.calls_until(agent, "available")
        self.assertIn("clean.execute_clean_step erase_devices", agent.names())

    def test_a_rescued_machine_boots_it_again(self):
        self.deploys()
        self.ask(self.uuid, "rescue", rescue_password="secret")
        agent, script = self.boots(state="rescue wait")
        self.assertIn("../%s/deploy_kernel" % self.uuid, script)
        self.calls_until(agent, "rescue")
        self.ask(self.uuid, "unrescue")
        self.rest(self.uuid, "active")
        self.assertIn("../%s/kernel" % self.uuid, until("the boot script", self.script))

    def test_an_adopted_one_is_served(self):
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.ask(self.uuid, "adopt")
        self.rest(self.uuid, "active")
        self.assertEqual(self.fetch("/%s/kernel" % self.uuid), b"live_kernel" * 100)

    def test_what_cannot_be_booted_is_refused_with_the_reason(self):
        good = {"kernel": "http://192.0.2.1/k", "ramdisk": "http://192.0.2.1/r"}
        for values, words in (
                ({}, "Missing are: ['kernel', 'ramdisk']"),
                ({"kernel": "http://192.0.2.1/k"}, "Missing are: ['ramdisk']"),
                ({"boot_iso": "glance-id"}, "instance_info boot_iso of node"),
                ({"boot_iso": "http://192.0.2.1/iso", "image_source": "http://192.0.2.1/i"},
                 "An 'image_source' and 'boot_iso' parameter may not be specified at the same time"),
                (dict(good, kernel="glance-id"), "instance_info kernel of node"),
                (dict(good, ramdisk_kernel_arguments=7), "ramdisk_kernel_arguments of node"),
                (dict(good, ramdisk_kernel_arguments="a ${password}"), "words that cannot stand in a boot script"),
                (dict(good, nfs_root="192.0.2.5:/r"), "the node has instance_info nfs_root to boot from")):
            self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/instance_info", "value": values}])
            shown = self.get("/v1/nodes/%s/validate" % self.uuid)["deploy"]
            self.assertFalse(shown["result"], values)
            self.assertIn(words, shown["reason"])
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/instance_info", "value": good}])
        self.assertTrue(self.get("/v1/nodes/%s/validate" % self.uuid)["deploy"]["result"])

    def live_iso(self, name="live_iso"):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/instance_info",
                                                            "value": {"boot_iso": "file://%s/%s" % (self.place, name)}}])

    def test_an_iso_is_opened_over_http_at_each_start_until_it_is_undeployed(self):
        self.live_iso()
        self.assertTrue(self.get("/v1/nodes/%s/validate" % self.uuid)["deploy"]["result"])
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        script = until("the boot script", self.script)
        self.assertIn("\nsanhook --no-describe --drive 0x80 ../%s/boot_iso || goto hook_errno\n" % self.uuid, script)
        self.assertIn("\nsanboot --drive 0x80 || goto boot_failed\n", script)
        self.assertNotIn("kernel --name", script)
        self.assertEqual(self.fetch("/%s/boot_iso" % self.uuid), b"live_iso" * 100)
        self.assertEqual(self.fetch("/%s/kernel" % self.uuid), b"")
        self.assertTrue(self.report(script, "san_hooked&try=1"))
        node = self.rest(self.uuid, "active")
        self.assertEqual((node["power_state"], node["last_error"]), ("power on", None))
        phases = [row["phase"] for row in self.phases(self.uuid)]
        self.assertIn("copy_iso", phases)
        self.assertIn("load_iso", phases)
        for target, reached in (("power off", "power off"), ("power on", "power on")):
            self.assertEqual(self.power(self.uuid, target).status, 202)
            self.wait_node(self.uuid, power_state=reached, reservation=None)
        self.assertIn("../%s/boot_iso" % self.uuid, until("the script of the next start", self.script))
        self.ends()
        self.assertNotIn("boot_iso", self.script())
        self.assertEqual(self.fetch("/%s/boot_iso" % self.uuid), b"")

    def test_an_iso_that_is_not_there_or_does_not_boot_fails_the_deploy_in_words(self):
        self.live_iso("nothing")
        self.ask(self.uuid, "active")
        self.assertIn(self.place + "/nothing", self.rest(self.uuid, "deploy failed")["last_error"])
        self.live_iso()
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        script = until("the boot script", self.script)
        self.assertTrue(self.report(script, "given_up&volume=0&try=6&errno=00000000"))
        self.assertIn("could not open its ISO and gave up", self.rest(self.uuid, "deploy failed")["last_error"])

    def test_a_config_drive_is_ignored_with_a_warning(self):
        self.ask(self.uuid, "active", configdrive={"user_data": "hello"})
        self.rest(self.uuid, "wait call-back")
        self.assertTrue(self.report(until("the boot script", self.script), "kernel_loaded&try=1"))
        self.rest(self.uuid, "active")
        self.assertIn("the config drive of node %s is ignored" % self.uuid, self.steel.text())


if __name__ == "__main__":
    unittest.main()
