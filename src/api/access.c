/* Authentication and policy; the contract is in access.h. Without authentication everything is allowed, which is why the
 * API then listens on loopback only.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"

#include "api/router.h"

AccessOutcome
access_identify(Request *request, bool may_block, GError **error)
{
    (void)may_block;
    request->identity.is_public = request->route->flags & ROUTE_PUBLIC;
    const char *strategy = config_string(config_current(), OPT_AUTH_STRATEGY);
    if (request->identity.is_public || g_strcmp0(strategy, "noauth") == 0)
        return ACCESS_GRANTED;
    steel_fail(error, STEEL_ERROR_UNAUTHORIZED,
               "The request you have made requires authentication.");
    return ACCESS_REFUSED;
}

bool
policy_check(const Request *request, const char *rule, const PolicyTarget *target, GError **error)
{
    (void)request;
    (void)rule;
    (void)target;
    (void)error;
    return true;
}

bool
policy_wants_target(const Request *request)
{
    (void)request;
    return false;
}

const char *
policy_list_project(const Request *request)
{
    (void)request;
    return NULL;
}
