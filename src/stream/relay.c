/* Streams with several readers; the contract is in relay.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/relay.h"

#include "common/lock.h"

#include <stdlib.h>
#include <string.h>

typedef struct Seat {
    Relay *relay; /* borrowed */
    RelayReader reader;
    pthread_t thread;
    bool started;
    uint64_t next;           /* the part that is taken next; the thread's own */
    uint64_t let_go GUARDED; /* parts that are not needed any more */
    bool settled GUARDED;
} Seat;

struct Relay {
    size_t count;
    Seat seats[RELAY_READERS];
    uint8_t *parts[RELAY_PARTS]; /* owned; read by readers from `published` on */
    size_t sizes[RELAY_PARTS];
    /* The pusher's own: the part that is being filled, NULL if none is open; its number. */
    uint8_t *open;
    size_t filled;
    uint64_t filling;
    Lock lock;
    pthread_cond_t changed;
    uint64_t published GUARDED; /* parts */
    bool complete GUARDED;      /* no part follows */
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
next_part(const Seat *seat)
{
    Relay *relay = seat->relay;
    lock_acquire(&relay->lock);
    while (relay->published == seat->next && !relay->complete && !relay->dropped &&
           relay->failed == NULL)
        lock_wait(&relay->lock, &relay->changed);
    bool follows = relay->published > seat->next && !relay->dropped && relay->failed == NULL;
    lock_release(&relay->lock);
    return follows;
}

/* Tells the pusher. error: taken; NULL: none */
static void
tell(Seat *seat, uint64_t let_go, bool settled, GError *error)
{
    Relay *relay = seat->relay;
    lock_acquire(&relay->lock);
    seat->let_go = let_go;
    seat->settled = settled;
    if (error != NULL && relay->failed == NULL)
        relay->failed = g_steal_pointer(&error);
    pthread_cond_broadcast(&relay->changed);
    lock_release(&relay->lock);
    g_clear_error(&error);
}

static void
take_part(Seat *seat)
{
    GError *error = NULL;
    size_t place = place_of(seat->next);
    const Relay *relay = seat->relay;
    if (seat->reader.take(seat->reader.user, relay->parts[place], relay->sizes[place], &error))
        g_clear_error(&error);
    seat->next++;
    uint64_t lent = seat->reader.settle != NULL ? MIN(seat->next, RELAY_LENT) : 0;
    tell(seat, seat->next - lent, false, error);
}

static void *
relay_reader_main(void *data)
{
    Seat *seat = data;
    const RelayReader *reader = &seat->reader;
    GError *error = NULL;
    while (next_part(seat))
        take_part(seat);
    if (reader->settle == NULL || reader->settle(reader->user, &error))
        g_clear_error(&error);
    tell(seat, seat->next, true, error);
    return NULL;
}

/* ---- the pusher ---- */

/* Parts that no reader needs any more. */
static uint64_t let_go_by_all(const Relay *relay) REQUIRES(relay->lock);

static uint64_t
let_go_by_all(const Relay *relay)
{
    uint64_t least = relay->published;
    for (size_t i = 0; i < relay->count; i++)
        least = MIN(least, relay->seats[i].let_go);
    return least;
}

static bool all_settled(const Relay *relay) REQUIRES(relay->lock);

static bool
all_settled(const Relay *relay)
{
    bool all = true;
    for (size_t i = 0; i < relay->count; i++)
        all = all && relay->seats[i].settled;
    return all;
}

/* Gives back the lock. False, with an error: a reader has failed. */
static bool release_and_judge(Relay *relay, GError **error) RELEASES(relay->lock);

static bool
release_and_judge(Relay *relay, GError **error)
{
    GError *failed = relay->failed != NULL ? g_error_copy(relay->failed) : NULL;
    lock_release(&relay->lock);
    if (failed == NULL)
        return true;
    g_propagate_error(error, failed);
    return false;
}

/* Waits for a free part and opens it. */
static bool
open_part(Relay *relay, GError **error)
{
    lock_acquire(&relay->lock);
    while (relay->failed == NULL && relay->published - let_go_by_all(relay) == RELAY_PARTS)
        lock_wait(&relay->lock, &relay->changed);
    if (!release_and_judge(relay, error))
        return false;
    relay->open = relay->parts[place_of(relay->filling)];
    return true;
}

/* complete: no part follows */
static void
publish(Relay *relay, bool complete)
{
    bool some = relay->open != NULL;
    if (some)
        relay->sizes[place_of(relay->filling++)] = relay->filled;
    relay->filled = 0;
    relay->open = NULL;
    lock_acquire(&relay->lock);
    relay->published += some;
    relay->complete = complete;
    pthread_cond_broadcast(&relay->changed);
    lock_release(&relay->lock);
}

bool
relay_push(Relay *relay, const uint8_t *data, size_t size, GError **error)
{
    while (size > 0) {
        size_t some = MIN(size, RELAY_PART - relay->filled);
        if (relay->open == NULL && !open_part(relay, error))
            return false;
        memcpy(relay->open + relay->filled, data, some);
        relay->filled += some;
        data += some;
        size -= some;
        if (relay->filled == RELAY_PART)
            publish(relay, false);
    }
    return true;
}

bool
relay_finish(Relay *relay, GError **error)
{
    publish(relay, true);
    lock_acquire(&relay->lock);
    while (relay->failed == NULL && !all_settled(relay))
        lock_wait(&relay->lock, &relay->changed);
    return release_and_judge(relay, error);
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

static bool
has_parts(const Relay *relay)
{
    bool all = true;
    for (size_t i = 0; i < RELAY_PARTS; i++)
        all = all && relay->parts[i] != NULL;
    return all;
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
        relay->parts[i] = aligned_alloc(RELAY_ALIGNMENT, RELAY_PART);
    if (!has_parts(relay))
        g_error("no memory for the parts of an image");
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
        free(relay->parts[i]);
    g_clear_error(&relay->failed);
    pthread_cond_destroy(&relay->changed);
    lock_destroy(&relay->lock);
    g_free(relay);
}
