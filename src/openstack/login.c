/* A token that is renewed; the contract is in login.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/login.h"

#include "common/backoff.h"
#include "common/json_text.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/time_text.h"
#include "openstack/answer.h"
#include "openstack/section.h"

#include <stdatomic.h>
#include <string.h>

#define AREA "openstack"

enum {
    CONNECT_TIMEOUT_MS = 5000, /* if http_connect_timeout is not set */
    ANSWER_TIMEOUT_MS = 10000, /* after the connection */
    ANSWER_LIMIT = 1024 * 1024,
    ANSWER_DEPTH = 32,
    TOKEN_LIMIT = 8192,
    RENEW_BEFORE_MS = 60 * 1000, /* before the token expires; at most a quarter of its life */
    PAUSE_MS = 100,              /* before the second try; then twice as long each time */
    PAUSE_LIMIT_MS = 800,
    TRY_LIMIT = 10,
    REMEMBER_MS = 1000,         /* how long a failure is answered without asking again */
    REMEMBER_REFUSED_MS = 5000, /* after a wrong password: more tries would lock the user out */
};

struct Login {
    char *base; /* "http://host:5000/v3" */
    char *body; /* holds the password */
    char *user; /* for error texts */
    char *section;
    char *ca_file, *certificate, *key;
    bool insecure;
    int connect_timeout_ms;
    int tries;

    Lock lock; /* not held during a request */
    pthread_cond_t changed;
    Grant grant GUARDED;      /* empty before the login */
    int64_t renew_ms GUARDED; /* wall clock: when to renew it */
    bool logging_in GUARDED;
    GError *failure GUARDED;         /* the error until failed_until_ms */
    int64_t failed_until_ms GUARDED; /* monotonic */
};

struct Catalog {
    atomic_uint uses;
    json_t *services;
};

static Catalog *
catalog_new(json_t *services)
{
    if (services == NULL)
        return NULL;
    Catalog *catalog = g_new0(Catalog, 1);
    atomic_init(&catalog->uses, 1);
    catalog->services = json_incref(services);
    return catalog;
}

static Catalog *
catalog_use(Catalog *catalog)
{
    if (catalog != NULL)
        atomic_fetch_add(&catalog->uses, 1);
    return catalog;
}

static void
catalog_let_go(Catalog *catalog)
{
    if (catalog == NULL || atomic_fetch_sub(&catalog->uses, 1) > 1)
        return;
    json_decref(catalog->services);
    g_free(catalog);
}

const json_t *
grant_catalog(const Grant *grant)
{
    return grant->catalog != NULL ? grant->catalog->services : NULL;
}

void
grant_clear(Grant *grant)
{
    secret_free(grant->token);
    catalog_let_go(grant->catalog);
    g_free(grant->project);
    *grant = (Grant){0};
}

static void
grant_copy(Grant *to, const Grant *from)
{
    to->token = g_strdup(from->token);
    to->catalog = catalog_use(from->catalog);
    to->project = g_strdup(from->project);
}

const char *
login_user(const Login *login)
{
    return login->user;
}

const char *
login_base(const Login *login)
{
    return login->base;
}

int
login_tries(const Login *login)
{
    return login->tries;
}

HttpRequest
login_request(const Login *login, const char *url)
{
    return (HttpRequest){
        .url = url,
        .connect_timeout_ms = login->connect_timeout_ms,
        .timeout_ms = login->connect_timeout_ms + ANSWER_TIMEOUT_MS,
        .body_limit = ANSWER_LIMIT,
        .ca_file = login->ca_file,
        .client_certificate = login->certificate,
        .client_key = login->key,
        .insecure = login->insecure,
    };
}

/* ---- asking ---- */

/* One exchange, repeated while Keystone cannot be reached or is overloaded: a login changes
 * nothing. */
static bool
exchange(const Login *login, const HttpRequest *request, HttpResponse *response, GError **error)
{
    Backoff backoff = {.pause_ms = PAUSE_MS, .longest_ms = PAUSE_LIMIT_MS};
    for (int i = 0;; i++) {
        g_autoptr(GError) cause = NULL;
        bool answered = http_request(request, response, &cause);
        bool repeat = answered ? response->status == 503 || response->status == 429
                               : steel_error_is(cause, STEEL_ERROR_HTTP);
        if (repeat && i + 1 < login->tries) {
            http_response_clear(response);
            (void)backoff_pause(&backoff); /* the loop counts the tries, not the time */
            continue;
        }
        if (!answered)
            g_propagate_error(error, g_steal_pointer(&cause));
        return answered;
    }
}

/* When to renew a token that is received now. An expiry that cannot be read counts as an hour. */
static int64_t
renewal_time(const json_t *token)
{
    int64_t now = time_now_ms(), expires = now + 3600 * 1000;
    const char *text = json_string_member(token, "expires_at");
    if (text != NULL)
        (void)time_parse_ms(text, &expires);
    return expires - MIN(RENEW_BEFORE_MS, (expires - now) / 4);
}

static bool
token_good(const char *token)
{
    if (token == NULL || *token == '\0' || strlen(token) > TOKEN_LIMIT)
        return false;
    for (const char *c = token; *c != '\0'; c++)
        if (!g_ascii_isgraph(*c))
            return false;
    return true;
}

static bool
check_status(const Login *login, const HttpResponse *response, GError **error)
{
    g_autofree char *words = answer_words(response);
    if (response->status == 401 || response->status == 403)
        return steel_fail(error, STEEL_ERROR_UNAUTHORIZED,
                          "Keystone refuses the login of [%s] (%s): %s", login->section,
                          login->user, words);
    return response->status == 201 ||
           steel_fail(error, STEEL_ERROR_HTTP, "Keystone answered %d to a login: %s",
                      response->status, words);
}

static bool
read_grant(const HttpResponse *response, Grant *grant, int64_t *renew_ms, GError **error)
{
    const char *got = http_response_header(response, "X-Subject-Token");
    json_auto_t *document =
        json_text_parse(response->body, response->body_size, ANSWER_DEPTH, NULL);
    const json_t *token = json_object_get(document, "token");
    if (!token_good(got) || token == NULL)
        return steel_fail(error, STEEL_ERROR_HTTP,
                          "Keystone's answer to a login is not understood: it has no token");
    grant->token = g_strdup(got);
    grant->catalog = catalog_new(json_object_get(token, "catalog"));
    grant->project = g_strdup(json_string_member(json_object_get(token, "project"), "id"));
    *renew_ms = renewal_time(token);
    return true;
}

/* POST /v3/auth/tokens. */
static bool
log_in(const Login *login, Grant *grant, int64_t *renew_ms, GError **error)
{
    g_autofree char *url = g_strconcat(login->base, "/auth/tokens", NULL);
    HttpRequest request = login_request(login, url);
    request.method = "POST";
    request.body = login->body;
    request.body_size = strlen(login->body);
    g_auto(HttpResponse) response = {0};
    if (!exchange(login, &request, &response, error) || !check_status(login, &response, error) ||
        !read_grant(&response, grant, renew_ms, error))
        return false;
    log_debug(AREA, "logged in to Keystone as %s", login->user);
    return true;
}

/* ---- the token ---- */

/* True if what is known answers the question: a token that is good, or a failure of just now. */
static bool answer_known(Login *login, const char *refused, Grant *grant, GError **error)
    REQUIRES(login->lock);

static bool
answer_known(Login *login, const char *refused, Grant *grant, GError **error)
{
    if (login->failure != NULL && time_monotonic_ms() < login->failed_until_ms) {
        g_propagate_error(error, g_error_copy(login->failure));
        return true;
    }
    if (login->grant.token == NULL || g_strcmp0(login->grant.token, refused) == 0 ||
        time_now_ms() >= login->renew_ms)
        return false;
    grant_copy(grant, &login->grant);
    return true;
}

/* Takes the new grant over, or a failure. */
static void remember(Login *login, Grant *fresh, int64_t renew_ms, const GError *failure)
    REQUIRES(login->lock);

static void
remember(Login *login, Grant *fresh, int64_t renew_ms, const GError *failure)
{
    bool refused = failure != NULL && steel_error_is(failure, STEEL_ERROR_UNAUTHORIZED);
    grant_clear(&login->grant);
    grant_copy(&login->grant, fresh);
    login->renew_ms = renew_ms;
    g_clear_error(&login->failure);
    login->failure = failure != NULL ? g_error_copy(failure) : NULL;
    login->failed_until_ms = time_monotonic_ms() + (refused ? REMEMBER_REFUSED_MS : REMEMBER_MS);
    login->logging_in = false;
    pthread_cond_broadcast(&login->changed);
}

/* The thread that logs in for all. */
static bool
renew(Login *login, Grant *grant, GError **error)
{
    g_autoptr(GError) failure = NULL;
    int64_t renew_ms = 0;
    if (!log_in(login, grant, &renew_ms, &failure))
        log_warning(AREA, "%s", failure->message);
    lock_acquire(&login->lock);
    remember(login, grant, renew_ms, failure);
    lock_release(&login->lock);
    if (failure == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

bool
login_get(Login *login, const char *refused, Grant *grant, GError **error)
{
    lock_acquire(&login->lock);
    while (login->logging_in)
        lock_wait(&login->lock, &login->changed);
    bool known = answer_known(login, refused, grant, error);
    if (!known)
        login->logging_in = true;
    lock_release(&login->lock);
    return known ? grant->token != NULL : renew(login, grant, error);
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

static void
read_connection(Login *login, const Config *config, const char *section)
{
    login->ca_file = g_strdup(section_text(config, section, "cafile"));
    login->certificate = g_strdup(section_text(config, section, "certfile"));
    login->key = g_strdup(section_text(config, section, "keyfile"));
    login->insecure = section_boolean(config, section, "insecure");
    int timeout_ms = section_ms(config, section, "http_connect_timeout", 0);
    login->connect_timeout_ms = timeout_ms > 0 ? MIN(timeout_ms, 600 * 1000) : CONNECT_TIMEOUT_MS;
    int retries = section_count(config, section, "http_request_max_retries",
                                section_count(config, section, "connect_retries", 0));
    login->tries = 1 + MIN(retries, TRY_LIMIT);
}

UNSHARED Login *
login_new(const Config *config, const char *section, GError **error)
{
    const char *auth_url = section_text(config, section, "auth_url");
    g_autofree char *user = NULL;
    if (auth_url == NULL) {
        steel_fail(error, STEEL_ERROR_CONFIG, "[%s]auth_url must be set to log in to Keystone",
                   section);
        return NULL;
    }
    char *body = login_body(config, section, &user, error);
    if (body == NULL)
        return NULL;
    Login *login = g_new0(Login, 1);
    login->base = base_url(auth_url);
    login->body = body;
    login->user = g_steal_pointer(&user);
    login->section = g_strdup(section);
    read_connection(login, config, section);
    lock_init(&login->lock, LOCK_RANK_KEYSTONE);
    lock_condition_init(&login->changed);
    return login;
}

UNSHARED void
login_free(Login *login)
{
    if (login == NULL)
        return;
    g_free(login->base);
    secret_free(login->body);
    g_free(login->user);
    g_free(login->section);
    g_free(login->ca_file);
    g_free(login->certificate);
    g_free(login->key);
    grant_clear(&login->grant);
    g_clear_error(&login->failure);
    pthread_cond_destroy(&login->changed);
    lock_destroy(&login->lock);
    g_free(login);
}
