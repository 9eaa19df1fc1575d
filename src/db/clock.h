/* What is stored of the time that deadlines are counted in (common/steady.h): how far it is ahead
 * of the wall clock, and how far it had come. One row.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"

/* Continues the time where the last process on this database has left it. Once, before anything
 * asks for that time. */
bool db_clock_resume(Db *db, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stores where the time is now. */
bool db_clock_note(Db *db, GError **error) G_GNUC_WARN_UNUSED_RESULT;
