"""Machines without iPXE: what boot loaders find below the TFTP server's root, without machines.

SPDX-License-Identifier: Apache-2.0
"""
import pathlib
import re
import stat
import unittest

import ramdisk_support
from deploy_support import IMAGE
from ramdisk_support import MAC
from test_inspection import inventory

CARD = "01-" + MAC.replace(":", "-")
BIOS = ("pxelinux.cfg/" + CARD,)
UEFI = ("grub/grub.cfg-" + CARD, "grub.cfg-" + CARD, MAC + ".conf")


class Pxe(ramdisk_support.Suite):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(cls.temporary_folder()) / "tftp"
        cls.own_options = ("pxe.tftp_root=%s" % cls.root,)
        super().setUpClass()
        for name, data in (("image", IMAGE), ("live_kernel", b"live kernel"), ("live_ramdisk", b"live ramdisk")):
            with open(cls.place + "/" + name, "wb") as file:
                file.write(data)

    def setUp(self):
        self.uuid = self.make()

    def make(self, mode="bios", **more):
        uuid = self.node(driver="fake-hardware", boot_interface="pxe", properties={"capabilities": "boot_mode:" + mode},
                         **dict({"deploy_interface": "direct", "rescue_interface": "agent", "inspect_interface": "agent"}, **more),
                         driver_info={"rescue_kernel": "file://%s/rescue_kernel" % self.place,
                                      "rescue_ramdisk": "file://%s/rescue_ramdisk" % self.place})["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": uuid, "address": MAC})
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            self.ask(uuid, verb)
            self.rest(uuid, state)
        return uuid

    def another(self, mode="bios", **more):
        self.tearDown()
        self.uuid = self.make(mode, **more)

    def files(self):
        """What a TFTP server has to give away, by name."""
        return {str(path.relative_to(self.root)): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}

    def told(self, names=BIOS):
        files = self.files()
        self.assertEqual({name for name in files if CARD in name or MAC in name}, set(names))
        return files[names[0]].decode()

    def boots(self, certificate=0, state="wait call-back"):
        """The machine has its files; its agent looks its node up, which hands it its token, once."""
        self.rest(self.uuid, state)
        text = self.told()
        agent = self.agent_class(self, self.certificates[certificate])
        self.addCleanup(agent.close)
        self.assertNotIn("ipa-agent-token", text)
        agent.token = self.get("/v1/lookup?addresses=" + MAC)["config"]["agent_token"]
        self.assertRegex(agent.token, r"^[0-9a-f]{32,}$")
        self.assertEqual(self.get("/v1/lookup?addresses=" + MAC)["config"]["agent_token"], "******")
        return agent, text

    def test_an_agent_that_came_by_tftp_deploys_and_the_files_are_gone(self):
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        agent, text = self.boots()
        self.assertIn("  linux %s/deploy_kernel\n  initrd %s/deploy_ramdisk\n" % (self.uuid, self.uuid), text)
        words = re.search(r"^  append (.*)$", text, re.M).group(1).split()
        for word in ("console=ttyS0", "quiet", "ipa-api-url=http://127.0.0.1:%d" % self.api_port, "BOOTIF=" + CARD):
            self.assertIn(word, words)
        self.assertEqual(self.files()[self.uuid + "/deploy_ramdisk"], b"ramdisk" * 100)
        for path in self.root.rglob("*"):  # the TFTP server is another user
            self.assertTrue(path.stat().st_mode & (stat.S_IXOTH if path.is_dir() else stat.S_IROTH), path)
        self.assertNotIn("kernel", self.script())  # nobody gets the same from the boot server, with a token
        node = self.calls_until(agent, "active")
        self.assertEqual(agent.refused, 0)
        self.assertEqual([name for name in self.files() if CARD in name], [])
        self.assertNotIn("pxe_files", node["driver_internal_info"])
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "deleted"})
        self.rest(self.uuid, "available")
        self.assertEqual(self.files(), {})

    def test_grub_finds_it_under_the_names_that_it_looks_for(self):
        self.another("uefi")
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        text = self.told(UEFI)
        self.assertRegex(text, r"(?m)^if linux '/%s/deploy_kernel'( '\S+')* 'console=ttyS0' 'quiet' .*; then$" % self.uuid)
        self.assertIn("initrd '/%s/deploy_ramdisk'" % self.uuid, text)
        self.assertEqual({self.files()[name].decode() for name in UEFI}, {text})
        self.ask(self.uuid, "deleted")
        self.rest(self.uuid, "available")
        self.assertEqual(self.files(), {})

    def test_the_file_of_a_card_that_is_another_node_s_now_stays(self):
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        first = self.uuid
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % first, {})
        port = self.get("/v1/nodes/%s/ports" % first)["ports"][0]
        self.want(204, "DELETE", "/v1/ports/" + port["uuid"])
        self.want(202, "DELETE", "/v1/nodes/%s/maintenance" % first)
        self.uuid = self.make()
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        self.ask(first, "deleted")
        self.rest(first, "available")
        self.assertIn("for node %s," % self.uuid, self.told())
        self.want(204, "DELETE", "/v1/nodes/" + first)

    def test_files_of_ports_that_are_gone_are_removed_too(self):
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        self.rest(self.uuid, "wait call-back")
        self.told()
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % self.uuid, {})
        port = self.get("/v1/nodes/%s/ports" % self.uuid)["ports"][0]
        self.want(204, "DELETE", "/v1/ports/" + port["uuid"])
        self.want(202, "DELETE", "/v1/nodes/%s/maintenance" % self.uuid)
        self.ask(self.uuid, "deleted")
        self.rest(self.uuid, "available")
        self.assertEqual(self.files(), {})

    def test_cleaning(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/automated_clean", "value": True}])
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.ask(self.uuid, "provide")
        agent, _ = self.boots(state="clean wait")
        self.calls_until(agent, "available")
        self.assertIn("clean.execute_clean_step erase_devices", agent.names())
        self.assertEqual(self.files(), {})

    def test_an_agent_that_nobody_could_send_a_token_is_asked_for_its_inventory(self):
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.ask(self.uuid, "inspect")
        agent, text = self.boots(state="inspect wait")
        self.assertNotIn("ipa-inspection-callback-url", text)
        sent = {"inventory": inventory(MAC)}
        self.want(404, "POST", "/v1/continue_inspection", sent)  # of anybody who knows the address
        agent.answers["poll.get_hardware_info"] = {"command_result": inventory(MAC)}
        self.calls_until(agent, "manageable")
        self.assertEqual(self.files(), {})

    def test_a_rescue_and_the_way_back_to_the_disk(self):
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.ask(self.uuid, "rescue", rescue_password="secret")
        agent, _ = self.boots(state="rescue wait")
        self.assertEqual(self.files()[self.uuid + "/deploy_kernel"], b"rescue_kernel" * 100)
        self.calls_until(agent, "rescue")
        self.assertEqual(self.files(), {})
        self.ask(self.uuid, "unrescue")
        self.rest(self.uuid, "active")
        self.assertEqual(self.files(), {})

    def test_a_ramdisk_instance_stays_with_the_tftp_server(self):
        self.another(deploy_interface="ramdisk")
        self.info(kernel="file://%s/live_kernel" % self.place, ramdisk="file://%s/live_ramdisk" % self.place,
                  ramdisk_kernel_arguments="boot=live")
        self.ask(self.uuid, "active")
        node = self.rest(self.uuid, "active")  # it cannot report: as with Ironic, it is active when it is on
        self.assertEqual(node["power_state"], "power on")
        text = self.told()
        self.assertRegex(text, r"append root=/dev/ram0 text BOOTIF=\S+ console=ttyS0 quiet boot=live\n")
        self.assertEqual(self.files()[self.uuid + "/kernel"], b"live kernel")
        self.steel.kill()
        self.steel.again()
        for target in ("power off", "power on"):
            self.assertEqual(self.power(self.uuid, target).status, 202)
            self.wait_node(self.uuid, power_state=target, reservation=None)
        self.assertEqual(self.told(), text)
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "deleted"})
        self.rest(self.uuid, "available")
        self.assertEqual(self.files(), {})

    def test_a_disk_is_booted_by_a_file_where_the_bmc_cannot_be_told(self):
        self.steel.settings["pxe.enable_netboot_fallback"] = "true"
        self.again()
        self.addCleanup(self.again)
        self.addCleanup(self.steel.settings.pop, "pxe.enable_netboot_fallback")
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.assertIn("localboot 0", self.told())
        self.ask(self.uuid, "deleted")
        self.rest(self.uuid, "available")
        self.assertEqual(self.files(), {})

    def again(self):
        self.assertEqual(self.steel.end()[0], 0)
        self.steel.again()

    def test_a_volume_is_refused_with_the_reason(self):
        self.another(storage_interface="external")
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/properties/capabilities", "value": "iscsi_boot:true"}])
        self.want(201, "POST", "/v1/volume/connectors", {"node_uuid": self.uuid, "type": "iqn", "connector_id": "iqn.2017-08.org.example:n"})
        self.want(201, "POST", "/v1/volume/targets",
                  {"node_uuid": self.uuid, "volume_type": "iscsi", "boot_index": 0, "volume_id": "v",
                   "properties": {"target_iqn": "iqn.2010-10.com.example:v", "target_lun": 1, "target_portal": "192.0.2.1:3260"}})
        shown = self.get("/v1/nodes/%s/validate" % self.uuid)
        self.assertIn("boot interface pxe has no capability iscsi_volume_boot", shown["boot"]["reason"])
        self.assertIn("boot interface pxe has no capability iscsi_volume_boot", shown["deploy"]["reason"])

    def test_a_word_that_grub_would_change_fails_the_deploy_in_words(self):
        self.another("uefi")
        self.info(image_source="file://%s/image" % self.place, kernel_append_params='a="b"')
        self.ask(self.uuid, "active")
        node = self.rest(self.uuid, "deploy failed")
        self.assertIn("has a quote or a backslash, which GRUB does not hand on", node["last_error"])
        self.assertEqual({name for name in self.files() if CARD in name}, set())

    def test_a_root_that_takes_no_files_is_told_before_the_deploy(self):
        self.steel.settings["pxe.tftp_root"] = "/proc/self/nothing"
        self.again()
        self.addCleanup(self.again)
        self.addCleanup(self.steel.settings.update, {"pxe.tftp_root": str(self.root)})
        self.info(image_source="file://%s/image" % self.place)
        self.ask(self.uuid, "active")
        self.assertIn("/proc/self/nothing", self.rest(self.uuid, "deploy failed")["last_error"])



if __name__ == "__main__":
    unittest.main()
