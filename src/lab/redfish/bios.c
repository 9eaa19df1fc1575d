/* BIOS settings and secure boot of a simulated Redfish BMC: what is pending until the next POST.
 * The contract is in inside.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"
#include "common/time_text.h"

#include <string.h>

static void apply_bios(RedfishBmc *bmc) REQUIRES(bmc->lock);

static void
apply_bios(RedfishBmc *bmc)
{
    json_t *pending = redfish_state(bmc, "bios.pending");
    if (json_object_size(pending) == 0)
        return;
    const char *mode = json_string_member(pending, "BootMode");
    if (mode != NULL)
        redfish_state_set(bmc->state, "boot.mode",
                          json_string(strcmp(mode, "Uefi") == 0 ? "UEFI" : "Legacy"));
    json_object_update(redfish_state(bmc, "bios.current"), pending);
    char now[TIME_TEXT_SIZE];
    g_autofree char *etag = redfish_etag(bmc, pending);
    redfish_state_set(bmc->state, "bios.applied", json_string(time_now_text(now)));
    redfish_state_set(bmc->state, "bios.etag", json_string(etag));
    redfish_state_set(bmc->state, "bios.messages",
                      json_pack("[{s:s}]", "MessageId", "Base.1.5.Success"));
    json_object_clear(pending);
}

/* Legacy systems have no secure boot, whatever is asked for. */
static void apply_secure_boot(RedfishBmc *bmc) REQUIRES(bmc->lock);

static void
apply_secure_boot(RedfishBmc *bmc)
{
    bool uefi = strcmp(redfish_state_text(bmc, "bios.current.BootMode"), "Uefi") == 0;
    bool keys = strcmp(redfish_state_text(bmc, "secure_boot.keys"), "none") != 0;
    bool wanted = json_is_true(redfish_state(bmc, "secure_boot.enable"));
    bool on = uefi && keys && wanted;
    redfish_state_set(bmc->state, "secure_boot.current", json_string(on ? "Enabled" : "Disabled"));
    redfish_state_set(bmc->state, "secure_boot.mode", json_string(keys ? "UserMode" : "SetupMode"));
}

void
redfish_settings_apply(RedfishBmc *bmc)
{
    redfish_secure_erase_apply(bmc);
    apply_bios(bmc);
    apply_secure_boot(bmc);
    redfish_volumes_apply(bmc);
    redfish_tls_apply(bmc);
    redfish_smart_storage_apply(bmc);
    redfish_iscsi_apply(bmc, strcmp(redfish_state_text(bmc, "bios.current.BootMode"), "Uefi") == 0);
}

void
redfish_bios_reset(RedfishCall *call)
{
    json_t *defaults = json_object_get(json_object_get(call->bmc->tree->document, "state"), "bios");
    json_t *pending = json_deep_copy(json_object_get(defaults, "current"));
    redfish_state_set(call->bmc->state, "bios.pending", pending);
    redfish_say(call, 204, NULL);
}

void
redfish_bios_password(RedfishCall *call)
{
    static const char *const names[] = {"PasswordName", "OldPassword", "NewPassword"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (json_string_member(call->body, names[i]) == NULL) {
            redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_MISSING, NULL, "Bios.ChangePassword",
                           names[i]);
            return;
        }
    redfish_say(call, 204, NULL);
}

void
redfish_secure_boot_keys(RedfishCall *call)
{
    const char *type = json_string_member(call->body, "ResetKeysType");
    bool all = g_strcmp0(type, "ResetAllKeysToDefault") == 0;
    bool none = g_strcmp0(type, "DeleteAllKeys") == 0 || g_strcmp0(type, "DeletePK") == 0;
    if (type == NULL)
        redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_MISSING, "#/ResetKeysType",
                       "SecureBoot.ResetKeys", "ResetKeysType");
    else if (!all && !none)
        redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_NOT_IN_LIST, "#/ResetKeysType", type,
                       "ResetKeysType");
    else {
        redfish_state_set(call->bmc->state, "secure_boot.keys",
                          json_string(all ? "default" : "none"));
        redfish_say(call, 204, NULL);
    }
}
