/* Reads image_info: which image, from which URLs, with which checksum. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent_protocol/agent_error.h"

/* All texts are borrowed from the JSON. */
typedef struct ImageInfo {
    const json_t *json;
    const char *id;
    const json_t *urls;         /* array of at least one text */
    const char *format;         /* "raw", "qcow2"; NULL: found out */
    const char *hash_algorithm; /* NULL: told by the length of the checksum */
    const char *checksum;       /* or the URL of a file with it */
    bool partition;             /* an image of a filesystem, for a partition */
    bool by_iscsi;              /* the service writes it (urls begin with iscsi:), not the agent */
} ImageInfo;

/* Reads a JSON object, which must outlive *info. Errors: INVALID_PARAMS naming the missing or wrong
 * member. */
bool image_info_read(ImageInfo *info, const json_t *json, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads a member that is a number or a text with a number; `otherwise` if it is absent. Errors:
 * INVALID_PARAMS. */
bool image_info_number(const ImageInfo *info, const char *name, int64_t otherwise, int64_t *number,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
