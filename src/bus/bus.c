/* What other threads do with the bus; the contract is in bus.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/internal.h"
#include "common/log.h"
#include "common/time_text.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { LOST_LOG_MS = 60 * 1000 }; /* losses are told that often */

uint64_t
bus_losses_to_tell(Bus *bus, bool now)
{
    uint64_t lost = bus->status.lost - bus->lost_told;
    int64_t time_ms = time_monotonic_ms();
    if (lost == 0 || (!now && bus->lost_told_ms != 0 && time_ms - bus->lost_told_ms < LOST_LOG_MS))
        return 0;
    bus->lost_told = bus->status.lost;
    bus->lost_told_ms = time_ms;
    return lost;
}

void
bus_tell_losses(uint64_t lost)
{
    if (lost > 0)
        log_error("bus",
                  "%" G_GUINT64_FORMAT " messages were lost before RabbitMQ took them; "
                  "listeners must read the state from the API",
                  lost);
}

static void
bus_wake(const Bus *bus)
{
    const uint64_t one = 1;
    if (write(bus->wake, &one, sizeof one) < 0 && errno != EAGAIN)
        log_warning("bus", "the thread cannot be woken: %s", g_strerror(errno));
}

void
bus_publish(Bus *bus, const char *exchange, const char *routing_key, char *body, size_t size)
{
    Parcel *parcel = g_new0(Parcel, 1);
    parcel->exchange = g_strdup(exchange);
    parcel->routing_key = g_strdup(routing_key);
    parcel->body = body;
    parcel->size = size;
    lock_acquire(&bus->lock);
    parcel->outage = (unsigned)bus->status.failures;
    bool was_empty = bus->backlog.parcels.length == 0;
    unsigned lost = backlog_push(&bus->backlog, parcel);
    bus->status.lost += lost;
    bus->status.waiting += 1;
    bus->status.waiting -= lost;
    uint64_t told = bus_losses_to_tell(bus, false);
    lock_release(&bus->lock);
    bus_tell_losses(told);
    if (was_empty)
        bus_wake(bus);
}

void
bus_status(Bus *bus, BusStatus *status)
{
    lock_acquire(&bus->lock);
    *status = bus->status;
    lock_release(&bus->lock);
}

UNSHARED Bus *
bus_new(BusSettings *settings, int64_t retry)
{
    Bus *bus = g_new0(Bus, 1);
    bus->settings = settings;
    bus->retry = retry;
    bus->descriptor = -1;
    bus->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    lock_init(&bus->lock, LOCK_RANK_BUS);
    lock_condition_init(&bus->changed);
    backlog_init(&bus->backlog, settings->backlog_messages);
    g_queue_init(&bus->unconfirmed);
    bus->declared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bus->as_they_are = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    pthread_create(&bus->thread, NULL, bus_worker, bus);
    return bus;
}

static UNSHARED void
bus_free(Bus *bus)
{
    backlog_clear(&bus->backlog);
    g_hash_table_unref(bus->declared);
    g_hash_table_unref(bus->as_they_are);
    pthread_cond_destroy(&bus->changed);
    lock_destroy(&bus->lock);
    close(bus->wake);
    bus_settings_free(bus->settings);
    g_free(bus->trouble);
    g_free(bus);
}

/* Waits for the thread's end; half the time for what waits, the rest for a call that hangs. */
static bool
wait_end(Bus *bus, unsigned limit_ms)
{
    int64_t until_ms = time_monotonic_ms() + limit_ms;
    lock_acquire(&bus->lock);
    while (!bus->has_ended && lock_wait_until(&bus->lock, &bus->changed, until_ms))
        continue;
    bool ended = bus->has_ended;
    if (!ended && bus->descriptor >= 0)
        bus_session_break(bus->descriptor);
    lock_release(&bus->lock);
    return ended;
}

bool
bus_stop(Bus *bus, unsigned limit_ms)
{
    if (bus == NULL)
        return true;
    lock_acquire(&bus->lock);
    bus->stopping = true;
    bus->stop_by_ms = time_monotonic_ms() + limit_ms / 2;
    pthread_cond_broadcast(&bus->changed);
    lock_release(&bus->lock);
    bus_wake(bus);
    if (!wait_end(bus, limit_ms * 3 / 4) && !wait_end(bus, limit_ms / 4))
        return false;
    pthread_join(bus->thread, NULL);
    BusStatus status;
    bus_status(bus, &status);
    if (status.waiting > 0)
        log_error("bus", "%" G_GUINT64_FORMAT " messages were not sent before the end",
                  status.waiting);
    bus_free(bus);
    return true;
}
