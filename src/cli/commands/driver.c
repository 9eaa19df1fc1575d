/* Drivers and conductors.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/commands.h"

#include "cli/body.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/passthru.h"
#include "cli/requests.h"
#include "common/python_text.h"

/* Drivers in order of their names, lists as text. */
static void
refine_drivers(json_t *drivers)
{
    size_t i;
    json_t *driver;
    json_array_foreach(drivers, i, driver) join_list_members(driver);
    g_autoptr(GError) ignored = NULL; /* a driver without a name: the order does not matter then */
    (void)!sort_items(drivers, "name", &ignored);
}

/* An object of names and descriptions as two columns. */
static bool
list_properties(Context *context, const char *pattern, GError **error)
{
    g_autofree char *path = path_build(pattern, context->arguments);
    json_auto_t *answer = request_get(context, path, error);
    if (answer == NULL)
        return false;
    Listing *listing = listing_new(false);
    context->listing = listing;
    g_ptr_array_add(listing->columns, g_strdup("Property"));
    g_ptr_array_add(listing->columns, g_strdup("Description"));
    g_autoptr(GPtrArray) names = json_sorted_keys(answer);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        json_array_append_new(listing->rows,
                              json_pack("[s, O]", name, json_object_get(answer, name)));
    }
    return true;
}

static bool
run_property_list(Context *context, GError **error)
{
    return list_properties(context, "/v1/drivers/{0}/properties", error);
}

static bool
run_raid_property_list(Context *context, GError **error)
{
    return list_properties(context, "/v1/drivers/{0}/raid/logical_disk_properties", error);
}

static bool
run_passthru_list(Context *context, GError **error)
{
    return passthru_list(context, "/v1/drivers/{0}/vendor_passthru/methods", error);
}

static bool
run_passthru_call(Context *context, GError **error)
{
    json_t *answer = passthru_call(context, "/v1/drivers/{0}/vendor_passthru/{1}", error);
    if (answer == NULL)
        return false;
    if (!json_is_object(answer)) {
        json_t *wrapped =
            json_is_null(answer) ? json_object() : json_pack("{s:O}", "result", answer);
        json_decref(answer);
        answer = wrapped;
    }
    show_object(context, NULL, answer);
    return true;
}

/* Tables, one row each. */
/* clang-format off */
static const PositionalRow one_driver[] = {
    {"<driver>", "Name of the driver"},
    {NULL},
};

static const PositionalRow one_conductor[] = {
    {"<conductor>", "Host name of the conductor"},
    {NULL},
};

static const OptionRow list_options[] = {
    {"--type", OPTION_TEXT, USE_QUERY_TEXT, "type", "<type>", "only drivers of this type: classic or dynamic", .choices = "classic|dynamic"},
    {NULL},
};

const Command driver_commands[] = {
    {"driver list", "List the enabled drivers", COMMAND_LIST, &driver_noun, NULL, list_options, .refine = refine_drivers},
    {"driver show", "Show a driver", COMMAND_SHOW, &driver_noun, one_driver, .path = "/v1/drivers/{0}", .refine = join_list_members},
    {"driver property list", "List what a driver wants to know of a node", COMMAND_CUSTOM, NULL, one_driver, .run = run_property_list, .output = PRINTS_LIST},
    {"driver raid property list", "List what a driver knows of logical disks", COMMAND_CUSTOM, NULL, one_driver, .version = "1.12", .run = run_raid_property_list, .output = PRINTS_LIST},
    {"driver passthru list", "List the vendor methods of a driver", COMMAND_CUSTOM, NULL, one_driver, .run = run_passthru_list, .output = PRINTS_LIST},
    {"driver passthru call", "Call a vendor method of a driver", COMMAND_CUSTOM, NULL, driver_passthru_positionals, passthru_options, .run = run_passthru_call, .output = PRINTS_ONE},

    {"conductor list", "List the conductors", COMMAND_LIST, &conductor_noun, .version = "1.49"},
    {"conductor show", "Show a conductor", COMMAND_SHOW, &conductor_noun, one_conductor, .path = "/v1/conductors/{0}", .version = "1.49"},
    {NULL},
};
/* clang-format on */
