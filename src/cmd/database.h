/* The database of the configuration, and the commands `steeld db ...`.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"

/* Opens the configured database with the keys of its secrets, which are sealed if they were not;
 * the caller closes it. */
bool database_open(Db **db, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs `upgrade`, `seal`, `rekey` or `copy FROM [TO]`, and prints what was done. */
bool database_command(int count, char **words, GError **error) G_GNUC_WARN_UNUSED_RESULT;
