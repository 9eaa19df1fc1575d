/* Provision verbs as the table of verbs sees them.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/verbs.h"

json_t *verb_provision(VerbCall *call, GError **error);

/* The verb abort: ends a wait. */
bool provision_abort(VerbCall *call, GError **error);
