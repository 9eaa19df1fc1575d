/* External events of networks: they are checked and logged, and have no further effect.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "common/log.h"
#include "common/uuid.h"
#include "model/names.h"

#include <string.h>

static bool
uuid_member(const json_t *event, const char *name, bool required, GError **error)
{
    const json_t *value = json_object_get(event, name);
    if (value == NULL && !required)
        return true;
    return (json_is_string(value) && uuid_valid(json_string_value(value))) ||
           steel_fail(error, STEEL_ERROR_INVALID, "an event's %s must be a UUID", name);
}

static bool
event_valid(const json_t *event, GError **error)
{
    static const char *const names[] = {"network.bind_port", "network.unbind_port",
                                        "network.delete_port"};
    static const char *const members[] = {
        "event",     "port_id",         "mac_address",      "status",
        "device_id", "binding:host_id", "binding:vnic_type"};
    const char *name = json_string_member(event, "event");
    bool known = false;
    for (size_t i = 0; name != NULL && i < G_N_ELEMENTS(names); i++)
        known = known || strcmp(name, names[i]) == 0;
    if (!known)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "'%.40s' is not an event: network.bind_port, network.unbind_port and "
                          "network.delete_port are",
                          name != NULL ? name : "");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)event, key, value)
    {
        bool legal = false;
        for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
            legal = legal || strcmp(key, members[i]) == 0;
        if (!legal)
            return steel_fail(error, STEEL_ERROR_INVALID, "'%.40s' is not a member of an event",
                              key);
    }
    const char *address = json_string_member(event, "mac_address");
    const char *status = json_string_member(event, "status");
    if (address == NULL || status == NULL || *status == '\0')
        return steel_fail(error, STEEL_ERROR_INVALID, "an event needs mac_address and status");
    g_autofree char *normal = mac_address_normalize(address, error);
    return normal != NULL && uuid_member(event, "port_id", true, error) &&
           uuid_member(event, "device_id", false, error);
}

Answer
events_post(Request *request, GError **error)
{
    static const char *const members[] = {"events", NULL};
    const json_t *body = request_object(request, members, error);
    if (body == NULL)
        return ANSWER_FAILED;
    const json_t *events = json_object_get(body, "events");
    if (!json_is_array(events) || json_array_size(events) == 0) {
        steel_fail(error, STEEL_ERROR_INVALID, "events must be an array of at least one event");
        return ANSWER_FAILED;
    }
    size_t index;
    json_t *event;
    json_array_foreach(events, index, event)
    {
        if (!event_valid(event, error))
            return ANSWER_FAILED;
    }
    json_array_foreach(events, index, event)
        log_debug("api.events", "%s of port %s: %s", json_string_member(event, "event"),
                  json_string_member(event, "port_id"), json_string_member(event, "status"));
    return request_answer_empty(request, 204);
}
