/* The database itself: opening, migrating, transactions, rows, and its errors, on any engine.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

static void
refused(const char *url, SteelErrorCode code, const char *part)
{
    g_autoptr(GError) error = NULL;
    Db *db = db_open(url, &db_throw_away, &error);
    if (db != NULL)
        fail_msg("%s was opened", url);
    assert_error(error, code);
    assert_says(error, part);
}

static void
a_new_database_is_made_and_found_again_with_its_rows(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(Node) node = scratch_node(scratch->db, "one");
    int64_t version = scratch_number(scratch->db, "SELECT MAX(number) FROM schema_version");
    int64_t changes = scratch_number(scratch->db, "SELECT COUNT(*) FROM schema_version");
    assert_true(version >= 1 && changes >= 1);
    db_close(g_steal_pointer(&scratch->db));
    scratch->db = scratch_open(scratch);
    assert_true(scratch_number(scratch->db, "SELECT COUNT(*) FROM nodes") == 1);
    assert_true(scratch_number(scratch->db, "SELECT MAX(number) FROM schema_version") == version);
    assert_true(scratch_number(scratch->db, "SELECT COUNT(*) FROM schema_version") == changes);
}

static void
a_database_of_a_newer_program_is_refused_and_left_alone(void **state)
{
    Scratch *scratch = *state;
    scratch_execute(scratch->db, "INSERT INTO schema_version (number) VALUES (9999)");
    refused(scratch->url, STEEL_ERROR_DATABASE, "schema 9999");
    assert_true(scratch_number(scratch->db, "SELECT COUNT(*) FROM nodes") == 0);
}

static void
a_migration_that_fails_leaves_the_schema_as_it_was(void **state)
{
    Scratch *scratch = *state;
    if (scratch_number(scratch->db, "SELECT MAX(number) FROM schema_version") < 2)
        skip();
    scratch_execute(scratch->db, "DELETE FROM schema_version WHERE number > 1");
    refused(scratch->url, STEEL_ERROR_DATABASE, "database migration 002"); /* its table is there */
    assert_true(scratch_number(scratch->db, "SELECT MAX(number) FROM schema_version") == 1);
}

static void
urls_of_unknown_engines_are_refused_by_name_of_the_option(void **state)
{
    static const char *const urls[] = {
        "", "sqlite", "sqlite:", "mysql://u:secret@h/db", "sqlite://", "sqlitex:///x"};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(db_open(urls[i], &db_throw_away, &error));
        assert_error(error, STEEL_ERROR_CONFIG);
        assert_says(error, "[database]connection");
        assert_null(strstr(error->message, "secret@h"));
    }
}

static bool
stop_at_once(const DbRow *row, void *user_data)
{
    (void)row;
    (void)user_data;
    return false;
}

static void
wrong_statements_fail_with_the_engines_words(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    assert_false(
        db_query(scratch->db, "SELECT nonsense FROM nodes", NULL, 0, stop_at_once, NULL, &error));
    assert_error(error, STEEL_ERROR_DATABASE);
    assert_says(error, "nonsense");
    assert_true(db_alive(scratch->db, NULL));
}

typedef struct Row {
    int64_t number;
    char *text;
    size_t size;
    bool is_null;
} Row;

static bool
read_row(const DbRow *row, void *user_data)
{
    Row *out = user_data;
    out->number = db_row_integer(row, 0);
    out->text = g_strdup(db_row_text(row, 1, &out->size));
    out->is_null = db_row_is_null(row, 2);
    return true;
}

static void
a_number_is_read_from_the_first_row(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    int64_t number = 0;
    assert_true(db_query(db, "SELECT 7 UNION ALL SELECT 8 ORDER BY 1", NULL, 0, db_read_integer,
                         &number, &error));
    assert_true(number == 7);
}

static void
values_come_back_as_they_were_bound(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    Row row = {0};
    const DbValue values[] = {db_integer(INT64_MIN), db_text("a'\"\u00e4\n;--"), db_text(NULL)};
    assert_true(db_query(scratch->db, "SELECT ?1, ?2, ?3", values, 3, read_row, &row, &error));
    assert_true(row.number == INT64_MIN);
    assert_string_equal(row.text, "a'\"\u00e4\n;--");
    assert_int_equal(row.size, strlen(row.text));
    assert_true(row.is_null);
    g_free(row.text);
}

/* A callback that asks the very same question, one level deeper. */
typedef struct Nested {
    Db *db;
    int depth, rows;
    GError *error;
} Nested;

static bool
ask_again(const DbRow *row, void *user_data)
{
    Nested *nested = user_data;
    g_autofree char *before = g_strdup(db_row_text(row, 0, NULL));
    nested->rows++;
    if (nested->depth < 2) {
        nested->depth++;
        if (!db_query(nested->db, "SELECT uuid FROM nodes ORDER BY id", NULL, 0, ask_again, nested,
                      &nested->error))
            return false;
        nested->depth--;
    }
    return g_strcmp0(db_row_text(row, 0, NULL), before) == 0;
}

static void
the_same_query_may_run_inside_its_own_rows(void **state)
{
    Scratch *scratch = *state;
    Nested nested = {.db = scratch->db};
    for (int i = 0; i < 3; i++)
        node_free(scratch_node(scratch->db, NULL));
    assert_true(db_query(scratch->db, "SELECT uuid FROM nodes ORDER BY id", NULL, 0, ask_again,
                         &nested, &nested.error));
    assert_null(nested.error);
    assert_int_equal(nested.rows, 3 + 9 + 27);
}

static bool
many_statements(const DbRow *row, void *user_data)
{
    Nested *nested = user_data;
    for (int i = 0; i < 1000; i++) {
        g_autofree char *sql = g_strdup_printf("SELECT %d", i);
        if (!db_query(nested->db, sql, NULL, 0, NULL, NULL, &nested->error))
            return false;
    }
    nested->rows += db_row_text(row, 0, NULL) != NULL;
    return true;
}

static void
a_thousand_other_statements_do_not_end_the_one_that_runs(void **state)
{
    Scratch *scratch = *state;
    Nested nested = {.db = scratch->db};
    for (int i = 0; i < 3; i++)
        node_free(scratch_node(scratch->db, NULL));
    assert_true(db_query(scratch->db, "SELECT uuid FROM nodes", NULL, 0, many_statements, &nested,
                         &nested.error));
    assert_int_equal(nested.rows, 3);
}

static void
statements_are_counted_per_thread(void **state)
{
    Scratch *scratch = *state;
    uint64_t before = db_statement_count();
    scratch_number(scratch->db, "SELECT 1");
    scratch_execute(scratch->db, "UPDATE nodes SET extra = NULL");
    assert_true(db_statement_count() - before == 2);
}

typedef struct Joined {
    DbWorkKind inner;
} Joined;

static bool
insert_inner(Db *db, void *user_data, GError **error)
{
    (void)user_data;
    return db_execute(db, "INSERT INTO chassis (uuid) VALUES ('inner')", NULL, 0, NULL, error);
}

static bool
insert_with_inner(Db *db, void *user_data, GError **error)
{
    const Joined *joined = user_data;
    return db_execute(db, "INSERT INTO chassis (uuid) VALUES ('outer')", NULL, 0, NULL, error) &&
           db_transaction(db, joined->inner, insert_inner, NULL, error);
}

/* The outer transaction decides what others may do meanwhile, so it must be as strong as the inner
 * one. */
static void
a_transaction_joins_one_that_protects_as_much(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    for (int outer = 0; outer < DB_WORK_KINDS; outer++)
        for (int inner = 0; inner < DB_WORK_KINDS; inner++) {
            g_autoptr(GError) error = NULL;
            Joined joined = {(DbWorkKind)inner};
            bool fits = outer == DB_READ_MODIFY_WRITE || inner == DB_WRITE;
            assert_int_equal(
                db_transaction(db, (DbWorkKind)outer, insert_with_inner, &joined, &error), fits);
            if (!fits)
                assert_error(error, STEEL_ERROR_INTERNAL);
            assert_true(scratch_execute(db, "DELETE FROM chassis") == (fits ? 2 : 0));
        }
}

static void
a_transaction_happens_whole_or_not_at_all(void **state)
{
    Scratch *scratch = *state;
    scratch_transaction(scratch->db, (ScratchWork){false, false, false}, true, 1);
    scratch_transaction(scratch->db, (ScratchWork){false, true, false}, false, 0);
    scratch_transaction(scratch->db, (ScratchWork){false, false, true}, true, 2);
    scratch_transaction(scratch->db, (ScratchWork){true, false, true}, false, 0);
    scratch_transaction(scratch->db, (ScratchWork){false, true, true}, false, 0);
    scratch_transaction(scratch->db, (ScratchWork){false, false, true}, true, 2);
}

static bool
insert_twice(Db *db, void *user_data, GError **error)
{
    (void)user_data;
    const char *sql = "INSERT INTO chassis (uuid) VALUES ('same')";
    return db_execute(db, sql, NULL, 0, NULL, error) && db_execute(db, sql, NULL, 0, NULL, error);
}

static void
a_statement_that_fails_rolls_its_transaction_back(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    assert_false(db_transaction(scratch->db, DB_WRITE, insert_twice, NULL, &error));
    assert_error(error, STEEL_ERROR_CONFLICT);
    assert_says(error, "chassis");
    assert_true(scratch_number(scratch->db, "SELECT COUNT(*) FROM chassis") == 0);
}

static void
a_broken_rule_is_reported_as_table_and_columns(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    const char *same = "INSERT INTO chassis (uuid) VALUES ('same')";
    const char *orphan = "INSERT INTO ports (uuid, node_uuid, address) "
                         "VALUES ('p', 'nowhere', '02:00:00:00:00:01')";
    assert_int_equal(db_conflict(scratch->db).kind, DB_CONFLICT_NONE);
    assert_true(db_execute(scratch->db, same, NULL, 0, NULL, &error));
    assert_false(db_execute(scratch->db, same, NULL, 0, NULL, NULL));
    const DbConflict taken = db_conflict(scratch->db);
    assert_int_equal(taken.kind, DB_CONFLICT_UNIQUE);
    assert_string_equal(taken.table, "chassis");
    assert_int_equal(taken.column_count, 1);
    assert_string_equal(taken.columns[0], "uuid");
    assert_false(db_execute(scratch->db, orphan, NULL, 0, NULL, &error));
    assert_error(error, STEEL_ERROR_CONFLICT);
    assert_int_equal(db_conflict(scratch->db).kind, DB_CONFLICT_REFERENCE);
}

static void
one_process_claims_a_database_until_it_closes_it(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    assert_true(db_claim(scratch->db, "rack1", &error));
    assert_true(db_claim(scratch->db, "rack1", &error)); /* a second claim by the same process */
    Db *other = scratch_open(scratch);
    assert_false(db_claim(other, "rack1", &error));
    assert_error(error, STEEL_ERROR_CONFLICT);
    assert_says(error, "another steeld (process ");
    db_close(other);
}

static void
a_claim_ends_with_the_database(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    Db *first = scratch_open(scratch), *second = scratch_open(scratch);
    assert_true(db_claim(first, "rack1", &error));
    db_close(first);
    assert_true(db_claim(second, "rack1", &error));
    db_close(second);
}

static void
only_a_server_keeps_its_clients_waiting(void **state)
{
    const Scratch *scratch = *state;
    assert_int_equal(db_may_block(scratch->db), scratch->name != NULL);
    assert_int_equal(db_is_shared(scratch->db), scratch->name != NULL);
}

static void
closing_nothing_is_fine(void **state)
{
    (void)state;
    db_close(NULL);
}

#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(a_new_database_is_made_and_found_again_with_its_rows),
        scratch_test(a_database_of_a_newer_program_is_refused_and_left_alone),
        scratch_test(a_migration_that_fails_leaves_the_schema_as_it_was),
        cmocka_unit_test(urls_of_unknown_engines_are_refused_by_name_of_the_option),
        scratch_test(wrong_statements_fail_with_the_engines_words),
        scratch_test(a_number_is_read_from_the_first_row),
        scratch_test(values_come_back_as_they_were_bound),
        scratch_test(the_same_query_may_run_inside_its_own_rows),
        scratch_test(a_thousand_other_statements_do_not_end_the_one_that_runs),
        scratch_test(statements_are_counted_per_thread),
        scratch_test(a_transaction_happens_whole_or_not_at_all),
        scratch_test(a_transaction_joins_one_that_protects_as_much),
        scratch_test(a_broken_rule_is_reported_as_table_and_columns),
        scratch_test(a_statement_that_fails_rolls_its_transaction_back),
        scratch_test(one_process_claims_a_database_until_it_closes_it),
        scratch_test(a_claim_ends_with_the_database),
        scratch_test(only_a_server_keeps_its_clients_waiting),
        cmocka_unit_test(closing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
