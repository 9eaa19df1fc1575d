/* Reads what a URL names, from its beginning to its end, once, without holding it in memory.
 *
 * http:// and https:// with redirects. A download that is cut off, or stands still, goes on where
 * it stopped, by a range request; a server without ranges sends it anew and what is there already
 * is skipped. A source that changes meanwhile is an error, as far as it says so (ETag,
 * Last-Modified, length).
 *
 * Blocks; any thread that may.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/http_client.h"

#include <stdatomic.h>
#include <stdint.h>

/* Takes a part. False, with an error, ends the reading for good. */
typedef bool (*SourceTake)(void *user, const uint8_t *data, size_t size, GError **error);

typedef struct SourceOptions {
    HttpRequest peer; /* url, certificates, headers, username and password; the rest is not used */
    int stall_s;      /* that it may stand still; also of connecting. 0: 60 */
    unsigned retries; /* after failures in a row: progress begins the count anew */
    unsigned retry_pause_ms;
    const char *proxy;       /* NULL: the environment's */
    const char *no_proxy;    /* hosts without a proxy; NULL: the environment's */
    const atomic_bool *stop; /* NULL: never */
    void (*size_known)(void *user, uint64_t size); /* NULL: not told; 0: the server does not say */
} SourceOptions;

/* Errors: HTTP (unreachable, refused, cut off too often, not trusted, changed), NOT_FOUND and the
 * like never: a status of 4xx is HTTP and is not tried again; CANCELLED; what `take` fails with.
 * The text names the URL without its secrets. */
bool source_read(const SourceOptions *options, SourceTake take, void *user,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
