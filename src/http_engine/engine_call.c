/* One exchange of the engine on a libcurl handle.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/secret.h"
#include "http_engine/engine_internal.h"
#include "http_engine/redirect.h"

#include <string.h>

enum {
    DEFAULT_DEADLINE_MS = 60 * 1000,
    DEFAULT_BODY_LIMIT = 8 << 20,
    BACKGROUND_WAIT_MS = 10 * 60 * 1000, /* for its turn: as long as a sweep may take */
    CONNECTION_LIFE_S = 150,             /* idle ones serve the next sweep of the power states */
};

/* Copies of texts live as long as the call and are wiped with it: any may hold a secret. */
static const char *
keep_text(EngineCall *call, const char *text)
{
    if (text == NULL)
        return NULL;
    char *copy = g_strdup(text);
    g_ptr_array_add(call->texts, copy);
    return copy;
}

static void
free_text(void *text)
{
    secret_free(text);
}

static size_t
texts_count(const char *const *texts)
{
    size_t count = 0;
    while (texts != NULL && texts[count] != NULL)
        count++;
    return count;
}

static void
copy_headers(EngineCall *call, const char *const *headers)
{
    size_t count = texts_count(headers);
    call->headers = g_new0(const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        call->headers[i] = keep_text(call, headers[i]);
    call->request.headers = call->headers;
}

static void
copy_request(EngineCall *call, const HttpRequest *request)
{
    HttpRequest *copy = &call->request;
    *copy = *request;
    copy->method = keep_text(call, request->method != NULL ? request->method : "GET");
    copy->url = keep_text(call, request->url != NULL ? request->url : "");
    copy->content_type = keep_text(call, request->content_type);
    copy->username = keep_text(call, request->username);
    copy->password = keep_text(call, request->password);
    copy->ca_file = keep_text(call, request->ca_file);
    copy->client_certificate = keep_text(call, request->client_certificate);
    copy->client_key = keep_text(call, request->client_key);
    copy->pinned_key = keep_text(call, request->pinned_key);
    copy_headers(call, request->headers);
    if (request->body == NULL)
        return;
    call->body = g_malloc0(request->body_size + 1);
    if (request->body_size > 0)
        memcpy(call->body, request->body, request->body_size);
    copy->body = call->body;
}

EngineCall *
engine_call_new(HttpEngine *engine, const HttpRequest *request, HttpEngineDone done,
                void *user_data)
{
    EngineCall *call = g_new0(EngineCall, 1);
    call->order.kind = ORDER_CALL;
    call->engine = engine;
    call->texts = g_ptr_array_new_with_free_func(free_text);
    copy_request(call, request);
    if (call->request.body_limit == 0)
        call->request.body_limit = DEFAULT_BODY_LIMIT;
    if (call->request.timeout_ms <= 0)
        call->request.timeout_ms = DEFAULT_DEADLINE_MS;
    call->born_ms = due_now_ms();
    call->deadline_ms = call->born_ms + (uint64_t)(request->background ? BACKGROUND_WAIT_MS
                                                                       : call->request.timeout_ms);
    call->done = done;
    call->user_data = user_data;
    return call;
}

void
engine_call_free(EngineCall *call)
{
    if (call->body != NULL)
        secret_wipe(call->body, call->request.body_size);
    g_free(call->body);
    g_free(call->headers);
    g_ptr_array_unref(call->texts);
    http_collector_clear(&call->collector);
    g_free(call);
}

static size_t
engine_on_body(char *data, size_t size, size_t count, void *user_data)
{
    EngineCall *call = user_data;
    size_t bytes = size * count;
    return http_collect_body(&call->collector, data, bytes) ? bytes : 0;
}

static size_t
engine_on_header(char *data, size_t size, size_t count, void *user_data)
{
    EngineCall *call = user_data;
    size_t bytes = size * count;
    return http_collect_header(&call->collector, data, bytes) ? bytes : 0;
}

/* A connection may take longer to be made than a lease lasts. */
static int
engine_before_request(void *user_data, char *peer, char *own, int peer_port, int own_port)
{
    EngineCall *call = user_data;
    (void)peer;
    (void)own;
    (void)peer_port;
    (void)own_port;
    call->forbidden = !call->request.may_send(call->request.may_send_user);
    return call->forbidden ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* libcurl takes certificates as one file or as a folder of hashed names. */
static void
set_trust(CURL *easy, const HttpRequest *request)
{
    if (request->ca_file == NULL || !g_file_test(request->ca_file, G_FILE_TEST_IS_DIR))
        return;
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_CAPATH, request->ca_file);
}

static void
set_options(EngineCall *call)
{
    uint64_t now_ms = due_now_ms();
    uint64_t left_ms = call->deadline_ms > now_ms ? call->deadline_ms - now_ms : 1;
    CURL *easy = call->easy;
    http_set_peer(easy, &call->request);
    http_set_method(easy, &call->request);
    set_trust(easy, &call->request);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)CONNECTION_LIFE_S);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, engine_on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, engine_on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->header_list);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->detail);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    if (call->request.may_send == NULL)
        return;
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, engine_before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
}

bool
engine_call_start(EngineCall *call, GError **error)
{
    call->easy = curl_easy_init();
    if (call->easy == NULL)
        return steel_fail(error, STEEL_ERROR_INTERNAL, "libcurl gives no handle");
    call->detail[0] = '\0';
    if (call->request.background && !call->had_turn)
        call->deadline_ms = due_now_ms() + (uint64_t)call->request.timeout_ms;
    call->had_turn = true;
    http_collector_begin(&call->collector, &call->request);
    call->header_list = http_header_list(&call->request);
    set_options(call);
    if (engine_shard_add(call->host->shard, call->easy, error))
        return true;
    engine_call_stop(call);
    return false;
}

void
engine_call_stop(EngineCall *call)
{
    long opened = 0;
    if (call->easy == NULL)
        return;
    curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &opened);
    atomic_fetch_add_explicit(&call->engine->connections, (uint64_t)opened, memory_order_relaxed);
    if (call->host->shard->multi != NULL)
        curl_multi_remove_handle(call->host->shard->multi, call->easy);
    curl_easy_cleanup(g_steal_pointer(&call->easy));
    curl_slist_free_all(g_steal_pointer(&call->header_list));
}

static const char *
location_of(const EngineCall *call)
{
    const HttpResponse seen = {.headers = call->collector.headers};
    return http_response_header(&seen, "Location");
}

bool
engine_call_redirected(EngineCall *call, GError **error)
{
    long status = 0;
    const char *location = location_of(call);
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    if (call->request.redirect_limit == 0 || location == NULL ||
        !http_redirect_keeps((int)status, call->request.method))
        return false;
    g_autofree char *url = http_url_for_display(call->request.url);
    if (call->redirects++ >= call->request.redirect_limit)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL,
                          "%s redirects more than %d times: the BMC sends in a circle", url,
                          call->request.redirect_limit);
    char *target = http_redirect_target(call->request.url, location, error);
    if (target == NULL)
        return false;
    call->request.url = target;
    g_ptr_array_add(call->texts, target);
    return true;
}

/* What curl's codes mean for the caller. Codes that are not here: an answer that is broken. */
static const struct {
    CURLcode curl;
    SteelErrorCode code;
} meanings[] = {
    {CURLE_URL_MALFORMAT,            STEEL_ERROR_INVALID},
    {CURLE_UNSUPPORTED_PROTOCOL,     STEEL_ERROR_INVALID},
    {CURLE_COULDNT_RESOLVE_HOST,     STEEL_ERROR_BMC_UNREACHABLE},
    {CURLE_COULDNT_RESOLVE_PROXY,    STEEL_ERROR_BMC_UNREACHABLE},
    {CURLE_COULDNT_CONNECT,          STEEL_ERROR_BMC_UNREACHABLE},
    {CURLE_OPERATION_TIMEDOUT,       STEEL_ERROR_BMC_UNREACHABLE},
    {CURLE_SSL_CONNECT_ERROR,        STEEL_ERROR_BMC_UNREACHABLE},
    {CURLE_SEND_ERROR,               STEEL_ERROR_BMC_UNREACHABLE},
    {CURLE_GOT_NOTHING,              STEEL_ERROR_BMC_UNREACHABLE},
    {CURLE_PEER_FAILED_VERIFICATION, STEEL_ERROR_BMC_AUTH},
    {CURLE_SSL_CACERT_BADFILE,       STEEL_ERROR_CONFIG},
    {CURLE_SSL_CERTPROBLEM,          STEEL_ERROR_CONFIG},
};

static SteelErrorCode
meaning_of(CURLcode code)
{
    for (size_t i = 0; i < G_N_ELEMENTS(meanings); i++)
        if (meanings[i].curl == code)
            return meanings[i].code;
    return STEEL_ERROR_BMC_PROTOCOL;
}

void
engine_call_explain(const EngineCall *call, CURLcode code, GError **error)
{
    g_autofree char *url = http_url_for_display(call->request.url);
    const char *words = call->detail[0] != '\0' ? call->detail : curl_easy_strerror(code);
    if (call->collector.too_large)
        steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "%s: the answer is larger than %zu bytes", url,
                   call->request.body_limit);
    else if (call->forbidden)
        steel_fail(error, STEEL_ERROR_LEASE_LOST,
                   "nothing more is asked of %s: another conductor may act on the machine now",
                   url);
    else
        steel_fail(error, meaning_of(code), "%s: %s", url, words);
}

void
engine_call_end(EngineCall *call, const GError *error)
{
    HttpResponse response = {0};
    long status = 0;
    if (error == NULL) {
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        http_collector_finish(&call->collector, (int)status, &response);
    } else {
        atomic_fetch_add_explicit(&call->engine->failures, 1, memory_order_relaxed);
    }
    engine_call_stop(call);
    call->done(call->user_data, error == NULL ? &response : NULL, error);
    http_response_clear(&response);
    engine_call_free(call);
}
