"""Verbs, servicing, firmware and virtual media as the newest Ironic has them: the same requests, the same status, but for what
DIFFERENT names with its reason.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os

import harness
import newest_scenario

RECORDED = os.path.join(harness.ROOT, "tests/data/ironic-newest-verbs.json")

DIFFERENT = {  # request: Ironic's status, Steel's, why
    "service 3": (500, 400, "a step that is no object is the client's mistake"),
    "service 4": (500, 400, "so is one without an interface"),
    "GET firmware?fields=component,vendor, 1.113": (400, 406, "as for the fields of every other resource"),
}


class NewestVerbs(harness.Suite):
    def test_requests_are_answered_as_the_newest_ironic_does(self):
        with open(RECORDED, encoding="utf-8") as file:
            recorded = json.load(file)

        def call(method, path, body, version):
            answer = self.call(method, path, body, version)
            return answer.status, answer.json if answer.body else None
        asked = dict(newest_scenario.run(call))
        differences = {name: (recorded.get(name), status) for name, status in asked.items()
                       if recorded.get(name) != status and DIFFERENT.get(name, (None, None))[:2] != (recorded.get(name), status)}
        self.assertEqual(differences, {})
        self.assertEqual(set(asked), set(recorded))
