/* All steps that there are for a node; the contract is in catalog.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/steps/catalog.h"

#include "common/log.h"

#include <string.h>

/* Limits for the list of an agent, which is input from outside. */
enum { AGENT_STEPS_MOST = 500, AGENT_NAME_MOST = 255 };

json_t *
catalog_of_tables(Task *task, StepKind kind, GError **error)
{
    return step_table.list(task, kind, error);
}

/* The n-th agent of the node, or NULL. An agent counts once although several interfaces work with
 * it. */
static const StepSource *
agent_at(const Task *task, size_t n)
{
    const StepSource *seen[INTERFACE_COUNT];
    size_t count = 0;
    for (int type = 0; type < INTERFACE_COUNT; type++) {
        const StepSource *agent = driver_set_interface(&task->driver, (InterfaceType)type)->agent;
        bool known = agent == NULL;
        for (size_t i = 0; i < count; i++)
            known = known || seen[i] == agent;
        if (!known)
            seen[count++] = agent;
    }
    return n < count ? seen[n] : NULL;
}

static bool
offers(const StepSource *agent, const Task *task, StepKind kind)
{
    return agent->offers == NULL || agent->offers(task, kind);
}

bool
catalog_expects_agent(const Task *task, StepKind kind)
{
    const StepSource *agent;
    for (size_t n = 0; (agent = agent_at(task, n)) != NULL; n++)
        if (offers(agent, task, kind))
            return true;
    return false;
}

static const StepSource *
agent_of_interface(const Task *task, const char *interface_name)
{
    InterfaceType type;
    if (!interface_type_from_name(interface_name, &type))
        return NULL;
    return driver_set_interface(&task->driver, type)->agent;
}

static bool
is_name(const char *text)
{
    return text != NULL && *text != '\0' && strlen(text) <= AGENT_NAME_MOST;
}

static bool
check_row(const json_t *row, GError **error)
{
    int64_t priority = 0;
    bool good = is_name(json_string_member(row, "interface")) &&
                is_name(json_string_member(row, "step")) &&
                json_integer_member(row, "priority", &priority) && priority >= 0;
    g_autofree char *name = catalog_name(row);
    return good ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "the agent listed a step (%s) without interface, step or priority", name);
}

/* An agent may leave out whether its step can be interrupted: a deploy step then can. */
static json_t *
completed(StepKind kind, const json_t *row)
{
    json_t *step = json_deep_copy(row);
    if (json_object_get(step, "abortable") == NULL)
        json_object_set_new(step, "abortable", json_boolean(kind == STEP_KIND_DEPLOY));
    return step;
}

static bool
add_steps(const Task *task, StepKind kind, const StepSource *agent, const json_t *steps,
          json_t *catalog, GError **error)
{
    size_t index;
    json_t *row;
    if (!json_is_array(steps) || json_array_size(steps) > AGENT_STEPS_MOST)
        return steel_fail(error, STEEL_ERROR_INVALID, "the agent listed no steps, or more than %d",
                          AGENT_STEPS_MOST);
    json_array_foreach(steps, index, row)
    {
        if (!check_row(row, error))
            return false;
        if (agent_of_interface(task, json_string_member(row, "interface")) != agent)
            continue; /* the node's interface of this kind does not work with the agent */
        if (catalog_find(catalog, row) == NULL)
            json_array_append_new(catalog, completed(kind, row));
    }
    return true;
}

static bool
ask(Task *task, StepKind kind, const StepSource *agent, json_t *catalog, bool *told, GError **error)
{
    g_autoptr(GError) failure = NULL;
    json_auto_t *steps = agent->list(task, kind, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (steps == NULL) {
        *told = false;
        return true;
    }
    return add_steps(task, kind, agent, steps, catalog, error);
}

bool
catalog_add_agents(Task *task, StepKind kind, json_t *catalog, bool *told, GError **error)
{
    const StepSource *agent;
    *told = true;
    for (size_t n = 0; (agent = agent_at(task, n)) != NULL; n++)
        if (offers(agent, task, kind) && !ask(task, kind, agent, catalog, told, error))
            return false;
    return true;
}

json_t *
catalog_find(const json_t *rows, const json_t *step)
{
    const char *interface_name = json_string_member(step, "interface"),
               *name = json_string_member(step, "step");
    size_t index;
    json_t *row;
    json_array_foreach(rows, index, row)
    {
        if (interface_name != NULL && name != NULL &&
            g_strcmp0(json_string_member(row, "interface"), interface_name) == 0 &&
            g_strcmp0(json_string_member(row, "step"), name) == 0)
            return row;
    }
    return NULL;
}

char *
catalog_name(const json_t *step)
{
    const char *interface_name = json_string_member(step, "interface"),
               *name = json_string_member(step, "step");
    return g_strdup_printf("%s.%s", interface_name != NULL ? interface_name : "?",
                           name != NULL ? name : "?");
}

int
catalog_priority(const json_t *step)
{
    int64_t priority = 0;
    return json_integer_member(step, "priority", &priority)
               ? (int)CLAMP(priority, 0, STEPS_PRIORITY_LIMIT)
               : 0;
}

const StepSource *
steps_source(const Task *task, StepKind kind, const json_t *step, GError **error)
{
    if (step_is_for_children(step))
        return &child_steps;
    if (reserved_is(step))
        return &reserved_steps;
    if (step_table_has(task, kind, step))
        return &step_table;
    const StepSource *agent = agent_of_interface(task, json_string_member(step, "interface"));
    if (agent != NULL && offers(agent, task, kind))
        return agent;
    steel_fail(error, STEEL_ERROR_INVALID,
               "the step is not there any more: was the driver changed?");
    return NULL;
}
