/* Checksums of a stream. A Checksum is used by one thread at a time.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stddef.h>

typedef struct Checksum Checksum;

/* True for an algorithm that can check images: md5, sha1, sha224, sha256, sha384, sha512. */
bool checksum_known(const char *algorithm);

/* The algorithm whose hexadecimal text has this length ("sha256" for 64), or NULL. */
const char *checksum_algorithm_of(const char *text);

/* Errors: INVALID (unknown algorithm). */
Checksum *checksum_new(const char *algorithm, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void checksum_add(Checksum *checksum, const void *data, size_t size);
/* Ends the checksum. Returns it in hexadecimal, lower case; the caller frees. */
char *checksum_text(Checksum *checksum);
void checksum_free(Checksum *checksum);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Checksum, checksum_free)

/* The name that a file of checksums has for what a URL names: the last part of its path. The caller
 * frees. */
char *checksum_name_of_url(const char *url);

/* Finds a file's checksum in a text with lines "<checksum> name" or "<checksum> *name"; a text of
 * one word is that checksum. The caller frees; NULL if absent. */
char *checksum_find(const char *text, const char *name);
