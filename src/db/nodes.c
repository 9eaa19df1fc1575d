/* Questions about nodes; the contract is in nodes.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/nodes.h"

#include "common/steady.h"
#include "common/time_text.h"
#include "db/engine.h"
#include "db/records.h"
#include "db/sql.h"
#include "model/internal_info.h"

bool
db_node_locked_error(const Node *node, GError **error)
{
    char since[TIME_TEXT_SIZE];
    return steel_fail(error, STEEL_ERROR_LOCKED,
                      "Node %s is locked by host %s (%s, since %s), please retry after it is done.",
                      node->uuid, node->reservation != NULL ? node->reservation : "unknown",
                      node->reservation_purpose != NULL ? node->reservation_purpose : "at work",
                      time_text_ms(node->reserved_at_ms, since));
}

typedef struct Reservation {
    const DbValue *values;
    size_t count;
    const char *node_uuid;
    int64_t changed;
} Reservation;

static bool
reserve(Db *db, void *user_data, GError **error)
{
    Reservation *reservation = user_data;
    return db_execute(
        db,
        "UPDATE nodes SET reservation = ?1, reservation_lease = ?2, reservation_purpose = ?3, "
        "reserved_at_ms = ?4 WHERE uuid = ?5 AND (reservation IS NULL OR "
        "(COALESCE(reservation_lease, '') <> ?2 AND NOT EXISTS "
        "(SELECT 1 FROM conductors c WHERE c.lease = nodes.reservation_lease AND "
        "c.lease_expires_ms > ?6)))",
        reservation->values, reservation->count, &reservation->changed, error);
}

/* Where others may write meanwhile, the statement that judges the lease must begin when the row is
 * this transaction's: a lease that is newer than the wait for the row counts as well. */
static bool
lock_and_reserve(Db *db, void *user_data, GError **error)
{
    const Reservation *reservation = user_data;
    const DbValue uuid = db_text(reservation->node_uuid);
    g_autofree char *sql =
        g_strconcat("SELECT 1 FROM nodes WHERE uuid = ?1", db_words(db)->lock_rows, NULL);
    return db_query(db, sql, &uuid, 1, NULL, NULL, error) && reserve(db, user_data, error);
}

bool
db_node_reserve(Db *db, const char *node_uuid, const char *hostname, const char *lease,
                const char *purpose, GError **error)
{
    const DbValue values[] = {db_text(hostname),  db_text(lease),
                              db_text(purpose),   db_integer(time_now_ms()),
                              db_text(node_uuid), db_integer(steady_now_ms())};
    Reservation reservation = {values, G_N_ELEMENTS(values), node_uuid, 0};
    bool alone = *db_words(db)->lock_rows == '\0';
    if (alone ? !reserve(db, &reservation, error)
              : !db_transaction(db, DB_WRITE, lock_and_reserve, &reservation, error))
        return false;
    if (reservation.changed == 1)
        return true;
    g_autoptr(Node) holder = db_record_find(db, &node_resource, "uuid", node_uuid, error);
    return holder != NULL && db_node_locked_error(holder, error);
}

bool
db_node_release(Db *db, const char *node_uuid, const char *lease, GError **error)
{
    const DbValue values[] = {db_text(node_uuid), db_text(lease)};
    return db_execute(db,
                      "UPDATE nodes SET reservation = NULL, reservation_lease = NULL, "
                      "reservation_purpose = NULL, "
                      "reserved_at_ms = 0 WHERE uuid = ?1 AND reservation_lease = ?2",
                      values, G_N_ELEMENTS(values), NULL, error);
}

/* It judges many rows by the leases of one moment, so nobody writes meanwhile. */
static bool
clear_void_locks(Db *db, void *user_data, GError **error)
{
    const DbValue values[] = {db_integer(steady_now_ms()), db_text(user_data)};
    return db_execute(
        db,
        "UPDATE nodes SET reservation = NULL, reservation_lease = NULL, reservation_purpose = "
        "NULL, "
        "reserved_at_ms = 0 WHERE reservation IS NOT NULL AND "
        "COALESCE(reservation_lease, '') <> ?2 AND NOT EXISTS (SELECT 1 FROM conductors c "
        "WHERE c.lease = nodes.reservation_lease AND c.lease_expires_ms > ?1)",
        values, G_N_ELEMENTS(values), NULL, error);
}

bool
db_nodes_clear_void_locks(Db *db, const char *own_lease, GError **error)
{
    g_autofree char *lease = g_strdup(own_lease);
    return db_transaction(db, DB_READ_MODIFY_WRITE, clear_void_locks, lease, error);
}

/* Appends 'deploying', 'cleaning': the words come from the program's own table. */
static void
append_states(GString *sql, const ProvisionState *states, size_t count)
{
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(sql, "%s'%s'", i > 0 ? ", " : "", state_info(states[i])->wire);
}

static size_t
busy_states(ProvisionState states[STATE_COUNT])
{
    size_t count = 0;
    for (int state = 0; state < STATE_COUNT; state++)
        if (state_info((ProvisionState)state)->flags & STATE_IS_BUSY)
            states[count++] = (ProvisionState)state;
    return count;
}

GPtrArray *
db_nodes_left_busy(Db *db, unsigned limit, GError **error)
{
    ProvisionState states[STATE_COUNT];
    size_t count = busy_states(states);
    g_autoptr(GString) condition = g_string_new(
        "reservation IS NULL AND (target_power_state IS NOT NULL OR provision_state IN (");
    append_states(condition, states, count);
    g_string_append_printf(condition, ")) LIMIT %u", limit);
    return db_records_where(db, &node_resource, condition->str, NULL, 0, error);
}

GPtrArray *
db_nodes_waiting_late(Db *db, int64_t now_ms, int64_t limit, GError **error)
{
    const DbValue values[] = {db_integer(now_ms), db_integer(limit)};
    return db_records_where(
        db, &node_resource,
        "wait_deadline_ms > 0 AND wait_deadline_ms <= ?1 AND maintenance = 0 LIMIT ?2", values,
        G_N_ELEMENTS(values), error);
}

GPtrArray *
db_nodes_in_state(Db *db, ProvisionState state, GError **error)
{
    const DbValue wire = db_text(state_info(state)->wire);
    return db_records_where(db, &node_resource, "provision_state = ?1", &wire, 1, error);
}

GPtrArray *
db_nodes_power_page(Db *db, const char *after, bool failed, unsigned limit, GError **error)
{
    const DbValue values[] = {db_text(after), db_integer(limit)};
    return db_records_where(
        db, &node_resource,
        failed ? "uuid > ?1 AND maintenance = 1 AND fault = 'power failure' ORDER BY uuid LIMIT ?2"
               : "uuid > ?1 AND maintenance = 0 ORDER BY uuid LIMIT ?2",
        values, G_N_ELEMENTS(values), error);
}

static bool
read_integer(const DbRow *row, void *user_data)
{
    *(int64_t *)user_data = db_row_integer(row, 0);
    return false;
}

bool
db_nodes_count_in_states(Db *db, const ProvisionState *states, size_t state_count,
                         const char *except, int64_t *count, GError **error)
{
    const DbValue self = db_text(except);
    g_autoptr(GString) sql = g_string_new("SELECT COUNT(*) FROM nodes WHERE provision_state IN (");
    append_states(sql, states, state_count);
    g_string_append(sql, ") AND uuid <> ?1");
    return db_query(db, sql->str, &self, 1, read_integer, count, error);
}

static bool
note_row_exists(const DbRow *row, void *user_data)
{
    (void)row;
    *(bool *)user_data = true;
    return false;
}

bool
db_chassis_has_nodes(Db *db, const char *chassis_uuid, bool *has_nodes, GError **error)
{
    const DbValue uuid = db_text(chassis_uuid);
    *has_nodes = false;
    return db_query(db, "SELECT 1 FROM nodes WHERE chassis_uuid = ?1 LIMIT 1", &uuid, 1,
                    note_row_exists, has_nodes, error);
}

typedef struct CountReader {
    void (*each)(const DbNodeCount *count, void *user_data);
    void *user_data;
} CountReader;

static bool
read_count(const DbRow *row, void *user_data)
{
    const CountReader *reader = user_data;
    const DbNodeCount count = {
        .provision_state = db_row_text(row, 0, NULL),
        .power_state = db_row_text(row, 1, NULL),
        .maintenance = db_row_integer(row, 2) != 0,
        .count = db_row_integer(row, 3),
        .locked = db_row_integer(row, 4),
    };
    reader->each(&count, reader->user_data);
    return true;
}

bool
db_nodes_count(Db *db, void (*each)(const DbNodeCount *count, void *user_data), void *user_data,
               GError **error)
{
    CountReader reader = {each, user_data};
    return db_query(db,
                    "SELECT provision_state, power_state, maintenance, COUNT(*), "
                    "COUNT(reservation) FROM nodes GROUP BY 1, 2, 3 "
                    "ORDER BY 1 NULLS FIRST, 2 NULLS FIRST, 3",
                    NULL, 0, read_count, &reader, error);
}

typedef struct ShardReader {
    void (*each)(const char *shard, int64_t count, void *user_data);
    void *user_data;
} ShardReader;

static bool
read_shard(const DbRow *row, void *user_data)
{
    const ShardReader *reader = user_data;
    reader->each(db_row_text(row, 0, NULL), db_row_integer(row, 1), reader->user_data);
    return true;
}

bool
db_nodes_per_shard(Db *db, void (*each)(const char *shard, int64_t count, void *user_data),
                   void *user_data, GError **error)
{
    ShardReader reader = {each, user_data};
    return db_query(db,
                    "SELECT shard, COUNT(*) FROM nodes GROUP BY shard ORDER BY shard NULLS FIRST",
                    NULL, 0, read_shard, &reader, error);
}

static bool
append_text(const DbRow *row, void *user_data)
{
    size_t size = 0;
    const char *text = db_row_text(row, 0, &size);
    if (text != NULL)
        g_string_append_len(user_data, text, (gssize)size);
    return false;
}

bool
db_node_append_traits(Db *db, const char *node_uuid, GString *json, GError **error)
{
    const DbValue uuid = db_text(node_uuid);
    gsize before = json->len;
    if (!db_query(db, "SELECT traits FROM nodes WHERE uuid = ?1", &uuid, 1, append_text, json,
                  error))
        return false;
    if (json->len == before)
        g_string_append(json, "[]");
    return true;
}

static bool
read_json(const DbRow *row, void *user_data)
{
    size_t size = 0;
    const char *text = db_row_text(row, 0, &size);
    *(json_t **)user_data = text != NULL ? json_text_parse(text, size, 0, NULL) : NULL;
    return false;
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
    json_t *now = NULL;
    const DbValue uuid = db_text(saving->node->uuid);
    g_autofree char *sql = g_strconcat("SELECT driver_internal_info FROM nodes WHERE uuid = ?1",
                                       db_words(db)->lock_rows, NULL);
    if (!db_query(db, sql, &uuid, 1, read_json, &now, error))
        return false;
    merge(saving, now);
    json_decref(now);
    return db_record_save(db, &node_resource, saving->node, saving->stored, error);
}

bool
db_node_save(Db *db, Node *node, const Node *stored, GError **error)
{
    Saving saving = {node, stored, NULL};
    if (info_same(node, stored))
        return db_record_save(db, &node_resource, node, stored, error);
    bool good = db_transaction(db, DB_WRITE, save_with_internal_info, &saving, error);
    json_decref(saving.own);
    return good;
}

#define INTERNAL_INFO "driver_internal_info"

bool
db_node_agent_token_make(Db *db, const char *node_uuid, const char *token, bool *made,
                         GError **error)
{
    const DbWords *words = db_words(db);
    const char *key = info_row(INFO_AGENT_SECRET_TOKEN)->key;
    int64_t changed = 0;
    json_t *told = json_pack("{s:s}", key, token);
    g_autofree char *text = json_text_dump(told), *has = words->json_member(INTERNAL_INFO, key),
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

bool
db_node_heartbeat(Db *db, const Node *node, const json_t *said, bool *recorded, GError **error)
{
    const DbWords *words = db_words(db);
    int64_t changed = 0;
    json_t *token = json_string(info_text(node, INFO_AGENT_SECRET_TOKEN));
    /* The caller has compared the token with the record's. It is long and random, so a record that
     * has its text anywhere still holds it: that costs a search and not another parse of JSON. */
    g_autofree char *text = json_text_dump(said),
                    *quoted = token != NULL ? json_text_dump(token) : NULL,
                    *merged = words->json_merge(INTERNAL_INFO, 1),
                    *known = words->text_within(INTERNAL_INFO, 4);
    json_decref(token);
    g_autofree char *sql = g_strdup_printf("UPDATE nodes SET " INTERNAL_INFO
                                           " = %s, heartbeat_at_ms = ?2 WHERE uuid = ?3 AND %s",
                                           merged, known);
    const DbValue values[] = {db_text(text), db_integer(time_now_ms()), db_text(node->uuid),
                              db_text(quoted)};
    if (!db_execute(db, sql, values, G_N_ELEMENTS(values), &changed, error))
        return false;
    *recorded = changed == 1;
    return true;
}

typedef struct Owners {
    char **owner, **lessee;
} Owners;

static bool
read_owners(const DbRow *row, void *user_data)
{
    const Owners *owners = user_data;
    *owners->owner = g_strdup(db_row_text(row, 0, NULL));
    *owners->lessee = g_strdup(db_row_text(row, 1, NULL));
    return false;
}

bool
db_node_owners(Db *db, const char *node_uuid, char **owner, char **lessee, GError **error)
{
    Owners owners = {owner, lessee};
    const DbValue value = db_text(node_uuid);
    *owner = *lessee = NULL;
    return db_query(db, "SELECT owner, lessee FROM nodes WHERE uuid = ?1", &value, 1, read_owners,
                    &owners, error);
}
