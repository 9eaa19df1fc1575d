/* Identities of tokens and passwords, remembered for a short time, so that a caller who returns
 * needs no other server and no bcrypt. Secrets are never kept: the key of an entry is a hash of the
 * secret.
 *
 * Equal questions are asked once: requests with the same question wait for its answer. The size is
 * bounded. The entry that was used longest ago is removed first, and known identities last, so that
 * strangers push nobody out. Any thread; no lock is held while a question runs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "auth/credentials.h"
#include "common/error.h"
#include <stdint.h>

/* An identity with a proof. Immutable, counted. */
typedef struct Bearer {
    Credentials credentials;
    int64_t expires_ms; /* wall clock; INT64_MAX: never */
    int references;     /* atomic */
} Bearer;

/* Makes a bearer with one reference; takes what the credentials hold. */
Bearer *bearer_new(Credentials *credentials, int64_t expires_ms);
Bearer *bearer_ref(Bearer *bearer);
void bearer_unref(Bearer *bearer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bearer, bearer_unref)

enum { IDENTITY_KEY_SIZE = 32 };

typedef enum IdentityOutcome {
    IDENTITY_KNOWN,   /* *bearer is set, with a reference for the caller */
    IDENTITY_REFUSED, /* token or password are wrong */
    IDENTITY_ASK,     /* unknown, and the caller may not wait */
    IDENTITY_FAILED,  /* the question failed; the error is set */
} IdentityOutcome;

/* Asks for the identity, where waiting is allowed. KNOWN (with a new reference in *bearer), REFUSED
 * or FAILED with the error. */
typedef IdentityOutcome (*IdentityQuestion)(void *user_data, Bearer **bearer, GError **error);

typedef struct IdentityCache IdentityCache;

/* limit  entries at most, at least 1 */
IdentityCache *identity_cache_new(size_t limit);
void identity_cache_free(IdentityCache *cache);

/* How long answers are good, in milliseconds; 0: they are not kept. A bearer is never remembered
 * beyond its expiry. */
typedef struct IdentityLifetime {
    int64_t known_ms, refused_ms, failed_ms;
    bool sliding; /* known_ms counts from the last use */
} IdentityLifetime;

/* Looks up, and asks if need be.
 *
 * now_ms    wall clock
 * question  NULL: the caller may not wait, and an unknown key answers ASK
 * Errors    those of the question, also if another request asked it */
IdentityOutcome identity_cache_get(IdentityCache *cache, const uint8_t key[IDENTITY_KEY_SIZE],
                                   int64_t now_ms, const IdentityLifetime *lifetime,
                                   IdentityQuestion question, void *user_data, Bearer **bearer,
                                   GError **error);

/* Forgets everything; answers under way are given to who waits for them and not kept. */
void identity_cache_clear(IdentityCache *cache);

size_t identity_cache_count(IdentityCache *cache);
