"""States of a node: provisioning from enroll to active and back, power, boot device, boot mode, RAID, console, indicators.

SPDX-License-Identifier: Apache-2.0
"""
import base64

import harness
import node_lock


class Provisioning(harness.Suite):
    def put(self, node, target, version=harness.LATEST, **more):
        return self.call("PUT", "/v1/nodes/%s/states/provision" % node, dict(more, target=target), version)

    def test_a_node_goes_from_enroll_to_active_and_back(self):
        uuid = self.node(name="life", instance_info={"image_source": "http://x/image", "image_checksum": "0" * 32})["uuid"]
        self.provision("life", "manage", "manageable")
        self.provision("life", "provide", "available")
        self.provision("life", "active", "active")
        self.provision("life", "rebuild", "active")
        self.provision("life", "deleted", "available")
        self.provision("life", "manage", "manageable")
        self.provision("life", "inspect", "manageable")
        self.provision("life", "clean", "manageable", clean_steps=[{"interface": "deploy", "step": "erase_devices"}])
        self.assertGreater(len(self.get("/v1/nodes/%s/timeline" % uuid)["timeline"]), 3)
        history = self.get("/v1/nodes/%s/history" % uuid)["history"]
        self.assertIsInstance(history, list)

    def test_the_answer_names_the_states(self):
        node = self.node()["uuid"]
        answer = self.put(node, "manage")
        self.assertEqual(answer.status, 202)
        self.assertTrue(answer.headers["Location"].endswith("/v1/nodes/%s/states" % node))
        self.wait_node(node, provision_state="manageable")

    def test_illegal_verbs_name_the_legal_ones(self):
        node = self.node()["uuid"]
        for verb in ("active", "deploy", "rebuild", "deleted", "undeploy", "provide", "inspect", "abort", "clean", "adopt",
                     "rescue", "unrescue", "unhold", "zork", ""):
            answer = self.put(node, verb)
            self.assertEqual(answer.status, 400, verb)
            self.assertIn("manage", answer.message, verb)
        self.assertEqual(self.get("/v1/nodes/" + node)["provision_state"], "enroll")

    def test_verbs_newer_than_the_request_are_not_acceptable(self):
        node = self.node()["uuid"]
        for verb, since in (("manage", 4), ("provide", 4), ("inspect", 6), ("abort", 13), ("clean", 15), ("adopt", 17),
                            ("rescue", 38), ("unrescue", 38), ("deploy", 73), ("undeploy", 73)):
            self.assertEqual(self.put(node, verb, "1.%d" % (since - 1)).status, 406, verb)

    def test_bodies_are_checked(self):
        manageable = self.node()["uuid"]
        self.provision(manageable, "manage", "manageable")
        available = self.available_node()["uuid"]
        step = {"interface": "deploy", "step": "erase_devices"}
        for node, target, more in (
                (manageable, "provide", {"configdrive": "x"}), (manageable, "clean", {}), (manageable, "clean", {"clean_steps": []}),
                (manageable, "clean", {"clean_steps": "x"}), (manageable, "clean", {"clean_steps": [5]}),
                (manageable, "clean", {"clean_steps": [{"interface": "zork", "step": "x"}]}),
                (manageable, "clean", {"clean_steps": [{"interface": "deploy"}]}),
                (manageable, "clean", {"clean_steps": [dict(step, args=5)]}),
                (manageable, "clean", {"clean_steps": [dict(step, zork=5)]}),
                (manageable, "clean", {"clean_steps": [{"interface": "vendor", "step": "send_raw"}]}),
                (manageable, "clean", {"clean_steps": [step], "disable_ramdisk": 5}),
                (manageable, "provide", {"clean_steps": [step]}), (manageable, "provide", {"zork": 1}),
                (manageable, "provide", {"rescue_password": "x"}),
                (available, "active", {"configdrive": 5}), (available, "active", {"configdrive": "not base64!"}),
                (available, "active", {"configdrive": {"zork": 1}}), (available, "active", {"configdrive": {"meta_data": 5}}),
                (available, "active", {"deploy_steps": [step]}), (available, "deploy", {"configdrive": "aaaa"}),
                (available, "active", {"deploy_steps": [dict(step, args={}, priority=-1)]}),
                (available, "active", {"deploy_steps": [dict(step, step="deploy", args={}, priority=5)]})):
            answer = self.put(node, target, **more)
            self.assertEqual(answer.status, 400, (target, more, answer.body))
        for node, target, version, more in (
                (manageable, "clean", "1.69", {"clean_steps": [step], "disable_ramdisk": True}),
                (available, "active", "1.68", {"deploy_steps": [dict(step, args={}, priority=5)]})):
            self.assertEqual(self.put(node, target, version, **more).status, 406, (target, more))
        for version, drive in (("1.55", {"meta_data": {}}), ("1.58", {"vendor_data": {}})):
            self.assertEqual(self.put(available, "active", version, configdrive=drive).status, 400, version)
        for body in ({}, {"target": None}, {"target": 5}, [], "x"):
            self.refuse(400, "PUT", "/v1/nodes/%s/states/provision" % manageable, body)
        self.assertEqual(self.put("nobody", "manage").status, 404)

    def test_config_drives(self):
        node = self.available_node()["uuid"]
        drive = base64.b64encode(b"x" * 300000).decode()
        self.provision(node, "active", "active", configdrive=drive)
        self.assertEqual(self.get("/v1/nodes/" + node)["instance_info"].get("configdrive", "******"), "******")
        self.provision(node, "rebuild", "active", configdrive={"meta_data": {"a": 1}, "user_data": "#!/bin/sh"})
        self.provision(node, "deleted", "available")

    def test_maintenance_stops_deployments_only(self):
        node = self.available_node()["uuid"]
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % node, {})
        self.assertEqual(self.put(node, "active").status, 400)
        self.assertEqual(self.put(node, "manage").status, 202)

    def test_a_locked_node_is_named_as_such(self):
        node = self.node()["uuid"]
        with node_lock.held(self.steel, node):
            answer = self.put(node, "provide")
            self.assertEqual(answer.status, 409, answer.body)
            self.assertIn(self.steel.host, answer.message)
            self.refuse(409, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/extra/a", "value": 1}])
            self.refuse(409, "DELETE", "/v1/nodes/" + node)

    def test_failures_are_in_last_error(self):
        node = self.node(driver_info={"fake": {"power.validate": {"fail": "INVALID", "message": "no such plug"}}})["uuid"]
        self.assertEqual(self.put(node, "manage").status, 202)
        self.wait_node(node, provision_state="enroll", target_provision_state=None, reservation=None)
        self.assertIn("no such plug", self.get("/v1/nodes/" + node)["last_error"])
        answer = self.get("/v1/nodes/%s/validate" % node)
        self.assertIs(answer["power"]["result"], False)
        self.assertIn("no such plug", answer["power"]["reason"])


class Power(harness.Suite):
    def put(self, node, body, version=harness.LATEST):
        return self.call("PUT", "/v1/nodes/%s/states/power" % node, body, version)

    def test_every_target(self):
        node = self.node()["uuid"]
        for target, state in (("power on", "power on"), ("rebooting", "power on"), ("soft rebooting", "power on"),
                              ("soft power off", "power off"), ("power on", "power on"), ("power off", "power off")):
            answer = self.put(node, {"target": target})
            self.assertEqual(answer.status, 202, answer.body)
            self.assertTrue(answer.headers["Location"].endswith("/v1/nodes/%s/states" % node))
            self.wait_node(node, power_state=state, target_power_state=None, reservation=None)

    def test_bad_requests(self):
        node = self.node()["uuid"]
        for body in ({}, {"target": "zork"}, {"target": None}, {"target": 1}, {"target": "power on", "timeout": 0},
                     {"target": "power on", "timeout": "x"}, {"target": "power on", "zork": 1}, []):
            self.assertEqual(self.put(node, body).status, 400, body)
        self.assertEqual(self.put(node, {"target": "soft power off"}, "1.26").status, 406)
        self.assertEqual(self.put(node, {"target": "power on", "timeout": 5}, "1.26").status, 406)
        self.assertEqual(self.put("nobody", {"target": "power on"}).status, 404)

    def test_states_show_what_the_version_knows(self):
        node = self.node()["uuid"]
        old = {"console_enabled", "last_error", "power_state", "provision_state", "target_power_state",
               "target_provision_state", "provision_updated_at"}
        self.assertEqual(set(self.get("/v1/nodes/%s/states" % node, "1.11")), old)
        self.assertEqual(set(self.get("/v1/nodes/%s/states" % node, "1.12")), old | {"raid_config", "target_raid_config"})
        self.assertEqual(set(self.get("/v1/nodes/%s/states" % node)),
                         old | {"raid_config", "target_raid_config", "boot_mode", "secure_boot"})


class Management(harness.Suite):
    def setUp(self):
        self.path = "/v1/nodes/" + self.node()["uuid"]

    def test_boot_device(self):
        supported = self.get(self.path + "/management/boot_device/supported")["supported_boot_devices"]
        self.assertIn("pxe", supported)
        self.want(204, "PUT", self.path + "/management/boot_device", {"boot_device": "pxe", "persistent": True})
        self.assertEqual(set(self.get(self.path + "/management/boot_device")), {"boot_device", "persistent"})
        for persistent, kept in (("on", True), (0, False), (1, True), (None, False)):
            self.want(204, "PUT", self.path + "/management/boot_device", {"boot_device": "pxe", "persistent": persistent})
            self.assertIs(self.get(self.path + "/management/boot_device")["persistent"], kept)
        for body in ({}, {"boot_device": 5}, {"boot_device": "zork"}, {"boot_device": "pxe", "zork": 1},
                     {"boot_device": "pxe", "persistent": "maybe"}, {"boot_device": "pxe", "persistent": []}):
            self.refuse(400, "PUT", self.path + "/management/boot_device", body)

    def test_boot_mode_and_secure_boot(self):
        uuid = self.path.rsplit("/", 1)[1]
        self.want(202, "PUT", self.path + "/states/boot_mode", {"target": "uefi"})
        self.wait_node(uuid, boot_mode="uefi", reservation=None)
        self.want(202, "PUT", self.path + "/states/secure_boot", {"target": True})
        self.wait_node(uuid, secure_boot=True, reservation=None)
        self.want(202, "PUT", self.path + "/states/secure_boot", {"target": "off"})
        self.wait_node(uuid, secure_boot=False, reservation=None)
        for name, body in (("boot_mode", {}), ("boot_mode", {"target": "zork"}), ("secure_boot", {}),
                           ("secure_boot", {"target": "zork"}), ("secure_boot", {"target": []})):
            self.refuse(400, "PUT", self.path + "/states/" + name, body)

    def test_raid(self):
        config = {"logical_disks": [{"size_gb": 10, "raid_level": "1"}]}
        self.want(204, "PUT", self.path + "/states/raid", config)
        self.assertEqual(self.get(self.path + "/states")["target_raid_config"], config)
        for body in ({"zork": 1}, [], {"logical_disks": "x"}):
            self.refuse(400, "PUT", self.path + "/states/raid", body)

    def test_console(self):
        self.assertEqual(self.get(self.path + "/states/console"), {"console_enabled": False, "console_info": None})
        answer = self.call("PUT", self.path + "/states/console", {"enabled": True})
        self.assertEqual(answer.status, 202)
        self.assertTrue(answer.headers["Location"].endswith("/states/console"))
        self.wait_node(self.path.rsplit("/", 1)[1], console_enabled=True, reservation=None)
        console = self.get(self.path + "/states/console")
        self.assertIs(console["console_enabled"], True)
        self.assertIsInstance(console["console_info"], dict)
        for body in ({}, {"enabled": "perhaps"}, {"enabled": True, "x": 1}):
            self.refuse(400, "PUT", self.path + "/states/console", body)

    def test_nmi(self):
        self.want(204, "PUT", self.path + "/management/inject_nmi", {})
        self.refuse(400, "PUT", self.path + "/management/inject_nmi", {"x": 1})

    def test_indicators(self):
        indicators = self.get(self.path + "/management/indicators")["indicators"]
        self.assertGreater(len(indicators), 0)
        for item in indicators:
            self.assertEqual(set(item), {"name", "component", "readonly", "states", "links"})
            self.assertTrue(item["name"].endswith("@" + item["component"]))
            state = self.get(self.path + "/management/indicators/" + item["name"])["state"]
            self.assertIn(state, ("on", "off", "blinking", "unknown"))
            self.assertLessEqual(set(item["states"]), {"on", "off", "blinking", "unknown"})
            if not item["readonly"]:
                self.want(204, "PUT", self.path + "/management/indicators/" + item["name"], {"state": item["states"][0]})
        self.refuse(400, "GET", self.path + "/management/indicators/noat")
        self.refuse(400, "PUT", self.path + "/management/indicators/noat", {"state": "on"})
        self.refuse(400, "PUT", self.path + "/management/indicators/led@system", {})

    def test_vendor_methods(self):
        methods = self.get(self.path + "/vendor_passthru/methods")
        for method in methods.values():
            self.assertIn("http_methods", method)
        self.assertEqual(self.call("POST", self.path + "/vendor_passthru?method=third_method_sync", {"bar": "meow"}).json, True)
        self.assertEqual(self.call("POST", self.path + "/vendor_passthru/third_method_sync", {"bar": "x"}).json, False)
        self.assertEqual(self.call("POST", self.path + "/vendor_passthru/second_method", {"bar": "kazoo"}).status, 202)
        self.refuse(400, "GET", self.path + "/vendor_passthru?method=zork")
        self.refuse(400, "POST", self.path + "/vendor_passthru", {})
