/* The LEDs of a system and its chassis, as members of ManagementOps.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

json_t *redfish_indicators_list(Task *task, const char *component, GError **error);
char *redfish_indicators_get(Task *task, const char *component, const char *indicator,
                             GError **error);
bool redfish_indicators_set(Task *task, const char *component, const char *indicator,
                            const char *state, GError **error);
