/* The queue of power states for Nova; the contract is in power_events.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/power_events.h"

#include "common/lock.h"
#include "common/log.h"
#include "common/pool.h"
#include "common/time_text.h"
#include "drivers/power/power.h"
#include "openstack/nova.h"

enum {
    WAITING_MOST = 20000,
    CALL_LIMIT_MS = 60 * 1000,
    ABSENT_MS = 60 * 1000, /* a cloud without Nova is not asked for it at each change */
};

struct PowerEvents {
    const Openstack *openstack;
    Pool *pool; /* owned: one thread, while there is something to send */
    Lock guard;
    GHashTable *states GUARDED; /* owned uuid of a server -> a PowerState */
    GQueue order GUARDED;       /* borrowed uuids of `states`, the oldest first */
    bool sending GUARDED, stopping GUARDED, refused GUARDED;
    int64_t absent_until_ms GUARDED; /* monotonic: the catalog had no Nova */
};

PowerEvents *
power_events_new(const Openstack *openstack)
{
    PowerEvents *events = g_new0(PowerEvents, 1);
    events->openstack = openstack;
    events->pool = pool_new("nova-events", 1, 1);
    lock_init(&events->guard, LOCK_RANK_POWER_EVENTS);
    lock_acquire(&events->guard);
    events->states = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    lock_release(&events->guard);
    return events;
}

/* ---- sending ---- */

/* What goes with one request: servers are owned, and states next to them. */
typedef struct Batch {
    char *servers[NOVA_EVENTS_MOST];
    NovaPowerUpdate updates[NOVA_EVENTS_MOST];
    size_t count;
} Batch;

static void
batch_clear(Batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        g_free(batch->servers[i]);
    batch->count = 0;
}

/* False: nothing waits, and the job ends. */
static bool
take(PowerEvents *events, Batch *batch)
{
    lock_acquire(&events->guard);
    while (batch->count < NOVA_EVENTS_MOST && !g_queue_is_empty(&events->order)) {
        gpointer server = NULL, state = NULL;
        g_hash_table_steal_extended(events->states, g_queue_pop_head(&events->order), &server,
                                    &state);
        batch->servers[batch->count] = server;
        batch->updates[batch->count++] =
            (NovaPowerUpdate){server, GPOINTER_TO_INT(state) == POWER_ON};
    }
    events->sending = batch->count > 0;
    lock_release(&events->guard);
    return batch->count > 0;
}

static void forget_all(PowerEvents *events) REQUIRES(events->guard);

static void
forget_all(PowerEvents *events)
{
    g_queue_clear(&events->order);
    g_hash_table_remove_all(events->states);
}

/* A Nova that is away for long is told of once. */
static void
note_result(PowerEvents *events, const GError *error)
{
    lock_acquire(&events->guard);
    bool first = !events->refused;
    events->refused = error != NULL;
    if (steel_error_is(error, STEEL_ERROR_CONFIG))
        events->absent_until_ms = time_monotonic_ms() + ABSENT_MS;
    if (error != NULL && events->stopping)
        forget_all(events);
    lock_release(&events->guard);
    if (error == NULL)
        return;
    if (first)
        log_warning("conductor.nova", "Nova was not told of a power change: %s", error->message);
    else
        log_debug("conductor.nova", "Nova was not told of a power change: %s", error->message);
}

static void
send(PowerEvents *events, const Batch *batch)
{
    g_autoptr(GError) error = NULL;
    OpenstackSession *nova = openstack_service(events->openstack, OPENSTACK_NOVA, &error);
    if (nova != NULL && nova_power_update(nova, batch->updates, batch->count,
                                          time_monotonic_ms() + CALL_LIMIT_MS, &error))
        log_debug("conductor.nova", "Nova was told of %zu power changes", batch->count);
    note_result(events, error);
}

static void
power_events_job(void *data)
{
    Batch batch = {0};
    while (take(data, &batch)) {
        send(data, &batch);
        batch_clear(&batch);
    }
}

/* ---- queueing ---- */

static bool
is_wanted(const PowerEvents *events, const Node *node, PowerState state)
{
    return node->instance_uuid != NULL && (state == POWER_ON || state == POWER_OFF) &&
           config_boolean(config_current(), OPT_NOVA_SEND_POWER_NOTIFICATIONS) &&
           openstack_service(events->openstack, OPENSTACK_NOVA, NULL) != NULL;
}

/* True if a job has to be started. */
static bool put(PowerEvents *events, const char *server, PowerState state) REQUIRES(events->guard);

static bool
put(PowerEvents *events, const char *server, PowerState state)
{
    bool waits = g_hash_table_contains(events->states, server);
    if (events->stopping || time_monotonic_ms() < events->absent_until_ms)
        return false;
    if (!waits && g_hash_table_size(events->states) >= WAITING_MOST)
        return false;
    char *key = g_strdup(server);
    if (!waits)
        g_queue_push_tail(&events->order, key);
    g_hash_table_insert(events->states, key, GINT_TO_POINTER(state)); /* keeps the key it has */
    bool start = !events->sending;
    events->sending = true;
    return start;
}

void
power_events_tell(PowerEvents *events, const Node *node)
{
    PowerState state = power_state_from_wire(node->power_state);
    if (!is_wanted(events, node, state))
        return;
    lock_acquire(&events->guard);
    bool start = put(events, node->instance_uuid, state);
    lock_release(&events->guard);
    g_autoptr(GError) error = NULL;
    if (!start || pool_submit(events->pool, power_events_job, events, &error))
        return;
    lock_acquire(&events->guard); /* the next change tries it */
    events->sending = false;
    lock_release(&events->guard);
    log_warning("conductor.nova", "Nova is not told of a power change now: %s", error->message);
}

bool
power_events_finish(PowerEvents *events, unsigned limit_ms)
{
    lock_acquire(&events->guard);
    events->stopping = true;
    lock_release(&events->guard);
    return pool_finish(events->pool, limit_ms);
}

UNSHARED void
power_events_free(PowerEvents *events)
{
    if (events == NULL)
        return;
    pool_free(events->pool);
    forget_all(events);
    g_hash_table_unref(events->states);
    lock_destroy(&events->guard);
    g_free(events);
}
