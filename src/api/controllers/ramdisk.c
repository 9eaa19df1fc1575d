/* The requests of agents, which have no login: the look-up of their node, heartbeats, and what they
 * have found in an inspection.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "api/render.h"
#include "common/uuid.h"
#include "db/ports.h"
#include "model/names.h"
#include "model/resources.h"

#include <string.h>

bool
ramdisk_endpoints_enabled(GError **error)
{
    return config_boolean(config_current(), OPT_API_ENABLE_RAMDISK_ENDPOINTS) ||
           steel_fail(error, STEEL_ERROR_FORBIDDEN,
                      "The ramdisk endpoints are disabled ([api]enable_ramdisk_endpoints).");
}

/* Valid addresses of the comma-separated list. Agents send all that they see, so others are
 * skipped. */
static GPtrArray *
read_addresses(const char *text)
{
    GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) parts = g_strsplit(text != NULL ? text : "", ",", DB_ADDRESS_LIMIT);
    for (char **part = parts; *part != NULL; part++) {
        char *address = mac_address_normalize(g_strstrip(*part), NULL);
        if (address != NULL)
            g_ptr_array_add(addresses, address);
    }
    return addresses;
}

static json_t *
agent_config(const Request *request, const json_t *token)
{
    const Config *config = config_current();
    const char *prefix = config_string(config, OPT_METRICS_AGENT_GLOBAL_PREFIX);
    json_t *metrics = json_pack(
        "{s:s, s:b, s:b, s:b, s:s?}", "backend", config_string(config, OPT_METRICS_AGENT_BACKEND),
        "prepend_host", (int)config_boolean(config, OPT_METRICS_AGENT_PREPEND_HOST), "prepend_uuid",
        (int)config_boolean(config, OPT_METRICS_AGENT_PREPEND_UUID), "prepend_host_reverse",
        (int)config_boolean(config, OPT_METRICS_AGENT_PREPEND_HOST_REVERSE), "global_prefix",
        prefix);
    json_t *statsd = json_pack(
        "{s:s, s:I}", "statsd_host", config_string(config, OPT_METRICS_STATSD_AGENT_STATSD_HOST),
        "statsd_port", (json_int_t)config_integer(config, OPT_METRICS_STATSD_AGENT_STATSD_PORT));
    json_t *answer = json_pack(
        "{s:o, s:o, s:I, s:I, s:b}", "metrics", metrics, "metrics_statsd", statsd,
        "heartbeat_timeout", (json_int_t)config_integer(config, OPT_API_RAMDISK_HEARTBEAT_TIMEOUT),
        "progress_interval", (json_int_t)config_integer(config, OPT_AGENT_PROGRESS_INTERVAL),
        "agent_md5_checksum_enable", (int)config_boolean(config, OPT_AGENT_ALLOW_MD5_CHECKSUM));
    if (request->version >= 62) {
        /* Only the first look-up gets the token; a later one is told that there is one. */
        json_object_set_new(answer, "agent_token",
                            json_is_string(token) ? json_copy((json_t *)(uintptr_t)token)
                                                  : json_string("******"));
        json_object_set_new(answer, "agent_token_required", json_true());
    }
    return answer;
}

static bool
write_node(const DbRow *row, void *user_data)
{
    render_row(user_data, row);
    return false;
}

/* What an agent is told of its node, the request's subject. result: has its token, or not. */
static bool
write_agents_node(Request *request, unsigned status, const json_t *result, GError **error)
{
    static const char *const names[] = {
        "uuid", "properties", "instance_info", "driver_internal_info", "links", NULL};
    g_autoptr(View) view = view_of_names(&node_resource, names, API_VERSION_MAXIMUM);
    GString *out = request_out(request, status, 2048);
    g_string_append(out, "{\"node\":");
    Renderer renderer;
    renderer_init(&renderer, request, view, NULL, out);
    bool good = db_item(request_db(request), view->selection, DB_BY_KEY, request->subject,
                        write_node, &renderer, error);
    renderer_clear(&renderer);
    json_t *config = agent_config(request, json_object_get(result, "agent_token"));
    g_autofree char *text = json_text_dump(config);
    json_decref(config);
    g_string_append_printf(out, ",\"config\":%s}", text);
    return good;
}

static bool
after_token(Request *request, json_t *result, GError **error)
{
    return write_agents_node(request, 200, result, error);
}

/* Gives no reason to a caller that may not be the machine. */
static bool
give_nothing(GError **error)
{
    return steel_fail(error, STEEL_ERROR_NOT_FOUND, "Resource could not be found.");
}

static Answer
not_found(GError **error)
{
    give_nothing(error);
    return ANSWER_FAILED;
}

Answer
ramdisk_lookup(Request *request, GError **error)
{
    static const char *const arguments[] = {"addresses", "node_uuid", NULL};
    if (!ramdisk_endpoints_enabled(error) || !request_only_arguments(request, arguments, error))
        return ANSWER_FAILED;
    const char *node_uuid = request_argument(request, "node_uuid");
    g_autoptr(GPtrArray) addresses = read_addresses(request_argument(request, "addresses"));
    if (node_uuid == NULL && addresses->len == 0) {
        steel_fail(error, STEEL_ERROR_MISSING,
                   "At least one of 'addresses' and 'node_uuid' parameters is required");
        return ANSWER_FAILED;
    }
    g_autofree char *uuid = g_strdup(node_uuid);
    bool ambiguous = false;
    g_auto(NodeBrief) node = {0};
    if (node_uuid == NULL &&
        !db_ports_node(request_db(request), (const char *const *)addresses->pdata, addresses->len,
                       &uuid, &ambiguous, error))
        return ANSWER_FAILED;
    if (uuid == NULL || ambiguous || !node_find(request, uuid, &node, NULL))
        return not_found(error);
    ProvisionState state =
        node.provision_state != NULL ? state_from_wire(node.provision_state) : STATE_NONE;
    /* the conductor knows whether an agent stays */
    bool expected =
        state != STATE_NONE && state_info(state)->flags & (STATE_LOOKUP | STATE_AGENT_MAY_STAY);
    if (config_boolean(config_current(), OPT_API_RESTRICT_LOOKUP) && !expected)
        return not_found(error);
    request->subject = g_strdup(node.uuid);
    return request_call(request, RPC_GET_AGENT_TOKEN, node.uuid, json_object(), after_token);
}

/* A member of a heartbeat, and the version that added it. An empty member counts as absent, except
 * a certificate. */
static bool
member_valid(const Request *request, const json_t *body, const char *member, unsigned since,
             GError **error)
{
    const json_t *value = json_object_get(body, member);
    if (value == NULL || json_is_null(value))
        return true;
    if (!json_is_string(value))
        return steel_fail(error, STEEL_ERROR_INVALID, "%s must be a string", member);
    bool given = !json_is_nothing(value) || strcmp(member, "agent_verify_ca") == 0;
    return !given || request->version >= since ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "%s exists from API version 1.%u, the request asks for 1.%u", member, since,
                      request->version);
}

static bool
heartbeat_valid(const Request *request, const json_t *body, GError **error)
{
    static const struct {
        const char *member;
        unsigned since;
    } members[] = {
        {"agent_version",        36},
        {"agent_token",          22}, /* agents send it with older versions too */
        {"agent_verify_ca",      68},
        {"agent_status",         72},
        {"agent_status_message", 72},
    };
    const char *url = json_string_member(body, "callback_url");
    if (url == NULL)
        return steel_fail(error, STEEL_ERROR_MISSING, "Missing mandatory parameter: callback_url");
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        if (!member_valid(request, body, members[i].member, members[i].since, error))
            return false;
    if (*url != '\0' && !g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://"))
        return steel_fail(error, STEEL_ERROR_INVALID, "callback_url must be an http or https URL");
    if (config_boolean(config_current(), OPT_AGENT_REQUIRE_TLS) &&
        !g_str_has_prefix(url, "https://"))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Heartbeat callback URL must be https ([agent]require_tls)");
    const char *status = json_string_member(body, "agent_status");
    if (status != NULL && strcmp(status, "start") != 0 && strcmp(status, "end") != 0 &&
        strcmp(status, "error") != 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "agent_status is start, end or error");
    return json_string_member(body, "agent_token") != NULL ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "Agent token is required for heartbeat processing.");
}

static bool
node_in_body(Request *request, const json_t *body, NodeBrief *node, GError **error)
{
    const char *ident = json_string_member(body, "node_ident");
    return ident != NULL
               ? node_find(request, ident, node, error)
               : steel_fail(error, STEEL_ERROR_MISSING, "Missing mandatory parameter: node_ident");
}

Answer
ramdisk_heartbeat(Request *request, GError **error)
{
    static const char *const members[] = {
        "callback_url", "agent_version",        "agent_token", "agent_verify_ca",
        "agent_status", "agent_status_message", NULL};
    static const char *const with_node[] = {
        "node_ident",      "callback_url", "agent_version",        "agent_token",
        "agent_verify_ca", "agent_status", "agent_status_message", NULL};
    g_auto(NodeBrief) node = {0};
    if (!ramdisk_endpoints_enabled(error))
        return ANSWER_FAILED;
    bool named = request->captures[0] != NULL;
    json_t *body = request_object(request, named ? members : with_node, error);
    if (body == NULL || !heartbeat_valid(request, body, error) ||
        !(named ? node_captured(request, &node, error) : node_in_body(request, body, &node, error)))
        return ANSWER_FAILED;
    json_object_del(body, "node_ident");
    return request_call(request, RPC_HEARTBEAT, node.uuid, json_incref(body), request_after_202);
}

static bool
number_valid(const json_t *body, const char *member, bool needed, GError **error)
{
    const json_t *value = json_object_get(body, member);
    if (!needed && (value == NULL || json_is_null(value)))
        return true;
    return (json_is_integer(value) && json_integer_value(value) >= 0) ||
           steel_fail(error, STEEL_ERROR_INVALID, "%s is a number of bytes", member);
}

static bool
progress_valid(const json_t *body, GError **error)
{
    const char *phase = json_string_member(body, "phase");
    if (phase == NULL || *phase == '\0' || strlen(phase) >= PROGRESS_PHASE_SIZE)
        return steel_fail(error, STEEL_ERROR_INVALID, "phase is a text of 1 to %d bytes",
                          PROGRESS_PHASE_SIZE - 1);
    if (json_string_member(body, "agent_token") == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "agent_token is missing");
    return number_valid(body, "bytes", true, error) && number_valid(body, "total", false, error);
}

Answer
ramdisk_progress(Request *request, GError **error)
{
    static const char *const members[] = {"agent_token", "phase", "bytes", "total", NULL};
    g_auto(NodeBrief) node = {0};
    if (!ramdisk_endpoints_enabled(error))
        return ANSWER_FAILED;
    json_t *body = request_object(request, members, error);
    if (body == NULL || !progress_valid(body, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_AGENT_PROGRESS, node.uuid, json_incref(body),
                        request_after_204);
}

/* ---- for people: what the agent logs ---- */

Answer
node_agent_log_get(Request *request, GError **error)
{
    static const char *const arguments[] = {"offset", NULL};
    g_auto(NodeBrief) node = {0};
    guint64 offset = 0;
    const char *text = request_argument(request, "offset");
    if (!request_only_arguments(request, arguments, error))
        return ANSWER_FAILED;
    if (text != NULL && !g_ascii_string_to_unsigned(text, 10, 0, INT64_MAX, &offset, NULL)) {
        steel_fail(error, STEEL_ERROR_INVALID, "offset is a number of bytes, not \"%.20s\"", text);
        return ANSWER_FAILED;
    }
    if (!node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_AGENT_LOG, node.uuid,
                        json_pack("{s:I}", "offset", (json_int_t)offset), request_after_200);
}

/* ---- inspection data ---- */

/* Agents of Ironic ask without a version; Ironic has it from 1.84 on, and as the inspector of old
 * at 1.1. */
enum { INSPECTION_DATA_SINCE = 84 };

static bool
version_has_inspection_data(const Request *request)
{
    return request->version == 1 || request->version >= INSPECTION_DATA_SINCE;
}

/* The valid addresses of an inventory's interfaces; NULL with INVALID if it is no inventory. */
static GPtrArray *
inventory_addresses(const json_t *inventory, GError **error)
{
    const json_t *interfaces = json_object_get(inventory, "interfaces");
    if (!json_is_object(inventory) || json_array_size(interfaces) == 0) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "\"inventory\" must be an object with at least one of \"interfaces\"");
        return NULL;
    }
    GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < json_array_size(interfaces) && addresses->len < DB_ADDRESS_LIMIT; i++) {
        const char *text = json_string_member(json_array_get(interfaces, i), "mac_address");
        char *address = text != NULL ? mac_address_normalize(text, NULL) : NULL;
        if (address != NULL)
            g_ptr_array_add(addresses, address);
    }
    return addresses;
}

static bool
after_inspection_data(Request *request, json_t *result, GError **error)
{
    if (request->version >= INSPECTION_DATA_SINCE) {
        g_free(request->subject);
        request->subject = g_strdup(json_string_member(result, "uuid"));
        return write_agents_node(request, 202, result, error);
    }
    request_answer_json(request, 202, result);
    return true;
}

/* Takes the inventory out of the body: the rest is what plug-ins of the agent have found. */
static Answer
send_inspection_data(Request *request, RpcMethod method, const char *node_uuid, json_t *body)
{
    json_t *inventory = json_incref(json_object_get(body, "inventory"));
    json_object_del(body, "inventory");
    json_t *arguments = json_pack("{s:o,s:O,s:s?,s:b}", "inventory", inventory, "plugin_data", body,
                                  "agent_token", request_argument(request, "agent_token"),
                                  "wants_token", request->version >= INSPECTION_DATA_SINCE);
    return request_call(request, method, node_uuid, arguments, after_inspection_data);
}

/* Nobody's machine. */
static Answer
take_unknown(Request *request, json_t *body, GError **error)
{
    if (!config_boolean(config_current(), OPT_AUTO_DISCOVERY_ENABLED))
        return not_found(error);
    return send_inspection_data(request, RPC_ENROLL_DISCOVERED, NULL, body);
}

/* The node that the request names, from 1.84 on. */
static bool
read_named_node(const Request *request, const char **named, GError **error)
{
    *named = request_argument(request, "node_uuid");
    if (*named == NULL)
        return true;
    if (request->version < INSPECTION_DATA_SINCE)
        return give_nothing(error);
    return uuid_valid(*named) ||
           steel_fail(error, STEEL_ERROR_INVALID, "Expected UUID for node_uuid: %.80s", *named);
}

/* The node that has the addresses. One that the request names must not have those of another. */
static bool
find_inspected(Request *request, const GPtrArray *addresses, const char *named, char **uuid,
               GError **error)
{
    bool ambiguous = false;
    if (!db_ports_node(request_db(request), (const char *const *)addresses->pdata, addresses->len,
                       uuid, &ambiguous, error))
        return false;
    if (*uuid == NULL)
        *uuid = g_strdup(named);
    bool other = named != NULL && g_ascii_strcasecmp(*uuid, named) != 0;
    return (!ambiguous && !other) || give_nothing(error);
}

Answer
ramdisk_continue_inspection(Request *request, GError **error)
{
    static const char *const arguments[] = {"agent_token", "node_uuid", NULL};
    const char *named = NULL;
    if (!ramdisk_endpoints_enabled(error))
        return ANSWER_FAILED;
    if (!version_has_inspection_data(request))
        return not_found(error);
    json_t *body =
        request_only_arguments(request, arguments, error) && read_named_node(request, &named, error)
            ? request_json(request, JSON_OBJECT, error)
            : NULL;
    if (body == NULL)
        return ANSWER_FAILED;
    g_autoptr(GPtrArray) addresses = inventory_addresses(json_object_get(body, "inventory"), error);
    if (addresses == NULL)
        return ANSWER_FAILED;
    if (addresses->len == 0 && named == NULL) {
        steel_fail(error, STEEL_ERROR_INVALID, "no interface of the inventory has a MAC address");
        return ANSWER_FAILED;
    }
    g_autofree char *uuid = NULL;
    g_auto(NodeBrief) node = {0};
    if (!find_inspected(request, addresses, named, &uuid, error))
        return ANSWER_FAILED;
    if (uuid == NULL)
        return take_unknown(request, body, error);
    if (!node_find(request, uuid, &node, NULL) ||
        g_strcmp0(node.provision_state, state_info(STATE_INSPECTWAIT)->wire) != 0)
        return not_found(error);
    return send_inspection_data(request, RPC_CONTINUE_INSPECTION, node.uuid, body);
}
