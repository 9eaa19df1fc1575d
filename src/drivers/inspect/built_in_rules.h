/* Inspection rules of a file of the operator's: [inspection_rules]built_in_rules.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <glib.h>

/* Appends the rules of the file to an array of InspectionRule; nothing if there is none. A list in
 * YAML of what clients send to /v1/inspection_rules, whose priorities may also be negative or above
 * 9999. Reads the file. INVALID, IO naming it. */
bool built_in_rules_append(GPtrArray *rules, GError **error) G_GNUC_WARN_UNUSED_RESULT;
