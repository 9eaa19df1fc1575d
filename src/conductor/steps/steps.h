/* The step engine: a list computed once, stored with the node, executed one by one. Its progress is
 * in the database before each step, so that a restarted process can continue.
 *
 * The plan is in the keys "<kind>_steps" and "<kind>_step_index" (model/step_kinds.h):
 * [{"interface", "step", "priority", "abortable", "args"?, what an agent listed with its step}].
 * The step under way is the node's <kind>_step, where the kind has that field. Keys of lifetime
 * STEP say how far it is.
 *
 * All functions need the exclusive lock, and change the node without saving it unless they say so.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/transition.h"
#include "drivers/step.h"

/* ---- plan.c ---- */

typedef unsigned StepsHow; /* bits */
enum {
    STEPS_EXACT = 1 << 0,         /* only what is requested, in its order (manual cleaning) */
    STEPS_WITHOUT_AGENT = 1 << 1, /* no agent will be booted */
};

/* Computes the steps of an operation from the tables of the node's interfaces, and stores them.
 * Asks nobody: where an agent will have steps too, the plan is completed when it has told them
 * (steps_complete); what is requested and not known by then is left out until that.
 *
 * requested  the operator's list, or NULL for all with a priority; borrowed
 * Errors     INVALID naming the unknown step or argument */
bool steps_plan(Task *task, StepKind kind, const json_t *requested, StepsHow how, GError **error);

/* Completes a plan with the steps of an agent, once it has told them; otherwise nothing changes.
 * What ran stays behind. From a worker; may ask the agent. Errors as above, and the source's. */
bool steps_complete(Task *task, StepKind kind, GError **error);

/* True when everything that was requested is known. INVALID naming what only an agent could have
 * told, and none has. */
bool steps_all_known(Task *task, StepKind kind, GError **error);

/* True until every agent of the operation has listed its steps. */
bool steps_pending(const Task *task);

/* True when a plan is stored. */
bool steps_planned(const Task *task, StepKind kind);

/* Removes the plan and the current step from the node. */
void steps_forget(Task *task, StepKind kind);

/* True when some planned step needs the ramdisk, or an agent will have steps. */
bool steps_need_ramdisk(Task *task, StepKind kind);

/* True if the current step may be interrupted, or none runs. */
bool steps_abortable(const Task *task, StepKind kind);

/* The planned row of the step under way, borrowed; NULL behind the last one. */
json_t *steps_current(const Task *task, StepKind kind);

/* Goes behind the step under way: it has ended. */
void steps_advance(Task *task, StepKind kind);

/* After STEP_RESTART. An automated clean begins its list again, anything else the step under way.
 * STEPS_RESTARTS_MOST times in an operation, then it fails. */
enum { STEPS_RESTARTS_MOST = 5 };
bool steps_restart(Task *task, StepKind kind, GError **error);

/* ---- run.c, wait.c ---- */

typedef enum StepsEnd {
    STEPS_DONE,    /* all steps are done */
    STEPS_GO_ON,   /* the wait is over: the steps run on from where they stand */
    STEPS_WAIT,    /* a step waits, at most after_ms (0: as the kind's option says) */
    STEPS_AGAIN,   /* call steps_run again after after_ms, with the lock kept */
    STEPS_STOPPED, /* the process ends, or the database fails: a restarted process continues */
    /* a step that may not be interrupted is done, and an abort was asked for meanwhile */
    STEPS_ABORTED,
    STEPS_FAILED, /* the error is set */
} StepsEnd;

typedef struct StepsOutcome {
    StepsEnd end;
    int64_t after_ms;
} StepsOutcome;

/* Runs the stored steps from where they stand; progress is saved before each step. */
StepsOutcome steps_run(Task *task, StepKind kind, GError **error);

/* The machine or its agent has called a node that waits: completes the plan and resumes the step
 * that waits, if one does. WAIT: it still waits, its time begins anew. GO_ON, AGAIN, FAILED: the
 * wait is over. Nothing is saved: called again, it resumes again. */
StepsOutcome steps_resume(Task *task, StepKind kind, GError **error);

/* The process has died in a step: ends the open phase. */
void steps_interrupted(Task *task);

/* Writes into the node what a step has answered, for run.c and wait.c: GO_ON after DONE and
 * RESTART. */
StepsOutcome steps_settle(Task *task, StepKind kind, StepOutcome outcome, GError **error);

/* The source that a planned step comes from; NULL with INVALID when there is none any more. */
const StepSource *steps_source(const Task *task, StepKind kind, const json_t *step, GError **error);
