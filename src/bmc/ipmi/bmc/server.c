/* The thread that carries datagrams to simulated BMCs and their answers back, with the faults of
 * the wire.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/bmc/server.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bmc/ipmi/bmc/bmc.h"
#include "bmc/ipmi/wire/packet.h"
#include "bmc/ipmi/wire/socket.h"
#include "common/due_heap.h"
#include "common/error.h"
#include "common/lock.h"

enum {
    EVENTS_MAX = 64,
    BURST_MAX = 16, /* datagrams of one BMC before the turn of the others */
    GARBAGE_MAX = 200,
};

/* A BMC with its socket. */
typedef struct Hosted {
    DueEntry due; /* first member: the heap gives it back; when it has something to say unasked */
    IpmiServer *server;
    IpmiBmc *bmc;   /* owned */
    int fd;         /* owned */
    GQueue delayed; /* of Delayed, owned; server thread only */
    bool waiting;   /* it is in `speakers`; guarded by the server's lock */
} Hosted;

/* An answer that waits for its latency to pass. */
typedef struct Delayed {
    DueEntry due; /* first member: the heap gives it back */
    Hosted *hosted;
    IpmiPeer peer;
    size_t size;
    uint8_t bytes[IPMI_DATAGRAM_MAX];
} Delayed;

struct IpmiServer {
    int epoll_fd;
    int wake_fd;
    pthread_t thread;
    DueHeap delayed; /* server thread only */
    DueHeap unasked; /* server thread only; of Hosted */
    uint32_t dice;   /* server thread only */
    Lock lock;
    pthread_cond_t removed;
    GPtrArray *hosted GUARDED; /* of Hosted, owned */
    Hosted *leaving GUARDED;   /* the server thread releases it and sets NULL */
    GQueue speakers GUARDED;   /* of Hosted: their machines' serial ports have sent something */
    bool stopping GUARDED;
};

/* ---- faults of the wire ---- */

/* xorshift: faults need no good randomness, and must not cost a system call per datagram. */
static uint32_t
next_random(IpmiServer *server)
{
    server->dice ^= server->dice << 13;
    server->dice ^= server->dice >> 17;
    server->dice ^= server->dice << 5;
    return server->dice;
}

static bool
chance(IpmiServer *server, unsigned per_mille)
{
    return per_mille > 0 && next_random(server) % 1000 < per_mille;
}

static void
transmit(const Hosted *hosted, const IpmiPeer *peer, const uint8_t *bytes, size_t size)
{
    /* A full buffer or a gone peer loses the datagram, as a wire would. */
    (void)sendto(hosted->fd, bytes, size, 0, &peer->any, peer->size);
}

/* Random bytes; every second one begins like RMCP+ to get further into a parser. */
static void
transmit_garbage(IpmiServer *server, const Hosted *hosted, const IpmiPeer *peer)
{
    static const uint8_t plausible[] = {0x06, 0x00, 0xff, 0x07, 0x06};
    uint8_t bytes[GARBAGE_MAX];
    size_t size = 1 + next_random(server) % GARBAGE_MAX;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(next_random(server) >> 8);
    if (size > sizeof plausible && chance(server, 500))
        memcpy(bytes, plausible, sizeof plausible);
    transmit(hosted, peer, bytes, size);
}

static void
drop_delayed(IpmiServer *server, Delayed *delayed)
{
    due_heap_remove(&server->delayed, &delayed->due);
    g_queue_remove(&delayed->hosted->delayed, delayed);
    g_free(delayed);
}

static void
delay(IpmiServer *server, Hosted *hosted, const IpmiPeer *peer, const uint8_t *bytes, size_t size,
      uint64_t due_ms)
{
    Delayed *delayed = g_new0(Delayed, 1);
    delayed->hosted = hosted;
    delayed->peer = *peer;
    delayed->size = size;
    memcpy(delayed->bytes, bytes, size);
    g_queue_push_tail(&hosted->delayed, delayed);
    due_heap_set(&server->delayed, &delayed->due, due_ms);
}

static void
deliver(IpmiServer *server, Hosted *hosted, const IpmiPeer *peer, const IpmiBmcFaults *faults,
        const uint8_t *bytes, size_t size)
{
    unsigned copies = chance(server, faults->duplicate_per_mille) ? 2 : 1;
    if (faults->noise)
        transmit_garbage(server, hosted, peer);
    for (unsigned i = 0; i < copies; i++) {
        if (chance(server, faults->loss_per_mille))
            continue;
        if (faults->latency_ms > 0)
            delay(server, hosted, peer, bytes, size, due_now_ms() + faults->latency_ms);
        else
            transmit(hosted, peer, bytes, size);
    }
}

/* ---- the thread ---- */

/* Sends what the BMC has to say unasked, at most a burst; the rest has its turn later. */
static void
speak(IpmiServer *server, Hosted *hosted)
{
    IpmiBmcFaults faults = bmc_faults(hosted->bmc);
    for (int i = 0; i < BURST_MAX; i++) {
        uint8_t bytes[IPMI_DATAGRAM_MAX];
        IpmiPeer peer;
        uint64_t due_ms = 0;
        size_t size = ipmi_bmc_speak(hosted->bmc, due_now_ms(), bytes, &peer, &due_ms);
        due_heap_remove(&server->unasked, &hosted->due);
        if (due_ms != 0)
            due_heap_set(&server->unasked, &hosted->due, due_ms);
        if (size == 0)
            return;
        if (!faults.dead && !faults.garbage)
            deliver(server, hosted, &peer, &faults, bytes, size);
    }
}

static void
handle(IpmiServer *server, Hosted *hosted, const IpmiPeer *peer, const uint8_t *bytes, size_t size)
{
    lock_acquire(&hosted->bmc->lock);
    IpmiBmcFaults faults = hosted->bmc->faults;
    lock_release(&hosted->bmc->lock);
    if (faults.dead || chance(server, faults.loss_per_mille))
        return;
    if (faults.garbage) {
        transmit_garbage(server, hosted, peer);
        return;
    }
    uint8_t reply[IPMI_DATAGRAM_MAX];
    hosted->bmc->from = *peer;
    size_t reply_size = ipmi_bmc_answer(hosted->bmc, due_now_ms(), bytes, size, reply);
    if (reply_size > 0)
        deliver(server, hosted, peer, &faults, reply, reply_size);
    speak(server, hosted);
}

static void
receive(IpmiServer *server, Hosted *hosted)
{
    for (int i = 0; i < BURST_MAX; i++) {
        uint8_t bytes[IPMI_DATAGRAM_MAX];
        IpmiPeer peer = {.size = sizeof peer.v6};
        ssize_t size = recvfrom(hosted->fd, bytes, sizeof bytes, 0, &peer.any, &peer.size);
        if (size < 0)
            return; /* no more datagrams, or an ICMP error of a closed peer */
        handle(server, hosted, &peer, bytes, (size_t)size);
    }
}

static void
transmit_due(IpmiServer *server)
{
    uint64_t now_ms = due_now_ms();
    DueEntry *first;
    while ((first = due_heap_first(&server->delayed)) != NULL && first->due_ms <= now_ms) {
        Delayed *delayed = (Delayed *)first;
        transmit(delayed->hosted, &delayed->peer, delayed->bytes, delayed->size);
        drop_delayed(server, delayed);
    }
}

static void
speak_due(IpmiServer *server)
{
    uint64_t now_ms = due_now_ms();
    DueEntry *first;
    while ((first = due_heap_first(&server->unasked)) != NULL && first->due_ms <= now_ms) {
        due_heap_remove(&server->unasked, first);
        speak(server, (Hosted *)first);
    }
}

static Hosted *
next_speaker(IpmiServer *server)
{
    lock_acquire(&server->lock);
    Hosted *hosted = g_queue_pop_head(&server->speakers);
    if (hosted != NULL)
        hosted->waiting = false;
    lock_release(&server->lock);
    return hosted;
}

static void
forget_delayed(IpmiServer *server, Hosted *hosted)
{
    due_heap_remove(&server->unasked, &hosted->due);
    while (!g_queue_is_empty(&hosted->delayed))
        drop_delayed(server, g_queue_peek_head(&hosted->delayed));
}

/* Takes the orders of other threads; false: stop. */
static bool
take_orders(IpmiServer *server)
{
    uint64_t count;
    ssize_t got = read(server->wake_fd, &count, sizeof count);
    (void)got; /* only wakes the thread */
    for (Hosted *hosted; (hosted = next_speaker(server)) != NULL;)
        speak(server, hosted);
    lock_acquire(&server->lock);
    if (server->leaving != NULL) {
        forget_delayed(server, server->leaving);
        server->leaving = NULL;
        pthread_cond_broadcast(&server->removed);
    }
    bool go_on = !server->stopping;
    lock_release(&server->lock);
    return go_on;
}

static int
wait_ms(const IpmiServer *server)
{
    uint64_t now_ms = due_now_ms();
    int delayed = due_heap_wait_ms(&server->delayed, now_ms);
    int unasked = due_heap_wait_ms(&server->unasked, now_ms);
    return delayed < 0 ? unasked : unasked < 0 ? delayed : MIN(delayed, unasked);
}

static void *
ipmi_server_serve(void *data)
{
    IpmiServer *server = data;
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int count = epoll_wait(server->epoll_fd, events, EVENTS_MAX, wait_ms(server));
        bool woken = false;
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                woken = true;
            else
                receive(server, events[i].data.ptr);
        }
        transmit_due(server);
        speak_due(server);
        /* After the events: none of them can name a BMC that leaves now. */
        if (woken && !take_orders(server))
            return NULL;
    }
}

static void
wake(IpmiServer *server)
{
    const uint64_t one = 1;
    ssize_t written = write(server->wake_fd, &one, sizeof one);
    (void)written; /* full means it is awake anyway */
}

/* The BMC's wake hook. */
static void
hosted_wakes(void *data)
{
    Hosted *hosted = data;
    lock_acquire(&hosted->server->lock);
    bool first = !hosted->waiting;
    if (first)
        g_queue_push_tail(&hosted->server->speakers, hosted);
    hosted->waiting = true;
    lock_release(&hosted->server->lock);
    if (first)
        wake(hosted->server);
}

/* ---- public ---- */

static void
free_hosted(void *data)
{
    Hosted *hosted = data;
    g_queue_clear_full(&hosted->delayed, g_free);
    if (hosted->fd >= 0)
        close(hosted->fd);
    ipmi_bmc_free(hosted->bmc);
    g_free(hosted);
}

UNSHARED static void
destroy(IpmiServer *server)
{
    due_heap_clear(&server->delayed); /* before the BMCs free its entries */
    due_heap_clear(&server->unasked);
    g_queue_clear(&server->speakers);
    g_ptr_array_unref(server->hosted);
    if (server->epoll_fd >= 0)
        close(server->epoll_fd);
    if (server->wake_fd >= 0)
        close(server->wake_fd);
    pthread_cond_destroy(&server->removed);
    lock_destroy(&server->lock);
    g_free(server);
}

UNSHARED IpmiServer *
ipmi_server_new(GError **error)
{
    IpmiServer *server = g_new0(IpmiServer, 1);
    lock_init(&server->lock, LOCK_RANK_BMC_SERVER);
    pthread_cond_init(&server->removed, NULL);
    server->hosted = g_ptr_array_new_with_free_func(free_hosted);
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->dice = (uint32_t)g_get_monotonic_time() | 1u;
    struct epoll_event event = {.events = EPOLLIN};
    if (server->epoll_fd < 0 || server->wake_fd < 0 ||
        epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->wake_fd, &event) != 0 ||
        pthread_create(&server->thread, NULL, ipmi_server_serve, server) != 0) {
        steel_fail(error, STEEL_ERROR_INTERNAL, "starting the BMC server: %s", g_strerror(errno));
        destroy(server);
        return NULL;
    }
    return server;
}

void
ipmi_server_free(IpmiServer *server)
{
    if (server == NULL)
        return;
    lock_acquire(&server->lock);
    server->stopping = true;
    lock_release(&server->lock);
    wake(server);
    pthread_join(server->thread, NULL);
    destroy(server);
}

static bool
bind_socket(Hosted *hosted, const char *address, uint16_t port, GError **error)
{
    IpmiPeer peer;
    if (!ipmi_peer_parse(address, port, &peer))
        return steel_fail(error, STEEL_ERROR_INVALID, "BMC address %s is no IP address", address);
    hosted->fd = ipmi_socket_new(peer.any.sa_family, 0, error);
    if (hosted->fd < 0)
        return false;
    if (bind(hosted->fd, &peer.any, peer.size) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "BMC at %s port %u: %s", address, port,
                          g_strerror(errno));
    if (getsockname(hosted->fd, &peer.any, &peer.size) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "BMC at %s port %u: %s", address, port,
                          g_strerror(errno));
    hosted->bmc->port = ipmi_peer_port(&peer);
    return true;
}

IpmiBmc *
ipmi_server_add(IpmiServer *server, const char *address, uint16_t port, const IpmiBmcUser *users,
                size_t user_count, const IpmiBmcOps *ops, void *user_data, GError **error)
{
    Hosted *hosted = g_new0(Hosted, 1);
    hosted->fd = -1;
    hosted->server = server;
    hosted->bmc = ipmi_bmc_new(users, user_count, ops, user_data, error);
    if (hosted->bmc == NULL || !bind_socket(hosted, address, port, error)) {
        free_hosted(hosted);
        return NULL;
    }
    IpmiBmc *bmc = hosted->bmc;
    bmc->wake = hosted_wakes;
    bmc->wake_data = hosted;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = hosted};
    lock_acquire(&server->lock);
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, hosted->fd, &event) != 0) {
        steel_fail(error, STEEL_ERROR_IO, "BMC at %s: %s", address, g_strerror(errno));
        free_hosted(hosted);
        bmc = NULL;
    } else {
        g_ptr_array_add(server->hosted, hosted);
    }
    lock_release(&server->lock);
    return bmc;
}

void
ipmi_server_remove(IpmiServer *server, IpmiBmc *bmc)
{
    lock_acquire(&server->lock);
    while (server->leaving != NULL) /* another thread is removing one */
        lock_wait(&server->lock, &server->removed);
    Hosted *hosted = NULL;
    for (guint i = 0; i < server->hosted->len && hosted == NULL; i++) {
        Hosted *candidate = g_ptr_array_index(server->hosted, i);
        if (candidate->bmc == bmc)
            hosted = g_ptr_array_steal_index_fast(server->hosted, i);
    }
    if (hosted != NULL) {
        epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, hosted->fd, NULL);
        g_queue_remove(&server->speakers, hosted);
        server->leaving = hosted;
        wake(server);
        while (server->leaving == hosted)
            lock_wait(&server->lock, &server->removed);
    }
    lock_release(&server->lock);
    if (hosted != NULL)
        free_hosted(hosted);
}
