/* The engine of the IPMI client: one thread, a few sockets, a heap of due times, and a slot per BMC through which its
 * submissions pass one at a time. What is said in a session is session.c's.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/client.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bmc/ipmi/due_heap.h"
#include "bmc/ipmi/resolver.h"
#include "bmc/ipmi/session.h"
#include "common/error.h"

enum {
    SOCKETS_PER_FAMILY = 8, /* more receive buffer where the system limits it per socket */
    RECEIVE_BUFFER = 4 << 20,
    RECEIVE_BATCH = 32,
    BATCHES_MAX = 8, /* per socket, before timers have their turn */
    STARTS_MAX =
        64, /* new sessions between two looks at the sockets: answers must not pile up meanwhile */
    SLOTS_KEPT = 65536,
    /* How many of its own deadlines a submission waits behind others to the same BMC before it gives up. */
    QUEUE_PATIENCE = 3,
};

typedef enum JobState { JOB_RESOLVING, JOB_QUEUED, JOB_PAUSED, JOB_RUNNING } JobState;

typedef struct Slot Slot;

/* One submission. */
typedef struct Job {
    DueEntry due; /* first member: the heap gives it back */
    IpmiClient *client;
    uint64_t id;
    JobState state;
    char *address; /* owned */
    uint16_t port;
    unsigned min_interval_ms;
    unsigned deadline_after_ms;
    IpmiPeer peers[IPMI_RESOLVED_MAX];
    size_t peer_count; /* 0: not resolved yet */
    size_t peer_index;
    Slot *slot;           /* borrowed; NULL before it has one */
    IpmiSession *session; /* owned; NULL: the arguments were wrong */
    GError *error;        /* owned; why there is no session */
    IpmiDone done;        /* NULL once called */
    void *user_data;
} Job;

/* A BMC: who talks to it now, who waits, and what was learnt. */
struct Slot {
    IpmiPeer peer;
    Job *active;    /* owned */
    GQueue waiting; /* of Job, owned */
    bool used;
    uint64_t last_end_ms;
    int known_suite; /* 0: unknown */
};

struct IpmiClient {
    pthread_t thread;
    int epoll_fd;
    int wake_fd;
    IpmiResolver *resolver;
    _Atomic uint64_t submissions, sent, received, ignored, retransmissions, failures;

    /* Engine thread only. */
    int sockets[2][SOCKETS_PER_FAMILY]; /* IPv4, IPv6; -1: not made yet */
    DueHeap due;
    GHashTable *slots;     /* IpmiPeer in Slot -> Slot, owned */
    GHashTable *resolving; /* id in Job -> Job, owned */
    uint64_t next_id;

    pthread_mutex_t lock; /* guards all below */
    GQueue incoming;      /* of Job, owned */
    bool stopping;
};

/* ---- jobs and slots ---- */

static void
free_job(void *data)
{
    Job *job = data;
    g_free(job->address);
    ipmi_session_free(job->session);
    g_clear_error(&job->error);
    g_free(job);
}

static void
free_slot(void *data)
{
    g_free(data);
}

static unsigned
hash_peer(const void *key)
{
    return ipmi_peer_hash(key);
}

static gboolean
equal_peers(const void *a, const void *b)
{
    return ipmi_peer_equal(a, b);
}

static gboolean
is_idle(void *key, void *value, void *user_data)
{
    (void)key;
    (void)user_data;
    const Slot *slot = value;
    return slot->active == NULL && slot->waiting.length == 0;
}

static Slot *
slot_of(IpmiClient *client, const IpmiPeer *peer)
{
    Slot *slot = g_hash_table_lookup(client->slots, peer);
    if (slot != NULL)
        return slot;
    if (g_hash_table_size(client->slots) >= SLOTS_KEPT)
        g_hash_table_foreach_remove(client->slots, is_idle, NULL);
    slot = g_new0(Slot, 1);
    slot->peer = *peer;
    g_hash_table_insert(client->slots, &slot->peer, slot);
    return slot;
}

static void
call_done(Job *job, const GError *error)
{
    IpmiDone done = job->done;
    const IpmiSession *session = job->session;
    if (done == NULL)
        return;
    job->done = NULL;
    if (error != NULL)
        atomic_fetch_add_explicit(&job->client->failures, 1, memory_order_relaxed);
    done(job->user_data, session != NULL ? session->responses : NULL,
         session != NULL ? session->response_count : 0, error);
}

/* ---- sending ---- */

/* The socket for a peer, made at first use; -1 with errno when there can be none. */
static int
socket_for(IpmiClient *client, const IpmiPeer *peer)
{
    int family = peer->any.sa_family;
    int *fd = &client->sockets[family == AF_INET6][ipmi_peer_hash(peer) % SOCKETS_PER_FAMILY];
    if (*fd >= 0)
        return *fd;
    int made = ipmi_socket_new(family, RECEIVE_BUFFER, NULL);
    if (made < 0)
        return -1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = made};
    if (epoll_ctl(client->epoll_fd, EPOLL_CTL_ADD, made, &event) != 0) {
        int saved = errno;
        close(made);
        errno = saved;
        return -1;
    }
    *fd = made;
    return made;
}

static void
send_datagram(void *user_data, const uint8_t *bytes, size_t size)
{
    Job *job = user_data;
    const IpmiPeer *peer = &job->peers[job->peer_index];
    int fd = socket_for(job->client, peer);
    atomic_fetch_add_explicit(&job->client->sent, 1, memory_order_relaxed);
    if (job->session->tries > 1)
        atomic_fetch_add_explicit(&job->client->retransmissions, 1, memory_order_relaxed);
    /* What cannot be sent now is lost as if on the wire, and repeated like that. */
    if (fd < 0 || sendto(fd, bytes, size, 0, &peer->any, peer->size) < 0)
        job->session->send_errno = errno;
}

/* ---- the life of a job ---- */

static void start_next(IpmiClient *client, Slot *slot);

static void
end_job(Job *job)
{
    IpmiClient *client = job->client;
    Slot *slot = job->slot;
    due_heap_remove(&client->due, &job->due);
    if (slot != NULL && slot->active == job) {
        slot->active = NULL;
        slot->used = true;
        slot->last_end_ms = ipmi_now_ms();
    }
    free_job(job);
    if (slot != NULL)
        start_next(client, slot);
}

/* After anything happened to a session: tells its owner, sets its alarm, or ends it. */
static void
follow_up(Job *job)
{
    IpmiSession *session = job->session;
    if (session->logged_in && job->slot != NULL && session->suite_wanted == -1)
        job->slot->known_suite = session->login.suite->id;
    if (session->finished)
        call_done(job, session->error);
    if (session->step == SESSION_ENDED)
        end_job(job);
    else
        due_heap_set(&job->client->due, &job->due, session->due_ms);
}

static void
start_job(Job *job)
{
    job->state = JOB_RUNNING;
    job->session->known_suite = job->slot->known_suite;
    ipmi_session_start(job->session, ipmi_now_ms());
    follow_up(job);
}

static void
start_next(IpmiClient *client, Slot *slot)
{
    Job *job = slot->active == NULL ? g_queue_pop_head(&slot->waiting) : NULL;
    if (job == NULL)
        return;
    uint64_t now_ms = ipmi_now_ms();
    uint64_t start_ms = slot->used ? slot->last_end_ms + job->min_interval_ms : 0;
    slot->active = job;
    if (start_ms > now_ms) {
        job->state = JOB_PAUSED;
        due_heap_set(&client->due, &job->due, start_ms);
        return;
    }
    /* Started by its timer, not from here: the end of one job must not recurse into the next ones. */
    job->state = JOB_PAUSED;
    due_heap_set(&client->due, &job->due, now_ms);
}

static void
enqueue(Job *job)
{
    Slot *slot = slot_of(job->client, &job->peers[job->peer_index]);
    job->slot = slot;
    job->state = JOB_QUEUED;
    due_heap_set(&job->client->due, &job->due,
                 ipmi_now_ms() + (uint64_t)QUEUE_PATIENCE * job->deadline_after_ms);
    g_queue_push_tail(&slot->waiting, job);
    start_next(job->client, slot);
}

static void
fail_job(Job *job, GError *error)
{
    call_done(job, error);
    g_error_free(error);
    end_job(job);
}

static void
resolve(Job *job)
{
    GError *error = NULL;
    IpmiClient *client = job->client;
    job->id = ++client->next_id;
    job->state = JOB_RESOLVING;
    if (!ipmi_resolver_ask(client->resolver, job->id, job->address, job->port, &error)) {
        fail_job(job, error);
        return;
    }
    g_hash_table_insert(client->resolving, &job->id, job);
    due_heap_set(&client->due, &job->due, ipmi_now_ms() + job->deadline_after_ms);
}

/* A new submission reaches the engine. */
static void
admit(Job *job)
{
    if (job->error != NULL)
        fail_job(job, g_steal_pointer(&job->error));
    else if (job->peer_count > 0)
        enqueue(job);
    else
        resolve(job);
}

static void
resolved(IpmiClient *client, const IpmiResolved *answer)
{
    Job *job = g_hash_table_lookup(client->resolving, &answer->id);
    if (job == NULL)
        return; /* its deadline was earlier */
    g_hash_table_remove(client->resolving, &answer->id);
    if (answer->peer_count == 0) {
        fail_job(job, g_error_new(steel_error_quark(), STEEL_ERROR_BMC_UNREACHABLE,
                                  "name %s does not resolve: %s", job->address, answer->problem));
        return;
    }
    memcpy(job->peers, answer->peers, sizeof job->peers);
    job->peer_count = answer->peer_count;
    enqueue(job);
}

/* A name with several addresses: as long as none has answered, the next copy goes to the next one that nobody talks to. */
static void
rotate_peer(Job *job)
{
    if (job->peer_count < 2 || job->session->heard > 0)
        return;
    size_t next = (job->peer_index + 1) % job->peer_count;
    Slot *slot = slot_of(job->client, &job->peers[next]);
    if (slot->active != NULL || slot == job->slot)
        return;
    Slot *left = job->slot;
    left->active = NULL;
    slot->active = job;
    job->slot = slot;
    job->peer_index = next;
    start_next(job->client, left);
}

static void
expire(Job *job, uint64_t now_ms)
{
    switch (job->state) {
    case JOB_RESOLVING:
        g_hash_table_remove(job->client->resolving, &job->id);
        fail_job(job, g_error_new(steel_error_quark(), STEEL_ERROR_BMC_UNREACHABLE,
                                  "name %s was not resolved within %g s", job->address,
                                  job->deadline_after_ms / 1000.0));
        return;
    case JOB_PAUSED:
        start_job(job);
        return;
    case JOB_RUNNING:
        if (job->session->tries > 0)
            rotate_peer(job);
        ipmi_session_expire(job->session, now_ms);
        follow_up(job);
        return;
    case JOB_QUEUED:
        g_queue_remove(&job->slot->waiting, job);
        fail_job(
            job,
            g_error_new(
                steel_error_quark(), STEEL_ERROR_BMC_BUSY,
                "%s:%u is being asked for others, who were not through within %g s; do several "
                "nodes have the same BMC address?",
                job->address, job->port, QUEUE_PATIENCE * job->deadline_after_ms / 1000.0));
        return;
    }
}

/* ---- the thread ---- */

static void
deliver(IpmiClient *client, const IpmiPeer *peer, const uint8_t *bytes, size_t size)
{
    Slot *slot = g_hash_table_lookup(client->slots, peer);
    Job *job = slot != NULL ? slot->active : NULL;
    atomic_fetch_add_explicit(&client->received, 1, memory_order_relaxed);
    if (job == NULL || job->state != JOB_RUNNING ||
        !ipmi_session_receive(job->session, ipmi_now_ms(), bytes, size)) {
        atomic_fetch_add_explicit(&client->ignored, 1, memory_order_relaxed);
        return;
    }
    follow_up(job);
}

static void
receive(IpmiClient *client, int fd)
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
        int count = recvmmsg(fd, messages, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < count; i++) {
            peers[i].size = messages[i].msg_hdr.msg_namelen;
            if (peers[i].size > 0)
                deliver(client, &peers[i], bytes[i], messages[i].msg_len);
        }
        if (count < RECEIVE_BATCH)
            return;
    }
}

/* Wakes what is due, at most STARTS_MAX at a time; the rest stays due. */
static void
expire_due(IpmiClient *client)
{
    uint64_t now_ms = ipmi_now_ms();
    for (int i = 0; i < STARTS_MAX; i++) {
        DueEntry *first = due_heap_first(&client->due);
        if (first == NULL || first->due_ms > now_ms)
            return;
        due_heap_remove(&client->due, first);
        expire((Job *)first, now_ms);
    }
}

static Job *
next_incoming(IpmiClient *client, bool *stopping)
{
    pthread_mutex_lock(&client->lock);
    Job *job = g_queue_pop_head(&client->incoming);
    *stopping = client->stopping;
    pthread_mutex_unlock(&client->lock);
    return job;
}

/* Reads what other threads left; false: stop. */
static bool
obey(IpmiClient *client)
{
    uint64_t count;
    bool stopping = false;
    IpmiResolved answer;
    ssize_t got = read(client->wake_fd, &count, sizeof count);
    (void)got; /* only wakes us */
    while (ipmi_resolver_take(client->resolver, &answer))
        resolved(client, &answer);
    for (Job *job; (job = next_incoming(client, &stopping)) != NULL;) {
        if (stopping) {
            pthread_mutex_lock(&client->lock);
            g_queue_push_head(&client->incoming, job);
            pthread_mutex_unlock(&client->lock);
            break;
        }
        admit(job);
    }
    return !stopping;
}

static void
cancel_job(Job *job)
{
    static const char text[] = "the IPMI client was stopped";
    if (job->state == JOB_RUNNING)
        ipmi_session_abort(job->session, STEEL_ERROR_CANCELLED, text);
    if (job->done != NULL) {
        g_autoptr(GError) error =
            g_error_new_literal(steel_error_quark(), STEEL_ERROR_CANCELLED, text);
        call_done(job, error);
    }
    free_job(job);
}

static void
cancel_all(IpmiClient *client)
{
    GHashTableIter iterator;
    void *value;
    bool stopping;
    due_heap_clear(&client->due);
    g_hash_table_iter_init(&iterator, client->resolving);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        cancel_job(value);
    g_hash_table_iter_init(&iterator, client->slots);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        Slot *slot = value;
        if (slot->active != NULL)
            cancel_job(slot->active);
        for (Job *job; (job = g_queue_pop_head(&slot->waiting)) != NULL;)
            cancel_job(job);
    }
    /* Last: what callbacks submitted meanwhile is here too. */
    for (Job *job; (job = next_incoming(client, &stopping)) != NULL;)
        cancel_job(job);
}

static void *
run(void *data)
{
    IpmiClient *client = data;
    struct epoll_event events[2 * SOCKETS_PER_FAMILY + 1];
    for (;;) {
        int count = epoll_wait(client->epoll_fd, events, G_N_ELEMENTS(events),
                               due_heap_wait_ms(&client->due, ipmi_now_ms()));
        bool woken = false;
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == client->wake_fd)
                woken = true;
            else
                receive(client, events[i].data.fd);
        }
        if (woken && !obey(client))
            break;
        expire_due(client);
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
    for (int family = 0; family < 2; family++)
        for (int i = 0; i < SOCKETS_PER_FAMILY; i++)
            if (client->sockets[family][i] >= 0)
                close(client->sockets[family][i]);
    ipmi_resolver_close(client->resolver);
    g_hash_table_unref(client->slots);
    g_hash_table_unref(client->resolving);
    due_heap_clear(&client->due);
    if (client->epoll_fd >= 0)
        close(client->epoll_fd);
    if (client->wake_fd >= 0)
        close(client->wake_fd);
    pthread_mutex_destroy(&client->lock);
    g_free(client);
}

IpmiClient *
ipmi_client_new(GError **error)
{
    IpmiClient *client = g_new0(IpmiClient, 1);
    pthread_mutex_init(&client->lock, NULL);
    memset(client->sockets, 0xff, sizeof client->sockets);
    client->slots = g_hash_table_new_full(hash_peer, equal_peers, NULL, free_slot);
    client->resolving = g_hash_table_new(g_int64_hash, g_int64_equal);
    client->resolver = ipmi_resolver_new(wake, client);
    client->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    client->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = client->wake_fd};
    if (client->epoll_fd < 0 || client->wake_fd < 0 ||
        epoll_ctl(client->epoll_fd, EPOLL_CTL_ADD, client->wake_fd, &event) != 0 ||
        pthread_create(&client->thread, NULL, run, client) != 0) {
        steel_fail(error, STEEL_ERROR_INTERNAL, "starting the IPMI client: %s", g_strerror(errno));
        destroy(client);
        return NULL;
    }
    return client;
}

void
ipmi_client_free(IpmiClient *client)
{
    if (client == NULL)
        return;
    pthread_mutex_lock(&client->lock);
    client->stopping = true;
    pthread_mutex_unlock(&client->lock);
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
    job->min_interval_ms = target->min_command_interval_ms;
    if (job->address[0] == '\0') {
        steel_fail(&job->error, STEEL_ERROR_INVALID, "the BMC has no address");
        return job;
    }
    job->peer_count = ipmi_peer_parse(job->address, job->port, &job->peers[0]) ? 1 : 0;
    g_autofree char *where = job->peer_count > 0
                                 ? ipmi_peer_text(&job->peers[0])
                                 : g_strdup_printf("%s:%u", job->address, job->port);
    job->session =
        ipmi_session_new(target, where, requests, count, 0, send_datagram, job, &job->error);
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
    pthread_mutex_lock(&client->lock);
    bool first = client->incoming.length == 0;
    g_queue_push_tail(&client->incoming, job);
    pthread_mutex_unlock(&client->lock);
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
    };
}

bool
ipmi_client_on_engine_thread(const IpmiClient *client)
{
    return pthread_equal(pthread_self(), client->thread) != 0;
}
