/* Boots machines with an iLO 5 in UEFI mode from an ISO that their firmware fetches over HTTPS.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/boot.h"

#include "common/json_text.h"
#include "drivers/boot/ramdisk_source.h"
#include "drivers/deploy/deploy.h"
#include "drivers/ilo_authorities.h"
#include "drivers/ilo_boot.h"
#include "drivers/ilo_node.h"
#include "drivers/management/management.h"
#include "drivers/storage/storage.h"
#include "drivers/task.h"
#include "model/capabilities.h"

#include <string.h>

static const PropertyDef properties[] = {
    {"deploy_iso", false, "https:// URL of the ISO with the agent's ramdisk."},
    {"rescue_iso", false, "https:// URL of the ISO with the rescue ramdisk. Optional."},
    {"ilo_add_certificates", false,
     "Whether the firmware is given the authorities of [DEFAULT]webserver_verify_ca. Default true. "
     "Optional."},
    {0},
};

static const char *const keys[] = {
    [RAMDISK_FOR_AGENT] = "deploy_iso",
    [RAMDISK_FOR_RESCUE] = "rescue_iso",
};

static const char *
find_iso(const Task *task, RamdiskUse use, GError **error)
{
    const char *url = task_driver_info(task, keys[use]);
    if (url == NULL)
        steel_fail(error, STEEL_ERROR_MISSING,
                   "Error validating iLO boot for %s. Some parameters were missing in node's "
                   "driver_info. Missing are: ['%s']; set it with: steel node set %s --driver-info "
                   "%s=<URL> (boot interface ilo-ipxe takes deploy_kernel and deploy_ramdisk "
                   "instead)",
                   use == RAMDISK_FOR_AGENT ? "deploy" : "rescue", keys[use], task->node->uuid,
                   keys[use]);
    else if (!g_str_has_prefix(url, "https://"))
        steel_fail(error, STEEL_ERROR_INVALID,
                   "Secure URLs exposed over HTTPS are expected. Insecure URLs are provided for "
                   "['%s']",
                   keys[use]);
    else
        return url;
    return NULL;
}

static bool
check_mode(Task *task, GError **error)
{
    return strcmp(ilo_boot_mode(task), "uefi") == 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "Validation for 'ilo-uefi-https' boot interface failed. The node is required "
                      "to be in 'UEFI' boot mode.");
}

static bool
check_agent(Task *task, GError **error)
{
    bool image = !json_is_nothing(json_object_get(task->node->instance_info, "image_source"));
    return !image || find_iso(task, RAMDISK_FOR_AGENT, error) != NULL;
}

static bool
ilo_uefi_https_boot_validate(Task *task, GError **error)
{
    bool wanted = true;
    return ilo_node_validate(task, error) && capabilities_validate(task->node, error) &&
           ilo_authorities_wanted(task->node, &wanted, error) && check_mode(task, error) &&
           check_agent(task, error) && storage_validate_boot_from_volume(task, error);
}

static bool
ilo_uefi_https_boot_validate_ramdisk(Task *task, RamdiskUse use, GError **error)
{
    return find_iso(task, use, error) != NULL;
}

static bool
set_url(Task *task, const char *url, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    if (ilo_node_open(task, &node, &ilo, error) && ilo_set_http_boot_url(&ilo, url, error))
        return true;
    g_prefix_error(error, "Setting the URL of UEFI HTTP boot failed, error: ");
    return false;
}

static bool
ilo_uefi_https_boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error)
{
    const char *iso = find_iso(task, ramdisk_use_of(task->node), error);
    (void)parameters;
    return iso != NULL && ilo_boot_prepare_machine(task, error) &&
           ilo_authorities_add(task, error) && set_url(task, iso, error) &&
           management_set_boot_device(task, "uefihttp", false, error);
}

/* The URL stays: the firmware uses it for this boot device alone. */
static bool
ilo_uefi_https_boot_prepare_instance(Task *task, GError **error)
{
    return ilo_boot_machine_runs(task) || (ilo_boot_update_mode(task, error) &&
                                           management_set_boot_device(task, "disk", true, error) &&
                                           ilo_boot_set_secure_boot(task, true, error));
}

static bool
ilo_uefi_https_boot_clean_up_instance(Task *task, GError **error)
{
    return ilo_boot_set_secure_boot(task, false, error);
}

const BootOps boot_ilo_uefi_https = {
    .interface = {.name = "ilo-uefi-https",
                  .properties = properties,
                  .validate = ilo_uefi_https_boot_validate},
    .validate_ramdisk = ilo_uefi_https_boot_validate_ramdisk,
    .prepare_ramdisk = ilo_uefi_https_boot_prepare_ramdisk,
    .prepare_instance = ilo_uefi_https_boot_prepare_instance,
    .clean_up_instance = ilo_uefi_https_boot_clean_up_instance,
};
