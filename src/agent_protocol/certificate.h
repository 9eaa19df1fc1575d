/* Makes the certificate of an agent's API. The agent sends it to the service, which then trusts
 * this certificate alone.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

/* Makes an EC key and a self-signed certificate for one address, valid for 90 days from an hour ago
 * (clocks differ).
 *
 * address           "192.0.2.1" or an IPv6 address
 * certificate, key  out: as PEM; the caller frees the key with secret_free
 * Errors            INVALID (no address), INTERNAL */
bool certificate_make_text(const char *address, char **certificate, char **key,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, and writes both; only the owner can read key_path.
 *
 * Returns  the certificate as PEM; the caller frees. Errors: IO too */
char *certificate_make(const char *address, const char *certificate_path, const char *key_path,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
