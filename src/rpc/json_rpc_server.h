/* The conductor's server of JSON-RPC over HTTP at [json_rpc]host_ip and port: POST / with a call,
 * POST /events with a question for events (event_readers.h). Who asks must log in as
 * [json_rpc]auth_strategy says; without a login the server listens on loopback only, unless
 * [json_rpc]allow_unauthenticated_remote admits it.
 *
 * A request that waits suspends its connection and holds no thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "rpc/event_relay.h"
#include "rpc/server.h"

typedef struct JsonRpcServer JsonRpcServer;

/* Checks [json_rpc], for config_add_check; on SQLite it is looked at only if a process with one
 * role starts. Errors: CONFIG. */
bool json_rpc_check(const Config *config, GError **error);

/* Starts to listen; calls go to `server`, and events come from `relay`; both borrowed. Errors:
 * CONFIG, IO. */
JsonRpcServer *json_rpc_server_start(RpcServer *server, EventRelay *relay,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes no more calls; those at work continue. NULL is fine. */
void json_rpc_server_quiesce(JsonRpcServer *server);

/* Waits a moment until answers were read, closes, and frees. False: calls are at work; the process
 * must end. NULL is fine. */
bool json_rpc_server_stop(JsonRpcServer *server) G_GNUC_WARN_UNUSED_RESULT;

/* The port it listens on. */
unsigned json_rpc_server_port(const JsonRpcServer *server);
