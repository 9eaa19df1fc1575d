/* The thread that serves all consoles, and the functions that other threads call.
 * SPDX-License-Identifier: Apache-2.0 */
#include "consoles/internal.h"

#include "common/error.h"
#include "http/socket.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { EVENTS_MAX = 64 };

/* What another thread asks of the consoles' one, and waits for. */
typedef struct Order {
    Console *begin;  /* takes it; NULL: none */
    const char *end; /* the key of the one to stop; NULL: none */
    bool found;      /* out: there was one to stop */
    bool done;       /* guarded by the consoles' lock */
} Order;

/* ---- the thread ---- */

static void
bury(Consoles *consoles, Console *console)
{
    due_heap_remove(&consoles->due, &console->due);
    g_ptr_array_remove_fast(consoles->leaving, console);
    /* Its doors are closed, so no event of a later round names it. */
    console_free(console);
}

static bool
end_console(Consoles *consoles, const char *key)
{
    Console *console = g_hash_table_lookup(consoles->serving, key);
    if (console == NULL)
        return false;
    g_hash_table_remove(consoles->serving, key);
    g_ptr_array_add(consoles->leaving, console);
    (void)console_leave(console); /* freed with those of `leaving`, at the end of the round */
    return true;
}

static void
obey(Consoles *consoles, Order *order)
{
    if (order->end != NULL)
        order->found = end_console(consoles, order->end);
    if (order->begin == NULL)
        return;
    (void)end_console(consoles, order->begin->key);
    g_hash_table_insert(consoles->serving, order->begin->key, order->begin);
    console_open(consoles, order->begin);
}

static Order *
next_order(Consoles *consoles)
{
    lock_acquire(&consoles->lock);
    Order *order = g_queue_pop_head(&consoles->orders);
    lock_release(&consoles->lock);
    return order;
}

static void
answer_order(Consoles *consoles, Order *order)
{
    lock_acquire(&consoles->lock);
    order->done = true;
    pthread_cond_broadcast(&consoles->done);
    lock_release(&consoles->lock);
}

/* Takes what other threads have left for this one; false: stop. */
static bool
take_orders(Consoles *consoles)
{
    uint64_t count;
    ssize_t got = read(consoles->wake_fd, &count, sizeof count);
    (void)got; /* only wakes the thread */
    IpmiResolved answer;
    while (ipmi_resolver_take(consoles->resolver, &answer)) {
        Console *console = g_hash_table_lookup(consoles->asking, &answer.id);
        if (console == NULL)
            continue;
        g_hash_table_remove(consoles->asking, &answer.id);
        console_resolved(console, &answer);
    }
    for (Order *order; (order = next_order(consoles)) != NULL;) {
        obey(consoles, order);
        answer_order(consoles, order);
    }
    lock_acquire(&consoles->lock);
    bool stopping = consoles->stopping;
    lock_release(&consoles->lock);
    return !stopping;
}

static void
expire_due(Consoles *consoles)
{
    uint64_t now_ms = due_now_ms();
    DueEntry *first;
    while ((first = due_heap_first(&consoles->due)) != NULL && first->due_ms <= now_ms) {
        due_heap_remove(&consoles->due, first);
        console_expire((Console *)first, now_ms);
    }
}

/* At the end of a round, when no event names them. */
static void
free_ended(Consoles *consoles)
{
    for (guint i = consoles->leaving->len; i > 0; i--) {
        Console *console = consoles->leaving->pdata[i - 1];
        if (console->sol == NULL)
            bury(consoles, console);
    }
    g_ptr_array_set_size(consoles->graveyard, 0);
}

static void
end_all(Consoles *consoles)
{
    GHashTableIter iterator;
    void *value;
    g_hash_table_iter_init(&iterator, consoles->serving);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        g_hash_table_iter_remove(&iterator);
        g_ptr_array_add(consoles->leaving, value);
        (void)console_leave(value);
    }
    for (guint i = consoles->leaving->len; i > 0; i--) {
        Console *console = consoles->leaving->pdata[i - 1];
        if (console->sol != NULL)
            ipmi_sol_abort(console->sol);
        bury(consoles, console);
    }
    free_ended(consoles);
}

static void *
consoles_run(void *data)
{
    Consoles *consoles = data;
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int count = epoll_wait(consoles->epoll_fd, events, EVENTS_MAX,
                               due_heap_wait_ms(&consoles->due, due_now_ms()));
        bool woken = false;
        for (int i = 0; i < count; i++) {
            Door *door = events[i].data.ptr;
            if (door == NULL)
                woken = true;
            else if (door->fd >= 0) /* not closed by an earlier event */
                door->open(door, events[i].events);
        }
        expire_due(consoles);
        bool going = !woken || take_orders(consoles);
        free_ended(consoles);
        if (!going)
            break;
    }
    end_all(consoles);
    return NULL;
}

static void
consoles_wake(void *data)
{
    const Consoles *consoles = data;
    const uint64_t one = 1;
    ssize_t written = write(consoles->wake_fd, &one, sizeof one);
    (void)written; /* full means it is awake anyway */
}

/* ---- for other threads ---- */

UNSHARED static void
destroy(Consoles *consoles)
{
    ipmi_resolver_close(consoles->resolver);
    due_heap_clear(&consoles->due);
    g_hash_table_unref(consoles->serving);
    g_hash_table_unref(consoles->asking);
    g_hash_table_unref(consoles->ports);
    g_ptr_array_unref(consoles->leaving);
    g_ptr_array_unref(consoles->graveyard);
    if (consoles->epoll_fd >= 0)
        close(consoles->epoll_fd);
    if (consoles->wake_fd >= 0)
        close(consoles->wake_fd);
    pthread_cond_destroy(&consoles->done);
    lock_destroy(&consoles->lock);
    g_free(consoles);
}

UNSHARED Consoles *
consoles_new(ConsoleTrouble trouble, void *user, GError **error)
{
    Consoles *consoles = g_new0(Consoles, 1);
    consoles->trouble = trouble;
    consoles->user = user;
    lock_init(&consoles->lock, LOCK_RANK_CONSOLES);
    pthread_cond_init(&consoles->done, NULL);
    consoles->serving = g_hash_table_new(g_str_hash, g_str_equal);
    consoles->asking = g_hash_table_new(g_int64_hash, g_int64_equal);
    consoles->ports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    consoles->leaving = g_ptr_array_new();
    consoles->graveyard = g_ptr_array_new_with_free_func(viewer_free);
    consoles->resolver = ipmi_resolver_new(consoles_wake, consoles);
    consoles->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    consoles->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (consoles->epoll_fd < 0 || consoles->wake_fd < 0 ||
        epoll_ctl(consoles->epoll_fd, EPOLL_CTL_ADD, consoles->wake_fd, &event) != 0 ||
        pthread_create(&consoles->thread, NULL, consoles_run, consoles) != 0) {
        steel_fail(error, STEEL_ERROR_INTERNAL, "starting the consoles: %s", g_strerror(errno));
        destroy(consoles);
        return NULL;
    }
    return consoles;
}

void
consoles_free(Consoles *consoles)
{
    if (consoles == NULL)
        return;
    lock_acquire(&consoles->lock);
    consoles->stopping = true;
    lock_release(&consoles->lock);
    consoles_wake(consoles);
    pthread_join(consoles->thread, NULL);
    destroy(consoles);
}

/* Has the thread do it, and waits. */
static void
ask(Consoles *consoles, Order *order)
{
    lock_acquire(&consoles->lock);
    g_queue_push_tail(&consoles->orders, order);
    lock_release(&consoles->lock);
    consoles_wake(consoles);
    lock_acquire(&consoles->lock);
    while (!order->done)
        lock_wait(&consoles->lock, &consoles->done);
    lock_release(&consoles->lock);
}

/* A listening socket on the port that is wanted, or the first free one of the range; -1 with an
 * error. */
static int
listen_on(const ConsoleSettings *settings, uint16_t *port, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (settings->wanted_port != 0) {
        *port = settings->wanted_port;
        int fd = http_socket_open(settings->address, settings->wanted_port, &cause);
        if (fd >= 0)
            return fd;
    }
    for (unsigned i = settings->first_port; i != 0 && i <= settings->last_port; i++) {
        g_clear_error(&cause);
        *port = (uint16_t)i;
        int fd = http_socket_open(settings->address, i, &cause);
        if (fd >= 0 || !steel_error_is(cause, STEEL_ERROR_IO))
            return fd >= 0 ? fd : (g_propagate_error(error, g_steal_pointer(&cause)), -1);
    }
    if (settings->last_port != 0)
        steel_fail(error, STEEL_ERROR_IO,
                   "no port of %u to %u is free at %s; stop a console, or enlarge "
                   "[console]port_range",
                   settings->first_port, settings->last_port, settings->address);
    else
        g_propagate_error(error, g_steal_pointer(&cause));
    return -1;
}

bool
consoles_start(Consoles *consoles, const ConsoleSettings *settings, uint16_t *port, GError **error)
{
    (void)consoles_stop(consoles, settings->key); /* its port may be the one that is wanted */
    int fd = listen_on(settings, port, error);
    if (fd < 0)
        return false;
    lock_acquire(&consoles->lock);
    g_hash_table_insert(consoles->ports, g_strdup(settings->key), GUINT_TO_POINTER(*port));
    lock_release(&consoles->lock);
    Order order = {.begin = console_new(settings, fd, *port)};
    ask(consoles, &order);
    return true;
}

bool
consoles_stop(Consoles *consoles, const char *key)
{
    lock_acquire(&consoles->lock);
    bool known = g_hash_table_remove(consoles->ports, key);
    lock_release(&consoles->lock);
    if (!known)
        return false;
    Order order = {.end = key};
    ask(consoles, &order);
    return order.found;
}

uint16_t
consoles_port(Consoles *consoles, const char *key)
{
    lock_acquire(&consoles->lock);
    unsigned port = GPOINTER_TO_UINT(g_hash_table_lookup(consoles->ports, key));
    lock_release(&consoles->lock);
    return (uint16_t)port;
}
