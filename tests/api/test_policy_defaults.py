"""The policy's rules, their default checks and scopes are those of Ironic 39.0.0 (tests/foreign/record_newest_policy).

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import subprocess
import unittest

import harness

with open(os.path.join(harness.ROOT, "tests", "data", "ironic-newest-policy.json"), encoding="utf-8") as kept:
    IRONIC = json.load(kept)

OWN = {"baremetal:capacity:get", "baremetal:capacity:get_all"}
# Administrators of older clouds could do this by the rules that stood there before.
KEEPS_LEGACY = {"baremetal:node:" + name for name in (
    "firmware:get", "vmedia:get", "vmedia:attach", "vmedia:detach", "set_provision_state:clean_steps",
    "set_provision_state:service_steps")}
RULE = re.compile(r'^#"([^"]+)": "(.*)"$')


def plain(check):
    """Without parentheses around a single question, which mean nothing."""
    return re.sub(r"\((\w+:\w+)\)", r"\1", check)


def defaults(*settings):
    """{rule: (check, scopes)} of the service with these settings."""
    told = subprocess.run([harness.STEELD, *settings, "config", "policy"], capture_output=True, text=True, check=True,
                          timeout=harness.LIMIT_S).stdout
    rules, scopes = {}, []
    for line in told.splitlines():
        if line.startswith("# Scopes: "):
            scopes = line[len("# Scopes: "):].split(", ")
        found = RULE.match(line)
        if found:
            rules[found.group(1)] = (found.group(2).replace('\\"', '"'), scopes)
            scopes = []
    return rules


class PolicyDefaults(unittest.TestCase):
    def test_rules_checks_and_scopes_are_those_of_ironic(self):
        rules = defaults()
        self.assertEqual(set(rules) - OWN, set(IRONIC))
        for name, ironic in IRONIC.items():
            with self.subTest(name):
                check, scopes = rules[name]
                self.assertEqual((plain(check), scopes), (plain(ironic["check"]), ironic["scopes"]))

    def test_so_is_what_older_clouds_may_besides(self):
        rules, older = defaults(), defaults("--set", "oslo_policy.enforce_new_defaults=false")
        for name, ironic in IRONIC.items():
            with self.subTest(name):
                new, old = rules[name][0], older[name][0]
                if name in KEEPS_LEGACY:
                    self.assertIsNone(ironic["legacy"])
                    self.assertNotEqual(old, new)
                elif ironic["legacy"] is None:
                    self.assertEqual(old, new)
                else:
                    self.assertTrue(old == "" or ironic["legacy"] in old, old)  # an empty check admits all


if __name__ == "__main__":
    unittest.main()
