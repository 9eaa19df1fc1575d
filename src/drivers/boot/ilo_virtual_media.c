/* Boots machines with an iLO from an ISO in their virtual CD drive, and volumes by their firmware.
 * No DHCP, TFTP or PXE is involved.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/ilo_media.h"
#include "drivers/deploy/deploy.h"
#include "drivers/deploy_info.h"
#include "drivers/ilo_boot.h"
#include "drivers/ilo_node.h"
#include "drivers/storage/storage.h"
#include "drivers/task.h"
#include "model/capabilities.h"
#include "model/provision_states.h"

#include <string.h>

static const PropertyDef properties[] = {
    VIRTUAL_MEDIA_PROPERTIES,
    {0},
};

/* An ISO cannot attach a volume to a machine in BIOS mode: the deploy fails, so that a node whose
 * mode is changed meanwhile is not refused. */
static bool
ilo_virtual_media_boot_validate(Task *task, GError **error)
{
    if (!ilo_node_validate(task, error) || task_volume_targets(task, error) == NULL)
        return false;
    return ilo_boot_has_iscsi_volume(task) ? capabilities_validate(task->node, error) &&
                                                 storage_validate_boot_from_volume(task, error)
                                           : virtual_media_validate(task, &ilo_media, error);
}

/* A deploy over iSCSI admits ramdisks that are no agents. A new reference. */
static json_t *
all_parameters(const Task *task, const json_t *parameters)
{
    bool exports = task->driver.deploy->writes_image &&
                   state_from_wire(task->node->provision_state) == STATE_DEPLOYING;
    json_t *all = exports ? deploy_info_parameters(task) : json_object();
    if (parameters != NULL)
        json_object_update(all, (json_t *)(uintptr_t)parameters);
    return all;
}

static bool
ilo_virtual_media_boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    json_auto_t *all = all_parameters(task, parameters);
    return ilo_boot_check_media(task, error) && ilo_boot_prepare_machine(task, error) &&
           virtual_media_prepare_ramdisk(task, &ilo_media, all, error);
}

static bool
ilo_virtual_media_boot_clean_up_ramdisk(Task *task, GError **error)
{
    return virtual_media_clean_up_ramdisk(task, &ilo_media, error);
}

/* Before anything is changed. */
static bool
check_mode(Task *task, GError **error)
{
    return !ilo_boot_has_iscsi_volume(task) || strcmp(ilo_boot_mode(task), "uefi") == 0 ||
           steel_fail(error, STEEL_ERROR_DEPLOY_FAILED,
                      "virtual media can not boot volume in bios mode. Set the node's capability "
                      "boot_mode to uefi, or its boot interface to ilo-ipxe");
}

static bool
ilo_virtual_media_boot_prepare_instance(Task *task, GError **error)
{
    if (task_volume_targets(task, error) == NULL)
        return false;
    if (ilo_boot_machine_runs(task))
        return true;
    return check_mode(task, error) && ilo_boot_update_mode(task, error) &&
           virtual_media_prepare_instance(task, &ilo_media, error) &&
           ilo_boot_set_secure_boot(task, true, error);
}

static bool
ilo_virtual_media_boot_clean_up_instance(Task *task, GError **error)
{
    return ilo_boot_set_secure_boot(task, false, error) &&
           virtual_media_clean_up_instance(task, &ilo_media, error);
}

static bool
ilo_virtual_media_boot_before_power_on(Task *task, GError **error)
{
    return virtual_media_before_power_on(task, &ilo_media, error);
}

static char *
ilo_virtual_media_boot_why_silent(Task *task)
{
    return virtual_media_why_silent(task, &ilo_media);
}

const BootOps boot_ilo_virtual_media = {
    .interface = {.name = "ilo-virtual-media",
                  .properties = properties,
                  .capabilities = CAPABILITY_ISCSI_VOLUME_BOOT | CAPABILITY_RAMDISK_BOOT,
                  .validate = ilo_virtual_media_boot_validate},
    .carries_token = true,
    .boots_iso = true,
    .validate_ramdisk = virtual_media_validate_ramdisk,
    .prepare_ramdisk = ilo_virtual_media_boot_prepare_ramdisk,
    .clean_up_ramdisk = ilo_virtual_media_boot_clean_up_ramdisk,
    .prepare_instance = ilo_virtual_media_boot_prepare_instance,
    .clean_up_instance = ilo_virtual_media_boot_clean_up_instance,
    .before_power_on = ilo_virtual_media_boot_before_power_on,
    .why_silent = ilo_virtual_media_boot_why_silent,
};
