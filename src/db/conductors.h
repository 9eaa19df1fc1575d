/* Conductors and their leases.
 *
 * A lease is a number, greater than that of every lease before it in this database, and a random
 * part ("17-5e0c41d2"): a database that has lost its last writes may give a number out twice, never
 * a lease. It runs while it is renewed, and ends when its conductor leaves, when another process
 * registers under the same host name, or when another conductor has seen it unrenewed for its whole
 * length and ends it: no clock of one host is compared with that of another. An ended lease stays
 * ended. lease_expires_ms is LEASE_ENDED then, and LEASE_DRAINS while a conductor ends its work and
 * takes no new one; otherwise it is a forecast for people and for the API, in the time of
 * common/steady.h.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "model/resources.h"

enum { LEASE_ENDED = 0, LEASE_DRAINS = 1 };

/* Registers a conductor under a new lease, and replaces the row of an earlier process on the same
 * host.
 * conductor  its lease is set to a new one if it is NULL */
bool db_conductor_register(Db *db, ConductorRecord *conductor,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Renews the lease, for this long from now on. LEASE_LOST: it has ended; CONFLICT: there is no such
 * lease, another process has taken the host name over. */
bool db_conductor_renew(Db *db, const char *lease, int64_t length_ms,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the lease of another conductor, unless it was renewed since it had this number of renewals.
 * ended  out; false: it was renewed, or is over already */
bool db_conductor_end(Db *db, const char *lease, int64_t renewals, bool *ended,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* From now on the conductor takes no new work. Its lease runs on, and holds its locks. */
bool db_conductor_drain(Db *db, const char *lease, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the lease at once: a clean stop. */
bool db_conductor_leave(Db *db, const char *lease, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The row of a conductor; texts are borrowed during the call. The lists are JSON. */
typedef struct DbConductor {
    const char *hostname, *group;
    const char *drivers, *hardware;
    size_t drivers_size, hardware_size;
    const char *lease;
    int64_t lease_expires_ms; /* 0: it has ended */
    int64_t renewals, lease_length_ms;
} DbConductor;

/* Calls `each` for every conductor by host name. alive_at_ms: only those whose lease runs then; 0:
 * all. */
bool db_conductors(Db *db, int64_t alive_at_ms,
                   void (*each)(const DbConductor *conductor, void *user_data), void *user_data,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes conductors without a heartbeat since this time (ISO 8601 text), except the one with
 * `own_lease`; at most `limit`.
 * removed  out: how many */
bool db_conductors_prune(Db *db, const char *until, const char *own_lease, int64_t limit,
                         int64_t *removed, GError **error) G_GNUC_WARN_UNUSED_RESULT;
