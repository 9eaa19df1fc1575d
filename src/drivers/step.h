/* The steps of an operation on a machine: what they are, and where they come from. Drivers and
 * agents offer them; the conductor plans them and runs them one by one (conductor/steps).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "common/error.h"
#include "model/step_kinds.h"
#include <jansson.h>

typedef struct Task Task;

typedef enum StepResult {
    STEP_DONE, /* the step has ended: the next one runs */
    /* the machine, or its agent, will call, and then `resume` runs. A wait is a state in the
     * database with a deadline; it holds no thread and no lock. From `resume`: the step still
     * waits, and its time starts again */
    STEP_WAIT,
    /* the same function runs again after after_ms; the task keeps the lock, but no thread */
    STEP_AGAIN,
    /* the agent's steps have changed since the plan was made: an automated clean plans again, other
     * operations repeat this step */
    STEP_RESTART,
    /* the node is held until a client releases it (verb unhold); then the next step runs */
    STEP_HOLD,
    STEP_ERROR, /* the error is set */
} StepResult;

/* For `resume` after WAIT: the wait keeps its deadline. */
#define STEP_DEADLINE_STAYS INT64_C(-1)

typedef struct StepOutcome {
    StepResult result;
    /* AGAIN: the pause. WAIT: how long it may last; 0: the kind's option; or
     * STEP_DEADLINE_STAYS. */
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

/* For functions that return true, or false with the error set. */
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
 * resume   called after WAIT, whenever the machine or agent has called: finds out how the step
 *          stands. NULL: the call itself ends the step
 *
 * Both are called from a worker with the node locked exclusively; they may block on the BMC or the
 * agent up to their own deadline. Both may be called again for the same step: after a process died
 * in them, or when a machine calls twice. `resume` is called in the kind's waiting state, or in its
 * busy state after AGAIN. args is the operator's object or NULL, borrowed. A step keeps its data in
 * keys of lifetime STEP; nothing else outlives the call. */
typedef struct StepDef {
    const char *name;
    int priority; /* order of automatic runs, high first; 0: only on request */
    /* the option that takes the place of `priority`; 0, which is no such option: none */
    ConfigOption priority_option;
    bool abortable;
    bool requires_ramdisk;
    StepOutcome (*run)(Task *task, const json_t *args, GError **error);
    StepOutcome (*resume)(Task *task, const json_t *args, GError **error);
    /* JSON text: {name: {"description": str, "required": bool}}; NULL: none */
    const char *arguments;
} StepDef;

/* Where steps come from: the tables of the node's interfaces (step_table), or an agent. One for all
 * nodes, constant.
 *
 * run, resume  as in StepDef; step is the planned row, borrowed: {"interface": str, "step": str,
 *              "priority": int, "args"?} and what the source listed with it */
typedef struct StepSource {
    /* True when the source will have steps for operations of this kind on this node. Pure. NULL:
     * always. */
    bool (*offers)(const Task *task, StepKind kind);

    /* The steps of the source: an array that the caller frees, of {"interface": str, "step": str,
     * "priority": int >= 0, "abortable": bool, "requires_ramdisk": bool, "argsinfo"?: as
     * StepDef.arguments, ...}. NULL without an error: there is no agent yet; `list` is called again
     * after its next heartbeat. Locked as for run; may ask the agent. */
    json_t *(*list)(Task *task, StepKind kind, GError **error);

    StepOutcome (*run)(Task *task, StepKind kind, const json_t *step, GError **error);
    StepOutcome (*resume)(Task *task, StepKind kind, const json_t *step, GError **error);
} StepSource;

/* The steps of the tables. `list` asks no other process, and returns NULL only with an error. */
extern const StepSource step_table;

/* True if the tables have this step: it wins over an agent's step of the same name. */
bool step_table_has(const Task *task, StepKind kind, const json_t *step);
