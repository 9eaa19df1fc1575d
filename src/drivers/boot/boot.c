/* Calls a node's boot driver; the contract is in boot.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/boot.h"

#include "drivers/task.h"
#include "drivers/unsupported.h"

bool
boot_validate_ramdisk(Task *task, RamdiskUse use, GError **error)
{
    const BootOps *boot = task->driver.boot;
    if (boot->interface.validate != NULL && !boot->interface.validate(task, error))
        return false;
    if (boot->validate_ramdisk != NULL)
        return boot->validate_ramdisk(task, use, error);
    return interface_unsupported(task, INTERFACE_BOOT, "booting a ramdisk", error);
}

bool
boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    const BootOps *boot = task->driver.boot;
    return boot->prepare_ramdisk == NULL || boot->prepare_ramdisk(task, parameters, error);
}

bool
boot_clean_up_ramdisk(Task *task, GError **error)
{
    const BootOps *boot = task->driver.boot;
    return boot->clean_up_ramdisk == NULL || boot->clean_up_ramdisk(task, error);
}

bool
boot_prepare_instance(Task *task, GError **error)
{
    const BootOps *boot = task->driver.boot;
    return boot->prepare_instance == NULL || boot->prepare_instance(task, error);
}

bool
boot_clean_up_instance(Task *task, GError **error)
{
    const BootOps *boot = task->driver.boot;
    return boot->clean_up_instance == NULL || boot->clean_up_instance(task, error);
}

bool
boot_before_power_on(Task *task, GError **error)
{
    const BootOps *boot = task->driver.boot;
    return boot->before_power_on == NULL || boot->before_power_on(task, error);
}

bool
boot_reports_progress(Task *task)
{
    const BootOps *boot = task->driver.boot;
    return boot->reports_progress != NULL && boot->reports_progress(task);
}

char *
boot_why_silent(Task *task)
{
    const BootOps *boot = task->driver.boot;
    return boot->why_silent != NULL ? boot->why_silent(task) : NULL;
}

void
boot_begin_phase(Task *task)
{
    if (boot_reports_progress(task))
        task_phase_begin(task, "boot_script", "waiting for the machine to ask for its boot script");
}
