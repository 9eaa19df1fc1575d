/* Copies at the same time; the contract is in slots.h. SPDX-License-Identifier: Apache-2.0 */
#include "images/slots.h"

#include "common/lock.h"
#include "common/log.h"
#include "common/time_text.h"

static Lock lock = LOCK_INITIALIZER(IMAGE_SLOTS);
static pthread_cond_t given;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned taken GUARDED_BY(lock);

static void
make_condition(void)
{
    lock_condition_init(&given);
}

/* The log is not written with the lock held. */
static void
tell_if_full(unsigned most)
{
    lock_acquire(&lock);
    bool full = most > 0 && taken >= most;
    lock_release(&lock);
    if (full)
        log_info("images.slots",
                 "%u images are fetched or converted, as [DEFAULT]image_download_concurrency says: "
                 "one more waits",
                 most);
}

bool
image_slot_take(unsigned most, int timeout_ms, GError **error)
{
    int64_t limit_ms = time_monotonic_ms() + timeout_ms;
    bool good = true;
    pthread_once(&once, make_condition);
    tell_if_full(most);
    lock_acquire(&lock);
    while (most > 0 && taken >= most && good)
        good = lock_wait_until(&lock, &given, limit_ms);
    if (good)
        taken++;
    lock_release(&lock);
    return good || steel_fail(error, STEEL_ERROR_TIMEOUT,
                              "%u images were fetched or converted all the time, and no more may "
                              "be at a time ([DEFAULT]image_download_concurrency)",
                              most);
}

void
image_slot_give(void)
{
    pthread_once(&once, make_condition);
    lock_acquire(&lock);
    taken--;
    pthread_cond_broadcast(&given);
    lock_release(&lock);
}
