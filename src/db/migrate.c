/* Migrations; the contract is in migrate.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/migrate.h"

#include "db/internal.h"
#include "db/migrations.h"

static bool
read_integer(const DbRow *row, void *user_data)
{
    *(int64_t *)user_data = db_row_integer(row, 0);
    return false;
}

static bool
read_number(Db *db, int64_t *number, GError **error)
{
    return db_query(db, "SELECT COALESCE(MAX(number), 0) FROM schema_version", NULL, 0,
                    read_integer, number, error);
}

static bool
run_migration(Db *db, const DbMigration *migration, GError **error)
{
    const DbValue number = db_integer(migration->number);
    if (db_run_script(db, migration->sql, error) &&
        db_execute(db, "INSERT INTO schema_version (number) VALUES (?1)", &number, 1, NULL, error))
        return true;
    g_prefix_error(error, "database migration %s: ", migration->name);
    return false;
}

/* Another process may have migrated meanwhile, so the schema is read again while nobody else can
 * change it. */
static bool
migrate_once(Db *db, void *user_data, GError **error)
{
    const DbMigration *migration = user_data;
    int64_t have = 0;
    if (!read_number(db, &have, error))
        return false;
    return have >= migration->number || run_migration(db, migration, error);
}

static bool
make_version_table(Db *db, void *user_data, GError **error)
{
    (void)user_data;
    return db_execute(db, "CREATE TABLE IF NOT EXISTS schema_version (number BIGINT NOT NULL)",
                      NULL, 0, NULL, error);
}

/* Reads the number of the schema. Creates the table of that number if the database may be written.
 * Alone: of two who create a table at once, PostgreSQL refuses one, also with IF NOT EXISTS. */
static bool
read_schema(Db *db, int64_t *have, GError **error)
{
    return (!db_may_write(db) ||
            db_transaction(db, DB_READ_MODIFY_WRITE, make_version_table, NULL, error)) &&
           read_number(db, have, error);
}

bool
db_migrate(Db *db, GError **error)
{
    int64_t have = 0;
    if (!read_schema(db, &have, error))
        return false;
    size_t count;
    const DbMigration *migrations = db_migrations(&count);
    if (count > 0 && have > migrations[count - 1].number)
        return steel_fail(
            error, STEEL_ERROR_DATABASE,
            "the database has schema %d, this program knows only %d: use a newer steeld", (int)have,
            migrations[count - 1].number);
    for (size_t i = 0; i < count; i++) {
        DbMigration migration = migrations[i];
        if (migration.number > have &&
            !db_transaction(db, DB_READ_MODIFY_WRITE, migrate_once, &migration, error))
            return false;
    }
    return true;
}
