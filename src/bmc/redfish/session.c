/* Logins and requests: a request waits for its session's login, is sent, and logs in once more
 * where the BMC has ended the session meanwhile. All on the engine's thread; the contract is in
 * client_internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/client_internal.h"
#include "common/due_heap.h"
#include "common/log.h"
#include "common/secret.h"

#include <string.h>

enum { REDIRECTS_MAX = 5 };

void
redfish_exchange_free(RedfishExchange *exchange)
{
    redfish_target_clear(&exchange->target);
    g_free(exchange->method);
    g_free(exchange->path);
    secret_free(exchange->body); /* accounts and media carry passwords */
    g_free(exchange->if_match);
    g_free(exchange);
}

void
redfish_exchange_fail(RedfishExchange *exchange, const GError *error)
{
    RedfishAnswer nothing = {0};
    exchange->done(exchange->user_data, &nothing, error);
    redfish_exchange_free(exchange);
}

void
redfish_busy(RedfishClient *client, int change)
{
    lock_acquire(&client->lock);
    client->busy = (unsigned)((int)client->busy + change);
    if (change < 0)
        pthread_cond_broadcast(&client->changed);
    lock_release(&client->lock);
}

/* ---- one HTTP call ---- */

/* What a call of this session has in common with all others. */
static HttpRequest
request_for(const RedfishSession *session, unsigned timeout_ms)
{
    return (HttpRequest){
        .timeout_ms = (int)timeout_ms,
        .connect_timeout_ms = (int)session->connect_ms,
        .body_limit = REDFISH_BODY_MAX,
        .redirect_limit = REDIRECTS_MAX,
        .insecure = session->insecure,
        .ca_file = session->ca_path,
        .content_type = "application/json",
    };
}

static void
submit(RedfishSession *session, HttpRequest *request, const char *path, HttpEngineDone done,
       void *user_data)
{
    g_autofree char *url = redfish_session_url(session, path);
    request->url = url;
    redfish_busy(session->client, 1);
    http_engine_submit(session->client->engine, request, done, user_data);
}

static void
set_body(HttpRequest *request, const char *body)
{
    request->body = body;
    request->body_size = body != NULL ? strlen(body) : 0;
}

/* ---- the end of a login ---- */

static void exchange_send(RedfishExchange *exchange);

static void
session_release_waiting(RedfishSession *session)
{
    GQueue ready = session->waiting;
    session->waiting = (GQueue)G_QUEUE_INIT;
    for (RedfishExchange *exchange; (exchange = g_queue_pop_head(&ready)) != NULL;)
        exchange_send(exchange);
}

static void
session_fail_waiting(RedfishSession *session, const GError *error)
{
    GQueue ready = session->waiting;
    session->waiting = (GQueue)G_QUEUE_INIT;
    session->state = REDFISH_SESSION_NONE;
    session->leaving = false;
    for (RedfishExchange *exchange; (exchange = g_queue_pop_head(&ready)) != NULL;)
        redfish_exchange_fail(exchange, error);
}

static void
session_forget(RedfishSession *session)
{
    if (session->token != NULL)
        atomic_fetch_sub_explicit(&session->client->open, 1, memory_order_relaxed);
    secret_free(g_steal_pointer(&session->token));
    g_clear_pointer(&session->location, g_free);
    session->state = REDFISH_SESSION_NONE;
}

/* Every request carries the login: one goes first, so that wrong ones do not arrive by the
 * dozen. */
static void
session_use_basic(RedfishSession *session)
{
    session->state = REDFISH_SESSION_BASIC;
    session->logins++;
    session->trial = g_queue_pop_head(&session->waiting);
    exchange_send(session->trial);
}

/* The BMC's words, unless they repeat the password. */
static void
session_refuse(RedfishSession *session, const GError *error)
{
    g_autoptr(GError) told = NULL;
    bool repeats =
        session->password[0] != '\0' && strstr(error->message, session->password) != NULL;
    if (!steel_error_is(error, STEEL_ERROR_BMC_AUTH)) {
        session_fail_waiting(session, error);
        return;
    }
    steel_fail(&told, STEEL_ERROR_BMC_AUTH, "%s refuses the login of user '%s': %s",
               session->address, session->username,
               repeats ? "the BMC's words hold the password" : error->message);
    bmc_guard_refused(session->client->guard, session->guard_key, told->message);
    session_fail_waiting(session, told);
}

static void
session_begin_token(RedfishSession *session, RedfishAnswer *answer)
{
    session->token = g_steal_pointer(&answer->token);
    session->location = redfish_path(answer->location);
    session->had_token = true;
    session->logins++;
    session->state = REDFISH_SESSION_TOKEN;
    atomic_fetch_add_explicit(&session->client->open, 1, memory_order_relaxed);
    bmc_guard_accepted(session->client->guard, session->guard_key);
}

static GError *
cancelled(void)
{
    return g_error_new_literal(steel_error_quark(), STEEL_ERROR_CANCELLED,
                               "the Redfish client was stopped");
}

/* Other nodes may have the same login: they try again. */
static GError *
left(const RedfishSession *session)
{
    return g_error_new(steel_error_quark(), STEEL_ERROR_BMC_BUSY,
                       "the session with %s was ended, since a node of this BMC was deleted",
                       session->address);
}

/* Why what a login makes is not wanted any more; NULL: it is. The caller frees. */
static GError *
session_unwanted(const RedfishSession *session)
{
    if (session->client->closing)
        return cancelled();
    return session->leaving ? left(session) : NULL;
}

static void
session_logged_in(RedfishSession *session)
{
    g_autoptr(GError) error = session_unwanted(session);
    if (error == NULL) {
        session_release_waiting(session);
        return;
    }
    redfish_session_delete(session, session->timeout_ms);
    session_fail_waiting(session, error);
}

/* As Ironic's client: whatever keeps a first session from being made, `auto` tries Basic. */
static bool
may_fall_back(const RedfishSession *session)
{
    return session->auth == REDFISH_AUTH_AUTO && !session->had_token;
}

static void
redfish_login_answered(void *user_data, HttpResponse *response, const GError *failure)
{
    RedfishSession *session = user_data;
    g_auto(RedfishAnswer) answer = {0};
    g_autoptr(GError) error = NULL;
    if (failure != NULL) {
        session_fail_waiting(session, failure);
        redfish_busy(session->client, -1);
        return;
    }
    redfish_answer_take(&answer, response);
    bool done = redfish_answer_check(&answer, "POST", session->sessions_path, &error);
    if (done && answer.token == NULL)
        done = steel_fail(&error, STEEL_ERROR_BMC_PROTOCOL,
                          "%s made a session without an X-Auth-Token; set "
                          "redfish_auth_type to basic",
                          session->address);
    if (done) {
        session_begin_token(session, &answer);
        session_logged_in(session);
    } else if (may_fall_back(session)) {
        log_debug("bmc.redfish", "HTTP Basic is used: %s", error->message);
        session_use_basic(session);
    } else {
        session_refuse(session, error);
    }
    redfish_busy(session->client, -1);
}

/* ---- the steps of a login ---- */

static void
session_post_login(RedfishSession *session)
{
    HttpRequest request = request_for(session, session->timeout_ms);
    request.background = session->background;
    static const char *const headers[] = {"OData-Version: 4.0", "Accept: application/json", NULL};
    json_auto_t *login =
        json_pack("{s:s, s:s}", "UserName", session->username, "Password", session->password);
    if (login == NULL) {
        g_autoptr(GError) error = NULL;
        steel_fail(&error, STEEL_ERROR_INVALID,
                   "redfish_username or redfish_password is not valid UTF-8");
        session_fail_waiting(session, error);
        return;
    }
    char *body = json_text_dump(login);
    request.method = "POST";
    request.headers = headers;
    set_body(&request, body);
    atomic_fetch_add_explicit(&session->client->logins, 1, memory_order_relaxed);
    submit(session, &request, session->sessions_path, redfish_login_answered, session);
    secret_free(body);
}

static void
redfish_root_answered(void *user_data, HttpResponse *response, const GError *failure)
{
    RedfishSession *session = user_data;
    g_auto(RedfishAnswer) answer = {0};
    g_autoptr(GError) unwanted = session_unwanted(session);
    if (failure != NULL || unwanted != NULL) {
        session_fail_waiting(session, failure != NULL ? failure : unwanted);
        redfish_busy(session->client, -1);
        return;
    }
    redfish_answer_take(&answer, response);
    json_auto_t *root = redfish_answer_document(&answer, NULL);
    session->sessions_path = redfish_link(json_object_get(root, "Links"), "Sessions");
    if (session->sessions_path == NULL)
        session->sessions_path = g_strconcat(session->root, "SessionService/Sessions", NULL);
    session_post_login(session);
    redfish_busy(session->client, -1);
}

static void
session_get_root(RedfishSession *session)
{
    static const char *const headers[] = {"OData-Version: 4.0", "Accept: application/json", NULL};
    HttpRequest request = request_for(session, session->timeout_ms);
    request.headers = headers;
    request.background = session->background;
    submit(session, &request, session->root, redfish_root_answered, session);
}

static void
session_login(RedfishSession *session)
{
    g_autoptr(GError) error = NULL;
    session->state = REDFISH_SESSION_LOGIN;
    if (session->username[0] == '\0') {
        session->state = REDFISH_SESSION_ANONYMOUS;
        session_release_waiting(session);
    } else if (!bmc_guard_may_log_in(session->client->guard, session->guard_key, &error)) {
        session_fail_waiting(session, error);
    } else if (session->auth == REDFISH_AUTH_BASIC) {
        session_use_basic(session);
    } else if (session->sessions_path == NULL) {
        session_get_root(session);
    } else {
        session_post_login(session);
    }
}

/* ---- requests ---- */

/* The root of a service is open to everybody (DSP0266, 13.2.1): reading it needs no login, and
 * would prove none. Where it is not open, the exchange is repeated with a login. */
static bool
is_public(const RedfishExchange *exchange)
{
    return !exchange->repeated && strcmp(exchange->method, "GET") == 0 &&
           strcmp(exchange->path, exchange->session->root) == 0;
}

/* The session was refused: another login, unless a newer one exists already. True: the exchange
 * waits for it or is sent again. */
static bool
exchange_retry(RedfishExchange *exchange, const RedfishAnswer *answer)
{
    RedfishSession *session = exchange->session;
    if ((answer->status != 401 && answer->status != 403) || exchange->repeated ||
        !(exchange->with_token || is_public(exchange)) || session->client->closing)
        return false;
    if (exchange->farewells != session->farewells) {
        g_autoptr(GError) error = left(session);
        redfish_exchange_fail(exchange, error);
        return true;
    }
    exchange->repeated = true;
    /* A session that may not do something still exists: it is not left open. */
    if (exchange->with_token && session->state == REDFISH_SESSION_TOKEN &&
        session->logins == exchange->login) {
        if (answer->status == 403)
            redfish_session_delete(session, session->timeout_ms);
        session_forget(session);
    }
    redfish_exchange_begin(exchange);
    return true;
}

/* The first request with HTTP Basic shows whether the login is accepted; the others wait for it.
 * failure: NULL where the BMC has answered. True: the login is refused, and the exchange has failed
 * with the others. */
static bool
session_end_trial(RedfishExchange *exchange, const RedfishAnswer *answer, const GError *failure)
{
    RedfishSession *session = exchange->session;
    g_autoptr(GError) error = NULL;
    session->trial = NULL;
    if (failure != NULL) {
        session_fail_waiting(session, failure);
    } else if (answer->status != 401) {
        bmc_guard_accepted(session->client->guard, session->guard_key);
        session_release_waiting(session);
    } else {
        redfish_answer_check(answer, exchange->method, exchange->path, &error);
        g_queue_push_head(&session->waiting, exchange);
        session_refuse(session, error);
        return true;
    }
    return false;
}

static void
exchange_answer(RedfishExchange *exchange, RedfishAnswer *answer)
{
    g_autoptr(GError) error = NULL;
    redfish_answer_check(answer, exchange->method, exchange->path, &error);
    exchange->done(exchange->user_data, answer, error);
    redfish_exchange_free(exchange);
}

static void
exchange_finish(RedfishExchange *exchange, RedfishAnswer *answer, const GError *failure)
{
    RedfishSession *session = exchange->session;
    if (session->state == REDFISH_SESSION_BASIC && answer->status == 401 && !is_public(exchange))
        session->state = REDFISH_SESSION_NONE; /* the password was changed meanwhile */
    if (failure != NULL)
        redfish_exchange_fail(exchange, failure);
    else if (!exchange_retry(exchange, answer))
        exchange_answer(exchange, answer);
}

static void
redfish_exchange_answered(void *user_data, HttpResponse *response, const GError *failure)
{
    RedfishExchange *exchange = user_data;
    RedfishSession *session = exchange->session;
    RedfishClient *client = exchange->client;
    g_auto(RedfishAnswer) answer = {0};
    session->running--;
    session->used_ms = due_now_ms();
    if (failure == NULL)
        redfish_answer_take(&answer, response);
    if (session->trial != exchange || !session_end_trial(exchange, &answer, failure))
        exchange_finish(exchange, &answer, failure);
    redfish_busy(client, -1);
}

static void
exchange_send(RedfishExchange *exchange)
{
    RedfishSession *session = exchange->session;
    HttpRequest request = request_for(session, exchange->target.timeout_ms);
    request.background = exchange->target.background;
    g_autofree char *match = g_strdup_printf("If-Match: %s", exchange->if_match);
    char *token = g_strdup_printf("X-Auth-Token: %s", session->token);
    const char *headers[5] = {"OData-Version: 4.0", "Accept: application/json"};
    size_t count = 2;
    if (exchange->if_match != NULL)
        headers[count++] = match;
    exchange->with_token = session->state == REDFISH_SESSION_TOKEN && !is_public(exchange);
    if (exchange->with_token)
        headers[count++] = token;
    if (session->state == REDFISH_SESSION_BASIC && !is_public(exchange)) {
        request.username = session->username;
        request.password = session->password;
    }
    request.method = exchange->method;
    request.headers = headers;
    if (strcmp(exchange->method, "GET") != 0) {
        request.may_send = exchange->target.may_send;
        request.may_send_user = exchange->target.may_send_user;
    }
    set_body(&request, exchange->body);
    /* A POST without a body has a length of 0, and no type. */
    if (exchange->body == NULL && strcmp(exchange->method, "POST") == 0) {
        request.body = "";
        request.content_type = "";
    }
    exchange->login = session->logins;
    exchange->farewells = session->farewells;
    session->running++;
    submit(session, &request, exchange->path, redfish_exchange_answered, exchange);
    secret_free(token);
}

void
redfish_exchange_begin(RedfishExchange *exchange)
{
    RedfishClient *client = exchange->client;
    if (client->closing) {
        g_autoptr(GError) error = cancelled();
        redfish_exchange_fail(exchange, error);
        return;
    }
    if (exchange->session == NULL)
        exchange->session = redfish_session_of(client, &exchange->target);
    RedfishSession *session = exchange->session;
    if (is_public(exchange)) {
        exchange_send(exchange);
        return;
    }
    if (session->state != REDFISH_SESSION_NONE && session->state != REDFISH_SESSION_LOGIN &&
        session->trial == NULL) {
        exchange_send(exchange);
        return;
    }
    g_queue_push_tail(&session->waiting, exchange);
    if (session->state == REDFISH_SESSION_NONE)
        session_login(session);
}

/* ---- the end of a session ---- */

static void
redfish_deleted(void *user_data, HttpResponse *response, const GError *failure)
{
    RedfishClient *client = user_data;
    if (failure != NULL)
        log_debug("bmc.redfish", "a session was not deleted: %s", failure->message);
    else if (response->status >= 300 && response->status != 401 && response->status != 404)
        log_debug("bmc.redfish", "a session was not deleted: the BMC answered %d",
                  response->status);
    redfish_busy(client, -1);
}

void
redfish_session_leave(RedfishSession *session, unsigned timeout_ms)
{
    session->farewells++;
    session->leaving = session->state == REDFISH_SESSION_LOGIN;
    redfish_session_delete(session, timeout_ms);
}

void
redfish_session_delete(RedfishSession *session, unsigned timeout_ms)
{
    if (session->state != REDFISH_SESSION_TOKEN)
        return;
    if (session->location != NULL) {
        HttpRequest request = request_for(session, timeout_ms);
        char *token = g_strdup_printf("X-Auth-Token: %s", session->token);
        const char *const headers[] = {"OData-Version: 4.0", token, NULL};
        request.method = "DELETE";
        request.headers = headers;
        submit(session, &request, session->location, redfish_deleted, session->client);
        secret_free(token);
    }
    session_forget(session);
}
