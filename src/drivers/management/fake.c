/* A management driver without a BMC: driver_internal_info keeps what is set. For demos, tests and
 * development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/management/management.h"

#include "drivers/fake.h"
#include "model/internal_info.h"

#include <string.h>

static bool
fake_management_validate(Task *task, GError **error)
{
    return fake_act(task, "management.validate", error);
}

static json_t *
memory(Task *task)
{
    json_t *remembered = info_json(task->node, INFO_FAKE_MANAGEMENT);
    if (remembered == NULL) {
        remembered = json_object();
        info_set_json(task->node, INFO_FAKE_MANAGEMENT, remembered);
    }
    return remembered;
}

static bool
fake_management_set_boot_device(Task *task, const char *device, bool persistent, GError **error)
{
    if (!fake_act(task, "management.set_boot_device", error))
        return false;
    json_t *remembered = memory(task);
    json_object_set_new(remembered, "boot_device", json_string(device));
    json_object_set_new(remembered, "persistent", json_boolean(persistent));
    return task_save(task, error);
}

static bool
fake_management_get_boot_device(Task *task, BootDevice *device, GError **error)
{
    if (!fake_act(task, "management.get_boot_device", error))
        return false;
    const json_t *remembered = info_json(task->node, INFO_FAKE_MANAGEMENT);
    const char *name = json_string_member(remembered, "boot_device");
    g_strlcpy(device->device, name != NULL ? name : "pxe", sizeof device->device);
    device->persistent = json_is_true(json_object_get(remembered, "persistent"));
    return true;
}

static bool
fake_management_set_boot_mode(Task *task, const char *mode, GError **error)
{
    if (!fake_act(task, "management.set_boot_mode", error))
        return false;
    json_object_set_new(memory(task), "boot_mode", json_string(mode));
    return task_save(task, error);
}

static bool
fake_management_set_secure_boot(Task *task, bool on, GError **error)
{
    if (!fake_act(task, "management.set_secure_boot", error))
        return false;
    json_object_set_new(memory(task), "secure_boot", json_boolean(on));
    return task_save(task, error);
}

static bool
fake_management_inject_nmi(Task *task, GError **error)
{
    return fake_act(task, "management.inject_nmi", error);
}

static json_t *
fake_management_get_sensors(Task *task, GError **error)
{
    return fake_act(task, "management.get_sensors", error)
               ? json_pack("[{s:s, s:s, s:s, s:i, s:s}]", "type", "Temperature", "name", "CPU",
                           "unit", "celsius", "value", 40, "health", "OK")
               : NULL;
}

static json_t *
all_indicators(void)
{
    return json_pack("{s:{s:{s:b, s:[s,s]}}, s:{s:{s:b, s:[s,s,s]}}}", "chassis", "led-0",
                     "readonly", 1, "states", "off", "on", "system", "led", "readonly", 0, "states",
                     "blinking", "off", "on");
}

static json_t *
fake_management_supported_indicators(Task *task, const char *component, GError **error)
{
    if (!fake_act(task, "management.supported_indicators", error))
        return NULL;
    json_t *all = all_indicators();
    if (component == NULL)
        return all;
    json_t *one = json_object();
    json_object_set(one, component, json_object_get(all, component));
    json_decref(all);
    return one;
}

/* The row of an indicator, owned by *all; NULL with INVALID. */
static const json_t *
find_indicator(json_t *all, const char *component, const char *indicator, GError **error)
{
    const json_t *row = json_object_get(json_object_get(all, component), indicator);
    if (row == NULL)
        steel_fail(error, STEEL_ERROR_INVALID,
                   "there is no indicator %.40s of component %.40s; there are: led-0 of chassis, "
                   "led of system",
                   indicator, component);
    return row;
}

static char *
fake_management_get_indicator(Task *task, const char *component, const char *indicator,
                              GError **error)
{
    json_auto_t *all = all_indicators();
    if (!fake_act(task, "management.get_indicator", error) ||
        find_indicator(all, component, indicator, error) == NULL)
        return NULL;
    const json_t *remembered = info_json(task->node, INFO_FAKE_MANAGEMENT);
    const char *state = json_string_member(json_object_get(remembered, "indicators"), indicator);
    return g_strdup(state != NULL ? state : "on");
}

static bool
allowed_state(const json_t *row, const char *indicator, const char *state, GError **error)
{
    if (json_is_true(json_object_get(row, "readonly")))
        return steel_fail(error, STEEL_ERROR_INVALID, "indicator %s is read-only", indicator);
    const json_t *states = json_object_get(row, "states");
    for (size_t i = 0; i < json_array_size(states); i++)
        if (strcmp(json_string_value(json_array_get(states, i)), state) == 0)
            return true;
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "indicator %s cannot be '%.20s'; it may be: blinking, off, on", indicator,
                      state);
}

static bool
fake_management_set_indicator(Task *task, const char *component, const char *indicator,
                              const char *state, GError **error)
{
    json_auto_t *all = all_indicators();
    const json_t *row = NULL;
    if (!fake_act(task, "management.set_indicator", error) ||
        (row = find_indicator(all, component, indicator, error)) == NULL ||
        !allowed_state(row, indicator, state, error))
        return false;
    json_t *remembered = memory(task), *states = json_object_get(remembered, "indicators");
    if (states == NULL) {
        states = json_object();
        json_object_set_new(remembered, "indicators", states);
    }
    json_object_set_new(states, indicator, json_string(state));
    return task_save(task, error);
}

static const char *const boot_devices[] = {"pxe", NULL};
static const char *const boot_modes[] = {"bios", "uefi", NULL};

static bool
fake_management_get_health(Task *task, const char **health, GError **error)
{
    static const char *const words[] = {"OK", "Warning", "Critical"};
    const char *ordered = fake_text(task, "management.get_health", "health");
    *health = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_strcmp0(words[i], ordered) == 0)
            *health = words[i];
    return fake_act(task, "management.get_health", error);
}

const ManagementOps management_fake = {
    .interface = {.name = "fake",
                  .properties = fake_properties,
                  .validate = fake_management_validate},
    .boot_devices = boot_devices,
    .set_boot_device = fake_management_set_boot_device,
    .get_boot_device = fake_management_get_boot_device,
    .boot_modes = boot_modes,
    .set_boot_mode = fake_management_set_boot_mode,
    .set_secure_boot = fake_management_set_secure_boot,
    .get_health = fake_management_get_health,
    .inject_nmi = fake_management_inject_nmi,
    .supported_indicators = fake_management_supported_indicators,
    .get_indicator = fake_management_get_indicator,
    .set_indicator = fake_management_set_indicator,
    .get_sensors = fake_management_get_sensors,
};
