/* The body of PUT states/provision; the contract is in provision_body.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/provision_body.h"

#include "api/access.h"
#include "common/uuid.h"
#include "db/nodes.h"
#include "model/record_size.h"

#include <string.h>

static bool
is_verb(const ProvisionVerb *verb, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(verb->word, *words) == 0)
            return true;
    return false;
}

/* A member that some verbs allow, from some version on. */
static bool
member_allowed(const Request *request, const json_t *body, const char *member, unsigned since,
               const ProvisionVerb *verb, const char *const *words, GError **error)
{
    const json_t *value = json_object_get(body, member);
    if (value == NULL || json_is_null(value))
        return true;
    if (!is_verb(verb, words)) {
        g_autofree char *legal = g_strjoinv(", ", (char **)(uintptr_t)words);
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "\"%s\" is only valid when setting provision state to %s", member, legal);
    }
    return request_needs(request, since, member, error);
}

static bool
only_base64(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && !g_ascii_isspace(*p) && strchr("+/=", *p) == NULL)
            return false;
    return true;
}

/* Ironic answers 400 for these, not the 406 of other arguments that are too new. */
static bool
config_drive_needs(const Request *request, unsigned minor, const char *what, GError **error)
{
    return request->version >= minor ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "%s exists from API version 1.%u, the request asks for 1.%u", what, minor,
                      request->version);
}

static bool
config_drive_object_valid(const Request *request, const json_t *drive, GError **error)
{
    const char *key;
    json_t *value;
    if (!config_drive_needs(request, 56, "a config drive to be built", error))
        return false;
    json_object_foreach((json_t *)(uintptr_t)drive, key, value)
    {
        bool plain = strcmp(key, "meta_data") == 0 || strcmp(key, "network_data") == 0 ||
                     strcmp(key, "vendor_data") == 0;
        if (strcmp(key, "vendor_data") == 0 &&
            !config_drive_needs(request, 59, "configdrive.vendor_data", error))
            return false;
        if (plain && !json_is_object(value) && !json_is_null(value))
            return steel_fail(error, STEEL_ERROR_INVALID, "configdrive.%s must be an object", key);
        bool user_data = strcmp(key, "user_data") == 0;
        if (!plain && !user_data)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "configdrive may have meta_data, network_data, user_data and "
                              "vendor_data, not '%.40s'",
                              key);
        if (user_data && !json_is_object(value) && !json_is_array(value) &&
            !json_is_string(value) && !json_is_null(value))
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "configdrive.user_data must be an object, an array or a string");
    }
    return true;
}

static bool
config_drive_valid(const Request *request, const json_t *body, const ProvisionVerb *verb,
                   GError **error)
{
    static const char *const words[] = {"active", "rebuild", NULL};
    const json_t *drive = json_object_get(body, "configdrive");
    if (drive == NULL || json_is_null(drive))
        return true;
    if (!is_verb(verb, words))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Adding a config drive is only supported when setting provision state to "
                          "active, rebuild");
    if (strcmp(verb->word, "rebuild") == 0 &&
        !request_needs(request, 35, "a config drive for rebuild", error))
        return false;
    if (json_is_object(drive))
        return config_drive_object_valid(request, drive, error);
    const char *text = json_string_value(drive);
    if (text == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "configdrive must be a URL, base64 text or an object");
    return strstr(text, "://") != NULL || only_base64(text) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "configdrive is neither a URL nor base64: only A-Z, a-z, 0-9, +, / and = "
                      "are allowed");
}

static bool
step_forbidden(ConfigOption option, const char *interface, const char *step, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.%s", interface, step);
    return config_list_contains(config_current(), option, name) &&
           !steel_fail(error, STEEL_ERROR_INVALID, "step %s is not allowed here", name);
}

/* A list of steps in the body of a request. */
typedef struct StepList {
    const char *member;
    unsigned since;
    const char *words[3]; /* the verbs that take it; NULL ends them */
    ConfigOption forbidden;
    bool has_priorities; /* each step has one, and its arguments */
    const char *rule;    /* of the policy, beside that of the route; NULL: none */
} StepList;

static const StepList step_lists[] = {
    {"clean_steps",
     15,
     {"clean"},
     OPT_API_DISALLOW_CLEAN_STEPS,
     false,
     "baremetal:node:set_provision_state:clean_steps"},
    {"deploy_steps", 69, {"active", "rebuild"}, OPT_API_DISALLOW_DEPLOY_STEPS, true, NULL},
    {"service_steps",
     87,
     {"service"},
     OPT_API_DISALLOW_SERVICE_STEPS,
     false,
     "baremetal:node:set_provision_state:service_steps"},
};

/* Steps on child nodes: they came with these, in lists without priorities. */
static bool
is_about_children(const Request *request, const StepList *list, const char *key)
{
    return request->version > 82 && !list->has_priorities &&
           (strcmp(key, "execute_on_child_nodes") == 0 ||
            strcmp(key, "limit_child_node_execution") == 0);
}

/* Runbooks brought it, also to other lists without priorities. */
static bool
has_order(const Request *request, const StepList *list)
{
    return request->version > 82 && !list->has_priorities;
}

static bool
order_valid(const json_t *step, const char *member, GError **error)
{
    int64_t order = 0;
    const json_t *value = json_object_get(step, "order");
    const char *text = json_string_value(value);
    bool digits = text == NULL || strspn(text, "0123456789") == strlen(text);
    return value == NULL || (digits && json_integer_member(step, "order", &order) && order >= 0) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "Invalid %s: 'order' must be an integer of at least 0", member);
}

static bool
children_valid(const json_t *step, const char *member, GError **error)
{
    const json_t *run = json_object_get(step, "execute_on_child_nodes"),
                 *only = json_object_get(step, "limit_child_node_execution");
    size_t index;
    json_t *uuid;
    bool good = only == NULL || json_is_array(only);
    if (run != NULL && !json_is_boolean(run))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Invalid %s: execute_on_child_nodes must be a boolean", member);
    json_array_foreach(only, index, uuid) good =
        good && json_is_string(uuid) && uuid_valid(json_string_value(uuid));
    return good ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "Invalid %s: limit_child_node_execution must be a list of UUIDs", member);
}

static bool
step_valid(const Request *request, const json_t *step, const StepList *list, GError **error)
{
    const char *member = list->member;
    bool deploy = list->has_priorities;
    static const char *const interfaces[] = {"vendor", "power", "management", "firmware",
                                             "deploy", "bios",  "raid"};
    const char *interface = json_string_member(step, "interface");
    const char *name = json_string_member(step, "step");
    bool known = false;
    for (size_t i = 0; interface != NULL && i < G_N_ELEMENTS(interfaces); i++)
        known = known || strcmp(interface, interfaces[i]) == 0;
    if (!known)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Invalid %s: interface must be one of vendor, power, management, "
                          "firmware, deploy, bios, raid",
                          member);
    if (name == NULL || *name == '\0')
        return steel_fail(error, STEEL_ERROR_INVALID, "Invalid %s: 'step' must be a name", member);
    const json_t *arguments = json_object_get(step, "args");
    if ((deploy || arguments != NULL) && !json_is_object(arguments))
        return steel_fail(error, STEEL_ERROR_INVALID, "Invalid %s: 'args' must be an object",
                          member);
    int64_t priority = 0;
    if (deploy && (!json_integer_member(step, "priority", &priority) || priority < 0))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Invalid %s: 'priority' must be an integer of at least 0", member);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)step, key, value)
    {
        if (strcmp(key, "interface") != 0 && strcmp(key, "step") != 0 && strcmp(key, "args") != 0 &&
            !(deploy && strcmp(key, "priority") == 0) &&
            !(has_order(request, list) && strcmp(key, "order") == 0) &&
            !is_about_children(request, list, key))
            return steel_fail(error, STEEL_ERROR_INVALID, "Invalid %s: '%.40s' was unexpected",
                              member, key);
    }
    return children_valid(step, member, error) && order_valid(step, member, error) &&
           !step_forbidden(list->forbidden, interface, name, error);
}

static bool
steps_valid(const Request *request, const json_t *body, const StepList *list, GError **error)
{
    const char *member = list->member;
    const json_t *steps = json_object_get(body, member);
    if (steps == NULL || json_is_null(steps))
        return true;
    if (!json_is_array(steps))
        return steel_fail(error, STEEL_ERROR_INVALID, "Invalid %s: an array of steps is expected",
                          member);
    size_t index;
    json_t *step;
    json_array_foreach(steps, index, step)
    {
        if (!step_valid(request, step, list, error))
            return false;
    }
    return true;
}

/* The member of the body with the steps that a verb is nothing without; NULL: it has none. */
const char *
provision_body_steps(const ProvisionVerb *verb)
{
    for (size_t i = 0; i < G_N_ELEMENTS(step_lists); i++)
        if (!step_lists[i].has_priorities && is_verb(verb, step_lists[i].words))
            return step_lists[i].member;
    return NULL;
}

static bool
steps_given(const json_t *body, const ProvisionVerb *verb, GError **error)
{
    const char *member = provision_body_steps(verb);
    return member == NULL || json_array_size(json_object_get(body, member)) > 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "\"%s\" is required when setting target provision state to %s", member,
                      verb->word);
}

static bool
rescue_valid(const json_t *body, const ProvisionVerb *verb, GError **error)
{
    if (strcmp(verb->word, "rescue") != 0)
        return true;
    const char *password = json_string_member(body, "rescue_password");
    g_autofree char *stripped = password != NULL ? g_strstrip(g_strdup(password)) : NULL;
    return (stripped != NULL && *stripped != '\0') ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "A non-empty \"rescue_password\" is required when setting target provision "
                      "state to rescue");
}

/* Removes the members that have no effect when they are empty; Ironic accepts them with every
 * verb. */
static void
drop_empty_members(json_t *body)
{
    const json_t *drive = json_object_get(body, "configdrive");
    if ((json_is_string(drive) && json_string_length(drive) == 0) ||
        (json_is_object(drive) && json_object_size(drive) == 0))
        json_object_del(body, "configdrive");
    for (size_t i = 0; i < G_N_ELEMENTS(step_lists); i++) {
        const json_t *steps = json_object_get(body, step_lists[i].member);
        if (json_is_array(steps) && json_array_size(steps) == 0)
            json_object_del(body, step_lists[i].member);
    }
}

/* Steps are kept in a field of the node until they end, so its limit holds. */
static bool
size_valid(const json_t *body, const char *name, GError **error)
{
    size_t size = json_size(json_object_get(body, name)),
           limit = (size_t)config_integer(config_current(), OPT_API_MAX_FIELD_SIZE) * 1024;
    return size <= limit ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "%s: it would take %zu bytes, more than the %zu that one field may "
                      "([api]max_field_size)",
                      name, size, limit);
}

static bool
step_lists_allowed(const Request *request, const json_t *body, const ProvisionVerb *verb,
                   GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(step_lists); i++)
        if (!member_allowed(request, body, step_lists[i].member, step_lists[i].since, verb,
                            step_lists[i].words, error))
            return false;
    return true;
}

static bool
step_lists_valid(const Request *request, const json_t *body, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(step_lists); i++)
        if (!size_valid(body, step_lists[i].member, error) ||
            !steps_valid(request, body, &step_lists[i], error))
            return false;
    return true;
}

/* ---- steps on child nodes ---- */

/* A child that steps run on is switched as the node is, so the caller needs the same rights. */
static bool
child_permitted(Request *request, const char *uuid, const char *rule, GError **error)
{
    g_auto(NodeBrief) child = {0};
    if (!node_find(request, uuid, &child, error))
        return false;
    const PolicyTarget target = {child.owner, child.lessee, child.uuid};
    return rule == NULL || policy_check(request, rule, &target, error);
}

static bool
all_permitted(Request *request, const NodeBrief *node, const char *rule, GError **error)
{
    g_autoptr(GPtrArray) children = db_nodes_children(request_db(request), node->uuid, error);
    bool good = children != NULL;
    for (guint i = 0; good && i < children->len; i++)
        good = child_permitted(request, ((const Node *)children->pdata[i])->uuid, rule, error);
    return good;
}

/* Those that a step names, or all. */
static bool
step_children_permitted(Request *request, const NodeBrief *node, const json_t *step,
                        const char *rule, GError **error)
{
    const json_t *only = json_object_get(step, "limit_child_node_execution");
    if (!json_is_true(json_object_get(step, "execute_on_child_nodes")))
        return true;
    if (json_array_size(only) == 0)
        return all_permitted(request, node, rule, error);
    size_t index;
    json_t *uuid;
    json_array_foreach(only, index, uuid)
    {
        if (!child_permitted(request, json_string_value(uuid), rule, error))
            return false;
    }
    return true;
}

/* Steps of a runbook need no right to steps of one's own. */
static bool
children_permitted(Request *request, const NodeBrief *node, const json_t *body,
                   const ProvisionVerb *verb, GError **error)
{
    bool of_runbook = json_string_length(json_object_get(body, "runbook")) > 0;
    for (size_t i = 0; i < G_N_ELEMENTS(step_lists); i++) {
        const StepList *list = &step_lists[i];
        size_t index;
        json_t *step;
        json_array_foreach(json_object_get(body, list->member), index, step)
        {
            if (is_verb(verb, list->words) &&
                !step_children_permitted(request, node, step, of_runbook ? NULL : list->rule,
                                         error))
                return false;
        }
    }
    return true;
}

/* ---- all of it ---- */

bool
provision_body_valid(Request *request, const NodeBrief *node, const json_t *body,
                     const ProvisionVerb *verb, GError **error)
{
    static const char *const in_steps[] = {"clean", "service", NULL}, *const rescue[] = {"rescue",
                                                                                         NULL};
    const unsigned without_ramdisk = strcmp(verb->word, "service") == 0 ? 108 : 70;
    const json_t *ramdisk = json_object_get(body, "disable_ramdisk");
    if (ramdisk != NULL && !json_is_boolean(ramdisk) && !json_is_null(ramdisk))
        return steel_fail(error, STEEL_ERROR_INVALID, "disable_ramdisk must be a boolean");
    return step_lists_allowed(request, body, verb, error) &&
           member_allowed(request, body, "disable_ramdisk", without_ramdisk, verb, in_steps,
                          error) &&
           member_allowed(request, body, "rescue_password", 38, verb, rescue, error) &&
           config_drive_valid(request, body, verb, error) && steps_given(body, verb, error) &&
           step_lists_valid(request, body, error) && rescue_valid(body, verb, error) &&
           children_permitted(request, node, body, verb, error);
}

/* Who may set states need not be one who may ask for any step. */
bool
provision_body_permitted(Request *request, const NodeBrief *node, const json_t *body,
                         GError **error)
{
    const PolicyTarget target = {node->owner, node->lessee, node->uuid};
    for (size_t i = 0; i < G_N_ELEMENTS(step_lists); i++)
        if (step_lists[i].rule != NULL && json_object_get(body, step_lists[i].member) != NULL &&
            !policy_check(request, step_lists[i].rule, &target, error))
            return false;
    return true;
}

/* The conductor's arguments: all members that are not null. */
json_t *
provision_body_arguments(const json_t *body)
{
    static const char *const members[] = {"target",       "configdrive",     "clean_steps",
                                          "deploy_steps", "rescue_password", "disable_ramdisk",
                                          "service_steps"};
    json_t *arguments = json_object();
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        json_t *value = json_object_get(body, members[i]);
        if (value != NULL && !json_is_null(value))
            json_object_set(arguments, members[i], value);
    }
    return arguments;
}

json_t *
provision_body_read(Request *request, GError **error)
{
    static const char *const members[] = {"target",        "configdrive",     "clean_steps",
                                          "deploy_steps",  "rescue_password", "disable_ramdisk",
                                          "service_steps", "runbook",         NULL};
    json_t *body = request_object(request, members, error);
    if (body != NULL)
        drop_empty_members(body);
    return body;
}
