"""Hosts with networks of their own on this machine: network namespaces, and wires between them that can be cut.

The test itself goes into a namespace, in which there is a bridge for each network; what it starts is there as well, at the networks'
first address. A host is another namespace, with a wire to each bridge. Outside of these namespaces nothing is changed, and they go with
the processes that are in them: however a test ends, nothing is left.

SPDX-License-Identifier: Apache-2.0
"""
import ctypes
import os
import subprocess

LIBC = ctypes.CDLL(None, use_errno=True)
NEEDED = ("Network namespaces cannot be made here (%s). This suite needs root with CAP_SYS_ADMIN and CAP_NET_ADMIN; a container has them "
          "with --privileged, or with --cap-add SYS_ADMIN --cap-add NET_ADMIN.")


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(NEEDED % ("%s: %s" % (" ".join(command), done.stdout.strip())))


def new_namespace():
    """A descriptor that keeps a new namespace."""
    command = ["unshare", "--net", "sh", "-ec", "ip link set lo up; echo made; read -r end"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as holder:
        said = holder.stdout.readline().strip()
        if said != "made":
            raise AssertionError(NEEDED % said)
        return os.open("/proc/%d/ns/net" % holder.pid, os.O_RDONLY | os.O_CLOEXEC)


def go_into(namespace):
    """This thread, and the threads and programs that it starts."""
    if LIBC.setns(namespace, 0) != 0:
        raise AssertionError(NEEDED % os.strerror(ctypes.get_errno()))


class Networks:
    """The networks of these names. The calling thread is in their namespace until close(); it must be the process's first one."""

    def __init__(self, *names):
        self.names = names
        self.hosts, self.own = {}, new_namespace()
        self.before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            go_into(self.own)
            for number, name in enumerate(names):
                run("ip", "link", "add", name, "type", "bridge")
                run("ip", "address", "add", self.address(name) + "/24", "dev", name)
                run("ip", "link", "set", name, "up")
        except BaseException:
            self.close()
            raise

    def address(self, name, host=1):
        """Of a host at a network; 1: the test's own."""
        return "10.77.%d.%d" % (self.names.index(name), host)

    def add(self, host):
        """A new host, with a wire to each network; hosts count from 2."""
        namespace = self.hosts[host] = new_namespace()
        number = self.number(host)
        for name in self.names:
            run(*self.within(host), "ip", "link", "add", name, "type", "veth", "peer", "name", self.wire(host, name), "netns", str(os.getpid()))
            run(*self.within(host), "ip", "address", "add", "%s/24" % self.address(name, number), "dev", name)
            run(*self.within(host), "ip", "link", "set", name, "up")
            run("ip", "link", "set", self.wire(host, name), "master", name, "up")
        return namespace

    def number(self, host):
        return list(self.hosts).index(host) + 2

    def wire(self, host, name):
        return "%s%d" % (name, self.number(host))

    def within(self, host):
        """What a program of this host is started with."""
        return ("nsenter", "--net=/proc/%d/fd/%d" % (os.getpid(), self.hosts[host]))

    def cut(self, host, name):
        """As a cable that is pulled somewhere on the way: no packet arrives, and nobody is told."""
        run("ip", "link", "set", self.wire(host, name), "down")

    def mend(self):
        """All wires are whole again."""
        for host in self.hosts:
            for name in self.names:
                run("ip", "link", "set", self.wire(host, name), "up")

    def close(self):
        go_into(self.before)
        for namespace in (self.before, self.own, *self.hosts.values()):
            os.close(namespace)
