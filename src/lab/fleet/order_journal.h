/* The journal of a fleet: each order that a BMC followed, as a line of JSON in a file:
 *
 *     {"time":"2026-11-21T09:14:02.113+00:00","node":UUID,"order":"on","from":"127.0.0.1:40000"}
 *
 * What several services did to the machines, and in which order, is read from it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

typedef struct OrderJournal OrderJournal;

/* Empties the file, or makes it. Errors: IO. */
OrderJournal *order_journal_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds a line, which is in the file when this returns; what a full disk refuses is lost. One thread
 * at a time: the BMCs' own. */
void order_journal_add(OrderJournal *journal, const char *node, const char *order,
                       const char *from);

/* NULL is fine. */
void order_journal_close(OrderJournal *journal);
