/* Writing and reading messages; the contract is in message.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/message.h"

#include "common/json_text.h"

#include <string.h>

/* Codes of JSON-RPC for what is wrong with a message itself. */
#define CODE_NO_METHOD (-32601)

/* ---- writing ---- */

static json_t *
text_or_null(const char *text)
{
    json_t *value = text != NULL ? json_string(text) : NULL;
    return value != NULL ? value : json_null();
}

char *
rpc_request_write(const RpcCall *call, const char *id, int64_t sent_ms, int64_t limit_ms,
                  bool again)
{
    json_t *message = json_pack(
        "{s:s, s:s, s:s, s:{s:{s:o, s:o, s:o, s:o}, s:o, s:O?, s:O?, s:i, s:I, s:I, s:b}}",
        "jsonrpc", "2.0", "id", id, "method", rpc_method_name(call->method), "params", "context",
        "request_id", text_or_null(call->context.request_id), "user_id",
        text_or_null(call->context.user_id), "project_id", text_or_null(call->context.project_id),
        "global_request_id", text_or_null(call->context.global_request_id), "node",
        text_or_null(call->node_uuid), "arguments", call->arguments, "judged", call->judged,
        "version", (int)rpc_method_version(call->method), "sent_ms", (json_int_t)sent_ms,
        "limit_ms", (json_int_t)limit_ms, "again", again);
    char *text = json_text_dump(message);
    json_decref(message);
    return text;
}

static int
code_of(const GError *error)
{
    if (steel_error_is(error, STEEL_ERROR_RPC_VERSION))
        return CODE_NO_METHOD;
    return steel_error_info(error)->http_status;
}

static json_t *
describe(const GError *error)
{
    const SteelErrorInfo *info = steel_error_info(error);
    g_autofree char *sentence = g_utf8_make_valid(error->message, -1);
    return json_pack("{s:i, s:s, s:{s:s, s:s}}", "code", code_of(error), "message", sentence,
                     "data", "class", info->class_name, "code", info->code);
}

char *
rpc_answer_write(const char *id, unsigned version, json_t *result, const GError *error)
{
    json_t *message = json_pack("{s:s, s:o, s:i}", "jsonrpc", "2.0", "id",
                                text_or_null(id[0] != '\0' ? id : NULL), "version", (int)version);
    if (error != NULL)
        json_object_set_new(message, "error", describe(error));
    else
        json_object_set(message, "result", result);
    char *text = json_text_dump(message);
    json_decref(message);
    return text;
}

/* ---- reading ---- */

static json_t *
read_message(const char *text, size_t size, char id[UUID_TEXT_SIZE], GError **error)
{
    const JsonLimits limits = {RPC_MESSAGE_DEPTH_MOST, RPC_MESSAGE_VALUES_MOST};
    if (size > RPC_MESSAGE_SIZE_MOST) {
        steel_fail(error, STEEL_ERROR_INVALID, "a message of %zu bytes; %d are allowed", size,
                   RPC_MESSAGE_SIZE_MOST);
        return NULL;
    }
    json_t *message = json_text_parse_limited(text, size, &limits, error);
    if (message == NULL)
        return NULL;
    const char *named = json_string_member(message, "id");
    if (uuid_valid(named))
        memcpy(id, named, UUID_TEXT_SIZE);
    if (g_strcmp0(json_string_member(message, "jsonrpc"), "2.0") == 0)
        return message;
    steel_fail(error, STEEL_ERROR_INVALID, "no message of JSON-RPC 2.0");
    json_decref(message);
    return NULL;
}

/* A string of a bounded length, or null. */
static bool
read_text(const json_t *object, const char *key, const char **out, GError **error)
{
    enum { LENGTH_MOST = 255 };
    const json_t *value = json_object_get(object, key);
    *out = json_string_value(value);
    if (value == NULL || json_is_null(value) ||
        (*out != NULL && json_string_length(value) <= LENGTH_MOST))
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID, "%s is no short text", key);
}

static bool
read_number(const json_t *object, const char *key, int64_t least, int64_t most, int64_t *out,
            GError **error)
{
    const json_t *value = json_object_get(object, key);
    *out = json_integer_value(value);
    if (json_is_integer(value) && *out >= least && *out <= most)
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "%s is no number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, key, least,
                      most);
}

static bool
read_context(const json_t *params, RpcContext *context, GError **error)
{
    const json_t *said = json_object_get(params, "context");
    return read_text(said, "request_id", &context->request_id, error) &&
           read_text(said, "user_id", &context->user_id, error) &&
           read_text(said, "project_id", &context->project_id, error) &&
           read_text(said, "global_request_id", &context->global_request_id, error);
}

/* An object of objects. */
static bool
read_judged(json_t *params, RpcCall *call, GError **error)
{
    const char *uuid;
    json_t *owners;
    json_t *judged = json_object_get(params, "judged");
    call->judged = json_is_null(judged) ? NULL : judged;
    if (call->judged == NULL)
        return true;
    if (!json_is_object(judged))
        return steel_fail(error, STEEL_ERROR_INVALID, "judged is no object");
    json_object_foreach(judged, uuid, owners)
    {
        if (!json_is_object(owners))
            return steel_fail(error, STEEL_ERROR_INVALID, "judged has something else than objects");
    }
    return true;
}

static bool
read_deadline(const json_t *params, RpcRequest *request, GError **error)
{
    int64_t version = 0;
    const json_t *again = json_object_get(params, "again");
    if (!read_number(params, "version", 0, INT16_MAX, &version, error) ||
        !read_number(params, "sent_ms", 0, INT64_MAX / 2, &request->sent_ms, error) ||
        !read_number(params, "limit_ms", 1, RPC_LIMIT_MS_MOST, &request->limit_ms, error))
        return false;
    if (again != NULL && !json_is_boolean(again))
        return steel_fail(error, STEEL_ERROR_INVALID, "again is no boolean");
    request->version = (unsigned)version;
    request->again = json_is_true(again);
    return true;
}

static bool
read_call(json_t *params, RpcCall *call, GError **error)
{
    json_t *arguments = json_object_get(params, "arguments");
    if (!json_is_object(arguments))
        return steel_fail(error, STEEL_ERROR_INVALID, "arguments are no object");
    if (!read_text(params, "node", &call->node_uuid, error) || !read_judged(params, call, error) ||
        !read_context(params, &call->context, error))
        return false;
    if (call->node_uuid != NULL && !uuid_valid(call->node_uuid))
        return steel_fail(error, STEEL_ERROR_INVALID, "node is no UUID");
    call->arguments = arguments;
    return true;
}

bool
rpc_request_read(const char *text, size_t size, RpcRequest *request, GError **error)
{
    request->message = read_message(text, size, request->id, error);
    if (request->message == NULL)
        return false;
    json_t *params = json_object_get(request->message, "params");
    const char *method = json_string_member(request->message, "method");
    if (request->id[0] == '\0')
        return steel_fail(error, STEEL_ERROR_INVALID, "id is no UUID");
    if (method == NULL || strlen(method) > 64 || !json_is_object(params))
        return steel_fail(error, STEEL_ERROR_INVALID, "no method with params as an object");
    if (!read_deadline(params, request, error) || !read_call(params, &request->call, error))
        return false;
    request->call.method = rpc_method_find(method);
    if (request->call.method != RPC_METHOD_COUNT)
        return true;
    return steel_fail(error, STEEL_ERROR_RPC_VERSION, "this conductor has no method %s", method);
}

void
rpc_request_clear(RpcRequest *request)
{
    json_decref(request->message);
    *request = (RpcRequest){.id = ""};
}

/* The error of an answer. An unknown code counts as INTERNAL. */
static GError *
read_error(const json_t *said)
{
    const char *code = json_string_member(json_object_get(said, "data"), "code");
    const char *sentence = json_string_member(said, "message");
    int found = STEEL_ERROR_INTERNAL;
    for (int i = 0; i < STEEL_ERROR_COUNT; i++) {
        const GError row = {steel_error_quark(), i, NULL};
        if (g_strcmp0(steel_error_info(&row)->code, code) == 0)
            found = i;
    }
    return g_error_new_literal(steel_error_quark(), found,
                               sentence != NULL ? sentence : "the conductor gave no reason");
}

bool
rpc_answer_read(const char *text, size_t size, RpcAnswer *answer, GError **error)
{
    json_t *message = read_message(text, size, answer->id, error);
    if (message == NULL)
        return false;
    int64_t version = 0;
    json_t *result = json_object_get(message, "result");
    const json_t *said = json_object_get(message, "error");
    bool good = read_number(message, "version", 0, INT16_MAX, &version, error);
    answer->version = (unsigned)version;
    if (good && json_is_object(said))
        answer->error = read_error(said);
    else if (good && json_is_object(result))
        answer->result = json_incref(result);
    else if (good)
        good = steel_fail(error, STEEL_ERROR_INVALID, "an answer with neither result nor error");
    json_decref(message);
    return good;
}

void
rpc_answer_clear(RpcAnswer *answer)
{
    json_decref(answer->result);
    g_clear_error(&answer->error);
    *answer = (RpcAnswer){.id = ""};
}
