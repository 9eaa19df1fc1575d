/* What the fake interfaces share: an operator, or a test, steers them through the node's driver_info:
 *
 *     "fake": {"power.set": {"delay_ms": 200, "fail": "BMC_BUSY", "message": "...", "times": 2},
 *              "deploy.deploy": {"wait": true}}
 *
 *   delay_ms   how long it takes, at most an hour
 *   fail       it fails with this code of common/error.def
 *   message    in these words
 *   times      so often, counted in driver_internal_info "fake_counts"; absent: always
 *   wait       a step answers WAIT (the kind's own limit holds, or wait_timeout_s seconds, or, if that is -1, what is left of
 *              the time it had): always if true, or so many times
 *   again      a step answers AGAIN so many times before it ends, after again_ms milliseconds each (100)
 *   restart    a step answers RESTART so many times before it ends
 *   state      power.get finds the machine like this ("power on", "power off"); absent: as the node records it
 *
 * The key is "<kind>.<function or step>", as in the contract headers, and "<kind>.<step>.resume" for a step that has waited.
 *
 * An agent, for the fake deploy and RAID interfaces, is {"agent": {"version": "1", "clean": [STEP], "deploy": [STEP]}}. A
 * STEP has what an agent tells of its steps ("interface", "step", "priority", "abortable", "reboot_requested", "argsinfo") and
 * how it goes:
 *
 *   running    so many looks find it running before it has succeeded
 *   fail       it fails with these words
 *   vanish     the agent knows nothing of it any more
 *
 * Its own functions are "agent.get_steps", "agent.execute" and "agent.last_command". An agent whose version is another one
 * than when it told its steps refuses them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Takes its time and fails as the node's driver_info says. Errors: the one asked for; TIMEOUT when the task's deadline comes
 * first; INVALID when the code is none. */
bool fake_act(Task *task, const char *action, GError **error);

/* The same for steps and whatever else may wait. */
StepOutcome fake_step(Task *task, const char *action, GError **error);

/* True when the action's object has this member and it is true. */
bool fake_flag(const Task *task, const char *action, const char *member);

/* The text of this member of the action's object, borrowed from the node; NULL if absent. */
const char *fake_text(const Task *task, const char *action, const char *member);

/* The fake agent's steps. */
extern const StepSource fake_agent;

/* The property all fake interfaces read. */
extern const PropertyDef fake_properties[];
