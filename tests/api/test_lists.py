"""Lists: paging, order, filters, fields.

SPDX-License-Identifier: Apache-2.0
"""
import urllib.parse

import harness
from harness import random_uuid


class Lists(harness.Suite):
    options = ("api.max_limit=7",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        self = cls()
        cls.chassis = self.want(201, "POST", "/v1/chassis", {})["uuid"]
        cls.nodes = []
        for number in range(10):
            cls.nodes.append(self.node(
                name="n%02d" % (number * 7 % 10), resource_class="odd" if number % 2 else "even",
                owner="o%d" % (number % 3) if number % 3 else None, lessee="o1" if number == 9 else None,
                shard="s%d" % (number % 2) if number < 4 else None, maintenance=number == 5,
                instance_uuid=random_uuid() if number == 6 else None, conductor_group="Blue" if number == 7 else "",
                description="rack 50% \"x\"" if number == 8 else None, retired=number == 4,
                chassis_uuid=cls.chassis if number == 3 else None))

    def names(self, query):
        return [node["name"] for node in self.get("/v1/nodes?limit=100&fields=name&" + query)["nodes"]]

    def numbers(self, query):
        """The numbers of the nodes that match, in the order of creation."""
        shown = {node["uuid"] for node in self.get("/v1/nodes?fields=uuid&" + query)["nodes"]}
        return [number for number, node in enumerate(self.nodes) if node["uuid"] in shown]

    def pages(self, path):
        """All items of all pages, following next."""
        items, pages = [], 0
        while path:
            answer = self.get(path)
            name = next(key for key in answer if isinstance(answer[key], list) and not key.endswith("_links"))
            items += answer[name]
            pages += 1
            url = answer.get("next")
            if url:
                self.assertEqual(answer[name + "_links"], [{"rel": "next", "href": url}])
            parts = urllib.parse.urlsplit(url) if url else None
            path = parts.path + "?" + parts.query if url else None
        return items, pages

    def test_the_short_view(self):
        for node in self.get("/v1/nodes")["nodes"]:
            self.assertEqual(set(node), {"instance_uuid", "maintenance", "power_state", "provision_state", "uuid", "name",
                                         "links"})

    def test_the_detailed_view_is_the_item(self):
        for path in ("/v1/nodes/detail", "/v1/nodes?detail=true"):
            for node in self.get(path)["nodes"]:
                self.assertEqual(node, self.get("/v1/nodes/" + node["uuid"]))

    def test_pages_hold_each_item_once_in_every_order(self):
        for query in ("limit=3", "limit=1", "limit=100", "limit=3&sort_key=name", "limit=3&sort_key=name&sort_dir=desc",
                      "limit=3&sort_key=owner", "limit=3&sort_key=owner&sort_dir=desc", "limit=4&sort_dir=desc",
                      "limit=3&sort_key=maintenance", "limit=2&sort_key=resource_class&fields=uuid,name"):
            items, pages = self.pages("/v1/nodes?" + query)
            self.assertEqual(len(items), 10, query)
            self.assertEqual(len({item["uuid"] for item in items}), 10, query)
            self.assertGreater(pages, 1, query)

    def test_a_full_last_page_has_no_next(self):
        answer = self.get("/v1/nodes?limit=5")
        marker = answer["nodes"][-1]["uuid"]
        self.assertIn("next", answer)
        answer = self.get("/v1/nodes?limit=5&marker=" + marker)
        self.assertEqual((len(answer["nodes"]), "next" in answer), (5, False))

    def test_next_keeps_filters_and_version(self):
        items, pages = self.pages("/v1/nodes?limit=2&resource_class=odd&sort_key=name&fields=name,resource_class")
        self.assertEqual(([item["name"] for item in items], pages),
                         (sorted(node["name"] for node in self.nodes[1::2]), 3))
        self.assertTrue(all(item["resource_class"] == "odd" for item in items))

    def test_order(self):
        names = sorted(node["name"] for node in self.nodes)
        self.assertEqual(self.names("sort_key=name"), names[:7])
        self.assertEqual(self.names("sort_key=name&sort_dir=desc"), names[::-1][:7])
        self.assertEqual(self.names("sort_dir=desc"), [node["name"] for node in self.nodes[::-1]][:7])

    def test_filters(self):
        for query, expected in (
                ("resource_class=odd", [1, 3, 5, 7, 9]), ("owner=o1", [1, 4, 7]), ("lessee=o1", [9]),
                ("project=o1", [1, 4, 7, 9]), ("shard=s1", [1, 3]), ("shard=s0,s1", [0, 1, 2, 3]), ("sharded=true", [0, 1, 2, 3]),
                ("maintenance=true", [5]), ("maintenance=yes", [5]), ("associated=True", [6]), ("conductor_group=BLUE", [7]),
                ("description_contains=50%25", [8]), ("description_contains=_", []), ("retired=1", [4]),
                ("chassis_uuid=" + self.chassis, [3]), ("instance_uuid=" + self.nodes[6]["instance_uuid"], [6]),
                ("driver=fake-hardware&maintenance=true", [5]), ("driver=ipmi", []), ("provision_state=active", []),
                ("fault=power%20failure", []), ("conductor=nobody", []), ("owner=o1&resource_class=odd", [1, 7]),
                ("resource_class='%20OR%201=1", [])):
            self.assertEqual(self.numbers(query), expected, query)
        self.assertEqual(len(self.numbers("conductor=" + self.steel.host)), 7)
        self.assertEqual(len(self.pages("/v1/nodes?conductor=%s&limit=4" % self.steel.host)[0]), 9)  # all but the blue one

    def test_bad_arguments(self):
        for query in ("limit=0", "limit=-1", "limit=x", "limit=", "limit=1.5", "limit=99999999999999999999999x", "sort_key=zork",
                      "sort_key=properties", "sort_key=traits", "sort_key=links", "sort_key=reserved_at_ms", "sort_dir=up",
                      "zork=1", "fields=zork", "maintenance=perhaps", "associated=x", "instance_uuid=x", "chassis_uuid=x",
                      "provision_state=zork", "fault=zork", "detail=perhaps", "detail=true&fields=uuid",
                      "&".join("a%d=1" % i for i in range(100))):
            self.refuse(400, "GET", "/v1/nodes?" + query)
        self.refuse(404, "GET", "/v1/nodes?marker=" + random_uuid())
        self.refuse(404, "GET", "/v1/nodes?chassis_uuid=" + random_uuid())
        self.refuse(400, "GET", "/v1/nodes?marker=x")
        self.refuse(400, "GET", "/v1/allocations?node=nobody")

    def test_versions_gate_filters(self):
        for query, since in (("provision_state=active", 9), ("driver=x", 16), ("resource_class=x", 21),
                             ("fault=power%20failure", 42), ("conductor_group=x", 46), ("conductor=x", 49), ("owner=x", 50),
                             ("lessee=x", 65), ("shard=x", 82), ("sharded=true", 82), ("fields=uuid", 8),
                             ("sort_key=owner", 50)):
            self.refuse(406, "GET", "/v1/nodes?" + query, version="1.%d" % (since - 1))
            self.get("/v1/nodes?" + query, "1.%d" % since)
        self.refuse(400, "GET", "/v1/nodes?detail=true", version="1.42")
        for query in ("associated=true", "maintenance=true", "description_contains=x", "retired=true", "project=x"):
            self.get("/v1/nodes?" + query, "1.1")

    def test_nodes_of_a_chassis(self):
        for path in ("nodes", "nodes/detail"):
            nodes = self.get("/v1/chassis/%s/%s" % (self.chassis, path))["nodes"]
            self.assertEqual([node["uuid"] for node in nodes], [self.nodes[3]["uuid"]])
        self.refuse(404, "GET", "/v1/chassis/%s/nodes" % random_uuid())

    def test_shards_are_counted(self):
        self.assertEqual(self.get("/v1/shards"), {"shards": [
            {"name": "None", "count": 6}, {"name": "s0", "count": 2}, {"name": "s1", "count": 2}]})
        self.refuse(404, "GET", "/v1/shards/s0")
