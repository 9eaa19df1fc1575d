/* How the configuration wants an agent to clean: settings that the agent reads in
 * driver_internal_info. Ironic's options, keys and defaults.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Notes the settings on the node, for this operation. Does not save it. */
void agent_clean_settings(Node *node);
