/* The API's side of JSON-RPC over HTTP; the contract is in json_rpc_client.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/json_rpc_client.h"

#include "common/pool.h"
#include "common/secret.h"
#include "common/time_text.h"
#include "http_engine/engine.h"
#include "openstack/login.h"
#include "openstack/section.h"
#include "rpc/event_readers.h"
#include "rpc/message.h"

#include <string.h>

enum {
    CALLS_MOST = 1024,        /* at a time */
    CONNECT_LIMIT_MS = 10000, /* a host that is away */
    LOGIN_THREADS = 2,
    FETCH_LIMIT_MS = READERS_WAIT_MS + 10000,
    EVENTS_SIZE_MOST = 4 * 1024 * 1024, /* of one answer */
};
enum { OK = 200, UNAUTHORIZED = 401, FORBIDDEN = 403 };

struct JsonRpcClient {
    HttpEngine *engine; /* no conductor rests: the hash ring knows who is alive */
    Pool *logins;       /* NULL unless keystone */
    Login *login;       /* likewise */
    char *username, *password;
    char *ca_file;
    unsigned port;
    bool tls, insecure;
};

typedef struct Exchange {
    JsonRpcClient *client;
    char *host;
    const char *path; /* static */
    const char *what; /* a method's name; static */
    char *text;       /* the call */
    char *token;      /* sent with it; NULL before the login, or without one */
    bool logged_in_again;
    size_t answer_most;
    char id[UUID_TEXT_SIZE];
    int64_t limit_ms;    /* of the call */
    int64_t deadline_ms; /* monotonic */
    RpcDone done;
    void *user_data;
} Exchange;

const char *
json_rpc_strategy(const Config *config)
{
    const char *own = config_string(config, OPT_JSON_RPC_AUTH_STRATEGY);
    return own != NULL ? own : config_string(config, OPT_AUTH_STRATEGY);
}

char *
json_rpc_url(const char *host, unsigned port, bool tls)
{
    const char *scheme = tls ? "https" : "http";
    const char *colon = strchr(host, ':');
    if (colon != NULL && host[0] != '[' && strchr(colon + 1, ':') != NULL)
        return g_strdup_printf("%s://[%s]:%u/", scheme, host, port);
    if (colon != NULL && (host[0] != '[' || strstr(host, "]:") != NULL))
        return g_strdup_printf("%s://%s/", scheme, host);
    return g_strdup_printf("%s://%s:%u/", scheme, host, port);
}

static bool
read_login(JsonRpcClient *client, const Config *config, GError **error)
{
    const char *strategy = json_rpc_strategy(config);
    client->username = g_strdup(config_string(config, OPT_JSON_RPC_USERNAME));
    client->password = g_strdup(config_string(config, OPT_JSON_RPC_PASSWORD));
    if (strcmp(strategy, "http_basic") == 0 &&
        (client->username == NULL || client->password == NULL))
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "[json_rpc]auth_strategy is http_basic: [json_rpc]username and password "
                          "are needed to call conductors");
    if (strcmp(strategy, "http_basic") != 0)
        g_clear_pointer(&client->username, g_free);
    if (strcmp(strategy, "keystone") != 0)
        return true;
    client->logins = pool_new("rpc-logins", LOGIN_THREADS, CALLS_MOST);
    client->login = login_new(config, section_of_login(config, "json_rpc"), error);
    return client->login != NULL;
}

JsonRpcClient *
json_rpc_client_new(const Config *config, GError **error)
{
    JsonRpcClient *client = g_new0(JsonRpcClient, 1);
    const HttpEngineOptions options = {
        .per_host = CALLS_MOST, .total = CALLS_MOST, .host_queue = CALLS_MOST};
    client->port = (unsigned)config_integer(config, OPT_JSON_RPC_PORT);
    client->tls = config_boolean(config, OPT_JSON_RPC_CLIENT_USE_SSL);
    client->ca_file = g_strdup(config_string(config, OPT_JSON_RPC_CAFILE));
    client->insecure = config_boolean(config, OPT_JSON_RPC_INSECURE);
    if (read_login(client, config, error))
        client->engine = http_engine_new(&options, error);
    if (client->engine != NULL)
        return client;
    json_rpc_client_free(client);
    return NULL;
}

void
json_rpc_client_free(JsonRpcClient *client)
{
    if (client == NULL)
        return;
    if (client->logins != NULL) /* an answer may still ask it for another login, and is refused */
        (void)!pool_finish(client->logins, 0);
    http_engine_free(client->engine);
    pool_free(client->logins);
    login_free(client->login);
    g_free(client->username);
    secret_free(client->password);
    g_free(client->ca_file);
    g_free(client);
}

/* ---- answers ---- */

static void
exchange_end(Exchange *exchange, json_t *result, const GError *error)
{
    exchange->done(result, error, exchange->user_data);
    secret_free(exchange->text);
    secret_free(exchange->token);
    g_free(exchange->host);
    g_free(exchange);
}

/* Why no answer has come, in words of a conductor instead of a BMC. */
static void
say_unanswered(const Exchange *exchange, const GError *cause, GError **error)
{
    if (steel_error_is(cause, STEEL_ERROR_BMC_BUSY)) {
        steel_fail(error, STEEL_ERROR_NO_WORKER,
                   "%d calls to conductor %s are under way; try again.", 2 * CALLS_MOST,
                   exchange->host);
    } else if (steel_error_is(cause, STEEL_ERROR_CANCELLED) ||
               steel_error_is(cause, STEEL_ERROR_BMC_AUTH)) {
        SteelErrorCode code = steel_error_is(cause, STEEL_ERROR_CANCELLED)
                                  ? STEEL_ERROR_CANCELLED
                                  : STEEL_ERROR_NO_CONDUCTOR;
        steel_fail(error, code, "Conductor %s was not called: %s", exchange->host, cause->message);
    } else if (time_monotonic_ms() >= exchange->deadline_ms) {
        steel_fail(error, STEEL_ERROR_RPC_TIMEOUT,
                   "Conductor %s has not answered %s within %" G_GINT64_FORMAT
                   " s ([DEFAULT]rpc_response_timeout). It may still do it: look at what was done "
                   "before you ask again.",
                   exchange->host, exchange->what, exchange->limit_ms / 1000);
    } else {
        steel_fail(error, STEEL_ERROR_NO_CONDUCTOR,
                   "Conductor %s could not be reached, or was lost during the call: %s",
                   exchange->host, cause->message);
    }
}

static bool
read_answer(const Exchange *exchange, const HttpResponse *response, RpcAnswer *answer,
            GError **error)
{
    if (response->status == UNAUTHORIZED || response->status == FORBIDDEN)
        return steel_fail(error, STEEL_ERROR_NO_CONDUCTOR,
                          "Conductor %s refuses this API's login (%d); look at [json_rpc] on both.",
                          exchange->host, response->status);
    if (response->status != OK)
        return steel_fail(error, STEEL_ERROR_NO_CONDUCTOR,
                          "Conductor %s answered the call with HTTP status %d.", exchange->host,
                          response->status);
    if (!rpc_answer_read(response->body, response->body_size, answer, error)) {
        g_prefix_error(error, "The answer of conductor %s cannot be read: ", exchange->host);
        return false;
    }
    if (answer->error != NULL || strcmp(answer->id, exchange->id) == 0)
        return true;
    return steel_fail(error, STEEL_ERROR_INTERNAL, "Conductor %s answered another call.",
                      exchange->host);
}

static void log_in_and_post(void *data);

/* A token may be revoked before its time: the call, which the conductor has not taken, is sent once
 * more with another one. */
static bool
log_in_again(Exchange *exchange, const HttpResponse *response)
{
    if (response == NULL || response->status != UNAUTHORIZED || exchange->token == NULL ||
        exchange->logged_in_again)
        return false;
    exchange->logged_in_again = true;
    return pool_submit(exchange->client->logins, log_in_and_post, exchange, NULL);
}

static void
exchange_done(void *user_data, HttpResponse *response, const GError *cause)
{
    Exchange *exchange = user_data;
    if (log_in_again(exchange, response))
        return;
    g_auto(RpcAnswer) answer = {.id = ""};
    g_autoptr(GError) error = NULL;
    if (cause != NULL)
        say_unanswered(exchange, cause, &error);
    else if (!read_answer(exchange, response, &answer, &error) &&
             steel_error_is(error, STEEL_ERROR_INVALID))
        error->code = STEEL_ERROR_INTERNAL; /* the caller is not at fault */
    exchange_end(exchange, answer.result, error != NULL ? error : answer.error);
}

/* ---- calls ---- */

static void
post(Exchange *exchange)
{
    const JsonRpcClient *client = exchange->client;
    g_autofree char *base = json_rpc_url(exchange->host, client->port, client->tls);
    g_autofree char *url = g_strconcat(base, exchange->path, NULL);
    char *header =
        exchange->token != NULL ? g_strdup_printf("X-Auth-Token: %s", exchange->token) : NULL;
    const char *const headers[] = {header, NULL};
    const HttpRequest request = {
        .method = "POST",
        .url = url,
        .headers = headers,
        .body = exchange->text,
        .body_size = strlen(exchange->text),
        .username = client->username,
        .password = client->username != NULL ? client->password : NULL,
        .connect_timeout_ms = CONNECT_LIMIT_MS,
        .timeout_ms = (int)MAX(1, exchange->deadline_ms - time_monotonic_ms()),
        .body_limit = exchange->answer_most,
        .ca_file = client->ca_file,
        .insecure = client->insecure,
    };
    http_engine_submit(client->engine, &request, exchange_done, exchange);
    secret_free(header);
}

/* Runs on the pool. */
static void
log_in_and_post(void *data)
{
    Exchange *exchange = data;
    g_autoptr(GError) error = NULL;
    g_auto(Grant) grant = {0};
    if (login_get(exchange->client->login, exchange->token, &grant, &error)) {
        secret_free(exchange->token);
        exchange->token = g_steal_pointer(&grant.token);
        post(exchange);
        return;
    }
    error->code = STEEL_ERROR_NO_CONDUCTOR;
    g_prefix_error(&error, "No token to call conductor %s with: ", exchange->host);
    exchange_end(exchange, NULL, error);
}

static Exchange *
exchange_new(JsonRpcClient *client, const char *host, int64_t limit_ms, RpcDone done,
             void *user_data)
{
    Exchange *exchange = g_new0(Exchange, 1);
    exchange->client = client;
    exchange->host = g_strdup(host);
    exchange->limit_ms = limit_ms;
    exchange->deadline_ms = time_monotonic_ms() + limit_ms + RPC_LIMIT_MARGIN_MS;
    exchange->done = done;
    exchange->user_data = user_data;
    return exchange;
}

static void
exchange_begin(Exchange *exchange)
{
    JsonRpcClient *client = exchange->client;
    g_autoptr(GError) error = NULL;
    if (client->login == NULL)
        post(exchange);
    else if (!pool_submit(client->logins, log_in_and_post, exchange, &error))
        exchange_end(exchange, NULL, error);
}

static void
json_rpc_send(void *self, const char *host, const RpcCall *call, RpcDone done, void *user_data)
{
    int64_t limit_ms = config_integer(config_current(), OPT_RPC_RESPONSE_TIMEOUT) * 1000;
    /* before the deadline: this thread may stand still in between for longer than the margin */
    int64_t sent_ms = g_get_real_time() / 1000;
    Exchange *exchange = exchange_new(self, host, limit_ms, done, user_data);
    exchange->path = "";
    exchange->what = rpc_method_name(call->method);
    exchange->answer_most = RPC_MESSAGE_SIZE_MOST;
    exchange->text = rpc_request_write(call, uuid_generate(exchange->id), sent_ms, limit_ms, false);
    json_decref(call->arguments);
    exchange_begin(exchange);
}

void
json_rpc_client_fetch(JsonRpcClient *client, const char *host, const char *reader, int64_t have,
                      RpcDone done, void *user_data)
{
    Exchange *exchange = exchange_new(client, host, FETCH_LIMIT_MS, done, user_data);
    exchange->path = "events";
    exchange->what = "the question for events";
    exchange->answer_most = EVENTS_SIZE_MOST;
    g_strlcpy(exchange->id, reader, sizeof exchange->id);
    exchange->text = g_strdup_printf(
        "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"have\":%" G_GINT64_FORMAT "}", reader, have);
    exchange_begin(exchange);
}

const RpcCarrier json_rpc_carrier = {.name = "json-rpc", .send = json_rpc_send};
