/* Begins deploys and cleanings that wait for their turn, when there is room; from the clock.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/time_text.h"
#include "conductor/internal.h"
#include "conductor/periodic.h"
#include "conductor/provision/provision.h"

/* Nodes that are begun in one run of the clock, and further ones that are tried if some are
 * locked. */
enum { START_LIMIT = 100, LOOK_BEYOND = 100 };

/* Places that are read at once, to find this conductor's. */
enum { PAGE = 500 };

/* A process that dies between two writes leaves a place without a node that waits, or a node that
 * works with a place. */
#define STALE_MS 60000

/* ---- one node ---- */

/* Gives back what was claimed and has not begun; false: that is still to be done. */
static bool
give_back(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    char lease[LEASE_SIZE];
    conductor->queue_claims =
        !db_queue_unclaim(conductor->services.db, conductor_lease(conductor, lease), &error);
    if (error != NULL)
        log_warning("conductor.queue", "%s", error->message);
    return !conductor->queue_claims;
}

/* Begins the work of a node that has its place. Takes the task. */
static bool
begin(Task *task, const char *lease, GError **error)
{
    Db *db = task->services->db;
    g_autofree char *uuid = g_strdup(task->node->uuid);
    g_autoptr(Node) before = node_copy(task->stored);
    bool good = task_process_event(task, EVENT_RESUME, error) &&
                task_spawn_or_revert(&task, before, provision_work_begin, error) &&
                db_queue_begun(db, uuid, lease, error);
    task_release(task);
    return good;
}

/* Returns false if no further node can begin now. Takes the task. */
static bool
claim_and_begin(Conductor *conductor, const DbQueueKind *kind, Task *task)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *uuid = g_strdup(task->node->uuid),
                    *lease = g_strdup(task->node->reservation_lease);
    bool claimed = false;
    conductor->queue_claims = true; /* until it is known that none is left */
    if (!db_queue_claim(conductor->services.db, kind, uuid, lease, provision_queue_limit(kind),
                        &claimed, &error) ||
        !claimed)
        task_release(task);
    else if (begin(task, lease, &error)) {
        conductor->queue_claims = false;
        return true;
    }
    bool no_worker = steel_error_is(error, STEEL_ERROR_NO_WORKER);
    if (error != NULL && !no_worker)
        log_warning("conductor.queue", "node %s: %s", uuid, error->message);
    return give_back(conductor) && claimed && !no_worker;
}

/* Returns false if no further node can begin now. Takes the task. */
static bool
start_locked(Conductor *conductor, const DbQueueKind *kind, Task *task)
{
    g_autoptr(GError) error = NULL;
    bool waits =
        provision_is_queued(task) && state_info(task_state(task))->flags & STATE_IS_WAITING;
    if (waits && !task->node->maintenance)
        return claim_and_begin(conductor, kind, task);
    if (!waits && !db_queue_remove(conductor->services.db, task->node->uuid, &error))
        log_warning("conductor.queue", "node %s: %s", task->node->uuid, error->message);
    task_release(task);
    return true;
}

static bool
start_queued(Conductor *conductor, const DbQueueKind *kind, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    Task *task = task_acquire(conductor, uuid, TASK_EXCLUSIVE, "its turn in the queue", &error);
    if (task != NULL)
        return start_locked(conductor, kind, task);
    if (steel_error_is(error, STEEL_ERROR_INVALID)) /* its driver is no longer enabled */
        takeover_fail_node(conductor, uuid, error);
    return true;
}

/* ---- whose turn it is ---- */

typedef struct Candidates {
    Conductor *conductor;
    GPtrArray *uuids; /* owned texts */
    guint most;
    int64_t seen; /* places that were looked at */
} Candidates;

/* Each conductor begins its own nodes; otherwise all would try to lock the same ones. */
static void
collect(const DbQueued *queued, void *user_data)
{
    Candidates *candidates = user_data;
    candidates->seen++;
    if (candidates->uuids->len < candidates->most &&
        ring_has(candidates->conductor, queued->node_uuid, queued->driver, queued->conductor_group))
        g_ptr_array_add(candidates->uuids, g_strdup(queued->node_uuid));
}

/* The first of this conductor's nodes, however many of others' stand before them: those may have no
 * worker for a while. */
static bool
find_own(const DbQueueKind *kind, Candidates *candidates, GError **error)
{
    int64_t before;
    do {
        before = candidates->seen;
        if (!db_queue_list(candidates->conductor->services.db, kind, true, before, PAGE, collect,
                           candidates, error))
            return false;
    } while (candidates->seen == before + PAGE && candidates->uuids->len < candidates->most);
    return true;
}

static bool
start_kind(Conductor *conductor, const DbQueueKind *kind, GError **error)
{
    Db *db = conductor->services.db;
    int64_t waiting = 0, working = 0;
    if (!db_queue_count(db, kind, NULL, &waiting, &working, error))
        return false;
    if (waiting == 0)
        return true;
    if (!db_queue_prune(db, kind, time_now_ms() - STALE_MS, error))
        return false;
    int64_t room = MIN(provision_queue_limit(kind) - working, START_LIMIT);
    if (room <= 0)
        return true;
    g_autoptr(GPtrArray) uuids = g_ptr_array_new_with_free_func(g_free);
    Candidates candidates = {conductor, uuids, (guint)room + LOOK_BEYOND, 0};
    if (!find_own(kind, &candidates, error))
        return false;
    for (guint i = 0; i < uuids->len; i++)
        if (!start_queued(conductor, kind, uuids->pdata[i]))
            break;
    return true;
}

void
queue_run(Conductor *conductor)
{
    if (conductor->queue_claims && !give_back(conductor))
        return;
    for (size_t i = 0; i < DB_QUEUE_KINDS; i++) {
        g_autoptr(GError) error = NULL;
        if (!start_kind(conductor, &db_queue_kinds[i], &error))
            log_warning("conductor.queue", "%s: %s", db_queue_kinds[i].name, error->message);
    }
}
