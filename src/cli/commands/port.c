/* Ports, port groups and chassis.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/commands.h"

#include "cli/body.h"
#include "cli/generic.h"
#include "cli/nouns.h"
#include "cli/requests.h"

/* With --address the argument is a MAC address. */
static bool
run_show(Context *context, GError **error)
{
    if (arguments_has(context->arguments, "--address"))
        return show_by_query(context, context->command->noun, "address", error);
    return generic_show(context, error);
}

/* Tables, one row each. */
/* clang-format off */
static const PositionalRow create_positionals[] = {
    {"<address>", "MAC address of the port", "address"},
    {NULL},
};

static const PositionalRow one_port[] = {
    {"<port>", "UUID of the port"},
    {NULL},
};

static const PositionalRow some_ports[] = {
    {"<port>", "UUID; may be several", .several = true},
    {NULL},
};

static const PositionalRow show_positionals[] = {
    {"<id>", "UUID (or MAC address with --address)"},
    {NULL},
};

static const PositionalRow one_group[] = {
    {"<port group>", "Name or UUID of the port group"},
    {NULL},
};

static const PositionalRow some_groups[] = {
    {"<port group>", "Name or UUID; may be several", .several = true},
    {NULL},
};

static const PositionalRow one_chassis[] = {
    {"<chassis>", "UUID of the chassis"},
    {NULL},
};

static const PositionalRow some_chassis[] = {
    {"<chassis>", "UUID; may be several", .several = true},
    {NULL},
};

static const OptionRow show_options[] = {
    {"--address", OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, "<id> is a MAC address"},
    {"--fields", OPTION_FIELDS, USE_BY_COMMAND, NULL, "<field>", "only these fields"},
    {NULL},
};

static const OptionRow port_list_options[] = {
    {"--address", OPTION_TEXT, USE_QUERY_TEXT, "address", "<mac-address>", "only the port with this MAC address"},
    {"--node", OPTION_TEXT, USE_QUERY_TEXT, "node", "<node>", "only ports of this node"},
    {"--port-group", OPTION_TEXT, USE_QUERY_TEXT, "portgroup", "<port group>", "only ports of this port group"},
    {NULL},
};

static const OptionRow port_create_options[] = {
    {"--node", OPTION_TEXT, USE_BODY_TEXT, "node_uuid", "<uuid>", "UUID of the node it belongs to", .required = true},
    {"--uuid", OPTION_TEXT, USE_BODY_TEXT, "uuid", "<uuid>", "UUID of the port; default: a new one"},
    {"--extra", OPTION_APPEND, USE_BODY_PAIRS, "extra", "<key=value>", "anything of yours (repeatable)"},
    {"--local-link-connection", OPTION_APPEND, USE_BODY_PAIRS, "local_link_connection", "<key=value>", "where it is plugged in: switch_id, port_id, switch_info, hostname (repeatable)", .letter = "-l"},
    {"--pxe-enabled", OPTION_TEXT, USE_BODY_TEXT, "pxe_enabled", "<boolean>", "whether the node boots over this port"},
    {"--port-group", OPTION_TEXT, USE_BODY_TEXT, "portgroup_uuid", "<uuid>", "UUID of the port group it belongs to"},
    {"--physical-network", OPTION_TEXT, USE_BODY_TEXT, "physical_network", "<physical network>", "name of the network it is connected to"},
    {"--is-smartnic", OPTION_FLAG, USE_BODY_VALUE, "is_smartnic", NULL, "it is a port of a Smart NIC", .value = "true"},
    {"--name", OPTION_TEXT, USE_BODY_TEXT, "name", "<name>", "name of the port"},
    {"--description", OPTION_TEXT, USE_BODY_TEXT, "description", "<description>", "description of the port"},
    {"--vendor", OPTION_TEXT, USE_BODY_TEXT, "vendor", "<vendor>", "vendor of the card"},
    {"--category", OPTION_TEXT, USE_BODY_TEXT, "category", "<category>", "kind of port, in words of yours"},
    {NULL},
};

static const OptionRow port_set_options[] = {
    {"--node", OPTION_TEXT, USE_ADD, "node_uuid", "<uuid>", "set the node"},
    {"--address", OPTION_TEXT, USE_ADD, "address", "<address>", "set the MAC address"},
    {"--extra", OPTION_APPEND, USE_ADD_PAIRS, "extra", "<key=value>", "set an extra (repeatable)"},
    {"--port-group", OPTION_TEXT, USE_ADD, "portgroup_uuid", "<uuid>", "set the port group"},
    {"--local-link-connection",OPTION_APPEND, USE_ADD_PAIRS, "local_link_connection", "<key=value>", "set where it is plugged in (repeatable)"},
    {"--pxe-enabled", OPTION_FLAG, USE_ADD_VALUE, "pxe_enabled", NULL, "the node boots over this port", .value = "True", .group = "pxe"},
    {"--pxe-disabled", OPTION_FLAG, USE_ADD_VALUE, "pxe_enabled", NULL, "the node does not boot over this port", .value = "False", .group = "pxe"},
    {"--physical-network", OPTION_TEXT, USE_ADD, "physical_network", "<physical network>", "set the network it is connected to"},
    {"--is-smartnic", OPTION_FLAG, USE_ADD_VALUE, "is_smartnic", NULL, "it is a port of a Smart NIC", .value = "True"},
    {"--name", OPTION_TEXT, USE_ADD, "name", "<name>", "set the name"},
    {"--description", OPTION_TEXT, USE_ADD, "description", "<description>", "set the description"},
    {"--vendor", OPTION_TEXT, USE_ADD, "vendor", "<vendor>", "set the vendor"},
    {"--category", OPTION_TEXT, USE_ADD, "category", "<category>", "set the category"},
    {NULL},
};

static const OptionRow port_unset_options[] = {
    {"--extra", OPTION_APPEND, USE_REMOVE_KEYS, "extra", "<key>", "unset an extra (repeatable)"},
    {"--local-link-connection", OPTION_APPEND, USE_REMOVE_KEYS, "local_link_connection", "<key>", "unset a part of where it is plugged in (repeatable)"},
    {"--port-group", OPTION_FLAG, USE_REMOVE, "portgroup_uuid", NULL, "take it out of its port group"},
    {"--physical-network", OPTION_FLAG, USE_REMOVE, "physical_network", NULL, "unset the network it is connected to"},
    {"--is-smartnic", OPTION_FLAG, USE_ADD_VALUE, "is_smartnic", NULL, "it is not a port of a Smart NIC", .value = "False"},
    {"--name", OPTION_FLAG, USE_REMOVE, "name", NULL, "unset the name"},
    {"--description", OPTION_FLAG, USE_REMOVE, "description", NULL, "unset the description"},
    {"--vendor", OPTION_FLAG, USE_REMOVE, "vendor", NULL, "unset the vendor"},
    {"--category", OPTION_FLAG, USE_REMOVE, "category", NULL, "unset the category"},
    {NULL},
};

static const OptionRow group_list_options[] = {
    {"--address", OPTION_TEXT, USE_QUERY_TEXT, "address", "<mac-address>", "only the port group with this MAC address"},
    {"--node", OPTION_TEXT, USE_QUERY_TEXT, "node", "<node>", "only port groups of this node"},
    {"--shards", OPTION_TEXT, USE_QUERY_TEXT, "shard", "<shard>[,<shard>]", "only port groups of nodes in these shards"},
    {NULL},
};

static const OptionRow group_create_options[] = {
    {"--node", OPTION_TEXT, USE_BODY_TEXT, "node_uuid", "<uuid>", "UUID of the node it belongs to", .required = true},
    {"--address", OPTION_TEXT, USE_BODY_TEXT, "address", "<mac-address>", "MAC address of the port group"},
    {"--name", OPTION_TEXT, USE_BODY_TEXT, "name", "<name>", "name of the port group"},
    {"--uuid", OPTION_TEXT, USE_BODY_TEXT, "uuid", "<uuid>", "UUID of the port group; default: a new one"},
    {"--extra", OPTION_APPEND, USE_BODY_PAIRS, "extra", "<key=value>", "anything of yours (repeatable)"},
    {"--mode", OPTION_TEXT, USE_BODY_TEXT, "mode", "<mode>", "bonding mode, as Linux names them"},
    {"--physical-network", OPTION_TEXT, USE_BODY_TEXT, "physical_network", "<physical network>", "physical network of the port group"},
    {"--category", OPTION_TEXT, USE_BODY_TEXT, "category", "<category>", "category of the port group"},
    {"--property", OPTION_APPEND, USE_BODY_PAIRS, "properties", "<key=value>", "property of the bond (repeatable)"},
    {"--support-standalone-ports", OPTION_FLAG, USE_BODY_VALUE, "standalone_ports_supported", NULL, "its ports can be used alone (default)", .value = "true", .group = "alone"},
    {"--unsupport-standalone-ports",OPTION_FLAG, USE_BODY_VALUE, "standalone_ports_supported", NULL, "its ports cannot be used alone", .value = "false", .group = "alone"},
    {NULL},
};

static const OptionRow group_set_options[] = {
    {"--node", OPTION_TEXT, USE_ADD, "node_uuid", "<uuid>", "set the node"},
    {"--address", OPTION_TEXT, USE_ADD, "address", "<mac-address>", "set the MAC address"},
    {"--name", OPTION_TEXT, USE_ADD, "name", "<name>", "set the name"},
    {"--support-standalone-ports", OPTION_FLAG, USE_ADD_VALUE, "standalone_ports_supported", NULL, "its ports can be used alone", .value = "True", .group = "alone"},
    {"--unsupport-standalone-ports",OPTION_FLAG, USE_ADD_VALUE, "standalone_ports_supported", NULL, "its ports cannot be used alone", .value = "False", .group = "alone"},
    {"--mode", OPTION_TEXT, USE_ADD_STRING, "mode", "<mode>", "set the bonding mode"},
    {"--physical-network", OPTION_TEXT, USE_ADD, "physical_network", "<physical network>", "set the physical network"},
    {"--category", OPTION_TEXT, USE_ADD, "category", "<category>", "set the category"},
    {"--extra", OPTION_APPEND, USE_ADD_PAIRS, "extra", "<key=value>", "set an extra (repeatable)"},
    {"--property", OPTION_APPEND, USE_ADD_PAIRS, "properties", "<key=value>", "set a property (repeatable)"},
    {NULL},
};

static const OptionRow group_unset_options[] = {
    {"--name", OPTION_FLAG, USE_REMOVE, "name", NULL, "unset the name"},
    {"--address", OPTION_FLAG, USE_REMOVE, "address", NULL, "unset the MAC address"},
    {"--physical-network", OPTION_FLAG, USE_REMOVE, "physical_network", NULL, "unset the physical network"},
    {"--category", OPTION_FLAG, USE_REMOVE, "category", NULL, "unset the category"},
    {"--extra", OPTION_APPEND, USE_REMOVE_KEYS, "extra", "<key>", "unset an extra (repeatable)"},
    {"--property", OPTION_APPEND, USE_REMOVE_KEYS, "properties", "<key>", "unset a property (repeatable)"},
    {NULL},
};

static const OptionRow chassis_create_options[] = {
    {"--description", OPTION_TEXT, USE_BODY_TEXT, "description", "<description>", "description of the chassis"},
    {"--extra", OPTION_APPEND, USE_BODY_PAIRS, "extra", "<key=value>", "anything of yours (repeatable)"},
    {"--uuid", OPTION_TEXT, USE_BODY_TEXT, "uuid", "<uuid>", "UUID of the chassis; default: a new one"},
    {NULL},
};

static const OptionRow chassis_set_options[] = {
    {"--description", OPTION_TEXT, USE_ADD, "description", "<description>", "set the description"},
    {"--extra", OPTION_APPEND, USE_ADD_PAIRS, "extra", "<key=value>", "set an extra (repeatable)"},
    {NULL},
};

static const OptionRow chassis_unset_options[] = {
    {"--description", OPTION_FLAG, USE_REMOVE, "description", NULL, "unset the description"},
    {"--extra", OPTION_APPEND, USE_REMOVE_KEYS, "extra", "<key>", "unset an extra (repeatable)"},
    {NULL},
};

const Command port_commands[] = {
    {"port list", "List ports", COMMAND_LIST, &port_noun, NULL, port_list_options},
    {"port show", "Show a port", COMMAND_CUSTOM, &port_noun, show_positionals, show_options, .path = "/v1/ports/{0}", .run = run_show, .output = PRINTS_ONE},
    {"port create", "Create a port", COMMAND_CREATE, &port_noun, create_positionals, port_create_options},
    {"port set", "Change a port", COMMAND_PATCH, &port_noun, one_port, port_set_options, .path = "/v1/ports/{0}"},
    {"port unset","Remove what is set on a port", COMMAND_PATCH, &port_noun, one_port, port_unset_options, .path = "/v1/ports/{0}"},
    {"port delete", "Delete ports", COMMAND_DELETE, &port_noun, some_ports},

    {"port group list", "List port groups", COMMAND_LIST, &port_group_noun, NULL, group_list_options, .version = "1.23"},
    {"port group show", "Show a port group", COMMAND_CUSTOM, &port_group_noun, show_positionals, show_options, .path = "/v1/portgroups/{0}", .version = "1.23", .run = run_show, .output = PRINTS_ONE},
    {"port group create", "Create a port group", COMMAND_CREATE, &port_group_noun, NULL, group_create_options, .version = "1.23"},
    {"port group set","Change a port group", COMMAND_PATCH, &port_group_noun, one_group, group_set_options, .path = "/v1/portgroups/{0}", .version = "1.23"},
    {"port group unset", "Remove what is set on a port group", COMMAND_PATCH, &port_group_noun, one_group, group_unset_options, .path = "/v1/portgroups/{0}", .version = "1.23"},
    {"port group delete", "Delete port groups", COMMAND_DELETE, &port_group_noun, some_groups, .version = "1.23"},

    {"chassis list", "List chassis", COMMAND_LIST, &chassis_noun},
    {"chassis show", "Show a chassis", COMMAND_SHOW, &chassis_noun, one_chassis, .path = "/v1/chassis/{0}"},
    {"chassis create", "Create a chassis", COMMAND_CREATE, &chassis_noun, NULL, chassis_create_options, .created_in_full = true},
    {"chassis set", "Change a chassis", COMMAND_PATCH, &chassis_noun, one_chassis, chassis_set_options, .path = "/v1/chassis/{0}"},
    {"chassis unset", "Remove what is set on a chassis", COMMAND_PATCH, &chassis_noun, one_chassis, chassis_unset_options, .path = "/v1/chassis/{0}"},
    {"chassis delete", "Delete chassis", COMMAND_DELETE, &chassis_noun, some_chassis},
    {NULL},
};
/* clang-format on */
