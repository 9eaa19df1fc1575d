/* Calls to conductors over HTTP ([DEFAULT]rpc_transport = json-rpc): one POST for each call, many
 * at once from one thread. A conductor is called by its host name at [json_rpc]port; a host
 * "name:port" has a port of its own. What travels is in message.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "rpc/router.h"

typedef struct JsonRpcClient JsonRpcClient;

/* Reads [json_rpc]. Errors: CONFIG, INTERNAL. */
JsonRpcClient *json_rpc_client_new(const Config *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends calls under way with CANCELLED and frees. NULL is fine. */
void json_rpc_client_free(JsonRpcClient *client);

/* Asks a conductor for its events, once (event_readers.h); `done` gets the result that is described
 * there. Errors as of the carrier. Any thread.
 *
 * reader  uuid of this process, as one that fetches events
 * have    the number of the last answer that has come; 0 at first */
void json_rpc_client_fetch(JsonRpcClient *client, const char *host, const char *reader,
                           int64_t have, RpcDone done, void *user_data);

extern const RpcCarrier json_rpc_carrier; /* its `self` is the JsonRpcClient */

/* The URL of a conductor's server; the caller frees. Pure. */
char *json_rpc_url(const char *host, unsigned port, bool tls);

/* [json_rpc]auth_strategy, or [DEFAULT]auth_strategy. */
const char *json_rpc_strategy(const Config *config);
