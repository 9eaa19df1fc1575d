/* Endpoints by type, interface and region; the contract is in endpoint.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/endpoint.h"

#include "common/json_text.h"

#include <string.h>

/* Bounds of what is shown, and of a URL. */
enum { KNOWN_LIMIT = 40, WORD_LIMIT = 64, URL_LIMIT = 1024 };

/* The same service by two names: those of the list of service types, and what was there before.
 * https://service-types.openstack.org/ */
static const char *const same_types[][2] = {
    {"volumev3",     "block-storage"},
    {"volumev3",     "block-store"},
    {"baremetal",    "bare-metal"},
    {"object-store", "object-storage"},
};

static bool
is_type(const char *type, const char *wanted)
{
    if (type == NULL || strcmp(type, wanted) == 0)
        return type != NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(same_types); i++)
        if (strcmp(wanted, same_types[i][0]) == 0 && strcmp(type, same_types[i][1]) == 0)
            return true;
    return false;
}

/* "publicURL" and "public" are the same interface. */
static bool
is_interface(const char *interface, const char *wanted)
{
    return interface != NULL && *interface != '\0' && g_str_has_prefix(wanted, interface);
}

static bool
is_region(const json_t *endpoint, const char *wanted)
{
    const char *region = json_string_member(endpoint, "region");
    if (region == NULL)
        region = json_string_member(endpoint, "region_id");
    return wanted == NULL || g_strcmp0(region, wanted) == 0;
}

static const char *
entry_url(const json_t *entry, const char *interface, const char *region)
{
    const json_t *endpoints = json_object_get(entry, "endpoints");
    for (size_t i = 0; i < json_array_size(endpoints); i++) {
        const json_t *endpoint = json_array_get(endpoints, i);
        const char *url = json_string_member(endpoint, "url");
        if (url != NULL && strlen(url) <= URL_LIMIT &&
            is_interface(json_string_member(endpoint, "interface"), interface) &&
            is_region(endpoint, region))
            return url;
    }
    return NULL;
}

static const char *
find_url(const json_t *catalog, const EndpointQuery *query, const char *interface)
{
    for (size_t i = 0; i < json_array_size(catalog); i++) {
        const json_t *entry = json_array_get(catalog, i);
        const char *url = NULL;
        if (is_type(json_string_member(entry, "type"), query->type) &&
            (query->name == NULL || g_strcmp0(json_string_member(entry, "name"), query->name) == 0))
            url = entry_url(entry, interface, query->region);
        if (url != NULL)
            return url;
    }
    return NULL;
}

static bool
fail(const json_t *catalog, const EndpointQuery *query, GError **error)
{
    g_autoptr(GString) known = g_string_new(NULL);
    g_autofree char *interfaces = g_strjoinv(" or ", (char **)(uintptr_t)query->interfaces);
    for (size_t i = 0; i < MIN(json_array_size(catalog), KNOWN_LIMIT); i++) {
        const char *type = json_string_member(json_array_get(catalog, i), "type");
        if (type != NULL)
            g_string_append_printf(known, "%s%.*s", known->len > 0 ? ", " : "", WORD_LIMIT, type);
    }
    return steel_fail(error, STEEL_ERROR_CONFIG,
                      "keystone's catalog has no %s endpoint of type %s%s%s; it has: %s",
                      interfaces, query->type, query->region != NULL ? " in region " : "",
                      query->region != NULL ? query->region : "",
                      known->len > 0 ? known->str : "nothing");
}

static bool
is_web_url(const char *url)
{
    return g_str_has_prefix(url, "http://") || g_str_has_prefix(url, "https://");
}

char *
endpoint_find(const json_t *catalog, const EndpointQuery *query, GError **error)
{
    const char *url = NULL;
    for (const char *const *word = query->interfaces; *word != NULL && url == NULL; word++)
        url = find_url(catalog, query, *word);
    if (url == NULL || !is_web_url(url)) {
        fail(catalog, query, error);
        return NULL;
    }
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        length--;
    return g_strndup(url, length);
}
