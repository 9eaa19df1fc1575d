/* Carrying out a command by its row.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/arguments.h"
#include "cli/body.h"
#include "cli/provision_wait.h"
#include "cli/requests.h"
#include "common/http_client.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

const Command *const command_tables[] = {
    node_commands,
    node_change_commands,
    node_state_commands,
    node_detail_commands,
    timeline_commands,
    port_commands,
    volume_commands,
    allocation_commands,
    driver_commands,
    file_commands,
    NULL,
};

/* How many of the words the command's own words take up; 0 when they differ. */
static size_t
matching_words(const Command *command, char *const *words, size_t count)
{
    g_auto(GStrv) own = g_strsplit(command->words, " ", -1);
    size_t length = g_strv_length(own);
    if (length > count)
        return 0;
    for (size_t i = 0; i < length; i++) {
        if (strcmp(own[i], words[i]) != 0)
            return 0;
    }
    return length;
}

const Command *
command_find(char *const *words, size_t count, size_t *used)
{
    const Command *found = NULL;
    *used = 0;
    for (const Command *const *table = command_tables; *table != NULL; table++) {
        for (const Command *command = *table; command->words != NULL; command++) {
            size_t length = matching_words(command, words, count);
            if (length > *used) {
                *used = length;
                found = command;
            }
        }
    }
    return found;
}

CommandOutput
command_output(const Command *command)
{
    switch (command->kind) {
    case COMMAND_LIST:
        return PRINTS_LIST;
    case COMMAND_SHOW:
    case COMMAND_CREATE:
        return PRINTS_ONE;
    case COMMAND_CUSTOM:
        return command->output;
    case COMMAND_DELETE:
    case COMMAND_PATCH:
    case COMMAND_ACTION:
        break;
    }
    return PRINTS_NOTHING;
}

GHashTable *
resource_field_names(const Resource *resource)
{
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
    const char *const *lists[] = {resource->detailed_columns, resource->more_fields};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (const char *const *name = lists[i]; name != NULL && *name != NULL; name++)
            g_hash_table_add(names, (void *)(uintptr_t)*name);
    }
    return names;
}

static bool
run_list(Context *context, GError **error)
{
    const Resource *resource = context->command->resource;
    const Arguments *arguments = context->arguments;
    bool detailed = arguments_has(arguments, "--long");
    int64_t limit = arguments_number(arguments, "--limit", 0);
    g_autofree char *base = path_build(resource->path, arguments);
    g_autoptr(GString) path = g_string_new(base);
    if (detailed && resource->detail == DETAIL_PATH)
        g_string_append(path, "/detail");
    if (limit > 0) {
        g_autofree char *text = g_strdup_printf("%d", (int)limit);
        query_append(path, "limit", text);
    }
    query_build(context->command, arguments, path);
    g_autofree char *fields = requested_fields(context);
    if (fields != NULL)
        query_append(path, "fields", fields);
    else if (detailed && resource->detail == DETAIL_QUERY)
        query_append(path, "detail", "True");

    json_auto_t *items = request_items(context, path->str, resource->collection, error);
    const char *sort = arguments_text(arguments, "--sort");
    if (items == NULL || (sort != NULL && !sort_items(items, sort, error)))
        return false;
    if (context->command->refine != NULL)
        context->command->refine(items);
    g_autoptr(GPtrArray) columns = list_columns(context, resource);
    list_items(context, resource, columns, items);
    return true;
}

static bool
run_show(Context *context, GError **error)
{
    const Resource *resource = context->command->resource;
    g_autofree char *base = path_build(context->command->path, context->arguments);
    g_autoptr(GString) path = g_string_new(base);
    g_autofree char *fields = requested_fields(context);
    if (fields != NULL)
        query_append(path, "fields", fields);
    json_t *object = request_get(context, path->str, error);
    if (object == NULL)
        return false;
    show_always(resource, fields, object);
    if (context->command->refine != NULL)
        context->command->refine(object);
    show_object(context, resource, object);
    return true;
}

static bool
run_create(Context *context, GError **error)
{
    const Resource *resource = context->command->resource;
    json_auto_t *body = body_build(context->command, context->arguments, error);
    if (body == NULL)
        return false;
    json_auto_t *answer = session_call(context->session, "POST", resource->path, body, error);
    if (answer == NULL)
        return false;
    if (context->command->created_in_full) {
        show_always(resource, NULL, answer);
        show_object(context, resource, json_incref(answer));
        return true;
    }
    show_columns(context, resource, answer);
    return true;
}

static bool
delete_one(Context *context, const char *name, GError **error)
{
    const Resource *resource = context->command->resource;
    g_autofree char *escaped = http_escape(name);
    g_autofree char *path = g_strconcat(resource->path, "/", escaped, NULL);
    if (!request_send(context, "DELETE", path, NULL, error)) {
        g_prefix_error(error, "Failed to delete %s %s: ", resource->noun, name);
        return false;
    }
    printf("Deleted %s %s\n", resource->noun, name);
    return true;
}

bool
command_patch(Context *context, GError **error)
{
    json_auto_t *patch = patch_build(context->command, context->arguments, error);
    if (patch == NULL)
        return false;
    if (json_array_size(patch) == 0) {
        bool unset = g_str_has_suffix(context->command->words, "unset");
        fprintf(stderr, "Please specify what to %s.\n", unset ? "unset" : "set");
        return true;
    }
    g_autofree char *base = path_build(context->command->path, context->arguments);
    g_autoptr(GString) path = g_string_new(base);
    query_build(context->command, context->arguments, path);
    return request_send(context, "PATCH", path->str, patch, error);
}

static bool
run_action(Context *context, GError **error)
{
    const Command *command = context->command;
    g_autofree char *path = path_build(command->path, context->arguments);
    json_auto_t *body = NULL;
    if (command->body != NULL) {
        body = body_build(command, context->arguments, error);
        if (body == NULL)
            return false;
    }
    if (!request_send(context, command->method, path, body, error))
        return false;
    if (command->wait_for == NULL || !arguments_has(context->arguments, "--wait"))
        return true;
    return provision_wait(context, command->wait_for,
                          (int)arguments_number(context->arguments, "--wait", 0), error);
}

bool
command_run(Context *context, GError **error)
{
    const Command *command = context->command;
    if (!session_require(context->session, command->version, command->words, error))
        return false;
    switch (command->kind) {
    case COMMAND_LIST:
        return run_list(context, error);
    case COMMAND_SHOW:
        return run_show(context, error);
    case COMMAND_CREATE:
        return run_create(context, error);
    case COMMAND_DELETE:
        return for_each_positional(context, 0, delete_one, error);
    case COMMAND_PATCH:
        return command_patch(context, error);
    case COMMAND_ACTION:
        return run_action(context, error);
    case COMMAND_CUSTOM:
        return command->run(context, error);
    }
    return false;
}
