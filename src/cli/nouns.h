/* The resources of the API with their columns, as `baremetal` has them.
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
extern const Noun runbook_noun;
extern const Noun inspection_rule_noun;
extern const Noun driver_noun;
extern const Noun bios_noun;
extern const Noun firmware_noun;
extern const Noun history_noun;
extern const Noun passthru_noun;
extern const Noun shard_noun;
extern const Noun capacity_noun;
extern const Noun queue_noun;
