/* Chassis and deploy templates: plain records with few rules.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/resources/resources.h"
#include "db/nodes.h"
#include "db/records.h"
#include "model/names.h"
#include "model/step_lists.h"

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

static bool
template_valid(DeployTemplate *template, GError **error)
{
    return trait_name_valid(template->name, error) &&
           step_list_complete(&step_list_of_template, template->steps, error);
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
