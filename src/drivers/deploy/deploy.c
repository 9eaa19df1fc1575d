/* Calls a node's deploy driver; the contract is in deploy.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/deploy.h"

#include "drivers/task.h"
#include "model/internal_info.h"

bool
deploy_prepare(Task *task, GError **error)
{
    const DeployOps *deploy = task->driver.deploy;
    return deploy->prepare == NULL || deploy->prepare(task, error);
}

bool
deploy_tear_down(Task *task, GError **error)
{
    const DeployOps *deploy = task->driver.deploy;
    return deploy->tear_down == NULL || deploy->tear_down(task, error);
}

bool
deploy_clean_up(Task *task, GError **error)
{
    const DeployOps *deploy = task->driver.deploy;
    return deploy->clean_up == NULL || deploy->clean_up(task, error);
}

bool
deploy_take_over(Task *task, GError **error)
{
    const DeployOps *deploy = task->driver.deploy;
    return deploy->take_over == NULL || deploy->take_over(task, error);
}

StepOutcome
deploy_prepare_cleaning(Task *task, GError **error)
{
    const DeployOps *deploy = task->driver.deploy;
    return deploy->prepare_cleaning != NULL ? deploy->prepare_cleaning(task, error) : step_done();
}

bool
deploy_tear_down_cleaning(Task *task, bool done, GError **error)
{
    const DeployOps *deploy = task->driver.deploy;
    return deploy->tear_down_cleaning == NULL || deploy->tear_down_cleaning(task, done, error);
}

StepOutcome
deploy_prepare_service(Task *task, GError **error)
{
    const DeployOps *deploy = task->driver.deploy;
    if (deploy->prepare_service == NULL)
        return step_done();
    info_set_boolean(task->node, INFO_SERVICE_RAMDISK, true);
    return task_save(task, error) ? deploy->prepare_service(task, error) : step_failed();
}

bool
deploy_tear_down_service(Task *task, ServiceEnd end, GError **error)
{
    const DeployOps *deploy = task->driver.deploy;
    if (!info_true(task->node, INFO_SERVICE_RAMDISK) || deploy->tear_down_service == NULL)
        return true;
    if (!deploy->tear_down_service(task, end, error))
        return false;
    if (end != SERVICE_ENDS_FAILED)
        info_remove(task->node, INFO_SERVICE_RAMDISK);
    return true;
}
