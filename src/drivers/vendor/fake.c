/* Vendor methods that compare a word, like Ironic's fake ones, for tests of clients. For demos,
 * tests and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/vendor/vendor.h"

#include "drivers/fake.h"

#include <string.h>

static bool
fake_vendor_validate(Task *task, GError **error)
{
    return fake_act(task, "vendor.validate", error);
}

/* True if the argument "bar" is this word; NULL with MISSING if it is absent. */
static json_t *
compare(Task *task, const char *method, const char *word, const json_t *arguments, GError **error)
{
    g_autofree char *action = g_strdup_printf("vendor.%s", method);
    if (!fake_act(task, action, error))
        return NULL;
    const char *bar = json_string_member(arguments, "bar");
    if (bar != NULL && *bar != '\0')
        return json_boolean(strcmp(bar, word) == 0);
    steel_fail(error, STEEL_ERROR_MISSING, "vendor method %s needs the argument bar, a string",
               method);
    return NULL;
}

static json_t *
fake_vendor_first(Task *task, const char *http_method, const json_t *arguments, GError **error)
{
    (void)http_method;
    return compare(task, "first_method", "baz", arguments, error);
}

static json_t *
fake_vendor_second(Task *task, const char *http_method, const json_t *arguments, GError **error)
{
    (void)http_method;
    return compare(task, "second_method", "kazoo", arguments, error);
}

static json_t *
fake_vendor_third(Task *task, const char *http_method, const json_t *arguments, GError **error)
{
    (void)http_method;
    return compare(task, "third_method_sync", "meow", arguments, error);
}

static json_t *
fake_vendor_fourth(Task *task, const char *http_method, const json_t *arguments, GError **error)
{
    (void)http_method;
    return compare(task, "fourth_method_shared_lock", "woof", arguments, error);
}

static const VendorMethod node_methods[] = {
    {.name = "first_method",
     .http_methods = "POST",
     .description = "Tells whether the value of bar is baz",
     .asynchronous = true,
     .exclusive = true,
     .run = fake_vendor_first},
    {.name = "second_method",
     .http_methods = "POST",
     .description = "Tells whether the value of bar is kazoo",
     .asynchronous = true,
     .exclusive = true,
     .run = fake_vendor_second},
    {.name = "third_method_sync",
     .http_methods = "POST",
     .description = "Tells whether the value of bar is meow",
     .exclusive = true,
     .run = fake_vendor_third},
    {.name = "fourth_method_shared_lock",
     .http_methods = "POST",
     .description = "Tells whether the value of bar is woof",
     .asynchronous = true,
     .run = fake_vendor_fourth},
    {0},
};

const VendorOps vendor_fake = {
    .interface = {.name = "fake", .properties = fake_properties, .validate = fake_vendor_validate},
    .node_methods = node_methods,
};
