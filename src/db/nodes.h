/* What is asked of nodes beyond loading and saving: the lock, the lists the conductor's loops work on.
 *
 * The node lock is in the database: it names the conductor and the lease under which it was taken. A lock whose lease
 * has ended is void, so no node stays locked by a dead process.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "model/resources.h"

/* Takes the lock of a node for a conductor.
 *
 * purpose  a few words for whoever meets the lock, e.g. "deploy"
 * Errors   LOCKED naming holder, purpose and since when; NODE_NOT_FOUND */
bool db_node_reserve(Db *db, const char *node_uuid, const char *hostname, const char *lease,
                     const char *purpose, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives the lock back if it is held under this lease. */
bool db_node_release(Db *db, const char *node_uuid, const char *lease,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The error of a caller that met a lock: who holds it, for what, since when. Always false. */
bool db_node_locked_error(const Node *node, GError **error);
