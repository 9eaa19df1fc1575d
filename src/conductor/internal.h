/* The conductor itself and its pools: for the files of this folder, and nobody else.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/lock.h"
#include "common/pool.h"
#include "conductor/boot_reports.h"
#include "conductor/conductor.h"
#include "conductor/wakes.h"
#include "model/provision_states.h"

#include <pthread.h>
#include <stdatomic.h>

struct Conductor {
    DriverServices services; /* immutable; handed to every task */
    Registry *registry;      /* owned, immutable */
    char *hostname;          /* owned, immutable */
    char *group;             /* owned, immutable */
    char lease[37];          /* immutable: identifies this run of the process */
    /* Two pools, so that work which waits for BMCs never keeps what only needs the database from
     * running. */
    /* handlers of rpc methods that touch the database only, and the start of everything else */
    Pool *quick;
    Pool *workers;        /* what may block on hardware */
    Pool *background;     /* what nobody waits for: reports of machines, power states that differ */
    BootReports *reports; /* owned */
    Wakes *wakes;         /* owned: nodes whose agent has called */
    atomic_bool stopping;
    /* it holds its lease; only the clock's thread changes it after the start */
    atomic_bool registered;
    atomic_uint retries; /* calls that wait for a locked node; of dispatch.c */
    Lock gate; /* held for moments: a foreign thread hands us work, or `stopping` is set */
    Lock guard;
    GPtrArray *locked GUARDED; /* owned uuids: nodes whose lock the database did not take back */
    /* Owned uuid -> when (ms): nodes whose refused script was logged; of boot_progress.c. */
    GHashTable *refused GUARDED;
    GHashTable *asked GUARDED;        /* owned uuids: nodes whose power state is being read */
    GQueue to_read GUARDED;           /* of power_sync.c: those among them that wait for a worker */
    unsigned reading_workers GUARDED; /* that read such nodes one after the other */
    /* The clock's thread: */
    GQueue boot_again; /* its own; owned uuids: machines that are to boot again */
    pthread_t clock_thread;
    int64_t clock_skew_ms; /* its own: what is stored of steady_skew_ms */
    Lock clock_lock;
    pthread_cond_t clock_wake;
    bool clock_stop GUARDED;
};

/* ---- lease.c ---- */

/* Takes the lease under which locks are worth something. Errors: those of the database;
 * CONFLICT. */
bool conductor_register(Conductor *conductor, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- pools.c ---- */

/* Which pool a job is for. */
typedef enum ConductorPool {
    CONDUCTOR_QUICK,      /* calls that only need the database */
    CONDUCTOR_WORKERS,    /* may block on hardware */
    CONDUCTOR_BACKGROUND, /* only needs the database, and no call waits for it */
} ConductorPool;

/* Hands a job to a pool from a thread that is not ours (an HTTP thread, the IPMI engine). Never
 * blocks.
 * Errors: NO_WORKER; NO_CONDUCTOR when stopping. data stays the caller's then. */
bool conductor_submit(Conductor *conductor, ConductorPool pool, PoolJob job, void *data,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For metrics: workers at work and how many there may be. */
void conductor_load(Conductor *conductor, unsigned *busy, unsigned *limit);

/* ---- metrics.c ---- */

/* Counts an answered call, a change of state. Any thread. */
void metrics_count_call(RpcMethod method, bool good);
void metrics_count_transition(ProvisionEvent event, ProvisionState next);

/* A collector of common/metrics.h, with the Conductor. */
void conductor_metrics_write(GString *out, void *conductor);
