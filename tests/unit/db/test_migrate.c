/* Changes of the schema that programs of two versions live through together. The newer program is
 * this one with some more migrations.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "db/migrate.h"

#define OLDER_SEES "SELECT COUNT(*) FROM schema_version WHERE number > 900"

static const DbMigration later[] = {
    {901, MIGRATION_EXPAND, "901-later-name", "ALTER TABLE nodes ADD COLUMN later_name TEXT;"},
    {902, MIGRATION_DATA, "902-later-names",
     "-- data: two at a time\n"
     "UPDATE nodes SET later_name = name WHERE id IN (SELECT id FROM nodes WHERE later_name IS "
     "NULL "
     "ORDER BY id LIMIT 2);"},
    {903, MIGRATION_CONTRACT, "903-contracted", "CREATE TABLE contracted (id INTEGER);"},
    {904, MIGRATION_EXPAND, "904-later-still", "CREATE TABLE later_still (id INTEGER);"},
};

/* The first `count` of them behind those of this program. */
typedef struct Newer {
    DbMigration rows[100];
    DbMigrations known;
} Newer;

static const DbMigrations *
newer(Newer *program, size_t count)
{
    memcpy(program->rows, db_migrations.rows, db_migrations.count * sizeof *program->rows);
    memcpy(program->rows + db_migrations.count, later, count * sizeof *later);
    program->known = (DbMigrations){program->rows, db_migrations.count + count};
    return &program->known;
}

static void
must_migrate(Db *db, size_t count)
{
    Newer program;
    g_autoptr(GError) error = NULL;
    if (!db_migrate(db, newer(&program, count), &error))
        fail_msg("%s", error->message);
}

static void
must_upgrade(Db *db, size_t count, DbUpgrade *upgrade)
{
    Newer program;
    g_autoptr(GError) error = NULL;
    if (!db_upgrade_with(db, newer(&program, count), upgrade, &error))
        fail_msg("%s", error->message);
}

/* As the connections of a newer program do; there is one connection in these tests. */
static void
introduce_as_newer(Db *db)
{
    if (db_is_shared(db))
        (void)scratch_number(
            db, "SELECT length(set_config('application_name', 'steeld schema 904', false))");
}

static int64_t
count_done(Db *db)
{
    return scratch_number(db, OLDER_SEES);
}

static void
an_older_program_works_on_a_schema_that_was_expanded(void **state)
{
    Scratch *scratch = *state;
    must_migrate(scratch->db, 1);
    assert_int_equal(count_done(scratch->db), 1);
    g_autoptr(Node) before = scratch_node(scratch->db, "before");
    db_close(g_steal_pointer(&scratch->db));
    scratch->db = scratch_open(scratch); /* the older one, started again */
    g_autoptr(Node) after = scratch_node(scratch->db, "after");
    assert_int_equal(scratch_number(scratch->db, "SELECT COUNT(*) FROM nodes"), 2);
}

static void
an_older_program_is_refused_when_the_schema_was_contracted(void **state)
{
    Scratch *scratch = *state;
    g_auto(DbUpgrade) upgrade = {0};
    g_autoptr(GError) error = NULL;
    introduce_as_newer(scratch->db);
    must_upgrade(scratch->db, 4, &upgrade);
    assert_null(upgrade.waits);
    assert_int_equal(upgrade.made, 4);
    assert_int_equal(upgrade.schema, 904);
    db_close(g_steal_pointer(&scratch->db));
    assert_null(db_open(scratch->url, &db_throw_away, &error));
    assert_error(error, STEEL_ERROR_DATABASE);
    assert_says(error, "the database has schema 903");
    assert_says(error, "use a newer steeld");
}

/* Of a database that has one program nobody else is asked. */
static void
a_start_leaves_to_the_operator_what_others_may_not_live_with(void **state)
{
    Scratch *scratch = *state;
    g_auto(DbUpgrade) upgrade = {0};
    g_autoptr(Node) node = scratch_node(scratch->db, "one");
    must_migrate(scratch->db, 4);
    assert_int_equal(count_done(scratch->db), db_is_shared(scratch->db) ? 2 : 4);
    must_upgrade(scratch->db, 4, &upgrade); /* this test's own connection is that of an older one */
    assert_int_equal(count_done(scratch->db), db_is_shared(scratch->db) ? 3 : 4);
    assert_int_equal(upgrade.waits != NULL, db_is_shared(scratch->db));
    if (upgrade.waits != NULL) {
        assert_non_null(strstr(upgrade.waits, "903-contracted waits"));
        assert_non_null(strstr(upgrade.waits, "steeld schema "));
    }
    db_upgrade_clear(&upgrade);
    introduce_as_newer(scratch->db);
    must_upgrade(scratch->db, 4, &upgrade);
    assert_null(upgrade.waits);
    assert_int_equal(count_done(scratch->db), 4);
}

static void
data_are_changed_in_batches_that_can_be_resumed(void **state)
{
    Scratch *scratch = *state;
    g_auto(DbUpgrade) upgrade = {0};
    must_migrate(scratch->db, 1);
    for (int i = 0; i < 5; i++) {
        g_autofree char *name = g_strdup_printf("n%d", i);
        node_free(scratch_node(scratch->db, name));
    }
    assert_int_equal(scratch_execute(scratch->db, later[1].sql),
                     2); /* and then it was broken off */
    must_upgrade(scratch->db, 2, &upgrade);
    assert_int_equal(upgrade.rows, 3);
    assert_int_equal(upgrade.made, 1);
    assert_int_equal(
        scratch_number(scratch->db, "SELECT COUNT(*) FROM nodes WHERE later_name = name"), 5);
    db_upgrade_clear(&upgrade);
    must_upgrade(scratch->db, 2, &upgrade);
    assert_int_equal(upgrade.made, 0);
}

static void
a_database_that_has_everything_is_left_as_it_is(void **state)
{
    Scratch *scratch = *state;
    g_auto(DbUpgrade) upgrade = {0};
    g_autoptr(GError) error = NULL;
    assert_true(db_upgrade(scratch->db, &upgrade, &error));
    assert_int_equal(upgrade.made, 0);
    assert_int_equal(upgrade.schema, db_schema_known(&db_migrations));
    assert_null(upgrade.waits);
}

static void
what_needs_its_predecessors_gets_them(void **state)
{
    Scratch *scratch = *state;
    Newer program;
    g_autoptr(GError) error = NULL;
    (void)newer(&program, 4);
    program.rows[program.known.count - 1].kind = MIGRATION_ALONE;
    assert_true(db_migrate(scratch->db, &program.known, &error));
    assert_int_equal(count_done(scratch->db), 4);
}

static void
a_batch_that_fails_names_its_migration(void **state)
{
    Scratch *scratch = *state;
    Newer program;
    g_auto(DbUpgrade) upgrade = {0};
    g_autoptr(GError) error = NULL;
    (void)newer(&program, 2);
    program.rows[program.known.count - 1].sql = "UPDATE nodes SET nowhere = 1";
    assert_false(db_upgrade_with(scratch->db, &program.known, &upgrade, &error));
    assert_says(error, "database migration 902-later-names");
    assert_int_equal(upgrade.made, 1);
    assert_int_equal(count_done(scratch->db), 1);
}

#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(an_older_program_works_on_a_schema_that_was_expanded),
        scratch_test(an_older_program_is_refused_when_the_schema_was_contracted),
        scratch_test(a_start_leaves_to_the_operator_what_others_may_not_live_with),
        scratch_test(data_are_changed_in_batches_that_can_be_resumed),
        scratch_test(a_database_that_has_everything_is_left_as_it_is),
        scratch_test(what_needs_its_predecessors_gets_them),
        scratch_test(a_batch_that_fails_names_its_migration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
