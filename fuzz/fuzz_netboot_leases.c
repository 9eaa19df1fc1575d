/* Lease files of dnsmasq.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/dhcp_leases.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HttpAddress address;
    char mac[MAC_TEXT_SIZE] = "?", again[MAC_TEXT_SIZE];
    g_autofree char *copy = g_memdup2(data, size);
    if (!http_address_parse("192.0.2.44", strlen("192.0.2.44"), &address))
        abort();
    dhcp_lease_read(copy, size, &address, 1796000000, mac);
    if (mac[0] != '\0' && (!boot_mac_read(mac, again) || strcmp(mac, again) != 0))
        abort();
    return 0;
}
