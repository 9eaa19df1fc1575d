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

/* libcurl looks at all connections of a multi handle after each call. So the hosts are spread over
 * several handles. */
enum { ENGINE_SHARDS = 32 };

/* Whose calls may start: hosts with an ordinary call, and those with calls in the background. */
enum { ENGINE_FIRST, ENGINE_LATER, ENGINE_QUEUES };

typedef struct EngineHost EngineHost;

/* What the heap of due times holds; the queue of new orders holds calls and tasks. */
typedef enum OrderKind { ORDER_CALL, ORDER_TASK, ORDER_TIMER } OrderKind;

typedef struct Order {
    DueEntry due; /* first member: the heap gives it back */
    OrderKind kind;
} Order;

/* Some of the hosts, with their connections. */
typedef struct EngineShard {
    Order timer; /* when libcurl wants to be called */
    HttpEngine *engine;
    CURLM *multi; /* owned; NULL before its first call */
    bool moved;   /* calls of it may have ended */
} EngineShard;

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
    bool had_turn;                  /* deadline_ms is that of the exchange, not of the wait */
    CURL *easy;                     /* owned; NULL: not running */
    struct curl_slist *header_list; /* owned */
    HttpCollector collector;
    char detail[CURL_ERROR_SIZE];
    HttpEngineDone done;
    void *user_data;
} EngineCall;

/* A server as the engine sees it: "https://host:port". */
struct EngineHost {
    char *key;          /* owned */
    EngineShard *shard; /* borrowed */
    GQueue waiting;     /* of EngineCall, owned; those in the background are the last */
    unsigned running;
    GQueue *queued; /* of hosts that may start a call; NULL: it is in none */
    GList turn;     /* its link there */
};

struct HttpEngine {
    pthread_t thread;
    HttpEngineOptions options; /* without zeros */
    int epoll_fd, wake_fd;     /* owned */
    atomic_uint_fast64_t calls, failures, connections, refused, running_seen;

    /* The engine's thread only. */
    EngineShard shards[ENGINE_SHARDS];
    GHashTable *hosts;               /* key in EngineHost -> EngineHost, owned */
    unsigned hosts_made;             /* the next one's shard */
    GQueue startable[ENGINE_QUEUES]; /* EngineHost.turn */
    GPtrArray *running;              /* of EngineCall, owned */
    unsigned running_later;          /* of these in the background */
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

/* ---- engine_shards.c: libcurl and epoll ---- */

/* Errors: INTERNAL. */
bool engine_shards_init(HttpEngine *engine, GError **error);
/* No call may run. */
void engine_shards_clear(HttpEngine *engine);
/* Gives a handle to libcurl. Errors: INTERNAL. */
bool engine_shard_add(EngineShard *shard, CURL *easy, GError **error);
/* Its time has come. */
void engine_shard_expire(EngineShard *shard);
/* Waits until a connection is ready, the time is over or another thread calls engine_wake, and
 * lets libcurl go on with what is ready. */
void engine_shards_wait(HttpEngine *engine, int wait_ms);
/* A call that has ended with a code of libcurl's; NULL: there is none any more. */
EngineCall *engine_shards_next_ended(HttpEngine *engine, CURLcode *code);
/* Any thread. */
void engine_wake(const HttpEngine *engine);

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
