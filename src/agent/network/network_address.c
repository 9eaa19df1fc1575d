/* Addresses of network_data.json; the contract is in network_address.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/network/network_address.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

/* Family and bytes; AF_UNSPEC if it is no address. */
static int
read_address(const char *text, uint8_t bytes[16])
{
    if (inet_pton(AF_INET, text, bytes) == 1)
        return AF_INET;
    return inet_pton(AF_INET6, text, bytes) == 1 ? AF_INET6 : AF_UNSPEC;
}

bool
network_address_good(const char *text)
{
    uint8_t bytes[16];
    return read_address(text, bytes) != AF_UNSPEC;
}

bool
network_mac_good(const char *text)
{
    for (size_t i = 0; i < 17; i++) {
        char c = text[i];
        if (i % 3 == 2 ? c != ':' : !g_ascii_isxdigit(c))
            return false;
    }
    return text[17] == '\0';
}

/* Ones, then zeros; -1 if there is a one behind a zero. */
static int
prefix_of_mask(const uint8_t *mask, size_t size)
{
    int prefix = 0;
    bool ended = false;
    for (size_t bit = 0; bit < size * 8; bit++) {
        bool one = mask[bit / 8] & (0x80u >> (bit % 8));
        if (one && ended)
            return -1;
        ended = ended || !one;
        prefix += one;
    }
    return prefix;
}

/* -1 if it is no mask for this family. */
static int
prefix_of(const char *mask, int family)
{
    uint8_t bytes[16];
    uint64_t number;
    if (g_ascii_string_to_unsigned(mask, 10, 0, family == AF_INET ? 32 : 128, &number, NULL))
        return (int)number;
    if (read_address(mask, bytes) != family)
        return -1;
    return prefix_of_mask(bytes, family == AF_INET ? 4 : 16);
}

char *
network_prefixed(const char *address, const char *mask)
{
    uint8_t bytes[16];
    if (address == NULL)
        return NULL;
    g_auto(GStrv) parts = g_strsplit(address, "/", 2);
    const char *said = parts[0] != NULL && parts[1] != NULL ? parts[1] : mask;
    int family = parts[0] != NULL ? read_address(parts[0], bytes) : AF_UNSPEC;
    int prefix = family != AF_UNSPEC && said != NULL ? prefix_of(said, family) : -1;
    return prefix >= 0 ? g_strdup_printf("%s/%d", parts[0], prefix) : NULL;
}
