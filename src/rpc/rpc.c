/* The caller's side of rpc; the contract is in rpc.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/rpc.h"

struct Rpc {
    const RpcTransport *transport;
    void *self; /* borrowed */
};

typedef struct MethodRow {
    const char *name;
    unsigned version;
    bool anywhere;
} MethodRow;

static const MethodRow methods[RPC_METHOD_COUNT] = {
#define RPC_METHOD(code, name, version, anywhere) [RPC_##code] = {name, version, anywhere},
#include "rpc/methods.def"
#undef RPC_METHOD
};

const char *
rpc_method_name(RpcMethod method)
{
    return methods[method].name;
}

unsigned
rpc_method_version(RpcMethod method)
{
    return methods[method].version;
}

bool
rpc_method_is_for_anyone(RpcMethod method)
{
    return methods[method].anywhere;
}

RpcMethod
rpc_method_find(const char *name)
{
    unsigned method = 0;
    while (method < RPC_METHOD_COUNT && g_strcmp0(methods[method].name, name) != 0)
        method++;
    return (RpcMethod)method;
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
