/* What the listener reads of foreign bytes itself: a query, a list of forwarded addresses, headers
 * that frame a body. The input is the three of them, a line each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/address.h"
#include "http/framing.h"
#include "http/query.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_query(const char *text)
{
    enum { LIMIT = 8 };
    HttpArgument arguments[LIMIT];
    size_t count;
    g_autofree char *query = g_strdup(text);
    size_t length = strlen(text);
    bool all = http_query_parse(query, arguments, LIMIT, &count);
    if (count > LIMIT || (!all && count != LIMIT))
        abort();
    for (size_t i = 0; i < count; i++)
        if (strlen(arguments[i].name) + strlen(arguments[i].value) > length)
            abort();
}

static void
read_source(const char *text)
{
    static const char *const proxies[] = {"10.0.0.0/8", "2001:db8::/32", NULL};
    g_autoptr(HttpNetworks) trusted = http_networks_new(proxies, NULL);
    HttpAddress source;
    char shown[HTTP_ADDRESS_TEXT_SIZE];
    if (!http_forwarded_source(text, trusted, &source) || http_address_is_unix(&source))
        return;
    HttpAddress again;
    http_address_text(&source, shown);
    if (!http_address_parse(shown, strlen(shown), &again) || !http_address_equal(&source, &again))
        abort();
}

static void
read_network(const char *text)
{
    const char *const networks[] = {text, NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(HttpNetworks) made = http_networks_new(networks, &error);
    if ((made == NULL) != (error != NULL))
        abort();
}

static void
read_framing(const char *text)
{
    Framing framing = {0};
    g_auto(GStrv) headers = g_strsplit(text, ";", 16);
    for (char **header = headers; *header != NULL; header++) {
        const char *colon = strchr(*header, ':');
        if (colon != NULL)
            framing_note(&framing, *header, (size_t)(colon - *header), colon + 1);
    }
    const char *fault = framing_fault(&framing, "HTTP/1.1");
    if (fault == NULL && framing.lengths + framing.codings > 1)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 4);
    static void (*const readers[])(const char *text) = {read_query, read_source, read_framing,
                                                        read_network};
    for (size_t i = 0; i < G_N_ELEMENTS(readers) && lines[i] != NULL; i++)
        readers[i](lines[i]);
    const char *space = memchr(text, ' ', strlen(text));
    if (space != NULL)
        (void)framing_has_nul(text, (size_t)(space - text), space + strlen(space));
    return 0;
}
