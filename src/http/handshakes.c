/* The sleep of connections in a TLS handshake; the contract is in handshakes.h.
 *
 * A connection that sleeps is in the epoll set for one event and in the list. The library closes no
 * connection that is suspended: an event's connection is there until it is resumed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/handshakes.h"

#include "common/time_text.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64 };

struct Handshakes {
    int epoll_fd, end_fd; /* owned */
    Lock lock;
    bool ending GUARDED;
    GQueue asleep GUARDED; /* HttpConnection.sleep */
};

Handshakes *
handshakes_new(void)
{
    g_autoptr(Handshakes) handshakes = g_new0(Handshakes, 1);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    lock_init(&handshakes->lock, LOCK_RANK_HANDSHAKES);
    handshakes->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    handshakes->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (handshakes->epoll_fd < 0 || handshakes->end_fd < 0 ||
        epoll_ctl(handshakes->epoll_fd, EPOLL_CTL_ADD, handshakes->end_fd, &event) != 0)
        return NULL;
    return g_steal_pointer(&handshakes);
}

void
handshakes_free(Handshakes *handshakes)
{
    if (handshakes == NULL)
        return;
    if (handshakes->epoll_fd >= 0)
        close(handshakes->epoll_fd);
    if (handshakes->end_fd >= 0)
        close(handshakes->end_fd);
    lock_destroy(&handshakes->lock);
    g_free(handshakes);
}

/* ---- to sleep ---- */

/* The descriptor is in the set from its first sleep until it is closed. */
static bool
arm(const Handshakes *handshakes, HttpConnection *connection)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
                                .data.ptr = connection};
    int order = connection->has_slept ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    bool armed = epoll_ctl(handshakes->epoll_fd, order, connection->fd, &event) == 0;
    connection->has_slept |= armed;
    return armed;
}

static void wake(Handshakes *handshakes, HttpConnection *connection) REQUIRES(handshakes->lock);

static void
wake(Handshakes *handshakes, HttpConnection *connection)
{
    g_queue_unlink(&handshakes->asleep, &connection->sleep);
    MHD_resume_connection(connection->mhd);
}

/* A connection that the kernel does not watch is resumed at once: nothing else would wake it. */
static void
fall_asleep(Handshakes *handshakes, HttpConnection *connection)
{
    lock_acquire(&handshakes->lock);
    if (!handshakes->ending) {
        MHD_suspend_connection(connection->mhd);
        g_queue_push_tail_link(&handshakes->asleep, &connection->sleep);
        if (!arm(handshakes, connection))
            wake(handshakes, connection);
    }
    lock_release(&handshakes->lock);
}

/* What GnuTLS reads with, in the place of recv(2). */
static ssize_t
handshake_read(gnutls_transport_ptr_t pointer, void *out, size_t size)
{
    HttpConnection *connection = pointer;
    ssize_t got = recv(connection->fd, out, size, 0);
    if (got >= 0 || connection->has_shaken || (errno != EAGAIN && errno != EWOULDBLOCK))
        return got;
    fall_asleep(connection->handshakes, connection);
    errno = EAGAIN;
    return -1;
}

/* The client's last message of a handshake has come: from here on the library waits by itself. */
static int
handshake_finished(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                   const gnutls_datum_t *message)
{
    (void)type;
    (void)when;
    (void)message;
    HttpConnection *connection = gnutls_transport_get_ptr(session);
    connection->has_shaken |= incoming != 0;
    return 0;
}

void
handshakes_watch(Handshakes *handshakes, HttpConnection *connection)
{
    gnutls_session_t session =
        MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
    connection->handshakes = handshakes;
    connection->sleep.data = connection;
    gnutls_transport_set_ptr2(session, connection,
                              (gnutls_transport_ptr_t)(intptr_t)connection->fd);
    gnutls_transport_set_pull_function(session, handshake_read);
    gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST,
                                       handshake_finished);
}

/* ---- awake ---- */

bool
handshakes_run(Handshakes *handshakes, int64_t until_ms)
{
    struct epoll_event events[EVENTS];
    for (;;) {
        int64_t left_ms = MAX(until_ms - time_monotonic_ms(), 0);
        int count = epoll_wait(handshakes->epoll_fd, events, EVENTS, (int)left_ms);
        lock_acquire(&handshakes->lock);
        for (int i = 0; i < count; i++)
            if (events[i].data.ptr != NULL)
                wake(handshakes, events[i].data.ptr);
        bool ending = handshakes->ending;
        lock_release(&handshakes->lock);
        if (ending || left_ms == 0)
            return !ending;
    }
}

void
handshakes_end(Handshakes *handshakes)
{
    lock_acquire(&handshakes->lock);
    handshakes->ending = true;
    lock_release(&handshakes->lock);
    (void)eventfd_write(handshakes->end_fd, 1);
}

void
handshakes_wake_all(Handshakes *handshakes)
{
    lock_acquire(&handshakes->lock);
    while (handshakes->asleep.head != NULL)
        wake(handshakes, handshakes->asleep.head->data);
    lock_release(&handshakes->lock);
}
