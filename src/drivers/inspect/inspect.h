/* What an inspection driver must do: learn the machine's properties. The work is in its steps of the kind INSPECT.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct InspectOps {
    Interface interface;
    bool (*abort)(Task *task, GError **error); /* NULL: UNSUPPORTED */
} InspectOps;

/* What the node's driver does. UNSUPPORTED where the driver has none. */
bool inspect_abort(Task *task, GError **error);
