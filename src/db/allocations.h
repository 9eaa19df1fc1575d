/* What is asked of allocations beyond loading and saving: which nodes they may have, taking one,
 * the end.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "model/resources.h"

/* Nodes of the allocation's class that are free, and that its owner owns or leases, if it has one.
 * The array owns them; NULL on failure. */
GPtrArray *db_allocation_nodes(Db *db, const Allocation *allocation, GError **error);

/* Gives a node to the allocation if it is still one of those and nobody has it locked. To be called
 * in a transaction.
 *
 * taken  out: false when it is not */
bool db_allocation_take(Db *db, const Allocation *allocation, const char *node_uuid, bool *taken,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Notes that an allocation has got its node. served out: false when it was deleted or served
 * meanwhile. */
bool db_allocation_serve(Db *db, const char *uuid, const char *node_uuid, bool *served,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends an allocation that still waits for a node. */
bool db_allocation_fail(Db *db, const char *uuid, const char *reason,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Allocations that wait for a node, the oldest first; at most `limit`. */
GPtrArray *db_allocations_waiting(Db *db, unsigned limit, GError **error);

/* Deletes an allocation that has no node. deleted  out: false if it has one, or does not exist. */
bool db_allocation_delete_unserved(Db *db, const char *uuid, bool *deleted,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Deletes an allocation whose node forgets it. uuid  NULL: nothing */
bool db_allocation_forget(Db *db, const char *uuid, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Allocations and instances have their UUIDs in common: one that has a node is the node's instance.
 *
 * Whether some node runs an instance of this UUID. */
bool db_instance_exists(Db *db, const char *uuid, bool *exists,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether an allocation has the UUID of the node's instance that is not the node's, and belongs to
 * a project that neither owns nor leases the node. */
bool db_instance_is_foreign(Db *db, const Node *node, bool *foreign,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
