/* Boots machines with an iLO from an ISO in their virtual CD drive, and volumes by their firmware.
 * No DHCP, TFTP or PXE is involved.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/boot.h"

#include "common/json_text.h"
#include "drivers/boot/ramdisk_source.h"
#include "drivers/deploy/deploy.h"
#include "drivers/ilo_boot.h"
#include "drivers/ilo_node.h"
#include "drivers/management/management.h"
#include "drivers/storage/storage.h"
#include "drivers/task.h"
#include "model/capabilities.h"

#include <string.h>

static const PropertyDef properties[] = {
    {"deploy_iso", false,
     "URL of the ISO with the agent's ramdisk. Needed for everything but volumes."},
    {"rescue_iso", false, "URL of the ISO with the rescue ramdisk. Optional."},
    {0},
};

/* The keys of driver_info; the older ones begin with "ilo_". */
static const char *const keys[][2] = {
    [RAMDISK_FOR_AGENT] = {"deploy_iso", "ilo_deploy_iso"},
    [RAMDISK_FOR_RESCUE] = {"rescue_iso", "ilo_rescue_iso"},
};

static bool
is_web_url(const char *url)
{
    return g_str_has_prefix(url, "http://") || g_str_has_prefix(url, "https://");
}

static const char *
find_iso(const Task *task, RamdiskUse use, GError **error)
{
    const char *url = task_driver_info(task, keys[use][0]);
    if (url == NULL)
        url = task_driver_info(task, keys[use][1]);
    if (url != NULL && is_web_url(url))
        return url;
    if (url != NULL)
        steel_fail(error, STEEL_ERROR_INVALID,
                   "driver_info %s must be an http:// or https:// URL that the iLO can reach",
                   keys[use][0]);
    else
        steel_fail(error, STEEL_ERROR_MISSING,
                   "Error validating iLO boot for %s. Some parameters were missing in node's "
                   "driver_info. Missing are: ['%s']; set it with: steel node set %s --driver-info "
                   "%s=<URL> (boot interface ilo-ipxe takes deploy_kernel and deploy_ramdisk "
                   "instead)",
                   use == RAMDISK_FOR_AGENT ? "deploy" : "rescue", keys[use][0], task->node->uuid,
                   keys[use][0]);
    return NULL;
}

/* ---- validation ---- */

/* The ISO of an instance that is a ramdisk. */
static const char *
instance_iso(const Task *task)
{
    const char *iso = json_string_member(task->node->instance_info, "boot_iso");
    return iso != NULL ? iso : json_string_member(task->node->instance_info, "ilo_boot_iso");
}

static bool
check_instance_iso(Task *task, GError **error)
{
    const char *iso = instance_iso(task);
    if (!task->driver.deploy->boots_ramdisk)
        return true;
    if (iso == NULL)
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "instance_info boot_iso, the ISO that the node lives on, is missing; set "
                          "it with: steel node set %s --instance-info boot_iso=<URL>",
                          task->node->uuid);
    return is_web_url(iso) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "instance_info boot_iso must be an http:// or https:// URL that the iLO can "
                      "reach");
}

/* A node with an image needs an agent to write it. */
static bool
check_agent(Task *task, GError **error)
{
    bool image = !json_is_nothing(json_object_get(task->node->instance_info, "image_source"));
    return !image || find_iso(task, RAMDISK_FOR_AGENT, error) != NULL;
}

static bool
ilo_virtual_media_boot_validate(Task *task, GError **error)
{
    return ilo_node_validate(task, error) && capabilities_validate(task->node, error) &&
           check_instance_iso(task, error) && check_agent(task, error) &&
           storage_validate_boot_from_volume(task, error);
}

static bool
ilo_virtual_media_boot_validate_ramdisk(Task *task, RamdiskUse use, GError **error)
{
    return find_iso(task, use, error) != NULL;
}

/* ---- the ramdisk ---- */

/* The parameters are those of the ISO: nothing carries others to the ramdisk. */
static bool
ilo_virtual_media_boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    const char *iso = find_iso(task, ramdisk_use_of(task->node), error);
    (void)parameters;
    if (iso == NULL || !ilo_boot_check_media(task, error) || !ilo_boot_prepare_machine(task, error))
        return false;
    task_phase_begin(task, "insert_virtual_media", NULL);
    return ilo_boot_eject_media(task, error) && ilo_boot_insert_iso(task, iso, error) &&
           management_set_boot_device(task, "cdrom", false, error);
}

static bool
ilo_virtual_media_boot_clean_up_ramdisk(Task *task, GError **error)
{
    return ilo_boot_eject_media(task, error);
}

/* ---- the instance ---- */

static bool
prepare_iso(Task *task, GError **error)
{
    return check_instance_iso(task, error) &&
           ilo_boot_insert_iso(task, instance_iso(task), error) &&
           management_set_boot_device(task, "cdrom", true, error);
}

/* Before anything is changed: an ISO cannot attach a volume to a machine in BIOS mode. */
static bool
check_mode(Task *task, GError **error)
{
    return !ilo_boot_has_iscsi_volume(task) || strcmp(ilo_boot_mode(task), "uefi") == 0 ||
           steel_fail(error, STEEL_ERROR_DEPLOY_FAILED,
                      "virtual media can not boot volume in bios mode. Set the node's capability "
                      "boot_mode to uefi, or its boot interface to ilo-ipxe");
}

static bool
prepare(Task *task, GError **error)
{
    if (ilo_boot_has_iscsi_volume(task))
        return storage_validate_boot_from_volume(task, error) &&
               ilo_boot_prepare_volume(task, error);
    if (task->driver.deploy->boots_ramdisk)
        return prepare_iso(task, error);
    return management_set_boot_device(task, "disk", true, error);
}

static bool
ilo_virtual_media_boot_prepare_instance(Task *task, GError **error)
{
    if (task_volume_targets(task, error) == NULL)
        return false;
    if (ilo_boot_machine_runs(task))
        return true;
    return check_mode(task, error) && ilo_boot_eject_media(task, error) &&
           ilo_boot_update_mode(task, error) && prepare(task, error) &&
           ilo_boot_set_secure_boot(task, true, error);
}

static bool
ilo_virtual_media_boot_clean_up_instance(Task *task, GError **error)
{
    bool had = false;
    return ilo_boot_set_secure_boot(task, false, error) &&
           ilo_boot_clean_up_volume(task, &had, error) &&
           (had || ilo_boot_eject_media(task, error));
}

const BootOps boot_ilo_virtual_media = {
    .interface = {.name = "ilo-virtual-media",
                  .properties = properties,
                  .capabilities = CAPABILITY_ISCSI_VOLUME_BOOT | CAPABILITY_RAMDISK_BOOT,
                  .validate = ilo_virtual_media_boot_validate},
    .validate_ramdisk = ilo_virtual_media_boot_validate_ramdisk,
    .prepare_ramdisk = ilo_virtual_media_boot_prepare_ramdisk,
    .clean_up_ramdisk = ilo_virtual_media_boot_clean_up_ramdisk,
    .prepare_instance = ilo_virtual_media_boot_prepare_instance,
    .clean_up_instance = ilo_virtual_media_boot_clean_up_instance,
};
