/* Steel's own login at Keystone; the contract is in keystone_session.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/auth/keystone_session.h"

#include "common/backoff.h"
#include "common/json_text.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/time_text.h"

#include <string.h>
#include <time.h>

enum {
    CONNECT_TIMEOUT_MS = 5000, /* if http_connect_timeout is not set */
    ANSWER_TIMEOUT_MS = 10000, /* after the connection */
    ANSWER_LIMIT = 1024 * 1024,
    RENEW_BEFORE_MS = 60 * 1000, /* before the token expires; at most a quarter of its life */
    PAUSE_MS = 100,              /* before the second try; then twice as long each time */
    PAUSE_LIMIT_MS = 800,
    TRY_LIMIT = 10,
    REMEMBER_MS = 1000, /* how long a failure is answered without asking again */
    COMPLAIN_PAUSE_MS = 60 * 1000,
    REMEMBER_REFUSED_MS = 5000, /* after a wrong password: more tries would lock the user out */
    IN_VAIN_MS = 5000,          /* how long no new login is tried after one that did not help */
};

struct KeystoneSession {
    char *base;       /* "http://host:5000/v3" */
    char *login_body; /* holds the password */
    char *user;       /* for error texts */
    char *ca_file, *certificate, *key;
    bool insecure;
    int connect_timeout_ms;
    int tries;

    Lock lock; /* not held during a request */
    pthread_cond_t changed;
    char *token GUARDED;      /* NULL before the login */
    int64_t renew_ms GUARDED; /* wall clock: when to renew it */
    bool logging_in GUARDED;
    int64_t failed_until_ms GUARDED; /* monotonic */
    /* monotonic: when the failure of a token was last logged */
    int64_t complained_ms GUARDED;
    int64_t in_vain_ms GUARDED; /* monotonic: when a new login did not help; 0 for never */
    char *failure GUARDED;      /* the error until failed_until_ms */
};

static bool fail_unavailable(KeystoneSession *session, int64_t remember_ms, GError **error,
                             const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Fails, and remembers the failure for all tokens. Always false. */
static bool
fail_unavailable(KeystoneSession *session, int64_t remember_ms, GError **error, const char *format,
                 ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    lock_acquire(&session->lock);
    g_free(session->failure);
    session->failure = g_strdup(text);
    session->failed_until_ms = time_monotonic_ms() + remember_ms;
    lock_release(&session->lock);
    log_warning("api.auth", "%s", text);
    return steel_fail(error, STEEL_ERROR_IDENTITY_UNAVAILABLE,
                      "Tokens cannot be checked at the moment: %s", text);
}

static bool fail_token(KeystoneSession *session, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Fails for one token alone. Strangers choose tokens, so this failure does not affect others.
 * Always false. */
static bool
fail_token(KeystoneSession *session, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    int64_t now = time_monotonic_ms();
    lock_acquire(&session->lock);
    bool complain =
        session->complained_ms == 0 || now - session->complained_ms >= COMPLAIN_PAUSE_MS;
    if (complain)
        session->complained_ms = now;
    lock_release(&session->lock);
    if (complain)
        log_warning("api.auth", "a token could not be checked: %s", text);
    return steel_fail(error, STEEL_ERROR_IDENTITY_UNAVAILABLE,
                      "This token cannot be checked at the moment: %s", text);
}

/* One exchange, repeated while Keystone cannot be reached or is overloaded.
 *
 * of_token  the exchange checks a caller's token, so that a timeout counts as a failure of that
 *           token alone */
static bool
exchange(KeystoneSession *session, const HttpRequest *request, bool of_token,
         HttpResponse *response, GError **error)
{
    g_autoptr(GError) cause = NULL;
    Backoff backoff = {.pause_ms = PAUSE_MS, .longest_ms = PAUSE_LIMIT_MS};
    for (int i = 0;; i++) {
        g_clear_error(&cause);
        bool answered = http_request(request, response, &cause);
        bool repeat = answered ? response->status == 503 || response->status == 429
                               : steel_error_is(cause, STEEL_ERROR_HTTP);
        if (!repeat || i + 1 >= session->tries) {
            if (answered)
                return true;
            if (of_token && steel_error_is(cause, STEEL_ERROR_TIMEOUT))
                return fail_token(session, error, "%s", cause->message);
            return fail_unavailable(session, REMEMBER_MS, error, "%s", cause->message);
        }
        http_response_clear(response);
        (void)backoff_pause(&backoff); /* the loop counts the tries, not the time */
    }
}

static HttpRequest
request_to(const KeystoneSession *session, const char *url)
{
    return (HttpRequest){
        .url = url,
        .connect_timeout_ms = session->connect_timeout_ms,
        .timeout_ms = session->connect_timeout_ms + ANSWER_TIMEOUT_MS,
        .body_limit = ANSWER_LIMIT,
        .ca_file = session->ca_file,
        .client_certificate = session->certificate,
        .client_key = session->key,
        .insecure = session->insecure,
    };
}

/* When to renew a token that is received now. An expiry that cannot be read counts as an hour. */
static int64_t
renewal_time(const HttpResponse *response)
{
    int64_t now = time_now_ms(), expires = now + 3600 * 1000;
    json_auto_t *document = json_text_parse(response->body, response->body_size, 32, NULL);
    const char *text = json_string_member(json_object_get(document, "token"), "expires_at");
    if (text != NULL)
        (void)time_parse_ms(text, &expires);
    return expires - MIN(RENEW_BEFORE_MS, (expires - now) / 4);
}

/* POST /v3/auth/tokens. */
static bool
log_in(KeystoneSession *session, char **token, int64_t *renew_ms, GError **error)
{
    g_autofree char *url = g_strconcat(session->base, "/auth/tokens", NULL);
    HttpRequest request = request_to(session, url);
    request.method = "POST";
    request.body = session->login_body;
    request.body_size = strlen(session->login_body);
    g_auto(HttpResponse) response = {0};
    if (!exchange(session, &request, false, &response, error))
        return false;
    if (response.status == 401 || response.status == 403)
        return fail_unavailable(session, REMEMBER_REFUSED_MS, error,
                                "Keystone refuses the login of [keystone_authtoken] (%s)",
                                session->user);
    const char *got = http_response_header(&response, "X-Subject-Token");
    if (response.status != 201 || got == NULL)
        return fail_unavailable(session, REMEMBER_MS, error, "Keystone answered %d to a login",
                                response.status);
    *token = g_strdup(got);
    *renew_ms = renewal_time(&response);
    log_debug("api.auth", "logged in to Keystone as %s", session->user);
    return true;
}

/* False with the error of a recent failure. */
static bool check_recent_failure(const KeystoneSession *session, GError **error)
    REQUIRES(session->lock);

static bool
check_recent_failure(const KeystoneSession *session, GError **error)
{
    return time_monotonic_ms() >= session->failed_until_ms ||
           steel_fail(error, STEEL_ERROR_IDENTITY_UNAVAILABLE,
                      "Tokens cannot be checked at the moment: %s", session->failure);
}

/* Steel's own token. Logs in if there is none, if it is too old, or if Keystone has refused it
 * (`refused`). */
static char *
own_token(KeystoneSession *session, const char *refused, GError **error)
{
    lock_acquire(&session->lock);
    while (session->logging_in)
        lock_wait(&session->lock, &session->changed);
    if (!check_recent_failure(session, error)) {
        lock_release(&session->lock);
        return NULL;
    }
    if (session->token != NULL && g_strcmp0(session->token, refused) != 0 &&
        time_now_ms() < session->renew_ms) {
        char *copy = g_strdup(session->token);
        lock_release(&session->lock);
        return copy;
    }
    session->logging_in = true;
    lock_release(&session->lock);
    char *token = NULL;
    int64_t renew_ms = 0;
    bool good = log_in(session, &token, &renew_ms, error);
    lock_acquire(&session->lock);
    g_free(session->token);
    session->token = g_strdup(token);
    session->renew_ms = renew_ms;
    session->logging_in = false;
    pthread_cond_broadcast(&session->changed);
    lock_release(&session->lock);
    return good ? token : NULL;
}

/* True for statuses that mean "this is no token". Keystone itself answers 404, a proxy in front of
 * it one of the others. */
static bool
refuses_subject(int status)
{
    static const int rows[] = {400, 404, 413, 414, 422, 431};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i] == status)
            return true;
    return false;
}

static bool
judge_status(KeystoneSession *session, int status, GError **error)
{
    if (status == 200 || refuses_subject(status))
        return true;
    if (status == 401)
        return fail_token(session, error, "Keystone refuses the token that it gave to %s",
                          session->user);
    if (status == 403)
        return fail_token(session, error,
                          "Keystone does not let %s check it (403); it needs the role admin or "
                          "service",
                          session->user);
    if (status >= 500 || status == 429)
        return fail_unavailable(session, REMEMBER_MS, error, "Keystone answered %d", status);
    return fail_token(session, error, "Keystone answered %d", status);
}

/* True if a new login may help after a 401: Steel's token was revoked, or Keystone's keys have
 * changed. It does not help if the 401 is about the subject token, which strangers choose.
 *
 * in_vain  the 401 came after a new login */
static bool
may_log_in_again(KeystoneSession *session, bool in_vain)
{
    int64_t now = time_monotonic_ms();
    lock_acquire(&session->lock);
    if (in_vain)
        session->in_vain_ms = now;
    bool may = session->in_vain_ms == 0 || now - session->in_vain_ms >= IN_VAIN_MS;
    lock_release(&session->lock);
    return may;
}

bool
keystone_session_get(KeystoneSession *session, const char *path, const char *header,
                     HttpResponse *response, GError **error)
{
    g_autofree char *token = NULL;
    g_autofree char *url = g_strconcat(session->base, path, NULL);
    for (int i = 0;; i++) {
        char *next = own_token(session, token, error);
        if (next == NULL)
            return false;
        g_free(token);
        token = next;
        g_autofree char *own = g_strconcat("X-Auth-Token: ", token, NULL);
        const char *const headers[] = {own, header, NULL};
        HttpRequest request = request_to(session, url);
        request.headers = headers;
        g_auto(HttpResponse) answer = {0};
        if (!exchange(session, &request, true, &answer, error))
            return false;
        if (answer.status == 401 && may_log_in_again(session, i > 0))
            continue;
        if (!judge_status(session, answer.status, error))
            return false;
        *response = answer;
        answer = (HttpResponse){0};
        return true;
    }
}

/* ---- new and free ---- */

/* auth_url ending with /v3. */
static char *
base_url(const char *auth_url)
{
    g_autofree char *url = g_strdup(auth_url);
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        url[--length] = '\0';
    if (g_str_has_suffix(url, "/v2.0"))
        url[length - strlen("/v2.0")] = '\0';
    return g_str_has_suffix(url, "/v3") ? g_strdup(url) : g_strconcat(url, "/v3", NULL);
}

/* {"name": …} or {"id": …}; the domain "default" if neither is set. */
static json_t *
domain_of(const Config *config, ConfigOption name, ConfigOption id)
{
    if (id != OPTION_COUNT && config_is_set(config, id))
        return json_pack("{s:s}", "id", config_string(config, id));
    if (config_is_set(config, name))
        return json_pack("{s:s}", "name", config_string(config, name));
    return json_pack("{s:s}", "id", "default");
}

static json_t *
scope_of(const Config *config)
{
    if (config_is_set(config, OPT_KEYSTONE_AUTHTOKEN_SYSTEM_SCOPE))
        return json_pack("{s:{s:b}}", "system", "all", 1);
    const char *project = config_string(config, OPT_KEYSTONE_AUTHTOKEN_PROJECT_NAME);
    if (project == NULL)
        return NULL;
    return json_pack("{s:{s:s, s:o}}", "project", "name", project, "domain",
                     domain_of(config, OPT_KEYSTONE_AUTHTOKEN_PROJECT_DOMAIN_NAME,
                               OPT_KEYSTONE_AUTHTOKEN_PROJECT_DOMAIN_ID));
}

static const char *
required(const Config *config, ConfigOption option, GError **error)
{
    const char *value = config_string(config, option);
    if (value == NULL)
        steel_fail(error, STEEL_ERROR_CONFIG,
                   "[keystone_authtoken]%s must be set when auth_strategy is keystone",
                   config_option_info(option)->name);
    return value;
}

static json_t *
password_login(const Config *config, char **user, GError **error)
{
    const char *name = required(config, OPT_KEYSTONE_AUTHTOKEN_USERNAME, error);
    const char *password =
        name != NULL ? required(config, OPT_KEYSTONE_AUTHTOKEN_PASSWORD, error) : NULL;
    if (password == NULL)
        return NULL;
    *user = g_strdup_printf("user %s", name);
    json_t *auth =
        json_pack("{s:{s:[s], s:{s:{s:s, s:s, s:o}}}}", "identity", "methods", "password",
                  "password", "user", "name", name, "password", password, "domain",
                  domain_of(config, OPT_KEYSTONE_AUTHTOKEN_USER_DOMAIN_NAME,
                            OPT_KEYSTONE_AUTHTOKEN_USER_DOMAIN_ID));
    json_t *scope = scope_of(config);
    if (scope != NULL)
        json_object_set_new(auth, "scope", scope);
    return auth;
}

static json_t *
credential_login(const Config *config, char **user, GError **error)
{
    const char *id = required(config, OPT_KEYSTONE_AUTHTOKEN_APPLICATION_CREDENTIAL_ID, error);
    const char *secret =
        id != NULL ? required(config, OPT_KEYSTONE_AUTHTOKEN_APPLICATION_CREDENTIAL_SECRET, error)
                   : NULL;
    if (secret == NULL)
        return NULL;
    *user = g_strdup_printf("application credential %s", id);
    return json_pack("{s:{s:[s], s:{s:s, s:s}}}", "identity", "methods", "application_credential",
                     "application_credential", "id", id, "secret", secret);
}

static json_t *
login_of(const Config *config, char **user, GError **error)
{
    const char *type = config_string(config, OPT_KEYSTONE_AUTHTOKEN_AUTH_TYPE);
    if (type == NULL || strcmp(type, "password") == 0 || strcmp(type, "v3password") == 0)
        return password_login(config, user, error);
    if (strcmp(type, "v3applicationcredential") == 0)
        return credential_login(config, user, error);
    steel_fail(error, STEEL_ERROR_CONFIG,
               "[keystone_authtoken]auth_type must be password or v3applicationcredential, not %s",
               type);
    return NULL;
}

static void
read_connection(KeystoneSession *session, const Config *config)
{
    session->ca_file = g_strdup(config_string(config, OPT_KEYSTONE_AUTHTOKEN_CAFILE));
    session->certificate = g_strdup(config_string(config, OPT_KEYSTONE_AUTHTOKEN_CERTFILE));
    session->key = g_strdup(config_string(config, OPT_KEYSTONE_AUTHTOKEN_KEYFILE));
    session->insecure = config_boolean(config, OPT_KEYSTONE_AUTHTOKEN_INSECURE);
    session->connect_timeout_ms = CONNECT_TIMEOUT_MS;
    int64_t timeout_s = config_integer(config, OPT_KEYSTONE_AUTHTOKEN_HTTP_CONNECT_TIMEOUT);
    if (timeout_s > 0)
        session->connect_timeout_ms = (int)MIN(timeout_s, 600) * 1000;
    int64_t retries = config_integer(config, OPT_KEYSTONE_AUTHTOKEN_HTTP_REQUEST_MAX_RETRIES);
    session->tries = 1 + (int)MIN(retries, TRY_LIMIT);
}

UNSHARED KeystoneSession *
keystone_session_new(const Config *config, GError **error)
{
    const char *auth_url = required(config, OPT_KEYSTONE_AUTHTOKEN_AUTH_URL, error);
    g_autofree char *user = NULL;
    json_t *auth = auth_url != NULL ? login_of(config, &user, error) : NULL;
    if (auth == NULL)
        return NULL;
    json_auto_t *body = json_pack("{s:o}", "auth", auth);
    KeystoneSession *session = g_new0(KeystoneSession, 1);
    session->base = base_url(auth_url);
    session->login_body = json_text_dump(body);
    session->user = g_steal_pointer(&user);
    read_connection(session, config);
    lock_init(&session->lock, LOCK_RANK_KEYSTONE);
    pthread_cond_init(&session->changed, NULL);
    return session;
}

void UNSHARED
keystone_session_free(KeystoneSession *session)
{
    if (session == NULL)
        return;
    g_free(session->base);
    g_free(session->login_body);
    g_free(session->user);
    g_free(session->ca_file);
    g_free(session->certificate);
    g_free(session->key);
    g_free(session->token);
    g_free(session->failure);
    pthread_cond_destroy(&session->changed);
    lock_destroy(&session->lock);
    g_free(session);
}
