/* Certificates of signers, as anybody who may store secrets in Barbican can make them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "images/signature.h"

#include <openssl/x509.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    X509_free(signature_certificate_read(data, size));
    return 0;
}
