/* Secrets at rest: keys in use, and sealing of what is stored; the contract is in secrets.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/secrets.h"

#include "common/log.h"
#include "common/time_text.h"
#include "db/internal.h"
#include "db/seal.h"
#include "db/sql.h"
#include "model/resources.h"

#include <string.h>

/* Rows that are read at a time. */
#define PAGE 50

/* ---- which keys the database needs ---- */

typedef struct Missing {
    SealKeys *keys;
    unsigned known; /* ids in the database */
    GString *ids;   /* those that the file lacks */
} Missing;

static bool
note_id(const DbRow *row, void *user_data)
{
    Missing *missing = user_data;
    const char *id = db_row_text(row, 0, NULL);
    missing->known++;
    if (id != NULL && seal_keys_find(missing->keys, id) == NULL)
        g_string_append_printf(missing->ids, "%s%.16s", missing->ids->len > 0 ? ", " : "", id);
    return true;
}

/* known  out: how many keys the database knows */
static bool
check_keys(Db *db, SealKeys *keys, unsigned *known, GError **error)
{
    g_autoptr(GString) ids = g_string_new(NULL);
    Missing missing = {keys, 0, ids};
    if (!db_query(db, "SELECT id FROM secret_keys ORDER BY id", NULL, 0, note_id, &missing, error))
        return false;
    *known = missing.known;
    return ids->len == 0 ||
           steel_fail(error, STEEL_ERROR_CONFIG,
                      "secrets in the database are sealed with key %s, which the file of keys %s "
                      "does not have: copy that file from where the database comes from "
                      "([database]key_file)",
                      ids->str, seal_keys_path(keys));
}

static bool
note_key(Db *db, const char *id, GError **error)
{
    char now[TIME_TEXT_SIZE];
    const DbValue values[] = {db_text(id), db_text(time_now_text(now))};
    return db_execute(
        db, "INSERT INTO secret_keys (id, created_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        values, G_N_ELEMENTS(values), NULL, error);
}

/* Of two processes that start at once with files of their own, the later sees the key of the
 * other. */
static bool
check_and_note(Db *db, void *user_data, GError **error)
{
    SealKeys *keys = user_data;
    unsigned known = 0;
    return check_keys(db, keys, &known, error) &&
           note_key(db, seal_key_id(seal_keys_first(keys)), error);
}

static bool
note_exists(const DbRow *row, void *user_data)
{
    (void)row;
    *(bool *)user_data = true;
    return false;
}

/* True if the first key of the file is known to the database, and nothing is to write. */
static bool
is_noted(Db *db, SealKeys *keys)
{
    const DbValue id = db_text(seal_key_id(seal_keys_first(keys)));
    bool noted = false;
    return db_query(db, "SELECT 1 FROM secret_keys WHERE id = ?1", &id, 1, note_exists, &noted,
                    NULL) &&
           noted;
}

static bool
take_keys(Db *db, SealKeys *keys, bool exists, GError **error)
{
    unsigned known = 0;
    if (!check_keys(db, keys, &known, error))
        return false;
    if (!exists && !seal_keys_add(keys, error))
        return false;
    if (!exists)
        log_info("db",
                 "%s was made: it has the key of the secrets in the database; keep a copy "
                 "of it, apart from the database's backups",
                 seal_keys_path(keys));
    return is_noted(db, keys) || !db_may_write(db) ||
           db_transaction(db, DB_READ_MODIFY_WRITE, check_and_note, keys, error);
}

bool
db_secrets_use(Db *db, const char *key_file, GError **error)
{
    bool exists = false;
    SealKeys *keys = seal_keys_read(key_file, &exists, error);
    if (keys == NULL)
        return false;
    if (take_keys(db, keys, exists, error)) {
        db_set_keys(db, keys);
        return true;
    }
    seal_keys_free(keys);
    return false;
}

bool
db_secrets_new_key(Db *db, GError **error)
{
    return seal_keys_add(db_keys(db), error) &&
           note_key(db, seal_key_id(seal_keys_first(db_keys(db))), error);
}

/* ---- sealing what is stored ---- */

/* A column that holds secrets, in rows that a text key names. */
typedef struct SecretColumn {
    const char *table, *key, *column;
    bool json;
} SecretColumn;

typedef struct StoredSecret {
    char *row, *text;
} StoredSecret;

static void
stored_secret_free(void *data)
{
    StoredSecret *stored = data;
    g_free(stored->row);
    g_free(stored->text);
    g_free(stored);
}

static bool
collect(const DbRow *row, void *user_data)
{
    StoredSecret *stored = g_new(StoredSecret, 1);
    stored->row = g_strdup(db_row_text(row, 0, NULL));
    stored->text = g_strdup(db_row_text(row, 1, NULL));
    g_ptr_array_add(user_data, stored);
    return true;
}

static GPtrArray *
read_page(Db *db, const SecretColumn *column, const char *after, GError **error)
{
    const DbValue values[] = {db_text(after), db_integer(PAGE)};
    g_autoptr(GPtrArray) page = g_ptr_array_new_with_free_func(stored_secret_free);
    g_autofree char *sql = g_strdup_printf(
        "SELECT \"%s\", \"%s\" FROM %s WHERE \"%s\" > ?1 AND \"%s\" IS NOT NULL "
        "ORDER BY \"%s\" LIMIT ?2",
        column->key, column->column, column->table, column->key, column->column, column->key);
    if (!db_query(db, sql, values, G_N_ELEMENTS(values), collect, page, error))
        return NULL;
    return g_steal_pointer(&page);
}

/* The text is written only over the one that it was made from: another thread, or another process,
 * may have stored a newer one, which is sealed then. */
static bool
write_back(Db *db, const SecretColumn *column, const StoredSecret *stored, const char *sealed,
           GError **error)
{
    const DbValue values[] = {db_text(sealed), db_text(stored->row), db_text(stored->text)};
    g_autofree char *sql =
        g_strdup_printf("UPDATE %s SET \"%s\" = ?1 WHERE \"%s\" = ?2 AND \"%s\" = ?3",
                        column->table, column->column, column->key, column->column);
    return db_execute(db, sql, values, G_N_ELEMENTS(values), NULL, error);
}

typedef struct Pass {
    const SecretColumn *column;
    const GPtrArray *page;
    SealCounts counts; /* of this page */
} Pass;

static bool
seal_row(Db *db, Pass *pass, const StoredSecret *stored, GError **error)
{
    const SecretColumn *column = pass->column;
    const SealPlace place = {column->table, stored->row, column->column, ""};
    g_autofree char *sealed =
        column->json
            ? db_reseal_text(db, &place, stored->text, strlen(stored->text), &pass->counts, error)
            : db_reseal_value(db, &place, stored->text, &pass->counts, error);
    if (sealed == NULL)
        return false;
    return strcmp(sealed, stored->text) == 0 || write_back(db, column, stored, sealed, error);
}

static bool
seal_page(Db *db, void *user_data, GError **error)
{
    Pass *pass = user_data;
    pass->counts = (SealCounts){0}; /* an earlier run may have been rolled back */
    for (guint i = 0; i < pass->page->len; i++)
        if (!seal_row(db, pass, pass->page->pdata[i], error))
            return false;
    return true;
}

static bool
seal_column(Db *db, const SecretColumn *column, DbSealed *done, GError **error)
{
    g_autofree char *after = g_strdup("");
    for (;;) {
        g_autoptr(GPtrArray) page = read_page(db, column, after, error);
        if (page == NULL)
            return false;
        Pass pass = {.column = column, .page = page};
        if (page->len > 0 && !db_transaction(db, DB_WRITE, seal_page, &pass, error))
            return false;
        done->plain += pass.counts.plain;
        done->former += pass.counts.former;
        if (page->len < PAGE)
            return true;
        const StoredSecret *last = page->pdata[page->len - 1];
        g_free(after);
        after = g_strdup(last->row);
    }
}

static bool
seal_resource(Db *db, const Resource *resource, DbSealed *done, GError **error)
{
    for (size_t i = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        const SecretColumn column = {resource->table, resource->key, field_column(field), true};
        if (field->flags & FIELD_SECRETS && !seal_column(db, &column, done, error))
            return false;
    }
    return true;
}

/* What was sealed with a former key until now opens by that key further; but nothing needs it. */
static bool
note_complete(Db *db, void *user_data, GError **error)
{
    const DbValue id = db_text(user_data);
    return db_execute(db, "UPDATE secret_keys SET complete = 1 WHERE id = ?1", &id, 1, NULL,
                      error) &&
           db_execute(db, "DELETE FROM secret_keys WHERE id <> ?1", &id, 1, NULL, error);
}

bool
db_secrets_seal(Db *db, DbSealed *done, GError **error)
{
    static const SecretColumn boot_token = {"boot_sessions", "node_uuid", "token", false};
    g_autofree char *id = g_strdup(seal_key_id(seal_keys_first(db_keys(db))));
    *done = (DbSealed){0};
    for (unsigned i = 0; i < RESOURCE_COUNT; i++)
        if (!seal_resource(db, all_resources[i], done, error))
            return false;
    return seal_column(db, &boot_token, done, error) && note_key(db, id, error) &&
           (done->plain == 0 || db_wipe_deleted(db, error)) &&
           db_transaction(db, DB_WRITE, note_complete, id, error);
}

bool
db_secrets_seal_once(Db *db, DbSealed *done, GError **error)
{
    const DbValue id = db_text(seal_key_id(seal_keys_first(db_keys(db))));
    bool complete = false;
    *done = (DbSealed){0};
    if (!db_query(db, "SELECT 1 FROM secret_keys WHERE id = ?1 AND complete = 1", &id, 1,
                  note_exists, &complete, error))
        return false;
    return complete || !db_may_write(db) || db_secrets_seal(db, done, error);
}
