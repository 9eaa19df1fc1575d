/* Attachments of volumes in Cinder; the contract is in cinder_volume.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/storage/cinder_volume.h"

#include "common/json_text.h"
#include "common/log.h"
#include "common/time_text.h"
#include "db/records.h"
#include "drivers/storage/boot_option.h"
#include "model/internal_info.h"
#include "netboot/fc_volume.h"
#include "netboot/iscsi_volume.h"

#include <string.h>

static const char attaching[] = "attaching", attached[] = "attached", detaching[] = "detaching";

static CinderCall
call_of(const CinderWork *work, const char *volume_id)
{
    return (CinderCall){.session = work->session,
                        .volume_id = volume_id,
                        .request_id = task_request_told(work->task),
                        .deadline_ms = work->deadline_ms};
}

/* ---- what is written down ---- */

const json_t *
cinder_volume_records(const Node *node)
{
    return info_json(node, INFO_CINDER_ATTACHMENTS);
}

static const json_t *
record_of(const Node *node, const char *volume_id)
{
    return json_object_get(cinder_volume_records(node), volume_id);
}

static bool
is_at(const Node *node, const char *volume_id, const char *step)
{
    return g_strcmp0(json_string_member(record_of(node, volume_id), "step"), step) == 0;
}

/* record: taken; NULL removes it. */
static bool
write_down(const CinderWork *work, const char *volume_id, json_t *record, GError **error)
{
    Node *node = work->task->node;
    json_t *all = json_deep_copy(cinder_volume_records(node));
    if (all == NULL)
        all = json_object();
    if (record != NULL)
        json_object_set_new(all, volume_id, record);
    else
        json_object_del(all, volume_id);
    if (json_object_size(all) > 0) {
        info_set_json(node, INFO_CINDER_ATTACHMENTS, all);
    } else {
        json_decref(all);
        info_remove(node, INFO_CINDER_ATTACHMENTS);
    }
    return task_save(work->task, error);
}

static bool
write_step(const CinderWork *work, const char *volume_id, const char *step, const char *server,
           const json_t *connector, GError **error)
{
    json_t *record = json_pack("{s:s,s:s,s:o}", "step", step, "server", server, "connector",
                               json_deep_copy(connector));
    return write_down(work, volume_id, record, error);
}

/* Whose the node's volumes are: its instance's, or its own. */
static const char *
server_of(const Node *node)
{
    return node->instance_uuid != NULL ? node->instance_uuid : node->uuid;
}

/* The node's attachment; NULL: it has none. */
static const CinderAttachment *
own_attachment(const Node *node, const char *volume_id, const CinderVolume *volume)
{
    const char *written = json_string_member(record_of(node, volume_id), "server");
    for (guint i = 0; i < volume->attachments->len; i++) {
        const CinderAttachment *attachment = volume->attachments->pdata[i];
        if (strcmp(attachment->server, node->uuid) == 0 ||
            g_strcmp0(attachment->server, node->instance_uuid) == 0 ||
            g_strcmp0(attachment->server, written) == 0)
            return attachment;
    }
    return NULL;
}

/* For people who look at the volume in Cinder. */
static void
tell_metadata(const CinderWork *work, const char *volume_id, const char *action)
{
    char now[TIME_TEXT_SIZE];
    g_autoptr(GError) error = NULL;
    const Node *node = work->task->node;
    const CinderCall call = call_of(work, volume_id);
    g_autofree char *key = g_strdup_printf("ironic_node_%s", node->uuid);
    json_auto_t *value = json_pack("{s:s,s:s,s:s}", "instance_uuid", server_of(node), "last_seen",
                                   time_text_ms(time_now_ms(), now), "last_action", action);
    g_autofree char *text = json_text_dump(value);
    if (!cinder_set_metadata(&call, key, text, &error))
        log_warning("drivers.storage", "%s", error->message);
}

/* ---- the connector ---- */

static void
add_to_list(json_t *connector, const char *key, const char *id)
{
    json_t *list = json_object_get(connector, key);
    if (list == NULL)
        json_object_set_new(connector, key, list = json_array());
    json_array_append_new(list, json_string(id));
}

/* False: it says nothing that Cinder understands. Parts of the type count, as Ironic has it: a
 * second iqn or ip is one of these. */
static bool
add_connector(json_t *connector, const VolumeConnector *row, bool *valid)
{
    const char *type = row->type != NULL ? row->type : "";
    if (strstr(type, "iqn") != NULL && json_object_get(connector, "initiator") == NULL)
        json_object_set_new(connector, "initiator", json_string(row->connector_id));
    else if (strstr(type, "ip") != NULL && json_object_get(connector, "ip") == NULL)
        return json_object_set_new(connector, "ip", json_string(row->connector_id)) == 0;
    else if (strstr(type, "wwpn") != NULL)
        add_to_list(connector, "wwpns", row->connector_id);
    else if (strstr(type, "wwnn") != NULL)
        add_to_list(connector, "wwnns", row->connector_id);
    else
        return false;
    *valid = true;
    return true;
}

json_t *
cinder_volume_connector(Task *task, GError **error)
{
    const GPtrArray *rows = task_volume_connectors(task, error);
    if (rows == NULL)
        return NULL;
    bool valid = false;
    json_auto_t *connector = json_object();
    for (guint i = 0; i < rows->len; i++) {
        const VolumeConnector *row = rows->pdata[i];
        if (row->connector_id != NULL && !add_connector(connector, row, &valid))
            log_warning("drivers.storage",
                        "volume connector %s of node %s is not told to Cinder: its type %s is not "
                        "known, or there is another one",
                        row->uuid, task->node->uuid, row->type);
    }
    if (!valid) {
        steel_fail(error, STEEL_ERROR_STORAGE,
                   "the node has no volume connector of type iqn, wwpn or wwnn, by which Cinder "
                   "knows its machine; create one with: steel volume connector create --node %s "
                   "--type iqn --connector-id <name>",
                   task->node->uuid);
        return NULL;
    }
    json_object_set_new(connector, "host", json_string(task->node->uuid));
    if (rows->len > 1)
        json_object_set_new(connector, "multipath", json_true());
    return json_incref(connector);
}

/* ---- properties of the targets ---- */

/* What Cinder does not know of, and the operator has said. */
static void
keep_own(const json_t *before, json_t *properties)
{
    static const char *const keys[] = {"config_drive", "wwn", "serial"};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        json_t *value = json_object_get(before, keys[i]);
        if (value != NULL && json_object_get(properties, keys[i]) == NULL)
            json_object_set(properties, keys[i], value);
    }
}

static bool
store_properties(const CinderWork *work, VolumeTarget *target, const json_t *data, GError **error)
{
    g_autoptr(VolumeTarget) before = volume_target_copy(target);
    json_t *properties = json_deep_copy(data);
    if (json_object_get(properties, "volume_id") == NULL)
        json_object_set_new(properties, "volume_id", json_string(target->volume_id));
    json_object_set_new(properties, "ironic_volume_uuid", json_string(target->volume_id));
    keep_own(before->properties, properties);
    json_decref(target->properties);
    target->properties = properties;
    return db_record_save(work->task->services->db, &volume_target_resource, target, before, error);
}

/* Each target of the node with this volume. Another node's have their own connection. */
static bool
store_all(const CinderWork *work, const char *volume_id, const json_t *data, GError **error)
{
    const GPtrArray *targets = task_volume_targets(work->task, error);
    bool good = targets != NULL;
    for (guint i = 0; good && i < targets->len; i++) {
        VolumeTarget *target = targets->pdata[i];
        if (g_strcmp0(target->volume_id, volume_id) == 0)
            good = store_properties(work, target, data, error);
    }
    return good;
}

/* A machine would report an unusable connection on its screen only. An adapter needs none. */
static bool
is_usable(const CinderWork *work, const VolumeTarget *target, const json_t *data, GError **error)
{
    if (boot_option_of(work->task) == BOOT_OPTION_HBA)
        return true;
    if (g_strcmp0(target->volume_type, "fibre_channel") == 0) {
        g_auto(GStrv) uris = fc_volume_uris(data, error);
        return uris != NULL;
    }
    g_autoptr(IscsiVolume) volume = iscsi_volume_read(data, error);
    return volume != NULL;
}

static bool
check_usable(const CinderWork *work, const char *volume_id, const json_t *data, GError **error)
{
    const GPtrArray *targets = task_volume_targets(work->task, error);
    if (targets == NULL)
        return false;
    for (guint i = 0; i < targets->len; i++) {
        const VolumeTarget *target = targets->pdata[i];
        g_autoptr(GError) cause = NULL;
        if (g_strcmp0(target->volume_id, volume_id) == 0 && !is_usable(work, target, data, &cause))
            return steel_fail(error, STEEL_ERROR_STORAGE,
                              "Cinder's connection of volume %s cannot be used as %s: %s",
                              volume_id, target->volume_type, cause->message);
    }
    return true;
}

/* ---- detach ---- */

/* Ends the export of a volume to the machine. */
static bool
disconnect(const CinderWork *work, const char *volume_id, GError **error)
{
    const CinderCall call = call_of(work, volume_id);
    const json_t *written = json_object_get(record_of(work->task->node, volume_id), "connector");
    json_auto_t *own = written == NULL ? cinder_volume_connector(work->task, error) : NULL;
    const json_t *connector = written != NULL ? written : own;
    return connector != NULL && cinder_terminate_connection(&call, connector, error);
}

/* A volume that cannot be disconnected is in use. */
static void
roll_back(const CinderWork *work, const char *volume_id)
{
    g_autoptr(GError) error = NULL;
    const CinderCall call = call_of(work, volume_id);
    if (!cinder_roll_detaching(&call, &error))
        log_warning("drivers.storage", "volume %s stays in detachment: %s", volume_id,
                    error->message);
}

static bool
begin_detaching(const CinderWork *work, const char *volume_id, const CinderVolume *volume,
                bool lenient, GError **error)
{
    g_autoptr(GError) cause = NULL;
    const CinderCall call = call_of(work, volume_id);
    if (strcmp(volume->status, detaching) == 0 || cinder_begin_detaching(&call, &cause))
        return true;
    if (lenient) {
        log_warning("drivers.storage", "%s", cause->message);
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool
detach_attached(const CinderWork *work, const char *volume_id, const CinderVolume *volume,
                const CinderAttachment *attachment, bool lenient, GError **error)
{
    const CinderCall call = call_of(work, volume_id);
    json_auto_t *connector =
        json_deep_copy(json_object_get(record_of(work->task->node, volume_id), "connector"));
    if (connector == NULL)
        connector = cinder_volume_connector(work->task, error);
    if (connector == NULL ||
        !write_step(work, volume_id, detaching, attachment->server, connector, error) ||
        !begin_detaching(work, volume_id, volume, lenient, error))
        return false;
    if (!disconnect(work, volume_id, error)) {
        roll_back(work, volume_id);
        return false;
    }
    if (!cinder_detach(&call, attachment->id, error) || !write_down(work, volume_id, NULL, error))
        return false;
    tell_metadata(work, volume_id, "detached");
    return true;
}

/* What a try to attach has left: a reservation, and maybe an export. */
static bool
end_reservation(const CinderWork *work, const char *volume_id, GError **error)
{
    g_autoptr(GError) cause = NULL;
    const CinderCall call = call_of(work, volume_id);
    if (!disconnect(work, volume_id, &cause))
        log_warning("drivers.storage", "%s", cause->message);
    return cinder_unreserve(&call, error);
}

static bool
forget(const CinderWork *work, const char *volume_id, GError **error)
{
    return record_of(work->task->node, volume_id) == NULL ||
           write_down(work, volume_id, NULL, error);
}

/* What is not there cannot be attached. */
static bool
forget_gone(const CinderWork *work, const char *volume_id, const GError *cause, GError **error)
{
    log_warning("drivers.storage", "node %s: volume %s is taken as detached: %s",
                work->task->node->uuid, volume_id, cause->message);
    return forget(work, volume_id, error);
}

bool
cinder_volume_detach(const CinderWork *work, const char *volume_id, bool lenient, GError **error)
{
    g_auto(CinderVolume) volume = {0};
    g_autoptr(GError) cause = NULL;
    const Node *node = work->task->node;
    const CinderCall call = call_of(work, volume_id);
    if (!cinder_volume_get(&call, &volume, &cause)) {
        if (steel_error_is(cause, STEEL_ERROR_NOT_FOUND))
            return forget_gone(work, volume_id, cause, error);
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    const CinderAttachment *attachment = own_attachment(node, volume_id, &volume);
    if (attachment != NULL)
        return detach_attached(work, volume_id, &volume, attachment, lenient, error);
    bool begun = is_at(node, volume_id, attaching), ended = false;
    if (begun && strcmp(volume.status, attaching) == 0) {
        if (!end_reservation(work, volume_id, error))
            return false;
        ended = true;
    }
    return (work->undo && begun && !ended) || forget(work, volume_id, error);
}

/* ---- attach ---- */

/* Checked before the reservation: Cinder gives a volume that allows several attachments to every
 * caller, and its own refusal does not say who has it. */
static bool
check_free(const char *volume_id, const CinderVolume *volume, GError **error)
{
    const char *server = volume->attachments->len > 0
                             ? ((CinderAttachment *)volume->attachments->pdata[0])->server
                             : "another";
    bool in_use = strcmp(volume->status, "in-use") == 0;
    if (strcmp(volume->status, "available") == 0 || (in_use && volume->multiattach))
        return true;
    if (in_use)
        return steel_fail(error, STEEL_ERROR_STORAGE,
                          "volume %s is in use by %s and does not allow several attachments "
                          "(multiattach); detach it there, or take another volume",
                          volume_id, server);
    return steel_fail(error, STEEL_ERROR_STORAGE,
                      "volume %s is %s in Cinder, and can be attached when it is available",
                      volume_id, volume->status);
}

/* Reserves the volume. A refusal leaves nothing behind; of other failures nobody knows. */
static bool
reserve(const CinderWork *work, const char *volume_id, const json_t *connector, GError **error)
{
    g_autoptr(GError) cause = NULL;
    const Node *node = work->task->node;
    const CinderCall call = call_of(work, volume_id);
    if (!write_step(work, volume_id, attaching, server_of(node), connector, error))
        return false;
    if (cinder_reserve(&call, &cause))
        return true;
    bool unknown =
        steel_error_is(cause, STEEL_ERROR_HTTP) || steel_error_is(cause, STEEL_ERROR_TIMEOUT);
    g_autoptr(GError) unsaved = NULL;
    if (!unknown && !write_down(work, volume_id, NULL, &unsaved))
        log_warning("drivers.storage", "%s", unsaved->message);
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

/* From a reservation, or an attachment whose connection was not stored (`own`; else NULL), to an
 * attached volume. */
static bool
connect_volume(const CinderWork *work, const char *volume_id, const json_t *connector,
               const CinderAttachment *own, GError **error)
{
    const char *server = own != NULL ? own->server : server_of(work->task->node);
    const CinderCall call = call_of(work, volume_id);
    json_auto_t *data = cinder_initialize_connection(&call, connector, error);
    if (data == NULL || !check_usable(work, volume_id, data, error) ||
        (own == NULL && !cinder_attach(&call, server, error)) ||
        !store_all(work, volume_id, data, error) ||
        !write_step(work, volume_id, attached, server, connector, error))
        return false;
    tell_metadata(work, volume_id, attached);
    return true;
}

/* Continues what a process that died has begun. */
static bool
attach_looked_at(const CinderWork *work, const char *volume_id, const CinderVolume *volume,
                 const json_t *connector, GError **error)
{
    const Node *node = work->task->node;
    const CinderAttachment *own = own_attachment(node, volume_id, volume);
    bool begun = is_at(node, volume_id, attaching);
    if (own != NULL && !begun)
        return true;
    bool reserved = begun && strcmp(volume->status, attaching) == 0;
    if (own == NULL && !reserved &&
        (!check_free(volume_id, volume, error) || !reserve(work, volume_id, connector, error)))
        return false;
    return connect_volume(work, volume_id, connector, own, error);
}

bool
cinder_volume_attach(const CinderWork *work, const char *volume_id, const json_t *connector,
                     GError **error)
{
    g_auto(CinderVolume) volume = {0};
    const CinderCall call = call_of(work, volume_id);
    if (is_at(work->task->node, volume_id, detaching) &&
        !cinder_volume_detach(work, volume_id, false, error))
        return false;
    return cinder_volume_get(&call, &volume, error) &&
           attach_looked_at(work, volume_id, &volume, connector, error);
}
