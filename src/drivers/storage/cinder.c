/* For volumes of Cinder: attached to the node before its machine boots from them, and detached
 * after it went off. One volume is cinder_volume.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/storage/storage.h"

#include "common/backoff.h"
#include "common/config.h"
#include "common/log.h"
#include "common/time_text.h"
#include "drivers/storage/cinder_validate.h"
#include "drivers/storage/cinder_volume.h"
#include "model/provision_states.h"

#include <string.h>

enum { UNDO_MS = 5 * 60 * 1000 }; /* for taking back what a failed attachment has done */

static bool
begin(Task *task, CinderWork *work, GError **error)
{
    work->task = task;
    work->deadline_ms = task->deadline_ms;
    work->session = openstack_service(task->services->openstack, OPENSTACK_CINDER, error);
    return work->session != NULL;
}

static bool
has_target(const GPtrArray *targets, const char *volume_id)
{
    for (guint i = 0; i < targets->len; i++)
        if (g_strcmp0(((const VolumeTarget *)targets->pdata[i])->volume_id, volume_id) == 0)
            return true;
    return false;
}

/* Volumes that are written down and are no target of the node any more; the caller frees. */
static GPtrArray *
orphans_of(Task *task, const GPtrArray *targets)
{
    GPtrArray *orphans = g_ptr_array_new_with_free_func(g_free);
    const char *volume_id;
    json_t *record;
    json_object_foreach((json_t *)(uintptr_t)cinder_volume_records(task->node), volume_id, record)
    {
        if (!has_target(targets, volume_id))
            g_ptr_array_add(orphans, g_strdup(volume_id));
    }
    return orphans;
}

/* Then the work is interrupted, and resumed later. */
static bool
is_of_database(const GError *cause)
{
    return steel_error_is(cause, STEEL_ERROR_DATABASE) ||
           steel_error_is(cause, STEEL_ERROR_DATABASE_BUSY) ||
           steel_error_is(cause, STEEL_ERROR_DATABASE_DAMAGED);
}

/* Other errors are what Ironic calls a StorageError. */
static bool
storage_error(const char *what, GError *cause, GError **error)
{
    if (!is_of_database(cause))
        cause->code = STEEL_ERROR_STORAGE;
    g_propagate_prefixed_error(error, cause, "%s: ", what);
    return false;
}

/* ---- detach ---- */

/* Keeps the first error. */
static void
keep_first(GError **kept, GError *cause)
{
    if (*kept == NULL)
        *kept = cause;
    else
        g_error_free(cause);
}

/* Strict: the first failure ends it. Lenient: each volume is tried. */
static bool
detach_once(const CinderWork *work, const GPtrArray *volumes, bool lenient, GError **error)
{
    GError *first = NULL;
    for (guint i = 0; i < volumes->len && (lenient || first == NULL); i++) {
        GError *cause = NULL;
        if (cinder_volume_detach(work, volumes->pdata[i], lenient, &cause))
            continue;
        log_warning("drivers.storage", "node %s: %s", work->task->node->uuid, cause->message);
        keep_first(&first, cause);
    }
    if (first != NULL)
        g_propagate_error(error, first);
    return first == NULL;
}

/* The node's volumes, those written down without a target last. */
static GPtrArray *
all_volumes(Task *task, const GPtrArray *targets)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) orphans = orphans_of(task, targets);
    for (guint i = 0; i < targets->len; i++)
        g_ptr_array_add(all, g_strdup(((const VolumeTarget *)targets->pdata[i])->volume_id));
    for (guint i = 0; i < orphans->len; i++)
        g_ptr_array_add(all, g_strdup(orphans->pdata[i]));
    return all;
}

/* An active node's machine is off whatever Cinder says, and its volumes are looked at again before
 * it comes on. A node that loses its instance must not keep them, so that is tried again. */
static bool
detach_all(const CinderWork *work, GError **error)
{
    const GPtrArray *targets = task_volume_targets(work->task, error);
    if (targets == NULL)
        return false;
    g_autoptr(GPtrArray) volumes = all_volumes(work->task, targets);
    bool active = state_from_wire(work->task->node->provision_state) == STATE_ACTIVE;
    int64_t retries = config_integer(config_current(), OPT_CINDER_ACTION_RETRIES);
    unsigned pause_ms =
        (unsigned)config_integer(config_current(), OPT_CINDER_ACTION_RETRY_INTERVAL) * 1000;
    Backoff backoff = {.pause_ms = pause_ms, .longest_ms = pause_ms, .limit_ms = work->deadline_ms};
    for (int64_t attempt = 0;; attempt++) {
        g_autoptr(GError) cause = NULL;
        bool lenient = active || (work->undo && attempt > 0);
        if (detach_once(work, volumes, lenient, &cause))
            return true;
        if (lenient || attempt >= retries || !backoff_pause(&backoff)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return false;
        }
    }
}

static bool
is_without_volumes(Task *task, const GPtrArray *targets)
{
    return targets->len == 0 && json_object_size(cinder_volume_records(task->node)) == 0;
}

static bool
cinder_storage_detach(Task *task, GError **error)
{
    CinderWork work = {0};
    GError *cause = NULL;
    const GPtrArray *targets = task_volume_targets(task, error);
    if (targets == NULL || is_without_volumes(task, targets))
        return targets != NULL;
    return (begin(task, &work, &cause) && detach_all(&work, &cause)) ||
           storage_error("Failed to detach the volumes", cause, error);
}

/* ---- attach ---- */

/* What another target has replaced goes back; a failure must not keep the machine off. */
static void
detach_orphans(const CinderWork *work, const GPtrArray *targets)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) orphans = orphans_of(work->task, targets);
    if (!detach_once(work, orphans, true, &error))
        log_warning("drivers.storage", "a volume that is no target any more stays attached");
}

static bool
attach_all(const CinderWork *work, const GPtrArray *targets, GError **error)
{
    json_auto_t *connector = cinder_volume_connector(work->task, error);
    bool good = connector != NULL;
    for (guint i = 0; good && i < targets->len; i++) {
        const VolumeTarget *target = targets->pdata[i];
        good = cinder_volume_attach(work, target->volume_id, connector, error);
    }
    return good;
}

/* The node has all of its volumes or none. */
static void
undo(CinderWork *work, const GError *cause)
{
    g_autoptr(GError) error = NULL;
    if (is_of_database(cause))
        return;
    work->deadline_ms = time_monotonic_ms() + UNDO_MS;
    work->undo = true;
    if (!detach_all(work, &error))
        log_warning("drivers.storage",
                    "node %s keeps a volume in Cinder until it is attached or undeployed again: %s",
                    work->task->node->uuid, error->message);
}

static bool
cinder_storage_attach(Task *task, GError **error)
{
    CinderWork work = {0};
    GError *cause = NULL;
    const GPtrArray *targets = task_volume_targets(task, error);
    if (targets == NULL || is_without_volumes(task, targets))
        return targets != NULL;
    if (!begin(task, &work, &cause))
        return storage_error("Failed to attach the volumes", cause, error);
    detach_orphans(&work, targets);
    if (targets->len == 0 || attach_all(&work, targets, &cause))
        return true;
    undo(&work, cause);
    return storage_error("Failed to attach the volumes", cause, error);
}

static bool
cinder_storage_follows_power(void)
{
    return config_boolean(config_current(), OPT_CINDER_TOGGLE_ATTACHMENTS_WITH_POWER);
}

const StorageOps storage_cinder = {
    .interface = {.name = "cinder", .validate = cinder_storage_validate},
    .attach = cinder_storage_attach,
    .detach = cinder_storage_detach,
    .should_write_image = storage_should_write_unless_volume,
    .follows_power = cinder_storage_follows_power,
    .gives_properties = true,
};
