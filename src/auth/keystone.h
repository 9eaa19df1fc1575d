/* [DEFAULT]auth_strategy = keystone: tokens, checked with Keystone's API v3 as [keystone_authtoken]
 * says.
 *
 * Answers are remembered for token_cache_time, by the SHA-256 of the token, never beyond the
 * token's expiry. Steel logs in with its own user and does so again before its token expires or
 * when Keystone refuses it. After Keystone could not be reached, questions are answered with that
 * failure for a second instead of piling up. All functions from any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "auth/identity_cache.h"
#include "common/config.h"

typedef struct Keystone Keystone;

/* Reads [keystone_authtoken]; nothing is asked yet.
 * Errors: CONFIG (no auth_url, no user and password or application credential, an auth_type that
 * Steel does not have). */
Keystone *keystone_new(const Config *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void keystone_free(Keystone *keystone);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Keystone, keystone_free)

/* The challenge of a 401: `Keystone uri="..."`. Lives as long as the program. */
const char *keystone_challenge(const Keystone *keystone);

/* True when [keystone_authtoken]delay_auth_decision leaves requests without a valid token to the
 * policy. */
bool keystone_delays_decision(const Keystone *keystone);

/* Identifies the bearer of a token.
 *
 * token          X-Auth-Token; NULL, or longer than 4 KiB: REFUSED
 * service_token  X-Service-Token or NULL. A valid one with one of service_token_roles admits an
 *                expired token, so that long work can end; one that is not valid refuses the
 *                request
 * may_block      false: answers ASK if Keystone must be asked
 * credentials    out on KNOWN, to be cleared by the caller; with the service's, if there is a
 *                service token
 * Errors         IDENTITY_UNAVAILABLE: Keystone does not answer, or does not let Steel ask */
IdentityOutcome keystone_check(Keystone *keystone, const char *token, const char *service_token,
                               bool may_block, Credentials *credentials, GError **error);

/* ---- for tests ---- */

/* Reads the document that GET /v3/auth/tokens answers with: {"token": {"user": {...}, "roles":
 * [{"name": str}], "expires_at": str, "project"|"domain"|"system": {...}}}. Errors: INVALID naming
 * what is missing. Pure. */
Bearer *keystone_parse_token(const char *text, size_t size, GError **error);
