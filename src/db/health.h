/* The health of the database: it is checked when it is opened, and damage is noticed when it is
 * read. Private to this folder.
 *
 * A damaged database is only read: a write may land on a damaged page, and an acknowledged change
 * may be lost. Reads go as far as the file allows, so that operators see what they have.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/lock.h"
#include "db/engine.h"

typedef struct DbHealth {
    const DbEngine *engine;
    const char *address;        /* borrowed from the Db */
    const DbSettings *settings; /* borrowed from the Db */
    char *damage;               /* atomic; owned: the damage; NULL if none is known */
    bool closing;               /* atomic: the thread must end */
    bool has_thread;
    pthread_t thread;
    DbConnection *connection; /* atomic; of the thread, owned; NULL before the first */
} DbHealth;

/* Checks the whole database. A small one is checked on `connection` (borrowed for the call) before
 * this returns; a larger one on a thread. */
void db_health_begin(DbHealth *health, DbConnection *connection);

/* Stops the check and frees. A zeroed one is fine. */
void db_health_end(DbHealth *health);

/* Notes damage; the first time the log says what to do. Any thread. */
void db_health_note(DbHealth *health, const char *damage);

/* False if nothing may be written. Errors: DATABASE_DAMAGED. Any thread. */
bool db_health_may_write(const DbHealth *health, GError **error);

/* False if there is damage and [database]write_damaged is not set. Errors: DATABASE_DAMAGED. Any
 * thread. */
bool db_health_is_good(const DbHealth *health, GError **error);
