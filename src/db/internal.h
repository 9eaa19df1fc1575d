/* What the files of this folder share of a Db. Private to this folder.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/engine.h"

/* The engine of a URL, or NULL. */
const DbEngine *db_engine_of(const char *url);

/* A Db of a URL whose schema is not known yet; its files are looked through. db_close frees it. */
Db *db_new(const char *url, const DbSettings *settings, GError **error);

const DbSettings *db_settings(const Db *db);

/* Runs a script of several statements without parameters, inside a transaction. */
bool db_run_script(Db *db, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* False if the database is damaged and may not be written. */
bool db_may_write(Db *db);
