/* Whether the database is whole: looked at when it is opened, noticed when it is read, and what
 * follows. Private to this folder.
 *
 * A damaged database is not written to: what is written may land on what is damaged, and what was
 * acknowledged may not be found again. It is read as far as it goes, so that operators see what
 * they have.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/lock.h"
#include "db/engine.h"

typedef struct DbHealth {
    const DbEngine *engine;
    const char *address;        /* borrowed from the Db */
    const DbSettings *settings; /* borrowed from the Db */
    char *damage;               /* atomic; owned: what is damaged, NULL: nothing that is known of */
    bool closing;               /* atomic: the thread is to end */
    bool has_thread;
    pthread_t thread;
    DbConnection *connection; /* atomic; of the thread, owned; NULL: it has none yet */
} DbHealth;

/* Looks at the whole database. A small one is looked at on `connection` (borrowed for the call),
 * and known to be whole or damaged when this returns; a larger one on a thread. */
void db_health_begin(DbHealth *health, DbConnection *connection);

/* Stops looking and frees. A zeroed one is fine. */
void db_health_end(DbHealth *health);

/* Notes that something is damaged; the first time the log says what to do. Any thread. */
void db_health_note(DbHealth *health, const char *damage);

/* False when nothing may be written. Errors: DATABASE_DAMAGED. Any thread. */
bool db_health_may_write(const DbHealth *health, GError **error);

/* False if something is damaged and [database]write_damaged is not set. Errors: DATABASE_DAMAGED.
 * Any thread. */
bool db_health_is_good(const DbHealth *health, GError **error);
