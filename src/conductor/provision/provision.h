/* The work of the provision states, one file per kind. Each *_work function takes the task of a
 * node in its busy state, does the work or resumes it after a restart of the process, moves the
 * node to the next state, and ends the task. From a worker.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/steps/steps.h"
#include "conductor/transition.h"
#include "conductor/verbs.h"
#include "db/work_queue.h"

void verify_work(Task *task);    /* verifying */
void tear_down_work(Task *task); /* deleting */
void adopt_work(Task *task);     /* adopting */

/* What a node shows of its machine without being asked for it, read anew: the BIOS settings; boot
 * mode and secure boot; the versions of the firmware. What cannot be read stays as it is, with a
 * line in the log. The caller saves the node. Exclusive lock, from a worker; they block on the
 * BMC. */
void facts_read_bios(Task *task);
void facts_read_boot_mode(Task *task);
void facts_read_firmware(Task *task);

/* Work in steps: what runs before the steps, after them, and when they fail. All members need the
 * exclusive lock and may block on the machine, from a worker, unless they say otherwise. A NULL
 * member does nothing. */
typedef struct StepWork {
    /* The name of the operation in the timeline. Pure. Never NULL. */
    const char *(*operation)(const Task *task);

    /* False if there is nothing to do; the work is done then. NULL: true. */
    bool (*wanted)(const Task *task);

    /* Gets the machine ready and plans the steps (steps_plan). DONE: the steps run; WAIT: they run
     * once the machine has called. Called once in an operation, and again if the process died in
     * it. Never NULL. */
    StepOutcome (*begin)(Task *task, GError **error);

    /* Called after the last step; an error fails the work. */
    bool (*finish)(Task *task, GError **error);

    /* The event that ends the work. NULL: EVENT_DONE. */
    ProvisionEvent (*done)(const Task *task);

    /* Undoes work that has failed or was aborted, and logs what it cannot undo; safe to call again.
     * Returns false if something stays: after an abort the node then goes into maintenance. */
    bool (*undo)(Task *task);

    /* Marks the node after a failure; the caller saves it. */
    void (*failed)(Task *task, const char *reason);

    /* Prepares an abort, before the state changes. From the quick pool: must not block on hardware.
     * An error refuses the abort. */
    bool (*abort)(Task *task, GError **error);

    /* The reason for a wait that passed its deadline; the caller frees. NULL: a general
     * sentence. */
    char *(*late)(const Task *task);
} StepWork;

extern const StepWork deploy_work, clean_work, inspect_work, rescue_work, unrescue_work,
    service_work;

/* The work of a kind of steps. Never NULL. */
const StepWork *step_work_of(StepKind kind);

/* Plans all steps of a kind, for a `begin` that does nothing else. what: the operation, for the
 * error. Errors: UNSUPPORTED if the interface of this type has no such steps. */
StepOutcome step_work_plan(Task *task, StepKind kind, InterfaceType type, const char *what,
                           GError **error);

/* Undoes work that has failed, marks the node and ends the operation. The task stays the
 * caller's. */
void step_work_fail(Task *task, StepKind kind, const GError *cause);

/* consoles.c: offers an enabled console again, at the end of a deploy or after a restart. One that
 * cannot be is disabled; the caller saves the node. */
void console_offer_again(Task *task);

/* Each checks a verb's preconditions under the lock, before the state changes, and stores in the
 * node what the work needs. arguments: as in RPC PROVISION. Errors are the client's answer. */
bool deploy_prepare_verb(Task *task, const json_t *arguments, GError **error);

/* lessee.c, with [conductor]automatic_lessee: makes the project that automatic_lessee_source names
 * the lessee of a node that has none, until the undeploy. The caller saves the node.
 *
 * project_id  whose request it is; NULL: none */
void deploy_lease(Task *task, const char *project_id);

/* Notes whose access to an image in Glance counts: that of the project that deploys. An
 * administrator may deploy any image, unless [DEFAULT]ignore_project_check_for_admin_tasks is off.
 * owned: the call was allowed by who owns or leases the node. The caller saves the node. */
void deploy_note_project(Task *task, const char *project_id, bool owned);
bool tear_down_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool clean_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool provide_prepare_verb(Task *task, const json_t *arguments, GError **error);

/* Plans the steps of an automated cleaning: those of the drivers, or those of a runbook
 * (clean_runbook.c), as [conductor]automated_cleaning_step_source says. INVALID: the node has no
 * runbook and needs one, or one that is not for it; NOT_FOUND; errors of steps_plan. */
bool clean_plan_automated(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool inspect_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool rescue_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool unrescue_prepare_verb(Task *task, const json_t *arguments, GError **error);
bool service_prepare_verb(Task *task, const json_t *arguments, GError **error);

/* Starts the instance of a node again whose servicing was aborted or has failed (service failed),
 * and moves it to active; else it stays, with the reason in last_error. May be called again. From a
 * worker. Takes the task. */
void service_restore(Task *task);

/* ---- queue.c: at most [conductor]max_concurrent_deploy and max_concurrent_clean nodes at once
 * ---- Exclusive lock. */

/* The most nodes that may be at this kind of work at once. */
int64_t provision_queue_limit(const DbQueueKind *kind);

/* True while the node waits for its turn. */
bool provision_is_queued(const Task *task);

/* must  out: the work of the node's busy state, which is saved, must wait for its turn */
bool provision_must_queue(Task *task, bool *must, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* True if the work of the node's busy state can wait for a turn. */
bool provision_may_queue(const Task *task);

/* Lets the work of the node's busy state wait for its turn, in its waiting state. project: of the
 * caller, for a node of nobody; NULL: none. */
bool provision_queue(Task *task, const char *project, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives the place up, if the node has one. The mark stays until the operation is over. */
bool provision_queue_leave(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Like provision_work_begin, or lets the work wait for its turn. From a worker. Takes the task. */
void provision_work_begin_or_queue(Task *task);

/* ---- for other parts of the conductor: work.c, wait.c ---- */

/* Starts or resumes the work of the node's state (deploying, cleaning, ...). Takes the task. */
void provision_work_begin(Task *task);

/* Resumes the step that waits, if the node waits, after its machine or agent has called. From a
 * worker. Takes the task. */
void provision_resume(Task *task);

/* The same for a call that brings what the step waits for, and is answered when that is saved: the
 * step must answer AGAIN at once, and goes on on a worker. From the quick pool. On failure nothing
 * is saved. Errors: INVALID_STATE: nothing waits for it; NO_WORKER; those of the step. */
bool provision_resume_now(VerbCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Notes a heartbeat of the node's agent. Never blocks: if the node is in a work in steps, a worker
 * resumes the step that waits once the node's lock is free. node: as it was loaded, borrowed. */
void provision_heartbeat(Conductor *conductor, const Node *node);

/* The functions of the conductor's Wakes; user is the Conductor. */
extern const WakesOps provision_wakes;

/* Ends a wait that passed its deadline. Takes the task. */
void provision_wait_timed_out(Task *task);

/* Fails a wait and undoes its work; after a restart the undo is repeated. Takes the task. */
void provision_wait_fail(Task *task, const GError *cause);

/* The verb abort: ends a wait or a hold, or gives failed servicing up. */
bool provision_abort(VerbCall *call, GError **error);

/* The verb unhold: the step behind the one that holds the node runs. */
bool provision_unhold(VerbCall *call, GError **error);
