"""The files and formats of the log, and the changes by SIGHUP.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import unittest

import harness
from observe_support import Daemon, get, wait_until


class Log(unittest.TestCase):
    daemon = None

    def tearDown(self):
        if self.daemon is not None:
            self.assertEqual(self.daemon.stop(), 0)

    def lines(self, path):
        with open(path) as file:
            return file.read().splitlines()

    def test_a_relative_log_file_lies_in_log_dir(self):
        folder = harness.tempfile.mkdtemp(prefix="steel-observe-")
        os.mkdir(os.path.join(folder, "logs"))
        self.daemon = Daemon("DEFAULT.log_dir=%s/logs" % folder, "DEFAULT.log_file=steeld.log", folder=folder)
        self.assertIn("listening on", "\n".join(self.lines(folder + "/logs/steeld.log")))
        self.assertEqual(self.lines(self.daemon.log_path), [])

    def test_a_directory_alone_is_enough(self):
        folder = harness.tempfile.mkdtemp(prefix="steel-observe-")
        self.daemon = Daemon("DEFAULT.log_dir=" + folder, folder=folder)
        self.assertIn("listening on", "\n".join(self.lines(folder + "/steeld.log")))

    def test_a_log_that_cannot_be_opened_stops_the_start(self):
        daemon = Daemon("DEFAULT.log_file=/nowhere/steeld.log", wait=False)
        status, text = daemon.wait_end()
        daemon.stop()
        self.assertEqual(status, 1)
        self.assertIn("/nowhere/steeld.log", text)

    def test_a_log_that_was_moved_away_is_closed(self):
        folder = harness.tempfile.mkdtemp(prefix="steel-observe-")
        self.daemon = Daemon("DEFAULT.log_file=%s/steeld.log" % folder, folder=folder)
        os.rename(folder + "/steeld.log", folder + "/steeld.log.1")
        self.daemon.reload()
        self.assertIn("the configuration was reloaded", "\n".join(self.lines(folder + "/steeld.log")))
        self.assertIn("listening on", "\n".join(self.lines(folder + "/steeld.log.1")))

    def test_json_is_one_object_per_line(self):
        self.daemon = Daemon("DEFAULT.use_json=true", "DEFAULT.debug=true", wait=False)
        self.daemon.port = int(self.daemon.wait_log(r"listening on \S+:(\d+)"))
        status, headers, _ = get(self.daemon.port, "/v1/nodes/" + harness.random_uuid())
        self.assertEqual(status, 404)
        request_id = headers["Openstack-Request-Id"]
        log = self.daemon.text()
        objects = [json.loads(line) for line in log[:log.rfind("\n") + 1].splitlines()]
        for line in objects:
            self.assertLessEqual({"time", "level", "area", "message"}, set(line))
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertIn(request_id, "\n".join(line["message"] for line in objects))
        self.assertLessEqual({line["level"] for line in objects}, {"DEBUG", "INFO", "WARNING", "ERROR"})

    def test_debug_begins_and_ends_with_sighup(self):
        self.daemon = Daemon()

        def debug_lines():
            get(self.daemon.port, "/v1/zork")
            get(self.daemon.port, "/v1/nodes/" + harness.random_uuid())
            return len(re.findall(" DEBUG ", self.daemon.text()))
        self.assertEqual(debug_lines(), 0)
        self.daemon.configure("DEFAULT.debug=true")
        self.daemon.reload()
        wait_until(lambda: debug_lines() > 0, "a line of debugging")
        self.daemon.configure("DEFAULT.debug=false")
        self.daemon.reload()
        before = debug_lines()
        self.assertEqual(debug_lines(), before)

    def test_reloadable_options_change_and_others_are_named(self):
        self.daemon = Daemon("api.max_limit=5")
        for i in range(3):
            connection = harness.http.client.HTTPConnection("127.0.0.1", self.daemon.port)
            connection.request("POST", "/v1/nodes", b'{"driver": "fake-hardware"}', {"Content-Type": "application/json"})
            self.assertEqual(connection.getresponse().status, 201)
            connection.close()
        self.assertNotIn("next", json.loads(get(self.daemon.port, "/v1/nodes")[2]))
        self.daemon.configure("api.max_limit=2", "api.port=1")
        self.daemon.reload()
        answer = json.loads(get(self.daemon.port, "/v1/nodes")[2])
        self.assertEqual(len(answer["nodes"]), 2)
        self.assertIn("next", answer)
        self.assertRegex(self.daemon.text(), r"WARNING config .*\[api\]port")

    def test_a_mistake_in_the_file_leaves_everything_as_it_was(self):
        self.daemon = Daemon("api.max_limit=5")
        self.daemon.configure("api.max_limit=many")
        self.daemon.reload("the configuration was not reloaded: .*max_limit")
        self.assertEqual(get(self.daemon.port, "/v1/nodes")[0], 200)
