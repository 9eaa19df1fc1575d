/* Conductors and their leases.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "model/resources.h"

/* Registers a conductor under a new lease, or replaces what an earlier life of the same host left. */
bool db_conductor_register(Db *db, ConductorRecord *conductor,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Extends the lease. False with CONFLICT when another process has taken the host name over. */
bool db_conductor_renew(Db *db, const char *lease, int64_t expires_ms,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the lease at once: a clean stop. */
bool db_conductor_leave(Db *db, const char *lease, GError **error) G_GNUC_WARN_UNUSED_RESULT;
