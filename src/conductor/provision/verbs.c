/* Provision verbs: they check a client's request and start the work of a state. The states and
 * edges are in model/provision_states.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/verbs.h"
#include "conductor/provision/provision.h"

#include <string.h>

/* The function that checks a verb and prepares the node, before the state changes. */
static const struct {
    ProvisionEvent event;
    bool (*prepare)(Task *task, const json_t *arguments, GError **error);
} preparations[] = {
    {EVENT_DEPLOY,   deploy_prepare_verb},
    {EVENT_REBUILD,  deploy_prepare_verb},
    {EVENT_DELETE,   tear_down_prepare_verb},
    {EVENT_CLEAN,    clean_prepare_verb},
    {EVENT_PROVIDE,  provide_prepare_verb},
    {EVENT_INSPECT,  inspect_prepare_verb},
    {EVENT_RESCUE,   rescue_prepare_verb},
    {EVENT_UNRESCUE, unrescue_prepare_verb},
    {EVENT_SERVICE,  service_prepare_verb},
};

static bool
prepare(Task *task, const ProvisionVerb *verb, const json_t *arguments, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(preparations); i++)
        if (preparations[i].event == verb->event)
            return preparations[i].prepare(task, arguments, error);
    return true;
}

/* Manual cleaning returns to manageable. */
static ProvisionState
goal_of(const ProvisionVerb *verb)
{
    return verb->event == EVENT_CLEAN ? STATE_MANAGEABLE : STATE_NONE;
}

static bool
start_work(VerbCall *call, const Node *before, GError **error)
{
    ProvisionState state = task_state(call->task);
    if (!(state_info(state)->flags & STATE_IS_BUSY))
        return true; /* a direct move between stable states */
    g_autoptr(GError) cause = NULL;
    bool must = false;
    if (!provision_must_queue(call->task, &must, error))
        return false;
    if (!must && task_spawn(&call->task, provision_work_begin, &cause))
        return true;
    if (must || (provision_may_queue(call->task) && steel_error_is(cause, STEEL_ERROR_NO_WORKER)))
        return provision_queue(call->task, call->project_id, error);
    /* If the pool is full, the node is restored as if nobody had asked: no edge leads back. */
    return task_spawn_or_revert(&call->task, before, provision_work_begin, error);
}

static bool
begin(VerbCall *call, const ProvisionVerb *verb, GError **error)
{
    Task *task = call->task;
    if (task->node->maintenance && !verb->allowed_in_maintenance)
        return steel_fail(
            error, STEEL_ERROR_NODE_IN_MAINTENANCE,
            "The %s operation can't be performed on node %s because it's in maintenance mode.",
            verb->word, task->node->uuid);
    if (!provision_verb_check(verb, task_state(task), error))
        return false;
    if (!provision_queue_leave(task, error))
        return false;
    operation_over(
        /* keys of an undeployed wait, or of an abort whose process died, belong to the old
         * operation */
        task->node);
    if (!prepare(task, verb, call->arguments, error))
        return false;
    g_autoptr(Node) before = node_copy(task->stored);
    record_set_text(&task->node->last_error, NULL);
    if (verb->event == EVENT_DEPLOY)
        deploy_lease(task, call->project_id);
    if (verb->event == EVENT_DEPLOY || verb->event == EVENT_REBUILD)
        deploy_note_project(task, call->project_id, call->judged != NULL);
    return task_process_event_to(task, verb->event, goal_of(verb), error) &&
           start_work(call, before, error);
}

json_t *
verb_provision(VerbCall *call, GError **error)
{
    const char *word = json_string_member(call->arguments, "target");
    const ProvisionVerb *verb = provision_verb(word);
    if (verb == NULL) {
        steel_fail(error, STEEL_ERROR_INVALID_STATE_REQUESTED, "\"%s\" is no provision verb",
                   word != NULL ? word : "");
        return NULL;
    }
    bool started = verb->event == EVENT_ABORT    ? provision_abort(call, error)
                   : verb->event == EVENT_UNHOLD ? provision_unhold(call, error)
                                                 : begin(call, verb, error);
    return started ? json_object() : NULL;
}
