/* The thread of a connection for calls: connects, sends letters, takes what comes. The contract is
 * in link.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/link_internal.h"

#include "common/log.h"
#include "common/time_text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
    IDLE_MS = 5000, /* between looks at the heartbeats, which are due twice in each interval */
    UNDER_WAY_MOST = 1024, /* letters without a confirm */
};

/* ---- connecting ---- */

static void
set_session(BusLink *link, BusSession *session)
{
    link->session = session;
    lock_acquire(&link->lock);
    link->descriptor = session != NULL ? bus_session_descriptor(session) : -1;
    lock_release(&link->lock);
}

static void
set_up(BusLink *link, bool up)
{
    lock_acquire(&link->lock);
    if (up)
        link->down_since_ms = 0;
    else if (link->down_since_ms == 0)
        link->down_since_ms = time_monotonic_ms();
    lock_release(&link->lock);
}

static void
set_blocked(BusLink *link, bool blocked)
{
    link->is_blocked = blocked;
    lock_acquire(&link->lock);
    link->blocked_since_ms = blocked ? time_monotonic_ms() : 0;
    lock_release(&link->lock);
}

static bool
prepare_queue(BusLink *link, GError **error)
{
    const BusLinkOptions *options = &link->options;
    return bus_session_declare_inbox(link->session, options->queue, options->expires_ms,
                                     options->messages_most, error) &&
           (options->fanout == NULL ||
            bus_session_declare_fanout(link->session, options->fanout,
                                       options->is_bound ? options->queue : NULL, error)) &&
           bus_session_consume(link->session, options->queue, options->prefetch, error);
}

/* Logs a trouble once while it lasts. */
static void
tell_trouble(BusLink *link, const BusHost *host, const GError *error)
{
    if (g_strcmp0(link->trouble, error->message) != 0)
        log_warning("bus.link", "no connection to RabbitMQ at %s:%u: %s", host->name, host->port,
                    error->message);
    g_free(link->trouble);
    link->trouble = g_strdup(error->message);
}

static const BusHost *
next_host(BusLink *link)
{
    const GPtrArray *hosts = link->options.settings->url->hosts;
    return hosts->pdata[link->host++ % hosts->len];
}

static bool
open_session(BusLink *link)
{
    g_autoptr(GError) error = NULL;
    const BusHost *host = next_host(link);
    set_session(link, bus_session_open(link->options.settings, host, &error));
    if (link->session == NULL || !prepare_queue(link, &error)) {
        tell_trouble(link, host, error);
        link->failures++;
        return false;
    }
    log_info("bus.link", "connected to RabbitMQ at %s:%u", host->name, host->port);
    g_clear_pointer(&link->trouble, g_free);
    link->opened_ms = time_monotonic_ms();
    link->is_cancelled = false;
    __atomic_add_fetch(&link->life, 1, __ATOMIC_RELAXED);
    set_up(link, true);
    link->options.hooks.connected(link->options.user);
    return true;
}

/* What was under way waits again, in its order. */
static void
close_session(BusLink *link)
{
    BusSession *session = link->session;
    set_up(link, false);
    set_session(link, NULL);
    if (link->is_blocked) /* it reads no farewell */
        bus_session_break(bus_session_descriptor(session));
    set_blocked(link, false);
    bus_session_free(session);
    lock_acquire(&link->lock);
    BusLetter *letter;
    while ((letter = g_queue_pop_tail(&link->under_way)) != NULL)
        g_queue_push_head(&link->letters, letter);
    lock_release(&link->lock);
}

/* ---- sending ---- */

static void
letter_done(BusLink *link, BusLetter *letter, bool taken)
{
    lock_acquire(&link->lock);
    link->size -= letter->size;
    link->count--;
    lock_release(&link->lock);
    if (!taken)
        link->options.hooks.returned(link->options.user, letter);
    bus_letter_free(letter);
}

static bool
publish(BusLink *link, BusLetter *letter, GError **error)
{
    int64_t left_ms = letter->until_ms - time_monotonic_ms();
    const BusOutput output = {.exchange = letter->exchange,
                              .routing_key = letter->routing_key,
                              .body = letter->body,
                              .size = letter->size,
                              .correlation_id = letter->correlation_id,
                              .reply_to = letter->reply_to,
                              .type = letter->type,
                              .expires_ms = letter->until_ms != 0 ? (unsigned)MAX(1, left_ms) : 0,
                              .is_transient = true,
                              .is_optional = letter->is_optional};
    letter->is_returned = false;
    return bus_session_publish(link->session, &output, &letter->number, error);
}

static BusLetter *
next_letter(BusLink *link)
{
    if (link->is_blocked || link->under_way.length >= UNDER_WAY_MOST)
        return NULL;
    lock_acquire(&link->lock);
    BusLetter *letter = g_queue_pop_head(&link->letters);
    lock_release(&link->lock);
    return letter;
}

static bool
send_letters(BusLink *link, GError **error)
{
    BusLetter *letter;
    while ((letter = next_letter(link)) != NULL) {
        if (letter->until_ms != 0 && letter->until_ms <= time_monotonic_ms()) {
            letter_done(link, letter, true);
            continue;
        }
        g_queue_push_tail(&link->under_way, letter);
        if (!publish(link, letter, error))
            return false;
    }
    return true;
}

static bool
send_acks(BusLink *link, GError **error)
{
    lock_acquire(&link->lock);
    GArray *acks = link->acks;
    link->acks = g_array_new(FALSE, FALSE, sizeof(Ack));
    lock_release(&link->lock);
    bool good = true;
    for (guint i = 0; good && i < acks->len; i++) {
        const Ack *ack = &g_array_index(acks, Ack, i);
        if (ack->life == bus_link_life(link))
            good = bus_session_ack(link->session, ack->tag, error);
    }
    g_array_free(acks, TRUE);
    return good;
}

/* ---- what comes ---- */

static void
settle(BusLink *link, const BusEvent *event)
{
    GList *item = link->under_way.head;
    while (item != NULL) {
        GList *next = item->next;
        BusLetter *letter = item->data;
        if (letter->number == event->number || (event->all && letter->number < event->number)) {
            g_queue_delete_link(&link->under_way, item);
            letter_done(link, letter, event->kind == BUS_EVENT_CONFIRMED && !letter->is_returned);
        }
        item = next;
    }
}

static void
mark_returned(BusLink *link, uint64_t number)
{
    for (GList *item = link->under_way.head; item != NULL; item = item->next) {
        BusLetter *letter = item->data;
        if (letter->number == number)
            letter->is_returned = true;
    }
}

static void
take_event(BusLink *link, const BusEvent *event)
{
    switch (event->kind) {
    case BUS_EVENT_CONFIRMED:
    case BUS_EVENT_REFUSED:
        settle(link, event);
        break;
    case BUS_EVENT_RETURNED:
        mark_returned(link, event->number);
        break;
    case BUS_EVENT_BLOCKED:
        set_blocked(link, true);
        log_warning("bus.link", "RabbitMQ takes no messages (%s); calls and answers wait",
                    event->text);
        break;
    case BUS_EVENT_UNBLOCKED:
        set_blocked(link, false);
        log_info("bus.link", "RabbitMQ takes messages again");
        break;
    case BUS_EVENT_DELIVERED:
        link->options.hooks.delivered(link->options.user, event->delivery);
        break;
    case BUS_EVENT_CANCELLED:
        link->is_cancelled = true;
        break;
    case BUS_EVENT_NONE:
    case BUS_EVENT_OTHER:
        break;
    }
}

static bool
receive(BusLink *link, GError **error)
{
    BusEvent event;
    do {
        if (!bus_session_next(link->session, &event, error))
            return false;
        take_event(link, &event);
    } while (event.kind != BUS_EVENT_NONE);
    if (!link->is_cancelled)
        return true;
    link->is_cancelled = false;
    log_warning("bus.link", "queue %s was deleted and is made again", link->options.queue);
    if (!prepare_queue(link, error))
        return false;
    link->options.hooks.connected(link->options.user);
    return true;
}

/* ---- the thread ---- */

static bool
is_over(BusLink *link)
{
    lock_acquire(&link->lock);
    bool over = link->stopping && (link->is_blocked || time_monotonic_ms() >= link->stop_by_ms ||
                                   (link->count == 0 && link->acks->len == 0));
    lock_release(&link->lock);
    return over;
}

static bool
has_work(BusLink *link)
{
    lock_acquire(&link->lock);
    bool letters = link->letters.length > 0, acks = link->acks->len > 0;
    lock_release(&link->lock);
    return acks || (letters && !link->is_blocked && link->under_way.length < UNDER_WAY_MOST);
}

static void
tick(BusLink *link)
{
    link->tick_ms = link->options.hooks.tick(link->options.user);
}

/* Waits for input, a wake-up or the next tick, at most for limit_ms. */
static void
wait_some(BusLink *link, int64_t limit_ms)
{
    uint64_t count;
    int64_t until_ms = MIN(link->tick_ms - time_monotonic_ms(), limit_ms);
    struct pollfd ready[] = {
        {.fd = link->wake, .events = POLLIN},
        {.fd = link->session != NULL ? bus_session_descriptor(link->session) : -1,
         .events = POLLIN},
    };
    poll(ready, G_N_ELEMENTS(ready), (int)MAX(until_ms, 0));
    if (ready[0].revents != 0 && read(link->wake, &count, sizeof count) < 0 && errno != EAGAIN)
        log_warning("bus.link", "the wake-up cannot be read: %s", g_strerror(errno));
}

/* A queue that outlives its consumer takes in all that is sent to it until it expires: one that
 * nobody comes back to is deleted. */
static void
leave_queue(BusLink *link)
{
    g_autoptr(GError) error = NULL;
    lock_acquire(&link->lock);
    bool is_time = time_monotonic_ms() < link->stop_by_ms;
    lock_release(&link->lock);
    if (link->options.expires_ms != 0 && is_time && !link->is_blocked &&
        !bus_session_delete_queue(link->session, link->options.queue, &error))
        log_warning("bus.link", "queue %s is left to expire: %s", link->options.queue,
                    error->message);
}

static void
serve(BusLink *link)
{
    g_autoptr(GError) error = NULL;
    const GPtrArray *hosts = link->options.settings->url->hosts;
    while (receive(link, &error) && send_acks(link, &error) && send_letters(link, &error)) {
        tick(link);
        if (is_over(link)) {
            leave_queue(link);
            return;
        }
        if (!has_work(link))
            wait_some(link, IDLE_MS);
    }
    if (time_monotonic_ms() - link->opened_ms > BUS_STABLE_MS)
        link->failures = 0;
    link->failures++;
    tell_trouble(link, hosts->pdata[(link->host - 1) % hosts->len], error);
}

/* The pause before the next try to connect. Deadlines are kept meanwhile. */
static void
pause_some(BusLink *link)
{
    int64_t until_ms =
        time_monotonic_ms() + bus_settings_pause_ms(link->options.settings, link->failures);
    do {
        tick(link);
        wait_some(link, until_ms - time_monotonic_ms());
    } while (time_monotonic_ms() < until_ms && !is_over(link));
}

void *
bus_link_thread(void *data)
{
    BusLink *link = data;
    pthread_setname_np(pthread_self(), "bus-link");
    while (!is_over(link)) {
        if (open_session(link))
            serve(link);
        close_session(link);
        if (!is_over(link))
            pause_some(link);
    }
    lock_acquire(&link->lock);
    link->has_ended = true;
    pthread_cond_broadcast(&link->changed);
    lock_release(&link->lock);
    return NULL;
}
