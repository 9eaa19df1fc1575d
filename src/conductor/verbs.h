/* The table of rpc methods that a conductor answers, one row each.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/internal.h"
#include "conductor/task.h"

typedef struct VerbCall {
    Conductor *conductor;
    /* for methods about a node; a handler that hands the task to a worker sets it to NULL */
    Task *task;
    const json_t *arguments; /* borrowed */
    const char *node_uuid;   /* NULL: not about a node */
    const char *user_id, *project_id;
    const json_t *judged; /* borrowed: the ownership that allows the call, see rpc.h; may be NULL */
} VerbCall;

/* True unless the call was allowed by an ownership that the node no longer has, or by other nodes.
 * Ask it for each node of a call, once the node is locked. Errors: CONFLICT. */
bool verb_call_holds(const VerbCall *call, const Node *node, GError **error);

/* Does the work, or starts it. Returns the answer (a new reference), or NULL with an error. */
typedef json_t *(*VerbHandler)(VerbCall *call, GError **error);

/* The handlers of verbs.def. */
#define VERB(code, handler, lock, pool, purpose) json_t *handler(VerbCall *call, GError **error);
#include "conductor/verbs.def"
#undef VERB

typedef enum VerbLock {
    VERB_NO_TASK, /* the handler loads what it needs */
    VERB_SHARED,  /* a task without the lock */
    /* a task with the lock; waits for a locked node for a while, then LOCKED */
    VERB_EXCLUSIVE,
} VerbLock;

typedef struct Verb {
    VerbHandler handle;
    VerbLock lock;
    ConductorPool pool;
    const char *purpose; /* of the lock */
} Verb;

/* The row of a method. */
const Verb *verb_row(RpcMethod method);
