/* Power as the table of verbs sees it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/verbs.h"

json_t *verb_set_power(VerbCall *call, GError **error);
