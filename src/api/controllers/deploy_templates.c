/* Deploy templates: steps that a trait of the same name adds to a deployment.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "model/json_patch.h"
#include "model/names.h"
#include "model/resources.h"

#include <string.h>

static bool
step_valid(const json_t *step, GError **error)
{
    static const char *const interfaces[] = {"power", "management", "deploy",
                                             "bios",  "raid",       "vendor"};
    const char *interface = json_string_member(step, "interface");
    const char *name = json_string_member(step, "step");
    int64_t priority = -1;
    bool known = false;
    for (size_t i = 0; interface != NULL && i < G_N_ELEMENTS(interfaces); i++)
        known = known || strcmp(interface, interfaces[i]) == 0;
    if (!known || name == NULL || *name == '\0' || !json_is_object(json_object_get(step, "args")) ||
        !json_integer_member(step, "priority", &priority) || priority < 0 ||
        json_object_size(step) != 4)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "a step is {\"interface\": power, management, deploy, bios, raid or "
                          "vendor, \"step\": name, \"args\": object, \"priority\": at least 0}");
    return true;
}

static bool
same_step(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "interface"), json_object_get(b, "interface")) &&
           json_equal(json_object_get(a, "step"), json_object_get(b, "step"));
}

static bool
steps_valid(const json_t *steps, GError **error)
{
    if (steps == NULL)
        return true;
    if (!json_is_array(steps) || json_array_size(steps) == 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "a template needs at least one step");
    for (size_t i = 0; i < json_array_size(steps); i++) {
        if (!step_valid(json_array_get(steps, i), error))
            return false;
        for (size_t k = 0; k < i; k++)
            if (same_step(json_array_get(steps, i), json_array_get(steps, k)))
                return steel_fail(error, STEEL_ERROR_INVALID,
                                  "duplicate deploy steps: an interface's step may stand once");
    }
    return true;
}

static bool
check_create(Request *request, json_t *values, GError **error)
{
    (void)request;
    return trait_name_valid(json_string_member(values, "name"), error) &&
           steps_valid(json_object_get(values, "steps"), error);
}

static bool
check_patch(Request *request, const ItemBrief *brief, const json_t *patch, GError **error)
{
    (void)request;
    (void)brief;
    const char *name = json_string_value(json_patch_value(patch, "name"));
    return (name == NULL || trait_name_valid(name, error)) &&
           steps_valid(json_patch_value(patch, "steps"), error);
}

const Collection deploy_template_collection = {
    .resource = &deploy_template_resource,
    .since = 55,
    .detail_since = 55,
    .names_since = 55,
    .check_create = check_create,
    .check_patch = check_patch,
};
