/* Commands about runbooks and inspection rules.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/commands.h"
#include "cli/commands/traits.h"
#include "cli/nouns.h"

/* Tables, one row each. */
/* clang-format off */
static const PositionalRow one_runbook[] = {
    {"<runbook>", "Name or UUID of the runbook"},
    {NULL},
};

static const PositionalRow some_runbooks[] = {
    {"<runbook>", "Name or UUID; may be several", .several = true},
    {NULL},
};

static const PositionalRow add_trait_positionals[] = {
    {"<runbook>", "Name or UUID of the runbook"},
    {"<trait>", "Traits to add", .several = true},
    {NULL},
};

static const PositionalRow remove_trait_positionals[] = {
    {"<runbook>", "Name or UUID of the runbook"},
    {"<trait>", "Traits to remove", .several = true, .unless = "--all"},
    {NULL},
};

static const PositionalRow one_rule[] = {
    {"<rule>", "UUID of the inspection rule"},
    {NULL},
};

static const PositionalRow some_rules[] = {
    {"<rule>", "UUID; may be several", .several = true},
    {NULL},
};

static const OptionRow remove_trait_options[] = {
    {"--all", OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, "remove all traits"},
    {NULL},
};

#define STEPS_HELP "list of steps (interface, step, args, order): JSON, a JSON or YAML file, or - for stdin"
#define LIST_HELP(what) "list of " what " (op, args, loop): JSON, a JSON or YAML file, or - for stdin"

static const OptionRow runbook_create_options[] = {
    {"--name", OPTION_TEXT, USE_BODY_TEXT, "name", "<name>", "unique name of the runbook", .required = true},
    {"--description", OPTION_TEXT, USE_BODY_TEXT, "description", "<description>", "what it is for"},
    {"--uuid", OPTION_TEXT, USE_BODY_TEXT, "uuid", "<uuid>", "UUID of the runbook; default: a new one"},
    {"--public", OPTION_TEXT, USE_BODY_JSON, "public", "<public>", "whether all projects may see it: true or false"},
    {"--owner", OPTION_TEXT, USE_BODY_TEXT, "owner", "<owner>", "owner of the runbook"},
    {"--extra", OPTION_APPEND, USE_BODY_PAIRS, "extra", "<key=value>", "anything of yours (repeatable)"},
    {"--steps", OPTION_TEXT, USE_BODY_JSON, "steps", "<steps>", STEPS_HELP, .required = true},
    {"--disable-ramdisk", OPTION_FLAG, USE_BODY_VALUE, "disable_ramdisk", NULL, "the agent is not booted for its steps", .value = "true"},
    {NULL},
};

static const OptionRow runbook_set_options[] = {
    {"--name", OPTION_TEXT, USE_ADD_STRING, "name", "<name>", "set the name"},
    {"--description", OPTION_TEXT, USE_ADD_STRING, "description", "<description>", "set the description"},
    {"--public", OPTION_TEXT, USE_ADD_JSON, "public", "<public>", "whether all projects may see it: true or false"},
    {"--owner", OPTION_TEXT, USE_ADD_STRING, "owner", "<owner>", "set the owner"},
    {"--steps", OPTION_TEXT, USE_ADD_JSON, "steps", "<steps>", STEPS_HELP},
    {"--extra", OPTION_APPEND, USE_ADD_PAIRS, "extra", "<key=value>", "set an extra (repeatable)"},
    {"--disable-ramdisk", OPTION_TEXT, USE_ADD_JSON, "disable_ramdisk", "<disable-ramdisk>", "whether the agent is not booted for its steps: true or false"},
    {NULL},
};

static const OptionRow runbook_unset_options[] = {
    {"--name", OPTION_FLAG, USE_REMOVE, "name", NULL, "unset the name"},
    {"--description", OPTION_FLAG, USE_REMOVE, "description", NULL, "unset the description"},
    {"--public", OPTION_FLAG, USE_REMOVE, "public", NULL, "make a public runbook private"},
    {"--owner", OPTION_FLAG, USE_REMOVE, "owner", NULL, "unset the owner"},
    {"--extra", OPTION_APPEND, USE_REMOVE_KEYS, "extra", "<key>", "unset an extra (repeatable)"},
    {"--disable-ramdisk", OPTION_FLAG, USE_REMOVE, "disable_ramdisk", NULL, "the agent is booted for its steps"},
    {NULL},
};

static const OptionRow rule_create_options[] = {
    {"--uuid", OPTION_TEXT, USE_BODY_TEXT, "uuid", "<uuid>", "UUID of the rule; default: a new one"},
    {"--description", OPTION_TEXT, USE_BODY_TEXT, "description", "<description>", "what it is for"},
    {"--priority", OPTION_INTEGER, USE_BODY_NUMBER, "priority", "<priority>", "0 to 9999; rules with greater ones run first"},
    {"--sensitive", OPTION_TEXT, USE_BODY_JSON, "sensitive", "<sensitive>", "whether its conditions and actions are secret: true or false"},
    {"--phase", OPTION_TEXT, USE_BODY_TEXT, "phase", "<phase>", "when it runs: main"},
    {"--conditions", OPTION_TEXT, USE_BODY_JSON, "conditions", "<conditions>", LIST_HELP("conditions that must hold")},
    {"--actions", OPTION_TEXT, USE_BODY_JSON, "actions", "<actions>", LIST_HELP("actions"), .required = true},
    {NULL},
};

static const OptionRow rule_set_options[] = {
    {"--description", OPTION_TEXT, USE_ADD_STRING, "description", "<description>", "set the description"},
    {"--priority", OPTION_TEXT, USE_ADD, "priority", "<priority>", "set the priority"},
    {"--phase", OPTION_TEXT, USE_ADD_STRING, "phase", "<phase>", "set the phase"},
    {"--conditions", OPTION_TEXT, USE_ADD_JSON, "conditions", "<conditions>", LIST_HELP("conditions that must hold")},
    {"--actions", OPTION_TEXT, USE_ADD_JSON, "actions", "<actions>", LIST_HELP("actions")},
    {"--uuid", OPTION_TEXT, USE_ADD_STRING, "uuid", "<uuid>", "set the UUID"},
    {"--sensitive", OPTION_TEXT, USE_ADD_JSON, "sensitive", "<sensitive>", "true: its conditions and actions become secret, for good"},
    {NULL},
};

static const OptionRow rule_unset_options[] = {
    {"--description", OPTION_FLAG, USE_REMOVE, "description", NULL, "unset the description"},
    {"--priority", OPTION_FLAG, USE_REMOVE, "priority", NULL, "unset the priority"},
    {"--phase", OPTION_FLAG, USE_REMOVE, "phase", NULL, "unset the phase"},
    {"--condition", OPTION_APPEND, USE_REMOVE_KEYS, "conditions", "<key>", "remove a condition by its index from 0 (repeatable)"},
    {"--action", OPTION_APPEND, USE_REMOVE_KEYS, "actions", "<key>", "remove an action by its index from 0 (repeatable)"},
    {NULL},
};

#define RUNBOOK "/v1/runbooks/{0}"
#define TRAITS RUNBOOK "/traits"
#define RULE "/v1/inspection_rules/{0}"

const Command rule_commands[] = {
    {"runbook list", "List runbooks", COMMAND_LIST, &runbook_noun, .version = "1.92"},
    {"runbook show", "Show a runbook", COMMAND_SHOW, &runbook_noun, one_runbook, .path = RUNBOOK, .version = "1.92"},
    {"runbook create", "Create a runbook", COMMAND_CREATE, &runbook_noun, NULL, runbook_create_options, .version = "1.92"},
    {"runbook set", "Change a runbook", COMMAND_PATCH, &runbook_noun, one_runbook, runbook_set_options, .path = RUNBOOK, .version = "1.92"},
    {"runbook unset", "Remove what is set on a runbook", COMMAND_PATCH, &runbook_noun, one_runbook, runbook_unset_options, .path = RUNBOOK, .version = "1.92"},
    {"runbook delete", "Delete runbooks", COMMAND_DELETE, &runbook_noun, some_runbooks, .version = "1.92"},
    {"runbook trait list", "List the traits of a runbook", COMMAND_CUSTOM, NULL, one_runbook, .path = TRAITS, .version = "1.112", .run = traits_list_run, .output = PRINTS_LIST},
    {"runbook trait add", "Add traits to a runbook", COMMAND_CUSTOM, NULL, add_trait_positionals, .path = TRAITS, .version = "1.112", .run = traits_add_run},
    {"runbook trait remove", "Remove traits from a runbook", COMMAND_CUSTOM, NULL, remove_trait_positionals, remove_trait_options, .path = TRAITS, .version = "1.112", .run = traits_remove_run},

    {"inspection rule list", "List inspection rules", COMMAND_LIST, &inspection_rule_noun, .version = "1.96"},
    {"inspection rule show", "Show an inspection rule", COMMAND_SHOW, &inspection_rule_noun, one_rule, .path = RULE, .version = "1.96"},
    {"inspection rule create", "Create an inspection rule", COMMAND_CREATE, &inspection_rule_noun, NULL, rule_create_options, .version = "1.96"},
    {"inspection rule set", "Change an inspection rule", COMMAND_PATCH, &inspection_rule_noun, one_rule, rule_set_options, .path = RULE, .version = "1.96"},
    {"inspection rule unset", "Remove what is set on an inspection rule", COMMAND_PATCH, &inspection_rule_noun, one_rule, rule_unset_options, .path = RULE, .version = "1.96"},
    {"inspection rule delete", "Delete inspection rules", COMMAND_DELETE, &inspection_rule_noun, some_rules, .version = "1.96"},
    {NULL},
};
/* clang-format on */
