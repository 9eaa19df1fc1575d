/* The conductor's side of JSON-RPC over HTTP; the contract is in json_rpc_server.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/json_rpc_server.h"

#include "auth/basic.h"
#include "auth/keystone.h"
#include "common/log.h"
#include "common/pool.h"
#include "common/secret.h"
#include "http/listener.h"
#include "http/socket.h"
#include "rpc/event_readers.h"
#include "rpc/json_rpc_client.h"
#include "rpc/message.h"

#include <string.h>
#include <unistd.h>

#define AREA "rpc.http"
enum {
    THREADS = 2,
    CONNECTIONS_MOST = 4096,
    LOGIN_THREADS = 2,
    LOGIN_QUEUE = 256,
    DRAIN_LIMIT_MS = 5000, /* for answers on their way */
};
/* Bytes of all bodies that are being read. */
#define BODIES_SIZE_MOST (256u * 1024 * 1024)

typedef struct Call Call;

/* What is served at a path. */
typedef struct Place {
    const char *path;
    size_t body_most;
    void (*take)(Call *call); /* a whole body; its answer comes to call_answered */
} Place;

struct JsonRpcServer {
    RpcServer *server; /* borrowed */
    EventReaders *readers;
    Listener *listener;
    Basic *basic;       /* NULL unless http_basic */
    Keystone *keystone; /* NULL unless keystone */
    Pool *logins;
    char **roles; /* of [json_rpc]allowed_roles */
    HttpTls *tls; /* NULL without TLS */
    char *tls_priorities;
    unsigned port;
    uint64_t bodies_size; /* atomic */
};

/* One request. */
struct Call {
    JsonRpcServer *owner;
    HttpConnection *connection;
    const Place *place; /* NULL: it is refused */
    unsigned refusal;   /* HTTP status; 0: it is admitted */
    GByteArray *body;   /* NULL before its first byte */
    char *answer;       /* owned */
    size_t answer_size;
};

/* Receives the answer, on any thread. */
static void
call_answered(void *user_data, const char *text, size_t size)
{
    Call *call = user_data;
    call->answer = g_strndup(text, size);
    call->answer_size = size;
    http_connection_resume(call->connection);
}

static void
take_call(Call *call)
{
    rpc_server_take(call->owner->server, (const char *)call->body->data, call->body->len, false,
                    call_answered, call);
}

static void
take_question(Call *call)
{
    event_readers_ask(call->owner->readers, (const char *)call->body->data, call->body->len,
                      call_answered, call);
}

static const Place places[] = {
    {"/", RPC_MESSAGE_SIZE_MOST, take_call},
    {"/events", READERS_QUESTION_SIZE, take_question},
};

static const Place *
find_place(const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        if (strcmp(places[i].path, path) == 0)
            return &places[i];
    return NULL;
}

/* ---- who calls ---- */

static bool
is_loopback(const char *host)
{
    HttpAddress address;
    return strcmp(host, "localhost") == 0 ||
           (http_address_parse(host, strlen(host), &address) && http_address_is_loopback(&address));
}

static bool
check_listener(const Config *config, GError **error)
{
    const char *host = config_string(config, OPT_JSON_RPC_HOST_IP);
    if (strcmp(json_rpc_strategy(config), "noauth") == 0 && !is_loopback(host) &&
        !config_boolean(config, OPT_JSON_RPC_ALLOW_UNAUTHENTICATED_REMOTE))
        return steel_fail(
            error, STEEL_ERROR_CONFIG,
            "%s: [json_rpc]host_ip: %s is not loopback and anybody who reaches it could "
            "give orders to the conductor; set [json_rpc]auth_strategy to http_basic "
            "or keystone, or say [json_rpc]allow_unauthenticated_remote = true",
            config_origin(config, OPT_JSON_RPC_HOST_IP), host);
    if (config_boolean(config, OPT_JSON_RPC_USE_SSL) &&
        (!config_is_set(config, OPT_JSON_RPC_CERT_FILE) ||
         !config_is_set(config, OPT_JSON_RPC_KEY_FILE)))
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "%s: [json_rpc]use_ssl: needs [json_rpc]cert_file and key_file",
                          config_origin(config, OPT_JSON_RPC_USE_SSL));
    return true;
}

bool
json_rpc_check(const Config *config, GError **error)
{
    return strcmp(config_string(config, OPT_RPC_TRANSPORT), "json-rpc") != 0 ||
           g_str_has_prefix(config_string(config, OPT_DATABASE_CONNECTION), "sqlite") ||
           check_listener(config, error);
}

static unsigned
judge_roles(const JsonRpcServer *server, const Credentials *credentials)
{
    for (char **role = server->roles; *role != NULL; role++)
        if (credentials_list_has(credentials->roles, *role))
            return 0;
    return MHD_HTTP_FORBIDDEN;
}

/* Returns a status that refuses the caller, or 0.
 * outcome  out */
static unsigned
identify(const Call *call, bool may_block, IdentityOutcome *outcome)
{
    const JsonRpcServer *server = call->owner;
    g_auto(Credentials) credentials = {0};
    g_autoptr(Bearer) bearer = NULL;
    g_autoptr(GError) error = NULL;
    *outcome = IDENTITY_KNOWN;
    if (server->basic != NULL)
        *outcome =
            basic_check(server->basic, http_connection_header(call->connection, "Authorization"),
                        may_block, &bearer, &error);
    else if (server->keystone != NULL)
        *outcome = keystone_check(server->keystone,
                                  http_connection_header(call->connection, "X-Auth-Token"), NULL,
                                  may_block, &credentials, &error);
    if (*outcome == IDENTITY_FAILED)
        log_warning(AREA, "a caller could not be identified: %s", error->message);
    if (*outcome == IDENTITY_FAILED)
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    if (*outcome == IDENTITY_REFUSED)
        return MHD_HTTP_UNAUTHORIZED;
    bool by_role = *outcome == IDENTITY_KNOWN && server->keystone != NULL;
    return by_role ? judge_roles(server, &credentials) : 0;
}

/* Runs on the pool. */
static void
identify_waiting(void *data)
{
    Call *call = data;
    IdentityOutcome outcome;
    call->refusal = identify(call, true, &outcome);
    http_connection_resume(call->connection);
}

/* ---- requests ---- */

static HttpStep
send_text(const Call *call, unsigned status, const char *type, const char *text, size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return HTTP_FAILED;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (status == MHD_HTTP_UNAUTHORIZED && call->owner->basic != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, BASIC_CHALLENGE);
    return http_connection_answer(call->connection, status, response);
}

static HttpStep
send_refusal(const Call *call)
{
    const char *text = MHD_get_reason_phrase_for(call->refusal);
    return send_text(call, call->refusal, "text/plain", text, strlen(text));
}

/* What a page in somebody's browser could send is refused: it has another type, or an origin. */
static unsigned
judge_form(const HttpConnection *connection, const char *method, const Place *place)
{
    const char *type = http_connection_header(connection, "Content-Type");
    const char *length = http_connection_header(connection, "Content-Length");
    if (place == NULL)
        return MHD_HTTP_NOT_FOUND;
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    if (type == NULL || !g_str_has_prefix(type, "application/json"))
        return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
    if (http_connection_header(connection, "Origin") != NULL)
        return MHD_HTTP_FORBIDDEN;
    if (length != NULL && g_ascii_strtoull(length, NULL, 10) > place->body_most)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    return 0;
}

static HttpStep
rpc_on_begin(void *user, HttpConnection *connection, const char *method, const char *path)
{
    Call *call = g_new0(Call, 1);
    g_autoptr(GError) error = NULL;
    IdentityOutcome outcome = IDENTITY_REFUSED;
    call->owner = user;
    call->connection = connection;
    connection->request = call;
    call->place = find_place(path);
    call->refusal = judge_form(connection, method, call->place);
    if (call->refusal == 0)
        call->refusal = identify(call, false, &outcome);
    if (outcome == IDENTITY_ASK) {
        if (pool_submit(call->owner->logins, identify_waiting, call, &error))
            return HTTP_LATER;
        call->refusal = MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    return call->refusal != 0 ? send_refusal(call) : HTTP_NOT_ANSWERED;
}

static void
drop_body(Call *call)
{
    if (call->body == NULL)
        return;
    __atomic_sub_fetch(&call->owner->bodies_size, call->body->len, __ATOMIC_RELAXED);
    secret_wipe(call->body->data, call->body->len);
    g_byte_array_unref(g_steal_pointer(&call->body));
}

static void
rpc_on_body(void *user, HttpConnection *connection, const char *data, size_t size)
{
    JsonRpcServer *server = user;
    Call *call = connection->request;
    if (call->refusal != 0)
        return;
    if (call->body == NULL)
        call->body = g_byte_array_new();
    uint64_t all = __atomic_add_fetch(&server->bodies_size, size, __ATOMIC_RELAXED);
    g_byte_array_append(call->body, (const guint8 *)data, (guint)size);
    if (call->body->len > call->place->body_most)
        call->refusal = MHD_HTTP_CONTENT_TOO_LARGE;
    else if (all > BODIES_SIZE_MOST)
        call->refusal = MHD_HTTP_SERVICE_UNAVAILABLE;
    if (call->refusal != 0)
        drop_body(call);
}

static HttpStep
rpc_on_complete(void *user, HttpConnection *connection)
{
    (void)user;
    Call *call = connection->request;
    if (call->refusal == 0 && call->body == NULL)
        call->refusal = MHD_HTTP_BAD_REQUEST;
    if (call->refusal != 0)
        return send_refusal(call);
    call->place->take(call);
    return HTTP_LATER;
}

static HttpStep
rpc_on_resumed(void *user, HttpConnection *connection, bool began)
{
    (void)user;
    Call *call = connection->request;
    if (began)
        return call->refusal != 0 ? send_refusal(call) : HTTP_NOT_ANSWERED;
    return send_text(call, MHD_HTTP_OK, "application/json", call->answer, call->answer_size);
}

static void
rpc_on_end(void *user, HttpConnection *connection)
{
    (void)user;
    Call *call = connection->request;
    drop_body(call);
    secret_free(call->answer);
    g_free(call);
}

static struct MHD_Response *
rpc_refusal(void *user, unsigned status, const char *text)
{
    (void)user;
    (void)status;
    return MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
                                           MHD_RESPMEM_PERSISTENT);
}

static const HttpServer rpc_http_server = {
    .begin = rpc_on_begin,
    .body = rpc_on_body,
    .complete = rpc_on_complete,
    .resumed = rpc_on_resumed,
    .end = rpc_on_end,
    .refusal = rpc_refusal,
};

/* ---- start and stop ---- */

static bool
prepare_login(JsonRpcServer *server, const Config *config, GError **error)
{
    const char *strategy = json_rpc_strategy(config);
    if (strcmp(strategy, "http_basic") == 0) {
        server->basic = basic_new(config_string(config, OPT_JSON_RPC_HTTP_BASIC_AUTH_USER_FILE));
        return basic_refresh(server->basic, error);
    }
    if (strcmp(strategy, "keystone") != 0)
        return true;
    server->keystone = keystone_new(config, error);
    return server->keystone != NULL;
}

static bool
prepare_tls(JsonRpcServer *server, const Config *config, GError **error)
{
    if (!config_boolean(config, OPT_JSON_RPC_USE_SSL))
        return true;
    server->tls = http_tls_new(config_string(config, OPT_JSON_RPC_CERT_FILE),
                               config_string(config, OPT_JSON_RPC_KEY_FILE), error);
    if (server->tls == NULL)
        return false;
    server->tls_priorities =
        http_tls_priorities(config_string(config, OPT_JSON_RPC_TLS_MINIMUM_VERSION),
                            config_string(config, OPT_JSON_RPC_TLS_CIPHERS), error);
    return server->tls_priorities != NULL;
}

static bool
listen_on(JsonRpcServer *server, const Config *config, GError **error)
{
    const char *host = config_string(config, OPT_JSON_RPC_HOST_IP);
    int socket_fd =
        http_socket_open(host, (unsigned)config_integer(config, OPT_JSON_RPC_PORT), error);
    if (socket_fd < 0) {
        g_prefix_error(error, "[json_rpc]host_ip and port: ");
        return false;
    }
    server->port = http_socket_port(socket_fd);
    const ListenerOptions options = {
        .area = AREA,
        .socket_fd = socket_fd,
        .threads = THREADS,
        .descriptor_share = 4,
        .connection_limit = CONNECTIONS_MOST,
        .tls = server->tls != NULL,
        .tls_priorities = server->tls_priorities,
        .server = rpc_http_server,
        .user = server,
    };
    server->listener = listener_start(&options, error);
    if (server->listener == NULL)
        close(socket_fd);
    else
        log_info(AREA, "conductors are called at %s port %u", host, server->port);
    return server->listener != NULL;
}

static void
server_free(JsonRpcServer *server)
{
    pool_free(server->logins);
    event_readers_stop(server->readers);
    listener_free(server->listener);
    event_readers_free(server->readers);
    basic_free(server->basic);
    keystone_free(server->keystone);
    http_tls_free(server->tls);
    g_free(server->tls_priorities);
    g_strfreev(server->roles);
    g_free(server);
}

JsonRpcServer *
json_rpc_server_start(RpcServer *rpc_server, EventRelay *relay, GError **error)
{
    const Config *config = config_current();
    if (!check_listener(config, error))
        return NULL;
    JsonRpcServer *server = g_new0(JsonRpcServer, 1);
    server->server = rpc_server;
    server->readers = event_readers_new(relay);
    server->roles = g_strdupv((char **)(uintptr_t)config_list(config, OPT_JSON_RPC_ALLOWED_ROLES));
    server->logins = pool_new("rpc-logins", LOGIN_THREADS, LOGIN_QUEUE);
    if (prepare_login(server, config, error) && prepare_tls(server, config, error) &&
        listen_on(server, config, error))
        return server;
    server_free(server);
    return NULL;
}

void
json_rpc_server_quiesce(JsonRpcServer *server)
{
    if (server != NULL)
        listener_quiesce(server->listener);
}

bool
json_rpc_server_stop(JsonRpcServer *server)
{
    if (server == NULL)
        return true;
    listener_quiesce(server->listener);
    event_readers_stop(server->readers);
    if (!listener_drain(server->listener, DRAIN_LIMIT_MS))
        return false;
    server_free(server);
    return true;
}

unsigned
json_rpc_server_port(const JsonRpcServer *server)
{
    return server->port;
}
