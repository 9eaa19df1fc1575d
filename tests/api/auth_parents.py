"""An item goes only to a node that the caller may use too: every kind of item, of user and of new owner.

The nodes HERE and THERE belong to the project own and are leased to the project let; THEIRS belongs to somebody else, and
ABSENT is none. Things are made on HERE.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import itertools
import re
import unittest

import database
import auth_support
from harness import random_uuid

SYSTEM = "system/admin"
PEOPLE = ("own/admin", "own/member", "own/reader", "let/admin", "let/member", "own/", "else/admin", SYSTEM)
PARENTS = ("THERE", "THEIRS", "ABSENT")

# One group of letters for each of PEOPLE, one letter for each of PARENTS: + it is done, - it is forbidden (403), . what the
# path names is not there (404), x what the body names is not there (400), b it is wrong for another reason (400). To whom THEIRS
# is not there, it answers like ABSENT to the letter. {port} in a path is one made for this request on HERE, {port at PARENT} one
# on that node, and NAME is the parent's name.
#  own              let     own else
#  adm  mem rea adm mem /   adm sys
TABLE = """
   +xx  -xx -xx -xx -xx xxx xxx ++x  POST   ports             {"node_uuid": "PARENT", "address": "{mac}"}
   +xx  -xx -xx -xx -xx xxx xxx ++x  POST   portgroups        {"node_uuid": "PARENT"}
   +xx  -xx -xx +xx -xx xxx xxx ++x  POST   volume/targets    {"node_uuid": "PARENT", "volume_type": "iscsi", "volume_id": "v", "boot_index": {index}}
   +xx  -xx -xx +xx -xx xxx xxx ++x  POST   volume/connectors {"node_uuid": "PARENT", "type": "iqn", "connector_id": "{mac}"}
   +xx  --- --- --- --- ... ... ++x  PATCH  ports/{port}                  [{"op": "replace", "path": "/node_uuid", "value": "PARENT"}]
   +xx  --- --- --- --- ... ... ++x  PATCH  ports/{port}                  [{"op": "add", "path": "/node_uuid", "value": "PARENT"}, {"op": "add", "path": "/extra/a", "value": 1}]
   +xx  --- --- --- --- ... ... ++x  PATCH  portgroups/{portgroup}        [{"op": "replace", "path": "/node_uuid", "value": "PARENT"}]
   +xx  +xx --- +xx --- ... ... ++x  PATCH  volume/targets/{target}       [{"op": "replace", "path": "/node_uuid", "value": "PARENT"}]
   +xx  +xx --- +xx --- ... ... ++x  PATCH  volume/connectors/{connector} [{"op": "replace", "path": "/node_uuid", "value": "PARENT"}]
   ---  --- --- --- --- ... ... ++x  PATCH  nodes/{node}                  [{"op": "add", "path": "/chassis_uuid", "value": "{chassis at PARENT}"}]
   xxx  --- --- xxx --- --- xxx ++x  POST   nodes             {"driver": "fake-hardware", "chassis_uuid": "{chassis at PARENT}"}
   bxx  --- --- --- --- ... ... bbx  PATCH  ports/{port}                  [{"op": "add", "path": "/portgroup_uuid", "value": "{portgroup at PARENT}"}]
   +xx  +xx --- +xx +xx --- xxx ++x  POST   allocations       {"node": "PARENT"}
   +xx  +xx --- +xx +xx --- xxx ++x  POST   allocations       {"node": "NAME"}
   +xx  +xx --- +xx +xx --- xxx ++x  POST   allocations       {"resource_class": "none-such", "candidate_nodes": ["PARENT"]}
   +xx  +xx --- +xx +xx --- xxx ++x  POST   allocations       {"resource_class": "none-such", "candidate_nodes": ["HERE", "NAME"]}
   +..  -.. -.. -.. -.. ... ... ++.  DELETE ports/{port at PARENT}
   +..  -.. -.. -.. -.. ... ... ++.  DELETE portgroups/{portgroup at PARENT}
   +..  -.. -.. +.. -.. ... ... ++.  DELETE volume/targets/{target at PARENT}
   +..  -.. -.. +.. -.. ... ... ++.  DELETE volume/connectors/{connector at PARENT}
   +..  +.. +.. +.. +.. --- ... ++.  GET    ports?node=PARENT
   +..  +.. +.. +.. +.. --- ... ++.  GET    ports?node=NAME
   +..  +.. +.. +.. +.. --- ... ++.  GET    ports?node_uuid=PARENT
   +..  +.. +.. +.. +.. --- ... ++.  GET    ports?portgroup={portgroup at PARENT}
   +..  +.. +.. +.. +.. --- ... ++.  GET    portgroups?node=NAME
   +..  +.. +.. +.. +.. --- ... ++.  GET    volume/targets?node=NAME
   +..  +.. +.. +.. +.. --- ... ++.  GET    volume/connectors?node=NAME
   +xx  +xx +xx +xx +xx --- xxx ++x  GET    allocations?node=NAME
   +..  +.. +.. +.. +.. --- ... ++.  GET    nodes?marker=PARENT
   +..  +.. +.. +.. +.. --- ... ++.  GET    nodes/detail?marker=PARENT&sort_key=name
   +..  +.. +.. +.. +.. --- ... ++.  GET    ports?marker={port at PARENT}
   +..  +.. +.. +.. +.. ... ... ++.  GET    nodes/HERE/ports?marker={port at PARENT}
   +..  +.. +.. +.. +.. --- ... ++.  GET    portgroups?marker={portgroup at PARENT}&sort_key=name
   +..  +.. +.. +.. +.. --- ... ++.  GET    volume/targets?marker={target at PARENT}
   +..  +.. +.. +.. +.. --- ... ++.  GET    volume/connectors?marker={connector at PARENT}
   ...  ... ... ... ... --- ... ++.  GET    nodes?chassis_uuid={chassis at PARENT}
"""

KINDS = {"port": "ports", "portgroup": "portgroups", "target": "volume/targets", "connector": "volume/connectors"}


def rows():
    for line in filter(str.strip, TABLE.splitlines()):
        letters, method, rest = re.fullmatch(r"\s+((?:[-+.xb]{3} +){%d})(\w+) +(.*)" % len(PEOPLE), line).groups()
        path, body = re.fullmatch(r"(.+?)(?: +((?:\[|{\").*))?", rest).groups()
        yield letters.split(), method, path, body


def letter_of(answer):
    if answer.status < 300:
        return "+"
    if answer.status == 400:
        return "x" if "could not be found" in answer.message else "b"
    return {403: "-", 404: "."}.get(answer.status, str(answer.status))


class Parents(auth_support.KeystoneSuite):
    settings = ("conductor.automated_clean=false",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.number = itertools.count(1)
        cls.rubbish = []  # paths of what was made for one request
        cls("run").make_nodes()

    def make_nodes(self):
        cls = type(self)
        cls.nodes = {name: self.deployed(name.lower(), *owners) for name, owners in (
            ("HERE", ("own", "let")), ("THERE", ("own", "let")), ("THEIRS", ("third", None)))}
        cls.nodes["ABSENT"] = random_uuid()
        cls.chassis = {name: self.made("chassis", {}) for name in ("THERE", "THEIRS")}
        self.rubbish.clear()

    def made(self, path, body):
        uuid = self.done(SYSTEM, "POST", "/v1/" + path, body)["uuid"]
        self.rubbish.append("/v1/%s/%s" % (path, uuid))
        return uuid

    def deployed(self, name, owner, lessee):
        """A node that runs an instance, switched off and in maintenance: anything about it may be changed."""
        uuid = self.made("nodes", {"driver": "fake-hardware", "name": name, "owner": owner, "lessee": lessee})
        headers = {"X-Auth-Token": SYSTEM}
        for target, state in (("manage", "manageable"), ("provide", "available"), ("active", "active")):
            self.want(202, "PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": target}, headers=headers)
            self.wait_node(uuid, headers, provision_state=state, target_provision_state=None, reservation=None)
        self.want(202, "PUT", "/v1/nodes/%s/maintenance" % uuid, {}, headers=headers)
        self.want(202, "PUT", "/v1/nodes/%s/states/power" % uuid, {"target": "power off"}, headers=headers)
        self.wait_node(uuid, headers, power_state="power off", target_power_state=None, reservation=None)
        return uuid

    def make(self, kind, parent):
        """A port, port group, volume target or connector on a node; a chassis."""
        number = next(self.number)
        if parent == "ABSENT":
            return random_uuid()
        if kind == "chassis":
            return self.chassis[parent]
        body = {"node_uuid": self.nodes[parent]}
        body.update({
            "port": {"address": self.mac(number)},
            "portgroup": {"name": "group-%d" % number},
            "target": {"volume_type": "iscsi", "volume_id": "v", "boot_index": number % 1000},
            "connector": {"type": "iqn", "connector_id": "iqn-%d" % number}}[kind])
        return self.made(KINDS[kind], body)

    def clear(self):
        while self.rubbish:
            self.as_(SYSTEM, "DELETE", self.rubbish.pop())

    @staticmethod
    def mac(number):
        return "52:54:00:00:%02x:%02x" % divmod(number, 256)

    def filled(self, text, parent):
        """A path or body with its placeholders replaced; the idents of the parent."""
        if text is None:
            return None, []
        idents = [self.nodes[parent], "nobody" if parent == "ABSENT" else parent.lower()]
        for kind in (*KINDS, "chassis"):
            for place, where in (("{%s at PARENT}" % kind, parent), ("{%s}" % kind, "HERE")):
                if place in text:
                    ident = self.make(kind, where)
                    idents.append(ident)
                    text = text.replace(place, ident)
        if "{node}" in text:
            idents.append(self.made("nodes", {"driver": "fake-hardware", "owner": "own", "lessee": "let"}))
            text = text.replace("{node}", idents[-1])
        text = text.replace("PARENT", idents[0]).replace("NAME", idents[1]).replace("HERE", self.nodes["HERE"])
        number = next(self.number)
        return text.replace("{mac}", self.mac(number)).replace("{index}", str(number % 1000)), idents

    def ask(self, person, method, path, body, parent):
        """The letter of the answer; its text, with the same word for each parent; and whether a refusal changed anything."""
        path, idents = self.filled(path, parent)
        body, more = self.filled(body, parent)
        before = self.fingerprint()
        answer = self.as_(person, method, "/v1/" + path, body.encode() if body else None)
        letter = letter_of(answer)
        said = answer.message if letter != "+" else ""
        for ident in idents + more:
            said = said.replace(ident, "IDENT")
        changed = letter != "+" and self.fingerprint() != before
        if letter == "+" and method == "POST":
            self.rubbish.append("/v1/%s/%s" % (path, answer.json["uuid"]))
        self.clear()
        return letter, said, changed

    def fingerprint(self):
        """The children of nodes, and their instances, as stored."""
        with database.opened(self.steel.folder) as stored:
            return [stored.execute(question).fetchall() for question in (
                "SELECT uuid, instance_uuid, allocation_uuid, instance_info, chassis_uuid FROM nodes",
                "SELECT uuid, node_uuid, portgroup_uuid FROM ports", "SELECT uuid, node_uuid FROM portgroups",
                "SELECT uuid, node_uuid FROM volume_targets", "SELECT uuid, node_uuid FROM volume_connectors",
                "SELECT uuid, node_uuid FROM allocations")]

    def test_no_item_goes_to_a_node_that_the_caller_may_not_use(self):
        wrong = []
        for letters, method, path, body in rows():
            for person, wanted in zip(PEOPLE, letters):
                answers = {parent: self.ask(person, method, path, body, parent) for parent in PARENTS}
                got = "".join(answers[parent][0] for parent in PARENTS)
                what = "%s: %s %s %s" % (person, method, path, body or "")
                if got != wanted:
                    wrong.append("%s is answered %s, not %s: %s" % (what, got, wanted, [a[1] for a in answers.values()]))
                elif wanted[1:] in ("xx", "..") and answers["THEIRS"][1] != answers["ABSENT"][1]:
                    wrong.append("%s tells a node of others from none: %s" % (what, [a[1] for a in answers.values()]))
                for parent in PARENTS:
                    if answers[parent][2]:
                        wrong.append("%s to %s is refused, but changed something" % (what, parent))
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_a_change_of_node_is_judged_on_the_new_node(self):
        for kind in KINDS:
            thing = self.make(kind, "HERE")
            patch = [{"op": "replace", "path": "/node_uuid", "value": self.nodes["THERE"]}]
            moved = self.done("own/admin", "PATCH", "/v1/%s/%s" % (KINDS[kind], thing), patch)
            self.assertEqual(moved["node_uuid"], self.nodes["THERE"], kind)

    def test_an_allocation_belongs_to_its_owner_and_not_to_the_nodes(self):
        node = self.nodes["THERE"]
        allocation = self.done("let/member", "POST", "/v1/allocations", {"node": "there"})
        self.assertEqual(allocation["owner"], "let")
        path = "/v1/nodes/%s/allocation" % node
        for person, wanted in (("own/admin", 404), ("let/reader", 200), ("else/admin", 400), ("own/", 400), (SYSTEM, 200)):
            self.assertEqual(self.as_(person, "GET", path).status, wanted, person)
        for person, wanted in (("own/admin", 404), ("let/reader", 403), ("else/admin", 404), ("let/member", 204)):
            self.assertEqual(self.as_(person, "DELETE", path).status, wanted, person)
        none = self.as_("own/admin", "GET", path)
        self.assertEqual(none.message, "Allocation for node %s was not found" % node)
        self.assertEqual(self.as_("else/admin", "GET", path).message, "Node %s could not be found." % node)
        self.assertEqual(self.as_("else/admin", "GET", "/v1/nodes/nonesuch/allocation").status, 400)

    def test_the_event_stream_of_a_node_of_others_is_not_found(self):
        answers = [self.as_("else/admin", "GET", "/v1/events/stream?node=" + ident) for ident in ("theirs", "nobody")]
        self.assertEqual([answer.status for answer in answers], [404, 404])
        self.assertEqual(answers[0].message.replace("theirs", "nobody"), answers[1].message)


if __name__ == "__main__":
    unittest.main()
