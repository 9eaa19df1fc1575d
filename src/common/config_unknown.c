/* Warns of options that Steel does not have, or that have another effect than written. A file of
 * Ironic may contain many of them, so they are not refused.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config_internal.h"
#include "common/error.h"
#include "common/log.h"

#include <string.h>

#define LIST_LENGTH 3000 /* a line of the log holds 4096 bytes */
#define LONGEST_NAME 64

bool
config_remember_unknown(Config *config, const char *section, const char *name, const char *text,
                        char *origin, GError **error)
{
    char *key = g_strdup_printf("[%s]%s", section, name);
    bool is_new = !g_hash_table_contains(config->unknown, key);
    if (is_new && config->unknown_order->len >= CONFIG_MAX_UNKNOWN) {
        steel_fail(error, STEEL_ERROR_CONFIG, "%s: more than %d unknown options", origin,
                   CONFIG_MAX_UNKNOWN);
        g_free(key);
        g_free(origin);
        return false;
    }
    UnknownOption *unknown = g_new0(UnknownOption, 1);
    unknown->text = g_strdup(text);
    unknown->origin = origin;
    if (is_new)
        g_ptr_array_add(config->unknown_order, key);
    g_hash_table_insert(config->unknown, key, unknown);
    return true;
}

/* Typing errors (a character too many, too few, wrong, or two swapped) that make one name of the
 * other; names of up to 64 characters. */
static unsigned
typing_errors(const char *left, const char *right)
{
    unsigned rows[3][LONGEST_NAME + 1] = {{0}};
    size_t width = strlen(right);
    size_t height = strlen(left);
    if (width > LONGEST_NAME || height > LONGEST_NAME)
        return UINT_MAX;
    for (unsigned x = 0; x <= width; x++)
        rows[0][x] = x;
    for (unsigned y = 1; y <= height; y++) {
        unsigned *row = rows[y % 3];
        const unsigned *above = rows[(y + 2) % 3];
        const unsigned *twice_above = rows[(y + 1) % 3];
        row[0] = y;
        for (size_t x = 1; x <= width; x++) {
            unsigned replaced = above[x - 1] + (left[y - 1] != right[x - 1]);
            row[x] = MIN(replaced, MIN(above[x], row[x - 1]) + 1);
            if (y > 1 && x > 1 && left[y - 1] == right[x - 2] && left[y - 2] == right[x - 1])
                row[x] = MIN(row[x], twice_above[x - 2] + 1);
        }
    }
    return rows[height % 3][width];
}

/* The option of the same section whose name is nearest, by typing errors; NULL: none is near. */
static const char *
similar_name(const char *section, const char *name)
{
    unsigned least = strlen(name) < 6 ? 2 : 3; /* one more than the allowed number */
    const char *similar = NULL;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const OptionInfo *info = config_option_info((ConfigOption)i);
        if (g_ascii_strcasecmp(info->section, section) != 0)
            continue;
        unsigned errors = typing_errors(name, info->name);
        if (errors < least) {
            least = errors;
            similar = info->name;
        }
    }
    return similar;
}

char *
config_describe_unknown(const Config *config)
{
    GString *list = g_string_new(NULL);
    size_t shown = 0;
    for (; shown < config->unknown_order->len && list->len < LIST_LENGTH; shown++) {
        const char *key = g_ptr_array_index(config->unknown_order, shown);
        const UnknownOption *unknown = g_hash_table_lookup(config->unknown, key);
        const char *name = strrchr(key, ']') + 1;
        g_autofree char *section = g_strndup(key + 1, (size_t)(name - key) - 2);
        const char *similar = similar_name(section, name);
        g_string_append_printf(list, "%s%s (%s", shown > 0 ? ", " : "", key, unknown->origin);
        if (similar != NULL)
            g_string_append_printf(list, ", did you mean %s?", similar);
        g_string_append_c(list, ')');
    }
    if (shown < config->unknown_order->len)
        g_string_append_printf(list, " and %zu more", config->unknown_order->len - shown);
    return g_string_free(list, FALSE);
}

/* Numbers out of Steel's range, and the bound that is used instead. */
static void
warn_of_clamped(const Config *config)
{
    g_autoptr(GString) list = g_string_new(NULL);
    for (size_t i = 0; i < OPTION_COUNT && list->len < LIST_LENGTH; i++) {
        const OptionInfo *info = config_option_info((ConfigOption)i);
        const ConfigValue *value = config->values[i];
        if (!value->clamped || (info->flags & OPTION_IDLE))
            continue;
        g_string_append_printf(list, "%s[%s]%s = %s, not %.60s (%s)", list->len > 0 ? ", " : "",
                               info->section, info->name, value->text,
                               (const char *)g_ptr_array_index(value->raw, 0), value->origin);
    }
    if (list->len > 0)
        log_warning("config", "numbers out of Steel's range, the nearest bound is used: %s",
                    list->str);
}

/* Options that are set and that no code reads: the operator expects an effect. */
static void
warn_of_idle(const Config *config)
{
    g_autoptr(GString) list = g_string_new(NULL);
    unsigned left_out = 0;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const OptionInfo *info = config_option_info((ConfigOption)i);
        const ConfigValue *value = config->values[i];
        if (!(info->flags & OPTION_IDLE) || value->origin == NULL)
            continue;
        if (list->len < LIST_LENGTH)
            g_string_append_printf(list, "%s[%s]%s (%s)", list->len > 0 ? ", " : "", info->section,
                                   info->name, value->origin);
        else
            left_out++;
    }
    if (left_out > 0)
        g_string_append_printf(list, " and %u more", left_out);
    if (list->len > 0)
        log_warning("config", "options that have no effect yet: %s", list->str);
}

void
config_warn(const Config *config)
{
    warn_of_idle(config);
    warn_of_clamped(config);
    if (config->unknown_order->len == 0)
        return;
    g_autofree char *list = config_describe_unknown(config);
    log_warning("config", "options that Steel does not have are ignored: %s", list);
}
