/* When an agent calls; the contract is in heartbeat_pace.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent_protocol/heartbeat_pace.h"

#include <glib.h>

enum { LEAST_MS = 1000, FIRST_RETRY_MS = 5000 };

int64_t
heartbeat_pause_ms(int64_t timeout_s, unsigned failures, double random)
{
    double usual = (double)timeout_s * 1000.0 * (0.3 + 0.3 * random);
    double pause = usual;
    if (failures > 0)
        pause =
            MIN(usual, FIRST_RETRY_MS * (double)(1u << MIN(failures - 1, 10u)) * (1.0 + random));
    return MAX((int64_t)pause, (int64_t)LEAST_MS);
}
