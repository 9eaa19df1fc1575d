/* How nodes are saved: by the holder of the lock, and by reports of agents without it; the contract
 * is in nodes.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/nodes.h"

#include "common/secret.h"
#include "common/time_text.h"
#include "db/engine.h"
#include "db/records.h"
#include "db/seal.h"
#include "db/sql.h"
#include "model/internal_info.h"

#include <string.h>

#define INTERNAL_INFO "driver_internal_info"

static SealPlace
internal_info_of(const char *node_uuid)
{
    return (SealPlace){node_resource.table, node_uuid, INTERNAL_INFO, ""};
}

typedef struct InfoReader {
    Db *db;
    const char *node_uuid;
    json_t *info; /* out: owned by the caller; NULL: none is stored */
    GError *failure;
} InfoReader;

static bool
read_info(const DbRow *row, void *user_data)
{
    InfoReader *reader = user_data;
    size_t size = 0;
    const SealPlace place = internal_info_of(reader->node_uuid);
    const char *text = db_row_text(row, 0, &size);
    char *opened =
        text != NULL ? db_open_text(reader->db, &place, text, size, &reader->failure) : NULL;
    if (opened != NULL)
        reader->info = json_text_parse(opened, strlen(opened), 0, NULL);
    secret_free(opened);
    return false;
}

/* The condition of a write to a node that was loaded under its lock: it still has that lock. */
static DbGuard
lock_guard(const Node *stored)
{
    return stored->reservation_lease != NULL
               ? (DbGuard){"reservation_lease = ", stored->reservation_lease, ""}
               : (DbGuard){0};
}

bool
db_node_lock_lost(const Node *node, GError **error)
{
    return steel_fail(error, STEEL_ERROR_LEASE_LOST,
                      "Node %s was taken over by another conductor: the lease %s of its lock has "
                      "ended, and nothing more was written.",
                      node->uuid, node->reservation_lease);
}

/* A write found no such row: the node has lost its lock, or is gone. Always false. */
static bool
explain_unwritten(Db *db, const Node *stored, GError **error)
{
    g_autoptr(Node) now = db_record_find(db, &node_resource, "uuid", stored->uuid, error);
    return now != NULL && db_node_lock_lost(stored, error);
}

static bool
save_guarded(Db *db, Node *node, const Node *stored, GError **error)
{
    bool written = false;
    return db_record_save_guarded(db, &node_resource, node, stored, lock_guard(stored), &written,
                                  error) &&
           (written || explain_unwritten(db, stored, error));
}

bool
db_node_delete(Db *db, const Node *stored, GError **error)
{
    bool written = false;
    return db_record_delete_guarded(db, &node_resource, stored->uuid, lock_guard(stored), &written,
                                    error) &&
           (written || explain_unwritten(db, stored, error));
}

typedef struct Saving {
    Node *node;
    const Node *stored;
    json_t *own; /* what the node remembers before the merge; NULL until then */
} Saving;

/* Each run of the transaction merges the node's own memory: an earlier one may have seen what is no
 * longer stored. */
static void
merge(Saving *saving, json_t *now)
{
    if (saving->own == NULL)
        saving->own = info_copy(saving->node);
    else
        info_restore(saving->node, saving->own);
    if (json_is_object(now))
        info_merge(saving->node, saving->stored, now);
}

static bool
save_with_internal_info(Db *db, void *user_data, GError **error)
{
    Saving *saving = user_data;
    InfoReader reader = {.db = db, .node_uuid = saving->node->uuid};
    const DbValue uuid = db_text(saving->node->uuid);
    g_autofree char *sql = g_strconcat("SELECT " INTERNAL_INFO " FROM nodes WHERE uuid = ?1",
                                       db_words(db)->lock_rows, NULL);
    if (!db_query(db, sql, &uuid, 1, read_info, &reader, error))
        return false;
    if (reader.failure != NULL) {
        g_propagate_error(error, reader.failure);
        return false;
    }
    merge(saving, reader.info);
    json_decref(reader.info);
    return save_guarded(db, saving->node, saving->stored, error);
}

bool
db_node_save(Db *db, Node *node, const Node *stored, GError **error)
{
    Saving saving = {node, stored, NULL};
    if (info_same(node, stored))
        return save_guarded(db, node, stored, error);
    bool good = db_transaction(db, DB_WRITE, save_with_internal_info, &saving, error);
    json_decref(saving.own);
    return good;
}

/* What is merged into the stored object: its secrets are sealed one by one. */
static char *
info_to_merge(Db *db, const char *node_uuid, const json_t *said)
{
    const SealPlace place = internal_info_of(node_uuid);
    char *text = json_text_dump(said), *sealed = db_seal_text(db, &place, text);
    secret_free(text);
    return sealed;
}

bool
db_node_agent_token_make(Db *db, const char *node_uuid, const char *token, bool *made,
                         GError **error)
{
    const DbWords *words = db_words(db);
    const char *key = info_row(INFO_AGENT_SECRET_TOKEN)->key;
    int64_t changed = 0;
    json_t *told = json_pack("{s:s}", key, token);
    g_autofree char *text = info_to_merge(db, node_uuid, told),
                    *has = words->json_member(INTERNAL_INFO, key),
                    *merged = words->json_merge(INTERNAL_INFO, 1);
    json_decref(told);
    g_autofree char *sql =
        g_strdup_printf("UPDATE nodes SET " INTERNAL_INFO " = %s WHERE uuid = ?2 AND "
                        "reservation IS NULL AND %s IS NULL",
                        merged, has);
    const DbValue values[] = {db_text(text), db_text(node_uuid)};
    if (!db_execute(db, sql, values, G_N_ELEMENTS(values), &changed, error))
        return false;
    *made = changed == 1;
    if (changed == 1)
        return true;
    g_autoptr(Node) node = db_record_find(db, &node_resource, "uuid", node_uuid, error);
    bool has_one = node != NULL && info_has(node, INFO_AGENT_SECRET_TOKEN);
    return has_one || (node != NULL && db_node_locked_error(node, error));
}

typedef struct Heartbeat {
    const char *node_uuid;
    const char *said;   /* JSON text that is merged */
    const char *merged; /* the expression that merges it */
} Heartbeat;

/* Records a heartbeat if the stored text has `known` anywhere within. */
static bool
record_heartbeat(Db *db, const Heartbeat *heartbeat, const char *known, bool *recorded,
                 GError **error)
{
    int64_t changed = 0;
    g_autofree char *within = db_words(db)->text_within(INTERNAL_INFO, 4);
    g_autofree char *sql = g_strdup_printf("UPDATE nodes SET " INTERNAL_INFO
                                           " = %s, heartbeat_at_ms = ?2 WHERE uuid = ?3 AND %s",
                                           heartbeat->merged, within);
    const DbValue values[] = {db_text(heartbeat->said), db_integer(time_now_ms()),
                              db_text(heartbeat->node_uuid), db_text(known)};
    bool good = db_execute(db, sql, values, G_N_ELEMENTS(values), &changed, error);
    *recorded = changed == 1;
    return good;
}

/* The caller has compared the token with the record's. It is long and random, and so is its
 * envelope, which is always the same: a record that has it anywhere still holds the token. That
 * costs a search and not another parse of JSON. While values are sealed with another key the token
 * may be found with any; the first key is tried again at last, since it may have been sealed with
 * that one in between. */
bool
db_node_heartbeat(Db *db, const Node *node, const json_t *said, bool *recorded, GError **error)
{
    SealPlace place = internal_info_of(node->uuid);
    place.key = info_row(INFO_AGENT_SECRET_TOKEN)->key;
    json_t *token = json_string(info_text(node, INFO_AGENT_SECRET_TOKEN));
    char *plain = token != NULL ? json_text_dump(token) : NULL;
    json_decref(token);
    *recorded = false;
    if (plain == NULL)
        return true;
    g_autofree char *text = info_to_merge(db, node->uuid, said),
                    *merged = db_words(db)->json_merge(INTERNAL_INFO, 1),
                    *first = db_sealed_with(db, 0, &place, plain);
    const Heartbeat heartbeat = {node->uuid, text, merged};
    bool good = first == NULL || record_heartbeat(db, &heartbeat, first, recorded, error);
    for (size_t i = 1; good && !*recorded && first != NULL; i++) {
        g_autofree char *sealed = db_sealed_with(db, i, &place, plain);
        if (sealed == NULL)
            break;
        good = record_heartbeat(db, &heartbeat, sealed, recorded, error);
    }
    if (good && !*recorded)
        good = record_heartbeat(db, &heartbeat, plain, recorded, error);
    if (good && !*recorded && first != NULL)
        good = record_heartbeat(db, &heartbeat, first, recorded, error);
    secret_free(plain);
    return good;
}
