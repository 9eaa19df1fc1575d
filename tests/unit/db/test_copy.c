/* Copies of whole databases: to a file of SQLite, and back to the engine of the tests.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "common/steady.h"
#include "db/conductors.h"
#include "db/copy.h"

static Db *
open_file(const Scratch *scratch, const char *name)
{
    g_autofree char *url = g_strconcat("sqlite:///", scratch->folder, "/", name, NULL);
    g_autoptr(GError) error = NULL;
    Db *db = db_open(url, &db_throw_away, &error);
    if (db == NULL)
        fail_msg("%s", error->message);
    return db;
}

static void
sum_up(const DbTableCopy *copy, void *user_data)
{
    assert_int_equal(strlen(copy->digest), DB_DIGEST_SIZE - 1);
    *(int64_t *)user_data += copy->rows;
}

static int64_t
copy(Db *from, Db *to)
{
    g_autoptr(GError) error = NULL;
    int64_t rows = 0;
    if (!db_copy(from, to, sum_up, &rows, &error))
        fail_msg("%s", error->message);
    return rows;
}

/* Rows of every kind: texts that need care, nulls, numbers, more than a page of them. */
static void
fill(Db *db)
{
    for (int i = 0; i < 1200; i++) {
        g_autofree char *name = g_strdup_printf("node-%d", i);
        node_free(scratch_node(db, i % 3 == 0 ? NULL : name));
    }
    scratch_execute(db, "DELETE FROM nodes WHERE name = 'node-1'");
    scratch_execute(db,
                    "UPDATE nodes SET description = 'a''\"\u00e4\u20ac \\ ?1 $1', maintenance = 1, "
                    "heartbeat_at_ms = 9007199254740993 WHERE name = 'node-2'");
    scratch_execute(db, "UPDATE nodes SET description = '' WHERE name = 'node-4'");
    scratch_execute(db, "INSERT INTO ports (uuid, address, node_uuid) SELECT 'p', "
                        "'02:00:00:00:00:01', uuid FROM nodes WHERE name = 'node-2'");
    scratch_execute(db, "INSERT INTO lease_numbers (id, last) VALUES (1, 7)");
    scratch_execute(db, "INSERT INTO clock (id, skew_ms, seen_ms) VALUES (1, 0, 5)");
    scratch_execute(db, "INSERT INTO media (id, store, host, file) VALUES ('m', 's', 'h', 'f')");
    scratch_execute(db, "INSERT INTO media_users (medium_id, node_uuid, purpose) SELECT 'm', uuid, "
                        "'x' FROM nodes WHERE name IN ('node-2', 'node-4')");
}

static void
a_copy_has_every_row_and_continues_behind_it(void **state)
{
    Scratch *scratch = *state;
    Db *file = open_file(scratch, "copy.sqlite"), *second = open_file(scratch, "second.sqlite");
    fill(scratch->db);
    assert_true(copy(scratch->db, file) == 1199 + 1 + 1 + 1 + 1 + 2);
    assert_true(scratch_number(file, "SELECT heartbeat_at_ms FROM nodes WHERE name = 'node-2'") ==
                INT64_C(9007199254740993));
    scratch_empty(scratch);
    scratch->db = scratch_open(scratch);
    assert_true(copy(file, scratch->db) == 1199 + 1 + 1 + 1 + 1 + 2);
    int64_t last = scratch_number(scratch->db, "SELECT MAX(id) FROM nodes");
    node_free(scratch_node(scratch->db, "new"));
    assert_true(scratch_number(scratch->db, "SELECT id FROM nodes WHERE name = 'new'") > last);
    assert_true(scratch_number(scratch->db, "SELECT COUNT(*) FROM nodes WHERE description = ''") ==
                1);
    assert_true(copy(scratch->db, second) == 1200 + 1 + 1 + 1 + 1 + 2);
    db_close(second);
    db_close(file);
}

static void
a_database_with_rows_is_no_place_for_a_copy(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    int64_t rows = 0;
    Db *file = open_file(scratch, "copy.sqlite");
    node_free(scratch_node(file, "one"));
    node_free(scratch_node(scratch->db, "two"));
    assert_false(db_copy(file, scratch->db, sum_up, &rows, &error));
    assert_error(error, STEEL_ERROR_CONFLICT);
    assert_says(error, "not empty: nodes has 1 rows");
    assert_true(scratch_number(scratch->db, "SELECT COUNT(*) FROM nodes") == 1);
    db_close(file);
}

static void
a_database_that_a_conductor_works_on_is_not_copied(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    int64_t rows = 0;
    Db *file = open_file(scratch, "copy.sqlite");
    g_autoptr(ConductorRecord) conductor = conductor_record_new();
    conductor->hostname = g_strdup("busy-host");
    conductor->lease = g_strdup("lease");
    conductor->lease_expires_ms = steady_now_ms() + 60000;
    assert_true(db_conductor_register(scratch->db, conductor, &error));
    assert_false(db_copy(scratch->db, file, sum_up, &rows, &error));
    assert_error(error, STEEL_ERROR_CONFLICT);
    assert_says(error, "busy-host");
    db_close(file);
}

#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(a_copy_has_every_row_and_continues_behind_it),
        scratch_test(a_database_with_rows_is_no_place_for_a_copy),
        scratch_test(a_database_that_a_conductor_works_on_is_not_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
