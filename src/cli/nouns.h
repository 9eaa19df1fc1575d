/* The resources of the API with their columns, and the headings of all fields, as `baremetal` has
 * them.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/rows.h"

extern const Noun node_noun;
extern const Noun port_noun;
extern const Noun port_group_noun;
extern const Noun chassis_noun;
extern const Noun volume_connector_noun;
extern const Noun volume_target_noun;
extern const Noun conductor_noun;
extern const Noun allocation_noun;
extern const Noun deploy_template_noun;
extern const Noun driver_noun;
extern const Noun bios_noun;
extern const Noun history_noun;
extern const Noun passthru_noun;
extern const Noun shard_noun;

/* The heading of a field: "Provisioning State" for "provision_state"; the field itself if it has
 * none.
 * own  pairs of field and heading that come first, NULL-ended; NULL: none */
const char *field_label(const char *field, const char *const *own);
