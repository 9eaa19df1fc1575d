/* Asks many servers over HTTP and HTTPS at once: one thread and libcurl's multi interface. The
 * clients of BMCs ask through it (bmc/redfish, bmc/ilo), and an API its conductors (rpc). It knows
 * neither JSON nor logins.
 *
 *   - Calls to one server run a few at a time, in the order they came; servers take turns for the
 *     connections that are allowed in all. A slow server holds its own few and no more.
 *   - Calls in the background (the sweep over all machines) wait for the others, have three
 *     quarters of the connections at most, and may wait for their turn as long as it takes.
 *   - A server that is not reached rests where the owner says so (HttpEngineRests): calls to it
 *     fail at once, then one of them tries again.
 *   - Redirects are followed on the same host only, keeping method and body.
 *   - Open connections are used again.
 *
 * The codes and words of errors are those for BMCs; who asks other servers says it in words of his
 * own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/http_client.h"

#include <stdint.h>

typedef struct HttpEngine HttpEngine;

/* What is remembered of servers that are not reached, so that nobody waits for them in vain. All
 * members are called on the engine's thread and must not block; none is NULL. A place is
 * "https://host:port" in lower case. */
typedef struct HttpEngineRests {
    bool (*is_resting)(void *self, const char *place);
    /* A rest is over, and nobody has reached the server since: one call shows whether it is
     * back. */
    bool (*is_on_trial)(void *self, const char *place);
    /* Why a call to a server that rests is not made; the engine frees it. */
    GError *(*leave_alone)(void *self, const char *place);
    /* A call ended with BMC_UNREACHABLE, in these words. */
    void (*not_reached)(void *self, const char *place, const char *words);
    /* The server has answered, whatever it was. */
    void (*reached)(void *self, const char *place);
} HttpEngineRests;

/* Zero means the default everywhere. */
typedef struct HttpEngineOptions {
    unsigned per_host;            /* calls at a time to one server; 0: 2 */
    unsigned total;               /* calls at a time in all; 0: 256 */
    unsigned host_queue;          /* calls that may wait for one server; 0: 64 */
    const HttpEngineRests *rests; /* static; NULL: no server rests */
    void *rests_self;             /* borrowed, outlives the engine */
} HttpEngineOptions;

/* Called exactly once for each call, on the engine's thread: must not block, must not call
 * http_engine_call or http_engine_free; may submit.
 *
 * response  NULL on failure; borrowed, but its members may be taken (leave NULL)
 * error     NULL on success; borrowed */
typedef void (*HttpEngineDone)(void *user_data, HttpResponse *response, const GError *error);

/* Work for the engine's thread, under the same rules. stopping: the engine ends, it is called for
 * the last time. */
typedef void (*HttpEngineTask)(void *user_data, bool stopping);

/* Starts the thread. options: NULL for the defaults. Errors: INTERNAL. */
HttpEngine *http_engine_new(const HttpEngineOptions *options,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stops: calls end with CANCELLED and tasks with `stopping` before this returns. No other thread
 * may use the engine then. NULL is fine. */
void http_engine_free(HttpEngine *engine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpEngine, http_engine_free)

/* Submits one call.
 *
 * request  copied, secrets are wiped afterwards. timeout_ms is the deadline of the whole call, with
 *          redirects and, but in the background, with waiting for its turn; ca_file may be a
 *          folder of certificates as c_rehash(1) makes it; sink must be NULL. body_limit: 0 is
 *          8 MiB here.
 * done     any status is a success, also a 3xx that may not be followed
 * Errors (in done)
 *   BMC_UNREACHABLE  no connection, the name does not resolve, no answer by the deadline, or the
 *                    server is left alone
 *   BMC_AUTH         the server's certificate is not trusted, or is for another name
 *   BMC_PROTOCOL     a broken or oversized answer, a redirect to another host or in a circle
 *   BMC_BUSY         too many calls wait for this server
 *   NO_WORKER        no turn by the deadline, for calls to other servers: this one is not to blame
 *   LEASE_LOST       the request's may_send did not allow it
 *   INVALID          not an http or https URL
 *   CANCELLED        the engine was stopped
 *   No text contains a user, a password, a header or a body.
 * Threads  any. */
void http_engine_submit(HttpEngine *engine, const HttpRequest *request, HttpEngineDone done,
                        void *user_data);

/* The same, waiting for the end. For workers; not on the engine's thread.
 *
 * response  out; untouched on failure */
bool http_engine_call(HttpEngine *engine, const HttpRequest *request, HttpResponse *response,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs a task on the engine's thread, soon or after a time. What only tasks and HttpEngineDones
 * touch needs no lock. Any thread. */
void http_engine_run(HttpEngine *engine, unsigned delay_ms, HttpEngineTask task, void *user_data);

bool http_engine_on_thread(const HttpEngine *engine);

/* Since the start, for metrics. */
typedef struct HttpEngineStats {
    uint64_t calls;
    uint64_t failures;
    uint64_t connections; /* that were opened */
    uint64_t refused;     /* calls that ended at once because the server was left alone */
    uint64_t running;     /* now */
} HttpEngineStats;
void http_engine_stats(HttpEngine *engine, HttpEngineStats *stats);
