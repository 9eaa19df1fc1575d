/* Finds and describes vendor methods; the contract is in vendor.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/vendor/vendor.h"

#include <string.h>

/* `methods` is "POST,PUT". */
static bool
takes_method(const char *methods, const char *http_method)
{
    g_auto(GStrv) words = g_strsplit(methods, ",", 0);
    for (char **word = words; *word != NULL; word++)
        if (g_ascii_strcasecmp(g_strstrip(*word), http_method) == 0)
            return true;
    return false;
}

const VendorMethod *
vendor_method(const VendorMethod *methods, const char *name, const char *http_method,
              GError **error)
{
    g_autoptr(GString) known = g_string_new(NULL);
    for (const VendorMethod *row = methods; row != NULL && row->name != NULL; row++) {
        if (strcmp(row->name, name) != 0) {
            g_string_append_printf(known, "%s%s", known->len > 0 ? ", " : "", row->name);
            continue;
        }
        if (takes_method(row->http_methods, http_method))
            return row;
        steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                   "vendor method %s takes %s, not the HTTP method %.20s", name, row->http_methods,
                   http_method);
        return NULL;
    }
    steel_fail(error, STEEL_ERROR_INVALID, "there is no vendor method %.100s; known are: %s", name,
               known->len > 0 ? known->str : "none");
    return NULL;
}

static json_t *
http_methods_json(const char *methods)
{
    json_t *list = json_array();
    g_auto(GStrv) words = g_strsplit(methods, ",", 0);
    for (char **word = words; *word != NULL; word++)
        json_array_append_new(list, json_string(g_strstrip(*word)));
    return list;
}

json_t *
vendor_methods_json(const VendorMethod *methods)
{
    json_t *all = json_object();
    for (const VendorMethod *row = methods; row != NULL && row->name != NULL; row++)
        json_object_set_new(all, row->name,
                            json_pack("{s:o, s:s, s:b, s:b, s:b}", "http_methods",
                                      http_methods_json(row->http_methods), "description",
                                      row->description, "async", row->asynchronous, "attach",
                                      row->attach, "require_exclusive_lock", row->exclusive));
    return all;
}
