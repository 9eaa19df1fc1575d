/* Certificates that a lab machine's firmware is to trust: of an operator's file, or of a client of
 * its BMC.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/firmware_authorities.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) lists = g_byte_array_new();
    g_autofree char *text = g_memdup2(data, size);
    bool good = firmware_authorities_add(lists, text != NULL ? text : "", size, NULL);
    if (good != (lists->len > 0) || lists->len > FIRMWARE_AUTHORITIES_LISTS_MAX)
        abort();
    return 0;
}
