/* Locks of nodes; the contract is in nodes.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/nodes.h"

#include "common/time_text.h"
#include "db/records.h"

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

bool
db_node_reserve(Db *db, const char *node_uuid, const char *hostname, const char *lease,
                const char *purpose, GError **error)
{
    int64_t now = time_now_ms(), changed = 0;
    const DbValue values[] = {db_text(hostname), db_text(lease), db_text(purpose), db_integer(now),
                              db_text(node_uuid)};
    if (!db_execute(
            db,
            "UPDATE nodes SET reservation = ?1, reservation_lease = ?2, reservation_purpose = ?3, "
            "reserved_at_ms = ?4 WHERE uuid = ?5 AND (reservation IS NULL OR "
            "(COALESCE(reservation_lease, '') <> ?2 AND NOT EXISTS "
            "(SELECT 1 FROM conductors c WHERE c.lease = nodes.reservation_lease AND "
            "c.lease_expires_ms > ?4)))",
            values, G_N_ELEMENTS(values), &changed, error))
        return false;
    if (changed == 1)
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
