/* Chassis.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "api/router.h"
#include "model/resources.h"

const Collection chassis_collection = {
    .resource = &chassis_resource,
    .since = 1,
    .detail_since = 43,
    .see = "baremetal:chassis:get",
};

static Answer
nodes_of(Request *request, bool detail, GError **error)
{
    g_auto(ItemBrief) chassis = {0};
    if (!collection_find(request, &chassis_collection, request->captures[0], &chassis, error))
        return ANSWER_FAILED;
    return collection_list_within(request, &node_collection, "chassis_uuid", chassis.uuid, NULL,
                                  detail, error);
}

Answer
chassis_nodes(Request *request, GError **error)
{
    return nodes_of(request, false, error);
}

Answer
chassis_nodes_detail(Request *request, GError **error)
{
    return nodes_of(request, true, error);
}
