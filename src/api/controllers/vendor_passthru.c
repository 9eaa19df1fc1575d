/* Vendor passthru of nodes and drivers: the method's name and arguments go to the conductor
 * unchanged.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "api/router.h"

Answer
vendor_methods(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_VENDOR_METHODS, node.uuid, json_object(), request_after_200);
}

Answer
driver_vendor_methods(Request *request, GError **error)
{
    (void)error;
    return request_call(request, RPC_DRIVER_VENDOR_METHODS, NULL,
                        json_pack("{s:s}", "driver", request->captures[0]), request_after_200);
}

/* A GET method gets the rest of the query as its arguments. */
static json_t *
query_arguments(const Request *request)
{
    json_t *arguments = json_object();
    for (size_t i = 0; i < request->argument_count; i++)
        if (g_strcmp0(request->arguments[i].name, "method") != 0)
            json_object_set_new(arguments, request->arguments[i].name,
                                json_string(request->arguments[i].value));
    return arguments;
}

/* The call's arguments, a new reference. */
static json_t *
call_arguments(Request *request, GError **error)
{
    const char *method =
        request->captures[1] != NULL ? request->captures[1] : request_argument(request, "method");
    if (method == NULL || *method == '\0') {
        steel_fail(error, STEEL_ERROR_MISSING,
                   "Method not specified: vendor_passthru?method=NAME; "
                   "vendor_passthru/methods lists them");
        return NULL;
    }
    json_t *arguments = request->route->method == HTTP_GET
                            ? query_arguments(request)
                            : json_incref(request_json(request, JSON_OBJECT, error));
    if (arguments == NULL)
        return NULL;
    return json_pack("{s:s, s:s, s:o}", "http_method", http_method_name(request->route->method),
                     "method", method, "arguments", arguments);
}

static bool
after_passthru(Request *request, json_t *result, GError **error)
{
    (void)error;
    const json_t *value = json_object_get(result, "return");
    if (json_is_true(json_object_get(result, "async")))
        request_answer_empty(request, 202);
    else if (value == NULL || json_is_null(value))
        request_answer_empty(request, 200);
    else if (json_is_true(json_object_get(result, "attach")) && json_is_string(value)) {
        g_string_append_len(request_out(request, 200, json_string_length(value)),
                            json_string_value(value), (gssize)json_string_length(value));
        request->content_type = "application/octet-stream";
    } else {
        request_answer_json(request, 200, value);
    }
    return true;
}

Answer
vendor_passthru(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    json_t *arguments =
        node_captured(request, &node, error) ? call_arguments(request, error) : NULL;
    return arguments != NULL
               ? request_call(request, RPC_VENDOR_PASSTHRU, node.uuid, arguments, after_passthru)
               : ANSWER_FAILED;
}

/* Of a ramdisk, which has no login: its key is checked before anything else is done. */
Answer
vendor_pass_deploy_info(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!ramdisk_endpoints_enabled(error))
        return ANSWER_FAILED;
    json_t *body = request_json(request, JSON_OBJECT, error);
    if (body == NULL || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_VENDOR_PASSTHRU, node.uuid,
                        json_pack("{s:s, s:s, s:O}", "http_method", "POST", "method",
                                  "pass_deploy_info", "arguments", body),
                        after_passthru);
}

Answer
driver_vendor_passthru(Request *request, GError **error)
{
    json_t *arguments = call_arguments(request, error);
    if (arguments == NULL)
        return ANSWER_FAILED;
    json_object_set_new(arguments, "driver", json_string(request->captures[0]));
    return request_call(request, RPC_DRIVER_VENDOR_PASSTHRU, NULL, arguments, after_passthru);
}
