"""Who gets which events: the event stream with Keystone's tokens, and the routes that need none.

SPDX-License-Identifier: Apache-2.0
"""
import auth_support
import harness
from observe_support import Listener, get, scrape

SYSTEM = "system/admin"


class Access(auth_support.KeystoneSuite):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        suite = cls("test_each_listener_gets_the_events_it_may_see")
        cls.mine = suite.done(SYSTEM, "POST", "/v1/nodes", {"driver": "fake-hardware", "owner": "own", "lessee": "let",
                                                            "driver_info": {"fake_key": "visible"}})["uuid"]
        cls.theirs = suite.done(SYSTEM, "POST", "/v1/nodes", {"driver": "fake-hardware", "owner": "them"})["uuid"]

    def listener(self, token, query=""):
        return Listener(self.steel.port, query, "X-Auth-Token: %s\r\nX-OpenStack-Ironic-API-Version: 1.82\r\n" % token)

    def told(self, listener, last):
        """The uuids of the events up to the one about `last`."""
        seen = []
        while not seen or seen[-1][1] != last:
            event = listener.event()
            seen.append((event["event"], event["data"]["uuid"], event["data"]))
        return seen

    def make_events(self):
        """Changes a node of others, a port of it, a chassis, then a port of the own node, which is returned."""
        self.done(SYSTEM, "PUT", "/v1/nodes/%s/maintenance" % self.theirs, {})
        port = self.done(SYSTEM, "POST", "/v1/ports", {"node_uuid": self.theirs, "address": "02:00:00:00:08:01"})["uuid"]
        self.done(SYSTEM, "DELETE", "/v1/ports/" + port)
        chassis = self.done(SYSTEM, "POST", "/v1/chassis", {})["uuid"]
        self.done(SYSTEM, "DELETE", "/v1/chassis/" + chassis)
        self.done(SYSTEM, "PATCH", "/v1/nodes/" + self.mine, [{"op": "add", "path": "/extra/x", "value": 1}])
        port = self.done(SYSTEM, "POST", "/v1/ports", {"node_uuid": self.mine, "address": "02:00:00:00:08:02"})["uuid"]
        self.done(SYSTEM, "DELETE", "/v1/ports/" + port)
        return port

    def test_each_listener_gets_the_events_it_may_see(self):
        tokens = ("system/reader", "own/reader", "let/member", "own/admin")
        listeners = {token: self.listener(token) for token in tokens}
        port = self.make_events()
        for token, listener in listeners.items():
            seen = self.told(listener, port)
            kinds = {kind.split(".")[1] for kind, _, _ in seen}
            if token.startswith("system"):
                self.assertIn(self.theirs, [uuid for _, uuid, _ in seen])
                self.assertEqual(kinds, {"node", "port", "chassis"})
            else:
                self.assertEqual({uuid for _, uuid, _ in seen}, {self.mine, port}, token)
                self.assertEqual(kinds, {"node", "port"})
            listener.close()

    def test_fields_hidden_in_an_answer_are_hidden_in_an_event(self):
        for token, hidden in (("system/reader", False), ("let/reader", None)):
            answer = self.done(token, "GET", "/v1/nodes/" + self.mine)
            listener = self.listener(token, "?type=baremetal.node.update")
            self.done(SYSTEM, "PATCH", "/v1/nodes/" + self.mine, [{"op": "add", "path": "/extra/y", "value": 1}])
            event = listener.event()
            self.assertEqual(event["data"]["driver_info"], answer["driver_info"], token)
            self.assertEqual(event["data"]["last_error"], answer["last_error"], token)
            if hidden is False:
                self.assertEqual(event["data"]["driver_info"], {"fake_key": "visible"})
            listener.close()

    def test_children_of_a_node_are_shown_as_in_an_answer(self):
        tokens = ("system/reader", "own/admin", "own/reader", "let/admin", "let/reader")
        listeners = {token: self.listener(token, "?type=baremetal.volumetarget.create.end") for token in tokens}
        target = self.done(SYSTEM, "POST", "/v1/volume/targets", {
            "node_uuid": self.mine, "volume_type": "iscsi", "boot_index": 0, "volume_id": "v",
            "properties": {"target_iqn": "iqn.2026-01.test:v"}})["uuid"]
        for token, listener in listeners.items():
            answer = self.done(token, "GET", "/v1/volume/targets/" + target)
            self.assertEqual(listener.event()["data"]["properties"], answer["properties"], token)
            listener.close()

    def test_strangers_are_refused(self):
        for token, status in (("own/", 403), ("domain:d/admin", 403), ("nonsense", 401)):
            listener = self.listener(token)
            self.assertEqual(listener.status, status, token)
            listener.close()
        self.assertEqual(get(self.steel.port, "/v1/events/stream")[0], 401)

    def test_a_node_of_others_looks_absent(self):
        for token, status in (("own/member", 404), ("them/member", 200), ("system/member", 200)):
            listener = self.listener(token, "?node=" + self.theirs)
            self.assertEqual(listener.status, status, token)
            listener.close()

    def test_the_document_and_metrics_need_no_token(self):
        status, headers, text = get(self.steel.port, "/v1/openapi.json")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
        document = harness.json.loads(text)
        self.assertEqual(document["openapi"], "3.1.0")
        self.assertEqual(document["paths"]["/v1/nodes"]["post"]["x-policy"], "baremetal:node:create")
        self.assertEqual(document["paths"]["/v1/openapi.json"]["get"]["security"], [])
        scrape(self.steel.port)
