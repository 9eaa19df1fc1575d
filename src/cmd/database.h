/* The database of the configuration, and the commands `steeld db ...`.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"

/* Opens the configured database; the caller closes it. */
bool database_open(Db **db, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs `upgrade` or `copy FROM [TO]`, and prints what was done. */
bool database_command(int count, char **words, GError **error) G_GNUC_WARN_UNUSED_RESULT;
