/* Temporary URLs of Swift: who has one may fetch an object until a time, without a login. The
 * service checks a keyed digest of method, time and path.
 * https://docs.openstack.org/swift/latest/api/temporary_url_middleware.html
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stdint.h>

/* All borrowed. */
typedef struct SwiftUrl {
    const char *endpoint;  /* of the account: "https://swift.example.org/v1/AUTH_a"; no query */
    const char *container; /* as they are, not percent-encoded */
    const char *object;
    const char *key;      /* of the account or the container */
    const char *digest;   /* "sha1", "sha256" or "sha512"; NULL: sha256 */
    int64_t until_s;      /* seconds since 1970 */
    const char *filename; /* some BMCs want an ending; NULL: none is added */
} SwiftUrl;

/* The URL for GET and HEAD; the caller frees, and does not log: the signature is a secret.
 * Errors: INVALID (the endpoint, an empty name, a control character, the digest), MISSING (the
 * key) */
char *swift_temp_url(const SwiftUrl *wanted, GError **error);

/* The URL of the object itself; the caller frees. Errors: INVALID */
char *swift_object_url(const SwiftUrl *wanted, GError **error);
