/* A node's states: power, RAID, boot mode, secure boot, console.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "api/render.h"
#include "model/power_states.h"
#include "model/resources.h"

#include <math.h>
#include <string.h>

static bool
write_states(const DbRow *row, void *user_data)
{
    render_row(user_data, row);
    return false;
}

Answer
states_get(Request *request, GError **error)
{
    static const char *const names[] = {"console_enabled",      "last_error",
                                        "power_state",          "provision_state",
                                        "target_power_state",   "target_provision_state",
                                        "provision_updated_at", "raid_config",
                                        "target_raid_config",   "boot_mode",
                                        "secure_boot",          NULL};
    static const char *const none[] = {NULL};
    g_auto(NodeBrief) node = {0};
    if (!request_only_arguments(request, none, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    g_autoptr(View) view = view_of_names(&node_resource, names, request->version);
    Renderer renderer;
    renderer_init(&renderer, request, view, NULL, request_out(request, 200, 512));
    bool good = db_item(request_db(request), view->selection, DB_BY_KEY, node.uuid, write_states,
                        &renderer, error);
    renderer_clear(&renderer);
    return good ? ANSWER_NOW : ANSWER_FAILED;
}

static Answer
fail_missing(const char *name, GError **error)
{
    steel_fail(error, STEEL_ERROR_MISSING, "Missing mandatory parameter: %s", name);
    return ANSWER_FAILED;
}

/* Calls the conductor; the answer's Location is the states document. */
static Answer
call_states(Request *request, RpcMethod method, const NodeBrief *node, json_t *arguments)
{
    request_set_location(request, "nodes/%s/states", request->captures[0]);
    return request_call(request, method, node->uuid, arguments, request_after_202);
}

static bool
power_target_valid(const Request *request, const char *target, const json_t *timeout,
                   const NodeBrief *node, GError **error)
{
    static const char *const targets[] = {"power on", "power off", "rebooting", "soft rebooting",
                                          "soft power off"};
    bool known = false;
    for (size_t i = 0; i < G_N_ELEMENTS(targets); i++)
        known = known || strcmp(target, targets[i]) == 0;
    if (!known)
        return steel_fail(
            error, STEEL_ERROR_INVALID_STATE_REQUESTED,
            "The requested action \"%.80s\" can not be performed on node \"%s\" while "
            "it is in state \"%s\": power on, power off, rebooting, soft rebooting "
            "and soft power off are the targets.",
            target, node->uuid, node->power_state != NULL ? node->power_state : "None");
    if (g_str_has_prefix(target, "soft ") &&
        !request_needs(request, 27, "a soft power state", error))
        return false;
    if (timeout != NULL && !json_is_null(timeout)) {
        if (!request_needs(request, 27, "the timeout of a power state", error))
            return false;
        if (!json_is_integer(timeout) || json_integer_value(timeout) < 1)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "timeout must be an integer of at least 1 (seconds)");
    }
    if (g_strcmp0(node->provision_state, "cleaning") == 0 ||
        g_strcmp0(node->provision_state, "clean wait") == 0)
        return steel_fail(
            error, STEEL_ERROR_INVALID_STATE_REQUESTED,
            "The requested action \"%s\" can not be performed on node \"%s\" while it "
            "is in state \"%s\".",
            target, node->uuid, node->provision_state);
    return true;
}

/* Ironic passes a timeout to Python's int(): 1.5 is 1, "5" is 5. A value that int() refuses stays
 * unchanged. */
static void
timeout_normalize(json_t *body)
{
    const json_t *given = json_object_get(body, "timeout");
    int64_t seconds = 0;
    if (json_is_real(given) && fabs(json_real_value(given)) < (double)INT32_MAX)
        seconds = (int64_t)json_real_value(given);
    else if (!json_is_string(given) || !json_integer_member(body, "timeout", &seconds))
        return;
    json_object_set_new(body, "timeout", json_integer(seconds));
}

Answer
states_power(Request *request, GError **error)
{
    static const char *const members[] = {"target", "timeout", NULL};
    g_auto(NodeBrief) node = {0};
    json_t *body = request_object(request, members, error);
    if (body == NULL || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    timeout_normalize(body);
    const char *target = json_string_member(body, "target");
    json_t *timeout = json_object_get(body, "timeout");
    if (target == NULL)
        return fail_missing("target", error);
    if (!power_target_valid(request, target, timeout, &node, error))
        return ANSWER_FAILED;
    json_t *arguments = json_pack("{s:s}", "target", target);
    if (json_is_integer(timeout))
        json_object_set(arguments, "timeout", timeout);
    return call_states(request, RPC_SET_POWER, &node, arguments);
}

Answer
states_raid(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    json_t *body = request_json(request, JSON_OBJECT, error);
    if (body == NULL || !request_no_arguments(request, error) ||
        !node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_SET_RAID, node.uuid,
                        json_pack("{s:O}", "target_raid_config", body), request_after_204);
}

Answer
states_boot_mode(Request *request, GError **error)
{
    static const char *const members[] = {"target", NULL};
    g_auto(NodeBrief) node = {0};
    const json_t *body = request_object(request, members, error);
    if (body == NULL || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    const char *target = json_string_member(body, "target");
    if (target == NULL)
        return fail_missing("target", error);
    if (strcmp(target, "bios") != 0 && strcmp(target, "uefi") != 0) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "Invalid boot mode %.40s requested for node. Allowed boot modes are: bios, uefi",
                   target);
        return ANSWER_FAILED;
    }
    return call_states(request, RPC_SET_BOOT_MODE, &node, json_pack("{s:s}", "target", target));
}

Answer
states_secure_boot(Request *request, GError **error)
{
    static const char *const members[] = {"target", NULL};
    g_auto(NodeBrief) node = {0};
    bool on = false;
    const json_t *body = request_object(request, members, error);
    if (body == NULL || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    if (json_object_get(body, "target") == NULL)
        return fail_missing("target", error);
    if (!request_boolean_member(body, "target", &on, error))
        return ANSWER_FAILED;
    return call_states(request, RPC_SET_SECURE_BOOT, &node, json_pack("{s:b}", "target", (int)on));
}

static bool
after_console(Request *request, json_t *result, GError **error)
{
    (void)error;
    json_t *answer = json_pack("{s:b, s:O}", "console_enabled", 1, "console_info", result);
    request_answer_json(request, 200, answer);
    json_decref(answer);
    return true;
}

Answer
states_console_get(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!request_no_arguments(request, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    if (node.console_enabled)
        return request_call(request, RPC_GET_CONSOLE, node.uuid, json_object(), after_console);
    g_string_append(request_out(request, 200, 64),
                    "{\"console_enabled\":false,\"console_info\":null}");
    return ANSWER_NOW;
}

Answer
states_console_set(Request *request, GError **error)
{
    static const char *const members[] = {"enabled", NULL};
    g_auto(NodeBrief) node = {0};
    bool on = false;
    const json_t *body = request_object(request, members, error);
    if (body == NULL || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    if (json_object_get(body, "enabled") == NULL)
        return fail_missing("enabled", error);
    if (!request_boolean_member(body, "enabled", &on, error))
        return ANSWER_FAILED;
    request_set_location(request, "nodes/%s/states/console", request->captures[0]);
    return request_call(request, RPC_SET_CONSOLE, node.uuid, json_pack("{s:b}", "enabled", (int)on),
                        request_after_202);
}
