/* The callers' view of the hash ring; the contract is in rings.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/rings.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/steady.h"
#include "common/time_text.h"
#include "db/conductors.h"

#include <string.h>

/* How soon an empty ring is read again: the first conductor is about to start. */
#define EMPTY_INTERVAL_MS 1000

struct Rings {
    Db *db;                 /* borrowed */
    Lock lock;              /* not held during the query */
    HashRing *ring GUARDED; /* owned, never NULL */
    int64_t due_ms GUARDED; /* monotonic: when to read again */
};

UNSHARED Rings *
rings_new(Db *db)
{
    Rings *rings = g_new0(Rings, 1);
    rings->db = db;
    rings->ring = hash_ring_new("md5", 5);
    lock_init(&rings->lock, LOCK_RANK_RINGS);
    return rings;
}

UNSHARED void
rings_free(Rings *rings)
{
    if (rings == NULL)
        return;
    hash_ring_unref(rings->ring);
    lock_destroy(&rings->lock);
    g_free(rings);
}

static void
add_conductor(const DbConductor *conductor, void *user_data)
{
    json_t *drivers = conductor->drivers != NULL
                          ? json_text_parse(conductor->drivers, conductor->drivers_size, 0, NULL)
                          : NULL;
    hash_ring_add(user_data, conductor->hostname, conductor->group != NULL ? conductor->group : "",
                  drivers);
    json_decref(drivers);
}

/* A new ring of the conductors with a running lease, or NULL if the database fails. */
static HashRing *
build(Db *db)
{
    const Config *config = config_current();
    HashRing *ring = hash_ring_new(config_string(config, OPT_HASH_RING_ALGORITHM),
                                   (unsigned)config_integer(config, OPT_HASH_PARTITION_EXPONENT));
    g_autoptr(GError) error = NULL;
    if (db_conductors(db, steady_now_ms(), add_conductor, ring, &error)) {
        hash_ring_seal(ring);
        return ring;
    }
    log_warning("rpc.rings", "the hash ring could not be renewed: %s", error->message);
    hash_ring_unref(ring);
    return NULL;
}

HashRing *
rings_current(Rings *rings)
{
    int64_t now = time_monotonic_ms();
    int64_t interval_ms =
        config_integer(config_current(), OPT_HASH_RING_RESET_INTERVAL) * INT64_C(1000);
    lock_acquire(&rings->lock);
    bool due = now >= rings->due_ms;
    if (due) /* other threads use the old ring meanwhile */
        rings->due_ms = now + interval_ms;
    HashRing *ring = hash_ring_ref(rings->ring);
    lock_release(&rings->lock);
    if (!due)
        return ring;
    HashRing *renewed = build(rings->db);
    if (renewed == NULL)
        return ring;
    hash_ring_unref(ring);
    lock_acquire(&rings->lock);
    HashRing *previous = rings->ring;
    rings->ring = renewed;
    if (hash_ring_is_empty(renewed))
        rings->due_ms = MIN(rings->due_ms, now + EMPTY_INTERVAL_MS);
    ring = hash_ring_ref(renewed);
    lock_release(&rings->lock);
    hash_ring_unref(previous);
    return ring;
}

void
rings_expire(Rings *rings)
{
    lock_acquire(&rings->lock);
    rings->due_ms = 0;
    lock_release(&rings->lock);
}
