"""Runs the unittest suites of a program of tests/openstack, and says in cmocka's form what has become of each test.

SPDX-License-Identifier: Apache-2.0
"""
import sys
import unittest


class Told(unittest.TestResult):
    def addSuccess(self, test):
        print("[       OK ] %s" % test.id(), flush=True)


def run(module, names=()):
    """names: only these tests, as "Suite.test_name". The exit status."""
    result, loader = Told(), unittest.defaultTestLoader
    suites = loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)
    suites.run(result)
    bad = result.failures + result.errors + result.skipped
    for test, text in bad:
        print("[  FAILED  ] %s\n%s" % (test.id(), text))
    if bad or not result.testsRun:
        print("[  FAILED  ] %d test(s)" % max(len(bad), 1))
    sys.stdout.flush()
    return 1 if bad or not result.testsRun else 0
