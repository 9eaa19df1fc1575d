/* Virtual media of a node by the API: what is in its drives, an image put in, and taken out again.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/virtual_media.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/time_text.h"
#include "conductor/notify.h"
#include "conductor/transition.h"
#include "conductor/verbs.h"
#include "drivers/management/attached_media.h"
#include "drivers/management/management.h"

/* For a BMC to tell what is in its drives. */
#define LOOK_MS 30000

/* To fetch an image, and for the BMC to take it. */
#define CHANGE_MS (60 * 60 * 1000)

static bool
validate(Task *task, GError **error)
{
    const Interface *management = &task->driver.management->interface;
    return management->validate == NULL || management->validate(task, error);
}

json_t *
verb_get_virtual_media(VerbCall *call, GError **error)
{
    Task *task = call->task;
    if (!validate(task, error))
        return NULL;
    task->deadline_ms = time_monotonic_ms() + LOOK_MS;
    json_t *media = management_get_virtual_media(task, error);
    return media != NULL ? json_pack("{s:o}", "media", media) : NULL;
}

static bool
attach(Task *task, const json_t *request, GError **error)
{
    const char *device = json_string_member(request, "device_type"),
               *source = json_string_member(request, "image_download_source");
    attached_media_release(task, device);
    char *url = attached_media_publish(task, device, json_string_member(request, "image_url"),
                                       source != NULL ? source : "local", error);
    g_autoptr(GError) cause = NULL;
    bool good = url != NULL && management_attach_virtual_media(task, device, url, &cause);
    if (cause != NULL) {
        virtual_media_hide_secrets(cause, url);
        g_propagate_error(error, g_steal_pointer(&cause));
    }
    secret_free(url);
    if (!good)
        attached_media_release(task, device);
    return good;
}

static bool
detach(Task *task, const json_t *request, GError **error)
{
    const json_t *named = json_object_get(request, "device_types"), *item;
    size_t index;
    if (json_array_size(named) == 0) {
        bool good = management_detach_virtual_media(task, NULL, error);
        attached_media_release(task, NULL);
        return good;
    }
    json_array_foreach(named, index, item)
    {
        const char *device = json_string_value(item);
        if (!management_detach_virtual_media(task, device, error))
            return false;
        attached_media_release(task, device);
    }
    return true;
}

static char *
failure(const Task *task, const json_t *request, const GError *cause)
{
    const char *device = json_string_member(request, "device_type");
    if (device != NULL)
        return g_strdup_printf("Could not attach device %s to node %s: %s", device,
                               task->node->uuid, cause->message);
    g_autofree char *devices = json_text_dump(json_object_get(request, "device_types"));
    return g_strdup_printf("Could not detach device(s) %s from node %s: %s",
                           devices != NULL ? devices : "None", task->node->uuid, cause->message);
}

static void
change_work(Task *task)
{
    g_autoptr(GError) error = NULL, save = NULL;
    json_auto_t *request = info_take_json(task->node, INFO_MEDIA_REQUEST);
    task->deadline_ms = time_monotonic_ms() + CHANGE_MS;
    bool good = json_string_member(request, "device_type") != NULL ? attach(task, request, &error)
                                                                   : detach(task, request, &error);
    if (!good) {
        g_autofree char *reason = failure(task, request, error);
        log_warning("conductor.media", "%s", reason);
        record_set_text(&task->node->last_error, reason);
        history_add(task, "ERROR", state_info(task_state(task))->history, reason);
    }
    if (!task_save(task, &save))
        log_error("conductor.media", "%s", save->message);
    task_release(task);
}

static json_t *
start(VerbCall *call, const char *what, GError **error)
{
    Task *task = call->task;
    g_autoptr(Node) before = node_copy(task->node);
    if (!validate(task, error))
        return NULL;
    if (task->node->maintenance && g_strcmp0(task->node->fault, "power failure") == 0) {
        steel_fail(error, STEEL_ERROR_NO_CONDUCTOR,
                   "Unable to %s virtual media for node %s due to power failure state", what,
                   task->node->uuid);
        return NULL;
    }
    record_set_text(&task->node->last_error, NULL);
    info_set_json(task->node, INFO_MEDIA_REQUEST, json_deep_copy(call->arguments));
    bool started =
        task_save(task, error) && task_spawn_or_revert(&call->task, before, change_work, error);
    return started ? json_object() : NULL;
}

json_t *
verb_attach_virtual_media(VerbCall *call, GError **error)
{
    return start(call, "attach", error);
}

json_t *
verb_detach_virtual_media(VerbCall *call, GError **error)
{
    return start(call, "detach", error);
}
