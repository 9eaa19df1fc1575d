/* Which keys of a JSON object hold a secret, and the object with these masked. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define SECRET_MASK "******"

/* True when the lower-case form of the key contains a word of the table (password, secret, token,
 * ...). */
bool secret_key(const char *key);

/* True if JSON text may hold a secret key: a cheap check, so that nearly all rows need no
 * parsing. */
bool secret_text_suspicious(const char *text, size_t size);

/* Replaces every value of a secret key, at any depth, by SECRET_MASK. Changes the value given. */
void secret_mask(json_t *value);
