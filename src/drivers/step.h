/* Steps: what an operation on a machine consists of, where they come from, and what comes after one. The conductor plans
 * them and runs them one by one (conductor/steps); drivers offer them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "model/step_kinds.h"
#include <jansson.h>

typedef struct Task Task;

typedef enum StepResult {
    STEP_DONE, /* the step has ended: the next one runs */
    STEP_WAIT, /* the machine, or its agent, will call: `resume` is called then. Keeps no thread and no lock: it is a
                   * state in the database with a deadline. From `resume`: it still waits, and its time begins anew */
    STEP_AGAIN, /* the same function is called again after after_ms; the lock is kept, no thread is */
    STEP_RESTART, /* the agent has other steps than those it was planned with: an automated clean begins its list again,
                   * everything else this step */
    STEP_ERROR,   /* the error is set */
} StepResult;

/* For `resume` after WAIT: the time that the wait had stays as it is. */
#define STEP_DEADLINE_STAYS INT64_C(-1)

typedef struct StepOutcome {
    StepResult result;
    /* AGAIN: the pause. WAIT: how long it may last; 0: as the kind's option says; or STEP_DEADLINE_STAYS. */
    int64_t after_ms;
} StepOutcome;

static inline StepOutcome
step_done(void)
{
    return (StepOutcome){STEP_DONE, 0};
}

static inline StepOutcome
step_failed(void)
{
    return (StepOutcome){STEP_ERROR, 0};
}

/* For functions that report by true, or false with the error set. */
static inline StepOutcome
step_ended(bool good)
{
    return good ? step_done() : step_failed();
}

static inline StepOutcome
step_wait(int64_t limit_ms)
{
    return (StepOutcome){STEP_WAIT, limit_ms};
}

static inline StepOutcome
step_again(int64_t after_ms)
{
    return (StepOutcome){STEP_AGAIN, after_ms};
}

/* A step that an interface offers. Rows end with {0}.
 *
 * run      starts the step, or does it
 * resume   called when the step has answered WAIT and its machine or agent has called, whatever it called for: looks what
 *          has become of the step. NULL: the call itself ends the step
 *
 * Both are called from a worker with the node locked exclusively; they may block on the BMC or the agent up to a deadline of
 * their own. Both may be called again for the same step, when a process has died in them and when a caller called twice.
 * `resume` is called in the kind's waiting state, or in its busy state after AGAIN. args is the operator's object or NULL,
 * borrowed. What a step must remember is a key of lifetime STEP; nothing else outlives the call. */
typedef struct StepDef {
    const char *name;
    int priority; /* order of automatic runs, high first; 0: only on request */
    bool abortable;
    bool requires_ramdisk;
    StepOutcome (*run)(Task *task, const json_t *args, GError **error);
    StepOutcome (*resume)(Task *task, const json_t *args, GError **error);
    const char
        *arguments; /* JSON text: {name: {"description": str, "required": bool}}; NULL: none */
} StepDef;

/* Where steps come from: the tables of the node's interfaces (step_table), or an agent. One for all nodes, constant.
 *
 * run, resume  as in StepDef; step is the planned row, borrowed: {"interface": str, "step": str, "priority": int, "args"?} and
 *              what the source listed with it */
typedef struct StepSource {
    /* True when the source will have steps for operations of this kind on this node. Pure. NULL: always. */
    bool (*offers)(const Task *task, StepKind kind);

    /* The steps that the source has: an array that the caller frees, of {"interface": str, "step": str, "priority": int >= 0,
     * "abortable": bool, "requires_ramdisk": bool, "argsinfo"?: as StepDef.arguments, ...}. NULL without an error: the agent
     * is not there yet and is asked again after its next call. Locked as for run; may ask the agent. */
    json_t *(*list)(Task *task, StepKind kind, GError **error);

    StepOutcome (*run)(Task *task, StepKind kind, const json_t *step, GError **error);
    StepOutcome (*resume)(Task *task, StepKind kind, const json_t *step, GError **error);
} StepSource;

/* The steps of the tables. `list` asks nobody and never answers NULL without an error. */
extern const StepSource step_table;

/* True when the tables have this step: they win over an agent that has one of the same name. */
bool step_table_has(const Task *task, StepKind kind, const json_t *step);
