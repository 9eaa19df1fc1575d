/* Which parts of rpc a process has; the contract is in rpc_parts.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cmd/rpc_parts.h"

#include "rpc/amqp.h"
#include "rpc/event_feeds.h"
#include "rpc/event_relay.h"
#include "rpc/json_rpc_client.h"
#include "rpc/json_rpc_server.h"
#include "rpc/router.h"
#include "rpc/server.h"

#include <string.h>

struct RpcParts {
    RpcPartsOptions options;
    RpcServer *server;          /* what others call; NULL without a transport or a conductor */
    JsonRpcServer *json_server; /* NULL unless json-rpc */
    JsonRpcClient *json_client; /* likewise */
    EventFeeds *feeds;          /* likewise */
    AmqpServer *amqp_server;    /* NULL unless oslo */
    AmqpClient *amqp_client;    /* likewise */
    EventRelay *relay;          /* NULL without a transport */
    RpcRouter *router;          /* NULL: the only conductor is in this process */
    Rpc *caller;
};

bool
role_parse(const char *word, Role *role, GError **error)
{
    static const char *const words[] = {
        [ROLE_ALL] = "all", [ROLE_API] = "api", [ROLE_CONDUCTOR] = "conductor"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(words[i], word) == 0) {
            *role = (Role)i;
            return true;
        }
    }
    return steel_fail(error, STEEL_ERROR_CONFIG, "--role is all, api or conductor, not %s", word);
}

static bool
is_json(const char *transport)
{
    return strcmp(transport, "json-rpc") == 0;
}

/* The side of the conductor. */
static bool
start_server(RpcParts *parts, const char *transport, GError **error)
{
    const RpcServerOptions options = {.transport = &conductor_transport,
                                      .self = parts->options.conductor,
                                      .host = config_string(config_current(), OPT_HOST)};
    parts->server = rpc_server_new(&options);
    if (is_json(transport))
        parts->json_server = json_rpc_server_start(parts->server, parts->relay, error);
    else
        parts->amqp_server =
            amqp_server_new(config_current(), options.host, parts->server, parts->relay, error);
    return parts->json_server != NULL || parts->amqp_server != NULL;
}

static void
start_feeds(RpcParts *parts, const char *own_host)
{
    const EventFeedsOptions options = {parts->options.db, own_host, parts->relay,
                                       parts->json_client};
    parts->feeds = event_feeds_new(&options);
}

/* The side of the API. */
static bool
start_caller(RpcParts *parts, const char *transport, GError **error)
{
    bool has_conductor = parts->options.conductor != NULL;
    RpcRouterOptions options = {.db = parts->options.db};
    if (has_conductor) {
        options.host = config_string(config_current(), OPT_HOST);
        options.local = &conductor_transport;
        options.local_self = parts->options.conductor;
    }
    if (is_json(transport)) {
        parts->json_client = json_rpc_client_new(config_current(), error);
        options.carrier = &json_rpc_carrier;
        options.carrier_self = parts->json_client;
    } else {
        parts->amqp_client = amqp_client_new(config_current(), parts->relay, error);
        options.carrier = &amqp_carrier;
        options.carrier_self = parts->amqp_client;
    }
    if (options.carrier_self == NULL)
        return false;
    if (parts->json_client != NULL)
        start_feeds(parts, options.host);
    parts->router = rpc_router_new(&options);
    parts->caller = rpc_new(&rpc_router_transport, parts->router);
    return true;
}

static bool
start(RpcParts *parts, GError **error)
{
    Role role = parts->options.role;
    const char *transport = config_string(config_current(), OPT_RPC_TRANSPORT);
    /* a database of one process has no other conductor, and no other API beside this one */
    bool alone = role == ROLE_ALL && !db_is_shared(parts->options.db);
    if (alone || strcmp(transport, "none") == 0) {
        if (role != ROLE_ALL)
            return steel_fail(error, STEEL_ERROR_CONFIG,
                              "--role %s needs a way to other processes: set "
                              "[DEFAULT]rpc_transport to oslo or json-rpc",
                              role == ROLE_API ? "api" : "conductor");
        parts->caller = rpc_new(&conductor_transport, parts->options.conductor);
        return true;
    }
    parts->relay = event_relay_new(parts->options.events, parts->options.progress);
    return (role == ROLE_API || start_server(parts, transport, error)) &&
           (role == ROLE_CONDUCTOR || start_caller(parts, transport, error));
}

RpcParts *
rpc_parts_start(const RpcPartsOptions *options, GError **error)
{
    RpcParts *parts = g_new0(RpcParts, 1);
    parts->options = *options;
    if (start(parts, error))
        return parts;
    if (!rpc_parts_stop(parts))
        return NULL;
    return NULL;
}

Rpc *
rpc_parts_caller(const RpcParts *parts)
{
    return parts->caller;
}

void
rpc_parts_quiesce(RpcParts *parts)
{
    if (parts != NULL)
        json_rpc_server_quiesce(parts->json_server);
}

bool
rpc_parts_stop(RpcParts *parts)
{
    if (parts == NULL)
        return true;
    event_feeds_stop(parts->feeds);
    if (!json_rpc_server_stop(parts->json_server) || !amqp_server_free(parts->amqp_server) ||
        !amqp_client_free(parts->amqp_client))
        return false;
    rpc_free(parts->caller);
    json_rpc_client_free(parts->json_client);
    event_feeds_free(parts->feeds);
    event_relay_free(parts->relay);
    rpc_router_free(parts->router);
    rpc_server_free(parts->server);
    g_free(parts);
    return true;
}
