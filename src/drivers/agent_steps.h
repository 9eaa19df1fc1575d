/* The steps of an agent that runs on the machine: what a call of the agent means for the step that waits, as Ironic's agents
 * and this service understand each other. How the agent is spoken to is an AgentClient's business.
 *
 * For sources of steps (drivers/step.h), whose contract holds for these functions too.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* What the agent says of its last command, held against a step. */
typedef enum AgentState {
    AGENT_FRESH,     /* it was given no step since it started */
    AGENT_ELSEWHERE, /* its last command was another one */
    AGENT_RUNNING,
    AGENT_SUCCEEDED,
    AGENT_FAILED,
    AGENT_MISMATCH, /* its hardware managers are not those that the step was planned with */
} AgentState;

typedef struct AgentReport {
    AgentState state;
    char *error; /* owned: why it failed, in its own words; NULL otherwise */
} AgentReport;

/* Speaks to an agent. Each call may block until task->deadline_ms. Errors that are retryable mean that the agent is busy or
 * not to be reached at the moment: the same is tried when it calls again. */
typedef struct AgentClient {
    /* steps as in StepSource.list; versions {manager: version}; both new references. */
    bool (*get_steps)(Task *task, StepKind kind, json_t **steps, json_t **versions, GError **error);

    /* Starts a step. versions: what get_steps said when the plan was made; may be NULL. */
    bool (*execute)(Task *task, StepKind kind, const json_t *step, const json_t *versions,
                    GError **error);

    /* report: in {0}, out; the caller frees its error. */
    bool (*last_command)(Task *task, StepKind kind, const json_t *step, AgentReport *report,
                         GError **error);
} AgentClient;

/* The members of a StepSource. The agent is there when it has called: INFO_AGENT_URL. */
json_t *agent_steps_list(Task *task, StepKind kind, const AgentClient *client, GError **error);
StepOutcome agent_steps_run(Task *task, StepKind kind, const json_t *step,
                            const AgentClient *client, GError **error);
StepOutcome agent_steps_resume(Task *task, StepKind kind, const json_t *step,
                               const AgentClient *client, GError **error);
