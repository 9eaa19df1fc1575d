/* What the fake interfaces share. An operator, or a test, steers them through the node's
 * driver_info:
 *
 *     "fake": {"power.set": {"delay_ms": 200, "fail": "BMC_BUSY", "message": "...", "times": 2},
 *              "deploy.deploy": {"wait": true}}
 *
 *   delay_ms   how long it takes, at most an hour
 *   fail       it fails with this code of common/error.def
 *   message    the text of that failure
 *   times      how often, counted in driver_internal_info "fake_counts"; absent: always
 *   wait       a step answers WAIT: always if true, or this many times. Its limit is the kind's, or
 *              wait_timeout_s seconds, or what is left of its time if that is -1
 *   again      a step answers AGAIN this many times before it ends, after again_ms milliseconds
 *              each (100)
 *   restart    a step answers RESTART this many times before it ends
 *   health     what management.get_health reads ("OK", "Warning", "Critical"); absent: nothing
 *   state      what power.get reads ("power on", "power off"); absent: node.power_state
 *
 * The key is "<kind>.<function or step>", as in the contract headers, and "<kind>.<step>.resume"
 * for a step that has waited.
 *
 * An agent, for the fake deploy and RAID interfaces, is {"agent": {"version": "1", "clean": [STEP],
 * "deploy": [STEP], "service": [STEP]}}. A STEP has the members that an agent lists ("interface",
 * "step", "priority", "abortable", "reboot_requested", "argsinfo"), and how it runs:
 *
 *   running    it is found running this many times before it succeeds
 *   fail       it fails with this text
 *   vanish     the agent no longer knows the step
 *
 * Its own functions are "agent.get_steps", "agent.execute" and "agent.last_command". An agent
 * refuses its steps if its version has changed since it listed them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Delays and fails as the node's driver_info says. Errors: the one asked for; TIMEOUT if the task's
 * deadline comes first; INVALID for an unknown code. */
bool fake_act(Task *task, const char *action, GError **error);

/* The same for steps and other work that may wait. */
StepOutcome fake_step(Task *task, const char *action, GError **error);

/* True when the action's object has this member and it is true. */
bool fake_flag(const Task *task, const char *action, const char *member);

/* The text of this member of the action's object, borrowed from the node; NULL if absent. */
const char *fake_text(const Task *task, const char *action, const char *member);

/* The fake agent's steps. */
extern const StepSource fake_agent;

/* The property all fake interfaces read. */
extern const PropertyDef fake_properties[];
