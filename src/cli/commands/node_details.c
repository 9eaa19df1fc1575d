/* What a node has besides its fields: validation, traits, VIFs, BIOS settings, boot device,
 * console, history, inventory, vendor passthru.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/commands.h"
#include "cli/commands/traits.h"

#include "cli/body.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/passthru.h"
#include "cli/requests.h"
#include "common/http_client.h"
#include "common/python_text.h"
#include <stdio.h>
#include <string.h>

/* A listing with these headings, taken over by the context. */
static Listing *
start_listing(Context *context, const char *const *headings)
{
    context->listing = listing_new(false);
    for (; *headings != NULL; headings++)
        g_ptr_array_add(context->listing->columns, g_strdup(*headings));
    return context->listing;
}

static bool
run_validate(Context *context, GError **error)
{
    static const char *const headings[] = {"Interface", "Result", "Reason", NULL};
    g_autofree char *path = path_build("/v1/nodes/{0}/validate", context->arguments);
    json_auto_t *answer = request_get(context, path, error);
    if (answer == NULL)
        return false;
    Listing *listing = start_listing(context, headings);
    g_autoptr(GPtrArray) names = json_sorted_keys(answer);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        json_t *result = json_object_get(json_object_get(answer, name), "result");
        json_t *reason = json_object_get(json_object_get(answer, name), "reason");
        json_array_append_new(listing->rows,
                              json_pack("[s, o, o]", name,
                                        result != NULL ? json_incref(result) : json_string(""),
                                        reason != NULL ? json_incref(reason) : json_string("")));
    }
    return true;
}

static bool
run_vif_list(Context *context, GError **error)
{
    static const char *const headings[] = {"ID", NULL};
    g_autofree char *path = path_build("/v1/nodes/{0}/vifs", context->arguments);
    json_auto_t *answer = request_get(context, path, error);
    if (answer == NULL)
        return false;
    Listing *listing = start_listing(context, headings);
    size_t i;
    json_t *vif;
    json_array_foreach(json_object_get(answer, "vifs"), i, vif)
    {
        json_t *id = json_object_get(vif, "id");
        json_array_append_new(listing->rows,
                              json_pack("[o]", id != NULL ? json_incref(id) : json_string("")));
    }
    return true;
}

static bool
run_children_list(Context *context, GError **error)
{
    static const char *const headings[] = {"Child Nodes", NULL};
    g_autofree char *path = path_build("/v1/nodes/{0}/children", context->arguments);
    json_auto_t *answer = request_get(context, path, error);
    if (answer == NULL)
        return false;
    Listing *listing = start_listing(context, headings);
    size_t i;
    json_t *uuid;
    json_array_foreach(json_object_get(answer, "children"), i, uuid)
        json_array_append_new(listing->rows, json_pack("[O]", uuid));
    return true;
}

static bool
run_bios_show(Context *context, GError **error)
{
    g_autofree char *path = path_build("/v1/nodes/{0}/bios/{1}", context->arguments);
    json_auto_t *answer = request_get(context, path, error);
    if (answer == NULL)
        return false;
    json_t *setting = json_object_get(answer, arguments_positional(context->arguments, 1));
    show_object(context, &bios_noun,
                json_is_object(setting) ? json_incref(setting) : json_object());
    return true;
}

static bool
run_boot_device_show(Context *context, GError **error)
{
    bool supported = arguments_has(context->arguments, "--supported");
    const char *pattern = supported ? "/v1/nodes/{0}/management/boot_device/supported"
                                    : "/v1/nodes/{0}/management/boot_device";
    g_autofree char *path = path_build(pattern, context->arguments);
    json_t *answer = request_get(context, path, error);
    if (answer == NULL)
        return false;
    if (supported)
        join_list_members(answer);
    show_object(context, NULL, answer);
    return true;
}

static bool
run_inventory_save(Context *context, GError **error)
{
    const char *file = arguments_text(context->arguments, "--file");
    g_autofree char *path = path_build("/v1/nodes/{0}/inventory", context->arguments);
    json_auto_t *answer = request_get(context, path, error);
    if (answer == NULL)
        return false;
    g_autoptr(GString) text = g_string_new(NULL);
    python_json_append(text, answer, false);
    if (file == NULL) {
        puts(text->str);
        return true;
    }
    g_autoptr(GError) cause = NULL;
    if (!g_file_set_contents(file, text->str, (gssize)text->len, &cause))
        return steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    return true;
}

static bool
run_passthru_list(Context *context, GError **error)
{
    return passthru_list(context, "/v1/nodes/{0}/vendor_passthru/methods", error);
}

/* The shape of the answer is unknown: it is printed unchanged. */
static bool
run_passthru_call(Context *context, GError **error)
{
    json_auto_t *answer = passthru_call(context, "/v1/nodes/{0}/vendor_passthru/{1}", error);
    if (answer == NULL)
        return false;
    if (!json_is_null(answer)) {
        g_autofree char *text = python_str(answer);
        puts(text);
    }
    return true;
}

/* Tables, one row each. */
/* clang-format off */
static const PositionalRow one_node[] = {
    {"<node>", "Name or UUID of the node"},
    {NULL},
};

static const PositionalRow bios_show_positionals[] = {
    {"<node>", "Name or UUID of the node"},
    {"<setting name>", "Name of the setting"},
    {NULL},
};

static const PositionalRow history_get_positionals[] = {
    {"<node>", "Name or UUID of the node"},
    {"<event>", "UUID of the event"},
    {NULL},
};

#define TRAITS "/v1/nodes/{0}/traits"

static const PositionalRow add_trait_positionals[] = {
    {"<node>", "Name or UUID of the node"},
    {"<trait>", "Traits to add", .several = true},
    {NULL},
};

static const PositionalRow remove_trait_positionals[] = {
    {"<node>", "Name or UUID of the node"},
    {"<trait>", "Traits to remove", .several = true, .unless = "--all"},
    {NULL},
};

static const OptionRow remove_trait_options[] = {
    {"--all", OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, "remove all traits"},
    {NULL},
};

static const OptionRow boot_device_options[] = {
    {"--supported", OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, "the boot devices that the node supports"},
    {NULL},
};

static const OptionRow inventory_options[] = {
    {"--file", OPTION_TEXT, USE_BY_COMMAND, NULL, "<filename>", "write it there, not to stdout"},
    {NULL},
};

const Command node_detail_commands[] = {
    {"node validate", "Check what the interfaces of a node need", COMMAND_CUSTOM, NULL, one_node, .run = run_validate, .output = PRINTS_LIST},
    {"node vif list", "List the VIFs attached to a node", COMMAND_CUSTOM, NULL, one_node, .version = "1.28", .run = run_vif_list, .output = PRINTS_LIST},
    {"node children list", "List the children of a node", COMMAND_CUSTOM, NULL, one_node, .version = "1.83", .run = run_children_list, .output = PRINTS_LIST},
    {"node trait list", "List the traits of a node", COMMAND_CUSTOM, NULL, one_node, .version = "1.37", .path = TRAITS, .run = traits_list_run, .output = PRINTS_LIST},
    {"node add trait", "Add traits to a node", COMMAND_CUSTOM, NULL, add_trait_positionals, .version = "1.37", .path = TRAITS, .run = traits_add_run},
    {"node trait add", "Add traits to a node", COMMAND_CUSTOM, NULL, add_trait_positionals, .version = "1.37", .path = TRAITS, .run = traits_add_run},
    {"node remove trait", "Remove traits from a node", COMMAND_CUSTOM, NULL, remove_trait_positionals, remove_trait_options, .version = "1.37", .path = TRAITS, .run = traits_remove_run},
    {"node trait remove", "Remove traits from a node", COMMAND_CUSTOM, NULL, remove_trait_positionals, remove_trait_options, .version = "1.37", .path = TRAITS, .run = traits_remove_run},
    {"node firmware list", "List the firmware of a node's machine", COMMAND_LIST, &firmware_noun, one_node, .version = "1.86"},
    {"node bios setting list", "List the BIOS settings of a node", COMMAND_LIST, &bios_noun, one_node, .version = "1.40"},
    {"node bios setting show", "Show a BIOS setting of a node", COMMAND_CUSTOM, NULL, bios_show_positionals, .version = "1.40", .run = run_bios_show, .output = PRINTS_ONE},
    {"node boot device show", "Show what a node boots from", COMMAND_CUSTOM, NULL, one_node, boot_device_options, .run = run_boot_device_show, .output = PRINTS_ONE},
    {"node console show", "Show the console of a node", COMMAND_SHOW, NULL, one_node, .path = "/v1/nodes/{0}/states/console"},
    {"node history list","List the history of a node", COMMAND_LIST, &history_noun, one_node, .version = "1.78"},
    {"node history get", "Show an event in the history of a node", COMMAND_SHOW, &history_noun, history_get_positionals, .path = "/v1/nodes/{0}/history/{1}", .version = "1.78"},
    {"node inventory save", "Write the inventory of a node as JSON", COMMAND_CUSTOM, NULL, one_node, inventory_options, .version = "1.81", .run = run_inventory_save},
    {"node passthru list", "List the vendor methods of a node", COMMAND_CUSTOM, NULL, one_node, .run = run_passthru_list, .output = PRINTS_LIST},
    {"node passthru call", "Call a vendor method of a node", COMMAND_CUSTOM, NULL, node_passthru_positionals, passthru_options, .run = run_passthru_call},
    {NULL},
};
/* clang-format on */
