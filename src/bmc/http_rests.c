/* Passes the engine's questions on to the guard; the contract is in http_rests.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/http_rests.h"

#include "bmc/guard.h"

static bool
rests_is_resting(void *self, const char *place)
{
    return bmc_guard_is_resting(self, place);
}

static bool
rests_is_on_trial(void *self, const char *place)
{
    return bmc_guard_is_on_trial(self, place);
}

static GError *
rests_leave_alone(void *self, const char *place)
{
    return bmc_guard_leave_alone(self, place);
}

static void
rests_not_reached(void *self, const char *place, const char *words)
{
    bmc_guard_not_reached(self, place, words);
}

static void
rests_reached(void *self, const char *place)
{
    bmc_guard_reached(self, place);
}

const HttpEngineRests bmc_http_rests = {.is_resting = rests_is_resting,
                                        .is_on_trial = rests_is_on_trial,
                                        .leave_alone = rests_leave_alone,
                                        .not_reached = rests_not_reached,
                                        .reached = rests_reached};
