/* The part of a task that drivers see; the contract is in task.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/task.h"

#include "common/config.h"
#include "common/log.h"
#include "common/time_text.h"
#include "common/uuid.h"
#include "db/nodes.h"
#include "db/records.h"
#include "db/timeline.h"
#include "model/internal_info.h"

#include <string.h>

Task *
task_new_without_driver(const DriverServices *services, Node *node)
{
    Task *task = g_new0(Task, 1);
    task->services = services;
    task->node = node;
    task->stored = node_copy(node);
    return task;
}

Task *
task_new(const DriverServices *services, Node *node, GError **error)
{
    Task *task = task_new_without_driver(services, node);
    if (registry_driver_set(services->registry, node, &task->driver, error))
        return task;
    task_free(task);
    return NULL;
}

void
task_forget_lists(Task *task)
{
    g_clear_pointer(&task->ports, g_ptr_array_unref);
    g_clear_pointer(&task->portgroups, g_ptr_array_unref);
    g_clear_pointer(&task->volume_connectors, g_ptr_array_unref);
    g_clear_pointer(&task->volume_targets, g_ptr_array_unref);
}

void
task_free(Task *task)
{
    if (task == NULL)
        return;
    task_forget_lists(task);
    node_free(task->node);
    node_free(task->stored);
    g_free(task->purpose);
    g_free(task->request_id);
    g_free(task->user_id);
    g_free(task->project_id);
    g_free(task->global_request_id);
    g_free(task);
}

const char *
task_request_told(const Task *task)
{
    return task->global_request_id != NULL ? task->global_request_id : task->request_id;
}

/* [DEFAULT]log_in_db_max_size, in characters. */
static void
limit_text(char **text)
{
    glong most = (glong)config_integer(config_current(), OPT_LOG_IN_DB_MAX_SIZE);
    if (*text != NULL && g_utf8_strlen(*text, -1) > most)
        *g_utf8_offset_to_pointer(*text, most) = '\0';
}

static void
limit_texts(Node *node)
{
    limit_text(&node->last_error);
    limit_text(&node->maintenance_reason);
}

/* What was written is what is stored now. */
static bool
saved(Task *task)
{
    node_free(task->stored);
    task->stored = node_copy(task->node);
    return true;
}

bool
task_save(Task *task, GError **error)
{
    limit_texts(task->node);
    return db_node_save(task->services->db, task->node, task->stored, error) && saved(task);
}

bool
task_save_held(Task *task, const char *lease, GError **error)
{
    limit_texts(task->node);
    return db_node_save_held(task->services->db, task->node, task->stored, lease, error) &&
           saved(task);
}

bool
task_reload(Task *task, GError **error)
{
    Node *node =
        db_record_find(task->services->db, &node_resource, "uuid", task->node->uuid, error);
    if (node == NULL)
        return false;
    if (task->exclusive &&
        g_strcmp0(node->reservation_lease, task->stored->reservation_lease) != 0) {
        node_free(node);
        return db_node_lock_lost(task->stored, error);
    }
    node_free(task->node);
    node_free(task->stored);
    task->node = node;
    task->stored = node_copy(node);
    return true;
}

bool
task_may_act(const Task *task, GError **error)
{
    const TaskLeaseLeft lease_left_ms = task->services->lease_left_ms;
    int64_t left = task->exclusive && lease_left_ms != NULL ? lease_left_ms(task) : INT64_MAX;
    return left > 0 ||
           steel_fail(error, STEEL_ERROR_LEASE_LOST,
                      "the lease of this conductor has run out: another one may have taken node %s "
                      "over, so nothing more is done to its machine from here",
                      task->node->uuid);
}

void
task_notify(const Task *task, const char *action, const char *status, json_t *extra)
{
    if (task->services->notify != NULL)
        task->services->notify(task, action, status, extra);
    else
        json_decref(extra);
}

static GPtrArray *
list_of_node(Task *task, GPtrArray **list, const Resource *resource, const char *order,
             GError **error)
{
    if (*list == NULL)
        *list = db_records_of_node(task->services->db, resource, task->node->uuid, order, error);
    return *list;
}

GPtrArray *
task_ports(Task *task, GError **error)
{
    return list_of_node(task, &task->ports, &port_resource, NULL, error);
}

GPtrArray *
task_portgroups(Task *task, GError **error)
{
    return list_of_node(task, &task->portgroups, &portgroup_resource, NULL, error);
}

GPtrArray *
task_volume_connectors(Task *task, GError **error)
{
    return list_of_node(task, &task->volume_connectors, &volume_connector_resource, NULL, error);
}

GPtrArray *
task_volume_targets(Task *task, GError **error)
{
    return list_of_node(task, &task->volume_targets, &volume_target_resource, "boot_index", error);
}

const char *
task_driver_info(const Task *task, const char *key)
{
    return json_string_member(task->node->driver_info, key);
}

unsigned
task_time_left_ms(const Task *task, unsigned most)
{
    if (task->deadline_ms == 0)
        return most;
    int64_t left = task->deadline_ms - time_monotonic_ms();
    return (unsigned)CLAMP(left, 1, (int64_t)most);
}

static void
warn_unrecorded(const GError *error)
{
    log_warning("drivers.task", "the timeline could not be written: %s", error->message);
}

void
task_operation_begin(Task *task, const char *operation)
{
    char uuid[UUID_TEXT_SIZE];
    info_set_json(task->node, INFO_OPERATION, json_pack("{s:s}", "name", operation));
    record_set_text(&task->node->operation_uuid, uuid_generate(uuid));
}

void
task_phase_begin(Task *task, const char *phase, const char *detail)
{
    char now[TIME_TEXT_SIZE], uuid[UUID_TEXT_SIZE];
    task_phase_end(task, "ok", NULL);
    if (task->node->operation_uuid == NULL)
        return;
    const char *name = json_string_member(info_json(task->node, INFO_OPERATION), "name");
    g_autoptr(TimelinePhase) row = timeline_phase_new();
    row->uuid = g_strdup(uuid_generate(uuid));
    row->node_uuid = g_strdup(task->node->uuid);
    row->operation_uuid = g_strdup(task->node->operation_uuid);
    row->operation = g_strdup(name != NULL ? name : "operation");
    row->phase = g_strdup(phase);
    row->detail = g_strdup(detail);
    row->started_at = g_strdup(time_text_ms(time_now_ms(), now));
    g_autoptr(GError) error = NULL;
    if (!db_record_insert(task->services->db, &timeline_phase_resource, row, &error))
        warn_unrecorded(error);
}

/* What the agent has last said of its progress belongs to the phase that ends. It may not have said
 * the last of it: a phase that ends well has moved all. */
static void
keep_progress(Task *task, bool good)
{
    g_autoptr(GError) error = NULL;
    ProgressState state;
    if (task->services->progress != NULL &&
        progress_board_take(task->services->progress, task->node->uuid, &state) &&
        state.bytes > 0 &&
        !db_phases_moved(task->services->db, task->node->uuid, task->node->operation_uuid,
                         good ? MAX(state.bytes, state.total) : state.bytes, state.total, &error))
        warn_unrecorded(error);
}

void
task_phase_end(Task *task, const char *result, const char *detail)
{
    g_autoptr(GError) error = NULL;
    if (task->node->operation_uuid == NULL)
        return;
    keep_progress(task, strcmp(result, "ok") == 0);
    if (!db_phases_end(task->services->db, task->node->uuid, task->node->operation_uuid, result,
                       detail, &error))
        warn_unrecorded(error);
}

void
task_phase_note(Task *task, const char *detail)
{
    g_autoptr(GError) error = NULL;
    if (task->node->operation_uuid != NULL &&
        !db_phases_note(task->services->db, task->node->uuid, task->node->operation_uuid, detail,
                        &error))
        warn_unrecorded(error);
}

void
task_operation_end(Task *task, const char *result, const char *detail)
{
    task_phase_end(task, result, detail);
    info_remove(task->node, INFO_OPERATION);
    record_set_text(&task->node->operation_uuid, NULL);
}
