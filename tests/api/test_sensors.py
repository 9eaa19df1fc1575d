"""Sensors of machines in /metrics: the daemon against steel-lab's simulated BMC.

SPDX-License-Identifier: Apache-2.0
"""
import unittest

import harness
import simulated_bmc
from faults_support import until
from observe_support import scrape

WORKERS = 4
VALUE, HEALTH = "steel_node_sensor", "steel_node_sensor_health"
OPTIONS = ("enabled_hardware_types=redfish,fake-hardware", "sensor_data.send_sensor_data=true", "sensor_data.interval=1",
           "redfish.connection_attempts=1", "sensor_data.workers=%d" % WORKERS)


class Machines(harness.Suite):
    def machine(self, bmc, **fields):
        info = {"redfish_address": bmc.url, "redfish_verify_ca": bmc.certificate, "redfish_username": simulated_bmc.USER,
                "redfish_password": simulated_bmc.PASSWORD}
        node = self.node(driver="redfish", driver_info=info, **fields)["uuid"]
        self.addCleanup(self.when_unlocked, "DELETE", "/v1/nodes/" + node)
        return node

    def when_unlocked(self, method, path):
        until("%s %s" % (method, path), lambda: self.call(method, path).status in (204, 404))

    def bmc(self, *words):
        bmc = simulated_bmc.Bmc(*words)
        self.addCleanup(bmc.stop)
        return bmc

    def values(self, node):
        """{(type, name, unit): value} and {(type, name): health} of a node."""
        told = scrape(self.steel.port)
        rows = [(name, dict(labels), value) for (name, labels), value in told.values.items() if dict(labels).get("node") == node]
        return ({(row["type"], row["name"], row["unit"]): value for name, row, value in rows if name == VALUE},
                {(row["type"], row["name"]): value for name, row, value in rows if name == HEALTH})


class All(Machines):
    options = OPTIONS + ("sensor_data.enable_for_undeployed_nodes=true",)

    def test_sensors_are_told_by_node_type_and_name(self):
        bmc = self.bmc()
        node = self.machine(bmc)
        values, healths = until("sensors", lambda: self.values(node)[0] and self.values(node))
        self.assertEqual(values[("Temperature", "CPU 1", "celsius")], 22)
        self.assertEqual(values[("Fan", "Fan 1", "rpm")], 0)
        self.assertEqual(values[("Power", "Power Supply 1", "watts")], 8)
        self.assertEqual((healths[("Drive", "Drive 6")], healths[("Temperature", "CPU 1")]), (0, 0))
        # They are read again and again.
        bmc.ask("POST", "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset", {"ResetType": "On"})
        until("the warmth of a machine that is on", lambda: self.values(node)[0].get(("Temperature", "CPU 1", "celsius")) == 44)

    def test_a_machine_that_does_not_answer_is_forgotten(self):
        gone, good = simulated_bmc.Bmc(), self.bmc()
        lost, node = self.machine(gone), self.machine(good)
        until("both", lambda: self.values(lost)[0] and self.values(node)[0])
        gone.stop()
        until("the lost one is forgotten", lambda: self.values(lost) == ({}, {}))
        self.assertTrue(self.values(node)[0])

    def test_slow_machines_delay_no_other(self):
        slow, good = [self.bmc() for _ in range(WORKERS - 1)], self.bmc()
        for bmc in slow:
            bmc.set("latency-ms=60000")
            self.addCleanup(bmc.set, "latency-ms=0")
            self.machine(bmc)
        node = self.machine(good)
        for power, warmth in (("On", 44), ("ForceOff", 22), ("On", 44), ("ForceOff", 22)):
            good.ask("POST", "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset", {"ResetType": power})
            until("one more reading", lambda: self.values(node)[0].get(("Temperature", "CPU 1", "celsius")) == warmth)

    def test_a_node_in_maintenance_is_not_read(self):
        bmc = self.bmc()
        node = self.machine(bmc)
        until("sensors", lambda: self.values(node)[0])
        until("maintenance", lambda: self.call("PUT", "/v1/nodes/%s/maintenance" % node, {}).status == 202)
        until("its sensors are forgotten", lambda: not self.values(node)[0])


class Chosen(Machines):
    options = OPTIONS + ("sensor_data.data_types=Fan",)

    def test_nodes_with_an_instance_and_types_that_are_asked_for(self):
        bmc = self.bmc()
        other, node = self.machine(self.bmc()), self.machine(bmc)
        self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/instance_uuid", "value": harness.random_uuid()}])
        self.addCleanup(self.call, "PATCH", "/v1/nodes/" + node, [{"op": "remove", "path": "/instance_uuid"}])
        values, healths = until("fans", lambda: self.values(node)[0] and self.values(node))
        self.assertEqual({key[0] for key in values} | {key[0] for key in healths}, {"Fan"})
        self.assertEqual(self.values(other), ({}, {}))


class Off(Machines):
    options = ("enabled_hardware_types=redfish,fake-hardware", "sensor_data.interval=1")

    def test_nothing_is_read_unless_it_is_asked_for(self):
        bmc = self.bmc()
        node = self.machine(bmc)
        self.provision(node, "manage", "manageable")
        self.assertEqual(self.values(node), ({}, {}))


if __name__ == "__main__":
    unittest.main()
