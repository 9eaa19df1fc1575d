/* RAID volumes of a simulated Redfish BMC. The machine's disks stay as they are: what is made here
 * is what a controller would tell. The contract is in inside.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"
#include "common/time_text.h"

#include <string.h>

#define DRIVES "/redfish/v1/systems/1/storage/1/drives/"

static const struct {
    const char *raid_type;
    size_t least;
} types[] = {{"RAID0", 1}, {"RAID1", 2}, {"RAID5", 3}, {"RAID6", 4}, {"RAID10", 4}, {"RAID50", 6}};

/* The fewest drives of a type; 0: the controller does not make it. */
static size_t
fewest_drives(const char *raid_type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        if (strcmp(types[i].raid_type, raid_type) == 0)
            return types[i].least;
    return 0;
}

static bool is_drive(const RedfishCall *call, const json_t *link) REQUIRES(call->bmc->lock);

static bool
is_drive(const RedfishCall *call, const json_t *link)
{
    const char *path = json_string_member(link, "@odata.id");
    g_autofree char *lower = path != NULL ? g_ascii_strdown(path, -1) : NULL;
    return lower != NULL && g_str_has_prefix(lower, DRIVES) &&
           g_hash_table_contains(call->bmc->tree->resources, lower);
}

/* A request without drives leaves their choice to the controller. */
static bool check_drives(RedfishCall *call) REQUIRES(call->bmc->lock);

static bool
check_drives(RedfishCall *call)
{
    const char *type = json_string_member(call->body, "RAIDType");
    const json_t *links = json_object_get(json_object_get(call->body, "Links"), "Drives"), *link;
    size_t i, least = type != NULL ? fewest_drives(type) : 1;
    if (least == 0 || (links != NULL && json_array_size(links) < least)) {
        redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_NOT_IN_LIST, "#/RAIDType", type, "RAIDType");
        return false;
    }
    json_array_foreach(links, i, link)
    {
        if (is_drive(call, link))
            continue;
        redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_NOT_IN_LIST, "#/Links/Drives", "given",
                       "Drives");
        return false;
    }
    return true;
}

json_t *
redfish_volumes_times(const RedfishCall *call)
{
    bool post = call->bmc->knobs[REDFISH_KNOB_VOLUMES_AT_POST] != 0;
    return json_pack("{s:s, s:[s]}", "@odata.type", "#Settings.v1_2_0.OperationApplyTimeSupport",
                     "SupportedValues", post ? "OnReset" : "Immediate");
}

/* ---- changes that wait ---- */

/* Notes what the task of this number does; takes `change`. */
static void wait_for_post(RedfishCall *call, json_t *change) REQUIRES(call->bmc->lock);

static void
wait_for_post(RedfishCall *call, json_t *change)
{
    json_auto_t *own = change;
    const char *task = redfish_task_begin(call, INT64_MAX);
    if (task == NULL)
        return;
    json_object_set_new(own, "task", json_string(task));
    json_array_append(redfish_state(call->bmc, "volumes_pending"), own);
}

static void apply(RedfishBmc *bmc, json_t *change) REQUIRES(bmc->lock);

static void
apply(RedfishBmc *bmc, json_t *change)
{
    json_t *volume = json_object_get(change, "create");
    const char *id = json_string_member(change, "delete");
    json_t *task = json_object_get(redfish_state(bmc, "tasks"), json_string_member(change, "task"));
    if (task != NULL)
        json_object_set_new(task, "due_ms",
                            json_integer(time_monotonic_ms() + bmc->knobs[REDFISH_KNOB_TASK_MS]));
    if (bmc->knobs[REDFISH_KNOB_TASK_FAILS] != 0)
        return;
    if (id != NULL)
        json_object_del(redfish_state(bmc, "volumes"), id);
    else
        g_free(redfish_record_put(bmc, "volumes", json_deep_copy(volume)));
}

void
redfish_volumes_apply(RedfishBmc *bmc)
{
    json_t *pending = redfish_state(bmc, "volumes_pending"), *change;
    size_t i;
    json_array_foreach(pending, i, change) apply(bmc, change);
    json_array_clear(pending);
}

/* ---- requests ---- */

static bool has_tasks(const RedfishCall *call) REQUIRES(call->bmc->lock);

static bool
has_tasks(const RedfishCall *call)
{
    return call->bmc->knobs[REDFISH_KNOB_VOLUMES_AT_POST] != 0 ||
           call->bmc->knobs[REDFISH_KNOB_VOLUME_TASKS] != 0;
}

/* By a task. One that needs no POST does its work when it begins. */
static void change_by_task(RedfishCall *call, json_t *change) REQUIRES(call->bmc->lock);

static void
change_by_task(RedfishCall *call, json_t *change)
{
    wait_for_post(call, change);
    if (call->bmc->knobs[REDFISH_KNOB_VOLUMES_AT_POST] == 0)
        redfish_volumes_apply(call->bmc);
}

void
redfish_volume_add(RedfishCall *call)
{
    if (!redfish_record_check(call, "volumes") || !check_drives(call))
        return;
    json_object_del(call->body, "@Redfish.OperationApplyTime");
    if (has_tasks(call))
        change_by_task(call, json_pack("{s:O}", "create", call->body));
    else
        redfish_record_create(call, "volumes");
}

void
redfish_volume_remove(RedfishCall *call)
{
    bool there = json_object_get(redfish_state(call->bmc, "volumes"), call->id) != NULL;
    if (there && has_tasks(call))
        change_by_task(call, json_pack("{s:s}", "delete", call->id));
    else
        redfish_record_drop(call, "volumes");
}
