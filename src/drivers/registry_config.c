/* Which hardware types and interfaces the configuration enables, and what a node gets that names none.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "drivers/registry_internal.h"

#include <string.h>

#define OPTIONS_OF(KIND)                                                                           \
    {                                                                                              \
        OPT_ENABLED_##KIND##_INTERFACES, OPT_DEFAULT_##KIND##_INTERFACE                            \
    }
const InterfaceOptions interface_options[INTERFACE_COUNT] = {
    [INTERFACE_BIOS] = OPTIONS_OF(BIOS),       [INTERFACE_BOOT] = OPTIONS_OF(BOOT),
    [INTERFACE_CONSOLE] = OPTIONS_OF(CONSOLE), [INTERFACE_DEPLOY] = OPTIONS_OF(DEPLOY),
    [INTERFACE_INSPECT] = OPTIONS_OF(INSPECT), [INTERFACE_MANAGEMENT] = OPTIONS_OF(MANAGEMENT),
    [INTERFACE_NETWORK] = OPTIONS_OF(NETWORK), [INTERFACE_POWER] = OPTIONS_OF(POWER),
    [INTERFACE_RAID] = OPTIONS_OF(RAID),       [INTERFACE_RESCUE] = OPTIONS_OF(RESCUE),
    [INTERFACE_STORAGE] = OPTIONS_OF(STORAGE), [INTERFACE_VENDOR] = OPTIONS_OF(VENDOR),
};

/* The row of a name within a kind, or -1. */
static int
row_index(InterfaceType type, const char *name)
{
    size_t count;
    const InterfaceRow *rows = interface_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (rows[i].type == type && strcmp(rows[i].interface->name, name) == 0)
            return (int)i;
    return -1;
}

static char *
known_names(InterfaceType type)
{
    size_t count;
    const InterfaceRow *rows = interface_rows(&count);
    GString *names = g_string_new(NULL);
    for (size_t i = 0; i < count; i++)
        if (rows[i].type == type)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "",
                                   rows[i].interface->name);
    return g_string_free(names, FALSE);
}

static bool
enable_hardware_type(Registry *registry, const char *name, const char *origin, GError **error)
{
    for (int i = 0; i < HARDWARE_TYPE_COUNT; i++) {
        if (strcmp(hardware_types[i].name, name) != 0)
            continue;
        if (registry->hardware_types[i])
            log_warning("drivers.registry", "%s: enabled_hardware_types names %s twice", origin,
                        name);
        registry->hardware_types[i] = true;
        return true;
    }
    g_autoptr(GString) known = g_string_new(NULL);
    for (int i = 0; i < HARDWARE_TYPE_COUNT; i++)
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", hardware_types[i].name);
    return steel_fail(error, STEEL_ERROR_CONFIG,
                      "%s: [DEFAULT]enabled_hardware_types: there is no hardware type %.100s; "
                      "known are %s",
                      origin, name, known->str);
}

static bool
enable_hardware_types(Registry *registry, const Config *config, GError **error)
{
    const char *const *names = config_list(config, OPT_ENABLED_HARDWARE_TYPES);
    const char *origin = config_origin(config, OPT_ENABLED_HARDWARE_TYPES);
    size_t enabled = 0;
    for (size_t i = 0; names[i] != NULL; i++) {
        if (*names[i] == '\0')
            continue;
        if (!enable_hardware_type(registry, names[i], origin, error))
            return false;
        enabled++;
    }
    if (enabled > 0)
        return true;
    return steel_fail(error, STEEL_ERROR_CONFIG,
                      "%s: [DEFAULT]enabled_hardware_types is empty: without a hardware type no "
                      "node can be managed",
                      origin);
}

/* Without a list, everything that an enabled hardware type supports. */
static void
enable_supported(Registry *registry, InterfaceType type)
{
    size_t count;
    const InterfaceRow *rows = interface_rows(&count);
    unsigned enabled = 0;
    for (int i = 0; i < HARDWARE_TYPE_COUNT; i++)
        if (registry->hardware_types[i])
            enabled |= hardware_types[i].bit;
    for (size_t i = 0; i < count; i++)
        if (rows[i].type == type)
            registry->rows[i] = (rows[i].hardware_types & enabled) != 0;
}

static bool
enable_interfaces(Registry *registry, const Config *config, InterfaceType type, GError **error)
{
    ConfigOption option = interface_options[type].enabled;
    const char *const *names = config_list(config, option);
    const char *origin = config_origin(config, option);
    size_t enabled = 0;
    for (size_t i = 0; names[i] != NULL; i++) {
        if (*names[i] == '\0')
            continue;
        int row = row_index(type, names[i]);
        if (row < 0) {
            g_autofree char *known = known_names(type);
            return steel_fail(error, STEEL_ERROR_CONFIG,
                              "%s: [DEFAULT]enabled_%s_interfaces: there is no %s interface "
                              "%.100s; known are %s",
                              origin, interface_type_name(type), interface_type_name(type),
                              names[i], known);
        }
        if (registry->rows[row])
            log_warning("drivers.registry", "%s: enabled_%s_interfaces names %s twice", origin,
                        interface_type_name(type), names[i]);
        registry->rows[row] = true;
        enabled++;
    }
    if (enabled == 0)
        enable_supported(registry, type);
    return true;
}

/* The default that the configuration names, or NULL without an error when it names none. A default that nobody has
 * written down gives way to enabled_..._interfaces. */
static bool
configured_default(const Registry *registry, const Config *config, InterfaceType type,
                   const Interface **standard, GError **error)
{
    ConfigOption option = interface_options[type].standard;
    const char *name = config_string(config, option);
    *standard = NULL;
    if (name == NULL || *name == '\0')
        return true;
    int row = row_index(type, name);
    size_t count;
    if (row >= 0 && registry->rows[row]) {
        *standard = interface_rows(&count)[row].interface;
        return true;
    }
    if (!config_is_explicit(config, option))
        return true;
    return steel_fail(error, STEEL_ERROR_CONFIG,
                      "%s: [DEFAULT]default_%s_interface: %.100s is not in "
                      "enabled_%s_interfaces",
                      config_origin(config, option), interface_type_name(type), name,
                      interface_type_name(type));
}

static bool
supports(const HardwareType *hardware_type, const Interface *interface)
{
    size_t count;
    const InterfaceRow *rows = interface_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (rows[i].interface == interface)
            return hardware_type->any_interface ||
                   (rows[i].hardware_types & hardware_type->bit) != 0;
    return false;
}

static const Interface *
first_enabled(const Registry *registry, const HardwareType *hardware_type, InterfaceType type)
{
    size_t count;
    const InterfaceRow *rows = interface_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (rows[i].type == type && registry->rows[i] &&
            (rows[i].hardware_types & hardware_type->bit) != 0)
            return rows[i].interface;
    return NULL;
}

static bool
choose_default(Registry *registry, const Config *config, int index, InterfaceType type,
               GError **error)
{
    const HardwareType *hardware_type = &hardware_types[index];
    const Interface *standard = NULL;
    if (!configured_default(registry, config, type, &standard, error))
        return false;
    if (standard != NULL && !supports(hardware_type, standard)) {
        ConfigOption option = interface_options[type].standard;
        if (config_is_explicit(config, option))
            return steel_fail(error, STEEL_ERROR_CONFIG,
                              "%s: [DEFAULT]default_%s_interface: hardware type %s does not "
                              "support %s",
                              config_origin(config, option), interface_type_name(type),
                              hardware_type->name, standard->name);
        standard = NULL;
    }
    if (standard == NULL)
        standard = first_enabled(registry, hardware_type, type);
    registry->defaults[index][type] = standard;
    if (standard != NULL)
        return true;
    return steel_fail(error, STEEL_ERROR_CONFIG,
                      "%s: [DEFAULT]enabled_%s_interfaces leaves hardware type %s without a %s "
                      "interface: enable one that it supports, or take %s out of "
                      "enabled_hardware_types",
                      config_origin(config, interface_options[type].enabled),
                      interface_type_name(type), hardware_type->name, interface_type_name(type),
                      hardware_type->name);
}

static bool
read_config(Registry *registry, const Config *config, GError **error)
{
    if (!enable_hardware_types(registry, config, error))
        return false;
    for (int type = 0; type < INTERFACE_COUNT; type++)
        if (!enable_interfaces(registry, config, (InterfaceType)type, error))
            return false;
    for (int i = 0; i < HARDWARE_TYPE_COUNT; i++)
        for (int type = 0; registry->hardware_types[i] && type < INTERFACE_COUNT; type++)
            if (!choose_default(registry, config, i, (InterfaceType)type, error))
                return false;
    return true;
}

Registry *
registry_new(const Config *config, GError **error)
{
    size_t count;
    interface_rows(&count);
    Registry *registry = g_new0(Registry, 1);
    registry->rows = g_new0(bool, count);
    if (read_config(registry, config, error))
        return registry;
    registry_free(registry);
    return NULL;
}

void
registry_free(Registry *registry)
{
    if (registry == NULL)
        return;
    g_free(registry->rows);
    g_free(registry);
}
