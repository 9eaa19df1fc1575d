/* Questions about nodes and lists of them; the contract is in nodes.h.
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

/* With the plus SQLite leaves the index of this column alone, which nearly all nodes have the same
 * value in: it would go through them all, and sort them, for each page. */
#define OUT_OF_MAINTENANCE "+maintenance = 0"

GPtrArray *
db_nodes_left_busy(Db *db, unsigned limit, GError **error)
{
    ProvisionState states[STATE_COUNT];
    size_t count = busy_states(states);
    /* Not with OR: SQLite would go through all nodes. */
    g_autoptr(GString) condition = g_string_new(
        "id IN (SELECT id FROM nodes WHERE target_power_state IS NOT NULL UNION SELECT id FROM "
        "nodes WHERE provision_state IN (");
    append_states(condition, states, count);
    g_string_append_printf(condition, ")) AND reservation IS NULL ORDER BY id LIMIT %u", limit);
    return db_records_where(db, &node_resource, condition->str, NULL, 0, error);
}

GPtrArray *
db_nodes_orphaned(Db *db, const char *after, unsigned limit, GError **error)
{
    const DbValue values[] = {db_text(after), db_integer(limit)};
    return db_records_where(db, &node_resource,
                            "uuid > ?1 AND conductor_affinity IS NOT NULL AND NOT EXISTS (SELECT 1 "
                            "FROM conductors c WHERE c.hostname = nodes.conductor_affinity AND "
                            "c.lease_expires_ms > 0) ORDER BY uuid LIMIT ?2",
                            values, G_N_ELEMENTS(values), error);
}

bool
db_node_adopt(Db *db, const char *node_uuid, const char *affinity, const char *hostname,
              bool *adopted, GError **error)
{
    const DbValue values[] = {db_text(hostname), db_text(node_uuid), db_text(affinity)};
    int64_t changed = 0;
    if (!db_execute(db,
                    "UPDATE nodes SET conductor_affinity = ?1 WHERE uuid = ?2 AND "
                    "conductor_affinity = ?3",
                    values, G_N_ELEMENTS(values), &changed, error))
        return false;
    *adopted = changed == 1;
    return true;
}

GPtrArray *
db_nodes_waiting_late(Db *db, int64_t now_ms, int64_t limit, GError **error)
{
    const DbValue values[] = {db_integer(now_ms), db_integer(limit)};
    return db_records_where(
        db, &node_resource,
        "wait_deadline_ms > 0 AND wait_deadline_ms <= ?1 AND " OUT_OF_MAINTENANCE " LIMIT ?2",
        values, G_N_ELEMENTS(values), error);
}

GPtrArray *
db_nodes_in_state(Db *db, ProvisionState state, GError **error)
{
    const DbValue wire = db_text(state_info(state)->wire);
    return db_records_where(db, &node_resource, "provision_state = ?1", &wire, 1, error);
}

GPtrArray *
db_nodes_children(Db *db, const char *parent_uuid, GError **error)
{
    const DbValue parent = db_text(parent_uuid);
    return db_records_where(db, &node_resource, "parent_node = ?1 ORDER BY uuid", &parent, 1,
                            error);
}

GPtrArray *
db_nodes_with_console(Db *db, GError **error)
{
    return db_records_where(db, &node_resource, "console_enabled = 1", NULL, 0, error);
}

GPtrArray *
db_nodes_power_page(Db *db, const char *after, bool failed, unsigned limit, GError **error)
{
    const DbValue values[] = {db_text(after), db_integer(limit)};
    return db_records_where(
        db, &node_resource,
        failed ? "uuid > ?1 AND maintenance = 1 AND fault = 'power failure' ORDER BY uuid LIMIT ?2"
               : "uuid > ?1 AND " OUT_OF_MAINTENANCE " ORDER BY uuid LIMIT ?2",
        values, G_N_ELEMENTS(values), error);
}

bool
db_nodes_count_in_states(Db *db, const ProvisionState *states, size_t state_count,
                         const char *except, int64_t *count, GError **error)
{
    const DbValue self = db_text(except);
    g_autoptr(GString) sql = g_string_new("SELECT COUNT(*) FROM nodes WHERE provision_state IN (");
    append_states(sql, states, state_count);
    g_string_append(sql, ") AND uuid <> ?1");
    return db_query(db, sql->str, &self, 1, db_read_integer, count, error);
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
