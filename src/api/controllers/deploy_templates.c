/* Deploy templates: steps that a trait of the same name adds to a deployment.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "model/json_patch.h"
#include "model/names.h"
#include "model/resources.h"
#include "model/step_lists.h"

static bool
check_create(Request *request, json_t *values, GError **error)
{
    (void)request;
    return trait_name_valid(json_string_member(values, "name"), error) &&
           step_list_valid(&step_list_of_template, json_object_get(values, "steps"), error);
}

static bool
check_patch(Request *request, const ItemBrief *brief, const json_t *patch, GError **error)
{
    (void)request;
    (void)brief;
    const char *name = json_string_value(json_patch_value(patch, "name"));
    return (name == NULL || trait_name_valid(name, error)) &&
           step_list_valid(&step_list_of_template, json_patch_value(patch, "steps"), error);
}

const Collection deploy_template_collection = {
    .resource = &deploy_template_resource,
    .since = 55,
    .detail_since = 55,
    .names_since = 55,
    .check_create = check_create,
    .check_patch = check_patch,
};
