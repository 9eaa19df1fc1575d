/* BIOS settings over Redfish. A change holds after the next POST: the step reboots the machine, and
 * when the agent calls again it compares what has become of the settings.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/bios/bios.h"

#include "bmc/redfish/bios.h"
#include "common/log.h"
#include "drivers/bmc_step.h"
#include "drivers/node_agent.h"
#include "drivers/redfish_node.h"
#include "model/internal_info.h"

#include <string.h>

/* ---- the cache ---- */

/* Values are texts in the API; others than strings are written as JSON. */
static json_t *
value_text(const json_t *value)
{
    if (json_is_string(value))
        return json_string(json_string_value(value));
    g_autofree char *text = json_text_dump(value);
    return json_is_null(value) ? json_string("") : json_string(text);
}

static const json_t *
registry_row(const json_t *registry, const char *name)
{
    const json_t *row;
    size_t i;
    json_array_foreach(registry, i, row) if (g_strcmp0(json_string_member(row, "AttributeName"),
                                                       name) == 0) return row;
    return NULL;
}

/* Names of the values of an enumeration. */
static json_t *
value_names(const json_t *values)
{
    json_t *names = json_array();
    const json_t *value;
    size_t i;
    json_array_foreach(values, i, value)
    {
        const char *name = json_string_member(value, "ValueName");
        if (name == NULL)
            name = json_string_member(value, "ValueDisplayName");
        if (name != NULL)
            json_array_append_new(names, json_string(name));
    }
    return names;
}

/* Members of a registry's row and the fields of a setting; others are left out. */
static const struct {
    const char *redfish, *ours;
    json_type type; /* JSON_TRUE: a boolean */
} registry_fields[] = {
    {"Type",                   "attribute_type", JSON_STRING},
    {"LowerBound",             "lower_bound",    JSON_INTEGER},
    {"UpperBound",             "upper_bound",    JSON_INTEGER},
    {"MinLength",              "min_length",     JSON_INTEGER},
    {"MaxLength",              "max_length",     JSON_INTEGER},
    {"ReadOnly",               "read_only",      JSON_TRUE},
    {"ResetRequired",          "reset_required", JSON_TRUE},
    {"IsSystemUniqueProperty", "unique",         JSON_TRUE},
};

static bool
has_type(const json_t *value, json_type type)
{
    return value != NULL &&
           (type == JSON_TRUE ? json_is_boolean(value) : json_typeof(value) == type);
}

static json_t *
setting_of(const char *name, const json_t *value, const json_t *row)
{
    json_t *setting = json_pack("{s:s, s:o}", "name", name, "value", value_text(value));
    for (size_t i = 0; i < G_N_ELEMENTS(registry_fields); i++) {
        json_t *member = json_object_get(row, registry_fields[i].redfish);
        if (has_type(member, registry_fields[i].type))
            json_object_set(setting, registry_fields[i].ours, member);
    }
    const json_t *values = json_object_get(row, "Value");
    if (json_is_array(values))
        json_object_set_new(setting, "allowable_values", value_names(values));
    return setting;
}

/* Without the registry the settings have names and values. */
static json_t *
read_registry(const RedfishVisit *visit)
{
    g_autoptr(GError) why = NULL;
    json_t *registry = redfish_bios_registry(&visit->bmc, &visit->system, &why);
    if (registry == NULL)
        log_info("drivers.redfish", "the registry of the BIOS settings cannot be read: %s",
                 why->message);
    return registry != NULL ? registry : json_array();
}

static bool
store(Task *task, const RedfishVisit *visit, json_t *attributes, GError **error)
{
    json_auto_t *registry = read_registry(visit);
    json_auto_t *settings = json_array();
    const char *name;
    json_t *value;
    json_object_foreach(attributes, name, value)
        json_array_append_new(settings, setting_of(name, value, registry_row(registry, name)));
    return bios_store_settings(task, settings, error);
}

static bool
redfish_bios_cache(Task *task, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    if (!redfish_visit_begin(task, &visit, error))
        return false;
    json_auto_t *attributes = redfish_bios_get(&visit.bmc, &visit.system, error);
    return attributes != NULL && store(task, &visit, attributes, error);
}

/* ---- steps ---- */

/* {name: value} of the operator's list; NULL with INVALID. */
static json_t *
wanted_attributes(const json_t *args, GError **error)
{
    const json_t *settings = json_object_get(args, "settings"), *setting;
    json_t *attributes = json_object();
    size_t i;
    json_array_foreach(settings, i, setting)
    {
        const char *name = json_string_member(setting, "name");
        json_t *value = json_object_get(setting, "value");
        if (name != NULL && value != NULL)
            json_object_set(attributes, name, value);
    }
    if (json_object_size(attributes) > 0 &&
        json_object_size(attributes) == json_array_size(settings))
        return attributes;
    json_decref(attributes);
    steel_fail(error, STEEL_ERROR_INVALID,
               "settings must be a list of objects with a name and a value, each name once");
    return NULL;
}

/* The ramdisk must come up again, and its agent calls. */
static StepOutcome
reboot_for(Task *task, json_t *request, GError **error)
{
    info_set_json(task->node, INFO_BIOS_REQUEST, request);
    StepOutcome outcome = bmc_step_reboot(task, error);
    if (outcome.result == STEP_ERROR)
        g_prefix_error(error, "the reboot that applies the BIOS settings: ");
    return outcome;
}

static StepOutcome
redfish_bios_apply_run(Task *task, const json_t *args, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    json_auto_t *attributes = wanted_attributes(args, error);
    if (attributes == NULL || !redfish_visit_begin(task, &visit, error) ||
        !redfish_bios_set(&visit.bmc, &visit.system, attributes, error))
        return step_failed();
    return reboot_for(task, json_incref(attributes), error);
}

static StepOutcome
redfish_bios_reset_run(Task *task, const json_t *args, GError **error)
{
    (void)args;
    g_auto(RedfishVisit) visit = {0};
    if (!redfish_visit_begin(task, &visit, error) ||
        !redfish_bios_reset(&visit.bmc, &visit.system, error))
        return step_failed();
    return reboot_for(task, json_object(), error);
}

/* The settings that were asked for are there; otherwise INVALID... names those that are not. */
static bool
check_applied(const json_t *wanted, const json_t *attributes, GError **error)
{
    g_autoptr(GString) missed = g_string_new(NULL);
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)wanted, name,
                        value) if (!json_equal(value, json_object_get(attributes, name)) &&
                                   missed->len < 500)
        g_string_append_printf(missed, "%s%s", missed->len > 0 ? ", " : "", name);
    return missed->len == 0 ||
           steel_fail(error, STEEL_ERROR_BMC_REFUSED,
                      "the machine has started again, and these BIOS settings are not as asked "
                      "for: %s",
                      missed->str);
}

static StepOutcome
redfish_bios_step_resume(Task *task, const json_t *args, GError **error)
{
    (void)args;
    g_auto(RedfishVisit) visit = {0};
    if (!node_agent_has_called(task))
        return step_wait(STEP_DEADLINE_STAYS);
    if (!redfish_visit_begin(task, &visit, error))
        return step_failed();
    json_auto_t *attributes = redfish_bios_get(&visit.bmc, &visit.system, error);
    return step_ended(attributes != NULL && store(task, &visit, attributes, error) &&
                      check_applied(info_json(task->node, INFO_BIOS_REQUEST), attributes, error));
}

static const StepDef steps[] = {
    {.name = "apply_configuration",
     .requires_ramdisk = true,
     .run = redfish_bios_apply_run,
     .resume = redfish_bios_step_resume,
     .arguments =
         "{\"settings\": {\"description\": \"Settings to apply: a list of objects with name "
         "and value\", \"required\": true}}"},
    {.name = "factory_reset",
     .requires_ramdisk = true,
     .run = redfish_bios_reset_run,
     .resume = redfish_bios_step_resume},
    {0},
};

const BiosOps bios_redfish = {
    .interface =
        {.name = "redfish",
         .properties = redfish_node_properties,
         .steps =
             {[STEP_KIND_CLEAN] = steps, [STEP_KIND_DEPLOY] = steps, [STEP_KIND_SERVICE] = steps},
         .validate = redfish_node_validate},
    .cache = redfish_bios_cache,
};
