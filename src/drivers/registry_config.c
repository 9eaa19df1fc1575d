/* Which hardware types and interfaces the configuration enables, and their defaults.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/mistakes.h"
#include "drivers/registry_internal.h"

#include <string.h>

#define OPTIONS_OF(KIND) {OPT_ENABLED_##KIND##_INTERFACES, OPT_DEFAULT_##KIND##_INTERFACE}
const InterfaceOptions interface_options[INTERFACE_COUNT] = {
    [INTERFACE_BIOS] = OPTIONS_OF(BIOS),
    [INTERFACE_BOOT] = OPTIONS_OF(BOOT),
    [INTERFACE_CONSOLE] = OPTIONS_OF(CONSOLE),
    [INTERFACE_DEPLOY] = OPTIONS_OF(DEPLOY),
    [INTERFACE_FIRMWARE] = OPTIONS_OF(FIRMWARE),
    [INTERFACE_INSPECT] = OPTIONS_OF(INSPECT),
    [INTERFACE_MANAGEMENT] = OPTIONS_OF(MANAGEMENT),
    [INTERFACE_NETWORK] = OPTIONS_OF(NETWORK),
    [INTERFACE_POWER] = OPTIONS_OF(POWER),
    [INTERFACE_RAID] = OPTIONS_OF(RAID),
    [INTERFACE_RESCUE] = OPTIONS_OF(RESCUE),
    [INTERFACE_STORAGE] = OPTIONS_OF(STORAGE),
    [INTERFACE_VENDOR] = OPTIONS_OF(VENDOR),
};

/* A registry during its construction. */
typedef struct Reading {
    Registry *registry;
    const Config *config;
    Mistakes *mistakes;
    GString *left_out; /* names that Ironic has and Steel lacks, for the one warning */
    bool shortened[INTERFACE_COUNT]; /* the list of enabled interfaces has lost names */
    bool warns;
} Reading;

static void note_left_out(Reading *reading, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
note_left_out(Reading *reading, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (reading->left_out->len > 0)
        g_string_append(reading->left_out, "; ");
    g_string_append_vprintf(reading->left_out, format, arguments);
    va_end(arguments);
}

static void
append_name(GString *names, const char *name)
{
    g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", name);
}

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

static int
hardware_type_index(const char *name)
{
    for (int i = 0; i < HARDWARE_TYPE_COUNT; i++)
        if (strcmp(hardware_types[i].name, name) == 0)
            return i;
    return -1;
}

static char *
known_hardware_types(void)
{
    GString *known = g_string_new(NULL);
    for (int i = 0; i < HARDWARE_TYPE_COUNT; i++)
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", hardware_types[i].name);
    return g_string_free(known, FALSE);
}

/* Enables one; false, with the mistake noted, if neither Steel nor Ironic knows the name. */
static bool
enable_hardware_type(Reading *reading, const char *name, const char *origin, GString *absent)
{
    Registry *registry = reading->registry;
    int i = hardware_type_index(name);
    if (i < 0 && ironic_has_hardware_type(name)) {
        append_name(absent, name);
        return true;
    }
    if (i < 0) {
        g_autofree char *known = known_hardware_types();
        mistakes_note(reading->mistakes,
                      "%s: [DEFAULT]enabled_hardware_types: there is no hardware type %.100s; "
                      "known are %s",
                      origin, name, known);
        return false;
    }
    if (registry->hardware_types[i] && reading->warns)
        log_warning("drivers.registry", "%s: enabled_hardware_types names %s twice", origin, name);
    registry->hardware_types[i] = true;
    return true;
}

static bool
any_hardware_type(const Registry *registry)
{
    for (int i = 0; i < HARDWARE_TYPE_COUNT; i++)
        if (registry->hardware_types[i])
            return true;
    return false;
}

static void
enable_hardware_types(Reading *reading)
{
    const char *const *names = config_list(reading->config, OPT_ENABLED_HARDWARE_TYPES);
    const char *origin = config_origin(reading->config, OPT_ENABLED_HARDWARE_TYPES);
    g_autoptr(GString) absent = g_string_new(NULL);
    bool good = true;
    for (size_t i = 0; names[i] != NULL; i++)
        good = enable_hardware_type(reading, names[i], origin, absent) && good;
    if (absent->len > 0)
        note_left_out(reading, "hardware types %s (%s)", absent->str, origin);
    if (!good || any_hardware_type(reading->registry))
        return;
    g_autofree char *known = known_hardware_types();
    mistakes_note(
        reading->mistakes,
        names[0] == NULL
            ? "%s: [DEFAULT]enabled_hardware_types is empty: without a hardware type no "
              "node can be managed; known are %s"
            : "%s: [DEFAULT]enabled_hardware_types names none that Steel has; known are %s",
        origin, known);
}

/* Enables what these hardware types (bits) support of a kind, but for what must be listed. */
static void
enable_supported(Registry *registry, InterfaceType type, unsigned bits)
{
    size_t count;
    const InterfaceRow *rows = interface_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (rows[i].type == type && (rows[i].hardware_types & bits) != 0 &&
            (rows[i].hardware_types & ROW_BY_NAME) == 0)
            registry->rows[i] = true;
}

static unsigned
enabled_bits(const Registry *registry)
{
    unsigned bits = 0;
    for (int i = 0; i < HARDWARE_TYPE_COUNT; i++)
        if (registry->hardware_types[i])
            bits |= hardware_types[i].bit;
    return bits;
}

static void
enable_interface(Reading *reading, InterfaceType type, const char *name, GString *absent)
{
    const char *origin = config_origin(reading->config, interface_options[type].enabled);
    const char *kind = interface_type_name(type);
    int row = row_index(type, name);
    if (row < 0 && ironic_has_interface(type, name)) {
        append_name(absent, name);
        reading->shortened[type] = true;
        return;
    }
    if (row < 0) {
        g_autofree char *known = known_names(type);
        mistakes_note(reading->mistakes,
                      "%s: [DEFAULT]enabled_%s_interfaces: there is no %s interface %.100s; known "
                      "are %s",
                      origin, kind, kind, name, known);
        reading->shortened[type] = true; /* one mistake is enough */
        return;
    }
    if (reading->registry->rows[row] && reading->warns)
        log_warning("drivers.registry", "%s: enabled_%s_interfaces names %s twice", origin, kind,
                    name);
    reading->registry->rows[row] = true;
}

/* Without a list, everything that an enabled hardware type supports, but for what must be
 * listed. */
static void
enable_interfaces(Reading *reading, InterfaceType type)
{
    const char *const *names = config_list(reading->config, interface_options[type].enabled);
    if (names[0] == NULL)
        enable_supported(reading->registry, type, enabled_bits(reading->registry));
    g_autoptr(GString) absent = g_string_new(NULL);
    for (size_t i = 0; names[i] != NULL; i++)
        enable_interface(reading, type, names[i], absent);
    if (absent->len > 0)
        note_left_out(reading, "%s interfaces %s (%s)", interface_type_name(type), absent->str,
                      config_origin(reading->config, interface_options[type].enabled));
}

/* The configured default; NULL: none. A built-in default yields to enabled_..._interfaces. */
static const Interface *
configured_default(Reading *reading, InterfaceType type)
{
    ConfigOption option = interface_options[type].standard;
    const char *name = config_string(reading->config, option);
    const char *origin = config_origin(reading->config, option);
    const char *kind = interface_type_name(type);
    if (name == NULL || *name == '\0')
        return NULL;
    int row = row_index(type, name);
    size_t count;
    if (row >= 0 && reading->registry->rows[row])
        return interface_rows(&count)[row].interface;
    if (row < 0 && ironic_has_interface(type, name))
        note_left_out(reading, "default_%s_interface %s (%s)", kind, name, origin);
    else if (config_is_explicit(reading->config, option))
        mistakes_note(reading->mistakes,
                      "%s: [DEFAULT]default_%s_interface: %.100s is not in enabled_%s_interfaces",
                      origin, kind, name, kind);
    return NULL;
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

/* listed: the operator has said which there are. */
static const Interface *
first_enabled(const Registry *registry, const HardwareType *hardware_type, InterfaceType type,
              bool listed)
{
    size_t count;
    const InterfaceRow *rows = interface_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (rows[i].type == type && registry->rows[i] &&
            (listed || !rows[i].interface->needs_service) &&
            (rows[i].hardware_types & hardware_type->bit) != 0)
            return rows[i].interface;
    return NULL;
}

/* The default of a hardware type without a configured one. If only names that Steel lacks were
 * enabled for it, the list counts as unset. */
static const Interface *
preferred(Reading *reading, const HardwareType *hardware_type, InterfaceType type)
{
    bool listed = config_list_count(reading->config, interface_options[type].enabled) > 0;
    const Interface *first = first_enabled(reading->registry, hardware_type, type, listed);
    const char *kind = interface_type_name(type);
    if (first != NULL || !reading->shortened[type])
        return first;
    enable_supported(reading->registry, type, hardware_type->bit);
    first = first_enabled(reading->registry, hardware_type, type, false);
    if (first != NULL)
        note_left_out(reading,
                      "so hardware type %s has the %s interfaces that it supports, first %s",
                      hardware_type->name, kind, first->name);
    return first;
}

static bool
any_supports(const Registry *registry, const Interface *interface)
{
    for (int i = 0; i < HARDWARE_TYPE_COUNT; i++)
        if (registry->hardware_types[i] && supports(&hardware_types[i], interface))
            return true;
    return false;
}

/* A configured default is for the hardware types that know it; the others have their own. One that
 * none knows is a mistake. */
static void
choose_default(Reading *reading, int index, InterfaceType type, const Interface *standard)
{
    const HardwareType *hardware_type = &hardware_types[index];
    const Config *config = reading->config;
    const InterfaceOptions *options = &interface_options[type];
    const char *kind = interface_type_name(type);
    const bool fits = standard != NULL && supports(hardware_type, standard);
    if (standard != NULL && !fits && config_is_explicit(config, options->standard)) {
        if (!any_supports(reading->registry, standard)) {
            mistakes_note(reading->mistakes,
                          "%s: [DEFAULT]default_%s_interface: hardware type %s does not support %s",
                          config_origin(config, options->standard), kind, hardware_type->name,
                          standard->name);
            return;
        }
        if (reading->warns)
            log_warning("drivers.registry",
                        "[DEFAULT]default_%s_interface: hardware type %s does not support %s and "
                        "has its own default",
                        kind, hardware_type->name, standard->name);
    }
    const Interface *chosen = fits ? standard : preferred(reading, hardware_type, type);
    reading->registry->defaults[index][type] = chosen;
    if (chosen == NULL)
        mistakes_note(reading->mistakes,
                      "%s: [DEFAULT]enabled_%s_interfaces leaves hardware type %s without a %s "
                      "interface: enable one that it supports, or take %s out of "
                      "enabled_hardware_types",
                      config_origin(config, options->enabled), kind, hardware_type->name, kind,
                      hardware_type->name);
}

static void
read_kind(Reading *reading, InterfaceType type)
{
    enable_interfaces(reading, type);
    const Interface *standard = configured_default(reading, type);
    for (int i = 0; i < HARDWARE_TYPE_COUNT; i++)
        if (reading->registry->hardware_types[i])
            choose_default(reading, i, type, standard);
}

/* Makes a registry in any case, and notes the mistakes. */
static Registry *
read_config(const Config *config, bool warns, Mistakes *mistakes, GString *left_out)
{
    size_t count;
    interface_rows(&count);
    Registry *registry = g_new0(Registry, 1);
    registry->rows = g_new0(bool, count);
    Reading reading = {registry, config, mistakes, left_out, {false}, warns};
    enable_hardware_types(&reading);
    for (int type = 0; type < INTERFACE_COUNT; type++)
        read_kind(&reading, (InterfaceType)type);
    return registry;
}

Registry *
registry_new(const Config *config, GError **error)
{
    g_autoptr(Mistakes) mistakes = mistakes_new();
    g_autoptr(GString) left_out = g_string_new(NULL);
    Registry *registry = read_config(config, true, mistakes, left_out);
    if (!mistakes_report(mistakes, error)) {
        registry_free(registry);
        return NULL;
    }
    if (left_out->len > 0)
        log_warning("drivers.registry", "left out, for Steel does not have it: %s", left_out->str);
    return registry;
}

bool
registry_check(const Config *config, GError **error)
{
    g_autoptr(Mistakes) mistakes = mistakes_new();
    g_autoptr(GString) left_out = g_string_new(NULL);
    registry_free(read_config(config, false, mistakes, left_out));
    return mistakes_report(mistakes, error);
}

void
registry_free(Registry *registry)
{
    if (registry == NULL)
        return;
    g_free(registry->rows);
    g_free(registry);
}
