"""Events of all conductors where there is no broker: each process with an API fetches them over HTTP.

SPDX-License-Identifier: Apache-2.0
"""
import cluster_support
import harness
from cluster_support import until
from observe_support import Watch


class TwoConductors(cluster_support.Suite):
    """Both answer the API as well; all is asked at the first."""

    ports = ()

    @classmethod
    def setUpClass(cls):
        cls.ports = [harness.free_port() for _ in range(cls.count)]
        super().setUpClass()

    @classmethod
    def host(cls, number):
        return "127.0.0.1:%d" % cls.ports[number - 1]

    @classmethod
    def options_of(cls, number):
        return super().options_of(number) + ("rpc_transport=json-rpc", "json_rpc.host_ip=127.0.0.1", "json_rpc.auth_strategy=noauth",
                                             "json_rpc.port=%d" % cls.ports[number - 1])

    def node_of(self, number):
        """A node of this conductor: the ring spreads nodes over both."""
        def found():
            node = self.fake()
            return node if self.get("/v1/nodes/" + node)["conductor"] == self.host(number) else None
        return until("the ring gives a node to conductor %d" % number, found)

    def shows(self, watch, node):
        """Changes the node until the watch has seen it; the way to its conductor may be about to open."""
        def seen():
            self.want(202, "PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "to be seen"})
            return node in watch.seen
        until("an event of node %s is seen" % node, seen, 60)

    def test_a_watch_at_one_shows_what_both_do_also_after_one_was_killed(self):
        mine, other = self.node_of(1), self.node_of(2)
        watch = Watch(self.steel.port)
        self.addCleanup(watch.close)
        self.shows(watch, mine)
        self.shows(watch, other)
        self.members[1].kill()
        self.members[1].again()
        until("both are alive", lambda: self.alive() == {self.host(1), self.host(2)})
        until("its calls arrive", lambda: self.call("PUT", "/v1/nodes/%s/maintenance" % other, {"reason": "x"}).status == 202)
        watch.seen.clear()
        self.shows(watch, other)
