/* Chooses the conductor of each call: the hash ring over the live conductors of the database. A
 * call for the conductor of this process takes the local transport; others are carried to their
 * host.
 *
 *   - About a node: the conductor that the ring names for its group and hardware type. A group
 *     without a living conductor: NO_CONDUCTOR, unless the call needs nothing but the database.
 *   - About a hardware type: a conductor that has it.
 *   - Otherwise, or if nobody serves the type: any one, the own one first; it says what is wrong.
 *
 * Without a live conductor a call fails at once with NO_CONDUCTOR.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "rpc/rpc.h"

/* A way to conductors on other hosts. */
typedef struct RpcCarrier {
    const char *name;
    /* Carries a call to the conductor of a host, as RpcTransport.call does; `host` is borrowed for
     * the call.
     * Errors (in done) besides the conductor's: NO_CONDUCTOR, it cannot be reached and has not got
     * the call, or was lost with it; RPC_TIMEOUT, it has not answered within
     * [DEFAULT]rpc_response_timeout; RPC_VERSION, it is too old; NO_WORKER, too many calls are
     * under way */
    void (*send)(void *self, const char *host, const RpcCall *call, RpcDone done, void *user_data);
} RpcCarrier;

/* All borrowed until rpc_router_free. */
typedef struct RpcRouterOptions {
    Db *db;
    const char *host;          /* of the conductor of this process; NULL: it has none */
    const RpcTransport *local; /* to that conductor; NULL without one */
    void *local_self;
    const RpcCarrier *carrier;
    void *carrier_self;
} RpcRouterOptions;

typedef struct RpcRouter RpcRouter;

RpcRouter *rpc_router_new(const RpcRouterOptions *options);

/* Frees; no call may be under way. NULL is fine. */
void rpc_router_free(RpcRouter *router);

/* For rpc_new; its `self` is the RpcRouter. A call asks the database for the node, unless this
 * process has the only conductor. */
extern const RpcTransport rpc_router_transport;

/* The host that a call goes to, owned by the caller. Errors: NO_CONDUCTOR, those of db.h. */
char *rpc_router_host(RpcRouter *router, const RpcCall *call, GError **error);
