/* What the search for a node and the rules of allocations have in common.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/internal.h"

/* Lets an allocation look for a node, on the quick pool. NO_WORKER. */
bool allocation_search_later(Conductor *conductor, const char *uuid, GError **error);

/* Ends an allocation that has not got a node; what the database refuses is logged. */
void allocation_fail(Conductor *conductor, const char *uuid, const char *reason);
