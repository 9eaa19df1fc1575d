/* Begins deploys and cleanings that wait for their turn, when there is room; from the clock.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/time_text.h"
#include "conductor/internal.h"
#include "conductor/periodic.h"
#include "conductor/provision/provision.h"
#include "db/node_brief.h"

/* Nodes that are begun in one run of the clock, and further ones that are looked at if some are
 * locked or in maintenance. */
enum { START_LIMIT = 100, LOOK_BEYOND = 100 };

/* A process that dies between two writes leaves a place without a node that waits, or a node that
 * works with a place. */
#define STALE_MS 60000

/* False: no worker is free. Takes the task. */
static bool
start_locked(Task *task)
{
    g_autoptr(GError) error = NULL;
    Db *db = task->services->db;
    g_autofree char *uuid = g_strdup(task->node->uuid);
    g_autoptr(Node) before = node_copy(task->stored);
    bool free_worker = true;
    if (task->node->maintenance) {
        task_release(task);
        return true;
    }
    bool waits =
        provision_is_queued(task) && state_info(task_state(task))->flags & STATE_IS_WAITING;
    if (waits && task_process_event(task, EVENT_RESUME, &error))
        free_worker = task_spawn_or_revert(&task, before, provision_work_begin, &error);
    bool good = error == NULL && db_queue_remove(db, uuid, &error);
    if (!good && free_worker)
        log_warning("conductor.queue", "node %s: %s", uuid, error->message);
    task_release(task);
    return free_worker;
}

/* Each conductor begins its own nodes; otherwise all would try to lock the same ones. */
static bool
is_own(Conductor *conductor, const char *uuid)
{
    g_auto(NodeBrief) brief = {0};
    g_autoptr(GError) error = NULL;
    if (!db_node_brief(conductor->services.db, DB_BY_KEY, uuid, &brief, &error))
        return false;
    const Node node = {
        .uuid = brief.uuid, .driver = brief.driver, .conductor_group = brief.conductor_group};
    return brief.uuid != NULL && ring_is_mine(conductor, &node);
}

static bool
start_queued(Conductor *conductor, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    Task *task = task_acquire(conductor, uuid, TASK_EXCLUSIVE, "its turn in the queue", &error);
    if (task != NULL)
        return start_locked(task);
    if (steel_error_is(error, STEEL_ERROR_INVALID)) /* its driver is no longer enabled */
        takeover_fail_node(conductor, uuid, error);
    return true;
}

static void
collect(const DbQueued *queued, void *user_data)
{
    g_ptr_array_add(user_data, g_strdup(queued->node_uuid));
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
    g_autoptr(GPtrArray) uuids = g_ptr_array_new_with_free_func(g_free);
    if (room > 0 && !db_queue_list(db, kind, room + LOOK_BEYOND, collect, uuids, error))
        return false;
    bool free_worker = true;
    for (guint i = 0; i < uuids->len && free_worker; i++) {
        int64_t left = 0;
        if (!is_own(conductor, uuids->pdata[i]))
            continue;
        free_worker = start_queued(conductor, uuids->pdata[i]);
        if (!db_queue_count(db, kind, NULL, &left, &working, error))
            return false;
        if (working >= provision_queue_limit(kind))
            break;
    }
    return true;
}

void
queue_run(Conductor *conductor)
{
    for (size_t i = 0; i < DB_QUEUE_KINDS; i++) {
        g_autoptr(GError) error = NULL;
        if (!start_kind(conductor, &db_queue_kinds[i], &error))
            log_warning("conductor.queue", "%s: %s", db_queue_kinds[i].name, error->message);
    }
}
