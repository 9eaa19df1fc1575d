/* Brings a database's schema up to the program's. Private to this folder.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/sql.h"

/* Migrates the schema to the number that this program needs. Refuses the database of a newer
 * program. Errors: DATABASE, and those of db.h. */
bool db_migrate(Db *db, GError **error) G_GNUC_WARN_UNUSED_RESULT;
