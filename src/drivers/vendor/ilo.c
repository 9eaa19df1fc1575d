/* What an iLO can do beyond the API: boot a machine from an ISO of the operator's choice.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/vendor/vendor.h"

#include "common/json_text.h"
#include "drivers/boot/ilo_media.h"
#include "drivers/ilo_node.h"
#include "drivers/management/management.h"
#include "drivers/power_action.h"
#include "model/provision_states.h"

static const char *
iso_of(Task *task, const json_t *arguments, GError **error)
{
    const char *url = json_string_member(arguments, "boot_iso_href");
    bool manageable = state_from_wire(task->node->provision_state) == STATE_MANAGEABLE;
    if (!manageable && !task->node->maintenance)
        steel_fail(error, STEEL_ERROR_INVALID_STATE_REQUESTED,
                   "The requested action 'boot_into_iso' can be performed only when node %s is in "
                   "manageable state or in 'maintenance' mode",
                   task->node->uuid);
    else if (url == NULL || *url == '\0')
        steel_fail(error, STEEL_ERROR_MISSING,
                   "Error validating input for boot_into_iso vendor passthru. Some parameters were "
                   "not provided: ['boot_iso_href']");
    else if (!g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://"))
        steel_fail(error, STEEL_ERROR_INVALID,
                   "boot_iso_href must be an http:// or https:// URL that the iLO can reach");
    else
        return url;
    return NULL;
}

static bool
insert(Task *task, const char *url, GError **error)
{
    if (ilo_media.insert(task, VIRTUAL_MEDIA_CD, url, error))
        return true;
    g_prefix_error(error, "Inserting virtual media CDROM failed, error: ");
    return false;
}

static json_t *
ilo_vendor_boot_into_iso(Task *task, const char *http_method, const json_t *arguments,
                         GError **error)
{
    const char *url = iso_of(task, arguments, error);
    (void)http_method;
    bool good = url != NULL && insert(task, url, error) &&
                management_set_boot_device(task, "cdrom", false, error) &&
                power_action(task, (PowerAction){.target = POWER_TARGET_REBOOT}, error);
    return good ? json_null() : NULL;
}

static const VendorMethod node_methods[] = {
    {.name = "boot_into_iso",
     .http_methods = "POST",
     .description = "Inserts an ISO image and reboots the node from it. Required argument: "
                    "'boot_iso_href', an HTTP(S) URL of the image.",
     .asynchronous = true,
     .exclusive = true,
     .run = ilo_vendor_boot_into_iso},
    {0},
};

const VendorOps vendor_ilo = {
    .interface = {.name = "ilo", .properties = ilo_node_properties, .validate = ilo_node_validate},
    .node_methods = node_methods,
};
