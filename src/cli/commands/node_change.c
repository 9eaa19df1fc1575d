/* node set and unset.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/commands.h"

#include "cli/body.h"
#include "cli/generic.h"
#include "cli/node_options.h"
#include "cli/nouns.h"
#include "cli/requests.h"
#include <string.h>

/* The RAID configuration has a request of its own, which comes first: the patch may rename the
 * node. */
static bool
put_raid(Context *context, json_t *configuration, GError **error)
{
    g_autofree char *path = path_build("/v1/nodes/{0}/states/raid", context->arguments);
    return request_send(context, "PUT", path, configuration, error);
}

/* The patch, unless only the RAID configuration changes. */
static bool
patch_rest(Context *context, bool raid_given, GError **error)
{
    json_auto_t *patch = patch_build(context->command, context->arguments, error);
    if (patch == NULL)
        return false;
    return (raid_given && json_array_size(patch) == 0) || generic_patch(context, error);
}

static bool
run_set(Context *context, GError **error)
{
    const char *raid = arguments_text(context->arguments, "--target-raid-config");
    if (arguments_has(context->arguments, "--reset-interfaces") &&
        !arguments_has(context->arguments, "--driver"))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "--reset-interfaces can only be specified with --driver");
    if (raid != NULL && raid[0] != '\0') {
        json_auto_t *configuration = json_argument(raid, "--target-raid-config", error);
        if (configuration == NULL || !put_raid(context, configuration, error))
            return false;
    }
    return patch_rest(context, raid != NULL, error);
}

static bool
run_unset(Context *context, GError **error)
{
    bool raid = arguments_has(context->arguments, "--target-raid-config");
    json_auto_t *nothing = json_object();
    if (raid && !put_raid(context, nothing, error))
        return false;
    return patch_rest(context, raid, error);
}

/* Tables, one row each. */
/* clang-format off */
static const PositionalRow one_node[] = {
    {"<node>", "Name or UUID of the node"},
    {NULL},
};

/* --X-interface and --reset-X-interface, of which only one can be given: the rows have the same
 * group. */
#define SET_INTERFACE(word) \
    {"--" word "-interface", OPTION_TEXT, USE_ADD, word "_interface", "<" word "_interface>", "set the " word " interface", .group = word}, \
    {"--reset-" word "-interface", OPTION_FLAG, USE_REMOVE, word "_interface", NULL, "back to the driver's default " word " interface", .group = word},

static const OptionRow set_options[] = {
    {"--instance-uuid", OPTION_TEXT, USE_ADD, "instance_uuid", "<uuid>", "set the instance UUID"},
    {"--name", OPTION_TEXT, USE_ADD, "name", "<name>", "set the name"},
    {"--chassis-uuid", OPTION_TEXT, USE_ADD, "chassis_uuid", "<chassis UUID>", "set the chassis"},
    {"--driver", OPTION_TEXT, USE_ADD, "driver", "<driver>", "set the driver"},
    {"--resource-class",OPTION_TEXT, USE_ADD, "resource_class", "<resource class>", "set the resource class"},
    {"--conductor-group", OPTION_TEXT, USE_ADD, "conductor_group", "<conductor group>", "set the conductor group"},
    {"--protected", OPTION_FLAG, USE_ADD_VALUE, "protected", NULL, "protect from undeploy, rebuild and delete", .value = "True"},
    {"--protected-reason", OPTION_TEXT, USE_ADD, "protected_reason", "<reason>", "why it is protected"},
    {"--retired", OPTION_FLAG, USE_ADD_VALUE, "retired", NULL, "mark as retired", .value = "True"},
    {"--retired-reason", OPTION_TEXT, USE_ADD, "retired_reason", "<reason>", "why it is retired"},
    {"--owner", OPTION_TEXT, USE_ADD, "owner", "<owner>", "set the owner"},
    {"--lessee",OPTION_TEXT, USE_ADD, "lessee", "<lessee>", "set the lessee"},
    {"--description", OPTION_TEXT, USE_ADD, "description", "<description>", "set the description"},
    {"--shard", OPTION_TEXT, USE_ADD, "shard", "<shard>", "set the shard"},
    {"--parent-node", OPTION_TEXT, USE_ADD, "parent_node", "<node>", "set the node whose part it is"},
    {"--instance-name", OPTION_TEXT, USE_ADD, "instance_name", "<instance name>", "set the name of its instance"},
    {"--disable-power-off", OPTION_FLAG, USE_ADD_VALUE, "disable_power_off", NULL, "it is never switched off", .value = "True", .group = "power-off"},
    {"--enable-power-off", OPTION_FLAG, USE_ADD_VALUE, "disable_power_off", NULL, "it may be switched off", .value = "False", .group = "power-off"},
    {"--automated-clean", OPTION_FLAG, USE_ADD_VALUE, "automated_clean", NULL, "clean the node automatically", .value = "True", .group = "clean"},
    {"--no-automated-clean", OPTION_FLAG, USE_ADD_VALUE, "automated_clean", NULL, "do not clean the node automatically", .value = "False", .group = "clean"},
    NODE_INTERFACES(SET_INTERFACE){"--reset-interfaces", OPTION_FLAG, USE_QUERY_VALUE, "reset_interfaces", NULL, "all interfaces not named here back to the defaults of the new --driver", .value = "True"},
    {"--property", OPTION_APPEND, USE_ADD_PAIRS, "properties", "<key=value>", "set a property (repeatable)"},
    {"--extra",OPTION_APPEND, USE_ADD_PAIRS, "extra", "<key=value>", "set an extra (repeatable)"},
    {"--driver-info", OPTION_APPEND, USE_ADD_PAIRS, "driver_info", "<key=value>", "set a driver information (repeatable)"},
    {"--instance-info", OPTION_APPEND, USE_ADD_PAIRS, "instance_info", "<key=value>", "set an instance information (repeatable)"},
    {"--network-data", OPTION_TEXT, USE_ADD_JSON, "network_data", "<network data>", "static network configuration: JSON, a file, or - for stdin"},
    {"--target-raid-config", OPTION_TEXT, USE_BY_COMMAND, NULL, "<raid config>", "target RAID configuration: JSON, a file, or - for stdin"},
    {NULL},
};

#define UNSET_INTERFACE(word) {"--" word "-interface", OPTION_FLAG, USE_REMOVE, word "_interface", NULL, "unset the " word " interface"},

static const OptionRow unset_options[] = {
    {"--instance-uuid", OPTION_FLAG, USE_REMOVE, "instance_uuid", NULL, "unset the instance UUID"},
    {"--name", OPTION_FLAG, USE_REMOVE, "name", NULL, "unset the name"},
    {"--chassis-uuid", OPTION_FLAG, USE_REMOVE, "chassis_uuid", NULL, "unset the chassis"},
    {"--resource-class", OPTION_FLAG, USE_REMOVE, "resource_class", NULL, "unset the resource class"},
    {"--conductor-group",OPTION_FLAG, USE_REMOVE, "conductor_group", NULL, "unset the conductor group"},
    {"--automated-clean", OPTION_FLAG, USE_REMOVE, "automated_clean", NULL, "let the configuration decide on cleaning"},
    NODE_INTERFACES(UNSET_INTERFACE){"--protected", OPTION_FLAG, USE_REMOVE, "protected", NULL, "unset the protection"},
    {"--protected-reason", OPTION_FLAG, USE_REMOVE, "protected_reason", NULL, "unset the reason of the protection"},
    {"--retired", OPTION_FLAG, USE_REMOVE, "retired", NULL, "no longer retired"},
    {"--retired-reason", OPTION_FLAG, USE_REMOVE, "retired_reason", NULL, "unset the reason of the retirement"},
    {"--owner", OPTION_FLAG, USE_REMOVE, "owner", NULL, "unset the owner"},
    {"--lessee",OPTION_FLAG, USE_REMOVE, "lessee", NULL, "unset the lessee"},
    {"--description", OPTION_FLAG, USE_REMOVE, "description", NULL, "unset the description"},
    {"--shard", OPTION_FLAG, USE_REMOVE, "shard", NULL, "unset the shard"},
    {"--parent-node", OPTION_FLAG, USE_REMOVE, "parent_node", NULL, "unset the node whose part it is"},
    {"--instance-name", OPTION_FLAG, USE_REMOVE, "instance_name", NULL, "unset the name of its instance"},
    {"--property", OPTION_APPEND, USE_REMOVE_KEYS, "properties", "<key>", "unset a property (repeatable)"},
    {"--extra", OPTION_APPEND, USE_REMOVE_KEYS, "extra", "<key>", "unset an extra (repeatable)"},
    {"--driver-info", OPTION_APPEND, USE_REMOVE_KEYS, "driver_info", "<key>", "unset a driver information (repeatable)"},
    {"--instance-info", OPTION_APPEND, USE_REMOVE_KEYS, "instance_info", "<key>", "unset an instance information (repeatable)"},
    {"--network-data",OPTION_FLAG, USE_REMOVE, "network_data", NULL, "unset the static network configuration"},
    {"--target-raid-config", OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, "unset the target RAID configuration"},
    {NULL},
};

const Command node_change_commands[] = {
    {"node set", "Change a node", COMMAND_CUSTOM, &node_noun, one_node, set_options, .path = "/v1/nodes/{0}", .run = run_set},
    {"node unset", "Remove what is set on a node", COMMAND_CUSTOM, &node_noun, one_node, unset_options, .path = "/v1/nodes/{0}", .run = run_unset},
    {NULL},
};
/* clang-format on */
