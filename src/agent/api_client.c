/* Lookup and heartbeat; the contract is in api_client.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/api_client.h"

#include "agent/api_error.h"
#include "agent/clock.h"
#include "common/backoff.h"
#include "common/http_client.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/time_text.h"

#include <stdio.h>
#include <string.h>

#define AREA "agent.api"

enum {
    VERSION_LEAST = 31, /* every service knows this version */
    VERSION_AGENT = 36, /* agent_version */
    VERSION_TOKEN = 62, /* agent_token */
    TOKEN_LENGTH_LEAST = 32,
    PAUSE_LONGEST_MS = 60000,
    LOCKED_PAUSE_MS = 5000,
    HTTP_OK = 200,
    HTTP_ACCEPTED = 202,
    HTTP_CONFLICT = 409,
    HTTP_NO_CONTENT = 204,
    PROGRESS_LONGEST_S = 3600,
    PROGRESS_TIMEOUT_MS = 5000,
};

static const char *
text(const ApiClient *client, AgentParameter parameter)
{
    return parameters_string(client->agent->parameters, parameter);
}

/* Sends one request: GET, or POST with a body. version 0: no version header. timeout_ms 0: the
 * default. */
static bool
ask_within(const ApiClient *client, const char *path, unsigned version, const char *body,
           int timeout_ms, HttpResponse *response, GError **error)
{
    const char *api = text(client, AGENT_PARAMETER_API_URL);
    const char *request_id = text(client, AGENT_PARAMETER_GLOBAL_REQUEST_ID);
    size_t length = strlen(api);
    while (length > 0 && api[length - 1] == '/')
        length--;
    g_autofree char *url = g_strdup_printf("%.*s%s", (int)length, api, path);
    g_autofree char *asked = g_strdup_printf("X-OpenStack-Ironic-API-Version: 1.%u", version);
    g_autofree char *traced = g_strdup_printf("X-OpenStack-Request-ID: %s", request_id);
    const char *headers[4] = {"Accept: application/json"};
    size_t count = 1;
    if (version > 0)
        headers[count++] = asked;
    if (request_id != NULL)
        headers[count++] = traced;
    const HttpRequest request = {
        .method = body != NULL ? "POST" : "GET",
        .url = url,
        .headers = headers,
        .body = body,
        .body_size = body != NULL ? strlen(body) : 0,
        .ca_file = text(client, AGENT_PARAMETER_CA_FILE),
        .client_certificate = text(client, AGENT_PARAMETER_CERTIFICATE_FILE),
        .client_key = text(client, AGENT_PARAMETER_KEY_FILE),
        .insecure = parameters_boolean(client->agent->parameters, AGENT_PARAMETER_INSECURE),
        .pinned_key = text(client, AGENT_PARAMETER_API_PIN),
        .timeout_ms = timeout_ms,
    };
    return http_request(&request, response, error);
}

static bool
ask(const ApiClient *client, const char *path, unsigned version, const char *body,
    HttpResponse *response, GError **error)
{
    return ask_within(client, path, version, body, 0, response, error);
}

/* ---- version ---- */

/* {"default_version": {"version": "1.82"}} */
static unsigned
read_version(const HttpResponse *response)
{
    unsigned major, minor;
    json_t *body = json_text_parse(response->body, response->body_size, 0, NULL);
    const char *version = json_string_member(json_object_get(body, "default_version"), "version");
    bool good = version != NULL && sscanf(version, "%u.%u", &major, &minor) == 2 && major == 1;
    json_decref(body);
    return good ? minor : 0;
}

unsigned
api_client_version(ApiClient *client)
{
    g_autoptr(GError) error = NULL;
    g_auto(HttpResponse) response = {0};
    if (client->minor > 0)
        return client->minor;
    bool asked = ask(client, "/", 0, NULL, &response, &error);
    if (!asked && clock_ask(client->agent, text(client, AGENT_PARAMETER_API_URL))) {
        g_clear_error(&error);
        asked = ask(client, "/", 0, NULL, &response, &error);
    }
    if (asked) {
        clock_follow(client->agent, http_response_header(&response, "Date"));
        client->minor = read_version(&response);
    }
    if (client->minor > 0)
        return client->minor;
    log_warning(AREA, "the API does not tell its version, so it counts as old: %s",
                error != NULL ? error->message : "no default_version in its answer");
    return VERSION_LEAST;
}

/* ---- lookup ---- */

static void
take_token(Agent *agent, const json_t *config)
{
    const char *token = json_string_member(config, "agent_token");
    g_autofree char *own = agent_token(agent);
    if (json_is_true(json_object_get(config, "agent_token_required"))) {
        lock_acquire(&agent->lock);
        agent->token_required = true;
        lock_release(&agent->lock);
    }
    if (token != NULL && strlen(token) >= TOKEN_LENGTH_LEAST)
        agent_set_token(agent, token);
    else if (token != NULL && own == NULL)
        log_error(AREA, "the service has given this node's token to another agent, and this one "
                        "has none: it can do nothing. Restart the deployment");
}

bool
api_client_take_lookup(Agent *agent, const json_t *body, GError **error)
{
    json_t *node = json_object_get(body, "node");
    json_t *config = json_object_get(body, "config");
    if (json_string_member(node, "uuid") == NULL || !json_is_object(config))
        return agent_fail(error, AGENT_ERROR_LOOKUP,
                          "the answer has no node.uuid or no config: is it Ironic's API?");
    const json_t *timeout = json_object_get(config, "heartbeat_timeout"),
                 *interval = json_object_get(config, "progress_interval");
    agent_set_node(agent, node);
    agent_set_config(agent, config);
    take_token(agent, config);
    lock_acquire(&agent->lock);
    agent->heartbeat_timeout_s = json_is_integer(timeout) ? json_integer_value(timeout) : 300;
    agent->progress_interval_s = CLAMP(json_integer_value(interval), 0, PROGRESS_LONGEST_S);
    lock_release(&agent->lock);
    log_info(AREA, "this is node %s", json_string_member(node, "uuid"));
    return true;
}

static bool
look_up_once(ApiClient *client, const char *path, bool *locked, GError **error)
{
    g_auto(HttpResponse) response = {0};
    unsigned version = MIN(api_client_version(client), VERSION_TOKEN);
    if (!ask(client, path, version, NULL, &response, error))
        return false;
    *locked = response.status == HTTP_CONFLICT;
    if (response.status != HTTP_OK)
        return api_error(&response, AGENT_ERROR_LOOKUP, error);
    json_t *body = json_text_parse(response.body, response.body_size, 0, error);
    bool good = body != NULL && api_client_take_lookup(client->agent, body, error);
    json_decref(body);
    return good;
}

static char *
lookup_path(const char *addresses, const char *node_uuid)
{
    g_autofree char *macs = http_escape(addresses);
    g_autofree char *uuid = node_uuid != NULL ? http_escape(node_uuid) : NULL;
    return g_strconcat("/v1/lookup?addresses=", macs, uuid != NULL ? "&node_uuid=" : NULL, uuid,
                       NULL);
}

static bool
give_up(GError **error, GError *cause)
{
    agent_error_classify(&cause, AGENT_ERROR_LOOKUP);
    g_propagate_prefixed_error(error, cause, "no node after ipa-lookup-timeout: ");
    return false;
}

bool
api_client_lookup(ApiClient *client, const char *addresses, const char *node_uuid, GError **error)
{
    const Parameters *parameters = client->agent->parameters;
    g_autofree char *path = lookup_path(addresses, node_uuid);
    unsigned interval_ms =
        1000u * (unsigned)parameters_integer(parameters, AGENT_PARAMETER_LOOKUP_INTERVAL);
    Backoff backoff = {
        .pause_ms = MAX(interval_ms, 100u),
        .longest_ms = PAUSE_LONGEST_MS,
        .limit_ms = time_monotonic_ms() +
                    1000 * parameters_integer(parameters, AGENT_PARAMETER_LOOKUP_TIMEOUT),
        .stop = &client->agent->stopping,
    };
    while (true) {
        GError *cause = NULL;
        bool locked = false;
        if (look_up_once(client, path, &locked, &cause))
            return true;
        log_warning(AREA, "no node yet: %s", cause->message);
        if (locked)
            backoff.pause_ms = MAX(backoff.pause_ms, LOCKED_PAUSE_MS);
        if (!backoff_pause(&backoff))
            return give_up(error, cause);
        g_error_free(cause);
    }
}

/* ---- heartbeat ---- */

static char *
heartbeat_body(ApiClient *client, const char *callback_url, unsigned version)
{
    Agent *agent = client->agent;
    json_t *body = json_pack("{s:s}", "callback_url", callback_url);
    lock_acquire(&agent->lock);
    if (version >= VERSION_TOKEN && agent->token != NULL)
        json_object_set_new(body, "agent_token", json_string(agent->token));
    if (version >= VERSION_AGENT)
        json_object_set_new(body, "agent_version", json_string(STEEL_VERSION));
    if (version >= API_VERSION_CERTIFICATE && agent->certificate != NULL)
        json_object_set_new(body, "agent_verify_ca", json_string(agent->certificate));
    lock_release(&agent->lock);
    char *dumped = json_text_dump(body);
    json_decref(body);
    return dumped;
}

bool
api_client_heartbeat(ApiClient *client, const char *callback_url, bool *conflict, GError **error)
{
    g_auto(HttpResponse) response = {0};
    unsigned version = MIN(api_client_version(client), API_VERSION_CERTIFICATE);
    json_t *node = agent_node(client->agent);
    g_autofree char *path = g_strconcat("/v1/heartbeat/", json_string_member(node, "uuid"), NULL);
    char *body = heartbeat_body(client, callback_url, version);
    bool asked = ask(client, path, version, body, &response, error);
    json_decref(node);
    secret_free(body);
    *conflict = asked && response.status == HTTP_CONFLICT;
    if (asked && response.status != HTTP_ACCEPTED)
        return api_error(&response, AGENT_ERROR_HEARTBEAT, error);
    if (!asked && error != NULL)
        agent_error_classify(error, AGENT_ERROR_HEARTBEAT);
    return asked;
}

bool
api_client_progress(ApiClient *client, const json_t *progress, GError **error)
{
    g_auto(HttpResponse) response = {0};
    json_t *node = agent_node(client->agent);
    g_autofree char *path =
        g_strconcat("/v1/heartbeat/", json_string_member(node, "uuid"), "/progress", NULL);
    char *token = agent_token(client->agent);
    json_t *body = json_deep_copy(progress);
    json_object_set_new(body, "agent_token", json_string(token != NULL ? token : ""));
    char *text = json_text_dump(body);
    bool asked = ask_within(client, path, API_VERSION_CERTIFICATE, text, PROGRESS_TIMEOUT_MS,
                            &response, error);
    secret_free(text);
    secret_free(token);
    json_decref(body);
    json_decref(node);
    return asked && (response.status == HTTP_NO_CONTENT ||
                     api_error(&response, AGENT_ERROR_HEARTBEAT, error));
}
