/* Conductors and their leases, which are counted in the time of common/steady.h.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "model/resources.h"

/* Registers a conductor under a new lease, or replaces the row of an earlier process on the same
 * host. */
bool db_conductor_register(Db *db, ConductorRecord *conductor,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Extends the lease. False with CONFLICT when another process has taken the host name over. */
bool db_conductor_renew(Db *db, const char *lease, int64_t expires_ms,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the lease at once: a clean stop. */
bool db_conductor_leave(Db *db, const char *lease, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The row of a conductor; texts are borrowed during the call. The lists are JSON. */
typedef struct DbConductor {
    const char *hostname, *group;
    const char *drivers, *hardware;
    size_t drivers_size, hardware_size;
    int64_t lease_expires_ms;
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
