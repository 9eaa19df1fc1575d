/* A firmware driver whose firmware is only in the database: the version of a component is the last
 * part of its file's URL. For demos, tests and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/firmware/firmware.h"

#include "common/json_text.h"
#include "drivers/fake.h"
#include "drivers/firmware/settings.h"

static bool
fake_firmware_validate(Task *task, GError **error)
{
    return fake_act(task, "firmware.validate", error);
}

static bool
fake_firmware_cache(Task *task, GError **error)
{
    return fake_act(task, "firmware.cache", error);
}

static bool
flash(Task *task, const json_t *settings, GError **error)
{
    json_auto_t *components = json_array();
    size_t index;
    const json_t *setting;
    json_array_foreach((json_t *)(uintptr_t)settings, index, setting)
    {
        g_autofree char *version = g_path_get_basename(json_string_member(setting, "url"));
        json_array_append_new(components, json_pack("{s:O,s:s}", "component",
                                                    json_object_get(setting, "component"),
                                                    "current_version", version));
    }
    return firmware_store(task, components, error);
}

static StepOutcome
fake_firmware_step_update(Task *task, const json_t *args, GError **error)
{
    const json_t *settings = firmware_settings(args, error);
    if (settings == NULL)
        return step_failed();
    StepOutcome outcome = fake_step(task, "firmware.update", error);
    if (outcome.result == STEP_ERROR || outcome.result == STEP_AGAIN)
        return outcome;
    return flash(task, settings, error) ? outcome : step_failed();
}

static const StepDef update_steps[] = {
    {.name = "update", .run = fake_firmware_step_update, .arguments = FIRMWARE_SETTINGS_ARGUMENTS},
    {0},
};

const FirmwareOps firmware_fake = {
    .interface = {.name = "fake",
                  .properties = fake_properties,
                  .steps = {[STEP_KIND_CLEAN] = update_steps,
                            [STEP_KIND_DEPLOY] = update_steps,
                            [STEP_KIND_SERVICE] = update_steps},
                  .validate = fake_firmware_validate},
    .cache = fake_firmware_cache,
};
