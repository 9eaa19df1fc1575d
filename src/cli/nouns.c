/* Columns of each noun and headings of each field.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/nouns.h"
#include <glib.h>
#include <stdlib.h>
#include <string.h>

/* Sorted by field for the search. */
static const struct {
    const char *field;
    const char *label;
} labels[] = {
    {"address",                       "Address"},
    {"alive",                         "Alive"},
    {"allocation_uuid",               "Allocation UUID"},
    {"allowable_values",              "Allowable Values"},
    {"async",                         "Async"},
    {"attach",                        "Response is attachment"},
    {"attribute_type",                "Attribute Type"},
    {"automated_clean",               "Automated Clean"},
    {"bios_interface",                "BIOS Interface"},
    {"boot_index",                    "Boot Index"},
    {"boot_interface",                "Boot Interface"},
    {"boot_mode",                     "Boot Mode"},
    {"candidate_nodes",               "Candidate Nodes"},
    {"chassis_uuid",                  "Chassis UUID"},
    {"children",                      "Children"},
    {"clean_step",                    "Clean Step"},
    {"conductor",                     "Conductor"},
    {"conductor_group",               "Conductor Group"},
    {"connector_id",                  "Connector ID"},
    {"console_enabled",               "Console Enabled"},
    {"console_interface",             "Console Interface"},
    {"count",                         "Count"},
    {"created_at",                    "Created At"},
    {"default_bios_interface",        "Default BIOS Interface"},
    {"default_boot_interface",        "Default Boot Interface"},
    {"default_console_interface",     "Default Console Interface"},
    {"default_deploy_interface",      "Default Deploy Interface"},
    {"default_inspect_interface",     "Default Inspect Interface"},
    {"default_management_interface",  "Default Management Interface"},
    {"default_network_interface",     "Default Network Interface"},
    {"default_power_interface",       "Default Power Interface"},
    {"default_raid_interface",        "Default RAID Interface"},
    {"default_rescue_interface",      "Default Rescue Interface"},
    {"default_storage_interface",     "Default Storage Interface"},
    {"default_vendor_interface",      "Default Vendor Interface"},
    {"deploy_interface",              "Deploy Interface"},
    {"deploy_step",                   "Deploy Step"},
    {"description",                   "Description"},
    {"driver",                        "Driver"},
    {"driver_info",                   "Driver Info"},
    {"driver_internal_info",          "Driver Internal Info"},
    {"drivers",                       "Drivers"},
    {"enabled_bios_interfaces",       "Enabled BIOS Interfaces"},
    {"enabled_boot_interfaces",       "Enabled Boot Interfaces"},
    {"enabled_console_interfaces",    "Enabled Console Interfaces"},
    {"enabled_deploy_interfaces",     "Enabled Deploy Interfaces"},
    {"enabled_inspect_interfaces",    "Enabled Inspect Interfaces"},
    {"enabled_management_interfaces", "Enabled Management Interfaces"},
    {"enabled_network_interfaces",    "Enabled Network Interfaces"},
    {"enabled_power_interfaces",      "Enabled Power Interfaces"},
    {"enabled_raid_interfaces",       "Enabled RAID Interfaces"},
    {"enabled_rescue_interfaces",     "Enabled Rescue Interfaces"},
    {"enabled_storage_interfaces",    "Enabled Storage Interfaces"},
    {"enabled_vendor_interfaces",     "Enabled Vendor Interfaces"},
    {"event",                         "Description of the event"},
    {"event_type",                    "Event Origin Type"},
    {"extra",                         "Extra"},
    {"fault",                         "Fault"},
    {"firmware_interface",            "Firmware Interface"},
    {"hostname",                      "Hostname"},
    {"hosts",                         "Active host(s)"},
    {"http_methods",                  "Supported HTTP methods"},
    {"id",                            "ID"},
    {"inspect_interface",             "Inspect Interface"},
    {"inspection_finished_at",        "Inspection Finished At"},
    {"inspection_started_at",         "Inspection Started At"},
    {"instance_info",                 "Instance Info"},
    {"instance_uuid",                 "Instance UUID"},
    {"internal_info",                 "Internal Info"},
    {"is_smartnic",                   "Is Smart NIC port"},
    {"last_error",                    "Last Error"},
    {"lessee",                        "Lessee"},
    {"local_link_connection",         "Local Link Connection"},
    {"lower_bound",                   "Lower Bound"},
    {"maintenance",                   "Maintenance"},
    {"maintenance_reason",            "Maintenance Reason"},
    {"management_interface",          "Management Interface"},
    {"max_length",                    "Maximum Length"},
    {"min_length",                    "Minimum Length"},
    {"mode",                          "Mode"},
    {"name",                          "Name"},
    {"network_data",                  "Network Configuration"},
    {"network_interface",             "Network Interface"},
    {"node_uuid",                     "Node UUID"},
    {"owner",                         "Owner"},
    {"parent_node",                   "Parent Node"},
    {"physical_network",              "Physical Network"},
    {"portgroup_uuid",                "Portgroup UUID"},
    {"power_interface",               "Power Interface"},
    {"power_state",                   "Power State"},
    {"properties",                    "Properties"},
    {"protected",                     "Protected"},
    {"protected_reason",              "Protected Reason"},
    {"provision_state",               "Provisioning State"},
    {"provision_updated_at",          "Provision Updated At"},
    {"pxe_enabled",                   "PXE boot enabled"},
    {"raid_config",                   "Current RAID configuration"},
    {"raid_interface",                "RAID Interface"},
    {"read_only",                     "Read Only"},
    {"rescue_interface",              "Rescue Interface"},
    {"reservation",                   "Reservation"},
    {"reset_required",                "Reset Required"},
    {"resource_class",                "Resource Class"},
    {"retired",                       "Retired"},
    {"retired_reason",                "Retired Reason"},
    {"secure_boot",                   "Secure Boot"},
    {"service_step",                  "Service Step"},
    {"severity",                      "Severity"},
    {"shard",                         "Shard"},
    {"standalone_ports_supported",    "Standalone Ports Supported"},
    {"state",                         "State"},
    {"steps",                         "Steps"},
    {"storage_interface",             "Storage Interface"},
    {"target_power_state",            "Target Power State"},
    {"target_provision_state",        "Target Provision State"},
    {"target_raid_config",            "Target RAID configuration"},
    {"traits",                        "Traits"},
    {"type",                          "Type"},
    {"unique",                        "Unique"},
    {"updated_at",                    "Updated At"},
    {"upper_bound",                   "Upper Bound"},
    {"user",                          "User"},
    {"uuid",                          "UUID"},
    {"value",                         "Value"},
    {"vendor_interface",              "Vendor Interface"},
    {"volume_id",                     "Volume ID"},
    {"volume_type",                   "Driver Volume Type"},
};

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

const Noun passthru_noun = {
    .word = "passthru method",
    .columns = passthru_columns,
    .detailed_columns = passthru_columns,
    .hidden = only_links,
};

static int
compare_field(const void *key, const void *row)
{
    return strcmp(key, *(const char *const *)row);
}

const char *
field_label(const char *field, const char *const *own)
{
    for (; own != NULL && own[0] != NULL; own += 2) {
        if (strcmp(own[0], field) == 0)
            return own[1];
    }
    const void *found =
        bsearch(field, labels, G_N_ELEMENTS(labels), sizeof labels[0], compare_field);
    return found != NULL ? ((const char *const *)found)[1] : field;
}
