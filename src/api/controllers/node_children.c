/* The children of a node: lists of other collections narrowed to it, its BIOS settings, history,
 * inventory and timeline.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "api/internal.h"
#include "api/render.h"
#include "api/router.h"
#include "db/inventory.h"
#include "model/resources.h"

static Answer
list_of_node(Request *request, bool detail, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!node_captured(request, &node, error))
        return ANSWER_FAILED;
    return collection_list_within(request, request->route->subject, "node_uuid", node.uuid, NULL,
                                  detail, error);
}

Answer
node_ports(Request *request, GError **error)
{
    return list_of_node(request, false, error);
}

Answer
node_ports_detail(Request *request, GError **error)
{
    return list_of_node(request, true, error);
}

Answer
node_portgroups(Request *request, GError **error)
{
    return list_of_node(request, false, error);
}

Answer
node_portgroups_detail(Request *request, GError **error)
{
    return list_of_node(request, true, error);
}

Answer
node_connectors(Request *request, GError **error)
{
    return list_of_node(request, false, error);
}

Answer
node_targets(Request *request, GError **error)
{
    return list_of_node(request, false, error);
}

/* The allocation of a node. It has an owner of its own. */
static bool
find_allocation(Request *request, const NodeBrief *node, ItemBrief *allocation, GError **error)
{
    g_autoptr(GError) failure = NULL;
    if (node->allocation_uuid != NULL &&
        collection_find(request, &allocation_collection, node->allocation_uuid, allocation,
                        &failure))
        return true;
    if (failure == NULL || steel_error_is(failure, STEEL_ERROR_NOT_FOUND))
        return steel_fail(error, STEEL_ERROR_NOT_FOUND, "Allocation for node %s was not found",
                          request->captures[0]);
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

Answer
node_allocation_get(Request *request, GError **error)
{
    static const char *const arguments[] = {"fields", NULL};
    if (!request_only_arguments(request, arguments, error))
        return ANSWER_FAILED;
    const char *fields = request_argument(request, "fields");
    g_autoptr(View) own =
        fields != NULL ? view_of_fields(&allocation_resource, fields, request->version, error)
                       : NULL;
    if (fields != NULL && own == NULL)
        return ANSWER_FAILED;
    const View *view =
        own != NULL ? own : view_of(&allocation_resource, VIEW_DETAIL, request->version);
    g_auto(NodeBrief) node = {0};
    g_auto(ItemBrief) allocation = {0};
    /* as a list of allocations that is narrowed to a node, which this is to Ironic's clients */
    if (!node_lookup(request, request->captures[0], &node, error)) {
        node_not_found_is_invalid(error);
        return ANSWER_FAILED;
    }
    if (!find_allocation(request, &node, &allocation, error) ||
        !collection_write_item(request, &allocation_collection, view, allocation.uuid, 200, error))
        return ANSWER_FAILED;
    return ANSWER_NOW;
}

Answer
node_allocation_delete(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    g_auto(ItemBrief) allocation = {0};
    if (!request_no_arguments(request, error) ||
        !node_lookup(request, request->captures[0], &node, error) ||
        !find_allocation(request, &node, &allocation, error))
        return ANSWER_FAILED;
    json_t *call =
        json_pack("{s:s, s:s}", "resource", allocation_resource.name, "key", allocation.uuid);
    return request_call(request, RPC_DESTROY, allocation.node_uuid, call, request_after_204);
}

static const Collection bios_collection = {
    .resource = &bios_setting_resource,
    .since = 40,
    .detail_since = 74,
    .order = "name",
    COLLECTION_ON_NODE,
};
static const Collection firmware_collection = {
    .resource = &firmware_component_resource,
    .since = 86,
    .detail_since = 86,
    .order = "component",
    COLLECTION_ON_NODE,
};
static const Collection history_collection = {
    .resource = &node_history_resource,
    .since = 78,
    .detail_since = 78,
    COLLECTION_ON_NODE,
};
static const Collection timeline_collection = {
    .resource = &timeline_phase_resource,
    .since = 1,
    .detail_since = 1,
    COLLECTION_ON_NODE,
};

static Answer
own_list(Request *request, const Collection *collection, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!node_captured(request, &node, error))
        return ANSWER_FAILED;
    char *item_path = g_strdup_printf("nodes/%s/%s", node.uuid, collection->resource->path);
    return collection_list_within(request, collection, "node_uuid", node.uuid, item_path, false,
                                  error);
}

Answer
node_bios(Request *request, GError **error)
{
    static const char *const none[] = {NULL};
    if (request->version < 74 && !request_only_arguments(request, none, error))
        return ANSWER_FAILED;
    return own_list(request, &bios_collection, error);
}

Answer
node_firmware(Request *request, GError **error)
{
    static const char *const arguments[] = {"fields", "detail", NULL};
    if (!request_only_arguments(request, arguments, error))
        return ANSWER_FAILED;
    return own_list(request, &firmware_collection, error);
}

/* To clients of 1.82 and below a history has one order. */
Answer
node_history(Request *request, GError **error)
{
    static const char *const elder[] = {"detail", "limit", "marker", NULL};
    static const char *const newer[] = {"detail", "limit", "marker", "sort_key", "sort_dir", NULL};
    if (!request_only_arguments(request, request->version > VERSION_ELDER ? newer : elder, error))
        return ANSWER_FAILED;
    return own_list(request, &history_collection, error);
}

/* Behind the list, in its object: what has not been written to the database. */
static void
append_progress(GString *out, const ProgressState *state)
{
    json_auto_t *progress = progress_state_json(state);
    g_autofree char *text = json_text_dump(progress);
    g_string_truncate(out, out->len - 1);
    g_string_append_printf(out, ",\"progress\":%s}", text);
}

Answer
node_timeline(Request *request, GError **error)
{
    ProgressState state;
    g_auto(NodeBrief) node = {0};
    const Answer answer = own_list(request, &timeline_collection, error);
    ProgressBoard *board = request->api->services.progress;
    if (answer == ANSWER_NOW && board != NULL && node_captured(request, &node, NULL) &&
        progress_board_read(board, node.uuid, &state))
        append_progress(request->out, &state);
    return answer;
}

/* One row of a node's own list. */
typedef struct OwnItem {
    Renderer renderer;
    bool found;
} OwnItem;

static bool
write_own(const DbRow *row, void *user_data)
{
    OwnItem *item = user_data;
    item->found = true;
    render_row(&item->renderer, row);
    return false;
}

static bool
own_item(Request *request, const Resource *resource, const NodeBrief *node, const char *key,
         GString *out, bool *found, GError **error)
{
    const View *view = view_of(resource, VIEW_DETAIL, request->version);
    g_autofree char *path = g_strdup_printf("nodes/%s/%s", node->uuid, resource->path);
    OwnItem item = {.found = false};
    renderer_init(&item.renderer, request, view, path, out);
    bool good = db_item_of_node(request_db(request), view->selection, key, node->uuid, write_own,
                                &item, error);
    renderer_clear(&item.renderer);
    *found = item.found;
    return good;
}

Answer
node_bios_setting(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    const char *name = request->captures[1];
    bool found = false;
    if (!request_no_arguments(request, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    GString *out = request_out(request, 200, 512);
    g_string_append_c(out, '{');
    json_text_append_string(out, name);
    g_string_append_c(out, ':');
    if (!own_item(request, &bios_setting_resource, &node, name, out, &found, error))
        return ANSWER_FAILED;
    g_string_append_c(out, '}');
    if (found)
        return ANSWER_NOW;
    steel_fail(error, STEEL_ERROR_NOT_FOUND, "Node %s doesn't have a BIOS setting '%.80s'",
               node.uuid, name);
    return ANSWER_FAILED;
}

Answer
node_history_entry(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    bool found = false;
    if (!request_no_arguments(request, error) || !node_captured(request, &node, error) ||
        !own_item(request, &node_history_resource, &node, request->captures[1],
                  request_out(request, 200, 512), &found, error))
        return ANSWER_FAILED;
    if (found)
        return ANSWER_NOW;
    steel_fail(error, STEEL_ERROR_NOT_FOUND, "Node history record %.80s could not be found.",
               request->captures[1]);
    return ANSWER_FAILED;
}

static void
append_object(GString *out, const char *text, size_t size)
{
    if (text != NULL)
        g_string_append_len(out, text, (gssize)size);
    else
        g_string_append(out, "{}");
}

static void
write_inventory(const DbInventory *inventory, void *user_data)
{
    GString *out =
        request_out(user_data, 200, inventory->inventory_size + inventory->plugin_size + 64);
    g_string_append(out, "{\"inventory\":");
    append_object(out, inventory->inventory, inventory->inventory_size);
    g_string_append(out, ",\"plugin_data\":");
    append_object(out, inventory->plugin_data, inventory->plugin_size);
    g_string_append_c(out, '}');
}

Answer
node_inventory(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!request_no_arguments(request, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    if (!db_inventory_read(request_db(request), node.uuid, write_inventory, request, error))
        return ANSWER_FAILED;
    if (request->out != NULL)
        return ANSWER_NOW;
    steel_fail(error, STEEL_ERROR_NOT_FOUND,
               "Node inventory record for node %s could not be found.", node.uuid);
    return ANSWER_FAILED;
}
