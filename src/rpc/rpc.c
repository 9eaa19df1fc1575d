/* The caller's side of rpc; the contract is in rpc.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/rpc.h"

struct Rpc {
    const RpcTransport *transport;
    void *self; /* borrowed */
};

const char *
rpc_method_name(RpcMethod method)
{
    static const char *const names[RPC_METHOD_COUNT] = {
#define RPC_METHOD(code, name) [RPC_##code] = name,
#include "rpc/methods.def"
#undef RPC_METHOD
    };
    return names[method];
}

Rpc *
rpc_new(const RpcTransport *transport, void *self)
{
    Rpc *rpc = g_new0(Rpc, 1);
    rpc->transport = transport;
    rpc->self = self;
    return rpc;
}

void
rpc_free(Rpc *rpc)
{
    g_free(rpc);
}

void
rpc_call(Rpc *rpc, const RpcCall *call, RpcDone done, void *user_data)
{
    rpc->transport->call(rpc->self, call, done, user_data);
}
