/* Questions about nodes beyond loading and saving: the lock, the lists that the conductor's loops
 * work on.
 *
 * The node lock is in the database: it names the conductor and the lease under which it was taken.
 * A lock whose lease has ended is void, so no node stays locked by a dead process. Any thread;
 * errors and waiting as in db.h.
 *
 * A GPtrArray returned is the caller's to unref: of Node, which it owns and frees; NULL on failure.
 * Nodes given are borrowed. A function that returns a truth by an out-parameter leaves that
 * untouched on failure.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "model/provision_states.h"
#include "model/resources.h"

/* Takes the lock of a node for a conductor.
 *
 * purpose  a few words for others that find the node locked, e.g. "deploy"
 * Errors   LOCKED naming holder, purpose and since when; NODE_NOT_FOUND */
bool db_node_reserve(Db *db, const char *node_uuid, const char *hostname, const char *lease,
                     const char *purpose, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives the lock back if it is held under this lease. */
bool db_node_release(Db *db, const char *node_uuid, const char *lease,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives a node the token of its agent, in one statement and without the lock.
 *
 * token   borrowed
 * made    out: false if the node has one already, which stays
 * Errors  LOCKED: the holder may be about to start another agent, and would forget this token;
 *         NODE_NOT_FOUND */
bool db_node_agent_token_make(Db *db, const char *node_uuid, const char *token, bool *made,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Saves a locked node, as db_record_save does. `stored` was loaded under the lock, so it names the
 * lease; the statement that writes asks for it. LEASE_LOST: the lock is gone, another conductor may
 * have the node, and nothing is written. (A node that was loaded without a lock is just saved.)
 *
 * Reports of an agent that came meanwhile without the
 * lock stay: the changes of `node` to driver_internal_info since `stored` are merged into the
 * stored object, and `node` gets the result. */
bool db_node_save(Db *db, Node *node, const Node *stored, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How many nodes are held at a time. */
enum { DB_NODES_HOLD_MOST = 100 };

/* For small changes of many nodes in one transaction of DB_WRITE, without a lock of each: loads
 * those that exist and that nobody has locked, and keeps others from locking or changing them until
 * the transaction ends. So keep it short, and do nothing to machines meanwhile. The array owns and
 * frees them; NULL on failure.
 *
 * count  1 to DB_NODES_HOLD_MOST */
GPtrArray *db_nodes_hold(Db *db, const char *const *uuids, size_t count, GError **error);

/* Saves a node that is held, in the same transaction, as long as the conductor's lease is alive.
 * LEASE_LOST: it has ended, another conductor may have the node, and nothing is written. */
bool db_node_save_held(Db *db, Node *node, const Node *stored, const char *lease,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Deletes a locked node as db_node_save saves it. NODE_NOT_FOUND, LEASE_LOST; INVALID if another
 * record still refers to it. */
bool db_node_delete(Db *db, const Node *stored, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The error of a holder whose lock is gone. Always false. */
bool db_node_lock_lost(const Node *node, GError **error);

/* Records an agent's report, without the node lock: the members of `said` go into
 * driver_internal_info, the rest of it stays.
 *
 * node      as it was loaded: its agent's token must still be the one in the database
 * recorded  out; false if it is not: the agent was forgotten meanwhile, and nothing is written */
bool db_node_heartbeat(Db *db, const Node *node, const json_t *said, bool *recorded,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The error of a caller that finds a lock: its holder, its purpose, since when. Always false. */
bool db_node_locked_error(const Node *node, GError **error);

/* How many nodes are locked under a lease. */
bool db_nodes_count_locked(Db *db, const char *lease, int64_t *count,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Releases every lock whose lease has ended, except those of `own_lease`. */
bool db_nodes_clear_void_locks(Db *db, const char *own_lease,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Unlocked nodes that a process has left in a busy state or in a power change. At most `limit`
 * Nodes, owned by the array; NULL on failure. */
GPtrArray *db_nodes_left_busy(Db *db, unsigned limit, GError **error);

/* A page of the nodes that were worked on by a conductor whose lease has ended, in the order of
 * their UUIDs after `after` ("" for the first page). */
GPtrArray *db_nodes_orphaned(Db *db, const char *after, unsigned limit, GError **error);

/* Gives an orphan to a conductor, without its lock; of several conductors that ask, one gets it.
 * affinity  whose it was
 * adopted   out */
bool db_node_adopt(Db *db, const char *node_uuid, const char *affinity, const char *hostname,
                   bool *adopted, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Nodes whose wait is past its deadline and that are not in maintenance; at most `limit`. */
GPtrArray *db_nodes_waiting_late(Db *db, int64_t now_ms, int64_t limit, GError **error);

/* All nodes whose console is enabled. */
GPtrArray *db_nodes_with_console(Db *db, GError **error);

/* All nodes in one provision state. */
GPtrArray *db_nodes_in_state(Db *db, ProvisionState state, GError **error);

/* All nodes whose parent_node is this one, in the order of their UUIDs. */
GPtrArray *db_nodes_children(Db *db, const char *parent_uuid, GError **error);

/* A page of the nodes whose power state is kept in step, in the order of their UUIDs.
 *
 * after   the last UUID of the page before; "" for the first
 * failed  true: only those that are in maintenance because their BMC did not answer; false: those
 *         not in maintenance */
GPtrArray *db_nodes_power_page(Db *db, const char *after, bool failed, unsigned limit,
                               GError **error);

/* Whether a chassis has nodes in it. */
bool db_chassis_has_nodes(Db *db, const char *chassis_uuid, bool *has_nodes,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How many nodes other than `except` are in one of these states. */
bool db_nodes_count_in_states(Db *db, const ProvisionState *states, size_t state_count,
                              const char *except, int64_t *count,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The owner and lessee of a node, to be freed by the caller; NULL if absent. */
bool db_node_owners(Db *db, const char *node_uuid, char **owner, char **lessee,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How many nodes share these values, and how many of them are locked. Texts are borrowed during the
 * call. */
typedef struct DbNodeCount {
    const char *provision_state;
    const char *power_state; /* NULL: not known */
    bool maintenance;
    int64_t count, locked;
} DbNodeCount;

/* Calls `each` for every combination that exists, in order. */
bool db_nodes_count(Db *db, void (*each)(const DbNodeCount *count, void *user_data),
                    void *user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Calls `each` for every shard in order; shard NULL: the nodes that have none. */
bool db_nodes_per_shard(Db *db, void (*each)(const char *shard, int64_t count, void *user_data),
                        void *user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Appends the traits of a node as a JSON array; "[]" when there is no such node. */
bool db_node_append_traits(Db *db, const char *node_uuid, GString *json,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
