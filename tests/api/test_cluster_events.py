"""Events of all conductors: each process with an API fetches them over HTTP, or gets them by RabbitMQ; without either it shows its own.

SPDX-License-Identifier: Apache-2.0
"""
import cluster_support
import rabbit_support
from cluster_support import until
from observe_support import Watch


class TwoConductors(cluster_support.Suite):
    """Both answer the API as well; all is asked at the first."""

    def node_of(self, number):
        """A node of this conductor: the ring spreads nodes over both."""
        def found():
            node = self.fake()
            return node if self.get("/v1/nodes/" + node)["conductor"] == self.host(number) else None
        return until("the ring gives a node to conductor %d" % number, found)

    def shows(self, watch, node):
        """Changes the node until the watch has seen it; the way to its conductor may be about to open."""
        def seen():
            answer = self.call("PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "to be seen"})
            return answer.status == 202 and node in watch.seen
        until("an event of node %s is seen" % node, seen, 60)

    def watch(self):
        watch = Watch(self.steel.port)
        self.addCleanup(watch.close)
        return watch


class WithTransport:
    def test_a_watch_at_one_shows_what_both_do_also_after_one_was_killed(self):
        mine, other = self.node_of(1), self.node_of(2)
        watch = self.watch()
        self.shows(watch, mine)
        self.shows(watch, other)
        self.members[1].kill()
        self.members[1].again()
        until("both are alive", lambda: self.alive() == {self.host(1), self.host(2)})
        until("its calls arrive", lambda: self.call("PUT", "/v1/nodes/%s/maintenance" % other, {"reason": "x"}).status == 202)
        watch.seen.clear()
        self.shows(watch, other)


class OverHttp(WithTransport, TwoConductors, cluster_support.SuiteOverHttp):
    """There is no broker."""


class AtRabbit(cluster_support.Member):
    def ready(self):
        """It has two connections: as a conductor, and as an API."""
        super().ready()
        self.wait_log(r"(?s)(connected to RabbitMQ at).*connected to RabbitMQ at")


class OverRabbit(WithTransport, TwoConductors):
    kind = AtRabbit

    @classmethod
    def setUpClass(cls):
        cls.rabbit = rabbit_support.Rabbit()
        cls.addClassCleanup(cls.rabbit.close)
        super().setUpClass()

    @classmethod
    def options_of(cls, number):
        return super().options_of(number) + ("rpc_transport=oslo", "transport_url=" + cls.rabbit.url())


class WithoutTransport(TwoConductors):
    def test_a_watch_shows_its_own_process_and_each_warns_of_that(self):
        for number, member in enumerate(self.members):
            member.wait_log("(conductor %s is alive too, but .DEFAULT.rpc_transport is none)" % self.host(2 - number))
        mine, other = self.fake(), self.fake()
        watch = self.watch()
        self.via(2)
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % other, {"reason": "by the other one"})
        self.via(1)
        self.shows(watch, mine)
        self.assertNotIn(other, watch.seen)
