/* Merges options, clouds.yaml and environment into one set of settings.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/settings.h"
#include "cli/arguments.h"
#include "cli/cloud_config.h"
#include <string.h>

static const struct {
    const char *option;
    const char *environment; /* names, separated by blanks; NULL: none */
    const char *cloud;       /* paths, separated by blanks; NULL: none */
} rows[SETTING_COUNT] = {
#define SETTING(id, option, environment, cloud, metavar, help)                                     \
    [SETTING_##id] = {option, environment, cloud},
#include "cli/settings.def"
#undef SETTING
};

static char *
from_environment(const char *names)
{
    g_auto(GStrv) list = g_strsplit(names, " ", -1);
    for (char **name = list; *name != NULL; name++) {
        const char *value = g_getenv(*name);
        if (value != NULL && value[0] != '\0')
            return g_strdup(value);
    }
    return NULL;
}

static char *
from_cloud(json_t *cloud, const char *paths)
{
    g_auto(GStrv) list = g_strsplit(paths, " ", -1);
    for (char **path = list; *path != NULL; path++) {
        char *value = cloud_value(cloud, *path);
        if (value != NULL)
            return value;
    }
    return NULL;
}

static bool
check_numbers(const Settings *settings, GError **error)
{
    static const SettingId ids[] = {SETTING_TIMEOUT, SETTING_MAX_RETRIES, SETTING_RETRY_INTERVAL};
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        const char *text = settings->texts[ids[i]];
        if (text != NULL && !g_ascii_string_to_unsigned(text, 10, 0, 1000000, NULL, NULL))
            return steel_fail(error, STEEL_ERROR_INVALID, "%s needs a whole number, not \"%s\"",
                              rows[ids[i]].option, text);
    }
    return true;
}

static void
resolve(Settings *settings, const Arguments *arguments, json_t *cloud)
{
    for (int id = 0; id < SETTING_COUNT; id++) {
        char *text = g_strdup(arguments_text(arguments, rows[id].option));
        if (text == NULL && cloud != NULL && rows[id].cloud != NULL)
            text = from_cloud(cloud, rows[id].cloud);
        if (text == NULL && rows[id].environment != NULL)
            text = from_environment(rows[id].environment);
        g_free(settings->texts[id]);
        settings->texts[id] = text;
    }
    g_autofree char *verify = cloud != NULL ? cloud_value(cloud, "verify") : NULL;
    g_autofree char *insecure = cloud != NULL ? cloud_value(cloud, "insecure") : NULL;
    settings->insecure = arguments_has(arguments, "--insecure") ||
                         g_ascii_strcasecmp(verify != NULL ? verify : "", "false") == 0 ||
                         g_ascii_strcasecmp(insecure != NULL ? insecure : "", "true") == 0;
    settings->debug = arguments_has(arguments, "--debug");
}

Settings *
settings_new(const Arguments *arguments, GError **error)
{
    g_autoptr(Settings) settings = g_new0(Settings, 1);
    json_auto_t *cloud = NULL;
    const char *name = arguments_text(arguments, "--os-cloud");
    if (name == NULL)
        name = g_getenv("OS_CLOUD");
    if (name != NULL && name[0] != '\0') {
        cloud = cloud_config_load(name, error);
        if (cloud == NULL)
            return NULL;
    }
    resolve(settings, arguments, cloud);
    return check_numbers(settings, error) ? g_steal_pointer(&settings) : NULL;
}

void
settings_free(Settings *settings)
{
    if (settings == NULL)
        return;
    for (int id = 0; id < SETTING_COUNT; id++)
        g_free(settings->texts[id]);
    g_free(settings);
}

int
settings_number(const Settings *settings, SettingId id, int fallback)
{
    const char *text = settings->texts[id];
    return text != NULL ? (int)g_ascii_strtoll(text, NULL, 10) : fallback;
}
