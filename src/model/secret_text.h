/* Replaces secrets in stored JSON text while copying it: one pass, no tree. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* A secret in the text: JSON text of the key without its quotes, and of the value. Borrowed. */
typedef struct SecretPlace {
    const char *key;
    size_t key_size;
    const char *value;
    size_t value_size;
} SecretPlace;

/* Appends what stands for the value; false ends the copying. */
typedef bool (*SecretReplace)(GString *out, const SecretPlace *place, void *user_data);

/* Appends JSON text to `out` and asks `replace` for the value of every secret key (secrets.h), at
 * any depth; null, false and "" are copied. False if `replace` said so; `out` is incomplete then.
 *
 * text, size  well-formed compact JSON as the program itself writes it (keys without \u escapes of
 *             ASCII letters); of another text it reads no byte beyond the end */
bool secret_text_replace(GString *out, const char *text, size_t size, SecretReplace replace,
                         void *user_data);
