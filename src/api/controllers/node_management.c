/* Management of a node: boot device, NMI, indicators.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"

#include <string.h>

Answer
boot_device_get(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!request_no_arguments(request, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_GET_BOOT_DEVICE, node.uuid, json_object(), request_after_200);
}

Answer
boot_device_supported(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!request_no_arguments(request, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_GET_SUPPORTED_BOOT_DEVICES, node.uuid, json_object(),
                        request_after_200);
}

Answer
boot_device_set(Request *request, GError **error)
{
    static const char *const members[] = {"boot_device", "persistent", NULL};
    g_auto(NodeBrief) node = {0};
    const json_t *body = request_object(request, members, error);
    if (body == NULL || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    const char *device = json_string_member(body, "boot_device");
    bool persistent = false;
    if (device == NULL) {
        steel_fail(error, STEEL_ERROR_MISSING, "Missing mandatory parameter: boot_device");
        return ANSWER_FAILED;
    }
    if (!json_is_null(json_object_get(body, "persistent")) &&
        !request_boolean_member(body, "persistent", &persistent, error))
        return ANSWER_FAILED;
    json_t *arguments =
        json_pack("{s:s, s:b}", "boot_device", device, "persistent", (int)persistent);
    return request_call(request, RPC_SET_BOOT_DEVICE, node.uuid, arguments, request_after_204);
}

Answer
inject_nmi(Request *request, GError **error)
{
    static const char *const none[] = {NULL};
    g_auto(NodeBrief) node = {0};
    if (request_object(request, none, error) == NULL || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_INJECT_NMI, node.uuid, json_object(), request_after_204);
}

static json_t *
indicator_links(const Request *request, const char *name)
{
    g_autoptr(GString) base = g_string_new(NULL);
    request_append_base(request, base);
    g_autofree char *escaped = g_uri_escape_string(name, "@", FALSE);
    const char *node = request->captures[0];
    g_autofree char *self =
        g_strdup_printf("%s/v1/nodes/%s/management/indicators/%s", base->str, node, escaped);
    g_autofree char *bookmark =
        g_strdup_printf("%s/nodes/%s/management/indicators/%s", base->str, node, escaped);
    return json_pack("[{s:s, s:s}, {s:s, s:s}]", "href", self, "rel", "self", "href", bookmark,
                     "rel", "bookmark");
}

/* {component: {name: {"readonly", "states"}}} as a list. */
static bool
after_indicators(Request *request, json_t *result, GError **error)
{
    (void)error;
    json_t *list = json_array();
    const char *component, *name;
    json_t *indicators, *indicator;
    json_object_foreach(result, component, indicators)
    {
        json_object_foreach(indicators, name, indicator)
        {
            g_autofree char *full = g_strdup_printf("%s@%s", name, component);
            json_t *item = json_pack("{s:s, s:s}", "name", full, "component", component);
            json_object_update(item, indicator);
            json_object_set_new(item, "links", indicator_links(request, full));
            json_array_append_new(list, item);
        }
    }
    json_t *answer = json_pack("{s:o}", "indicators", list);
    request_answer_json(request, 200, answer);
    json_decref(answer);
    return true;
}

Answer
indicators_list(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_GET_SUPPORTED_INDICATORS, node.uuid, json_object(),
                        after_indicators);
}

/* "led@chassis" as {"indicator": "led", "component": "chassis"}, a new reference. */
static json_t *
indicator_arguments(const Request *request, GError **error)
{
    const char *name = request->captures[1];
    const char *at = strchr(name, '@');
    if (at == NULL || at == name || at[1] == '\0') {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "'%.80s' names no indicator: name@component is expected, e.g. led@chassis",
                   name);
        return NULL;
    }
    return json_pack("{s:s%, s:s}", "indicator", name, (size_t)(at - name), "component", at + 1);
}

Answer
indicator_get(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    json_t *arguments =
        node_captured(request, &node, error) ? indicator_arguments(request, error) : NULL;
    return arguments != NULL
               ? request_call(request, RPC_GET_INDICATOR, node.uuid, arguments, request_after_200)
               : ANSWER_FAILED;
}

Answer
indicator_set(Request *request, GError **error)
{
    static const char *const members[] = {"state", NULL};
    g_auto(NodeBrief) node = {0};
    const json_t *body = request_object(request, members, error);
    if (body == NULL || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    const char *state = json_string_member(body, "state");
    if (state == NULL) {
        steel_fail(error, STEEL_ERROR_MISSING,
                   "Missing mandatory parameter: state (on, off, blinking)");
        return ANSWER_FAILED;
    }
    json_t *arguments = indicator_arguments(request, error);
    if (arguments == NULL)
        return ANSWER_FAILED;
    json_object_set_new(arguments, "state", json_string(state));
    return request_call(request, RPC_SET_INDICATOR, node.uuid, arguments, request_after_204);
}
