/* What follows from the power states that machines have told: nodes take their machine's state, go
 * into maintenance when it does not answer, and come back when it answers again; machines that must
 * keep their node's state are switched.
 *
 * Many nodes are settled together, in one transaction of a bounded number of them: a power cut is a
 * difference of every node at once. A node that somebody has locked is left alone: the next sync
 * reads it again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/conductor.h"
#include "drivers/power/power.h"

/* The answer of one machine. */
typedef struct PowerReading {
    Conductor *conductor;
    bool recovery; /* the node is in maintenance because its machine did not answer before */
    char *uuid;    /* owned */
    PowerState state;
    char *failure;      /* owned; NULL: the state was read */
    PowerState stored;  /* of the node when the machine was asked */
    const char *health; /* a static word; NULL: not known */
    bool tells_health;
} PowerReading;

/* Frees; the node may be asked for again. */
void power_reading_free(PowerReading *reading);

/* Queues a reading that differs from its node, and takes it. Any thread, never blocks. */
void power_settle(PowerReading *reading);

/* Continues with readings that found no worker. */
void power_settle_resume(Conductor *conductor);

/* True if the sync is to keep the power state of a node. */
bool power_is_watched(const Node *node);

/* True if the sync, not an operator, has set the node's maintenance. */
bool power_is_lost(const Node *node);
