/* Start and stop of the API; the contract is in api.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"

#include "api/access.h"
#include "api/internal.h"
#include "api/versions.h"
#include "common/config.h"
#include "common/log.h"
#include "common/metrics.h"

#include <unistd.h>

enum {
    /* Threads for requests that may wait, and how many requests may wait for a thread. */
    POOL_THREADS = 8,
    POOL_QUEUE = 4096,
    BODY_QUEUE = 64,
    /* Checks of tokens at a time, and of passwords at most. */
    TOKEN_THREADS = 8,
    PASSWORD_THREADS = 4,
};

/* Hashing a password needs a processor, asking Keystone does not. */
static unsigned
login_threads(void)
{
    const char *strategy = config_string(config_current(), OPT_AUTH_STRATEGY);
    if (g_strcmp0(strategy, "http_basic") != 0)
        return TOKEN_THREADS;
    return (unsigned)CLAMP(sysconf(_SC_NPROCESSORS_ONLN), 2, PASSWORD_THREADS);
}

Api *
api_new(const ApiServices *services)
{
    Api *api = g_new0(Api, 1);
    api->services = *services;
    api->rings = rings_new(services->db);
    api->pool = pool_new("api", POOL_THREADS, POOL_QUEUE);
    api->bodies = pool_new("api-bodies", 1, BODY_QUEUE);
    api->logins = login_queue_new("api-logins", login_threads());
    api->metrics = request_metrics_new();
    api->newest_version =
        api_version_of_release(config_string(config_current(), OPT_PIN_RELEASE_VERSION));
    api->streams = http_streams_new(api->pool);
    api->default_base = g_strdup("http://127.0.0.1:6385");
    return api;
}

void
api_free(Api *api)
{
    if (api == NULL)
        return;
    __atomic_store_n(&api->closing, true, __ATOMIC_RELEASE);
    login_queue_free(api->logins);
    pool_free(api->bodies);
    pool_free(api->pool);
    http_streams_free(api->streams);
    request_metrics_free(api->metrics);
    rings_free(api->rings);
    g_free(api->default_base);
    http_tls_free(api->tls);
    http_networks_free(api->trusted);
    g_free(api->tls_priorities);
    g_free(api);
}

Api *
api_start(const ApiServices *services, GError **error)
{
    Api *api = api_new(services);
    if (!access_start(error) || !http_start(api, error)) {
        api_free(api);
        return NULL;
    }
    metrics_register(api_metrics_write, api);
    const char *unix_socket = config_string(config_current(), OPT_API_UNIX_SOCKET);
    log_info("api", "listening on %s", unix_socket != NULL ? unix_socket : api->default_base);
    return api;
}

bool
api_stop(Api *api)
{
    if (api == NULL)
        return true;
    metrics_unregister(api_metrics_write, api);
    if (!http_stop(api))
        return false;
    api_free(api);
    access_stop();
    return true;
}

bool
api_reload(Api *api, GError **error)
{
    return api->tls == NULL || http_tls_reload(api->tls, error);
}

unsigned
api_port(const Api *api)
{
    return api->port;
}
