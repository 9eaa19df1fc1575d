/* Host and port; the contract is in host_port.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/host_port.h"

#include <arpa/inet.h>
#include <string.h>

#define HOST_LENGTH 253
#define LABEL_LENGTH 63

static bool
is_ipv6(const char *text)
{
    struct in6_addr address;
    return inet_pton(AF_INET6, text, &address) == 1;
}

/* Labels of letters, digits and inner hyphens. A name of digits and dots only would be meant as an
 * IPv4 address. */
static bool
is_host_name(const char *text)
{
    size_t label = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '.') {
            if (label == 0 || c[-1] == '-')
                return false;
            label = 0;
        } else if (!g_ascii_isalnum(*c) && (*c != '-' || label == 0)) {
            return false;
        } else if (++label > LABEL_LENGTH) {
            return false;
        }
    }
    return text[0] != '\0' && text[strlen(text) - 1] != '-' &&
           strspn(text, "0123456789.") != strlen(text);
}

bool
host_valid(const char *host)
{
    struct in_addr address;
    if (strlen(host) > HOST_LENGTH)
        return false;
    return inet_pton(AF_INET, host, &address) == 1 || is_ipv6(host) || is_host_name(host);
}

static bool
parse_port(const char *text, unsigned *port)
{
    if (text[0] == '\0' || strlen(text) > 5 || strspn(text, "0123456789") != strlen(text))
        return false;
    guint64 number = g_ascii_strtoull(text, NULL, 10);
    if (number < 1 || number > 65535)
        return false;
    *port = (unsigned)number;
    return true;
}

bool
host_port_parse(const char *text, unsigned default_port, char **host, unsigned *port,
                GError **error)
{
    g_autofree char *name = NULL;
    const char *rest = "";
    const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
    if (text[0] == '[') {
        if (bracket == NULL)
            return steel_fail(error, STEEL_ERROR_INVALID, "the bracket is not closed");
        name = g_strndup(text + 1, (size_t)(bracket - text) - 1);
        rest = bracket + 1;
        if (!is_ipv6(name))
            return steel_fail(error, STEEL_ERROR_INVALID, "no IPv6 address is in the brackets");
    } else if (is_ipv6(text)) {
        name = g_strdup(text);
    } else {
        size_t length = strcspn(text, ":");
        name = g_strndup(text, length);
        rest = text + length;
    }
    if (!host_valid(name))
        return steel_fail(error, STEEL_ERROR_INVALID, "no address or host name is in it");
    unsigned number = default_port;
    if (rest[0] != '\0' && (rest[0] != ':' || !parse_port(rest + 1, &number)))
        return steel_fail(error, STEEL_ERROR_INVALID, "the port must be from 1 to 65535");
    *host = g_steal_pointer(&name);
    *port = number;
    return true;
}
