/* Addresses and networks by their bits; the contract is in ip_network.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/ip_network.h"

#include <arpa/inet.h>
#include <string.h>

typedef struct Address {
    int family; /* AF_INET, AF_INET6 */
    unsigned char bytes[16];
    unsigned bits; /* of the family */
} Address;

static bool
read_address(const char *text, Address *address)
{
    address->family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    address->bits = address->family == AF_INET ? 32 : 128;
    return inet_pton(address->family, text, address->bytes) == 1;
}

/* "24", or "255.255.255.0". */
static bool
read_prefix(const char *text, const Address *network, unsigned *prefix)
{
    Address mask;
    char *end = NULL;
    guint64 number = g_ascii_strtoull(text, &end, 10);
    if (g_ascii_isdigit(*text) && *end == '\0') {
        *prefix = (unsigned)number;
        return number <= network->bits;
    }
    if (!read_address(text, &mask) || mask.family != network->family)
        return false;
    for (*prefix = 0; *prefix < mask.bits; (*prefix)++)
        if (!(mask.bytes[*prefix / 8] & 0x80 >> *prefix % 8))
            break;
    for (unsigned bit = *prefix; bit < mask.bits; bit++)
        if (mask.bytes[bit / 8] & 0x80 >> bit % 8)
            return false;
    return true;
}

static bool
within(const Address *address, const Address *network, unsigned prefix)
{
    if (address->family != network->family)
        return false;
    for (unsigned bit = 0; bit < prefix; bit++)
        if ((address->bytes[bit / 8] ^ network->bytes[bit / 8]) & 0x80 >> bit % 8)
            return false;
    return true;
}

bool
ip_network_has(const char *subnet, const char *address, bool *has, GError **error)
{
    Address one, network;
    if (address == NULL || !read_address(address, &one))
        return steel_fail(error, STEEL_ERROR_INVALID, "'%.60s' is no IP address",
                          address != NULL ? address : "");
    const char *text = subnet != NULL ? subnet : "", *slash = strchr(text, '/');
    g_autofree char *start = g_strndup(text, slash != NULL ? (size_t)(slash - text) : strlen(text));
    bool good = read_address(start, &network);
    unsigned prefix = good ? network.bits : 0;
    if (!good || (slash != NULL && !read_prefix(slash + 1, &network, &prefix)))
        return steel_fail(error, STEEL_ERROR_INVALID, "'%.60s' is no IP network", text);
    *has = within(&one, &network, prefix);
    return true;
}
