/* Management of one node: validation, maintenance, boot device and mode, NMI, indicators, console,
 * RAID target.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/notify.h"
#include "conductor/transition.h"
#include "conductor/verbs.h"

#include "common/log.h"
#include "common/time_text.h"
#include "conductor/resources/resources.h"
#include "drivers/console/console.h"
#include "drivers/management/management.h"
#include "drivers/raid/raid.h"
#include "model/traits.h"

#include <string.h>

/* Time for a BMC to answer a short request. */
#define SHORT_OPERATION_MS 30000

static json_t *
empty_or_null(bool good)
{
    return good ? json_object() : NULL;
}

static void
limit_time(Task *task)
{
    task->deadline_ms = time_monotonic_ms() + SHORT_OPERATION_MS;
}

json_t *
verb_validate(VerbCall *call, GError **error)
{
    (void)error;
    json_t *answer = json_object();
    for (int type = 0; type < INTERFACE_COUNT; type++) {
        const Interface *interface = driver_set_interface(&call->task->driver, (InterfaceType)type);
        g_autoptr(GError) reason = NULL;
        if (type == INTERFACE_VENDOR)
            continue;
        bool valid = interface->validate == NULL || interface->validate(call->task, &reason);
        if (valid && type == INTERFACE_DEPLOY)
            valid = instance_traits_valid(call->task->node, &reason);
        json_t *row = json_pack("{s:b}", "result", valid);
        if (!valid)
            json_object_set_new(row, "reason", json_string(reason->message));
        json_object_set_new(answer, interface_type_name((InterfaceType)type), row);
    }
    return answer;
}

json_t *
verb_set_maintenance(VerbCall *call, GError **error)
{
    Node *node = call->task->node;
    node->maintenance = json_is_true(json_object_get(call->arguments, "maintenance"));
    record_set_text(&node->maintenance_reason,
                    node->maintenance ? json_string_member(call->arguments, "reason") : NULL);
    if (!record_fits_limits(&node_resource, node, call->task->stored, error))
        return NULL;
    if (!node->maintenance) {
        record_set_text(&node->fault, NULL);
        node->power_sync_failures = 0;
    }
    notify_node(call->task, "maintenance_set", "start", NULL);
    bool good = task_save(call->task, error);
    notify_node(call->task, "maintenance_set", good ? "end" : "error", NULL);
    return empty_or_null(good);
}

json_t *
verb_get_boot_device(VerbCall *call, GError **error)
{
    BootDevice device = {.persistent = -1};
    limit_time(call->task);
    if (!management_get_boot_device(call->task, &device, error))
        return NULL;
    json_t *persistent = device.persistent < 0 ? json_null() : json_boolean(device.persistent);
    return json_pack("{s:s?,s:o}", "boot_device", device.device[0] != '\0' ? device.device : NULL,
                     "persistent", persistent);
}

json_t *
verb_set_boot_device(VerbCall *call, GError **error)
{
    const char *device = json_string_member(call->arguments, "boot_device");
    limit_time(call->task);
    if (device == NULL) {
        steel_fail(error, STEEL_ERROR_MISSING, "boot_device is missing");
        return NULL;
    }
    bool persistent = json_is_true(json_object_get(call->arguments, "persistent"));
    return empty_or_null(management_set_boot_device(call->task, device, persistent, error));
}

json_t *
verb_get_supported_boot_devices(VerbCall *call, GError **error)
{
    const ManagementOps *ops = call->task->driver.management;
    (void)error;
    json_t *devices = json_array();
    for (const char *const *device = ops->boot_devices; device != NULL && *device != NULL; device++)
        json_array_append_new(devices, json_string(*device));
    return json_pack("{s:o}", "supported_boot_devices", devices);
}

/* The second half of a boot mode change, on a worker: the node has the wanted mode. */
static void
boot_mode_work(Task *task)
{
    g_autoptr(GError) error = NULL, save = NULL;
    json_t *request = info_take_json(task->node, INFO_BOOT_MODE_REQUEST);
    const char *mode = json_string_member(request, "boot_mode");
    limit_time(task);
    bool good = mode != NULL
                    ? management_set_boot_mode(task, mode, &error)
                    : management_set_secure_boot(
                          task, json_is_true(json_object_get(request, "secure_boot")), &error);
    if (!good)
        record_set_text(&task->node->last_error, error->message);
    else if (mode != NULL)
        record_set_text(&task->node->boot_mode, mode);
    else
        task->node->secure_boot = json_is_true(json_object_get(request, "secure_boot"));
    json_decref(request);
    if (!task_save(task, &save))
        log_error("conductor.boot_mode", "%s", save->message);
    task_release(task);
}

static json_t *
start_boot_mode(VerbCall *call, json_t *request, GError **error)
{
    g_autoptr(Node) before = node_copy(call->task->node);
    info_set_json(call->task->node, INFO_BOOT_MODE_REQUEST, request);
    record_set_text(&call->task->node->last_error, NULL);
    return empty_or_null(task_save(call->task, error) &&
                         task_spawn_or_revert(&call->task, before, boot_mode_work, error));
}

static bool
mode_supported(const ManagementOps *ops, const char *mode, GError **error)
{
    for (const char *const *known = ops->boot_modes; known != NULL && *known != NULL; known++)
        if (strcmp(*known, mode) == 0)
            return true;
    return steel_fail(
        error, ops->set_boot_mode == NULL ? STEEL_ERROR_UNSUPPORTED : STEEL_ERROR_INVALID,
        "management interface %s cannot set the boot mode to %s", ops->interface.name, mode);
}

json_t *
verb_set_boot_mode(VerbCall *call, GError **error)
{
    const char *mode = json_string_member(call->arguments, "target");
    if (mode == NULL || !mode_supported(call->task->driver.management, mode, error)) {
        if (mode == NULL)
            steel_fail(error, STEEL_ERROR_MISSING, "target is missing");
        return NULL;
    }
    return start_boot_mode(call, json_pack("{s:s}", "boot_mode", mode), error);
}

json_t *
verb_set_secure_boot(VerbCall *call, GError **error)
{
    const ManagementOps *ops = call->task->driver.management;
    if (ops->set_secure_boot == NULL) {
        steel_fail(error, STEEL_ERROR_UNSUPPORTED, "management interface %s cannot set secure boot",
                   ops->interface.name);
        return NULL;
    }
    bool on = json_is_true(json_object_get(call->arguments, "target"));
    return start_boot_mode(call, json_pack("{s:b}", "secure_boot", on), error);
}

json_t *
verb_inject_nmi(VerbCall *call, GError **error)
{
    limit_time(call->task);
    return empty_or_null(management_inject_nmi(call->task, error));
}

json_t *
verb_get_supported_indicators(VerbCall *call, GError **error)
{
    limit_time(call->task);
    return management_supported_indicators(call->task,
                                           json_string_member(call->arguments, "component"), error);
}

json_t *
verb_get_indicator(VerbCall *call, GError **error)
{
    limit_time(call->task);
    g_autofree char *state =
        management_get_indicator(call->task, json_string_member(call->arguments, "component"),
                                 json_string_member(call->arguments, "indicator"), error);
    return state != NULL ? json_pack("{s:s}", "state", state) : NULL;
}

json_t *
verb_set_indicator(VerbCall *call, GError **error)
{
    const char *state = json_string_member(call->arguments, "state");
    limit_time(call->task);
    return empty_or_null(management_set_indicator(
        call->task, json_string_member(call->arguments, "component"),
        json_string_member(call->arguments, "indicator"), state != NULL ? state : "", error));
}

json_t *
verb_get_console(VerbCall *call, GError **error)
{
    if (!call->task->node->console_enabled) {
        steel_fail(error, STEEL_ERROR_INVALID, "Console access is not enabled on node %s.",
                   call->task->node->uuid);
        return NULL;
    }
    limit_time(call->task);
    return console_get(call->task, error);
}

static void
console_work(Task *task)
{
    g_autoptr(GError) error = NULL, save = NULL;
    bool on = info_true(task->node, INFO_CONSOLE_REQUEST);
    limit_time(task);
    notify_node(task, "console_set", "start", NULL);
    bool good = on ? console_start(task, &error) : console_stop(task, &error);
    info_remove(task->node, INFO_CONSOLE_REQUEST);
    if (good) {
        task->node->console_enabled = on;
        record_set_text(&task->node->conductor_affinity, task->services->conductor_host);
        record_set_text(&task->node->last_error, NULL);
    } else {
        record_set_text(&task->node->last_error, error->message);
        history_add(task, "ERROR", "console", error->message);
    }
    notify_node(task, "console_set", good ? "end" : "error", NULL);
    if (!task_save(task, &save))
        log_error("conductor.console", "%s", save->message);
    task_release(task);
}

/* One that is enabled may have been stopped by an undeploy: then it is started again. */
static bool
console_listens(const Task *task)
{
    return task->driver.console->restore == NULL ||
           consoles_port(task->services->consoles, task->node->uuid) != 0;
}

json_t *
verb_set_console(VerbCall *call, GError **error)
{
    Task *task = call->task;
    const Interface *interface = &task->driver.console->interface;
    bool on = json_is_true(json_object_get(call->arguments, "enabled"));
    if (interface->validate != NULL && !interface->validate(task, error))
        return NULL;
    if (on == task->node->console_enabled && (!on || console_listens(task)))
        return json_object();
    g_autoptr(Node) before = node_copy(task->node);
    info_set_boolean(task->node, INFO_CONSOLE_REQUEST, on);
    return empty_or_null(task_save(task, error) &&
                         task_spawn_or_revert(&call->task, before, console_work, error));
}

json_t *
verb_set_raid(VerbCall *call, GError **error)
{
    json_t *config = json_object_get(call->arguments, "target_raid_config");
    Task *task = call->task;
    if (json_object_size(config) > 0 && !raid_config_validate(task, config, error)) {
        if (error != NULL && steel_error_is(*error, STEEL_ERROR_UNSUPPORTED))
            /* clients expect 404 from a node without RAID */
            (*error)->code = STEEL_ERROR_NOT_FOUND;
        return NULL;
    }
    json_decref(task->node->target_raid_config);
    task->node->target_raid_config =
        json_is_object(config) ? json_deep_copy(config) : json_object();
    return empty_or_null(record_fits_limits(&node_resource, task->node, task->stored, error) &&
                         task_save(task, error));
}
