/* Envelopes: the form in which a secret is stored. A value is encrypted and bound to its place, so
 * that it opens nowhere else. Private to this folder.
 *
 *     $sealed$1$KEY$BASE64    KEY: the id of the key, 8 hexadecimal digits
 *                             BASE64: a nonce of 12 bytes, the encrypted text, a tag of 16 bytes
 *
 * AES-256-GCM (NIST SP 800-38D); the place is its additional authenticated data. The nonce is
 * computed from the text, the place and the key (HMAC-SHA-256): no nonce is ever used for two
 * texts, and a text at its place always has the same envelope, so that a statement can name a
 * secret as its condition, and what has not changed is not written again. Each use has a key of
 * its own, which is derived from the key in the file.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <stddef.h>

enum { SEAL_KEY_SIZE = 32, SEAL_ID_SIZE = 9 };

/* Where a value is stored. Borrowed. */
typedef struct SealPlace {
    const char *table, *row, *column;
    const char *key; /* in the column's JSON; "" for the column itself */
} SealPlace;

/* A key that seals and opens. Immutable; any thread. */
typedef struct SealKey SealKey;

/* Makes a key of secret bytes; the caller frees. */
SealKey *seal_key_new(const unsigned char bytes[SEAL_KEY_SIZE]);
void seal_key_free(SealKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SealKey, seal_key_free)

/* Its id: 8 hexadecimal digits, computed from the key. Borrowed. */
const char *seal_key_id(const SealKey *key);

/* True if the text begins like an envelope. Pure. */
bool envelope_is(const char *text, size_t size);

/* Copies the id of an envelope's key. False if the text is no envelope. Pure. */
bool envelope_key_id(const char *text, size_t size, char id[SEAL_ID_SIZE]);

/* Appends the envelope of a text. */
void envelope_append(GString *out, const SealKey *key, const SealPlace *place, const char *text,
                     size_t size);

/* Appends the text of an envelope. Errors: DATABASE, without the place, and `out` is as before: the
 * envelope was changed, or belongs to another place or key. */
bool envelope_open(GString *out, const SealKey *key, const SealPlace *place, const char *text,
                   size_t size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
