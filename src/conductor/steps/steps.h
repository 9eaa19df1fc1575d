/* The step engine: it plans a list of steps once, stores it with the node, and runs the steps one
 * by one. It saves the progress before each step, so that a restarted process can resume.
 *
 * The plan is in the keys "<kind>_steps" and "<kind>_step_index" (model/step_kinds.h):
 * [{"interface", "step", "priority", "abortable", "args"?, what an agent listed with its step}].
 * The step under way is the node's <kind>_step, where the kind has that field. Keys of lifetime
 * STEP say how far it is.
 *
 * All functions need the exclusive lock. They change the node without saving it unless they say so.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/transition.h"
#include "drivers/step.h"

/* ---- plan.c ---- */

typedef unsigned StepsHow; /* bits */
enum {
    STEPS_EXACT = 1 << 0,         /* only the requested steps, in their order (manual cleaning) */
    STEPS_WITHOUT_AGENT = 1 << 1, /* no agent will be booted */
};

/* Computes the steps of an operation from the tables of the node's interfaces, and stores them.
 * Does not ask an agent: if one will have steps too, steps_complete completes the plan once the
 * agent has listed them. Until then the plan lacks requested steps that no table has.
 *
 * requested  the operator's list, or NULL for all with a priority; borrowed
 * Errors     INVALID naming the unknown step or argument */
bool steps_plan(Task *task, StepKind kind, const json_t *requested, StepsHow how, GError **error);

/* Completes a plan with the steps of the agent; changes nothing if it has not listed them yet.
 * Steps that ran do not run again. From a worker; may block on the agent. Errors as for steps_plan,
 * and the source's. */
bool steps_complete(Task *task, StepKind kind, GError **error);

/* True if the plan has all requested steps. Errors: INVALID naming a step that neither the tables
 * nor an agent has. */
bool steps_all_known(Task *task, StepKind kind, GError **error);

/* True until every agent of the operation has listed its steps. */
bool steps_pending(const Task *task);

/* True if a plan is stored. */
bool steps_planned(const Task *task, StepKind kind);

/* Removes the plan and the current step from the node. */
void steps_forget(Task *task, StepKind kind);

/* True if a planned step needs the ramdisk, or if an agent will have steps. */
bool steps_need_ramdisk(Task *task, StepKind kind);

/* True if the current step may be interrupted, or none runs. */
bool steps_abortable(const Task *task, StepKind kind);

/* The planned row of the step under way, borrowed; NULL behind the last one. */
json_t *steps_current(const Task *task, StepKind kind);

/* Moves the plan to the next step, after the current one has ended. */
void steps_advance(Task *task, StepKind kind);

/* Restarts after STEP_RESTART: an automated clean begins its list again, other operations repeat
 * the current step. Fails after STEPS_RESTARTS_MOST restarts in an operation. */
enum { STEPS_RESTARTS_MOST = 5 };
bool steps_restart(Task *task, StepKind kind, GError **error);

/* ---- reserved.c: steps that every node has, under each of its interfaces ---- */

extern const StepSource reserved_steps;

/* The row of such a step, as in StepSource.list, a new reference; NULL if it is none. Names of
 * reserved steps win over those of tables and agents. */
json_t *reserved_step(const json_t *step);

bool reserved_is(const json_t *step);

/* ---- children.c: steps that run on the child nodes of the node ---- */

/* True for a step with "execute_on_child_nodes": true. */
bool step_is_for_children(const json_t *step);

/* The row of such a step, as in StepSource.list without "argsinfo", a new reference: what it needs
 * only the child can say. */
json_t *step_for_children(const json_t *step);

/* Runs it on the children that "limit_child_node_execution" names, or on all: a reserved step that
 * switches a machine, or one of the tables of the child's interfaces. Takes each child's lock for
 * as long, and blocks on its machine. Errors: that of the first child whose step fails, or does not
 * end at once; LOCKED. */
extern const StepSource child_steps;

/* ---- flow.c: the history of a node, if [conductor]record_step_flows_in_history says so. Both
 * write to the database. ---- */

/* Records that the steps of a deploy, a cleaning or a servicing begin, once for an operation. */
void steps_flow_begins(Task *task, StepKind kind);

/* Records how they have ended, if that they begin is recorded. good: all are done; otherwise the
 * current one has failed. Before the state changes. */
void steps_flow_ends(Task *task, StepKind kind, bool good);

/* ---- run.c, wait.c ---- */

typedef enum StepsEnd {
    STEPS_DONE,    /* all steps are done */
    STEPS_READY,   /* the wait is over: call steps_run */
    STEPS_WAIT,    /* a step waits, at most after_ms (0: the kind's option) */
    STEPS_AGAIN,   /* call steps_run again after after_ms, with the lock kept */
    STEPS_HELD,    /* a step holds the node; the next one is ready */
    STEPS_STOPPED, /* the process ends, or the database fails: a restarted process resumes */
    /* a step that may not be interrupted has ended, and an abort was requested meanwhile */
    STEPS_ABORTED,
    STEPS_FAILED, /* the error is set */
} StepsEnd;

typedef struct StepsOutcome {
    StepsEnd end;
    int64_t after_ms;
} StepsOutcome;

/* Runs the stored steps from the current one on; saves the progress before each step. From a
 * worker; blocks on the machine. */
StepsOutcome steps_run(Task *task, StepKind kind, GError **error);

/* Completes the plan and resumes the step that waits, if one does, after the machine or its agent
 * has called. WAIT: the step still waits, and its time starts again. READY, AGAIN, FAILED: the wait
 * is over. Saves nothing: a second call resumes again. */
StepsOutcome steps_resume(Task *task, StepKind kind, GError **error);

/* Ends the open phase of a step that the process died in. */
void steps_interrupted(Task *task);

/* Applies a step's answer to the node, for run.c and wait.c. READY after DONE and RESTART. */
StepsOutcome steps_settle(Task *task, StepKind kind, StepOutcome outcome, GError **error);

/* The source of a planned step. NULL with INVALID if it no longer exists. */
const StepSource *steps_source(const Task *task, StepKind kind, const json_t *step, GError **error);
