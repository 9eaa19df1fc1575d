/* Volume connectors and volume targets.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/commands.h"

#include "cli/nouns.h"

/* Tables, one row each. */
/* clang-format off */
static const PositionalRow one_connector[] = {
    {"<volume connector>", "UUID of the volume connector"},
    {NULL},
};

static const PositionalRow some_connectors[] = {
    {"<volume connector>", "UUID; may be several", .several = true},
    {NULL},
};

static const PositionalRow one_target[] = {
    {"<volume target>", "UUID of the volume target"},
    {NULL},
};

static const PositionalRow some_targets[] = {
    {"<volume target>", "UUID; may be several", .several = true},
    {NULL},
};

static const OptionRow of_node[] = {
    {"--node", OPTION_TEXT, USE_QUERY_TEXT, "node", "<node>", "only those of this node"},
    {NULL},
};

#define CONNECTOR_TYPES "iqn|ip|mac|wwnn|wwpn|port|portgroup"

static const OptionRow connector_create_options[] = {
    {"--node", OPTION_TEXT, USE_BODY_TEXT, "node_uuid", "<uuid>", "UUID of the node it belongs to", .required = true},
    {"--type", OPTION_TEXT, USE_BODY_TEXT, "type", "<type>", "what the id is: " CONNECTOR_TYPES, .choices = CONNECTOR_TYPES, .required = true},
    {"--connector-id", OPTION_TEXT, USE_BODY_TEXT, "connector_id", "<connector id>", "the id, as the initiator's IQN for type iqn", .required = true},
    {"--uuid", OPTION_TEXT, USE_BODY_TEXT, "uuid", "<uuid>", "UUID of the volume connector; default: a new one"},
    {"--extra", OPTION_APPEND, USE_BODY_PAIRS, "extra", "<key=value>", "anything of yours (repeatable)"},
    {NULL},
};

static const OptionRow connector_set_options[] = {
    {"--node", OPTION_TEXT, USE_ADD, "node_uuid", "<uuid>", "set the node"},
    {"--type", OPTION_TEXT, USE_ADD, "type", "<type>", "set what the id is: " CONNECTOR_TYPES, .choices = CONNECTOR_TYPES},
    {"--connector-id", OPTION_TEXT, USE_ADD, "connector_id", "<connector id>", "set the id"},
    {"--extra", OPTION_APPEND, USE_ADD_PAIRS, "extra", "<key=value>", "set an extra (repeatable)"},
    {NULL},
};

static const OptionRow connector_unset_options[] = {
    {"--extra", OPTION_APPEND, USE_REMOVE_KEYS, "extra", "<key>", "unset an extra (repeatable)"},
    {NULL},
};

static const OptionRow target_create_options[] = {
    {"--node", OPTION_TEXT, USE_BODY_TEXT, "node_uuid", "<uuid>", "UUID of the node it belongs to", .required = true},
    {"--type", OPTION_TEXT, USE_BODY_TEXT, "volume_type", "<volume type>", "iscsi, fibre_channel, nfs", .required = true},
    {"--property", OPTION_APPEND, USE_BODY_PAIRS, "properties", "<key=value>", "how to reach it: target_portal, target_iqn, target_lun, auth_username ... (repeatable)"},
    {"--boot-index", OPTION_INTEGER, USE_BODY_NUMBER, "boot_index", "<boot index>", "0: the node boots from it", .required = true, .natural = true},
    {"--volume-id", OPTION_TEXT, USE_BODY_TEXT, "volume_id", "<volume id>", "id of the volume, as in Cinder", .required = true},
    {"--uuid", OPTION_TEXT, USE_BODY_TEXT, "uuid", "<uuid>", "UUID of the volume target; default: a new one"},
    {"--extra", OPTION_APPEND, USE_BODY_PAIRS, "extra", "<key=value>", "anything of yours (repeatable)"},
    {NULL},
};

static const OptionRow target_set_options[] = {
    {"--node", OPTION_TEXT, USE_ADD, "node_uuid", "<uuid>", "set the node"},
    {"--type", OPTION_TEXT, USE_ADD, "volume_type", "<volume type>", "set the type"},
    {"--boot-index", OPTION_INTEGER, USE_ADD, "boot_index", "<boot index>", "set the boot index", .natural = true},
    {"--volume-id", OPTION_TEXT, USE_ADD, "volume_id", "<volume id>", "set the id of the volume"},
    {"--property",OPTION_APPEND, USE_ADD_PAIRS, "properties", "<key=value>", "set a property (repeatable)"},
    {"--extra", OPTION_APPEND, USE_ADD_PAIRS, "extra", "<key=value>", "set an extra (repeatable)"},
    {NULL},
};

static const OptionRow target_unset_options[] = {
    {"--extra", OPTION_APPEND, USE_REMOVE_KEYS, "extra", "<key>", "unset an extra (repeatable)"},
    {"--property", OPTION_APPEND, USE_REMOVE_KEYS, "properties", "<key>", "unset a property (repeatable)"},
    {NULL},
};

#define CONNECTOR "/v1/volume/connectors/{0}"
#define TARGET "/v1/volume/targets/{0}"

const Command volume_commands[] = {
    {"volume connector list", "List volume connectors", COMMAND_LIST, &volume_connector_noun, NULL, of_node, .version = "1.32"},
    {"volume connector show", "Show a volume connector", COMMAND_SHOW, &volume_connector_noun, one_connector, .path = CONNECTOR, .version = "1.32"},
    {"volume connector create", "Create a volume connector", COMMAND_CREATE, &volume_connector_noun, NULL, connector_create_options, .version = "1.32"},
    {"volume connector set", "Change a volume connector", COMMAND_PATCH, &volume_connector_noun, one_connector, connector_set_options, .path = CONNECTOR, .version = "1.32"},
    {"volume connector unset", "Remove what is set on a volume connector", COMMAND_PATCH, &volume_connector_noun, one_connector, connector_unset_options, .path = CONNECTOR, .version = "1.32"},
    {"volume connector delete", "Delete volume connectors", COMMAND_DELETE, &volume_connector_noun, some_connectors, .version = "1.32"},

    {"volume target list", "List volume targets", COMMAND_LIST, &volume_target_noun, NULL, of_node, .version = "1.32"},
    {"volume target show", "Show a volume target", COMMAND_SHOW, &volume_target_noun, one_target, .path = TARGET, .version = "1.32"},
    {"volume target create", "Create a volume target", COMMAND_CREATE, &volume_target_noun, NULL, target_create_options, .version = "1.32"},
    {"volume target set", "Change a volume target", COMMAND_PATCH, &volume_target_noun, one_target, target_set_options, .path = TARGET, .version = "1.32"},
    {"volume target unset", "Remove what is set on a volume target", COMMAND_PATCH, &volume_target_noun, one_target, target_unset_options, .path = TARGET, .version = "1.32"},
    {"volume target delete", "Delete volume targets", COMMAND_DELETE, &volume_target_noun, some_targets, .version = "1.32"},
    {NULL},
};
/* clang-format on */
