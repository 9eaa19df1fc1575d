"""Ports for daemons of a test.

SPDX-License-Identifier: Apache-2.0
"""
import random
import socket


def free_port(kind=socket.SOCK_STREAM):
    """A port below those that the kernel gives to connections: it is still free when a daemon was killed and starts again."""
    while True:
        with socket.socket(socket.AF_INET, kind) as listener:
            try:
                listener.bind(("127.0.0.1", random.randrange(10000, 32768)))
                return listener.getsockname()[1]
            except OSError:
                continue


def refusing():
    """A socket whose port nobody gets, and nobody is let in at, until it is closed."""
    place = socket.socket()
    place.bind(("127.0.0.1", 0))
    return place
