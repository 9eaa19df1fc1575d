/* The erasure of a whole simulated iLO 5 machine: settings become those of the factory, the licence
 * goes, and so do the volumes, at the next POST. The BMC keeps its account, so that one can look at
 * what has become of it. The contract is in inside.h.
 *
 * Source: HPE iLO 5 Redfish API reference, HpeComputerSystemExt.SecureSystemErase.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/time_text.h"

/* What becomes as it was when the BMC was made. */
static const char *const system_settings[] = {"bios", "secure_boot", "security", "tls", "iscsi"};

void
redfish_secure_erase(RedfishCall *call)
{
    static const char *const parts[] = {"SystemROMAndiLOErase", "UserDataErase"};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        if (!json_is_boolean(json_object_get(call->body, parts[i]))) {
            redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_MISSING, NULL,
                           "HpeComputerSystemExt.SecureSystemErase", parts[i]);
            return;
        }
    redfish_state_set(call->bmc->state, "erase", json_deep_copy(call->body));
    redfish_refuse(call, REDFISH_MESSAGE_RESET_REQUIRED, NULL, NULL, NULL);
}

static void erase_system(RedfishBmc *bmc) REQUIRES(bmc->lock);

static void
erase_system(RedfishBmc *bmc)
{
    const json_t *first = json_object_get(bmc->tree->document, "state");
    for (size_t i = 0; i < G_N_ELEMENTS(system_settings); i++)
        redfish_state_set(bmc->state, system_settings[i],
                          json_deep_copy(json_object_get(first, system_settings[i])));
    redfish_state_set(bmc->state, "boot.mode", json_string("Legacy"));
    bmc->knobs[REDFISH_KNOB_NO_LICENCE] = 1;
    redfish_manager_silence(bmc);
}

static void erase_data(RedfishBmc *bmc) REQUIRES(bmc->lock);

static void
erase_data(RedfishBmc *bmc)
{
    json_t *drives = redfish_state(bmc, "smart_storage.drives"), *drive;
    json_int_t due_ms = time_monotonic_ms() + bmc->knobs[REDFISH_KNOB_TASK_MS];
    size_t i;
    redfish_state_set(bmc->state, "smart_storage.logical", json_array());
    json_array_foreach(drives, i, drive)
    {
        json_object_set_new(drive, "erase_due_ms", json_integer(due_ms));
    }
}

void
redfish_secure_erase_apply(RedfishBmc *bmc)
{
    json_auto_t *wanted = json_incref(redfish_state(bmc, "erase"));
    if (json_object_size(wanted) == 0)
        return;
    redfish_state_set(bmc->state, "erase", json_object());
    if (json_is_true(json_object_get(wanted, "SystemROMAndiLOErase")))
        erase_system(bmc);
    if (json_is_true(json_object_get(wanted, "UserDataErase")))
        erase_data(bmc);
}
