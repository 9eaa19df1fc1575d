/* Phases of a node's timeline that are still open. They are found by operation, not remembered: a
 * phase may outlive the process that began it.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include <glib.h>

/* Ends the open phases of an operation. detail: NULL keeps the old one. */
bool db_phases_end(Db *db, const char *node_uuid, const char *operation_uuid, const char *result,
                   const char *detail, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends all open phases of a node as interrupted: they are of a process that has ended. */
bool db_phases_interrupt(Db *db, const char *node_uuid, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes how many bytes an operation's open phases have moved. total: -1: not known. */
bool db_phases_moved(Db *db, const char *node_uuid, const char *operation_uuid, int64_t bytes,
                     int64_t total, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes how far a node's open phases have come, in bytes. */
bool db_phases_progress(Db *db, const char *node_uuid, uint64_t done, uint64_t total,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes the detail of an operation's open phases. */
bool db_phases_note(Db *db, const char *node_uuid, const char *operation_uuid, const char *detail,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
