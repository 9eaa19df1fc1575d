/* Requests to services; the contract is in session.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/session.h"

#include "common/backoff.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/time_text.h"
#include "openstack/answer.h"
#include "openstack/endpoint.h"
#include "openstack/session_internal.h"

#include <string.h>

enum {
    PAUSE_MS = 500, /* before the second try, where the section does not say */
    PAUSE_LIMIT_MS = 60 * 1000,
};

/* ---- one request ---- */

/* What the tries of a call have used up. */
typedef struct Tries {
    int connects, statuses;
    bool poured;   /* the call's sink has had bytes */
    bool renewed;  /* the token was refused and replaced */
    char *refused; /* owned: that token */
    Backoff backoff;
} Tries;

static void
tries_clear(Tries *tries)
{
    secret_free(tries->refused);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Tries, tries_clear)

static char *
replace_all(const char *text, const char *word, const char *by)
{
    g_auto(GStrv) parts = g_strsplit(text, word, -1);
    return g_strjoinv(by, parts);
}

/* endpoint_override may name the project: "https://volumes/v3/%(project_id)s". */
static char *
own_endpoint(const OpenstackSession *session, const Grant *grant)
{
    const char *project = grant->project != NULL ? grant->project : "";
    g_autofree char *first = replace_all(session->override, "%(project_id)s", project);
    char *url = replace_all(first, "%(tenant_id)s", project);
    while (g_str_has_suffix(url, "/"))
        url[strlen(url) - 1] = '\0';
    return url;
}

static char *
endpoint_of(const OpenstackSession *session, const Grant *grant, GError **error)
{
    const EndpointQuery query = {.type = session->type,
                                 .name = session->service_name,
                                 .interfaces = (const char *const *)session->interfaces,
                                 .region = session->region};
    return session->override != NULL ? own_endpoint(session, grant)
                                     : endpoint_find(grant_catalog(grant), &query, error);
}

static bool
get_grant(const OpenstackSession *session, const Tries *tries, Grant *grant, GError **error)
{
    return session->login == NULL || login_get(session->login, tries->refused, grant, error);
}

static void
header_free(void *header)
{
    secret_free(header);
}

/* NULL-ended, owned: the call's, and who asks. NULL on an error. */
static GPtrArray *
headers_of(const OpenstackSession *session, const OpenstackCall *call, const Grant *grant,
           GError **error)
{
    g_auto(Grant) service = {0};
    if (session->service != NULL && !login_get(session->service, NULL, &service, error))
        return NULL;
    GPtrArray *headers = g_ptr_array_new_with_free_func(header_free);
    for (const char *const *header = call->headers; header != NULL && *header != NULL; header++)
        g_ptr_array_add(headers, g_strdup(*header));
    if (grant->token != NULL)
        g_ptr_array_add(headers, g_strconcat("X-Auth-Token: ", grant->token, NULL));
    if (service.token != NULL)
        g_ptr_array_add(headers, g_strconcat("X-Service-Token: ", service.token, NULL));
    const char *request_id = call->request_id != NULL ? call->request_id : log_request_told();
    if (request_id != NULL)
        g_ptr_array_add(headers, g_strconcat("X-OpenStack-Request-ID: ", request_id, NULL));
    g_ptr_array_add(headers, NULL);
    return headers;
}

static int
time_for_try(const OpenstackSession *session, const OpenstackCall *call)
{
    int timeout_ms = call->timeout_ms > 0 ? call->timeout_ms : session->timeout_ms;
    if (call->deadline_ms == 0)
        return timeout_ms;
    return (int)CLAMP(call->deadline_ms - time_monotonic_ms(), 1, timeout_ms);
}

static bool
is_repeatable(const OpenstackCall *call)
{
    static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE", NULL};
    return call->repeatable || call->method == NULL || g_strv_contains(methods, call->method);
}

static size_t
body_size(const OpenstackCall *call)
{
    if (call->body == NULL || call->body_size > 0)
        return call->body_size;
    return strlen(call->body);
}

static HttpRequest
request_of(const OpenstackSession *session, const OpenstackCall *call)
{
    return (HttpRequest){
        .method = call->method,
        .body = call->body,
        .body_size = body_size(call),
        .body_file = call->body_file,
        .content_type = call->content_type,
        .username = session->username,
        .password = session->password,
        .timeout_ms = time_for_try(session, call),
        .stall_s = call->stall_s,
        .ca_file = session->ca_file,
        .client_certificate = session->certificate,
        .client_key = session->key,
        .insecure = session->insecure,
        .once = !is_repeatable(call),
    };
}

/* Where the bytes of an answer go. */
typedef struct Pouring {
    const OpenstackCall *call;
    Tries *tries;
} Pouring;

static bool
session_pour(void *user, const void *bytes, size_t size)
{
    const Pouring *pouring = user;
    pouring->tries->poured = true;
    return pouring->call->sink(pouring->call->sink_user, bytes, size);
}

static bool
try_once(const OpenstackSession *session, const OpenstackCall *call, const Grant *grant,
         Tries *tries, bool *unsent, HttpResponse *response, GError **error)
{
    Pouring pouring = {call, tries};
    g_autofree char *endpoint = endpoint_of(session, grant, error);
    g_autoptr(GPtrArray) headers =
        endpoint != NULL ? headers_of(session, call, grant, error) : NULL;
    if (headers == NULL)
        return false;
    g_autofree char *url = g_strconcat(endpoint, call->path, NULL);
    HttpRequest request = request_of(session, call);
    request.url = url;
    request.headers = (const char *const *)headers->pdata;
    request.unsent = unsent;
    if (call->sink != NULL) {
        request.sink = session_pour;
        request.sink_user = &pouring;
    }
    return http_request(&request, response, error);
}

/* ---- again, or not ---- */

/* Waits for the next try. False: there is none. */
static bool
pause_for(Tries *tries, const OpenstackCall *call, int *used, int most, int pause_ms)
{
    if (*used >= most)
        return false;
    (*used)++;
    tries->backoff.limit_ms = call->deadline_ms;
    if (pause_ms >= 0)
        tries->backoff.pause_ms = tries->backoff.longest_ms = (unsigned)pause_ms;
    return backoff_pause(&tries->backoff);
}

/* Replaces the token, one time. */
static bool
may_renew(Tries *tries, const Grant *grant)
{
    if (grant->token == NULL || tries->renewed)
        return false;
    tries->renewed = true;
    tries->refused = g_strdup(grant->token);
    return true;
}

/* The catalog came with the token: the service may have been added since. */
static bool
may_look_again(Tries *tries, const Grant *grant, const GError *cause)
{
    return steel_error_is(cause, STEEL_ERROR_CONFIG) && may_renew(tries, grant);
}

static bool
may_connect_again(const OpenstackSession *session, const OpenstackCall *call, Tries *tries,
                  bool unsent, const GError *cause)
{
    bool again = steel_error_is(cause, STEEL_ERROR_HTTP) && !tries->poured &&
                 (unsent || is_repeatable(call));
    return again && pause_for(tries, call, &tries->connects, session->connect_retries,
                              session->connect_pause_ms);
}

/* A service that is too busy (429) has not begun. */
static bool
is_unbegun(const OpenstackCall *call, int status)
{
    return status == 429 || is_repeatable(call);
}

static bool
may_ask_again(const OpenstackSession *session, const OpenstackCall *call, Tries *tries,
              const Grant *grant, int status)
{
    char text[16];
    if (status == 401 && may_renew(tries, grant))
        return true;
    g_snprintf(text, sizeof text, "%d", status);
    return is_unbegun(call, status) &&
           g_strv_contains((const char *const *)session->retriable, text) &&
           pause_for(tries, call, &tries->statuses, session->status_retries,
                     session->status_pause_ms);
}

/* ---- what comes of it ---- */

static SteelErrorCode
code_of(int status)
{
    static const struct {
        int status;
        SteelErrorCode code;
    } rows[] = {
        {401, STEEL_ERROR_FORBIDDEN},
        {403, STEEL_ERROR_FORBIDDEN},
        {404, STEEL_ERROR_NOT_FOUND},
        {409, STEEL_ERROR_CONFLICT},
        {429, STEEL_ERROR_HTTP},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].status == status)
            return rows[i].code;
    return status >= 400 && status < 500 ? STEEL_ERROR_INVALID : STEEL_ERROR_HTTP;
}

static bool
is_expected(const OpenstackCall *call, int status)
{
    for (const int *row = call->expected; row != NULL && *row != 0; row++)
        if (*row == status)
            return true;
    return status >= 200 && status < 300;
}

/* By which the service's operator finds it in the log. */
static const char *
request_of_answer(const HttpResponse *response)
{
    const char *id = http_response_header(response, "X-Openstack-Request-Id");
    if (id == NULL)
        id = http_response_header(response, "X-Trans-Id");
    return id != NULL && strlen(id) <= 80 ? id : NULL;
}

static bool
judge(const OpenstackSession *session, const OpenstackCall *call, const HttpResponse *response,
      GError **error)
{
    if (is_expected(call, response->status))
        return true;
    g_autofree char *words = answer_words(response);
    const char *id = request_of_answer(response);
    return steel_fail(error, code_of(response->status), "%s answered %d to %s: %s%s%s%s",
                      session->name, response->status, call->what, words,
                      id != NULL ? " (request " : "", id != NULL ? id : "", id != NULL ? ")" : "");
}

static bool
fail(const OpenstackSession *session, const OpenstackCall *call, GError *cause, GError **error)
{
    g_propagate_prefixed_error(error, cause, "%s, %s: ", session->name, call->what);
    return false;
}

bool
openstack_ask(OpenstackSession *session, const OpenstackCall *call, HttpResponse *response,
              GError **error)
{
    g_auto(Tries) tries = {.backoff = {.pause_ms = PAUSE_MS, .longest_ms = PAUSE_LIMIT_MS}};
    for (;;) {
        g_auto(HttpResponse) answer = {0};
        g_auto(Grant) grant = {0};
        g_autoptr(GError) cause = NULL;
        bool unsent = false;
        bool answered = get_grant(session, &tries, &grant, &cause) &&
                        try_once(session, call, &grant, &tries, &unsent, &answer, &cause);
        if (answered ? may_ask_again(session, call, &tries, &grant, answer.status)
                     : may_look_again(&tries, &grant, cause) ||
                           may_connect_again(session, call, &tries, unsent, cause))
            continue;
        if (!answered)
            return fail(session, call, g_steal_pointer(&cause), error);
        if (!judge(session, call, &answer, error))
            return false;
        *response = answer;
        answer = (HttpResponse){0};
        return true;
    }
}

char *
openstack_endpoint(OpenstackSession *session, GError **error)
{
    g_auto(Grant) grant = {0};
    g_auto(Tries) tries = {0};
    if (!get_grant(session, &tries, &grant, error))
        return NULL;
    return endpoint_of(session, &grant, error);
}

char *
openstack_project(OpenstackSession *session, GError **error)
{
    g_auto(Grant) grant = {0};
    g_auto(Tries) tries = {0};
    return get_grant(session, &tries, &grant, error) ? g_strdup(grant.project) : NULL;
}
