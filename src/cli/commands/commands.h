/* The command tables, one file each.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/rows.h"

/* By noun; each ends with {0}. */
extern const Command node_commands[];
extern const Command node_change_commands[];
extern const Command node_state_commands[];
extern const Command node_detail_commands[];
extern const Command port_commands[];
extern const Command volume_commands[];
extern const Command allocation_commands[];
extern const Command rule_commands[];
extern const Command driver_commands[];
extern const Command timeline_commands[];
extern const Command node_log_commands[];
extern const Command node_console_commands[];
extern const Command file_commands[];
