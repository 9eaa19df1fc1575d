/* What a deploy driver must do. Its steps do the work (step.h); these functions prepare it and
 * clean up after it.
 *
 * For every member:
 *   Lock     exclusive, from a worker
 *   Blocks   on the BMC, the agent, the database and services, each request until
 *            task->deadline_ms, or, where the task has none, until that request's own limit. It
 *            never waits for a machine to boot: that is a step that answers WAIT
 *   Errors   those of the services and drivers that it calls (BMC_*, POWER, TIMEOUT, STORAGE,
 *            NETWORK, DATABASE), UNSUPPORTED
 *   Again    it may be called again after the process died in it, and after it has succeeded
 *   NULL     nothing to do
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

/* How servicing with a ramdisk ends. */
typedef enum ServiceEnd {
    SERVICE_ENDS_WITH_INSTANCE, /* the instance runs again */
    SERVICE_ENDS_FAILED,        /* a person looks at the machine: it stays as it is */
    SERVICE_ENDS_OFF,           /* other work follows: the machine is off */
} ServiceEnd;

typedef struct DeployOps {
    Interface interface;
    bool writes_image; /* this conductor writes the image itself: it needs it here, as a raw file */
    bool boots_ramdisk; /* the instance is a kernel and an initramfs that the machine boots each
                         * time: instance_info kernel and ramdisk */

    /* Gets the machine ready for the steps: off, on the right network, its volumes attached. Before
     * the first step of a deploy or rebuild (state deploying); of a node that is active it changes
     * nothing, since an instance runs there. An error fails the deploy: clean_up follows. */
    bool (*prepare)(Task *task, GError **error);

    /* Ends the instance: afterwards the machine is off and its volumes are detached. In an
     * undeploy, after clean_up. An error leaves the node in the state error; the instance is
     * forgotten all the same. */
    bool (*tear_down)(Task *task, GError **error);

    /* Removes what prepare and the steps have left outside the node: boot configuration, images,
     * files. When a deploy has failed, was aborted or came too late, and in an undeploy. Safe when
     * nothing was prepared. An error is logged, and fails an undeploy only. */
    bool (*clean_up)(Task *task, GError **error);

    /* Makes this conductor serve a running instance, when a node is adopted or comes from another
     * conductor. Must not touch the machine. */
    bool (*take_over)(Task *task, GError **error);

    /* Gets the machine ready for clean steps that need a ramdisk (state cleaning): DONE, or WAIT
     * when the agent will call. Not called when no step needs a ramdisk, or the operator wants
     * none. An error fails the cleaning: tear_down_cleaning follows. */
    StepOutcome (*prepare_cleaning)(Task *task, GError **error);

    /* Undoes prepare_cleaning. After the last step (done), and when a cleaning has failed or was
     * aborted (not done): the machine is then off. Safe when nothing was prepared. */
    bool (*tear_down_cleaning)(Task *task, bool done, GError **error);

    /* Starts the ramdisk in place of the instance, for service steps (state servicing): DONE, or
     * WAIT when the agent will call. Not called when no step needs it, or the operator wants none.
     * An error fails the servicing: tear_down_service follows. */
    StepOutcome (*prepare_service)(Task *task, GError **error);

    /* Undoes prepare_service: after the last step, when servicing has failed, by the abort that
     * follows a failure, and in an undeploy or a rescue. Called only if prepare_service was. */
    bool (*tear_down_service)(Task *task, ServiceEnd end, GError **error);
} DeployOps;

/* Call the member of the same name of the node's driver. If the driver has none, they do nothing
 * and return true or DONE. */
bool deploy_prepare(Task *task, GError **error);
bool deploy_tear_down(Task *task, GError **error);
bool deploy_clean_up(Task *task, GError **error);
bool deploy_take_over(Task *task, GError **error);
StepOutcome deploy_prepare_cleaning(Task *task, GError **error);
bool deploy_tear_down_cleaning(Task *task, bool done, GError **error);

/* The same; that it was called is remembered, so that deploy_tear_down_service does nothing of a
 * node whose instance runs. */
StepOutcome deploy_prepare_service(Task *task, GError **error);
bool deploy_tear_down_service(Task *task, ServiceEnd end, GError **error);
