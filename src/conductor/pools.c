/* The conductor's pools as everybody else sees them; the contract is in internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/internal.h"

static Pool *
pool_of(const Conductor *conductor, ConductorPool pool)
{
    switch (pool) {
    case CONDUCTOR_QUICK:
        return conductor->quick;
    case CONDUCTOR_WORKERS:
    case CONDUCTOR_OWN_WORKERS:
        return conductor->workers;
    case CONDUCTOR_BACKGROUND:
        break;
    }
    return conductor->background;
}

bool
conductor_submit(Conductor *conductor, ConductorPool pool, PoolJob job, void *data, GError **error)
{
    unsigned spare = pool == CONDUCTOR_OWN_WORKERS ? conductor->reserved : 0;
    lock_acquire(&conductor->gate);
    bool taken = conductor->stopping
                     ? steel_fail(error, STEEL_ERROR_NO_CONDUCTOR, "the service is stopping")
                     : pool_submit_sparing(pool_of(conductor, pool), spare, job, data, error);
    lock_release(&conductor->gate);
    return taken;
}

void
conductor_load(Conductor *conductor, unsigned *busy, unsigned *limit)
{
    *busy = pool_busy(conductor->workers);
    *limit = pool_thread_limit(conductor->workers);
}
