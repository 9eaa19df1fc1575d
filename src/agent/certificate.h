/* Makes the certificate of the agent's API. The agent sends it to the service, which then trusts
 * this certificate alone.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent_error.h"

/* Makes an EC key and a self-signed certificate for one address, valid for 90 days from an hour ago
 * (clocks differ). Writes both; only the owner can read key_path.
 *
 * address  "192.0.2.1" or an IPv6 address
 * Returns  the certificate as PEM; the caller frees. Errors: IO, INVALID (no address) */
char *certificate_make(const char *address, const char *certificate_path, const char *key_path,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
