/* The steps of an agent that runs on the machine: what each heartbeat of the agent means for the
 * step that waits. An AgentClient sends the requests.
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
    AGENT_MISMATCH, /* its hardware managers differ from those of the plan */
} AgentState;

typedef struct AgentReport {
    AgentState state;
    char *id;    /* owned: of the agent's last command, whatever it was; NULL: it had none */
    char *error; /* owned: why it failed, in its own words; NULL otherwise */
} AgentReport;

void agent_report_clear(AgentReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AgentReport, agent_report_clear)

/* Calls an agent. Each call may block until task->deadline_ms. A retryable error means that the
 * agent is busy or unreachable now: its next heartbeat tries again. */
typedef struct AgentClient {
    /* steps as in StepSource.list; versions {manager: version}; both new references. */
    bool (*get_steps)(Task *task, StepKind kind, json_t **steps, json_t **versions, GError **error);

    /* Starts a step. versions: from get_steps when the plan was made; may be NULL. */
    bool (*execute)(Task *task, StepKind kind, const json_t *step, const json_t *versions,
                    GError **error);

    /* report: in {0}, out. */
    bool (*last_command)(Task *task, StepKind kind, const json_t *step, AgentReport *report,
                         GError **error);
} AgentClient;

/* Call it before sending a command that the agent must not run twice. *given is true if the agent
 * has it already: from a process that died before it could save that, or from a request whose
 * answer was lost. Otherwise it stores the agent's last command and saves the node.
 *
 * last_id  id of the agent's last command, NULL: none
 * given    out
 * Errors   of the database */
bool agent_has_command(Task *task, const char *last_id, bool *given,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The members of a StepSource. The agent is ready once it has called: INFO_AGENT_URL. */
json_t *agent_steps_list(Task *task, StepKind kind, const AgentClient *client, GError **error);
StepOutcome agent_steps_run(Task *task, StepKind kind, const json_t *step,
                            const AgentClient *client, GError **error);
StepOutcome agent_steps_resume(Task *task, StepKind kind, const json_t *step,
                               const AgentClient *client, GError **error);
