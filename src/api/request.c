/* Requests: finds the route of a path, and makes the answer of a handler's result. The contract is
 * in request.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/request.h"

#include "api/access.h"
#include "api/faults.h"
#include "api/internal.h"
#include "api/pipeline.h"
#include "api/router.h"
#include "auth/policy_remote.h"
#include "common/log.h"
#include "common/uuid.h"

#include <string.h>

static const char json_type_text[] = "application/json";

static HttpMethod
method_of(const char *name)
{
    static const struct {
        const char *name;
        HttpMethod method;
    } rows[] = {
        {"GET",     HTTP_GET},
        {"POST",    HTTP_POST},
        {"PUT",     HTTP_PUT},
        {"PATCH",   HTTP_PATCH},
        {"DELETE",  HTTP_DELETE},
        {"HEAD",    HTTP_HEAD},
        {"OPTIONS", HTTP_OPTIONS},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(name, rows[i].name) == 0)
            return rows[i].method;
    return HTTP_OTHER;
}

/* The path without slashes at its ends, and without the v1 before a further segment. A path that
 * does not fit belongs to no route. */
static void
take_path(Request *request, const char *path)
{
    while (*path == '/')
        path++;
    if (strncmp(path, "v1/", 3) == 0) {
        const char *rest = path + 3;
        while (*rest == '/')
            rest++;
        if (*rest != '\0')
            path = rest;
    }
    if (g_strlcpy(request->original, path, sizeof request->original) >= sizeof request->original)
        g_strlcpy(request->original, "too-long", sizeof request->original);
    size_t length = strlen(request->original);
    while (length > 0 && request->original[length - 1] == '/')
        request->original[--length] = '\0';
    memcpy(request->path, request->original, length + 1);
}

/* "req-" and a UUID that is random per thread; its last twelve digits count up. It is unique, not
 * secret. */
static void
make_id(char id[REQUEST_ID_SIZE])
{
    static _Thread_local char start[UUID_TEXT_SIZE];
    static _Thread_local uint64_t count;
    static const char digits[] = "0123456789abcdef";
    if (start[0] == '\0') {
        uuid_generate(start);
        count = g_ascii_strtoull(start + 24, NULL, 16);
    }
    memcpy(id, "req-", 4);
    memcpy(id + 4, start, 24);
    uint64_t rest = ++count;
    for (int i = 39; i >= 28; i--, rest >>= 4)
        id[i] = digits[rest & 15];
    id[REQUEST_ID_SIZE - 1] = '\0';
}

Request *
request_new(Api *api, const RequestTransport *transport, void *carrier, const char *method,
            const char *path)
{
    /* The two paths at the end are filled below and need no zeroing. */
    Request *request = g_malloc(sizeof *request);
    memset(request, 0, G_STRUCT_OFFSET(Request, path));
    request->api = api;
    request->transport = transport;
    request->carrier = carrier;
    request->method = method_of(method);
    make_id(request->id);
    take_path(request, path);
    return request;
}

/* Frees what access_identify has set. */
static void
identity_clear(Identity *identity)
{
    if (identity->credentials != NULL)
        credentials_clear(identity->credentials);
    g_free(identity->credentials);
    *identity = (Identity){0};
}

void
request_free(Request *request)
{
    if (request == NULL)
        return;
    if (request->stream != NULL)
        request->stream->free(request->stream);
    identity_clear(&request->identity);
    policy_questions_free(request->questions);
    g_free(request->body);
    json_decref(request->json);
    if (request->out != NULL)
        g_string_free(request->out, TRUE);
    g_free(request->location);
    json_decref(request->result);
    g_clear_error(&request->failure);
    g_clear_error(&request->identity_failure);
    g_free(request->subject);
    json_decref(request->judged);
    g_free(request);
}

void
request_take_query(Request *request, char *query)
{
    request->too_many_arguments =
        !http_query_parse(query, request->arguments, REQUEST_ARGUMENTS, &request->argument_count);
}

void
request_answer_text(Request *request, unsigned status, GString *text)
{
    if (request->out != NULL)
        g_string_free(request->out, TRUE);
    request->out = text;
    request->status = status;
    request->content_type = text != NULL ? json_type_text : NULL;
}

bool
request_answer_error(Request *request, const GError *error)
{
    unsigned status = 500;
    GString *text = fault_from_error(error, &status);
    g_clear_pointer(&request->location, g_free);
    request_answer_text(request, status, text);
    if (status >= 500)
        log_warning("api", "%s %s /%s answered %u: %s", request->id,
                    http_method_name(request->method), request->original, status,
                    error != NULL ? error->message : "unknown error");
    else
        log_debug("api", "%s %s /%s answered %u: %s", request->id,
                  http_method_name(request->method), request->original, status,
                  error != NULL ? error->message : "unknown error");
    return false;
}

unsigned
request_newest_version(const Request *request)
{
    return request->api->newest_version;
}

Db *
request_db(const Request *request)
{
    return request->api->services.db;
}

const char *
request_header(const Request *request, const char *name)
{
    return request->transport->header(request->carrier, name);
}

bool
request_is_local(const Request *request)
{
    const RequestTransport *transport = request->transport;
    return (transport->is_local == NULL || transport->is_local(request->carrier)) &&
           request_header(request, "X-Forwarded-For") == NULL &&
           request_header(request, "Forwarded") == NULL;
}

const char *
request_argument(const Request *request, const char *name)
{
    for (size_t i = 0; i < request->argument_count; i++)
        if (strcmp(request->arguments[i].name, name) == 0)
            return request->arguments[i].value;
    return NULL;
}

static bool
is_listed(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

bool
request_only_arguments(const Request *request, const char *const *names, GError **error)
{
    for (size_t i = 0; i < request->argument_count; i++) {
        if (is_listed(request->arguments[i].name, names))
            continue;
        g_autofree char *legal = g_strjoinv(", ", (char **)(uintptr_t)names);
        return steel_fail(error, STEEL_ERROR_INVALID, "Unexpected arguments: %.80s%s%s",
                          request->arguments[i].name, *legal != '\0' ? "; known are: " : "", legal);
    }
    return true;
}

bool
request_no_arguments(const Request *request, GError **error)
{
    static const char *const none[] = {NULL};
    return request_only_arguments(request, none, error);
}

static bool
fail_boolean(const char *name, const char *given, GError **error)
{
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "Invalid %s: Unrecognized value %.80s, acceptable values are: true, false, "
                      "yes, no, on, off, 1, 0",
                      name, given);
}

bool
request_boolean_argument(const Request *request, const char *name, bool *value, GError **error)
{
    const char *text = request_argument(request, name);
    return text == NULL || json_boolean_word(text, value) || fail_boolean(name, text, error);
}

bool
request_boolean_member(const json_t *body, const char *name, bool *value, GError **error)
{
    const json_t *given = json_object_get(body, name);
    if (given == NULL || json_read_boolean(given, value))
        return true;
    g_autofree char *text = json_text_dump(given);
    return fail_boolean(name, text, error);
}

void
request_take_body(Request *request, char *body, size_t size)
{
    g_free(request->body);
    request->body = body;
    request->body_size = size;
}

json_t *
request_json(Request *request, json_type type, GError **error)
{
    const Config *config = config_current();
    const JsonLimits limits = {
        (unsigned)config_integer(config, OPT_API_MAX_JSON_BODY_DEPTH),
        (size_t)config_integer(config, OPT_API_MAX_JSON_BODY_VALUES),
    };
    static const char mark[] =
        "\xef\xbb\xbf"; /* UTF-8's byte order mark, which some editors write */
    size_t skipped = request->body_size >= 3 && memcmp(request->body, mark, 3) == 0 ? 3 : 0;
    if (request->json == NULL && request->body_size > skipped)
        request->json = json_text_parse_limited(request->body + skipped,
                                                request->body_size - skipped, &limits, error);
    else if (request->json == NULL)
        request->json = json_object();
    if (request->json == NULL) {
        g_prefix_error(error, "the body is ");
        return NULL;
    }
    request_take_body(request, NULL, 0); /* the text is no longer needed */
    if (json_typeof(request->json) == type)
        return request->json;
    steel_fail(error, STEEL_ERROR_INVALID, "the body must be a JSON %s",
               type == JSON_ARRAY ? "array" : "object");
    return NULL;
}

json_t *
request_object(Request *request, const char *const *members, GError **error)
{
    json_t *object = request_json(request, JSON_OBJECT, error);
    if (object == NULL || !request_only_arguments(request, members, error))
        return NULL;
    /* As in Ironic, the query may give members too; a member of the body comes first. */
    for (size_t i = 0; i < request->argument_count; i++) {
        const HttpArgument *argument = &request->arguments[i];
        if (json_object_get(object, argument->name) == NULL)
            json_object_set_new(object, argument->name, json_string(argument->value));
    }
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (is_listed(key, members))
            continue;
        g_autofree char *legal = g_strjoinv(", ", (char **)(uintptr_t)members);
        steel_fail(error, STEEL_ERROR_INVALID, "Unexpected arguments: %.80s; known are: %s", key,
                   legal);
        return NULL;
    }
    return object;
}

bool
request_needs(const Request *request, unsigned since, const char *what, GError **error)
{
    return request->version >= since ||
           steel_fail(error, STEEL_ERROR_NOT_ACCEPTABLE,
                      "%s needs API version 1.%u, the request asks for 1.%u", what, since,
                      request->version);
}

/* A Host header appears in links, so only the characters of a host and port are accepted. */
static bool
host_credible(const char *host)
{
    size_t length = strlen(host);
    for (const char *p = host; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && strchr(".-_:[]", *p) == NULL)
            return false;
    return length > 0 && length < 256;
}

void
request_append_base(const Request *request, GString *out)
{
    const Config *config = config_current();
    const char *public_endpoint = config_string(config, OPT_API_PUBLIC_ENDPOINT);
    if (public_endpoint != NULL) {
        g_string_append(out, public_endpoint);
        while (out->len > 0 && out->str[out->len - 1] == '/')
            g_string_truncate(out, out->len - 1);
        return;
    }
    bool proxied = config_boolean(config, OPT_OSLO_MIDDLEWARE_ENABLE_PROXY_HEADERS_PARSING);
    const char *host = proxied ? request_header(request, "X-Forwarded-Host") : NULL;
    const char *scheme = proxied ? request_header(request, "X-Forwarded-Proto") : NULL;
    if (host == NULL)
        host = request_header(request, "Host");
    if (host == NULL || !host_credible(host)) {
        g_string_append(out, request->api->default_base);
        return;
    }
    bool tls = scheme != NULL ? g_ascii_strcasecmp(scheme, "https") == 0
                              : config_boolean(config, OPT_API_ENABLE_SSL_API);
    g_string_append(out, tls ? "https://" : "http://");
    g_string_append(out, host);
}

GString *
request_out(Request *request, unsigned status, size_t expected_size)
{
    request_answer_text(request, status, g_string_sized_new(expected_size));
    return request->out;
}

Answer
request_answer_empty(Request *request, unsigned status)
{
    request_answer_text(request, status, NULL);
    return ANSWER_NOW;
}

Answer
request_answer_json(Request *request, unsigned status, const json_t *value)
{
    g_autofree char *text = json_text_dump(value);
    request_answer_text(request, status, g_string_new(text));
    return ANSWER_NOW;
}

Answer
request_answer_stream(Request *request, const char *content_type, RequestStream *stream)
{
    request_answer_text(request, 200, NULL);
    request->content_type = content_type;
    request->stream = stream;
    request->streaming = true;
    return ANSWER_NOW;
}

void
request_set_location(Request *request, const char *format, ...)
{
    g_autoptr(GString) location = g_string_new(NULL);
    request_append_base(request, location);
    g_string_append(location, "/v1/");
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(location, format, arguments);
    va_end(arguments);
    g_free(request->location);
    request->location = g_strdup(location->str);
}

bool
request_after_204(Request *request, json_t *result, GError **error)
{
    (void)result;
    (void)error;
    request_answer_empty(request, 204);
    return true;
}

bool
request_after_202(Request *request, json_t *result, GError **error)
{
    (void)result;
    (void)error;
    request_answer_empty(request, 202);
    return true;
}

bool
request_after_200(Request *request, json_t *result, GError **error)
{
    (void)error;
    request_answer_json(request, 200, result);
    return true;
}
