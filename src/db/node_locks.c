/* The lock of a node; the contract is in nodes.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/nodes.h"

#include "common/time_text.h"
#include "db/engine.h"
#include "db/records.h"
#include "db/sql.h"

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
        "c.lease_expires_ms > 0)))",
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

/* A holder who leaves between the refusal and the question who it is makes room: it is tried
 * again, so that nobody is told of a lock that nobody has. */
enum { RESERVE_TRIES = 100 };

bool
db_node_reserve(Db *db, const char *node_uuid, const char *hostname, const char *lease,
                const char *purpose, GError **error)
{
    bool alone = *db_words(db)->lock_rows == '\0';
    for (int left = RESERVE_TRIES;; left--) {
        const DbValue values[] = {db_text(hostname), db_text(lease), db_text(purpose),
                                  db_integer(time_now_ms()), db_text(node_uuid)};
        Reservation reservation = {values, G_N_ELEMENTS(values), node_uuid, 0};
        if (alone ? !reserve(db, &reservation, error)
                  : !db_transaction(db, DB_WRITE, lock_and_reserve, &reservation, error))
            return false;
        if (reservation.changed == 1)
            return true;
        g_autoptr(Node) holder = db_record_find(db, &node_resource, "uuid", node_uuid, error);
        if (holder == NULL)
            return false;
        if (holder->reservation != NULL || left == 1)
            return db_node_locked_error(holder, error);
    }
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

bool
db_nodes_count_locked(Db *db, const char *lease, int64_t *count, GError **error)
{
    const DbValue value = db_text(lease);
    return db_query(db, "SELECT COUNT(*) FROM nodes WHERE reservation_lease = ?1", &value, 1,
                    db_read_integer, count, error);
}

#define LOCK_IS_VOID                                                                               \
    "reservation IS NOT NULL AND COALESCE(reservation_lease, '') <> ?1 AND NOT EXISTS (SELECT 1 "  \
    "FROM conductors c WHERE c.lease = nodes.reservation_lease AND c.lease_expires_ms > 0)"

/* It judges many rows by the leases of one moment, so nobody writes meanwhile. */
static bool
clear_void_locks(Db *db, void *user_data, GError **error)
{
    const DbValue lease = db_text(user_data);
    return db_execute(db,
                      "UPDATE nodes SET reservation = NULL, reservation_lease = NULL, "
                      "reservation_purpose = NULL, reserved_at_ms = 0 WHERE " LOCK_IS_VOID,
                      &lease, 1, NULL, error);
}

bool
db_nodes_clear_void_locks(Db *db, const char *own_lease, GError **error)
{
    g_autofree char *lease = g_strdup(own_lease);
    const DbValue value = db_text(lease);
    int64_t found = 0; /* a look keeps nobody waiting */
    if (!db_query(db, "SELECT COUNT(*) FROM nodes WHERE " LOCK_IS_VOID, &value, 1, db_read_integer,
                  &found, error))
        return false;
    return found == 0 || db_transaction(db, DB_READ_MODIFY_WRITE, clear_void_locks, lease, error);
}
