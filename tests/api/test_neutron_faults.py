"""What becomes of a machine's ports when Neutron does not do what it is asked, or the daemon is killed while it does.

SPDX-License-Identifier: Apache-2.0
"""
import functools
import unittest

import neutron_support
from faults_support import until
from neutron_support import VIF
from ports import refusing
from ramdisk_support import MAC

OF_VIF = "PUT /v2.0/ports/" + VIF
# What is asked while a deploy begins, and how an error names it.
FIRST = {"unbind": (OF_VIF, "the change of port " + VIF), "network": ("GET /v2.0/networks", "the search for provisioning network"),
         "look": ("GET /v2.0/ports?", "the search for ports"), "create": ("POST /v2.0/ports", "the creation of a port for " + MAC)}
# What is asked when it ends.
LAST = {"look": ("GET /v2.0/ports?", "the search for ports"), "remove": ("DELETE /v2.0/ports/", "the removal of port"),
        "bind": (OF_VIF, "the change of port " + VIF)}
KINDS = ("401", "403", "409", "500", "503", "html", "half", "nonsense")


def each(cls):
    """A test for each row of cls.cases: (name, arguments)."""
    for name, arguments in cls.cases:
        setattr(cls, "test_" + name, functools.partialmethod(cls.case, *arguments))
    return cls


class Faults(neutron_support.Suite):
    server_errors = False

    def ends_clean(self):
        """Neutron is well again: after an undeploy nothing is left of the node."""
        self.no_faults()
        self.undeploy()
        self.only_the_vif_is_left()
        self.assertEqual((self.vif()["binding:host_id"], self.vifs(), self.internal_info()), ("", [], {}))


@each
class Beginnings(Faults):
    cases = [("a_deploy_that_begins_with_%s_at_%s_is_told_and_leaves_nothing" % (kind, step), (match, words, kind))
             for step, (match, words) in FIRST.items() for kind in KINDS + (("done-half", "done-500") if step == "create" else ())]

    def case(self, match, words, kind):
        self.attach()
        self.fault(match, kind)
        self.deploy()
        said = self.rest(self.uuid, "deploy failed")["last_error"]
        self.assertIn(words, said)
        self.assertIn("Neutron", said)
        if kind.isdigit():
            self.assertIn("Neutron answered %s to %s" % (kind, words), said)
            self.assertIn("the order of a test", said)
        if match != "GET /v2.0/ports?":
            self.only_the_vif_is_left()
        self.ends_clean()


@each
class Ends(Faults):
    cases = [("a_deploy_that_ends_with_%s_at_%s_is_told_and_leaves_nothing" % (kind, step), (match, words, kind))
             for step, (match, words) in LAST.items() for kind in ("403", "500", "half")]

    def case(self, match, words, kind):
        self.attach()
        self.deploy()
        agent, _ = self.boots()
        self.fault(match, kind)
        self.assertIn(words, self.calls_until(agent, "deploy failed")["last_error"])
        self.ends_clean()


class Others(Faults):
    def test_an_undeploy_that_neutron_stops_can_be_asked_for_again(self):
        self.attach()
        self.deploy()
        agent, _ = self.boots()
        self.calls_until(agent, "active")
        self.fault(OF_VIF, "500")
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % self.uuid, {"target": "deleted"})
        said = self.rest(self.uuid, "error")["last_error"]
        self.assertIn("Unable to clear binding profile for neutron port %s: Neutron answered 500" % VIF, said)
        self.ends_clean()

    def test_a_fault_that_passes_is_not_noticed_with_retries(self):
        self.attach()
        self.fault("POST /v2.0/ports", "429", times=1)
        self.deploy()
        self.boots()
        self.assertEqual(len(self.ports("provisioning")), 1)

    def test_a_token_that_has_ended_is_replaced(self):
        self.attach()
        self.cloud.set({"revoke": True})
        self.deploy()
        self.boots()
        self.assertEqual(len(self.ports("provisioning")), 1)

    def test_a_port_that_somebody_has_deleted_is_gone(self):
        self.attach()
        self.deploy()
        agent, _ = self.boots()
        self.cloud.set({"neutron": {"remove": [self.ports("provisioning")[0]["id"]]}})
        self.calls_until(agent, "active")
        self.only_the_vif_is_left()

    def test_what_is_left_by_a_failed_clean_up_goes_before_the_next_work(self):
        self.attach()
        self.deploy()
        agent, _ = self.boots()
        self.fault("DELETE", "500")
        self.calls_until(agent, "deploy failed")
        self.assertEqual(len(self.ports("provisioning")), 1)
        self.no_faults()
        self.deploy()
        agent, _ = self.boots()
        self.assertEqual(len(self.ports("provisioning")), 1)
        self.calls_until(agent, "active")
        self.only_the_vif_is_left()

    neutron_options = ("neutron.status_code_retries=1", "neutron.status_code_retry_delay=0", "neutron.retriable_status_codes=429")


class Cleanings(Faults):
    def clean(self):
        self.ask(self.uuid, "clean", clean_steps=[{"interface": "deploy", "step": "burnin_cpu"}])

    def setUp(self):
        super().setUp()
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")

    def succeeds(self):
        self.no_faults()
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")
        self.when_free(202, "DELETE", "/v1/nodes/%s/maintenance" % self.uuid)
        self.clean()
        agent, _ = self.boots(state="clean wait")
        self.assertEqual(len(self.ports("cleaning")), 1)
        self.calls_until(agent, "manageable")
        self.only_the_vif_is_left()
        self.assertEqual(self.internal_info(), {})

    def test_one_that_neutron_stops_is_told_and_leaves_nothing(self):
        for match, kind, words in (("GET /v2.0/networks", "503", "the search for cleaning network"),
                                   ("POST /v2.0/ports", "409", "the creation of a port for " + MAC)):
            self.fault(match, kind)
            self.clean()
            self.assertIn("Neutron answered %s to %s" % (kind, words), self.rest(self.uuid, "clean failed")["last_error"])
            self.only_the_vif_is_left()
            self.succeeds()

    def test_a_port_that_neutron_does_not_remove_goes_before_the_next_work(self):
        self.clean()
        agent, _ = self.boots(state="clean wait")
        self.fault("DELETE", "500")
        self.assertIn("the removal of port", self.calls_until(agent, "clean failed")["last_error"])
        self.assertEqual(len(self.ports("cleaning")), 1)
        self.succeeds()

    def test_a_port_that_is_gone_is_no_failure(self):
        self.clean()
        agent, _ = self.boots(state="clean wait")
        self.cloud.set({"neutron": {"remove": [self.ports("cleaning")[0]["id"]]}})
        self.calls_until(agent, "manageable")
        self.only_the_vif_is_left()
        self.assertEqual(self.internal_info(), {})


class Vifs(Faults):
    """Of a deployed node."""

    def setUp(self):
        super().setUp()
        self.attach()
        self.deploy()
        agent, _ = self.boots()
        self.calls_until(agent, "active")

    def test_a_vif_that_neutron_does_not_unbind_stays_attached(self):
        self.fault(OF_VIF, "503")
        answer = self.call("DELETE", "/v1/nodes/%s/vifs/%s" % (self.uuid, VIF))
        self.assertEqual(answer.status, 500)
        self.assertIn("Unable to clear binding profile for neutron port %s: Neutron answered 503" % VIF, answer.message)
        self.assertEqual((self.vifs(), self.vif()["binding:host_id"]), ([VIF], self.uuid))
        self.no_faults()
        self.when_free(204, "DELETE", "/v1/nodes/%s/vifs/%s" % (self.uuid, VIF))
        self.assertEqual((self.vifs(), self.vif()["binding:host_id"]), ([], ""))

    def test_a_vif_that_is_gone_can_be_detached(self):
        self.cloud.set({"neutron": {"remove": [VIF]}})
        self.want(204, "DELETE", "/v1/nodes/%s/vifs/%s" % (self.uuid, VIF))
        self.assertEqual((self.vifs(), self.internal_info()), ([], {}))


class Slow(Faults):
    def test_a_slow_neutron_is_waited_for_no_longer_than_configured(self):
        self.attach()
        self.fault("POST /v2.0/ports", "slow")
        self.deploy()
        self.assertIn("the creation of a port for " + MAC, self.rest(self.uuid, "deploy failed")["last_error"])
        self.ends_clean()

    neutron_options = ("neutron.request_timeout=8",)  # no more than a Neutron that is not slow may need, nor than "slow" lasts


class Away(Faults):
    @classmethod
    def setUpClass(cls):
        place = refusing()
        cls.addClassCleanup(place.close)
        cls.neutron_options = ("neutron.endpoint_override=http://127.0.0.1:%d" % place.getsockname()[1],)
        super().setUpClass()

    def test_a_neutron_that_is_not_there_is_told(self):
        self.attach(500)
        self.deploy()
        said = self.rest(self.uuid, "deploy failed")["last_error"]
        self.assertIn("Neutron", said)
        self.assertIn("the search for provisioning network", said)


@each
class Killed(Faults):
    cases = [("a_daemon_that_is_killed_at_%s_%s_goes_on_and_leaves_nothing" % (step, when), (match, kind))
             for step, (match, _) in FIRST.items() for when, kind in (("before", "slow"), ("after", "done-slow"))]

    def case(self, match, kind):
        self.attach()
        before = self.asked(match)
        self.fault(match, kind, times=1)
        self.deploy()
        until(match, lambda: self.asked(match) > before)
        self.steel.kill()
        self.no_faults()
        self.steel.again()
        agent, _ = self.boots()
        self.assertEqual([port["mac_address"] for port in self.ports("provisioning")], [MAC])
        self.calls_until(agent, "active")
        self.only_the_vif_is_left()
        self.assertEqual(self.vif()["binding:host_id"], self.uuid)
        self.ends_clean()


@each
class KilledAtTheEnd(Faults):
    cases = [("a_daemon_that_is_killed_at_%s_%s_goes_on_and_leaves_nothing" % (step, when), (match, kind))
             for step, (match, _) in LAST.items() for when, kind in (("before", "slow"), ("after", "done-slow"))]

    def case(self, match, kind):
        self.attach()
        self.deploy()
        agent, _ = self.boots()
        before = self.asked(match)
        self.fault(match, kind, times=1)

        def reached():
            node = self.get("/v1/nodes/" + self.uuid)
            if node["provision_state"] == "wait call-back" and node["reservation"] is None:
                agent.call()
            return self.asked(match) > before
        until(match, reached)
        self.steel.kill()
        self.no_faults()
        self.steel.again()
        self.rest(self.uuid, "active")
        self.only_the_vif_is_left()
        self.assertEqual(self.vif()["binding:host_id"], self.uuid)
        self.ends_clean()


if __name__ == "__main__":
    unittest.main()
