/* Refuses requests of foreign web pages; the contract is in browser_guard.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/browser_guard.h"

#include "api/cors.h"
#include "common/config.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

/* The host of "[::1]:6385" or "localhost:6385", without port and brackets; the caller frees. */
static char *
host_of(const char *text)
{
    if (text[0] == '[')
        return g_strndup(text + 1, strcspn(text + 1, "]"));
    return g_strndup(text, strcspn(text, ":/"));
}

static bool
is_address(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool
is_machine(const char *host)
{
    char name[256] = "";
    if (gethostname(name, sizeof name - 1) != 0)
        return false;
    g_autofree char *first = host_of(name);
    size_t label = strcspn(name, ".");
    return g_ascii_strcasecmp(host, first) == 0 ||
           (strlen(host) == label && g_ascii_strncasecmp(host, name, label) == 0);
}

/* The part of a URL after its scheme. */
static const char *
after_scheme(const char *url)
{
    const char *separator = strstr(url, "://");
    return separator != NULL ? separator + 3 : url;
}

static bool
is_public(const Config *config, const char *host)
{
    const char *url = config_string(config, OPT_API_PUBLIC_ENDPOINT);
    if (url == NULL)
        return false;
    g_autofree char *own = host_of(after_scheme(url));
    return g_ascii_strcasecmp(own, host) == 0;
}

static bool
host_known(const Config *config, const char *header)
{
    g_autofree char *host = host_of(header);
    return is_address(host) || g_ascii_strcasecmp(host, "localhost") == 0 || is_machine(host) ||
           is_public(config, host) || config_list_contains(config, OPT_API_ALLOWED_HOSTS, host);
}

static bool
check_host(const Config *config, const char *host, GError **error)
{
    return host == NULL || host_known(config, host) ||
           steel_fail(error, STEEL_ERROR_FORBIDDEN,
                      "Host %.100s is no name of this service; [api]allowed_hosts may list it.",
                      host);
}

/* A page cannot read the answer, so a request that changes nothing does no harm. */
static bool
check_origin(const Config *config, const Request *request, const char *host, GError **error)
{
    if (request->method == HTTP_GET || request->method == HTTP_HEAD ||
        request->method == HTTP_OPTIONS)
        return true;
    const char *origin = request_header(request, "Origin");
    const char *site = request_header(request, "Sec-Fetch-Site");
    if (origin != NULL && cors_origin_allowed(config, origin))
        return true;
    bool own =
        origin == NULL || (host != NULL && g_ascii_strcasecmp(after_scheme(origin), host) == 0);
    bool foreign = site != NULL && g_ascii_strcasecmp(site, "cross-site") == 0;
    return (own && !foreign) ||
           steel_fail(error, STEEL_ERROR_FORBIDDEN,
                      "Pages of %.100s may not call this service; [cors]allowed_origin may list "
                      "them.",
                      origin != NULL ? origin : "another site");
}

static bool
says_json(const char *type)
{
    static const char *const types[] = {"application/json", "application/json-patch+json"};
    size_t length = strcspn(type, "; ");
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        if (strlen(types[i]) == length && g_ascii_strncasecmp(type, types[i], length) == 0)
            return true;
    return false;
}

static bool
check_type(const Request *request, GError **error)
{
    const char *type = request_header(request, "Content-Type");
    return (type != NULL && says_json(type)) ||
           steel_fail(error, STEEL_ERROR_UNSUPPORTED_TYPE,
                      "A body needs the header Content-Type: application/json.");
}

bool
browser_guard_admits(const Request *request, bool has_body, GError **error)
{
    const Config *config = config_current();
    if (strcmp(config_string(config, OPT_AUTH_STRATEGY), "noauth") != 0 ||
        config_boolean(config, OPT_API_ALLOW_UNAUTHENTICATED_REMOTE) ||
        config_is_set(config, OPT_API_UNIX_SOCKET))
        return true;
    const char *host = request_header(request, "Host");
    return check_host(config, host, error) && check_origin(config, request, host, error) &&
           (!has_body || check_type(request, error));
}
