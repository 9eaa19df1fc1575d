"""Sensors of machines in /metrics: the daemon against steel-lab's simulated BMC.

SPDX-License-Identifier: Apache-2.0
"""
import unittest

import faults_support
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
        info = bmc.access()
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
        told = scrape(self.steel.conductor_metrics)
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


class Health(Machines):
    """Of a BMC that tells of its sensors only, the worst of them is the machine's health."""

    options = ("enabled_hardware_types=ilo5,fake-hardware", "sensor_data.send_sensor_data=true", "sensor_data.interval=1",
               "sensor_data.enable_for_undeployed_nodes=true")

    def test_the_health_is_that_of_the_worst_sensor(self):
        bmc = self.bmc("--bmc", "ilo5", "--uefi")
        info = {"ilo_address": bmc.host, "client_port": bmc.port, "ilo_verify_ca": bmc.certificate,
                "ilo_username": simulated_bmc.USER, "ilo_password": simulated_bmc.PASSWORD}
        node = self.node(driver="ilo5", driver_info=info)["uuid"]
        self.addCleanup(self.when_unlocked, "DELETE", "/v1/nodes/" + node)
        until("it is told", lambda: self.get("/v1/nodes/" + node, "1.109")["health"])
        worst = max(until("its sensors are", lambda: self.values(node)[1]).values())
        self.assertEqual(self.get("/v1/nodes/" + node, "1.109")["health"], ("OK", "Warning", "Critical")[int(worst)])


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


class Ilos(Machines):
    options = tuple(word.replace("redfish,fake-hardware", "ilo,ilo5,fake-hardware") for word in OPTIONS) + (
        "sensor_data.enable_for_undeployed_nodes=true",)

    def ilo(self, kind, driver):
        bmc = self.bmc("--bmc", kind)
        info = {"ilo_address": bmc.host, "client_port": bmc.port, "ilo_username": simulated_bmc.USER, "ilo_password": simulated_bmc.PASSWORD,
                "ilo_verify_ca": bmc.certificate}
        node = self.node(driver=driver, driver_info=info)["uuid"]
        self.addCleanup(self.when_unlocked, "DELETE", "/v1/nodes/" + node)
        return bmc, node

    def test_an_ilo_of_each_generation_tells_of_its_sensors(self):
        machines = {kind: self.ilo(kind, driver) for kind, driver in (("ilo5", "ilo5"), ("ilo4", "ilo"), ("ilo4-gen8", "ilo"))}
        for kind in ("ilo5", "ilo4"):
            with self.subTest(kind):
                node = machines[kind][1]
                values, healths = until("sensors", lambda: self.values(node)[0] and self.values(node))
                self.assertEqual((values[("Temperature", "CPU 1", "celsius")], values[("Fan", "Fan 1", "rpm")]), (22, 0))
                self.assertEqual(values[("Power", "Power Supply 1", "watts")], 8)
                self.assertEqual(("Drive", "2I:1:5") in healths, kind == "ilo5")
        bmc, node = machines["ilo4-gen8"]
        values, healths = until("sensors", lambda: self.values(node)[0] and self.values(node))
        self.assertEqual(values, {("Temperature", "01-Inlet Ambient", "celsius"): 21, ("Fan", "Fan 1", "percent"): 0,
                                  ("Power", "Present Power Reading", "watts"): 8})
        self.assertEqual(healths, {("Temperature", "01-Inlet Ambient"): 0, ("Fan", "Fan 1"): 0})
        body = ('<RIBCL VERSION="2.0"><LOGIN USER_LOGIN="%s" PASSWORD="%s"><SERVER_INFO MODE="write"><SET_HOST_POWER HOST_POWER="Yes"/>'
                '</SERVER_INFO></LOGIN></RIBCL>\r\n' % (simulated_bmc.USER, simulated_bmc.PASSWORD))
        self.assertEqual(bmc.ask("POST", "/ribcl", body).status, 200)
        until("the warmth of a machine that is on",
              lambda: self.values(node)[0].get(("Temperature", "01-Inlet Ambient", "celsius")) == 24)


class OverIpmi(Machines):
    options = tuple(word.replace("redfish,fake-hardware", "ipmi,fake-hardware") for word in OPTIONS) + (
        "sensor_data.enable_for_undeployed_nodes=true", "ipmi.min_command_interval=0", "ipmi.command_retry_timeout=10")

    def test_the_sensors_of_the_repository_are_read(self):
        fleet = faults_support.Fleet(2)
        self.addCleanup(fleet.close)
        fleet.set("--all", "--power", "off")
        nodes = [self.node(driver="ipmi", driver_info=fleet.info(index))["uuid"] for index in range(2)]
        for node in nodes:
            self.addCleanup(self.when_unlocked, "DELETE", "/v1/nodes/" + node)
            values, healths = until("sensors", lambda: self.values(node)[0] and self.values(node))
            self.assertEqual(values, {("Temperature", "Inlet Temp", "celsius"): 21, ("Temperature", "CPU1 Temp", "celsius"): 22,
                                      ("Fan", "FAN1", "rpm"): 0, ("Voltage", "12V", "volts"): 0, ("Power", "PS1 Input Power", "watts"): 8})
            self.assertEqual(set(healths.values()), {0})
        # They are read again and again.
        fleet.set("--all", "--power", "on")
        until("the readings of a machine that is on", lambda: self.values(nodes[1])[0].get(("Fan", "FAN1", "rpm")) == 3200)
        self.assertAlmostEqual(self.values(nodes[1])[0][("Voltage", "12V", "volts")], 12.06, 3)


class Off(Machines):
    options = ("enabled_hardware_types=redfish,fake-hardware", "sensor_data.interval=1")

    def test_nothing_is_read_unless_it_is_asked_for(self):
        bmc = self.bmc()
        node = self.machine(bmc)
        self.provision(node, "manage", "manageable")
        self.assertEqual(self.values(node), ({}, {}))


if __name__ == "__main__":
    unittest.main()
