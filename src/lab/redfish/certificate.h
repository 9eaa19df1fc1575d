/* The certificate of simulated BMCs, made when they start.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

typedef enum RedfishCertificateFault {
    REDFISH_CERTIFICATE_GOOD,
    REDFISH_CERTIFICATE_EXPIRED,    /* since yesterday */
    REDFISH_CERTIFICATE_OTHER_NAME, /* it is that of other addresses */
} RedfishCertificateFault;

/* "good", "expired" and "other-name"; NULL is good. False: no such fault. */
bool redfish_certificate_fault(const char *word, RedfishCertificateFault *fault);

/* Writes a self-signed certificate, and its key for the owner alone, in PEM. It is its own
 * authority: clients that are given the file trust the BMCs at the addresses.
 *
 * addresses  NULL-ended, IPv4, the names of the certificate
 * Errors     IO */
bool redfish_certificate_write(const char *certificate_file, const char *key_file,
                               const char *const *addresses, RedfishCertificateFault fault,
                               GError **error);
