/* The steps of an agent that runs on the machine: what each heartbeat of the agent means for the
 * step that waits. An AgentClient does the talking.
 *
 * For step sources (drivers/step.h); their contract holds for these functions.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* The agent's last command, compared with a step. */
typedef enum AgentState {
    AGENT_FRESH,     /* it has had no step since it started */
    AGENT_ELSEWHERE, /* its last command was another step */
    AGENT_RUNNING,
    AGENT_SUCCEEDED,
    AGENT_FAILED,
    AGENT_MISMATCH, /* its hardware managers have changed since the step was planned */
} AgentState;

typedef struct AgentReport {
    AgentState state;
    char *error; /* owned: why it failed, in its own words; NULL otherwise */
} AgentReport;

/* Calls an agent. Each call may block until task->deadline_ms. A retryable error means that the
 * agent is busy or unreachable now: its next heartbeat tries again. */
typedef struct AgentClient {
    /* steps as in StepSource.list; versions {manager: version}; both new references. */
    bool (*get_steps)(Task *task, StepKind kind, json_t **steps, json_t **versions, GError **error);

    /* Starts a step. versions: from get_steps when the plan was made; may be NULL. */
    bool (*execute)(Task *task, StepKind kind, const json_t *step, const json_t *versions,
                    GError **error);

    /* report: in {0}, out; the caller frees its error. */
    bool (*last_command)(Task *task, StepKind kind, const json_t *step, AgentReport *report,
                         GError **error);
} AgentClient;

/* The members of a StepSource. The agent is ready once it has called: INFO_AGENT_URL. */
json_t *agent_steps_list(Task *task, StepKind kind, const AgentClient *client, GError **error);
StepOutcome agent_steps_run(Task *task, StepKind kind, const json_t *step,
                            const AgentClient *client, GError **error);
StepOutcome agent_steps_resume(Task *task, StepKind kind, const json_t *step,
                               const AgentClient *client, GError **error);
