/* Opening a database by its URL; the contract is in db.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/backoff.h"
#include "common/log.h"
#include "db/internal.h"
#include "db/migrate.h"

/* Waits for a server that does not answer yet, as long as the settings say. One that refuses is
 * not asked again. */
static bool
wait_for_server(Db *db, GError **error)
{
    const DbSettings *settings = db_settings(db);
    unsigned left = settings->connect_tries;
    if (!db_may_block(db))
        return true;
    for (;;) {
        g_autoptr(GError) cause = NULL;
        if (db_query(db, "SELECT 1", NULL, 0, NULL, NULL, &cause))
            return true;
        if (!steel_error_is(cause, STEEL_ERROR_DATABASE_BUSY) || left-- == 0) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return false;
        }
        log_warning("db", "%s; trying again in %u s", cause->message, settings->connect_pause_s);
        backoff_sleep(settings->connect_pause_s * 1000);
    }
}

Db *
db_open(const char *url, const DbSettings *settings, GError **error)
{
    Db *db = db_new(url, settings, error);
    if (db == NULL)
        return NULL;
    if (wait_for_server(db, error) && db_migrate(db, &db_migrations, error)) {
        db_set_schema(db, db_schema_known(&db_migrations));
        return db;
    }
    db_close(db);
    return NULL;
}
