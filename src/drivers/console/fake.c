/* A console without a machine. For demos, tests and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/console/console.h"

#include "drivers/fake.h"

static bool
fake_console_validate(Task *task, GError **error)
{
    return fake_act(task, "console.validate", error);
}

static bool
fake_console_start(Task *task, GError **error)
{
    return fake_act(task, "console.start", error);
}

static bool
fake_console_stop(Task *task, GError **error)
{
    return fake_act(task, "console.stop", error);
}

/* It has no address, since no client can connect to it. */
static json_t *
fake_console_get(Task *task, GError **error)
{
    return fake_act(task, "console.get", error) ? json_object() : NULL;
}

const ConsoleOps console_fake = {
    .interface = {.name = "fake", .properties = fake_properties, .validate = fake_console_validate},
    .start = fake_console_start,
    .stop = fake_console_stop,
    .get = fake_console_get,
};
