"""What an inspection by Redfish finds of PCIe devices and of switches, at a BMC that tells of both, as Ironic 39.0.0 tells it.

SPDX-License-Identifier: Apache-2.0
"""
import http.server
import json
import threading
import unittest

import harness

ROOT = "/redfish/v1"
SYSTEM, CHASSIS = ROOT + "/Systems/1", ROOT + "/Chassis/1"


def link(path):
    return {"@odata.id": path}


def collection(path, *members):
    return {path: dict(link(path), Name="x", Members=[link(member) for member in members])}


FUNCTION = {"DeviceClass": "NetworkController", "DeviceId": "0x1572", "VendorId": "0x8086", "SubsystemId": "0x0001",
            "SubsystemVendorId": "0x8087", "RevisionId": "0x02", "FunctionId": 0}
HEARD = {"ChassisId": "c8:1f:66:c7:e8:2b", "PortId": "1/0/7", "SystemName": "rack-7", "SystemDescription": "a switch", "ManagementVlanId": 42}
PORTS = CHASSIS + "/NetworkAdapters/1/Ports"


def documents():
    tree = {
        ROOT: dict(link(ROOT), Id="RootService", RedfishVersion="1.6.0", Systems=link(ROOT + "/Systems"), Chassis=link(ROOT + "/Chassis")),
        SYSTEM: dict(link(SYSTEM), Id="1", Name="1", UUID="5fee1000-0000-4000-8000-525401000000", PowerState="Off", Manufacturer="M",
                     MemorySummary={"TotalSystemMemoryGiB": 4}, Links={"Chassis": [link(CHASSIS)]},
                     Boot={"BootSourceOverrideMode": "UEFI", "BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "None"},
                     Processors=link(SYSTEM + "/Processors"), PCIeDevices=[link(CHASSIS + "/PCIeDevices/1"), link(CHASSIS + "/PCIeDevices/2")],
                     Actions={"#ComputerSystem.Reset": {"target": SYSTEM + "/Actions/ComputerSystem.Reset"}}),
        SYSTEM + "/Processors/1": {"Id": "1", "TotalThreads": 4, "ProcessorArchitecture": "x86"},
        CHASSIS: dict(link(CHASSIS), Id="1", NetworkAdapters=link(CHASSIS + "/NetworkAdapters")),
        CHASSIS + "/PCIeDevices/1": {"Id": "1", "PCIeFunctions": link(CHASSIS + "/PCIeDevices/1/PCIeFunctions")},
        CHASSIS + "/PCIeDevices/2": {"Id": "2"},
        CHASSIS + "/PCIeDevices/1/PCIeFunctions/1": FUNCTION,
        CHASSIS + "/PCIeDevices/1/PCIeFunctions/2": {"FunctionId": 1},
        CHASSIS + "/NetworkAdapters/1": {"Id": "1", "Ports": link(PORTS)},
        PORTS + "/A": {"Id": "A", "Name": "A", "Ethernet": {"LLDPReceive": HEARD}},
        PORTS + "/B": {"Id": "B", "Name": "B", "Ethernet": {"LLDPReceive": {"PortId": "1/0/8", "ChassisId": None}}},
        PORTS + "/C": {"Id": "C", "Name": "C", "Ethernet": {}},
    }
    for path, members in ((ROOT + "/Systems", (SYSTEM,)), (ROOT + "/Chassis", (CHASSIS,)), (SYSTEM + "/Processors", (SYSTEM + "/Processors/1",)),
                          (CHASSIS + "/PCIeDevices/1/PCIeFunctions", [CHASSIS + "/PCIeDevices/1/PCIeFunctions/%d" % n for n in (1, 2)]),
                          (CHASSIS + "/NetworkAdapters", (CHASSIS + "/NetworkAdapters/1",)), (PORTS, [PORTS + "/" + name for name in "ABC"])):
        tree.update(collection(path, *members))
    return tree


class Handler(http.server.BaseHTTPRequestHandler):
    tree = {}
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        document = self.tree.get(self.path.rstrip("/"))
        data = json.dumps(document if document is not None else {"error": {"code": "Base.1.0.ResourceMissingAtURI", "message": "none"}}).encode()
        self.send_response(200 if document is not None else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Parts(harness.Suite):
    options = ("enabled_hardware_types=redfish", "conductor.sync_power_state_interval=0", "redfish.auth_type=basic")

    def setUp(self):
        self.tree = documents()
        handler = type("Bmc", (Handler,), {"tree": self.tree})
        self.bmc = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.bmc.serve_forever, daemon=True).start()
        self.addCleanup(self.bmc.server_close)
        self.addCleanup(self.bmc.shutdown)

    def inspected(self):
        uuid = self.want(201, "POST", "/v1/nodes", {
            "driver": "redfish", "inspect_interface": "redfish", "properties": {"local_gb": 10}, "driver_info": {
                "redfish_address": "http://127.0.0.1:%d" % self.bmc.server_address[1], "redfish_system_id": SYSTEM,
                "redfish_username": "admin", "redfish_password": "password"}})["uuid"]
        self.provision(uuid, "manage", "manageable")
        self.provision(uuid, "inspect", "manageable")
        return self.get("/v1/nodes/%s/inventory" % uuid)

    def test_devices_and_what_ports_hear_of_their_switches(self):
        found = self.inspected()
        self.assertEqual(found["inventory"]["pci_devices"], [{
            "class": "NetworkController", "product_id": "0x1572", "vendor_id": "0x8086", "subsystem_id": "0x0001",
            "subsystem_vendor_id": "0x8087", "revision": "0x02"}])
        self.assertEqual(found["plugin_data"], {"parsed_lldp": {
            "A": {"switch_chassis_id": "c8:1f:66:c7:e8:2b", "switch_port_id": "1/0/7", "switch_system_name": "rack-7",
                  "switch_system_description": "a switch", "switch_vlan_id": 42}, "B": {"switch_port_id": "1/0/8"}}})

    def test_what_cannot_be_read_is_left_out(self):
        del self.tree[CHASSIS + "/PCIeDevices/1/PCIeFunctions"], self.tree[CHASSIS + "/NetworkAdapters"]
        found = self.inspected()
        self.assertNotIn("pci_devices", found["inventory"])
        self.assertEqual((found["inventory"]["cpu"]["count"], found["plugin_data"]), (4, {}))


if __name__ == "__main__":
    unittest.main()
