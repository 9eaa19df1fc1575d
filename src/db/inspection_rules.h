/* Inspection rules in the order in which they run.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "model/resources.h"

/* The rules of a phase, the greatest priority first, those of one priority as created. The array
 * owns and frees them; NULL on failure. */
GPtrArray *db_inspection_rules(Db *db, const char *phase, GError **error);
