/* Provision verbs as the table of verbs sees them.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/verbs.h"

json_t *verb_provision(VerbCall *call, GError **error);

/* The verb abort: ends a wait. */
bool provision_abort(VerbCall *call, GError **error);

/* A cleaning that failed after a step began puts the node into maintenance (not saved). */
void clean_mark_failed(Task *task, const char *reason);
