"""A PostgreSQL that is restarted, frozen, full, out of connections, a standby, or refuses the user.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import os
import sys
import threading

import faults_support
import harness
from faults_support import until

sys.path.insert(0, os.path.join(harness.ROOT, "tests"))
import postgresql  # noqa: E402


class Suite(faults_support.Suite):
    """A daemon on a server of its own."""

    server_settings = {}
    tablespace = None
    more = ()

    @classmethod
    def setUpClass(cls):
        cls.server = postgresql.Postgresql(cls.server_settings)
        cls.addClassCleanup(cls.server.remove)
        cls.name = cls.server.database(cls.tablespace)
        keys = os.path.join(cls.temporary_folder(), "secret.keys")
        faults_support.make_schema(cls.server.url(cls.name), keys)
        cls.options = ("database.connection=" + cls.server.url(cls.name), "database.max_retries=0",
                       "database.key_file=" + keys, "conductor.heartbeat_interval=1") + cls.more
        super().setUpClass()

    def nodes(self):
        return self.call("GET", "/v1/nodes")

    def refused(self, connection, *words):
        """A start that must fail with one sentence, which has these words and not the password."""
        kept = self.steel.settings["database.connection"]
        self.steel.end()
        self.steel.settings["database.connection"] = connection
        text, status = self.steel.refuse_to_start()
        self.steel.settings["database.connection"] = kept
        self.steel.again()
        self.assertEqual(status, 1, text)
        for word in words:
            self.assertIn(word, text)
        self.assertNotIn("s3cret", text)


class Refusals(Suite):
    def test_the_sentence_says_what_to_check(self):
        good = self.server.url(self.name)
        self.refused(good.replace("s3cret", "s3cret-wrong"), "user steel: the server refuses the user or the password", "pg_hba.conf")
        self.refused(self.server.url("nowhere"), "database nowhere at 127.0.0.1", "there is no such database")
        self.refused(good.replace(str(self.server.port), "9"), "does not answer", "127.0.0.1:9")
        self.server.sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'")
        self.refused(self.server.url("latin"), "has the encoding LATIN1", "UTF8")
        self.node(name="afterwards")


class Restart(Suite):
    server_settings = {"synchronous_commit": "on"}  # a crash of the server alone loses nothing then

    def test_work_goes_on_after_a_restart_and_requests_meanwhile_get_503(self):
        nodes = [self.to(self.fake(), "available") for _ in range(4)]
        for node in nodes:
            self.orders(node, {"deploy.deploy": {"delay_ms": 500}})
            self.ask(node, "active")
        self.server.stop()
        answer = until("the outage is told", lambda: [a for a in [self.nodes()] if a.status == 503])[0]
        self.assertIn("does not answer", answer.message)
        self.assertIn("PostgreSQL database %s at 127.0.0.1" % self.name, answer.message)
        self.server.start()
        until("the database answers again", lambda: self.nodes().status == 200)
        for node in nodes:
            self.assertIsNone(self.rest(node, "active")["last_error"])
        self.steel.wait_log("(the database answers again)")
        self.node(name="after-the-restart")

    def test_a_crash_of_the_server_loses_no_answered_write(self):
        names = []
        stop = threading.Event()

        def write():
            while not stop.is_set():
                name = "kept-%d" % len(names)
                if self.call("POST", "/v1/chassis", {"description": name}).status == 201:
                    names.append(name)

        writer = threading.Thread(target=write)
        writer.start()
        for _ in range(2):
            before = len(names)
            until("some are written", lambda: len(names) > before + 20)
            self.server.stop(postgresql.signal.SIGQUIT)
            self.server.start()
        stop.set()
        writer.join()
        kept = {item["description"] for item in self.get("/v1/chassis?limit=1000")["chassis"]}
        self.assertEqual(set(names) - kept, set())


class Frozen(Suite):
    more = ("database.call_timeout=6",)  # no thread stands still for so long, but those that are frozen

    def test_a_server_that_stands_still_means_503_by_the_deadline(self):
        node = self.node(name="frozen")["uuid"]
        answers = []
        with self.server.frozen():
            threads = [threading.Thread(target=lambda: answers.append(self.call("GET", "/v1/nodes/" + node))) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(len(answers), len(threads))
        for answer in answers:
            self.assertEqual(answer.status, 503, answer.body)
            self.assertTrue("has not answered for 6 s" in answer.message or "does not answer" in answer.message, answer.message)
        until("it answers again", lambda: self.nodes().status == 200)
        self.node(name="thawed")


class Connections(Suite):
    server_settings = {"max_connections": "20"}
    more = ("database.max_pool_size=2",)

    def test_a_server_without_connections_is_named_and_those_that_are_open_serve(self):
        taken = []
        self.addCleanup(lambda: [connection.close() for connection in taken])

        self.server.take_connections(taken)
        answers = []
        threads = [threading.Thread(target=lambda: answers.extend(self.nodes() for _ in range(20))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({answer.status for answer in answers}, {200})

        def is_starved():
            """The daemon connects again at once, and may be there before us: then it is cut off again."""
            self.server.sql_over(taken[0], "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'" % self.name)
            self.server.take_connections(taken)
            answer = self.nodes()
            return answer.status == 503 and "max_connections" in answer.message

        until("there is none left, and that is told", is_starved)
        for connection in taken:
            connection.close()
        until("there are some again", lambda: self.nodes().status == 200)


class Standby(Suite):
    def test_a_standby_is_refused_and_followed_when_it_is_promoted(self):
        standby = self.server.standby()
        self.addClassCleanup(standby.remove)
        self.refused(standby.url(self.name), "read-only")
        self.steel.end()
        both = self.server.url(self.name).replace("@127.0.0.1:", "@127.0.0.1:%d,127.0.0.1:" % standby.port)
        self.steel.settings["database.connection"] = both
        self.steel.again()
        self.node(name="before")
        until("the standby has it", lambda: standby.sql("SELECT COUNT(*) FROM nodes WHERE name = 'before'", self.name) == "1")
        self.server.stop()
        standby.promote()
        until("the other server takes writes", lambda: self.call("POST", "/v1/nodes", {"driver": "fake-hardware", "name": "after"}).status in
              (201, 409))
        self.assertEqual({node["name"] for node in self.get("/v1/nodes")["nodes"]}, {"before", "after"})


class FullDisk(Suite):
    @classmethod
    def setUpClass(cls):
        cls.tablespace = postgresql.small_disk(cls)
        super().setUpClass()

    def test_writes_fail_with_a_sentence_and_work_again_when_there_is_room(self):
        with open(self.tablespace + "/ballast", "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(65536))
        answers = []
        until("the disk is full for the database", lambda: answers.append(self.call(
            "POST", "/v1/nodes", {"driver": "fake-hardware", "description": os.urandom(2000).hex()})) or answers[-1].status >= 500)
        self.assertEqual(answers[-1].status, 500)
        self.assertIn("the disk of the server is full", answers[-1].message)
        self.assertEqual(self.nodes().status, 200)  # reading goes on
        os.unlink(self.tablespace + "/ballast")
        self.node(name="room-again")
