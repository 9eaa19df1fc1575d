/* UEFI iSCSI boot of an iLO 4: the attempts of an iLO 5 by other names. The contract is in
 * inside.h.
 *
 * Source: HPE iLO 4 REST API reference, HpiSCSISoftwareInitiator 1.1.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"

#include <string.h>

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
