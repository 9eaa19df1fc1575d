/* The steps of an agent; the contract is in agent_steps.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/agent_steps.h"

#include "common/log.h"
#include "drivers/boot/boot.h"
#include "drivers/power_action.h"
#include "model/internal_info.h"

#include <string.h>

void
agent_report_clear(AgentReport *report)
{
    g_free(report->id);
    g_free(report->error);
    *report = (AgentReport){0};
}

/* Asks for the steps and remembers the agent's versions. */
static json_t *
refresh(Task *task, StepKind kind, const AgentClient *client, GError **error)
{
    json_t *steps = NULL, *versions = NULL;
    if (!client->get_steps(task, kind, &steps, &versions, error))
        return NULL;
    info_set_json(task->node, INFO_HARDWARE_MANAGER_VERSION, versions);
    return steps;
}

json_t *
agent_steps_list(Task *task, StepKind kind, const AgentClient *client, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (!info_has(task->node, INFO_AGENT_URL))
        return NULL;
    json_t *steps = refresh(task, kind, client, &cause);
    if (cause != NULL && steel_error_info(cause)->retryable)
        log_info("drivers.agent", "its steps are asked for when it calls again: %s",
                 cause->message);
    else if (cause != NULL)
        g_propagate_error(error, g_steal_pointer(&cause));
    return steps;
}

/* The step ends when the machine has booted again. Saves the node first, so that a restarted
 * conductor knows the reason for the wait. */
static StepOutcome
reboot(Task *task, GError **error)
{
    info_set_boolean(task->node, INFO_STEP_REBOOTED, true);
    bool good = task_save(task, error) && boot_prepare_ramdisk(task, NULL, error) &&
                power_action(task, (PowerAction){.target = POWER_TARGET_REBOOT}, error);
    if (good)
        return step_wait(0);
    g_prefix_error(error, "the reboot that the step asked for: ");
    return step_failed();
}

static StepOutcome
succeeded(Task *task, const json_t *step, GError **error)
{
    return json_is_true(json_object_get(step, "reboot_requested")) ? reboot(task, error)
                                                                   : step_done();
}

/* An agent that was started again does not know the step. */
static StepOutcome
agent_restarted(const Task *task, GError **error)
{
    if (info_true(task->node, INFO_STEP_REBOOTED))
        return step_done();
    steel_fail(error, STEEL_ERROR_DEPLOY_FAILED,
               "the agent was started again in the middle of the step and knows nothing of it");
    return step_failed();
}

static StepOutcome
mismatch(Task *task, StepKind kind, const AgentClient *client, GError **error)
{
    json_t *steps = refresh(task, kind, client, error);
    if (steps == NULL)
        return step_failed();
    json_decref(steps);
    log_info("drivers.agent", "the agent has other hardware managers than the steps were planned "
                              "with");
    return (StepOutcome){STEP_RESTART, 0};
}

static StepOutcome
outcome_of_report(Task *task, StepKind kind, const json_t *step, const AgentReport *report,
                  const AgentClient *client, GError **error)
{
    switch (report->state) {
    case AGENT_FRESH:
        return agent_restarted(task, error);
    case AGENT_SUCCEEDED:
        return succeeded(task, step, error);
    case AGENT_FAILED:
        steel_fail(error, STEEL_ERROR_DEPLOY_FAILED, "the agent reports: %s",
                   report->error != NULL ? report->error : "no reason given");
        return step_failed();
    case AGENT_MISMATCH:
        return mismatch(task, kind, client, error);
    case AGENT_ELSEWHERE:
    case AGENT_RUNNING:
        break;
    }
    return step_wait(0);
}

/* What the agent cannot do now is tried again at its next heartbeat. */
static StepOutcome
later_or_failed(GError *cause, GError **error)
{
    if (!steel_error_info(cause)->retryable) {
        g_propagate_error(error, cause);
        return step_failed();
    }
    log_info("drivers.agent", "the step is tried again when the agent calls: %s", cause->message);
    g_error_free(cause);
    return step_wait(0);
}

bool
agent_has_command(Task *task, const char *last_id, bool *given, GError **error)
{
    const char *before = info_text(task->node, INFO_COMMAND_BEFORE);
    const char *now = last_id != NULL ? last_id : "";
    *given = before != NULL && strcmp(before, now) != 0;
    if (before != NULL)
        return true;
    info_set_text(task->node, INFO_COMMAND_BEFORE, now);
    return task_save(task, error);
}

StepOutcome
agent_steps_run(Task *task, StepKind kind, const json_t *step, const AgentClient *client,
                GError **error)
{
    g_auto(AgentReport) report = {0};
    GError *cause = NULL;
    bool given = false;
    if (!client->last_command(task, kind, step, &report, &cause))
        return later_or_failed(cause, error);
    if (!agent_has_command(task, report.id, &given, error))
        return step_failed();
    const json_t *versions = info_json(task->node, INFO_HARDWARE_MANAGER_VERSION);
    if (!given && !client->execute(task, kind, step, versions, &cause))
        return later_or_failed(cause, error);
    info_set_boolean(task->node, INFO_STEP_SENT, true);
    if (!given)
        return step_wait(0);
    log_info("drivers.agent", "the agent has been given the step already");
    return outcome_of_report(task, kind, step, &report, client, error);
}

StepOutcome
agent_steps_resume(Task *task, StepKind kind, const json_t *step, const AgentClient *client,
                   GError **error)
{
    g_auto(AgentReport) report = {0};
    GError *cause = NULL;
    if (!info_true(task->node, INFO_STEP_SENT))
        return agent_steps_run(task, kind, step, client, error);
    if (!client->last_command(task, kind, step, &report, &cause))
        return later_or_failed(cause, error);
    return outcome_of_report(task, kind, step, &report, client, error);
}
