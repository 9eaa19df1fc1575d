/* Brings a database's schema up to the program's. Private to this folder, and to its tests.
 *
 * A database that several programs share is changed at a start only by what those that work on it
 * can live with, or need anyway; the rest is left to db_upgrade.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/migrations.h"
#include "db/sql.h"

/* Migrates the schema, as db_open does. A newer schema is accepted where everything that this
 * program does not know of it is of kind `expand` or `data`. Errors: DATABASE for one that is not,
 * and those of db.h. */
bool db_migrate(Db *db, const DbMigrations *known, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* db_upgrade with the migrations of some program. */
bool db_upgrade_with(Db *db, const DbMigrations *known, DbUpgrade *done,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The newest schema that a program with these migrations knows. */
int db_schema_known(const DbMigrations *known);

/* Why a program that knows `known` cannot work on a database where `needed` must be known. Always
 * false. */
bool db_schema_refuse(int64_t needed, int known, GError **error);
