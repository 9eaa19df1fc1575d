/* Apache htpasswd files with bcrypt entries: who may log in by name and password.
 *
 *     admin:$2y$12$…
 *
 * Lines that are empty or begin with # are skipped. Lines that cannot be used (no bcrypt, a cost
 * that would keep a processor busy for minutes, a name that was there before) are left out and
 * warned of; the others count.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

enum {
    HTPASSWD_FILE_LIMIT = 1024 * 1024, /* bytes */
    HTPASSWD_USER_LIMIT = 10000,
    HTPASSWD_COST_LIMIT = 16, /* of bcrypt: 2^16 rounds are some four seconds */
};

typedef struct Htpasswd Htpasswd;

/* Parses the text of a file. Free with htpasswd_free; immutable, any thread may ask it.
 *
 * name      of the file, for messages
 * warnings  out, optional: one line per line left out; the caller frees. Shows only names from the
 *           file.
 * Errors    CONFIG (over 1 MiB or 10,000 users, NUL bytes) */
Htpasswd *htpasswd_parse(const char *name, const char *text, size_t size, char **warnings,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
void htpasswd_free(Htpasswd *htpasswd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Htpasswd, htpasswd_free)

size_t htpasswd_count(const Htpasswd *htpasswd);

/* True when the user is in the file and this is the password. Takes as long for a user who is not:
 * then a hash of the same cost is computed for nothing. Blocks for the time of one bcrypt, some 50
 * to 250 ms. */
bool htpasswd_verify(const Htpasswd *htpasswd, const char *user, const char *password);
