/* The conductor itself and its pools. Only the files of this folder may include it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/lock.h"
#include "common/pool.h"
#include "conductor/boot_reports.h"
#include "conductor/conductor.h"
#include "conductor/sensors.h"
#include "conductor/wakes.h"
#include "model/provision_states.h"

#include <pthread.h>
#include <stdatomic.h>

struct Conductor {
    DriverServices services; /* immutable; every task gets them */
    Registry *registry;      /* owned, immutable */
    char *hostname;          /* owned, immutable */
    char *group;             /* owned, immutable */
    char lease[37];          /* immutable: identifies this run of the process */
    /* Pools of their own, so that work that waits for BMCs never delays work that only needs the
     * database. */
    /* handlers of rpc methods that only need the database; they start all other work */
    Pool *quick;
    Pool *workers;    /* work that may block on hardware */
    Pool *background; /* work that no caller waits for: reports of machines, changed power states */
    BootReports *reports; /* owned */
    Wakes *wakes;         /* owned: nodes whose agent has called */
    Sensors *sensors;     /* owned: what machines' sensors said last */
    LunWrites *writes;    /* owned: images that are written to machines' disks */
    atomic_bool stopping;
    /* the lease is held; after the start only the clock's thread writes it */
    atomic_bool registered;
    atomic_uint retries; /* calls that wait for a locked node; for dispatch.c */
    Lock gate; /* held for moments: while another thread submits work, or `stopping` is set */
    Lock guard;
    GPtrArray *locked GUARDED; /* owned uuids: nodes whose lock the database failed to release */
    /* Owned uuid -> when (ms): nodes whose refused script was logged; for boot_progress.c. */
    GHashTable *refused GUARDED;
    GHashTable *asked GUARDED; /* owned uuids: nodes whose power state is being read */
    GQueue to_read GUARDED;    /* for power_sync.c: the nodes of `asked` that wait for a worker */
    unsigned reading_workers GUARDED; /* workers that read these nodes one by one */
    /* The clock's thread: */
    GQueue boot_again; /* clock's thread; owned uuids: machines that must boot again */
    pthread_t clock_thread;
    int64_t clock_skew_ms; /* clock's thread: the stored steady_skew_ms */
    Lock clock_lock;
    pthread_cond_t clock_wake;
    bool clock_stop GUARDED;
};

/* ---- lease.c ---- */

/* Takes the lease under which this process's locks hold. Blocks on the database. Errors: DATABASE;
 * CONFLICT. */
bool conductor_register(Conductor *conductor, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- pools.c ---- */

/* The pools. */
typedef enum ConductorPool {
    CONDUCTOR_QUICK,      /* calls that only need the database */
    CONDUCTOR_WORKERS,    /* may block on hardware */
    CONDUCTOR_BACKGROUND, /* only needs the database, and no call waits for it */
} ConductorPool;

/* Hands a job to a pool from a thread of another module (an HTTP thread, the IPMI engine). Never
 * blocks. On an error data stays the caller's. Errors: NO_WORKER; NO_CONDUCTOR while the conductor
 * stops. */
bool conductor_submit(Conductor *conductor, ConductorPool pool, PoolJob job, void *data,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For metrics: the number of busy workers and their limit. */
void conductor_load(Conductor *conductor, unsigned *busy, unsigned *limit);

/* ---- image_writes.c ---- */

/* With the Conductor as user. */
extern const LunWritesOps conductor_image_writes;

/* ---- metrics.c ---- */

/* Count an answered call and a change of state. Any thread. */
void metrics_count_call(RpcMethod method, bool good);
void metrics_count_transition(ProvisionEvent event, ProvisionState next);

/* A collector of common/metrics.h, with the Conductor. */
void conductor_metrics_write(GString *out, void *conductor);
