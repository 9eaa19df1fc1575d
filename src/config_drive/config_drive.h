/* Config drives: a small file system with the label config-2 that holds an instance's metadata. The
 * API, the database and the agent handle it as text: base64 of the gzipped image, or the URL of
 * such a text.
 *
 * Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <jansson.h>

/* Limit of the image in bytes: agents make a partition of 64 MiB for it. */
#define CONFIG_DRIVE_LIMIT (64u << 20)

/* Returns the config drive of a deploy as text.
 *
 * drive      as the API takes it, borrowed: a string, which is checked by config_drive_check, or an
 *            object {"meta_data"?: {..}, "user_data"?: string, {..} or [..], "network_data"?: {..},
 *            "vendor_data"?: {..}} from which a drive is built, in both versions of the layout that
 *            readers look for, "2012-08-10" and "latest"
 * node_uuid  uuid of meta_data that has none
 * node_name  name of meta_data that has none; may be NULL
 * Returns    the caller frees (and wipes: it may hold passwords); NULL on failure
 * Errors     INVALID naming the part and what is wrong with it */
char *config_drive_text(const json_t *drive, const char *node_uuid, const char *node_name,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Checks that an agent can use a text: an http or https URL, or base64 of a gzip stream of at most
 * CONFIG_DRIVE_LIMIT unpacked bytes. It unpacks piece by piece, so that a small text cannot use
 * much memory. Errors: INVALID. */
bool config_drive_check(const char *text, GError **error);

/* The image of a text that is no URL, in whole sectors of 512 bytes; the caller wipes and frees it.
 * Errors: as config_drive_check. */
GByteArray *config_drive_image(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* True for the URL of a drive. */
bool config_drive_is_url(const char *text);
