"""A copied database tells nothing: secrets of every kind, then every byte of the files; keys, their rotation and their loss.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import contextlib
import glob
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import unittest

import database
import harness
import secrets_at_rest
import test_rescue

sys.path.insert(0, os.path.join(harness.ROOT, "tests"))
import postgresql  # noqa: E402

CHAP = "7f1c9e-CHAP-secret-of-a-volume"
BMC = "9ab3-BMC-password-\"with quotes\" \u00fc"
SECRETS = {
    "BMC password": "4d1e-BMC-password-of-ipmi",
    "BMC password of Redfish": "5c2f-redfish-password-here",
    "a nested secret": "6b3a-password-within-an-object",
    "user data": "8e4b user data with a secret for cloud-init",
    "a config drive": "H4sIAGZmZmYC-config-drive-as-text-0123456789",
    "CHAP": CHAP,
    "a step's password": "3f9d-password-in-a-step-of-a-template",
    "rescue password": "2a8c-rescue-password-of-a-user",
    "SNMP": "1b7d-snmp-authentication-key",
}


def bytes_at_rest(folder, place):
    """{name: bytes} of all files that hold the database, and of its backup. Not: the file of keys, and the log."""
    files = {}
    if database.SERVER is None:
        source, copy = sqlite3.connect(database.file_of(folder)), sqlite3.connect(place + "/backup.sqlite")
        with source, copy:
            source.backup(copy)
        source.close()
        copy.close()
        paths = glob.glob(database.file_of(folder) + "*") + [place + "/backup.sqlite"]
    else:
        database.ask_server("CHECKPOINT")
        dump = place + "/dump.sql"
        subprocess.run(["pg_dump", "--file", dump, database.url(folder)], check=True)
        data = database.ask_server("SHOW data_directory")[0][0]
        paths = [dump] + [os.path.join(where, name) for where, _, names in os.walk(data) for name in names
                          if "/base" in where or "/pg_wal" in where]
    for path in paths:
        # PostgreSQL removes the files of a dropped table or database while they are read: those are not at rest.
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
            files[path] = file.read()
    return files


class AtRest(test_rescue.RescueSuite):
    def give_secrets(self):
        """Secrets of every kind that an API takes; the uuids of the volume target and the template."""
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [
            {"op": "add", "path": "/driver_info/ipmi_password", "value": SECRETS["BMC password"]},
            {"op": "add", "path": "/driver_info/redfish_password", "value": SECRETS["BMC password of Redfish"]},
            {"op": "add", "path": "/driver_info/snmp_auth_key", "value": SECRETS["SNMP"]},
            {"op": "add", "path": "/driver_info/more", "value": {"list": [{"some_password": SECRETS["a nested secret"]}]}},
            {"op": "add", "path": "/instance_info/configdrive",
             "value": {"user_data": SECRETS["user data"], "meta_data": {"drive": SECRETS["a config drive"]}}}])
        target = self.node()
        target = self.want(201, "POST", "/v1/volume/targets", {
            "node_uuid": target["uuid"], "volume_type": "iscsi", "boot_index": 0, "volume_id": "secret-test",
            "properties": {"target_iqn": "iqn.2026-01.test:a", "auth_username": "u", "auth_password": SECRETS["CHAP"]}})
        template = self.want(201, "POST", "/v1/deploy_templates", {"name": "CUSTOM_SECRETS", "steps": [
            {"interface": "deploy", "step": "deploy", "priority": 10, "args": {"password": SECRETS["a step's password"]}}]})
        self.addCleanup(self.want, 204, "DELETE", "/v1/deploy_templates/" + template["uuid"])
        return target, template

    def column(self, table, row, column):
        with database.opened(self.steel.folder) as stored:
            text = stored.execute("SELECT %s FROM %s WHERE uuid = ?" % (column, table), (row,)).fetchone()[0]
        return json.loads(text), secrets_at_rest.opened(self.steel.folder, table, row, column, json.loads(text))

    def test_no_file_has_a_secret(self):
        target, template = self.give_secrets()
        agent, _ = self.rescue(SECRETS["rescue password"])
        used = dict(SECRETS)
        used["agent's token"] = agent.token
        info = self.instance_info()
        used["hash of the rescue password"] = info["hashed_rescue_password"]
        self.assertEqual(agent.call(), 202)
        place = self.temporary_folder()
        files = bytes_at_rest(self.steel.folder, place)
        self.assertTrue(any(self.uuid.encode() in data for data in files.values()))
        for path, data in files.items():
            self.assertEqual(secrets_at_rest.found(used, data), [], path)
        self.assertEqual(secrets_at_rest.found(used, self.steel.text().encode()), [])
        # They are there all the same, each for its place alone.
        stored, opened = self.column("nodes", self.uuid, "driver_info")
        self.assertEqual(opened["ipmi_password"], SECRETS["BMC password"])
        self.assertEqual(opened["more"]["list"][0]["some_password"], SECRETS["a nested secret"])
        self.assertTrue(stored["ipmi_password"].startswith(secrets_at_rest.MARK))
        self.assertEqual(info["configdrive"]["user_data"], SECRETS["user data"])
        self.assertEqual(self.column("volume_targets", target["uuid"], "properties")[1]["auth_password"], SECRETS["CHAP"])
        self.assertEqual(self.column("deploy_templates", template["uuid"], "steps")[1][0]["args"]["password"],
                         SECRETS["a step's password"])
        node = self.get("/v1/nodes/" + self.uuid)
        self.assertEqual(node["driver_info"]["ipmi_password"], "******")
        self.assertEqual(node["driver_info"]["more"], {"list": [{"some_password": "******"}]})

    def test_the_search_finds_what_is_there(self):
        for offset in range(3):
            data = b"xyz" + base64.b64encode(b"-" * offset + CHAP.encode() + b"tail")
            self.assertEqual(secrets_at_rest.found({"a": CHAP}, data), ["a"])
        self.assertEqual(secrets_at_rest.found({"a": CHAP}, CHAP.encode()[1:]), [])


class Daemon:
    """A daemon in a folder that outlives it."""

    def __init__(self, suite, *more, credentials=None):
        self.suite, self.folder = suite, suite.temporary_folder()
        self.environment = dict(os.environ, **({"CREDENTIALS_DIRECTORY": credentials} if credentials else {}))
        suite.addClassCleanup(database.forget, self.folder)
        self.more = more
        self.keys = os.path.join(self.folder, "secret.keys")

    def words(self):
        settings = harness.settings_for(self.folder, self.more)
        return [harness.STEELD] + [word for name, value in settings.items() for word in ("--set", name + "=" + value)]

    def run(self, *words):
        """A command; what it says, and its status."""
        done = subprocess.run(self.words() + list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=harness.LIMIT_S, check=False, env=self.environment)
        return done.returncode, done.stdout

    def start(self):
        """A Steel on this folder, which stays when it stops."""
        steel = harness.Steel.__new__(harness.Steel)
        steel.folder, steel.log_path = self.folder, os.path.join(self.folder, "steeld.log")
        steel.log = open(steel.log_path, "wb")
        steel.process = subprocess.Popen(self.words(), stdout=steel.log, stderr=steel.log, stdin=subprocess.DEVNULL,
                                         start_new_session=True, env=self.environment)
        steel.port = int(steel.wait_log(r"listening on \S+:(\d+)"))
        return steel

    @staticmethod
    def stop(steel):
        steel.process.terminate()
        steel.process.wait(harness.LIMIT_S)
        steel.log.close()


class Keys(harness.Suite):
    """Each test has a daemon of its own; it begins with a node that has a password, and stops."""

    @classmethod
    def setUpClass(cls):
        import threading
        cls.connections = threading.local()

    @classmethod
    def tearDownClass(cls):
        pass

    def begin(self, *more, credentials=None):
        self.daemon = Daemon(self, *more, credentials=credentials)
        self.started()
        self.uuid = self.node(driver="ipmi", driver_info={"ipmi_address": "127.0.0.1", "ipmi_password": BMC, "ipmi_port": 1})["uuid"]

    def started(self):
        self.steel = self.daemon.start()
        self.connections.value = None
        self.addCleanup(self.ended)

    def ended(self):
        if not self.steel.log.closed:
            self.daemon.stop(self.steel)

    def stored(self):
        with database.opened(self.daemon.folder) as stored:
            return json.loads(stored.execute("SELECT driver_info FROM nodes WHERE uuid = ?", (self.uuid,)).fetchone()[0])

    def store(self, uuid, driver_info):
        with database.opened(self.daemon.folder) as stored:
            stored.execute("UPDATE nodes SET driver_info = ? WHERE uuid = ?", (json.dumps(driver_info), uuid))

    def password(self, keys=None):
        """Of the node, opened with the secret.keys of this folder, by default the daemon's."""
        return secrets_at_rest.opened(keys or self.daemon.folder, "nodes", self.uuid, "driver_info", self.stored())["ipmi_password"]

    def test_the_first_start_makes_a_key_for_itself_alone(self):
        self.begin()
        self.assertEqual(stat.S_IMODE(os.stat(self.daemon.keys).st_mode), 0o600)
        self.assertIn("secret.keys was made", self.steel.text())
        self.assertEqual(self.password(), BMC)
        self.ended()
        self.started()
        self.assertNotIn("was made", self.steel.text())

    def test_a_start_without_the_key_says_which_file_is_missing(self):
        self.begin()
        ident = self.stored()["ipmi_password"].split("$")[3]
        self.ended()
        os.rename(self.daemon.keys, self.daemon.keys + ".away")
        status, said = self.daemon.run("db", "upgrade")
        self.assertEqual(status, 1)
        self.assertIn("sealed with key %s, which the file of keys %s does not have" % (ident, self.daemon.keys), said)
        self.assertFalse(os.path.exists(self.daemon.keys))
        with open(self.daemon.keys, "w", encoding="ascii") as file:
            file.write("A" * 43 + "=\n")
        os.chmod(self.daemon.keys, 0o600)
        status, said = self.daemon.run()
        self.assertEqual(status, 1)
        self.assertIn("sealed with key " + ident, said)
        os.rename(self.daemon.keys + ".away", self.daemon.keys)
        self.started()

    def test_a_file_of_keys_that_others_may_read_is_refused(self):
        self.begin()
        self.ended()
        os.chmod(self.daemon.keys, 0o644)
        status, said = self.daemon.run()
        self.assertEqual(status, 1)
        self.assertIn("has mode 644: others can read or change the keys of the database", said)
        os.chmod(self.daemon.keys, 0o600)
        with open(self.daemon.keys, "a", encoding="ascii") as file:
            file.write("c2hvcnQ=\n")
        status, said = self.daemon.run()
        self.assertEqual(status, 1)
        self.assertIn("secret.keys, line 3: a key is 32 bytes in base64", said)

    def test_plain_rows_of_a_former_version_are_sealed_at_the_start(self):
        self.begin()
        self.ended()
        self.store(self.uuid, dict(self.stored(), ipmi_password=BMC))
        with database.opened(self.daemon.folder) as stored:
            stored.execute("DELETE FROM secret_keys")
        self.started()
        self.assertIn("1 secrets in the database were sealed", self.steel.text())
        self.assertEqual(self.password(), BMC)
        if database.SERVER is None:
            self.ended()
            for path in glob.glob(database.file_of(self.daemon.folder) + "*"):
                with open(path, "rb") as file:
                    self.assertEqual(secrets_at_rest.found({"it": BMC[:20]}, file.read()), [], path)

    def test_rekey_works_next_to_a_daemon_and_former_keys_open_further(self):
        self.begin()
        before = self.stored()["ipmi_password"]
        status, said = self.daemon.run("db", "rekey")
        self.assertEqual((status, said), (0, "sealed: 0 that were plain, 1 that had another key\n"))
        after = self.stored()["ipmi_password"]
        self.assertNotEqual(before.split("$")[3], after.split("$")[3])
        self.assertEqual(self.password(), BMC)
        # The daemon reads the file again when it meets the new key, and seals with it.
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "replace", "path": "/driver_info/ipmi_port", "value": 2}])
        self.assertEqual(self.stored()["ipmi_password"], after)
        # A row of an old backup opens by the former key.
        self.store(self.uuid, dict(self.stored(), ipmi_password=before))
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "replace", "path": "/driver_info/ipmi_port", "value": 3}])
        self.assertEqual(self.stored()["ipmi_password"], after)
        self.ended()
        with open(self.daemon.keys, encoding="ascii") as file:
            first = file.readline()
        with open(self.daemon.keys, "w", encoding="ascii") as file:
            file.write(first)
        self.started()
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "replace", "path": "/driver_info/ipmi_port", "value": 4}])

    def test_the_keys_may_be_a_credential_of_systemd(self):
        credentials, copy = self.temporary_folder(), self.temporary_folder()

        def hand_over(*lines):
            path = credentials + "/steel.keys"
            with open(path, "w", encoding="ascii") as file:
                file.write("".join(line + "\n" for line in lines))
            os.chmod(path, 0o440)  # as systemd shows its access list
            shutil.copy(path, copy + "/secret.keys")
        first, second = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
        hand_over(first)
        self.begin(credentials=credentials)
        self.assertEqual(self.password(copy), BMC)
        status, said = self.daemon.run("db", "rekey")
        self.assertEqual(status, 1)
        self.assertIn("the systemd credential %s/steel.keys, which steeld cannot change" % credentials, said)
        self.ended()
        before = self.stored()
        hand_over(second, first)  # what it said
        self.started()
        self.assertIn("1 secrets in the database were sealed", self.steel.text())
        self.assertNotEqual(self.stored(), before)
        self.assertEqual(self.password(copy), BMC)
        self.assertFalse(os.path.exists(self.daemon.keys))

    def test_a_changed_or_moved_value_is_refused_by_name_and_stops_nobody_else(self):
        self.begin()
        other = self.node(driver="ipmi", driver_info={"ipmi_address": "127.0.0.1", "ipmi_password": "other", "ipmi_port": 1})["uuid"]
        moved = self.stored()
        self.store(other, moved)
        with self.assertRaises(AssertionError) as refused:  # a 500, which the harness takes for a bug
            self.call("PATCH", "/v1/nodes/" + other, [{"op": "add", "path": "/extra/a", "value": 1}])
        self.assertIn("the secret driver_info ipmi_password of row %s in table nodes cannot be opened" % other, str(refused.exception))
        self.assertIn("was changed, or belongs to another row or field", str(refused.exception))
        self.assertNotIn(BMC[:10], self.steel.text())
        self.assertEqual(self.get("/v1/nodes/" + other)["driver_info"]["ipmi_password"], "******")
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/extra/a", "value": 1}])
        self.assertEqual(self.steel.process.poll(), None)

    def test_an_answer_that_shows_secrets_has_them_opened(self):
        place = self.temporary_folder()
        with open(place + "/policy.yaml", "w", encoding="ascii") as file:
            file.write('show_password: "@"\n')
        self.begin("oslo_policy.policy_file=%s/policy.yaml" % place)
        shown = self.get("/v1/nodes/" + self.uuid)["driver_info"]["ipmi_password"]
        self.assertEqual(shown, BMC)
        self.assertEqual(self.get("/v1/nodes?fields=driver_info")["nodes"][0]["driver_info"]["ipmi_password"], BMC)

    def test_a_copy_keeps_its_seals_and_needs_the_same_keys(self):
        self.begin()
        self.ended()
        copy = Daemon(self, "database.connection=sqlite")
        status, said = self.daemon.run("db", "copy", harness.settings_for(self.daemon.folder, ())["database.connection"],
                                       "sqlite:///" + database.file_of(copy.folder))
        self.assertEqual(status, 0, said)
        status, said = copy.run("db", "upgrade")
        self.assertEqual(status, 1)
        self.assertIn("copy that file from where the database comes from", said)
        shutil.copy(self.daemon.keys, copy.keys)
        status, said = copy.run("db", "seal")
        self.assertEqual((status, said), (0, "sealed: 0 that were plain, 0 that had another key\n"))

    def shown(self):
        """What an API answers of all that the copy is to have, without the address it is asked at."""
        paths = ("/v1/nodes/detail", "/v1/ports/detail", "/v1/deploy_templates?detail=true", "/v1/nodes/%s/history" % self.uuid)
        return [json.dumps(self.get(path), sort_keys=True).replace(":%d/" % self.steel.port, "/") for path in paths]

    def test_a_copy_to_postgresql_and_back_is_equal_and_served(self):
        server = postgresql.Postgresql()
        self.addCleanup(server.remove)
        self.begin("database.connection=sqlite")
        self.port({"uuid": self.uuid}, "52:54:00:00:00:01")
        self.want(201, "POST", "/v1/deploy_templates", {"name": "CUSTOM_COPY", "steps": [
            {"interface": "deploy", "step": "deploy", "priority": 10, "args": {"password": BMC}}]})
        self.want(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/extra/text", "value": "\u00fc \U0001f600 \\ ' %s"}])
        self.wait_node(self.uuid, reservation=None)
        before, first, last = self.shown(), self.daemon, self.temporary_folder()
        source = "sqlite:///" + database.file_of(first.folder)
        for target in (server.url(server.database()), "sqlite:///" + database.file_of(last)):
            self.ended()
            status, said = self.daemon.run("db", "copy", source, target)
            self.assertEqual(status, 0, said)
            self.assertRegex(said, r"(?m)^nodes +1 rows  sha256 [0-9a-f]{64}$")
            self.assertRegex(said, r"(?m)^equal: \d+ tables, [1-9]\d* rows$")
            self.daemon = Daemon(self, "database.connection=" + target, "database.key_file=" + first.keys)
            self.started()
            self.assertEqual(self.shown(), before)
            source = target
        with contextlib.closing(sqlite3.connect(database.file_of(last))) as stored:
            info = json.loads(stored.execute("SELECT driver_info FROM nodes").fetchone()[0])
        self.assertEqual(secrets_at_rest.opened(first.folder, "nodes", self.uuid, "driver_info", info)["ipmi_password"], BMC)


if __name__ == "__main__":
    unittest.main()
