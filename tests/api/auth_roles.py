"""Who may do what: every kind of user against every kind of operation, on a running daemon.

The node "mine" belongs to the project own and is leased to the project let; "theirs" belongs to a project that nobody here
is in; "nobodys" has no owner.

SPDX-License-Identifier: Apache-2.0
"""
import itertools
import os
import time
import unittest

import auth_support
import harness
from harness import random_uuid

SYSTEM = "system/admin"

# One column of the table below each.
PEOPLE = ("system/admin", "system/member", "system/reader", "system/service",
          "own/admin", "own/member", "own/reader", "own/service",
          "let/admin", "let/member", "let/reader",
          "else/admin", "else/member", "else/service",
          "own/", "domain:d/admin")

# What becomes of an operation: + it is done (2xx), a it is admitted whatever then becomes of it (a node may be busy: 2xx, 400
# or 409), - it is forbidden (403), . what it is about is not there (404), x what its body names is not there (400). {x} in a path
# is a thing made for this one request.
#    system own  let els n d
#    amrs   amrs amr ams - -
TABLE = """
     ++++   ++++ +++ +++ - -   GET    nodes
     ++++   ++++ +++ +++ - -   GET    nodes/detail
     ++++   ++++ +++ ... . .   GET    nodes/MINE
     ++++   .... ... ... . .   GET    nodes/THEIRS
     ++++   .... ... ... . .   GET    nodes/NOBODYS
     ++++   ++++ +++ ... . .   GET    nodes/MINE?fields=uuid,driver_info
     ++++   ++++ +++ ... . .   GET    nodes/MINE/states
     aa-a   aa-a a-- ... . .   GET    nodes/MINE/validate
     +--+   +--+ +-- +-+ - -   POST   nodes                        {"driver": "fake-hardware"}
     +--+   ---- --- --- - -   POST   nodes                        {"driver": "fake-hardware", "owner": "somebody"}
     +---   +--- --- ... . .   DELETE nodes/{node}
     ++-+   ++-- ++- ... . .   PATCH  nodes/MINE                   [{"op": "add", "path": "/extra/x", "value": 1}]
     ++-+   ++-+ +-- ... . .   PATCH  nodes/MINE                   [{"op": "add", "path": "/instance_info/x", "value": 1}]
     ++-+   ++-+ --- ... . .   PATCH  nodes/MINE                   [{"op": "add", "path": "/driver_info/x", "value": 1}]
     ++-+   ++-+ --- ... . .   PATCH  nodes/MINE                   [{"op": "add", "path": "/properties/x", "value": 1}]
     ++--   ---- --- ... . .   PATCH  nodes/{node}                 [{"op": "add", "path": "/owner", "value": "own"}]
     ++-+   ++-+ --- ... . .   PATCH  nodes/{node}                 [{"op": "add", "path": "/lessee", "value": "let"}]
     ++-+   +--+ --- ... . .   PATCH  nodes/MINE                   [{"op": "replace", "path": "/power_interface", "value": "fake"}]
     ++-+   ++-- ++- ... . .   PATCH  nodes/MINE                   [{"op": "add", "path": "/description", "value": "x"}]
     ++-+   ++-- --- ... . .   PATCH  nodes/MINE                   [{"op": "add", "path": "/description", "value": "x"}, {"op": "add", "path": "/driver_info/x", "value": 1}]
     ++--   ---- --- ... . .   PATCH  nodes/MINE                   [{"op": "add", "path": "/conductor_group", "value": ""}]
     +---   ---- --- ... . .   PATCH  nodes/MINE                   [{"op": "add", "path": "/automated_clean", "value": false}]
     +---   ---- --- ... . .   PATCH  nodes/MINE                   [{"op": "add", "path": "/shard", "value": "s1"}]
     ++-+   ++-+ +-- ... . .   PATCH  nodes/MINE                   [{"op": "add", "path": "/maintenance", "value": false}]
     ++-+   ++-+ +-- ... . .   PUT    nodes/MINE/maintenance       {}
     ++-+   ++-+ +-- ... . .   DELETE nodes/MINE/maintenance
     aa-a   aa-- aa- ... . .   PUT    nodes/MINE/states/power      {"target": "power off"}
     aa-a   aa-a a-- ... . .   PUT    nodes/{node}/states/provision {"target": "manage"}
     aa-a   a--a --- ... . .   GET    nodes/MINE/management/boot_device
     aa-a   a--a --- ... . .   PUT    nodes/MINE/management/boot_device {"boot_device": "pxe"}
     ++++   ++++ +++ ... . .   GET    nodes/MINE/traits
     ++-+   +--+ --- ... . .   PUT    nodes/MINE/traits/CUSTOM_X
     ++++   ++++ +++ ... . .   GET    nodes/MINE/vifs
     ++++   ++++ --- ... . .   GET    nodes/MINE/history
     ++++   ++++ +++ ... . .   GET    nodes/MINE/ports
     +---   ---- --- ... . .   GET    nodes/MINE/vendor_passthru/methods
     ++++   ++++ +++ +++ - -   GET    ports
     ++++   ++++ +++ ... . .   GET    ports/PORT
     +--+   +--+ --- xxx x x   POST   ports                        {"node_uuid": "MINE", "address": "{mac}"}
     ++-+   +--+ --- ... . .   PATCH  ports/PORT                   [{"op": "add", "path": "/extra/x", "value": 1}]
     +--+   +--+ --- ... . .   DELETE ports/{port}
     ++++   ++++ +++ +++ - -   GET    portgroups
     ++++   ++++ +++ +++ - -   GET    volume/targets
     ++++   ++++ +++ ... . .   GET    volume/targets/TARGET
     ++-+   +--+ +-- xxx x x   POST   volume/connectors            {"node_uuid": "MINE", "type": "iqn", "connector_id": "iqn.2026-11.org.example:{mac}"}
     ++-+   +--+ +-- ... . .   DELETE volume/targets/{target}
     ++++   ---- --- --- - -   GET    chassis
     +---   ---- --- --- - -   POST   chassis                      {}
     ++++   ---- --- --- - -   GET    drivers
     ++++   ---- --- --- - -   GET    conductors
     ++++   ---- --- --- - -   GET    deploy_templates
     a---   ---- --- --- - -   POST   events                       {"events": []}
     ++++   ---- --- --- - -   GET    shards
     ++++   ++++ +++ +++ - -   GET    allocations
     ++++   +++. ... ... . .   GET    allocations/ALLOCATION
     ++--   ++-- ++- ++- - -   POST   allocations                  {"resource_class": "none-such"}
     ++--   ---- --- --- - -   POST   allocations                  {"resource_class": "none-such", "owner": "somebody"}
     ++--   ++-. ... ... . .   DELETE allocations/{allocation}
"""


def rows():
    for line in filter(str.strip, TABLE.splitlines()):
        words = line.split()
        answers, (method, path) = "".join(words[:6]), words[6:8]
        body = line[line.index(path) + len(path):].strip() or None
        assert len(answers) == len(PEOPLE), line
        yield answers, method, path, body


def fits(answer, status):
    return {"+": 200 <= status < 300, "a": 200 <= status < 300 or status in (400, 409), "-": status == 403,
            ".": status == 404, "x": status == 400}[answer]


class Roles(auth_support.KeystoneSuite):
    """A run against a real Keystone replaces `token` and `project`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.number = itertools.count(1)

    @classmethod
    def token(cls, person):
        return person

    @classmethod
    def project(cls, name):
        """The id of a project."""
        return name

    def setUp(self):
        self.things = {}
        self.boot_index = itertools.count()
        for name, owner, lessee in (("MINE", "own", "let"), ("THEIRS", "third", None), ("NOBODYS", None, None)):
            self.things[name] = self.make_node(owner, lessee)
        self.things["PORT"] = self.make_port()
        self.things["TARGET"] = self.make_target()
        self.things["ALLOCATION"] = self.make_allocation()

    def made(self, path, body):
        return self.done(self.token(SYSTEM), "POST", "/v1/" + path, body)["uuid"]

    def mac(self):
        return "52:54:00:00:%02x:%02x" % divmod(next(self.number), 256)

    def make_node(self, owner="own", lessee="let"):
        return self.made("nodes", {"driver": "fake-hardware", "owner": owner and self.project(owner),
                                   "lessee": lessee and self.project(lessee),
                                   "driver_info": {"address": "bmc.example", "password": "secret"}})

    def make_port(self):
        return self.made("ports", {"node_uuid": self.things["MINE"], "address": self.mac()})

    def make_target(self):
        return self.made("volume/targets", {"node_uuid": self.things["MINE"], "volume_type": "iscsi",
                                            "volume_id": random_uuid(), "boot_index": next(self.boot_index),
                                            "properties": {"target_portal": "192.0.2.1:3260"}})

    def make_allocation(self):
        return self.made("allocations", {"resource_class": "none-such", "owner": self.project("own")})

    def filled(self, text):
        """A path or body with its placeholders replaced by names."""
        if text is None:
            return None
        for name in ("node", "port", "target", "allocation"):
            if "{%s}" % name in text:
                text = text.replace("{%s}" % name, getattr(self, "make_" + name)())
        for name, ident in self.things.items():
            text = text.replace(name, ident)
        for name in ("own", "let"):
            text = text.replace('"value": "%s"' % name, '"value": "%s"' % self.project(name))
        return text.replace("{mac}", self.mac())

    def test_everybody_may_do_what_the_table_says_and_nothing_else(self):
        wrong = []
        for answers, method, path, body in rows():
            for person, wanted in zip(PEOPLE, answers):
                filled = self.filled(body)
                answer = self.as_(self.token(person), method, "/v1/" + self.filled(path),
                                  filled.encode() if filled else None)
                if not fits(wanted, answer.status):
                    wrong.append("%-15s %s %s %s: %d, not %s: %s" % (person, method, path, body or "", answer.status,
                                                                    wanted, answer.body[:200]))
                self.assertNotIn(b"secret", answer.body)
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def uuids(self, person, path, collection):
        return {item["uuid"] for item in self.done(self.token(person), "GET", "/v1/" + path)[collection]}

    def test_lists_contain_the_items_of_the_project(self):
        mine, theirs, nobodys = (self.things[name] for name in ("MINE", "THEIRS", "NOBODYS"))
        self.assertLessEqual({mine, theirs, nobodys}, self.uuids("system/reader", "nodes", "nodes"))
        for person in ("own/reader", "own/admin", "own/service", "let/reader", "let/admin"):
            for path in ("nodes", "nodes/detail", "nodes?fields=uuid", "nodes?owner=" + self.project("third"),
                         "nodes?limit=1000&sort_key=updated_at"):
                found = self.uuids(person, path, "nodes")
                self.assertFalse(found & {theirs, nobodys}, (person, path))
                self.assertEqual(mine in found, "owner=" not in path, (person, path))
            self.assertIn(self.things["PORT"], self.uuids(person, "ports", "ports"))
            self.assertIn(self.things["TARGET"], self.uuids(person, "volume/targets", "targets"))
        self.assertNotIn(mine, self.uuids("else/admin", "nodes", "nodes"))
        self.assertNotIn(self.things["PORT"], self.uuids("else/admin", "ports", "ports"))
        self.assertNotIn(self.things["TARGET"], self.uuids("else/admin", "volume/targets", "targets"))
        self.assertIn(self.things["ALLOCATION"], self.uuids("own/reader", "allocations", "allocations"))
        self.assertNotIn(self.things["ALLOCATION"], self.uuids("let/reader", "allocations", "allocations"))

    def test_items_of_others_answer_like_absent_ones(self):
        missing = random_uuid()
        for path, name in (("nodes/%s", "THEIRS"), ("nodes/%s/states", "THEIRS"), ("nodes/%s/ports", "THEIRS"),
                           ("ports/%s", "PORT"), ("volume/targets/%s", "TARGET"), ("allocations/%s", "ALLOCATION")):
            token = self.token("else/admin")
            real = self.as_(token, "GET", "/v1/" + path % self.things[name])
            none = self.as_(token, "GET", "/v1/" + path % missing)
            self.assertEqual((real.status, none.status), (404, 404), path)
            self.assertEqual(real.message.replace(self.things[name], missing), none.message)

    def test_items_belong_to_the_project_that_makes_them(self):
        token = self.token("own/admin")
        node = self.done(token, "POST", "/v1/nodes", {"driver": "fake-hardware"})
        self.assertEqual(node["owner"], self.project("own"))
        self.assertIn(node["uuid"], self.uuids("own/reader", "nodes", "nodes"))
        allocation = self.done(self.token("let/member"), "POST", "/v1/allocations", {"resource_class": "none-such"})
        self.assertEqual(allocation["owner"], self.project("let"))
        node = self.done(self.token(SYSTEM), "POST", "/v1/nodes", {"driver": "fake-hardware"})
        self.assertIsNone(node["owner"])

    def test_items_made_in_versions_without_owners_belong_to_the_project_too(self):
        for token, path, body, version in ((self.token("own/admin"), "nodes", {"driver": "fake-hardware"}, "1.38"),
                                           (self.token("own/member"), "allocations", {"resource_class": "x"}, "1.52")):
            made = self.as_(token, "POST", "/v1/" + path, body, version)
            self.assertEqual(made.status, 201, made.body)
            self.assertNotIn("owner", made.json)
            self.assertEqual(self.done(token, "GET", "/v1/%s/%s" % (path, made.json["uuid"]))["owner"], self.project("own"))
            refused = self.as_(token, "POST", "/v1/" + path, dict(body, owner=self.project("own")), version)
            self.assertEqual(refused.status, 406, refused.body)

    def test_lessees_and_members_do_not_see_how_nodes_are_run(self):
        mine, hidden = self.things["MINE"], "Redacted"
        for person, sees in (("system/reader", True), ("own/reader", True), ("own/service", True), ("let/admin", False),
                             ("let/reader", False)):
            token = self.token(person)
            nodes = [self.done(token, "GET", "/v1/nodes/" + mine),
                     self.done(token, "GET", "/v1/nodes/%s?fields=driver_info,driver_internal_info,last_error,reservation" % mine),
                     *(node for node in self.done(token, "GET", "/v1/nodes/detail")["nodes"] if node["uuid"] == mine)]
            self.assertEqual(len(nodes), 3)
            for node in nodes:
                if sees:
                    self.assertEqual(node["driver_info"], {"address": "bmc.example", "password": "******"})
                    self.assertNotIn(hidden, str(node))
                else:
                    for field in ("driver_info", "driver_internal_info", "last_error", "reservation"):
                        self.assertIn(hidden, str(node[field]), (person, field))
                    self.assertNotIn("bmc.example", str(node))
        for person, sees in (("system/reader", True), ("own/admin", True), ("own/member", False), ("let/reader", False)):
            token = self.token(person)
            targets = [self.done(token, "GET", "/v1/volume/targets/" + self.things["TARGET"]),
                       *(target for target in self.done(token, "GET", "/v1/volume/targets?detail=true")["targets"]
                         if target["uuid"] == self.things["TARGET"])]
            self.assertEqual(len(targets), 2)
            for target in targets:
                self.assertEqual("192.0.2.1" in str(target), sees, person)

    def test_the_policy_judges_a_request_before_its_words_and_most_versions(self):
        node = "/v1/nodes/" + self.things["NOBODYS"]
        for method, path, body, reader, admin in (
                ("PATCH", "", [], 403, 200),
                ("PATCH", "", [{"op": "replace", "path": "/chassis_uuid", "value": "no UUID"}], 403, 400),
                ("PATCH", "", [{"op": "replace", "path": "/instance_uuid", "value": "no UUID"}], 403, 400),
                ("PATCH", "", [{"op": "replace", "path": "/owner", "value": {"no": "text"}}], 403, 400),
                ("PUT", "/management/boot_device", {}, 403, 400),
                ("PUT", "/management/indicators/led@system", {"state": "PURPLE"}, 403, 400),
                ("PUT", "/states/power", {"target": "off"}, 403, 400),
                ("PUT", "/states/raid", {}, 403, 406),
                ("PUT", "/states/boot_mode", {"target": "uefi"}, 403, 404),
                ("PUT", "/states/secure_boot", {"target": True}, 403, 404)):
            version = "1.11" if path == "/states/raid" else "1.70"
            for person, status in (("own/reader", 404), ("system/reader", reader), ("system/admin", admin)):
                answer = self.as_(self.token(person), method, node + path, body, version)
                self.assertEqual(answer.status, status, (person, method, path, body, answer.body))

    def test_a_state_that_no_node_has_cannot_be_put(self):
        for person in ("own/reader", "system/admin"):
            for name in ("MINE", "THEIRS"):
                path = "/v1/nodes/%s/states/target_raid_config" % self.things[name]
                self.assertEqual(self.as_(self.token(person), "PUT", path, {"target": {}}).status, 405)
                self.assertEqual(self.as_(self.token(person), "GET", path).status, 404)

    def test_a_refusal_names_rule_and_roles(self):
        answer = self.as_(self.token("own/reader"), "PUT", "/v1/nodes/%s/maintenance" % self.things["MINE"], {})
        self.assertEqual(answer.status, 403)
        self.assertIn("baremetal:node:set_maintenance", answer.message)
        self.assertIn("reader", answer.message)
        self.assertNotIn("member", answer.message)


class Overrides(auth_support.KeystoneSuite):
    """A policy file next to the state, changed while the daemon runs."""

    @classmethod
    def setUpClass(cls):
        cls.path = os.path.join(cls.temporary_folder(), "policy.yaml")
        cls.write('"baremetal:chassis:get": "role:reader"\n')
        cls.settings = ("oslo_policy.policy_file=" + cls.path, "oslo_policy.enforce_scope=false")
        super().setUpClass()

    @classmethod
    def write(cls, text):
        with open(cls.path + "~", "w") as file:
            file.write(text)
        os.replace(cls.path + "~", cls.path)

    def wait_status(self, wanted, token, path):
        end = time.monotonic() + harness.LIMIT_S
        while self.as_(token, "GET", path).status != wanted:
            self.assertLess(time.monotonic(), end, "it stays %d" % self.as_(token, "GET", path).status)
            time.sleep(0.05)

    def test_a_changed_file_counts_without_a_restart_and_a_broken_one_does_not(self):
        self.wait_status(200, "own/reader", "/v1/chassis")
        self.write('"baremetal:chassis:get": "role:nightwatch"\n')
        self.wait_status(403, "own/reader", "/v1/chassis")
        self.wait_status(200, "own/nightwatch", "/v1/chassis")
        self.write('"baremetal:chassis:get": "role:reader or"\n')
        end = time.monotonic() + harness.LIMIT_S
        while 'policy.yaml:1: rule "baremetal:chassis:get"' not in self.steel.text():
            self.assertEqual(self.as_("own/reader", "GET", "/v1/chassis").status, 403)
            self.assertLess(time.monotonic(), end)
        self.write("")
        self.wait_status(200, "system/reader", "/v1/chassis")


class Secrets(auth_support.KeystoneSuite):
    """A policy file that shows the secrets of a node to a role."""

    @classmethod
    def setUpClass(cls):
        path = os.path.join(cls.temporary_folder(), "policy.yaml")
        with open(path, "w") as file:
            file.write('"show_password": "role:keeper"\n"show_instance_secrets": "project_id:%(node.owner)s"\n')
        cls.settings = ("oslo_policy.policy_file=" + path,)
        super().setUpClass()

    def test_the_policy_decides_who_sees_secrets(self):
        node = self.done("system/admin", "POST", "/v1/nodes", {
            "driver": "fake-hardware", "owner": "own", "lessee": "let", "driver_info": {"password": "a1"},
            "instance_info": {"password": "b2"}})["uuid"]
        for token, driver, instance in (("system/reader", "******", "******"), ("system/reader,keeper", "a1", "******"),
                                        ("own/reader", "******", "b2"), ("own/reader,keeper", "a1", "b2")):
            shown = self.done(token, "GET", "/v1/nodes/" + node)
            self.assertEqual((shown["driver_info"]["password"], shown["instance_info"]["password"]), (driver, instance))


class Steps(auth_support.KeystoneSuite):
    """A policy file that leaves the naming of steps to few."""

    @classmethod
    def setUpClass(cls):
        path = os.path.join(cls.temporary_folder(), "policy.yaml")
        with open(path, "w") as file:
            file.write("".join('"baremetal:node:set_provision_state:%s_steps": "role:keeper"\n' % kind for kind in ("clean", "service")))
        cls.settings = ("oslo_policy.policy_file=" + path,)
        super().setUpClass()

    def test_who_may_set_states_need_not_be_one_who_names_steps(self):
        node = self.done("system/admin", "POST", "/v1/nodes", {"driver": "fake-hardware", "owner": "own"})["uuid"]
        path = "/v1/nodes/%s/states/provision" % node
        step = [{"interface": "power", "step": "power_on"}]
        for verb in ("clean", "service"):
            body = {"target": verb, verb + "_steps": step}
            self.assertEqual(self.as_("own/admin", "PUT", path, body, "1.115").status, 403, verb)
            self.assertEqual(self.as_("own/admin,keeper", "PUT", path, body, "1.115").status, 400, verb)  # the node is in enroll
        self.assertEqual(self.as_("own/admin", "PUT", path, {"target": "manage"}).status, 202)


class Legacy(auth_support.KeystoneSuite):
    """Clouds without scopes: administrators of any project run everything."""

    settings = ("oslo_policy.enforce_new_defaults=false", "oslo_policy.enforce_scope=false")

    def test_administrators_of_any_project_run_everything(self):
        self.done("ops/admin", "GET", "/v1/conductors")
        node = self.done("ops/admin", "POST", "/v1/nodes", {"driver": "fake-hardware"})
        self.done("other/admin", "GET", "/v1/nodes/" + node["uuid"])
        self.done("other/admin", "DELETE", "/v1/nodes/" + node["uuid"])
        self.assertEqual(self.as_("ops/member", "GET", "/v1/conductors").status, 403)


class ServiceProject(auth_support.KeystoneSuite):
    """Nova, with the option that services of the project "service" see everything."""

    settings = ("rbac_service_role_elevated_access=true",)

    def test_services_of_the_service_project_run_all_nodes(self):
        node = self.done("system/admin", "POST", "/v1/nodes", {"driver": "fake-hardware", "owner": "somebody"})
        self.done("service/service", "GET", "/v1/nodes/" + node["uuid"])
        self.assertIn(node["uuid"], {n["uuid"] for n in self.done("service/service", "GET", "/v1/nodes")["nodes"]})
        self.done("service/service", "PATCH", "/v1/nodes/" + node["uuid"],
                  [{"op": "add", "path": "/instance_info/x", "value": 1}])
        self.assertEqual(self.as_("other/service", "GET", "/v1/nodes/" + node["uuid"]).status, 404)
        self.assertEqual(self.as_("service/reader", "GET", "/v1/nodes/" + node["uuid"]).status, 404)


if __name__ == "__main__":
    unittest.main()
