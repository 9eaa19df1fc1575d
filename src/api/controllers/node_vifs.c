/* Virtual interfaces attached to a node.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "common/uuid.h"
#include "model/names.h"

Answer
vifs_list(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!request_no_arguments(request, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_VIF_LIST, node.uuid, json_object(), request_after_200);
}

static bool
place_valid(const json_t *body, GError **error)
{
    const json_t *port = json_object_get(body, "port_uuid");
    const json_t *group = json_object_get(body, "portgroup_uuid");
    if (port == NULL && group == NULL)
        return true;
    if (port != NULL && group != NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Cannot specify both port_uuid and portgroup_uuid");
    const char *uuid = json_string_value(port != NULL ? port : group);
    return (uuid != NULL && uuid_valid(uuid)) ||
           steel_fail(error, STEEL_ERROR_INVALID, "%s must be a UUID",
                      port != NULL ? "port_uuid" : "portgroup_uuid");
}

Answer
vif_attach(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    json_t *body = request_json(request, JSON_OBJECT, error);
    if (body == NULL || !request_no_arguments(request, error) ||
        !node_captured(request, &node, error))
        return ANSWER_FAILED;
    const char *id = json_string_member(body, "id");
    if (id == NULL || *id == '\0') {
        steel_fail(error, STEEL_ERROR_MISSING, "a VIF needs an 'id' that is a string");
        return ANSWER_FAILED;
    }
    if ((!uuid_valid(id) && !node_name_valid(id, error)) || !place_valid(body, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_VIF_ATTACH, node.uuid, json_incref(body), request_after_204);
}

Answer
vif_detach(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!request_no_arguments(request, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_VIF_DETACH, node.uuid,
                        json_pack("{s:s}", "id", request->captures[1]), request_after_204);
}
