/* Migrations; the contract is in migrate.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/migrate.h"

#include "common/log.h"
#include "db/engine.h"
#include "db/internal.h"

#include <string.h>

/* ---- what was done before ---- */

static bool
make_version_table(Db *db, void *user_data, GError **error)
{
    (void)user_data;
    return db_execute(db, "CREATE TABLE IF NOT EXISTS schema_version (number BIGINT NOT NULL)",
                      NULL, 0, NULL, error);
}

static bool
note_number(const DbRow *row, void *user_data)
{
    int64_t number = db_row_integer(row, 0);
    g_array_append_val((GArray *)user_data, number);
    return true;
}

/* The numbers of the migrations that were done, ascending. Creates their table if the database may
 * be written. Alone: of two who create a table at once, PostgreSQL refuses one, also with IF NOT
 * EXISTS. NULL on failure. */
static GArray *
read_done(Db *db, GError **error)
{
    g_autoptr(GArray) done = g_array_new(FALSE, FALSE, sizeof(int64_t));
    if ((db_may_write(db) &&
         !db_transaction(db, DB_READ_MODIFY_WRITE, make_version_table, NULL, error)) ||
        !db_query(db, "SELECT number FROM schema_version ORDER BY number", NULL, 0, note_number,
                  done, error))
        return NULL;
    return g_steal_pointer(&done);
}

static bool
is_done(const GArray *done, int number)
{
    for (guint i = 0; i < done->len; i++)
        if (g_array_index(done, int64_t, i) == number)
            return true;
    return false;
}

int
db_schema_known(const DbMigrations *known)
{
    return known->rows[known->count - 1].number;
}

bool
db_schema_refuse(int64_t needed, int known, GError **error)
{
    return steel_fail(error, STEEL_ERROR_DATABASE,
                      "the database has schema %d, this program knows only %d: use a newer steeld",
                      (int)needed, known);
}

/* A schema that is newer than the program: what it must know at least says whether that matters. */
static bool
check_newer(Db *db, int64_t have, int known, GError **error)
{
    int64_t needed = 0;
    if (!db_query(db, "SELECT COALESCE(MAX(number), 0) FROM schema_version WHERE expands = 0", NULL,
                  0, db_read_integer, &needed, error))
        return false;
    if (needed > known)
        return db_schema_refuse(needed, known, error);
    log_info("db",
             "the database has schema %d of a newer steeld; this one, which knows %d, can work "
             "with it",
             (int)have, known);
    return true;
}

/* ---- doing one ---- */

static bool
record_done(Db *db, const DbMigration *migration, GError **error)
{
    const DbValue number = db_integer(migration->number);
    bool expands = migration->kind == MIGRATION_EXPAND || migration->kind == MIGRATION_DATA;
    return db_execute(db,
                      expands ? "INSERT INTO schema_version (number, expands) VALUES (?1, 1)"
                              : "INSERT INTO schema_version (number) VALUES (?1)",
                      &number, 1, NULL, error);
}

/* One migration, or a batch of one. */
typedef struct Work {
    const DbMigration *migration;
    int64_t rows;  /* out: changed by the batch */
    bool recorded; /* out: it was done, now or before */
} Work;

/* Another process may have done it meanwhile, so that is asked again while nobody else can. */
static bool
migrate_once(Db *db, void *user_data, GError **error)
{
    Work *work = user_data;
    const DbMigration *migration = work->migration;
    const DbValue number = db_integer(migration->number);
    int64_t count = 0;
    if (!db_query(db, "SELECT COUNT(*) FROM schema_version WHERE number = ?1", &number, 1,
                  db_read_integer, &count, error))
        return false;
    work->rows = 0;
    work->recorded = count > 0;
    if (work->recorded)
        return true;
    bool batch = migration->kind == MIGRATION_DATA;
    if (!(batch ? db_execute(db, migration->sql, NULL, 0, &work->rows, error)
                : db_run_script(db, migration->sql, error)))
        return false;
    work->recorded = work->rows == 0;
    return !work->recorded || record_done(db, migration, error);
}

/* Batches of data are transactions of their own, so that other writers wait for one at most. */
static bool
run_migration(Db *db, const DbMigration *migration, int64_t *rows, GError **error)
{
    Work work = {.migration = migration};
    do {
        if (!db_transaction(db, DB_READ_MODIFY_WRITE, migrate_once, &work, error)) {
            g_prefix_error(error, "database migration %s: ", migration->name);
            return false;
        }
        *rows += work.rows;
    } while (!work.recorded);
    return true;
}

/* ---- at a start ---- */

/* Where the last one is that needs all those before it. */
static size_t
needed_until(const DbMigrations *known, const GArray *done)
{
    for (size_t i = known->count; i > 0; i--)
        if (known->rows[i - 1].kind == MIGRATION_ALONE && !is_done(done, known->rows[i - 1].number))
            return i;
    return 0;
}

static bool
is_left_for_later(const Db *db, const DbMigration *migration, const GArray *done)
{
    return db_is_shared(db) && done->len > 0 &&
           (migration->kind == MIGRATION_DATA || migration->kind == MIGRATION_CONTRACT);
}

bool
db_migrate(Db *db, const DbMigrations *known, GError **error)
{
    g_autoptr(GArray) done = read_done(db, error);
    int newest = db_schema_known(known);
    int64_t rows = 0;
    if (done == NULL)
        return false;
    int64_t have = done->len > 0 ? g_array_index(done, int64_t, done->len - 1) : 0;
    if (have > newest && !check_newer(db, have, newest, error))
        return false;
    size_t needed = needed_until(known, done);
    for (size_t i = 0; i < known->count; i++) {
        const DbMigration *migration = &known->rows[i];
        if (is_done(done, migration->number) ||
            (i >= needed && is_left_for_later(db, migration, done)))
            continue;
        if (!run_migration(db, migration, &rows, error))
            return false;
    }
    return true;
}

/* ---- by order ---- */

typedef struct OlderSearch {
    int number;   /* the schema that a program must know */
    GString *who; /* those that do not */
} OlderSearch;

/* A program that knows a schema says so at the end of its name; older ones are called steeld
 * alone. -1: it is another program. */
static int
schema_of(const char *name)
{
    const char *mark = g_strrstr(name, DB_SCHEMA_MARK);
    if (mark != NULL)
        return (int)CLAMP(g_ascii_strtoll(mark + strlen(DB_SCHEMA_MARK), NULL, 10), 0, INT_MAX);
    return g_str_has_prefix(name, "steeld") ? 0 : -1;
}

static bool
note_older(const DbRow *row, void *user_data)
{
    OlderSearch *search = user_data;
    const char *name = db_row_text(row, 0, NULL), *place = db_row_text(row, 1, NULL);
    int schema = name != NULL ? schema_of(name) : -1;
    if (schema >= 0 && schema < search->number)
        g_string_append_printf(search->who, "%s%s from %s", search->who->len > 0 ? ", " : "", name,
                               place);
    return true;
}

/* Who works on the database and does not know a migration; "" if nobody. The caller frees; NULL on
 * failure. One that connects a moment later finds the schema too new, and does nothing. */
static char *
older_programs(Db *db, int number, GError **error)
{
    g_autoptr(GString) who = g_string_new(NULL);
    OlderSearch search = {number, who};
    const char *sql = db_words(db)->programs;
    if (sql != NULL && !db_query(db, sql, NULL, 0, note_older, &search, error))
        return NULL;
    return g_strdup(who->str);
}

/* A contracting migration waits for older programs; true with `waits` then. */
static bool
may_run(Db *db, const DbMigration *migration, DbUpgrade *upgrade, GError **error)
{
    if (migration->kind != MIGRATION_CONTRACT)
        return true;
    g_autofree char *older = older_programs(db, migration->number, error);
    if (older == NULL)
        return false;
    if (*older != '\0')
        upgrade->waits =
            g_strdup_printf("%s waits until these are upgraded: %s", migration->name, older);
    return true;
}

bool
db_upgrade_with(Db *db, const DbMigrations *known, DbUpgrade *upgrade, GError **error)
{
    g_autoptr(GArray) done = read_done(db, error);
    *upgrade = (DbUpgrade){.schema = db_schema_known(known)};
    if (done == NULL)
        return false;
    for (size_t i = 0; i < known->count; i++) {
        const DbMigration *migration = &known->rows[i];
        if (is_done(done, migration->number))
            continue;
        if (!may_run(db, migration, upgrade, error))
            return false;
        if (upgrade->waits != NULL)
            return true;
        if (!run_migration(db, migration, &upgrade->rows, error))
            return false;
        upgrade->made++;
    }
    return true;
}

bool
db_upgrade(Db *db, DbUpgrade *upgrade, GError **error)
{
    return db_upgrade_with(db, &db_migrations, upgrade, error);
}

void
db_upgrade_clear(DbUpgrade *upgrade)
{
    g_free(upgrade->waits);
    *upgrade = (DbUpgrade){0};
}
