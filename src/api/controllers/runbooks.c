/* Runbooks: steps that users may have run on nodes, and the traits of the nodes that they are for.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "api/controllers/controllers.h"
#include "api/router.h"
#include "auth/credentials.h"
#include "db/nodes.h"
#include "db/records.h"
#include "model/json_patch.h"
#include "model/names.h"
#include "model/resources.h"
#include "model/step_lists.h"

#include <string.h>

/* Since then a runbook's traits decide which nodes it is for, and no longer its name. */
enum { TRAITS_SINCE = 112 };

/* ---- what is created and changed ---- */

static bool
name_valid(const Request *request, const char *name, GError **error)
{
    return request->version < TRAITS_SINCE ? trait_name_valid(name, error)
                                           : runbook_name_valid(name, error);
}

/* A user of a project creates runbooks of that project, which are not public. */
static bool
claim(const Request *request, json_t *values, GError **error)
{
    const Credentials *who = request->identity.credentials;
    const char *project = request->identity.project_id;
    const char *owner = json_string_member(values, "owner");
    if (who != NULL && g_strcmp0(who->system_scope, "all") == 0)
        return true;
    if (owner != NULL && g_strcmp0(owner, project) != 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "a runbook of another owner can be created by the system's users only");
    if (project != NULL && json_is_truthy(json_object_get(values, "public")))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "a public runbook can be created by the system's users only");
    json_object_set_new(values, "owner", project != NULL ? json_string(project) : json_null());
    return true;
}

static bool
check_create(Request *request, json_t *values, GError **error)
{
    return name_valid(request, json_string_member(values, "name"), error) &&
           step_list_valid(&step_list_of_runbook, json_object_get(values, "steps"), error) &&
           claim(request, values, error);
}

/* Names of later versions may be changed by earlier ones, so the rule of the later ones holds. */
static bool
check_patch(Request *request, const ItemBrief *brief, const json_t *patch, GError **error)
{
    (void)request;
    (void)brief;
    const char *name = json_string_value(json_patch_value(patch, "name"));
    return (name == NULL || runbook_name_valid(name, error)) &&
           step_list_valid(&step_list_of_runbook, json_patch_value(patch, "steps"), error);
}

/* Ironic means by it: those of no owner that are public. */
static bool
filter_public(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    bool wanted = false;
    (void)value;
    if (!request_boolean_argument(call->request, filter->argument, &wanted, error))
        return false;
    if (wanted)
        db_list_filter(&call->query, "public", DB_FILTER_EQUAL, db_integer(1));
    return true;
}

static const ListFilter filters[] = {
    {"project", 92, NULL, filter_public},
};

const Collection runbook_collection = {
    .resource = &runbook_resource,
    .filters = filters,
    .filter_count = G_N_ELEMENTS(filters),
    .since = 92,
    .detail_since = 92,
    .names_since = 92,
    .any_marker = true,
    .check_create = check_create,
    .check_patch = check_patch,
    .see = "baremetal:runbook:get",
    .ownership = DB_OWNED_OR_PUBLIC,
};

/* ---- traits ---- */

static bool
captured(Request *request, ItemBrief *brief, GError **error)
{
    return collection_find(request, &runbook_collection, request->captures[0], brief, error);
}

static Runbook *
load(Request *request, const ItemBrief *brief, GError **error)
{
    return db_record_find(request_db(request), &runbook_resource, "uuid", brief->uuid, error);
}

Answer
runbook_traits_get(Request *request, GError **error)
{
    g_auto(ItemBrief) brief = {0};
    g_autoptr(Runbook) runbook = NULL;
    if (!request_no_arguments(request, error) || !captured(request, &brief, error) ||
        (runbook = load(request, &brief, error)) == NULL)
        return ANSWER_FAILED;
    json_auto_t *answer = json_pack("{s:O}", "traits", runbook->traits);
    return request_answer_json(request, 200, answer);
}

static Answer
change_traits(Request *request, const ItemBrief *brief, const char *how, json_t *what)
{
    return request_call(request, RPC_SET_RUNBOOK_TRAITS, NULL,
                        json_pack("{s:s, s:o}", "key", brief->uuid, how, what), request_after_204);
}

Answer
runbook_traits_set(Request *request, GError **error)
{
    static const char *const members[] = {"traits", NULL};
    g_auto(ItemBrief) brief = {0};
    const json_t *body = request_object(request, members, error);
    if (body == NULL || !captured(request, &brief, error))
        return ANSWER_FAILED;
    json_t *traits = json_object_get(body, "traits");
    if (!trait_list_valid(traits, error))
        return ANSWER_FAILED;
    return change_traits(request, &brief, "set", json_incref(traits));
}

Answer
runbook_trait_add(Request *request, GError **error)
{
    static const char *const none[] = {NULL};
    g_auto(ItemBrief) brief = {0};
    const char *trait = request->captures[1];
    if (request_object(request, none, error) == NULL || !captured(request, &brief, error) ||
        !trait_name_valid(trait, error))
        return ANSWER_FAILED;
    request_set_location(request, "runbooks/%s/traits/%s", request->captures[0], trait);
    return change_traits(request, &brief, "add", json_string(trait));
}

Answer
runbook_traits_remove(Request *request, GError **error)
{
    g_auto(ItemBrief) brief = {0};
    const char *trait = request->captures[1];
    if (!request_no_arguments(request, error) || !captured(request, &brief, error))
        return ANSWER_FAILED;
    return trait != NULL ? change_traits(request, &brief, "remove", json_string(trait))
                         : change_traits(request, &brief, "set", json_array());
}

/* ---- use ---- */

static bool
share_a_trait(const json_t *a, const json_t *b)
{
    size_t index;
    json_t *item;
    json_array_foreach(a, index, item)
    {
        if (json_array_has_text(b, json_string_value(item)))
            return true;
    }
    return false;
}

/* A node allows a runbook by a trait: one of the runbook's, or before those the runbook's name. */
static bool
node_allows(Request *request, const NodeBrief *node, const Runbook *runbook, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (!db_node_append_traits(request_db(request), node->uuid, text, error))
        return false;
    json_auto_t *traits = json_text_parse(text->str, text->len, 0, error);
    if (traits == NULL)
        return false;
    if (request->version < TRAITS_SINCE)
        return json_array_has_text(traits, runbook->name) ||
               steel_fail(error, STEEL_ERROR_INVALID,
                          "runbook %s is not for node %s: the node has no trait of its name",
                          runbook->name, node->uuid);
    if (json_array_size(runbook->traits) == 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "runbook %s has no traits, so it is for no node: an administrator may "
                          "give it some",
                          runbook->uuid);
    return share_a_trait(runbook->traits, traits) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "runbook %s is not for node %s: the node has none of its traits",
                      runbook->name, node->uuid);
}

static Runbook *
usable(Request *request, const NodeBrief *node, const char *ident, GError **error)
{
    g_auto(ItemBrief) brief = {0};
    if (!collection_lookup(request, &runbook_collection, ident, &brief, error))
        return NULL;
    const PolicyTarget target = {brief.owner, NULL, NULL};
    if (!policy_check(request, "baremetal:runbook:use", &target, error))
        return NULL;
    g_autoptr(Runbook) runbook = load(request, &brief, error);
    return runbook != NULL && node_allows(request, node, runbook, error) ? g_steal_pointer(&runbook)
                                                                         : NULL;
}

bool
runbook_use(Request *request, const NodeBrief *node, const char *member, json_t *body,
            GError **error)
{
    const json_t *ident = json_object_get(body, "runbook");
    if (ident == NULL || json_is_null(ident))
        return true;
    if (!json_is_string(ident))
        return steel_fail(error, STEEL_ERROR_INVALID, "runbook must be a name or a UUID");
    if (json_string_length(ident) == 0)
        return true;
    if (!request_needs(request, 92, "runbook", error))
        return false;
    g_autoptr(Runbook) runbook = usable(request, node, json_string_value(ident), error);
    if (runbook == NULL)
        return false;
    if (member == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "\"runbook\" is only valid when setting provision state to clean, "
                          "service");
    if (json_object_get(body, member) != NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "either \"%s\" or a runbook, not both",
                          member);
    json_object_set_new(body, member, step_list_in_order(&step_list_of_runbook, runbook->steps));
    json_object_del(body, "disable_ramdisk");
    if (runbook->disable_ramdisk)
        json_object_set_new(body, "disable_ramdisk", json_true());
    return true;
}
