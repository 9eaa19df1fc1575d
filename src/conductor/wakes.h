/* Notes nodes whose machine or agent has called, until the step that waits for it is resumed. The
 * load by machines is bounded: a node is noted once however often it calls, and the number of noted
 * nodes is limited.
 *
 * A locked node is not polled: a thread of this process that releases its lock calls
 * wakes_lock_released. A slow tick retries nodes that found no worker.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/pool.h"
#include <stdbool.h>

typedef struct Wakes Wakes;

typedef struct WakesOps {
    /* Takes the node's lock and returns the data for `go`. NULL if there is nothing to do, or, with
     * *locked true, if the node is locked. On a thread of `submit`. */
    void *(*take)(void *user, const char *node_uuid, bool *locked);

    /* Resumes the node. Takes the data that `take` returned. On the same thread; may block for
     * long. */
    void (*go)(void *user, void *taken);

    /* Runs a job on another thread soon; returns false if none is free. Never blocks. */
    bool (*submit)(void *user, PoolJob job, void *data);
} WakesOps;

/* ops, user  borrowed until wakes_free; the functions get user
 * most       limit of noted nodes */
Wakes *wakes_new(const WakesOps *ops, void *user, size_t most);

/* Forgets all nodes and frees. No job may be under way. NULL is fine. */
void wakes_free(Wakes *wakes);

/* Notes a node whose machine has called. Never blocks. Returns false if too many nodes are noted:
 * the machine will call again. */
bool wakes_add(Wakes *wakes, const char *node_uuid);

/* Notes a node of our own accord, also above the limit: for what nobody calls about again. The
 * caller bounds how many these are. Never blocks. */
void wakes_add_anyway(Wakes *wakes, const char *node_uuid);

/* Call it when the node's lock is free. */
void wakes_lock_released(Wakes *wakes, const char *node_uuid);

/* Retries nodes that found no worker. From the clock, about every second. */
void wakes_tick(Wakes *wakes);

/* How many nodes are noted. */
size_t wakes_count(Wakes *wakes);
