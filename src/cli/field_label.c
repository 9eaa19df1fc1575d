/* Headings of fields; the contract is in field_label.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/field_label.h"

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
