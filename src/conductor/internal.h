/* The conductor itself and its pools. Only the files of this folder may include it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/lock.h"
#include "common/pool.h"
#include "conductor/boot_reports.h"
#include "conductor/conductor.h"
#include "conductor/lease_watch.h"
#include "conductor/power_events.h"
#include "conductor/sensors.h"
#include "conductor/wakes.h"
#include "model/provision_states.h"
#include "rpc/hash_ring.h"

#include <pthread.h>
#include <stdatomic.h>

/* Of the text of a lease. */
enum { LEASE_SIZE = 37 };

struct Conductor {
    DriverServices services; /* immutable; every task gets them */
    Registry *registry;      /* owned, immutable */
    char *hostname;          /* owned, immutable */
    char *group;             /* owned, immutable */
    /* Pools of their own, so that work that waits for BMCs never delays work that only needs the
     * database. */
    /* handlers of rpc methods that only need the database; they start all other work */
    Pool *quick;
    Pool *workers;     /* work that may block on hardware */
    unsigned reserved; /* immutable: workers that are kept for what clients ask for */
    Pool *background; /* work that no caller waits for: reports of machines, changed power states */
    BootReports *reports;      /* owned */
    Wakes *wakes;              /* owned: nodes whose agent has called */
    Sensors *sensors;          /* owned: what machines' sensors said last */
    LunWrites *writes;         /* owned: images that are written to machines' disks */
    PowerEvents *power_events; /* owned: what Nova is told */
    Consoles *consoles;        /* owned: serial consoles that are served */
    atomic_bool stopping;
    atomic_bool draining; /* no new work */
    /* a pass of power_sync.c goes through the nodes */
    atomic_bool sync_asks, recovery_asks;
    /* the lease is held; after the start only the clock's thread writes it */
    atomic_bool registered;
    atomic_uint retries; /* calls that wait for a locked node; for dispatch.c */
    Lock gate; /* held for moments: while another thread submits work, or `stopping` is set */
    Lock guard;
    /* The lease as text, "" before the first; until when this process acts under it:
     * monotonic, 0 without a lease, INT64_MAX if nobody else can take over. */
    char lease[LEASE_SIZE] GUARDED;
    int64_t lease_until_ms GUARDED;
    HashRing *ring GUARDED;      /* owned: of the living conductors; NULL before the first look */
    bool leads GUARDED;          /* it is the first of them by name */
    char *lease_trouble GUARDED; /* owned: why there is no lease; NULL: there is one */
    GArray *locked GUARDED;      /* for task.c: locks that the database failed to release */
    /* Owned uuid -> when (ms): nodes whose refused script was logged; for boot_progress.c. */
    GHashTable *refused GUARDED;
    GHashTable *asked GUARDED; /* owned uuids: nodes whose power state is being read */
    GQueue to_read GUARDED;    /* for power_sync.c: the nodes of `asked` that wait for a worker */
    unsigned reading_workers GUARDED; /* workers that read these nodes one by one */
    GQueue to_settle GUARDED;  /* for power_settle.c: readings of nodes of `asked`, one of each */
    unsigned settlers GUARDED; /* workers that settle them */
    /* The clock's thread: */
    GQueue boot_again;       /* clock's thread; owned uuids: machines that must boot again */
    GQueue consoles_left;    /* clock's thread; owned uuids: consoles that are to be served again */
    int64_t lease_due_ms;    /* clock's thread: monotonic, when to renew or take the lease */
    LeaseWatch *lease_watch; /* clock's thread; owned */
    char *members;           /* clock's thread; owned: of whom the ring was made, as text */
    bool queue_claims;       /* clock's thread: claims of places may be left in the queue */
    bool was_told_apart;     /* clock's thread: that no transport leads to the others */
    pthread_t clock_thread;
    int64_t clock_skew_ms; /* clock's thread: the stored steady_skew_ms */
    Lock clock_lock;
    pthread_cond_t clock_wake;
    bool clock_stop GUARDED;
};

/* ---- lease.c ---- */

/* Takes a new lease, under which this process's locks hold. Blocks on the database. Errors:
 * DATABASE; CONFLICT: another process has this conductor's host name. */
bool conductor_register(Conductor *conductor, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The present lease; `out` is returned. Any thread. */
char *conductor_lease(Conductor *conductor, char out[LEASE_SIZE]);

/* For how long this process may act on nodes that it has locked under a lease; 0 if the lease is
 * not the present one, or was not renewed in time. Any thread. */
int64_t conductor_lease_left_ms(Conductor *conductor, const char *lease);

/* The present lease, if nodes may be locked under it. Errors: LEASE_LOST, with what
 * kept it from being taken or renewed. Any thread. */
bool conductor_lease_check(Conductor *conductor, char lease[LEASE_SIZE], GError **error);

/* Keeps why there is no lease, for conductor_lease_check. error: copied. Any thread. */
void conductor_lease_trouble(Conductor *conductor, const GError *error);

/* Ends all acting under the lease, before others learn that it has ended. Any thread; does not
 * block. */
void conductor_lease_drop(Conductor *conductor);

/* Renews the lease when that is due, or takes a new one; returns true if there is a new one, whose
 * work is to begin. On the clock's thread. */
bool lease_keep(Conductor *conductor);

/* Renews a lease that is due to be renewed, in the middle of work that may take longer than it
 * lasts; whether it was lost lease_keep finds out. On the clock's thread. */
void lease_refresh(Conductor *conductor);

/* Looks at the leases of all conductors: ends those that have run out, and renews the ring. Returns
 * true if a conductor has come or gone. On the clock's thread. */
bool lease_look(Conductor *conductor);

/* ---- clock.c ---- */

/* How much later than others a conductor begins what several do at different times: 0 to below
 * interval_ms, by its host name alone. */
int64_t clock_offset_ms(const char *hostname, int64_t interval_ms);

/* ---- ring.c ---- */

/* A living conductor. */
typedef struct RingMember {
    const char *hostname, *group, *drivers; /* borrowed; drivers is a JSON list */
    const char *lease;
} RingMember;

/* Takes these as the living conductors from now on; members are borrowed for the call. Returns true
 * if they are others than before. On the clock's thread. */
bool ring_renew(Conductor *conductor, const RingMember *members, size_t count);

/* Whether this conductor sweeps a node: it is the node's by the ring, or the first of its group if
 * nobody serves its driver. On a database with one process every node is its own. Any thread. */
bool ring_is_mine(Conductor *conductor, const Node *node);
/* The same, of a node that is not loaded. */
bool ring_has(Conductor *conductor, const char *uuid, const char *driver,
              const char *conductor_group);

/* Whether what is done once for all conductors is done by this one. Any thread. */
bool ring_leads(Conductor *conductor);

/* Whether this conductor has worked on the node last, in this life or an earlier one. Any
 * thread. */
bool ring_was_mine(Conductor *conductor, const Node *node);

/* ---- pools.c ---- */

/* The pools. */
typedef enum ConductorPool {
    CONDUCTOR_QUICK,       /* calls that only need the database */
    CONDUCTOR_WORKERS,     /* may block on hardware */
    CONDUCTOR_OWN_WORKERS, /* workers as well, for what no client has asked for: leaves some */
    CONDUCTOR_BACKGROUND,  /* only needs the database, and no call waits for it */
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

/* ---- consoles.c ---- */

/* A ConsoleTrouble, with the Conductor. */
void consoles_trouble(void *user, const char *node_uuid, const GError *error);

/* ---- metrics.c ---- */

/* Count an answered call and a change of state. Any thread. */
void metrics_count_call(RpcMethod method, bool good);
void metrics_count_transition(ProvisionEvent event, ProvisionState next);

/* A collector of common/metrics.h, with the Conductor. */
void conductor_metrics_write(GString *out, void *conductor);
