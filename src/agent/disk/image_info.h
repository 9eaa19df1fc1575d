/* What image_info says: which image, from where, checked by what. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent_error.h"

/* All texts borrowed from the JSON. */
typedef struct ImageInfo {
    const json_t *json;
    const char *id;
    const json_t *urls;         /* array of at least one text */
    const char *format;         /* "raw", "qcow2"; NULL: found out */
    const char *hash_algorithm; /* NULL: told by the length of the checksum */
    const char *checksum;       /* or the URL of a file with it */
    bool partition;             /* an image of a filesystem, for a partition */
} ImageInfo;

/* Errors: INVALID_PARAMS naming what is missing or wrong. */
bool image_info_read(ImageInfo *info, const json_t *json, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A member that may be a number or a text with one; `otherwise` when it is absent. Errors:
 * INVALID_PARAMS. */
bool image_info_number(const ImageInfo *info, const char *name, int64_t otherwise, int64_t *number,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
