/* Ends the waits of nodes for their machine or its agent: by a call, by the deadline, by an abort.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/http_client.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/steady.h"
#include "conductor/notify.h"
#include "conductor/periodic.h"
#include "conductor/provision/provision.h"
#include "conductor/verbs.h"
#include "drivers/boot/boot.h"

/* True if the node is in the waiting state of a kind. */
static bool
waits(const Task *task, StepKind *kind)
{
    return step_kind_of_state(task_state(task), kind) &&
           step_kind_info(*kind)->waiting == task_state(task);
}

/* True if a step of a kind holds the node. */
static bool
is_held(const Task *task, StepKind *kind)
{
    return step_kind_of_state(task_state(task), kind) &&
           step_kind_info(*kind)->held == task_state(task);
}

static void
wait_on(Task *task, StepKind kind, int64_t limit_ms)
{
    g_autoptr(GError) error = NULL;
    if (limit_ms != STEP_DEADLINE_STAYS)
        task_extend_wait(task, kind, limit_ms);
    if (!task_save(task, &error))
        log_warning("conductor.provision", "%s", error->message);
    task_release(task);
}

static void
resume_work(Task *task, StepsOutcome outcome)
{
    g_autoptr(GError) error = NULL;
    if (!task_process_event(task, EVENT_RESUME, &error)) {
        log_warning("conductor.provision", "%s", error->message);
        task_release(task);
        return;
    }
    if (outcome.end == STEPS_AGAIN)
        task_spawn_later(task, (unsigned)CLAMP(outcome.after_ms, 0, UINT_MAX),
                         provision_work_begin);
    else
        provision_work_begin(task);
}

void
provision_resume(Task *task)
{
    g_autoptr(GError) error = NULL;
    StepKind kind;
    if (!waits(task, &kind) || provision_is_queued(task) || task_failing(task, NULL) ||
        task_conductor(task)->stopping) {
        task_release(task);
        return;
    }
    info_remove(task->node, INFO_STEP_RELEASED);
    StepsOutcome outcome = steps_resume(task, kind, &error);
    if (outcome.end == STEPS_WAIT)
        wait_on(task, kind, outcome.after_ms);
    else if (outcome.end == STEPS_FAILED)
        provision_wait_fail(task, error);
    else
        resume_work(task, outcome);
}

bool
provision_resume_now(VerbCall *call, GError **error)
{
    Task *task = call->task;
    g_autoptr(Node) before = node_copy(task->stored);
    StepKind kind;
    if (!waits(task, &kind) || provision_is_queued(task) || task_failing(task, NULL))
        return steel_fail(error, STEEL_ERROR_INVALID_STATE, "nothing waits in %s",
                          task->node->provision_state);
    StepsOutcome outcome = steps_resume(task, kind, error);
    if (outcome.end == STEPS_FAILED)
        return false;
    if (outcome.end != STEPS_AGAIN)
        return steel_fail(error, STEEL_ERROR_INVALID_STATE, "the node does not wait for this");
    return task_process_event(task, EVENT_RESUME, error) &&
           task_spawn_or_revert(&call->task, before, provision_work_begin, error);
}

void
provision_wait_fail(Task *task, const GError *cause)
{
    StepKind kind;
    if (waits(task, &kind)) {
        /* A restarted process continues the failure at once. */
        task->node->wait_deadline_ms = steady_now_ms();
        step_work_fail(task, kind, cause);
    }
    task_release(task);
}

/* The configuration says whether the wait of a node in maintenance goes on or ends. */
static bool
leaves_maintenance_alone(void)
{
    return config_boolean(config_current(), OPT_CONDUCTOR_ALLOW_PROVISIONING_IN_MAINTENANCE);
}

void
provision_heartbeat(Conductor *conductor, const Node *node)
{
    StepKind kind;
    if (!step_kind_of_state(state_from_wire(node->provision_state), &kind) ||
        (node->maintenance && leaves_maintenance_alone()))
        return;
    if (!wakes_add(conductor->wakes, node->uuid))
        log_warning("conductor.provision",
                    "too many agents call: the node is resumed when its own calls again");
}

static void *
wake_take(void *user, const char *node_uuid, bool *locked)
{
    g_autoptr(GError) error = NULL;
    Task *task = task_acquire(user, node_uuid, TASK_EXCLUSIVE, "heartbeat", &error);
    *locked = steel_error_is(error, STEEL_ERROR_LOCKED);
    if (task == NULL && !*locked && !steel_error_is(error, STEEL_ERROR_NO_CONDUCTOR))
        log_warning("conductor.provision", "the call of an agent: %s", error->message);
    return task;
}

static void
wake_go(void *user, void *taken)
{
    Task *task = taken;
    (void)user;
    log_context_node(task->node->uuid);
    if (!task->node->maintenance) {
        provision_resume(task);
    } else if (leaves_maintenance_alone()) {
        task_release(task);
    } else {
        g_autoptr(GError) cause = NULL;
        steel_fail(&cause, STEEL_ERROR_NODE_IN_MAINTENANCE,
                   "the work in %s was ended: the node is in maintenance",
                   task->node->provision_state);
        provision_wait_fail(task, cause);
    }
    log_context_node(NULL);
}

static bool
wake_submit(void *user, PoolJob job, void *data)
{
    g_autoptr(GError) error = NULL;
    return conductor_submit(user, CONDUCTOR_OWN_WORKERS, job, data, &error);
}

const WakesOps provision_wakes = {.take = wake_take, .go = wake_go, .submit = wake_submit};

void
wakes_run(Conductor *conductor)
{
    wakes_tick(conductor->wakes);
}

/* An agent that was there and does not call any more. */
static char *
silent_reason(const Task *task, StepKind kind)
{
    const char *heard = info_text(task->node, INFO_AGENT_LAST_HEARTBEAT);
    const char *step = json_string_member(steps_current(task, kind), "step");
    g_autofree char *url = http_url_for_display(info_text(task->node, INFO_AGENT_URL));
    return g_strdup_printf(
        "Timeout reached while waiting for callback: the agent at %s last called at %s, during "
        "the %s step %s, and is silent since; look at the machine's console, and whether the "
        "machine reaches the API at [deploy]external_callback_url",
        url, heard != NULL ? heard : "an unknown time", step_kind_info(kind)->word,
        step != NULL ? step : "that comes first");
}

/* A machine whose agent has never called; its BMC may know why. */
static char *
unheard_reason(Task *task, StepKind kind)
{
    const StepWork *work = step_work_of(kind);
    g_autofree char *why = boot_why_silent(task);
    g_autofree char *late =
        work->late != NULL
            ? work->late(task)
            : g_strdup_printf("Timeout reached in %s: the machine's agent did not call in time",
                              task->node->provision_state);
    return why != NULL ? g_strconcat(late, "; ", why, NULL) : g_steal_pointer(&late);
}

static char *
late_reason(Task *task, StepKind kind)
{
    return info_has(task->node, INFO_AGENT_URL) ? silent_reason(task, kind)
                                                : unheard_reason(task, kind);
}

void
provision_wait_timed_out(Task *task)
{
    g_autoptr(GError) cause = NULL;
    StepKind kind;
    if (!task_failing(task, &cause) && waits(task, &kind)) {
        g_autofree char *reason = late_reason(task, kind);
        steel_fail(&cause, STEEL_ERROR_TIMEOUT, "%s", reason);
    }
    provision_wait_fail(task, cause);
}

/* The state has changed already; undoes the work of the wait. */
static void
undo_aborted(Task *task, StepKind kind)
{
    const StepWork *work = step_work_of(kind);
    g_autoptr(GError) error = NULL;
    bool begun = !provision_is_queued(task);
    if (begun && work->undo != NULL && !work->undo(task) && kind == STEP_KIND_RESCUE) {
        /* The machine may still run the rescue system, so nobody must use it. */
        task->node->maintenance = true;
        record_set_text(&task->node->fault, "rescue abort failure");
        record_set_text(&task->node->maintenance_reason,
                        "what the aborted rescue has left could not be removed");
    }
    operation_over(task->node);
    if (!task_save(task, &error))
        log_error("conductor.provision", "abort: %s", error->message);
    if (kind == STEP_KIND_SERVICE)
        service_restore(task);
    else
        task_release(task);
}

/* The failure state that the abort leads to tells the kind. */
static void
provision_abort_work(Task *task)
{
    StepKind kind = STEP_KIND_DEPLOY;
    for (StepKind i = 0; i < STEP_KIND_COUNT; i++)
        if (step_kind_info(i)->waiting != STATE_NONE &&
            state_next(step_kind_info(i)->waiting, EVENT_ABORT) == task_state(task))
            kind = i;
    undo_aborted(task, kind);
}

/* A step that may not be interrupted ends first; then the engine finds this mark. */
static bool
abort_after_step(Task *task, GError **error)
{
    info_set_boolean(task->node, INFO_ABORT_AFTER, true);
    return task_save(task, error);
}

/* The message about an aborted wait, in Ironic's words if it has some. */
static char *
abort_reason(const Task *task, StepKind kind)
{
    bool named = kind == STEP_KIND_CLEAN || kind == STEP_KIND_SERVICE;
    return g_strdup_printf("By request, the %s operation was aborted.",
                           named ? step_kind_info(kind)->word : task->node->provision_state);
}

/* Failed servicing is given up: the instance runs again. */
static bool
give_service_up(VerbCall *call, GError **error)
{
    const Node *node = call->task->node;
    if (node->maintenance)
        return steel_fail(error, STEEL_ERROR_INVALID_STATE,
                          "Can not abort service on node \"%s\" while it is in maintenance mode. "
                          "Please remove the node from maintenance prior to issuing the request to "
                          "abort the service operation.",
                          node->uuid);
    record_set_text(&call->task->node->last_error,
                    "By request, the service operation was aborted.");
    return task_spawn(&call->task, service_restore, error);
}

bool
provision_unhold(VerbCall *call, GError **error)
{
    Task *task = call->task;
    g_autoptr(Node) before = node_copy(task->stored);
    if (!provision_verb_check(provision_verb("unhold"), task_state(task), error))
        return false;
    info_set_boolean(task->node, INFO_STEP_RELEASED, true);
    return task_process_event(task, EVENT_UNHOLD, error) &&
           task_spawn_or_revert(&call->task, before, provision_resume, error);
}

bool
provision_abort(VerbCall *call, GError **error)
{
    Task *task = call->task;
    StepKind kind;
    if (!provision_verb_check(provision_verb("abort"), task_state(task), error))
        return false;
    if (task_state(task) == STATE_SERVICEFAIL)
        return give_service_up(call, error);
    if (!waits(task, &kind) && !is_held(task, &kind))
        return steel_fail(error, STEEL_ERROR_INTERNAL, "nothing waits in %s",
                          task->node->provision_state);
    if (!provision_queue_leave(task, error))
        return false;
    if (!steps_abortable(task, kind))
        return abort_after_step(task, error);
    const StepWork *work = step_work_of(kind);
    if (work->abort != NULL && !work->abort(task, error))
        return false;
    g_autofree char *reason = abort_reason(task, kind);
    record_set_text(&task->node->last_error, reason);
    task_operation_end(task, "aborted", reason);
    history_add(task, "ERROR", state_info(task_state(task))->history, reason);
    if (!task_process_event(task, EVENT_ABORT, error))
        return false;
    task_spawn_later(g_steal_pointer(&call->task), 0, provision_abort_work);
    return true;
}
