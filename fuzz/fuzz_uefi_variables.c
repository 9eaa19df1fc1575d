/* The variables of a lab machine's firmware, which its guest writes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/uefi_variables.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *store = g_memdup2(data, size);
    bool good = uefi_variables_set_next_url(store, size, "http://192.0.2.1/boot.iso", NULL);
    if (!good && size > 0 && memcmp(store, data, size) != 0)
        abort();
    if (good && !uefi_variables_set_next_url(store, size, NULL, NULL))
        abort();
    g_free(store);
    return 0;
}
