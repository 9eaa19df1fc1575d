/* Which conductor gets a call; the contract is in router.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/router.h"

#include "common/json_text.h"
#include "common/metrics.h"
#include "db/node_brief.h"
#include "rpc/rings.h"

struct RpcRouter {
    RpcRouterOptions options;
    Rings *rings;
};

RpcRouter *
rpc_router_new(const RpcRouterOptions *options)
{
    RpcRouter *router = g_new0(RpcRouter, 1);
    router->options = *options;
    router->rings = rings_new(options->db);
    return router;
}

void
rpc_router_free(RpcRouter *router)
{
    if (router == NULL)
        return;
    rings_free(router->rings);
    g_free(router);
}

/* ---- which host ---- */

/* What chooses a conductor. */
typedef struct Wish {
    const char *group, *driver; /* NULL: it does not matter */
    const char *key;            /* that is hashed */
} Wish;

/* A node that is not there yet is in the call; the conductor says what is wrong with it. */
static void
wish_of_arguments(const RpcCall *call, Wish *wish)
{
    const json_t *values = json_object_get(call->arguments, "values");
    const char *driver = json_string_member(values, "driver");
    wish->driver = driver != NULL ? driver : json_string_member(call->arguments, "driver");
    wish->group = json_string_member(values, "conductor_group");
}

static bool
find_wish(const RpcRouter *router, const RpcCall *call, NodeBrief *node, Wish *wish, GError **error)
{
    *wish = (Wish){.key = call->node_uuid};
    if (call->node_uuid != NULL &&
        !db_node_brief(router->options.db, DB_BY_KEY, call->node_uuid, node, error))
        return false;
    if (node->uuid != NULL) {
        wish->group = node->conductor_group;
        wish->driver = node->driver;
    } else {
        wish_of_arguments(call, wish);
    }
    if (wish->key == NULL)
        wish->key = call->context.request_id != NULL ? call->context.request_id : "";
    return true;
}

static const char *
choose(const RpcRouter *router, const HashRing *ring, const RpcCall *call, const Wish *wish)
{
    const char *own = router->options.host;
    const char *host = NULL;
    if (wish->driver != NULL && call->node_uuid != NULL)
        host = hash_ring_host(ring, wish->group, wish->driver, wish->key);
    if (host == NULL && wish->driver != NULL)
        host = hash_ring_any(ring, wish->driver, own, wish->key);
    return host != NULL ? host : hash_ring_any(ring, NULL, own, wish->key);
}

/* A conductor of another group may not reach the node's machine, and would have its work fail. */
static bool
check_group(const HashRing *ring, const RpcCall *call, const NodeBrief *node, GError **error)
{
    const char *group = node->conductor_group != NULL ? node->conductor_group : "";
    if (node->uuid == NULL || rpc_method_is_for_anyone(call->method) || hash_ring_is_empty(ring) ||
        hash_ring_first(ring, group) != NULL)
        return true;
    return steel_fail(error, STEEL_ERROR_NO_CONDUCTOR,
                      "No conductor of group \"%s\", to which node %s belongs, is alive. Start "
                      "one, or change the node's conductor_group; then ask again.",
                      group, node->uuid);
}

char *
rpc_router_host(RpcRouter *router, const RpcCall *call, GError **error)
{
    g_auto(NodeBrief) node = {0};
    g_autoptr(HashRing) ring = rings_current(router->rings);
    Wish wish;
    if (!find_wish(router, call, &node, &wish, error) || !check_group(ring, call, &node, error))
        return NULL;
    const char *host = choose(router, ring, call, &wish);
    if (host != NULL)
        return g_strdup(host);
    if (router->options.host != NULL)
        return g_strdup(router->options.host); /* its lease is about to begin */
    steel_fail(error, STEEL_ERROR_NO_CONDUCTOR,
               "No conductor is alive: none has a lease in the database. Start one, or look why "
               "they do not reach it; then ask again.");
    return NULL;
}

/* ---- calls ---- */

/* A call on its way to another host. */
typedef struct Journey {
    RpcRouter *router;
    RpcDone done;
    void *user_data;
} Journey;

/* A conductor that is gone may have an heir already. */
static void
journey_done(json_t *result, const GError *error, void *user_data)
{
    Journey *journey = user_data;
    if (steel_error_is(error, STEEL_ERROR_NO_CONDUCTOR)) {
        rings_expire(journey->router->rings);
        metrics_add(METRIC_RPC_UNREACHED, 1);
    }
    if (steel_error_is(error, STEEL_ERROR_RPC_TIMEOUT))
        metrics_add(METRIC_RPC_TIMEOUTS, 1);
    journey->done(result, error, journey->user_data);
    g_free(journey);
}

static void
router_call(void *self, const RpcCall *call, RpcDone done, void *user_data)
{
    RpcRouter *router = self;
    const RpcRouterOptions *options = &router->options;
    g_autoptr(GError) error = NULL;
    g_autofree char *host = rpc_router_host(router, call, &error);
    if (host == NULL) {
        json_decref(call->arguments);
        done(NULL, error, user_data);
        return;
    }
    if (options->local != NULL && g_strcmp0(host, options->host) == 0) {
        options->local->call(options->local_self, call, done, user_data);
        return;
    }
    Journey *journey = g_new0(Journey, 1);
    *journey = (Journey){router, done, user_data};
    metrics_add(METRIC_RPC_CALLS, 1);
    options->carrier->send(options->carrier_self, host, call, journey_done, journey);
}

const RpcTransport rpc_router_transport = {.name = "router", .call = router_call};
