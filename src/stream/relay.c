/* Streams with several readers; the contract is in relay.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/relay.h"

#include "common/lock.h"

#include <string.h>

typedef struct Seat {
    Relay *relay; /* borrowed */
    RelayReader reader;
    pthread_t thread;
    bool started;
    uint64_t taken GUARDED; /* parts */
} Seat;

struct Relay {
    size_t count;
    Seat seats[RELAY_READERS];
    uint8_t *parts[RELAY_PARTS]; /* owned; read by readers from `published` on */
    size_t sizes[RELAY_PARTS];
    size_t filled; /* of the part that is being filled; the pusher's own */
    Lock lock;
    pthread_cond_t changed;
    uint64_t published GUARDED; /* parts */
    bool dropped GUARDED;       /* what is left is not wanted */
    GError *failed GUARDED;     /* owned: the first failure of a reader */
};

static size_t
place_of(uint64_t part)
{
    return (size_t)(part % RELAY_PARTS);
}

/* ---- readers ---- */

/* Waits for a part. False: none follows. */
static bool
next_part(Seat *seat, uint64_t *part)
{
    Relay *relay = seat->relay;
    lock_acquire(&relay->lock);
    *part = seat->taken;
    while (relay->published == *part && !relay->dropped && relay->failed == NULL)
        lock_wait(&relay->lock, &relay->changed);
    bool follows = relay->published > *part && !relay->dropped && relay->failed == NULL;
    lock_release(&relay->lock);
    return follows;
}

static void
part_taken(Seat *seat, GError *error)
{
    Relay *relay = seat->relay;
    lock_acquire(&relay->lock);
    seat->taken++;
    if (error != NULL && relay->failed == NULL)
        relay->failed = g_steal_pointer(&error);
    pthread_cond_broadcast(&relay->changed);
    lock_release(&relay->lock);
    g_clear_error(&error);
}

static void *
relay_reader_main(void *data)
{
    Seat *seat = data;
    const Relay *relay = seat->relay;
    uint64_t part;
    while (next_part(seat, &part)) {
        GError *error = NULL;
        size_t place = place_of(part);
        if (seat->reader.take(seat->reader.user, relay->parts[place], relay->sizes[place], &error))
            g_clear_error(&error);
        part_taken(seat, error);
    }
    return NULL;
}

/* ---- the pusher ---- */

/* The slowest reader has taken so many parts. */
static uint64_t taken_by_all(const Relay *relay) REQUIRES(relay->lock);

static uint64_t
taken_by_all(const Relay *relay)
{
    uint64_t least = relay->published;
    for (size_t i = 0; i < relay->count; i++)
        least = MIN(least, relay->seats[i].taken);
    return least;
}

/* Waits until not more than so many parts are on their way. */
static bool
wait_for_readers(Relay *relay, uint64_t most, GError **error)
{
    lock_acquire(&relay->lock);
    while (relay->failed == NULL && relay->published - taken_by_all(relay) > most)
        lock_wait(&relay->lock, &relay->changed);
    GError *failed = relay->failed != NULL ? g_error_copy(relay->failed) : NULL;
    lock_release(&relay->lock);
    if (failed == NULL)
        return true;
    g_propagate_error(error, failed);
    return false;
}

/* Where the next bytes go; waits for a free part. NULL: a reader has failed. */
static uint8_t *
open_part(Relay *relay, size_t *place, GError **error)
{
    if (relay->filled == 0 && !wait_for_readers(relay, RELAY_PARTS - 1, error))
        return NULL;
    lock_acquire(&relay->lock);
    *place = place_of(relay->published);
    lock_release(&relay->lock);
    return relay->parts[*place];
}

static void
publish(Relay *relay, size_t place)
{
    relay->sizes[place] = relay->filled;
    relay->filled = 0;
    lock_acquire(&relay->lock);
    relay->published++;
    pthread_cond_broadcast(&relay->changed);
    lock_release(&relay->lock);
}

bool
relay_push(Relay *relay, const uint8_t *data, size_t size, GError **error)
{
    while (size > 0) {
        size_t place, some = MIN(size, RELAY_PART - relay->filled);
        uint8_t *part = open_part(relay, &place, error);
        if (part == NULL)
            return false;
        memcpy(part + relay->filled, data, some);
        relay->filled += some;
        data += some;
        size -= some;
        if (relay->filled == RELAY_PART)
            publish(relay, place);
    }
    return true;
}

bool
relay_finish(Relay *relay, GError **error)
{
    size_t place;
    if (relay->filled > 0 && open_part(relay, &place, error) == NULL)
        return false;
    if (relay->filled > 0)
        publish(relay, place);
    return wait_for_readers(relay, 0, error);
}

/* ---- beginning and end ---- */

static bool
start_readers(Relay *relay, GError **error)
{
    for (size_t i = 0; i < relay->count; i++) {
        Seat *seat = &relay->seats[i];
        int code = pthread_create(&seat->thread, NULL, relay_reader_main, seat);
        if (code != 0)
            return steel_fail(error, STEEL_ERROR_IO, "no thread can be started: %s",
                              g_strerror(code));
        seat->started = true;
        pthread_setname_np(seat->thread, seat->reader.name);
    }
    return true;
}

UNSHARED Relay *
relay_new(const RelayReader *readers, size_t count, GError **error)
{
    g_autoptr(Relay) relay = g_new0(Relay, 1);
    relay->count = MIN(count, RELAY_READERS);
    lock_init(&relay->lock, LOCK_RANK_RELAY);
    lock_condition_init(&relay->changed);
    for (size_t i = 0; i < relay->count; i++)
        relay->seats[i] = (Seat){.relay = relay, .reader = readers[i]};
    for (size_t i = 0; i < RELAY_PARTS; i++)
        relay->parts[i] = g_malloc(RELAY_PART);
    return start_readers(relay, error) ? g_steal_pointer(&relay) : NULL;
}

static void
end_readers(Relay *relay)
{
    lock_acquire(&relay->lock);
    relay->dropped = true;
    pthread_cond_broadcast(&relay->changed);
    lock_release(&relay->lock);
    for (size_t i = 0; i < relay->count; i++)
        if (relay->seats[i].started)
            pthread_join(relay->seats[i].thread, NULL);
}

UNSHARED void
relay_free(Relay *relay)
{
    if (relay == NULL)
        return;
    end_readers(relay);
    for (size_t i = 0; i < RELAY_PARTS; i++)
        g_free(relay->parts[i]);
    g_clear_error(&relay->failed);
    pthread_cond_destroy(&relay->changed);
    lock_destroy(&relay->lock);
    g_free(relay);
}
