/* Copies what a URL names into a file of this machine: file://, http:// and https://. What is read
 * is bounded in size and in time, nothing of it is held in memory.
 *
 * Blocks on disks and networks; any thread but those of the API.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <stdint.h>

/* All borrowed. */
typedef struct ImageFetch {
    const char *url;
    const char *const *allowed; /* folders below which files of file:// may lie; NULL-ended */
    const char *ca_file;        /* for https://; NULL: the system's */
    bool insecure;
    uint64_t size_limit; /* bytes */
    int timeout_ms;      /* of the whole copy */
} ImageFetch;

/* What a URL names at this moment, without its contents. */
typedef struct ImageVersion {
    char *text;    /* owned; differs when the contents do; "" when the server does not say */
    uint64_t size; /* 0: not known */
} ImageVersion;

void image_version_clear(ImageVersion *version);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImageVersion, image_version_clear)

/* True for the three kinds of URL above. */
bool image_url_known(const char *url);

/* Looks at the file, or asks the server by HEAD. version: out, in {0}.
 * Errors as image_fetch. */
bool image_fetch_version(const ImageFetch *fetch, ImageVersion *version,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes it into an open, empty file.
 *
 * algorithm, digest  what to make a checksum of it with, and its text (the caller frees)
 * Errors  INVALID (another kind of URL, a file outside of the allowed folders, no regular file),
 *         NOT_FOUND, IO, TOO_LARGE, HTTP, TIMEOUT; the text names the URL without its secrets */
bool image_fetch(const ImageFetch *fetch, int to, const char *algorithm, char **digest,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
