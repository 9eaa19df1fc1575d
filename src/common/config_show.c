/* Shows the options to people: their values and origins, and the table of the manual. Secrets are
 * masked here only.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config_internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MASK "******"

static const struct {
    const char *name;
    const char *title;
} sections[] = {
#define OPTION(...)
#define CHOICE(...)
#define SECTION(section, title) {section, title},
#include "common/options.def"
};

/* Passwords stand between the second colon and the @ of a URL; with several hosts there are
 * several. */
static char *
mask_url(const char *url)
{
    const char *authority = strstr(url, "://");
    if (authority == NULL)
        return g_strdup(MASK);
    authority += 3;
    size_t length = strcspn(authority, "/?#");
    const char *last_at = g_strrstr_len(authority, -1, "@");
    if (last_at != NULL && last_at > authority + length)
        length = strlen(authority); /* an unescaped / in a password: rather mask too much */
    g_autofree char *hosts = g_strndup(authority, length);
    g_auto(GStrv) parts = g_strsplit(hosts, ",", -1);
    g_autoptr(GString) masked = g_string_new_len(url, authority - url);
    for (size_t i = 0; parts[i] != NULL; i++) {
        const char *at = strrchr(parts[i], '@');
        const char *colon = strchr(parts[i], ':');
        g_string_append(masked, i > 0 ? "," : "");
        if (at == NULL)
            g_string_append(masked, parts[i]);
        else if (colon == NULL || colon > at)
            g_string_append_printf(masked, "%s", parts[i]);
        else
            g_string_append_printf(masked, "%.*s:" MASK "%s", (int)(colon - parts[i]), parts[i],
                                   at);
    }
    g_string_append(masked, authority + length);
    return g_string_free(g_steal_pointer(&masked), FALSE);
}

char *
config_masked(const OptionInfo *info, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return g_strdup(text);
    if (info->flags & OPTION_SECRET)
        return g_strdup(MASK);
    return info->flags & OPTION_SECRET_IN_URL ? mask_url(text) : g_strdup(text);
}

/* The bounds of a row as words, or NULL. Caller frees. */
static char *
describe_bounds(const OptionInfo *info)
{
    if (info->choices != NULL)
        return g_strdup_printf("one of %s", info->choices);
    if (info->least == 0 && info->greatest == 0)
        return NULL;
    if (info->type == OPTION_OCTAL)
        return NULL;
    if (info->greatest == OPTION_UNLIMITED)
        return g_strdup_printf("at least %" PRId64, info->least);
    return g_strdup_printf("%" PRId64 " to %" PRId64, info->least, info->greatest);
}

/* The quotes that a value needs so that its first line keeps its spaces and quotes when it is read;
 * "" for none. */
static const char *
quote_for(const char *value)
{
    size_t length = strcspn(value, "\n");
    if (length == 0)
        return "";
    bool spaced = g_ascii_isspace(value[0]) || g_ascii_isspace(value[length - 1]);
    bool quoted =
        length > 1 && (value[0] == '"' || value[0] == '\'') && value[0] == value[length - 1];
    return spaced || quoted ? "\"" : "";
}

/* One `name = value` that reads back as the same value: dollar signs escaped, further lines
 * indented. */
static void
append_assignment(GString *text, const char *name, const char *value)
{
    const char *quote = quote_for(value);
    const char *first_end = value + strcspn(value, "\n");
    g_string_append_printf(text, "%s = %s", name, quote);
    for (const char *next = value; *next != '\0'; next++) {
        if (next == first_end)
            g_string_append(text, quote);
        /* "\$$" reads as an escaped dollar sign and another, so a backslash goes before it
         * there. */
        if (*next == '$')
            g_string_append_c(text, next > value && next[-1] == '\\' ? '\\' : '$');
        g_string_append_c(text, *next);
        if (*next == '\n')
            g_string_append(text, "    ");
    }
    g_string_append_printf(text, "%s\n", *first_end == '\0' ? quote : "");
}

static void
append_text_option(GString *text, const Config *config, ConfigOption option)
{
    const OptionInfo *info = config_option_info(option);
    g_autofree char *bounds = describe_bounds(info);
    g_autofree char *value = config_masked(info, config_string(config, option));
    g_string_append_printf(text, "\n# %s\n# %s%s%s", info->help, config_type_name(info->type),
                           bounds != NULL ? ", " : "", bounds != NULL ? bounds : "");
    if (info->default_value != NULL)
        g_string_append_printf(text, "; default: %s", info->default_value);
    if (info->flags & OPTION_RELOADABLE)
        g_string_append(text, "; reloadable");
    if (info->flags & OPTION_IDLE)
        g_string_append(text, "; without effect yet");
    if (config_is_explicit(config, option))
        g_string_append_printf(text, "; set by %s", config_origin(config, option));
    const char *const *items =
        config_type_is_repeated(info->type) ? config_list(config, option) : NULL;
    g_string_append_c(text, '\n');
    if (value == NULL)
        g_string_append_printf(text, "#%s =\n", info->name);
    else if (items == NULL)
        append_assignment(text, info->name, value);
    for (; value != NULL && items != NULL && *items != NULL; items++)
        append_assignment(text, info->name, *items);
}

static char *
show_text(const Config *config)
{
    GString *text = g_string_new(NULL);
    for (size_t s = 0; s < G_N_ELEMENTS(sections); s++) {
        g_string_append_printf(text, "%s[%s]\n", s > 0 ? "\n" : "", sections[s].name);
        for (size_t i = 0; i < OPTION_COUNT; i++)
            if (g_str_equal(config_option_info((ConfigOption)i)->section, sections[s].name))
                append_text_option(text, config, (ConfigOption)i);
    }
    return g_string_free(text, FALSE);
}

static json_t *
json_option(const Config *config, ConfigOption option)
{
    const OptionInfo *info = config_option_info(option);
    g_autofree char *value = config_masked(info, config_string(config, option));
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s, s:b, s:s}", "section", info->section, "name",
                  info->name, "type", config_type_name(info->type), "value", value, "default",
                  info->default_value, "origin", config_origin(config, option), "reloadable",
                  (info->flags & OPTION_RELOADABLE) != 0, "help", info->help);
    if (info->choices != NULL) {
        json_t *choices = json_array();
        g_auto(GStrv) words = g_strsplit(info->choices, ",", -1);
        for (size_t i = 0; words[i] != NULL; i++)
            json_array_append_new(choices, json_string(words[i]));
        json_object_set_new(row, "choices", choices);
    }
    if (info->least != 0 || info->greatest != 0) {
        json_object_set_new(row, "least", json_integer(info->least));
        if (info->greatest != OPTION_UNLIMITED)
            json_object_set_new(row, "greatest", json_integer(info->greatest));
    }
    return row;
}

static char *
show_json(const Config *config)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < OPTION_COUNT; i++)
        json_array_append_new(rows, json_option(config, (ConfigOption)i));
    char *text = json_dumps(rows, JSON_INDENT(2));
    char *copy = g_strdup(text); /* the caller frees with g_free */
    free(text);
    json_decref(rows);
    return copy;
}

char *
config_show(const Config *config, bool json)
{
    return json ? show_json(config) : show_text(config);
}

static void
append_escaped(GString *text, const char *cell)
{
    for (; *cell != '\0'; cell++) {
        if (*cell == '|' || *cell == '\\')
            g_string_append_c(text, '\\');
        g_string_append_c(text, *cell);
    }
}

static void
append_markdown_option(GString *text, const OptionInfo *info)
{
    g_autofree char *bounds = describe_bounds(info);
    g_string_append_printf(text, "| `%s` | %s%s%s | ", info->name, config_type_name(info->type),
                           bounds != NULL ? ", " : "", bounds != NULL ? bounds : "");
    if (info->default_value != NULL)
        g_string_append_printf(text, "`%s`", info->default_value);
    else
        g_string_append(text, info->flags & OPTION_COMPUTED ? "computed" : "unset");
    g_string_append_printf(text, " | %s | ", info->flags & OPTION_RELOADABLE ? "yes" : "");
    append_escaped(text, info->help);
    g_string_append(text, " |\n");
}

/* The table of a section's options with an effect, or of those without; empty if there are none. */
static void
append_markdown_section(GString *text, size_t section, bool idle)
{
    bool titled = false;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const OptionInfo *info = config_option_info((ConfigOption)i);
        if (!g_str_equal(info->section, sections[section].name) ||
            ((info->flags & OPTION_IDLE) != 0) != idle)
            continue;
        if (!titled)
            g_string_append_printf(text,
                                   "%s### [%s]: %s\n\n"
                                   "| option | type | default | reload | meaning |\n"
                                   "|---|---|---|---|---|\n",
                                   text->len > 0 ? "\n" : "", sections[section].name,
                                   sections[section].title);
        titled = true;
        append_markdown_option(text, info);
    }
}

char *
config_reference_markdown(void)
{
    GString *text = g_string_new(NULL);
    for (size_t s = 0; s < G_N_ELEMENTS(sections); s++)
        append_markdown_section(text, s, false);
    g_string_append(text, "\n## Options without effect yet\n\n<details>\n<summary>Options of "
                          "ironic.conf that no code of Steel reads so far</summary>\n");
    for (size_t s = 0; s < G_N_ELEMENTS(sections); s++)
        append_markdown_section(text, s, true);
    g_string_append(text, "\n</details>\n");
    return g_string_free(text, FALSE);
}
