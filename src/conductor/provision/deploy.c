/* deploying: prepare, plan the steps, run them one by one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/deploy.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/secret.h"
#include "conductor/boot_progress.h"
#include "conductor/provision/provision.h"
#include "config_drive/config_drive.h"
#include "db/records.h"
#include "drivers/network/network.h"
#include "drivers/power/power.h"
#include "drivers/power_action.h"
#include "drivers/storage/storage.h"
#include "model/step_lists.h"
#include "model/traits.h"
#include "netboot/boot_record.h"

#include <string.h>

static bool
validate(Task *task, const Interface *interface, const char *what, GError **error)
{
    if (interface->validate == NULL || interface->validate(task, error))
        return true;
    g_prefix_error(error, "Failed to validate %s info for node %s. Error: ", what,
                   task->node->uuid);
    return false;
}

/* The steps of the deploy templates that the instance's traits name. The operator's own steps win
 * over them. */
static bool
template_steps(Task *task, json_t *steps, GError **error)
{
    const json_t *traits = json_object_get(task->node->instance_info, "traits");
    size_t index, other;
    json_t *trait, *step;
    json_array_foreach(traits, index, trait)
    {
        g_autoptr(DeployTemplate) template = NULL;
        if (!db_record_look(task->services->db, &deploy_template_resource, "name",
                            json_string_value(trait), &template, error))
            return false;
        if (template == NULL)
            continue;
        json_array_foreach(template->steps, other, step) json_array_append(steps, step);
    }
    return true;
}

static json_t *
requested_steps(Task *task, GError **error)
{
    json_t *steps = json_array();
    size_t index;
    json_t *step;
    const json_t *own = info_json(task->node, INFO_USER_DEPLOY_STEPS);
    json_array_foreach(own, index, step) json_array_append(steps, step);
    json_t *templates = json_array();
    bool good = template_steps(task, templates, error);
    json_array_foreach(templates, index, step)
    {
        bool overridden = false;
        for (size_t i = 0; i < json_array_size(own); i++)
            overridden = overridden || step_same(json_array_get(own, i), step);
        if (!overridden)
            json_array_append(steps, step);
    }
    json_decref(templates);
    if (good)
        return steps;
    json_decref(steps);
    return NULL;
}

/* Plans the steps to check them; the work plans them again. */
static bool
steps_valid(Task *task, GError **error)
{
    json_t *requested = requested_steps(task, error);
    bool good = requested != NULL && steps_plan(task, STEP_KIND_DEPLOY, requested, 0, error);
    json_decref(requested);
    steps_forget(task, STEP_KIND_DEPLOY);
    return good;
}

/* The deploy asks the network driver for what an object does not say of the network. */
static bool
lacks_network(const Task *task, const json_t *drive)
{
    return task->driver.network->network_data != NULL &&
           json_object_get(drive, "network_data") == NULL;
}

/* Keeps the config drive as text, since all readers expect text. An object is built into a drive
 * now; a text is stored unchanged, and its readers check it. One that lacks the network stays an
 * object until the deploy has completed it. */
static bool
keep_config_drive(Task *task, const json_t *drive, GError **error)
{
    const Node *node = task->node;
    if (!json_is_object(drive))
        return json_object_set_new(node->instance_info, "configdrive", json_deep_copy(drive)) == 0;
    char *text = config_drive_text(drive, node->uuid, node->name, error);
    if (text == NULL)
        return false;
    json_object_set_new(node->instance_info, "configdrive",
                        lacks_network(task, drive) ? json_deep_copy(drive) : json_string(text));
    secret_free(text);
    return true;
}

/* Copies the values: those of the call belong to another thread, and jansson's reference counts are
 * not atomic everywhere. */
static bool
keep_arguments(Task *task, const json_t *arguments, GError **error)
{
    const json_t *steps = json_object_get(arguments, "deploy_steps"),
                 *drive = json_object_get(arguments, "configdrive");
    if (json_array_size(steps) > 0)
        info_set_json(task->node, INFO_USER_DEPLOY_STEPS, json_deep_copy(steps));
    return json_is_nothing(drive) || keep_config_drive(task, drive, error);
}

bool
deploy_prepare_verb(Task *task, const json_t *arguments, GError **error)
{
    const char *word = json_string_member(arguments, "target");
    if (strcmp(word, "rebuild") == 0 && task->node->protected)
        return steel_fail(error, STEEL_ERROR_NODE_PROTECTED,
                          "Node %s is protected and cannot be undeployed, rebuilt or deleted",
                          task->node->uuid);
    if (task->node->retired && strcmp(word, "rebuild") != 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "node %s is retired and cannot be deployed",
                          task->node->uuid);
    if (!keep_arguments(task, arguments, error))
        return false;
    return validate(task, &task->driver.power->interface, "power", error) &&
           validate(task, &task->driver.deploy->interface, "deploy", error) &&
           network_admit(task, error) && instance_traits_valid(task->node, error) &&
           steps_valid(task, error);
}

void
deploy_note_project(Task *task, const char *project_id, bool owned)
{
    bool any = !owned && config_boolean(config_current(), OPT_IGNORE_PROJECT_CHECK_FOR_ADMIN_TASKS);
    info_set_text(task->node, INFO_IMAGE_PROJECT, any ? NULL : project_id);
}

static const char *
deploy_operation(const Task *task)
{
    (void)task;
    return "deploy";
}

static StepOutcome
deploy_begin(Task *task, GError **error)
{
    task_phase_begin(task, "prepare", NULL);
    if (!deploy_prepare(task, error)) {
        g_prefix_error(error, "Failed to prepare to deploy: ");
        return step_failed();
    }
    json_t *requested = requested_steps(task, error);
    bool good = requested != NULL && steps_plan(task, STEP_KIND_DEPLOY, requested, 0, error);
    json_decref(requested);
    return step_ended(good);
}

/* A deploy does not fail because of its console. */
static bool
deploy_finish(Task *task, GError **error)
{
    (void)error;
    if (task->node->console_enabled)
        console_offer_again(task);
    return true;
}

static bool
deploy_undo(Task *task)
{
    g_autoptr(GError) error = NULL;
    bool clean = deploy_clean_up(task, &error);
    if (!clean)
        log_warning("conductor.deploy", "not everything of the failed deploy could be removed: %s",
                    error->message);
    g_clear_error(&error);
    if (config_boolean(config_current(), OPT_DEPLOY_POWER_OFF_AFTER_DEPLOY_FAILURE) &&
        !power_action_stop(task, &error))
        log_warning("conductor.deploy",
                    "the machine could not be powered off after the failure: %s", error->message);
    return clean;
}

/* The reason comes from the machine's last report. */
static char *
deploy_late(const Task *task)
{
    if (boot_record_exists(task->node) && !info_has(task->node, INFO_AGENT_URL))
        return boot_progress_late(task->node);
    return g_strdup("Timeout reached while waiting for callback: the machine or its agent did not "
                    "call in time");
}

const StepWork deploy_work = {
    .operation = deploy_operation,
    .begin = deploy_begin,
    .finish = deploy_finish,
    .undo = deploy_undo,
    .late = deploy_late,
};
