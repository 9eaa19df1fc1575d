/* Nodes whose machine has called; the contract is in wakes.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/wakes.h"

#include "common/lock.h"

#include <glib.h>

/* The reasons why a noted node waits. */
enum {
    WAKE_QUEUED = 1, /* for its job, which is queued */
    WAKE_LOCKED,     /* its lock */
    WAKE_STARVED,    /* a worker */
};

struct Wakes {
    const WakesOps *ops; /* borrowed */
    void *user;          /* borrowed */
    size_t most;
    Lock lock;
    GHashTable *nodes GUARDED; /* owned uuid: what it waits for */
};

typedef struct Job {
    Wakes *wakes; /* borrowed */
    char *uuid;   /* owned */
} Job;

UNSHARED Wakes *
wakes_new(const WakesOps *ops, void *user, size_t most)
{
    Wakes *wakes = g_new0(Wakes, 1);
    wakes->ops = ops;
    wakes->user = user;
    wakes->most = most;
    lock_init(&wakes->lock, LOCK_RANK_WAKES);
    wakes->nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return wakes;
}

UNSHARED void
wakes_free(Wakes *wakes)
{
    if (wakes == NULL)
        return;
    g_hash_table_unref(wakes->nodes);
    lock_destroy(&wakes->lock);
    g_free(wakes);
}

static int
waits_for(Wakes *wakes, const char *uuid)
{
    lock_acquire(&wakes->lock);
    int what = GPOINTER_TO_INT(g_hash_table_lookup(wakes->nodes, uuid));
    lock_release(&wakes->lock);
    return what;
}

/* Changes the reason from one of two to another; returns false if the node has a different one. */
static bool
change(Wakes *wakes, const char *uuid, int from, int to)
{
    lock_acquire(&wakes->lock);
    bool changed = GPOINTER_TO_INT(g_hash_table_lookup(wakes->nodes, uuid)) == from;
    if (changed)
        g_hash_table_insert(wakes->nodes, g_strdup(uuid), GINT_TO_POINTER(to));
    lock_release(&wakes->lock);
    return changed;
}

static void
forget(Wakes *wakes, const char *uuid)
{
    lock_acquire(&wakes->lock);
    g_hash_table_remove(wakes->nodes, uuid);
    lock_release(&wakes->lock);
}

/* Notes the node as locked before it tries the lock, so that a release in between is not missed.
 * Forgets it before the work, so that a call meanwhile is noted again. */
static void
wake_job(void *data)
{
    Job *job = data;
    Wakes *wakes = job->wakes;
    bool locked = false;
    if (change(wakes, job->uuid, WAKE_QUEUED, WAKE_LOCKED)) {
        void *taken = wakes->ops->take(wakes->user, job->uuid, &locked);
        if (!locked)
            forget(wakes, job->uuid);
        if (taken != NULL)
            wakes->ops->go(wakes->user, taken);
    }
    g_free(job->uuid);
    g_free(job);
}

/* Submits the job of a node that was just noted as queued. */
static void
queue(Wakes *wakes, const char *uuid)
{
    Job *job = g_new(Job, 1);
    *job = (Job){wakes, g_strdup(uuid)};
    if (wakes->ops->submit(wakes->user, wake_job, job))
        return;
    g_free(job->uuid);
    g_free(job);
    change(wakes, uuid, WAKE_QUEUED, WAKE_STARVED);
}

static bool
add(Wakes *wakes, const char *node_uuid, size_t most)
{
    lock_acquire(&wakes->lock);
    bool queued = GPOINTER_TO_INT(g_hash_table_lookup(wakes->nodes, node_uuid)) == WAKE_QUEUED;
    bool room =
        g_hash_table_contains(wakes->nodes, node_uuid) || g_hash_table_size(wakes->nodes) < most;
    if (room && !queued)
        g_hash_table_insert(wakes->nodes, g_strdup(node_uuid), GINT_TO_POINTER(WAKE_QUEUED));
    lock_release(&wakes->lock);
    if (room && !queued)
        queue(wakes, node_uuid);
    return room;
}

bool
wakes_add(Wakes *wakes, const char *node_uuid)
{
    return add(wakes, node_uuid, wakes->most);
}

void
wakes_add_anyway(Wakes *wakes, const char *node_uuid)
{
    add(wakes, node_uuid, SIZE_MAX);
}

void
wakes_lock_released(Wakes *wakes, const char *node_uuid)
{
    if (change(wakes, node_uuid, WAKE_LOCKED, WAKE_QUEUED))
        queue(wakes, node_uuid);
}

static GPtrArray *
starved(Wakes *wakes)
{
    GPtrArray *uuids = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iterator;
    gpointer uuid, what;
    lock_acquire(&wakes->lock);
    g_hash_table_iter_init(&iterator, wakes->nodes);
    while (g_hash_table_iter_next(&iterator, &uuid, &what))
        if (GPOINTER_TO_INT(what) == WAKE_STARVED)
            g_ptr_array_add(uuids, g_strdup(uuid));
    lock_release(&wakes->lock);
    return uuids;
}

void
wakes_tick(Wakes *wakes)
{
    g_autoptr(GPtrArray) uuids = starved(wakes);
    bool room = true;
    for (guint i = 0; room && i < uuids->len; i++)
        if (change(wakes, uuids->pdata[i], WAKE_STARVED, WAKE_QUEUED)) {
            queue(wakes, uuids->pdata[i]);
            room = waits_for(wakes, uuids->pdata[i]) != WAKE_STARVED;
        }
}

size_t
wakes_count(Wakes *wakes)
{
    lock_acquire(&wakes->lock);
    size_t count = g_hash_table_size(wakes->nodes);
    lock_release(&wakes->lock);
    return count;
}
