/* What an iLO can do beyond the API: boot a machine from an ISO of the operator's choice, take the
 * call of a deploy ramdisk without an agent, eject virtual media, and send events to subscribers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/vendor/subscriptions.h"

#include "common/json_text.h"
#include "drivers/boot/ilo_media.h"
#include "drivers/deploy_info.h"
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

static json_t *
ilo_vendor_pass_deploy_info(Task *task, const char *http_method, const json_t *arguments,
                            GError **error)
{
    (void)http_method;
    bool good = deploy_info_note(task, arguments, error) && task_save(task, error);
    return good ? json_null() : NULL;
}

/* ---- subscriptions ---- */

/* check: NULL: all arguments are good */
static json_t *
with_bmc(Task *task, SubscriptionCheck check, SubscriptionCall call, const json_t *arguments,
         GError **error)
{
    g_auto(IloNode) node = {0};
    g_autofree char *address = NULL;
    Ilo ilo;
    RedfishBmc bmc;
    if ((check != NULL && !check(arguments, error)) || !ilo_node_open(task, &node, &ilo, error) ||
        !ilo_get_redfish(&ilo, &bmc, &address, error))
        return NULL;
    return call(&bmc, task->node, arguments, error);
}

static json_t *
ilo_vendor_create_subscription(Task *task, const char *http_method, const json_t *arguments,
                               GError **error)
{
    (void)http_method;
    return with_bmc(task, subscription_check, subscription_create, arguments, error);
}

static json_t *
ilo_vendor_delete_subscription(Task *task, const char *http_method, const json_t *arguments,
                               GError **error)
{
    (void)http_method;
    return with_bmc(task, subscription_check_id, subscription_delete, arguments, error);
}

static json_t *
ilo_vendor_get_all_subscriptions(Task *task, const char *http_method, const json_t *arguments,
                                 GError **error)
{
    (void)http_method;
    return with_bmc(task, NULL, subscription_get_all, arguments, error);
}

static json_t *
ilo_vendor_get_subscription(Task *task, const char *http_method, const json_t *arguments,
                            GError **error)
{
    (void)http_method;
    return with_bmc(task, subscription_check_id, subscription_get, arguments, error);
}

/* ---- virtual media ---- */

static bool
eject(Task *task, const char *word, GError **error)
{
    static const struct {
        const char *word;
        VirtualMediaKind kind;
    } devices[] = {{"cd", VIRTUAL_MEDIA_CD},
                   {"dvd", VIRTUAL_MEDIA_CD},
                   {"usb", VIRTUAL_MEDIA_FLOPPY},
                   {"floppy", VIRTUAL_MEDIA_FLOPPY}};
    bool known = word == NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
        if (word != NULL && g_ascii_strcasecmp(devices[i].word, word) != 0)
            continue;
        known = true;
        if (!ilo_media.eject(task, devices[i].kind, error))
            return false;
    }
    return known ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "Boot device %.60s is not a valid value: cd, dvd, usb or floppy", word);
}

static json_t *
ilo_vendor_eject_vmedia(Task *task, const char *http_method, const json_t *arguments,
                        GError **error)
{
    (void)http_method;
    return eject(task, json_string_member(arguments, "boot_device"), error) ? json_null() : NULL;
}

/* clang-format off */
static const VendorMethod node_methods[] = {
    {.name = "boot_into_iso",
     .http_methods = "POST",
     .description = "Inserts an ISO image and reboots the node from it. Required argument: "
                    "'boot_iso_href', an HTTP(S) URL of the image.",
     .asynchronous = true,
     .exclusive = true,
     .run = ilo_vendor_boot_into_iso},
    {.name = "pass_deploy_info",
     .http_methods = "POST",
     .description = "Tells where a deploy ramdisk has exported its machine's disk. Required "
                    "arguments: 'address', 'iqn' and 'key', the agent's token; or 'key' and "
                    "'error'. Optional: 'port', 'lun'.",
     .exclusive = true,
     .resumes = true,
     .check = deploy_info_check,
     .run = ilo_vendor_pass_deploy_info},
    {.name = "eject_vmedia", .http_methods = "POST", .asynchronous = true, .exclusive = true, .run = ilo_vendor_eject_vmedia,
     .description = "Ejects a virtual media device, or all. Optional argument: 'boot_device': 'cd', 'dvd', 'usb' or 'floppy'."},
    SUBSCRIPTION_METHODS(ilo),
    {0},
};
/* clang-format on */

const VendorOps vendor_ilo = {
    .interface = {.name = "ilo", .properties = ilo_node_properties, .validate = ilo_node_validate},
    .node_methods = node_methods,
};
