/* What an error answer of the service says, in one sentence.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* The message in an error answer.
 *
 * Ironic wraps a JSON document as a string into another: {"error_message": "{\"faultstring\": \"…\"}"}; older and
 * newer services put the inner one there as an object; keystone answers {"error": {"message": "…"}}. Anything else
 * gives the words that belong to the status. The caller frees. Pure. */
char *fault_text(const char *body, size_t size, int status);

/* Sets "TEXT (HTTP 409)" with a code that fits the status; returns false. */
bool fault_set(const char *body, size_t size, int status, GError **error);
