/* Requests to a running fleet; the contract is in fleet_request.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet_request.h"

#include "common/error.h"
#include "common/json_text.h"

static json_t *
set(const FleetRequests *requests, const json_t *request, GError **error)
{
    int64_t index = -1;
    unsigned count = requests->count;
    bool all = json_is_true(json_object_get(request, "all"));
    if (!all && (!json_integer_member(request, "index", &index) || index < 0 || index >= count)) {
        steel_fail(error, STEEL_ERROR_INVALID, "index is a number from 0 to %u", count - 1);
        return NULL;
    }
    unsigned first = all ? 0 : (unsigned)index;
    unsigned end = all ? count : (unsigned)index + 1;
    for (unsigned i = first; i < end; i++)
        if (!requests->apply(requests->fleet, i, request, error))
            return NULL;
    return json_pack("{s:i}", "changed", (int)(end - first));
}

json_t *
fleet_answer(const FleetRequests *requests, const json_t *request, GError **error)
{
    const char *command = json_string_member(request, "command");
    if (g_strcmp0(command, "fleet-set") == 0)
        return set(requests, request, error);
    if (g_strcmp0(command, "status") == 0)
        return requests->status(requests->fleet);
    steel_fail(error, STEEL_ERROR_INVALID,
               "a fleet knows only status and fleet-set; SIGTERM ends it");
    return NULL;
}
