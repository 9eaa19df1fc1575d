/* The only place that writes node.provision_state: one lookup in the table of edges, one save, then
 * history and notification.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/transition.h"
#include "common/log.h"
#include "common/steady.h"
#include "common/time_text.h"
#include "conductor/notify.h"

/* These events keep the goal of the operation: manual cleaning returns to manageable. */
static bool
keeps_goal(ProvisionEvent event)
{
    return event == EVENT_WAIT || event == EVENT_RESUME || event == EVENT_HOLD ||
           event == EVENT_UNHOLD || event == EVENT_FAIL || event == EVENT_ABORT;
}

static const char *
goal_after(const Node *node, ProvisionEvent event, ProvisionState next, ProvisionState goal)
{
    const StateInfo *info = state_info(next);
    if (info->flags & STATE_IS_STABLE)
        return NULL;
    if (goal != STATE_NONE)
        return state_info(goal)->wire;
    if (keeps_goal(event) && node->target_provision_state != NULL)
        return node->target_provision_state;
    return state_info(info->target)->wire;
}

/* The deadline for the call of the machine or its agent; 0: none. */
static int64_t
wait_deadline_ms(StepKind kind, int64_t limit_ms)
{
    if (limit_ms <= 0)
        limit_ms = config_integer(config_current(), step_kind_info(kind)->wait_limit) * 1000;
    return limit_ms > 0 ? steady_now_ms() + limit_ms : 0;
}

void
task_extend_wait(Task *task, StepKind kind, int64_t limit_ms)
{
    task->node->wait_deadline_ms = wait_deadline_ms(kind, limit_ms);
}

static void
stamp_inspection(Node *node, ProvisionState from, ProvisionState next, const char *now)
{
    bool inspecting = from == STATE_INSPECTING || from == STATE_INSPECTWAIT;
    if (next == STATE_INSPECTING && !inspecting) {
        record_set_text(&node->inspection_started_at, now);
        record_set_text(&node->inspection_finished_at, NULL);
    } else if (inspecting && next == STATE_MANAGEABLE) {
        record_set_text(&node->inspection_finished_at, now);
        record_set_text(&node->inspection_started_at, NULL);
    } else if (inspecting && next == STATE_INSPECTFAIL) {
        record_set_text(&node->inspection_started_at, NULL);
    }
}

static const char *
notification_status(ProvisionEvent event, ProvisionState from, ProvisionState next)
{
    bool was_stable = state_info(from)->flags & STATE_IS_STABLE,
         is_stable = state_info(next)->flags & STATE_IS_STABLE;
    if (event == EVENT_FAIL)
        return "error";
    if (was_stable && !is_stable)
        return "start";
    return !was_stable && is_stable ? "end" : "success";
}

/* Undoes a transition in memory that could not be saved. */
static void
restore_fields(Node *node, const Node *before)
{
    static const char *const moved[] = {
        "provision_state",
        "target_provision_state",
        "provision_updated_at",
        "inspection_started_at",
        "inspection_finished_at",
        "wait_deadline_ms",
        "conductor_affinity",
        "driver_internal_info",
        "deploy_step",
        "clean_step",
        "service_step",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(moved); i++)
        record_copy_field(resource_field(&node_resource, moved[i]), before, node);
}

void
operation_over(Node *node)
{
    info_forget(node, LIFETIME_OPERATION);
    json_object_clear(node->deploy_step);
    json_object_clear(node->clean_step);
    json_object_clear(node->service_step);
}

/* True if the operation ends here. An aborted one ends when it is undone (provision_abort). */
static bool
ends_operation(ProvisionEvent event, ProvisionState next)
{
    return event != EVENT_ABORT && state_info(next)->flags & (STATE_IS_STABLE | STATE_IS_FAILURE);
}

/* A move along an edge. */
typedef struct Move {
    ProvisionEvent event;
    ProvisionState goal; /* STATE_NONE: the table's */
    int64_t wait_ms;     /* of a wait that begins; 0: the option of its kind */
} Move;

static int64_t
deadline_in(ProvisionState state, int64_t limit_ms)
{
    StepKind kind;
    bool waiting = state_info(state)->flags & STATE_IS_WAITING;
    return waiting && step_kind_of_state(state, &kind) ? wait_deadline_ms(kind, limit_ms) : 0;
}

static void
change(Task *task, const Move *move, ProvisionState next)
{
    Node *node = task->node;
    ProvisionState from = task_state(task);
    char now[TIME_TEXT_SIZE];
    g_autofree char *target = g_strdup(goal_after(node, move->event, next, move->goal));
    record_set_text(&node->target_provision_state, target);
    record_set_text(&node->provision_state, state_info(next)->wire);
    record_set_text(&node->provision_updated_at, time_now_text(now));
    record_set_text(&node->conductor_affinity, task->services->conductor_host);
    stamp_inspection(node, from, next, now);
    node->wait_deadline_ms = deadline_in(next, move->wait_ms);
    if (ends_operation(move->event, next))
        operation_over(node);
}

static bool
process(Task *task, const Move *move, GError **error)
{
    Node *node = task->node;
    ProvisionEvent event = move->event;
    ProvisionState from = task_state(task),
                   next = from != STATE_NONE ? state_next(from, event) : STATE_NONE;
    if (next == STATE_NONE)
        return steel_fail(error, STEEL_ERROR_INVALID_STATE, "event %s is not possible in state %s",
                          event_name(event), node->provision_state);
    json_t *extra = json_pack("{s:s,s:s,s:s?}", "event", event_name(event),
                              "previous_provision_state", node->provision_state,
                              "previous_target_provision_state", node->target_provision_state);
    g_autoptr(Node) before = node_copy(node);
    change(task, move, next);
    if (!task_save(task, error)) {
        restore_fields(node, before);
        json_decref(extra);
        return false;
    }
    log_info("conductor.transition", "%s: %s -> %s", event_name(event), state_info(from)->wire,
             state_info(next)->wire);
    log_debug("conductor.lock", "%s written under lease %s: %s", node->uuid,
              node->reservation_lease != NULL ? node->reservation_lease : "none",
              state_info(next)->wire);
    metrics_count_transition(event, next);
    notify_node(task, "provision_set", notification_status(event, from, next), extra);
    return true;
}

bool
task_process_event(Task *task, ProvisionEvent event, GError **error)
{
    return process(task, &(Move){.event = event, .goal = STATE_NONE}, error);
}

bool
task_process_event_to(Task *task, ProvisionEvent event, ProvisionState goal, GError **error)
{
    return process(task, &(Move){.event = event, .goal = goal}, error);
}

bool
task_begin_wait(Task *task, int64_t limit_ms, GError **error)
{
    return process(task, &(Move){EVENT_WAIT, STATE_NONE, limit_ms}, error);
}

bool
task_event_or_log(Task *task, ProvisionEvent event)
{
    g_autoptr(GError) error = NULL;
    if (task_process_event(task, event, &error))
        return true;
    log_error("conductor.provision", "%s: %s", event_name(event), error->message);
    return false;
}

bool
task_failing_begin(Task *task, const char *reason)
{
    g_autoptr(GError) error = NULL;
    info_set_text(task->node, INFO_FAILING, reason);
    if (task_save(task, &error))
        return true;
    log_error("conductor.provision", "a failure could not be written down: %s", error->message);
    return false;
}

bool
task_failing(const Task *task, GError **error)
{
    const char *reason = info_text(task->node, INFO_FAILING);
    if (reason == NULL)
        return false;
    steel_fail(error, STEEL_ERROR_DEPLOY_FAILED, "%s", reason);
    return true;
}

bool
work_interrupted(const GError *error)
{
    if (!database_failed(error))
        return false;
    log_error("conductor.provision", "interrupted, to be gone on with: %s", error->message);
    return true;
}

void
task_fail(Task *task, const GError *cause)
{
    g_autoptr(GError) error = NULL;
    if (work_interrupted(cause))
        return;
    log_warning("conductor.provision", "%s failed: %s", task->node->provision_state,
                cause->message);
    record_set_text(&task->node->last_error, cause->message);
    task_operation_end(task, "failed", cause->message);
    history_add(task, "ERROR", state_info(task_state(task))->history, cause->message);
    if (!task_process_event(task, EVENT_FAIL, &error))
        log_error("conductor.provision", "the failure could not be saved: %s", error->message);
}
