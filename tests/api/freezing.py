"""Programs that stand still: SIGSTOP, and the wait until no thread runs any more.

The signal alone is not enough. On a busy machine a program goes on for some milliseconds after kill() returned, long enough to
answer a request or to confirm a message.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import os
import signal
import time

LIMIT_S = 60


def _stands(pid):
    """Whether every thread of the process is stopped or has ended."""
    try:
        for thread in os.listdir("/proc/%d/task" % pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError), open("/proc/%d/task/%s/stat" % (pid, thread)) as file:
                if file.read().rpartition(")")[2].split()[0] not in "TZX":
                    return False
    except (FileNotFoundError, ProcessLookupError):
        pass
    return True


def of_group(group):
    """The processes of a process group."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(int(name)) == group:
                found.append(int(name))
    return found


def freeze(*pids):
    """Stops the processes; returns when none of their threads runs."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    end = time.monotonic() + LIMIT_S
    while not all(map(_stands, pids)):
        if time.monotonic() > end:
            raise AssertionError("processes %s did not stop within %d s" % (pids, LIMIT_S))
        time.sleep(0.005)


def freeze_group(group):
    """Stops a process group as a whole; returns its processes when none of their threads runs."""
    os.killpg(group, signal.SIGSTOP)
    pids = of_group(group)  # nobody in it starts another one now
    freeze(*pids)
    return pids


def thaw(*pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
