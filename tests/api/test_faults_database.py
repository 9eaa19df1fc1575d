"""A database that is locked, damaged, of another version or on a full disk.

SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time

import database
import faults_support
import harness
from faults_support import until


class Files(faults_support.Suite):
    """Files found at the start: the daemon must refuse each with a sentence."""

    options = ("database.connection=sqlite",)

    def setUp(self):
        self.steel.kill()
        self.path = self.steel.folder + "/steel.sqlite"
        self.kept = {}
        for name in ("steel.sqlite", "steel.sqlite-wal", "steel.sqlite-shm"):
            if os.path.exists(self.steel.folder + "/" + name):
                with open(self.steel.folder + "/" + name, "rb") as file:
                    self.kept[name] = file.read()

    def tearDown(self):
        for name in ("steel.sqlite", "steel.sqlite-wal", "steel.sqlite-shm"):
            if os.path.exists(self.steel.folder + "/" + name):
                os.unlink(self.steel.folder + "/" + name)
        for name, content in self.kept.items():
            with open(self.steel.folder + "/" + name, "wb") as file:
                file.write(content)
        self.steel.again()

    def refused(self, *words):
        text, status = self.steel.refuse_to_start()
        self.assertEqual(status, 1, text)
        for word in words:
            self.assertIn(word, text)
        self.assertEqual(len([line for line in text.splitlines() if line.startswith("steeld: ")]), 1, text)

    def test_a_file_that_is_no_database_is_refused(self):
        for name in self.kept:
            os.unlink(self.steel.folder + "/" + name)
        with open(self.path, "wb") as file:
            file.write(b"this is a letter to my aunt\n" * 400)
        self.refused(self.path, "damaged or no database", "restore it from a backup")

    def test_a_damaged_database_is_refused(self):
        sqlite3.connect(self.path).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
        size = os.path.getsize(self.path)
        with open(self.path, "r+b") as file:
            file.seek(4096)
            file.write(os.urandom(min(size - 4096, 65536)))
        self.refused(self.path, "damaged", "restore it from a backup")

    def test_a_database_of_a_newer_program_is_refused(self):
        with sqlite3.connect(self.path) as database:
            database.execute("INSERT INTO schema_version (number) VALUES (900)")
        self.refused("schema 900", "use a newer steeld")

    def test_an_absent_folder_is_reported(self):
        kept = self.steel.settings["database.connection"]
        self.steel.settings["database.connection"] = "sqlite:////nowhere/at/all.sqlite"
        self.refused("/nowhere/at/all.sqlite")
        self.steel.settings["database.connection"] = kept

    def test_an_unsupported_scheme_is_reported_without_the_password(self):
        kept = self.steel.settings["database.connection"]
        self.steel.settings["database.connection"] = "mysql://steel:geheim@db/steel"
        text, status = self.steel.refuse_to_start()
        self.assertEqual(status, 1)
        self.assertIn("mysql", text)
        self.assertNotIn("geheim", text)
        self.steel.settings["database.connection"] = kept


class Damaged(faults_support.Suite):
    """A part of it is damaged: what can be read is read, nothing is written."""

    options = ("healthcheck.enabled=true", "database.connection=sqlite")

    def health(self):
        answer = harness.Suite.raw(self, b"GET /healthcheck HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").decode()
        return int(answer.split()[1]), answer.rsplit("\r\n", 1)[1]

    def damage_nodes(self):
        database = sqlite3.connect(self.steel.folder + "/steel.sqlite")
        page = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'nodes'").fetchone()[0]
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        with open(self.steel.folder + "/steel.sqlite", "r+b") as file:
            file.seek((page - 1) * 4096)
            file.write(b"\x5a" * 4096)

    def test_damage_is_found_at_the_start_and_reported_until_an_operator_acts(self):
        self.node(name="lost")
        self.want(201, "POST", "/v1/chassis", {"description": "kept"})
        self.assertEqual(self.health(), (200, "OK"))
        self.steel.end()
        self.damage_nodes()
        self.steel.again()
        self.assertEqual(self.health(), (503, "DATABASE DAMAGED"))
        self.assertEqual([item["description"] for item in self.get("/v1/chassis")["chassis"]], ["kept"])
        for method, path, body in (("POST", "/v1/chassis", {}), ("GET", "/v1/nodes", None),
                                   ("POST", "/v1/nodes", {"driver": "fake-hardware"})):
            answer = self.call(method, path, body)
            self.assertEqual(answer.status, 503, (method, path, answer.body))
            self.assertIn("is damaged" if path != "/v1/nodes" or method == "GET" else "damaged", answer.message)
        for words in ("is damaged", "nothing is written to it any more", "restore a backup", ".recover",
                      "does not work yet: it cannot take its lease"):
            until("the log says: " + words, lambda: words in self.steel.text())
        self.steel.end()
        self.steel.settings["database.write_damaged"] = "true"
        self.steel.again()
        self.assertEqual(self.health(), (200, "OK"))
        self.want(201, "POST", "/v1/chassis", {"description": "all the same"})
        del self.steel.settings["database.write_damaged"]


# From which state by which verb, what takes so long that the database is held when it has ended, and where it ends.
WORKS_THAT_MEET_IT = (
    ("available", "active", "deploy.deploy", "active"),
    ("available", "active", "deploy.prepare", "active"),
    ("active", "deleted", "deploy.tear_down", "available"),
    ("manageable", "provide", "deploy.erase_devices", "available"),
)


class Held(faults_support.Suite):
    options = ("conductor.workers_pool_size=20", "database.connection=sqlite")

    def under_way(self, state, verb, function, _):
        node = self.to(self.fake(), state)
        self.orders(node, {function: {"delay_ms": 600}})
        self.ask(node, verb)
        return node

    def test_another_process_that_holds_the_database_means_503_and_no_more(self):
        self.nodes = [self.under_way(*row) for row in WORKS_THAT_MEET_IT]
        holder = sqlite3.connect(self.steel.folder + "/steel.sqlite", timeout=harness.LIMIT_S, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        answers = []

        def write(index):
            answers.append(self.call("POST", "/v1/nodes", {"driver": "fake-hardware", "name": "held-%d" % index}))

        threads = [threading.Thread(target=write, args=(index,)) for index in range(12)]
        for thread in threads:
            thread.start()
        self.get("/v1/nodes")  # reading goes on
        for thread in threads:
            thread.join()
        holder.execute("ROLLBACK")
        holder.close()
        for answer in answers:
            self.assertEqual(answer.status, 503, answer.body)
            self.assertIn("try again", answer.message)
        self.assertEqual([item["name"] for item in self.get("/v1/nodes")["nodes"] if item["name"]], [])
        for node, (_, _, _, after) in zip(self.nodes, WORKS_THAT_MEET_IT):  # neither failed nor locked
            self.assertIsNone(self.rest(node, after)["last_error"])
        self.node(name="afterwards")


class FullDisk(faults_support.Suite):
    """On a small file system of its own."""

    @classmethod
    def setUpClass(cls):
        cls.disk = tempfile.mkdtemp(prefix="steel-disk-")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", cls.disk], check=True)
        cls.options = ("database.connection=sqlite:///" + cls.disk + "/steel.sqlite",)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            subprocess.run(["umount", "-l", cls.disk], check=True)
            os.rmdir(cls.disk)

    def fill(self):
        with open(self.disk + "/ballast", "wb", buffering=0) as file:
            for size in (65536, 4096, 512, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def test_writes_fail_with_a_sentence_and_work_again_when_there_is_room(self):
        deploying = self.to(self.fake(), "available")
        idle = self.fake()
        self.orders(deploying, {"deploy.deploy": {"delay_ms": 500}})
        self.ask(deploying, "active")
        self.fill()
        answers = []
        until("the disk is full for the database", lambda: answers.append(self.call(
            "POST", "/v1/nodes", {"driver": "fake-hardware", "extra": {"x": "y" * 20000}})) or answers[-1].status >= 500)
        self.assertEqual(answers[-1].status, 500)
        self.assertIn("is full", answers[-1].message)
        self.get("/v1/nodes")  # reading goes on
        answer = self.put(idle, "manage")
        self.assertIn(answer.status, (202, 500))
        until("the deploy meets the full disk", lambda: "is full" in self.steel.text())
        os.unlink(self.disk + "/ballast")
        after = self.rest(deploying, "active")
        self.assertIsNone(after["last_error"])
        until("the idle node is not locked", lambda: self.get("/v1/nodes/" + idle)["reservation"] is None)
        self.node(name="room-again")
        found = self.rest(idle, "manageable" if answer.status == 202 else "enroll")
        self.assertIsNone(found["last_error"])


    def test_a_start_on_a_full_disk_reads_and_works_once_there_is_room(self):
        node = self.node(name="read-on")["uuid"]
        self.steel.end()
        self.fill()
        self.steel.settings["conductor.heartbeat_interval"] = "1"
        self.steel.again()
        until("the lease is not taken", lambda: "does not work yet: it cannot take its lease" in self.steel.text())
        self.assertEqual(self.get("/v1/nodes/" + node)["name"], "read-on")
        for method, path, body in (("POST", "/v1/nodes", {"driver": "fake-hardware"}), ("POST", "/v1/chassis", {}),
                                   ("PATCH", "/v1/nodes/" + node, [{"op": "add", "path": "/extra/a", "value": "x" * 20000}])):
            answer = self.call(method, path, body)
            self.assertGreaterEqual(answer.status, 500, answer.body)
            self.assertIn("full", answer.message)
        os.unlink(self.disk + "/ballast")
        until("the lease is taken", lambda: "conductor-1 is at work" in self.steel.text())
        self.node(name="works-again")
        self.rest(self.to(self.fake(), "manageable"), "manageable")


class Pruning(faults_support.Suite):
    options = ("conductor.node_history_cleanup_interval=1", "conductor.node_history_max_entries=5",
               "conductor.node_history_cleanup_batch_count=3", "conductor.conductor_cleanup_interval=1",
               "conductor.conductor_cleanup_timeout=60", "DEFAULT.log_in_db_max_size=50", "conductor.check_allocations_interval=1")

    def test_history_and_timeline_keep_the_newest_entries_of_each_node(self):
        nodes = [self.fake({"power.validate": {"fail": "INVALID", "message": "no"}}) for _ in range(2)]
        for number in range(9):
            self.orders(nodes[0], {"power.validate": {"fail": "INVALID", "message": "failure %d" % number}})
            for node in nodes:
                self.ask(node, "manage")
            for node in nodes:
                self.rest(node, "enroll")
        for node in nodes:
            until("the history is cut back", lambda: len(self.history(node)) == 5)
            until("the timeline is cut back", lambda: len(self.phases(node)) == 5)
        self.assertEqual([event["event"][-9:] for event in self.history(nodes[0])], ["failure %d" % number for number in range(4, 9)])

    def test_conductors_that_are_gone_for_good_are_removed(self):
        with database.opened(self.steel.folder) as stored:
            for name, when in (("gone", "2020-01-01T00:00:00+00:00"), ("lately", time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()))):
                stored.execute("INSERT INTO conductors (hostname, lease, lease_expires_ms, created_at, updated_at) "
                                 "VALUES (?, ?, 0, ?, ?)", (name, name, when, when))
        names = lambda: {item["hostname"] for item in self.get("/v1/conductors")["conductors"]}
        until("the old one is forgotten", lambda: "gone" not in names())
        self.assertEqual(names(), {self.steel.host, "lately"})

    def test_long_errors_are_cut_where_the_configuration_says(self):
        node = self.fake({"power.validate": {"fail": "INVALID", "message": "\u00e4" * 5000}})
        self.ask(node, "manage")
        after = self.rest(node, "enroll")
        self.assertEqual(len(after["last_error"]), 50)

    def test_allocations_whose_search_died_are_searched_for_again(self):
        node = self.powered(self.to(self.fake(resource_class="searched-again"), "available"))
        with database.opened(self.steel.folder) as stored:
            stored.execute("INSERT INTO allocations (uuid, resource_class, state, created_at) VALUES (?, 'searched-again', "
                             "'allocating', '2020-01-01T00:00:00+00:00')", (harness.random_uuid(),))
        after = until("it is served", lambda: [item for item in self.get("/v1/allocations")["allocations"] if item["state"] == "active"])
        self.assertEqual(after[0]["node_uuid"], node)
        self.assertEqual(self.get("/v1/nodes/" + node)["allocation_uuid"], after[0]["uuid"])
