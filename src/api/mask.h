/* Masks secrets in stored JSON text while copying it: one pass, no tree. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stddef.h>

/* Appends JSON text with the value of every secret key (model/secrets.h) replaced by "******", as
 * secret_mask does; null, false and "" are left.
 *
 * text, size  well-formed compact JSON as the program itself writes it (keys without \u escapes of
 *             ASCII letters) */
void mask_append(GString *out, const char *text, size_t size);
