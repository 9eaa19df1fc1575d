/* Secrets in Barbican, the cloud's key manager.
 * https://docs.openstack.org/barbican/latest/api/reference/secrets.html
 *
 * Requests block: from workers. Errors as openstack_ask's, and those that are named here.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "openstack/session.h"

#define BARBICAN_PAYLOAD_LIMIT ((size_t)64 << 10)

/* What a secret holds, such as a certificate; the caller frees.
 *
 * id    UUID
 * size  out: in bytes, at least 1
 * Errors  INVALID: the ID is no UUID; HTTP: there is nothing in it; TOO_LARGE */
char *barbican_payload(OpenstackSession *session, const char *id, size_t *size,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
