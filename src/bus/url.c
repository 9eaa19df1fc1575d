/* transport_url; the contract is in url.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/url.h"

#include <string.h>

static void
host_free(void *data)
{
    BusHost *host = data;
    g_free(host->name);
    g_free(host->user);
    g_free(host->password);
    g_free(host);
}

void
bus_url_free(BusUrl *url)
{
    if (url == NULL)
        return;
    g_ptr_array_free(url->hosts, TRUE);
    g_free(url->virtual_host);
    g_hash_table_unref(url->options);
    g_free(url);
}

/* What is encoded wrongly counts as it stands: passwords with a bare % work with Ironic. */
static char *
decoded(const char *text)
{
    char *plain = g_uri_unescape_string(text, NULL);
    return plain != NULL ? plain : g_strdup(text);
}

static bool
read_port(const char *text, unsigned *port, GError **error)
{
    guint64 number = BUS_PORT;
    if (*text != '\0' && !g_ascii_string_to_unsigned(text, 10, 1, 65535, &number, NULL))
        return steel_fail(error, STEEL_ERROR_CONFIG, "a host's port must be from 1 to 65535");
    *port = (unsigned)number;
    return true;
}

/* "user:password", or NULL without a login. */
static void
read_login(BusHost *host, const char *login)
{
    if (login == NULL) {
        host->user = g_strdup("guest");
        host->password = g_strdup("guest");
        return;
    }
    g_auto(GStrv) parts = g_strsplit(login, ":", 2);
    host->user = decoded(parts[0] != NULL ? parts[0] : "");
    host->password = decoded(parts[0] != NULL && parts[1] != NULL ? parts[1] : "");
}

/* "host", "host:port", "[address]:port". */
static bool
read_place(BusHost *host, const char *place, GError **error)
{
    const char *port;
    if (*place == '[') {
        const char *end = strchr(place, ']');
        if (end == NULL || (end[1] != ':' && end[1] != '\0'))
            return steel_fail(error, STEEL_ERROR_CONFIG,
                              "a host that begins with [ must be an IPv6 address that ends with ]");
        host->name = g_strndup(place + 1, (gsize)(end - place - 1));
        port = end[1] == ':' ? end + 2 : "";
    } else {
        const char *colon = strchr(place, ':');
        host->name = colon != NULL ? g_strndup(place, (gsize)(colon - place)) : g_strdup(place);
        port = colon != NULL ? colon + 1 : "";
    }
    if (*host->name == '\0') {
        g_free(host->name);
        host->name = g_strdup("localhost");
    }
    return read_port(port, &host->port, error);
}

static bool
add_host(BusUrl *url, char *text, GError **error)
{
    BusHost *host = g_new0(BusHost, 1);
    g_ptr_array_add(url->hosts, host);
    if (url->hosts->len > BUS_URL_HOSTS_MOST)
        return steel_fail(error, STEEL_ERROR_CONFIG, "there may be at most %d hosts",
                          BUS_URL_HOSTS_MOST);
    char *at = strrchr(text, '@');
    if (at != NULL)
        *at = '\0';
    read_login(host, at != NULL ? text : NULL);
    return read_place(host, at != NULL ? at + 1 : text, error);
}

/* A login that is missing for some hosts only is a mistake: it would be sent as guest. */
static bool
check_logins(char **hosts, GError **error)
{
    unsigned with = 0, without = 0;
    for (char **host = hosts; *host != NULL; host++)
        if (**host != '\0')
            (*(strchr(*host, '@') != NULL ? &with : &without))++;
    return with == 0 || without == 0 ||
           steel_fail(error, STEEL_ERROR_CONFIG,
                      "either all hosts have a user and password, or none has");
}

static bool
read_hosts(BusUrl *url, const char *text, GError **error)
{
    g_auto(GStrv) hosts = g_strsplit(text, ",", 0);
    if (!check_logins(hosts, error))
        return false;
    for (char **host = hosts; *host != NULL; host++)
        if (**host != '\0' && !add_host(url, *host, error))
            return false;
    char none[] = "";
    return url->hosts->len > 0 || add_host(url, none, error);
}

static void
read_options(BusUrl *url, const char *text)
{
    g_auto(GStrv) pairs = g_strsplit(text, "&", 0);
    for (char **pair = pairs; *pair != NULL; pair++) {
        char *equals = strchr(*pair, '=');
        if (equals == NULL)
            continue;
        *equals = '\0';
        g_hash_table_replace(url->options, decoded(*pair), decoded(equals + 1));
    }
}

static bool
read_url(BusUrl *url, const char *text, GError **error)
{
    const char *rest = strstr(text, "://");
    g_autofree char *scheme = rest != NULL ? g_strndup(text, (gsize)(rest - text)) : NULL;
    if (scheme == NULL ||
        (g_ascii_strcasecmp(scheme, "rabbit") != 0 && g_ascii_strcasecmp(scheme, "kombu") != 0))
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "it must begin with rabbit://, the only bus that Steel speaks to");
    rest += strlen("://");
    size_t hosts_length = strcspn(rest, "/?#");
    g_autofree char *hosts = g_strndup(rest, hosts_length);
    const char *path = rest + hosts_length;
    size_t path_length = *path == '/' ? strcspn(path, "?#") : 0;
    g_autofree char *virtual_host = path_length > 1 ? g_strndup(path + 1, path_length - 1) : NULL;
    url->virtual_host = decoded(virtual_host != NULL ? virtual_host : "/");
    const char *query = path + path_length;
    if (*query == '?') {
        g_autofree char *options = g_strndup(query + 1, strcspn(query, "#") - 1);
        read_options(url, options);
    }
    return read_hosts(url, hosts, error);
}

BusUrl *
bus_url_parse(const char *text, GError **error)
{
    g_autoptr(BusUrl) url = g_new0(BusUrl, 1);
    url->hosts = g_ptr_array_new_with_free_func(host_free);
    url->options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return read_url(url, text, error) ? g_steal_pointer(&url) : NULL;
}
