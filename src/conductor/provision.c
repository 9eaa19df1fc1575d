/* Provision verbs: from the word of a client to the work of a state. The states and edges are model/provision_states; here
 * is what each state's work is, and what a verb needs before it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/provision/provision.h"
#include "common/log.h"
#include "common/steady.h"
#include "conductor/provision_verbs.h"
#include "drivers/deploy/deploy.h"
#include "drivers/inspect/inspect.h"
#include "drivers/power/power.h"

#include <string.h>

/* What a busy state stands for. */
static const struct {
    ProvisionState state;
    void (*work)(Task *task);
} works[] = {
    {STATE_VERIFYING,  verify_work   },
    {STATE_DEPLOYING,  deploy_work   },
    {STATE_DELETING,   tear_down_work},
    {STATE_CLEANING,   clean_work    },
    {STATE_INSPECTING, inspect_work  },
    {STATE_ADOPTING,   adopt_work    },
    {STATE_RESCUING,   rescue_work   },
    {STATE_UNRESCUING, unrescue_work },
};

/* What is checked, and left in the node, before a verb changes the state. */
static const struct {
    ProvisionEvent event;
    bool (*prepare)(Task *task, const json_t *arguments, GError **error);
} preparations[] = {
    {EVENT_DEPLOY,   deploy_prepare_verb   },
    {EVENT_REBUILD,  deploy_prepare_verb   },
    {EVENT_DELETE,   tear_down_prepare_verb},
    {EVENT_CLEAN,    clean_prepare_verb    },
    {EVENT_PROVIDE,  provide_prepare_verb  },
    {EVENT_INSPECT,  inspect_prepare_verb  },
    {EVENT_RESCUE,   rescue_prepare_verb   },
    {EVENT_UNRESCUE, unrescue_prepare_verb },
};

static void (*work_of(ProvisionState state))(Task *task)
{
    for (size_t i = 0; i < G_N_ELEMENTS(works); i++)
        if (works[i].state == state)
            return works[i].work;
    return NULL;
}

bool
provision_event_or_log(Task *task, ProvisionEvent event)
{
    g_autoptr(GError) error = NULL;
    if (task_process_event(task, event, &error))
        return true;
    log_error("conductor.provision", "%s: %s", event_name(event), error->message);
    return false;
}

void
provision_work_begin(Task *task)
{
    void (*work)(Task * task) = work_of(task_state(task));
    if (work != NULL)
        work(task);
    else
        task_release(task);
}

static bool
prepare(Task *task, const ProvisionVerb *verb, const json_t *arguments, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(preparations); i++)
        if (preparations[i].event == verb->event)
            return preparations[i].prepare(task, arguments, error);
    return true;
}

/* Manual cleaning comes back to manageable. */
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
        return true; /* a flip between stable states */
    /* The pool is full: as if nothing had been asked. The node is put back by hand, since no edge leads back. */
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
    operation_over(
        task->node); /* a wait that is undeployed, an abort whose process died: what they left is not ours */
    if (!prepare(task, verb, call->arguments, error))
        return false;
    g_autoptr(Node) before = node_copy(task->stored);
    record_set_text(&task->node->last_error, NULL);
    if (verb->event == EVENT_DEPLOY)
        deploy_lease(task, call->project_id);
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
    bool started =
        verb->event == EVENT_ABORT ? provision_abort(call, error) : begin(call, verb, error);
    return started ? json_object() : NULL;
}

static StepKind
kind_of_wait(ProvisionState state)
{
    return state == STATE_CLEANWAIT ? STEP_KIND_CLEAN : STEP_KIND_DEPLOY;
}

void
provision_resume(Task *task)
{
    g_autoptr(GError) error = NULL;
    steps_finish_wait(task, kind_of_wait(task_state(task)));
    if (!task_process_event(task, EVENT_RESUME, &error)) {
        log_warning("conductor.provision", "%s", error->message);
        task_release(task);
        return;
    }
    provision_work_begin(task);
}

/* Why a deploy that waited for its machine is given up, from what the machine has last said. */
static char *
deploy_wait_reason(const Task *task)
{
    const json_t *boot = info_json(task->node, INFO_BOOT_PROGRESS);
    const char *phase = json_string_member(boot, "phase"),
               *detail = json_string_member(boot, "detail");
    if (!info_has(task->node, INFO_BOOT))
        return g_strdup("Timeout reached while waiting for callback: the machine or its agent did "
                        "not call in time");
    if (phase == NULL)
        return g_strdup(
            "powered on, but nothing asked for a boot file: check that the machine boots from the "
            "network, "
            "that the MAC address of its port is right and that it can reach the boot file server");
    if (strcmp(phase, "script_served") == 0)
        return g_strdup("the machine fetched its boot script, but did not say whether it could "
                        "attach its volume");
    return g_strdup_printf("the machine could not attach its volume: %s",
                           detail != NULL ? detail : "no reason given");
}

static void
undo_wait(Task *task, ProvisionState state)
{
    if (state == STATE_DEPLOYWAIT)
        deploy_undo(task);
    else if (state == STATE_CLEANWAIT)
        clean_undo(task);
    else if (state == STATE_RESCUEWAIT)
        rescue_undo(task);
}

void
provision_wait_fail(Task *task, const GError *cause)
{
    ProvisionState state = task_state(task);
    task->node->wait_deadline_ms =
        steady_now_ms(); /* a next life goes on with the failure at once */
    if (task_failing_begin(task, cause->message)) {
        undo_wait(task, state);
        if (state == STATE_CLEANWAIT)
            clean_mark_failed(task, cause->message);
        task_fail(task, cause);
    }
    task_release(task);
}

void
provision_wait_timed_out(Task *task)
{
    g_autoptr(GError) cause = NULL;
    if (!task_failing(task, &cause)) {
        g_autofree char *reason =
            task_state(task) == STATE_DEPLOYWAIT
                ? deploy_wait_reason(task)
                : g_strdup_printf("Timeout reached in %s: the machine's agent did not call in time",
                                  task->node->provision_state);
        steel_fail(&cause, STEEL_ERROR_TIMEOUT, "%s", reason);
    }
    provision_wait_fail(task, cause);
}

/* A machine that may still run the rescue system is not to be worked with. */
static void
undo_rescue(Task *task)
{
    if (rescue_undo(task))
        return;
    task->node->maintenance = true;
    record_set_text(&task->node->fault, "rescue abort failure");
    record_set_text(&task->node->maintenance_reason,
                    "what the aborted rescue has left could not be removed");
}

/* The state has moved on already; what is left is to undo what the wait was for. */
static void
abort_work(Task *task)
{
    ProvisionState state = task_state(task);
    if (state == STATE_CLEANFAIL) {
        clean_undo(task);
    } else if (state == STATE_RESCUEFAIL) {
        undo_rescue(task);
    } else {
        deploy_undo(task);
    }
    operation_over(task->node);
    g_autoptr(GError) error = NULL;
    if (!task_save(task, &error))
        log_error("conductor.provision", "abort: %s", error->message);
    task_release(task);
}

/* A step that may not be interrupted is let finish; the work looks at this mark behind it. */
static bool
abort_after_step(Task *task, GError **error)
{
    json_object_set_new(task->node->clean_step, "abort_after", json_true());
    return task_save(task, error);
}

bool
provision_abort(VerbCall *call, GError **error)
{
    Task *task = call->task;
    ProvisionState state = task_state(task);
    if (!provision_verb_check(provision_verb("abort"), state, error))
        return false;
    if (state == STATE_CLEANWAIT && !steps_abortable(task, STEP_KIND_CLEAN))
        return abort_after_step(task, error);
    if (state == STATE_INSPECTWAIT && !inspect_abort(task, error))
        return false;
    if (state == STATE_INSPECTWAIT)
        operation_over(task->node);
    g_autofree char *reason =
        g_strdup_printf("By request, the %s operation was aborted.",
                        state == STATE_CLEANWAIT ? "clean" : task->node->provision_state);
    record_set_text(&task->node->last_error, reason);
    task_operation_end(task, "aborted", reason);
    history_add(task, "ERROR", state_info(state)->history, reason);
    if (!task_process_event(task, EVENT_ABORT, error))
        return false;
    if (state == STATE_INSPECTWAIT)
        return true;
    task_spawn_later(g_steal_pointer(&call->task), 0, abort_work);
    return true;
}
