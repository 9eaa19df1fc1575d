/* Boot override, boot mode and secure boot of a ComputerSystem; the contract is in system.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/system.h"

#include <string.h>

RedfishBoot
redfish_system_boot(const RedfishSystem *system)
{
    const json_t *boot = json_object_get(system->document, "Boot");
    return (RedfishBoot){
        .target = json_string_member(boot, "BootSourceOverrideTarget"),
        .enabled = json_string_member(boot, "BootSourceOverrideEnabled"),
        .mode = json_string_member(boot, "BootSourceOverrideMode"),
    };
}

static const json_t *
allowed_targets(const RedfishSystem *system)
{
    return json_object_get(json_object_get(system->document, "Boot"),
                           "BootSourceOverrideTarget@Redfish.AllowableValues");
}

static bool
lists(const json_t *values, const char *value)
{
    const json_t *one;
    size_t i;
    json_array_foreach(values, i,
                       one) if (g_strcmp0(json_string_value(one), value) == 0) return true;
    return false;
}

/* The target as this maker names it. */
static const char *
target_here(const RedfishSystem *system, const char *target)
{
    bool usb_cd = (system->quirks & REDFISH_QUIRK_USB_CD) != 0 && g_strcmp0(target, "Cd") == 0 &&
                  lists(allowed_targets(system), "UsbCd");
    return usb_cd ? "UsbCd" : target;
}

static bool
check_target(const RedfishSystem *system, const char *target, GError **error)
{
    const json_t *values = allowed_targets(system), *value;
    size_t i;
    if (target == NULL || json_array_size(values) == 0 || lists(values, target))
        return true;
    g_autoptr(GString) text = g_string_new(NULL);
    json_array_foreach(values, i, value) if (json_is_string(value) && text->len < 500)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", json_string_value(value));
    return steel_fail(error, STEEL_ERROR_BMC_REFUSED, "system %s cannot boot from '%s', only: %s",
                      system->path, target, text->str);
}

/* Puts a key into the settings' change if the settings have it, else into the system's. */
static void
put(json_t *system_change, json_t *settings_change, const json_t *settings_boot, const char *key,
    const char *value)
{
    if (value == NULL)
        return;
    json_t *change = json_object_get(settings_boot, key) != NULL ? settings_change : system_change;
    json_object_set_new(change, key, json_string(value));
}

static bool
patch_boot(const RedfishBmc *bmc, const char *path, json_t *change, GError **error)
{
    if (path == NULL || json_object_size(change) == 0)
        return true;
    json_auto_t *body = json_pack("{s:O}", "Boot", change);
    return redfish_patch(bmc, path, body, error);
}

bool
redfish_system_set_boot(const RedfishBmc *bmc, const RedfishSystem *system,
                        const RedfishBoot *wanted, GError **error)
{
    const char *target = target_here(system, wanted->target);
    const json_t *annotation = json_object_get(system->document, "@Redfish.Settings");
    g_autofree char *settings_path = redfish_link(annotation, "SettingsObject");
    json_auto_t *settings = settings_path != NULL ? redfish_get(bmc, settings_path, error) : NULL;
    if (!check_target(system, target, error) || (settings_path != NULL && settings == NULL))
        return false;
    const json_t *settings_boot = json_object_get(settings, "Boot");
    json_auto_t *on_system = json_object();
    json_auto_t *on_settings = json_object();
    put(on_system, on_settings, settings_boot, "BootSourceOverrideTarget", target);
    put(on_system, on_settings, settings_boot, "BootSourceOverrideEnabled", wanted->enabled);
    put(on_system, on_settings, settings_boot, "BootSourceOverrideMode", wanted->mode);
    put(on_system, on_settings, settings_boot, "HttpBootUri", wanted->http_uri);
    return patch_boot(bmc, settings_path, on_settings, error) &&
           patch_boot(bmc, system->path, on_system, error);
}

/* ---- secure boot ---- */

static char *
secure_boot_path(const RedfishSystem *system, GError **error)
{
    char *path = redfish_link(system->document, "SecureBoot");
    if (path == NULL)
        steel_fail(error, STEEL_ERROR_UNSUPPORTED, "system %s has no SecureBoot", system->path);
    return path;
}

bool
redfish_secure_boot_get(const RedfishBmc *bmc, const RedfishSystem *system, bool *enabled,
                        GError **error)
{
    g_autofree char *path = secure_boot_path(system, error);
    json_auto_t *secure_boot = path != NULL ? redfish_get(bmc, path, error) : NULL;
    if (secure_boot == NULL)
        return false;
    const json_t *wanted = json_object_get(secure_boot, "SecureBootEnable");
    const char *current = json_string_member(secure_boot, "SecureBootCurrentBoot");
    if (!json_is_boolean(wanted) && current == NULL)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "system %s does not tell whether it boots securely", system->path);
    *enabled = json_is_boolean(wanted) ? json_is_true(wanted) : strcmp(current, "Enabled") == 0;
    return true;
}

bool
redfish_secure_boot_set(const RedfishBmc *bmc, const RedfishSystem *system, bool enabled,
                        GError **error)
{
    g_autofree char *path = secure_boot_path(system, error);
    json_auto_t *body = json_pack("{s:b}", "SecureBootEnable", enabled);
    return path != NULL && redfish_patch(bmc, path, body, error);
}

bool
redfish_secure_boot_reset_keys(const RedfishBmc *bmc, const RedfishSystem *system, const char *keys,
                               GError **error)
{
    static const char action[] = "#SecureBoot.ResetKeys";
    g_autofree char *path = secure_boot_path(system, error);
    json_auto_t *secure_boot = path != NULL ? redfish_get(bmc, path, error) : NULL;
    if (secure_boot == NULL)
        return false;
    g_autofree char *target = redfish_action_target(secure_boot, action);
    if (target == NULL)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED, "%s has no action %s", path, action);
    json_auto_t *body = json_pack("{s:s}", "ResetKeysType", keys);
    return redfish_post(bmc, target, body, NULL, error);
}
