/* The step engine: a list computed once, stored with the node, executed one by one. Where it stands is in the database
 * before each step, so that any life of the process can go on.
 *
 * In driver_internal_info: "<kind>_steps" [{"interface","step","priority","args"?}], "<kind>_step_index" int (the step
 * under way), "<kind>_step_waiting" true while the machine has the word, "<kind>_step_again" true while the step has asked
 * to be called again. The current step is node.<kind>_step.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/internal.h"

#include <string.h>

#define PRIORITY_LIMIT 100000

typedef struct StepKeys {
    const char *word;
    InfoKey steps, index, waiting, again;
} StepKeys;

static const StepKeys *
keys_of(StepKind kind)
{
    static const StepKeys keys[] = {
        [STEP_KIND_DEPLOY] = {"deploy", INFO_DEPLOY_STEPS, INFO_DEPLOY_STEP_INDEX,
                              INFO_DEPLOY_STEP_WAITING, INFO_DEPLOY_STEP_AGAIN},
        [STEP_KIND_CLEAN] = {"clean",  INFO_CLEAN_STEPS,  INFO_CLEAN_STEP_INDEX,
                              INFO_CLEAN_STEP_WAITING,  INFO_CLEAN_STEP_AGAIN },
    };
    return &keys[kind];
}

static json_t **
current_step(Task *task, StepKind kind)
{
    return kind == STEP_KIND_DEPLOY ? &task->node->deploy_step : &task->node->clean_step;
}

static const StepDef *
find_step(const Task *task, StepKind kind, const char *interface_name, const char *step_name)
{
    InterfaceType type;
    if (interface_name == NULL || step_name == NULL ||
        !interface_type_from_name(interface_name, &type))
        return NULL;
    const StepDef *step = interface_steps(driver_set_interface(&task->driver, type), kind);
    for (; step != NULL && step->name != NULL; step++)
        if (strcmp(step->name, step_name) == 0)
            return step;
    return NULL;
}

/* Priorities may be given as digits in a string. */
static int
priority_of(const json_t *step)
{
    int64_t priority = 0;
    return json_integer_member(step, "priority", &priority)
               ? (int)CLAMP(priority, 0, PRIORITY_LIMIT)
               : 0;
}

/* When priorities are equal: who goes first. */
static int
interface_rank(const char *interface_name)
{
    static const char *const order[] = {"bios", "raid", "deploy", "management", "power", "vendor"};
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        if (strcmp(order[i], interface_name) == 0)
            return (int)i + 1;
    return 0;
}

static int
compare_steps(const void *a, const void *b, void *user_data)
{
    (void)user_data;
    const json_t *first = *(json_t *const *)a, *second = *(json_t *const *)b;
    int by_priority = priority_of(second) - priority_of(first);
    if (by_priority != 0)
        return by_priority;
    return interface_rank(json_string_member(second, "interface")) -
           interface_rank(json_string_member(first, "interface"));
}

static json_t *
sorted(json_t *steps)
{
    size_t count = json_array_size(steps);
    g_autofree json_t **items = g_new(json_t *, count + 1);
    for (size_t i = 0; i < count; i++)
        items[i] = json_array_get(steps, i);
    /* A stable sort: equals stay in the operator's order. */
    g_qsort_with_data(items, (int)count, sizeof *items, compare_steps, NULL);
    json_t *result = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append(result, items[i]);
    json_decref(steps);
    return result;
}

/* Arguments must be those of the row, and all required ones must be there. */
static bool
check_arguments(const StepDef *step, const json_t *arguments, GError **error)
{
    json_t *known = step->arguments != NULL
                        ? json_text_parse(step->arguments, strlen(step->arguments), 0, error)
                        : json_object();
    if (known == NULL)
        return false;
    const char *name;
    json_t *value;
    bool good = true;
    json_object_foreach(known, name, value)
    {
        if (good && json_is_true(json_object_get(value, "required")) &&
            json_object_get(arguments, name) == NULL)
            good = steel_fail(error, STEEL_ERROR_INVALID, "step %s needs the argument %s",
                              step->name, name);
    }
    void *iterator = json_object_iter((json_t *)(uintptr_t)arguments);
    for (; good && iterator != NULL;
         iterator = json_object_iter_next((json_t *)(uintptr_t)arguments, iterator))
        if (json_object_get(known, json_object_iter_key(iterator)) == NULL)
            good = steel_fail(error, STEEL_ERROR_INVALID, "step %s has no argument %s", step->name,
                              json_object_iter_key(iterator));
    json_decref(known);
    return good;
}

/* The deployment itself can be left out, with priority 0, but not replaced: its place among the steps is its own. */
static bool
check_core(StepKind kind, const json_t *step, GError **error)
{
    bool core = kind == STEP_KIND_DEPLOY &&
                g_strcmp0(json_string_member(step, "interface"), "deploy") == 0 &&
                g_strcmp0(json_string_member(step, "step"), "deploy") == 0;
    return !core || priority_of(step) == 0 ||
           steel_fail(
               error, STEEL_ERROR_INVALID,
               "deploy step deploy.deploy is a core step and cannot be overridden; priority 0 "
               "leaves it out");
}

static json_t *
requested_steps(const Task *task, StepKind kind, const json_t *requested, GError **error)
{
    json_t *steps = json_array();
    size_t index;
    json_t *item;
    json_array_foreach(requested, index, item)
    {
        const char *interface_name = json_string_member(item, "interface"),
                   *name = json_string_member(item, "step");
        const StepDef *step = find_step(task, kind, interface_name, name);
        bool good =
            step != NULL ||
            steel_fail(error, STEEL_ERROR_INVALID, "node %s has no %s step %s.%s", task->node->uuid,
                       keys_of(kind)->word, interface_name != NULL ? interface_name : "?",
                       name != NULL ? name : "?");
        if (!good || !check_core(kind, item, error) ||
            !check_arguments(step, json_object_get(item, "args"), error)) {
            json_decref(steps);
            return NULL;
        }
        json_t *row = json_deep_copy(item);
        if (json_object_get(row, "priority") == NULL)
            json_object_set_new(row, "priority", json_integer(step->priority));
        json_object_set_new(row, "abortable", json_boolean(step->abortable));
        json_array_append_new(steps, row);
    }
    return steps;
}

static bool
has_step(const json_t *steps, const char *interface_name, const char *name)
{
    size_t index;
    json_t *row;
    json_array_foreach(steps, index, row)
    {
        if (g_strcmp0(json_string_member(row, "interface"), interface_name) == 0 &&
            g_strcmp0(json_string_member(row, "step"), name) == 0)
            return true;
    }
    return false;
}

/* Of the driver, unless the configuration has another for this service. */
static int
automatic_priority(StepKind kind, const char *interface_name, const StepDef *step)
{
    if (kind != STEP_KIND_CLEAN)
        return step->priority;
    g_autofree char *key = g_strconcat(interface_name, ".", step->name, NULL);
    const char *text =
        config_lookup(config_current(), OPT_CONDUCTOR_CLEAN_STEP_PRIORITY_OVERRIDE, key);
    guint64 priority = 0;
    g_autoptr(GError) error = NULL;
    if (text == NULL)
        return step->priority;
    if (g_ascii_string_to_unsigned(text, 10, 0, PRIORITY_LIMIT, &priority, &error))
        return (int)priority;
    log_warning("conductor.steps", "[conductor]clean_step_priority_override of %s: %s", key,
                error->message);
    return step->priority;
}

/* Every step that has a priority and that the caller has not spoken about. */
static void
add_automatic(const Task *task, StepKind kind, json_t *steps)
{
    for (int type = 0; type < INTERFACE_COUNT; type++) {
        const char *interface_name = interface_type_name((InterfaceType)type);
        const StepDef *step =
            interface_steps(driver_set_interface(&task->driver, (InterfaceType)type), kind);
        for (; step != NULL && step->name != NULL; step++) {
            int priority = automatic_priority(kind, interface_name, step);
            if (priority == 0 || has_step(steps, interface_name, step->name))
                continue;
            json_array_append_new(steps, json_pack("{s:s,s:s,s:i,s:b}", "interface", interface_name,
                                                   "step", step->name, "priority", priority,
                                                   "abortable", step->abortable));
        }
    }
}

static json_t *
without_priority_zero(json_t *steps)
{
    json_t *kept = json_array();
    size_t index;
    json_t *row;
    json_array_foreach(steps, index, row)
    {
        if (priority_of(row) > 0)
            json_array_append(kept, row);
    }
    json_decref(steps);
    return kept;
}

bool
steps_plan(Task *task, StepKind kind, const json_t *requested, bool exact, GError **error)
{
    json_t *steps = requested_steps(task, kind, requested, error);
    if (steps == NULL)
        return false;
    if (!exact) {
        add_automatic(task, kind, steps);
        steps = sorted(without_priority_zero(steps));
    }
    const StepKeys *keys = keys_of(kind);
    info_set_json(task->node, keys->steps, steps);
    info_set_integer(task->node, keys->index, 0);
    info_forget(task->node, LIFETIME_STEP);
    return true;
}

bool
steps_planned(const Task *task, StepKind kind)
{
    return json_is_array(info_json(task->node, keys_of(kind)->steps));
}

static size_t
step_index(const Task *task, StepKind kind)
{
    return (size_t)info_integer(task->node, keys_of(kind)->index);
}

static json_t *
step_at(const Task *task, StepKind kind, size_t index)
{
    return json_array_get(info_json(task->node, keys_of(kind)->steps), index);
}

/* Writes down which step is about to run. */
static bool
begin_step(Task *task, StepKind kind, size_t index, json_t *step, GError **error)
{
    info_set_integer(task->node, keys_of(kind)->index, (int64_t)index);
    json_t **current = current_step(task, kind);
    json_decref(*current);
    *current = json_deep_copy(step);
    return task_save(task, error);
}

static StepResult
run_step(Task *task, StepKind kind, const json_t *step, unsigned *again_ms, GError **error)
{
    const char *interface_name = json_string_member(step, "interface"),
               *name = json_string_member(step, "step");
    const StepDef *row = find_step(task, kind, interface_name, name);
    if (row == NULL) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "the step is not there any more: was the driver changed?");
        return STEP_ERROR;
    }
    log_info("conductor.steps", "%s step %s.%s", keys_of(kind)->word, interface_name, name);
    return row->run(task, json_object_get(step, "args"), again_ms, error);
}

/* Stands behind the step, in case the process dies before the next one is written down. */
static void
end_step(Task *task, StepKind kind, size_t index)
{
    info_forget(task->node, LIFETIME_STEP);
    info_set_integer(task->node, keys_of(kind)->index, (int64_t)index + 1);
}

static StepsOutcome
wait_here(Task *task, StepKind kind)
{
    info_set_boolean(task->node, keys_of(kind)->waiting, true);
    return STEPS_WAIT;
}

static StepsOutcome
failed_unless_database(StepsOutcome otherwise, GError **error)
{
    if (error == NULL || !work_interrupted(*error))
        return otherwise;
    g_clear_error(error);
    return STEPS_STOPPED;
}

/* What was reached is saved, so that the next life does not do it again. */
static StepsOutcome
stop_here(Task *task, StepKind kind)
{
    g_autoptr(GError) error = NULL;
    bool unfinished = info_has(task->node, keys_of(kind)->again);
    task_phase_end(task, unfinished ? "interrupted" : "ok", NULL);
    if (!task_save(task, &error))
        log_warning("conductor.steps", "the last step will be done again: %s", error->message);
    return STEPS_STOPPED;
}

/* A step that is called again goes on with the phase it has. */
static void
begin_phase(Task *task, StepKind kind, const char *name)
{
    if (!info_remove(task->node, keys_of(kind)->again))
        task_phase_begin(task, name, NULL);
}

static StepsOutcome
again(Task *task, StepKind kind, GError **error)
{
    info_set_boolean(task->node, keys_of(kind)->again, true);
    return task_save(task, error) ? STEPS_AGAIN : failed_unless_database(STEPS_FAILED, error);
}

StepsOutcome
steps_run(Task *task, StepKind kind, unsigned *again_ms, GError **error)
{
    for (size_t index = step_index(task, kind); step_at(task, kind, index) != NULL; index++) {
        if (task_conductor(task)->stopping)
            return stop_here(task, kind);
        json_auto_t *step =
            json_incref(step_at(task, kind, index)); /* the step may save the node */
        g_autofree char *name = g_strdup_printf("%s.%s", json_string_member(step, "interface"),
                                                json_string_member(step, "step"));
        if (!begin_step(task, kind, index, step, error))
            return failed_unless_database(STEPS_FAILED, error);
        begin_phase(task, kind, name);
        switch (run_step(task, kind, step, again_ms, error)) {
        case STEP_DONE:
            break;
        case STEP_WAIT:
            return wait_here(task, kind);
        case STEP_AGAIN:
            return again(task, kind, error);
        case STEP_ERROR:
            g_prefix_error(error, "%s step %s: ", keys_of(kind)->word, name);
            return failed_unless_database(STEPS_FAILED, error);
        }
        end_step(task, kind, index);
    }
    return STEPS_DONE;
}

void
steps_interrupted(Task *task)
{
    for (StepKind kind = 0; kind <= STEP_KIND_CLEAN; kind++)
        info_remove(task->node, keys_of(kind)->again);
}

void
steps_finish_wait(Task *task, StepKind kind)
{
    if (info_true(task->node, keys_of(kind)->waiting))
        end_step(task, kind, step_index(task, kind));
}

bool
steps_abortable(const Task *task, StepKind kind)
{
    const json_t *step = step_at(task, kind, step_index(task, kind));
    return step == NULL || json_is_true(json_object_get(step, "abortable"));
}

bool
steps_need_ramdisk(const Task *task, StepKind kind)
{
    const json_t *step;
    for (size_t i = 0; (step = step_at(task, kind, i)) != NULL; i++) {
        const StepDef *row = find_step(task, kind, json_string_member(step, "interface"),
                                       json_string_member(step, "step"));
        if (row != NULL && row->requires_ramdisk)
            return true;
    }
    return false;
}

void
steps_forget(Task *task, StepKind kind)
{
    info_remove(task->node, keys_of(kind)->steps);
    info_remove(task->node, keys_of(kind)->index);
    info_forget(task->node, LIFETIME_STEP);
    json_t **current = current_step(task, kind);
    json_decref(*current);
    *current = json_object();
}
