/* Authentication: the identity of a request by the configured strategy; the contract is in
 * access.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"

#include "api/router.h"
#include "auth/basic.h"
#include "auth/keystone.h"
#include "auth/policy_store.h"

#include <string.h>

/* The state of a strategy; made once. */
typedef struct Authenticator {
    Basic *basic;       /* NULL unless http_basic */
    Keystone *keystone; /* NULL unless keystone */
} Authenticator;

static Authenticator *current; /* atomic; set once */

static void
authenticator_free(Authenticator *authenticator)
{
    if (authenticator == NULL)
        return;
    basic_free(authenticator->basic);
    keystone_free(authenticator->keystone);
    g_free(authenticator);
}

static bool
prepare(Authenticator *authenticator, GError **error)
{
    const Config *config = config_current();
    const char *strategy = config_string(config, OPT_AUTH_STRATEGY);
    if (strcmp(strategy, "http_basic") == 0) {
        authenticator->basic = basic_new(config_string(config, OPT_HTTP_BASIC_AUTH_USER_FILE));
        return basic_refresh(authenticator->basic, error);
    }
    if (strcmp(strategy, "keystone") != 0)
        return true;
    authenticator->keystone = keystone_new(config, error);
    return authenticator->keystone != NULL && policy_current(0, error) != NULL;
}

/* Several threads may make one at the same time, since that reads files; the first one counts. */
static const Authenticator *
authenticator_get(GError **error)
{
    Authenticator *known = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
    if (known != NULL)
        return known;
    Authenticator *made = g_new0(Authenticator, 1);
    bool good = prepare(made, error);
    if (good && __atomic_compare_exchange_n(&current, &known, made, false, __ATOMIC_ACQ_REL,
                                            __ATOMIC_ACQUIRE))
        return made;
    authenticator_free(made);
    return good ? known : NULL;
}

bool
access_start(GError **error)
{
    return authenticator_get(error) != NULL;
}

void
access_stop(void)
{
    authenticator_free(__atomic_exchange_n(&current, NULL, __ATOMIC_ACQ_REL));
    policy_store_clear();
}

static AccessOutcome
refuse(Request *request, const char *challenge, GError **error)
{
    request->header_name = "WWW-Authenticate";
    request->header_value = challenge;
    steel_fail(error, STEEL_ERROR_UNAUTHORIZED,
               "The request you have made requires authentication.");
    return ACCESS_REFUSED;
}

/* Gives the request a copy of the credentials. */
static AccessOutcome
grant(Request *request, const Credentials *credentials)
{
    Identity *identity = &request->identity;
    identity->credentials = g_new0(Credentials, 1);
    credentials_copy(identity->credentials, credentials);
    identity->user_id = identity->credentials->user_id;
    identity->project_id = identity->credentials->project_id;
    return ACCESS_GRANTED;
}

static AccessOutcome
identify_basic(Request *request, Basic *basic, bool may_block, GError **error)
{
    Bearer *bearer = NULL;
    switch (
        basic_check(basic, request_header(request, "Authorization"), may_block, &bearer, error)) {
    case IDENTITY_KNOWN:
        grant(request, &bearer->credentials);
        bearer_unref(bearer);
        return ACCESS_GRANTED;
    case IDENTITY_ASK:
        return ACCESS_MUST_WAIT;
    case IDENTITY_FAILED:
        return ACCESS_REFUSED;
    case IDENTITY_REFUSED:
        break;
    }
    return refuse(request, BASIC_CHALLENGE, error);
}

static AccessOutcome
identify_keystone(Request *request, Keystone *keystone, bool may_block, GError **error)
{
    g_auto(Credentials) credentials = {0};
    switch (keystone_check(keystone, request_header(request, "X-Auth-Token"),
                           request_header(request, "X-Service-Token"), may_block, &credentials,
                           error)) {
    case IDENTITY_KNOWN:
        return grant(request, &credentials);
    case IDENTITY_ASK:
        return ACCESS_MUST_WAIT;
    case IDENTITY_FAILED:
        return ACCESS_REFUSED;
    case IDENTITY_REFUSED:
        break;
    }
    if (keystone_delays_decision(keystone))
        return ACCESS_GRANTED; /* without an identity: the policy decides */
    return refuse(request, keystone_challenge(keystone), error);
}

bool
access_tries_login(const Request *request)
{
    const Authenticator *authenticator = authenticator_get(NULL);
    if (authenticator != NULL && authenticator->basic != NULL)
        return request_header(request, "Authorization") != NULL;
    return request_header(request, "X-Auth-Token") != NULL;
}

char *
access_login_name(const Request *request)
{
    const Authenticator *authenticator = authenticator_get(NULL);
    if (authenticator == NULL || authenticator->basic == NULL)
        return NULL;
    return basic_login_name(request_header(request, "Authorization"));
}

AccessOutcome
access_identify(Request *request, bool may_block, GError **error)
{
    const Authenticator *authenticator = authenticator_get(error);
    if (authenticator == NULL)
        return ACCESS_REFUSED;
    request->identity.is_public = request->route->flags & ROUTE_PUBLIC;
    if (request->identity.is_public)
        return ACCESS_GRANTED;
    if (authenticator->basic != NULL)
        return identify_basic(request, authenticator->basic, may_block, error);
    if (authenticator->keystone != NULL)
        return identify_keystone(request, authenticator->keystone, may_block, error);
    return ACCESS_GRANTED;
}
