/* Deploy steps that interfaces with an agent share, with Ironic's names and priorities. What is
 * between them, write_image, is the interface's own. For a node that boots from a volume nothing is
 * written, and only the last two have something to do.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

StepOutcome agent_deploy_run_deploy(Task *task, const json_t *args, GError **error);
StepOutcome agent_deploy_resume_deploy(Task *task, const json_t *args, GError **error);
StepOutcome agent_deploy_run_prepare_instance_boot(Task *task, const json_t *args, GError **error);
StepOutcome agent_deploy_resume_prepare_instance_boot(Task *task, const json_t *args,
                                                      GError **error);
StepOutcome agent_deploy_run_tear_down_agent(Task *task, const json_t *args, GError **error);
StepOutcome agent_deploy_run_switch_to_tenant_network(Task *task, const json_t *args,
                                                      GError **error);
StepOutcome agent_deploy_run_boot_instance(Task *task, const json_t *args, GError **error);
StepOutcome agent_deploy_resume_boot_instance(Task *task, const json_t *args, GError **error);

/* Rows of a table of steps: the members of the one before write_image, and those behind it. */
#define AGENT_DEPLOY_FIRST_STEP                                                                    \
    .name = "deploy", .priority = 100, .abortable = true, .run = agent_deploy_run_deploy,          \
    .resume = agent_deploy_resume_deploy
#define AGENT_DEPLOY_LAST_STEPS                                                                    \
    {.name = "prepare_instance_boot",                                                              \
     .priority = 60,                                                                               \
     .abortable = true,                                                                            \
     .run = agent_deploy_run_prepare_instance_boot,                                                \
     .resume = agent_deploy_resume_prepare_instance_boot},                                         \
        {.name = "tear_down_agent",                                                                \
         .priority = 40,                                                                           \
         .abortable = true,                                                                        \
         .run = agent_deploy_run_tear_down_agent},                                                 \
        {.name = "switch_to_tenant_network",                                                       \
         .priority = 30,                                                                           \
         .abortable = true,                                                                        \
         .run = agent_deploy_run_switch_to_tenant_network},                                        \
    {                                                                                              \
        .name = "boot_instance", .priority = 20, .abortable = true,                                \
        .run = agent_deploy_run_boot_instance, .resume = agent_deploy_resume_boot_instance         \
    }

/* For a step whose agent did not take a command: an agent that cannot be reached for a moment is
 * asked again when it calls, any other cause is the step's. what: for the log, "the boot loader";
 * cause is taken. */
StepOutcome agent_deploy_later(const char *what, GError *cause, GError **error);
