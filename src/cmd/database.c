/* The configured database; the contract is in database.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cmd/database.h"

#include "common/config.h"
#include "common/log.h"
#include "db/copy.h"
#include "db/secrets.h"

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

/* The credential with the keys that systemd hands over, and that counts; NULL: none. The caller
 * frees. */
static char *
key_credential(const Config *config)
{
    const char *folder = g_getenv("CREDENTIALS_DIRECTORY");
    if (folder == NULL || config_string(config, OPT_DATABASE_KEY_FILE) != NULL)
        return NULL;
    g_autofree char *file = g_build_filename(folder, "steel.keys", NULL);
    return g_file_test(file, G_FILE_TEST_EXISTS) ? g_steal_pointer(&file) : NULL;
}

/* The file of keys: as configured, else a credential that systemd hands over, else one in the
 * state directory. The caller frees. */
static char *
key_file(const Config *config)
{
    const char *file = config_string(config, OPT_DATABASE_KEY_FILE);
    if (file != NULL)
        return g_strdup(file);
    char *credential = key_credential(config);
    return credential != NULL
               ? credential
               : g_build_filename(config_string(config, OPT_STATE_PATH), "secret.keys", NULL);
}

/* Opens the configured database with its keys. */
static bool
open_configured(Db **db, GError **error)
{
    const Config *config = config_current();
    g_autofree char *keys = key_file(config);
    return open_url(config_string(config, OPT_DATABASE_CONNECTION), db, error) &&
           db_secrets_use(*db, keys, error);
}

static bool
open_and_seal(Db **db, DbSealed *done, GError **error)
{
    return open_configured(db, error) && db_secrets_seal_once(*db, done, error);
}

bool
database_open(Db **db, GError **error)
{
    DbSealed done = {0};
    if (!open_and_seal(db, &done, error))
        return false;
    if (done.plain + done.former > 0)
        log_info("db", "%" G_GUINT64_FORMAT " secrets in the database were sealed",
                 done.plain + done.former);
    return true;
}

/* `upgrade`, `seal` and `rekey`. */
typedef struct Command {
    const char *word;
    bool (*run)(Db *db, DbSealed *done, GError **error);
} Command;

/* The schema, and what it leaves for later; then the secrets. */
static bool
upgrade(Db *db, DbSealed *done, GError **error)
{
    g_auto(DbUpgrade) made = {0};
    bool good = db_upgrade(db, &made, error);
    if (made.made > 0)
        printf("schema: %u changes made, %" G_GINT64_FORMAT " rows\n", made.made, made.rows);
    if (made.waits != NULL)
        printf("schema: %s; repeat this then\n", made.waits);
    return good && db_secrets_seal_once(db, done, error);
}

/* A credential is a copy that ends with the service: a key that was written into it would be lost,
 * and with it all that it has sealed. */
static bool
rekey(Db *db, DbSealed *done, GError **error)
{
    g_autofree char *credential = key_credential(config_current());
    if (credential != NULL)
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "the keys are the systemd credential %s, which steeld cannot change: put "
                          "a new first line, 32 random bytes in base64, into what it is made from "
                          "and restart steeld, which seals all secrets with it then",
                          credential);
    return db_secrets_new_key(db, error) && db_secrets_seal(db, done, error);
}

static const Command commands[] = {
    {"upgrade", upgrade},
    {"seal",    db_secrets_seal},
    {"rekey",   rekey},
};

static const Command *
find_command(const char *word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(commands[i].word, word) == 0)
            return &commands[i];
    return NULL;
}

static bool
run_command(const char *word, GError **error)
{
    Db *db = NULL;
    DbSealed done = {0};
    const Command *command = find_command(word);
    if (command == NULL)
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "usage: steeld db upgrade | seal | rekey | copy FROM [TO]");
    bool good = open_configured(&db, error) && command->run(db, &done, error);
    db_close(db);
    if (good && (done.plain > 0 || strcmp(word, "upgrade") != 0))
        printf("sealed: %" G_GUINT64_FORMAT " that were plain, %" G_GUINT64_FORMAT
               " that had another key\n",
               done.plain, done.former);
    return good;
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
    const char *configured = config_string(config_current(), OPT_DATABASE_CONNECTION);
    if (strcmp(words[0], "copy") == 0)
        return count == 2 || count == 3
                   ? copy_database(words[1], count == 3 ? words[2] : configured, error)
                   : steel_fail(error, STEEL_ERROR_CONFIG,
                                "usage: steeld db copy FROM [TO], both as [database]connection "
                                "is written");
    return count == 1 ? run_command(words[0], error) : run_command("", error);
}
