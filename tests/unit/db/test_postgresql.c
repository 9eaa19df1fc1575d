/* What is PostgreSQL's own: its addresses, its connections, its refusals. tests/on-postgresql runs
 * the server.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "common/time_text.h"

#include <pthread.h>

static Db *
open_with(const char *url, const DbSettings *settings, GError **error)
{
    DbSettings all = *settings;
    all.pool_size = MAX(all.pool_size, 1);
    all.wait_limit_s = MAX(all.wait_limit_s, 10);
    return db_open(url, &all, error);
}

static void
refused(const char *url, SteelErrorCode code, const char *part)
{
    g_autoptr(GError) error = NULL;
    const DbSettings settings = {.call_limit_s = 5};
    Db *db = open_with(url, &settings, &error);
    if (db != NULL)
        fail_msg("%s was opened", url);
    assert_error(error, code);
    assert_says(error, part);
    assert_null(strstr(error->message, "s3cret"));
}

/* The scratch's URL with a part of it replaced. */
static char *
url_with(const Scratch *scratch, const char *from, const char *to)
{
    g_auto(GStrv) parts = g_strsplit(scratch->url, from, 2);
    if (parts[0] == NULL || parts[1] == NULL)
        fail_msg("no %s in the URL", from);
    return g_strconcat(parts[0], to, parts[1], NULL);
}

static void
urls_that_are_none_are_refused_without_their_password(void **state)
{
    static const struct {
        const char *url, *says;
    } rows[] = {
        {"postgresql://u:s3cret@h/db?nonsense=1", "nonsense"},
        {"postgresql://u:s3cret%zz@h/db",         "%XX for special characters"},
        {"postgresql://u:s3cret@[::1/db",         "[database]connection"},
        {"mysql+pymysql://u:s3cret@h/db",         "no engine for 'mysql+pymysql://'"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        assert_false(db_check_url(rows[i].url, &error));
        assert_error(error, STEEL_ERROR_CONFIG);
        assert_says(error, rows[i].says);
        assert_null(strstr(error->message, "s3cret"));
    }
    assert_true(db_check_url("postgresql+psycopg2://u:p%40@a:1,b:2/db?sslmode=require", NULL));
    assert_true(db_check_url("postgresql:///ironic?host=/run/postgresql", NULL));
}

static void
a_url_of_sqlalchemy_opens(void **state)
{
    const Scratch *scratch = *state;
    g_autofree char *url = url_with(scratch, "postgresql://", "postgresql+psycopg2://");
    g_autoptr(GError) error = NULL;
    Db *db = db_open(url, &db_throw_away, &error);
    if (db == NULL)
        fail_msg("%s", error->message);
    db_close(db);
}

static void
a_server_that_refuses_is_quoted_with_what_to_check(void **state)
{
    const Scratch *scratch = *state;
    g_autofree char *password = url_with(scratch, "s3cret", "wrong");
    g_autofree char *user = url_with(scratch, "steel:", "nobody:");
    g_autofree char *name = g_strconcat(scratch->url, "-absent", NULL);
    refused(password, STEEL_ERROR_DATABASE,
            "user steel: the server refuses the user or the password");
    refused(user, STEEL_ERROR_DATABASE, "user nobody: the server refuses");
    refused(name, STEEL_ERROR_DATABASE, "there is no such database");
}

static void
a_server_that_is_not_there_may_be_tried_again(void **state)
{
    (void)state;
    refused("postgresql://u:s3cret@127.0.0.1:9/db", STEEL_ERROR_DATABASE_BUSY,
            "PostgreSQL database db at 127.0.0.1:9 does not answer");
}

/* The first host is dead, the second lives. */
static void
the_next_server_of_the_url_is_asked(void **state)
{
    const Scratch *scratch = *state;
    g_autofree char *url = url_with(scratch, "@127.0.0.1:", "@127.0.0.1:9,127.0.0.1:");
    g_autoptr(GError) error = NULL;
    Db *db = db_open(url, &db_throw_away, &error);
    if (db == NULL)
        fail_msg("%s", error->message);
    assert_true(db_alive(db, &error));
    db_close(db);
}

static void
a_standby_is_no_place_to_write(void **state)
{
    Scratch *scratch = *state;
    g_autofree char *sql = g_strdup_printf(
        "ALTER DATABASE \"%s\" SET default_transaction_read_only = on", scratch->name);
    scratch_execute(scratch->db, sql);
    refused(scratch->url, STEEL_ERROR_DATABASE_BUSY, "read-only");
}

static bool
end_backends(Db *db, const char *name)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                        "datname = '%s' AND pid <> pg_backend_pid()",
                        name);
    return scratch_number(db, sql) > 0;
}

typedef struct Interrupted {
    const char *name; /* of the database */
    Db *other;
    int runs;
} Interrupted;

static bool
insert_and_lose_the_connection(Db *db, void *user_data, GError **error)
{
    Interrupted *interrupted = user_data;
    if (!db_execute(db, "INSERT INTO chassis (uuid) VALUES ('first')", NULL, 0, NULL, error))
        return false;
    if (interrupted->runs++ == 0)
        assert_true(end_backends(interrupted->other, interrupted->name));
    return db_execute(db, "INSERT INTO chassis (uuid) VALUES ('second')", NULL, 0, NULL, error);
}

static void
a_transaction_that_loses_its_connection_runs_again(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    Interrupted interrupted = {scratch->name, scratch_open(scratch), 0};
    if (!db_transaction(scratch->db, DB_WRITE, insert_and_lose_the_connection, &interrupted,
                        &error))
        fail_msg("%s", error->message);
    assert_int_equal(interrupted.runs, 2);
    assert_true(scratch_number(scratch->db, "SELECT COUNT(*) FROM chassis") == 2);
    db_close(interrupted.other);
}

/* The pool notices before it hands a dead connection out. */
static void
connections_that_died_at_rest_are_replaced(void **state)
{
    Scratch *scratch = *state;
    Db *other = scratch_open(scratch);
    for (int i = 0; i < 10; i++) {
        scratch_number(scratch->db, "SELECT 1");
        assert_true(end_backends(other, scratch->name));
        scratch_execute(scratch->db, "UPDATE chassis SET extra = NULL");
    }
    db_close(other);
}

static bool
deadlock(Db *db, void *user_data, GError **error)
{
    const char *const *order = user_data;
    for (int i = 0; i < 2; i++) {
        const DbValue uuid = db_text(order[i]);
        if (!db_execute(db, "UPDATE chassis SET extra = COALESCE(extra, '') || 'x' WHERE uuid = ?1",
                        &uuid, 1, NULL, error))
            return false;
    }
    return true;
}

typedef struct Crosser {
    Db *db;
    const char *order[2];
    int failures;
} Crosser;

static void *
cross(void *data)
{
    Crosser *crosser = data;
    for (int i = 0; i < 100; i++)
        crosser->failures += !db_transaction(crosser->db, DB_WRITE, deadlock, crosser->order, NULL);
    return NULL;
}

static void
transactions_that_wait_for_each_other_run_again(void **state)
{
    Scratch *scratch = *state;
    pthread_t thread;
    scratch_execute(scratch->db, "INSERT INTO chassis (uuid) VALUES ('a'), ('b')");
    Crosser one = {scratch->db, {"a", "b"}, 0}, two = {scratch->db, {"b", "a"}, 0};
    assert_int_equal(pthread_create(&thread, NULL, cross, &one), 0);
    cross(&two);
    pthread_join(thread, NULL);
    assert_int_equal(one.failures + two.failures, 0);
    assert_true(scratch_number(scratch->db, "SELECT SUM(LENGTH(extra)) FROM chassis") == 400);
}

static bool
use_another(const DbRow *row, void *user_data)
{
    GError **error = user_data;
    (void)row;
    (void)error;
    return true;
}

typedef struct Held {
    Db *db;
    GError *error;
} Held;

static void *
ask(void *data)
{
    Held *held = data;
    (void)!db_query(held->db, "SELECT 1", NULL, 0, use_another, NULL, &held->error);
    return NULL;
}

static bool
hold_the_only_connection(Db *db, void *user_data, GError **error)
{
    pthread_t thread;
    if (!db_query(db, "SELECT 1", NULL, 0, NULL, NULL, error))
        return false;
    assert_int_equal(pthread_create(&thread, NULL, ask, user_data), 0);
    pthread_join(thread, NULL);
    return true;
}

static void
a_pool_in_use_is_waited_for_until_its_limit(void **state)
{
    const Scratch *scratch = *state;
    const DbSettings settings = {.pool_size = 1, .pool_timeout_s = 1, .wait_limit_s = 10};
    g_autoptr(GError) error = NULL;
    Db *db = db_open(scratch->url, &settings, &error);
    assert_non_null(db);
    Held held = {db, NULL};
    assert_true(db_transaction(db, DB_WRITE, hold_the_only_connection, &held, &error));
    assert_error(held.error, STEEL_ERROR_DATABASE_BUSY);
    assert_says(held.error, "[database]max_pool_size");
    g_clear_error(&held.error);
    ask(&held);
    assert_null(held.error);
    db_close(db);
}

static void
a_statement_that_takes_too_long_is_stopped(void **state)
{
    const Scratch *scratch = *state;
    const DbSettings settings = {.call_limit_s = 5}; /* for the statements that are not stopped */
    g_autoptr(GError) error = NULL;
    Db *db = open_with(scratch->url, &settings, &error);
    assert_non_null(db);
    assert_false(db_query(db, "SELECT pg_sleep(600)", NULL, 0, NULL, NULL, &error));
    assert_error(error, STEEL_ERROR_DATABASE_BUSY);
    assert_says(error, "[database]call_timeout");
    assert_true(scratch_number(db, "SELECT 7") == 7);
    db_close(db);
}

static void
texts_that_are_no_utf_8_are_the_callers_mistake(void **state)
{
    const Scratch *scratch = *state;
    const DbValue value = db_text("\xff\xfe");
    g_autoptr(GError) error = NULL;
    assert_false(db_query(scratch->db, "SELECT 1 FROM nodes WHERE name = ?1", &value, 1, NULL, NULL,
                          &error));
    assert_error(error, STEEL_ERROR_INVALID);
    assert_says(error, "not UTF-8");
}

static void
a_broken_rule_of_a_quoted_column_is_named(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    scratch_execute(scratch->db, "CREATE TABLE odd (\"user\" TEXT, b TEXT, UNIQUE (\"user\", b))");
    scratch_execute(scratch->db, "INSERT INTO odd VALUES ('x)=(y', 'z')");
    assert_false(
        db_execute(scratch->db, "INSERT INTO odd VALUES ('x)=(y', 'z')", NULL, 0, NULL, &error));
    assert_error(error, STEEL_ERROR_CONFLICT);
    const DbConflict conflict = db_conflict(scratch->db);
    assert_int_equal(conflict.column_count, 2);
    assert_string_equal(conflict.columns[0], "user");
    assert_string_equal(conflict.columns[1], "b");
}

/* A program that was at work when others contracted the schema: what it has open it keeps, and
 * then it is at an end. */
static void
each_new_connection_asks_whether_the_schema_is_still_known(void **state)
{
    const Scratch *scratch = *state;
    Db *other = scratch_open(scratch);
    g_autoptr(GError) error = NULL;
    scratch_execute(other, "INSERT INTO schema_version (number, expands) VALUES (901, 1)");
    (void)scratch_number(other, "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                "WHERE datname = current_database() AND pid <> pg_backend_pid()");
    assert_int_equal(scratch_number(scratch->db, "SELECT COUNT(*) FROM nodes"), 0);
    scratch_execute(other, "INSERT INTO schema_version (number, expands) VALUES (902, 0)");
    (void)scratch_number(other, "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                "WHERE datname = current_database() AND pid <> pg_backend_pid()");
    assert_false(db_query(scratch->db, "SELECT COUNT(*) FROM nodes", NULL, 0, NULL, NULL, &error));
    assert_error(error, STEEL_ERROR_DATABASE);
    assert_says(error, "the database has schema 902");
    db_close(other);
}

#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_that_are_none_are_refused_without_their_password),
        scratch_test(a_url_of_sqlalchemy_opens),
        scratch_test(a_server_that_refuses_is_quoted_with_what_to_check),
        cmocka_unit_test(a_server_that_is_not_there_may_be_tried_again),
        scratch_test(the_next_server_of_the_url_is_asked),
        scratch_test(a_standby_is_no_place_to_write),
        scratch_test(a_transaction_that_loses_its_connection_runs_again),
        scratch_test(connections_that_died_at_rest_are_replaced),
        scratch_test(transactions_that_wait_for_each_other_run_again),
        scratch_test(a_pool_in_use_is_waited_for_until_its_limit),
        scratch_test(a_statement_that_takes_too_long_is_stopped),
        scratch_test(texts_that_are_no_utf_8_are_the_callers_mistake),
        scratch_test(each_new_connection_asks_whether_the_schema_is_still_known),
        scratch_test(a_broken_rule_of_a_quoted_column_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
