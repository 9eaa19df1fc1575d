/* [DEFAULT]auth_strategy = http_basic: names and passwords of an htpasswd file.
 *
 * The file is read again when it changes. Because bcrypt is slow on purpose, a login that was right
 * is remembered until it was not used for an hour, by an HMAC under a key that this process made
 * for itself; the file's change forgets all of them. All functions from any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "auth/identity_cache.h"

/* The challenge of a 401. */
#define BASIC_CHALLENGE "Basic realm=\"Baremetal API\""

typedef struct Basic Basic;

/* path of the htpasswd file, which need not exist yet */
Basic *basic_new(const char *path);
void basic_free(Basic *basic);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Basic, basic_free)

/* Reads the file if it has changed. Errors: CONFIG (it is missing, unreadable, too large). */
bool basic_refresh(Basic *basic, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Checks an Authorization header.
 *
 * header     NULL: absent, which is REFUSED
 * may_block  false: answers ASK where a password must be checked or the file be read
 * bearer     out; user_id and user_name are the name
 * Errors     CONFIG: the file cannot be read */
IdentityOutcome basic_check(Basic *basic, const char *header, bool may_block, Bearer **bearer,
                            GError **error);

/* The name in an Authorization header, to be freed by the caller; NULL if absent. */
char *basic_login_name(const char *header);
