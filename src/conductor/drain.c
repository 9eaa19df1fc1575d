/* A conductor that ends its work and takes no new one; the contract is in conductor.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/internal.h"
#include "db/conductors.h"
#include "db/nodes.h"

void
conductor_drain(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    char lease[LEASE_SIZE];
    if (atomic_exchange(&conductor->draining, true))
        return;
    log_info("conductor", "%s takes no new work, and ends what it has begun", conductor->hostname);
    if (!db_conductor_drain(conductor->services.db, conductor_lease(conductor, lease), &error))
        log_warning("conductor", "the other conductors are not told that this one drains: %s",
                    error->message);
}

bool
conductor_is_drained(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    char lease[LEASE_SIZE];
    int64_t count = 0;
    if (db_nodes_count_locked(conductor->services.db, conductor_lease(conductor, lease), &count,
                              &error))
        return count == 0;
    log_warning("conductor", "how much work is left is not known: %s", error->message);
    return false;
}
