/* The work behind the provision states, one file per kind. Each *_work function takes the task of a
 * node in its busy state, does the work or goes on with it where an earlier life of the process
 * left it, moves the state on, and ends the task. From a worker.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/steps/steps.h"
#include "conductor/transition.h"
#include "conductor/verbs.h"

void verify_work(Task *task);    /* verifying */
void tear_down_work(Task *task); /* deleting */
void adopt_work(Task *task);     /* adopting */

/* Work in steps: what comes before them, after them, and when they fail. Members that are NULL do
 * nothing. */
typedef struct StepWork {
    /* Its name in the timeline. Never NULL. */
    const char *(*operation)(const Task *task);

    /* False: there is nothing to do, the work is done at once. NULL: it is always wanted. */
    bool (*wanted)(const Task *task);

    /* Gets the machine ready and plans the steps (steps_plan). DONE: the steps run; WAIT: when the
     * machine has called; or an error. Once in an operation; again when the process died in it.
     * Never NULL. */
    StepOutcome (*begin)(Task *task, GError **error);

    /* After the last step. */
    bool (*finish)(Task *task, GError **error);

    /* The event of the end. NULL: EVENT_DONE. */
    ProvisionEvent (*done)(const Task *task);

    /* Removes what the work has left, when it has failed or was aborted; safe to call again. What
     * cannot be undone is logged. False: something stays, and the machine is not to be worked with
     * after an abort. */
    bool (*undo)(Task *task);

    /* Marks the node whose work has failed (not saved). */
    void (*failed)(Task *task, const char *reason);

    /* Tells the machine of an abort, before the state changes; from the quick pool. False: it
     * cannot be aborted. */
    bool (*abort)(Task *task, GError **error);

    /* Why a wait that went past its deadline did. The caller frees. NULL: a sentence for all. */
    char *(*late)(const Task *task);
} StepWork;

extern const StepWork deploy_work, clean_work, inspect_work, rescue_work, unrescue_work;

/* The work in steps of a kind. Never NULL. */
const StepWork *step_work_of(StepKind kind);

/* Plans all steps of a kind for a begin that does nothing else. UNSUPPORTED when there are none,
 * since the node's interface of this type does not support `what`. */
StepOutcome step_work_plan(Task *task, StepKind kind, InterfaceType type, const char *what,
                           GError **error);

/* Undoes work that has failed, marks the node and ends the operation. Takes nothing; the task
 * stays. */
void step_work_fail(Task *task, StepKind kind, const GError *cause);

/* Preconditions of a verb, checked under the lock before the state changes, and what it leaves in
 * the node for its work. arguments as in RPC PROVISION. */
bool deploy_prepare_verb(Task *task, const json_t *arguments, GError **error);

/* With [conductor]automatic_lessee: the project that deploys a node without a lessee becomes it,
 * until undeployed (not saved). project_id NULL: nobody does. */
void deploy_lease(Task *task, const char *project_id);
bool tear_down_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool clean_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool provide_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool inspect_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool rescue_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool unrescue_prepare_verb(Task *task, const json_t *arguments, GError **error);

/* [conductor]max_concurrent_deploy and max_concurrent_clean: LIMIT if that many nodes do so
 * already. */
bool provision_limit_deploy(Task *task, GError **error);
bool provision_limit_clean(Task *task, GError **error);

/* ---- for other parts of the conductor: work.c, wait.c ---- */

/* Starts or resumes the work of the node's state (deploying, cleaning, ...). Takes the task. */
void provision_work_begin(Task *task);

/* The machine, or its agent, has called: the step that waits is resumed, if the node waits. From a
 * worker. Takes the task. */
void provision_resume(Task *task);

/* An agent has called the node, which is as it was loaded. Never blocks: if the node is at work in
 * steps, the step that waits is resumed soon, by a worker, when the node's lock is free. */
void provision_heartbeat(Conductor *conductor, const Node *node);

/* What the conductor's Wakes work with; user is the Conductor. */
extern const WakesOps provision_wakes;

/* A wait went past its deadline. Takes the task. */
void provision_wait_timed_out(Task *task);

/* A wait has failed: undoes its work, after a restart if this process ends before. Takes the
 * task. */
void provision_wait_fail(Task *task, const GError *cause);

/* The verb abort: ends a wait. */
bool provision_abort(VerbCall *call, GError **error);
