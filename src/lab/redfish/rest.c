/* HP's REST of an iLO 4 (/rest/v1): the same states as Redfish tells, by other names. The contract
 * is in inside.h.
 *
 * Sources: HPE iLO 4 REST API reference; HPE iLO 4 v2.55 release notes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"

#include <string.h>

#define REST "/rest/v1"

bool
redfish_call_is_rest(const RedfishCall *call)
{
    return strcmp(call->path, "/rest") == 0 || g_str_has_prefix(call->path, REST);
}

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

json_t *
redfish_live_rest_secure_boot(const RedfishCall *call)
{
    return json_boolean(strcmp(redfish_state_text(call->bmc, "secure_boot.current"), "Enabled") ==
                        0);
}

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

/* ---- iSCSI: what an iLO 5 calls otherwise ---- */

typedef struct NameRow {
    const char *ilo5, *ilo4;
} NameRow;

static const NameRow names[] = {
    {"iSCSIAttemptInstance", "iSCSIBootAttemptInstance"},
    {"iSCSIAttemptName",     "iSCSIBootAttemptName"},
    {"iSCSIConnection",      "iSCSIBootEnable"},
    {"iSCSILUN",             "iSCSIBootLUN"},
};

/* The other name. An iLO 4 does not know an iLO 5's, and so they stay unknown: NULL. */
static const char *
translate(const char *name, bool to_ilo4)
{
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(to_ilo4 ? names[i].ilo5 : names[i].ilo4, name) == 0)
            return to_ilo4 ? names[i].ilo4 : names[i].ilo5;
        if (strcmp(to_ilo4 ? names[i].ilo4 : names[i].ilo5, name) == 0)
            return NULL;
    }
    return name;
}

/* A new array. unknown: the first name that is not known; borrowed from `attempts`. */
static json_t *
translate_attempts(const json_t *attempts, bool to_ilo4, const char **unknown)
{
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(attempts); i++) {
        json_t *attempt = json_object(), *value;
        const char *name;
        json_object_foreach(json_array_get(attempts, i), name, value)
        {
            const char *other = translate(name, to_ilo4);
            if (other == NULL)
                *unknown = name;
            else
                json_object_set(attempt, other, value);
        }
        json_array_append_new(list, attempt);
    }
    return list;
}

static json_t *show_attempts(const RedfishCall *call, bool pending) REQUIRES(call->bmc->lock);

static json_t *
show_attempts(const RedfishCall *call, bool pending)
{
    const char *unknown = NULL;
    json_auto_t *attempts = redfish_iscsi_show(call, pending);
    return translate_attempts(attempts, true, &unknown);
}

json_t *
redfish_live_rest_iscsi(const RedfishCall *call)
{
    return show_attempts(call, false);
}

json_t *
redfish_live_rest_iscsi_pending(const RedfishCall *call)
{
    return show_attempts(call, true);
}

void
redfish_rest_iscsi_patch(RedfishCall *call)
{
    const char *unknown =
        json_object_get(call->body, "iSCSISources") != NULL ? "iSCSISources" : NULL;
    json_auto_t *given = json_incref(json_object_get(call->body, "iSCSIBootSources"));
    if (json_is_array(given))
        json_object_set_new(call->body, "iSCSISources", translate_attempts(given, false, &unknown));
    else if (given != NULL)
        json_object_set(call->body, "iSCSISources", given);
    if (unknown != NULL)
        redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_UNKNOWN, NULL, unknown, NULL);
    else
        redfish_iscsi_patch(call);
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
