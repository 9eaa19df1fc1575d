/* What a deploy driver must do. The work itself is in its deploy_steps, run by the step engine in order of priority.
 *
 * Called from a worker with the node locked exclusively; each may be called again after the process died in it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct DeployOps {
    Interface interface;
    /* Before the first step of a deploy. NULL: nothing to do. */
    bool (*prepare)(Task *task, GError **error);
    /* Undeploy: the machine is off and its volumes are detached afterwards. NULL: nothing to do. */
    bool (*tear_down)(Task *task, GError **error);
    /* Removes what prepare and the steps left outside the node. NULL: nothing to do. */
    bool (*clean_up)(Task *task, GError **error);
    /* An active node has come to this conductor. NULL: nothing to do. */
    bool (*take_over)(Task *task, GError **error);
    /* Gets the machine ready for clean steps that need a ramdisk: DONE, or WAIT when the agent will call. NULL: nothing to do. */
    StepOutcome (*prepare_cleaning)(Task *task, GError **error);
    bool (*tear_down_cleaning)(Task *task, GError **error);
} DeployOps;

/* What the node's driver does, as the member of the same name says; true or DONE, and nothing is done, where the driver has
 * none. */
bool deploy_prepare(Task *task, GError **error);
bool deploy_tear_down(Task *task, GError **error);
bool deploy_clean_up(Task *task, GError **error);
bool deploy_take_over(Task *task, GError **error);
StepOutcome deploy_prepare_cleaning(Task *task, GError **error);
bool deploy_tear_down_cleaning(Task *task, GError **error);
