/* Traits, VIFs and vendor methods of a node, and requests about drivers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/provision/provision.h"
#include "conductor/verbs.h"
#include "drivers/network/network.h"
#include "drivers/raid/raid.h"
#include "drivers/vendor/vendor.h"
#include "model/names.h"

#include <string.h>

static json_t *
empty_or_null(bool good)
{
    return good ? json_object() : NULL;
}

static bool
append_trait(json_t *traits, const json_t *item, GError **error)
{
    const char *trait = json_string_value(item);
    if (trait == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "traits must be strings");
    if (!trait_name_valid(trait, error))
        return false;
    if (json_array_has_text(traits, trait))
        return true;
    if (json_array_size(traits) >= TRAITS_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID, "a node may have at most %d traits",
                          TRAITS_LIMIT);
    json_array_append_new(traits, json_string(trait));
    return true;
}

static json_t *
save_traits(Task *task, json_t *traits, GError **error)
{
    json_decref(task->node->traits);
    task->node->traits = traits;
    return empty_or_null(task_save(task, error));
}

json_t *
verb_set_traits(VerbCall *call, GError **error)
{
    json_t *traits = json_array();
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(call->arguments, "traits"), index, item)
    {
        if (!append_trait(traits, item, error)) {
            json_decref(traits);
            return NULL;
        }
    }
    return save_traits(call->task, traits, error);
}

json_t *
verb_add_trait(VerbCall *call, GError **error)
{
    json_t *traits = json_deep_copy(call->task->node->traits);
    if (append_trait(traits, json_object_get(call->arguments, "trait"), error))
        return save_traits(call->task, traits, error);
    json_decref(traits);
    return NULL;
}

json_t *
verb_remove_traits(VerbCall *call, GError **error)
{
    const char *trait = json_string_member(call->arguments, "trait");
    const json_t *have = call->task->node->traits;
    if (trait != NULL && !json_array_has_text(have, trait)) {
        steel_fail(error, STEEL_ERROR_NOT_FOUND, "Node %s doesn't have a trait '%s'",
                   call->task->node->uuid, trait);
        return NULL;
    }
    json_t *kept = json_array();
    size_t index;
    json_t *item;
    json_array_foreach(have, index, item)
    {
        if (trait != NULL && strcmp(json_string_value(item), trait) != 0)
            json_array_append(kept, item);
    }
    return save_traits(call->task, kept, error);
}

json_t *
verb_vif_list(VerbCall *call, GError **error)
{
    json_t *vifs = network_vif_list(call->task, error);
    return vifs != NULL ? json_pack("{s:o}", "vifs", vifs) : NULL;
}

json_t *
verb_vif_attach(VerbCall *call, GError **error)
{
    return empty_or_null(network_vif_attach(call->task, call->arguments, error));
}

json_t *
verb_vif_detach(VerbCall *call, GError **error)
{
    const char *id = json_string_member(call->arguments, "id");
    return empty_or_null(network_vif_detach(call->task, id != NULL ? id : "", error));
}

static json_t *
run_vendor(Task *task, const VendorMethod *methods, const json_t *arguments, GError **error)
{
    const char *name = json_string_member(arguments, "method"),
               *http = json_string_member(arguments, "http_method");
    const VendorMethod *method =
        vendor_method(methods, name != NULL ? name : "", http != NULL ? http : "", error);
    g_autoptr(GError) failure = NULL;
    if (method == NULL)
        return NULL;
    json_t *result = method->run(task, http, json_object_get(arguments, "arguments"), &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    return json_pack("{s:o,s:b,s:b}", "return", result != NULL ? result : json_null(), "async",
                     method->asynchronous, "attach", method->attach);
}

/* Locks the node of a call that began without a lock, and reloads it. */
static bool
lock_now(VerbCall *call, const char *purpose, GError **error)
{
    Task *task = task_acquire(call->conductor, call->node_uuid, TASK_EXCLUSIVE, purpose, error);
    if (task == NULL)
        return false;
    task->request_id = g_steal_pointer(&call->task->request_id);
    task->user_id = g_steal_pointer(&call->task->user_id);
    task->project_id = g_steal_pointer(&call->task->project_id);
    task->global_request_id = g_steal_pointer(&call->task->global_request_id);
    task_release(call->task);
    call->task = task;
    return verb_call_holds(call, task->node, error);
}

/* What has been saved resumes the step that waits, on a worker that gets the lock. It needs no
 * place among the noted nodes: who called may not call again. */
static void
resume_by_vendor(VerbCall *call)
{
    task_spawn_later(g_steal_pointer(&call->task), 0, provision_resume);
}

/* A call that its method refuses takes no lock: it may be a stranger's. */
static bool
vendor_allowed(const VerbCall *call, const VendorMethod *method, GError **error)
{
    return method->check == NULL ||
           method->check(call->task, json_object_get(call->arguments, "arguments"), error);
}

/* Each vendor method says whether it needs the exclusive lock. Other methods, and unknown ones,
 * take none. */
json_t *
verb_vendor_passthru(VerbCall *call, GError **error)
{
    const char *name = json_string_member(call->arguments, "method"),
               *http = json_string_member(call->arguments, "http_method");
    const VendorMethod *method =
        vendor_method(call->task->driver.vendor->node_methods, name != NULL ? name : "",
                      http != NULL ? http : "", error);
    if (method == NULL || !vendor_allowed(call, method, error) ||
        (method->exclusive && !lock_now(call, "vendor passthru", error)))
        return NULL;
    json_t *result =
        run_vendor(call->task, call->task->driver.vendor->node_methods, call->arguments, error);
    if (result != NULL && method->resumes)
        resume_by_vendor(call);
    return result;
}

json_t *
verb_vendor_methods(VerbCall *call, GError **error)
{
    (void)error;
    return vendor_methods_json(call->task->driver.vendor->node_methods);
}

static const char *
driver_of(const VerbCall *call)
{
    const char *driver = json_string_member(call->arguments, "driver");
    return driver != NULL ? driver : "";
}

json_t *
verb_driver_properties(VerbCall *call, GError **error)
{
    return registry_driver_properties(call->conductor->registry, driver_of(call), error);
}

json_t *
verb_driver_raid_properties(VerbCall *call, GError **error)
{
    json_t *known = registry_driver_properties(call->conductor->registry, driver_of(call), error);
    if (known == NULL)
        return NULL;
    json_decref(known);
    return raid_logical_disk_properties();
}

json_t *
verb_driver_vendor_methods(VerbCall *call, GError **error)
{
    const VendorOps *vendor =
        registry_default_vendor(call->conductor->registry, driver_of(call), error);
    return vendor != NULL ? vendor_methods_json(vendor->driver_methods) : NULL;
}

json_t *
verb_driver_vendor_passthru(VerbCall *call, GError **error)
{
    const VendorOps *vendor =
        registry_default_vendor(call->conductor->registry, driver_of(call), error);
    return vendor != NULL ? run_vendor(NULL, vendor->driver_methods, call->arguments, error) : NULL;
}
