/* Redirects stay on the host; the contract is in redirect.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http_engine/redirect.h"

#include "common/http_client.h"

#include <curl/curl.h>
#include <string.h>

typedef struct UrlParts {
    char *scheme, *host, *port; /* curl's; NULL if absent */
} UrlParts;

static void
parts_clear(UrlParts *parts)
{
    curl_free(parts->scheme);
    curl_free(parts->host);
    curl_free(parts->port);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(UrlParts, parts_clear)

static bool
parts_read(CURLU *url, UrlParts *parts)
{
    return curl_url_get(url, CURLUPART_SCHEME, &parts->scheme, 0) == CURLUE_OK &&
           curl_url_get(url, CURLUPART_HOST, &parts->host, 0) == CURLUE_OK &&
           curl_url_get(url, CURLUPART_PORT, &parts->port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
           (strcmp(parts->scheme, "http") == 0 || strcmp(parts->scheme, "https") == 0);
}

/* The URL is parsed by curl, which also sends it: two parsers could disagree on the host. */
static CURLU *
url_parse(const char *text, const char *relative)
{
    CURLU *url = curl_url();
    if (curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
        (relative == NULL || curl_url_set(url, CURLUPART_URL, relative, 0) == CURLUE_OK))
        return url;
    curl_url_cleanup(url);
    return NULL;
}

char *
http_url_authority(const char *text)
{
    g_auto(UrlParts) parts = {0};
    CURLU *url = url_parse(text, NULL);
    bool read = url != NULL && parts_read(url, &parts);
    curl_url_cleanup(url);
    if (!read)
        return NULL;
    g_autofree char *host = g_ascii_strdown(parts.host, -1);
    return g_strdup_printf("%s://%s:%s", parts.scheme, host, parts.port);
}

bool
http_redirect_keeps(int status, const char *method)
{
    bool reads = method == NULL || strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    return status == 307 || status == 308 || (reads && status >= 301 && status <= 303);
}

/* From port 80 of http to port 443 of https on the same host, as BMCs send browsers. */
static bool
is_upgrade(const UrlParts *from, const UrlParts *to)
{
    return strcmp(from->scheme, "http") == 0 && strcmp(to->scheme, "https") == 0 &&
           strcmp(from->port, "80") == 0 && strcmp(to->port, "443") == 0;
}

static bool
may_follow(const char *from_text, CURLU *to)
{
    g_auto(UrlParts) from_parts = {0};
    g_auto(UrlParts) to_parts = {0};
    CURLU *from = url_parse(from_text, NULL);
    bool may =
        from != NULL && parts_read(from, &from_parts) && parts_read(to, &to_parts) &&
        g_ascii_strcasecmp(from_parts.host, to_parts.host) == 0 &&
        (is_upgrade(&from_parts, &to_parts) || (strcmp(from_parts.scheme, to_parts.scheme) == 0 &&
                                                strcmp(from_parts.port, to_parts.port) == 0));
    curl_url_cleanup(from);
    return may;
}

/* The URL without user and fragment: the BMC does not choose what we log in with. */
static char *
plain_text(CURLU *url)
{
    char *text = NULL;
    curl_url_set(url, CURLUPART_USER, NULL, 0);
    curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
    curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
    if (curl_url_get(url, CURLUPART_URL, &text, 0) != CURLUE_OK)
        return NULL;
    char *copy = g_strdup(text);
    curl_free(text);
    return copy;
}

char *
http_redirect_target(const char *url, const char *location, GError **error)
{
    CURLU *to = url_parse(url, location);
    char *target = to != NULL && may_follow(url, to) ? plain_text(to) : NULL;
    curl_url_cleanup(to);
    if (target == NULL) {
        g_autofree char *shown = http_url_for_display(location);
        steel_fail(error, STEEL_ERROR_BMC_PROTOCOL,
                   "redirected to '%.200s', which is not the same host: nothing is sent there",
                   shown);
    }
    return target;
}
