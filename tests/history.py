#!/usr/bin/env python3
"""Checks what several conductors did with the same nodes: history.py FOLDER, or check(FOLDER) from a program.

The folder has, as files of lines of JSON unless said otherwise:

    rack1.log ...    the conductors' logs at the level DEBUG, all lives of one host in one file (text)
    lives.json       {"host", "pid", "time"}: when each process was started
    orders.json      what the machines' BMCs were told: the journal of steel-lab fleet
    owners.json      {"from", "pid"}: which process an address of that journal belonged to; to several, one after the other
    writes.json      {"node", "number"}: numbers that the API said it had written, in this order for each node
    nodes.json       {"uuid", "provision_state", "reservation", "number"}: the database afterwards

What it looks for:

    * a conductor that wrote to, or switched, a node while another one, or none, had its lock; also as the BMC saw it
    * a lock that was taken while another conductor had it, and had not died
    * an order of a BMC that came from another process than the one with the lock
    * a number that was acknowledged and is not there
    * a node that is locked at the end, or is neither at rest nor waiting for somebody

SPDX-License-Identifier: Apache-2.0
"""
import collections
import datetime
import glob
import json
import os
import re
import sys

EVENT = re.compile(r"^(\d{4}-\S+ \S+) DEBUG (?:conductor\.lock|drivers\.power)(?: req-\S+)?(?: node=\S+)? ([0-9a-f-]{36}) (.*?) under lease ([\w-]+)")
BEGUN = re.compile(r"^(\d{4}-\S+ \S+) INFO conductor(?: req-\S+)? (\S+) is at work, with lease ([\w-]+)")
DEAD = re.compile(r"^(\d{4}-\S+ \S+) \w+ conductor\.lease(?: req-\S+)? conductor (\S+) has not renewed lease ([\w-]+) ")
# Two lines of different processes have an order only if they are further apart than this.
NEAR_S = 0.005
# The end of a lease is logged after it is in the database, by one of several heirs.
LOGGED_LATE_S = 2
AT_REST = {"active", "available", "enroll", "manageable", "rescue", "deploy failed", "clean failed", "rescue failed", "inspect failed",
           "unrescue failed", "adopt failed", "error"}


def seconds(text):
    """A time of a log (local) or of a journal (with an offset)."""
    return datetime.datetime.fromisoformat(text).timestamp()


def lines(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.endswith("\n"):  # the last one of a process that was killed may have no end
                yield line


def records(folder, name):
    return [json.loads(line) for line in lines(folder, name)]


class History:
    """What the files say, in the order of time."""

    def __init__(self, folder):
        self.folder = folder
        self.events = collections.defaultdict(list)  # node → [(time, what, lease)]
        self.host, self.begun, self.ended = {}, {}, {}  # lease → host, times
        self.lives = collections.defaultdict(list)
        for life in records(folder, "lives.json"):
            self.lives[life["host"]].append((life["time"], life["pid"]))
        for path in sorted(glob.glob(os.path.join(folder, "*.log"))):
            self.read(os.path.basename(path))
        for events in self.events.values():
            events.sort(key=lambda event: event[0])

    def read(self, name):
        last = None
        for line in lines(self.folder, name):
            match = EVENT.match(line)
            if match:
                time, node, what, lease = match.groups()
                self.events[node].append((seconds(time), what, lease))
                continue
            match = BEGUN.match(line)
            if match:
                time, host, lease = match.groups()
                self.host[lease], self.begun[lease] = host, seconds(time)
                if last is not None:
                    self.ended.setdefault(last, seconds(time))
                last = lease
                continue
            match = DEAD.match(line)
            if match:
                time, _, lease = match.groups()
                self.ended[lease] = min(seconds(time), self.ended.get(lease, float("inf")))

    def pid(self, lease):
        """The process that had the lease."""
        started = [pid for time, pid in self.lives[self.host.get(lease)] if time <= self.begun.get(lease, 0)]
        return started[-1] if started else None


def locks_of(history, node, found):
    """[(from, to, lease)] of a node; what breaks the order of its logs goes to found."""
    spans, holder, since = [], None, 0
    for time, what, lease in history.events[node]:
        if what == "locked":
            if history.ended.get(lease, float("inf")) < time:
                continue  # it stood still in between, and writes down what it has lost meanwhile
            if holder not in (None, lease):
                if history.ended.get(holder, float("inf")) > time + LOGGED_LATE_S:
                    found.append("node %s: locked under lease %s, while lease %s had the lock and had not ended" % (node, lease, holder))
                spans.append((since, time, holder))
            holder, since = lease, time
        elif what == "released":
            if holder == lease:
                spans.append((since, time, holder))
                holder = None
        elif not what.endswith("ends") and holder != lease and not any(
                one == lease and begin - NEAR_S <= time <= end + NEAR_S for begin, end, one in spans[-2:]):
            found.append("node %s: %s under lease %s, but %s had the lock" % (node, what, lease, holder or "nobody"))
    if holder is not None:
        spans.append((since, float("inf"), holder))
    return spans


def check_orders(history, spans, found):
    """How many orders there were, and how many of them have no known sender."""
    # The kernel gives the port of a process that has ended to another one.
    owners = collections.defaultdict(set)
    for row in records(history.folder, "owners.json"):
        owners[row["from"]].add(row["pid"])
    orders = records(history.folder, "orders.json")
    unknown = 0
    for order in orders:
        time, node = seconds(order["time"]), order["node"]
        holders = {lease for begin, end, lease in spans.get(node, ()) if begin - NEAR_S <= time <= end + NEAR_S}
        told = "node %s: its BMC was told %s by %s" % (node, order["order"], order["from"])
        if not holders:
            found.append("%s, but nobody had its lock" % told)
            continue
        if all(history.ended.get(lease, float("inf")) < time - NEAR_S for lease in holders):
            found.append("%s, after lease %s had ended" % (told, sorted(holders)))
        senders = owners.get(order["from"])
        unknown += senders is None
        if senders is not None and not senders & {history.pid(lease) for lease in holders}:
            found.append("%s, process %s, but lease %s had its lock" % (told, sorted(senders), sorted(holders)))
    return len(orders), unknown


def check_nodes(history, found):
    """What the database says afterwards."""
    nodes = {row["uuid"]: row for row in records(history.folder, "nodes.json")}
    written = {}
    for row in records(history.folder, "writes.json"):
        written[row["node"]] = max(row["number"], written.get(row["node"], 0))
    for uuid, row in nodes.items():
        if row["reservation"]:
            found.append("node %s: is locked by %s at the end" % (uuid, row["reservation"]))
        if row["provision_state"] not in AT_REST:
            found.append("node %s: is left in %s" % (uuid, row["provision_state"]))
    for uuid, number in written.items():
        if uuid not in nodes or (nodes[uuid]["number"] or 0) < number:
            found.append("node %s: number %d was acknowledged, but %s is there" % (uuid, number, nodes.get(uuid, {}).get("number")))
    return len(nodes), len(written)


def check(folder):
    """(what is wrong, one sentence each; what was looked at, a sentence)"""
    history, found = History(folder), []
    spans = {node: locks_of(history, node, found) for node in history.events}
    orders, unknown = check_orders(history, spans, found)
    nodes, written = check_nodes(history, found)
    takeovers = sum(sum(a[2] != b[2] for a, b in zip(one, one[1:])) for one in spans.values())
    looked = ("%d nodes, %d locks under %d leases, %d of them ended by others, %d changes of a lock's conductor, %d orders of BMCs (the sender "
              "of %d is not known), numbers on %d nodes" % (
                  nodes, sum(map(len, spans.values())), len(history.host), len(history.ended), takeovers, orders, unknown, written))
    return found, looked


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n", 1)[0])
    found, looked = check(sys.argv[1])
    print("checked: " + looked)
    for sentence in found[:50]:
        print("WRONG: " + sentence)
    print("%d things are wrong" % len(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
