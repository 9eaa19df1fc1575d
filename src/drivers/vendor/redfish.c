/* Redfish beyond the API: event subscriptions, and virtual media ejected by hand.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/vendor/subscriptions.h"

#include "bmc/redfish/media.h"
#include "drivers/redfish_node.h"

/* ---- subscriptions ---- */

/* check: NULL: all arguments are good */
static json_t *
with_bmc(Task *task, SubscriptionCheck check, SubscriptionCall call, const json_t *arguments,
         GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    if ((check != NULL && !check(arguments, error)) || !redfish_visit_begin(task, &visit, error))
        return NULL;
    return call(&visit.bmc, task->node, arguments, error);
}

static json_t *
redfish_vendor_create_subscription(Task *task, const char *http_method, const json_t *arguments,
                                   GError **error)
{
    (void)http_method;
    return with_bmc(task, subscription_check, subscription_create, arguments, error);
}

static json_t *
redfish_vendor_delete_subscription(Task *task, const char *http_method, const json_t *arguments,
                                   GError **error)
{
    (void)http_method;
    return with_bmc(task, subscription_check_id, subscription_delete, arguments, error);
}

static json_t *
redfish_vendor_get_all_subscriptions(Task *task, const char *http_method, const json_t *arguments,
                                     GError **error)
{
    (void)http_method;
    return with_bmc(task, NULL, subscription_get_all, arguments, error);
}

static json_t *
redfish_vendor_get_subscription(Task *task, const char *http_method, const json_t *arguments,
                                GError **error)
{
    (void)http_method;
    return with_bmc(task, subscription_check_id, subscription_get, arguments, error);
}

/* ---- virtual media ---- */

/* Words for devices, in the order in which all of them are ejected. */
static const struct {
    const char *word;
    RedfishMedia kind;
} devices[] = {
    {"cd",     REDFISH_MEDIA_CD},
    {"dvd",    REDFISH_MEDIA_CD},
    {"usb",    REDFISH_MEDIA_USB},
    {"floppy", REDFISH_MEDIA_FLOPPY},
};

static bool
eject(const RedfishVisit *visit, const char *word, GError **error)
{
    bool known = word == NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
        if (word != NULL && g_ascii_strcasecmp(devices[i].word, word) != 0)
            continue;
        known = true;
        if (!redfish_media_eject(&visit->bmc, &visit->system, devices[i].kind, error))
            return false;
    }
    return known ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "Boot device %.60s is not a valid value: cd, dvd, usb or floppy", word);
}

static json_t *
redfish_vendor_eject_vmedia(Task *task, const char *http_method, const json_t *arguments,
                            GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    (void)http_method;
    return redfish_visit_begin(task, &visit, error) &&
                   eject(&visit, json_string_member(arguments, "boot_device"), error)
               ? json_null()
               : NULL;
}

/* clang-format off */
static const VendorMethod node_methods[] = {
    {.name = "eject_vmedia", .http_methods = "POST", .asynchronous = true, .exclusive = true, .run = redfish_vendor_eject_vmedia,
     .description = "Ejects a virtual media device, or all. Optional argument: 'boot_device': 'cd', 'dvd', 'usb' or 'floppy'."},
    SUBSCRIPTION_METHODS(redfish),
    {0},
};
/* clang-format on */

const VendorOps vendor_redfish = {
    .interface = {.name = "redfish",
                  .properties = redfish_node_properties,
                  .validate = redfish_node_validate},
    .node_methods = node_methods,
};
