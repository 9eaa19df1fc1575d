/* The only place where a worker sleeps between two tries.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/backoff.h"

#include <glib.h>
#include <time.h>

#include "common/lock.h"
#include "common/time_text.h"

enum { STOP_LOOK_MS = 50 }; /* how often a pause checks `stop` */

void
backoff_sleep(unsigned milliseconds)
{
    struct timespec left = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    lock_check_io("sleep");
    while (nanosleep(&left, &left) != 0)
        continue;
}

static bool
is_stopped(const Backoff *backoff)
{
    return backoff->stop != NULL && atomic_load(backoff->stop);
}

static void
sleep_until(const Backoff *backoff, int64_t end_ms)
{
    int64_t left_ms = end_ms - time_monotonic_ms();
    for (; left_ms > 0 && !is_stopped(backoff); left_ms = end_ms - time_monotonic_ms())
        backoff_sleep((unsigned)(backoff->stop != NULL ? MIN(left_ms, STOP_LOOK_MS) : left_ms));
}

bool
backoff_pause(Backoff *backoff)
{
    int64_t now_ms = time_monotonic_ms();
    int64_t end_ms = now_ms + backoff->pause_ms;
    if (is_stopped(backoff) || (backoff->limit_ms > 0 && now_ms >= backoff->limit_ms))
        return false;
    if (backoff->limit_ms > 0)
        end_ms = MIN(end_ms, backoff->limit_ms);
    sleep_until(backoff, end_ms);
    backoff->pause_ms = MIN(backoff->pause_ms * 2, backoff->longest_ms);
    return !is_stopped(backoff);
}
