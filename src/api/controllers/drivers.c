/* Drivers: the hardware types that the live conductors serve.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "common/steady.h"
#include "db/conductors.h"

#include <string.h>

/* A hardware type and the conductors that serve it. */
typedef struct Driver {
    char *name;
    json_t *hosts;      /* array of hostnames */
    json_t *interfaces; /* of the first conductor in the list */
} Driver;

static void
driver_free(void *data)
{
    Driver *driver = data;
    g_free(driver->name);
    json_decref(driver->hosts);
    json_decref(driver->interfaces);
    g_free(driver);
}

static void
add_host(GPtrArray *drivers, const json_t *hardware, const char *hostname)
{
    const char *name = json_string_member(hardware, "name");
    Driver *driver = NULL;
    for (guint i = 0; name != NULL && i < drivers->len && driver == NULL; i++)
        if (strcmp(((Driver *)drivers->pdata[i])->name, name) == 0)
            driver = drivers->pdata[i];
    if (name == NULL)
        return;
    if (driver == NULL) {
        driver = g_new0(Driver, 1);
        driver->name = g_strdup(name);
        driver->hosts = json_array();
        driver->interfaces = json_incref(json_object_get(hardware, "interfaces"));
        g_ptr_array_add(drivers, driver);
    }
    json_array_append_new(driver->hosts, json_string(hostname));
}

static void
read_conductor(const DbConductor *conductor, void *user_data)
{
    json_t *hardware = conductor->hardware != NULL
                           ? json_text_parse(conductor->hardware, conductor->hardware_size, 0, NULL)
                           : NULL;
    size_t index;
    json_t *item;
    json_array_foreach(hardware, index, item) add_host(user_data, item, conductor->hostname);
    json_decref(hardware);
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp((*(Driver *const *)a)->name, (*(Driver *const *)b)->name);
}

/* All drivers of live conductors by name, or NULL with the error set. */
static GPtrArray *
load_drivers(const Request *request, GError **error)
{
    g_autoptr(GPtrArray) drivers = g_ptr_array_new_with_free_func(driver_free);
    if (!db_conductors(request_db(request), steady_now_ms(), read_conductor, drivers, error))
        return NULL;
    g_ptr_array_sort(drivers, compare_names);
    return g_steal_pointer(&drivers);
}

static json_t *
link_pair(const char *base, const char *name, const char *suffix)
{
    g_autofree char *escaped = g_uri_escape_string(name, NULL, FALSE);
    g_autofree char *self = g_strdup_printf("%s/v1/drivers/%s%s", base, escaped, suffix);
    g_autofree char *bookmark = g_strdup_printf("%s/drivers/%s%s", base, escaped, suffix);
    return json_pack("[{s:s, s:s}, {s:s, s:s}]", "href", self, "rel", "self", "href", bookmark,
                     "rel", "bookmark");
}

static unsigned
interface_since(const char *type)
{
    return strcmp(type, "storage") == 0    ? 33
           : strcmp(type, "rescue") == 0   ? 38
           : strcmp(type, "bios") == 0     ? 40
           : strcmp(type, "firmware") == 0 ? 86
                                           : 30;
}

static void
add_interfaces(const Request *request, const Driver *driver, json_t *item)
{
    const char *type;
    json_t *interface;
    json_object_foreach(driver->interfaces, type, interface)
    {
        if (request->version < interface_since(type))
            continue;
        g_autofree char *standard = g_strdup_printf("default_%s_interface", type);
        g_autofree char *enabled = g_strdup_printf("enabled_%s_interfaces", type);
        json_t *name = json_object_get(interface, "default");
        json_object_set(item, standard, name != NULL ? name : json_null());
        json_object_set(item, enabled, json_object_get(interface, "enabled"));
    }
}

/* Keeps the requested fields; false for a field that drivers do not have. */
static bool
select_fields(json_t *item, const char *fields, GError **error)
{
    g_autofree char *lower = g_ascii_strdown(fields, -1);
    g_auto(GStrv) names = g_strsplit(lower, ",", -1);
    const char *key;
    json_t *value;
    void *next;
    for (char **name = names; *name != NULL; name++) {
        bool interface = g_str_has_prefix(*name, "default_") || g_str_has_prefix(*name, "enabled_");
        if (**name != '\0' && !interface && json_object_get(item, *name) == NULL)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "Field %.80s is not a valid field of a driver.", *name);
    }
    json_object_foreach_safe(item, next, key, value)
    {
        if (strcmp(key, "links") != 0 && !g_strv_contains((const char *const *)names, key))
            json_object_del(item, key);
    }
    return true;
}

/* One driver as the request's version sees it; NULL with the error set for unknown fields. */
static json_t *
render(const Request *request, const Driver *driver, bool detail, GError **error)
{
    g_autoptr(GString) base = g_string_new(NULL);
    request_append_base(request, base);
    json_t *item = json_pack("{s:s, s:O, s:o}", "name", driver->name, "hosts", driver->hosts,
                             "links", link_pair(base->str, driver->name, ""));
    if (request->version >= 14)
        json_object_set_new(item, "properties", link_pair(base->str, driver->name, "/properties"));
    if (request->version >= 30)
        json_object_set_new(item, "type", json_string("dynamic"));
    const char *fields = request_argument(request, "fields");
    if ((detail || fields != NULL) && request->version >= 30)
        add_interfaces(request, driver, item);
    if (fields == NULL || select_fields(item, fields, error))
        return item;
    json_decref(item);
    return NULL;
}

static bool
read_list_arguments(const Request *request, bool *detail, bool *none, GError **error)
{
    static const char *const arguments[] = {"type", "detail", "fields", NULL};
    const char *type = request_argument(request, "type");
    const char *fields = request_argument(request, "fields");
    if (!request_only_arguments(request, arguments, error))
        return false;
    if ((type != NULL || request_argument(request, "detail") != NULL) &&
        !request_needs(request, 30, "the arguments type and detail", error))
        return false;
    if (fields != NULL && !request_needs(request, 77, "the argument fields", error))
        return false;
    if (!request_boolean_argument(request, "detail", detail, error))
        return false;
    if (fields != NULL && *detail)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Can not specify ?detail=True and fields in the same request.");
    if (type != NULL && strcmp(type, "classic") != 0 && strcmp(type, "dynamic") != 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "type must be classic or dynamic, not %.40s",
                          type);
    *none = type != NULL && strcmp(type, "classic") == 0;
    return true;
}

Answer
drivers_list(Request *request, GError **error)
{
    bool detail = false, none = false;
    if (!read_list_arguments(request, &detail, &none, error))
        return ANSWER_FAILED;
    g_autoptr(GPtrArray) drivers = load_drivers(request, error);
    if (drivers == NULL)
        return ANSWER_FAILED;
    json_t *list = json_array();
    for (guint i = 0; i < drivers->len && !none; i++) {
        json_t *item = render(request, drivers->pdata[i], detail, error);
        if (item == NULL) {
            json_decref(list);
            return ANSWER_FAILED;
        }
        json_array_append_new(list, item);
    }
    json_t *answer = json_pack("{s:o}", "drivers", list);
    request_answer_json(request, 200, answer);
    json_decref(answer);
    return ANSWER_NOW;
}

static bool
not_found(const char *name, GError **error)
{
    return steel_fail(error, STEEL_ERROR_NOT_FOUND,
                      "Could not find the following driver(s) or hardware type(s): %.80s.", name);
}

Answer
driver_get(Request *request, GError **error)
{
    static const char *const arguments[] = {"fields", NULL};
    const char *name = request->captures[0];
    if (!request_only_arguments(request, arguments, error) ||
        (request_argument(request, "fields") != NULL &&
         !request_needs(request, 77, "the argument fields", error)))
        return ANSWER_FAILED;
    g_autoptr(GPtrArray) drivers = load_drivers(request, error);
    for (guint i = 0; drivers != NULL && i < drivers->len; i++) {
        if (strcmp(((Driver *)drivers->pdata[i])->name, name) != 0)
            continue;
        json_t *item = render(request, drivers->pdata[i], true, error);
        if (item == NULL)
            return ANSWER_FAILED;
        request_answer_json(request, 200, item);
        json_decref(item);
        return ANSWER_NOW;
    }
    if (drivers != NULL)
        not_found(name, error);
    return ANSWER_FAILED;
}

/* Calls a conductor that serves the driver. */
static Answer
ask(Request *request, RpcMethod method, GError **error)
{
    const char *name = request->captures[0];
    g_autoptr(GPtrArray) drivers = load_drivers(request, error);
    for (guint i = 0; drivers != NULL && i < drivers->len; i++)
        if (strcmp(((Driver *)drivers->pdata[i])->name, name) == 0)
            return request_call(request, method, NULL, json_pack("{s:s}", "driver", name),
                                request_after_200);
    if (drivers != NULL)
        not_found(name, error);
    return ANSWER_FAILED;
}

Answer
driver_properties(Request *request, GError **error)
{
    return request_no_arguments(request, error) ? ask(request, RPC_DRIVER_PROPERTIES, error)
                                                : ANSWER_FAILED;
}

Answer
driver_raid_properties(Request *request, GError **error)
{
    return request_no_arguments(request, error) ? ask(request, RPC_DRIVER_RAID_PROPERTIES, error)
                                                : ANSWER_FAILED;
}
