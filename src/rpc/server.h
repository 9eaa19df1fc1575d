/* The conductor's side of calls from other hosts: takes messages, has the conductor of this process
 * do the work, and gives the answers back. The transports (json_rpc_server.h, amqp.h) carry both.
 *
 *   - A message that comes twice is executed once: its id is remembered, with its answer, for
 *     some minutes. Both get the answer.
 *   - A message past its deadline is not executed.
 *   - A message that was sent before this process came, and says so (`again`), is not executed: an
 *     earlier process may have done it.
 *   - All memory is bounded. Who comes when it is full is answered NO_WORKER.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "rpc/rpc.h"

#include <stdint.h>

enum {
    RPC_RUNNING_MOST = 4096,                /* calls at work */
    RPC_REMEMBERED_MOST = 4096,             /* answers */
    RPC_REMEMBERED_SIZE = 16 * 1024 * 1024, /* their bytes */
    RPC_REMEMBERED_MS = 10 * 60 * 1000,     /* how long */
};

typedef struct RpcServer RpcServer;

typedef struct RpcServerOptions {
    const RpcTransport *transport; /* to the conductor of this process */
    void *self;                    /* of the transport; borrowed */
    const char *host;              /* of the conductor, for messages; copied */
    unsigned version;              /* that it claims; 0: RPC_VERSION */
    int64_t now_ms;                /* wall clock of its start; 0: now */
} RpcServerOptions;

RpcServer *rpc_server_new(const RpcServerOptions *options);

/* Frees. No call may be at work: the conductor has stopped. NULL is fine. */
void rpc_server_free(RpcServer *server);

/* Receives the answer's text, once for each message, on any thread, perhaps before rpc_server_take
 * returns; must not block. The text is borrowed for the call. */
typedef void (*RpcServerReply)(void *user_data, const char *text, size_t size);

/* Takes a message, which is borrowed.
 *
 * again   the transport knows that it was delivered before */
void rpc_server_take(RpcServer *server, const char *text, size_t size, bool again,
                     RpcServerReply reply, void *user_data);

/* Calls at work. */
unsigned rpc_server_busy(RpcServer *server);
