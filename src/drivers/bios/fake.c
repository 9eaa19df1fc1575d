/* A BIOS driver whose settings are only in the database. For demos, tests and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/bios/bios.h"

#include "drivers/fake.h"

static bool
fake_bios_validate(Task *task, GError **error)
{
    return fake_act(task, "bios.validate", error);
}

static bool
fake_bios_cache(Task *task, GError **error)
{
    return fake_act(task, "bios.cache", error);
}

static StepOutcome
fake_bios_step_apply_configuration(Task *task, const json_t *args, GError **error)
{
    StepOutcome outcome = fake_step(task, "bios.apply_configuration", error);
    if (outcome.result == STEP_ERROR || outcome.result == STEP_AGAIN)
        return outcome;
    return bios_store_settings(task, json_object_get(args, "settings"), error) ? outcome
                                                                               : step_failed();
}

static StepOutcome
fake_bios_step_factory_reset(Task *task, const json_t *args, GError **error)
{
    (void)args;
    StepOutcome outcome = fake_step(task, "bios.factory_reset", error);
    if (outcome.result == STEP_ERROR || outcome.result == STEP_AGAIN)
        return outcome;
    json_auto_t *none = json_array();
    return bios_store_settings(task, none, error) ? outcome : step_failed();
}

static StepOutcome
fake_bios_step_cache_bios_settings(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "bios.cache_bios_settings", error);
}

static const StepDef clean_steps[] = {
    {.name = "apply_configuration",
     .run = fake_bios_step_apply_configuration,
     .arguments =
         "{\"settings\": {\"description\": \"Settings to apply: a list of objects with name "
         "and value\", \"required\": true}}"},
    {.name = "factory_reset", .run = fake_bios_step_factory_reset},
    {.name = "cache_bios_settings", .run = fake_bios_step_cache_bios_settings},
    {0},
};

const BiosOps bios_fake = {
    .interface = {.name = "fake",
                  .properties = fake_properties,
                  .steps = {[STEP_KIND_CLEAN] = clean_steps},
                  .validate = fake_bios_validate},
    .cache = fake_bios_cache,
};
