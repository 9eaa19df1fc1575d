/* Nodes whose machine or agent has called, until the step that waits for it is resumed. What
 * machines can make us do is bounded: a node is noted once however often it calls, and no more than
 * so many nodes are.
 *
 * A node that is locked is not asked for again and again: whoever gives its lock back in this
 * process hands it over (wakes_lock_released). A slow tick takes up those that found no worker.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/pool.h"
#include <stdbool.h>

typedef struct Wakes Wakes;

typedef struct WakesOps {
    /* Takes the node's lock and returns what `go` needs; NULL when there is nothing to do, or, with
     * *locked set, when somebody else has the lock. On a thread of `submit`. */
    void *(*take)(void *user, const char *node_uuid, bool *locked);

    /* Resumes the node. Takes what `take` has returned. On the same thread; may take long. */
    void (*go)(void *user, void *taken);

    /* Runs a job on another thread soon; false if none is free. Never blocks. */
    bool (*submit)(void *user, PoolJob job, void *data);
} WakesOps;

/* ops, user  borrowed until wakes_free; user is handed to the functions
 * most       how many nodes may be noted */
Wakes *wakes_new(const WakesOps *ops, void *user, size_t most);

/* Forgets what is noted. No job may be under way. NULL is fine. */
void wakes_free(Wakes *wakes);

/* The node's machine has called. Never blocks. False: too many nodes are noted; the machine will
 * call again. */
bool wakes_add(Wakes *wakes, const char *node_uuid);

/* The node's lock is free. */
void wakes_lock_released(Wakes *wakes, const char *node_uuid);

/* Tries those again that found no worker. From the clock, each second or so. */
void wakes_tick(Wakes *wakes);

/* How many nodes are noted. */
size_t wakes_count(Wakes *wakes);
