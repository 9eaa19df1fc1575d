/* Moves a whole database to another one, of the same engine or not, and proves the two equal.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"

enum { DB_DIGEST_SIZE = 65 };

typedef struct DbTableCopy {
    const char *table; /* static */
    int64_t rows;
    char digest[DB_DIGEST_SIZE]; /* SHA-256 over every value of every row, in order of the key */
} DbTableCopy;

/* Copies every row of `from` to `to` in one transaction, then reads both again and compares them.
 * Nothing may write to either meanwhile: both are claimed, and a conductor that is alive in either
 * is refused.
 *
 * each    called for each table when it is proved equal
 * Errors  CONFLICT: `to` has rows (named), or one of them is in use; DATABASE: a table differs, or
 *         the schemas do; those of db.h. `to` is then as it was, unless the two differ after the
 *         copy, which the sentence says. */
bool db_copy(Db *from, Db *to, void (*each)(const DbTableCopy *copy, void *user_data),
             void *user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
