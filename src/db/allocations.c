/* Allocations; the contract is in allocations.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/allocations.h"

#include "common/time_text.h"
#include "db/records.h"
#include "db/sql.h"

/* A node without a known power state is not free: nobody could switch its instance on. Neither is
 * the child of another, which is a part of that machine. */
#define IS_FREE                                                                                    \
    "provision_state = 'available' AND maintenance = 0 AND instance_uuid IS NULL AND "             \
    "allocation_uuid IS NULL AND power_state IS NOT NULL AND parent_node IS NULL"

GPtrArray *
db_allocation_nodes(Db *db, const Allocation *allocation, GError **error)
{
    const DbValue values[] = {db_text(allocation->resource_class), db_text(allocation->owner)};
    return db_records_where(
        db, &node_resource,
        "resource_class = ?1 AND (CAST(?2 AS TEXT) IS NULL OR ?2 IN (owner, lessee)) AND " IS_FREE,
        values, G_N_ELEMENTS(values), error);
}

/* Runs a statement that changes one row or none. */
static bool
execute_one(Db *db, const char *sql, const DbValue *values, size_t count, bool *done,
            GError **error)
{
    int64_t changed = 0;
    bool good = db_execute(db, sql, values, count, &changed, error);
    *done = changed == 1;
    return good;
}

bool
db_allocation_take(Db *db, const Allocation *allocation, const char *node_uuid, bool *taken,
                   GError **error)
{
    const DbValue values[] = {db_text(allocation->uuid), db_text(node_uuid),
                              db_text(allocation->resource_class), db_text(allocation->owner)};
    return execute_one(
        db,
        "UPDATE nodes SET instance_uuid = ?1, allocation_uuid = ?1 WHERE uuid = ?2 "
        "AND resource_class = ?3 AND (CAST(?4 AS TEXT) IS NULL OR ?4 IN (owner, lessee)) AND "
        "reservation IS NULL AND " IS_FREE,
        values, G_N_ELEMENTS(values), taken, error);
}

bool
db_allocation_serve(Db *db, const char *uuid, const char *node_uuid, bool *served, GError **error)
{
    char now[TIME_TEXT_SIZE];
    const DbValue values[] = {db_text(uuid), db_text(node_uuid), db_text(time_now_text(now))};
    return execute_one(
        db,
        "UPDATE allocations SET state = 'active', node_uuid = ?2, last_error = NULL, "
        "updated_at = ?3 WHERE uuid = ?1 AND state = 'allocating'",
        values, G_N_ELEMENTS(values), served, error);
}

bool
db_allocation_fail(Db *db, const char *uuid, const char *reason, GError **error)
{
    char now[TIME_TEXT_SIZE];
    const DbValue values[] = {db_text(uuid), db_text(reason), db_text(time_now_text(now))};
    return db_execute(db,
                      "UPDATE allocations SET state = 'error', last_error = ?2, updated_at = ?3 "
                      "WHERE uuid = ?1 AND state = 'allocating'",
                      values, G_N_ELEMENTS(values), NULL, error);
}

GPtrArray *
db_allocations_waiting(Db *db, unsigned limit, GError **error)
{
    const DbValue values[] = {db_integer(limit)};
    return db_records_where(db, &allocation_resource, "state = 'allocating' ORDER BY id LIMIT ?1",
                            values, G_N_ELEMENTS(values), error);
}

bool
db_allocation_delete_unserved(Db *db, const char *uuid, bool *deleted, GError **error)
{
    const DbValue values[] = {db_text(uuid)};
    return execute_one(db, "DELETE FROM allocations WHERE uuid = ?1 AND node_uuid IS NULL", values,
                       G_N_ELEMENTS(values), deleted, error);
}

bool
db_allocation_forget(Db *db, const char *uuid, GError **error)
{
    const DbValue values[] = {db_text(uuid)};
    return uuid == NULL || db_execute(db, "DELETE FROM allocations WHERE uuid = ?1", values,
                                      G_N_ELEMENTS(values), NULL, error);
}

static bool
note_row_exists(const DbRow *row, void *user_data)
{
    (void)row;
    *(bool *)user_data = true;
    return false;
}

bool
db_instance_exists(Db *db, const char *uuid, bool *exists, GError **error)
{
    const DbValue values[] = {db_text(uuid)};
    *exists = false;
    return db_query(db, "SELECT 1 FROM nodes WHERE instance_uuid = ?1", values,
                    G_N_ELEMENTS(values), note_row_exists, exists, error);
}

bool
db_instance_is_foreign(Db *db, const Node *node, bool *foreign, GError **error)
{
    const DbValue values[] = {db_text(node->instance_uuid), db_text(node->uuid),
                              db_text(node->owner), db_text(node->lessee)};
    *foreign = false;
    return db_query(db,
                    "SELECT 1 FROM allocations WHERE uuid = ?1 AND COALESCE(node_uuid, '') <> ?2 "
                    "AND owner IS NOT NULL AND owner <> COALESCE(?3, '') AND "
                    "owner <> COALESCE(?4, '')",
                    values, G_N_ELEMENTS(values), note_row_exists, foreign, error);
}
