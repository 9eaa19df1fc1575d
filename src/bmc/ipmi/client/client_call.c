/* The blocking face of the asynchronous client, for worker threads.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <string.h>

#include "bmc/ipmi/client/client.h"
#include "common/error.h"
#include "common/lock.h"

typedef struct Waiter {
    Lock lock;
    pthread_cond_t changed;
    bool done GUARDED;
    IpmiResponse *responses; /* borrowed from the caller; NULL: not wanted */
    GError *error GUARDED;
} Waiter;

static void
call_is_done(void *user_data, const IpmiResponse *responses, size_t count, const GError *error)
{
    Waiter *waiter = user_data;
    lock_acquire(&waiter->lock);
    if (error != NULL)
        waiter->error = g_error_copy(error);
    else if (waiter->responses != NULL)
        memcpy(waiter->responses, responses, count * sizeof *responses);
    waiter->done = true;
    pthread_cond_signal(&waiter->changed);
    lock_release(&waiter->lock);
}

bool
ipmi_client_call(IpmiClient *client, const IpmiTarget *target, const IpmiRequest *requests,
                 size_t count, IpmiResponse *responses, GError **error)
{
    if (ipmi_client_on_engine_thread(client))
        return steel_fail(error, STEEL_ERROR_INTERNAL,
                          "a blocking IPMI call on the engine's own thread");
    Waiter waiter = {.responses = responses};
    lock_init(&waiter.lock, LOCK_RANK_IPMI_CALL);
    pthread_cond_init(&waiter.changed, NULL);
    ipmi_client_submit(client, target, requests, count, call_is_done, &waiter);
    lock_acquire(&waiter.lock);
    while (!waiter.done)
        lock_wait(&waiter.lock, &waiter.changed);
    GError *failure = waiter.error;
    lock_release(&waiter.lock);
    pthread_cond_destroy(&waiter.changed);
    lock_destroy(&waiter.lock);
    if (failure == NULL)
        return true;
    g_propagate_error(error, failure);
    return false;
}
