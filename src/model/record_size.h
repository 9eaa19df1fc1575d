/* How large a record may be: callers pay for each change of a large one, and so does everybody who lists it.
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "model/resource.h"

/* In bytes of JSON, or of text. */
typedef struct SizeLimits {
    size_t field;  /* of one field */
    size_t record; /* of all fields together */
} SizeLimits;

/* Bytes of a value as compact JSON; 0: NULL. */
size_t json_size(const json_t *value);

/* Holds what a change makes of a record to limits. Counted are JSON fields, and texts that have no limit of their own; a node's
 * config drive is not, since the request that brings it has a limit for it. What was too large already may stay so.
 *
 * original  the record before the change; NULL: a new one
 * Errors    INVALID naming the field, its size and the limit; for a record that is too large its largest field */
bool record_size_check(const Resource *resource, const void *record, const void *original,
                       const SizeLimits *limits, GError **error) G_GNUC_WARN_UNUSED_RESULT;
