/* Traits of a node.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "db/nodes.h"
#include "model/names.h"

Answer
traits_get(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!request_no_arguments(request, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    GString *out = request_out(request, 200, 256);
    g_string_append(out, "{\"traits\":");
    if (!db_node_append_traits(request_db(request), node.uuid, out, error))
        return ANSWER_FAILED;
    g_string_append_c(out, '}');
    return ANSWER_NOW;
}

Answer
traits_set(Request *request, GError **error)
{
    static const char *const members[] = {"traits", NULL};
    g_auto(NodeBrief) node = {0};
    const json_t *body = request_object(request, members, error);
    if (body == NULL || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    json_t *traits = json_object_get(body, "traits");
    if (!trait_list_valid(traits, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_SET_TRAITS, node.uuid, json_pack("{s:O}", "traits", traits),
                        request_after_204);
}

Answer
trait_add(Request *request, GError **error)
{
    static const char *const none[] = {NULL};
    g_auto(NodeBrief) node = {0};
    const char *trait = request->captures[1];
    if (request_object(request, none, error) == NULL || !node_captured(request, &node, error) ||
        !trait_name_valid(trait, error))
        return ANSWER_FAILED;
    request_set_location(request, "nodes/%s/traits/%s", request->captures[0], trait);
    return request_call(request, RPC_ADD_TRAIT, node.uuid, json_pack("{s:s}", "trait", trait),
                        request_after_204);
}

Answer
traits_remove(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    const char *trait = request->captures[1];
    if (!request_no_arguments(request, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    json_t *arguments = trait != NULL ? json_pack("{s:s}", "trait", trait) : json_object();
    return request_call(request, RPC_REMOVE_TRAITS, node.uuid, arguments, request_after_204);
}
