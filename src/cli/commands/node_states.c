/* Provisioning, power, maintenance, boot, console: what one request changes on a node.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/commands.h"

#include "cli/nouns.h"

/* Tables, one row each. */
/* clang-format off */
static const PositionalRow one_node[] = {
    {"<node>", "Name or UUID of the node"},
    {NULL},
};

static const PositionalRow boot_device_positionals[] = {
    {"<node>", "Name or UUID of the node"},
    {"<device>", "Device to boot from", "boot_device", .choices = "pxe|disk|cdrom|bios|safe|wanboot"},
    {NULL},
};

static const PositionalRow boot_mode_positionals[] = {
    {"<node>", "Name or UUID of the node"},
    {"<boot_mode>", "Mode of the next deployment", "target", .choices = "uefi|bios"},
    {NULL},
};

static const PositionalRow vif_attach_positionals[] = {
    {"<node>", "Name or UUID of the node"},
    {"<vif-id>", "Name or UUID of the VIF", "id"},
    {NULL},
};

static const PositionalRow vif_detach_positionals[] = {
    {"<node>", "Name or UUID of the node"},
    {"<vif-id>", "Name or UUID of the VIF"},
    {NULL},
};

static const OptionRow clean_options[] = {
    {"--clean-steps", OPTION_TEXT, USE_BODY_JSON, "clean_steps", "<clean-steps>", "list of steps (interface, step, args): JSON, a JSON or YAML file, or - for stdin", .group = "steps", .required = true},
    {"--runbook", OPTION_TEXT, USE_BODY_TEXT, "runbook", "<runbook>", "run the steps of this runbook, by name or UUID", .group = "steps"},
    {"--disable-ramdisk", OPTION_FLAG, USE_BODY_VALUE, "disable_ramdisk", NULL, "run no agent: only steps that need none", .value = "true"},
    {NULL},
};

static const OptionRow service_options[] = {
    {"--service-steps", OPTION_TEXT, USE_BODY_JSON, "service_steps", "<service-steps>", "list of steps (interface, step, args): JSON, a JSON or YAML file, or - for stdin", .group = "steps", .required = true},
    {"--runbook", OPTION_TEXT, USE_BODY_TEXT, "runbook", "<runbook>", "run the steps of this runbook, by name or UUID", .group = "steps"},
    {"--disable-ramdisk", OPTION_FLAG, USE_BODY_VALUE, "disable_ramdisk", NULL, "run no agent: only steps that need none", .value = "true"},
    {NULL},
};

static const OptionRow deploy_options[] = {
    {"--config-drive", OPTION_TEXT, USE_BODY_CONFIG_DRIVE, "configdrive", "<config-drive>", "JSON object with meta_data, user_data, network_data; or a file (gzipped image in base64); or a folder"},
    {"--deploy-steps", OPTION_TEXT, USE_BODY_JSON, "deploy_steps", "<deploy-steps>", "list of steps (interface, step, priority, args): JSON, a JSON or YAML file, or - for stdin"},
    {NULL},
};

static const OptionRow rescue_options[] = {
    {"--rescue-password", OPTION_TEXT, USE_BODY_TEXT, "rescue_password", "<rescue-password>", "password to log in to the rescue ramdisk with", .required = true},
    {NULL},
};

static const OptionRow power_on_options[] = {
    {"--power-timeout", OPTION_INTEGER, USE_BODY_NUMBER, "timeout", "<seconds>", "how long the node may take", .natural = true},
    {NULL},
};

static const OptionRow power_off_options[] = {
    {"--soft", OPTION_FLAG, USE_BODY_VALUE, "target", NULL, "ask the operating system to shut down", .value = "soft power off"},
    {"--power-timeout", OPTION_INTEGER, USE_BODY_NUMBER, "timeout", "<seconds>", "how long the node may take", .natural = true},
    {NULL},
};

static const OptionRow reboot_options[] = {
    {"--soft", OPTION_FLAG, USE_BODY_VALUE, "target", NULL, "ask the operating system to reboot", .value = "soft rebooting"},
    {"--power-timeout", OPTION_INTEGER, USE_BODY_NUMBER, "timeout", "<seconds>", "how long the node may take", .natural = true},
    {NULL},
};

static const OptionRow maintenance_options[] = {
    {"--reason", OPTION_TEXT, USE_BODY_TEXT, "reason", "<reason>", "why it is in maintenance"},
    {NULL},
};

static const OptionRow boot_device_options[] = {
    {"--persistent", OPTION_FLAG, USE_BODY_VALUE, "persistent", NULL, "for all boots to come, not only the next", .value = "true"},
    {NULL},
};

static const OptionRow vif_attach_options[] = {
    {"--port-uuid", OPTION_TEXT, USE_BODY_TEXT, "port_uuid", "<port-uuid>", "port to attach the VIF to"},
    {"--portgroup-uuid", OPTION_TEXT, USE_BODY_TEXT, "portgroup_uuid", "<portgroup-uuid>", "port group to attach the VIF to"},
    {"--vif-info", OPTION_APPEND, USE_BODY_PAIRS, "", "<key=value>", "further information about the VIF (repeatable)"},
    {NULL},
};

#define PROVISION(words, help, options, target, wait) \
    {words, help, COMMAND_ACTION, NULL, one_node, options, "PUT", "/v1/nodes/{0}/states/provision", "{\"target\": \"" target "\"}", .wait_for = wait }
#define ACTION(words, help, options, method, path, body, version) \
    {words, help, COMMAND_ACTION, NULL, one_node, options, method, "/v1/nodes/{0}/" path, body, version }

const Command node_state_commands[] = {
    PROVISION("node abort", "Abort what is being done to a node", NULL, "abort", NULL),
    PROVISION("node adopt", "Take over a node that is already deployed", NULL, "adopt", "active"),
    PROVISION("node clean", "Clean a node by hand", clean_options, "clean", "manageable"),
    PROVISION("node deploy", "Deploy a node", deploy_options, "active", "active"),
    PROVISION("node inspect", "Inspect the hardware of a node", NULL, "inspect", "manageable"),
    PROVISION("node manage", "Bring a node to the state manageable", NULL, "manage", "manageable"),
    PROVISION("node provide", "Make a node available", NULL, "provide", "available"),
    PROVISION("node rebuild", "Deploy a node again", deploy_options, "rebuild", "active"),
    PROVISION("node rescue", "Boot a node into the rescue ramdisk", rescue_options, "rescue", "rescue"),
    PROVISION("node service", "Service a node that has an instance", service_options, "service", "active"),
    PROVISION("node undeploy", "Undeploy a node", NULL, "deleted", "available"),
    PROVISION("node unhold", "Release a node that a step holds", NULL, "unhold", NULL),
    PROVISION("node unrescue", "Boot a rescued node into its system again", NULL, "unrescue", "active"),

    ACTION("node power on", "Power on a node", power_on_options, "PUT", "states/power", "{\"target\": \"power on\"}", NULL),
    ACTION("node power off", "Power off a node", power_off_options, "PUT", "states/power", "{\"target\": \"power off\"}", NULL),
    ACTION("node reboot", "Reboot a node", reboot_options, "PUT", "states/power", "{\"target\": \"rebooting\"}", NULL),
    ACTION("node maintenance set", "Put a node in maintenance", maintenance_options, "PUT", "maintenance", "{\"reason\": null}", NULL),
    ACTION("node maintenance unset", "Take a node out of maintenance", NULL, "DELETE", "maintenance", NULL, NULL),
    ACTION("node inject nmi", "Send a node a non-maskable interrupt", NULL, "PUT", "management/inject_nmi", "{}", "1.29"),
    ACTION("node console enable", "Enable the console of a node", NULL, "PUT", "states/console", "{\"enabled\": true}", NULL),
    ACTION("node console disable", "Disable the console of a node", NULL, "PUT", "states/console", "{\"enabled\": false}", NULL),
    ACTION("node secure boot on", "Turn secure boot on", NULL, "PUT", "states/secure_boot", "{\"target\": true}", "1.76"),
    ACTION("node secure boot off", "Turn secure boot off", NULL, "PUT", "states/secure_boot", "{\"target\": false}", "1.76"),

    {"node boot device set", "Set what a node boots from", COMMAND_ACTION, NULL, boot_device_positionals, boot_device_options, "PUT", "/v1/nodes/{0}/management/boot_device", "{\"persistent\": false}"},
    {"node boot mode set", "Set the boot mode for the next deployment", COMMAND_ACTION, NULL, boot_mode_positionals, NULL, "PUT", "/v1/nodes/{0}/states/boot_mode", "{}", "1.76"},
    {"node vif attach", "Attach a VIF to a node", COMMAND_ACTION, NULL, vif_attach_positionals, vif_attach_options, "POST", "/v1/nodes/{0}/vifs", "{}", "1.28"},
    {"node vif detach", "Detach a VIF from a node", COMMAND_ACTION, NULL, vif_detach_positionals, NULL, "DELETE", "/v1/nodes/{0}/vifs/{1}", NULL, "1.28"},
    {NULL},
};
/* clang-format on */
