/* The tables of the interfaces as a source of steps; the contract is in step.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "drivers/step.h"
#include "drivers/task.h"

#include <string.h>

static const StepDef *
find(const Task *task, StepKind kind, const json_t *step)
{
    InterfaceType type;
    const char *name = json_string_member(step, "step");
    if (name == NULL || !interface_type_from_name(json_string_member(step, "interface"), &type))
        return NULL;
    const StepDef *row = driver_set_interface(&task->driver, type)->steps[kind];
    for (; row != NULL && row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

bool
step_table_has(const Task *task, StepKind kind, const json_t *step)
{
    return find(task, kind, step) != NULL;
}

static int
priority(const StepDef *row)
{
    if (row->priority_option == 0)
        return row->priority;
    return (int)MIN(config_integer(config_current(), row->priority_option), G_MAXINT);
}

static json_t *
describe(InterfaceType type, const StepDef *row, GError **error)
{
    json_t *known = row->arguments != NULL
                        ? json_text_parse(row->arguments, strlen(row->arguments), 0, error)
                        : json_object();
    return known == NULL ? NULL
                         : json_pack("{s:s,s:s,s:i,s:b,s:b,s:o}", "interface",
                                     interface_type_name(type), "step", row->name, "priority",
                                     priority(row), "abortable", row->abortable, "requires_ramdisk",
                                     row->requires_ramdisk, "argsinfo", known);
}

static json_t *
step_table_list(Task *task, StepKind kind, GError **error)
{
    json_t *steps = json_array();
    for (int type = 0; type < INTERFACE_COUNT; type++) {
        const Interface *interface = driver_set_interface(&task->driver, (InterfaceType)type);
        const StepDef *row = interface->steps[kind];
        for (; row != NULL && row->name != NULL; row++) {
            json_t *step = describe((InterfaceType)type, row, error);
            if (step == NULL) {
                json_decref(steps);
                return NULL;
            }
            json_array_append_new(steps, step);
        }
    }
    return steps;
}

static StepOutcome
step_table_run(Task *task, StepKind kind, const json_t *step, GError **error)
{
    const StepDef *row = find(task, kind, step);
    return row->run(task, json_object_get(step, "args"), error);
}

static StepOutcome
step_table_resume(Task *task, StepKind kind, const json_t *step, GError **error)
{
    const StepDef *row = find(task, kind, step);
    return row->resume != NULL ? row->resume(task, json_object_get(step, "args"), error)
                               : step_done();
}

const StepSource step_table = {
    .list = step_table_list, .run = step_table_run, .resume = step_table_resume};
