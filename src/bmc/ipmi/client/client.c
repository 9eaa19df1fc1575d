/* The engine of the IPMI client: one thread, a few sockets and a heap of due times. client_queue.c
 * chooses the next submission, session.c makes the datagrams of a session.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/client/client_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/error.h"
#include "common/lock.h"

enum {
    EVENTS_MAX = 32,
    RECEIVE_BATCH = 32,
    BATCHES_MAX = 8, /* per socket, before timers have their turn */
    STARTS_MAX =
        64, /* new sessions between two reads of the sockets: answers must not pile up meanwhile */
};

/* ---- sending ---- */

/* A session keeps its socket, since BMCs tie a session to the port it came from. A login that
 * begins again, because a stranger may have answered for the BMC, gets another port. */
static ClientSocket *
socket_of(Job *job, const IpmiPeer *peer)
{
    bool anew = job->restarts != job->session->restarts;
    if (job->socket != NULL && !anew)
        return job->socket;
    client_socket_leave(g_steal_pointer(&job->socket));
    job->restarts = job->session->restarts;
    job->socket = client_socket_join(&job->client->sockets, peer->any.sa_family,
                                     ipmi_peer_hash(peer), due_now_ms(), anew);
    return job->socket;
}

static void
send_datagram(void *user_data, const uint8_t *bytes, size_t size)
{
    Job *job = user_data;
    const IpmiPeer *peer = &job->peers[job->peer_index];
    const ClientSocket *socket = socket_of(job, peer);
    atomic_fetch_add_explicit(&job->client->sent, 1, memory_order_relaxed);
    if (job->session->tries > 1)
        atomic_fetch_add_explicit(&job->client->retransmissions, 1, memory_order_relaxed);
    /* A datagram that cannot be sent now counts as lost, and is repeated. */
    if (socket == NULL || sendto(socket->fd, bytes, size, 0, &peer->any, peer->size) < 0)
        job->session->send_errno = errno;
}

/* ---- the thread ---- */

static void
deliver(IpmiClient *client, const ClientSocket *socket, const IpmiPeer *peer, const uint8_t *bytes,
        size_t size)
{
    atomic_fetch_add_explicit(&client->received, 1, memory_order_relaxed);
    if (!ipmi_job_receive(client, socket, peer, bytes, size))
        atomic_fetch_add_explicit(&client->ignored, 1, memory_order_relaxed);
}

static void
receive(IpmiClient *client, const ClientSocket *socket)
{
    uint8_t bytes[RECEIVE_BATCH][IPMI_DATAGRAM_MAX];
    IpmiPeer peers[RECEIVE_BATCH];
    struct iovec parts[RECEIVE_BATCH];
    struct mmsghdr messages[RECEIVE_BATCH] = {0};
    for (int batch = 0; batch < BATCHES_MAX; batch++) {
        for (int i = 0; i < RECEIVE_BATCH; i++) {
            parts[i] = (struct iovec){bytes[i], sizeof bytes[i]};
            messages[i].msg_hdr = (struct msghdr){
                .msg_name = &peers[i].any,
                .msg_namelen = sizeof peers[i].v6,
                .msg_iov = &parts[i],
                .msg_iovlen = 1,
            };
        }
        int count = recvmmsg(socket->fd, messages, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < count; i++) {
            peers[i].size = messages[i].msg_hdr.msg_namelen;
            if (peers[i].size > 0)
                deliver(client, socket, &peers[i], bytes[i], messages[i].msg_len);
        }
        if (count < RECEIVE_BATCH)
            return;
    }
}

/* Wakes the jobs that are due, at most STARTS_MAX at a time; the rest stays due. */
static void
expire_due(IpmiClient *client)
{
    uint64_t now_ms = due_now_ms();
    for (int i = 0; i < STARTS_MAX; i++) {
        DueEntry *first = due_heap_first(&client->due);
        if (first == NULL || first->due_ms > now_ms)
            return;
        due_heap_remove(&client->due, first);
        ipmi_job_expire((Job *)first, now_ms);
    }
}

static Job *
next_incoming(IpmiClient *client, bool *stopping)
{
    lock_acquire(&client->lock);
    Job *job = g_queue_pop_head(&client->incoming);
    *stopping = client->stopping;
    lock_release(&client->lock);
    return job;
}

/* Takes the orders of other threads; false: stop. */
static bool
take_orders(IpmiClient *client)
{
    uint64_t count;
    bool stopping = false;
    IpmiResolved answer;
    ssize_t got = read(client->wake_fd, &count, sizeof count);
    (void)got; /* only wakes the thread */
    while (ipmi_resolver_take(client->resolver, &answer))
        ipmi_job_resolved(client, &answer);
    for (Job *job; (job = next_incoming(client, &stopping)) != NULL;) {
        if (stopping) {
            lock_acquire(&client->lock);
            g_queue_push_head(&client->incoming, job);
            lock_release(&client->lock);
            break;
        }
        ipmi_job_admit(job);
    }
    return !stopping;
}

static void
cancel_all(IpmiClient *client)
{
    bool stopping;
    ipmi_jobs_cancel(client);
    /* Last, so that jobs that callbacks submitted meanwhile are stopped too. */
    for (Job *job; (job = next_incoming(client, &stopping)) != NULL;)
        ipmi_job_cancel(job);
}

static void *
ipmi_client_run(void *data)
{
    IpmiClient *client = data;
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int count = epoll_wait(client->epoll_fd, events, G_N_ELEMENTS(events),
                               due_heap_wait_ms(&client->due, due_now_ms()));
        bool woken = false;
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                woken = true;
            else
                receive(client, events[i].data.ptr);
        }
        if (woken && !take_orders(client))
            break;
        expire_due(client);
        ipmi_jobs_release(client);
        client_sockets_sweep(&client->sockets); /* last: no event names them now */
    }
    cancel_all(client);
    return NULL;
}

static void
wake(void *data)
{
    IpmiClient *client = data;
    const uint64_t one = 1;
    ssize_t written = write(client->wake_fd, &one, sizeof one);
    (void)written; /* full means it is awake anyway */
}

/* ---- public ---- */

static void
destroy(IpmiClient *client)
{
    client_sockets_close(&client->sockets);
    ipmi_resolver_close(client->resolver);
    g_hash_table_unref(client->slots);
    g_hash_table_unref(client->resolving);
    due_heap_clear(&client->due);
    if (client->epoll_fd >= 0)
        close(client->epoll_fd);
    if (client->wake_fd >= 0)
        close(client->wake_fd);
    lock_destroy(&client->lock);
    g_free(client);
}

IpmiClient *
ipmi_client_new(BmcGuard *guard, GError **error)
{
    IpmiClient *client = g_new0(IpmiClient, 1);
    client->guard = guard;
    ipmi_pace_init(&client->pace, IPMI_PACE_MOST);
    lock_init(&client->lock, LOCK_RANK_IPMI_CLIENT);
    client->slots = ipmi_slots_new();
    client->resolving = g_hash_table_new(g_int64_hash, g_int64_equal);
    client->resolver = ipmi_resolver_new(wake, client);
    client->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    client->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    client_sockets_open(&client->sockets, client->epoll_fd);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (client->epoll_fd < 0 || client->wake_fd < 0 ||
        epoll_ctl(client->epoll_fd, EPOLL_CTL_ADD, client->wake_fd, &event) != 0 ||
        pthread_create(&client->thread, NULL, ipmi_client_run, client) != 0) {
        steel_fail(error, STEEL_ERROR_INTERNAL, "starting the IPMI client: %s", g_strerror(errno));
        destroy(client);
        return NULL;
    }
    return client;
}

void
ipmi_client_pace(IpmiClient *client, unsigned most)
{
    ipmi_pace_init(&client->pace, most);
}

void
ipmi_client_free(IpmiClient *client)
{
    if (client == NULL)
        return;
    lock_acquire(&client->lock);
    client->stopping = true;
    lock_release(&client->lock);
    wake(client);
    pthread_join(client->thread, NULL);
    destroy(client);
}

static Job *
new_job(IpmiClient *client, const IpmiTarget *target, const IpmiRequest *requests, size_t count)
{
    Job *job = g_new0(Job, 1);
    job->client = client;
    job->address = g_strdup(target->address != NULL ? target->address : "");
    job->port = target->port != 0 ? target->port : IPMI_PORT;
    job->paced = target->paced;
    job->min_interval_ms = target->min_command_interval_ms;
    if (client->guard != NULL) {
        job->place = ipmi_place_of(target);
        job->guard_key = ipmi_guard_key(client->guard, target);
    }
    if (job->address[0] == '\0') {
        steel_fail(&job->error, STEEL_ERROR_INVALID, "the BMC has no address");
        return job;
    }
    job->peer_count = ipmi_peer_parse(job->address, job->port, &job->peers[0]) ? 1 : 0;
    g_autofree char *where = job->peer_count > 0
                                 ? ipmi_peer_text(&job->peers[0])
                                 : g_strdup_printf("%s:%u", job->address, job->port);
    job->session =
        ipmi_session_new(target, where, requests, count, send_datagram, job, &job->error);
    if (job->session != NULL)
        job->deadline_after_ms = job->session->deadline_after_ms;
    return job;
}

void
ipmi_client_submit(IpmiClient *client, const IpmiTarget *target, const IpmiRequest *requests,
                   size_t count, IpmiDone done, void *user_data)
{
    Job *job = new_job(client, target, requests, count);
    job->done = done;
    job->user_data = user_data;
    atomic_fetch_add_explicit(&client->submissions, 1, memory_order_relaxed);
    lock_acquire(&client->lock);
    bool first = client->incoming.length == 0;
    g_queue_push_tail(&client->incoming, job);
    lock_release(&client->lock);
    if (first)
        wake(client);
}

void
ipmi_client_stats(IpmiClient *client, IpmiClientStats *stats)
{
    *stats = (IpmiClientStats){
        .submissions = atomic_load_explicit(&client->submissions, memory_order_relaxed),
        .datagrams_sent = atomic_load_explicit(&client->sent, memory_order_relaxed),
        .datagrams_received = atomic_load_explicit(&client->received, memory_order_relaxed),
        .datagrams_ignored = atomic_load_explicit(&client->ignored, memory_order_relaxed),
        .retransmissions = atomic_load_explicit(&client->retransmissions, memory_order_relaxed),
        .failures = atomic_load_explicit(&client->failures, memory_order_relaxed),
        .places = ipmi_pace_places(&client->pace),
    };
}

bool
ipmi_client_on_engine_thread(const IpmiClient *client)
{
    return pthread_equal(pthread_self(), client->thread) != 0;
}
