/* What a rescue driver must do: boot the machine into a rescue system and back. The work is in its steps of the kinds
 * RESCUE and UNRESCUE.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct RescueOps {
    Interface interface;
    bool (*clean_up)(Task *task, GError **error); /* NULL: nothing to do */
} RescueOps;

/* What the node's driver does; true, and nothing is done, where the driver has none. */
bool rescue_clean_up(Task *task, GError **error);
