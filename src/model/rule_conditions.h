/* Whether the conditions of inspection rules hold, as Ironic 39.0.0 judges them. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "model/rule_text.h"

/* The arguments of an operation of a rule, with their fields replaced where that is so; counts the
 * operation. A new reference; NULL with INVALID.
 *
 * operation  {"op", "args", ...}, borrowed
 * condition  it is a condition; false: an action */
json_t *rule_operation_arguments(const json_t *operation, bool condition, RuleValues *values,
                                 GError **error);

/* Calls `each` for each item of the operation's loop with values->item set, once without an item if
 * there is none. Stops when it returns false, and returns that. */
bool rule_loop(const json_t *operation, RuleValues *values,
               bool (*each)(RuleValues *values, void *user_data, GError **error), void *user_data,
               GError **error);

/* Whether all conditions hold; *holds is set on success. INVALID: one cannot be judged, e.g. a text
 * is compared with a number. */
bool rule_conditions_hold(const json_t *conditions, RuleValues *values, bool *holds,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
