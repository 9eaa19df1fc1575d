/* libcurl's multi handles and the connections that they wait for; the contract is in
 * engine_internal.h.
 *
 * libcurl tells which sockets it waits for and when it wants to be called (its "socket action"
 * interface), and one epoll set waits for all of them: what an event costs does not depend on the
 * number of connections.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "http_engine/engine_internal.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define AREA "http.engine"
#define WAKE UINT64_MAX /* the tag of wake_fd; other tags: the shard's index and the socket */

enum {
    EVENTS = 64,
    CONNECTIONS_KEPT = 16384,
    DESCRIPTOR_SHARE = 2,
    UNEVEN_SHARE = 8, /* a shard may keep an eighth more than its part */
    TAG_SHIFT = 32,
};

/* ---- what libcurl asks for ---- */

static uint32_t
epoll_events(int what)
{
    return (what != CURL_POLL_OUT ? EPOLLIN : 0) | (what != CURL_POLL_IN ? EPOLLOUT : 0);
}

static bool
watch(const EngineShard *shard, curl_socket_t fd, int what)
{
    const HttpEngine *engine = shard->engine;
    uint64_t index = (uint64_t)(shard - engine->shards);
    struct epoll_event event = {.events = epoll_events(what),
                                .data.u64 = index << TAG_SHIFT | (uint32_t)fd};
    return epoll_ctl(engine->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0 ||
           (errno == ENOENT && epoll_ctl(engine->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
}

/* A socket that cannot be watched: its call ends by its deadline. */
static int
engine_on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *unused)
{
    (void)easy;
    (void)unused;
    const EngineShard *shard = data;
    if (what == CURL_POLL_REMOVE)
        (void)epoll_ctl(shard->engine->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    else if (!watch(shard, fd, what))
        log_warning(AREA, "a connection cannot be watched: %s", g_strerror(errno));
    return 0;
}

static int
engine_on_timer(CURLM *multi, long timeout_ms, void *data)
{
    (void)multi;
    EngineShard *shard = data;
    DueHeap *heap = &shard->engine->due;
    if (timeout_ms < 0)
        due_heap_remove(heap, &shard->timer.due);
    else
        due_heap_set(heap, &shard->timer.due, due_now_ms() + (uint64_t)timeout_ms);
    return 0;
}

/* ---- shards ---- */

/* Open connections that wait for the next sweep of the power states: a TLS handshake costs more
 * than all else of a question. Other parts of the process need descriptors as well. */
static long
connections_kept(const HttpEngine *engine)
{
    struct rlimit limit;
    long least = (long)engine->options.total * 2;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return least;
    return CLAMP((long)MIN(limit.rlim_cur / DESCRIPTOR_SHARE, (rlim_t)CONNECTIONS_KEPT), least,
                 (long)MAX(CONNECTIONS_KEPT, least));
}

static bool
open_shard(EngineShard *shard)
{
    long kept = connections_kept(shard->engine);
    CURLM *multi = shard->multi = curl_multi_init();
    if (multi == NULL)
        return false;
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (kept + kept / UNEVEN_SHARE) / ENGINE_SHARDS);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, engine_on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, shard);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, engine_on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, shard);
    return true;
}

bool
engine_shard_add(EngineShard *shard, CURL *easy, GError **error)
{
    if (shard->multi == NULL && !open_shard(shard))
        return steel_fail(error, STEEL_ERROR_INTERNAL, "libcurl gives no multi handle");
    if (curl_multi_add_handle(shard->multi, easy) == CURLM_OK)
        return true;
    return steel_fail(error, STEEL_ERROR_INTERNAL, "libcurl does not take the call");
}

bool
engine_shards_init(HttpEngine *engine, GError **error)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = WAKE};
    CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    engine->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    engine->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    for (size_t i = 0; i < ENGINE_SHARDS; i++)
        engine->shards[i] = (EngineShard){.timer.kind = ORDER_TIMER, .engine = engine};
    if (started != CURLE_OK)
        return steel_fail(error, STEEL_ERROR_INTERNAL, "starting the HTTP engine: %s",
                          curl_easy_strerror(started));
    if (engine->epoll_fd >= 0 && engine->wake_fd >= 0 &&
        epoll_ctl(engine->epoll_fd, EPOLL_CTL_ADD, engine->wake_fd, &event) == 0)
        return true;
    return steel_fail(error, STEEL_ERROR_INTERNAL, "starting the HTTP engine: %s",
                      g_strerror(errno));
}

void
engine_shards_clear(HttpEngine *engine)
{
    for (size_t i = 0; i < ENGINE_SHARDS; i++)
        curl_multi_cleanup(engine->shards[i].multi);
    if (engine->epoll_fd >= 0)
        close(engine->epoll_fd);
    if (engine->wake_fd >= 0)
        close(engine->wake_fd);
}

/* ---- what is ready ---- */

static void
go_on(EngineShard *shard, curl_socket_t fd, int ready)
{
    int running = 0;
    curl_multi_socket_action(shard->multi, fd, ready, &running);
    shard->moved = true;
}

void
engine_shard_expire(EngineShard *shard)
{
    go_on(shard, CURL_SOCKET_TIMEOUT, 0);
}

/* What libcurl tells belongs to its handle, which ends with the call: it is read first. */
static EngineCall *
next_ended(EngineShard *shard, CURLcode *code)
{
    int left = 0;
    EngineCall *call = NULL;
    const CURLMsg *message = curl_multi_info_read(shard->multi, &left);
    while (message != NULL && message->msg != CURLMSG_DONE)
        message = curl_multi_info_read(shard->multi, &left);
    if (message == NULL)
        return NULL;
    *code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
    return call;
}

EngineCall *
engine_shards_next_ended(HttpEngine *engine, CURLcode *code)
{
    for (size_t i = 0; i < ENGINE_SHARDS; i++) {
        EngineShard *shard = &engine->shards[i];
        EngineCall *call = shard->moved ? next_ended(shard, code) : NULL;
        if (call != NULL)
            return call;
        shard->moved = false;
    }
    return NULL;
}

static int
curl_events(uint32_t events)
{
    return ((events & (EPOLLIN | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0) |
           ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
           ((events & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0);
}

/* libcurl ignores a socket that it has closed since. */
static void
take_event(HttpEngine *engine, const struct epoll_event *event)
{
    eventfd_t count;
    if (event->data.u64 == WAKE)
        (void)eventfd_read(engine->wake_fd, &count);
    else
        go_on(&engine->shards[event->data.u64 >> TAG_SHIFT], (curl_socket_t)event->data.u64,
              curl_events(event->events));
}

void
engine_shards_wait(HttpEngine *engine, int wait_ms)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(engine->epoll_fd, events, EVENTS, wait_ms);
    for (int i = 0; i < count; i++)
        take_event(engine, &events[i]);
}

void
engine_wake(const HttpEngine *engine)
{
    (void)eventfd_write(engine->wake_fd, 1);
}
