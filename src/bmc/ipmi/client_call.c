/* The blocking face of the asynchronous client, for worker threads.
 * SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <string.h>

#include "bmc/ipmi/client.h"
#include "common/error.h"

typedef struct Waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
    IpmiResponse *responses; /* borrowed from the caller; NULL: not wanted */
    GError *error;
} Waiter;

static void
call_is_done(void *user_data, const IpmiResponse *responses, size_t count, const GError *error)
{
    Waiter *waiter = user_data;
    pthread_mutex_lock(&waiter->lock);
    if (error != NULL)
        waiter->error = g_error_copy(error);
    else if (waiter->responses != NULL)
        memcpy(waiter->responses, responses, count * sizeof *responses);
    waiter->done = true;
    pthread_cond_signal(&waiter->changed);
    pthread_mutex_unlock(&waiter->lock);
}

bool
ipmi_client_call(IpmiClient *client, const IpmiTarget *target, const IpmiRequest *requests,
                 size_t count, IpmiResponse *responses, GError **error)
{
    if (ipmi_client_on_engine_thread(client))
        return steel_fail(error, STEEL_ERROR_INTERNAL,
                          "a blocking IPMI call on the engine's own thread");
    Waiter waiter = {.responses = responses};
    pthread_mutex_init(&waiter.lock, NULL);
    pthread_cond_init(&waiter.changed, NULL);
    ipmi_client_submit(client, target, requests, count, call_is_done, &waiter);
    pthread_mutex_lock(&waiter.lock);
    while (!waiter.done)
        pthread_cond_wait(&waiter.changed, &waiter.lock);
    pthread_mutex_unlock(&waiter.lock);
    pthread_cond_destroy(&waiter.changed);
    pthread_mutex_destroy(&waiter.lock);
    if (waiter.error == NULL)
        return true;
    g_propagate_error(error, waiter.error);
    return false;
}
