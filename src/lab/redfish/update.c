/* Firmware updates of a simulated iLO: how the last one stands. The iLO notes the URL of the file,
 * and fetches nothing. The contract is in inside.h.
 *
 * Source: HPE iLO 4 and iLO 5 REST API references, HpiLOFirmwareUpdate and UpdateService.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"

#include <string.h>

/* What has become of the update that began last; a new reference, NULL: none has. */
static json_t *last_update(const RedfishCall *call) REQUIRES(call->bmc->lock);

static json_t *
last_update(const RedfishCall *call)
{
    const char *id, *last = NULL;
    json_t *record;
    json_object_foreach(redfish_state(call->bmc, "tasks"), id, record)
    {
        if (last == NULL || g_ascii_strtoull(id, NULL, 10) > g_ascii_strtoull(last, NULL, 10))
            last = id;
    }
    return last != NULL ? redfish_record(call, "tasks", last) : NULL;
}

static const char *update_word(const RedfishCall *call, const char *const words[4])
    REQUIRES(call->bmc->lock);

/* words: idle, running, done, failed */
static const char *
update_word(const RedfishCall *call, const char *const words[4])
{
    json_auto_t *task = last_update(call);
    const char *state = json_string_member(task, "TaskState");
    if (state == NULL)
        return words[0];
    return strcmp(state, "Running") == 0 ? words[1]
                                         : words[strcmp(state, "Completed") == 0 ? 2 : 3];
}

json_t *
redfish_update_state(const RedfishCall *call)
{
    static const char *const words[] = {"Idle", "Updating", "Complete", "Error"};
    return json_string(update_word(call, words));
}

json_t *
redfish_rest_update_state(const RedfishCall *call)
{
    static const char *const words[] = {"IDLE", "PROGRESSING", "COMPLETED", "ERROR"};
    return json_string(update_word(call, words));
}

json_t *
redfish_update_percent(const RedfishCall *call)
{
    json_auto_t *task = last_update(call);
    return json_integer(json_integer_value(json_object_get(task, "PercentComplete")));
}

void
redfish_rest_update_post(RedfishCall *call)
{
    const char *action = json_string_member(call->body, "Action");
    if (g_strcmp0(action, "InstallFromURI") != 0 ||
        json_string_member(call->body, "FirmwareURI") == NULL) {
        redfish_refuse(call, REDFISH_MESSAGE_PARAMETER_MISSING, NULL, "InstallFromURI",
                       "FirmwareURI");
        return;
    }
    if (redfish_task_begin(call, 0) != NULL)
        redfish_refuse(call, REDFISH_MESSAGE_SUCCESS, NULL, NULL, NULL);
}
