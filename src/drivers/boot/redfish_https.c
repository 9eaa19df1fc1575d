/* Boots machines in UEFI mode from an ISO that their firmware fetches by HTTP or HTTPS: the BMC is
 * told the URL (HttpBootUri). The ISO is that of virtual media; the firmware gets its address by
 * DHCP.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"
#include "common/json_text.h"
#include "drivers/boot/redfish_media.h"
#include "drivers/redfish_node.h"
#include "model/capabilities.h"

#include <string.h>

#define TARGET "UefiHttp"

/* ---- how the BMC takes it ---- */

static bool
lists_target(const RedfishSystem *system)
{
    const json_t *boot = json_object_get(system->document, "Boot"),
                 *values =
                     json_object_get(boot, "BootSourceOverrideTarget@Redfish.AllowableValues");
    for (size_t i = 0; i < json_array_size(values); i++)
        if (g_strcmp0(json_string_value(json_array_get(values, i)), TARGET) == 0)
            return true;
    return values == NULL;
}

static bool
redfish_https_check(Task *task, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    if (!redfish_visit_begin(task, &visit, error))
        return false;
    return lists_target(&visit.system) ||
           steel_fail(
               error, STEEL_ERROR_UNSUPPORTED,
               "the machine of node %s cannot boot by HTTP: its BMC lists no boot device " TARGET
               "; use boot interface redfish-virtual-media or ipxe",
               task->node->uuid);
}

static bool
redfish_https_put_in(Task *task, VirtualMediaKind kind, const char *url, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    const RedfishBoot boot = {.http_uri = url};
    (void)kind; /* nothing is ever on a floppy */
    return redfish_visit_begin(task, &visit, error) &&
           redfish_system_set_boot(&visit.bmc, &visit.system, &boot, error);
}

/* The URL stays, as with Ironic: it is used for this boot device alone, and nothing is there any
 * more. */
static bool
redfish_https_take_out(Task *task, VirtualMediaKind kind, GError **error)
{
    (void)task, (void)kind, (void)error;
    return true;
}

static const VirtualMedia https = {.check = redfish_https_check,
                                   .insert = redfish_https_put_in,
                                   .eject = redfish_https_take_out,
                                   .cd_device = "uefihttp",
                                   .cd_for_all_starts = true,
                                   .kernel_words = redfish_media_kernel_words,
                                   .in_swift = redfish_media_in_swift};

/* ---- the boot interface ---- */

static const PropertyDef properties[] = {
    VIRTUAL_MEDIA_PROPERTIES,
    {0},
};

static bool
check_mode(const Task *task, GError **error)
{
    const char *standard = config_string(config_current(), OPT_DEPLOY_DEFAULT_BOOT_MODE);
    return strcmp(capability_boot_mode(task->node, standard), "uefi") == 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "boot interface redfish-https needs a machine in UEFI boot mode; set the "
                      "node's capability boot_mode to uefi, or its boot interface to "
                      "redfish-virtual-media");
}

static bool
redfish_https_boot_validate(Task *task, GError **error)
{
    return redfish_node_validate(task, error) && check_mode(task, error) &&
           virtual_media_validate(task, &https, error);
}

static bool
redfish_https_boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    return virtual_media_prepare_ramdisk(task, &https, parameters, error);
}

static bool
redfish_https_boot_clean_up_ramdisk(Task *task, GError **error)
{
    return virtual_media_clean_up_ramdisk(task, &https, error);
}

static bool
redfish_https_boot_prepare_instance(Task *task, GError **error)
{
    return virtual_media_prepare_instance(task, &https, error) &&
           redfish_media_set_secure_boot(task, true, error);
}

static bool
redfish_https_boot_clean_up_instance(Task *task, GError **error)
{
    return virtual_media_clean_up_instance(task, &https, error) &&
           redfish_media_set_secure_boot(task, false, error);
}

static bool
redfish_https_boot_before_power_on(Task *task, GError **error)
{
    return virtual_media_before_power_on(task, &https, error);
}

const BootOps boot_redfish_https = {
    .interface = {.name = "redfish-https",
                  .properties = properties,
                  .capabilities = CAPABILITY_RAMDISK_BOOT,
                  .validate = redfish_https_boot_validate},
    .carries_token = true,
    .boots_iso = true,
    .validate_ramdisk = virtual_media_validate_ramdisk,
    .prepare_ramdisk = redfish_https_boot_prepare_ramdisk,
    .clean_up_ramdisk = redfish_https_boot_clean_up_ramdisk,
    .prepare_instance = redfish_https_boot_prepare_instance,
    .clean_up_instance = redfish_https_boot_clean_up_instance,
    .before_power_on = redfish_https_boot_before_power_on,
};
