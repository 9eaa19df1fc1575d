/* The certificate that the agent makes for itself and tells the service, which then trusts it and
 * no other.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent_error.h"

/* Makes an EC key and a certificate signed by itself for one address, valid from an hour ago
 * (clocks differ) for 90 days, and writes both: certificate_path, and key_path readable by its
 * owner alone.
 *
 * address  "192.0.2.1" or an IPv6 address
 * Returns  the certificate as PEM; the caller frees. Errors: IO, INVALID (no address) */
char *certificate_make(const char *address, const char *certificate_path, const char *key_path,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
