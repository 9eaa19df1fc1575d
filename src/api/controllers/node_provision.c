/* PUT states/provision: checks the verb, its arguments, and whether the node's state allows it now.
 * The conductor checks the state again under the node's lock.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "api/controllers/controllers.h"
#include "common/uuid.h"
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

/* Who may have a step run may not name a node that he may not switch. */
static bool
child_valid(Request *request, const char *member, const json_t *child, GError **error)
{
    g_auto(NodeBrief) brief = {0};
    const char *uuid = json_string_value(child);
    if (uuid == NULL || !uuid_valid(uuid))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Invalid %s: limit_child_node_execution must be a list of UUIDs", member);
    return node_find(request, uuid, &brief, error);
}

static bool
children_valid(Request *request, const json_t *step, const char *member, GError **error)
{
    const json_t *run = json_object_get(step, "execute_on_child_nodes"),
                 *only = json_object_get(step, "limit_child_node_execution");
    size_t index;
    json_t *child;
    if (run != NULL && !json_is_boolean(run))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Invalid %s: execute_on_child_nodes must be a boolean", member);
    if (only != NULL && !json_is_array(only))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Invalid %s: limit_child_node_execution must be a list of UUIDs", member);
    json_array_foreach(only, index, child)
    {
        if (json_is_true(run) && !child_valid(request, member, child, error))
            return false;
    }
    return true;
}

static bool
step_valid(Request *request, const json_t *step, const StepList *list, GError **error)
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
            !(deploy && strcmp(key, "priority") == 0) && !is_about_children(request, list, key))
            return steel_fail(error, STEEL_ERROR_INVALID, "Invalid %s: '%.40s' was unexpected",
                              member, key);
    }
    return children_valid(request, step, member, error) &&
           !step_forbidden(list->forbidden, interface, name, error);
}

static bool
steps_valid(Request *request, const json_t *body, const StepList *list, GError **error)
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
static const char *
steps_member(const ProvisionVerb *verb)
{
    for (size_t i = 0; i < G_N_ELEMENTS(step_lists); i++)
        if (!step_lists[i].has_priorities && is_verb(verb, step_lists[i].words))
            return step_lists[i].member;
    return NULL;
}

static bool
steps_given(const json_t *body, const ProvisionVerb *verb, GError **error)
{
    const char *member = steps_member(verb);
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
step_lists_valid(Request *request, const json_t *body, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(step_lists); i++)
        if (!size_valid(body, step_lists[i].member, error) ||
            !steps_valid(request, body, &step_lists[i], error))
            return false;
    return true;
}

static bool
body_valid(Request *request, const json_t *body, const ProvisionVerb *verb, GError **error)
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
           step_lists_valid(request, body, error) && rescue_valid(body, verb, error);
}

/* Two edges of abort came with later versions than the verb. Ironic that knows no later ones has a
 * fault of its own for it. */
static bool
abort_exists(const Request *request, const NodeBrief *node, ProvisionState state, GError **error)
{
    if (state == STATE_INSPECTWAIT)
        return request_needs(request, 41, "abort while a node waits in inspection", error);
    if (state == STATE_DEPLOYWAIT && request->version > 82)
        return request_needs(request, 110, "abort while a node waits in a deploy", error);
    if (state == STATE_DEPLOYWAIT)
        return steel_fail(error, STEEL_ERROR_INVALID_STATE_REQUESTED,
                          "The requested action \"abort\" can not be performed on node \"%s\" "
                          "while it is in state \"wait call-back\": that exists from API version "
                          "1.110; \"deleted\" can",
                          node->uuid);
    return true;
}

/* True if the node's state allows the verb. A locked node gets its own error, since its state may
 * change soon. */
static bool
state_allows(const Request *request, const NodeBrief *node, const ProvisionVerb *verb,
             GError **error)
{
    ProvisionState state =
        node->provision_state != NULL ? state_from_wire(node->provision_state) : STATE_NONE;
    if ((strcmp(verb->word, "active") == 0 || strcmp(verb->word, "rebuild") == 0) &&
        node->maintenance)
        return steel_fail(error, STEEL_ERROR_NODE_IN_MAINTENANCE,
                          "The %s operation can't be performed on node %s because it's in "
                          "maintenance mode.",
                          verb->word, node->uuid);
    if (verb->event == EVENT_ABORT && !abort_exists(request, node, state, error))
        return false;
    g_autoptr(GError) illegal = NULL;
    if (provision_verb_check(verb, state, &illegal))
        return true;
    if (node->reservation != NULL)
        return steel_fail(error, STEEL_ERROR_LOCKED,
                          "Node %s is locked by host %s, please retry after the current operation "
                          "is completed.",
                          node->uuid, node->reservation);
    g_propagate_error(error, g_steal_pointer(&illegal));
    g_prefix_error(error, "node %s: ", node->uuid);
    return false;
}

static bool
verb_valid(const Request *request, const ProvisionVerb *verb, const char *word,
           const NodeBrief *node, GError **error)
{
    if (verb != NULL)
        return verb->since <= request->version ||
               steel_fail(
                   error, STEEL_ERROR_NOT_ACCEPTABLE,
                   "the provision verb %s exists from API version 1.%u, the request asks for "
                   "1.%u",
                   word, verb->since, request->version);
    ProvisionState state =
        node->provision_state != NULL ? state_from_wire(node->provision_state) : STATE_NONE;
    g_autofree char *legal = provision_verbs_allowed(state);
    return steel_fail(error, STEEL_ERROR_INVALID_STATE_REQUESTED,
                      "The requested action \"%.80s\" can not be performed on node \"%s\" while it "
                      "is in state \"%s\"; these can: %s",
                      word, node->uuid, node->provision_state != NULL ? node->provision_state : "",
                      legal);
}

/* Who may set states need not be one who may ask for any step. */
static bool
steps_permitted(Request *request, const json_t *body, const NodeBrief *node, GError **error)
{
    const PolicyTarget target = {node->owner, node->lessee, node->uuid};
    for (size_t i = 0; i < G_N_ELEMENTS(step_lists); i++)
        if (step_lists[i].rule != NULL && json_object_get(body, step_lists[i].member) != NULL &&
            !policy_check(request, step_lists[i].rule, &target, error))
            return false;
    return true;
}

/* Ironic looks at the state before it asks for the version of its latest verbs. */
#define STATE_COMES_FIRST 83

static bool
verb_possible(const Request *request, const ProvisionVerb *verb, const char *word,
              const NodeBrief *node, GError **error)
{
    if (verb != NULL && verb->since >= STATE_COMES_FIRST)
        return state_allows(request, node, verb, error) &&
               verb_valid(request, verb, word, node, error);
    return verb_valid(request, verb, word, node, error) && state_allows(request, node, verb, error);
}

/* The conductor's arguments: all members that are not null. */
static json_t *
call_arguments(const json_t *body)
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

Answer
states_provision(Request *request, GError **error)
{
    static const char *const members[] = {"target",        "configdrive",     "clean_steps",
                                          "deploy_steps",  "rescue_password", "disable_ramdisk",
                                          "service_steps", "runbook",         NULL};
    g_auto(NodeBrief) node = {0};
    json_t *body = request_object(request, members, error);
    if (body == NULL || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    drop_empty_members(body);
    const char *word = json_string_member(body, "target");
    if (word == NULL) {
        steel_fail(error, STEEL_ERROR_MISSING, "Missing mandatory parameter: target");
        return ANSWER_FAILED;
    }
    const ProvisionVerb *verb = provision_verb(word);
    if (!steps_permitted(request, body, &node, error) ||
        !verb_possible(request, verb, word, &node, error) ||
        !runbook_use(request, &node, steps_member(verb), body, error) ||
        !body_valid(request, body, verb, error))
        return ANSWER_FAILED;
    request_set_location(request, "nodes/%s/states", request->captures[0]);
    return request_call(request, RPC_PROVISION, node.uuid, call_arguments(body), request_after_202);
}
