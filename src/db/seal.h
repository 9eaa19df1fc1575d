/* Secrets on their way into the database and out of it. What is a secret says the table that also
 * masks answers (model/secrets.h). Without db_secrets_use nothing is sealed, and a sealed value
 * does not open. Private to this folder.
 *
 * Any thread. Errors: DATABASE names the table, the row, the field and its key; CONFIG.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "db/envelope.h"
#include "model/resource.h"

/* JSON text of a column with its secrets sealed. The caller frees; `text` is borrowed, NULL stays
 * NULL. */
char *db_seal_text(Db *db, const SealPlace *place, const char *text);

/* JSON text of a column with its secrets opened; those that are not sealed stay as they are. The
 * caller frees with secret_free. NULL on failure. */
char *db_open_text(Db *db, const SealPlace *place, const char *text, size_t size, GError **error);

/* True if the text may have a sealed value in it: a cheap check. Pure. */
bool db_text_is_sealed(const char *text, size_t size);

/* The text for another key: what is plain or sealed by another key than the first is sealed by the
 * first.
 *
 * counts   adds what was plain, and what was sealed by another key
 * Returns  the caller frees; equal to `text` if nothing was to do. NULL on failure */
typedef struct SealCounts {
    uint64_t plain, former;
} SealCounts;
char *db_reseal_text(Db *db, const SealPlace *place, const char *text, size_t size,
                     SealCounts *counts, GError **error);

/* The same for a column that is one secret: db_text(NULL) stays. */
char *db_seal_value(Db *db, const SealPlace *place, const char *text);
char *db_open_value(Db *db, const SealPlace *place, const char *text, GError **error);
char *db_reseal_value(Db *db, const SealPlace *place, const char *text, SealCounts *counts,
                      GError **error);

/* The envelope that a text in JSON would have with key `index` of the file; NULL behind the last.
 * The caller frees. */
char *db_sealed_with(Db *db, size_t index, const SealPlace *place, const char *json_text);
