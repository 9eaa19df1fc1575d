/* The time of deadlines; the contract is in steady.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/steady.h"

#include "common/time_text.h"

#include <stdatomic.h>

#define UNSET INT64_MIN

/* The distance from the monotonic clock to this time; set by the first caller, or by
 * steady_resume. */
static _Atomic int64_t offset_ms = UNSET;

int64_t
steady_now_ms(void)
{
    int64_t offset = atomic_load(&offset_ms);
    if (offset == UNSET) {
        int64_t found = time_now_ms() - time_monotonic_ms();
        if (atomic_compare_exchange_strong(&offset_ms, &offset, found))
            offset = found; /* otherwise another thread was first, and `offset` has its value */
    }
    return time_monotonic_ms() + offset;
}

int64_t
steady_skew_ms(void)
{
    return steady_now_ms() - time_now_ms();
}

void
steady_resume(int64_t skew_ms, int64_t seen_ms)
{
    int64_t now = time_now_ms() + skew_ms;
    atomic_store(&offset_ms, (now > seen_ms ? now : seen_ms) - time_monotonic_ms());
}
