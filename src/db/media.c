/* Published images, stored; the contract is in media.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/media.h"

#include "db/sql.h"

#define COLUMNS "m.id, m.store, m.host, m.file, m.name, m.expires_ms, m.ready, m.container"
#define UNUSED "NOT EXISTS (SELECT 1 FROM media_users u WHERE u.medium_id = media.id)"

void
medium_clear(Medium *medium)
{
    g_free(medium->id);
    g_free(medium->store);
    g_free(medium->container);
    g_free(medium->host);
    g_free(medium->file);
    g_free(medium->name);
    *medium = (Medium){0};
}

static void
medium_free(void *data)
{
    medium_clear(data);
    g_free(data);
}

static char *
column_text(const DbRow *row, int column)
{
    return g_strdup(db_row_text(row, column, NULL));
}

static bool
read_medium(const DbRow *row, void *user_data)
{
    *(Medium *)user_data = (Medium){
        .id = column_text(row, 0),
        .store = column_text(row, 1),
        .host = column_text(row, 2),
        .file = column_text(row, 3),
        .name = column_text(row, 4),
        .expires_ms = db_row_integer(row, 5),
        .ready = db_row_integer(row, 6) != 0,
        .container = column_text(row, 7),
    };
    return false;
}

static bool
collect(const DbRow *row, void *user_data)
{
    Medium *medium = g_new0(Medium, 1);
    (void)read_medium(row, medium);
    g_ptr_array_add(user_data, medium);
    return true;
}

static GPtrArray *
query_all(Db *db, const char *sql, const DbValue *values, size_t count, GError **error)
{
    g_autoptr(GPtrArray) media = g_ptr_array_new_with_free_func(medium_free);
    if (!db_query(db, sql, values, count, collect, media, error))
        return NULL;
    return g_steal_pointer(&media);
}

/* ---- taking ---- */

typedef struct Taking {
    const Medium *wanted;
    const char *node_uuid, *purpose;
    Medium *out;
} Taking;

static bool
insert(Db *db, const Medium *wanted, Medium *out, GError **error)
{
    const DbValue values[] = {db_text(wanted->id),       db_text(wanted->store),
                              db_text(wanted->host),     db_text(wanted->file),
                              db_text(wanted->name),     db_integer(wanted->expires_ms),
                              db_text(wanted->container)};
    *out = (Medium){.id = g_strdup(wanted->id),
                    .store = g_strdup(wanted->store),
                    .host = g_strdup(wanted->host),
                    .file = g_strdup(wanted->file),
                    .name = g_strdup(wanted->name),
                    .expires_ms = wanted->expires_ms,
                    .container = g_strdup(wanted->container)};
    return db_execute(db,
                      "INSERT INTO media (id, store, host, file, name, expires_ms, container) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                      values, G_N_ELEMENTS(values), NULL, error);
}

static bool
find_named(Db *db, const Medium *wanted, Medium *out, GError **error)
{
    const DbValue name = db_text(wanted->name);
    return wanted->name == NULL || db_query(db, "SELECT " COLUMNS " FROM media m WHERE name = ?1",
                                            &name, 1, read_medium, out, error);
}

static bool
take(Db *db, void *user_data, GError **error)
{
    const Taking *taking = user_data;
    medium_clear(taking->out); /* the transaction may run again */
    if (!find_named(db, taking->wanted, taking->out, error) ||
        (taking->out->id == NULL && !insert(db, taking->wanted, taking->out, error)))
        return false;
    const DbValue values[] = {db_text(taking->out->id), db_text(taking->node_uuid),
                              db_text(taking->purpose)};
    return db_execute(db,
                      "INSERT INTO media_users (medium_id, node_uuid, purpose) "
                      "VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                      values, G_N_ELEMENTS(values), NULL, error);
}

bool
db_medium_take(Db *db, const Medium *wanted, const char *node_uuid, const char *purpose,
               Medium *out, GError **error)
{
    Taking taking = {wanted, node_uuid, purpose, out};
    bool good = db_transaction(db, DB_READ_MODIFY_WRITE, take, &taking, error);
    if (!good)
        medium_clear(out);
    return good;
}

bool
db_medium_set_ready(Db *db, const char *id, GError **error)
{
    const DbValue value = db_text(id);
    return db_execute(db, "UPDATE media SET ready = 1 WHERE id = ?1", &value, 1, NULL, error);
}

/* ---- looking ---- */

bool
db_medium_look(Db *db, const char *id, Medium *out, bool *found, GError **error)
{
    const DbValue value = db_text(id);
    bool good = db_query(db, "SELECT " COLUMNS " FROM media m WHERE id = ?1", &value, 1,
                         read_medium, out, error);
    *found = good && out->id != NULL;
    return good;
}

GPtrArray *
db_media_of_node(Db *db, const char *node_uuid, const char *purpose, GError **error)
{
    const DbValue values[] = {db_text(node_uuid), db_text(purpose)};
    return query_all(
        db,
        "SELECT " COLUMNS " FROM media m JOIN media_users u ON u.medium_id = m.id "
        "WHERE u.node_uuid = ?1 AND (CAST(?2 AS TEXT) IS NULL OR u.purpose = ?2) ORDER BY m.id",
        values, G_N_ELEMENTS(values), error);
}

GPtrArray *
db_media_shared(Db *db, const char *host, const char *store, GError **error)
{
    const DbValue values[] = {db_text(host), db_text(store)};
    return query_all(db,
                     "SELECT " COLUMNS " FROM media m WHERE m.host = ?1 AND m.store = ?2 AND "
                     "m.ready = 1 AND m.name IS NOT NULL ORDER BY m.id",
                     values, G_N_ELEMENTS(values), error);
}

bool
db_medium_count_users(Db *db, const char *id, int64_t *count, GError **error)
{
    const DbValue value = db_text(id);
    *count = 0;
    return db_query(db, "SELECT COUNT(DISTINCT node_uuid) FROM media_users WHERE medium_id = ?1",
                    &value, 1, db_read_integer, count, error);
}

/* ---- removing ---- */

/* A medium that nobody uses loses its name: the next request for that name makes a new one. */
static bool
detach(Db *db, GError **error)
{
    return db_execute(db, "UPDATE media SET name = NULL WHERE name IS NOT NULL AND " UNUSED, NULL,
                      0, NULL, error);
}

typedef struct Releasing {
    const char *node_uuid, *purpose;
} Releasing;

static bool
release(Db *db, void *user_data, GError **error)
{
    const Releasing *releasing = user_data;
    const DbValue values[] = {db_text(releasing->node_uuid), db_text(releasing->purpose)};
    return db_execute(db,
                      "DELETE FROM media_users WHERE node_uuid = ?1 AND "
                      "(CAST(?2 AS TEXT) IS NULL OR purpose = ?2)",
                      values, G_N_ELEMENTS(values), NULL, error) &&
           detach(db, error);
}

bool
db_media_release(Db *db, const char *node_uuid, const char *purpose, GError **error)
{
    Releasing releasing = {node_uuid, purpose};
    return db_transaction(db, DB_READ_MODIFY_WRITE, release, &releasing, error);
}

typedef struct Removal {
    const char *host;
    int64_t now_ms, limit;
    GPtrArray *media;
} Removal;

static bool
list_removable(Db *db, void *user_data, GError **error)
{
    Removal *removal = user_data;
    const DbValue values[] = {db_text(removal->host), db_integer(removal->now_ms),
                              db_integer(removal->limit)};
    g_clear_pointer(&removal->media, g_ptr_array_unref);
    if (!detach(db, error))
        return false;
    removal->media = query_all(
        db,
        "SELECT " COLUMNS " FROM media m WHERE m.host = ?1 AND ((m.expires_ms > 0 AND "
        "m.expires_ms <= ?2) OR NOT EXISTS (SELECT 1 FROM media_users u WHERE u.medium_id = m.id)) "
        "ORDER BY m.id LIMIT ?3",
        values, G_N_ELEMENTS(values), error);
    return removal->media != NULL;
}

GPtrArray *
db_media_to_remove(Db *db, const char *host, int64_t now_ms, int64_t limit, GError **error)
{
    Removal removal = {host, now_ms, limit, NULL};
    if (db_transaction(db, DB_READ_MODIFY_WRITE, list_removable, &removal, error))
        return removal.media;
    g_clear_pointer(&removal.media, g_ptr_array_unref);
    return NULL;
}

bool
db_medium_forget(Db *db, const char *id, GError **error)
{
    const DbValue value = db_text(id);
    return db_execute(db, "DELETE FROM media WHERE id = ?1", &value, 1, NULL, error);
}
