/* The blocking face of the engine, for worker threads.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/lock.h"
#include "http_engine/engine.h"

#include <pthread.h>

typedef struct Waiter {
    Lock lock;
    pthread_cond_t changed;
    bool done GUARDED;
    HttpResponse response GUARDED;
    GError *error GUARDED;
} Waiter;

static void
http_call_done(void *user_data, HttpResponse *response, const GError *error)
{
    Waiter *waiter = user_data;
    lock_acquire(&waiter->lock);
    if (error != NULL) {
        waiter->error = g_error_copy(error);
    } else {
        waiter->response = *response;
        *response = (HttpResponse){0};
    }
    waiter->done = true;
    pthread_cond_signal(&waiter->changed);
    lock_release(&waiter->lock);
}

bool
http_engine_call(HttpEngine *engine, const HttpRequest *request, HttpResponse *response,
                 GError **error)
{
    if (http_engine_on_thread(engine))
        return steel_fail(error, STEEL_ERROR_INTERNAL,
                          "a blocking HTTP call on the engine's own thread");
    Waiter waiter = {.done = false};
    lock_init(&waiter.lock, LOCK_RANK_HTTP_CALL);
    pthread_cond_init(&waiter.changed, NULL);
    lock_check_io("ask a server over HTTP");
    http_engine_submit(engine, request, http_call_done, &waiter);
    lock_acquire(&waiter.lock);
    while (!waiter.done)
        lock_wait(&waiter.lock, &waiter.changed);
    GError *failure = waiter.error;
    HttpResponse answer = waiter.response;
    lock_release(&waiter.lock);
    pthread_cond_destroy(&waiter.changed);
    lock_destroy(&waiter.lock);
    if (failure != NULL) {
        g_propagate_error(error, failure);
        return false;
    }
    *response = answer;
    return true;
}
