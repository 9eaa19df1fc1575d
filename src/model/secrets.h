/* Which keys of a JSON object hide a secret, and the object as an answer may show it. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define SECRET_MASK "******"

/* True when the lower-case form of the key contains a word of the table (password, secret, token, ...). */
bool secret_key(const char *key);

/* True when JSON text may hold a secret key: a cheap look that lets nearly all rows be passed on as they are. */
bool secret_text_suspicious(const char *text, size_t size);

/* Replaces every value of a secret key, at any depth, by SECRET_MASK. Changes the value given. */
void secret_mask(json_t *value);
