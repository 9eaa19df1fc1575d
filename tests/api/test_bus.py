"""Notifications over a real RabbitMQ: field by field as the real Ironic sends them, and what is wrong with the broker harms no work.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import signal
import socket
import subprocess
import tempfile
import unittest

import database
import faults_support
import harness
import notification_scenario
import rabbit_support
from observe_support import Daemon, scrape, wait_until

QUEUE = "ironic_versioned_notifications.info"
RECORDED = os.path.join(harness.ROOT, "tests", "data", "notifications.json")
rabbit = None


def setUpModule():
    global rabbit
    rabbit = rabbit_support.Rabbit()
    unittest.addModuleCleanup(rabbit.close)


def settings(*more, url=None):
    url = url or rabbit.url()
    return ("DEFAULT.notification_level=info", "DEFAULT.transport_url=" + url, "oslo_messaging_notifications.driver=messagingv2",
            "oslo_messaging_rabbit.rabbit_interval_max=1") + more


class Fields(harness.Suite):
    newest = "1.82"

    @classmethod
    def setUpClass(cls):
        cls.options = settings("enabled_console_interfaces=fake,no-console", "enabled_storage_interfaces=fake,noop",
                               "enabled_raid_interfaces=fake", "enabled_rescue_interfaces=fake", "enabled_inspect_interfaces=fake",
                               "enabled_boot_interfaces=fake,ipxe", "enabled_deploy_interfaces=fake,direct",
                               "enabled_hardware_types=fake-hardware", "conductor.automated_clean=true",
                               "pin_release_version=21.4")  # what was recorded is of that release
        rabbit.take(QUEUE)
        super().setUpClass()

    def test_every_notification_is_what_ironic_sends(self):
        def call(method, path, body):
            answer = self.call(method, path, body, "1.82")
            return answer.status, answer.json

        def until(what, look):
            wait_until(look, what)
        with open(RECORDED) as file:
            recorded = json.load(file)
        notification_scenario.Scenario(call, until).run()
        seen = []

        def all_are_there():
            seen.extend(notification_scenario.collect(rabbit))
            return len(seen) >= len(recorded)
        wait_until(all_are_there, "%d notifications" % len(recorded))
        seen.sort(key=lambda one: one["message"]["timestamp"])  # they may have come in several parts, each of both queues
        text = json.dumps(seen)
        self.assertNotIn("hush-hush", text)
        differences = notification_scenario.differences(notification_scenario.plain(seen), recorded)
        self.assertEqual(differences, [], "\n".join(differences))
        self.assertEqual(len({one["message"]["message_id"] for one in seen}), len(seen))


class Console(faults_support.Suite):
    @classmethod
    def setUpClass(cls):
        cls.options = settings("enabled_hardware_types=fake-hardware", "enabled_console_interfaces=fake")
        rabbit.delete_queue(QUEUE)
        super().setUpClass()

    def test_an_undeploy_stops_it(self):
        node = self.to(self.fake(console_interface="fake"), "active")
        self.want(202, "PUT", "/v1/nodes/%s/states/console" % node, {"enabled": True})
        self.wait_node(node, console_enabled=True, reservation=None)
        self.ask(node, "deleted")
        self.rest(node, "available")
        seen = []

        def stopped():
            found = [json.loads(json.loads(raw["payload"])["oslo.message"]) for raw in rabbit.take(QUEUE)]
            seen.extend((one["event_type"], one["payload"]["ironic_object.name"]) for one in found if "console" in one["event_type"])
            return len(seen) >= 4
        rabbit_support.wait_for("the end of the console", stopped)
        self.assertEqual(seen, [("baremetal.node.console_%s" % rest, "NodePayload")
                                for rest in ("set.start", "set.end", "stop.start", "stop.end")])


class Sensors(harness.Suite):
    """Ironic's message, without a version, whatever notification_level is."""

    @classmethod
    def setUpClass(cls):
        cls.options = settings("sensor_data.send_sensor_data=true", "sensor_data.interval=1",
                               "sensor_data.enable_for_undeployed_nodes=true", "enabled_hardware_types=fake-hardware")[1:]
        rabbit.delete_queue("notifications.info")
        super().setUpClass()

    def test_readings_of_a_node(self):
        node = self.node(driver="fake-hardware", name="warm")["uuid"]
        seen = []

        def one_is_there():
            seen.extend(json.loads(json.loads(raw["payload"])["oslo.message"]) for raw in rabbit.take("notifications.info"))
            return seen
        rabbit_support.wait_for("readings", one_is_there)
        message = seen[0]
        self.assertEqual((message["event_type"], message["priority"], message["publisher_id"]),
                         ("hardware.fake-hardware.metrics", "INFO", "None." + self.steel.host))
        payload = message["payload"]
        self.assertRegex(payload.pop("timestamp"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$")
        self.assertRegex(payload.pop("message_id"), r"^[0-9a-f-]{36}$")
        self.assertEqual(payload, {
            "node_uuid": node, "node_name": "warm", "instance_uuid": None, "event_type": "hardware.fake-hardware.metrics.update",
            "payload": {"Temperature": {"CPU": {"Sensor ID": "CPU", "Sensor Reading": "40 celsius", "reading": 40,
                                                "reading_units": "celsius", "health": "OK"}}}})


class Bus(unittest.TestCase):
    """Each test has a daemon of its own; the broker is shared and healthy between tests."""

    def setUp(self):
        rabbit.delete_queue(QUEUE)

    def daemon(self, *more, url=None, folder=None):
        daemon = Daemon(*settings(*more, url=url), folder=folder)
        self.addCleanup(daemon.stop)
        return daemon

    def make(self, daemon, name):
        """A node, by which two notifications are sent."""
        request = b'{"driver": "fake-hardware", "name": "%s"}' % name.encode()
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=harness.LIMIT_S)
        connection.request("POST", "/v1/nodes", request, {"Content-Type": "application/json",
                                                         harness.VERSION_HEADER: harness.LATEST})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 201, answer.read())
        connection.close()

    def arrived(self):
        """(name of the node, status) of what has come, in its order."""
        found = []
        for raw in rabbit.take(QUEUE):
            message = json.loads(json.loads(raw["payload"])["oslo.message"])
            found.append((message["payload"]["ironic_object.data"]["name"], message["event_type"].rsplit(".", 1)[1]))
        return found

    def expect(self, *names, ordered=True):
        """Waits until start and end of these nodes have come, and nothing else."""
        wanted = [(name, status) for name in names for status in ("start", "end")]
        seen = []

        def look():
            seen.extend(self.arrived())
            return len(seen) >= len(wanted)
        rabbit_support.wait_for("%s, after %s" % (wanted, seen), look)
        self.assertEqual(seen if ordered else sorted(seen), wanted if ordered else sorted(wanted))

    def metric(self, daemon, name):
        return scrape(daemon.port).get("steel_bus_" + name)

    def test_a_broker_that_is_away_at_the_start_delays_nothing_and_gets_everything_later(self):
        rabbit.stop()
        self.addCleanup(lambda: rabbit.server.poll() is None or rabbit.start())
        daemon = self.daemon()
        self.make(daemon, "early-1")
        self.make(daemon, "early-2")
        daemon.wait_log(r"(RabbitMQ at 127.0.0.1 port \d+: connect)")
        self.assertEqual((self.metric(daemon, "connected"), self.metric(daemon, "messages_waiting")), (0, 4))
        rabbit.start()
        self.expect("early-1", "early-2")
        wait_until(lambda: self.metric(daemon, "messages_waiting") == 0, "nothing waits")
        self.assertEqual((self.metric(daemon, "connected"), self.metric(daemon, "messages_lost_total")), (1, 0))

    def test_a_broker_that_is_killed_and_comes_back_gets_what_happened_meanwhile(self):
        daemon = self.daemon()
        self.make(daemon, "before")
        self.expect("before")
        # a message may be here before its confirmation is there: it would be sent again
        wait_until(lambda: self.metric(daemon, "messages_waiting") == 0, "nothing is unconfirmed")
        rabbit.stop()
        self.addCleanup(lambda: rabbit.server.poll() is None or rabbit.start())
        self.make(daemon, "meanwhile")
        wait_until(lambda: self.metric(daemon, "connected") == 0, "the end is noticed")
        rabbit.start()
        self.expect("meanwhile")

    def test_a_wrong_password_is_told_without_it_and_heals_when_the_broker_learns_it(self):
        daemon = self.daemon(url=rabbit.url(user="other", password="un-told"))
        self.make(daemon, "refused")
        daemon.wait_log(r"(ACCESS_REFUSED.*check user, password and virtual host of transport_url)")
        self.assertNotIn("un-told", daemon.text())
        rabbit.control("add_user", "other", "un-told")
        self.addCleanup(rabbit.control, "delete_user", "other")
        rabbit.control("set_permissions", "other", ".*", ".*", ".*")
        self.expect("refused")

    def test_a_broker_without_disk_space_is_waited_for(self):
        daemon = self.daemon()
        self.make(daemon, "roomy")
        self.expect("roomy")
        rabbit.control("set_disk_free_limit", "1000000GB")
        self.addCleanup(rabbit.control, "set_disk_free_limit", "1MB")
        self.make(daemon, "first")  # the broker tells of its alarm when something is published
        wait_until(lambda: self.metric(daemon, "blocked") == 1, "the alarm is known")
        self.make(daemon, "second")
        wait_until(lambda: self.metric(daemon, "messages_waiting") >= 2, "messages wait")
        daemon.wait_log(r"(RabbitMQ takes no messages \(low on disk\))")
        rabbit.control("set_disk_free_limit", "1MB")
        self.expect("first", "second")
        daemon.wait_log(r"(RabbitMQ takes messages again)")

    def test_a_queue_that_was_deleted_is_made_again(self):
        daemon = self.daemon()
        self.make(daemon, "one")
        self.expect("one")
        self.assertEqual(rabbit.delete_queue(QUEUE), 204)
        self.make(daemon, "two")
        # the broker sends back what found no queue, while the next one may find the queue that was made again
        self.expect("two", ordered=False)

    def test_a_full_backlog_loses_the_oldest_and_says_so(self):
        port = rabbit_support.free_port()  # nobody listens there
        daemon = self.daemon("oslo_messaging_notifications.backlog=4", url=rabbit.url(port=port))
        for number in range(5):
            self.make(daemon, "node-%d" % number)
        self.assertEqual((self.metric(daemon, "messages_waiting"), self.metric(daemon, "messages_lost_total")), (4, 6))
        daemon.wait_log(r"(\d+ messages were lost before RabbitMQ took them)")
        relay = Relay(port, rabbit.port)
        self.addCleanup(relay.close)
        self.expect("node-3", "node-4")

    def test_a_broker_that_says_nothing_delays_neither_work_nor_the_end(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        daemon = self.daemon(url=rabbit.url(port=silent.getsockname()[1]))
        self.make(daemon, "unheard")
        self.assertEqual(daemon.stop(), 0)

    def test_after_a_kill_the_next_daemon_goes_on(self):
        daemon = self.daemon()
        self.make(daemon, "mortal")
        self.expect("mortal")
        os.killpg(daemon.process.pid, signal.SIGKILL)
        daemon.process.wait()
        wait_until(lambda: database.has_seen_end(daemon.settings["database.connection"], daemon.process), "the end is seen")
        again = self.daemon(folder=daemon.folder)
        self.make(again, "heir")
        self.expect("heir")

    def test_a_broker_that_hangs_delays_no_request_and_gets_everything_when_it_wakes(self):
        daemon = self.daemon()
        self.make(daemon, "swift")
        self.expect("swift")
        wait_until(lambda: self.metric(daemon, "messages_waiting") == 0, "nothing is unconfirmed")
        names = ["slow-%d" % number for number in range(200)]  # more than may be under way unconfirmed
        with rabbit.frozen():
            for name in names:
                self.make(daemon, name)
            self.assertEqual(self.metric(daemon, "messages_waiting"), 2 * len(names))
        self.expect(*names)

    def test_with_retry_a_message_is_given_up_and_that_is_told(self):
        port = rabbit_support.free_port()  # nobody listens there
        daemon = self.daemon("oslo_messaging_notifications.retry=0", url=rabbit.url(port=port))
        self.make(daemon, "hopeless")
        wait_until(lambda: self.metric(daemon, "messages_lost_total") == 2, "both are given up")
        self.assertEqual(self.metric(daemon, "messages_waiting"), 0)

    def test_tls_checks_the_certificate(self):
        url = "rabbit://steel:%s@localhost:%d/?ssl=true" % (rabbit.password, rabbit.tls_port)
        with tempfile.TemporaryDirectory() as folder:
            other = rabbit_support.make_certificate(folder, "other.pem", "other.key")
            wary = self.daemon("oslo_messaging_rabbit.ssl_ca_file=" + other, url=url)
            wary.wait_log(r"(RabbitMQ at localhost port \d+: connect: SSL peer cert verification failed)")
        daemon = self.daemon("oslo_messaging_rabbit.ssl_ca_file=" + rabbit.certificate, url=url)
        self.make(daemon, "sealed")
        self.expect("sealed")
        self.assertEqual(self.metric(wary, "connected"), 0)

    def test_several_hosts_are_tried_and_several_drivers_serve(self):
        url = "rabbit://steel:%s@127.0.0.1:1,steel:%s@127.0.0.1:%d/" % (rabbit.password, rabbit.password, rabbit.port)
        daemon = self.daemon("oslo_messaging_notifications.driver=messagingv2\ndriver = log", url=url)
        self.make(daemon, "twice")
        self.expect("twice")

    def test_options_that_cannot_work_are_refused(self):
        def said(*words):
            done = subprocess.run([harness.STEELD, *words, "config", "check"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=harness.LIMIT_S, check=False)
            self.assertNotEqual(done.returncode, 0)
            return done.stdout.decode()
        level, driver = ("--set", "notification_level=info"), ("--set", "oslo_messaging_notifications.driver=messagingv2")
        self.assertIn("transport_url must be set", said(*level, *driver))
        self.assertIn("no driver pigeon", said("--set", "oslo_messaging_notifications.driver=pigeon"))
        text = said(*level, *driver, "--set", "transport_url=kafka://user:hush@host/")
        self.assertRegex(text, r"transport_url: it must begin with rabbit://")
        self.assertNotIn("hush", text)


class Relay:
    """Passes connections of one port on to another."""

    def __init__(self, port, to):
        self.process = subprocess.Popen(["python3", "-c", RELAY, str(port), str(to)])

    def close(self):
        self.process.kill()
        self.process.wait()


RELAY = """
import socket, sys, threading
def copy(a, b):
    try:
        while True:
            data = a.recv(65536)
            if not data:
                break
            b.sendall(data)
    except OSError:
        pass
    a.close()
    b.close()
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    near = server.accept()[0]
    far = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    threading.Thread(target=copy, args=(near, far), daemon=True).start()
    threading.Thread(target=copy, args=(far, near), daemon=True).start()
"""
