/* Reads the content of a URL once from its beginning to its end, without holding it in memory.
 *
 * http:// and https:// with redirects. A download that breaks off or stalls resumes with a range
 * request. A server without ranges sends everything again, and the known part is skipped. It is an
 * error if the content changes meanwhile, as far as the server says so (ETag, Last-Modified,
 * length).
 *
 * Blocks; any thread that may block.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/http_client.h"

#include <stdatomic.h>
#include <stdint.h>

/* Takes a part. Returning false, with an error, ends the reading without a retry. */
typedef bool (*SourceTake)(void *user, const uint8_t *data, size_t size, GError **error);

typedef struct SourceOptions {
    /* url, certificates, headers, username and password; other members are ignored */
    HttpRequest peer;
    int stall_s;      /* seconds without a byte, or to connect; 0: 60 */
    unsigned retries; /* of failures in a row: progress resets the count */
    unsigned retry_pause_ms;
    const char *proxy;       /* NULL: the environment's */
    const char *no_proxy;    /* hosts without a proxy; NULL: the environment's */
    const atomic_bool *stop; /* NULL: never */
    void (*size_known)(void *user, uint64_t size); /* may be NULL; size 0: unknown */
} SourceOptions;

/* Errors: HTTP (unreachable, refused, broken off too often, not trusted, changed, any status of
 * 4xx, which is not retried), CANCELLED, and those of `take`. The text names the URL without its
 * secrets. */
bool source_read(const SourceOptions *options, SourceTake take, void *user,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
