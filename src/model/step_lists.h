/* Lists of steps that are kept to be used later: of deploy templates and of runbooks. Pure; any
 * thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>

/* What a list consists of. */
typedef struct StepListKind {
    const char *word;   /* "deploy template": in messages */
    const char *number; /* the member that orders steps: "priority" or "order" */
    bool firmware;      /* steps of the firmware interface may be in it */
    bool args_optional; /* a step without args has {} */
} StepListKind;

extern const StepListKind step_list_of_template, step_list_of_runbook;

/* Checks a list: at least one step; each {"interface", "step", "args", number}, with no other
 * members; no step of an interface twice. NULL is fine. INVALID says what is wrong. */
bool step_list_valid(const StepListKind *kind, const json_t *steps,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for a list that is to be stored: numbers that came as text become numbers, and absent
 * args {}. */
bool step_list_complete(const StepListKind *kind, json_t *steps,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The steps by their numbers, without these; equal ones as they stand. A new list. */
json_t *step_list_in_order(const StepListKind *kind, const json_t *steps);

/* The steps of a request by their "order", of which each may have one; equal ones as they stand,
 * and a step without one behind the step before it. A new list of the same steps; NULL for NULL. */
json_t *steps_in_order(const json_t *steps);

/* True if both are the same step of the same interface, whatever their arguments. */
bool step_same(const json_t *a, const json_t *b);
