"""A conductor and an API as processes of their own, for tests of what is between them.

SPDX-License-Identifier: Apache-2.0
"""
import os
import signal
import subprocess
import uuid

import faults_support
import harness
import rabbit_support
from faults_support import until
from ports import free_port


def restart_api(steel):
    """With the settings as they are now, and at the port that it gets."""
    steel.end_process(steel.process)
    steel.log_path = "%s/api-%s.log" % (steel.folder, uuid.uuid4().hex)
    steel.log.close()
    steel.log = open(steel.log_path, "ab")
    steel.process = subprocess.Popen(steel.command("--role", "api"), stdout=steel.log, stderr=steel.log, stdin=subprocess.DEVNULL,
                                     start_new_session=True)
    steel.port = int(steel.wait_log(r"listening on \S+:(\d+)"))
    if steel.transport == "oslo":
        steel.wait_log("(connected to RabbitMQ at)")


class Pair(faults_support.Suite):
    """A conductor and an API of their own; tests stop and start either."""

    transport = None
    rabbit = None
    more = ()

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(setattr, harness, "TRANSPORT", harness.TRANSPORT)
        harness.TRANSPORT = cls.transport
        if cls.transport == "oslo":
            cls.rabbit = rabbit_support.Rabbit()  # of this suite, which may stop it
            cls.addClassCleanup(cls.rabbit.close)
            cls.options += ("DEFAULT.transport_url=" + cls.rabbit.url(),)
        cls.conductor_metrics = free_port()  # of each conductor that a test starts
        cls.options += ("metrics.port=%d" % cls.conductor_metrics,)
        super().setUpClass()

    def setUp(self):
        """Whatever the test before has left: conductor and API are at work."""
        if self.steel.conductor.poll() is not None:
            self.start_conductor()
        until("a call reaches the conductor", lambda: self.call("GET", "/v1/drivers/fake-hardware/properties").status == 200, 60)

    def start_conductor(self):
        self.steel.wait_forgotten()
        words = self.steel.command("--role", "conductor")
        self.steel.conductor = subprocess.Popen(words, stdout=self.steel.log, stderr=self.steel.log, stdin=subprocess.DEVNULL,
                                                start_new_session=True)

    def kill_conductor(self):
        os.killpg(self.steel.conductor.pid, signal.SIGKILL)
        self.steel.conductor.wait()

    def with_api(self, **changed):
        """The API of the same conductor with other settings, until the test ends."""
        before = dict(self.steel.settings)

        def restore():
            self.steel.settings = before
            restart_api(self.steel)
        self.addCleanup(restore)
        self.steel.settings = dict(before, **{name.replace("__", "."): value for name, value in changed.items()})
        restart_api(self.steel)

    def reaches(self, node):
        return self.call("PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "x"}).status == 202
