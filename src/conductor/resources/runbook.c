/* Runbooks, and their traits.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/resources/resources.h"
#include "db/records.h"
#include "model/json_patch.h"
#include "model/names.h"
#include "model/step_lists.h"

#include <string.h>

static bool
runbook_valid(Runbook *runbook, GError **error)
{
    return runbook_name_valid(runbook->name, error) &&
           step_list_complete(&step_list_of_runbook, runbook->steps, error);
}

static bool
before_create(Conductor *conductor, void *record, GError **error)
{
    (void)conductor;
    return runbook_valid(record, error);
}

/* A public runbook has no owner: a client that sets `public` must name the
 * next owner too. */
static bool
settle_owner(const json_t *patch, Runbook *runbook, GError **error)
{
    bool owner_given = json_patch_value(patch, "owner") != NULL;
    if (owner_given && runbook->public)
        return steel_fail(error, STEEL_ERROR_PATCH,
                          "there cannot be an owner for a public runbook");
    if (!owner_given && json_patch_value(patch, "public") != NULL)
        record_set_text(&runbook->owner, NULL);
    return true;
}

static bool
before_update(const Change *change, void *record, const void *original, GError **error)
{
    (void)original;
    return settle_owner(change->patch, record, error) && runbook_valid(record, error);
}

const ResourceRules runbook_rules = {
    .resource = &runbook_resource,
    .before_create = before_create,
    .before_update = before_update,
};

/* ---- traits ---- */

static void
add_trait(json_t *traits, const char *trait)
{
    size_t index;
    json_t *item;
    json_array_foreach(traits, index, item)
    {
        if (strcmp(json_string_value(item), trait) == 0)
            return;
    }
    json_array_append_new(traits, json_string(trait));
}

static void
remove_trait(json_t *traits, const char *trait)
{
    for (size_t i = json_array_size(traits); i > 0; i--)
        if (g_strcmp0(json_string_value(json_array_get(traits, i - 1)), trait) == 0)
            json_array_remove(traits, i - 1);
}

static bool
traits_of_call(const json_t *arguments, json_t *traits, GError **error)
{
    const json_t *set = json_object_get(arguments, "set");
    const char *add = json_string_member(arguments, "add"),
               *remove = json_string_member(arguments, "remove");
    if (set != NULL && !trait_list_valid(set, error))
        return false;
    if (add != NULL && !trait_name_valid(add, error))
        return false;
    if (set != NULL)
        json_array_clear(traits);
    size_t index;
    json_t *item;
    json_array_foreach(set, index, item) add_trait(traits, json_string_value(item));
    if (add != NULL)
        add_trait(traits, add);
    if (remove != NULL)
        remove_trait(traits, remove);
    return trait_list_valid(traits, error);
}

static bool
save_traits(Db *db, void *user_data, GError **error)
{
    const json_t *arguments = user_data;
    const char *key = json_string_member(arguments, "key");
    g_autoptr(Runbook) runbook =
        db_record_find(db, &runbook_resource, "uuid", key != NULL ? key : "", error);
    if (runbook == NULL)
        return false;
    g_autoptr(Runbook) original = runbook_copy(runbook);
    json_decref(runbook->traits);
    runbook->traits = json_deep_copy(original->traits);
    return traits_of_call(arguments, runbook->traits, error) &&
           db_record_save(db, &runbook_resource, runbook, original, error);
}

json_t *
verb_set_runbook_traits(VerbCall *call, GError **error)
{
    json_t *arguments = (json_t *)(uintptr_t)call->arguments;
    return db_transaction(call->conductor->services.db, DB_READ_MODIFY_WRITE, save_traits,
                          arguments, error)
               ? json_object()
               : NULL;
}
