/* Secrets at rest. With keys in use, every secret (model/secrets.h) is encrypted before it is
 * stored, and opened when a record is loaded; rows (db.h) carry it encrypted. Who copies the
 * database without the file of keys has no secret.
 *
 * Errors of all functions: CONFIG names the file of keys and what is wrong with it, DATABASE names
 * the row and the field of a value that does not open; and those of a query.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "model/resource.h"

/* Takes the keys of a file into use, before any other thread asks the database. A database whose
 * secrets were never sealed gets a file with a new key if there is none (mode 0600). The database
 * knows which keys it needs: a file that lacks one is refused. */
bool db_secrets_use(Db *db, const char *key_file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct DbSealed {
    uint64_t plain;  /* values that were not sealed before */
    uint64_t former; /* values that another key had sealed */
} DbSealed;

/* Seals with the first key of the file whatever is stored otherwise, row by row, also while others
 * work on the database; then removes what is left of plain values in the file of an embedded
 * one. */
bool db_secrets_seal(Db *db, DbSealed *done, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, unless it was done before with this key. */
bool db_secrets_seal_once(Db *db, DbSealed *done, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes a new key and puts it first into the file; the former ones stay. */
bool db_secrets_new_key(Db *db, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Appends the JSON text of a field in a row with its secrets opened, for the rare answer that
 * shows them.
 *
 * row  the key of the record, e.g. its uuid */
bool db_secrets_show(Db *db, const Resource *resource, const char *row, const Field *field,
                     const char *text, size_t size, GString *out,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
