/* Logical drives by the array controllers of a machine with an iLO 5. A controller is asked for all
 * of its logical drives at once; it changes in a self-test (POST), so the machine starts again and
 * the step looks what has come of it when the agent calls.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/raid/raid_steps.h"

#include "common/json_text.h"
#include "common/log.h"
#include "drivers/bmc_step.h"
#include "drivers/ilo_node.h"
#include "drivers/node_agent.h"
#include "model/internal_info.h"

#include <string.h>

#define AREA "drivers.ilo"

/* ---- the form of a configuration ---- */

static const struct {
    const char *level;
    json_int_t least; /* drives */
} levels[] = {{"0", 1}, {"1", 2}, {"5", 3}, {"6", 4}, {"1+0", 4}, {"5+0", 6}, {"6+0", 8}};

/* 0: controllers do not make it. */
static json_int_t
fewest_drives(const char *level)
{
    for (size_t i = 0; level != NULL && i < G_N_ELEMENTS(levels); i++)
        if (strcmp(levels[i].level, level) == 0)
            return levels[i].least;
    return 0;
}

static bool
check_disk(const json_t *disk, size_t number, GError **error)
{
    const char *level = json_string_member(disk, "raid_level");
    const json_t *named = json_object_get(disk, "physical_disks"),
                 *count = json_object_get(disk, "number_of_physical_disks");
    json_int_t least = fewest_drives(level);
    json_int_t wanted = count != NULL   ? json_integer_value(count)
                        : named != NULL ? (json_int_t)json_array_size(named)
                                        : least;
    if (least == 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "logical_disks[%zu]: an iLO makes no RAID level %s", number, level);
    if (wanted < least)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "logical_disks[%zu]: RAID level %s requires at least %d disks.", number,
                          level, (int)least);
    if (json_is_object(json_array_get(named, 0)))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "logical_disks[%zu]: physical_disks must be places of drives, such as "
                          "\"1I:1:1\"; an iLO knows no hints",
                          number);
    return true;
}

static bool
ilo5_raid_check(const json_t *config, GError **error)
{
    const json_t *disks = json_object_get(config, "logical_disks"), *disk;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)disks, i, disk)
    {
        if (!check_disk(disk, i, error))
            return false;
    }
    return true;
}

static bool
ilo5_raid_validate(Task *task, GError **error)
{
    return ilo_node_validate(task, error) && raid_target_validate(task, error);
}

/* ---- what is asked of a controller ---- */

static json_t *
upper(const char *word)
{
    g_autofree char *text = word != NULL ? g_ascii_strup(word, -1) : NULL;
    return text != NULL ? json_string(text) : NULL;
}

/* The drives of a logical drive: named, or left to the controller. */
static json_t *
data_drives(const json_t *disk)
{
    json_t *named = json_object_get(disk, "physical_disks");
    json_t *count = json_object_get(disk, "number_of_physical_disks");
    if (named != NULL)
        return json_incref(named);
    return json_pack("{s:o, s:o*, s:o*}", "DataDriveCount",
                     count != NULL
                         ? json_incref(count)
                         : json_integer(fewest_drives(json_string_member(disk, "raid_level"))),
                     "DataDriveMediaType", upper(json_string_member(disk, "disk_type")),
                     "DataDriveInterfaceType", upper(json_string_member(disk, "interface_type")));
}

static json_t *
logical_drive(const json_t *disk)
{
    const json_t *size = json_object_get(disk, "size_gb");
    return json_pack(
        "{s:s, s:I, s:o, s:s*}", "Raid", ilo_raid_word(json_string_member(disk, "raid_level")),
        "CapacityGiB", json_is_integer(size) ? json_integer_value(size) : -1, "DataDrives",
        data_drives(disk), "LogicalDriveName", json_string_member(disk, "volume_name"));
}

/* The controller of a disk: that of its name, or the first one; borrowed. */
static const json_t *
controller_for(const json_t *controllers, const json_t *disk, GError **error)
{
    const char *wanted = json_string_member(disk, "controller");
    g_autoptr(GString) models = g_string_new(NULL);
    const json_t *controller;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)controllers, i, controller)
    {
        const char *model = json_string_member(controller, "model");
        if (json_string_member(controller, "settings") == NULL)
            continue;
        if (wanted == NULL || g_strcmp0(wanted, model) == 0)
            return controller;
        g_string_append_printf(models, "%s'%s'", models->len > 0 ? ", " : "", model);
    }
    steel_fail(error, STEEL_ERROR_INVALID,
               "Controller %s not found. Available controllers are: [%s]",
               wanted != NULL ? wanted : "", models->str);
    return NULL;
}

/* {settings: body} of the disks; a new reference. */
static json_t *
plan_creation(const json_t *controllers, const json_t *disks, GError **error)
{
    json_t *plan = json_object(), *disk;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)disks, i, disk)
    {
        const json_t *controller = controller_for(controllers, disk, error);
        const char *settings = json_string_member(controller, "settings");
        if (controller == NULL) {
            json_decref(plan);
            return NULL;
        }
        if (json_object_get(plan, settings) == NULL)
            json_object_set_new(plan, settings,
                                json_pack("{s:s, s:[]}", "DataGuard", "Disabled", "LogicalDrives"));
        json_array_append_new(json_object_get(json_object_get(plan, settings), "LogicalDrives"),
                              logical_drive(disk));
    }
    return plan;
}

/* {settings: body} that deletes what is there. */
static json_t *
plan_deletion(const json_t *controllers)
{
    json_t *plan = json_object(), *logical;
    const json_t *controller;
    size_t i, n;
    json_array_foreach((json_t *)(uintptr_t)controllers, i, controller)
    {
        json_t *rows = json_array();
        json_array_foreach(json_object_get(controller, "logical"), n, logical)
        {
            json_array_append_new(rows, json_pack("{s:[{s:s}], s:O}", "Actions", "Action",
                                                  "LogicalDriveDelete", "VolumeUniqueIdentifier",
                                                  json_object_get(logical, "id")));
        }
        if (json_array_size(rows) > 0)
            json_object_set_new(
                plan, json_string_member(controller, "settings"),
                json_pack("{s:s, s:O}", "DataGuard", "Permissive", "LogicalDrives", rows));
        json_decref(rows);
    }
    return plan;
}

/* ---- what is there ---- */

static json_t *
describe(const json_t *controller, const json_t *logical)
{
    const char *id = json_string_member(logical, "id");
    g_autofree char *wwn = g_strconcat("0x", id != NULL ? id : "", NULL);
    return json_pack(
        "{s:O*, s:O*, s:{s:s}, s:O*, s:O*, s:O*}", "size_gb", json_object_get(logical, "size_gb"),
        "raid_level", json_object_get(logical, "raid_level"), "root_device_hint", "wwn", wwn,
        "controller", json_object_get(controller, "model"), "physical_disks",
        json_object_get(logical, "drives"), "volume_name", json_object_get(logical, "name"));
}

/* The logical disks of all controllers; a new reference. False: a controller that was asked has
 * refused. */
static json_t *
read_disks(const json_t *controllers, const json_t *asked, GError **error)
{
    json_t *disks = json_array(), *logical;
    const json_t *controller;
    size_t i, n;
    json_array_foreach((json_t *)(uintptr_t)controllers, i, controller)
    {
        const char *settings = json_string_member(controller, "settings");
        const json_t *wrong = json_array_get(json_object_get(controller, "wrong"), 0);
        if (settings != NULL && wrong != NULL && json_object_get(asked, settings) != NULL) {
            steel_fail(error, STEEL_ERROR_BMC_REFUSED, "the array controller %s answers %s",
                       json_string_member(controller, "model"), json_string_value(wrong));
            json_decref(disks);
            return NULL;
        }
        json_array_foreach(json_object_get(controller, "logical"), n, logical)
        {
            json_array_append_new(disks, describe(controller, logical));
        }
    }
    return disks;
}

/* ---- the steps ---- */

static bool
send_plan(const Ilo *ilo, const json_t *plan, GError **error)
{
    const char *settings;
    json_t *body;
    json_object_foreach((json_t *)(uintptr_t)plan, settings, body)
    {
        if (!ilo_put_logical_drives(ilo, settings, body, error))
            return false;
    }
    return true;
}

/* Asks the controllers; takes the plan, NULL: an error. Nothing to do: the step has ended. */
static StepOutcome
begin(Task *task, const Ilo *ilo, json_t *plan, bool create, GError **error)
{
    json_auto_t *taken = plan;
    if (taken == NULL || !send_plan(ilo, taken, error))
        return step_failed();
    if (json_object_size(taken) == 0) {
        log_info(AREA, "node %s has no logical drive to delete", task->node->uuid);
        return step_ended(raid_config_store(task, json_array(), error));
    }
    info_set_json(task->node, INFO_ILO_WORK,
                  json_pack("{s:b, s:O}", "create", create, "asked", taken));
    return bmc_step_reboot(task, error);
}

static StepOutcome
change(Task *task, const json_t *disks, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    json_auto_t *controllers =
        ilo_node_open(task, &node, &ilo, error) ? ilo_get_controllers(&ilo, error) : NULL;
    if (controllers == NULL)
        return step_failed();
    json_t *plan =
        disks != NULL ? plan_creation(controllers, disks, error) : plan_deletion(controllers);
    return begin(task, &ilo, plan, disks != NULL, error);
}

static StepOutcome
create(Task *task, const json_t *args, bool others, GError **error)
{
    json_auto_t *disks = raid_wanted_disks(task, args, others, error);
    return disks != NULL ? change(task, disks, error) : step_failed();
}

static StepOutcome
ilo5_raid_create(Task *task, const json_t *args, GError **error)
{
    return create(task, args, true, error);
}

static StepOutcome
ilo5_raid_apply(Task *task, const json_t *args, GError **error)
{
    return raid_target_take(task, args, error) ? create(task, args, false, error) : step_failed();
}

static StepOutcome
ilo5_raid_delete(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return change(task, NULL, error);
}

/* What the node's raid_config says now. */
static StepOutcome
finish(Task *task, const json_t *state, json_t *disks, GError **error)
{
    json_auto_t *taken = disks;
    bool create = json_is_true(json_object_get(state, "create"));
    if (taken == NULL)
        return step_failed();
    if (create == (json_array_size(taken) > 0))
        return step_ended(raid_config_store(task, json_incref(taken), error));
    steel_fail(error, STEEL_ERROR_BMC_REFUSED, "%s",
               create ? "Unable to create raid: after the self-test (POST) there is no logical "
                        "drive"
                      : "Unable to delete the logical disks: they are still there after the "
                        "self-test (POST)");
    return step_failed();
}

static StepOutcome
ilo5_raid_resume(Task *task, const json_t *args, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    (void)args;
    if (!node_agent_has_called(task))
        return step_wait(STEP_DEADLINE_STAYS);
    json_auto_t *state = json_deep_copy(info_json(task->node, INFO_ILO_WORK));
    json_auto_t *controllers =
        ilo_node_open(task, &node, &ilo, error) ? ilo_get_controllers(&ilo, error) : NULL;
    if (controllers == NULL)
        return step_failed();
    return finish(task, state, read_disks(controllers, json_object_get(state, "asked"), error),
                  error);
}

static const StepDef clean_steps[] = {
    RAID_CREATE_STEP(ilo5_raid_create, ilo5_raid_resume, ""),
    RAID_DELETE_STEP(ilo5_raid_delete, ilo5_raid_resume),
    {0},
};

static const StepDef deploy_steps[] = {
    RAID_APPLY_STEP(ilo5_raid_apply, ilo5_raid_resume, ""),
    RAID_DELETE_STEP(ilo5_raid_delete, ilo5_raid_resume),
    {0},
};

const RaidOps raid_ilo5 = {
    .interface = {.name = "ilo5",
                  .properties = ilo_node_properties,
                  .steps = {[STEP_KIND_CLEAN] = clean_steps, [STEP_KIND_DEPLOY] = deploy_steps},
                  .validate = ilo5_raid_validate},
    .supported = true,
    .check = ilo5_raid_check,
};
