/* What is SQLite's own: its file, its damage, its one writer.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "common/time_text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
others_cannot_read_a_new_database(void **state)
{
    static const char *const names[] = {"steel.sqlite", "steel.sqlite-wal", "steel.sqlite-shm"};
    Scratch *scratch = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(scratch->folder, names[i], NULL);
        struct stat status;
        assert_int_equal(stat(path, &status), 0);
        if (status.st_mode & 07)
            fail_msg("%s has mode %o", names[i], status.st_mode & 0777);
    }
}

/* A database as the first version of the program left it, with one node. */
static void
make_first_version(const char *path)
{
    g_autofree char *schema = NULL;
    g_autoptr(GError) error = NULL;
    sqlite3 *database = NULL;
    if (!g_file_get_contents(SOURCE_ROOT "/src/db/schema/001-initial.sql", &schema, NULL, &error))
        fail_msg("%s", error->message);
    g_autofree char *script =
        g_strconcat("CREATE TABLE schema_version (number BIGINT NOT NULL);", schema,
                    "INSERT INTO schema_version VALUES (1);"
                    "INSERT INTO nodes (uuid, driver, name) VALUES ('u', 'ipmi', 'kept');",
                    NULL);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    if (sqlite3_exec(database, script, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(database));
    sqlite3_close(database);
}

static void
a_database_of_an_older_program_is_migrated_with_its_rows(void **state)
{
    Scratch *scratch = *state;
    int64_t newest = scratch_number(scratch->db, "SELECT MAX(number) FROM schema_version");
    int64_t changes = scratch_number(scratch->db, "SELECT COUNT(*) FROM schema_version");
    g_autofree char *path = g_build_filename(scratch->folder, "old.sqlite", NULL);
    g_autofree char *url = g_strconcat("sqlite:///", path, NULL);
    g_autoptr(GError) error = NULL;
    make_first_version(path);
    Db *db = db_open(url, &db_throw_away, &error);
    if (db == NULL)
        fail_msg("%s", error->message);
    assert_true(scratch_number(db, "SELECT MAX(number) FROM schema_version") == newest);
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM schema_version") == changes);
    g_autoptr(Node) node = db_record_find(db, &node_resource, "name", "kept", &error);
    assert_non_null(node);
    const char *count = "SELECT COUNT(*) FROM sqlite_master WHERE sql IS NOT NULL";
    assert_true(scratch_number(db, count) == scratch_number(scratch->db, count));
    db_close(db);
}

/* Only a power cut shows if the engine syncs, so the test reads its settings. */
static void
each_connection_has_the_settings_of_the_database(void **state)
{
    Scratch *scratch = *state;
    const DbSettings settings = {.synchronous = true, .wait_limit_s = 3};
    g_autoptr(GError) error = NULL;
    Db *db = db_open(scratch->url, &settings, &error);
    assert_non_null(db);
    assert_true(scratch_number(db, "PRAGMA synchronous") == 2);
    assert_true(scratch_number(db, "PRAGMA busy_timeout") == 3000);
    assert_true(scratch_number(scratch->db, "PRAGMA synchronous") == 1);
    db_close(db);
}

static void
a_path_that_cannot_be_opened_is_named(void **state)
{
    Scratch *scratch = *state;
    g_autofree char *missing = g_strconcat(scratch->url, ".d/no/steel.sqlite", NULL);
    g_autofree char *folder = g_strconcat("sqlite:///", scratch->folder, NULL);
    refused(missing, STEEL_ERROR_DATABASE, ".d/no/steel.sqlite cannot be read or written");
    refused(folder, STEEL_ERROR_DATABASE, "cannot be read or written");
}

static void
a_file_that_is_no_database_is_refused_as_such(void **state)
{
    Scratch *scratch = *state;
    g_autofree char *path = g_build_filename(scratch->folder, "text", NULL);
    g_autofree char *url = g_strconcat("sqlite:///", path, NULL);
    g_autofree char *text = g_strnfill(8192, 'x');
    assert_true(g_file_set_contents(path, text, -1, NULL));
    refused(url, STEEL_ERROR_DATABASE_DAMAGED, "is damaged or no database");
    refused(url, STEEL_ERROR_DATABASE_DAMAGED, path);
}

static bool
write_nothing(Db *db, void *user_data, GError **error)
{
    (void)db, (void)user_data, (void)error;
    return true;
}

/* Overwrites all pages of the file but the first. */
static void
damage(const char *path)
{
    char noise[4096];
    memset(noise, 0x5a, sizeof noise);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    struct stat status;
    assert_true(file >= 0 && fstat(file, &status) == 0);
    for (off_t at = 4096; at < status.st_size; at += 4096)
        assert_int_equal(pwrite(file, noise, sizeof noise, at), sizeof noise);
    close(file);
}

static void
damaged_pages_give_a_sentence_with_the_file_and_what_to_do(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    for (int i = 0; i < 50; i++)
        node_free(scratch_node(scratch->db, NULL));
    db_close(g_steal_pointer(&scratch->db));
    damage(scratch->path);
    Db *db = db_open(scratch->url, &db_throw_away, &error);
    if (db != NULL) {
        GPtrArray *found = db_records_where(db, &node_resource, "1 = 1", NULL, 0, &error);
        assert_null(found);
        db_close(db);
    }
    assert_error(error, STEEL_ERROR_DATABASE_DAMAGED);
    assert_says(error, scratch->path);
    assert_says(error, "restore it from a backup");
}

/* Overwrites the page that the table of nodes begins on; all else can be read. */
static void
damage_nodes(const Scratch *scratch)
{
    char noise[4096];
    memset(noise, 0x5a, sizeof noise);
    int64_t page =
        scratch_number(scratch->db, "SELECT rootpage FROM sqlite_schema WHERE name = 'nodes'");
    scratch_number(scratch->db, "PRAGMA wal_checkpoint(TRUNCATE)");
    int file = open(scratch->path, O_WRONLY | O_CLOEXEC);
    assert_true(file >= 0 && page > 1);
    assert_int_equal(pwrite(file, noise, sizeof noise, (page - 1) * 4096), sizeof noise);
    fsync(file);
}

static bool
make_chassis(Db *db, GError **error)
{
    return db_execute(db, "INSERT INTO chassis (uuid, extra) VALUES ('c', '{}')", NULL, 0, NULL,
                      error);
}

/* A damaged database can still be read. */
static void
assert_only_read(Db *db)
{
    g_autoptr(GError) health = NULL, writing = NULL, transaction = NULL, reading = NULL;
    assert_false(db_alive(db, &health));
    assert_error(health, STEEL_ERROR_DATABASE_DAMAGED);
    assert_false(make_chassis(db, &writing));
    assert_error(writing, STEEL_ERROR_DATABASE_DAMAGED);
    assert_says(writing, "it is not written to until it is restored from a backup or recovered");
    assert_false(db_transaction(db, DB_WRITE, write_nothing, NULL, &transaction));
    assert_error(transaction, STEEL_ERROR_DATABASE_DAMAGED);
    assert_null(db_records_where(db, &node_resource, "1 = 1", NULL, 0, &reading));
    assert_error(reading, STEEL_ERROR_DATABASE_DAMAGED);
    assert_int_equal(scratch_number(db, "SELECT COUNT(*) FROM chassis"), 0);
}

static void
a_damaged_database_is_noticed_when_it_is_opened_and_only_read(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    node_free(scratch_node(scratch->db, NULL));
    damage_nodes(scratch);
    db_close(g_steal_pointer(&scratch->db));
    Db *db = scratch_open(scratch);
    assert_only_read(db);
    db_close(db);
    const DbSettings stubborn = {.wait_limit_s = 10, .write_damaged = true};
    scratch->db = db_open(scratch->url, &stubborn, &error);
    assert_non_null(scratch->db);
    assert_true(db_alive(scratch->db, &error));
    assert_true(make_chassis(scratch->db, &error));
}

static void
a_large_database_is_checked_while_it_is_used(void **state)
{
    Scratch *scratch = *state;
    const DbSettings large = {.wait_limit_s = 10, .small_size = 1};
    g_autoptr(GError) error = NULL, health = NULL;
    node_free(scratch_node(scratch->db, NULL));
    db_close(db_open(scratch->url, &large, &error)); /* at once: this ends the check */
    damage_nodes(scratch);
    db_close(g_steal_pointer(&scratch->db));
    Db *db = db_open(scratch->url, &large, &error);
    assert_non_null(db);
    int64_t limit_ms = time_monotonic_ms() + 30000;
    while (db_alive(db, &health) && time_monotonic_ms() < limit_ms)
        poll(NULL, 0, 1);
    assert_only_read(db);
    db_close(db);
}

static void *
read_nodes(void *db)
{
    /* a thread with a connection of its own, and nothing remembered */
    g_autoptr(GError) error = NULL;
    return db_records_where(db, &node_resource, "1 = 1", NULL, 0, &error);
}

static void
damage_found_by_a_read_ends_writing(void **state)
{
    Scratch *scratch = *state;
    pthread_t reader;
    void *found = scratch;
    node_free(scratch_node(scratch->db, NULL));
    damage_nodes(scratch);
    assert_int_equal(pthread_create(&reader, NULL, read_nodes, scratch->db), 0);
    pthread_join(reader, &found);
    assert_null(found);
    g_autoptr(GError) writing = NULL;
    assert_false(make_chassis(scratch->db, &writing));
    assert_error(writing, STEEL_ERROR_DATABASE_DAMAGED);
}

static unsigned
mode_of(const char *path, const char *suffix)
{
    g_autofree char *file = g_strconcat(path, suffix, NULL);
    struct stat status;
    assert_int_equal(stat(file, &status), 0);
    return status.st_mode & 0777;
}

static void
a_database_that_others_can_read_is_made_private(void **state)
{
    Scratch *scratch = *state;
    g_autofree char *log = g_strconcat(scratch->path, "-wal", NULL);
    node_free(scratch_node(scratch->db, NULL));
    assert_int_equal(chmod(scratch->path, 0666), 0);
    assert_int_equal(chmod(log, 0644), 0);
    Db *second = scratch_open(scratch);
    assert_int_equal(mode_of(scratch->path, ""), 0640);
    assert_int_equal(mode_of(scratch->path, "-wal"), 0640);
    db_close(second);
    assert_int_equal(chmod(scratch->path, 0600), 0); /* a tighter mode stays */
    db_close(scratch_open(scratch));
    assert_int_equal(mode_of(scratch->path, ""), 0600);
}

/* A child process runs `work`; its status must be 0. Failed assertions are in its output. */
static void
in_child(void (*work)(void))
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        work();
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void
child_fails(const char *what, const GError *error)
{
    fprintf(stderr, "%s: %s\n", what, error != NULL ? error->message : g_strerror(errno));
    _exit(1);
}

#define SMALL_DISK "/mnt"

/* In a mount namespace of its own, with a file system of two megabytes. */
static void
fill_a_small_disk(void)
{
    g_autoptr(GError) error = NULL;
    int flags = geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
    /* In a chroot "/" is no mount point (EINVAL), and what is mounted below it in our own namespace
     * goes with it. */
    if (unshare(flags) != 0 ||
        (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 && errno != EINVAL) ||
        mount("tmpfs", SMALL_DISK, "tmpfs", 0, "size=2m") != 0)
        child_fails("a small file system", NULL);
    Db *db = db_open("sqlite:///" SMALL_DISK "/full.sqlite", &db_throw_away, &error);
    if (db == NULL)
        child_fails("open", error);
    int inserted = 0;
    g_autofree char *filler = g_strnfill(10000, 'x');
    while (error == NULL && inserted < 1000) {
        g_autoptr(Node) node = node_new();
        node->driver = g_strdup("fake-hardware");
        node->description = g_strdup(filler);
        inserted += db_record_insert(db, &node_resource, node, &error);
    }
    if (!steel_error_is(error, STEEL_ERROR_DATABASE) || inserted < 10 || inserted > 500 ||
        strcmp(error->message, "the disk that holds " SMALL_DISK "/full.sqlite is full") != 0)
        child_fails("the sentence about a full disk", error);
    GError *second = NULL; /* reading still works, and new room makes writing work again */
    g_autoptr(GPtrArray) rows =
        db_records_where(db, &node_resource, "1 = 1 ORDER BY id", NULL, 0, &second);
    if (rows == NULL || (int)rows->len != inserted)
        child_fails("reading on a full disk", second);
    if (mount("none", SMALL_DISK, NULL, MS_REMOUNT, "size=20m") != 0)
        child_fails("a larger file system", NULL);
    g_autoptr(Node) node = node_new();
    node->driver = g_strdup("fake-hardware");
    if (!db_record_insert(db, &node_resource, node, &second))
        child_fails("writing when there is room again", second);
    db_close(db);
}

static void
a_full_disk_is_reported_loses_nothing_and_heals_with_room(void **state)
{
    (void)state;
    in_child(fill_a_small_disk);
}

static bool
stop_at_once(const DbRow *row, void *user_data)
{
    (void)row;
    (void)user_data;
    return false;
}

static void
a_file_that_another_process_holds_is_busy_and_that_may_be_retried(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(scratch->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    scratch_number(scratch->db, "PRAGMA busy_timeout = 50"); /* not ten seconds */
    int64_t changed = 0;
    assert_false(
        db_execute(scratch->db, "UPDATE nodes SET extra = NULL", NULL, 0, &changed, &error));
    assert_error(error, STEEL_ERROR_DATABASE_BUSY);
    assert_true(steel_error_retryable(error));
    assert_int_equal(steel_error_info(error)->http_status, 503);
    assert_says(error, scratch->path);
    g_clear_error(&error); /* reads continue meanwhile, and writes afterwards */
    assert_true(db_query(scratch->db, "SELECT * FROM nodes", NULL, 0, stop_at_once, NULL, &error));
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    scratch_execute(scratch->db, "UPDATE nodes SET extra = NULL");
    sqlite3_close(other);
}

/* The mark belongs to the connection, and ends with it. */
static bool
insert_and_be_rolled_back(Db *db, void *user_data, GError **error)
{
    (void)user_data;
    return db_execute(db, "INSERT INTO chassis (uuid) VALUES ('x')", NULL, 0, NULL, error) &&
           db_execute(db, "ROLLBACK", NULL, 0, NULL, error) &&
           db_execute(db, "CREATE TEMP TABLE mark (x)", NULL, 0, NULL, error) &&
           steel_fail(error, STEEL_ERROR_LIMIT, "the cause");
}

/* SQLite itself ends a transaction on a full disk. A connection that cannot roll back is not used
 * again. */
static void
a_transaction_that_is_over_already_does_not_harm_the_next(void **state)
{
    Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    assert_false(db_transaction(scratch->db, DB_WRITE, insert_and_be_rolled_back, NULL, &error));
    assert_error(error, STEEL_ERROR_LIMIT);
    g_clear_error(&error);
    assert_false(db_execute(scratch->db, "DROP TABLE mark", NULL, 0, NULL, &error));
    assert_says(error, "no such table: mark");
    scratch_transaction(scratch->db, (ScratchWork){false, false, true}, true, 2);
    scratch_transaction(scratch->db, (ScratchWork){false, true, true}, false, 0);
}

#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(others_cannot_read_a_new_database),
        scratch_test(a_database_of_an_older_program_is_migrated_with_its_rows),
        scratch_test(each_connection_has_the_settings_of_the_database),
        scratch_test(a_path_that_cannot_be_opened_is_named),
        scratch_test(a_file_that_is_no_database_is_refused_as_such),
        scratch_test(a_damaged_database_is_noticed_when_it_is_opened_and_only_read),
        scratch_test(a_large_database_is_checked_while_it_is_used),
        scratch_test(damage_found_by_a_read_ends_writing),
        scratch_test(a_database_that_others_can_read_is_made_private),
        scratch_test(damaged_pages_give_a_sentence_with_the_file_and_what_to_do),
        cmocka_unit_test(a_full_disk_is_reported_loses_nothing_and_heals_with_room),
        scratch_test(a_file_that_another_process_holds_is_busy_and_that_may_be_retried),
        scratch_test(a_transaction_that_is_over_already_does_not_harm_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
