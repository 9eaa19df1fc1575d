"""A queue that several conductors work off: the limit holds for all of them, and nobody's nodes stand in another one's way.

SPDX-License-Identifier: Apache-2.0
"""
import unittest

import cluster_support
from cluster_support import until

# Each move of a node, in the order in which they happen. A node that leaves the queue does so slowly: the other conductor looks meanwhile.
WATCH = """
CREATE TABLE moves (id BIGSERIAL PRIMARY KEY, node TEXT, move TEXT);
CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO moves (node, move) VALUES (NEW.uuid, OLD.provision_state || ' > ' || NEW.provision_state);
    IF OLD.provision_state = 'wait call-back' AND NEW.provision_state = 'deploying' THEN PERFORM pg_sleep(1.2); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER watch BEFORE UPDATE OF provision_state ON nodes FOR EACH ROW WHEN (OLD.provision_state <> NEW.provision_state)
    EXECUTE FUNCTION note_move();
"""
# Nodes of a group that no conductor serves, more than are looked at in one page, first in the queue.
NOBODYS = """
INSERT INTO nodes (uuid, driver, provision_state, conductor_group) SELECT gen_random_uuid()::text, 'fake-hardware', 'wait call-back',
    'elsewhere' FROM generate_series(1, 600);
INSERT INTO work_queue (node_uuid, operation, project, queued_at_ms) SELECT uuid, 'deploy', '', extract(epoch FROM now())::bigint * 1000
    FROM nodes WHERE conductor_group = 'elsewhere';
"""


class Suite(cluster_support.Suite):
    more = ("conductor.max_concurrent_deploy=1", "conductor.automated_clean=false")

    def hold(self):
        """A node that has the only place at work."""
        node = self.to(self.fake({"deploy.deploy": {"wait": True, "wait_timeout_s": 600}}), "available")
        self.ask(node, "active")
        self.rest(node, "wait call-back")
        return node

    def let_go(self, holder):
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % holder, {"target": "deleted"})

    def one_of_each(self):
        """Available nodes, one of each conductor, in their order."""
        found = {}
        while len(found) < self.count:
            node = self.to(self.fake(), "available")
            found.setdefault(self.get("/v1/nodes/" + node)["conductor"], node)
        return [found[self.host(number + 1)] for number in range(self.count)]

    def queue(self, nodes):
        for node in nodes:
            self.ask(node, "active")
            self.assertIn("queued_at", self.rest(node, "wait call-back")["driver_internal_info"])


class Limit(Suite):
    more = Suite.more + ("conductor.heartbeat_timeout=60",)  # nobody counts as dead, however slow the machine is

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.sql(WATCH, cls.name)

    def moves(self, nodes):
        rows = self.server.sql("SELECT node, move FROM moves ORDER BY id", self.name).split("\n")
        return [(node, move) for node, move in (row.split("|") for row in rows) if node in nodes]

    def test_two_conductors_never_begin_more_than_the_limit(self):
        holder = self.hold()
        nodes = self.one_of_each()
        self.queue(nodes)
        self.let_go(holder)
        for node in nodes:
            self.assertIsNone(self.rest(node, "active")["last_error"])
        begun_and_over = [(node, move) for node, move in self.moves(nodes)
                          if move in ("wait call-back > deploying", "deploying > active")]
        self.assertEqual(len(begun_and_over), 2 * len(nodes), begun_and_over)
        for begin, end in zip(begun_and_over[::2], begun_and_over[1::2]):
            self.assertEqual((begin[1], end), ("wait call-back > deploying", (begin[0], "deploying > active")), begun_and_over)

    def test_nodes_that_nobody_begins_do_not_stand_in_the_way(self):
        holder = self.hold()
        self.server.sql(NOBODYS, self.name)
        self.addCleanup(self.server.sql, "DELETE FROM nodes WHERE conductor_group = 'elsewhere'", self.name)
        nodes = self.one_of_each()
        self.queue(nodes)
        places = {place["node_uuid"]: place["place"] for place in self.get("/v1/capacity")["queue"]}
        self.assertEqual([places[node] for node in nodes], [601, 602])
        self.let_go(holder)
        for node in nodes:
            self.rest(node, "active")
        until("only the others' wait", lambda: len(self.get("/v1/capacity")["queue"]) == 600)


class Heir(Suite):
    def test_what_a_killed_conductor_had_in_the_queue_goes_on(self):
        holder = self.hold()
        nodes = self.one_of_each()
        self.queue(nodes)
        lease = self.members[0].lease()
        self.members[0].kill()
        self.server.sql("UPDATE work_queue SET lease = '%s' WHERE node_uuid = '%s'" % (lease, nodes[0]), self.name)  # it was about to begin it
        self.via(2)
        self.let_go(holder)
        for node in nodes:
            self.assertIsNone(self.rest(node, "active")["last_error"])
        until("nobody waits", lambda: self.server.sql("SELECT COUNT(*) FROM work_queue", self.name) == "0")


if __name__ == "__main__":
    unittest.main()
