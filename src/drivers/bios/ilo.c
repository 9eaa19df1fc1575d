/* BIOS settings by an iLO: written, brought into force by a self-test (POST), and read again. An
 * agent that ran on the machine is booted again.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/bios/bios.h"

#include "common/json_text.h"
#include "drivers/boot/boot.h"
#include "drivers/ilo_node.h"
#include "drivers/node_agent.h"
#include "drivers/power_action.h"
#include "drivers/task.h"
#include "model/internal_info.h"

enum { LOOK_MS = 5000, LOOKS_MAX = 360 };

static json_t *
value_text(const json_t *value)
{
    g_autofree char *text =
        json_is_string(value) ? g_strdup(json_string_value(value)) : json_text_dump(value);
    return json_string(text);
}

/* [{"name", "value"}], a new reference. */
static json_t *
rows_of(const json_t *settings)
{
    json_t *rows = json_array(), *value;
    const char *name;
    json_object_foreach((json_t *)(uintptr_t)settings, name, value)
    {
        if (!json_is_object(value) && !json_is_array(value))
            json_array_append_new(rows,
                                  json_pack("{s:s,s:o}", "name", name, "value", value_text(value)));
    }
    return rows;
}

static bool
ilo_bios_cache(Task *task, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    json_auto_t *settings =
        ilo_node_open(task, &node, &ilo, error) ? ilo_get_bios_settings(&ilo, false, error) : NULL;
    if (settings == NULL) {
        g_prefix_error(error,
                       "Caching BIOS settings failed on node %s with error: ", task->node->uuid);
        return false;
    }
    json_auto_t *rows = rows_of(settings);
    return bios_store_settings(task, rows, error);
}

/* {name: value} of [{"name", "value"}], a new reference. */
static json_t *
settings_of(const json_t *args, GError **error)
{
    const json_t *list = json_object_get(args, "settings"), *row;
    json_t *settings = json_object();
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)list, i, row)
    {
        const char *name = json_string_member(row, "name");
        json_t *value = json_object_get(row, "value");
        if (name != NULL && value != NULL)
            json_object_set(settings, name, value);
    }
    if (json_object_size(settings) > 0)
        return settings;
    json_decref(settings);
    steel_fail(error, STEEL_ERROR_MISSING,
               "the argument settings must be a list of objects with name and value");
    return NULL;
}

static bool
write_settings(Task *task, const json_t *settings, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    if (!ilo_node_open(task, &node, &ilo, error))
        return false;
    return settings != NULL ? ilo_set_bios_settings(&ilo, settings, error)
                            : ilo_reset_bios_settings(&ilo, error);
}

/* The self-test is over, or this iLO does not tell. */
static bool
is_after_post(Task *task, bool *over, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    if (!ilo_node_open(task, &node, &ilo, error))
        return false;
    g_autofree char *post = ilo_get_post_state(&ilo, error);
    *over = g_strcmp0(post, "FinishedPost") == 0 || g_strcmp0(post, "InPostDiscoveryComplete") == 0;
    return post != NULL;
}

/* An agent that ran before the reboot comes back: the next step may be its own. */
static StepOutcome
wait_for_agent(const Task *task)
{
    bool expected = info_true(task->node, INFO_STEP_REBOOTED);
    return expected && !node_agent_has_called(task) ? step_wait(0) : step_done();
}

static StepOutcome
ilo_bios_step_resume(Task *task, const json_t *args, GError **error)
{
    (void)args, (void)error;
    return node_agent_has_called(task) ? step_done() : step_wait(STEP_DEADLINE_STAYS);
}

static StepOutcome
wait_for_post(Task *task, GError **error)
{
    bool over = false;
    g_autoptr(GError) cause = NULL;
    int64_t looks = info_integer(task->node, INFO_ILO_RESET_LOOKS);
    info_set_integer(task->node, INFO_ILO_RESET_LOOKS, looks + 1);
    if (is_after_post(task, &over, &cause) && over)
        return ilo_bios_cache(task, error) ? wait_for_agent(task) : step_failed();
    if ((cause == NULL || steel_error_info(cause)->retryable) && looks < LOOKS_MAX)
        return step_again(LOOK_MS);
    if (cause != NULL)
        g_propagate_error(error, g_steal_pointer(&cause));
    else
        steel_fail(error, STEEL_ERROR_TIMEOUT,
                   "the machine's self-test (POST) does not end, and the settings need it");
    return step_failed();
}

static bool
prepare_agent(Task *task, GError **error)
{
    return !info_true(task->node, INFO_STEP_REBOOTED) ||
           (task_save(task, error) && boot_prepare_ramdisk(task, NULL, error));
}

/* Writes and reboots; then the step runs again until the settings are in force. */
static StepOutcome
change(Task *task, const json_t *settings, GError **error)
{
    if (info_has(task->node, INFO_ILO_RESET_LOOKS))
        return wait_for_post(task, error);
    task_phase_begin(task, "firmware_post", "BIOS settings");
    if (info_has(task->node, INFO_AGENT_URL))
        info_set_boolean(task->node, INFO_STEP_REBOOTED, true);
    if (!write_settings(task, settings, error) || !prepare_agent(task, error) ||
        !power_action(task, (PowerAction){.target = POWER_TARGET_REBOOT}, error))
        return step_failed();
    info_set_integer(task->node, INFO_ILO_RESET_LOOKS, 0);
    return step_again(LOOK_MS);
}

static StepOutcome
ilo_bios_step_apply_configuration(Task *task, const json_t *args, GError **error)
{
    json_auto_t *settings = settings_of(args, error);
    return settings == NULL ? step_failed() : change(task, settings, error);
}

static StepOutcome
ilo_bios_step_factory_reset(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return change(task, NULL, error);
}

#define SETTINGS_ARGUMENTS                                                                         \
    "{\"settings\": {\"description\": \"Settings to apply: a list of objects with name and "       \
    "value\", \"required\": true}}"

static const StepDef steps[] = {
    {.name = "apply_configuration",
     .run = ilo_bios_step_apply_configuration,
     .resume = ilo_bios_step_resume,
     .arguments = SETTINGS_ARGUMENTS},
    {.name = "factory_reset", .run = ilo_bios_step_factory_reset, .resume = ilo_bios_step_resume},
    {0},
};

const BiosOps bios_ilo = {
    .interface = {.name = "ilo",
                  .properties = ilo_node_properties,
                  .steps = {[STEP_KIND_CLEAN] = steps, [STEP_KIND_DEPLOY] = steps},
                  .validate = ilo_node_validate},
    .cache = ilo_bios_cache,
};
