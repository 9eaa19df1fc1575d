/* Nodes that are changed together, in one transaction; the contract is in nodes.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/nodes.h"

#include "db/engine.h"
#include "db/sql.h"

/* One text for any number of nodes, so that it is prepared once: places that are left have the
 * first UUID again. */
static char *
condition_of(Db *db)
{
    GString *condition = g_string_new("reservation IS NULL AND uuid IN (?1");
    for (unsigned i = 2; i <= DB_NODES_HOLD_MOST; i++)
        g_string_append_printf(condition, ", ?%u", i);
    /* in one order, so that two of them never wait for each other */
    g_string_append_printf(condition, ") ORDER BY uuid%s", db_words(db)->lock_rows);
    return g_string_free(condition, FALSE);
}

GPtrArray *
db_nodes_hold(Db *db, const char *const *uuids, size_t count, GError **error)
{
    DbValue values[DB_NODES_HOLD_MOST];
    g_return_val_if_fail(count > 0 && count <= DB_NODES_HOLD_MOST, NULL);
    for (size_t i = 0; i < DB_NODES_HOLD_MOST; i++)
        values[i] = db_text(uuids[i < count ? i : 0]);
    g_autofree char *condition = condition_of(db);
    return db_records_where(db, &node_resource, condition, values, G_N_ELEMENTS(values), error);
}

/* The statement that asks for the lease begins when the row is this transaction's, and who takes
 * the lease's work over waits for the row. */
bool
db_node_save_held(Db *db, Node *node, const Node *stored, const char *lease, GError **error)
{
    bool written = false;
    const DbGuard alive = {"EXISTS (SELECT 1 FROM conductors c WHERE c.lease_expires_ms > 0 AND "
                           "c.lease = ",
                           lease, ")"};
    return db_record_save_guarded(db, &node_resource, node, stored, alive, &written, error) &&
           (written || steel_fail(error, STEEL_ERROR_LEASE_LOST,
                                  "Node %s was not written: the lease %s of this conductor has "
                                  "ended.",
                                  node->uuid, lease));
}
