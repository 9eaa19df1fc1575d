/* The queue of deploys and cleanings: at most [conductor]max_concurrent_* nodes are at work at the
 * same time, to protect image servers, volumes and the operator's disks. What is asked beyond that
 * is accepted and waits in its waiting state; the clock begins it when there is room.
 *
 * A node whose state is saved before the others are counted sees all that came before it, and the
 * clock claims places one after the other (queue_run.c), so the limit holds for all who ask at
 * once, also at several conductors.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/time_text.h"
#include "conductor/provision/provision.h"

/* A node waits here for as long as it takes. */
#define FOREVER_MS (INT64_C(100) * 365 * 24 * 3600 * 1000)

/* The kind that limits the work of the node's busy state; NULL: none does. */
static const DbQueueKind *
kind_of(const Task *task)
{
    if (task_state(task) == STATE_DEPLOYING)
        return &db_queue_kinds[DB_QUEUE_DEPLOY];
    if (task_state(task) == STATE_CLEANING && clean_work.wanted(task))
        return &db_queue_kinds[DB_QUEUE_CLEAN];
    return NULL;
}

int64_t
provision_queue_limit(const DbQueueKind *kind)
{
    int64_t most = config_integer(config_current(), kind->limit);
    return most > 0 ? most : INT64_MAX;
}

bool
provision_is_queued(const Task *task)
{
    return info_has(task->node, INFO_QUEUED);
}

bool
provision_must_queue(Task *task, bool *must, GError **error)
{
    const DbQueueKind *kind = kind_of(task);
    int64_t waiting = 0, working = 0;
    *must = false;
    if (kind == NULL)
        return true;
    if (!db_queue_count(task->services->db, kind, task->node->uuid, &waiting, &working, error))
        return false;
    *must = waiting > 0 || working >= provision_queue_limit(kind);
    return true;
}

static const char *
project_of(const Task *task, const char *asking)
{
    const Node *node = task->node;
    return node->lessee != NULL ? node->lessee : node->owner != NULL ? node->owner : asking;
}

static bool
begin_to_wait(Task *task, GError **error)
{
    char now[TIME_TEXT_SIZE];
    StepKind kind;
    if (!step_kind_of_state(task_state(task), &kind))
        return steel_fail(error, STEEL_ERROR_INTERNAL, "nothing waits in %s",
                          task->node->provision_state);
    task_operation_start(task, step_work_of(kind)->operation(task));
    task_phase_begin(task, "queue", NULL);
    info_set_text(task->node, INFO_QUEUED, time_now_text(now));
    return task_begin_wait(task, FOREVER_MS, error);
}

bool
provision_may_queue(const Task *task)
{
    return kind_of(task) != NULL;
}

bool
provision_queue(Task *task, const char *project, GError **error)
{
    const DbQueueKind *kind = kind_of(task);
    Db *db = task->services->db;
    if (kind == NULL)
        return steel_fail(error, STEEL_ERROR_INTERNAL, "no queue for %s",
                          task->node->provision_state);
    if (!db_queue_add(db, kind, task->node->uuid, project_of(task, project), error))
        return false;
    if (begin_to_wait(task, error))
        return true;
    g_autoptr(GError) left = NULL;
    if (!db_queue_remove(db, task->node->uuid, &left)) /* the clock removes it later */
        log_warning("conductor.queue", "%s", left->message);
    return false;
}

bool
provision_queue_leave(Task *task, GError **error)
{
    return !provision_is_queued(task) ||
           db_queue_remove(task->services->db, task->node->uuid, error);
}

void
provision_work_begin_or_queue(Task *task)
{
    g_autoptr(GError) error = NULL;
    bool must = false;
    if (provision_must_queue(task, &must, &error) && !must) {
        provision_work_begin(task);
        return;
    }
    if (error != NULL || !provision_queue(task, NULL, &error)) /* the takeover resumes it */
        log_warning("conductor.queue", "%s", error->message);
    task_release(task);
}
