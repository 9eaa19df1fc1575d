"""Many clients at once: locked nodes, busy workers, concurrent changes.

SPDX-License-Identifier: Apache-2.0
"""
import threading
import time

import faults_support
import harness
import node_lock
from faults_support import until
from observe_support import scrape


def at_once(count, work):
    """Runs work(i) in this many threads at once; their results."""
    results = [None] * count

    def run(index):
        results[index] = work(index)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class Locks(faults_support.Suite):
    options = ("conductor.node_locked_retry_attempts=0",)

    def test_of_two_patches_at_once_none_is_lost_silently(self):
        node = self.fake()

        def patch(index):
            body = [{"op": "add", "path": "/extra/k%d" % index, "value": index}]
            return until("the patch", lambda: self.call("PATCH", "/v1/nodes/" + node, body).status != 409)

        at_once(20, patch)
        self.assertEqual(self.get("/v1/nodes/" + node)["extra"], {"k%d" % index: index for index in range(20)})

    def test_patches_of_resources_without_a_lock_are_not_lost(self):
        chassis = self.want(201, "POST", "/v1/chassis", {})["uuid"]
        answers = at_once(20, lambda index: self.call("PATCH", "/v1/chassis/" + chassis, [
            {"op": "add", "path": "/extra/k%d" % index, "value": index}]).status)
        self.assertEqual(set(answers), {200})
        self.assertEqual(self.get("/v1/chassis/" + chassis)["extra"], {"k%d" % index: index for index in range(20)})

    def test_a_lock_error_names_holder_purpose_and_time(self):
        node = self.to(self.fake({"deploy.deploy": {"delay_ms": 6000}}), "available")
        self.ask(node, "active")
        for method, path, body in (("DELETE", "/v1/nodes/" + node, None),
                                   ("PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/extra/a", "value": 1}]),
                                   ("PUT", "/v1/nodes/%s/states/power" % node, {"target": "power on"}),
                                   ("PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "x"}),
                                   ("PUT", "/v1/nodes/%s/management/boot_device" % node, {"boot_device": "pxe"})):
            message = self.refuse(409, method, path, body)
            self.assertIn("is locked by host %s (provision state change, since 20" % self.steel.host, message)
        after = self.rest(node, "active")
        self.assertEqual(after["extra"], {})
        self.assertFalse(after["maintenance"])

    def test_an_allocation_deleted_during_its_search_keeps_no_node(self):
        nodes = [self.powered(self.to(self.fake(resource_class="deleted-early"), "available")) for _ in range(4)]
        for _ in range(60):
            allocation = self.want(201, "POST", "/v1/allocations", {"resource_class": "deleted-early"})["uuid"]
            self.call("DELETE", "/v1/allocations/" + allocation)
        until("no allocation is left", lambda: all(
            self.call("DELETE", "/v1/allocations/" + item["uuid"]).status in (204, 404)
            for item in self.get("/v1/allocations")["allocations"]) and not self.get("/v1/allocations")["allocations"])
        for node in nodes:
            self.wait_node(node, allocation_uuid=None, instance_uuid=None, reservation=None)


class Patience(faults_support.Suite):
    options = ("conductor.node_locked_retry_attempts=45", "conductor.node_locked_retry_interval=1")

    def test_a_client_waits_for_a_locked_node(self):
        node = self.fake({"power.set": {"delay_ms": 700}})
        self.assertEqual(self.power(node, "power on").status, 202)
        self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/extra/a", "value": 1}])

    def test_two_hundred_clients_that_wait_for_one_node_do_not_delay_others(self):
        node, other = self.fake(), self.fake()
        statuses = []

        def crowd():
            statuses.extend(at_once(200, lambda index: self.call("PATCH", "/v1/nodes/" + node, [
                {"op": "add", "path": "/extra/a", "value": index}]).status))

        thread = threading.Thread(target=crowd)
        with node_lock.held(self.steel, node):
            thread.start()
            until("most wait", lambda: scrape(self.steel.port).get("steel_api_requests_in_progress") > 150)
            for _ in range(20):
                self.want(200, "PATCH", "/v1/nodes/" + other, [{"op": "add", "path": "/extra/a", "value": 1}])
            self.assertEqual(statuses, [])
        thread.join()
        self.assertLessEqual(set(statuses), {200, 409})
        self.assertIn(200, statuses)
        self.assertIsNone(self.get("/v1/nodes/" + node)["reservation"])


class Retries(faults_support.Suite):
    options = ("conductor.node_locked_retry_attempts=5", "conductor.node_locked_retry_interval=1")

    def test_after_the_last_try_the_client_gets_an_error(self):
        node = self.fake({"power.set": {"delay_ms": 11000}})
        self.assertEqual(self.power(node, "power on").status, 202)
        begun = time.monotonic()
        self.assertIn("power state change", self.refuse(409, "DELETE", "/v1/nodes/" + node))
        self.assertGreater(time.monotonic() - begun, 4.5)


class Workers(faults_support.Suite):
    options = ("conductor.workers_pool_size=3",)

    def ignoring(self, node):
        return {name: value for name, value in self.get("/v1/nodes/" + node).items() if name != "updated_at"}

    def test_all_busy_means_503_at_once_and_a_node_as_it_was(self):
        busy = [self.fake({"power.set": {"delay_ms": 9000}}) for _ in range(3)]
        fresh = self.fake()
        managed, active = self.to(self.fake(), "manageable"), self.to(self.fake(), "active")
        failed = self.fake({"power.validate": {"fail": "INVALID", "message": "told before"}})
        self.ask(failed, "manage")
        self.rest(failed, "enroll")
        nodes = (fresh, managed, active, failed)
        before = [self.ignoring(node) for node in nodes]
        self.assertEqual(before[3]["last_error"] is None, False)
        for node in busy:  # what worked before has said so, and may not have ended
            until("a worker takes it", lambda: self.power(node, "power on").status == 202)
        for node, path, body in (
                (fresh, "provision", {"target": "manage"}), (active, "provision", {"target": "deleted"}),
                (active, "provision", {"target": "rescue", "rescue_password": "secret"}), (active, "power", {"target": "power on"}),
                (active, "boot_mode", {"target": "uefi"}), (active, "console", {"enabled": True}), (failed, "provision", {"target": "manage"})):
            answer = self.call("PUT", "/v1/nodes/%s/states/%s" % (node, path), body)
            self.assertEqual(answer.status, 503, (path, body, answer.body))
            self.assertIn("workers are busy", answer.message)
        self.assertEqual(self.call("GET", "/v1/nodes/%s/management/boot_device" % fresh).status, 503)
        for node in busy:  # it was full all the time
            self.assertEqual(self.get("/v1/nodes/" + node)["target_power_state"], "power on")
        self.assertEqual([self.ignoring(node) for node in nodes], before)
        for node in busy:
            self.wait_node(node, target_power_state=None, reservation=None)
        self.ask(managed, "provide")
        self.rest(managed, "available")
        self.ask(active, "rescue", rescue_password="secret")
        self.rest(active, "rescue")

    def test_more_deploys_than_workers_all_end(self):
        nodes = [self.to(self.fake(), "available") for _ in range(10)]
        for node in nodes:
            self.orders(node, {"deploy.deploy": {"again": 5, "again_ms": 50}})
            until("a worker is free", lambda: self.put(node, "active").status == 202)
        for node in nodes:
            self.rest(node, "active")
            self.assertEqual([phase["phase"] for phase in self.phases(node) if phase["operation"] == "deploy"].count("deploy.deploy"), 1)


class Crowd(faults_support.Suite):
    options = ("conductor.workers_pool_size=100",)

    def test_a_hundred_deploys_at_once_all_end_active(self):
        nodes = [self.fake({"deploy.deploy": {"delay_ms": 300, "again": 2, "again_ms": 100}}) for _ in range(100)]
        for verb, state in (("manage", "manageable"), ("provide", "available")):
            at_once(10, lambda part: [self.ask(node, verb) for node in nodes[part::10]])
            for node in nodes:
                self.rest(node, state)
        at_once(20, lambda part: [self.ask(node, "active") for node in nodes[part::20]])
        for node in nodes:
            after = self.rest(node, "active")
            self.assertIsNone(after["last_error"])
            phases = [phase for phase in self.phases(node) if phase["operation"] == "deploy"]
            self.assertEqual({phase["result"] for phase in phases}, {"ok"})
            self.assertEqual([phase["phase"] for phase in phases], ["prepare", "deploy.deploy"])
