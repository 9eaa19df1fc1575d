/* Copies the content of a URL (file://, http://, https://), or of an image in Glance (its ID, or
 * glance://ID), into a local file. Size and time are
 * bounded; the content is never held in memory.
 *
 * Blocks on disks and networks; any thread but those of the API.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "images/signature.h"
#include "openstack/session.h"
#include <stdint.h>

/* All borrowed. */
typedef struct ImageFetch {
    const char *url;
    const char *const *allowed; /* folders that may hold the files of file:// URLs; NULL-ended */
    const char *ca_file;        /* for https://; NULL: the system's */
    bool insecure;
    const char *username, *password; /* for its server; NULL: none */
    const Openstack *openstack;      /* for images in Glance; NULL: there is none */
    /* an image of Glance is read from the file that Glance names, if it can be */
    bool direct_files;
    const SignatureTrust *signed_by; /* an image of Glance must be; NULL: signatures do not count */
    int again;           /* how often a download from Glance that broke is begun again */
    uint64_t size_limit; /* bytes */
    int stall_s;         /* for the connection, and between bytes; 0: as http_request has it */
    int timeout_ms;      /* of the whole copy */
} ImageFetch;

/* The present version of a URL's content. */
typedef struct ImageVersion {
    char *text;    /* owned; changes with the content; "" if the server does not say */
    uint64_t size; /* 0: unknown */
} ImageVersion;

void image_version_clear(ImageVersion *version);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImageVersion, image_version_clear)

/* True for the three kinds of URL above; not for images in Glance. */
bool image_url_known(const char *url);

/* Reads the file's attributes, or sends the server a HEAD request. version: out, in {0}.
 * Errors as image_fetch. */
bool image_fetch_version(const ImageFetch *fetch, ImageVersion *version,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes the content into an open, empty file.
 *
 * algorithm, digest  the algorithm of a checksum, and out its text (the caller frees)
 * Errors  INVALID (another kind of URL, a file outside of the allowed folders, not a regular file,
 *         an image whose signature is missing or wrong), NOT_FOUND, IO, TOO_LARGE, HTTP, TIMEOUT;
 *         the text names the URL without its secrets */
bool image_fetch(const ImageFetch *fetch, int to, const char *algorithm, char **digest,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The content as a text that ends where its first NUL byte is; the caller frees. size_limit is
 * memory: a few MiB at most. Errors as image_fetch. */
char *image_fetch_text(const ImageFetch *fetch, GError **error);
