/* Tokens, checked with Keystone; the contract is in keystone_session.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/keystone_session.h"

#include "common/backoff.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/time_text.h"
#include "openstack/login.h"
#include "openstack/section.h"

#include <string.h>
#include <time.h>

enum {
    PAUSE_MS = 100, /* before the second try; then twice as long each time */
    PAUSE_LIMIT_MS = 800,
    REMEMBER_MS = 1000, /* how long a failure is answered without asking again */
    COMPLAIN_PAUSE_MS = 60 * 1000,
    IN_VAIN_MS = 5000, /* how long no new login is tried after one that did not help */
};

struct KeystoneSession {
    Login *login;
    Lock lock;                       /* not held during a request */
    int64_t failed_until_ms GUARDED; /* monotonic */
    /* monotonic: when the failure of a token was last logged */
    int64_t complained_ms GUARDED;
    int64_t in_vain_ms GUARDED; /* monotonic: when a new login did not help; 0 for never */
    char *failure GUARDED;      /* the error until failed_until_ms */
};

static bool fail_unavailable(KeystoneSession *session, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Fails, and remembers the failure for all tokens. Always false. */
static bool
fail_unavailable(KeystoneSession *session, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    lock_acquire(&session->lock);
    g_free(session->failure);
    session->failure = g_strdup(text);
    session->failed_until_ms = time_monotonic_ms() + REMEMBER_MS;
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

/* One exchange, repeated while Keystone cannot be reached or is overloaded. A timeout counts as a
 * failure of the token alone that is checked. */
static bool
exchange(KeystoneSession *session, const HttpRequest *request, HttpResponse *response,
         GError **error)
{
    g_autoptr(GError) cause = NULL;
    Backoff backoff = {.pause_ms = PAUSE_MS, .longest_ms = PAUSE_LIMIT_MS};
    for (int i = 0;; i++) {
        g_clear_error(&cause);
        bool answered = http_request(request, response, &cause);
        bool repeat = answered ? response->status == 503 || response->status == 429
                               : steel_error_is(cause, STEEL_ERROR_HTTP);
        if (!repeat || i + 1 >= login_tries(session->login)) {
            if (answered)
                return true;
            if (steel_error_is(cause, STEEL_ERROR_TIMEOUT))
                return fail_token(session, error, "%s", cause->message);
            return fail_unavailable(session, error, "%s", cause->message);
        }
        http_response_clear(response);
        (void)backoff_pause(&backoff); /* the loop counts the tries, not the time */
    }
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
static bool
own_token(KeystoneSession *session, const char *refused, Grant *grant, GError **error)
{
    g_autoptr(GError) cause = NULL;
    lock_acquire(&session->lock);
    bool good = check_recent_failure(session, error);
    lock_release(&session->lock);
    if (!good)
        return false;
    return login_get(session->login, refused, grant, &cause) ||
           steel_fail(error, STEEL_ERROR_IDENTITY_UNAVAILABLE,
                      "Tokens cannot be checked at the moment: %s", cause->message);
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
                          login_user(session->login));
    if (status == 403)
        return fail_token(session, error,
                          "Keystone does not let %s check it (403); it needs the role admin or "
                          "service",
                          login_user(session->login));
    if (status >= 500 || status == 429)
        return fail_unavailable(session, error, "Keystone answered %d", status);
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
    g_auto(Grant) last = {0};
    g_autofree char *url = g_strconcat(login_base(session->login), path, NULL);
    for (int i = 0;; i++) {
        Grant grant = {0};
        if (!own_token(session, last.token, &grant, error))
            return false;
        grant_clear(&last);
        last = grant;
        g_autofree char *own = g_strconcat("X-Auth-Token: ", last.token, NULL);
        const char *const headers[] = {own, header, NULL};
        HttpRequest request = login_request(session->login, url);
        request.headers = headers;
        g_auto(HttpResponse) answer = {0};
        if (!exchange(session, &request, &answer, error))
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

UNSHARED KeystoneSession *
keystone_session_new(const Config *config, GError **error)
{
    Login *login = login_new(config, SECTION_LOGIN, error);
    if (login == NULL)
        return NULL;
    KeystoneSession *session = g_new0(KeystoneSession, 1);
    session->login = login;
    lock_init(&session->lock, LOCK_RANK_TOKEN_CHECKS);
    return session;
}

void UNSHARED
keystone_session_free(KeystoneSession *session)
{
    if (session == NULL)
        return;
    login_free(session->login);
    g_free(session->failure);
    lock_destroy(&session->lock);
    g_free(session);
}
