/* Calls to Cinder; the contract is in cinder.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/cinder.h"

#include "common/json_text.h"
#include "common/secret.h"

#include <string.h>

/* What Cinder shows as the place of the volume in its server; it wants one. Ironic's word. */
#define MOUNT_POINT "ironic_mountpoint"

/* "/volumes/<id>", encoded, with what follows; the caller frees. IDs that would leave the folder of
 * volumes are none. */
static char *
path_of(const char *volume_id, const char *rest, GError **error)
{
    if (*volume_id == '\0' || strcmp(volume_id, ".") == 0 || strcmp(volume_id, "..") == 0) {
        steel_fail(error, STEEL_ERROR_INVALID, "\"%s\" is no ID of a volume in Cinder", volume_id);
        return NULL;
    }
    g_autofree char *id = http_escape(volume_id);
    return g_strconcat("/volumes/", id, rest, NULL);
}

/* body: taken; NULL: a GET. verb: for errors, "the reservation". */
static bool
ask(const CinderCall *call, const char *verb, const char *rest, json_t *body,
    HttpResponse *response, GError **error)
{
    json_auto_t *owned = body;
    g_autofree char *path = path_of(call->volume_id, rest, error),
                    *what = g_strdup_printf("%s of volume %.100s", verb, call->volume_id),
                    *text = owned != NULL ? json_text_dump(owned) : NULL;
    const OpenstackCall asked = {.what = what,
                                 .method = owned != NULL ? "POST" : NULL,
                                 .path = path,
                                 .body = text,
                                 .request_id = call->request_id,
                                 .deadline_ms = call->deadline_ms};
    return path != NULL && openstack_ask(call->session, &asked, response, error);
}

/* One of the volume's actions. arguments: taken. */
static bool
act(const CinderCall *call, const char *verb, const char *action, json_t *arguments,
    HttpResponse *response, GError **error)
{
    return ask(call, verb, "/action", json_pack("{s:o}", action, arguments), response, error);
}

/* An action whose answer says nothing. */
static bool
act_only(const CinderCall *call, const char *verb, const char *action, json_t *arguments,
         GError **error)
{
    g_auto(HttpResponse) response = {0};
    return act(call, verb, action, arguments, &response, error);
}

static void
prefix_answer(const CinderCall *call, const char *verb, GError **error)
{
    g_prefix_error(error, "Cinder, %s of volume %.100s: ", verb, call->volume_id);
}

bool
cinder_volume_get(const CinderCall *call, CinderVolume *volume, GError **error)
{
    static const char verb[] = "a look at the state";
    g_auto(HttpResponse) response = {0};
    if (!ask(call, verb, "", NULL, &response, error))
        return false;
    if (cinder_volume_read(response.body, response.body_size, volume, error))
        return true;
    prefix_answer(call, verb, error);
    return false;
}

bool
cinder_reserve(const CinderCall *call, GError **error)
{
    return act_only(call, "the reservation", "os-reserve", json_object(), error);
}

bool
cinder_unreserve(const CinderCall *call, GError **error)
{
    return act_only(call, "the end of the reservation", "os-unreserve", json_object(), error);
}

static json_t *
with_connector(const json_t *connector)
{
    return json_pack("{s:o}", "connector", json_deep_copy(connector));
}

json_t *
cinder_initialize_connection(const CinderCall *call, const json_t *connector, GError **error)
{
    static const char verb[] = "the connection";
    g_auto(HttpResponse) response = {0};
    if (!act(call, verb, "os-initialize_connection", with_connector(connector), &response, error))
        return NULL;
    json_t *data = cinder_connection_read(response.body, response.body_size, error);
    if (response.body != NULL)
        secret_wipe(response.body, response.body_size);
    if (data == NULL)
        prefix_answer(call, verb, error);
    return data;
}

/* Since CVE-2023-2088 Cinder asks Nova before it takes a volume from a server, unless a service
 * wants it:
 * https://docs.openstack.org/cinder/latest/configuration/block-storage/service-token.html */
static bool
taken(bool done, GError **error)
{
    if (!done && error != NULL && steel_error_is(*error, STEEL_ERROR_CONFLICT)) {
        g_autofree char *said = g_steal_pointer(&(*error)->message);
        (*error)->message = g_strconcat(
            said, "; Cinder lets a service do it: set [service_user]send_service_user_token", NULL);
    }
    return done;
}

bool
cinder_terminate_connection(const CinderCall *call, const json_t *connector, GError **error)
{
    return taken(act_only(call, "the end of the connection", "os-terminate_connection",
                          with_connector(connector), error),
                 error);
}

bool
cinder_attach(const CinderCall *call, const char *server, GError **error)
{
    return act_only(call, "the attachment", "os-attach",
                    json_pack("{s:s,s:s,s:s}", "instance_uuid", server, "mountpoint", MOUNT_POINT,
                              "mode", "rw"),
                    error);
}

bool
cinder_begin_detaching(const CinderCall *call, GError **error)
{
    return act_only(call, "the beginning of the detachment", "os-begin_detaching", json_object(),
                    error);
}

bool
cinder_roll_detaching(const CinderCall *call, GError **error)
{
    return act_only(call, "the undoing of the detachment", "os-roll_detaching", json_object(),
                    error);
}

bool
cinder_detach(const CinderCall *call, const char *attachment_id, GError **error)
{
    return taken(act_only(call, "the detachment", "os-detach",
                          json_pack("{s:s}", "attachment_id", attachment_id), error),
                 error);
}

bool
cinder_set_metadata(const CinderCall *call, const char *key, const char *value, GError **error)
{
    g_auto(HttpResponse) response = {0};
    return ask(call, "a change of the metadata", "/metadata",
               json_pack("{s:{s:s}}", "metadata", key, value), &response, error);
}
