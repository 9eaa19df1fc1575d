/* RAID volumes over Redfish. What a step has to do is kept with the node: volumes to delete,
 * volumes to make, and the BMC's tasks. A controller that changes on a reset only gets one change
 * at a time, and the machine starts again for each.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/raid/raid_steps.h"

#include "common/log.h"
#include "common/steady.h"
#include "drivers/bmc_step.h"
#include "drivers/node_agent.h"
#include "drivers/raid/raid_plan.h"
#include "drivers/redfish_node.h"
#include "model/internal_info.h"

#include <string.h>

#define AREA "drivers.redfish"
#define GIB (INT64_C(1) << 30)

/* The visit of one call of the step. */
typedef struct RaidWork {
    Task *task;
    RedfishVisit visit;
    RedfishStorages storages;
    json_t *state; /* owned: INFO_RAID_CONFIGS */
    bool reboot;   /* what was asked for holds after a reset */
} RaidWork;

static void
work_clear(RaidWork *work)
{
    redfish_storages_clear(&work->storages);
    redfish_visit_clear(&work->visit);
    json_decref(work->state);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RaidWork, work_clear)

static bool
work_begin(RaidWork *work, Task *task, GError **error)
{
    work->task = task;
    return redfish_visit_begin(task, &work->visit, error) &&
           redfish_storages_read(&work->visit.bmc, &work->visit.system, &work->storages, error);
}

static const RedfishStorage *
controller_of(const RaidWork *work, unsigned index)
{
    return work->storages.controllers->pdata[index];
}

/* ---- what is there ---- */

static json_t *
describe_volume(const RaidWork *work, const RedfishVolume *volume)
{
    return json_pack("{s:s, s:s*, s:s, s:I, s:s}", "id", volume->id, "name", volume->name,
                     "controller", controller_of(work, volume->storage)->id, "size_gb",
                     (json_int_t)(volume->bytes / GIB), "raid_level",
                     raid_level_of_type(volume->raid_type));
}

/* What the node's raid_config says. */
static bool
store_config(RaidWork *work, GError **error)
{
    json_t *disks = json_array();
    for (guint i = 0; i < work->storages.volumes->len; i++) {
        const RedfishVolume *volume = work->storages.volumes->pdata[i];
        if (volume->raid_type != NULL && raid_level_of_type(volume->raid_type) != NULL)
            json_array_append_new(disks, describe_volume(work, volume));
        else
            log_info(AREA, "volume %s of node %s is left out of its raid_config: RAID type %s",
                     volume->path, work->task->node->uuid,
                     volume->raid_type != NULL ? volume->raid_type : "not told");
    }
    return raid_config_store(work->task, disks, error);
}

/* ---- one round of requests ---- */

/* Notes the task of a request; saved at once, so that nothing is asked for twice. */
static bool
note_request(RaidWork *work, char *monitor, const char *apply_time, GError **error)
{
    if (monitor != NULL) {
        json_array_append_new(json_object_get(work->state, "monitors"), json_string(monitor));
        work->reboot |= g_strcmp0(apply_time, "Immediate") != 0;
    }
    g_free(monitor);
    info_set_json(work->task->node, INFO_RAID_CONFIGS, json_deep_copy(work->state));
    return task_save(work->task, error);
}

static bool
has_text(const json_t *array, const char *text)
{
    const json_t *value;
    size_t i;
    json_array_foreach(array, i,
                       value) if (g_strcmp0(json_string_value(value), text) == 0) return true;
    return false;
}

static bool
delete_volume(RaidWork *work, const RedfishVolume *volume, const char *apply_time, GError **error)
{
    char *monitor = NULL;
    json_t *deleted = json_object_get(work->state, "deleted");
    if (has_text(deleted, volume->path))
        return steel_fail(error, STEEL_ERROR_BMC_REFUSED,
                          "volume %s is still there after its deletion", volume->path);
    if (!redfish_volume_delete(&work->visit.bmc, volume->path, apply_time, &monitor, error)) {
        g_prefix_error(error, "deleting volume %s: ", volume->path);
        return false;
    }
    json_array_append_new(deleted, json_string(volume->path));
    return note_request(work, monitor, apply_time, error);
}

/* *more: there was something to delete. */
static bool
delete_round(RaidWork *work, bool *more, GError **error)
{
    g_autofree bool *busy = g_new0(bool, work->storages.controllers->len + 1);
    for (guint i = 0; i < work->storages.volumes->len; i++) {
        const RedfishVolume *volume = work->storages.volumes->pdata[i];
        const char *apply_time = controller_of(work, volume->storage)->apply_time;
        size_t tasks = json_array_size(json_object_get(work->state, "monitors"));
        if (volume->raid_type == NULL || busy[volume->storage])
            continue;
        if (!delete_volume(work, volume, apply_time, error))
            return false;
        *more = true;
        busy[volume->storage] = json_array_size(json_object_get(work->state, "monitors")) > tasks;
    }
    return true;
}

static bool
create_volume(RaidWork *work, const json_t *row, GError **error)
{
    char *monitor = NULL;
    const char *apply_time = json_string_member(row, "apply_time");
    if (redfish_volume_create(&work->visit.bmc, json_string_member(row, "path"),
                              json_object_get(row, "body"), apply_time, &monitor, error))
        return note_request(work, monitor, apply_time, error);
    g_autofree char *text = json_text_dump(json_object_get(row, "body"));
    g_prefix_error(error, "making the volume %.300s: ", text);
    return false;
}

/* The rows that are left are those of controllers that are busy with another. */
static bool
create_round(RaidWork *work, bool *more, GError **error)
{
    json_t *rows = json_object_get(work->state, "create");
    json_t *monitors = json_object_get(work->state, "monitors");
    json_auto_t *busy = json_object();
    for (size_t i = 0; i < json_array_size(rows);) {
        json_auto_t *row = json_incref(json_array_get(rows, i));
        const char *path = json_string_member(row, "path");
        size_t tasks = json_array_size(monitors);
        *more = true;
        if (json_object_get(busy, path) != NULL) {
            i++;
            continue;
        }
        json_array_remove(rows, i);
        if (!create_volume(work, row, error))
            return false;
        if (json_array_size(monitors) > tasks)
            json_object_set_new(busy, path, json_true());
    }
    return true;
}

/* ---- tasks ---- */

/* Forgets the tasks that have ended. False: one has ended badly, or cannot be asked. */
static bool
look_at_tasks(RaidWork *work, GError **error)
{
    json_t *monitors = json_object_get(work->state, "monitors");
    for (size_t i = 0; i < json_array_size(monitors);) {
        bool done = false;
        const char *monitor = json_string_value(json_array_get(monitors, i));
        if (!redfish_task_look(&work->visit.bmc, monitor, &done, error))
            return false;
        if (done)
            json_array_remove(monitors, i);
        else
            i++;
    }
    return true;
}

static StepOutcome
look_later(RaidWork *work, GError **error)
{
    int64_t pause_s = config_integer(config_current(), OPT_REDFISH_RAID_CONFIG_STATUS_INTERVAL);
    if (steady_now_ms() < json_integer_value(json_object_get(work->state, "until_ms"))) {
        info_set_json(work->task->node, INFO_RAID_CONFIGS, json_deep_copy(work->state));
        return step_again(MAX(pause_s, 1) * 1000);
    }
    steel_fail(error, STEEL_ERROR_TIMEOUT,
               "the BMC has not ended its task %s in time; it may still end",
               json_string_value(json_array_get(json_object_get(work->state, "monitors"), 0)));
    return step_failed();
}

/* ---- the step ---- */

static bool
next_round(RaidWork *work, bool *more, GError **error)
{
    if (json_is_true(json_object_get(work->state, "delete")) && !delete_round(work, more, error))
        return false;
    if (*more)
        return true;
    json_object_set_new(work->state, "delete", json_false());
    return create_round(work, more, error);
}

static StepOutcome
advance(RaidWork *work, GError **error)
{
    bool more = false;
    if (!look_at_tasks(work, error))
        return step_failed();
    if (json_array_size(json_object_get(work->state, "monitors")) > 0)
        return look_later(work, error);
    if (!next_round(work, &more, error))
        return step_failed();
    if (work->reboot)
        return bmc_step_reboot(work->task, error);
    if (more)
        return step_again(0);
    return step_ended(store_config(work, error));
}

static json_t *
new_state(const Task *task, bool delete, json_t *create)
{
    return json_pack("{s:b, s:[], s:o, s:[], s:I}", "delete", delete, "deleted", "create", create,
                     "monitors", "until_ms", (json_int_t)bmc_step_deadline(task));
}

/* A call of the step that has begun already. The machine is started again by the step: until its
 * agent calls, nothing is asked of the BMC. */
static StepOutcome
redfish_raid_resume(Task *task, const json_t *args, GError **error)
{
    (void)args;
    g_auto(RaidWork) work = {0};
    if (!node_agent_has_called(task))
        return step_wait(STEP_DEADLINE_STAYS);
    if (!work_begin(&work, task, error))
        return step_failed();
    work.state = json_deep_copy(info_json(task->node, INFO_RAID_CONFIGS));
    return advance(&work, error);
}

static StepOutcome
continue_run(Task *task, GError **error)
{
    g_auto(RaidWork) work = {0};
    if (!work_begin(&work, task, error))
        return step_failed();
    work.state = json_deep_copy(info_json(task->node, INFO_RAID_CONFIGS));
    return advance(&work, error);
}

static json_t *
volume_body(const RaidPlanDisk *disk)
{
    json_t *drives = json_array();
    for (guint i = 0; i < disk->drives->len; i++) {
        const RedfishDrive *drive = disk->drives->pdata[i];
        json_array_append_new(drives, json_pack("{s:s}", "@odata.id", drive->path));
    }
    return json_pack("{s:s, s:I, s:{s:o}, s:s*}", "RAIDType", disk->raid_type, "CapacityBytes",
                     (json_int_t)disk->bytes, "Links", "Drives", drives, "Name",
                     json_string_member(disk->wish, "volume_name"));
}

/* The rows of "create"; NULL with the error set. */
static json_t *
plan_rows(const RaidWork *work, const json_t *args, bool others, bool delete, GError **error)
{
    const json_t *wishes = json_object_get(work->task->node->target_raid_config, "logical_disks");
    g_autoptr(GPtrArray) plan = raid_plan_new(wishes, &work->storages, delete, error);
    json_t *rows = plan != NULL ? json_array() : NULL;
    for (guint i = 0; plan != NULL && i < plan->len; i++) {
        const RaidPlanDisk *disk = plan->pdata[i];
        const RedfishDrive *drive = disk->drives->pdata[0];
        const RedfishStorage *storage = controller_of(work, drive->storage);
        if (raid_disk_is_wanted(disk->wish, args, others))
            json_array_append_new(rows, json_pack("{s:s, s:s*, s:o}", "path", storage->volumes_path,
                                                  "apply_time", storage->apply_time, "body",
                                                  volume_body(disk)));
    }
    return rows;
}

static StepOutcome
create(Task *task, const json_t *args, bool others, GError **error)
{
    g_auto(RaidWork) work = {0};
    bool delete = json_is_truthy(json_object_get(args, "delete_existing"));
    if (!raid_target_require(task, error) || !work_begin(&work, task, error))
        return step_failed();
    json_t *rows = plan_rows(&work, args, others, delete, error);
    if (rows == NULL)
        return step_failed();
    work.state = new_state(task, delete, rows);
    return advance(&work, error);
}

static StepOutcome
redfish_raid_create(Task *task, const json_t *args, GError **error)
{
    return info_has(task->node, INFO_RAID_CONFIGS) ? continue_run(task, error)
                                                   : create(task, args, true, error);
}

static StepOutcome
redfish_raid_apply(Task *task, const json_t *args, GError **error)
{
    if (info_has(task->node, INFO_RAID_CONFIGS))
        return continue_run(task, error);
    return raid_target_take(task, args, error) ? create(task, args, false, error) : step_failed();
}

static StepOutcome
redfish_raid_delete(Task *task, const json_t *args, GError **error)
{
    (void)args;
    g_auto(RaidWork) work = {0};
    if (info_has(task->node, INFO_RAID_CONFIGS))
        return continue_run(task, error);
    if (!work_begin(&work, task, error))
        return step_failed();
    work.state = new_state(task, true, json_array());
    return advance(&work, error);
}

/* ---- the form of a configuration ---- */

static bool
check_disk(const json_t *disk, size_t number, GError **error)
{
    const char *level = json_string_member(disk, "raid_level");
    if (g_strcmp0(json_string_member(disk, "interface_type"), "scsi") == 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "logical_disks[%zu]: interface type `scsi` not supported by Redfish RAID",
                          number);
    if (!raid_level_is_made(level))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "logical_disks[%zu]: Redfish makes no RAID level %s", number, level);
    if (json_is_object(json_array_get(json_object_get(disk, "physical_disks"), 0)))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "logical_disks[%zu]: physical_disks must be names of drives; the redfish "
                          "RAID interface knows no hints",
                          number);
    return true;
}

static bool
redfish_raid_check(const json_t *config, GError **error)
{
    const json_t *disks = json_object_get(config, "logical_disks"), *disk;
    size_t i;
    json_array_foreach(disks, i, disk) if (!check_disk(disk, i, error)) return false;
    return true;
}

static bool
redfish_raid_validate(Task *task, GError **error)
{
    return redfish_node_validate(task, error) && raid_target_validate(task, error);
}

static const StepDef clean_steps[] = {
    RAID_CREATE_STEP(redfish_raid_create, redfish_raid_resume, RAID_DELETE_EXISTING_ARGUMENT),
    RAID_DELETE_STEP(redfish_raid_delete, redfish_raid_resume),
    {0},
};

static const StepDef deploy_steps[] = {
    RAID_APPLY_STEP(redfish_raid_apply, redfish_raid_resume, RAID_DELETE_EXISTING_ARGUMENT),
    RAID_DELETE_STEP(redfish_raid_delete, redfish_raid_resume),
    {0},
};

const RaidOps raid_redfish = {
    .interface = {.name = "redfish",
                  .properties = redfish_node_properties,
                  .steps = {[STEP_KIND_CLEAN] = clean_steps,
                            [STEP_KIND_DEPLOY] = deploy_steps,
                            [STEP_KIND_SERVICE] = deploy_steps},
                  .validate = redfish_raid_validate},
    .supported = true,
    .check = redfish_raid_check,
};
