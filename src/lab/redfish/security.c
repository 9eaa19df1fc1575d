/* The security dashboard of a simulated iLO 5: one parameter per row, told from the setting that it
 * judges. The contract is in inside.h.
 *
 * Source: HPE iLO 5 Redfish API reference, HpeiLOSecurityParam.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include <string.h>

#define PARAMETERS "/redfish/v1/Managers/1/SecurityService/SecurityDashboard/SecurityParams"

static const struct {
    const char *name;
    const char *setting; /* in the state; NULL: nothing that can be changed */
    int least, most;     /* what is safe; false is 0, true is 1 */
    const char *safe, *other;
} parameters[] = {
    {"Security Override Switch", NULL, 0, 0, "Off", "On"},
    {"IPMI/DCMI Over LAN", "security.ipmi_over_lan", 0, 0, "Disabled", "Enabled"},
    {"Minimum Password Length", "security.password_length", 8, 39, "Ok", "Insufficient"},
    {"Require Login for iLO RBSU", "security.rbsu_login", 1, 1, "Enabled", "Disabled"},
    {"Authentication Failure Logging", "security.failure_logging", 1, 5, "Enabled", "Disabled"},
    {"Secure Boot", "secure_boot.enable", 1, 1, "Enabled", "Disabled"},
    {"Password Complexity", "security.password_complexity", 1, 1, "Enabled", "Disabled"},
    {"Require Host Authentication", "security.host_authentication", 1, 1, "Enabled", "Disabled"},
    {"Last Firmware Scan Result", NULL, 0, 0, "Ok", "Failed"},
};

static bool is_safe(const RedfishBmc *bmc, size_t row) REQUIRES(bmc->lock);

static bool
is_safe(const RedfishBmc *bmc, size_t row)
{
    const char *setting = parameters[row].setting;
    const json_t *value = setting != NULL ? redfish_state(bmc, setting) : NULL;
    json_int_t number = json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
    return number >= parameters[row].least && number <= parameters[row].most;
}

static bool is_ignored(const RedfishBmc *bmc, size_t row) REQUIRES(bmc->lock);

static bool
is_ignored(const RedfishBmc *bmc, size_t row)
{
    return json_object_get(redfish_state(bmc, "security.ignored"), parameters[row].name) != NULL;
}

/* By the number that ends a call's path. False: there is no such. */
static bool
find_parameter(const RedfishCall *call, size_t *row)
{
    char *end = NULL;
    *row = (size_t)g_ascii_strtoull(call->id, &end, 10);
    return end != call->id && *end == '\0' && *row < G_N_ELEMENTS(parameters);
}

json_t *
redfish_security_members(const RedfishCall *call)
{
    json_t *members = json_array();
    (void)call;
    for (size_t row = 0; row < G_N_ELEMENTS(parameters); row++) {
        g_autofree char *path = g_strdup_printf(PARAMETERS "/%zu/", row);
        json_array_append_new(members, json_pack("{s:s}", "@odata.id", path));
    }
    return members;
}

json_t *
redfish_security_parameter(const RedfishCall *call)
{
    size_t row;
    if (!find_parameter(call, &row))
        return NULL;
    bool safe = is_safe(call->bmc, row);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "@odata.type",
                     "#HpeiLOSecurityParam.v1_1_0.HpeiLOSecurityParam", "Id", call->id, "Name",
                     parameters[row].name, "State",
                     safe ? parameters[row].safe : parameters[row].other, "SecurityStatus",
                     safe ? "Ok" : "Risk", "Ignore", is_ignored(call->bmc, row));
}

/* "Risk" while a parameter is unsafe and not ignored, "Ignored" while there is one that is. */
json_t *
redfish_security_status(const RedfishCall *call)
{
    const char *status = "Ok";
    for (size_t row = 0; row < G_N_ELEMENTS(parameters); row++) {
        if (is_safe(call->bmc, row))
            continue;
        if (!is_ignored(call->bmc, row))
            return json_string("Risk");
        status = "Ignored";
    }
    return json_string(status);
}

void
redfish_security_patch(RedfishCall *call)
{
    size_t row;
    const json_t *ignore = json_object_get(call->body, "Ignore");
    json_t *ignored = redfish_state(call->bmc, "security.ignored");
    if (!find_parameter(call, &row)) {
        redfish_refuse(call, REDFISH_MESSAGE_RESOURCE_MISSING, NULL, call->request->path, NULL);
        return;
    }
    if (!json_is_boolean(ignore) || json_object_size(call->body) != 1) {
        redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_TYPE, "#/Ignore", "given", "Ignore");
        return;
    }
    if (json_is_true(ignore))
        json_object_set_new(ignored, parameters[row].name, json_true());
    else
        json_object_del(ignored, parameters[row].name);
    redfish_say(call, 200, redfish_security_parameter(call));
}
