/* Which implementation a node works with; the contract is in registry.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/registry_internal.h"
#include "drivers/vendor/vendor.h"

#include <string.h>

#define SET_MEMBER(KIND, kind)                                                                     \
    [INTERFACE_##KIND] = {offsetof(DriverSet, kind), offsetof(Node, kind##_interface)}
static const struct {
    size_t in_set, in_node;
} offsets[INTERFACE_COUNT] = {
    SET_MEMBER(BIOS, bios),
    SET_MEMBER(BOOT, boot),
    SET_MEMBER(CONSOLE, console),
    SET_MEMBER(FIRMWARE, firmware),
    SET_MEMBER(DEPLOY, deploy),
    SET_MEMBER(INSPECT, inspect),
    SET_MEMBER(MANAGEMENT, management),
    SET_MEMBER(NETWORK, network),
    SET_MEMBER(POWER, power),
    SET_MEMBER(RAID, raid),
    SET_MEMBER(RESCUE, rescue),
    SET_MEMBER(STORAGE, storage),
    SET_MEMBER(VENDOR, vendor),
};

const Interface *
driver_set_interface(const DriverSet *set, InterfaceType type)
{
    /* Every table begins with its Interface. */
    const char *member = (const char *)set + offsets[type].in_set;
    return *(const Interface *const *)(const void *)member;
}

char **
node_interface_field(Node *node, InterfaceType type)
{
    return (char **)(void *)((char *)node + offsets[type].in_node);
}

int
registry_hardware_index(const Registry *registry, const char *name)
{
    for (int i = 0; name != NULL && i < HARDWARE_TYPE_COUNT; i++)
        if (registry->hardware_types[i] && strcmp(hardware_types[i].name, name) == 0)
            return i;
    return -1;
}

static bool
interface_fits(const Registry *registry, const HardwareType *hardware_type,
               const InterfaceRow *rows, size_t i)
{
    return registry->rows[i] &&
           (hardware_type->any_interface || (rows[i].hardware_types & hardware_type->bit) != 0);
}

/* The names a node of this hardware type may have, "direct, fake". */
static char *
fitting_names(const Registry *registry, const HardwareType *hardware_type, InterfaceType type)
{
    size_t count;
    const InterfaceRow *rows = interface_rows(&count);
    GString *names = g_string_new(NULL);
    for (size_t i = 0; i < count; i++)
        if (rows[i].type == type && interface_fits(registry, hardware_type, rows, i))
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "",
                                   rows[i].interface->name);
    return g_string_free(names, FALSE);
}

/* The implementation of this name, if it is enabled and supported; NULL with INVALID. */
static const Interface *
find_interface(const Registry *registry, const HardwareType *hardware_type, InterfaceType type,
               const char *name, GError **error)
{
    size_t count;
    const InterfaceRow *rows = interface_rows(&count);
    bool enabled = false;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].type != type || strcmp(rows[i].interface->name, name) != 0)
            continue;
        if (interface_fits(registry, hardware_type, rows, i))
            return rows[i].interface;
        enabled = registry->rows[i];
    }
    g_autofree char *names = fitting_names(registry, hardware_type, type);
    const char *kind = interface_type_name(type);
    if (enabled)
        steel_fail(error, STEEL_ERROR_INVALID,
                   "%s_interface: driver %s does not support %.100s; it may be: %s", kind,
                   hardware_type->name, name, names);
    else
        steel_fail(error, STEEL_ERROR_INVALID,
                   "%s_interface: %.100s is not enabled; for driver %s it may be: %s (the "
                   "configuration's enabled_%s_interfaces)",
                   kind, name, hardware_type->name, names, kind);
    return NULL;
}

static int
require_hardware(const Registry *registry, const char *driver, SteelErrorCode code, GError **error)
{
    int index = registry_hardware_index(registry, driver);
    if (index >= 0)
        return index;
    g_autoptr(GString) enabled = g_string_new(NULL);
    for (int i = 0; i < HARDWARE_TYPE_COUNT; i++)
        if (registry->hardware_types[i])
            g_string_append_printf(enabled, "%s%s", enabled->len > 0 ? ", " : "",
                                   hardware_types[i].name);
    steel_fail(error, code, "driver %.100s is not enabled; enabled are: %s",
               driver != NULL ? driver : "(none)", enabled->str);
    return -1;
}

bool
registry_complete_node(const Registry *registry, Node *node, GError **error)
{
    int index = require_hardware(registry, node->driver, STEEL_ERROR_INVALID, error);
    if (index < 0)
        return false;
    for (int type = 0; type < INTERFACE_COUNT; type++) {
        const char *name = *node_interface_field(node, (InterfaceType)type);
        if (name != NULL && find_interface(registry, &hardware_types[index], (InterfaceType)type,
                                           name, error) == NULL)
            return false;
    }
    for (int type = 0; type < INTERFACE_COUNT; type++) {
        char **field = node_interface_field(node, (InterfaceType)type);
        if (*field == NULL)
            *field = g_strdup(registry->defaults[index][type]->name);
    }
    return true;
}

/* Both "power" and "power_interface" name the kind. */
static bool
is_kept(InterfaceType type, const char *const *keep)
{
    const char *kind = interface_type_name(type);
    for (size_t i = 0; keep != NULL && keep[i] != NULL; i++)
        if (g_str_has_prefix(keep[i], kind) &&
            (keep[i][strlen(kind)] == '\0' || strcmp(keep[i] + strlen(kind), "_interface") == 0))
            return true;
    return false;
}

void
registry_reset_interfaces(Node *node, const char *const *keep)
{
    for (int type = 0; type < INTERFACE_COUNT; type++)
        if (!is_kept((InterfaceType)type, keep))
            g_clear_pointer(node_interface_field(node, (InterfaceType)type), g_free);
}

/* The name that the node has set, or NULL: instance_info wins over the node's field. */
static const char *
wanted_interface(const Node *node, InterfaceType type)
{
    g_autofree char *key = g_strdup_printf("%s_interface", interface_type_name(type));
    const char *overriding = json_string_member(node->instance_info, key);
    if (overriding != NULL)
        return overriding;
    return *(char *const *)(const void *)((const char *)node + offsets[type].in_node);
}

bool
registry_driver_set(const Registry *registry, const Node *node, DriverSet *set, GError **error)
{
    int index = require_hardware(registry, node->driver, STEEL_ERROR_INVALID, error);
    if (index < 0)
        return false;
    DriverSet found = {NULL};
    for (int type = 0; type < INTERFACE_COUNT; type++) {
        const char *name = wanted_interface(node, (InterfaceType)type);
        const Interface *interface = name == NULL
                                         ? registry->defaults[index][type]
                                         : find_interface(registry, &hardware_types[index],
                                                          (InterfaceType)type, name, error);
        if (interface == NULL)
            return false;
        char *member = (char *)&found + offsets[type].in_set;
        *(const Interface **)(void *)member = interface;
    }
    *set = found;
    return true;
}

static json_t *
hardware_interfaces(const Registry *registry, int index)
{
    size_t count;
    const InterfaceRow *rows = interface_rows(&count);
    json_t *interfaces = json_object();
    for (int type = 0; type < INTERFACE_COUNT; type++) {
        json_t *enabled = json_array();
        for (size_t i = 0; i < count; i++)
            if ((int)rows[i].type == type && registry->rows[i] &&
                (rows[i].hardware_types & hardware_types[index].bit) != 0)
                json_array_append_new(enabled, json_string(rows[i].interface->name));
        json_object_set_new(interfaces, interface_type_name((InterfaceType)type),
                            json_pack("{s:s, s:o}", "default",
                                      registry->defaults[index][type]->name, "enabled", enabled));
    }
    return interfaces;
}

json_t *
registry_hardware(const Registry *registry)
{
    json_t *list = json_array();
    for (int i = 0; i < HARDWARE_TYPE_COUNT; i++)
        if (registry->hardware_types[i])
            json_array_append_new(list, json_pack("{s:s, s:o}", "name", hardware_types[i].name,
                                                  "interfaces", hardware_interfaces(registry, i)));
    return list;
}

json_t *
registry_driver_properties(const Registry *registry, const char *hardware_type, GError **error)
{
    int index = require_hardware(registry, hardware_type, STEEL_ERROR_NOT_FOUND, error);
    if (index < 0)
        return NULL;
    json_t *properties = json_object();
    for (int type = 0; type < INTERFACE_COUNT; type++) {
        const PropertyDef *row = registry->defaults[index][type]->properties;
        for (; row != NULL && row->name != NULL; row++)
            json_object_set_new(properties, row->name, json_string(row->help));
    }
    return properties;
}

const VendorOps *
registry_default_vendor(const Registry *registry, const char *hardware_type, GError **error)
{
    int index = require_hardware(registry, hardware_type, STEEL_ERROR_NOT_FOUND, error);
    return index < 0 ? NULL
                     : (const VendorOps *)(const void *)registry->defaults[index][INTERFACE_VENDOR];
}
