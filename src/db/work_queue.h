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
    ProvisionState states[3]; /* of nodes that are at it; the last: of those that wait as well */
    size_t state_count;
} DbQueueKind;

enum { DB_QUEUE_DEPLOY, DB_QUEUE_CLEAN, DB_QUEUE_KINDS };
extern const DbQueueKind db_queue_kinds[DB_QUEUE_KINDS];

/* One place in the queue, with what is to be known of its node. The texts are valid during the
 * call. */
typedef struct DbQueued {
    const char *node_uuid, *project; /* "": no project */
    int64_t queued_at_ms;
    const char *driver, *conductor_group;
    const char *owner, *lessee; /* NULL: none */
} DbQueued;

/* Adds a node, at the end of its project's. It stays where it is if it waits already, also
 * if its last work has begun and the place was not removed yet. */
bool db_queue_add(Db *db, const DbQueueKind *kind, const char *node_uuid, const char *project,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes a node; nothing happens if it does not wait. */
bool db_queue_remove(Db *db, const char *node_uuid, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Claims a place at work for a node that waits, if fewer than `limit` nodes are at work: from then
 * on it counts as one of them, for all conductors, as long as the lease is alive. It stays in the
 * queue until db_queue_begun.
 *
 * claimed  out; false: there is no place, or another conductor has claimed one for the node */
bool db_queue_claim(Db *db, const DbQueueKind *kind, const char *node_uuid, const char *lease,
                    int64_t limit, bool *claimed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes a node whose place was claimed under this lease, once its state says that it is at
 * work. */
bool db_queue_begun(Db *db, const char *node_uuid, const char *lease,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives all claims of a lease back: the nodes wait, where they have waited before. */
bool db_queue_unclaim(Db *db, const char *lease, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Counts the nodes that wait, and those that are at work.
 *
 * except  a node that does not count as working; NULL: none */
bool db_queue_count(Db *db, const DbQueueKind *kind, const char *except, int64_t *waiting,
                    int64_t *working, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Counts the nodes that wait, without looking at nodes. */
bool db_queue_waiting(Db *db, const DbQueueKind *kind, int64_t *waiting,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Calls `each` for `limit` places after the first `skip`, in the order in which they will begin.
 *
 * ready  only those of nodes that may begin: not in maintenance */
bool db_queue_list(Db *db, const DbQueueKind *kind, bool ready, int64_t skip, int64_t limit,
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
