/* Source addresses and networks; the contract is in address.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/address.h"

#include <arpa/inet.h>
#include <glib.h>
#include <stdint.h>
#include <string.h>

enum { ADDRESS_BITS = 128, MAPPED_BITS = 96, GROUP_BYTES = 8 };

typedef struct Network {
    struct in6_addr bytes;
    unsigned bits;
} Network;

struct HttpNetworks {
    GArray *rows; /* of Network */
};

static struct in6_addr
map_ipv4(const void *bytes)
{
    struct in6_addr mapped = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(mapped.s6_addr + 12, bytes, 4);
    return mapped;
}

HttpAddress
http_address_of(const struct sockaddr *peer)
{
    HttpAddress address = {0};
    if (peer != NULL && peer->sa_family == AF_INET)
        address.bytes = map_ipv4(&((const struct sockaddr_in *)(const void *)peer)->sin_addr);
    if (peer != NULL && peer->sa_family == AF_INET6)
        address.bytes = ((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
    return address;
}

static bool
parse_bare(const char *text, struct in6_addr *out)
{
    struct in_addr v4;
    if (inet_pton(AF_INET6, text, out) == 1)
        return true;
    if (inet_pton(AF_INET, text, &v4) != 1)
        return false;
    *out = map_ipv4(&v4);
    return true;
}

/* Cuts the port off: what follows "]", or the only colon. */
static char *
cut_port(char *text)
{
    if (text[0] == '[') {
        char *end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return NULL;
        *end = '\0';
        return text + 1;
    }
    char *colon = strchr(text, ':');
    if (colon != NULL && strchr(colon + 1, ':') == NULL)
        *colon = '\0';
    return text;
}

bool
http_address_parse(const char *text, size_t length, HttpAddress *out)
{
    char buffer[HTTP_ADDRESS_TEXT_SIZE];
    while (length > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        length--;
    }
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    if (length == 0 || length >= sizeof buffer)
        return false;
    memcpy(buffer, text, length);
    buffer[length] = '\0';
    const char *bare = cut_port(buffer);
    struct in6_addr bytes;
    if (bare == NULL || !parse_bare(bare, &bytes))
        return false;
    out->bytes = bytes;
    return true;
}

HttpAddress
http_address_group(const HttpAddress *address)
{
    HttpAddress group = *address;
    if (!IN6_IS_ADDR_V4MAPPED(&group.bytes) && !IN6_IS_ADDR_LOOPBACK(&group.bytes))
        memset(group.bytes.s6_addr + GROUP_BYTES, 0, sizeof group.bytes.s6_addr - GROUP_BYTES);
    return group;
}

bool
http_address_is_unix(const HttpAddress *address)
{
    return IN6_IS_ADDR_UNSPECIFIED(&address->bytes);
}

bool
http_address_is_loopback(const HttpAddress *address)
{
    return IN6_IS_ADDR_LOOPBACK(&address->bytes) ||
           (IN6_IS_ADDR_V4MAPPED(&address->bytes) && address->bytes.s6_addr[12] == 127);
}

const char *
http_address_text(const HttpAddress *address, char buffer[HTTP_ADDRESS_TEXT_SIZE])
{
    if (http_address_is_unix(address))
        g_strlcpy(buffer, "a unix socket", HTTP_ADDRESS_TEXT_SIZE);
    else if (IN6_IS_ADDR_V4MAPPED(&address->bytes))
        inet_ntop(AF_INET, address->bytes.s6_addr + 12, buffer, HTTP_ADDRESS_TEXT_SIZE);
    else
        inet_ntop(AF_INET6, &address->bytes, buffer, HTTP_ADDRESS_TEXT_SIZE);
    return buffer;
}

unsigned
http_address_hash(const void *address)
{
    const HttpAddress *key = address;
    uint32_t words[4], hash = 2166136261u;
    memcpy(words, &key->bytes, sizeof words);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        hash = (hash ^ words[i]) * 16777619u;
    return hash ^ hash >> 15;
}

int
http_address_equal(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(HttpAddress)) == 0;
}

static bool
parse_network(const char *text, Network *out)
{
    const char *slash = strchr(text, '/');
    size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    char bare[INET6_ADDRSTRLEN];
    if (length >= sizeof bare)
        return false;
    memcpy(bare, text, length);
    bare[length] = '\0';
    if (!parse_bare(bare, &out->bytes))
        return false;
    bool v4 = strchr(bare, ':') == NULL;
    guint64 bits = v4 ? ADDRESS_BITS - MAPPED_BITS : ADDRESS_BITS;
    if (slash != NULL && !g_ascii_string_to_unsigned(slash + 1, 10, 0, bits, &bits, NULL))
        return false;
    out->bits = (unsigned)bits + (v4 ? MAPPED_BITS : 0);
    return true;
}

HttpNetworks *
http_networks_new(const char *const *texts, GError **error)
{
    g_autoptr(HttpNetworks) networks = g_new0(HttpNetworks, 1);
    networks->rows = g_array_new(FALSE, FALSE, sizeof(Network));
    for (; texts != NULL && *texts != NULL; texts++) {
        Network row;
        if (!parse_network(*texts, &row)) {
            steel_fail(error, STEEL_ERROR_CONFIG,
                       "'%.80s' is not an address or network; write 192.0.2.1 or 2001:db8::/32",
                       *texts);
            return NULL;
        }
        g_array_append_val(networks->rows, row);
    }
    return g_steal_pointer(&networks);
}

void
http_networks_free(HttpNetworks *networks)
{
    if (networks == NULL)
        return;
    g_array_unref(networks->rows);
    g_free(networks);
}

static bool
is_within(const Network *network, const struct in6_addr *address)
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    if (memcmp(network->bytes.s6_addr, address->s6_addr, whole) != 0)
        return false;
    return rest == 0 ||
           (network->bytes.s6_addr[whole] ^ address->s6_addr[whole]) >> (8 - rest) == 0;
}

bool
http_networks_contain(const HttpNetworks *networks, const HttpAddress *address)
{
    if (http_address_is_unix(address))
        return true;
    for (guint i = 0; networks != NULL && i < networks->rows->len; i++)
        if (is_within(&g_array_index(networks->rows, Network, i), &address->bytes))
            return true;
    return false;
}

bool
http_forwarded_source(const char *header, const HttpNetworks *trusted, HttpAddress *out)
{
    size_t end = strlen(header);
    bool found = false;
    while (end > 0) {
        size_t start = end;
        while (start > 0 && header[start - 1] != ',')
            start--;
        HttpAddress address;
        if (!http_address_parse(header + start, end - start, &address))
            return false;
        *out = address;
        found = true;
        if (!http_networks_contain(trusted, &address))
            return true;
        end = start > 0 ? start - 1 : 0;
    }
    return found;
}
