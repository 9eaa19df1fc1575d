/* Checksums of images: which there are, and making one of a stream. Pure but for memory; any
 * thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <stddef.h>

/* Room for the hexadecimal text of the longest, and a NUL. */
#define DIGEST_TEXT_SIZE 129

/* True for an algorithm that images may be checked with: md5, sha1, sha224, sha256, sha384,
 * sha512. */
bool digest_known(const char *algorithm);

/* The algorithm that hexadecimal digits of this number are of ("sha256" for 64); NULL: none, or
 * other characters. */
const char *digest_algorithm_of(const char *value);

typedef struct Digest Digest;

/* INVALID for an algorithm that is not known. */
Digest *digest_new(const char *algorithm, GError **error);
void digest_add(Digest *digest, const void *bytes, size_t size);
/* The text in lower case; nothing may be added afterwards. Returns the caller's buffer. */
char *digest_text(Digest *digest, char text[DIGEST_TEXT_SIZE]);
void digest_free(Digest *digest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Digest, digest_free)
