"""Several conductors on one PostgreSQL: one that dies, stands still, is cut off, drains, or shares its name.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import http.client
import json
import os
import re
import signal
import threading

import cluster_support
import faults_support
import harness
import postgresql
from cluster_support import until
from observe_support import scrape


class Takeover(cluster_support.Suite):
    def test_a_deploy_goes_on_when_its_conductor_is_killed(self):
        node = self.begin()
        lease = self.members[0].lease()
        self.members[0].kill()
        self.via(2)
        found = self.rest(node, "active")
        self.assertIsNone(found["last_error"])
        self.counts_as_dead(1, lease)
        until("only the heir is alive", lambda: self.alive() == {"conductor-2"})

    def test_a_conductor_that_stood_still_cannot_write_over_its_heir(self):
        node = self.begin(12000)  # it must not have come to an end before it stands still
        lease = self.members[0].lease()
        self.members[0].freeze()
        self.via(2)
        self.counts_as_dead(1, lease)
        self.rest(node, "active")
        self.want(200, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/extra/heir", "value": "was here"}])
        before = self.get("/v1/nodes/" + node)
        self.members[0].thaw()
        self.members[0].wait_log(r"(lease %s has ended)" % lease)
        self.members[0].wait_log(r"(was taken over by another conductor|the lease of this conductor has run out)")
        until("it has a new lease", lambda: self.members[0].lease() != lease)
        self.assertGreaterEqual(scrape(self.members[0].port).get("steel_conductor_leases_lost_total"), 1)
        after = self.get("/v1/nodes/" + node)
        self.assertEqual(after, before)
        self.via(1)
        self.assertEqual(self.power(node, "power off").status, 202)
        self.wait_node(node, power_state="power off", reservation=None)

    def test_each_wait_of_a_dead_conductor_ends_at_its_deadline(self):
        nodes = [self.to(self.fake(), "available") for _ in range(6)]  # the ring gives some of them to each
        for node in nodes:
            self.orders(node, {"deploy.deploy": {"wait": True, "wait_timeout_s": 600}})
            self.ask(node, "active")
        for node in nodes:
            self.rest(node, "wait call-back")
        self.members[0].kill()
        self.server.sql("UPDATE nodes SET wait_deadline_ms = 1 WHERE provision_state = 'wait call-back'", self.name)
        self.via(2)
        for node in nodes:
            self.assertIn("Timeout", self.rest(node, "deploy failed")["last_error"])
        self.assertEqual(self.server.sql("SELECT DISTINCT conductor_affinity FROM nodes WHERE provision_state = 'deploy failed'",
                                         self.name), "conductor-2")

    def test_conductors_leave_and_come_as_the_ring_says(self):
        nodes = [self.fake() for _ in range(8)]
        hosts = {node: self.get("/v1/nodes/" + node)["conductor"] for node in nodes}
        self.members[0].end()
        self.via(2)
        until("only one is alive", lambda: self.alive() == {"conductor-2"})
        self.members[0].again()
        until("both are alive", lambda: len(self.alive()) == 2)
        self.via(1)
        until("each has its nodes again", lambda: {node: self.get("/v1/nodes/" + node)["conductor"] for node in nodes} == hosts)


class Restart(cluster_support.Suite):
    more = ("conductor.heartbeat_timeout=60",)  # on a busy machine it takes some seconds

    def test_the_database_restarts_and_nobody_counts_as_dead(self):
        node = self.begin()
        leases = [member.lease() for member in self.members]
        self.server.stop()
        self.server.start()
        self.assertIsNone(self.rest(node, "active")["last_error"])
        self.assertEqual([member.lease() for member in self.members], leases)


class Failover(cluster_support.Suite):
    """PostgreSQL crashes, and its standby takes its place: a synchronous one, as docs/database.md says."""

    more = ("conductor.heartbeat_timeout=60",)

    @classmethod
    def connection(cls, number):
        if number == 1:
            cls.standby = cls.server.standby()
            cls.addClassCleanup(cls.standby.remove)
            for setting in ("synchronous_commit = on", "synchronous_standby_names = '*'"):
                cls.server.sql("ALTER SYSTEM SET " + setting)
            cls.server.sql("SELECT pg_reload_conf()")
            until("it follows", lambda: cls.server.sql("SELECT sync_state FROM pg_stat_replication") == "sync")
        return super().connection(number).replace("@127.0.0.1:", "@127.0.0.1:%d,127.0.0.1:" % cls.standby.port)

    def test_a_deploy_goes_on_when_the_standby_is_promoted(self):
        node = self.begin()
        leases = [member.lease() for member in self.members]
        self.server.stop(signal.SIGQUIT)
        self.standby.promote()
        self.__class__.server = self.standby
        for number in (1, 2):
            self.via(number)
            until("its API answers", lambda: self.call("GET", "/v1/nodes").status == 200)
        self.assertIsNone(self.rest(node, "active")["last_error"])
        self.assertEqual([member.lease() for member in self.members], leases)
        other = self.to(self.fake(), "available")
        self.ask(other, "active")
        self.rest(other, "active")


class Connections(cluster_support.Suite):
    """PostgreSQL has no connection left when leases have to be renewed."""

    more = ("conductor.heartbeat_timeout=60", "database.max_pool_size=2")

    @staticmethod
    def server_settings():
        return {"max_connections": "40"}

    def test_leases_are_renewed_when_there_are_connections_again(self):
        node = self.begin()
        leases = [member.lease() for member in self.members]
        taken = []
        self.addCleanup(lambda: [connection.close() for connection in taken])

        def is_starved():
            """The conductors connect again at once, and may be there before us: then they are cut off again."""
            self.server.sql_over(taken[0], "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'" % self.name)
            self.server.take_connections(taken)
            return all(re.search(r"the lease was not renewed: .*max_connections", member.text()) for member in self.members)

        self.server.take_connections(taken)
        until("no lease can be renewed, and that is told", is_starved, 60)
        for connection in taken:
            connection.close()
        for number in (1, 2):
            self.via(number)
            until("its API answers", lambda: self.call("GET", "/v1/nodes").status == 200)
        self.assertIsNone(self.rest(node, "active")["last_error"])
        self.assertEqual([member.lease() for member in self.members], leases)


class Clocks(cluster_support.Suite):
    """The hosts' clocks are set, each another way, and set again."""

    kind = cluster_support.WithClock
    more = ("conductor.heartbeat_timeout=20",)
    renewed = 3  # times after a jump: a lease that were counted by the clock would have ended with the first look

    def renewals(self):
        return [int(line) for line in self.server.sql("SELECT renewals FROM conductors ORDER BY hostname", self.name).split()]

    def test_clocks_that_jump_end_no_lease_and_no_wait(self):
        node = self.to(self.fake(), "available")
        self.orders(node, {"deploy.deploy": {"wait": True, "wait_timeout_s": 600}})
        self.ask(node, "active")
        self.rest(node, "wait call-back")
        leases = [member.lease() for member in self.members]
        for hours, words in (((1, -1), ("ahead", "back")), ((-1, 1), ("back", "ahead"))):
            for member, ahead, word in zip(self.members, hours, words):
                member.set_clock(ahead * 3600)
                member.wait_log(r"(the system's clock was set %s by)" % word)
            before = self.renewals()
            until("both have renewed their leases", lambda: all(
                now >= once + self.renewed for now, once in zip(self.renewals(), before)))
            self.assertEqual(self.alive(), {"conductor-1", "conductor-2"})
            self.assertEqual([member.lease() for member in self.members], leases)
            self.assertEqual(self.get("/v1/nodes/" + node)["provision_state"], "wait call-back")


class FullDisk(cluster_support.Suite):
    """The disk of PostgreSQL is full for a while."""

    @classmethod
    def setUpClass(cls):
        cls.tablespace = postgresql.small_disk(cls)
        super().setUpClass()

    def refused(self):
        """Whether a write that needs room is refused for the lack of it."""
        answer = self.call("POST", "/v1/nodes", {"driver": "fake-hardware", "description": os.urandom(2000).hex()})
        return answer.status == 500 and "the disk of the server is full" in answer.message

    def test_deploys_end_when_there_is_room_again(self):
        nodes = [self.slow() for _ in range(4)]
        for number, node in enumerate(nodes):
            self.via(1 + number % 2)
            self.ask(node, "active")
        with open(self.tablespace + "/ballast", "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(65536))
        until("the disk is full for the database", self.refused)
        os.unlink(self.tablespace + "/ballast")
        for node in nodes:
            self.assertIsNone(self.rest(node, "active")["last_error"])


class Names(cluster_support.Suite):
    count = 1

    def refused(self):
        """A second process under the name of the first one is."""
        second = cluster_support.Member.__new__(cluster_support.Member)
        second.folder, second.lives = self.temporary_folder(), 0
        second.settings = harness.settings_for(second.folder, self.options_of(1))
        text, status = second.refuse_to_start()
        self.assertEqual(status, 1, text)
        self.assertIn("under the same host name", text)
        self.assertNotIn("s3cret", text)

    def test_a_second_process_under_the_same_name_is_refused_also_while_the_first_one_stands_still(self):
        node = self.to(self.fake(), "available")
        self.refused()
        self.members[0].freeze()
        self.refused()
        self.members[0].thaw()
        until("its lease is renewed", lambda: self.put(node, "active").status == 202)  # it may have stood still for longer than that lasts
        self.rest(node, "active")


class Groups(cluster_support.SuiteOverHttp):
    """Each has nodes of its own."""

    groups = ("", "r7")

    @classmethod
    def options_of(cls, number):
        return super().options_of(number) + ("conductor.conductor_group=" + cls.groups[number - 1],)

    def test_a_group_whose_conductor_dies_has_no_heir_and_goes_on_when_it_is_back(self):
        node = self.to(self.fake(conductor_group="r7"), "available")
        self.orders(node, {"deploy.deploy": {"delay_ms": 12000}})  # once more when it is gone on with
        self.ask(node, "active")
        until("the step runs", lambda: [phase for phase in self.phases(node) if phase["phase"] == "deploy.deploy"])
        lease = self.members[1].lease()
        self.members[1].kill()
        self.members[0].wait_log("(conductor %s has not renewed lease %s )" % (self.host(2), lease))
        until("it belongs to nobody", lambda: self.get("/v1/nodes/" + node)["conductor"] is None)
        self.to(self.fake(), "active")
        self.assertEqual(self.power(node, "power off").status, 503)
        self.assertEqual(self.get("/v1/nodes/" + node)["provision_state"], "deploying")
        self.members[1].again()
        self.assertIsNone(self.rest(node, "active")["last_error"])


class Upgrade(cluster_support.Suite):
    """The processes here are the older ones; what a newer program would do to the schema is done by SQL."""

    EXPAND = ("ALTER TABLE nodes ADD COLUMN later_name TEXT; CREATE TABLE later (id INTEGER PRIMARY KEY); "
              "INSERT INTO schema_version (number, expands) VALUES (901, 1)")
    CONTRACT = "INSERT INTO schema_version (number, expands) VALUES (902, 0)"
    TAKE_BACK = "DELETE FROM schema_version WHERE number = 902"

    def write(self, number, made):
        """Creates nodes by one member, or by the other while that is away, until the test says stop."""
        while not self.ended.is_set():
            for member in (self.members[number], self.members[1 - number]):
                try:
                    made.append(self.create(member))
                    break
                except OSError:
                    pass

    def create(self, member):
        """A new node's UUID."""
        connection = http.client.HTTPConnection("127.0.0.1", member.port, timeout=harness.LIMIT_S)
        try:
            connection.request("POST", "/v1/nodes", json.dumps({"driver": "fake-hardware"}), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 201:
                self.refused.append((answer.status, text))
                raise OSError("not created")
            return json.loads(text)["uuid"]
        except http.client.HTTPException as error:
            raise OSError("it ends") from error
        finally:
            connection.close()

    def setUp(self):
        super().setUp()
        self.ended, self.refused = threading.Event(), []

    def test_older_processes_work_on_while_the_schema_is_expanded(self):
        made = ([], [])
        writers = [threading.Thread(target=self.write, args=(number, made[number])) for number in range(2)]
        for writer in writers:
            writer.start()
        try:
            until("both write", lambda: all(made))
            self.server.sql(self.EXPAND, self.name)
            for number, member in enumerate(self.members):
                before = len(made[1 - number])
                member.end()
                until("the other one writes on", lambda: len(made[1 - number]) > before)
                member.again()
                member.wait_log(r"(the database has schema 901 of a newer steeld)")
            before = [len(uuids) for uuids in made]
            until("both write again", lambda: all(len(made[number]) > before[number] for number in range(2)))
        finally:
            self.ended.set()
            for writer in writers:
                writer.join()
        self.assertEqual([status for status, _ in self.refused if status != 503], [], self.refused)
        stored = set(self.server.sql("SELECT uuid FROM nodes", self.name).split())
        self.assertEqual([uuid for uuids in made for uuid in uuids if uuid not in stored], [])

    def test_an_older_process_is_refused_after_a_contraction(self):
        self.members[1].end()
        self.server.sql(self.CONTRACT, self.name)
        try:
            text, status = self.members[1].refuse_to_start()
        finally:
            self.server.sql(self.TAKE_BACK, self.name)
        self.assertEqual(status, 1, text)
        self.assertIn("the database has schema 902", text)
        self.assertIn("use a newer steeld", text)


class Drain(cluster_support.Suite):
    more = ("conductor.heartbeat_timeout=60",)

    @contextlib.contextmanager
    def held(self, node):
        """As if conductor-1 worked on it for as long as the test needs."""
        self.server.sql("UPDATE nodes SET reservation = 'conductor-1', reservation_lease = '%s', reservation_purpose = 'a test' "
                        "WHERE uuid = '%s'" % (self.members[0].lease(), node), self.name)
        try:
            yield
        finally:
            self.server.sql("UPDATE nodes SET reservation = NULL, reservation_lease = NULL WHERE uuid = '%s'" % node, self.name)

    def test_a_conductor_that_drains_ends_its_work_and_takes_none(self):
        other, held = (self.to(self.fake(), "available") for _ in range(2))
        node = self.begin()
        with self.held(held):
            self.members[0].process.send_signal(signal.SIGUSR2)
            self.members[0].wait_log(r"(takes no new work)")
            answer = self.put(other, "active")
            self.assertEqual(answer.status, 503, answer.body)
            self.assertIn("conductor-1 takes no new work", answer.message)
            self.via(2)
            until("only the other one is alive", lambda: self.alive() == {"conductor-2"})
            self.ask(other, "active")
            self.rest(other, "active")
            self.rest(node, "active")
            self.assertIsNone(self.members[0].process.poll())
        self.assertEqual(self.members[0].process.wait(harness.LIMIT_S), 0)
        self.assertIn("stopping: no work is left", self.members[0].text())


class Cut(cluster_support.Suite):
    more = ("database.call_timeout=6",)  # nobody stands still for so long, but what is cut off

    @classmethod
    def connection(cls, number):
        if number == 2:
            return super().connection(number)
        cls.proxy = cluster_support.Proxy(cls.server.port)
        cls.addClassCleanup(cls.proxy.stop)
        return super().connection(number).replace(":%d/" % cls.server.port, ":%d/" % cls.proxy.port)

    def test_a_conductor_without_its_database_acts_no_more_and_comes_back(self):
        node = self.slow(1000)
        self.orders(node, {"deploy.deploy": {"delay_ms": 1000}, "power.set": {"delay_ms": 1000}})
        lease = self.members[0].lease()
        self.ask(node, "active")
        until("the step runs", lambda: [phase for phase in self.phases(node) if phase["phase"] == "deploy.deploy"])
        self.proxy.cut()
        self.via(2)
        self.counts_as_dead(1, lease)
        self.assertIsNone(self.rest(node, "active")["last_error"])
        self.proxy.mend()
        until("it has a new lease", lambda: self.members[0].lease() != lease, 60)
        self.via(1)
        until("its API answers", lambda: self.call("GET", "/v1/nodes").status == 200)
        self.assertEqual(self.power(node, "power off").status, 202)
        self.wait_node(node, power_state="power off", reservation=None)


class Storm(cluster_support.Suite):
    """Everybody works while conductors die and stand still."""

    count = 3
    nodes = 9
    rounds = 12
    more = ("enabled_power_interfaces=fake,ipmitool", "conductor.node_locked_retry_attempts=3")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fleet = faults_support.Fleet(cls.nodes)
        cls.addClassCleanup(cls.fleet.close)

    def send(self, member, method, path, body):
        """The status of a request to one member; None if it gave no answer. What stands still is waited for: it does what it was asked
        when it goes on, and must not undo then what was asked later."""
        connection = http.client.HTTPConnection("127.0.0.1", member.port, timeout=harness.LIMIT_S)
        try:
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json", "X-OpenStack-Ironic-API-Version": "1.82"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def insist(self, turn, method, path, body):
        """Asks one member after the other until one has accepted."""
        def accepted():
            nonlocal turn
            turn += 1
            return self.send(self.members[turn % self.count], method, path, body) in (200, 202)
        until("%s %s is accepted" % (method, path), accepted, 90)

    def work(self, index, node, kept):
        """Writes numbers that grow, and switches the machine."""
        for number in range(1, self.rounds + 1):
            self.insist(index + number, "PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/extra/number", "value": number}])
            kept[node] = number
            self.insist(index + number, "PUT", "/v1/nodes/%s/states/power" % node, {"target": ("power on", "power off")[number % 2]})

    def test_nothing_is_lost_and_no_two_act_on_one_node(self):
        nodes = [self.node(power_interface="ipmitool", driver_info=dict(self.fleet.info(index), fake={}))["uuid"]
                 for index in range(self.nodes)]
        kept = {}
        workers = [threading.Thread(target=self.work, args=(index, node, kept)) for index, node in enumerate(nodes)]
        for worker in workers:
            worker.start()
        first, second, third = self.members
        until("work is under way", lambda: len(kept) == self.nodes)
        first.kill()
        second.freeze()
        third.wait_log(r"(conductor conductor-2 has not renewed)")
        second.thaw()
        first.again()
        third.freeze()
        until("it counts as dead", lambda: "conductor conductor-3 has not renewed" in first.text() + second.text())
        third.thaw()
        for worker in workers:
            worker.join()
        for node in nodes:
            found = self.wait_node(node, reservation=None, target_power_state=None)
            self.assertEqual((kept[node], found["extra"]["number"]), (self.rounds, self.rounds))
            self.insist(0, "PUT", "/v1/nodes/%s/states/power" % node, {"target": "power on"})
            self.wait_node(node, power_state="power on", reservation=None, target_power_state=None)
