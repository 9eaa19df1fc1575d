/* Blocking HTTP requests over libcurl: one easy handle per thread, answers with a limit, errors
 * without credentials.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/http_client.h"
#include "common/http_options.h"
#include "common/lock.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    DEFAULT_CONNECT_TIMEOUT_MS = 10000,
    DEFAULT_TIMEOUT_MS = 60000,
    DEFAULT_BODY_LIMIT = 16 << 20,
    HEADER_LIMIT = 256 << 10,
};

/* What the callbacks of one request fill. */
typedef struct Exchange {
    HttpCollector collector;
    CURL *handle;               /* borrowed */
    const HttpRequest *request; /* borrowed */
    FILE *file;                 /* owned: body_file, open */
} Exchange;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t handle_key;
static CURLcode global_result;

static void
handle_free(void *handle)
{
    curl_easy_cleanup(handle);
}

static void
initialise(void)
{
    global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (pthread_key_create(&handle_key, handle_free) != 0)
        global_result = CURLE_FAILED_INIT;
}

/* The calling thread's handle, without options of an earlier request; its open connections stay. */
static CURL *
thread_handle(GError **error)
{
    pthread_once(&once, initialise);
    if (global_result != CURLE_OK) {
        steel_fail(error, STEEL_ERROR_HTTP, "libcurl does not start: %s",
                   curl_easy_strerror(global_result));
        return NULL;
    }
    CURL *handle = pthread_getspecific(handle_key);
    if (handle != NULL) {
        curl_easy_reset(handle);
        return handle;
    }
    handle = curl_easy_init();
    if (handle == NULL || pthread_setspecific(handle_key, handle) != 0) {
        curl_easy_cleanup(handle);
        steel_fail(error, STEEL_ERROR_HTTP, "libcurl gives no handle");
        return NULL;
    }
    return handle;
}

void
http_response_clear(HttpResponse *response)
{
    if (response == NULL)
        return;
    g_free(response->body);
    if (response->headers != NULL)
        g_ptr_array_unref(response->headers);
    memset(response, 0, sizeof *response);
}

const char *
http_response_header(const HttpResponse *response, const char *name)
{
    if (response->headers == NULL)
        return NULL;
    for (guint i = 0; i + 1 < response->headers->len; i += 2) {
        if (g_ascii_strcasecmp(g_ptr_array_index(response->headers, i), name) == 0)
            return g_ptr_array_index(response->headers, i + 1);
    }
    return NULL;
}

char *
http_url_for_display(const char *url)
{
    size_t length = strcspn(url, "?#");
    const char *scheme_end = g_strstr_len(url, (gssize)length, "://");
    if (scheme_end == NULL)
        return g_strndup(url, length);
    const char *authority = scheme_end + 3;
    size_t authority_length = strcspn(authority, "/?#");
    const char *at = g_strrstr_len(authority, (gssize)authority_length, "@");
    const char *rest = at != NULL ? at + 1 : authority;
    return g_strdup_printf("%.*s%.*s", (int)(authority - url), url, (int)(url + length - rest),
                           rest);
}

/* "[::1]" becomes "::1". Takes the text. */
static char *
without_brackets(char *host)
{
    size_t length = strlen(host);
    memmove(host, host + 1, length);
    if (length > 2 && host[length - 2] == ']')
        host[length - 2] = '\0';
    return host;
}

/* A part of a URL, or NULL if it has none; curl_free frees it. */
static char *
url_part(CURLU *parts, CURLUPart which)
{
    char *text = NULL;
    return curl_url_get(parts, which, &text, 0) == CURLUE_OK ? text : NULL;
}

char *
http_url_host(const char *url)
{
    CURLU *parts = curl_url();
    char *found = NULL;
    if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK) {
        char *scheme = url_part(parts, CURLUPART_SCHEME), *user = url_part(parts, CURLUPART_USER),
             *host = url_part(parts, CURLUPART_HOST);
        bool http = g_strcmp0(scheme, "http") == 0 || g_strcmp0(scheme, "https") == 0;
        if (http && user == NULL && host != NULL)
            found = g_ascii_strdown(host, -1);
        curl_free(scheme);
        curl_free(user);
        curl_free(host);
    }
    curl_url_cleanup(parts);
    if (found != NULL && *found == '[')
        return without_brackets(found);
    return found;
}

char *
http_escape(const char *text)
{
    return g_uri_escape_string(text, NULL, false);
}

static bool
goes_to_sink(const Exchange *exchange)
{
    long status = 0;
    if (exchange->request->sink == NULL)
        return false;
    curl_easy_getinfo(exchange->handle, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200 && status < 300;
}

void
http_collector_begin(HttpCollector *collector, const HttpRequest *request)
{
    *collector = (HttpCollector){
        .body = g_string_new(NULL),
        .body_limit = request->body_limit > 0 ? request->body_limit : DEFAULT_BODY_LIMIT,
        .headers = g_ptr_array_new_with_free_func(g_free),
    };
}

bool
http_collect_body(HttpCollector *collector, const char *data, size_t size)
{
    if (size > collector->body_limit - collector->body->len) {
        collector->too_large = true;
        return false;
    }
    g_string_append_len(collector->body, data, (gssize)size);
    return true;
}

bool
http_collect_header(HttpCollector *collector, const char *data, size_t size)
{
    collector->header_size += size;
    if (collector->header_size > HEADER_LIMIT) {
        collector->too_large = true;
        return false;
    }
    if (size >= 5 && memcmp(data, "HTTP/", 5) == 0) { /* a new answer: after 100 or a redirect */
        g_ptr_array_set_size(collector->headers, 0);
        return true;
    }
    const char *colon = memchr(data, ':', size);
    if (colon == NULL)
        return true;
    g_ptr_array_add(collector->headers, g_strndup(data, (size_t)(colon - data)));
    char *value = g_strndup(colon + 1, size - (size_t)(colon + 1 - data));
    g_ptr_array_add(collector->headers, g_strstrip(value));
    return true;
}

void
http_collector_finish(HttpCollector *collector, int status, HttpResponse *response)
{
    response->status = status;
    response->headers = g_steal_pointer(&collector->headers);
    response->body_size = collector->body->len;
    response->body = g_string_free(g_steal_pointer(&collector->body), false);
}

void
http_collector_clear(HttpCollector *collector)
{
    if (collector->body != NULL)
        g_string_free(collector->body, true);
    if (collector->headers != NULL)
        g_ptr_array_unref(collector->headers);
    *collector = (HttpCollector){0};
}

static size_t
on_body(char *data, size_t size, size_t count, void *user)
{
    Exchange *exchange = user;
    size_t bytes = size * count;
    bool taken = goes_to_sink(exchange)
                     ? exchange->request->sink(exchange->request->sink_user, data, bytes)
                     : http_collect_body(&exchange->collector, data, bytes);
    return taken ? bytes : 0;
}

static size_t
on_header(char *data, size_t size, size_t count, void *user)
{
    Exchange *exchange = user;
    size_t bytes = size * count;
    return http_collect_header(&exchange->collector, data, bytes) ? bytes : 0;
}

struct curl_slist *
http_header_list(const HttpRequest *request)
{
    struct curl_slist *list = NULL;
    for (const char *const *header = request->headers; header != NULL && *header != NULL; header++)
        list = curl_slist_append(list, *header);
    if (request->body != NULL || request->body_file != NULL) {
        const char *type = request->content_type;
        g_autofree char *line =
            g_strdup_printf("Content-Type: %s", type != NULL ? type : "application/json");
        list = curl_slist_append(list, line);
        /* Without this, libcurl asks for "100 Continue" before large bodies and waits a second for
         * servers that never answer it. */
        list = curl_slist_append(list, "Expect:");
    }
    return list;
}

static void
set_tls(CURL *handle, const HttpRequest *request)
{
    if (request->ca_file != NULL)
        curl_easy_setopt(handle, CURLOPT_CAINFO, request->ca_file);
    if (request->client_certificate != NULL)
        curl_easy_setopt(handle, CURLOPT_SSLCERT, request->client_certificate);
    if (request->client_key != NULL)
        curl_easy_setopt(handle, CURLOPT_SSLKEY, request->client_key);
    bool any = request->insecure || request->pinned_key != NULL;
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, any ? 0L : 1L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, any ? 0L : 2L);
    if (request->pinned_key != NULL)
        curl_easy_setopt(handle, CURLOPT_PINNEDPUBLICKEY, request->pinned_key);
}

void
http_set_method(CURL *handle, const HttpRequest *request)
{
    const char *method = request->method != NULL ? request->method : "GET";
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    if (request->body != NULL) {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request->body);
    }
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, method);
}

void
http_set_peer(CURL *handle, const HttpRequest *request)
{
    curl_easy_setopt(handle, CURLOPT_URL, request->url);
    curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, request->once ? 1L : 0L);
    if (request->proxy != NULL)
        curl_easy_setopt(handle, CURLOPT_PROXY, request->proxy);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "steel/" STEEL_VERSION);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(request->connect_timeout_ms > 0 ? request->connect_timeout_ms
                                                            : DEFAULT_CONNECT_TIMEOUT_MS));
    if (request->username != NULL) {
        curl_easy_setopt(handle, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(handle, CURLOPT_USERNAME, request->username);
        curl_easy_setopt(handle, CURLOPT_PASSWORD,
                         request->password != NULL ? request->password : "");
    }
    set_tls(handle, request);
}

static void
set_options(CURL *handle, const HttpRequest *request, Exchange *exchange)
{
    http_set_peer(handle, request);
    if (request->stall_s > 0) {
        curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, (long)request->stall_s);
    }
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                     (long)(request->timeout_ms > 0 ? request->timeout_ms : DEFAULT_TIMEOUT_MS));
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, request->redirect_limit > 0 ? 1L : 0L);
    curl_easy_setopt(handle, CURLOPT_MAXREDIRS, (long)request->redirect_limit);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, exchange);
    http_set_method(handle, request);
}

/* ---- a file as the body ---- */

/* libcurl goes back to the beginning when a connection that it has used before is closed. */
static int
on_seek(void *user, curl_off_t offset, int origin)
{
    return fseeko(user, offset, origin) == 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static size_t
on_read(char *data, size_t size, size_t count, void *user)
{
    size_t got = fread(data, size, count, user);
    return got == 0 && ferror((FILE *)user) ? CURL_READFUNC_ABORT : got * size;
}

static bool
open_body(CURL *handle, Exchange *exchange, GError **error)
{
    struct stat stat;
    const char *path = exchange->request->body_file;
    if (path == NULL)
        return true;
    exchange->file = fopen(path, "re");
    if (exchange->file == NULL || fstat(fileno(exchange->file), &stat) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot read %s: %s", path, g_strerror(errno));
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)stat.st_size);
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(handle, CURLOPT_READDATA, exchange->file);
    curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(handle, CURLOPT_SEEKDATA, exchange->file);
    return true;
}

static void
close_body(Exchange *exchange)
{
    if (exchange->file != NULL)
        fclose(exchange->file);
}

/* ---- asking ---- */

static bool
is_unsent(CURLcode code)
{
    static const CURLcode rows[] = {CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST,
                                    CURLE_COULDNT_RESOLVE_PROXY, CURLE_SSL_CONNECT_ERROR,
                                    CURLE_PEER_FAILED_VERIFICATION};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i] == code)
            return true;
    return false;
}

static bool
fail(const HttpRequest *request, const Exchange *exchange, CURLcode code, const char *detail,
     GError **error)
{
    if (request->unsent != NULL)
        *request->unsent = is_unsent(code);
    g_autofree char *url = http_url_for_display(request->url);
    if (exchange->collector.too_large)
        return steel_fail(error, STEEL_ERROR_HTTP, "%s: the answer is larger than %zu bytes", url,
                          exchange->collector.body_limit);
    const char *text = detail[0] != '\0' ? detail : curl_easy_strerror(code);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return steel_fail(error, STEEL_ERROR_TIMEOUT, "%s: no answer in time: %s", url, text);
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        return steel_fail(error, STEEL_ERROR_HTTP, "%s: not a usable http or https URL", url);
    return steel_fail(error, STEEL_ERROR_HTTP, "%s: %s", url, text);
}

static CURLcode
perform(CURL *handle, const HttpRequest *request, long *status)
{
    struct curl_slist *headers = http_header_list(request);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    lock_check_io("ask another service");
    CURLcode code = curl_easy_perform(handle);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, status);
    curl_easy_reset(handle); /* it must not point into the caller's frame any longer */
    curl_slist_free_all(headers);
    return code;
}

bool
http_request(const HttpRequest *request, HttpResponse *response, GError **error)
{
    CURL *handle = thread_handle(error);
    if (handle == NULL)
        return false;
    char detail[CURL_ERROR_SIZE] = "";
    Exchange exchange = {.handle = handle, .request = request};
    http_collector_begin(&exchange.collector, request);
    set_options(handle, request, &exchange);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail);
    long status = 0;
    CURLcode code = CURLE_OK;
    bool good = open_body(handle, &exchange, error);
    if (good)
        code = perform(handle, request, &status);
    close_body(&exchange);
    if (code != CURLE_OK)
        good = fail(request, &exchange, code, detail, error);
    if (good)
        http_collector_finish(&exchange.collector, (int)status, response);
    else
        http_collector_clear(&exchange.collector);
    return good;
}
