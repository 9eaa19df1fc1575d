/* BIOS settings; the contract is in ilo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "common/json_text.h"

#include <string.h>

/* What HP's REST keeps next to the settings in the same resource. */
static const char *const not_settings[] = {
    "@odata.context", "@odata.etag", "@odata.id", "@odata.type", "AttributeRegistry",
    "Description",    "Id",          "Modified",  "Name",        "SettingsResult",
    "Type",           "links",       "error",     "Oem",         NULL};

static json_t *
settings_in(const Ilo *ilo, const json_t *resource)
{
    json_t *settings;
    const char *name;
    json_t *value;
    if (ilo->dialect->attributes != NULL) {
        json_t *own = json_object_get(resource, ilo->dialect->attributes);
        return json_is_object(own) ? json_incref(own) : json_object();
    }
    settings = json_object();
    json_object_foreach((json_t *)(uintptr_t)resource, name, value)
    {
        if (!g_strv_contains(not_settings, name))
            json_object_set(settings, name, value);
    }
    return settings;
}

json_t *
ilo_get_bios_settings(const Ilo *ilo, bool pending, GError **error)
{
    json_auto_t *bios = ilo_bios(ilo, error);
    if (bios == NULL)
        return NULL;
    if (!pending)
        return settings_in(ilo, bios);
    json_auto_t *next =
        ilo_follow(ilo, bios, ilo->dialect->settings, "BIOS settings to change", NULL, error);
    return next == NULL ? NULL : settings_in(ilo, next);
}

bool
ilo_set_bios_settings(const Ilo *ilo, const json_t *settings, GError **error)
{
    return ilo->dialect == NULL ? ilo_lacks(error, "BIOS settings")
                                : ilo_write_bios(ilo, json_deep_copy(settings), false, error);
}

static json_t *
default_settings(const Ilo *ilo, GError **error)
{
    json_auto_t *bios = ilo_bios(ilo, error);
    json_auto_t *configs = bios == NULL ? NULL
                                        : ilo_follow(ilo, bios, ilo->dialect->defaults,
                                                     "default BIOS settings", NULL, error);
    if (configs == NULL)
        return NULL;
    const json_t *list = json_object_get(configs, "BaseConfigs"), *config;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)list, i, config)
    {
        json_t *settings = json_object_get(config, "default");
        if (json_is_object(settings))
            return json_incref(settings);
    }
    ilo_lacks(error, "default BIOS settings");
    return NULL;
}

bool
ilo_reset_bios_settings(const Ilo *ilo, GError **error)
{
    json_t *settings = default_settings(ilo, error);
    return settings != NULL && ilo_write_bios(ilo, settings, true, error);
}

bool
ilo_set_http_boot_url(const Ilo *ilo, const char *url, GError **error)
{
    if (ilo->dialect == NULL || !ilo->dialect->actions)
        return ilo_lacks(error, "UEFI HTTP boot");
    return ilo_write_bios(ilo,
                          json_pack("{s:s,s:s,s:s}", "PreBootNetwork", "Auto", "UrlBootFile", url,
                                    "Dhcpv4", "Enabled"),
                          true, error);
}
