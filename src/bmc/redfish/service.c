/* Firmware updates and event subscriptions; the contract is in service.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/service.h"

#include <string.h>

/* The document that the service root links by this name. */
static json_t *
service(const RedfishBmc *bmc, const char *name, GError **error)
{
    const char *root_path = bmc->target.root != NULL ? bmc->target.root : "/redfish/v1/";
    json_auto_t *root = redfish_get(bmc, root_path, error);
    if (root == NULL)
        return NULL;
    g_autofree char *path = redfish_link(root, name);
    if (path != NULL)
        return redfish_get(bmc, path, error);
    steel_fail(error, STEEL_ERROR_UNSUPPORTED, "the BMC has no %s", name);
    return NULL;
}

/* ---- updates ---- */

bool
redfish_update_begin(const RedfishBmc *bmc, const char *url, char **monitor, GError **error)
{
    static const char action[] = "#UpdateService.SimpleUpdate";
    json_auto_t *update = service(bmc, "UpdateService", error);
    g_autofree char *target = redfish_action_target(update, action);
    if (update == NULL)
        return false;
    if (target == NULL)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED, "the BMC has no action %s", action);
    const char *protocol = g_str_has_prefix(url, "https:") ? "HTTPS" : "HTTP";
    json_auto_t *body = json_pack("{s:s}", "ImageURI", url);
    if (redfish_action_allows(update, action, "TransferProtocol", protocol))
        json_object_set_new(body, "TransferProtocol", json_string(protocol));
    return redfish_request_begin(bmc, "POST", target, body, monitor, error);
}

/* ---- events ---- */

json_t *
redfish_event_service(const RedfishBmc *bmc, GError **error)
{
    return service(bmc, "EventService", error);
}

static char *
collection_path(const RedfishBmc *bmc, GError **error)
{
    json_auto_t *events = redfish_event_service(bmc, error);
    char *path = redfish_link(events, "Subscriptions");
    if (events != NULL && path == NULL)
        steel_fail(error, STEEL_ERROR_UNSUPPORTED, "the BMC's EventService has no Subscriptions");
    return path;
}

/* An Id is one word of a path. */
static char *
member_path(const RedfishBmc *bmc, const char *id, GError **error)
{
    g_autofree char *collection = collection_path(bmc, error);
    g_autofree char *word = g_uri_escape_string(id, NULL, FALSE);
    if (collection == NULL)
        return NULL;
    return g_strconcat(collection, g_str_has_suffix(collection, "/") ? "" : "/", word, NULL);
}

json_t *
redfish_subscriptions_get(const RedfishBmc *bmc, GError **error)
{
    g_autofree char *path = collection_path(bmc, error);
    return path != NULL ? redfish_get(bmc, path, error) : NULL;
}

json_t *
redfish_subscription_get(const RedfishBmc *bmc, const char *id, GError **error)
{
    g_autofree char *path = member_path(bmc, id, error);
    return path != NULL ? redfish_get(bmc, path, error) : NULL;
}

json_t *
redfish_subscription_create(const RedfishBmc *bmc, const json_t *payload, GError **error)
{
    g_auto(RedfishAnswer) answer = {0};
    g_autofree char *path = collection_path(bmc, error);
    if (path == NULL || !redfish_post(bmc, path, payload, &answer, error))
        return NULL;
    g_autofree char *location = redfish_path(answer.location);
    return location != NULL ? redfish_get(bmc, location, error)
                            : redfish_answer_document(&answer, error);
}

bool
redfish_subscription_delete(const RedfishBmc *bmc, const char *id, GError **error)
{
    g_autofree char *path = member_path(bmc, id, error);
    return path != NULL && redfish_delete(bmc, path, error);
}
