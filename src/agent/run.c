/* The life of the agent; the contract is in run.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/run.h"

#include "agent/api_client.h"
#include "agent/commands.h"
#include "agent/hardware/nics.h"
#include "agent/heartbeat.h"
#include "agent/own_address.h"
#include "agent/server.h"
#include "agent_protocol/certificate.h"
#include "common/backoff.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/time_text.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define AREA "agent"

enum { NETWORK_LIMIT_MS = 60000, NETWORK_PAUSE_MS = 200, LOOK_MS = 50, SECOND_MS = 1000 };

static const char *
text(const Agent *agent, AgentParameter parameter)
{
    return parameters_string(agent->parameters, parameter);
}

static int64_t
number(const Agent *agent, AgentParameter parameter)
{
    return parameters_integer(agent->parameters, parameter);
}

static bool
is_standalone(const Agent *agent)
{
    return parameters_boolean(agent->parameters, AGENT_PARAMETER_STANDALONE);
}

/* Sleeps for this time, or until the agent ends. */
static void
pause_for(Agent *agent, int64_t milliseconds)
{
    Backoff backoff = {LOOK_MS, LOOK_MS, time_monotonic_ms() + milliseconds, &agent->stopping};
    while (backoff_pause(&backoff))
        continue;
}

static char *
wait_for_interfaces(Agent *agent)
{
    Backoff backoff = {NETWORK_PAUSE_MS, NETWORK_PAUSE_MS, time_monotonic_ms() + NETWORK_LIMIT_MS,
                       &agent->stopping};
    while (true) {
        char *addresses = nics_addresses(agent->root);
        if (*addresses != '\0' || !backoff_pause(&backoff))
            return addresses;
        g_free(addresses);
    }
}

static bool
look_up(Agent *agent, ApiClient *client, GError **error)
{
    if (is_standalone(agent))
        return true;
    const char *url = text(agent, AGENT_PARAMETER_API_URL);
    if (url == NULL || (!g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://")))
        return agent_fail(error, AGENT_ERROR_LOOKUP,
                          "ipa-api-url is %s: give the API's http or https URL on the kernel's "
                          "command line",
                          url != NULL ? url : "missing");
    g_autofree char *addresses = wait_for_interfaces(agent);
    if (*addresses == '\0')
        return agent_fail(error, AGENT_ERROR_LOOKUP,
                          "there is no network interface: is its driver in the ramdisk?");
    return api_client_lookup(client, addresses, NULL, error);
}

/* ---- where the service finds us ---- */

static char *
find_address(Agent *agent, GError **error)
{
    const char *given = text(agent, AGENT_PARAMETER_ADVERTISE_HOST);
    const char *interface = text(agent, AGENT_PARAMETER_NETWORK_INTERFACE);
    if (given != NULL)
        return g_strdup(given);
    return interface != NULL ? own_address_of(interface, error)
                             : own_address_to(text(agent, AGENT_PARAMETER_API_URL), error);
}

static char *
wait_for_address(Agent *agent, GError **error)
{
    int64_t attempts = MAX(number(agent, AGENT_PARAMETER_IP_LOOKUP_ATTEMPTS), 1);
    while (true) {
        g_autoptr(GError) cause = NULL;
        char *address = find_address(agent, &cause);
        if (address != NULL)
            return address;
        if (--attempts <= 0 || atomic_load(&agent->stopping)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return NULL;
        }
        log_warning(AREA, "no address yet: %s", cause->message);
        pause_for(agent, SECOND_MS * number(agent, AGENT_PARAMETER_IP_LOOKUP_TIMEOUT));
    }
}

static char *
callback_url(const Agent *agent, const char *address, bool tls, unsigned port)
{
    int64_t told = number(agent, AGENT_PARAMETER_ADVERTISE_PORT);
    bool v6 = strchr(address, ':') != NULL;
    return g_strdup_printf("%s://%s%s%s:%u", tls ? "https" : "http", v6 ? "[" : "", address,
                           v6 ? "]" : "", told > 0 ? (unsigned)told : port);
}

/* ---- serving ---- */

/* Makes the certificate, if the service's API version accepts one. */
static bool
make_certificate(Agent *agent, ApiClient *client, const char *address, const char *certificate,
                 const char *key, GError **error)
{
    bool plain = g_strcmp0(text(agent, AGENT_PARAMETER_ADVERTISE_PROTOCOL), "http") == 0;
    if (plain || is_standalone(agent) || api_client_version(client) < API_VERSION_CERTIFICATE)
        return true;
    if (g_mkdir_with_parents(agent->state, 0700) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "%s cannot be made: %s", agent->state,
                          g_strerror(errno));
    char *made = certificate_make(address, certificate, key, error);
    lock_acquire(&agent->lock);
    agent->certificate = made;
    lock_release(&agent->lock);
    return made != NULL;
}

static bool
has_certificate(Agent *agent)
{
    lock_acquire(&agent->lock);
    bool has = agent->certificate != NULL;
    lock_release(&agent->lock);
    return has;
}

static void
serve_until_told(Agent *agent, AgentServer *server, const char *address)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *url =
        callback_url(agent, address, has_certificate(agent), agent_server_port(server));
    if (!is_standalone(agent))
        agent->heartbeat = heartbeat_start(agent, url, &error);
    if (error != NULL)
        log_error(AREA, "%s", error->message);
    log_info(AREA, "ready at %s", url);
    while (!atomic_load(&agent->stopping))
        backoff_sleep(LOOK_MS);
}

static bool
serve(Agent *agent, ApiClient *client, const char *address, GError **error)
{
    g_autofree char *certificate = g_build_filename(agent->state, "agent.crt", NULL);
    g_autofree char *key = g_build_filename(agent->state, "agent.key", NULL);
    if (!make_certificate(agent, client, address, certificate, key, error))
        return false;
    bool tls = has_certificate(agent);
    AgentServer *server =
        agent_server_start(agent, tls ? certificate : NULL, tls ? key : NULL, error);
    if (server == NULL)
        return false;
    serve_until_told(agent, server, address);
    agent_server_stop(server);
    commands_finish(agent->commands);
    heartbeat_stop(atomic_exchange(&agent->heartbeat, NULL));
    return true;
}

static double
seconds_since_start(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool
agent_run(Agent *agent, GError **error)
{
    ApiClient client = {.agent = agent};
    log_info(AREA, "steel-agent %s, %.2f s after the kernel's start", STEEL_VERSION,
             seconds_since_start());
    pause_for(agent, SECOND_MS * number(agent, AGENT_PARAMETER_INITIALIZATION_DELAY));
    if (!look_up(agent, &client, error))
        return false;
    g_autofree char *address =
        is_standalone(agent) ? g_strdup("localhost") : wait_for_address(agent, error);
    return address != NULL && serve(agent, &client, address, error);
}
