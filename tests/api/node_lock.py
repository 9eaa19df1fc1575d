"""The lock of a node, held for as long as a test needs it, as if its conductor worked on the node.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import time

import database

COLUMNS = "reservation = ?, reservation_lease = ?, reservation_purpose = ?, reserved_at_ms = ?"


def _write(steel, node, values, condition):
    with database.opened(steel.folder) as stored:
        return stored.execute("UPDATE nodes SET %s WHERE uuid = ? AND %s" % (COLUMNS, condition), (*values, node)).rowcount


@contextlib.contextmanager
def held(steel, node):
    with database.opened(steel.folder) as stored:
        lease, = stored.execute("SELECT lease FROM conductors WHERE hostname = ?", (steel.host,)).fetchone()
    values = (steel.host, lease, "a test", int(time.time() * 1000))
    if _write(steel, node, values, "reservation IS NULL") != 1:
        raise AssertionError("node %s is locked" % node)
    try:
        yield
    finally:
        _write(steel, node, (None, None, None, 0), "reservation_purpose = 'a test'")
