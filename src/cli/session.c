/* Requests to the bare metal service.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"
#include "cli/fault.h"
#include "cli/keystone.h"
#include "common/backoff.h"
#include "common/http_client.h"
#include "common/json_text.h"
#include "common/time_text.h"
#include <stdio.h>
#include <string.h>

static const char default_endpoint[] = "http://127.0.0.1:6385";

typedef enum AuthKind { AUTH_NONE, AUTH_BASIC, AUTH_KEYSTONE } AuthKind;

struct Session {
    const Settings *settings; /* borrowed */
    AuthKind auth;
    char *endpoint; /* owned, trimmed; NULL until keystone named it */
    char *token;    /* owned */
    int minor;      /* API version 1.minor that is sent */
    bool fixed;     /* the user chose that version */
    bool negotiated;
};

char *
endpoint_trimmed(const char *url)
{
    char *text = g_strdup(url);
    for (;;) {
        if (g_str_has_suffix(text, "/"))
            text[strlen(text) - 1] = '\0';
        else if (g_str_has_suffix(text, "/v1"))
            text[strlen(text) - 3] = '\0';
        else
            return text;
    }
}

/* Reads "1.N"; "latest", "1" and nothing mean the highest known. */
static bool
parse_version(const char *text, int *minor, bool *fixed, GError **error)
{
    guint64 number = 0;
    *fixed = false;
    *minor = SESSION_KNOWN_MINOR;
    if (text == NULL || strcmp(text, "latest") == 0 || strcmp(text, "1") == 0)
        return true;
    if (!g_str_has_prefix(text, "1.") ||
        !g_ascii_string_to_unsigned(text + 2, 10, 1, 9999, &number, NULL))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the API version must be latest or 1.N, not \"%s\"", text);
    *fixed = true;
    *minor = (int)number;
    return true;
}

static bool
choose_auth(Session *session, GError **error)
{
    const Settings *settings = session->settings;
    static const char *const keystone_types[] = {
        "password", "v3password", "token", "v3token", "v3applicationcredential", NULL};
    const char *type = settings_text(settings, SETTING_AUTH_TYPE);
    if (type == NULL) /* openrc files name keystone, but seldom the type */
        type = settings_text(settings, SETTING_AUTH_URL) != NULL ? keystone_auth_type(settings)
                                                                 : "none";
    if (strcmp(type, "none") == 0 || strcmp(type, "noauth") == 0) {
        session->auth = AUTH_NONE;
    } else if (strcmp(type, "http_basic") == 0) {
        session->auth = AUTH_BASIC;
        if (settings_text(settings, SETTING_USERNAME) == NULL)
            return steel_fail(error, STEEL_ERROR_CONFIG,
                              "auth type http_basic needs OS_USERNAME and OS_PASSWORD");
    } else if (g_strv_contains(keystone_types, type)) {
        session->auth = AUTH_KEYSTONE;
    } else {
        return steel_fail(
            error, STEEL_ERROR_CONFIG,
            "auth type \"%s\" is not known; there are none, http_basic, password, token and "
            "v3applicationcredential",
            type);
    }
    return true;
}

Session *
session_new(const Settings *settings, GError **error)
{
    g_autoptr(Session) session = g_new0(Session, 1);
    session->settings = settings;
    const char *version = settings_text(settings, SETTING_API_VERSION);
    if (!parse_version(version, &session->minor, &session->fixed, error) ||
        !choose_auth(session, error))
        return NULL;
    const char *endpoint = settings_text(settings, SETTING_ENDPOINT_OVERRIDE);
    if (endpoint == NULL && session->auth != AUTH_KEYSTONE) {
        endpoint = settings_text(settings, SETTING_ENDPOINT);
        endpoint = endpoint != NULL ? endpoint : default_endpoint;
    }
    session->endpoint = endpoint != NULL ? endpoint_trimmed(endpoint) : NULL;
    return g_steal_pointer(&session);
}

void
session_free(Session *session)
{
    if (session == NULL)
        return;
    g_free(session->endpoint);
    g_free(session->token);
    g_free(session);
}

/* How to connect, for the service and for keystone. */
static HttpRequest
transport_of(const Session *session)
{
    const Settings *settings = session->settings;
    return (HttpRequest){
        .timeout_ms = settings_number(settings, SETTING_TIMEOUT, 600) * 1000,
        .body_limit = 256 << 20, /* details of ten thousand nodes and more */
        .ca_file = settings_text(settings, SETTING_CACERT),
        .client_certificate = settings_text(settings, SETTING_CERT),
        .client_key = settings_text(settings, SETTING_KEY),
        .insecure = settings->insecure,
    };
}

static bool
log_in(Session *session, GError **error)
{
    if (session->auth != AUTH_KEYSTONE || session->token != NULL)
        return true;
    HttpRequest transport = transport_of(session);
    g_autofree char *found = NULL;
    if (!keystone_authenticate(session->settings, &transport, &session->token,
                               session->endpoint == NULL ? &found : NULL, error))
        return false;
    if (found != NULL)
        session->endpoint = endpoint_trimmed(found);
    return true;
}

static void
trace(const Session *session, const HttpRequest *request, int status, int64_t started)
{
    if (!session->settings->debug)
        return;
    g_autofree char *url = http_url_for_display(request->url);
    const char *query = strchr(request->url, '?');
    fprintf(stderr, "%s %s%s, version 1.%d: %d in %d ms\n", request->method, url,
            query != NULL ? query : "", session->minor, status,
            (int)(time_monotonic_ms() - started));
}

bool
session_prepare(Session *session, const char *method, const char *path, SessionRequest *prepared,
                GError **error)
{
    *prepared = (SessionRequest){0};
    if (!log_in(session, error))
        return false;
    prepared->url = g_strconcat(session->endpoint, path, NULL);
    prepared->version = g_strdup_printf("X-OpenStack-Ironic-API-Version: 1.%d", session->minor);
    if (session->token != NULL)
        prepared->token = g_strconcat("X-Auth-Token: ", session->token, NULL);
    prepared->headers[0] = "Accept: application/json";
    prepared->headers[1] = prepared->version;
    prepared->headers[2] = prepared->token;
    prepared->http = transport_of(session);
    prepared->http.method = method;
    prepared->http.url = prepared->url;
    prepared->http.headers = prepared->headers;
    if (session->auth == AUTH_BASIC) {
        prepared->http.username = settings_text(session->settings, SETTING_USERNAME);
        prepared->http.password = settings_text(session->settings, SETTING_PASSWORD);
    }
    return true;
}

void
session_request_clear(SessionRequest *prepared)
{
    g_free(prepared->url);
    g_free(prepared->version);
    g_free(prepared->token);
    *prepared = (SessionRequest){0};
}

/* One HTTP exchange; the answer may have any status. */
static bool
exchange(Session *session, const char *method, const char *path, const char *body,
         HttpResponse *response, GError **error)
{
    g_auto(SessionRequest) prepared = {0};
    if (!session_prepare(session, method, path, &prepared, error))
        return false;
    HttpRequest *request = &prepared.http;
    request->body = body;
    request->body_size = body != NULL ? strlen(body) : 0;
    int64_t started = time_monotonic_ms();
    if (!http_request(request, response, error)) {
        g_prefix_error(error, "The bare metal service does not answer: ");
        g_autofree char *advice =
            g_strdup_printf("%s\nCheck that it runs there and that the address is right; it comes "
                            "from --os-endpoint, "
                            "OS_ENDPOINT or clouds.yaml and is %s unless set.",
                            error != NULL ? (*error)->message : "", default_endpoint);
        if (error != NULL) {
            g_free((*error)->message);
            (*error)->message = g_steal_pointer(&advice);
        }
        return false;
    }
    trace(session, request, response->status, started);
    return true;
}

/* After a 406: takes the service's highest version if the version was the reason. False: it was
 * not. */
static bool
negotiate(Session *session, const HttpResponse *response)
{
    const char *maximum = http_response_header(response, "X-OpenStack-Ironic-API-Maximum-Version");
    int minor = 0;
    bool fixed = false;
    if (session->fixed || session->negotiated || maximum == NULL ||
        !parse_version(maximum, &minor, &fixed, NULL) || minor >= session->minor)
        return false;
    session->minor = minor;
    session->negotiated = true;
    return true;
}

/* True if a retry may help: 503, or 409 for a locked node. */
static bool
worth_retrying(const HttpResponse *response)
{
    if (response->status == 503)
        return true;
    return response->status == 409 && g_strstr_len(response->body, -1, "locked") != NULL;
}

static json_t *
take_body(const HttpResponse *response, GError **error)
{
    if (response->status >= 300) {
        fault_set(response->body, response->body_size, response->status, error);
        return NULL;
    }
    const char *type = http_response_header(response, "Content-Type");
    if (response->body_size == 0 || type == NULL || strstr(type, "json") == NULL)
        return json_null();
    json_t *value = json_text_parse(response->body, response->body_size, 0, error);
    if (value == NULL)
        g_prefix_error(error, "the service's answer is broken: ");
    return value;
}

static json_t *
call(Session *session, const char *method, const char *path, const json_t *body, int retries,
     GError **error)
{
    g_autofree char *text = body != NULL ? json_text_dump(body) : NULL;
    bool renewed = false;
    for (int attempt = 0;; attempt++) {
        g_auto(HttpResponse) response = {0};
        if (!exchange(session, method, path, text, &response, error))
            return NULL;
        if (response.status == 406 && negotiate(session, &response)) {
            attempt--;
        } else if (response.status == 401 && session->auth == AUTH_KEYSTONE && !renewed) {
            renewed = true;
            g_clear_pointer(&session->token, g_free);
            attempt--;
        } else if (worth_retrying(&response) && attempt < retries) {
            int pause = settings_number(session->settings, SETTING_RETRY_INTERVAL, 2);
            backoff_sleep((unsigned)pause * 1000);
        } else {
            return take_body(&response, error);
        }
    }
}

json_t *
session_call(Session *session, const char *method, const char *path, const json_t *body,
             GError **error)
{
    int retries = settings_number(session->settings, SETTING_MAX_RETRIES, 5);
    return call(session, method, path, body, retries, error);
}

json_t *
session_try(Session *session, const char *method, const char *path, const json_t *body,
            GError **error)
{
    return call(session, method, path, body, 0, error);
}

bool
session_require(const Session *session, const char *version, const char *words, GError **error)
{
    int minor = 0;
    bool fixed = false;
    if (version == NULL || !session->fixed || !parse_version(version, &minor, &fixed, error))
        return true;
    if (session->minor >= minor)
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID, "%s needs API version %s; 1.%d was asked for",
                      words, version, session->minor);
}

char *
session_local_path(const Session *session, const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *path = scheme != NULL ? strchr(scheme + 3, '/') : url;
    scheme = strstr(session->endpoint, "://");
    const char *own = scheme != NULL ? strchr(scheme + 3, '/') : NULL;
    if (path == NULL)
        return NULL;
    if (own != NULL && g_str_has_prefix(path, own))
        path += strlen(own);
    return path[0] == '/' ? g_strdup(path) : NULL;
}
