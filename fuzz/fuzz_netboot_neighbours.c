/* Answers of the kernel's neighbour table.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/neighbours.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const addresses[] = {"192.0.2.44", "2001:db8::44"};
    g_autofree uint8_t *copy = g_memdup2(data, size); /* so that a sanitizer sees its end */
    for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
        HttpAddress address;
        Neighbours found = {0};
        if (!http_address_parse(addresses[i], strlen(addresses[i]), &address))
            abort();
        neighbours_read(copy, size, &address, &found);
        if (found.count > NEIGHBOUR_LIMIT)
            abort();
        for (unsigned j = 0; j < found.count; j++) {
            char mac[MAC_TEXT_SIZE];
            if (!boot_mac_read(found.macs[j], mac))
                abort();
        }
    }
    return 0;
}
