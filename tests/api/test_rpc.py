"""API and conductors as processes of their own, over HTTP and over RabbitMQ, and what may go wrong between them.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import concurrent.futures
import http.client
import json
import os
import signal
import time
import uuid

import auth_basic
import auth_support
import faults_support
import freezing
import harness
import rabbit_support
import rpc_support
from faults_support import until
from observe_support import Watch, scrape
from ports import refusing, swallowing


class Common:
    """What holds over every transport."""

    def test_a_conductor_that_was_killed_is_told_at_once_and_its_successor_is_called(self):
        node = self.fake()
        self.assertTrue(self.reaches(node))
        before = scrape(self.steel.port).get("steel_rpc_unreached_total")
        self.kill_conductor()
        try:
            answer = self.call("PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "y"})
            self.assertEqual(answer.status, 503, answer.body)
            self.assertIn(self.steel.host, answer.message)
            # Not 504: that would have waited for all of rpc_response_timeout.
            self.assertGreater(scrape(self.steel.port).get("steel_rpc_unreached_total"), before)
        finally:
            self.start_conductor()
        until("the new conductor answers", lambda: self.reaches(node))

    def test_a_conductor_that_does_not_answer_is_a_timeout(self):
        node = self.fake()
        self.with_api(rpc_response_timeout="3")
        freezing.freeze_group(self.steel.conductor.pid)
        try:
            answer = self.call("PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "z"})
        finally:
            os.killpg(self.steel.conductor.pid, signal.SIGCONT)
        self.assertEqual(answer.status, 504, answer.body)
        self.assertIn("rpc_response_timeout", answer.message)
        metrics = scrape(self.steel.port)
        self.assertGreaterEqual(metrics.get("steel_rpc_timeouts_total"), 1)
        self.assertGreaterEqual(metrics.get("steel_rpc_calls_total"), metrics.get("steel_rpc_timeouts_total"))
        # the message is late by now: it is dropped, and does not come true afterwards
        until("the conductor answers again", lambda: self.call("PATCH", "/v1/nodes/" + node, [
            {"op": "add", "path": "/extra/a", "value": 1}]).status == 200)
        self.assertIsNone(self.get("/v1/nodes/" + node)["maintenance_reason"])

    def test_errors_have_the_status_of_one_process(self):
        node = self.fake()
        self.assertEqual(self.put(node, "active").status, 400)
        self.assertEqual(self.call("POST", "/v1/nodes", {"driver": "no-such"}).status, 400)
        self.assertEqual(self.call("GET", "/v1/drivers/no-such/properties").status, 404)
        self.assertEqual(self.call("GET", "/v1/drivers/fake-hardware/properties").status, 200)


class Watched:
    def test_the_event_stream_shows_what_the_conductor_does(self):
        node = self.fake()
        watch = Watch(self.steel.port)
        self.addCleanup(watch.close)

        def seen():  # what happened before the API has reached the conductor is not told
            return self.reaches(node) and node in watch.seen
        until("an event of the node is seen", seen, 60)


class OverHttp(Common, Watched, rpc_support.Pair):
    transport = "json-rpc"

    def post(self, body, headers=None, method="POST", path="/"):
        connection = http.client.HTTPConnection("127.0.0.1", int(self.steel.settings["json_rpc.port"]), timeout=harness.LIMIT_S)
        try:
            connection.request(method, path, body, headers or {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def test_a_message_that_comes_twice_is_executed_once(self):
        now = int(time.time() * 1000)
        name = "twin-" + uuid.uuid4().hex[:8]
        message = json.dumps({"jsonrpc": "2.0", "id": str(uuid.uuid4()), "method": "create", "params": {
            "context": {}, "arguments": {"resource": "chassis", "values": {"description": name}}, "version": 1, "sent_ms": now,
            "limit_ms": 60000}})
        first, second = self.post(message), self.post(message)
        self.assertEqual(first[0], 200)
        self.assertIn(b'"result"', first[1])
        self.assertEqual(first, second)
        found = [one for one in self.get("/v1/chassis")["chassis"] if one["description"] == name]
        self.assertEqual(len(found), 1)

    def test_strangers_get_nowhere(self):
        self.assertEqual(self.post("{}", method="GET")[0], 405)
        self.assertEqual(self.post("{}", path="/v1/nodes")[0], 404)
        self.assertEqual(self.post("{}", {"Content-Type": "text/plain"})[0], 415)
        self.assertEqual(self.post("{}", {"Content-Type": "application/json", "Origin": "http://evil"})[0], 403)
        status, body = self.post("[" * 5000)
        self.assertEqual((status, json.loads(body)["error"]["data"]["code"]), (200, "INVALID"))
        status, body = self.post(json.dumps({"jsonrpc": "2.0", "id": str(uuid.uuid4()), "method": "fly", "params": {
            "arguments": {}, "version": 1, "sent_ms": 1, "limit_ms": 1}}))
        self.assertEqual(json.loads(body)["error"]["data"]["class"], "UnsupportedVersion")


class OverHttpWithPasswords(Watched, rpc_support.Pair):
    transport = "json-rpc"
    options = ("json_rpc.auth_strategy=http_basic", "json_rpc.username=api", "json_rpc.password=rose")

    @classmethod
    def setUpClass(cls):
        folder = cls.temporary_folder()
        path = os.path.join(folder, "htpasswd")
        with open(path, "w") as file:
            file.write("api:%s\n" % auth_basic.HASHES["rose"])
        cls.options = cls.options + ("json_rpc.http_basic_auth_user_file=" + path,)
        super().setUpClass()

    def status(self, login, path="/"):
        connection = http.client.HTTPConnection("127.0.0.1", int(self.steel.settings["json_rpc.port"]), timeout=harness.LIMIT_S)
        headers = {"Content-Type": "application/json"}
        if login:
            headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        connection.request("POST", path, "{}", headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def test_only_the_api_is_admitted(self):
        self.assertTrue(self.reaches(self.fake()))
        for path in ("/", "/events"):
            self.assertEqual(self.status(None, path), 401)
            self.assertEqual(self.status("api:wrong", path), 401)
            self.assertEqual(self.status("api:rose", path), 200)


class OverHttpWithKeystone(Watched, rpc_support.Pair):
    """The API logs in as a user of its own; the conductor checks the token as [keystone_authtoken] says."""

    transport = "json-rpc"
    secret = auth_support.PASSWORD

    @classmethod
    def setUpClass(cls):
        cls.keystone = auth_support.FakeKeystone()
        cls.addClassCleanup(cls.keystone.stop)
        cls.keystone.users = {"caller": "admin", "stranger": "reader"}
        login = {"auth_url": cls.keystone.url, "auth_type": "password", "password": cls.secret, "project_name": "service"}
        cls.options = ("rpc_response_timeout=20", "json_rpc.auth_strategy=keystone", "json_rpc.username=caller",
                       "keystone_authtoken.username=steel", "keystone_authtoken.token_cache_time=-1",
                       *("%s.%s=%s" % (section, *pair) for section in ("json_rpc", "keystone_authtoken") for pair in login.items()))
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        log = cls.steel.text()
        super().tearDownClass()
        assert cls.secret not in log and not any(token in log for token in cls.keystone.logged_in), "a secret is in the log"

    def status(self, token, path="/"):
        connection = http.client.HTTPConnection("127.0.0.1", int(self.steel.settings["json_rpc.port"]), timeout=harness.LIMIT_S)
        self.addCleanup(connection.close)
        connection.request("POST", path, "{}", {"Content-Type": "application/json", **({"X-Auth-Token": token} if token else {})})
        return connection.getresponse().status

    def again_with(self, **changed):
        """What another API answers."""
        self.with_api(**changed)
        return self.call("GET", "/v1/drivers/fake-hardware/properties")

    def test_only_tokens_with_an_allowed_role_are_admitted(self):
        for path in ("/", "/events"):
            self.assertEqual(self.status(None, path), 401)
            self.assertEqual(self.status("nonsense", path), 401)
            self.assertEqual(self.status("somebody/reader", path), 403)
            self.assertEqual(self.status("somebody/admin", path), 200)

    def test_a_token_serves_many_calls_and_is_replaced_when_it_is_revoked(self):
        node = self.fake()
        self.assertTrue(self.reaches(node))
        with self.keystone.lock:
            before = list(self.keystone.logged_in)
        for _ in range(5):
            self.assertTrue(self.reaches(node))
        self.assertEqual(self.keystone.logged_in, before)
        with self.keystone.lock:
            self.keystone.revoked.update(before)

        def replaced():  # not by the first one, if the conductor was checking the old one at that moment
            self.assertTrue(self.reaches(node))  # nobody is told to try again
            return self.keystone.logged_in[-1] not in before
        until("the token is replaced", replaced)

    def test_a_login_that_keystone_refuses_is_told(self):
        answer = self.again_with(json_rpc__password="wrong")
        self.assertEqual(answer.status, 503, answer.body)
        self.assertIn("Keystone refuses the login of [json_rpc]", answer.message)

    def test_a_user_without_the_role_is_told_by_the_conductor(self):
        answer = self.again_with(json_rpc__username="stranger")
        self.assertEqual(answer.status, 503, answer.body)
        self.assertIn("refuses this API's login (403)", answer.message)

    def test_the_login_of_another_section_may_be_used(self):
        login = {"nova__auth_type": "password", "nova__auth_url": self.keystone.url, "nova__password": self.secret,
                 "nova__project_name": "service"}
        answer = self.again_with(json_rpc__auth_section="nova", nova__username="stranger", **login)
        self.assertIn("refuses this API's login (403)", answer.message)
        answer = self.again_with(json_rpc__auth_section="nova", nova__username="caller", json_rpc__username="stranger", **login)
        self.assertEqual(answer.status, 200, answer.body)


class OverHttps(Watched, rpc_support.Pair):
    transport = "json-rpc"
    options = ("rpc_response_timeout=10", "json_rpc.use_ssl=true", "json_rpc.client_use_ssl=true")

    @classmethod
    def setUpClass(cls):
        cls.folder = cls.temporary_folder()
        certificate = rabbit_support.make_certificate(cls.folder, "certificate.pem", "key.pem")
        cls.options = cls.options + ("json_rpc.cert_file=" + certificate, "json_rpc.key_file=%s/key.pem" % cls.folder,
                                     "json_rpc.cafile=" + certificate)
        super().setUpClass()

    def test_without_tls_nobody_is_answered(self):
        connection = http.client.HTTPConnection("127.0.0.1", int(self.steel.settings["json_rpc.port"]), timeout=harness.LIMIT_S)
        self.addCleanup(connection.close)
        with self.assertRaises((http.client.HTTPException, OSError)):
            connection.request("POST", "/", "{}", {"Content-Type": "application/json"})
            connection.getresponse()

    def test_a_conductor_whose_certificate_is_not_trusted_is_not_called(self):
        other = rabbit_support.make_certificate(self.folder, "other.pem", "other-key.pem")
        self.steel.settings["json_rpc.cafile"] = other
        try:
            rpc_support.restart_api(self.steel)
            answer = self.call("PUT", "/v1/nodes/%s/maintenance" % uuid.uuid4(), {"reason": "x"})
            refused = self.call("GET", "/v1/drivers/fake-hardware/properties")
        finally:
            self.steel.settings["json_rpc.cafile"] = self.folder + "/certificate.pem"
            rpc_support.restart_api(self.steel)
        self.assertEqual(answer.status, 404, answer.body)
        self.assertEqual(refused.status, 503, refused.body)
        self.assertIn("was not called", refused.message)


class OverRabbit(Common, Watched, rpc_support.Pair):
    transport = "oslo"

    def test_a_broker_that_is_started_again_is_used_again(self):
        node = self.fake()
        self.with_api(rpc_response_timeout="3")
        self.rabbit.stop()
        try:
            answer = self.call("PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "x"})
            until("the conductor tells of it", lambda: scrape(self.conductor_metrics).get("steel_conductor_bus_connected") == 0)
        finally:
            self.rabbit.start()
        self.assertIn(answer.status, (503, 504), answer.body)
        until("calls arrive again", lambda: self.reaches(node), 60)
        self.assertEqual(scrape(self.conductor_metrics).get("steel_conductor_bus_connected"), 1)

    def test_a_call_that_is_lost_with_its_conductor_is_told_before_its_deadline(self):
        node, queue = self.fake(), "steel.conductor." + self.steel.host
        freezing.freeze_group(self.steel.conductor.pid)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            try:
                asked = pool.submit(self.call, "PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "x"})
                until("the call is at the conductor", lambda: self.rabbit.waiting(queue))
            finally:
                self.kill_conductor()
            answer = asked.result()
        self.start_conductor()
        until("the new conductor answers", lambda: self.reaches(node))
        self.assertEqual(answer.status, 503, answer.body)
        self.assertIn("may have been begun", answer.message)

    def late(self, node):
        """A call that gets no answer; nobody does it afterwards."""
        answer = self.call("PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "late"})
        self.assertEqual(answer.status, 504, answer.body)
        self.assertIn("rpc_response_timeout", answer.message)

    def not_done(self, node):
        until("calls arrive again", lambda: self.call("PATCH", "/v1/nodes/" + node, [
            {"op": "add", "path": "/extra/a", "value": 1}]).status == 200, 60)
        self.assertIsNone(self.get("/v1/nodes/" + node)["maintenance_reason"])

    def test_a_call_to_a_broker_that_stands_still_is_a_timeout_and_not_done_later(self):
        node = self.fake()
        self.with_api(rpc_response_timeout="3")
        with self.rabbit.frozen():
            self.late(node)
        self.not_done(node)

    def bus(self):
        metrics = scrape(self.steel.port)
        return metrics.get("steel_rpc_bus_connected"), metrics.get("steel_rpc_bus_blocked")

    def any_call(self):
        return self.call("GET", "/v1/drivers/fake-hardware/properties")

    def told_of_the_alarm(self):
        """The broker tells a process of its alarm when that sends something."""
        self.assertIn(self.any_call().status, (200, 503, 504))
        self.steel.wait_log(r"(WARNING bus.link.* RabbitMQ takes no messages \(low on memory\))")

    def test_a_call_to_a_broker_that_is_short_of_memory_is_told_so_and_not_done_later(self):
        node = self.fake()
        self.with_api(rpc_response_timeout="2")

        def refused():
            answer = self.call("PUT", "/v1/nodes/%s/maintenance" % node, {"reason": "late"})
            self.assertIn(answer.status, (503, 504), answer.body)
            self.assertIn("RabbitMQ takes no messages", answer.message)
            return answer.status == 503
        with self.rabbit.short_of_memory():
            self.told_of_the_alarm()
            until("calls are refused at once", refused)
            self.assertEqual(self.bus(), (1, 1))
        self.not_done(node)
        self.assertEqual(self.bus(), (1, 0))
        self.steel.wait_log("(RabbitMQ takes messages again)")

    def test_a_call_that_waits_for_a_broker_that_is_short_of_memory_is_done_once(self):
        name, sentence = "patient-" + uuid.uuid4().hex[:8], "RabbitMQ takes no messages"
        before = self.steel.text().count(sentence)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            with self.rabbit.short_of_memory():
                first = pool.submit(self.any_call)
                until("the alarm is told", lambda: self.steel.text().count(sentence) > before)
                asked = pool.submit(self.call, "POST", "/v1/chassis", {"description": name})
            self.assertEqual(first.result().status, 200)
            answer = asked.result()
        self.assertEqual(answer.status, 201, answer.body)
        self.assertEqual([one["description"] for one in self.get("/v1/chassis")["chassis"]].count(name), 1)

    @harness.long_test
    def test_a_large_call_that_a_broker_short_of_memory_stops_reading_ends_at_its_deadline(self):
        node = self.to(self.fake(), "available")
        self.with_api(rpc_response_timeout="3", oslo_messaging_rabbit__heartbeat_timeout_threshold="0")
        with self.rabbit.short_of_memory():
            answer = self.call("PUT", "/v1/nodes/%s/states/provision" % node, {"target": "active", "configdrive": "A" * (16 << 20)})
            self.assertEqual(answer.status, 504, answer.body)
            self.steel.wait_log("(no connection to RabbitMQ at .*: publish: )")
            self.told_of_the_alarm()
        self.not_done(node)
        self.assertEqual(self.get("/v1/nodes/" + node)["provision_state"], "available")

    def both_behind(self, port):
        """API and conductor with a host before RabbitMQ; the connections are cut once."""
        node = self.fake()
        self.addCleanup(lambda: until("the conductor is back", lambda: self.reaches(node), 2 * harness.LIMIT_S))  # it may be stopped then
        self.addCleanup(self.start_conductor)  # with the settings as they are then
        self.addCleanup(self.kill_conductor)
        self.with_api(DEFAULT__transport_url=self.rabbit.url_behind(port))
        self.kill_conductor()
        self.start_conductor()
        until("calls arrive", lambda: self.reaches(node), 2 * harness.LIMIT_S)
        self.assertIn("no connection to RabbitMQ at 127.0.0.1:%d" % port, self.steel.text())
        self.rabbit.cut_connections()
        until("both have connected again", lambda: self.steel.text().count("connected to RabbitMQ at") >= 4, 2 * harness.LIMIT_S)
        until("calls arrive again", lambda: self.reaches(node), 2 * harness.LIMIT_S)

    def test_the_next_host_is_used_where_the_first_refuses(self):
        dead = refusing()
        self.addCleanup(dead.close)
        self.both_behind(dead.getsockname()[1])

    @harness.long_test
    def test_the_next_host_is_used_where_packets_to_the_first_are_lost(self):
        dead, sockets = swallowing()
        self.addCleanup(sockets.close)
        self.both_behind(dead.getsockname()[1])

    @harness.long_test
    def test_a_conductor_that_drains_ends_its_work_and_takes_no_calls(self):
        node, other = self.to(self.fake(), "available"), self.to(self.fake(), "available")
        self.orders(node, {"deploy.deploy": {"delay_ms": 4000}})
        self.ask(node, "active")
        until("the step runs", lambda: [phase for phase in self.phases(node) if phase["phase"] == "deploy.deploy"])
        self.steel.conductor.send_signal(signal.SIGUSR2)
        until("it is out of the ring", lambda: not any(one["alive"] for one in self.get("/v1/conductors")["conductors"]))
        self.assertEqual(self.put(other, "active").status, 503)
        self.assertEqual(self.steel.conductor.wait(harness.LIMIT_S), 0)
        self.assertEqual(self.get("/v1/nodes/" + node)["provision_state"], "active")
        self.start_conductor()
        until("the new conductor answers", lambda: self.reaches(other))
        self.assertEqual(self.get("/v1/nodes/" + other)["provision_state"], "available")

    def test_an_api_that_was_stopped_leaves_no_queue(self):
        """It would take in every event until it expires."""
        def answers():
            return {name for name in self.rabbit.queues() if name.startswith("steel.reply.")}
        before = answers()
        rpc_support.restart_api(self.steel)
        self.assertTrue(self.reaches(self.fake()))

        def replaced():
            now = answers()
            return len(now - before) == 1 and len(now & before) < len(before)
        until("its queue is gone, the new one's is there", replaced)

    def test_a_queue_that_was_deleted_is_made_again(self):
        node = self.fake()
        self.assertTrue(self.reaches(node))
        self.assertEqual(self.rabbit.delete_queue("steel.conductor." + self.steel.host), 204)
        until("calls arrive again", lambda: self.reaches(node))
