/* Services and their requests; the contract is in session.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/session.h"

#include "common/backoff.h"
#include "common/secret.h"
#include "common/time_text.h"
#include "openstack/answer.h"
#include "openstack/endpoint.h"
#include "openstack/login.h"
#include "openstack/section.h"

#include <string.h>

enum {
    TIMEOUT_MS = 60 * 1000,
    PAUSE_MS = 500, /* before the second try, where the section does not say */
    PAUSE_LIMIT_MS = 60 * 1000,
};

struct OpenstackSession {
    const char *name;          /* "Swift" */
    const char *section;       /* "swift" */
    GError *problem;           /* what is missing; NULL: it can be used */
    Login *login;              /* borrowed; NULL: none is needed */
    Login *service;            /* borrowed: whose token goes along as X-Service-Token; NULL: none */
    char *username, *password; /* auth_type http_basic */
    char *override;            /* endpoint_override */
    char *type, *service_name, *region;
    char **interfaces, **retriable;
    char *ca_file, *certificate, *key;
    bool insecure;
    int timeout_ms;
    int connect_retries, connect_pause_ms, status_retries, status_pause_ms; /* pause -1: growing */
};

struct Openstack {
    OpenstackSession sessions[OPENSTACK_SERVICE_COUNT];
    GHashTable *logins; /* section -> Login, both owned */
};

static const struct {
    const char *section, *name;
} services[] = {
#define SERVICE(suffix, section, name) [OPENSTACK_##suffix] = {section, name},
#include "openstack/services.def"
#undef SERVICE
};

/* ---- one request ---- */

/* What the tries of a call have used up. */
typedef struct Tries {
    int connects, statuses;
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
    if (call->request_id != NULL)
        g_ptr_array_add(headers, g_strconcat("X-OpenStack-Request-ID: ", call->request_id, NULL));
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

static HttpRequest
request_of(const OpenstackSession *session, const OpenstackCall *call)
{
    return (HttpRequest){
        .method = call->method,
        .body = call->body,
        .body_size = call->body != NULL ? strlen(call->body) : 0,
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
    };
}

static bool
try_once(const OpenstackSession *session, const OpenstackCall *call, const Grant *grant,
         bool *unsent, HttpResponse *response, GError **error)
{
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
    return http_request(&request, response, error);
}

/* ---- again, or not ---- */

static bool
is_repeatable(const OpenstackCall *call)
{
    static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE", NULL};
    return call->method == NULL || g_strv_contains(methods, call->method);
}

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

static bool
may_connect_again(const OpenstackSession *session, const OpenstackCall *call, Tries *tries,
                  bool unsent, const GError *cause)
{
    bool again = steel_error_is(cause, STEEL_ERROR_HTTP) && (unsent || is_repeatable(call));
    return again && pause_for(tries, call, &tries->connects, session->connect_retries,
                              session->connect_pause_ms);
}

static bool
may_ask_again(const OpenstackSession *session, const OpenstackCall *call, Tries *tries,
              const Grant *grant, int status)
{
    char text[16];
    if (status == 401 && grant->token != NULL && !tries->renewed) {
        tries->renewed = true;
        tries->refused = g_strdup(grant->token);
        return true;
    }
    g_snprintf(text, sizeof text, "%d", status);
    return g_strv_contains((const char *const *)session->retriable, text) &&
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
                        try_once(session, call, &grant, &unsent, &answer, &cause);
        if (answered ? may_ask_again(session, call, &tries, &grant, answer.status)
                     : may_connect_again(session, call, &tries, unsent, cause))
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

/* ---- new and free ---- */

/* The login of a section, made once for all that use it. */
static Login *
login_for(Openstack *openstack, const Config *config, const char *section, GError **error)
{
    const char *of = section_of_login(config, section);
    Login *login = g_hash_table_lookup(openstack->logins, of);
    if (login == NULL && (login = login_new(config, of, error)) != NULL)
        g_hash_table_insert(openstack->logins, g_strdup(of), login);
    return login;
}

static bool
read_basic(OpenstackSession *session, const Config *config, GError **error)
{
    session->username = g_strdup(section_text(config, session->section, "username"));
    session->password = g_strdup(section_text(config, session->section, "password"));
    return session->username != NULL ||
           steel_fail(error, STEEL_ERROR_CONFIG,
                      "[%s]username must be set for auth_type http_basic", session->section);
}

static bool
read_login(Openstack *openstack, OpenstackSession *session, const Config *config, GError **error)
{
    const char *of = section_of_login(config, session->section);
    const char *type = section_text(config, of, "auth_type");
    bool basic = g_strcmp0(type, "http_basic") == 0, none = g_strcmp0(type, "none") == 0;
    if ((basic || none) && session->override == NULL)
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "[%s]endpoint_override must be set for auth_type %s", session->section,
                          type);
    if (basic)
        return read_basic(session, config, error);
    if (!none)
        session->login = login_for(openstack, config, session->section, error);
    return none || session->login != NULL;
}

/* [service_user]: Steel's own word that a request is a service's, which admits what users may not
 * do. */
static bool
read_service_user(Openstack *openstack, OpenstackSession *session, const Config *config,
                  GError **error)
{
    static const char section[] = "service_user";
    if (!section_boolean(config, section, "send_service_user_token"))
        return true;
    session->service = login_for(openstack, config, section, error);
    return session->service != NULL;
}

static void
read_connection(OpenstackSession *session, const Config *config)
{
    const char *section = session->section;
    session->ca_file = g_strdup(section_text(config, section, "cafile"));
    session->certificate = g_strdup(section_text(config, section, "certfile"));
    session->key = g_strdup(section_text(config, section, "keyfile"));
    session->insecure = section_boolean(config, section, "insecure");
    session->timeout_ms = section_ms(config, section, "timeout", TIMEOUT_MS);
    session->connect_retries = section_count(config, section, "connect_retries", 0);
    session->connect_pause_ms = section_ms(config, section, "connect_retry_delay", -1);
    session->status_retries = section_count(config, section, "status_code_retries", 0);
    session->status_pause_ms = section_ms(config, section, "status_code_retry_delay", -1);
    session->retriable =
        g_strdupv((char **)(uintptr_t)section_list(config, section, "retriable_status_codes"));
}

static void
read_place(OpenstackSession *session, const Config *config)
{
    const char *section = session->section;
    session->override = g_strdup(section_text(config, section, "endpoint_override"));
    session->type = g_strdup(section_text(config, section, "service_type"));
    session->service_name = g_strdup(section_text(config, section, "service_name"));
    session->region = g_strdup(section_text(config, section, "region_name"));
    session->interfaces =
        g_strdupv((char **)(uintptr_t)section_list(config, section, "valid_interfaces"));
}

Openstack *
openstack_new(const Config *config)
{
    Openstack *openstack = g_new0(Openstack, 1);
    openstack->logins = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify)(void (*)(void))login_free);
    for (size_t i = 0; i < OPENSTACK_SERVICE_COUNT; i++) {
        OpenstackSession *session = &openstack->sessions[i];
        session->name = services[i].name;
        session->section = services[i].section;
        read_place(session, config);
        read_connection(session, config);
        (void)(read_login(openstack, session, config, &session->problem) &&
               read_service_user(openstack, session, config, &session->problem));
    }
    return openstack;
}

static void
session_clear(OpenstackSession *session)
{
    char *const texts[] = {session->username, session->override,     session->type,
                           session->region,   session->service_name, session->ca_file,
                           session->key,      session->certificate};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    secret_free(session->password);
    g_strfreev(session->interfaces);
    g_strfreev(session->retriable);
    g_clear_error(&session->problem);
}

void
openstack_free(Openstack *openstack)
{
    if (openstack == NULL)
        return;
    for (size_t i = 0; i < OPENSTACK_SERVICE_COUNT; i++)
        session_clear(&openstack->sessions[i]);
    g_hash_table_unref(openstack->logins);
    g_free(openstack);
}

OpenstackSession *
openstack_service(const Openstack *openstack, OpenstackService service, GError **error)
{
    const OpenstackSession *session = openstack != NULL ? &openstack->sessions[service] : NULL;
    if (session != NULL && session->problem == NULL)
        return (OpenstackSession *)(uintptr_t)session;
    steel_fail(error, STEEL_ERROR_CONFIG, "%s is not configured: %s", services[service].name,
               session != NULL ? session->problem->message : "this process has no sessions");
    return NULL;
}
