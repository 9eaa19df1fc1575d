/* What the files of the engine share. For this folder only; functions are called on the engine's
 * thread unless they say otherwise.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/due_heap.h"
#include "common/http_options.h"
#include "common/lock.h"
#include "http_engine/engine.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct EngineHost EngineHost;

/* A call or a task; the heap of due times and the queue of new ones hold both. */
typedef struct Order {
    DueEntry due; /* first member: the heap gives it back */
    bool is_call;
} Order;

typedef struct EngineTask {
    Order order;
    unsigned delay_ms;
    HttpEngineTask run;
    void *user_data;
} EngineTask;

typedef struct EngineCall {
    Order order;
    HttpEngine *engine;
    EngineHost *host;     /* borrowed; NULL before it has one */
    HttpRequest request;  /* what it points to is below; the URL is the current one */
    GPtrArray *texts;     /* owned; wiped */
    const char **headers; /* owned array */
    char *body;           /* owned; wiped */
    uint64_t born_ms;
    uint64_t deadline_ms;
    int redirects;
    bool forbidden;                 /* may_send did not allow it */
    CURL *easy;                     /* owned; NULL: not running */
    struct curl_slist *header_list; /* owned */
    HttpCollector collector;
    char detail[CURL_ERROR_SIZE];
    HttpEngineDone done;
    void *user_data;
} EngineCall;

/* A server as the engine sees it: "https://host:port". */
struct EngineHost {
    char *key;      /* owned */
    GQueue waiting; /* of EngineCall, owned */
    unsigned running;
    bool queued; /* it is in the queue of hosts that may start a call */
};

struct HttpEngine {
    pthread_t thread;
    CURLM *multi;
    HttpEngineOptions options; /* without zeros */
    atomic_uint_fast64_t calls, failures, connections, refused, running_seen;

    /* The engine's thread only. */
    GHashTable *hosts;  /* key in EngineHost -> EngineHost, owned */
    GQueue startable;   /* of EngineHost, borrowed */
    GPtrArray *running; /* of EngineCall, owned */
    DueHeap due;

    Lock lock;
    GQueue incoming GUARDED; /* of Order, owned */
    bool stopping GUARDED;
};

/* ---- engine_call.c: one exchange ---- */

/* Any thread. */
EngineCall *engine_call_new(HttpEngine *engine, const HttpRequest *request, HttpEngineDone done,
                            void *user_data);
void engine_call_free(EngineCall *call);

/* Makes the handle and hands it to curl. Errors: INTERNAL. */
bool engine_call_start(EngineCall *call, GError **error);
/* Takes the handle back. */
void engine_call_stop(EngineCall *call);
/* True if the answer is a redirect that is followed: the call has its new URL then. Errors:
 * BMC_PROTOCOL (false too). */
bool engine_call_redirected(EngineCall *call, GError **error);
/* The error for curl's code. */
void engine_call_explain(const EngineCall *call, CURLcode code, GError **error);
/* Tells the owner and frees the call. error: NULL for success; borrowed. */
void engine_call_end(EngineCall *call, const GError *error);

/* ---- engine_hosts.c: turns and rests ---- */

GHashTable *engine_hosts_new(void);
/* A new call goes into the queue of its host, or ends at once. */
void engine_call_admit(EngineCall *call);
/* Starts calls while there is room. */
void engine_start_calls(HttpEngine *engine);
/* A running call has ended with curl's code. */
void engine_call_finished(EngineCall *call, CURLcode code);
/* A waiting call's deadline has come. */
void engine_call_expire(EngineCall *call);
/* Ends all calls with CANCELLED. */
void engine_hosts_cancel(HttpEngine *engine);
