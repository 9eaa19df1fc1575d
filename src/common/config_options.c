/* The table of options in memory, and how to find a row by its name.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config_file.h"
#include "common/config_internal.h"

#include <pthread.h>

static const OptionInfo options[OPTION_COUNT] = {
#define OPTION(suffix, section, name, type, fallback, least, greatest, flags, help)                \
    [OPT_##suffix] = {#suffix, section, name,     OPTION_##type, fallback,                         \
                      NULL,    least,   greatest, flags,         help},
#define CHOICE(suffix, section, name, fallback, choices, flags, help)                              \
    [OPT_##suffix] = {#suffix, section, name, OPTION_CHOICE, fallback, choices, 0, 0, flags, help},
#include "common/options.def"
};

/* Older spellings. */
static const struct {
    const char *section;
    const char *name;
    ConfigOption option;
} aliases[] = {
#define OPTION(...)
#define CHOICE(...)
#define ALIAS(section, name, suffix) {section, name, OPT_##suffix},
#include "common/options.def"
};

/* "[section]name" in lower case with underscores -> row + 1; built once, then only read. */
static GHashTable *option_index;
static pthread_once_t option_index_once = PTHREAD_ONCE_INIT;

static char *
index_key(const char *section, const char *name)
{
    g_autofree char *key = g_strdup_printf("[%s]%s", section, name);
    g_autofree char *normalized = config_normalize_name(key);
    return g_ascii_strdown(normalized, -1);
}

static void
build_index(void)
{
    option_index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(aliases); i++)
        g_hash_table_insert(option_index, index_key(aliases[i].section, aliases[i].name),
                            GSIZE_TO_POINTER((size_t)aliases[i].option + 1));
    for (size_t i = 0; i < OPTION_COUNT; i++)
        g_hash_table_insert(option_index, index_key(options[i].section, options[i].name),
                            GSIZE_TO_POINTER(i + 1));
}

const OptionInfo *
config_option_info(ConfigOption option)
{
    g_return_val_if_fail((size_t)option < OPTION_COUNT, &options[0]);
    return &options[option];
}

bool
config_find_option(const char *section, const char *name, ConfigOption *option)
{
    pthread_once(&option_index_once, build_index);
    g_autofree char *key = index_key(section, name);
    size_t found = GPOINTER_TO_SIZE(g_hash_table_lookup(option_index, key));
    if (found == 0)
        return false;
    *option = (ConfigOption)(found - 1);
    return true;
}
