/* How values of inspection rules compare, which is as in Python: true is 1, 1 is 1.0, arrays
 * compare item by item. Pure; any thread; all values are borrowed, none is NULL.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <jansson.h>

/* A number or a boolean, and what it counts as. */
bool rule_value_is_number(const json_t *value);
double rule_value_number(const json_t *value);

/* a == b. */
bool rule_values_same(const json_t *a, const json_t *b);

/* Which comes first. *order is below, equal to or above 0, and untouched on failure. INVALID:
 * values of these kinds have no order, and the message names both. */
bool rule_values_compare(const json_t *a, const json_t *b, int *order,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "a number", "an object": for messages. Static. */
const char *rule_value_kind(const json_t *value);
