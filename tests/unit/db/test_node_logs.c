/* The limits of a node's history and timeline: young rows and open phases stay.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "db/node_logs.h"

#define OLD "2020-01-01T00:00:00+00:00"
#define YOUNG "2026-01-01T00:00:00+00:00"
#define UNTIL "2025-01-01T00:00:00+00:00"

enum { MOST = 2, LIMIT = 100 };

static const struct {
    DbLog log;
    const char *table, *time;
} logs[] = {
    {DB_LOG_HISTORY, "node_history", "created_at"},
    {DB_LOG_TIMELINE, "timeline", "finished_at"},
};

/* time: as SQL. */
static void
row(Db *db, size_t log, const Node *node, const char *name, const char *time)
{
    g_autofree char *sql =
        g_strdup_printf("INSERT INTO %s (uuid, node_uuid, %s) VALUES ('%s-%s', '%s', %s)",
                        logs[log].table, logs[log].time, node->name, name, node->uuid, time);
    assert_int_equal(scratch_execute(db, sql), 1);
}

static int64_t
prune(Db *db, size_t log, const Node *node, int64_t limit)
{
    g_autoptr(GError) error = NULL;
    int64_t removed = -1;
    if (!db_log_prune(db, logs[log].log, node->uuid, MOST, UNTIL, limit, &removed, &error))
        fail_msg("%s", error->message);
    return removed;
}

static bool
is_there(Db *db, size_t log, const char *uuid)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT COUNT(*) FROM %s WHERE uuid = '%s'", logs[log].table, uuid);
    return scratch_number(db, sql) == 1;
}

static void
the_oldest_rows_go_and_those_of_other_nodes_stay(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    g_autoptr(Node) other = scratch_node(db, "other");
    for (size_t i = 0; i < G_N_ELEMENTS(logs); i++) {
        static const char *const names[] = {"a", "b", "c", "d"};
        for (size_t n = 0; n < G_N_ELEMENTS(names); n++) {
            row(db, i, node, names[n], "'" OLD "'");
            row(db, i, other, names[n], "'" OLD "'");
        }
        assert_int_equal(prune(db, i, node, 1), 1);
        assert_false(is_there(db, i, "one-a"));
        assert_int_equal(prune(db, i, node, LIMIT), 1);
        assert_true(is_there(db, i, "one-c") && is_there(db, i, "one-d"));
        assert_true(is_there(db, i, "other-a"));
    }
}

static void
young_rows_stay_however_many_there_are(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    for (size_t i = 0; i < G_N_ELEMENTS(logs); i++) {
        row(db, i, node, "a", "'" YOUNG "'");
        row(db, i, node, "b", "'" OLD "'");
        row(db, i, node, "c", "'" YOUNG "'");
        row(db, i, node, "d", "'" YOUNG "'");
        assert_int_equal(prune(db, i, node, LIMIT), 1);
        assert_true(is_there(db, i, "one-a"));
        assert_false(is_there(db, i, "one-b"));
    }
}

static void
a_phase_that_is_not_over_stays(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = scratch_node(db, "one");
    row(db, DB_LOG_TIMELINE, node, "a", "NULL");
    static const char *const names[] = {"b", "c", "d"};
    for (size_t n = 0; n < G_N_ELEMENTS(names); n++)
        row(db, DB_LOG_TIMELINE, node, names[n], "'" OLD "'");
    prune(db, DB_LOG_TIMELINE, node, LIMIT);
    assert_true(is_there(db, DB_LOG_TIMELINE, "one-a"));
}

static void
only_nodes_with_too_many_rows_are_crowded(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = scratch_node(db, "one");
    g_autoptr(Node) other = scratch_node(db, "other");
    static const char *const names[] = {"a", "b", "c"};
    for (size_t n = 0; n < G_N_ELEMENTS(names); n++)
        row(db, 0, node, names[n], "'" OLD "'");
    row(db, 0, other, "a", "'" OLD "'");
    row(db, 0, other, "b", "'" OLD "'");
    g_autoptr(GPtrArray) crowded = db_log_crowded(db, DB_LOG_HISTORY, MOST, &error);
    assert_non_null(crowded);
    assert_int_equal(crowded->len, 1);
    assert_string_equal(crowded->pdata[0], node->uuid);
}

#define log_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        log_test(the_oldest_rows_go_and_those_of_other_nodes_stay),
        log_test(young_rows_stay_however_many_there_are),
        log_test(a_phase_that_is_not_over_stays),
        log_test(only_nodes_with_too_many_rows_are_crowded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
