/* The thread of the bus: keeps a session, sends what waits, and settles what the broker answers;
 * the contract is in bus.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/internal.h"
#include "common/log.h"
#include "common/time_text.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum {
    IDLE_MS = 1000, /* the thread looks at the heartbeat that often */
};

/* ---- stopping ---- */

/* True when the thread is to end now: nothing waits, or there is no time left. */
static bool
is_over(Bus *bus)
{
    lock_acquire(&bus->lock);
    bool over = bus->stopping && (bus->status.waiting == 0 || !bus->status.is_connected ||
                                  bus->status.is_blocked || time_monotonic_ms() >= bus->stop_by_ms);
    lock_release(&bus->lock);
    return over;
}

static bool
is_stopping(Bus *bus)
{
    lock_acquire(&bus->lock);
    bool stopping = bus->stopping;
    lock_release(&bus->lock);
    return stopping;
}

/* ---- the session's life ---- */

/* Logs a trouble once in an outage, however often it is met. */
static void
tell_trouble(Bus *bus, const BusHost *host, const GError *error)
{
    g_autofree char *text =
        g_strdup_printf("RabbitMQ at %s port %u: %s", host->name, host->port, error->message);
    if (g_strcmp0(bus->trouble, text) == 0)
        return;
    bool refused = steel_error_is(error, STEEL_ERROR_UNAUTHORIZED);
    log_error("bus", "%s; messages wait%s", text,
              refused ? ": check user, password and virtual host of transport_url" : "");
    g_free(bus->trouble);
    bus->trouble = g_steal_pointer(&text);
}

static void
note_session(Bus *bus, int descriptor)
{
    lock_acquire(&bus->lock);
    bus->descriptor = descriptor;
    bus->status.is_connected = descriptor >= 0;
    bus->status.is_blocked = false;
    if (descriptor >= 0)
        bus->status.connections++;
    uint64_t waiting = bus->status.waiting, told = bus_losses_to_tell(bus, descriptor >= 0);
    lock_release(&bus->lock);
    bus_tell_losses(told);
    if (descriptor >= 0)
        log_info("bus", "connected to RabbitMQ; %" G_GUINT64_FORMAT " messages wait", waiting);
}

/* What was sent and not confirmed waits again, in its order. */
static void
put_back(Bus *bus)
{
    Parcel *parcel;
    lock_acquire(&bus->lock);
    while ((parcel = g_queue_pop_tail(&bus->unconfirmed)) != NULL)
        backlog_return(&bus->backlog, parcel);
    lock_release(&bus->lock);
    bus->unconfirmed_size = 0;
}

static void
close_session(Bus *bus)
{
    note_session(bus, -1);
    bus_session_free(g_steal_pointer(&bus->session));
    put_back(bus);
    g_hash_table_remove_all(bus->declared);
    bus->is_blocked = false;
}

/* Gives up messages that have waited through more failed connections than [...]retry allows. */
static void
give_up_old(Bus *bus)
{
    lock_acquire(&bus->lock);
    uint64_t failures = bus->status.failures;
    Parcel *oldest;
    while (bus->retry >= 0 && (oldest = g_queue_peek_head(&bus->backlog.parcels)) != NULL &&
           failures - oldest->outage > (uint64_t)bus->retry) {
        parcel_free(backlog_pop(&bus->backlog));
        bus->status.lost++;
        bus->status.waiting--;
    }
    uint64_t told = bus_losses_to_tell(bus, false);
    lock_release(&bus->lock);
    bus_tell_losses(told);
}

static void
note_failure(Bus *bus)
{
    bus->failures++;
    lock_acquire(&bus->lock);
    bus->status.failures++;
    lock_release(&bus->lock);
    give_up_old(bus);
}

static void
open_next(Bus *bus)
{
    g_autoptr(GError) error = NULL;
    const GPtrArray *hosts = bus->settings->url->hosts;
    const BusHost *host = hosts->pdata[bus->host++ % hosts->len];
    bus->session = bus_session_open(bus->settings, host, &error);
    if (bus->session == NULL) {
        tell_trouble(bus, host, error);
        note_failure(bus);
        return;
    }
    bus->opened_ms = bus->heard_ms = time_monotonic_ms();
    note_session(bus, bus_session_descriptor(bus->session));
}

/* Waits until the pause is over; a stop ends it. */
static void
wait_pause(Bus *bus)
{
    int64_t until_ms = time_monotonic_ms() + bus_settings_pause_ms(bus->settings, bus->failures);
    lock_acquire(&bus->lock);
    while (!bus->stopping && lock_wait_until(&bus->lock, &bus->changed, until_ms))
        continue;
    lock_release(&bus->lock);
}

/* ---- sending ---- */

/* Makes something, or finds that it is there with other properties: the next session takes it as it
 * is. */
static bool
declare(Bus *bus, const char *queue, const char *exchange, GError **error)
{
    GError *trouble = NULL;
    const char *name = queue != NULL ? queue : exchange;
    g_autofree char *key = g_strdup_printf("%s\n%s", exchange, queue != NULL ? queue : "");
    if (g_hash_table_contains(bus->declared, key))
        return true;
    bool as_it_is = g_hash_table_contains(bus->as_they_are, key);
    bool good = queue != NULL
                    ? bus_session_declare_queue(bus->session, queue, exchange, as_it_is, &trouble)
                    : bus_session_declare_exchange(bus->session, exchange, as_it_is, &trouble);
    if (good) {
        g_hash_table_add(bus->declared, g_steal_pointer(&key));
        return true;
    }
    if (!as_it_is && steel_error_is(trouble, STEEL_ERROR_CONFLICT)) {
        log_info("bus", "%s is there with other properties and is used as it is", name);
        g_hash_table_add(bus->as_they_are, g_steal_pointer(&key));
    }
    g_propagate_error(error, trouble);
    return false;
}

static bool
send_parcel(Bus *bus, Parcel *parcel, GError **error)
{
    const BusOutput output = {parcel->exchange, parcel->routing_key, parcel->body, parcel->size};
    parcel->is_returned = false;
    return declare(bus, NULL, parcel->exchange, error) &&
           declare(bus, parcel->routing_key, parcel->exchange, error) &&
           bus_session_publish(bus->session, &output, &parcel->number, error);
}

static Parcel *
next_parcel(Bus *bus)
{
    if (bus->is_blocked || bus->unconfirmed.length >= BUS_UNCONFIRMED_MOST ||
        bus->unconfirmed_size >= BUS_UNCONFIRMED_SIZE)
        return NULL;
    lock_acquire(&bus->lock);
    Parcel *parcel = backlog_pop(&bus->backlog);
    lock_release(&bus->lock);
    return parcel;
}

static bool
send_waiting(Bus *bus, GError **error)
{
    Parcel *parcel;
    while ((parcel = next_parcel(bus)) != NULL) {
        if (bus->unconfirmed.length == 0)
            bus->heard_ms = time_monotonic_ms();
        g_queue_push_tail(&bus->unconfirmed, parcel);
        bus->unconfirmed_size += parcel->size;
        if (!send_parcel(bus, parcel, error))
            return false;
    }
    return true;
}

/* ---- what the broker says ---- */

/* The broker has this message now. */
static void
parcel_done(Bus *bus, Parcel *parcel)
{
    parcel_free(parcel);
    lock_acquire(&bus->lock);
    bus->status.waiting--;
    bus->status.confirmed++;
    lock_release(&bus->lock);
}

/* The broker or its queues did not take this message. */
static void
parcel_refused(Bus *bus, Parcel *parcel)
{
    bool again = ++parcel->tries < BUS_TRIES_MOST;
    g_hash_table_remove_all(bus->declared); /* the queue is made again */
    lock_acquire(&bus->lock);
    if (again)
        backlog_return(&bus->backlog, parcel);
    else {
        bus->status.lost++;
        bus->status.waiting--;
    }
    uint64_t told = bus_losses_to_tell(bus, false);
    lock_release(&bus->lock);
    bus_tell_losses(told);
    if (!again)
        parcel_free(parcel);
}

/* Goes through the messages of an answer, from the last to the first, so that those to be sent
 * again keep their order. */
static void
settle(Bus *bus, const BusEvent *event)
{
    GList *link = bus->unconfirmed.tail;
    while (link != NULL) {
        GList *before = link->prev;
        Parcel *parcel = link->data;
        if (parcel->number == event->number || (event->all && parcel->number < event->number)) {
            g_queue_delete_link(&bus->unconfirmed, link);
            bus->unconfirmed_size -= parcel->size;
            bool good = event->kind == BUS_EVENT_CONFIRMED && !parcel->is_returned;
            (good ? parcel_done : parcel_refused)(bus, parcel);
        }
        link = before;
    }
    bus->failures = 0;
}

static void
mark_returned(Bus *bus, uint64_t number)
{
    for (GList *link = bus->unconfirmed.head; link != NULL; link = link->next) {
        Parcel *parcel = link->data;
        if (parcel->number == number)
            parcel->is_returned = true;
    }
}

static void
set_blocked(Bus *bus, bool blocked, const char *why)
{
    bus->is_blocked = blocked;
    lock_acquire(&bus->lock);
    bus->status.is_blocked = blocked;
    lock_release(&bus->lock);
    if (blocked)
        log_warning("bus", "RabbitMQ takes no messages (%s); they wait", why);
    else
        log_info("bus", "RabbitMQ takes messages again");
}

static void
take_event(Bus *bus, const BusEvent *event)
{
    if (event->kind == BUS_EVENT_CONFIRMED || event->kind == BUS_EVENT_REFUSED)
        settle(bus, event);
    else if (event->kind == BUS_EVENT_RETURNED)
        mark_returned(bus, event->number);
    else if (event->kind == BUS_EVENT_BLOCKED || event->kind == BUS_EVENT_UNBLOCKED)
        set_blocked(bus, event->kind == BUS_EVENT_BLOCKED, event->text);
}

static bool
receive(Bus *bus, GError **error)
{
    BusEvent event;
    do {
        if (!bus_session_next(bus->session, &event, error))
            return false;
        if (event.kind != BUS_EVENT_NONE)
            bus->heard_ms = time_monotonic_ms();
        take_event(bus, &event);
    } while (event.kind != BUS_EVENT_NONE);
    if (bus->unconfirmed.length > 0 && !bus->is_blocked &&
        time_monotonic_ms() - bus->heard_ms > BUS_CONFIRM_LIMIT_MS)
        return steel_fail(error, STEEL_ERROR_BUS, "%u messages were not confirmed within %d s",
                          bus->unconfirmed.length, BUS_CONFIRM_LIMIT_MS / 1000);
    return true;
}

/* ---- the thread ---- */

static void
poll_session(Bus *bus)
{
    uint64_t count;
    struct pollfd ready[] = {{.fd = bus_session_descriptor(bus->session), .events = POLLIN},
                             {.fd = bus->wake, .events = POLLIN}};
    poll(ready, G_N_ELEMENTS(ready), IDLE_MS);
    if (ready[1].revents != 0 && read(bus->wake, &count, sizeof count) < 0 && errno != EAGAIN)
        log_warning("bus", "the wake-up cannot be read: %s", g_strerror(errno));
}

/* True if there is something to send at once. */
static bool
has_work(Bus *bus)
{
    lock_acquire(&bus->lock);
    bool work = bus->backlog.parcels.length > 0;
    lock_release(&bus->lock);
    return work && !bus->is_blocked && bus->unconfirmed.length < BUS_UNCONFIRMED_MOST &&
           bus->unconfirmed_size < BUS_UNCONFIRMED_SIZE;
}

static void
serve(Bus *bus)
{
    g_autoptr(GError) error = NULL;
    const GPtrArray *hosts = bus->settings->url->hosts;
    const BusHost *host = hosts->pdata[(bus->host - 1) % hosts->len];
    while (receive(bus, &error) && send_waiting(bus, &error)) {
        if (is_over(bus))
            break;
        if (!has_work(bus))
            poll_session(bus);
    }
    if (error == NULL)
        return;
    if (time_monotonic_ms() - bus->opened_ms > BUS_STABLE_MS)
        bus->failures = 0;
    tell_trouble(bus, host, error);
    note_failure(bus);
}

void *
bus_worker(void *data)
{
    Bus *bus = data;
    pthread_setname_np(pthread_self(), "bus");
    while (!is_over(bus)) {
        open_next(bus);
        if (bus->session != NULL) {
            serve(bus);
            close_session(bus);
        }
        if (is_stopping(bus))
            break;
        wait_pause(bus);
    }
    lock_acquire(&bus->lock);
    bus->has_ended = true;
    pthread_cond_broadcast(&bus->changed);
    lock_release(&bus->lock);
    return NULL;
}
