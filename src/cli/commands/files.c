/* create: nodes, ports and what belongs to them from files.
 *
 *     {"chassis": [{…, "nodes": […]}],
 *      "nodes": [{…, "ports": [{…}], "portgroups": [{…, "ports": [{…}]}]}]}
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/commands.h"

#include "cli/nouns.h"
#include "cli/requests.h"
#include "cli/session.h"
#include "common/json_text.h"
#include "common/yaml_text.h"
#include <string.h>

/* One level of a file: the key of its list, the resource it creates, and the field that names its
 * parent. */
typedef struct Level Level;
struct Level {
    const char *key;
    const Noun *noun;
    const char *reference;
    const Level *const *children;
};

static const Level group_port = {"ports", &port_noun, "portgroup_uuid", NULL};
static const Level *const group_children[] = {&group_port, NULL};
static const Level node_group = {"portgroups", &port_group_noun, "node_uuid", group_children};
static const Level node_port = {"ports", &port_noun, "node_uuid", NULL};
static const Level *const node_children[] = {&node_group, &node_port, NULL};
static const Level chassis_node = {"nodes", &node_noun, "chassis_uuid", node_children};
static const Level *const chassis_children[] = {&chassis_node, NULL};
static const Level chassis_level = {"chassis", &chassis_noun, NULL, chassis_children};
static const Level node_level = {"nodes", &node_noun, NULL, node_children};
static const Level *const top_levels[] = {&chassis_level, &node_level, NULL};

/* The UUIDs of the parents, by the field that refers to them; NULL: none. */
typedef struct Above {
    const char *chassis_uuid;
    const char *node_uuid;
    const char *portgroup_uuid;
} Above;

static void create_all(Context *context, const Level *level, json_t *items, Above above,
                       GString *failures);

static void
note(GString *failures, const char *text)
{
    g_string_append_printf(failures, "%s%s", failures->len > 0 ? "\n" : "", text);
}

/* Writes a reference into a body; fails if it has a different one already. */
static bool
set_reference(json_t *body, const char *field, const char *uuid, GString *failures)
{
    const char *own = json_string_member(body, field);
    if (uuid == NULL)
        return true;
    if (own != NULL && strcmp(own, uuid) != 0) {
        g_autofree char *text = g_strdup_printf("%s is %s, but it is below %s", field, own, uuid);
        note(failures, text);
        return false;
    }
    json_object_set_new(body, field, json_string(uuid));
    return true;
}

static bool
set_parent_references(const Level *level, json_t *body, Above above, GString *failures)
{
    if (level->noun == &node_noun)
        return set_reference(body, "chassis_uuid", above.chassis_uuid, failures);
    if (level->noun == &chassis_noun)
        return true;
    return set_reference(body, "node_uuid", above.node_uuid, failures) &&
           (level->noun != &port_noun ||
            set_reference(body, "portgroup_uuid", above.portgroup_uuid, failures));
}

/* Creates one resource and, on success, its children. */
static void
create_one(Context *context, const Level *level, json_t *item, Above above, GString *failures)
{
    json_auto_t *body = json_copy(item);
    for (const Level *const *child = level->children; child != NULL && *child != NULL; child++)
        json_object_del(body, (*child)->key);
    if (!json_is_object(item) || !set_parent_references(level, body, above, failures)) {
        if (!json_is_object(item))
            note(failures, "every thing to create must be an object");
        return;
    }
    g_autoptr(GError) cause = NULL;
    json_auto_t *made = session_call(context->session, "POST", level->noun->path, body, &cause);
    const char *uuid = json_string_member(made, "uuid");
    if (made == NULL || uuid == NULL) {
        g_autofree char *text =
            g_strdup_printf("Unable to create the %s: %s", level->noun->word,
                            cause != NULL ? cause->message : "no UUID came back");
        note(failures, text);
        return;
    }
    if (level->noun == &chassis_noun)
        above.chassis_uuid = uuid;
    else if (level->noun == &node_noun)
        above.node_uuid = uuid;
    else if (level->noun == &port_group_noun)
        above.portgroup_uuid = uuid;
    for (const Level *const *child = level->children; child != NULL && *child != NULL; child++)
        create_all(context, *child, json_object_get(item, (*child)->key), above, failures);
}

static void
create_all(Context *context, const Level *level, json_t *items, Above above, GString *failures)
{
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) create_one(context, level, item, above, failures);
}

/* Checks that a file is an object of two lists at most. */
static bool
check_file(const char *path, json_t *file, GError **error)
{
    const char *key;
    json_t *value;
    if (!json_is_object(file))
        return steel_fail(error, STEEL_ERROR_INVALID, "%s: must be an object of chassis and nodes",
                          path);
    json_object_foreach(file, key, value)
    {
        if ((strcmp(key, "chassis") != 0 && strcmp(key, "nodes") != 0) || !json_is_array(value))
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "%s: %s: only lists called chassis and nodes stand there", path, key);
    }
    return true;
}

/* All files are read and checked before the first resource is created. */
static bool
run_create(Context *context, GError **error)
{
    json_auto_t *files = json_array();
    for (guint i = 0; i < arguments_positional_count(context->arguments); i++) {
        const char *path = arguments_positional(context->arguments, i);
        json_t *file = yaml_file_parse(path, error);
        if (file == NULL)
            return false;
        json_array_append_new(files, file);
        if (!check_file(path, file, error))
            return false;
    }
    g_autoptr(GString) failures = g_string_new(NULL);
    size_t index;
    json_t *file;
    json_array_foreach(files, index, file)
    {
        for (const Level *const *level = top_levels; *level != NULL; level++)
            create_all(context, *level, json_object_get(file, (*level)->key), (Above){0}, failures);
    }
    return failures->len == 0 ||
           steel_fail(error, STEEL_ERROR_HTTP,
                      "During resources creation, the following error(s) were encountered:\n%s",
                      failures->str);
}

/* Tables, one row each. */
/* clang-format off */
static const PositionalRow some_files[] = {
    {"<file>", "JSON or YAML file; may be several", .several = true},
    {NULL},
};

const Command file_commands[] = {
    {"create", "Create nodes, ports and chassis from files", COMMAND_CUSTOM, NULL, some_files, .run = run_create},
    {NULL},
};
/* clang-format on */
