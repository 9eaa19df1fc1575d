"""Ports for daemons of a test.

A port is below those that the kernel gives to connections: it is still free when a daemon was killed and starts again. And no other
test takes it meanwhile: it stays given until the process that has asked for it ends, also while nobody listens there. It is free at all
addresses of this machine: RabbitMQ does not start otherwise.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import random
import socket

BOTH = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


def free_port(kind=socket.SOCK_STREAM):
    return free_ports(1, (kind,))


def free_ports(count, kinds=BOTH):
    """The first of `count` adjacent ports."""
    for _ in range(1000):
        first = random.randrange(10000, 32768 - count)
        if _take(range(first, first + count), kinds):
            return first
    raise AssertionError("no %d free ports in a row" % count)


def _take(numbers, kinds):
    """A name in the kernel says that a port is given. It is forgotten with the process: its socket stays open until then."""
    with contextlib.ExitStack() as opened:
        names = []
        try:
            for number in numbers:
                names.append(opened.enter_context(socket.socket(socket.AF_UNIX)))
                names[-1].bind("\0steel-test-port-%d" % number)
                for kind in kinds:
                    opened.enter_context(socket.socket(socket.AF_INET, kind)).bind(("", number))
        except OSError:
            return False
        for name in names:
            name.detach()
        return True


def swallowing():
    """A socket at whose port packets are lost: nobody is refused nor let in, until all of it is closed."""
    with contextlib.ExitStack() as opened:
        place = opened.enter_context(socket.socket())
        place.bind(("127.0.0.1", 0))
        place.listen(0)
        while True:  # until nobody fits into its queue
            guest = opened.enter_context(socket.socket())
            guest.settimeout(1)
            try:
                guest.connect(place.getsockname())
            except TimeoutError:
                return place, opened.pop_all()


def refusing():
    """A socket whose port nobody gets, and nobody is let in at, until it is closed."""
    place = socket.socket()
    place.bind(("127.0.0.1", 0))
    return place
