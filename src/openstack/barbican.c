/* Secrets; the contract is in barbican.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/barbican.h"

#include "common/uuid.h"

char *
barbican_payload(OpenstackSession *session, const char *id, size_t *size, GError **error)
{
    static const char *const headers[] = {"Accept: application/octet-stream", NULL};
    g_auto(HttpResponse) response = {0};
    if (!uuid_valid(id)) {
        steel_fail(error, STEEL_ERROR_INVALID, "'%.40s' is no ID of a secret in Barbican", id);
        return NULL;
    }
    g_autofree char *path = g_strdup_printf("/v1/secrets/%s/payload", id),
                    *what = g_strconcat("the look at secret ", id, NULL);
    const OpenstackCall call = {.what = what, .path = path, .headers = headers};
    if (!openstack_ask(session, &call, &response, error))
        return NULL;
    *size = response.body_size;
    if (*size > 0 && *size <= BARBICAN_PAYLOAD_LIMIT)
        return g_memdup2(response.body, *size);
    if (*size == 0)
        steel_fail(error, STEEL_ERROR_HTTP, "Barbican answered %s with nothing", what);
    else
        steel_fail(error, STEEL_ERROR_TOO_LARGE, "Barbican answered %s with more than %zu bytes",
                   what, BARBICAN_PAYLOAD_LIMIT);
    return NULL;
}
