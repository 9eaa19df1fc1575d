/* An inspection that finds nothing. For demos, tests and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/inspect.h"

#include "drivers/fake.h"

static bool
validate(Task *task, GError **error)
{
    return fake_act(task, "inspect.validate", error);
}

static StepResult
inspect(Task *task, GError **error)
{
    return fake_step(task, "inspect.inspect", NULL, error);
}

static bool
abort_inspection(Task *task, GError **error)
{
    return fake_act(task, "inspect.abort", error);
}

const InspectOps inspect_fake = {
    .interface = {.name = "fake", .properties = fake_properties, .validate = validate},
    .inspect = inspect,
    .abort = abort_inspection,
};
