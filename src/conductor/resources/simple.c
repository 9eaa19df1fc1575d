/* Chassis and deploy templates: plain records with few rules.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/resources/resources.h"
#include "db/nodes.h"
#include "db/records.h"
#include "model/names.h"

#include <string.h>

static json_t *
chassis_destroy(VerbCall *call, void *record, GError **error)
{
    const Chassis *chassis = record;
    Db *db = call->conductor->services.db;
    bool has_nodes = false;
    if (!db_chassis_has_nodes(db, chassis->uuid, &has_nodes, error))
        return NULL;
    if (has_nodes) {
        steel_fail(error, STEEL_ERROR_BAD_REQUEST,
                   "Cannot complete the requested action because chassis %s contains nodes.",
                   chassis->uuid);
        return NULL;
    }
    return db_record_delete(db, &chassis_resource, chassis->uuid, error) ? json_object() : NULL;
}

/* Stores a priority that came as text as a number. */
static bool
step_valid(json_t *step, GError **error)
{
    InterfaceType type;
    const char *interface_name = json_string_member(step, "interface"),
               *name = json_string_member(step, "step");
    int64_t priority = -1;
    if (interface_name == NULL || !interface_type_from_name(interface_name, &type) ||
        name == NULL || *name == '\0')
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "a step needs an interface (bios, deploy, ...) and a step name");
    if (!json_is_object(json_object_get(step, "args")))
        return steel_fail(error, STEEL_ERROR_INVALID, "step %s.%s needs args, an object",
                          interface_name, name);
    if (!json_integer_member(step, "priority", &priority) || priority < 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "step %s.%s needs a priority of 0 or more",
                          interface_name, name);
    return json_object_set_new(step, "priority", json_integer(priority)) == 0;
}

static bool
steps_valid(json_t *steps, GError **error)
{
    if (json_array_size(steps) == 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "a deploy template needs at least one step");
    for (size_t i = 0; i < json_array_size(steps); i++) {
        json_t *step = json_array_get(steps, i);
        if (!step_valid(step, error))
            return false;
        for (size_t j = 0; j < i; j++)
            if (json_equal(json_object_get(step, "interface"),
                           json_object_get(json_array_get(steps, j), "interface")) &&
                json_equal(json_object_get(step, "step"),
                           json_object_get(json_array_get(steps, j), "step")))
                return steel_fail(error, STEEL_ERROR_INVALID, "step %s.%s is there twice",
                                  json_string_member(step, "interface"),
                                  json_string_member(step, "step"));
    }
    return true;
}

static bool
template_valid(DeployTemplate *template, GError **error)
{
    return trait_name_valid(template->name, error) && steps_valid(template->steps, error);
}

static bool
template_before_create(Conductor *conductor, void *record, GError **error)
{
    (void)conductor;
    return template_valid(record, error);
}

static bool
template_before_update(const Change *change, void *record, const void *original, GError **error)
{
    (void)change;
    (void)original;
    return template_valid(record, error);
}

const ResourceRules chassis_rules = {.resource = &chassis_resource, .destroy = chassis_destroy};

const ResourceRules deploy_template_rules = {
    .resource = &deploy_template_resource,
    .before_create = template_before_create,
    .before_update = template_before_update,
};
