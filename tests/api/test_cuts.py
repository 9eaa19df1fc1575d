"""Conductors on hosts of their own, that are cut off from their database, from RabbitMQ, or from their machines' BMCs.

What each conductor logged and what each BMC was told, by whom, is checked after each test (tests/history.py).

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import sys
import time

import cluster_support
import fleet_support
import harness
import networks
import rabbit_support
from cluster_support import until

sys.path.insert(0, os.path.join(harness.ROOT, "tests"))
import history  # noqa: E402

HBA = "local all all scram-sha-256\nhost all all all scram-sha-256\n"
# After the deploy step the node is held until somebody releases it, or not; then the machine is restarted.
RESTART = [{"interface": "power", "step": "reboot", "priority": 50, "args": {}}]
HOLD = [{"interface": "power", "step": "hold", "priority": 60, "args": {}}]


class Process(cluster_support.Member):
    """One role in a process of its own."""

    role = "api"
    wrapper = ()

    def launch(self, wrapper=(), roles=None, wait=True):
        self.started = time.time()
        super().launch(self.wrapper, (self.role,), wait)

    def ready(self):
        self.port = int(self.wait_log(r"listening on \S+:(\d+)"))
        self.wait_log("(connected to RabbitMQ at)")


class Conductor(Process):
    """On a host of the suite's networks that has its name."""

    role = "conductor"
    networks = None
    place = None

    def launch(self, wrapper=(), roles=None, wait=True):
        self.wrapper = self.networks.within(self.place or self.host)
        super().launch()

    def ready(self):
        self.wait_log("(connected to RabbitMQ at)")


class Twin(Conductor):
    """Another one under the name of a first."""

    place = "spare"


class Cuts(cluster_support.Suite):
    """Two conductors; the API, the servers and the BMCs are where the test is."""

    machines = 24  # the ring gives some of them to each conductor

    @classmethod
    def setUpClass(cls):
        cls.networks = Conductor.networks = networks.Networks("database", "broker", "bmc")
        cls.addClassCleanup(cls.networks.close)
        for number in range(1, cls.count + 1):
            cls.networks.add(cls.host(number))
        cls.networks.add("spare")
        cls.twins = []
        cls.kind = Conductor
        cls.rabbit = rabbit_support.Rabbit(address=cls.networks.address("broker"))
        cls.addClassCleanup(cls.rabbit.close)
        super().setUpClass()
        cls.steel = cls.start_api("api")
        cls.orders_path = os.path.join(cls.temporary_folder(), "orders.json")
        cls.fleet = fleet_support.Machines(cls.machines, "http://127.0.0.1:9/none", "--address", cls.networks.address("bmc"), "--journal",
                                           cls.orders_path)
        cls.addClassCleanup(cls.fleet.close)
        cls.unused = list(cls.fleet.nodes)

    @classmethod
    def server_settings(cls):
        folder = cls.temporary_folder()
        os.chmod(folder, 0o755)
        with open(folder + "/hba", "w", encoding="ascii") as file:
            file.write(HBA)
        return {"listen_addresses": "127.0.0.1," + cls.networks.address("database"), "hba_file": folder + "/hba"}

    @classmethod
    def connection(cls, number):
        return super().connection(number).replace("@127.0.0.1:", "@%s:" % cls.networks.address("database"))

    @classmethod
    def options_of(cls, number):
        return super().options_of(number) + ("rpc_transport=oslo", "transport_url=" + cls.rabbit.url(), "metrics.port=0",
                                             "conductor.sync_power_state_interval=0",
                                             "enabled_power_interfaces=fake,ipmitool", "ipmi.command_retry_timeout=8",
                                             "oslo_messaging_rabbit.heartbeat_timeout_threshold=5",
                                             "database.call_timeout=%d" % (6 if number else 30))

    @classmethod
    def start_api(cls, host, *more):
        api = Process(*cls.options_of(0), "host=" + host, *more)
        cls.addClassCleanup(cls.remove, api)
        return api

    def via(self, number):
        """All requests go to the API."""
        return self.steel

    def tearDown(self):
        self.networks.mend()
        super().tearDown()
        self.assertEqual(history.check(self.recorded())[0], [])

    def orders_told(self):
        """What all BMCs were told."""
        with open(self.orders_path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def tellers(self, node):
        """The addresses that the node's BMC was told something from."""
        return {order["from"].rpartition(":")[0] for order in self.orders_told() if order["node"] == node}

    def bmc_side(self, host):
        return self.networks.address("bmc", self.networks.number(host))

    def recorded(self):
        """A folder as history.check wants it."""
        folder = self.temporary_folder()

        def write(name, rows):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
        processes, pids = self.members + self.twins, {}
        for process in processes:  # two may have one name, and are different ones here
            host = process.place or process.host
            pids[self.bmc_side(host)] = process.process.pid
            with open(os.path.join(folder, host + ".log"), "a", encoding="utf-8") as file:
                file.write(process.logs().replace(process.host + " is at work", host + " is at work"))
        write("orders.json", self.orders_told())
        write("owners.json", [{"from": order["from"], "pid": pids[order["from"].rpartition(":")[0]]} for order in self.orders_told()])
        write("lives.json", [{"host": process.place or process.host, "pid": process.process.pid, "time": process.started} for process in processes])
        rows = self.server.sql("SELECT uuid, provision_state, coalesce(reservation, '') FROM nodes", self.name)
        write("nodes.json", [dict(zip(("uuid", "provision_state", "reservation"), row.split("|")), number=0) for row in rows.splitlines()])
        return folder

    def machine(self):
        """A node of conductor-1, available, with a real BMC."""
        while True:
            machine = self.unused.pop()
            node = self.node(uuid=machine["uuid"], power_interface="ipmitool",
                             driver_info={name: value for name, value in machine.items() if name.startswith("ipmi_")})
            if node["conductor"] == "conductor-1":
                return self.to(node["uuid"], "available")

    def deploying(self):
        """A deploy that conductor-1 is in the middle of, for long enough to be cut off there. An heir is not so slow."""
        node = self.machine()
        self.orders(node, {"deploy.deploy": {"delay_ms": 12000}})
        self.ask(node, "active", deploy_steps=RESTART)
        until("the step runs", lambda: [phase for phase in self.phases(node) if phase["phase"] == "deploy.deploy"])
        return node

    def test_one_that_is_cut_off_from_the_database_is_replaced_and_writes_nothing_over_its_heir(self):
        node, lease = self.deploying(), self.members[0].lease()
        self.networks.cut("conductor-1", "database")
        self.counts_as_dead(1, lease)
        self.assertIsNone(self.rest(node, "active")["last_error"])
        until("the API knows the heir", lambda: self.get("/v1/nodes/" + node)["conductor"] == "conductor-2")
        self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/extra/heir", "value": "was here"}])
        before = self.get("/v1/nodes/" + node)
        self.networks.mend()
        self.members[0].wait_log("(lease %s has ended)" % lease)
        self.members[0].wait_log("(interrupted, to be gone on with)")
        until("it has a new lease", lambda: self.members[0].lease() != lease)
        after = self.get("/v1/nodes/" + node)
        self.assertEqual(dict(after, conductor=""), dict(before, conductor=""))
        self.assertEqual(self.tellers(node), {self.bmc_side("conductor-2")})

    @harness.long_test
    def test_one_that_is_cut_off_from_rabbitmq_works_on_and_is_called_again_afterwards(self):
        node, lease = self.deploying(), self.members[0].lease()
        self.addCleanup(setattr, self.__class__, "steel", self.steel)
        self.__class__.steel = self.start_api("hasty", "rpc_response_timeout=3")
        self.networks.cut("conductor-1", "broker")
        answer = self.call("PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "late"})
        self.assertIn(answer.status, (503, 504), answer.body)
        self.assertIsNone(self.rest(node, "active")["last_error"])
        until("RabbitMQ misses it", lambda: "steel.conductor.conductor-1" not in self.rabbit.queues())
        answer = self.call("PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "refused"})
        self.assertEqual(answer.status, 503, answer.body)
        self.networks.mend()
        until("calls arrive again", lambda: self.call("PATCH", "/v1/nodes/" + node, [
            {"op": "add", "path": "/extra/a", "value": 1}]).status == 200, 2 * harness.LIMIT_S)
        found = self.get("/v1/nodes/" + node)
        self.assertEqual((found["maintenance_reason"], found["conductor"]), (None, "conductor-1"))
        self.assertEqual(self.members[0].lease(), lease)

    @harness.long_test
    def test_one_that_is_cut_off_from_the_bmcs_fails_what_needs_them_and_keeps_its_nodes(self):
        node, lease = self.machine(), self.members[0].lease()
        self.ask(node, "active", deploy_steps=HOLD + RESTART)
        self.rest(node, "deploy hold")
        self.networks.cut("conductor-1", "bmc")
        self.ask(node, "unhold")
        self.assertIn(self.networks.address("bmc"), self.rest(node, "deploy failed")["last_error"])
        self.networks.mend()
        self.ask(node, "active", deploy_steps=RESTART)
        self.assertIsNone(self.rest(node, "active")["last_error"])
        self.assertEqual((self.get("/v1/nodes/" + node)["conductor"], self.members[0].lease()), ("conductor-1", lease))
        self.assertEqual(self.tellers(node), {self.bmc_side("conductor-1")})

    @harness.long_test
    def test_another_one_under_its_name_starts_when_postgresql_has_given_it_up_and_it_writes_nothing_from_then_on(self):
        node, lease = self.deploying(), self.members[0].lease()
        self.networks.cut("conductor-1", "database")
        until("another one is let in", self.twin, 3 * harness.LIMIT_S)
        self.assertIsNone(self.rest(node, "active")["last_error"])
        before = self.get("/v1/nodes/" + node)
        self.networks.mend()
        self.members[0].wait_log("(the lease cannot be taken yet: another steeld .* under the same host name)")
        self.members[0].wait_log("(interrupted, to be gone on with)")
        self.assertEqual(dict(self.get("/v1/nodes/" + node), conductor=""), dict(before, conductor=""))
        self.assertEqual(self.members[0].lease(), lease)
        self.twins[0].end()
        until("the first one has the name again", lambda: self.members[0].lease() != lease)

    def twin(self):
        """Whether one was started under the name conductor-1. While that counts as alive it is refused."""
        try:
            self.twins.append(Twin(*self.options_of(1)))
        except AssertionError as error:
            self.assertIn("under the same host name", str(error))
            return False
        self.addClassCleanup(self.remove, self.twins[-1])  # its log is needed until then
        self.addCleanup(harness.Steel.end_process, self.twins[-1].process)
        return True
