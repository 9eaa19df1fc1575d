"""A real iSCSI target (tgtd) in a folder of its own, on a port of this machine.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import os
import resource
import shutil
import subprocess
import tempfile
import time

import freezing
from harness import LIMIT_S


class Target:
    """`disk` is the file behind it."""

    def __init__(self, port):
        self.folder = tempfile.mkdtemp(prefix="steel-tgt-")
        self.disk = self.folder + "/disk"
        self.user = None
        self.environment = dict(os.environ, TGT_IPC_SOCKET="tgtd", PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
        self.log = open(self.folder + "/log", "wb")
        # SIGXFSZ stays ignored, as it is in Python: see failing_beyond
        self.process = subprocess.Popen(["tgtd", "-f", "-C", "0", "-t", "1", "--iscsi", "portal=127.0.0.1:%d" % port],
                                        cwd=self.folder, env=self.environment, stdout=self.log, stderr=self.log, restore_signals=False)
        end = time.monotonic() + LIMIT_S
        while self.ask("--op", "show", "--mode", "system", good=False):
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError("tgtd does not start")
            time.sleep(0.05)

    def ask(self, *words, good=True):
        done = subprocess.run(["tgtadm", "-C", "0", "--lld", "iscsi", *words], cwd=self.folder, env=self.environment,
                              capture_output=True, timeout=LIMIT_S)
        if good and done.returncode:
            raise AssertionError("tgtadm %s: %s" % (" ".join(words), done.stderr))
        return done.returncode

    def export(self, iqn, username=None, password=None, lun=1):
        """The disk as a LUN of a new target, in place of what was exported. Without a name anybody may log in."""
        self.withdraw()
        self.ask("--op", "new", "--mode", "target", "--tid", "1", "-T", iqn)
        self.ask("--op", "new", "--mode", "logicalunit", "--tid", "1", "--lun", str(lun), "-b", self.disk)
        if username:
            self.ask("--op", "new", "--mode", "account", "--user", username, "--password", password)
            self.ask("--op", "bind", "--mode", "account", "--tid", "1", "--user", username)
        self.ask("--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL")
        self.user = username

    def withdraw(self):
        self.ask("--op", "delete", "--force", "--mode", "target", "--tid", "1", good=False)
        if self.user:
            self.ask("--op", "delete", "--mode", "account", "--user", self.user, good=False)
        self.user = None

    def make_disk(self, size):
        """Noise, so that what is not written shows."""
        self.withdraw()
        with open(self.disk, "wb") as file:
            file.write(b"\xa5" * size)

    def contents(self):
        with open(self.disk, "rb") as file:
            return file.read()

    @contextlib.contextmanager
    def failing_beyond(self, size):
        """The disk cannot write what lies beyond: the kernel refuses it to the target."""
        pid, free = self.process.pid, resource.RLIM_INFINITY
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, free))
        try:
            yield
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (free, free))

    def freeze(self):
        freezing.freeze(self.process.pid)

    def thaw(self):
        freezing.thaw(self.process.pid)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
