"""The checker of histories finds what must not have happened, and nothing in a history that is good.

SPDX-License-Identifier: Apache-2.0
"""
import datetime
import json
import os
import sys
import unittest

import cluster_support
import harness

sys.path.insert(0, os.path.join(harness.ROOT, "tests"))
import history  # noqa: E402

NODE = "5fee1000-0000-4000-8000-525401000000"
BEGIN = datetime.datetime(2026, 11, 21, 9, 0)


class Check(harness.Suite):
    @classmethod
    def setUpClass(cls):
        """No daemon is asked."""

    @classmethod
    def tearDownClass(cls):
        """None is stopped."""

    def setUp(self):
        self.folder = self.temporary_folder()
        self.add("lives.json", host="rack1", pid=101, time=(BEGIN - datetime.timedelta(seconds=1)).timestamp())
        self.add("lives.json", host="rack2", pid=102, time=(BEGIN - datetime.timedelta(seconds=1)).timestamp())
        self.add("owners.json", **{"from": "127.0.0.1:1", "pid": 101})
        self.add("owners.json", **{"from": "127.0.0.1:2", "pid": 102})
        self.info(0, 1, "rack1 is at work, with lease 1-5e0c41d2")
        self.info(0, 2, "rack2 is at work, with lease 2-5e0c41d2")

    def add(self, name, **row):
        with open(os.path.join(self.folder, name), "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def log(self, second, rack, text):
        time = (BEGIN + datetime.timedelta(seconds=second)).isoformat(" ", "milliseconds")
        with open(os.path.join(self.folder, "rack%d.log" % rack), "a", encoding="utf-8") as file:
            file.write("%s %s\n" % (time, text))

    def info(self, second, rack, text):
        self.log(second, rack, "INFO conductor " + text)

    def lock(self, second, lease, what="locked", purpose=": heartbeat"):
        self.log(second, lease, "DEBUG conductor.lock req-1 node=%s %s %s under lease %d-5e0c41d2%s" % (NODE, NODE, what, lease, purpose))

    def power(self, second, lease):
        self.log(second, lease, "DEBUG drivers.power node=%s %s power on begins under lease %d-5e0c41d2" % (NODE, NODE, lease))

    def dead(self, second, rack, lease):
        self.log(second, 3 - rack, "WARNING conductor.lease conductor rack%d has not renewed lease %d-5e0c41d2 for 10.0 s: it counts as dead" % (rack, lease))

    def told(self, second, port):
        time = (BEGIN + datetime.timedelta(seconds=second)).astimezone().isoformat("T", "milliseconds")
        self.add("orders.json", **{"time": time, "node": NODE, "order": "on", "from": "127.0.0.1:%d" % port})

    def end(self, state="active", reservation="", number=0):
        self.add("nodes.json", uuid=NODE, provision_state=state, reservation=reservation, number=number)

    def found(self):
        return history.check(self.folder)[0]

    def finds(self, words):
        found = self.found()
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_a_good_history_with_a_takeover_has_nothing_wrong(self):
        self.lock(1, 1)
        self.power(1.1, 1)
        self.told(1.2, 1)
        self.dead(12, 1, 1)
        self.lock(12.1, 2)
        self.told(12.2, 2)
        self.lock(12.3, 2, "written", ": active")
        self.lock(12.4, 2, "released", "")
        self.add("writes.json", node=NODE, number=7)
        self.end(number=9)
        self.assertEqual(self.found(), [])

    def test_a_conductor_that_acts_while_another_has_the_lock(self):
        self.lock(1, 2)
        self.power(2, 1)
        self.finds("power on begins under lease 1-5e0c41d2, but 2-5e0c41d2 had the lock")

    def test_a_lock_that_is_written_down_when_it_is_lost(self):
        self.dead(12, 1, 1)
        self.lock(12.1, 2)
        self.lock(12.2, 1)
        self.power(12.3, 2)
        self.lock(12.4, 2, "released", "")
        self.lock(12.5, 1)
        self.power(12.6, 1)
        self.finds("power on begins under lease 1-5e0c41d2, but nobody had the lock")
        logs = []
        for rack in ("rack1.log", "rack2.log"):
            with open(os.path.join(self.folder, rack), encoding="utf-8") as file:
                logs.append(file.read())
        self.assertEqual(len(cluster_support.violations(logs)), 1)

    def test_a_conductor_that_writes_without_a_lock(self):
        self.lock(1, 1)
        self.lock(2, 1, "released", "")
        self.lock(3, 1, "written", ": active")
        self.finds("written under lease 1-5e0c41d2, but nobody had the lock")

    def test_a_lock_that_is_taken_from_a_living_conductor(self):
        self.lock(1, 1)
        self.lock(2, 2)
        self.finds("locked under lease 2-5e0c41d2, while lease 1-5e0c41d2 had the lock and had not ended")

    def test_an_order_of_a_process_without_the_lock(self):
        self.lock(1, 1)
        self.told(2, 2)
        self.finds("process [102], but lease ['1-5e0c41d2'] had its lock")

    def test_a_port_that_another_process_had_later(self):
        self.add("owners.json", **{"from": "127.0.0.1:1", "pid": 103})
        self.lock(1, 1)
        self.told(1.2, 1)
        self.end()
        self.assertEqual(self.found(), [])

    def test_an_order_without_any_lock(self):
        self.lock(1, 1)
        self.lock(2, 1, "released", "")
        self.told(3, 1)
        self.finds("but nobody had its lock")

    def test_an_order_after_the_end_of_the_lease(self):
        self.lock(1, 1)
        self.dead(12, 1, 1)
        self.told(13, 1)
        self.finds("after lease ['1-5e0c41d2'] had ended")

    def test_a_number_that_was_acknowledged_and_is_lost(self):
        self.add("writes.json", node=NODE, number=7)
        self.add("writes.json", node=NODE, number=8)
        self.end(number=7)
        self.finds("number 8 was acknowledged, but 7 is there")

    def test_nodes_that_are_stuck(self):
        self.end(reservation="rack1")
        self.finds("is locked by rack1")
        os.remove(os.path.join(self.folder, "nodes.json"))
        self.end(state="deploying")
        self.finds("is left in deploying")


if __name__ == "__main__":
    unittest.main()
