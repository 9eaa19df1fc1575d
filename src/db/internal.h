/* What the files of this folder share of a Db. Private to this folder.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/engine.h"
#include "db/keys.h"

/* The engine of a URL, or NULL. */
const DbEngine *db_engine_of(const char *url);

/* A Db of a URL whose schema is not known yet; its files are looked through. db_close frees it. */
Db *db_new(const char *url, const DbSettings *settings, GError **error);

const DbSettings *db_settings(const Db *db);

/* Runs a script of several statements without parameters, inside a transaction. */
bool db_run_script(Db *db, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The schema that later connections look for. Once, before other threads ask. */
void db_set_schema(Db *db, int known);

/* False if the database is damaged and may not be written. */
bool db_may_write(Db *db);

/* The keys of secrets; NULL: none are in use. Set once, before other threads ask; taken. */
SealKeys *db_keys(const Db *db);
void db_set_keys(Db *db, SealKeys *keys);

/* Lets the engine remove what deleted values have left in its file. */
bool db_wipe_deleted(Db *db, GError **error) G_GNUC_WARN_UNUSED_RESULT;
