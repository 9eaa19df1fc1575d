"""A PostgreSQL of a test's own: a cluster in a folder that is removed afterwards, a free port, an ordinary user.

It is the real server as Debian packages it, and no cluster of the system's. It does not wait for the disk.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "api"))
import freezing  # noqa: E402
from ports import free_port  # noqa: E402

USER, PASSWORD = "steel", "s3cret of steel"
QUOTED = "steel:s3cret%20of%20steel"
LIMIT_S = 300  # initdb is slow on a machine with much to do
SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200", "autovacuum": "off",
            "listen_addresses": "127.0.0.1", "log_min_messages": "warning", "lc_messages": "C"}


def program(name):
    """A program of the newest PostgreSQL that is installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/" + name), key=lambda path: int(path.split("/")[4]))
    if not found:
        raise RuntimeError("there is no PostgreSQL: tools/install-packages test")
    return found[-1]


def small_disk(test_class):
    """The folder of a disk of 24 MiB, for a tablespace, until the end of the class."""
    folder = tempfile.mkdtemp(prefix="steel-tablespace-")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=777", "tmpfs", folder], check=True)
    test_class.addClassCleanup(os.rmdir, folder)
    test_class.addClassCleanup(subprocess.run, ["umount", "-l", folder], check=True)
    return folder


class Postgresql:
    """A running server. `settings` are added to postgresql.conf; `data` is a place for the cluster, made by the caller."""

    def __init__(self, settings=None, data=None):
        self.folder = tempfile.mkdtemp(prefix="steel-postgresql-")
        self.data = data or os.path.join(self.folder, "data")
        self.log_path = os.path.join(self.folder, "log")
        self.process = None
        self.databases = 0
        # The server refuses to run as root.
        self.as_user = []
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            self.as_user = ["setpriv", "--reuid=%d" % account.pw_uid, "--regid=%d" % account.pw_gid, "--clear-groups"]
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        try:
            self.make(dict(SETTINGS, **(settings or {})))
            self.start()
        except BaseException:
            self.remove()
            raise

    def run(self, *command, **more):
        done = subprocess.run([*self.as_user, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=LIMIT_S, check=False, cwd=self.folder, **more)
        if done.returncode != 0:
            raise RuntimeError("%s: %s" % (command[0], done.stdout))
        return done.stdout

    def make(self, settings):
        password = os.path.join(self.folder, "password")
        with open(password, "w", encoding="ascii") as file:
            file.write(PASSWORD)
        # Not the collation C: the program must not depend on how the server orders text.
        self.run(program("initdb"), "-D", self.data, "-U", USER, "--pwfile=" + password, "-A", "scram-sha-256", "-E", "UTF8",
                 "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US", "--no-sync")
        self.port = free_port()
        settings = dict(settings, port=str(self.port), unix_socket_directories=self.folder)
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="ascii") as file:
            file.writelines("%s = '%s'\n" % item for item in settings.items())

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.as_user, program("postgres"), "-D", self.data], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, cwd=self.folder, start_new_session=True)
        end = time.monotonic() + LIMIT_S
        while subprocess.run([program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("PostgreSQL does not start: " + self.log())
            time.sleep(0.02)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self, how=signal.SIGINT):
        """SIGINT: at once, with every client's work undone. SIGTERM: waits for clients. SIGQUIT: as in a crash."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name, scheme="postgresql"):
        return "%s://%s@127.0.0.1:%d/%s" % (scheme, QUOTED, self.port, name)

    def sql(self, text, name="postgres"):
        """What psql answers, rows as lines with | between columns."""
        return self.run(program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U",
                        USER, "-d", name, "-c", text, env=dict(os.environ, PGPASSWORD=PASSWORD)).rstrip("\n")

    def database(self, folder=None):
        """A new, empty database, with its tables in a folder; its name."""
        self.databases += 1
        name = "steel_%d_%d" % (os.getpid(), self.databases)
        if folder is not None:
            if self.as_user:
                os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
            self.sql("CREATE TABLESPACE space_%s LOCATION '%s'" % (name, folder))
        self.sql('CREATE DATABASE "%s" TEMPLATE template0%s' % (name, " TABLESPACE space_" + name if folder else ""))
        return name

    def take_connections(self, taken):
        """Opens connections until the server has none left; they are added to `taken`, and the caller's to close."""
        import psycopg2
        with contextlib.suppress(psycopg2.OperationalError):
            while True:
                taken.append(psycopg2.connect(self.url("postgres")))

    @staticmethod
    def sql_over(connection, text):
        """A statement over an open connection of psycopg2."""
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(text)

    @contextlib.contextmanager
    def frozen(self):
        """Meanwhile no process of the server does anything; its sockets stay open."""
        pids = [self.process.pid]
        try:
            freezing.freeze(*pids)  # first, so that it starts no other
            with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid), encoding="ascii") as file:
                pids += map(int, file.read().split())
            freezing.freeze(*pids)
            yield
        finally:
            freezing.thaw(*pids)

    def standby(self):
        """A server that follows this one."""
        other = Postgresql.__new__(Postgresql)
        other.__dict__.update(self.__dict__, folder=tempfile.mkdtemp(prefix="steel-postgresql-"), process=None, port=free_port())
        other.data, other.log_path = os.path.join(other.folder, "data"), os.path.join(other.folder, "log")
        if self.as_user:
            os.chown(other.folder, pwd.getpwnam("postgres").pw_uid, -1)
        other.run(program("pg_basebackup"), "-R", "-X", "stream", "-c", "fast", "--no-sync", "-D", other.data, "-d", self.url("postgres"))
        with open(os.path.join(other.data, "postgresql.conf"), "a", encoding="ascii") as file:
            file.write("port = %d\nunix_socket_directories = '%s'\n" % (other.port, other.folder))
        other.start()
        return other

    def promote(self):
        self.run(program("pg_ctl"), "promote", "-w", "-D", self.data)
