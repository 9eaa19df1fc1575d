/* The certificate of simulated BMCs, made when they start.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

/* Writes a self-signed certificate, and its key for the owner alone, in PEM. It is its own
 * authority: clients that are given the file trust the BMCs at the addresses.
 *
 * addresses  NULL-ended, IPv4, the names of the certificate
 * Errors     IO */
bool redfish_certificate_write(const char *certificate_file, const char *key_file,
                               const char *const *addresses, GError **error);
