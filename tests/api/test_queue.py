"""More deploys and cleanings than may run at once: all are accepted, wait for their turn, and say which place they have.

SPDX-License-Identifier: Apache-2.0
"""
import datetime
import os
import socket
import subprocess
import unittest

import faults_support
import harness
from faults_support import until
from observe_support import scrape

STEP = {"interface": "deploy", "step": "erase_devices"}
WAITS = {"deploy.deploy": {"wait": True}}


class Suite(faults_support.Suite):
    options = ("conductor.max_concurrent_deploy=1", "conductor.max_concurrent_clean=1", "conductor.automated_clean=false")

    def tearDown(self):
        for node in self.get("/v1/nodes")["nodes"]:
            uuid = node["uuid"]
            if not self.get("/v1/nodes/" + uuid)["maintenance"]:
                self.patient(202, "PUT", "/v1/nodes/%s/maintenance" % uuid, {"reason": "the test is over"})
            self.patient(204, "DELETE", "/v1/nodes/" + uuid)

    def patient(self, status, method, path, body=None):
        """Retries while the node is locked."""
        def asked():
            answer = self.call(method, path, body)
            if answer.status != 409:
                self.assertEqual(answer.status, status, answer.body[:500])
            return answer.status == status
        until("%s %s is taken" % (method, path), asked)

    def of(self, operation):
        """Its row of the capacity, and the nodes that wait, in their order."""
        def look():  # the service counts first and lists then: a node may leave in between
            told = self.get("/v1/capacity")
            places = [place for place in told["queue"] if place["operation"] == operation]
            self.assertEqual([place["place"] for place in places], list(range(1, len(places) + 1)))
            row = [row for row in told["capacity"] if row["operation"] == operation][0]
            return (row, [place["node_uuid"] for place in places]) if row["queued"] == len(places) else None
        return until("as many are counted as are listed", look)

    def leaves(self, operation, *nodes):
        """Waits until these alone wait: a node that is at work, or done, gives its place up a moment later. The row."""
        until("only %s wait" % (nodes,), lambda: self.of(operation)[1] == list(nodes))
        return self.of(operation)[0]

    def available(self, orders=None, **values):
        node = self.to(self.fake(orders), "available")
        if values:
            self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/" + name, "value": value}
                                                          for name, value in values.items()])
        return node

    def holder(self):
        """A node that has the only place at work."""
        node = self.available(WAITS)
        self.ask(node, "active")
        return self.rest(node, "wait call-back")["uuid"]

    def queued(self, node):
        found = self.rest(node, "wait call-back")
        self.assertIn("queued_at", found["driver_internal_info"])
        return found


class Expectations(Suite):
    def expected(self, nodes):
        """When they are expected to begin, in the order of the queue."""
        for node in nodes:
            self.ask(node, "active")
        places = self.get("/v1/capacity")["queue"]
        self.assertEqual([place["node_uuid"] for place in places], nodes)
        return [place["expected_start_at"] for place in places]

    def test_a_start_is_expected_by_the_mean_time_and_the_place(self):
        first = self.holder()
        slow = self.available({"deploy.deploy": {"delay_ms": 1500}})
        self.assertEqual(self.expected([slow]), [None])
        self.patient(202, "PUT", "/v1/nodes/%s/states/provision" % first, {"target": "deleted"})
        self.rest(slow, "active")
        self.holder()
        began = datetime.datetime.now(datetime.timezone.utc).isoformat()
        expected = self.expected([self.available() for _ in range(3)])
        self.assertEqual(expected, sorted(set(expected)), "each at least a second after the one before it")
        self.assertLess(began, expected[0])


class Queues(Suite):
    def test_all_are_accepted_and_end_in_their_order(self):
        first = self.holder()
        others = [self.available() for _ in range(5)]
        for node in others:
            self.ask(node, "active")
        row, waiting = self.of("deploy")
        self.assertEqual(waiting, others)
        self.assertEqual((row["limit"], row["working"]), (1, 1))
        until("five are counted", lambda: scrape(self.steel.port).get("steel_work_queued", operation="deploy") == 5)
        self.assertEqual(scrape(self.steel.port).get("steel_work_queued", operation="clean"), 0)
        for node in others:
            self.queued(node)
            self.assertEqual([phase["phase"] for phase in self.phases(node) if phase["finished_at"] is None], ["queue"])
        self.patient(202, "PUT", "/v1/nodes/%s/states/provision" % first, {"target": "deleted"})
        begun = []
        for node in others:
            found = self.wait_node(node, provision_state="active", reservation=None)
            self.assertNotIn("queued_at", found["driver_internal_info"])
            phases = [phase for phase in self.phases(node) if phase["operation"] == "deploy"]
            self.assertEqual([phases[0]["phase"], phases[0]["result"]], ["queue", "ok"])
            self.assertEqual(len({phase["operation_uuid"] for phase in phases}), 1)
            begun.append(phases[1]["started_at"])
        self.assertEqual(begun, sorted(begun))
        row = self.leaves("deploy")
        self.assertEqual(row["working"], 0)
        self.assertIsNotNone(row["mean_seconds"])

    def test_projects_take_turns(self):
        self.holder()
        many = [self.available(owner="many") for _ in range(4)]
        few = [self.available(owner="few") for _ in range(2)]
        for node in many + few:
            self.ask(node, "active")
        self.assertEqual(self.of("deploy")[1], [many[0], few[0], many[1], few[1], many[2], many[3]])
        projects = {place["node_uuid"]: place["project"] for place in self.get("/v1/capacity")["queue"]}
        self.assertEqual((projects[many[0]], projects[few[0]]), ("many", "few"))

    def test_a_project_at_work_comes_after_one_that_is_not(self):
        first = self.available(WAITS, owner="many")
        self.ask(first, "active")
        self.rest(first, "wait call-back")
        nodes = [self.available(owner="many"), self.available(owner="few")]
        for node in nodes:
            self.ask(node, "active")
        self.assertEqual(self.of("deploy")[1], nodes[::-1])

    def test_the_queue_outlives_the_process(self):
        first = self.holder()
        others = [self.available() for _ in range(3)]
        for node in others:
            self.ask(node, "active")
        before = self.get("/v1/capacity")
        self.steel.kill()
        self.steel.again()
        self.assertEqual([place["node_uuid"] for place in self.get("/v1/capacity")["queue"]],
                         [place["node_uuid"] for place in before["queue"]])
        for node in others:
            self.queued(node)
        self.patient(202, "PUT", "/v1/nodes/%s/states/provision" % first, {"target": "deleted"})
        for node in others:
            self.wait_node(node, provision_state="active", reservation=None)

    def orders_followed(self, node):
        return self.get("/v1/nodes/" + node)["driver_internal_info"].get("fake_counts", {})

    def test_a_cleaning_that_waits_is_aborted_and_nothing_was_done(self):
        first, node = self.to(self.fake({"deploy.erase_devices": {"wait": True}}), "manageable"), self.to(self.fake(), "manageable")
        self.ask(first, "clean", clean_steps=[STEP])
        self.rest(first, "clean wait")
        before = self.orders_followed(node)
        self.ask(node, "clean", clean_steps=[STEP])
        self.assertIn("queued_at", self.rest(node, "clean wait")["driver_internal_info"])
        self.ask(node, "abort")
        found = self.rest(node, "clean failed")
        self.assertIn("aborted", found["last_error"])
        self.assertNotIn("queued_at", found["driver_internal_info"])
        self.assertEqual(self.of("clean")[1], [])
        done = self.orders_followed(node)
        self.assertEqual({name for name, count in done.items() if before.get(name) != count and "validate" not in name}, set())
        self.assertEqual([phase for phase in self.phases(node) if phase["finished_at"] is None], [])

    def test_an_undeploy_ends_the_wait_and_gives_the_place_up(self):
        self.holder()
        node, other = self.available(), self.available()
        self.ask(node, "active")
        self.ask(other, "active")
        self.queued(node)
        self.ask(node, "deleted")
        self.assertEqual(self.rest(node, "available")["instance_info"], {})
        self.assertEqual(self.of("deploy")[1], [other])

    def test_a_heartbeat_does_not_begin_it_and_maintenance_keeps_its_place(self):
        first = self.holder()
        node, other = self.available(), self.available()
        for uuid in (node, other):
            self.ask(uuid, "active")
            self.queued(uuid)
        self.patient(202, "PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "look at it"})
        self.patient(202, "PUT", "/v1/nodes/%s/states/provision" % first, {"target": "deleted"})
        self.wait_node(other, provision_state="active", reservation=None)
        self.leaves("deploy", node)
        self.patient(202, "DELETE", "/v1/nodes/%s/maintenance" % node)
        self.wait_node(node, provision_state="active", reservation=None)

    def test_cleanings_wait_as_well_and_undeploys_are_not_refused(self):
        first, second = self.to(self.fake({"deploy.erase_devices": {"wait": True}}), "manageable"), self.to(self.fake(), "manageable")
        deployed = self.to(self.fake(), "active")
        self.want(200, "PATCH", "/v1/nodes/" + deployed, [{"op": "add", "path": "/automated_clean", "value": True}])
        self.ask(first, "clean", clean_steps=[STEP])
        self.rest(first, "clean wait")
        self.ask(second, "clean", clean_steps=[STEP])
        self.ask(deployed, "deleted")
        self.assertIn("queued_at", self.rest(second, "clean wait")["driver_internal_info"])
        self.assertIn("queued_at", self.rest(deployed, "clean wait")["driver_internal_info"])
        self.assertEqual(self.of("clean")[1], [second, deployed])
        self.ask(first, "abort")
        self.rest(first, "clean failed")
        self.wait_node(second, provision_state="manageable", target_provision_state=None, reservation=None)
        self.wait_node(deployed, provision_state="available", target_provision_state=None, reservation=None)
        ran = [phase["phase"] for phase in self.phases(second) if phase["operation"] == "clean"]
        self.assertEqual(ran, ["queue", "prepare", "deploy.erase_devices"])

    def test_the_command_line_lists_both(self):
        self.holder()
        node = self.available()
        self.ask(node, "active")

        def told(*words):
            return subprocess.run([os.path.join(harness.ROOT, os.environ.get("STEEL_BUILD", "build"), "steel"), "--os-endpoint",
                                   "http://127.0.0.1:%d" % self.steel.port, *words], capture_output=True, text=True,
                                  timeout=harness.LIMIT_S, check=True).stdout
        self.assertRegex(told("capacity"), r"deploy +\| +1 +\| +1 +\| +1 +\|")
        self.assertIn(node, told("capacity", "queue"))


class Workers(faults_support.Suite):
    options = ("conductor.workers_pool_size=3", "enabled_hardware_types=fake-hardware,redfish", "redfish.connection_attempts=1")

    def silent(self):
        """A node whose BMC lets everybody connect and says nothing, until it is closed; that BMC."""
        bmc = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(bmc.close)
        info = {"redfish_address": "https://127.0.0.1:%d" % bmc.getsockname()[1], "redfish_username": "admin", "redfish_password": "x"}
        return self.node(driver="redfish", driver_info=info)["uuid"], bmc

    def test_without_a_free_worker_deploys_wait(self):
        managed = self.to(self.fake(), "manageable")
        nodes = [self.to(self.fake(), "available") for _ in range(2)]
        busy = [self.silent() for _ in range(3)]
        for node, _ in busy:  # what worked before has said so, and may not have ended
            until("a worker takes it", lambda: self.power(node, "power on").status == 202)
        for node in nodes:
            self.ask(node, "active")
        self.ask(managed, "provide")
        self.assertEqual({place["node_uuid"] for place in self.get("/v1/capacity")["queue"]}, {*nodes, managed})
        for _, bmc in busy:
            bmc.close()
        for node in nodes:
            self.wait_node(node, provision_state="active", reservation=None)
        self.wait_node(managed, provision_state="available", reservation=None)


if __name__ == "__main__":
    unittest.main()
