/* The keys of sealed values, and the file that they are in. Private to this folder.
 *
 * The file has one key a line, 32 bytes in base64; lines that begin with # are comments. The first
 * key seals, all of them open. Nobody but its owner, and at most a group, may read it. It is read
 * again when a key is asked for that it had not, and the file has changed since.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/envelope.h"

#define SEAL_KEYS_LIMIT 64

typedef struct SealKeys SealKeys;

/* Reads the file.
 *
 * exists   out: false if there is no such file; there are no keys then
 * Returns  keys; the caller frees. NULL on failure. Errors: CONFIG names the file and the line */
SealKeys *seal_keys_read(const char *path, bool *exists, GError **error);
void seal_keys_free(SealKeys *keys);

const char *seal_keys_path(const SealKeys *keys);

/* The key that seals; NULL if there are none. Borrowed until the keys are freed, as are all
 * others. */
const SealKey *seal_keys_first(SealKeys *keys);

/* Key `index`, from the first; NULL behind the last. */
const SealKey *seal_keys_nth(SealKeys *keys, size_t index);

/* The key of an id; NULL if the file has none. May read the file. */
const SealKey *seal_keys_find(SealKeys *keys, const char *id);

/* Makes a new key the first of the file, which is replaced in one step (or made, with mode 0600).
 * Errors: IO, CONFIG */
bool seal_keys_add(SealKeys *keys, GError **error) G_GNUC_WARN_UNUSED_RESULT;
