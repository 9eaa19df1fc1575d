/* Volume connectors and targets: how a node reaches remote volumes, and which ones.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "model/resources.h"

static const ListFilter filters[] = {
    {"node", 32, "node_uuid", filter_node},
};

static const Reference references[] = {
    {.member = "node_uuid", .find = node_reference},
};

const Collection volume_connector_collection = {
    .resource = &volume_connector_resource,
    .filters = filters,
    .filter_count = G_N_ELEMENTS(filters),
    .since = 32,
    .detail_since = 32,
    .references = references,
    .reference_count = G_N_ELEMENTS(references),
    COLLECTION_ON_NODE,
};

const Collection volume_target_collection = {
    .resource = &volume_target_resource,
    .filters = filters,
    .filter_count = G_N_ELEMENTS(filters),
    .since = 32,
    .detail_since = 32,
    .references = references,
    .reference_count = G_N_ELEMENTS(references),
    COLLECTION_ON_NODE,
};

static json_t *
link_pair(const char *base, const char *path)
{
    g_autofree char *self = g_strdup_printf("%s/v1/%s", base, path);
    g_autofree char *bookmark = g_strdup_printf("%s/%s", base, path);
    return json_pack("[{s:s, s:s}, {s:s, s:s}]", "href", self, "rel", "self", "href", bookmark,
                     "rel", "bookmark");
}

/* The links of a volume document at a path, "volume" or "nodes/X/volume". */
static Answer
answer_links(Request *request, const char *path)
{
    g_autoptr(GString) base = g_string_new(NULL);
    request_append_base(request, base);
    g_autofree char *own = g_strdup_printf("%s/", path);
    g_autofree char *connectors = g_strdup_printf("%s/connectors", path);
    g_autofree char *targets = g_strdup_printf("%s/targets", path);
    json_t *document =
        json_pack("{s:o, s:o, s:o}", "links", link_pair(base->str, own), "connectors",
                  link_pair(base->str, connectors), "targets", link_pair(base->str, targets));
    Answer answer = request_answer_json(request, 200, document);
    json_decref(document);
    return answer;
}

Answer
volume_root(Request *request, GError **error)
{
    return request_no_arguments(request, error) ? answer_links(request, "volume") : ANSWER_FAILED;
}

Answer
node_volume(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!request_no_arguments(request, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    g_autofree char *path = g_strdup_printf("nodes/%s/volume", node.uuid);
    return answer_links(request, path);
}
