/* Scratch databases; the contract is in scratch.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include <glib/gstdio.h>
#include <libpq-fe.h>
#include <unistd.h>

/* Runs "BEFORE name AFTER" on the server's own database. */
static void
ask_server(const char *server, const char *before, const char *name, const char *after)
{
    g_autofree char *url = g_strconcat(server, "postgres", NULL);
    g_autofree char *sql = g_strdup_printf("%s \"%s\" %s", before, name, after);
    PGconn *connection = PQconnectdb(url);
    PGresult *result = PQexec(connection, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(connection));
    PQclear(result);
    PQfinish(connection);
}

static const char *
server_of_tests(void)
{
    return g_getenv("STEEL_TEST_DATABASE");
}

static void
make_empty(const Scratch *scratch)
{
    if (scratch->name != NULL)
        ask_server(server_of_tests(), "CREATE DATABASE", scratch->name, "TEMPLATE template0");
}

/* A server's database, or the files of one. */
static void
drop(const Scratch *scratch)
{
    if (scratch->name != NULL)
        ask_server(server_of_tests(), "DROP DATABASE", scratch->name, "WITH (FORCE)");
    g_autoptr(GDir) folder = g_dir_open(scratch->folder, 0, NULL);
    for (const char *name; folder != NULL && (name = g_dir_read_name(folder)) != NULL;) {
        g_autofree char *path = g_build_filename(scratch->folder, name, NULL);
        g_unlink(path);
    }
}

int
scratch_setup(void **state)
{
    g_autoptr(GError) error = NULL;
    Scratch *scratch = g_new0(Scratch, 1);
    scratch->folder = g_dir_make_tmp("steel-db-XXXXXX", &error);
    if (scratch->folder == NULL)
        fail_msg("%s", error->message);
    scratch->path = g_build_filename(scratch->folder, "steel.sqlite", NULL);
    if (server_of_tests() != NULL)
        scratch->name = g_path_get_basename(scratch->folder);
    scratch->url = scratch->name != NULL ? g_strconcat(server_of_tests(), scratch->name, NULL)
                                         : g_strconcat("sqlite:///", scratch->path, NULL);
    make_empty(scratch);
    scratch->db = scratch_open(scratch);
    *state = scratch;
    return 0;
}

void
scratch_empty(Scratch *scratch)
{
    g_clear_pointer(&scratch->db, db_close);
    drop(scratch);
    make_empty(scratch);
}

int
scratch_teardown(void **state)
{
    Scratch *scratch = *state;
    g_clear_pointer(&scratch->db, db_close);
    drop(scratch);
    g_rmdir(scratch->folder);
    g_free(scratch->folder);
    g_free(scratch->path);
    g_free(scratch->name);
    g_free(scratch->url);
    g_free(scratch);
    return 0;
}

Db *
scratch_open(const Scratch *scratch)
{
    g_autoptr(GError) error = NULL;
    Db *db = db_open(scratch->url, &db_throw_away, &error);
    if (db == NULL)
        fail_msg("%s", error->message);
    return db;
}

void
scratch_insert(Db *db, const Resource *resource, void *record)
{
    g_autoptr(GError) error = NULL;
    if (!db_record_insert(db, resource, record, &error))
        fail_msg("%s", error->message);
}

Node *
scratch_node(Db *db, const char *name)
{
    Node *node = node_new();
    node->name = g_strdup(name);
    node->driver = g_strdup("fake-hardware");
    scratch_insert(db, &node_resource, node);
    return node;
}

int64_t
scratch_execute(Db *db, const char *sql)
{
    g_autoptr(GError) error = NULL;
    int64_t changed = 0;
    if (!db_execute(db, sql, NULL, 0, &changed, &error))
        fail_msg("%s: %s", sql, error->message);
    return changed;
}

int64_t
scratch_number(Db *db, const char *sql)
{
    g_autoptr(GError) error = NULL;
    int64_t number = -1;
    if (!db_query(db, sql, NULL, 0, db_read_integer, &number, &error))
        fail_msg("%s: %s", sql, error->message);
    return number;
}

static bool
insert_one(Db *db, void *user_data, GError **error)
{
    const ScratchWork *work = user_data;
    if (!db_execute(db, "INSERT INTO chassis (uuid) VALUES ('inner')", NULL, 0, NULL, error))
        return false;
    return !work->fail_inner || steel_fail(error, STEEL_ERROR_LIMIT, "inner");
}

static bool
insert_two(Db *db, void *user_data, GError **error)
{
    const ScratchWork *work = user_data;
    if (!db_execute(db, "INSERT INTO chassis (uuid) VALUES ('outer')", NULL, 0, NULL, error))
        return false;
    if (work->inner_is_nested && !db_transaction(db, DB_WRITE, insert_one, user_data, error))
        return false;
    return !work->fail_outer || steel_fail(error, STEEL_ERROR_LIMIT, "outer");
}

void
scratch_transaction(Db *db, ScratchWork work, bool good, int64_t rows)
{
    g_autoptr(GError) error = NULL;
    assert_int_equal(db_transaction(db, DB_WRITE, insert_two, &work, &error), good);
    if (!good)
        assert_error(error, STEEL_ERROR_LIMIT); /* the cause, not the roll-back */
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM chassis") == rows);
    scratch_execute(db, "DELETE FROM chassis");
}
