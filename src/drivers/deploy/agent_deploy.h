/* What the deploy interfaces have in common that bring an image to the machine's disk with the help
 * of an agent in a ramdisk: direct and iscsi. A machine that boots from a remote volume is only
 * started, and waited for until it says that it has its volume.
 *
 * The functions are members of DeployOps.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/deploy/deploy.h"

bool agent_deploy_validate(Task *task, GError **error);
bool agent_deploy_prepare(Task *task, GError **error);
bool agent_deploy_tear_down(Task *task, GError **error);
bool agent_deploy_clean_up(Task *task, GError **error);
bool agent_deploy_take_over(Task *task, GError **error);
StepOutcome agent_deploy_prepare_cleaning(Task *task, GError **error);
bool agent_deploy_tear_down_cleaning(Task *task, bool done, GError **error);
StepOutcome agent_deploy_prepare_service(Task *task, GError **error);
bool agent_deploy_tear_down_service(Task *task, ServiceEnd end, GError **error);
