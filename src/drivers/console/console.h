/* What a console driver must do. NULL members: UNSUPPORTED.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct ConsoleOps {
    Interface interface;
    bool (*start)(Task *task, GError **error);
    bool (*stop)(Task *task, GError **error);
    json_t *(*get)(Task *task, GError **error); /* {"type": str, "url": str}, a new reference */
} ConsoleOps;

/* What the node's driver does, as the member of the same name says. UNSUPPORTED where the driver has none. From a worker. console_get
 * returns a new reference. */
bool console_start(Task *task, GError **error);
bool console_stop(Task *task, GError **error);
json_t *console_get(Task *task, GError **error);
