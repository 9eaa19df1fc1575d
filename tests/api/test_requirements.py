"""The rows of tests/data/ilo-requirements.txt name tests that are there.

SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import unittest

import harness

TABLE = os.path.join(harness.ROOT, "tests/data/ilo-requirements.txt")


def rows():
    with open(TABLE, encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                yield tuple(part.strip() for part in line.rsplit("|", 1))


class Requirements(unittest.TestCase):
    def test_each_row_has_a_test(self):
        for requirement, named in rows():
            with self.subTest(requirement):
                path, _, name = named.partition(" ")
                if path in ("open:", "none:"):
                    continue
                with open(os.path.join(harness.ROOT, path), encoding="utf-8") as file:
                    text = file.read()
                if name != "main":  # a program that is one test
                    self.assertRegex(text, r"(?m)^(def |    def |static void\n)?%s\((self|void \*\*state)?" % re.escape(name))

    def test_no_row_comes_twice(self):
        requirements = [requirement for requirement, _ in rows()]
        self.assertEqual(len(requirements), len(set(requirements)))


if __name__ == "__main__":
    unittest.main()
