/* Commands that need only their row: one request, and its answer printed.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/generic.h"
#include "cli/arguments.h"
#include "cli/body.h"
#include "cli/provision_wait.h"
#include "cli/requests.h"
#include "cli/session.h"
#include "common/http_client.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

bool
generic_list(Context *context, GError **error)
{
    const Noun *noun = context->command->noun;
    const Arguments *arguments = context->arguments;
    bool detailed = arguments_has(arguments, "--long");
    int64_t limit = arguments_number(arguments, "--limit", 0);
    g_autofree char *base = path_build(noun->path, arguments);
    g_autoptr(GString) path = g_string_new(base);
    if (detailed && noun->detail == DETAIL_PATH)
        g_string_append(path, "/detail");
    if (limit > 0) {
        g_autofree char *text = g_strdup_printf("%d", (int)limit);
        query_append(path, "limit", text);
    }
    query_build(context->command, arguments, path);
    g_autofree char *fields = requested_fields(context);
    if (fields != NULL)
        query_append(path, "fields", fields);
    else if (detailed && noun->detail == DETAIL_QUERY)
        query_append(path, "detail", "True");

    json_auto_t *items = request_items(context, path->str, noun->collection, error);
    const char *sort = arguments_text(arguments, "--sort");
    if (items == NULL || (sort != NULL && !sort_items(items, sort, error)))
        return false;
    if (context->command->refine != NULL)
        context->command->refine(items);
    g_autoptr(GPtrArray) columns = list_columns(context, noun);
    list_items(context, noun, columns, items);
    return true;
}

bool
generic_show(Context *context, GError **error)
{
    const Noun *noun = context->command->noun;
    g_autofree char *base = path_build(context->command->path, context->arguments);
    g_autoptr(GString) path = g_string_new(base);
    g_autofree char *fields = requested_fields(context);
    if (fields != NULL)
        query_append(path, "fields", fields);
    json_t *object = request_get(context, path->str, error);
    if (object == NULL)
        return false;
    show_always(noun, fields, object);
    if (context->command->refine != NULL)
        context->command->refine(object);
    show_object(context, noun, object);
    return true;
}

bool
generic_create(Context *context, GError **error)
{
    const Noun *noun = context->command->noun;
    json_auto_t *body = body_build(context->command, context->arguments, error);
    if (body == NULL)
        return false;
    json_auto_t *answer = session_call(context->session, "POST", noun->path, body, error);
    if (answer == NULL)
        return false;
    if (context->command->created_in_full) {
        show_always(noun, NULL, answer);
        show_object(context, noun, json_incref(answer));
        return true;
    }
    show_columns(context, noun, answer);
    return true;
}

static bool
delete_one(Context *context, const char *name, GError **error)
{
    const Noun *noun = context->command->noun;
    g_autofree char *escaped = http_escape(name);
    g_autofree char *path = g_strconcat(noun->path, "/", escaped, NULL);
    if (!request_send(context, "DELETE", path, NULL, error)) {
        g_prefix_error(error, "Failed to delete %s %s: ", noun->word, name);
        return false;
    }
    printf("Deleted %s %s\n", noun->word, name);
    return true;
}

bool
generic_patch(Context *context, GError **error)
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

bool
generic_action(Context *context, GError **error)
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
generic_delete(Context *context, GError **error)
{
    return for_each_positional(context, 0, delete_one, error);
}
