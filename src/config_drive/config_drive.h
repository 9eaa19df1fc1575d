/* Config drives: a small file system with the label config-2, from which an instance learns who it
 * is. Between the API, the database and the agent it is text: an image, compressed by gzip, in
 * base64; or the URL of such a text.
 *
 * Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <jansson.h>

/* Bytes of the image, as long as an agent makes a partition of 64 MiB for it. */
#define CONFIG_DRIVE_LIMIT (64u << 20)

/* The drive of a deploy as text.
 *
 * drive      as the API takes it, borrowed: a string, which is checked by config_drive_check, or an
 *            object {"meta_data"?: {..}, "user_data"?: string, {..} or [..], "network_data"?: {..},
 *            "vendor_data"?: {..}} that a drive is built of, for both versions of the layout that
 *            readers look for, "2012-08-10" and "latest"
 * node_uuid  becomes meta_data's uuid, and
 * node_name  its name, where it has none; node_name may be NULL
 * Returns    the caller frees (and wipes: it may hold passwords); NULL on failure
 * Errors     INVALID, saying what is wrong of what */
char *config_drive_text(const json_t *drive, const char *node_uuid, const char *node_name,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether an agent will be able to use a text: it is a URL of http or https, or base64 of a gzip
 * stream of at most CONFIG_DRIVE_LIMIT bytes. It is unpacked in pieces, so that a small text cannot
 * take much memory. Errors: INVALID. */
bool config_drive_check(const char *text, GError **error);

/* True for the URL of a drive. */
bool config_drive_is_url(const char *text);
