/* How large a record may be: each change and each list of a large record costs time.
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

/* Checks a changed record against limits. It counts JSON fields, and texts without a limit of their
 * own, but not a node's config drive: its request has a limit for that. A field that was too large
 * before may stay.
 *
 * original  the record before the change; NULL: a new one
 * Errors    INVALID naming the field, its size and the limit; if the whole record is too large, its
 *           largest field */
bool record_size_check(const Resource *resource, const void *record, const void *original,
                       const SizeLimits *limits, GError **error) G_GNUC_WARN_UNUSED_RESULT;
