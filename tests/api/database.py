"""The database of a daemon under test: a SQLite file in its folder, or, where tests/on-postgresql runs the suites, a database of
its own on that server.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import os
import sqlite3

SERVER = os.environ.get("STEEL_TEST_DATABASE")  # "postgresql://...:PORT/"

made = set()  # names of databases; a suite with a server of its own has none here, and may be where this one is not reached


def file_of(folder):
    return os.path.join(folder, "steel.sqlite")


def name_of(folder):
    return os.path.basename(folder.rstrip("/"))


def ask_server(sql):
    """One statement on the server's own database, outside of a transaction."""
    import psycopg2
    with contextlib.closing(psycopg2.connect(SERVER + "postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None


def url(folder):
    """The URL of the database of a daemon with this folder; a server's database is made when it is first asked for."""
    if SERVER is None:
        return "sqlite:///" + file_of(folder)
    made.add(name_of(folder))
    if not ask_server("SELECT 1 FROM pg_database WHERE datname = '%s'" % name_of(folder)):
        ask_server('CREATE DATABASE "%s" TEMPLATE template0' % name_of(folder))
    return SERVER + name_of(folder)


def forget(folder):
    """Removes what does not go with the folder."""
    if name_of(folder) in made:
        made.remove(name_of(folder))
        ask_server('DROP DATABASE IF EXISTS "%s" WITH (FORCE)' % name_of(folder))


def has_seen_end(connection, process):
    """Whether the server behind a URL knows that a process has ended: until then its name is taken. One that cannot be asked minds no name."""
    if not connection.startswith("postgresql") or process is None or process.poll() is None:
        return True
    import psycopg2
    with contextlib.suppress(psycopg2.OperationalError), contextlib.closing(psycopg2.connect(connection, connect_timeout=10)) as server:
        with server.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_stat_activity WHERE application_name LIKE %s", ("steeld (process %d on %%" % process.pid,))
            return cursor.fetchone() is None
    return True


class Database:
    """Statements with ? for values, next to the daemon's own."""

    def __init__(self, folder):
        self.on_server = SERVER is not None
        if self.on_server:
            import psycopg2
            self.connection = psycopg2.connect(SERVER + name_of(folder))
        else:
            self.connection = sqlite3.connect(file_of(folder), timeout=30)

    def execute(self, sql, values=()):
        cursor = self.connection.cursor()
        cursor.execute(sql.replace("?", "%s") if self.on_server else sql, values)
        return cursor

    def version(self):
        """What differs after each change by another connection."""
        if not self.on_server:
            return self.execute("PRAGMA data_version").fetchone()[0]
        self.connection.rollback()  # a new look
        tables = self.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        return [self.execute("SELECT xmin::text, ctid::text FROM %s" % table).fetchall() for table, in tables]

    def close(self):
        self.connection.close()


@contextlib.contextmanager
def opened(folder):
    """A Database that is written when the block ends."""
    database = Database(folder)
    try:
        yield database
        database.connection.commit()
    finally:
        database.close()
