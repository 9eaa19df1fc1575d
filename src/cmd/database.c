/* The configured database; the contract is in database.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cmd/database.h"

#include "common/config.h"
#include "db/copy.h"

#include <stdio.h>
#include <string.h>

/* A number of a section; -1 stands for "forever". */
static unsigned
unsigned_option(const Config *config, ConfigOption option)
{
    int64_t value = config_integer(config, option);
    return value < 0 ? UINT_MAX : (unsigned)MIN(value, (int64_t)UINT_MAX);
}

static DbSettings
database_settings(const Config *config)
{
    return (DbSettings){
        .synchronous = config_boolean(config, OPT_DATABASE_SQLITE_SYNCHRONOUS),
        .wait_limit_s = unsigned_option(config, OPT_DATABASE_SQLITE_MAX_WAIT_FOR_RETRY),
        .write_damaged = config_boolean(config, OPT_DATABASE_WRITE_DAMAGED),
        .pool_size = unsigned_option(config, OPT_DATABASE_MAX_POOL_SIZE),
        .pool_overflow = unsigned_option(config, OPT_DATABASE_MAX_OVERFLOW),
        .pool_timeout_s = unsigned_option(config, OPT_DATABASE_POOL_TIMEOUT),
        .recycle_s =
            (int)MIN(config_integer(config, OPT_DATABASE_CONNECTION_RECYCLE_TIME), INT_MAX),
        .connect_tries = unsigned_option(config, OPT_DATABASE_MAX_RETRIES),
        .connect_pause_s = unsigned_option(config, OPT_DATABASE_RETRY_INTERVAL),
        .tries = unsigned_option(config, OPT_DATABASE_DB_MAX_RETRIES),
        .call_limit_s = unsigned_option(config, OPT_DATABASE_CALL_TIMEOUT),
    };
}

static bool
open_url(const char *url, Db **db, GError **error)
{
    const DbSettings settings = database_settings(config_current());
    *db = db_open(url, &settings, error);
    return *db != NULL;
}

bool
database_open(Db **db, GError **error)
{
    return open_url(config_string(config_current(), OPT_DATABASE_CONNECTION), db, error);
}

typedef struct Sum {
    unsigned tables;
    int64_t rows;
} Sum;

static void
print_table(const DbTableCopy *copy, void *user_data)
{
    Sum *sum = user_data;
    sum->tables++;
    sum->rows += copy->rows;
    printf("%-18s %8" G_GINT64_FORMAT " rows  sha256 %s\n", copy->table, copy->rows, copy->digest);
}

static bool
copy_database(const char *from_url, const char *to_url, GError **error)
{
    Db *from = NULL, *to = NULL;
    Sum sum = {0};
    bool good = open_url(from_url, &from, error) && open_url(to_url, &to, error) &&
                db_copy(from, to, print_table, &sum, error);
    db_close(to);
    db_close(from);
    if (good)
        printf("equal: %u tables, %" G_GINT64_FORMAT " rows\n", sum.tables, sum.rows);
    return good;
}

bool
database_command(int count, char **words, GError **error)
{
    Db *db = NULL;
    const char *configured = config_string(config_current(), OPT_DATABASE_CONNECTION);
    if (strcmp(words[0], "copy") == 0)
        return count == 2 || count == 3
                   ? copy_database(words[1], count == 3 ? words[2] : configured, error)
                   : steel_fail(error, STEEL_ERROR_CONFIG,
                                "usage: steeld db copy FROM [TO], both as [database]connection "
                                "is written");
    bool good = open_url(configured, &db, error);
    db_close(db);
    return good;
}
