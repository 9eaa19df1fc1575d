/* Calling and listing vendor methods.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/passthru.h"
#include "cli/body.h"
#include "cli/nouns.h"
#include "cli/requests.h"
#include "cli/session.h"
#include "common/python_text.h"
#include <string.h>

/* Tables, one row each. */
/* clang-format off */
const PositionalRow node_passthru_positionals[] = {
    {"<node>", "Name or UUID of the node"},
    {"<method>", "Vendor method to call"},
    {NULL},
};

const PositionalRow driver_passthru_positionals[] = {
    {"<driver>", "Name of the driver"},
    {"<method>", "Vendor method to call"},
    {NULL},
};

const OptionRow passthru_options[] = {
    {"--arg", OPTION_APPEND, USE_BODY_PAIRS, "", "<key=value>", "argument of the method (repeatable)"},
    {"--http-method", OPTION_TEXT, USE_BY_COMMAND, NULL, "<http-method>", "POST unless said", .choices = "POST|PUT|GET|DELETE|PATCH"},
    {NULL},
};
/* clang-format on */

static int
compare_texts(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static char *
joined(json_t *list, bool sorted)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) g_ptr_array_add(texts, python_str(item));
    if (sorted)
        g_ptr_array_sort(texts, compare_texts);
    g_ptr_array_add(texts, NULL);
    return g_strjoinv(", ", (char **)texts->pdata);
}

void
join_list_members(json_t *object)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, key, value)
    {
        if (!json_is_array(value))
            continue;
        g_autofree char *text = joined(value, false);
        json_object_set_new(object, key, json_string(text));
    }
}

bool
passthru_list(Context *context, const char *pattern, GError **error)
{
    g_autofree char *path = path_build(pattern, context->arguments);
    json_auto_t *methods = request_get(context, path, error);
    if (methods == NULL)
        return false;
    json_auto_t *items = json_array();
    const char *name;
    json_t *method;
    json_object_foreach(methods, name, method)
    {
        json_t *item = json_copy(method);
        g_autofree char *verbs = joined(json_object_get(method, "http_methods"), true);
        json_object_set_new(item, "name", json_string(name));
        json_object_set_new(item, "http_methods", json_string(verbs));
        json_array_append_new(items, item);
    }
    g_autoptr(GPtrArray) columns = list_columns(context, &passthru_noun);
    list_items(context, &passthru_noun, columns, items);
    return true;
}

json_t *
passthru_call(Context *context, const char *pattern, GError **error)
{
    const char *method = arguments_text(context->arguments, "--http-method");
    g_autofree char *path = path_build(pattern, context->arguments);
    json_auto_t *body = body_build(context->command, context->arguments, error);
    if (body == NULL)
        return NULL;
    method = method != NULL ? method : "POST";
    bool bodiless = strcmp(method, "GET") == 0 || strcmp(method, "DELETE") == 0;
    return session_call(context->session, method, path, bodiless ? NULL : body, error);
}
