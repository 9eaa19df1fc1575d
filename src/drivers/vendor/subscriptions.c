/* Subscriptions to a BMC's events; the contract is in subscriptions.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/vendor/subscriptions.h"

#include "bmc/redfish/service.h"

#include <string.h>

/* Of a subscription, clients see what all BMCs have. */
static json_t *
common_fields(const json_t *subscription)
{
    static const char *const fields[] = {"Id", "Context", "Protocol", "Destination", "EventTypes"};
    json_t *common = json_object();
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        json_t *value = json_object_get(subscription, fields[i]);
        if (value != NULL)
            json_object_set(common, fields[i], value);
    }
    return common;
}

/* ---- create_subscription ---- */

static bool
has_text(const json_t *array, const char *text)
{
    const json_t *value;
    size_t i;
    json_array_foreach(array, i,
                       value) if (g_strcmp0(json_string_value(value), text) == 0) return true;
    return false;
}

/* BMCs that list no event types take any. */
static bool
check_types(const RedfishBmc *bmc, const json_t *types, GError **error)
{
    json_auto_t *events = redfish_event_service(bmc, error);
    const json_t *allowed = json_object_get(events, "EventTypesForSubscription"), *type;
    size_t i;
    if (events == NULL)
        return false;
    json_array_foreach(types, i, type)
    {
        if (json_is_string(type) &&
            (!json_is_array(allowed) || has_text(allowed, json_string_value(type))))
            continue;
        g_autofree char *known = json_text_dump(allowed);
        g_autofree char *given = json_text_dump(types);
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "EventTypes %.200s is not a valid value, allowed values %.500s", given,
                          known);
    }
    return true;
}

static bool
check_member(const json_t *arguments, const char *name, json_type type, const char *words,
             GError **error)
{
    const json_t *value = json_object_get(arguments, name);
    return value == NULL || json_typeof(value) == type ||
           (type == JSON_ARRAY && json_is_null(value)) ||
           steel_fail(error, STEEL_ERROR_INVALID, "%s must be %s", name, words);
}

static bool
check_destination(const char *url, GError **error)
{
    g_autoptr(GUri) uri = url != NULL ? g_uri_parse(url, G_URI_FLAGS_NONE, NULL) : NULL;
    const char *host = uri != NULL ? g_uri_get_host(uri) : NULL;
    return (host != NULL && *host != '\0') ||
           steel_fail(error, STEEL_ERROR_INVALID, "Destination %.200s is not a valid URI",
                      url != NULL ? url : "None");
}

bool
subscription_check(const json_t *arguments, GError **error)
{
    return check_member(arguments, "Context", JSON_STRING, "a string", error) &&
           check_member(arguments, "Protocol", JSON_STRING, "a string", error) &&
           check_member(arguments, "EventTypes", JSON_ARRAY, "a list of event types", error) &&
           check_member(arguments, "HttpHeaders", JSON_ARRAY, "a list of headers", error) &&
           check_destination(json_string_member(arguments, "Destination"), error);
}

static const char *
text_or(const json_t *arguments, const char *name, const char *otherwise)
{
    const char *text = json_string_member(arguments, name);
    return text != NULL ? text : otherwise;
}

static json_t *
payload_of(const json_t *arguments)
{
    json_t *types = json_object_get(arguments, "EventTypes");
    json_t *headers = json_object_get(arguments, "HttpHeaders");
    json_t *payload = json_pack(
        "{s:s, s:s, s:s, s:o}", "Destination", json_string_member(arguments, "Destination"),
        "Protocol", text_or(arguments, "Protocol", "Redfish"), "Context",
        text_or(arguments, "Context", ""), "EventTypes",
        json_is_array(types) ? json_incref(types) : json_pack("[s]", "Alert"));
    if (json_array_size(headers) > 0)
        json_object_set(payload, "HttpHeaders", headers);
    return payload;
}

json_t *
subscription_create(const RedfishBmc *bmc, const Node *node, const json_t *arguments,
                    GError **error)
{
    const json_t *types = json_object_get(arguments, "EventTypes");
    if (json_is_array(types) && !check_types(bmc, types, error))
        return NULL;
    json_auto_t *payload = payload_of(arguments);
    json_auto_t *made = redfish_subscription_create(bmc, payload, error);
    if (made != NULL)
        return common_fields(made);
    g_prefix_error(error, "Failed to create subscription on node %s. Error: ", node->uuid);
    return NULL;
}

/* ---- the others ---- */

bool
subscription_check_id(const json_t *arguments, GError **error)
{
    const char *id = json_string_member(arguments, "id");
    return (id != NULL && *id != '\0') ||
           steel_fail(error, STEEL_ERROR_INVALID, "id can't be None: name the subscription's Id");
}

json_t *
subscription_delete(const RedfishBmc *bmc, const Node *node, const json_t *arguments,
                    GError **error)
{
    const char *id = json_string_member(arguments, "id");
    if (redfish_subscription_delete(bmc, id, error))
        return json_null();
    g_prefix_error(
        error, "Redfish delete_subscription failed for subscription %.60s on node %s. Error: ", id,
        node->uuid);
    return NULL;
}

json_t *
subscription_get_all(const RedfishBmc *bmc, const Node *node, const json_t *arguments,
                     GError **error)
{
    (void)node, (void)arguments;
    return redfish_subscriptions_get(bmc, error);
}

json_t *
subscription_get(const RedfishBmc *bmc, const Node *node, const json_t *arguments, GError **error)
{
    (void)node;
    json_auto_t *subscription =
        redfish_subscription_get(bmc, json_string_member(arguments, "id"), error);
    return subscription != NULL ? common_fields(subscription) : NULL;
}
