/* What an iLO has beside Redfish's own: the power button, the licence, media that boot at the next
 * reset. The contract is in inside.h.
 *
 * Source: HPE iLO 5 Redfish API reference.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"

#include <string.h>

void
redfish_power_button(RedfishCall *call)
{
    const char *push = json_string_member(call->body, "PushType");
    bool hold = g_strcmp0(push, "PressAndHold") == 0;
    if (push == NULL)
        redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_MISSING, "#/PushType",
                       "HpeComputerSystemExt.PowerButton", "PushType");
    else if (!hold && strcmp(push, "Press") != 0)
        redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_NOT_IN_LIST, "#/PushType", push, "PushType");
    else
        redfish_power_order(call, hold ? "ForceOff" : "PushPowerButton");
}

/* Keys have 25 letters and digits, with or without dashes. */
static bool
is_key(const char *key)
{
    unsigned count = 0;
    for (; *key != '\0'; key++) {
        if (!g_ascii_isalnum(*key) && *key != '-')
            return false;
        count += g_ascii_isalnum(*key) ? 1 : 0;
    }
    return count == 25;
}

bool
redfish_licence_activate(RedfishBmc *bmc, const char *key)
{
    if (key == NULL || !is_key(key))
        return false;
    redfish_state_set(bmc->state, "license.LicenseKey", json_string(key));
    redfish_state_set(bmc->state, "license.LicenseString", json_string("iLO Advanced"));
    redfish_state_set(bmc->state, "license.LicenseType", json_string("Perpetual"));
    bmc->knobs[REDFISH_KNOB_NO_LICENCE] = 0;
    return true;
}

void
redfish_licence_post(RedfishCall *call)
{
    const char *key = json_string_member(call->body, "LicenseKey");
    if (redfish_licence_activate(call->bmc, key))
        redfish_say(call, 201, json_deep_copy(redfish_state(call->bmc, "license")));
    else
        redfish_refuse(call, REDFISH_MESSAGE_INVALID_LICENCE, NULL, NULL, NULL);
}

json_t *
redfish_licence(const RedfishCall *call)
{
    if (call->bmc->knobs[REDFISH_KNOB_NO_LICENCE] == 0)
        return json_deep_copy(redfish_state(call->bmc, "license"));
    return json_pack("{s:s, s:s, s:s}", "LicenseKey", "", "LicenseString", "iLO Standard",
                     "LicenseType", "Unlicensed");
}
