/* The table of what a conductor answers: one row per rpc method.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/internal.h"
#include "conductor/task.h"

typedef struct VerbCall {
    Conductor *conductor;
    Task *task; /* for methods about a node; a handler that hands it to a worker sets it to NULL */
    const json_t *arguments; /* borrowed */
    const char *node_uuid;   /* NULL: not about a node */
    const char *user_id, *project_id;
    const json_t *judged; /* borrowed: by whose ownership the caller may do this, see rpc.h; NULL */
} VerbCall;

/* True unless the caller was let in because the node belonged to somebody to whom it belongs no
 * more, or because of other nodes than this. To be asked of each node that a call is about, once it
 * is locked. CONFLICT. */
bool verb_call_holds(const VerbCall *call, const Node *node, GError **error);

/* Does the work, or starts it. Returns the answer (a new reference), or NULL with the error set. */
typedef json_t *(*VerbHandler)(VerbCall *call, GError **error);

/* The handlers of verbs.def. */
#define VERB(code, handler, lock, pool, purpose) json_t *handler(VerbCall *call, GError **error);
#include "conductor/verbs.def"
#undef VERB

typedef enum VerbLock {
    VERB_NO_TASK, /* the handler loads what it needs */
    VERB_SHARED,  /* a task without the lock */
    /* a task with the lock; a locked node is tried again for a while, then LOCKED */
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
