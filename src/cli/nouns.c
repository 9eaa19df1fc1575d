/* Columns of each noun.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/nouns.h"

static const char *const node_columns[] = {
    "uuid", "name", "instance_uuid", "power_state", "provision_state", "maintenance", NULL,
};

static const char *const node_detailed[] = {
    "allocation_uuid",
    "automated_clean",
    "bios_interface",
    "boot_interface",
    "boot_mode",
    "chassis_uuid",
    "clean_step",
    "conductor",
    "conductor_group",
    "console_enabled",
    "console_interface",
    "created_at",
    "raid_config",
    "deploy_interface",
    "deploy_step",
    "description",
    "driver",
    "driver_info",
    "driver_internal_info",
    "extra",
    "fault",
    "inspect_interface",
    "inspection_finished_at",
    "inspection_started_at",
    "instance_info",
    "instance_uuid",
    "last_error",
    "lessee",
    "maintenance",
    "maintenance_reason",
    "management_interface",
    "name",
    "network_data",
    "network_interface",
    "owner",
    "power_interface",
    "power_state",
    "properties",
    "protected",
    "protected_reason",
    "provision_updated_at",
    "provision_state",
    "raid_interface",
    "rescue_interface",
    "reservation",
    "resource_class",
    "retired",
    "retired_reason",
    "secure_boot",
    "storage_interface",
    "target_power_state",
    "target_provision_state",
    "target_raid_config",
    "traits",
    "uuid",
    "updated_at",
    "vendor_interface",
    NULL,
};

static const char *const port_columns[] = {
    "uuid",
    "address",
    NULL,
};

static const char *const port_detailed[] = {
    "uuid",
    "address",
    "created_at",
    "extra",
    "node_uuid",
    "local_link_connection",
    "portgroup_uuid",
    "pxe_enabled",
    "physical_network",
    "updated_at",
    "internal_info",
    "is_smartnic",
    NULL,
};

static const char *const port_group_columns[] = {
    "uuid",
    "address",
    "name",
    NULL,
};

static const char *const port_group_detailed[] = {
    "uuid",       "address", "created_at", "extra",         "standalone_ports_supported",
    "node_uuid",  "name",    "updated_at", "internal_info", "mode",
    "properties", NULL,
};

static const char *const chassis_columns[] = {
    "uuid",
    "description",
    NULL,
};

static const char *const chassis_detailed[] = {
    "uuid", "description", "created_at", "updated_at", "extra", NULL,
};

static const char *const volume_connector_columns[] = {
    "uuid", "node_uuid", "type", "connector_id", NULL,
};

static const char *const volume_connector_detailed[] = {
    "uuid", "node_uuid", "type", "connector_id", "extra", "created_at", "updated_at", NULL,
};

static const char *const volume_target_columns[] = {
    "uuid", "node_uuid", "volume_type", "boot_index", "volume_id", NULL,
};

static const char *const volume_target_detailed[] = {
    "uuid",  "node_uuid", "volume_type", "properties", "boot_index",
    "extra", "volume_id", "created_at",  "updated_at", NULL,
};

static const char *const conductor_columns[] = {
    "hostname",
    "conductor_group",
    "alive",
    NULL,
};

static const char *const conductor_detailed[] = {
    "hostname", "conductor_group", "alive", "drivers", "created_at", "updated_at", NULL,
};

static const char *const allocation_columns[] = {
    "uuid", "name", "resource_class", "state", "node_uuid", NULL,
};

static const char *const allocation_detailed[] = {
    "uuid",       "name",           "state",  "owner",           "node_uuid",
    "last_error", "resource_class", "traits", "candidate_nodes", "extra",
    "created_at", "updated_at",     NULL,
};

static const char *const deploy_template_columns[] = {
    "uuid",
    "name",
    NULL,
};

static const char *const deploy_template_detailed[] = {
    "uuid", "name", "steps", "extra", "created_at", "updated_at", NULL,
};

static const char *const runbook_columns[] = {
    "uuid",
    "name",
    NULL,
};

static const char *const runbook_detailed[] = {
    "uuid",   "name",  "description", "traits",     "disable_ramdisk", "owner",
    "public", "steps", "extra",       "created_at", "updated_at",      NULL,
};

static const char *const inspection_rule_columns[] = {
    "uuid",
    "description",
    NULL,
};

static const char *const inspection_rule_detailed[] = {
    "uuid",    "description", "priority",   "sensitive",  "phase",
    "actions", "conditions",  "created_at", "updated_at", NULL,
};

static const char *const driver_columns[] = {
    "name",
    "hosts",
    NULL,
};

static const char *const driver_detailed[] = {
    "name",
    "type",
    "hosts",
    "default_bios_interface",
    "default_boot_interface",
    "default_console_interface",
    "default_deploy_interface",
    "default_inspect_interface",
    "default_management_interface",
    "default_network_interface",
    "default_power_interface",
    "default_raid_interface",
    "default_rescue_interface",
    "default_storage_interface",
    "default_vendor_interface",
    "enabled_bios_interfaces",
    "enabled_boot_interfaces",
    "enabled_console_interfaces",
    "enabled_deploy_interfaces",
    "enabled_inspect_interfaces",
    "enabled_management_interfaces",
    "enabled_network_interfaces",
    "enabled_power_interfaces",
    "enabled_raid_interfaces",
    "enabled_rescue_interfaces",
    "enabled_storage_interfaces",
    "enabled_vendor_interfaces",
    NULL,
};

static const char *const firmware_columns[] = {
    "component",
    "initial_version",
    "current_version",
    "last_version_flashed",
    "created_at",
    "updated_at",
    NULL,
};

static const char *const firmware_labels[] = {"component",
                                              "Component",
                                              "initial_version",
                                              "Initial Version",
                                              "current_version",
                                              "Current Version",
                                              "last_version_flashed",
                                              "Last Version Flashed",
                                              NULL};

static const char *const bios_columns[] = {
    "name",
    "value",
    NULL,
};

static const char *const bios_detailed[] = {
    "name",       "value",     "attribute_type", "allowable_values", "lower_bound", "min_length",
    "max_length", "read_only", "reset_required", "unique",           "upper_bound", NULL,
};

static const char *const history_columns[] = {
    "uuid", "created_at", "severity", "event", NULL,
};

static const char *const history_detailed[] = {
    "uuid", "created_at", "severity", "event_type", "event", "conductor", "user", NULL,
};

static const char *const passthru_columns[] = {
    "name", "http_methods", "async", "description", "attach", NULL,
};

/* Newer than the reference client: not in --long, whose columns scripts rely on. */
static const char *const node_more[] = {"shard", NULL};

static const char *const only_links[] = {"links", NULL};
static const char *const node_hidden[] = {"links", "ports", "portgroups", "states", "volume", NULL};
static const char *const port_group_hidden[] = {"links", "ports", NULL};
static const char *const chassis_hidden[] = {"links", "nodes", NULL};
static const char *const driver_hidden[] = {"links", "properties", NULL};

static const char *const driver_labels[] = {"name", "Supported driver(s)", NULL};
static const char *const bios_labels[] = {"name", "BIOS setting name", "value",
                                          "BIOS setting value", NULL};

const Noun node_noun = {
    .word = "node",
    .path = "/v1/nodes",
    .collection = "nodes",
    .columns = node_columns,
    .detailed_columns = node_detailed,
    .hidden = node_hidden,
    .detail = DETAIL_PATH,
    .more_fields = node_more,
    .always_shown = "chassis_uuid",
};

const Noun port_noun = {
    .word = "port",
    .path = "/v1/ports",
    .collection = "ports",
    .columns = port_columns,
    .detailed_columns = port_detailed,
    .hidden = only_links,
    .detail = DETAIL_PATH,
};

const Noun port_group_noun = {
    .word = "port group",
    .path = "/v1/portgroups",
    .collection = "portgroups",
    .columns = port_group_columns,
    .detailed_columns = port_group_detailed,
    .hidden = port_group_hidden,
    .detail = DETAIL_PATH,
};

const Noun chassis_noun = {
    .word = "chassis",
    .path = "/v1/chassis",
    .collection = "chassis",
    .columns = chassis_columns,
    .detailed_columns = chassis_detailed,
    .hidden = chassis_hidden,
    .detail = DETAIL_PATH,
};

const Noun volume_connector_noun = {
    .word = "volume connector",
    .path = "/v1/volume/connectors",
    .collection = "connectors",
    .columns = volume_connector_columns,
    .detailed_columns = volume_connector_detailed,
    .hidden = only_links,
    .detail = DETAIL_QUERY,
};

const Noun volume_target_noun = {
    .word = "volume target",
    .path = "/v1/volume/targets",
    .collection = "targets",
    .columns = volume_target_columns,
    .detailed_columns = volume_target_detailed,
    .hidden = only_links,
    .detail = DETAIL_QUERY,
};

const Noun conductor_noun = {
    .word = "conductor",
    .path = "/v1/conductors",
    .collection = "conductors",
    .columns = conductor_columns,
    .detailed_columns = conductor_detailed,
    .hidden = only_links,
    .detail = DETAIL_QUERY,
};

const Noun allocation_noun = {
    .word = "allocation",
    .path = "/v1/allocations",
    .collection = "allocations",
    .columns = allocation_columns,
    .detailed_columns = allocation_detailed,
    .hidden = only_links,
    .detail = DETAIL_NONE,
};

const Noun deploy_template_noun = {
    .word = "deploy template",
    .path = "/v1/deploy_templates",
    .collection = "deploy_templates",
    .columns = deploy_template_columns,
    .detailed_columns = deploy_template_detailed,
    .hidden = only_links,
    .detail = DETAIL_QUERY,
};

const Noun runbook_noun = {
    .word = "runbook",
    .path = "/v1/runbooks",
    .collection = "runbooks",
    .columns = runbook_columns,
    .detailed_columns = runbook_detailed,
    .hidden = only_links,
    .detail = DETAIL_QUERY,
};

const Noun inspection_rule_noun = {
    .word = "inspection rule",
    .path = "/v1/inspection_rules",
    .collection = "inspection_rules",
    .columns = inspection_rule_columns,
    .detailed_columns = inspection_rule_detailed,
    .hidden = only_links,
    .detail = DETAIL_QUERY,
};

const Noun driver_noun = {
    .unpaged = true,
    .word = "driver",
    .path = "/v1/drivers",
    .collection = "drivers",
    .columns = driver_columns,
    .detailed_columns = driver_detailed,
    .hidden = driver_hidden,
    .detail = DETAIL_QUERY,
    .labels = driver_labels,
};

const Noun firmware_noun = {
    .unpaged = true,
    .word = "firmware component",
    .path = "/v1/nodes/{0}/firmware",
    .collection = "firmware",
    .columns = firmware_columns,
    .detailed_columns = firmware_columns,
    .hidden = only_links,
    .labels = firmware_labels,
};

const Noun bios_noun = {
    .unpaged = true,
    .word = "BIOS setting",
    .path = "/v1/nodes/{0}/bios",
    .collection = "bios",
    .columns = bios_columns,
    .detailed_columns = bios_detailed,
    .hidden = only_links,
    .detail = DETAIL_QUERY,
    .labels = bios_labels,
};

const Noun history_noun = {
    .unpaged = true,
    .word = "history event",
    .path = "/v1/nodes/{0}/history",
    .collection = "history",
    .columns = history_columns,
    .detailed_columns = history_detailed,
    .hidden = only_links,
    .detail = DETAIL_QUERY,
};

static const char *const shard_columns[] = {"name", "count", NULL};

const Noun shard_noun = {
    .word = "shard",
    .path = "/v1/shards",
    .collection = "shards",
    .columns = shard_columns,
    .detailed_columns = shard_columns,
    .hidden = only_links,
    .detail = DETAIL_NONE,
    .unpaged = true,
};

static const char *const capacity_columns[] = {
    "operation", "limit", "working", "queued", "mean_seconds", NULL,
};

const Noun capacity_noun = {
    .word = "operation",
    .path = "/v1/capacity",
    .collection = "capacity",
    .columns = capacity_columns,
    .detailed_columns = capacity_columns,
    .hidden = only_links,
    .detail = DETAIL_NONE,
    .unpaged = true,
};

static const char *const queue_columns[] = {
    "place", "operation", "node_uuid", "project", "queued_at", "expected_start_at", NULL,
};

const Noun queue_noun = {
    .word = "place",
    .path = "/v1/capacity",
    .collection = "queue",
    .columns = queue_columns,
    .detailed_columns = queue_columns,
    .hidden = only_links,
    .detail = DETAIL_NONE,
    .unpaged = true,
};

const Noun passthru_noun = {
    .word = "passthru method",
    .columns = passthru_columns,
    .detailed_columns = passthru_columns,
    .hidden = only_links,
};
