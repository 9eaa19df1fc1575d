/* Traits of nodes and of runbooks; the contract is in traits.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/traits.h"

#include "cli/arguments.h"
#include "cli/body.h"
#include "cli/output.h"
#include "cli/requests.h"
#include "common/http_client.h"

#include <stdio.h>

bool
traits_list_run(Context *context, GError **error)
{
    g_autofree char *path = path_build(context->command->path, context->arguments);
    json_auto_t *answer = request_get(context, path, error);
    if (answer == NULL)
        return false;
    Listing *listing = context->listing = listing_new(false);
    g_ptr_array_add(listing->columns, g_strdup("Traits"));
    size_t i;
    json_t *trait;
    json_array_foreach(json_object_get(answer, "traits"), i, trait)
        json_array_append_new(listing->rows, json_pack("[O]", trait));
    return true;
}

/* The path of one trait. */
static char *
trait_path(Context *context, const char *trait)
{
    g_autofree char *base = path_build(context->command->path, context->arguments);
    g_autofree char *escaped = http_escape(trait);
    return g_strconcat(base, "/", escaped, NULL);
}

static bool
add_trait(Context *context, const char *trait, GError **error)
{
    g_autofree char *path = trait_path(context, trait);
    if (!request_send(context, "PUT", path, NULL, error)) {
        g_prefix_error(error, "Failed to add trait %s: ", trait);
        return false;
    }
    printf("Added trait %s\n", trait);
    return true;
}

static bool
remove_trait(Context *context, const char *trait, GError **error)
{
    g_autofree char *path = trait_path(context, trait);
    if (!request_send(context, "DELETE", path, NULL, error)) {
        g_prefix_error(error, "Failed to remove trait %s: ", trait);
        return false;
    }
    printf("Removed trait %s\n", trait);
    return true;
}

bool
traits_add_run(Context *context, GError **error)
{
    return for_each_positional(context, 1, add_trait, error);
}

bool
traits_remove_run(Context *context, GError **error)
{
    if (!arguments_has(context->arguments, "--all"))
        return for_each_positional(context, 1, remove_trait, error);
    g_autofree char *path = path_build(context->command->path, context->arguments);
    return request_send(context, "DELETE", path, NULL, error);
}
