/* What is known against BMCs, for all protocols, so that none of them is hammered and nobody waits
 * for one in vain:
 *
 *   - A BMC that was not reached several times in a row rests: it is not asked for a while, then
 *     once, and after each further failure for twice as long, up to a limit.
 *   - A login that a BMC has refused is not sent again for a minute, then twice as long each time,
 *     up to a limit, so that the account is not locked. Other credentials are tried at once.
 *
 * A success ends it, and so does an operator who changes how the BMC is reached.
 *
 * A place is a BMC as one protocol reaches it: "https://host:port", or "host:port" for IPMI.
 * Any thread; nothing blocks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stdint.h>

typedef struct BmcGuard BmcGuard;

/* Zero means the default everywhere. */
typedef struct BmcGuardOptions {
    unsigned failures;       /* in a row, until a BMC rests; 0: 3 */
    unsigned rest_ms;        /* the first rest; 0: 2000 */
    unsigned rest_limit_ms;  /* the longest; 0: 30000 */
    unsigned login_ms;       /* the first wait of a login; 0: a minute */
    unsigned login_limit_ms; /* the longest; 0: ten minutes */
} BmcGuardOptions;

/* options: NULL for the defaults */
BmcGuard *bmc_guard_new(const BmcGuardOptions *options);
void bmc_guard_free(BmcGuard *guard);

/* ---- BMCs that are not reached ---- */

bool bmc_guard_is_resting(BmcGuard *guard, const char *place);
/* A rest is over, and nobody has reached the BMC since: one question shows whether it is back. */
bool bmc_guard_is_on_trial(BmcGuard *guard, const char *place);
/* Counts a question that is not asked, and says why: BMC_UNREACHABLE with the number of failures,
 * the rest of the time and the last cause. The caller frees. */
GError *bmc_guard_leave_alone(BmcGuard *guard, const char *place);
/* The same as one question. False: the BMC rests. Errors: BMC_UNREACHABLE. */
bool bmc_guard_may_ask(BmcGuard *guard, const char *place,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

void bmc_guard_not_reached(BmcGuard *guard, const char *place, const char *words);
/* It has answered, whatever it was: nothing is remembered of the place. */
void bmc_guard_reached(BmcGuard *guard, const char *place);

/* ---- logins that are refused ---- */

/* Names the login of a user at a BMC; the caller frees. The password cannot be found from it.
 *
 * user, password  NULL is "" */
char *bmc_guard_key(const BmcGuard *guard, const char *place, const char *user,
                    const char *password);

/* True if the login may be tried now. Errors: BMC_AUTH with the refusal and how long it counts. */
bool bmc_guard_may_log_in(BmcGuard *guard, const char *key,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The BMC has refused the login, in these words. */
void bmc_guard_refused(BmcGuard *guard, const char *key, const char *words);

/* It has accepted it: nothing is remembered of the login. */
void bmc_guard_accepted(BmcGuard *guard, const char *key);

/* ---- for metrics ---- */

typedef struct BmcGuardStats {
    uint64_t left_alone; /* questions that were not asked, since the start */
    uint64_t refused;    /* logins that BMCs have refused, since the start */
    uint64_t held;       /* logins that were not tried, since the start */
    uint64_t resting;    /* BMCs, now */
    uint64_t waiting;    /* logins that are not tried, now */
} BmcGuardStats;
void bmc_guard_stats(BmcGuard *guard, BmcGuardStats *stats);
