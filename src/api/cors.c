/* Cross-origin requests; the contract is in cors.h. Allows what Ironic allows.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/cors.h"

#include "api/versions.h"

#include <stdio.h>
#include <string.h>

static const char exposed_headers[] =
    API_HEADER_MAXIMUM "," API_HEADER_MINIMUM "," API_HEADER_VERSION ",Openstack-Request-Id";

static const char *const methods[] = {"GET", "PUT", "POST", "DELETE", "PATCH"};

/* Headers that a page may set. */
static const char *const headers[] = {
    "Accept",           "Accept-Language",       "Authorization",
    "Cache-Control",    "Content-Language",      "Content-Type",
    "Expires",          "Last-Modified",         "Pragma",
    "X-Auth-Token",     API_HEADER_MAXIMUM,      API_HEADER_MINIMUM,
    API_HEADER_VERSION, "OpenStack-API-Version", "X-Openstack-Request-Id",
};

static bool
is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (g_ascii_strcasecmp(word, words[i]) == 0)
            return true;
    return false;
}

bool
cors_origin_allowed(const Config *config, const char *origin)
{
    return config_list_contains(config, OPT_CORS_ALLOWED_ORIGIN, origin) ||
           config_list_contains(config, OPT_CORS_ALLOWED_ORIGIN, "*");
}

/* True if a page may send all of "x-auth-token, content-type". */
static bool
headers_allowed(const char *wanted)
{
    g_auto(GStrv) names = g_strsplit(wanted, ",", 64);
    for (char **name = names; *name != NULL; name++)
        if (!is_one_of(g_strstrip(*name), headers, G_N_ELEMENTS(headers)) && (*name)[0] != '\0')
            return false;
    return true;
}

/* A browser's question before the request itself (preflight). */
static bool
add_preflight(const Config *config, const char *method, const char *wanted, CorsHeader add,
              void *carrier)
{
    if (!is_one_of(method, methods, G_N_ELEMENTS(methods)) ||
        (wanted != NULL && !headers_allowed(wanted)))
        return false;
    char seconds[32];
    snprintf(seconds, sizeof seconds, "%d", (int)config_integer(config, OPT_CORS_MAX_AGE));
    add(carrier, "Access-Control-Max-Age", seconds);
    add(carrier, "Access-Control-Allow-Methods", "GET,PUT,POST,DELETE,PATCH");
    if (wanted != NULL)
        add(carrier, "Access-Control-Allow-Headers", wanted);
    return true;
}

void
cors_add_headers(const Request *request, CorsHeader add, void *carrier)
{
    const Config *config = config_current();
    if (config_list_count(config, OPT_CORS_ALLOWED_ORIGIN) == 0)
        return;
    const char *origin = request_header(request, "Origin");
    add(carrier, "Vary", "Origin"); /* also without an Origin: caches must not mix the two */
    if (origin == NULL || !cors_origin_allowed(config, origin))
        return;
    const char *method = request->method == HTTP_OPTIONS
                             ? request_header(request, "Access-Control-Request-Method")
                             : NULL;
    if (method == NULL)
        add(carrier, "Access-Control-Expose-Headers", exposed_headers);
    else if (!add_preflight(config, method,
                            request_header(request, "Access-Control-Request-Headers"), add,
                            carrier))
        return;
    add(carrier, "Access-Control-Allow-Origin", origin);
    if (config_boolean(config, OPT_CORS_ALLOW_CREDENTIALS))
        add(carrier, "Access-Control-Allow-Credentials", "true");
}
