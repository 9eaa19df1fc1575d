/* The plan of an operation: its steps, their order and the current one; the contract is in steps.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/steps/catalog.h"
#include "conductor/transition.h"
#include "model/step_lists.h"

#include <string.h>

/* The order of interfaces with equal priorities. */
static int
interface_rank(const char *interface_name)
{
    static const char *const order[] = {"bios",       "raid",  "deploy", "firmware",
                                        "management", "power", "vendor"};
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        if (g_strcmp0(order[i], interface_name) == 0)
            return (int)i + 1;
    return 0;
}

static int
compare_steps(const void *a, const void *b, void *user_data)
{
    (void)user_data;
    const json_t *first = *(json_t *const *)a, *second = *(json_t *const *)b;
    int by_priority = catalog_priority(second) - catalog_priority(first);
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
    /* The sort is stable: equal steps stay in the operator's order. */
    g_qsort_with_data(items, (int)count, sizeof *items, compare_steps, NULL);
    json_t *result = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append(result, items[i]);
    json_decref(steps);
    return result;
}

/* The row must know all arguments, and have all required ones. */
static bool
check_arguments(const json_t *row, const json_t *arguments, GError **error)
{
    const json_t *known = json_object_get(row, "argsinfo");
    const char *step = json_string_member(row, "step"), *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)known, name, value)
    {
        if (json_is_true(json_object_get(value, "required")) &&
            json_object_get(arguments, name) == NULL)
            return steel_fail(error, STEEL_ERROR_INVALID, "step %s needs the argument %s", step,
                              name);
    }
    json_object_foreach((json_t *)(uintptr_t)arguments, name, value)
    {
        if (json_object_get(known, name) == NULL)
            return steel_fail(error, STEEL_ERROR_INVALID, "step %s has no argument %s", step, name);
    }
    return true;
}

/* Priority 0 leaves the core deploy step out, but no other priority may move it. */
static bool
check_core(StepKind kind, const json_t *step, GError **error)
{
    bool core = kind == STEP_KIND_DEPLOY &&
                g_strcmp0(json_string_member(step, "interface"), "deploy") == 0 &&
                g_strcmp0(json_string_member(step, "step"), "deploy") == 0;
    return !core || catalog_priority(step) == 0 ||
           steel_fail(
               error, STEEL_ERROR_INVALID,
               "deploy step deploy.deploy is a core step and cannot be overridden; priority 0 "
               "leaves it out");
}

/* A row of the plan: the catalog's row without the members that only planning needs. */
static json_t *
planned_row(const Task *task, StepKind kind, const json_t *row)
{
    json_t *planned = json_deep_copy(row);
    json_object_del(planned, "argsinfo");
    if (step_table_has(task, kind, row) || reserved_is(row))
        json_object_del(planned, "requires_ramdisk");
    return planned;
}

/* The inputs of a plan. */
typedef struct Making {
    Task *task;
    StepKind kind;
    const json_t *catalog;   /* borrowed */
    const json_t *requested; /* borrowed; NULL: none */
    bool exact;              /* only requested steps */
    bool lenient;            /* skips steps that the catalog lacks */
} Making;

static bool
add_requested(const Making *making, const json_t *item, json_t *steps, GError **error)
{
    json_auto_t *of_all =
        step_is_for_children(item) ? step_for_children(item) : reserved_step(item);
    const json_t *row = of_all != NULL ? of_all : catalog_find(making->catalog, item);
    if (row == NULL && making->lenient)
        return true;
    if (row == NULL) {
        g_autofree char *name = catalog_name(item);
        return steel_fail(error, STEEL_ERROR_INVALID, "node %s has no %s step %s",
                          making->task->node->uuid, step_kind_info(making->kind)->word, name);
    }
    if (!check_core(making->kind, item, error) ||
        !(step_is_for_children(item) || check_arguments(row, json_object_get(item, "args"), error)))
        return false;
    json_t *step = json_deep_copy(item), *planned = planned_row(making->task, making->kind, row);
    json_object_del(step, "abortable"); /* the operator cannot set it */
    json_object_update_missing_new(step, planned);
    json_array_append_new(steps, step);
    return true;
}

/* Steps of an agent that have an option; those of a table name it in their row. */
static const struct {
    const char *name;
    ConfigOption option;
} priorities[] = {
    {"deploy.erase_devices",          OPT_DEPLOY_ERASE_DEVICES_PRIORITY},
    {"deploy.erase_devices_metadata", OPT_DEPLOY_ERASE_DEVICES_METADATA_PRIORITY},
    {"raid.delete_configuration",     OPT_DEPLOY_DELETE_CONFIGURATION_PRIORITY},
    {"raid.create_configuration",     OPT_DEPLOY_CREATE_CONFIGURATION_PRIORITY},
};

static int
configured_priority(const char *key, const json_t *row)
{
    for (size_t i = 0; i < G_N_ELEMENTS(priorities); i++)
        if (strcmp(priorities[i].name, key) == 0 &&
            config_is_set(config_current(), priorities[i].option))
            return (int)MIN(config_integer(config_current(), priorities[i].option),
                            STEPS_PRIORITY_LIMIT);
    return catalog_priority(row);
}

/* The configuration's priority wins over the source's: clean_step_priority_override, then the
 * option of the step. */
static int
automatic_priority(StepKind kind, const json_t *row)
{
    if (kind != STEP_KIND_CLEAN)
        return catalog_priority(row);
    g_autofree char *key = catalog_name(row);
    int own = configured_priority(key, row);
    const char *text =
        config_lookup(config_current(), OPT_CONDUCTOR_CLEAN_STEP_PRIORITY_OVERRIDE, key);
    guint64 priority = 0;
    g_autoptr(GError) error = NULL;
    if (text == NULL)
        return own;
    if (g_ascii_string_to_unsigned(text, 10, 0, STEPS_PRIORITY_LIMIT, &priority, &error))
        return (int)priority;
    log_warning("conductor.steps", "[conductor]clean_step_priority_override of %s: %s", key,
                error->message);
    return own;
}

/* Adds each step with a priority that the operator's list does not name. */
static void
add_automatic(const Making *making, json_t *steps)
{
    size_t index;
    json_t *row;
    json_array_foreach(making->catalog, index, row)
    {
        int priority = automatic_priority(making->kind, row);
        if (priority == 0 || catalog_find(making->requested, row) != NULL)
            continue;
        json_t *step = planned_row(making->task, making->kind, row);
        json_object_set_new(step, "priority", json_integer(priority));
        json_array_append_new(steps, step);
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
        if (catalog_priority(row) > 0)
            json_array_append(kept, row);
    }
    json_decref(steps);
    return kept;
}

static json_t *
make_plan(const Making *making, GError **error)
{
    json_auto_t *requested = making->exact ? steps_in_order(making->requested)
                                           : json_copy((json_t *)(uintptr_t)making->requested);
    json_t *steps = json_array();
    size_t index;
    json_t *item;
    json_array_foreach(requested, index, item)
    {
        if (!add_requested(making, item, steps, error)) {
            json_decref(steps);
            return NULL;
        }
    }
    if (making->exact)
        return steps;
    add_automatic(making, steps);
    return sorted(without_priority_zero(steps));
}

static void
store(Task *task, StepKind kind, json_t *steps, size_t index)
{
    info_set_json(task->node, step_kind_info(kind)->steps, steps);
    info_set_integer(task->node, step_kind_info(kind)->index, (int64_t)index);
}

bool
steps_plan(Task *task, StepKind kind, const json_t *requested, StepsHow how, GError **error)
{
    json_auto_t *catalog = catalog_of_tables(task, kind, error);
    if (catalog == NULL)
        return false;
    bool exact = how & STEPS_EXACT,
         pending = !(how & STEPS_WITHOUT_AGENT) && catalog_expects_agent(task, kind);
    const Making making = {task, kind, catalog, requested, exact, pending};
    json_t *steps = make_plan(&making, error);
    if (steps == NULL)
        return false;
    info_forget(task->node, LIFETIME_STEP);
    store(task, kind, steps, 0);
    info_remove(task->node, INFO_STEPS_PENDING);
    if (pending)
        info_set_json(
            task->node, INFO_STEPS_PENDING,
            json_pack("{s:o?,s:b}", "requested", json_deep_copy(requested), "exact", exact));
    return true;
}

bool
steps_pending(const Task *task)
{
    return info_has(task->node, INFO_STEPS_PENDING);
}

static size_t
step_index(const Task *task, StepKind kind)
{
    return (size_t)info_integer(task->node, step_kind_info(kind)->index);
}

static json_t *
step_at(const Task *task, StepKind kind, size_t index)
{
    return json_array_get(info_json(task->node, step_kind_info(kind)->steps), index);
}

static bool
is_under_way(const Task *task)
{
    return info_true(task->node, INFO_STEP_WAITING) || info_true(task->node, INFO_STEP_RESUMED) ||
           info_true(task->node, INFO_STEP_AGAIN);
}

static bool
same_step(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "interface"), json_object_get(b, "interface")) &&
           json_equal(json_object_get(a, "step"), json_object_get(b, "step"));
}

/* How many of the first `count` steps have the name of this one. A list may ask for one twice. */
static size_t
count_same(const json_t *steps, size_t count, const json_t *step)
{
    size_t same = 0;
    for (size_t i = 0; i < count; i++)
        same += same_step(json_array_get(steps, i), step);
    return same;
}

/* The index of the n-th step of this name, counted from 1; or of the last one. There is one. */
static size_t
place_of(const json_t *steps, const json_t *step, size_t n)
{
    size_t place = 0;
    for (size_t i = 0; i < json_array_size(steps) && n > 0; i++) {
        if (!same_step(json_array_get(steps, i), step))
            continue;
        place = i;
        n--;
    }
    return place;
}

/* The index in the new plan of a node that is in the middle of the old one: the current step, or
 * the one behind the last that ran. New steps before it do not run. */
static bool
find_place(Task *task, StepKind kind, const json_t *steps, size_t *place, GError **error)
{
    size_t index = step_index(task, kind);
    bool under_way = is_under_way(task);
    *place = 0;
    if (!under_way && index == 0)
        return true;
    size_t last_index = under_way ? index : index - 1;
    const json_t *last = step_at(task, kind, last_index);
    if (catalog_find(steps, last) == NULL) {
        g_autofree char *name = catalog_name(last);
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the step %s is not among the steps any more: was the driver changed?",
                          name);
    }
    const json_t *before = info_json(task->node, step_kind_info(kind)->steps);
    *place = place_of(steps, last, count_same(before, last_index + 1, last)) + (under_way ? 0 : 1);
    for (size_t i = 0; i < *place; i++) {
        const json_t *row = json_array_get(steps, i);
        g_autofree char *name = catalog_name(row);
        if (catalog_find(before, row) == NULL)
            log_warning("conductor.steps",
                        "step %s of the agent is left out: what has a lower "
                        "priority ran before the agent was there",
                        name);
    }
    return true;
}

/* Plans again with the agent's steps. */
static json_t *
make_pending(Task *task, StepKind kind, const json_t *catalog, GError **error)
{
    const json_t *pending = info_json(task->node, INFO_STEPS_PENDING),
                 *requested = json_object_get(pending, "requested");
    const Making making = {task,
                           kind,
                           catalog,
                           json_is_array(requested) ? requested : NULL,
                           json_is_true(json_object_get(pending, "exact")),
                           false};
    return make_plan(&making, error);
}

bool
steps_complete(Task *task, StepKind kind, GError **error)
{
    bool told = false;
    size_t place = 0;
    if (!steps_pending(task))
        return true;
    json_auto_t *catalog = catalog_of_tables(task, kind, error);
    if (catalog == NULL || !catalog_add_agents(task, kind, catalog, &told, error))
        return false;
    if (!told)
        return true;
    json_auto_t *steps = make_pending(task, kind, catalog, error);
    if (steps == NULL || !find_place(task, kind, steps, &place, error))
        return false;
    store(task, kind, json_incref(steps), place);
    info_remove(task->node, INFO_STEPS_PENDING);
    return true;
}

bool
steps_all_known(Task *task, StepKind kind, GError **error)
{
    if (!steps_pending(task))
        return true;
    json_auto_t *catalog = catalog_of_tables(task, kind, error);
    json_auto_t *steps = catalog != NULL ? make_pending(task, kind, catalog, error) : NULL;
    if (steps != NULL)
        return true;
    g_prefix_error(error, "no agent has called, and without one ");
    return false;
}

bool
steps_planned(const Task *task, StepKind kind)
{
    return json_is_array(info_json(task->node, step_kind_info(kind)->steps));
}

json_t *
steps_current(const Task *task, StepKind kind)
{
    return step_at(task, kind, step_index(task, kind));
}

void
steps_advance(Task *task, StepKind kind)
{
    info_forget(task->node, LIFETIME_STEP);
    info_set_integer(task->node, step_kind_info(kind)->index, (int64_t)step_index(task, kind) + 1);
}

bool
steps_abortable(const Task *task, StepKind kind)
{
    const json_t *step = steps_current(task, kind);
    return step == NULL || !is_under_way(task) || json_is_true(json_object_get(step, "abortable"));
}

bool
steps_need_ramdisk(Task *task, StepKind kind)
{
    json_auto_t *catalog = catalog_of_tables(task, kind, NULL);
    const json_t *steps = info_json(task->node, step_kind_info(kind)->steps);
    size_t index;
    json_t *step;
    json_array_foreach(steps, index, step)
    {
        if (step_is_for_children(step))
            continue;
        const json_t *row = catalog_find(catalog, step);
        if (json_is_true(json_object_get(row != NULL ? row : step, "requires_ramdisk")))
            return true;
    }
    return steps_pending(task);
}

static bool
is_automated_clean(const Task *task, StepKind kind)
{
    const char *goal = task->node->target_provision_state;
    return kind == STEP_KIND_CLEAN && (goal == NULL || state_from_wire(goal) != STATE_MANAGEABLE);
}

bool
steps_restart(Task *task, StepKind kind, GError **error)
{
    int64_t restarts = info_integer(task->node, INFO_STEPS_RESTARTS);
    if (restarts >= STEPS_RESTARTS_MOST)
        return steel_fail(error, STEEL_ERROR_CONFLICT,
                          "the agent had other steps than before %d times", (int)restarts);
    info_set_integer(task->node, INFO_STEPS_RESTARTS, restarts + 1);
    if (is_automated_clean(task, kind))
        return steps_plan(task, kind, NULL, 0, error);
    info_forget(task->node, LIFETIME_STEP);
    return true;
}

void
steps_forget(Task *task, StepKind kind)
{
    json_t **field = step_kind_field(task->node, kind);
    info_remove(task->node, step_kind_info(kind)->steps);
    info_remove(task->node, step_kind_info(kind)->index);
    info_remove(task->node, INFO_STEPS_PENDING);
    info_forget(task->node, LIFETIME_STEP);
    if (field != NULL)
        json_object_clear(*field);
}
