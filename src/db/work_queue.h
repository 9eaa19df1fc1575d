/* The queue of work that was accepted and has not begun, and what is under way. Projects take
 * turns: of those that wait, the next is one whose project has the fewest nodes before it, those
 * under way included; within a project the order is that of the requests.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "db/db.h"
#include "model/provision_states.h"

/* A kind of work that is limited. */
typedef struct DbQueueKind {
    const char *name;         /* "deploy": in the queue */
    ConfigOption limit;       /* nodes at once */
    ProvisionState states[3]; /* of nodes that are at it, and of those that wait */
    size_t state_count;
} DbQueueKind;

enum { DB_QUEUE_DEPLOY, DB_QUEUE_CLEAN, DB_QUEUE_KINDS };
extern const DbQueueKind db_queue_kinds[DB_QUEUE_KINDS];

/* One place in the queue. The texts are valid during the call. */
typedef struct DbQueued {
    const char *node_uuid, *project; /* "": no project */
    int64_t queued_at_ms;
} DbQueued;

/* Adds a node, at the end of its project's. It stays where it is if it waits already. */
bool db_queue_add(Db *db, const DbQueueKind *kind, const char *node_uuid, const char *project,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes a node; nothing happens if it does not wait. */
bool db_queue_remove(Db *db, const char *node_uuid, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Counts the nodes that wait, and those that are at work.
 *
 * except  a node that does not count as working; NULL: none */
bool db_queue_count(Db *db, const DbQueueKind *kind, const char *except, int64_t *waiting,
                    int64_t *working, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Counts the nodes that wait, without looking at nodes. */
bool db_queue_waiting(Db *db, const DbQueueKind *kind, int64_t *waiting,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Calls `each` for the first `limit` places, in the order in which they will begin. */
bool db_queue_list(Db *db, const DbQueueKind *kind, int64_t limit,
                   void (*each)(const DbQueued *queued, void *user_data), void *user_data,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes places, queued before `before_ms`, of nodes that are in none of the kind's states: a
 * process has died between two writes. */
bool db_queue_prune(Db *db, const DbQueueKind *kind, int64_t before_ms,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The mean time in ms of the latest operations of this name in the timeline that ended well, at
 * most some dozens of them; -1: there are none. */
bool db_queue_mean_ms(Db *db, const char *operation, int64_t *mean_ms,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
