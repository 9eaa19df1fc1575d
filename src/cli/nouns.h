/* The things of the API with their columns, and the headings of all fields, as `baremetal` has them.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/command.h"

extern const Resource node_resource;
extern const Resource port_resource;
extern const Resource port_group_resource;
extern const Resource chassis_resource;
extern const Resource volume_connector_resource;
extern const Resource volume_target_resource;
extern const Resource conductor_resource;
extern const Resource allocation_resource;
extern const Resource deploy_template_resource;
extern const Resource driver_resource;
extern const Resource bios_resource;
extern const Resource history_resource;
extern const Resource passthru_resource;
extern const Resource shard_resource;

/* The heading of a field: "Provisioning State" for "provision_state"; the field itself when it has none.
 * own  pairs of field and heading that come first, NULL-ended; NULL: none */
const char *field_label(const char *field, const char *const *own);
