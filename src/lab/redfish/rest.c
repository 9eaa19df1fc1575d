/* HP's REST of an iLO 4 (/rest/v1): the same states as Redfish tells, by other names. The contract
 * is in inside.h.
 *
 * Sources: HPE iLO 4 REST API reference; HPE iLO 4 v2.55 release notes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"

#include <string.h>

/* ---- actions: posted to the resource itself ---- */

static bool
is_action(const RedfishCall *call, const char *name, bool own)
{
    const char *action = json_string_member(call->body, "Action");
    const char *target = json_string_member(call->body, "Target");
    return g_strcmp0(action, name) == 0 && (!own || g_strcmp0(target, "/Oem/Hp") == 0);
}

static void refuse_action(RedfishCall *call) REQUIRES(call->bmc->lock);

static void
refuse_action(RedfishCall *call)
{
    const char *action = json_string_member(call->body, "Action");
    if (action == NULL)
        redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_MISSING, NULL, "POST", "Action");
    else
        redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_NOT_IN_LIST, NULL, action, "Action");
}

void
redfish_rest_system_post(RedfishCall *call)
{
    if (is_action(call, "Reset", false))
        redfish_system_reset(call);
    else if (is_action(call, "PowerButton", true))
        redfish_power_button(call);
    else
        refuse_action(call);
}

void
redfish_rest_manager_post(RedfishCall *call)
{
    if (is_action(call, "Reset", false))
        redfish_manager_reset(call);
    else
        refuse_action(call);
}

void
redfish_rest_media_post(RedfishCall *call)
{
    if (is_action(call, "InsertVirtualMedia", true))
        redfish_media_insert(call);
    else if (is_action(call, "EjectVirtualMedia", true))
        redfish_media_eject(call);
    else
        refuse_action(call);
}

/* ---- secure boot ---- */

/* Keys are changed by members that ask for it, and always read false. */
void
redfish_rest_secure_boot_patch(RedfishCall *call)
{
    bool clear = json_is_true(json_object_get(call->body, "ResetAllKeys"));
    bool reset = json_is_true(json_object_get(call->body, "ResetToDefaultKeys"));
    if (clear || reset) {
        redfish_state_set(call->bmc->state, "secure_boot.keys",
                          json_string(reset ? "default" : "none"));
        redfish_say(call, 200, NULL);
        return;
    }
    redfish_patch(call, redfish_tree_find(call->bmc->tree, call->path));
}

/* ---- answers ---- */

/* "Base.1.5.PropertyUnknown" is "Base.0.10.PropertyUnknown" here. */
static char *
old_id(const char *id)
{
    const char *last = strrchr(id, '.');
    return g_strdup_printf("%s.0.10.%s", g_str_has_prefix(id, "iLO.") ? "iLO" : "Base",
                           last != NULL ? last + 1 : id);
}

/* HP's shape, and Redfish's beside it, as iLO 4 has from firmware 2.30 on. */
static json_t *
extended_error(const char *id, json_t *arguments)
{
    g_autofree char *own = old_id(id);
    json_t *message = json_pack("{s:s}", "MessageID", own);
    if (json_array_size(arguments) > 0)
        json_object_set(message, "MessageArgs", arguments);
    json_t *answer = json_pack("{s:s, s:s, s:[O], s:{s:s, s:s, s:[O]}}", "Type",
                               "ExtendedError.1.0.0", "Name", "Extended Error Information",
                               "Messages", message, "error", "code", "iLO.0.10.ExtendedInfo",
                               "message", "See @Message.ExtendedInfo for more information.",
                               "@Message.ExtendedInfo", message);
    json_decref(message);
    return answer;
}

static json_t *
message_of(const json_t *content)
{
    const json_t *list =
        json_object_get(json_object_get(content, "error"), "@Message.ExtendedInfo");
    return json_array_get(list, 0);
}

void
redfish_rest_dress(RedfishCall *call)
{
    const json_t *message = message_of(call->content);
    bool settings = g_str_has_suffix(call->path, "/settings");
    unsigned status = call->answer->status;
    const char *id = message != NULL ? json_string_member(message, "MessageId")
                     : settings      ? "iLO.SystemResetRequired"
                                     : "Base.Success";
    bool read = g_strcmp0(call->request->method, "GET") == 0 ||
                g_strcmp0(call->request->method, "HEAD") == 0;
    if (message == NULL && (read || status == 201 || status >= 300))
        return;
    redfish_say(call, status == 204 ? 200 : status,
                extended_error(id, json_object_get(message, "MessageArgs")));
}
