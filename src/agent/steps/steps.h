/* What the agent does to its machine in a deploy or clean step: a table. The name of the whole
 * table, with the program's version, is what Ironic calls a hardware manager and its version.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"
#include "agent/progress.h"

#define HARDWARE_MANAGER "steel_hardware_manager"

typedef enum StepUse { STEP_CLEAN, STEP_DEPLOY } StepUse;

/* A step's call; all borrowed. */
typedef struct StepCall {
    Agent *agent;
    const json_t *node;  /* object */
    const json_t *ports; /* array */
    const json_t *args;  /* object, with all that the step requires and nothing it does not know */
    Progress *progress;
} StepCall;

/* Does the step. Returns a new reference to what it has to tell (json_null(): nothing), or NULL
 * with an error. Runs in a thread of its own; gives up soon after progress_stopped(). */
typedef json_t *(*StepRun)(const StepCall *call, GError **error);

/* One argument as `argsinfo` shows it. */
typedef struct StepArgument {
    const char *name; /* NULL ends the list */
    bool required;
    const char *description;
} StepArgument;

/* No step of this use. */
#define STEP_NEVER (-1)

typedef struct Step {
    const char *name; /* NULL ends the table */
    const char *interface;
    int clean_priority, deploy_priority; /* 0: only when asked for; STEP_NEVER */
    bool abortable;
    const StepArgument *arguments; /* NULL: none */
    bool arguments_told;           /* shown as argsinfo */
    StepRun run;
} Step;

extern const Step steps_table[];

/* {"<use>_steps": {manager: [{step, priority, interface, reboot_requested, abortable?,
 * argsinfo?}]},
 *  "hardware_manager_version": {manager: version}} */
json_t *steps_list(StepUse use);

/* Runs the step of an execute command: {"step": {...}, "node", "ports", "<use>_version"}.
 *
 * Returns {"<use>_result": ..., "<use>_step": step}
 * Errors  VERSION_MISMATCH; CLEANING or DEPLOYMENT (no step in it, no such step, arguments); the
 *         step's own */
json_t *steps_execute(Agent *agent, StepUse use, const json_t *params, Progress *progress,
                      GError **error);

/* The node is known from here on; as every command with a node does. */
void steps_take_node(Agent *agent, const json_t *params);
