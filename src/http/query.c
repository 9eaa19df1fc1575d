/* The parser of query strings; the contract is in query.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/query.h"

#include <glib.h>
#include <string.h>

size_t
http_unescape(char *text)
{
    char *out = text;
    for (const char *in = text; *in != '\0'; in++) {
        int high = *in == '%' ? g_ascii_xdigit_value(in[1]) : -1;
        int low = high >= 0 ? g_ascii_xdigit_value(in[2]) : -1;
        if (low < 0) {
            *out++ = *in;
            continue;
        }
        int byte = high << 4 | low;
        *out++ = byte != 0 ? (char)byte : '\1';
        in += 2;
    }
    *out = '\0';
    return (size_t)(out - text);
}

static void
decode(char *text)
{
    for (char *p = text; *p != '\0'; p++)
        if (*p == '+')
            *p = ' ';
    http_unescape(text);
}

bool
http_query_parse(char *query, HttpArgument *arguments, size_t limit, size_t *count)
{
    *count = 0;
    while (query != NULL && *query != '\0') {
        char *next = strchr(query, '&');
        if (next != NULL)
            *next++ = '\0';
        if (*query == '\0') { /* "a=1&&b=2" */
            query = next;
            continue;
        }
        if (*count == limit)
            return false;
        char *equals = strchr(query, '=');
        char *value = equals != NULL ? equals + 1 : query + strlen(query);
        if (equals != NULL)
            *equals = '\0';
        decode(query);
        decode(value);
        arguments[(*count)++] = (HttpArgument){query, value};
        query = next;
    }
    return true;
}
