/* Rules for network fields; the contract is in network.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/network.h"

#include "common/json_text.h"
#include "model/names.h"

#include <string.h>

static bool
is_datapath_id(const char *text)
{
    const char *digits = g_ascii_strncasecmp(text, "0x", 2) == 0 ? text + 2 : text;
    if (strlen(digits) != 16)
        return false;
    for (const char *p = digits; *p != '\0'; p++)
        if (!g_ascii_isxdigit(*p))
            return false;
    return true;
}

static bool
switch_id_normalize(json_t *link, GError **error)
{
    const char *id = json_string_member(link, "switch_id");
    if (id == NULL)
        return true;
    g_autofree char *normal =
        is_datapath_id(id) ? g_ascii_strdown(id, -1) : mac_address_normalize(id, NULL);
    if (normal == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "local_link_connection.switch_id '%.80s' is neither a MAC address nor a "
                          "datapath id (16 hexadecimal digits)",
                          id);
    return json_object_set_new(link, "switch_id", json_string(normal)) == 0;
}

static bool
link_member_valid(const char *key, const json_t *value, GError **error)
{
    static const char *const known[] = {"switch_id",       "port_id",      "switch_info",
                                        "hostname",        "network_type", LINK_VTEP_LOGICAL,
                                        LINK_VTEP_PHYSICAL};
    bool legal = false;
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
        legal = legal || strcmp(key, known[i]) == 0;
    if (!legal)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "local_link_connection may have switch_id, port_id, switch_info, "
                          "hostname and network_type, not '%.40s'",
                          key);
    return json_is_string(value) ||
           steel_fail(error, STEEL_ERROR_INVALID, "local_link_connection.%s must be a string", key);
}

bool
local_link_normalize(json_t *link, GError **error)
{
    const char *key;
    json_t *value;
    if (json_object_size(link) == 0)
        return true;
    json_object_foreach(link, key, value)
    {
        if (!link_member_valid(key, value, error))
            return false;
    }
    const char *type = json_string_member(link, "network_type");
    if (type != NULL && strcmp(type, "managed") != 0 && strcmp(type, "unmanaged") != 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "local_link_connection.network_type is managed or unmanaged");
    bool port = json_object_get(link, "port_id") != NULL;
    bool vtep = json_object_get(link, LINK_VTEP_LOGICAL) != NULL;
    if (vtep != (json_object_get(link, LINK_VTEP_PHYSICAL) != NULL))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "local_link_connection has both of " LINK_VTEP_LOGICAL
                          " and " LINK_VTEP_PHYSICAL ", or neither");
    bool far_end = vtep || json_object_get(link, "switch_id") != NULL ||
                   json_object_get(link, "hostname") != NULL;
    if (!(port && far_end) && g_strcmp0(type, "unmanaged") != 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "local_link_connection needs port_id and switch_id, or for a smart NIC "
                          "port_id and hostname, or network_type unmanaged");
    return switch_id_normalize(link, error);
}

/* A list of network_data: the members that each item must have, all strings. */
typedef struct ListRule {
    const char *name;
    const char *members[5];
} ListRule;

static bool
item_valid(const ListRule *rule, const json_t *item, GError **error)
{
    for (size_t i = 0; rule->members[i] != NULL; i++)
        if (!json_is_string(json_object_get(item, rule->members[i])))
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "network_data: each item of %s is an object with the string %s",
                              rule->name, rule->members[i]);
    return true;
}

bool
network_data_valid(const json_t *data, GError **error)
{
    static const ListRule rules[] = {
        {"links",    {"id", "type", NULL}},
        {"networks", {"id", "type", "link", "network_id", NULL}},
        {"services", {"type", "address", NULL}},
    };
    if (json_object_size(data) == 0)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        const json_t *list = json_object_get(data, rules[i].name);
        size_t index;
        json_t *item;
        if (!json_is_array(list))
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "network_data needs the arrays links, networks and services; %s is "
                              "none",
                              rules[i].name);
        json_array_foreach(list, index, item)
        {
            if (!item_valid(&rules[i], item, error))
                return false;
        }
    }
    return true;
}
