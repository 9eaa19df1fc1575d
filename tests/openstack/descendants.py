"""Everything that a program has started, and what that has started: it ends with the program, however a part of it was killed.

A process whose parent dies becomes a child of this program (PR_SET_CHILD_SUBREAPER, prctl(2)), so nothing gets out of sight.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import ctypes
import os
import signal

PR_SET_CHILD_SUBREAPER = 36


def adopt():
    """From now on orphans below this program are its children."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def children():
    found = []
    for thread in os.listdir("/proc/self/task"):
        with contextlib.suppress(FileNotFoundError), open("/proc/self/task/%s/children" % thread, encoding="ascii") as file:
            found += map(int, file.read().split())
    return found


def end_all():
    """Kills the children, then those that become children by that, until there is none; after adopt(), by the main thread."""
    while pids := children():
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
