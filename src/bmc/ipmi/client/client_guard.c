/* What the guard of all BMCs knows of those that speak IPMI; the contract is in client_internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/client/client_internal.h"

#include "common/secret.h"

#include <string.h>

/* One lost datagram is not yet a BMC that was not reached. */
enum { LEAST_PATIENCE_MS = 1500 };

/* As the operator has written it: a name with several addresses is one place. */
char *
ipmi_place_of(const IpmiTarget *target)
{
    const char *address = target->address != NULL ? target->address : "";
    bool bare = strchr(address, ':') != NULL && address[0] != '[';
    return g_strdup_printf("%s%s%s:%u", bare ? "[" : "", address, bare ? "]" : "",
                           target->port != 0 ? target->port : IPMI_PORT);
}

/* A login has the privilege level and K_g as well. */
char *
ipmi_guard_key(const BmcGuard *guard, const IpmiTarget *target)
{
    g_autofree char *address = ipmi_place_of(target);
    g_autofree char *place = g_strdup_printf("ipmi %s %d", address, (int)target->privilege);
    char *kg = g_base64_encode(target->kg, target->kg_size);
    char *secret = g_strconcat(kg, " ", target->password, NULL);
    char *key = bmc_guard_key(guard, place, target->username, secret);
    secret_free(kg);
    secret_free(secret);
    return key;
}

bool
ipmi_guard_allows(const Job *job, GError **error)
{
    BmcGuard *guard = job->client->guard;
    return guard == NULL || (bmc_guard_may_ask(guard, job->place, error) &&
                             bmc_guard_may_log_in(guard, job->guard_key, error));
}

void
ipmi_guard_note(const Job *job)
{
    BmcGuard *guard = job->client->guard;
    const GError *error = job->session->error;
    if (guard == NULL || steel_error_is(error, STEEL_ERROR_CANCELLED))
        return;
    if (!steel_error_is(error, STEEL_ERROR_BMC_UNREACHABLE))
        bmc_guard_reached(guard, job->place);
    else if (job->deadline_after_ms >= LEAST_PATIENCE_MS)
        bmc_guard_not_reached(guard, job->place, error->message);
    if (steel_error_is(error, STEEL_ERROR_BMC_AUTH))
        bmc_guard_refused(guard, job->guard_key, error->message);
    else if (error == NULL)
        bmc_guard_accepted(guard, job->guard_key);
}

void
ipmi_client_absolve(IpmiClient *client, const IpmiTarget *target)
{
    if (client->guard == NULL)
        return;
    g_autofree char *place = ipmi_place_of(target);
    g_autofree char *key = ipmi_guard_key(client->guard, target);
    bmc_guard_reached(client->guard, place);
    bmc_guard_accepted(client->guard, key);
}
