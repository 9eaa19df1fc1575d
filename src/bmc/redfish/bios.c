/* BIOS settings and their registry; the contract is in bios.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/bios.h"

#include <string.h>

enum { REGISTRIES_MAX = 64 };

static json_t *
bios_of(const RedfishBmc *bmc, const RedfishSystem *system, GError **error)
{
    g_autofree char *path = redfish_link(system->document, "Bios");
    if (path != NULL)
        return redfish_get(bmc, path, error);
    steel_fail(error, STEEL_ERROR_UNSUPPORTED, "system %s tells no BIOS settings", system->path);
    return NULL;
}

json_t *
redfish_bios_get(const RedfishBmc *bmc, const RedfishSystem *system, GError **error)
{
    json_auto_t *bios = bios_of(bmc, system, error);
    json_t *attributes = json_object_get(bios, "Attributes");
    if (json_is_object(attributes))
        return json_incref(attributes);
    if (bios != NULL)
        steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "the BIOS of system %s has no Attributes",
                   system->path);
    return NULL;
}

/* ---- the registry ---- */

/* The place of the registry in English, or else the first; NULL: this is another registry. */
static char *
registry_place(const json_t *file, const char *name)
{
    const json_t *locations = json_object_get(file, "Location"), *location;
    const char *uri = NULL;
    size_t i;
    if (g_strcmp0(json_string_member(file, "Registry"), name) != 0)
        return NULL;
    json_array_foreach(locations, i, location)
    {
        const char *language = json_string_member(location, "Language");
        if (uri == NULL || (language != NULL && g_str_has_prefix(language, "en")))
            uri = json_string_member(location, "Uri");
    }
    return redfish_path(uri);
}

/* NULL without an error: there is none. */
static char *
find_registry(const RedfishBmc *bmc, const char *name, GError **error)
{
    const char *root_path = bmc->target.root != NULL ? bmc->target.root : "/redfish/v1/";
    json_auto_t *root = redfish_get(bmc, root_path, error);
    g_autofree char *path = redfish_link(root, "Registries");
    if (path == NULL)
        return NULL;
    json_auto_t *files = redfish_get_members(bmc, path, REGISTRIES_MAX, error);
    const json_t *file;
    size_t i;
    json_array_foreach(files, i, file)
    {
        char *place = registry_place(file, name);
        if (place != NULL)
            return place;
    }
    return NULL;
}

static json_t *
registry_at(const RedfishBmc *bmc, const char *path, GError **error)
{
    json_auto_t *registry = redfish_get(bmc, path, error);
    if (registry == NULL)
        return NULL;
    json_t *attributes =
        json_object_get(json_object_get(registry, "RegistryEntries"), "Attributes");
    return json_is_array(attributes) ? json_incref(attributes) : json_array();
}

json_t *
redfish_bios_registry(const RedfishBmc *bmc, const RedfishSystem *system, GError **error)
{
    g_autoptr(GError) cause = NULL;
    json_auto_t *bios = bios_of(bmc, system, error);
    if (bios == NULL)
        return NULL;
    const char *name = json_string_member(bios, "AttributeRegistry");
    g_autofree char *path = name != NULL ? find_registry(bmc, name, &cause) : NULL;
    if (path != NULL)
        return registry_at(bmc, path, error);
    if (cause == NULL)
        return json_array();
    g_propagate_error(error, g_steal_pointer(&cause));
    return NULL;
}

/* ---- changes ---- */

static bool
applies_on_reset(const json_t *annotation)
{
    const json_t *time;
    size_t i;
    json_array_foreach(json_object_get(annotation, "SupportedApplyTimes"), i,
                       time) if (g_strcmp0(json_string_value(time), "OnReset") == 0) return true;
    return false;
}

bool
redfish_bios_set(const RedfishBmc *bmc, const RedfishSystem *system, json_t *attributes,
                 GError **error)
{
    json_auto_t *bios = bios_of(bmc, system, error);
    const json_t *annotation = json_object_get(bios, "@Redfish.Settings");
    g_autofree char *path = redfish_link(annotation, "SettingsObject");
    if (bios == NULL)
        return false;
    if (path == NULL)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "the BIOS settings of system %s cannot be changed: it names no settings "
                          "object",
                          system->path);
    json_auto_t *body = json_pack("{s:O}", "Attributes", attributes);
    if (applies_on_reset(annotation))
        json_object_set_new(body, "@Redfish.SettingsApplyTime",
                            json_pack("{s:s, s:s}", "@odata.type",
                                      "#Settings.v1_0_0.PreferredApplyTime", "ApplyTime",
                                      "OnReset"));
    return redfish_patch(bmc, path, body, error);
}

bool
redfish_bios_reset(const RedfishBmc *bmc, const RedfishSystem *system, GError **error)
{
    static const char action[] = "#Bios.ResetBios";
    json_auto_t *bios = bios_of(bmc, system, error);
    g_autofree char *target = redfish_action_target(bios, action);
    if (bios == NULL)
        return false;
    if (target == NULL)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "the BIOS settings of system %s have no action %s", system->path, action);
    return redfish_post(bmc, target, NULL, NULL, error);
}
