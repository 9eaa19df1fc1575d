"""Tokens: which are accepted, how often Keystone is asked, and the errors when it does not answer.

SPDX-License-Identifier: Apache-2.0
"""
import concurrent.futures
import http.client
import time
import unittest

import auth_support
import harness

ADMIN = "system/admin"


class Tokens(auth_support.KeystoneSuite):
    settings = ("keystone_authtoken.www_authenticate_uri=https://keystone.example:5000",)

    def test_without_a_token_the_answer_names_keystone(self):
        for headers in ({}, {"X-Auth-Token": ""}, {"X-Auth-Token": "nonsense"}, {"X-Auth-Token": "x" * 5000},
                        {"Authorization": "Basic YWRtaW46YWRtaW4="}):
            answer = self.call("GET", "/v1/nodes", headers=headers)
            self.assertEqual(answer.status, 401, headers)
            self.assertEqual(answer.headers["WWW-Authenticate"], 'Keystone uri="https://keystone.example:5000"')
            self.assertEqual(answer.fault["faultcode"], "Client")

    def test_public_routes_need_no_token(self):
        self.get("/")
        self.get("/v1")
        self.assertEqual(self.call("GET", "/v1/lookup?addresses=52:54:00:00:00:01").status, 404)
        self.assertEqual(self.call("GET", "/v1/lookup?addresses=52:54:00:00:00:01",
                                   headers={"X-Auth-Token": "nonsense"}).status, 404)

    def test_a_token_is_checked_once(self):
        token = "p-once/reader"
        for _ in range(20):
            self.done(token, "GET", "/v1/nodes")
        self.assertEqual(self.keystone.asked(token), 1)

    def test_many_requests_at_once_cause_one_question(self):
        token = "p-crowd/reader"

        def ask(_):
            connection = http.client.HTTPConnection("127.0.0.1", self.steel.port, timeout=harness.LIMIT_S)
            connection.request("GET", "/v1/nodes", headers={"X-Auth-Token": token})
            status = connection.getresponse().status
            connection.close()
            return status

        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            self.assertEqual(set(pool.map(ask, range(120))), {200})
        self.assertEqual(self.keystone.asked(token), 1)

    def test_a_bad_token_is_checked_once_too(self):
        for _ in range(5):
            self.assertEqual(self.as_("bad/but/plausible-no-roles", "GET", "/v1/nodes").status, 403)
            self.assertEqual(self.as_("gAAAAABnotoken", "GET", "/v1/nodes").status, 401)
        self.assertEqual(self.keystone.asked("gAAAAABnotoken"), 1)

    def test_an_expired_token_is_refused(self):
        self.keystone.expired.add("p-late/reader")
        self.assertEqual(self.as_("p-late/reader", "GET", "/v1/nodes").status, 401)
        answer = self.as_("p-late/reader", "GET", "/v1/nodes", **{"X-Service-Token": "service/service"})
        self.assertEqual(answer.status, 200)  # a service may finish what it has begun
        answer = self.as_("p-late/reader", "GET", "/v1/nodes", **{"X-Service-Token": "other/reader"})
        self.assertEqual(answer.status, 401)

    def test_a_bad_service_token_refuses_the_request(self):
        answer = self.as_(ADMIN, "GET", "/v1/nodes", **{"X-Service-Token": "nonsense"})
        self.assertEqual(answer.status, 401)

    def test_steel_logs_in_again_when_its_token_is_revoked(self):
        self.done("p-before/reader", "GET", "/v1/nodes")
        with self.keystone.lock:
            logins, self.keystone.own = self.keystone.logins, "revoked"
        self.done("p-after/reader", "GET", "/v1/nodes")
        self.assertEqual(self.keystone.logins, logins + 1)

    def test_the_administrator_of_the_system_makes_and_deletes_nodes(self):
        node = self.done(ADMIN, "POST", "/v1/nodes", {"driver": "fake-hardware"})
        self.done(ADMIN, "PUT", "/v1/nodes/%s/maintenance" % node["uuid"], {"reason": "rest"})
        self.assertEqual(self.done(ADMIN, "GET", "/v1/nodes/" + node["uuid"])["maintenance_reason"], "rest")
        self.done(ADMIN, "DELETE", "/v1/nodes/" + node["uuid"])


class Outage(auth_support.KeystoneSuite):
    def test_when_keystone_fails_known_tokens_still_work_and_others_get_503(self):
        self.done("p1/reader", "GET", "/v1/nodes")
        with self.keystone.lock:
            self.keystone.status = 500
        self.done("p1/reader", "GET", "/v1/nodes")
        answer = self.as_("p2/reader", "GET", "/v1/nodes")
        self.assertEqual(answer.status, 503)
        self.assertIn("Keystone answered 500", answer.message)
        with self.keystone.lock:
            self.keystone.status = None
        end = time.monotonic() + harness.LIMIT_S
        while self.as_("p2/reader", "GET", "/v1/nodes").status != 200:
            self.assertLess(time.monotonic(), end, "it does not recover")
            time.sleep(0.05)


class Gone(auth_support.KeystoneSuite):
    settings = ("keystone_authtoken.auth_url=http://127.0.0.1:9",)

    def test_an_absent_keystone_is_reported_at_once(self):
        for i in range(30):
            answer = self.as_("p%d/reader" % i, "GET", "/v1/nodes")
            self.assertEqual(answer.status, 503)
            self.assertIn("http://127.0.0.1:9", answer.message)
        self.get("/v1")


class Delayed(auth_support.KeystoneSuite):
    settings = ("keystone_authtoken.delay_auth_decision=true",)

    def test_the_policy_decides_on_requests_without_a_token(self):
        self.assertEqual(self.call("GET", "/v1/nodes").status, 403)
        self.done(ADMIN, "GET", "/v1/nodes")


if __name__ == "__main__":
    unittest.main()


class Provisioning(auth_support.KeystoneSuite):
    def provision_as(self, token, name, target, state):
        self.assertEqual(self.as_(token, "PUT", "/v1/nodes/%s/states/provision" % name, {"target": target}).status, 202)
        end = time.monotonic() + harness.LIMIT_S
        while True:
            node = self.done(ADMIN, "GET", "/v1/nodes/" + name)
            if node["provision_state"] == state and node["reservation"] is None:
                return node
            self.assertLess(time.monotonic(), end, node)
            time.sleep(0.01)

    def available(self, name, **values):
        self.as_(ADMIN, "POST", "/v1/nodes", dict(values, driver="fake-hardware", name=name))
        self.provision_as(ADMIN, name, "manage", "manageable")
        return self.provision_as(ADMIN, name, "provide", "available")


class Leases(Provisioning):
    settings = ("conductor.automatic_lessee_source=request", "conductor.automated_clean=false")

    def test_a_deploying_project_leases_the_node_until_its_undeployment(self):
        self.available("free", owner="landlord")
        self.assertEqual(self.provision_as("landlord/admin", "free", "active", "active")["lessee"], "landlord")
        self.assertEqual(self.provision_as("landlord/admin", "free", "deleted", "available")["lessee"], None)

    def test_a_lessee_stays_and_the_system_leases_nothing(self):
        self.available("let", owner="landlord", lessee="tenant")
        self.assertEqual(self.provision_as("tenant/admin", "let", "active", "active")["lessee"], "tenant")
        self.assertEqual(self.provision_as("tenant/admin", "let", "deleted", "available")["lessee"], "tenant")
        self.available("own", owner="landlord")
        self.assertIsNone(self.provision_as(ADMIN, "own", "active", "active")["lessee"])


class Turns(Provisioning):
    settings = ("conductor.max_concurrent_deploy=1",)

    def places(self, token):
        return {place["node_uuid"]: place["place"] for place in self.done(token, "GET", "/v1/capacity")["queue"]}

    def test_projects_see_the_places_of_their_nodes_among_all(self):
        self.available("holder", driver_info={"fake": {"deploy.deploy": {"wait": True}}})
        self.provision_as(ADMIN, "holder", "active", "wait call-back")
        queued = []
        for name, values in (("theirs", {"owner": "third"}), ("owned", {"owner": "landlord"}),
                             ("leased", {"owner": "landlord", "lessee": "tenant"}), ("nobodys", {})):
            self.available(name, **values)
            queued.append(self.provision_as(ADMIN, name, "active", "wait call-back")["uuid"])
        theirs, owned, leased, nobodys = queued
        self.assertEqual(self.places("system/reader"), {theirs: 1, owned: 2, leased: 3, nobodys: 4})
        self.assertEqual(self.places("landlord/reader"), {owned: 2, leased: 3})
        self.assertEqual(self.places("tenant/reader"), {leased: 3})
        self.assertEqual(self.places("else/reader"), {})
        told = self.done("tenant/reader", "GET", "/v1/capacity")["capacity"]
        self.assertEqual([row["queued"] for row in told if row["operation"] == "deploy"], [4])


class LeasesOfOlderReleases(Leases):
    """There is one way of leasing, by the request, once it is asked for."""
    newest = "1.82"
    settings = ("pin_release_version=21.4", "conductor.automatic_lessee=true", "conductor.automated_clean=false")
