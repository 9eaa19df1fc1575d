/* A connection for calls: what other threads ask of it, its start and its end. The contract is in
 * link.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/link_internal.h"

#include "common/log.h"
#include "common/metrics.h"
#include "common/secret.h"
#include "common/time_text.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BREAK_LIMIT_MS = 2000 }; /* until a thread that was cut off has ended */

void
bus_letter_free(BusLetter *letter)
{
    if (letter == NULL)
        return;
    secret_wipe(letter->body, letter->size);
    g_free(letter->exchange);
    g_free(letter->routing_key);
    g_free(letter->correlation_id);
    g_free(letter->reply_to);
    g_free(letter->body);
    g_free(letter);
}

/* ---- what other threads call ---- */

void
bus_link_wake(BusLink *link)
{
    const uint64_t one = 1;
    if (write(link->wake, &one, sizeof one) < 0 && errno != EAGAIN)
        log_warning("bus.link", "the thread cannot be woken: %s", g_strerror(errno));
}

bool
bus_link_send(BusLink *link, BusLetter *letter)
{
    lock_acquire(&link->lock);
    bool fits = link->count < BUS_LETTERS_MOST && !link->has_ended &&
                (link->size + letter->size <= BUS_LETTERS_SIZE || link->count == 0);
    if (fits) {
        g_queue_push_tail(&link->letters, letter);
        link->size += letter->size;
        link->count++;
    }
    lock_release(&link->lock);
    if (fits)
        bus_link_wake(link);
    else
        bus_letter_free(letter);
    return fits;
}

void
bus_link_ack(BusLink *link, unsigned life, uint64_t tag)
{
    const Ack ack = {life, tag};
    lock_acquire(&link->lock);
    g_array_append_val(link->acks, ack);
    lock_release(&link->lock);
    bus_link_wake(link);
}

unsigned
bus_link_life(BusLink *link)
{
    return __atomic_load_n(&link->life, __ATOMIC_RELAXED);
}

/* since: a member that the lock guards; 0: it is not. */
static int64_t
ms_since(BusLink *link, const int64_t *since)
{
    lock_acquire(&link->lock);
    int64_t since_ms = *since;
    lock_release(&link->lock);
    return since_ms == 0 ? 0 : MAX(1, time_monotonic_ms() - since_ms);
}

int64_t
bus_link_down_ms(BusLink *link)
{
    return ms_since(link, &link->down_since_ms);
}

int64_t
bus_link_blocked_ms(BusLink *link)
{
    return ms_since(link, &link->blocked_since_ms);
}

void
bus_link_metrics_write(BusLink *link, const char *prefix, GString *out)
{
    g_autofree char *connected = g_strconcat(prefix, "_connected", NULL);
    g_autofree char *blocked = g_strconcat(prefix, "_blocked", NULL);
    metrics_write_single(out, connected, "gauge", "1 while RabbitMQ is connected.",
                         bus_link_down_ms(link) == 0);
    metrics_write_single(out, blocked, "gauge",
                         "1 while RabbitMQ takes nothing: short of disk or memory.",
                         bus_link_blocked_ms(link) > 0);
}

const char *
bus_link_queue(const BusLink *link)
{
    return link->options.queue;
}

/* ---- start and stop ---- */

UNSHARED BusLink *
bus_link_new(const BusLinkOptions *options)
{
    BusLink *link = g_new0(BusLink, 1);
    link->options = *options;
    link->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    link->descriptor = -1;
    link->acks = g_array_new(FALSE, FALSE, sizeof(Ack));
    link->down_since_ms = time_monotonic_ms();
    g_queue_init(&link->letters);
    g_queue_init(&link->under_way);
    lock_init(&link->lock, LOCK_RANK_BUS_LINK);
    lock_condition_init(&link->changed);
    return link;
}

void
bus_link_start(BusLink *link)
{
    pthread_create(&link->thread, NULL, bus_link_thread, link);
}

/* Waits for the thread's end. */
static bool
wait_ended(BusLink *link, int64_t limit_ms) REQUIRES(link->lock)
{
    int64_t until_ms = time_monotonic_ms() + limit_ms;
    while (!link->has_ended && lock_wait_until(&link->lock, &link->changed, until_ms))
        continue;
    return link->has_ended;
}

UNSHARED static void
link_free(BusLink *link)
{
    g_queue_clear_full(&link->letters, (GDestroyNotify)bus_letter_free);
    g_array_free(link->acks, TRUE);
    bus_settings_free(link->options.settings);
    g_free(link->options.queue);
    g_free(link->trouble);
    close(link->wake);
    pthread_cond_destroy(&link->changed);
    lock_destroy(&link->lock);
    g_free(link);
}

bool
bus_link_stop(BusLink *link, unsigned limit_ms)
{
    if (link == NULL)
        return true;
    lock_acquire(&link->lock);
    link->stopping = true;
    link->stop_by_ms = time_monotonic_ms() + limit_ms;
    lock_release(&link->lock);
    bus_link_wake(link);
    lock_acquire(&link->lock);
    bool ended = wait_ended(link, (int64_t)limit_ms + 500);
    if (!ended && link->descriptor >= 0)
        bus_session_break(link->descriptor);
    ended = ended || wait_ended(link, BREAK_LIMIT_MS);
    lock_release(&link->lock);
    if (!ended)
        return false;
    pthread_join(link->thread, NULL);
    link_free(link);
    return true;
}
