/* The error answers of the service as one sentence.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* The message in an error answer.
 *
 * Ironic wraps a JSON document as a string into another: {"error_message": "{\"faultstring\":
 * \"…\"}"}; older and newer services have the inner one as an object; keystone answers {"error":
 * {"message": "…"}}. For anything else the text is that of the status. The caller frees. Pure. */
char *fault_text(const char *body, size_t size, int status);

/* Sets "TEXT (HTTP 409)" with a code that fits the status; returns false. */
bool fault_set(const char *body, size_t size, int status, GError **error);
