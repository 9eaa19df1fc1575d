/* Boots machines from an ISO that their BMC inserts over Redfish. What is on the media, where it is
 * published, and its end are virtual_media.h's.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/redfish_media.h"
#include "drivers/redfish_node.h"

static const PropertyDef properties[] = {
    VIRTUAL_MEDIA_PROPERTIES,
    {"config_via_removable", false,
     "true: the agent finds its parameters on a virtual USB stick or floppy, also with a ready "
     "deploy_iso. Optional; false unless set."},
    {0},
};

static bool
redfish_virtual_media_boot_validate(Task *task, GError **error)
{
    return redfish_node_validate(task, error) &&
           virtual_media_validate(task, &redfish_media, error);
}

static bool
redfish_virtual_media_boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    return virtual_media_prepare_ramdisk(task, &redfish_media, parameters, error);
}

static bool
redfish_virtual_media_boot_clean_up_ramdisk(Task *task, GError **error)
{
    return virtual_media_clean_up_ramdisk(task, &redfish_media, error);
}

static bool
redfish_virtual_media_boot_prepare_instance(Task *task, GError **error)
{
    return virtual_media_prepare_instance(task, &redfish_media, error) &&
           redfish_media_set_secure_boot(task, true, error);
}

static bool
redfish_virtual_media_boot_clean_up_instance(Task *task, GError **error)
{
    return virtual_media_clean_up_instance(task, &redfish_media, error) &&
           redfish_media_set_secure_boot(task, false, error);
}

static bool
redfish_virtual_media_boot_before_power_on(Task *task, GError **error)
{
    return virtual_media_before_power_on(task, &redfish_media, error);
}

static char *
redfish_virtual_media_boot_why_silent(Task *task)
{
    return virtual_media_why_silent(task, &redfish_media);
}

const BootOps boot_redfish_virtual_media = {
    .interface = {.name = "redfish-virtual-media",
                  .properties = properties,
                  .capabilities = CAPABILITY_RAMDISK_BOOT,
                  .validate = redfish_virtual_media_boot_validate},
    .carries_token = true,
    .boots_iso = true,
    .validate_ramdisk = virtual_media_validate_ramdisk,
    .prepare_ramdisk = redfish_virtual_media_boot_prepare_ramdisk,
    .clean_up_ramdisk = redfish_virtual_media_boot_clean_up_ramdisk,
    .prepare_instance = redfish_virtual_media_boot_prepare_instance,
    .clean_up_instance = redfish_virtual_media_boot_clean_up_instance,
    .before_power_on = redfish_virtual_media_boot_before_power_on,
    .why_silent = redfish_virtual_media_boot_why_silent,
};
