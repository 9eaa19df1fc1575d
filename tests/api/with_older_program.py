"""API and conductor of different versions, over RabbitMQ, and conductors of different versions on one PostgreSQL, as in a rolling upgrade.
STEEL_OLDER is the older steeld; tests/machine/older_program makes it.

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys
import threading

import cluster_support
import faults_support
import harness
import rabbit_support
import schema
from faults_support import until
from observe_support import Watch

sys.path.insert(0, os.path.join(harness.ROOT, "tests"))
import postgresql  # noqa: E402


NEWER_OPTIONS = ("metrics.port",)


class OfBoth:
    """Some of its processes are of the older program. What that does not know is set for none."""

    def launch(self, *words, **how):
        for name in NEWER_OPTIONS:
            self.settings.pop(name, None)
        super().launch(*words, **how)

    def command(self, *words):
        program, *rest = super().command(*words)
        return [os.environ["STEEL_OLDER"] if self.is_older(words) else program, *rest]


class Service(OfBoth, faults_support.Service):
    older = None  # the role of the older process

    def is_older(self, words):
        return self.older in words


class Mixed:
    older = None

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(setattr, harness, "TRANSPORT", harness.TRANSPORT)
        harness.TRANSPORT = "oslo"
        cls.server = postgresql.Postgresql()
        cls.addClassCleanup(cls.server.remove)
        cls.rabbit = rabbit_support.Rabbit()
        cls.addClassCleanup(cls.rabbit.close)
        schema.documents.clear()  # each program has its own
        cls.addClassCleanup(schema.documents.clear)
        keys = os.path.join(cls.temporary_folder(), "secret.keys")
        connection = cls.server.url(cls.server.database())
        faults_support.make_schema(connection, keys)  # by the newer one: it is upgraded first
        Service.older = cls.older
        cls.steel = Service("DEFAULT.transport_url=" + cls.rabbit.url(), "database.connection=" + connection, "database.key_file=" + keys)
        cls.connections = threading.local()

    def test_a_deploy_and_its_events(self):
        node = self.fake()
        watch = Watch(self.steel.port)
        self.addCleanup(watch.close)

        def seen():
            answer = self.call("PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "to be seen"})
            return answer.status == 202 and node in watch.seen
        until("an event of the node is seen", seen)
        self.want(202, "DELETE", "/v1/nodes/%s/maintenance" % node)
        self.to(node, "active")
        self.ask(node, "deleted")
        self.assertIsNone(self.rest(node, "available")["last_error"])


class ConductorIsOlder(Mixed, faults_support.Suite):
    older = "conductor"


class ApiIsOlder(Mixed, faults_support.Suite):
    older = "api"


class Member(OfBoth, cluster_support.Member):
    def is_older(self, words):
        return self.host == "conductor-1"


class ConductorsOfBoth(cluster_support.Suite):
    kind = Member

    def setUp(self):
        super().setUp()
        schema.documents.clear()  # each program has its own
        self.addCleanup(schema.documents.clear)

    def taken_over(self, dying):
        """The conductor that has a node in mid-deploy is killed; the other one, of the other version, brings it to its end."""
        self.via(dying)
        node = self.begin()
        self.assertEqual(self.get("/v1/nodes/" + node)["reservation"], "conductor-%d" % dying)
        lease = self.members[dying - 1].lease()
        self.members[dying - 1].kill()
        self.via(3 - dying)
        self.assertIsNone(self.rest(node, "active")["last_error"])
        self.counts_as_dead(dying, lease)

    def test_the_newer_takes_over_from_the_older(self):
        self.taken_over(1)

    def test_the_older_takes_over_from_the_newer(self):
        self.taken_over(2)
