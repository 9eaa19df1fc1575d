/* How the API calls a conductor: a method, a node, JSON arguments; the answer comes later. An
 * RpcTransport carries the call: to the conductor of this process (conductor/dispatch.c), or over
 * the network (router.h).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>

/* The version of what methods.def says, which grows with it. */
enum { RPC_VERSION = 2 };

typedef enum RpcMethod {
#define RPC_METHOD(code, name, version, anywhere) RPC_##code,
#include "rpc/methods.def"
#undef RPC_METHOD
    RPC_METHOD_COUNT
} RpcMethod;

/* The caller, for logs, history and notifications. All borrowed for the call. */
typedef struct RpcContext {
    const char *request_id; /* "req-<uuid>" */
    const char *user_id;    /* NULL without authentication */
    const char *project_id;
    const char *global_request_id; /* of the client's own request; NULL: it named none */
} RpcContext;

typedef struct RpcCall {
    RpcMethod method;
    const char *node_uuid; /* NULL when the method is not about a node */
    json_t *arguments;     /* an object; the call takes this reference */
    /* {node uuid: {"owner": str or null, "lessee": ...}}, borrowed for the call: the owners by
     * which the policy allowed the call. A node that has another owner by the time of the work, or
     * is not named here, is left alone: CONFLICT. NULL: the policy did not ask for owners. */
    json_t *judged;
    RpcContext context;
} RpcCall;

/* Receives the answer, exactly once, on any thread, perhaps before rpc_call returns. It must not
 * block.
 * result  borrowed object, NULL on failure;  error  borrowed, NULL on success */
typedef void (*RpcDone)(json_t *result, const GError *error, void *user_data);

typedef struct Rpc Rpc;

/* A way to reach conductors. `call` copies what it keeps, and takes call->arguments. */
typedef struct RpcTransport {
    const char *name;
    void (*call)(void *self, const RpcCall *call, RpcDone done, void *user_data);
} RpcTransport;

const char *rpc_method_name(RpcMethod method);

/* The version of rpc that a conductor must have for it. */
unsigned rpc_method_version(RpcMethod method);

/* Whether any conductor may do it to a node whose group has none: it needs nothing but the
 * database. */
bool rpc_method_is_for_anyone(RpcMethod method);

/* The method of a name; RPC_METHOD_COUNT: there is none. */
RpcMethod rpc_method_find(const char *name);

/* Makes a caller on a transport; `self` is borrowed until rpc_free. */
Rpc *rpc_new(const RpcTransport *transport, void *self);
void rpc_free(Rpc *rpc);

/* Sends a call. Any thread; never blocks on hardware. */
void rpc_call(Rpc *rpc, const RpcCall *call, RpcDone done, void *user_data);
