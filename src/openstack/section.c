/* Options by section and name; the contract is in section.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/section.h"

#define LONGEST_MS (3600 * 1000)

/* False: unset, or not there. */
static bool
find(const Config *config, const char *section, const char *name, ConfigOption *option)
{
    return config_find_option(section, name, option) && config_is_set(config, *option);
}

const char *
section_text(const Config *config, const char *section, const char *name)
{
    ConfigOption option;
    const char *text = find(config, section, name, &option) ? config_string(config, option) : NULL;
    return text != NULL && *text != '\0' ? text : NULL;
}

bool
section_boolean(const Config *config, const char *section, const char *name)
{
    ConfigOption option;
    return find(config, section, name, &option) && config_boolean(config, option);
}

int
section_ms(const Config *config, const char *section, const char *name, int fallback_ms)
{
    ConfigOption option;
    if (!find(config, section, name, &option))
        return fallback_ms;
    return (int)(CLAMP(config_float(config, option), 0, LONGEST_MS / 1000) * 1000);
}

int
section_count(const Config *config, const char *section, const char *name, int fallback)
{
    ConfigOption option;
    if (!find(config, section, name, &option))
        return fallback;
    return (int)CLAMP(config_integer(config, option), 0, 1000);
}

const char *const *
section_list(const Config *config, const char *section, const char *name)
{
    static const char *const empty[] = {NULL};
    ConfigOption option;
    return find(config, section, name, &option) ? config_list(config, option) : empty;
}

const char *
section_of_login(const Config *config, const char *section)
{
    const char *other = section_text(config, section, "auth_section");
    const char *own = other != NULL ? other : section;
    return section_text(config, own, "auth_type") != NULL ? own : SECTION_LOGIN;
}
