/* UEFI secure boot and its keys; the contract is in ilo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "common/json_text.h"

#include <string.h>

static const struct {
    const char *member, *type; /* of HP's REST; of Redfish's action */
} changes[] = {
    [ILO_KEYS_RESET] = {"ResetToDefaultKeys", "ResetAllKeysToDefault"},
    [ILO_KEYS_CLEAR] = {"ResetAllKeys", "DeleteAllKeys"},
};

static const char thing[] = "secure boot";

/* The resource, and its URI (owned). */
static json_t *
secure_boot(const Ilo *ilo, char **uri, GError **error)
{
    const char *named = NULL;
    if (ilo->dialect == NULL) {
        ilo_lacks(error, thing);
        return NULL;
    }
    json_auto_t *system = ilo_system(ilo, error);
    json_t *resource =
        system == NULL ? NULL
                       : ilo_follow(ilo, system, ilo->dialect->secure_boot, thing, &named, error);
    if (resource != NULL)
        *uri = g_strdup(named);
    return resource;
}

/* true, or "Enabled". */
static bool
is_on(const json_t *value)
{
    return json_is_true(value) || g_strcmp0(json_string_value(value), "Enabled") == 0;
}

bool
ilo_get_secure_boot(const Ilo *ilo, bool *on, GError **error)
{
    g_autofree char *uri = NULL;
    IloBootMode mode = ILO_MODE_UNKNOWN;
    json_auto_t *resource = secure_boot(ilo, &uri, error);
    if (resource == NULL || !ilo_get_boot_mode(ilo, &mode, error))
        return false;
    *on = mode == ILO_MODE_UEFI && is_on(json_object_get(resource, ilo->dialect->secure_boot_on));
    return true;
}

/* An iLO 4 makes the BIOS look at the change only if another setting changes too: HPE's own tools
 * toggle a blank at the end of a message that the machine shows. */
static bool
wake_bios(const Ilo *ilo, GError **error)
{
    if (ilo->dialect->actions)
        return true;
    json_auto_t *bios = ilo_bios(ilo, error);
    if (bios == NULL)
        return false;
    const char *message = json_string_member(bios, "CustomPostMessage");
    g_autofree char *other = g_strdup(message != NULL ? message : "");
    bool blank = g_str_has_suffix(other, " ");
    g_autofree char *changed = blank ? g_strdup(g_strchomp(other)) : g_strconcat(other, " ", NULL);
    return ilo_write_bios(ilo, json_pack("{s:s}", "CustomPostMessage", changed), false, error);
}

bool
ilo_set_secure_boot(const Ilo *ilo, bool on, GError **error)
{
    g_autofree char *uri = NULL;
    json_auto_t *resource = secure_boot(ilo, &uri, error);
    return resource != NULL && ilo_require_uefi(ilo, "secure boot", error) &&
           ilo_patch(ilo, uri, json_pack("{s:b}", "SecureBootEnable", on), error) &&
           wake_bios(ilo, error);
}

bool
ilo_change_secure_boot_keys(const Ilo *ilo, IloSecureBootKeys change, GError **error)
{
    g_autofree char *uri = NULL;
    json_auto_t *resource = secure_boot(ilo, &uri, error);
    if (resource == NULL || !ilo_require_uefi(ilo, "changing the keys of secure boot", error))
        return false;
    if (!ilo->dialect->actions)
        return ilo_patch(ilo, uri, json_pack("{s:b}", changes[change].member, 1), error) &&
               wake_bios(ilo, error);
    const char *target = ilo_require_text(resource, "Actions/#SecureBoot.ResetKeys/target",
                                          "an action that changes the keys", error);
    return target != NULL &&
           ilo_post(ilo, target, json_pack("{s:s}", "ResetKeysType", changes[change].type), error);
}
