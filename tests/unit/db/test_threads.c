/* Many threads on one database: writers take turns and none fails, readers see whole transactions,
 * connections end with their threads.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "common/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define WRITERS 8
#define WRITES 150

typedef struct Shared {
    Db *db;
    atomic_int failures, torn, done;
} Shared;

typedef struct Writer {
    Shared *shared;
    int number;
} Writer;

static void
note_failure(Shared *shared, const GError *error)
{
    atomic_fetch_add(&shared->failures, 1);
    fprintf(stderr, "%s\n", error != NULL ? error->message : "no error");
}

static bool
write_pair(Db *db, void *user_data, GError **error)
{
    const Writer *writer = user_data;
    const DbValue value = db_integer(writer->number);
    return db_execute(db, "UPDATE nodes SET power_sync_failures = ?1 WHERE name = 'a'", &value, 1,
                      NULL, error) &&
           db_execute(db, "UPDATE nodes SET power_sync_failures = ?1 WHERE name = 'b'", &value, 1,
                      NULL, error);
}

static void *
write_all(void *data)
{
    Writer *writer = data;
    for (int i = 0; i < WRITES; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Chassis) chassis = chassis_new();
        bool good = i % 2 == 0
                        ? db_transaction(writer->shared->db, DB_WRITE, write_pair, writer, &error)
                        : db_record_insert(writer->shared->db, &chassis_resource, chassis, &error);
        if (!good)
            note_failure(writer->shared, error);
    }
    atomic_fetch_add(&writer->shared->done, 1);
    return NULL;
}

static bool
compare_first(const DbRow *row, void *user_data)
{
    *(bool *)user_data = db_row_integer(row, 0) == db_row_integer(row, 1);
    return true;
}

static void *
read_all(void *data)
{
    Shared *shared = data;
    while (atomic_load(&shared->done) < WRITERS) {
        g_autoptr(GError) error = NULL;
        bool same = true;
        if (!db_query(shared->db,
                      "SELECT MIN(power_sync_failures), MAX(power_sync_failures) FROM nodes", NULL,
                      0, compare_first, &same, &error))
            note_failure(shared, error);
        if (!same)
            atomic_fetch_add(&shared->torn, 1);
    }
    return NULL;
}

static void
writers_never_find_the_database_busy_and_readers_never_see_half_a_transaction(void **state)
{
    Shared shared = {.db = ((const Scratch *)*state)->db};
    pthread_t threads[WRITERS + 2];
    Writer writers[WRITERS];
    node_free(scratch_node(shared.db, "a"));
    node_free(scratch_node(shared.db, "b"));
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (Writer){&shared, i};
        assert_int_equal(pthread_create(&threads[i], NULL, write_all, &writers[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[WRITERS + i], NULL, read_all, &shared), 0);
    for (int i = 0; i < WRITERS + 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&shared.failures), 0);
    assert_int_equal(atomic_load(&shared.torn), 0);
    assert_true(scratch_number(shared.db, "SELECT COUNT(*) FROM chassis") == WRITERS * WRITES / 2);
}

static void
job_write(void *data)
{
    Shared *shared = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(Chassis) chassis = chassis_new();
    if (!db_record_insert(shared->db, &chassis_resource, chassis, &error))
        note_failure(shared, error);
}

static void
the_database_may_be_closed_as_soon_as_the_pool_is_freed(void **state)
{
    Scratch *scratch = *state;
    for (int round = 0; round < 10; round++) {
        Shared shared = {.db = scratch_open(scratch)};
        Pool *pool = pool_new("writers", 8, 100);
        for (int i = 0; i < 40; i++)
            assert_true(pool_submit(pool, job_write, &shared, NULL));
        pool_free(pool);
        db_close(shared.db);
        assert_int_equal(atomic_load(&shared.failures), 0);
    }
    assert_true(scratch_number(scratch->db, "SELECT COUNT(*) FROM chassis") == 400);
}

static bool
work_that_fails(Db *db, void *user_data, GError **error)
{
    (void)user_data;
    return db_execute(db, "INSERT INTO chassis (uuid) VALUES ('x')", NULL, 0, NULL, error) &&
           steel_fail(error, STEEL_ERROR_LIMIT, "no");
}

static void *
fail_transactions(void *data)
{
    Shared *shared = data;
    for (int i = 0; i < WRITES; i++) {
        g_autoptr(GError) error = NULL;
        if (db_transaction(shared->db, DB_WRITE, work_that_fails, NULL, &error) ||
            !steel_error_is(error, STEEL_ERROR_LIMIT))
            note_failure(shared, error);
    }
    return NULL;
}

static void
a_transaction_that_fails_gives_its_turn_back(void **state)
{
    Shared shared = {.db = ((const Scratch *)*state)->db};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fail_transactions, &shared), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&shared.failures), 0);
    assert_true(scratch_number(shared.db, "SELECT COUNT(*) FROM chassis") == 0);
}

#define COUNTERS 4
#define COUNTS 50

static bool
read_count(const DbRow *row, void *user_data)
{
    *(int64_t *)user_data = db_row_integer(row, 0);
    return false;
}

static bool
count_one(Db *db, void *user_data, GError **error)
{
    int64_t count = 0;
    (void)user_data;
    if (!db_query(db, "SELECT power_sync_failures FROM nodes", NULL, 0, read_count, &count, error))
        return false;
    const DbValue next = db_integer(count + 1);
    return db_execute(db, "UPDATE nodes SET power_sync_failures = ?1", &next, 1, NULL, error);
}

/* Returns how often it could not count. */
static void *
count_all(void *data)
{
    Db *db = scratch_open(data);
    intptr_t failures = 0;
    for (int i = 0; i < COUNTS; i++) {
        g_autoptr(GError) error = NULL;
        bool good = false;
        do {
            g_clear_error(&error);
            good = db_transaction(db, DB_READ_MODIFY_WRITE, count_one, NULL, &error);
        } while (steel_error_is(error, STEEL_ERROR_DATABASE_BUSY));
        failures += !good;
    }
    db_close(db);
    return (void *)failures;
}

/* Each Db has connections and turns of its own, as another process has. */
static void
nobody_changes_what_a_transaction_has_read_before_its_end(void **state)
{
    Scratch *scratch = *state;
    pthread_t threads[COUNTERS];
    node_free(scratch_node(scratch->db, "a"));
    for (int i = 0; i < COUNTERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_all, scratch), 0);
    for (int i = 0; i < COUNTERS; i++) {
        void *failures = NULL;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    assert_true(scratch_number(scratch->db, "SELECT power_sync_failures FROM nodes") ==
                (int64_t)COUNTERS * COUNTS);
}

static bool
note_row(const DbRow *row, void *user_data)
{
    (void)row;
    *(bool *)user_data = true;
    return false;
}

static bool
insert_unless_there(Db *db, void *user_data, GError **error)
{
    const DbValue name = db_text(user_data);
    bool there = false;
    return db_query(db, "SELECT 1 FROM nodes WHERE description = ?1", &name, 1, note_row, &there,
                    error) &&
           (there || db_execute(db, "INSERT INTO chassis (uuid, description) VALUES (?1, ?1)",
                                &name, 1, NULL, error));
}

static bool
insert_node_unless_chassis(Db *db, const char *name, GError **error)
{
    const DbValue value = db_text(name);
    return db_execute(db,
                      "INSERT INTO nodes (uuid, driver, description) SELECT ?1, 'fake', ?1 WHERE "
                      "NOT EXISTS (SELECT 1 FROM chassis WHERE description = ?1)",
                      &value, 1, NULL, error);
}

#define NAMES 100

/* Half of the threads look for a node and make a chassis, the others do the reverse with a single
 * statement: neither may miss what the other adds. */
static void *
look_and_insert(void *data)
{
    const Scratch *scratch = data;
    g_autoptr(GError) error = NULL;
    static int number;
    bool transacts = __atomic_fetch_add(&number, 1, __ATOMIC_RELAXED) % 2;
    Db *db = scratch_open(scratch);
    uintptr_t failures = 0;
    for (int i = 0; i < NAMES; i++) {
        g_autofree char *name = g_strdup_printf("name-%d", i);
        bool good =
            transacts ? db_transaction(db, DB_READ_MODIFY_WRITE, insert_unless_there, name, &error)
                      : insert_node_unless_chassis(db, name, &error);
        if (!good && !steel_error_is(error, STEEL_ERROR_CONFLICT)) {
            fprintf(stderr, "%s\n", error->message);
            failures++;
        }
        g_clear_error(&error);
    }
    db_close(db);
    return (void *)failures;
}

static void
nobody_adds_what_a_transaction_has_looked_for_before_its_end(void **state)
{
    Scratch *scratch = *state;
    pthread_t threads[COUNTERS];
    for (int i = 0; i < COUNTERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_and_insert, scratch), 0);
    for (int i = 0; i < COUNTERS; i++) {
        void *failures = NULL;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    assert_true(scratch_number(scratch->db, "SELECT COUNT(*) FROM nodes") +
                    scratch_number(scratch->db, "SELECT COUNT(*) FROM chassis") ==
                NAMES);
    assert_true(scratch_number(scratch->db, "SELECT COUNT(*) FROM nodes n JOIN chassis c ON "
                                            "c.description = n.description") == 0);
}

#define OPENERS 8

static void *
open_database(void *data)
{
    const Scratch *scratch = data;
    g_autoptr(GError) error = NULL;
    Db *db = db_open(scratch->url, &db_throw_away, &error);
    if (db == NULL)
        fprintf(stderr, "%s\n", error->message);
    return db;
}

/* Each Db has connections and turns of its own, as another process has. */
static void
many_processes_that_open_a_new_database_make_it_once(void **state)
{
    Scratch *scratch = *state;
    int64_t changes = scratch_number(scratch->db, "SELECT COUNT(*) FROM schema_version");
    for (int round = 0; round < 5; round++) {
        pthread_t threads[OPENERS];
        void *opened[OPENERS];
        scratch_empty(scratch);
        for (int i = 0; i < OPENERS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, open_database, scratch), 0);
        for (int i = 0; i < OPENERS; i++)
            pthread_join(threads[i], &opened[i]);
        int good = 0;
        for (int i = 0; i < OPENERS; i++) {
            good += opened[i] != NULL;
            db_close(opened[i]);
        }
        assert_int_equal(good, OPENERS);
        scratch->db = scratch_open(scratch);
        assert_true(scratch_number(scratch->db, "SELECT COUNT(*) FROM schema_version") == changes);
    }
}

#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(writers_never_find_the_database_busy_and_readers_never_see_half_a_transaction),
        scratch_test(the_database_may_be_closed_as_soon_as_the_pool_is_freed),
        scratch_test(a_transaction_that_fails_gives_its_turn_back),
        scratch_test(nobody_changes_what_a_transaction_has_read_before_its_end),
        scratch_test(nobody_adds_what_a_transaction_has_looked_for_before_its_end),
        scratch_test(many_processes_that_open_a_new_database_make_it_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
