/* node list, show, create, delete.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/commands.h"

#include "cli/body.h"
#include "cli/node_options.h"
#include "cli/nouns.h"
#include "cli/requests.h"

/* With --instance the argument is the UUID of an instance. */
static bool
run_show(Context *context, GError **error)
{
    g_autofree char *fields = requested_fields(context);
    if (arguments_has(context->arguments, "--instance"))
        return show_by_query(context, &node_noun, "instance_uuid", error);
    g_autofree char *base = path_build("/v1/nodes/{0}", context->arguments);
    g_autoptr(GString) path = g_string_new(base);
    if (fields != NULL)
        query_append(path, "fields", fields);
    json_t *node = request_get(context, path->str, error);
    if (node == NULL)
        return false;
    show_always(&node_noun, fields, node);
    show_object(context, &node_noun, node);
    return true;
}

/* Tables, one row each. */
/* clang-format off */
static const PositionalRow some_nodes[] = {
    {"<node>", "Name or UUID; may be several", .several = true},
    {NULL},
};

static const PositionalRow show_positionals[] = {
    {"<node>", "Name or UUID of the node (or instance UUID with --instance)"},
    {NULL},
};

static const OptionRow show_options[] = {
    {"--instance", OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, "<node> is an instance UUID"},
    {"--fields", OPTION_FIELDS, USE_BY_COMMAND, NULL, "<field>", "only these fields"},
    {NULL},
};

static const OptionRow list_options[] = {
    {"--maintenance", OPTION_FLAG, USE_QUERY_VALUE, "maintenance", NULL, "only nodes in maintenance", .value = "True", .group = "maintenance"},
    {"--no-maintenance", OPTION_FLAG, USE_QUERY_VALUE, "maintenance", NULL, "only nodes not in maintenance", .value = "False", .group = "maintenance"},
    {"--retired", OPTION_FLAG, USE_QUERY_VALUE, "retired", NULL, "only retired nodes", .value = "True", .group = "retired"},
    {"--no-retired", OPTION_FLAG, USE_QUERY_VALUE, "retired", NULL, "only nodes that are not retired", .value = "False", .group = "retired"},
    {"--fault", OPTION_TEXT, USE_QUERY_TEXT, "fault", "<fault>", "only nodes with this fault"},
    {"--associated", OPTION_FLAG, USE_QUERY_VALUE, "associated", NULL, "only nodes with an instance", .value = "True", .group = "instance"},
    {"--unassociated", OPTION_FLAG, USE_QUERY_VALUE, "associated", NULL, "only nodes without an instance", .value = "False", .group = "instance"},
    {"--provision-state", OPTION_TEXT, USE_QUERY_TEXT, "provision_state", "<provision state>", "only nodes in this provision state"},
    {"--driver", OPTION_TEXT, USE_QUERY_TEXT, "driver", "<driver>", "only nodes with this driver"},
    {"--resource-class", OPTION_TEXT, USE_QUERY_TEXT, "resource_class", "<resource class>", "only nodes of this resource class"},
    {"--conductor-group", OPTION_TEXT, USE_QUERY_TEXT, "conductor_group", "<conductor group>", "only nodes of this conductor group"},
    {"--conductor", OPTION_TEXT, USE_QUERY_TEXT, "conductor", "<conductor>", "only nodes of this conductor"},
    {"--chassis", OPTION_TEXT, USE_QUERY_TEXT, "chassis_uuid", "<chassis UUID>", "only nodes of this chassis"},
    {"--owner", OPTION_TEXT, USE_QUERY_TEXT, "owner", "<owner>", "only nodes of this owner"},
    {"--parent-node", OPTION_TEXT, USE_QUERY_TEXT, "parent_node", "<node>", "only the children of this node"},
    {"--include-children", OPTION_FLAG, USE_QUERY_VALUE, "include_children", NULL, "children as well", .value = "True"},
    {"--instance-name", OPTION_TEXT, USE_QUERY_TEXT, "instance_name", "<instance name>", "only nodes whose instance has this name"},
    {"--lessee", OPTION_TEXT, USE_QUERY_TEXT, "lessee", "<lessee>", "only nodes of this lessee"},
    {"--description-contains", OPTION_TEXT, USE_QUERY_TEXT, "description_contains", "<text>", "only nodes whose description contains this"},
    {"--shards", OPTION_TEXT, USE_QUERY_TEXT, "shard", "<shard>[,<shard>]", "only nodes of these shards", .group = "shard"},
    {"--sharded", OPTION_FLAG, USE_QUERY_VALUE, "sharded", NULL, "only nodes with a shard", .value = "True", .group = "shard"},
    {"--unsharded", OPTION_FLAG, USE_QUERY_VALUE, "sharded", NULL, "only nodes without a shard", .value = "False", .group = "shard"},
    {NULL},
};

#define INTERFACE_OPTION(word) {"--" word "-interface", OPTION_TEXT, USE_BODY_TEXT, word "_interface", "<" word "_interface>", word " interface of the driver"},

static const OptionRow create_options[] = {
    {"--chassis-uuid", OPTION_TEXT, USE_BODY_TEXT, "chassis_uuid", "<chassis>", "UUID of the chassis the node is in"},
    {"--driver", OPTION_TEXT, USE_BODY_TEXT, "driver", "<driver>", "driver (hardware type) that controls the node", .required = true},
    {"--driver-info", OPTION_APPEND, USE_BODY_PAIRS, "driver_info", "<key=value>", "what the driver needs: BMC address, credentials (repeatable)"},
    {"--property", OPTION_APPEND, USE_BODY_PAIRS, "properties", "<key=value>", "physical property, as capabilities=... (repeatable)"},
    {"--extra", OPTION_APPEND, USE_BODY_PAIRS, "extra", "<key=value>", "anything of yours (repeatable)"},
    {"--uuid", OPTION_TEXT, USE_BODY_TEXT, "uuid", "<uuid>", "UUID of the node; default: a new one"},
    {"--name", OPTION_TEXT, USE_BODY_TEXT, "name", "<name>", "unique name of the node"},
    NODE_INTERFACES(INTERFACE_OPTION){"--network-data", OPTION_TEXT, USE_BODY_JSON, "network_data", "<network data>", "static network configuration: JSON, a file, or - for stdin"},
    {"--resource-class",OPTION_TEXT, USE_BODY_TEXT, "resource_class", "<resource class>", "resource class, as Nova's flavors ask for"},
    {"--conductor-group", OPTION_TEXT, USE_BODY_TEXT, "conductor_group", "<conductor group>", "conductor group of the node"},
    {"--automated-clean", OPTION_FLAG, USE_BODY_VALUE, "automated_clean", NULL, "clean the node automatically", .value = "true", .group = "clean"},
    {"--no-automated-clean", OPTION_FLAG, USE_BODY_VALUE, "automated_clean", NULL, "do not clean the node automatically", .value = "false", .group = "clean"},
    {"--owner", OPTION_TEXT, USE_BODY_TEXT, "owner", "<owner>", "owner of the node"},
    {"--lessee", OPTION_TEXT, USE_BODY_TEXT, "lessee", "<lessee>", "lessee of the node"},
    {"--description", OPTION_TEXT, USE_BODY_TEXT, "description", "<description>", "description of the node"},
    {"--shard", OPTION_TEXT, USE_BODY_TEXT, "shard", "<shard>", "shard of the node"},
    {"--parent-node", OPTION_TEXT, USE_BODY_TEXT, "parent_node", "<node>", "name or UUID of the node whose part it is"},
    {"--instance-name", OPTION_TEXT, USE_BODY_TEXT, "instance_name", "<instance name>", "name of its instance"},
    {"--disable-power-off", OPTION_FLAG, USE_BODY_VALUE, "disable_power_off", NULL, "it is never switched off", .value = "true"},
    {NULL},
};

const Command node_commands[] = {
    {"node list", "List nodes", COMMAND_LIST, &node_noun, NULL, list_options},
    {"node show", "Show a node", COMMAND_CUSTOM, &node_noun, show_positionals, show_options, .run = run_show, .output = PRINTS_ONE},
    {"node create", "Register a new node", COMMAND_CREATE, &node_noun, NULL, create_options, .created_in_full = true},
    {"node delete", "Unregister nodes", COMMAND_DELETE, &node_noun, some_nodes},
    {"capacity", "List how many deploys and cleanings are under way, and how many wait", COMMAND_LIST, &capacity_noun, NULL},
    {"capacity queue", "List what waits for its turn, and when it will begin", COMMAND_LIST, &queue_noun, NULL},
    {"shard list","List shards and how many nodes each has", COMMAND_LIST, &shard_noun, NULL, .version = "1.82"},
    {NULL},
};
/* clang-format on */
