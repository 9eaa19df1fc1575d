/* The argument of the step `update`; the contract is in settings.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/firmware/settings.h"

#include "common/json_text.h"

#include <string.h>

enum { SETTINGS_MOST = 64, WAIT_MOST_S = 24 * 60 * 60 };

static bool
component_known(const char *component)
{
    return component != NULL && (strcmp(component, "bios") == 0 || strcmp(component, "bmc") == 0 ||
                                 g_str_has_prefix(component, "nic:"));
}

static bool
keys_known(const json_t *setting, size_t number, GError **error)
{
    static const char *const known[] = {"component", "url", "wait", NULL};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)setting, key, value)
    {
        if (!g_strv_contains(known, key))
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "settings[%zu]: %.60s is not known; known are component, url and "
                              "wait",
                              number, key);
    }
    return true;
}

static bool
setting_valid(const json_t *setting, size_t number, GError **error)
{
    const char *url = json_string_member(setting, "url");
    const json_t *wait = json_object_get(setting, "wait");
    if (!component_known(json_string_member(setting, "component")))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "settings[%zu].component must be bios, bmc or nic:<name>", number);
    if (url == NULL || *url == '\0')
        return steel_fail(error, STEEL_ERROR_INVALID, "settings[%zu] needs a url", number);
    if (wait != NULL && (!json_is_integer(wait) || json_integer_value(wait) < 1 ||
                         json_integer_value(wait) > WAIT_MOST_S))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "settings[%zu].wait must be from 1 to %d seconds", number, WAIT_MOST_S);
    return keys_known(setting, number, error);
}

const json_t *
firmware_settings(const json_t *args, GError **error)
{
    const json_t *settings = json_object_get(args, "settings"), *setting;
    size_t i, count = json_is_array(settings) ? json_array_size(settings) : 0;
    if (count == 0 || count > SETTINGS_MOST) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "update needs settings, a list of 1 to %d objects with component and url",
                   SETTINGS_MOST);
        return NULL;
    }
    json_array_foreach(settings, i, setting)
    {
        if (!setting_valid(setting, i, error))
            return NULL;
    }
    return settings;
}
