"""Inspections by the agent, without machines: by a steel-agent that is asked, and as Ironic's agent sends what it has found.

SPDX-License-Identifier: Apache-2.0
"""
import re
import unittest

import agent_support
import harness
import ramdisk_support
from faults_support import until
from ramdisk_support import MAC

OTHER, NEW = "52:54:00:dd:00:02", "52:54:00:dd:00:03"
LLDP = [[1, "0464649b32f300"], [2, "07373334"], [5, "7377697463682d31"]]
GIB = 1 << 30


def inventory(*macs, **more):
    """As Ironic's agent sends it; the machine has booted from its first card."""
    found = {
        "interfaces": [{"name": "eth%d" % number, "mac_address": mac, "ipv4_address": "192.0.2.%d" % (number + 7) if number < 2 else None,
                        "has_carrier": True, "lldp": LLDP if number == 0 else None, "vendor": "0x1af4", "product": "0x0001"}
                       for number, mac in enumerate(macs)],
        "cpu": {"model_name": "A CPU", "frequency": "2400", "count": 4, "architecture": "x86_64", "flags": ["fpu", "vmx", "aes", "pse"]},
        "disks": [{"name": "/dev/sda", "size": 500 * GIB, "rotational": True, "serial": "big"},
                  {"name": "/dev/sdb", "size": 100 * GIB, "rotational": False, "serial": "small"},
                  {"name": "/dev/sdc", "size": 2 * GIB, "rotational": False, "serial": "tiny"}],
        "memory": {"total": 8 * GIB - 4096, "physical_mb": 8192}, "bmc_address": "192.0.2.99", "bmc_v6address": "::/0",
        "system_vendor": {"product_name": "P", "serial_number": "S", "manufacturer": "M"}, "hostname": "ramdisk",
        "boot": {"current_boot_mode": "uefi", "pxe_interface": "01-" + macs[0].replace(":", "-")}}
    found.update(more)
    return found


class InspectionSuite(ramdisk_support.Suite):
    def setUp(self):
        self.uuid = self.node(driver="fake-hardware", boot_interface="ipxe", inspect_interface="agent")["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC})
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")

    def begin(self):
        """The machine boots for its inspection; its script."""
        self.ask(self.uuid, "inspect")
        self.rest(self.uuid, "inspect wait")
        return until("the boot script", self.script)

    def callback(self, script):
        """Path and query that the ramdisk is told to send to."""
        url = re.search(r"ipa-inspection-callback-url=http://127.0.0.1:%d(\S+)" % self.api_port, script).group(1)
        self.assertTrue(url.startswith("/v1/continue_inspection?agent_token="), url)
        return url

    def send(self, path, found, **plugin_data):
        """As Ironic's agent does: without a version."""
        return self.call("POST", path, {"inventory": found, **plugin_data}, version=None)

    def sent(self, found, **plugin_data):
        """Inspects the node by sending this; the node."""
        path = self.callback(self.begin())
        answer = until("the data is taken", lambda: self.taken(path, found, **plugin_data))
        self.assertEqual(answer.json, {"uuid": self.uuid})
        return self.rest(self.uuid, "manageable")

    def taken(self, path, found, **plugin_data):
        """That the script was served is noted a moment later, under the node's lock: then an agent sends again."""
        answer = self.send(path, found, **plugin_data)
        if answer.status == 409:
            return None
        self.assertEqual(answer.status, 202, answer.body)
        return answer

    def ports(self):
        return {port["address"]: port for port in self.get("/v1/ports/detail?node=" + self.uuid)["ports"]}


class Inspections(InspectionSuite):
    own_options = ('inspector.pci_device_alias={"vendor_id": "10de", "product_id": "1db4", "name": "gpu"}',)

    def test_what_an_agent_of_ironic_sends_fills_the_node(self):
        pci = [{"vendor_id": "10de", "product_id": "1DB4"}, {"vendor_id": "10DE", "product_id": "1db4"},
               {"vendor_id": "8086", "product_id": "1db4"}]
        found = inventory(MAC, OTHER)
        node = self.sent(found, pci_devices=pci, logs="H4sI", root_disk=found["disks"][1], error=None)
        capabilities = dict(pair.split(":") for pair in node["properties"].pop("capabilities").split(","))
        self.assertEqual(node["properties"], {"cpu_arch": "x86_64", "cpus": 4, "memory_mb": 8192, "local_gb": 99})
        self.assertEqual(capabilities, {"boot_mode": "uefi", "cpu_vt": "true", "cpu_aes": "true", "cpu_hugepages": "true", "gpu": "2"})
        ports = self.ports()
        self.assertEqual(list(ports), [MAC])  # add_ports is pxe
        self.assertEqual(ports[MAC]["local_link_connection"],
                         {"switch_id": "64:64:9b:32:f3:00", "port_id": "734", "switch_info": "switch-1"})
        kept = self.get("/v1/nodes/%s/inventory" % self.uuid)
        self.assertEqual(kept["inventory"], found)
        self.assertEqual(kept["plugin_data"]["macs"], [MAC])
        self.assertEqual(kept["plugin_data"]["parsed_lldp"]["eth0"]["switch_port_id"], "734")
        self.assertEqual(kept["plugin_data"]["pci_devices"], pci)
        self.assertNotIn("logs", kept["plugin_data"])
        self.assertEqual((node["power_state"], node["last_error"], node["inspection_started_at"]), ("power off", None, None))
        self.assertIsNotNone(node["inspection_finished_at"])
        self.assertNotIn("kernel", self.script())
        self.assertEqual(self.fetch("/%s/deploy_kernel" % self.uuid), b"")

    def test_a_steel_agent_is_asked_when_it_calls(self):
        machine = agent_support.Machine(macs=(MAC, OTHER))
        self.addCleanup(machine.close)
        machine.write("/proc/cpuinfo", "processor : 0\nflags : fpu aes\nprocessor : 1\nflags : fpu aes\n")
        machine.write("/proc/meminfo", "MemTotal:  2097152 kB\n")
        machine.write("/sys/block/vda/size", "%d\n" % (20 * GIB // 512))
        machine.write("/sys/block/vda/queue/rotational", "1\n")
        machine.write("/sys/block/vda/ro", "0\n")
        machine.write("/sys/block/vda/device/model", "Disk\n")
        machine.write("/dev/vda", "")
        agent = self.real_agent(self.begin(), machine)
        node = self.rest(self.uuid, "manageable")
        self.assertEqual({key: node["properties"][key] for key in ("cpus", "memory_mb", "local_gb")},
                         {"cpus": 2, "memory_mb": 2048, "local_gb": 19}, agent.text())
        self.assertIn("cpu_aes:true", node["properties"]["capabilities"])
        kept = self.get("/v1/nodes/%s/inventory" % self.uuid)["inventory"]
        self.assertEqual([interface["mac_address"] for interface in kept["interfaces"]], [MAC, OTHER])

    def test_capabilities_and_properties_that_the_operator_has_set_stay(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [
            {"op": "add", "path": "/properties", "value": {"capabilities": "rack:7,boot_mode:bios", "vendor": "M", "cpus": 1}}])
        properties = self.sent(inventory(MAC))["properties"]
        self.assertTrue(properties["capabilities"].startswith("rack:7,boot_mode:uefi,"), properties)
        self.assertEqual((properties["vendor"], properties["cpus"]), ("M", 4))

    def test_hints_say_which_disk_counts(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/properties/root_device", "value": {"serial": "big"}}])
        found = inventory(MAC)
        self.assertEqual(self.sent(found, root_disk=found["disks"][1])["properties"]["local_gb"], 499)
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/properties/root_device", "value": {"serial": "no"}}])
        path = self.callback(self.begin())
        until("the data is taken", lambda: self.taken(path, found))
        self.assertIn('root_device says: {"serial":"no"}', self.rest(self.uuid, "inspect failed")["last_error"])

    def test_who_does_not_have_the_token_of_the_boot_is_not_believed(self):
        path = self.callback(self.begin())
        for wrong in ("/v1/continue_inspection", path[:-1], path + "0"):
            until("an answer", lambda: self.send(wrong, inventory(MAC)).status == 404)
        self.assertIn("the agent token is missing or wrong", self.steel.text())
        self.rest(self.uuid, "inspect wait")
        self.assertEqual(self.call("GET", "/v1/nodes/%s/inventory" % self.uuid).status, 404)
        until("the data is taken", lambda: self.taken(path, inventory(MAC)))
        self.rest(self.uuid, "manageable")
        self.assertEqual(self.send(path, inventory(MAC)).status, 404)  # it is over
        self.assertNotIn(path.split("=")[1], self.steel.text())

    def test_versions_that_do_not_have_it_do_not_show_it(self):
        path = self.callback(self.begin())
        for version in ("1.2", "1.30", "1.82", "1.83"):
            self.assertEqual(self.call("POST", path, {"inventory": inventory(MAC)}, version=version).status, 404, version)
        self.rest(self.uuid, "inspect wait")

    def test_what_is_no_inventory_is_refused_and_the_node_waits_on(self):
        path = self.callback(self.begin())
        for body in ({}, {"inventory": []}, {"inventory": {}}, {"inventory": {"interfaces": []}}, {"inventory": {"interfaces": [1]}},
                     {"inventory": {"interfaces": [{"mac_address": 7}]}}, {"inventory": {"interfaces": [{"name": "eth0"}]}},
                     {"inventory": {"interfaces": [{"mac_address": "12"}]}}):
            self.assertEqual(self.call("POST", path, body, version=None).status, 400, body)
        self.assertEqual(self.send(path, inventory(NEW)).status, 404)  # nobody's machine
        until("too many are refused",
              lambda: self.send(path, inventory(MAC, *["52:54:00:ee:%02x:%02x" % (i // 256, i % 256) for i in range(300)])).status == 400)
        self.rest(self.uuid, "inspect wait")

    def test_what_the_ramdisk_reports_fails_the_inspection(self):
        path = self.callback(self.begin())
        until("the data is taken", lambda: self.taken(path, inventory(MAC), error="collector logs failed: no journal"))
        node = self.rest(self.uuid, "inspect failed")
        self.assertIn("the ramdisk reports: collector logs failed: no journal", node["last_error"])
        self.assertEqual((node["power_state"], node["properties"]), ("power off", {}))
        self.assertEqual(self.fetch("/%s/deploy_kernel" % self.uuid), b"")

    def test_an_abort_switches_the_machine_off(self):
        path = self.callback(self.begin())
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "abort"})
        node = self.rest(self.uuid, "inspect failed")
        self.assertEqual(node["power_state"], "power off")
        self.assertIn("aborted", node["last_error"])
        self.assertEqual(self.send(path, inventory(MAC)).status, 404)
        self.assertNotIn("kernel", self.script())
        self.assertEqual(self.sent(inventory(MAC))["last_error"], None)

    def test_a_killed_daemon_goes_on(self):
        path = self.callback(self.begin())
        self.steel.kill()
        self.steel.again()
        until("the data is taken", lambda: self.taken(path, inventory(MAC)))
        self.steel.kill()
        self.steel.again()
        self.assertEqual(self.rest(self.uuid, "manageable")["properties"]["cpus"], 4)

    def test_a_node_without_a_ramdisk_is_told_so(self):
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/driver_info/deploy_kernel", "value": "file:///x"}])
        answer = self.put(self.uuid, "inspect")
        self.assertEqual(answer.status, 400)
        self.assertIn("Missing are: ['deploy_ramdisk']", answer.message)


class Words(InspectionSuite):
    """The operator's words for the ramdisk, as Metal3 sets them."""

    own_options = ("inspector.extra_kernel_params=ipa-inspection-collectors=default,logs  rd.debug  ipa-inspection-callback-url=no",
                   "inspector.force_dhcp=true")

    def test_the_ramdisk_of_an_inspection_gets_the_operators_words(self):
        words = self.begin().split()
        for word in ("ipa-inspection-collectors=default,logs", "rd.debug=", "ipa-collect-lldp=1"):
            self.assertIn(word, words)
        path = self.callback(self.script())
        until("the data is taken", lambda: self.taken(path, inventory(MAC)))
        self.rest(self.uuid, "manageable")


class HarmfulWords(InspectionSuite):
    own_options = ("inspector.extra_kernel_params=a=1 || sh",)

    def test_words_that_no_script_can_hold_are_told_before_anything_happens(self):
        answer = self.put(self.uuid, "inspect")
        self.assertEqual(answer.status, 400)
        self.assertIn("[inspector]extra_kernel_params", answer.message)


class AllPorts(InspectionSuite):
    own_options = ("inspector.add_ports=active", "inspector.keep_ports=present", "inventory.data_backend=none",
                   "inspector.power_off=false", "inspector.hooks=validate-interfaces,ports")

    def test_ports_are_added_kept_and_updated_by_the_rules(self):
        gone = "52:54:00:dd:00:99"
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": gone})
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": NEW, "pxe_enabled": True})
        found = inventory(MAC, OTHER, NEW, "52:54:00:dd:00:04")  # the third and the fourth have no IP address
        found["interfaces"].append({"name": "lo", "mac_address": "52:54:00:dd:00:05", "ipv4_address": "127.0.0.1"})
        node = self.sent(found)
        ports = self.ports()
        self.assertEqual({address: port["pxe_enabled"] for address, port in ports.items()}, {MAC: True, OTHER: False, NEW: False})
        self.assertEqual(node["properties"], {})
        self.assertEqual(node["power_state"], "power on")
        self.assertEqual(self.call("GET", "/v1/nodes/%s/inventory" % self.uuid).status, 404)


class Impatient(InspectionSuite):
    own_options = ("conductor.inspect_wait_timeout=1",)

    def test_silence_is_told_with_what_the_machine_has_done(self):
        self.ask(self.uuid, "inspect")
        node = self.rest(self.uuid, "inspect failed")
        self.assertIn("Timeout reached in inspect wait: powered on, but nothing asked for a boot file", node["last_error"])
        self.assertEqual(node["power_state"], "power off")


class Unmanaged(InspectionSuite):
    """The ramdisk comes from somebody else's boot server; unknown machines are let in."""

    own_options = ("inspector.require_managed_boot=false", "conductor.deploy_kernel=", "conductor.deploy_ramdisk=",
                   "auto_discovery.enabled=true", "auto_discovery.driver=fake-hardware")

    def test_the_machine_is_started_and_known_by_its_address(self):
        self.ask(self.uuid, "inspect")
        self.rest(self.uuid, "inspect wait")
        self.assertNotIn("ipa-", self.script())
        until("the data is taken", lambda: self.taken("/v1/continue_inspection", inventory(MAC)))
        self.assertEqual(self.rest(self.uuid, "manageable")["properties"]["cpus"], 4)

    def test_newer_agents_name_their_node_and_are_told_of_it(self):
        self.ask(self.uuid, "inspect")
        self.rest(self.uuid, "inspect wait")
        other = self.node()["uuid"]
        path = "/v1/continue_inspection?node_uuid="
        body = {"inventory": inventory(MAC)}
        for status, at, version in ((404, path + self.uuid, None), (404, path + self.uuid, "1.83"), (400, path + "x", "1.84"),
                                    (404, path + other, "1.84"), (404, path + harness.random_uuid(), "1.84")):
            self.assertEqual(self.call("POST", at, body, version=version).status, status, (at, version))
        nameless = inventory(MAC)
        for interface in nameless["interfaces"]:
            interface["mac_address"] = "none"
        self.refuse(400, "POST", "/v1/continue_inspection", {"inventory": nameless}, version="1.84")
        answer = until("the data is taken", lambda: self.heard(path + self.uuid, body))
        self.assertEqual(sorted(answer["node"]), ["driver_internal_info", "instance_info", "links", "properties", "uuid"])
        self.assertEqual(answer["node"]["uuid"], self.uuid)
        self.assertTrue(answer["config"]["agent_token_required"])
        self.assertGreater(len(answer["config"]["agent_token"]), 20)
        self.rest(self.uuid, "manageable")

    def heard(self, path, body):
        answer = self.call("POST", path, body, version="1.84")
        return answer.json if answer.status == 202 else None

    def test_an_unknown_machine_becomes_a_node(self):
        answer = self.send("/v1/continue_inspection", inventory(NEW, OTHER))
        self.assertEqual(answer.status, 202, answer.body)
        uuid = answer.json["uuid"]
        node = self.get("/v1/nodes/" + uuid)
        self.assertEqual((node["provision_state"], node["driver"], node["properties"]["cpus"]), ("enroll", "fake-hardware", 4))
        self.assertEqual([port["address"] for port in self.get("/v1/ports?node=" + uuid)["ports"]], [NEW])
        self.assertTrue(self.get("/v1/nodes/%s/inventory" % uuid)["plugin_data"]["auto_discovered"])
        self.assertEqual(self.send("/v1/continue_inspection", inventory(NEW)).status, 404)  # it is known, and does not wait
        self.want(204, "DELETE", "/v1/nodes/" + uuid)

    def test_a_machine_that_cannot_be_learnt_becomes_none(self):
        before = len(self.get("/v1/nodes")["nodes"])
        self.assertEqual(self.send("/v1/continue_inspection", inventory(NEW, cpu={})).status, 400)
        self.assertEqual(len(self.get("/v1/nodes")["nodes"]), before)


class Misconfigured(InspectionSuite):
    own_options = ("inspector.hooks=ports,validate-interfaces",)

    def test_hooks_that_cannot_run_are_told_before_anything_happens(self):
        answer = self.put(self.uuid, "inspect")
        self.assertEqual(answer.status, 400)
        self.assertIn("ports needs validate-interfaces to stand before it", answer.message)


if __name__ == "__main__":
    unittest.main()
