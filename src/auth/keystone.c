/* The identity of a token; the contract is in keystone.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/keystone.h"

#include "auth/keystone_session.h"
#include "common/time_text.h"

#include <string.h>

enum {
    TOKEN_LIMIT = 4096,       /* characters */
    REMEMBERED = 16384,       /* tokens */
    REFUSED_LIMIT_MS = 30000, /* how long a bad token is remembered at most */
    FAILED_MS = 1000,         /* how long a failed check is remembered */
};

struct Keystone {
    KeystoneSession *session;
    IdentityCache *cache;
    IdentityLifetime lifetime;
    const char *challenge; /* interned */
    bool delays_decision;
    char **service_roles;
    bool service_roles_required;
};

/* One check of a token. */
typedef struct Question {
    Keystone *keystone;
    const char *token;
    bool allow_expired;
} Question;

Keystone *
keystone_new(const Config *config, GError **error)
{
    KeystoneSession *session = keystone_session_new(config, error);
    if (session == NULL)
        return NULL;
    Keystone *keystone = g_new0(Keystone, 1);
    keystone->session = session;
    keystone->cache = identity_cache_new(REMEMBERED);
    int64_t time_s = config_integer(config, OPT_KEYSTONE_AUTHTOKEN_TOKEN_CACHE_TIME);
    keystone->lifetime.known_ms = MAX(time_s, 0) * 1000;
    keystone->lifetime.refused_ms = MIN(keystone->lifetime.known_ms, REFUSED_LIMIT_MS);
    keystone->lifetime.failed_ms = MIN(keystone->lifetime.known_ms, FAILED_MS);
    const char *uri = config_string(config, OPT_KEYSTONE_AUTHTOKEN_WWW_AUTHENTICATE_URI);
    if (uri == NULL)
        uri = config_string(config, OPT_KEYSTONE_AUTHTOKEN_AUTH_URL);
    g_autofree char *challenge = g_strdup_printf("Keystone uri=\"%s\"", uri);
    keystone->challenge = g_intern_string(challenge);
    keystone->delays_decision = config_boolean(config, OPT_KEYSTONE_AUTHTOKEN_DELAY_AUTH_DECISION);
    keystone->service_roles = g_strdupv(
        (char **)(uintptr_t)config_list(config, OPT_KEYSTONE_AUTHTOKEN_SERVICE_TOKEN_ROLES));
    keystone->service_roles_required =
        config_boolean(config, OPT_KEYSTONE_AUTHTOKEN_SERVICE_TOKEN_ROLES_REQUIRED);
    return keystone;
}

void
keystone_free(Keystone *keystone)
{
    if (keystone == NULL)
        return;
    keystone_session_free(keystone->session);
    identity_cache_free(keystone->cache);
    g_strfreev(keystone->service_roles);
    g_free(keystone);
}

const char *
keystone_challenge(const Keystone *keystone)
{
    return keystone->challenge;
}

bool
keystone_delays_decision(const Keystone *keystone)
{
    return keystone->delays_decision;
}

/* Only a text that can be a token goes to Keystone. */
static bool
is_plausible(const char *token)
{
    size_t length = strlen(token);
    if (length == 0 || length > TOKEN_LIMIT)
        return false;
    for (const char *p = token; *p != '\0'; p++)
        if (!g_ascii_isgraph(*p))
            return false;
    return true;
}

/* Runs on a thread that may wait: GET /v3/auth/tokens with the token as X-Subject-Token. */
static IdentityOutcome
ask_keystone(void *user_data, Bearer **bearer, GError **error)
{
    const Question *question = user_data;
    g_autofree char *header = g_strconcat("X-Subject-Token: ", question->token, NULL);
    const char *path = question->allow_expired ? "/auth/tokens?nocatalog&allow_expired=1"
                                               : "/auth/tokens?nocatalog";
    g_auto(HttpResponse) response = {0};
    if (!keystone_session_get(question->keystone->session, path, header, &response, error))
        return IDENTITY_FAILED;
    if (response.status != 200)
        return IDENTITY_REFUSED;
    g_autoptr(GError) cause = NULL;
    g_autoptr(Bearer) found = keystone_parse_token(response.body, response.body_size, &cause);
    if (found == NULL) {
        steel_fail(error, STEEL_ERROR_IDENTITY_UNAVAILABLE,
                   "Tokens cannot be checked: Keystone's answer is not understood: %s",
                   cause->message);
        return IDENTITY_FAILED;
    }
    if (!question->allow_expired && found->expires_ms <= time_now_ms())
        return IDENTITY_REFUSED;
    *bearer = g_steal_pointer(&found);
    return IDENTITY_KNOWN;
}

static IdentityOutcome
check_token(Keystone *keystone, const char *token, bool allow_expired, bool may_block,
            Bearer **bearer, GError **error)
{
    if (!is_plausible(token))
        return IDENTITY_REFUSED;
    uint8_t key[IDENTITY_KEY_SIZE];
    gsize size = sizeof key;
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, (const guchar *)(allow_expired ? "e" : "t"), 1);
    g_checksum_update(checksum, (const guchar *)token, (gssize)strlen(token));
    g_checksum_get_digest(checksum, key, &size);
    g_checksum_free(checksum);
    Question question = {keystone, token, allow_expired};
    return identity_cache_get(keystone->cache, key, time_now_ms(), &keystone->lifetime,
                              may_block ? ask_keystone : NULL, &question, bearer, error);
}

static bool
may_serve(const Keystone *keystone, const Bearer *service)
{
    for (char **role = keystone->service_roles; role != NULL && *role != NULL; role++)
        if (credentials_list_has(service->credentials.roles, *role))
            return true;
    return false;
}

static void
add_service(Credentials *credentials, const Credentials *service)
{
    credentials->service_user_id = g_strdup(service->user_id);
    credentials->service_user_domain_id = g_strdup(service->user_domain_id);
    credentials->service_project_id = g_strdup(service->project_id);
    credentials->service_project_domain_id = g_strdup(service->project_domain_id);
    credentials->service_roles = g_strdupv(service->roles);
}

IdentityOutcome
keystone_check(Keystone *keystone, const char *token, const char *service_token, bool may_block,
               Credentials *credentials, GError **error)
{
    g_autoptr(Bearer) service = NULL;
    g_autoptr(Bearer) bearer = NULL;
    if (token == NULL)
        return IDENTITY_REFUSED;
    bool serves = false;
    if (service_token != NULL) {
        IdentityOutcome outcome =
            check_token(keystone, service_token, false, may_block, &service, error);
        if (outcome != IDENTITY_KNOWN)
            return outcome;
        serves = may_serve(keystone, service);
        if (!serves && keystone->service_roles_required)
            return IDENTITY_REFUSED;
    }
    IdentityOutcome outcome = check_token(keystone, token, serves, may_block, &bearer, error);
    if (outcome != IDENTITY_KNOWN)
        return outcome;
    credentials_copy(credentials, &bearer->credentials);
    if (service != NULL)
        add_service(credentials, &service->credentials);
    return IDENTITY_KNOWN;
}
