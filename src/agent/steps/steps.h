/* The agent's deploy, clean and service steps: a table. Ironic calls such a table a hardware
 * manager; its version is the program's.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"
#include "agent/progress.h"

#define HARDWARE_MANAGER "steel_hardware_manager"

typedef enum StepUse { STEP_CLEAN, STEP_DEPLOY, STEP_SERVICE } StepUse;

/* A step's call; all borrowed. */
typedef struct StepCall {
    Agent *agent;
    const json_t *node;  /* object */
    const json_t *ports; /* array */
    const json_t *args;  /* object; has all required arguments and no unknown one */
    Progress *progress;
} StepCall;

/* Does the step in a thread of its own. Returns a new reference to its result (json_null(): none),
 * or NULL with an error. Gives up soon after progress_stopped(). */
typedef json_t *(*StepRun)(const StepCall *call, GError **error);

/* One argument as `argsinfo` shows it. */
typedef struct StepArgument {
    const char *name; /* NULL ends the list */
    bool required;
    const char *description;
} StepArgument;

/* A priority that says: not a step of this use. */
#define STEP_NEVER (-1)

typedef struct Step {
    const char *name; /* NULL ends the table */
    const char *interface;
    int clean_priority, deploy_priority; /* 0: only when asked for; STEP_NEVER */
    /* also a service step, only when asked for: it leaves the instance's disks alone * unless it is
     * told to write them */
    bool servicing;
    bool abortable;
    const StepArgument *arguments; /* NULL: none */
    bool arguments_told;           /* get_deploy_steps and get_clean_steps show them as argsinfo */
    StepRun run;
    AgentParameter deploy_parameter; /* gives the deploy priority; 0 (API_URL): none does */
} Step;

extern const Step steps_table[];

/* {"<use>_steps": {manager: [{step, priority, interface, reboot_requested, abortable?,
 * argsinfo?}]},
 *  "hardware_manager_version": {manager: version}} */
json_t *steps_list(const Agent *agent, StepUse use);

/* Runs the step that an execute command names: {"step": {...}, "node", "ports", "<use>_version"}.
 *
 * Returns {"<use>_result": ..., "<use>_step": step}
 * Errors  VERSION_MISMATCH; CLEANING, DEPLOYMENT or SERVICING (no step, an unknown step, wrong
 *         arguments); those of the step */
json_t *steps_execute(Agent *agent, StepUse use, const json_t *params, Progress *progress,
                      GError **error);

/* Stores the node of a command's parameters in the agent. Every command with a node calls it. */
void steps_take_node(Agent *agent, const json_t *params);
