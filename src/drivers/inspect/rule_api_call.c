/* The action api-call of inspection rules: asks a URL; the contract is in rules.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/backoff.h"
#include "common/config.h"
#include "common/http_client.h"
#include "common/json_text.h"
#include "common/time_text.h"
#include "drivers/inspect/rules.h"

#include <string.h>

enum { HEADERS_LIMIT = 32, RETRIES_LIMIT = 10, ANSWER_LIMIT = 64 * 1024 };

/* A number that may have come as text; `standard` if it is absent. */
static bool
number_of(const json_t *arguments, const char *name, double standard, double *number,
          GError **error)
{
    const json_t *value = json_object_get(arguments, name);
    char *end = NULL;
    *number = standard;
    if (value == NULL)
        return true;
    if (json_is_string(value)) {
        *number = g_ascii_strtod(json_string_value(value), &end);
        if (*json_string_value(value) != '\0' && *end == '\0')
            return true;
    } else if (json_is_number(value)) {
        *number = json_number_value(value);
        return true;
    }
    return steel_fail(error, STEEL_ERROR_INVALID, "%s must be a number", name);
}

static bool
plain(const char *text)
{
    return strpbrk(text, "\r\n") == NULL;
}

/* "Name: value" of each; the array owns them. */
static GPtrArray *
headers_of(const json_t *arguments, GError **error)
{
    g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(g_free);
    json_t *given = json_object_get(arguments, "headers");
    const char *name;
    json_t *value;
    if (json_object_size(given) > HEADERS_LIMIT) {
        steel_fail(error, STEEL_ERROR_INVALID, "there may be at most %d headers", HEADERS_LIMIT);
        return NULL;
    }
    json_object_foreach(given, name, value)
    {
        if (!json_is_string(value) || !plain(name) || !plain(json_string_value(value)) ||
            *name == '\0' || strchr(name, ':') != NULL) {
            steel_fail(error, STEEL_ERROR_INVALID, "headers must be names with texts");
            return NULL;
        }
        g_ptr_array_add(headers, g_strdup_printf("%s: %s", name, json_string_value(value)));
    }
    g_ptr_array_add(headers, NULL);
    return g_steal_pointer(&headers);
}

static const char *
proxy_of(const json_t *arguments, const char *url)
{
    return json_string_member(json_object_get(arguments, "proxies"),
                              g_str_has_prefix(url, "https:") ? "https" : "http");
}

static bool
worth_asking_again(int status)
{
    return status == 429 || status == 500 || (status >= 502 && status <= 504);
}

/* One request; *again says whether another may help. */
static bool
ask(const HttpRequest *request, bool *again, GError **error)
{
    g_auto(HttpResponse) response = {0};
    *again = true;
    if (!http_request(request, &response, error))
        return false;
    *again = worth_asking_again(response.status);
    g_autofree char *shown = http_url_for_display(request->url);
    return response.status < 400 ||
           steel_fail(error, STEEL_ERROR_INVALID, "GET %s answers %d", shown, response.status);
}

static bool
ask_until(HttpRequest *request, unsigned retries, double factor, GError **error)
{
    int64_t limit = time_monotonic_ms() + (int64_t)API_CALL_LIMIT_S * 1000;
    Backoff backoff = {.pause_ms = (unsigned)(factor * 1000),
                       .longest_ms = API_CALL_LIMIT_S * 1000,
                       .limit_ms = limit};
    for (unsigned tried = 0;; tried++) {
        g_autoptr(GError) cause = NULL;
        bool again = false;
        int64_t left = limit - time_monotonic_ms();
        request->timeout_ms = (int)CLAMP(left, 1, request->timeout_ms);
        if (ask(request, &again, &cause))
            return true;
        if (!again || tried >= retries || (tried > 0 && !backoff_pause(&backoff)) ||
            time_monotonic_ms() >= limit) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return false;
        }
    }
}

bool
rule_api_call(const json_t *arguments, GError **error)
{
    double timeout = 0, retries = 0, factor = 0;
    const char *url = json_string_member(arguments, "url"),
               *trust = config_string(config_current(), OPT_WEBSERVER_VERIFY_CA);
    g_autoptr(GPtrArray) headers = headers_of(arguments, error);
    if (headers == NULL || !number_of(arguments, "timeout", 5, &timeout, error) ||
        !number_of(arguments, "retries", 3, &retries, error) ||
        !number_of(arguments, "backoff_factor", 0.3, &factor, error))
        return false;
    if (url == NULL || (!g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://")))
        return steel_fail(error, STEEL_ERROR_INVALID, "url must be one of http or https");
    if (!(timeout > 0))
        return steel_fail(error, STEEL_ERROR_INVALID, "timeout must be greater than zero");
    HttpRequest request = {
        .url = url,
        .headers = (const char *const *)headers->pdata,
        .timeout_ms = (int)(CLAMP(timeout, 0.001, API_CALL_LIMIT_S) * 1000),
        .connect_timeout_ms = (int)(CLAMP(timeout, 0.001, API_CALL_LIMIT_S) * 1000),
        .body_limit = ANSWER_LIMIT,
        .redirect_limit = 10,
        .proxy = proxy_of(arguments, url),
        .insecure = g_ascii_strcasecmp(trust, "false") == 0,
        .ca_file = *trust == '/' ? trust : NULL,
    };
    return ask_until(&request, (unsigned)CLAMP(retries, 0, RETRIES_LIMIT),
                     CLAMP(factor, 0, API_CALL_LIMIT_S), error);
}
