/* Steps that a node's plan has for its child nodes (execute_on_child_nodes): each runs on one child
 * after the other, under the child's lock, and has to end at once, because nobody would resume it;
 * [conductor]permit_child_node_step_async_result takes one that waits for one that has ended.
 * What a child has saved stays; another life of the process begins with the first child again.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/backoff.h"
#include "common/json_text.h"
#include "common/log.h"
#include "conductor/steps/steps.h"
#include "conductor/task.h"
#include "db/nodes.h"

#define AREA "conductor.steps"

bool
step_is_for_children(const json_t *step)
{
    return json_is_true(json_object_get(step, "execute_on_child_nodes"));
}

json_t *
step_for_children(const json_t *step)
{
    return json_pack("{s:O?,s:O?,s:i,s:b}", "interface", json_object_get(step, "interface"), "step",
                     json_object_get(step, "step"), "priority", 0, "abortable", 1);
}

/* An empty list of names is none. */
static bool
is_meant(const json_t *step, const char *child_uuid)
{
    const json_t *only = json_object_get(step, "limit_child_node_execution");
    size_t index;
    json_t *uuid;
    if (json_array_size(only) == 0)
        return true;
    json_array_foreach(only, index, uuid)
    {
        const char *text = json_string_value(uuid);
        if (text != NULL && g_ascii_strcasecmp(text, child_uuid) == 0)
            return true;
    }
    return false;
}

/* ---- one child ---- */

/* A child may be in other work for a moment. */
static Task *
lock_child(Task *parent, const char *uuid, GError **error)
{
    Conductor *conductor = task_conductor(parent);
    int64_t tries = config_integer(config_current(), OPT_CONDUCTOR_NODE_LOCKED_RETRY_ATTEMPTS),
            pause_s = config_integer(config_current(), OPT_CONDUCTOR_NODE_LOCKED_RETRY_INTERVAL);
    int pause_ms = (int)MIN(pause_s, 60) * 1000;
    Backoff backoff = {pause_ms, pause_ms, 0, &conductor->stopping};
    for (int64_t i = 0;; i++) {
        g_autoptr(GError) cause = NULL;
        Task *child = task_acquire(conductor, uuid, TASK_EXCLUSIVE, "execute step", &cause);
        if (child != NULL)
            return child;
        if (!steel_error_is(cause, STEEL_ERROR_LOCKED) || i >= tries || !backoff_pause(&backoff)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return NULL;
        }
    }
}

/* No work of the child would end a wait of its machine or its agent, or a hold. */
static bool
check_outcome(StepOutcome outcome, GError **error)
{
    static const char *const words[] = {[STEP_WAIT] = "waits for the machine or its agent",
                                        [STEP_AGAIN] = "does not end at once",
                                        [STEP_RESTART] = "wants to begin again",
                                        [STEP_HOLD] = "would hold the child"};
    if (outcome.result == STEP_DONE || outcome.result == STEP_ERROR)
        return outcome.result == STEP_DONE;
    if (outcome.result == STEP_WAIT &&
        config_boolean(config_current(), OPT_CONDUCTOR_PERMIT_CHILD_NODE_STEP_ASYNC_RESULT))
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "the step %s, and on a child node nothing would end that",
                      words[outcome.result]);
}

/* As the child's own interface has it, or as each node has it. */
static bool
run_on(Task *child, StepKind kind, const json_t *step, GError **error)
{
    json_auto_t *own = json_deep_copy(step);
    json_object_del(own, "execute_on_child_nodes");
    json_object_del(own, "limit_child_node_execution");
    const StepSource *source = reserved_is(own)                   ? &reserved_steps
                               : step_table_has(child, kind, own) ? &step_table
                                                                  : NULL;
    if (source == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "it has no %s step of this name",
                          step_kind_info(kind)->word);
    return check_outcome(source->run(child, kind, own, error), error) && task_save(child, error);
}

static bool
step_on_child(Task *parent, StepKind kind, const json_t *step, const Node *node, GError **error)
{
    log_info(AREA, "the step runs on child node %s of node %s", node->uuid, parent->node->uuid);
    task_phase_begin(parent, "child_node", node->name != NULL ? node->name : node->uuid);
    Task *child = lock_child(parent, node->uuid, error);
    bool good = child != NULL && run_on(child, kind, step, error);
    task_release(child);
    if (!good)
        g_prefix_error(error, "child node %s: ", node->uuid);
    return good;
}

/* The same again after another life of the process. */
static StepOutcome
child_steps_run(Task *task, StepKind kind, const json_t *step, GError **error)
{
    g_autoptr(GPtrArray) children = db_nodes_children(task->services->db, task->node->uuid, error);
    bool good = children != NULL;
    for (guint i = 0; good && i < children->len; i++) {
        const Node *child = children->pdata[i];
        good = !is_meant(step, child->uuid) || step_on_child(task, kind, step, child, error);
    }
    return step_ended(good);
}

/* It lists none: such a step runs only when it is asked for. */
const StepSource child_steps = {.run = child_steps_run, .resume = child_steps_run};
