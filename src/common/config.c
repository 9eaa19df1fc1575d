/* The configuration from its table: reading, finishing, getters. The contract is in config.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"

#include "common/config_file.h"
#include "common/config_internal.h"
#include "common/error.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What of a broken assignment may be repeated in an error: not a value that may be a password. */
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static const char *const no_items[] = {NULL};

/* Where an assignment is read from. */
typedef struct Reading {
    Config *config;
    const char *path;
} Reading;

static void
free_source(void *pointer)
{
    ConfigSource *source = pointer;
    g_free(source->text);
    g_free(source);
}

static void
free_unknown(void *pointer)
{
    UnknownOption *unknown = pointer;
    g_free(unknown->text);
    g_free(unknown->origin);
    g_free(unknown);
}

Config *
config_new(void)
{
    Config *config = g_new0(Config, 1);
    config->sources = g_ptr_array_new_with_free_func(free_source);
    config->unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_unknown);
    config->unknown_order = g_ptr_array_new();
    return config;
}

void
config_free(Config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        ConfigValue *value = &config->values[i];
        if (value->raw != NULL)
            g_ptr_array_unref(value->raw);
        g_free(value->origin);
        g_free(value->text);
        g_strfreev(value->items);
    }
    g_ptr_array_unref(config->sources);
    g_ptr_array_unref(config->unknown_order);
    g_hash_table_unref(config->unknown);
    g_free(config->directory);
    if (config->kept != NULL)
        g_string_free(config->kept, TRUE);
    g_free(config);
}

static void
assign(Config *config, ConfigOption option, const char *text, char *origin, bool from_command_line)
{
    ConfigValue *value = &config->values[option];
    bool adds = config_type_is_repeated(config_option_info(option)->type) &&
                value->from_command_line == from_command_line;
    if (value->from_command_line && !from_command_line) {
        g_free(origin);
        return;
    }
    if (value->raw == NULL)
        value->raw = g_ptr_array_new_with_free_func(g_free);
    if (!adds)
        g_ptr_array_set_size(value->raw, 0);
    g_ptr_array_add(value->raw, g_strdup(text));
    g_free(value->origin);
    value->origin = origin;
    value->from_command_line = from_command_line;
}

static bool
file_assignment(void *context, unsigned line, const char *section, const char *name,
                const char *value, GError **error)
{
    Reading *reading = context;
    char *origin = g_strdup_printf("%s:%u", reading->path, line);
    ConfigOption option;
    if (!config_find_option(section, name, &option))
        return config_remember_unknown(reading->config, section, name, value, origin, error);
    assign(reading->config, option, value, origin, false);
    return true;
}

static void
remember_source(Config *config, ConfigSourceKind kind, const char *text)
{
    ConfigSource *source = g_new0(ConfigSource, 1);
    source->kind = kind;
    source->text = g_strdup(text);
    g_ptr_array_add(config->sources, source);
}

static bool
load_one_file(Config *config, const char *path, GError **error)
{
    Reading reading = {config, path};
    if (config->directory == NULL) {
        g_autofree char *absolute = g_canonicalize_filename(path, NULL);
        config->directory = g_path_get_dirname(absolute);
    }
    return config_file_read(path, file_assignment, &reading, error);
}

bool
config_load_text(Config *config, const char *path, const char *text, size_t size, GError **error)
{
    Reading reading = {config, path};
    return config_file_parse(path, text, size, file_assignment, &reading, error);
}

bool
config_load_file(Config *config, const char *path, GError **error)
{
    g_return_val_if_fail(!config->finished,
                         steel_fail(error, STEEL_ERROR_INTERNAL, "already finished"));
    remember_source(config, SOURCE_FILE, path);
    return load_one_file(config, path, error);
}

static int
is_configuration_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && g_str_has_suffix(entry->d_name, ".conf");
}

bool
config_load_directory(Config *config, const char *path, GError **error)
{
    g_return_val_if_fail(!config->finished,
                         steel_fail(error, STEEL_ERROR_INTERNAL, "already finished"));
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_configuration_file, alphasort);
    if (count < 0)
        return steel_fail(error, STEEL_ERROR_IO, "%s: %s", path, g_strerror(errno));
    remember_source(config, SOURCE_DIRECTORY, path);
    bool good = true;
    for (int i = 0; i < count; i++) {
        g_autofree char *file = g_build_filename(path, entries[i]->d_name, NULL);
        good = good && load_one_file(config, file, error);
        free(entries[i]);
    }
    free(entries);
    return good;
}

bool
config_set(Config *config, const char *assignment, GError **error)
{
    g_return_val_if_fail(!config->finished,
                         steel_fail(error, STEEL_ERROR_INTERNAL, "already finished"));
    const char *equals = strchr(assignment, '=');
    if (equals == NULL)
        return steel_fail(error, STEEL_ERROR_CONFIG, "--set %.*s: expected section.name=value",
                          (int)strspn(assignment, NAME_CHARACTERS), assignment);
    g_autofree char *target = g_strstrip(g_strndup(assignment, (size_t)(equals - assignment)));
    if (!g_utf8_validate(assignment, -1, NULL) || strlen(equals) > CONFIG_MAX_VALUE_SIZE)
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "--set: expected a value in UTF-8 of at most 64 KiB");
    char *dot = strchr(target, '.');
    if (dot != NULL)
        *dot = '\0';
    const char *section = dot != NULL ? target : "DEFAULT";
    const char *name = dot != NULL ? dot + 1 : target;
    ConfigOption option;
    if (!config_find_option(section, name, &option))
        return steel_fail(error, STEEL_ERROR_CONFIG, "--set: there is no option [%s]%s", section,
                          name);
    remember_source(config, SOURCE_COMMAND_LINE, assignment);
    assign(config, option, equals + 1, g_strdup("command line"), true);
    return true;
}

bool
config_load_sources(Config *config, const GPtrArray *sources, GError **error)
{
    for (size_t i = 0; i < sources->len; i++) {
        const ConfigSource *source = sources->pdata[i];
        bool good = source->kind == SOURCE_FILE ? config_load_file(config, source->text, error)
                    : source->kind == SOURCE_DIRECTORY
                        ? config_load_directory(config, source->text, error)
                        : config_set(config, source->text, error);
        if (!good)
            return false;
    }
    return true;
}

bool
config_finish(Config *config, GError **error)
{
    g_return_val_if_fail(!config->finished,
                         steel_fail(error, STEEL_ERROR_INTERNAL, "already finished"));
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (!config_resolve(config, (ConfigOption)i, 0, error))
            return false;
    config_warn(config);
    config->finished = true;
    return true;
}

static const ConfigValue *
finished_value(const Config *config, ConfigOption option)
{
    static const ConfigValue none;
    g_return_val_if_fail((size_t)option < OPTION_COUNT, &none);
    g_return_val_if_fail(config != NULL && config->finished, &none);
    return &config->values[option];
}

const char *
config_string(const Config *config, ConfigOption option)
{
    return finished_value(config, option)->text;
}

int64_t
config_integer(const Config *config, ConfigOption option)
{
    const ConfigValue *value = finished_value(config, option);
    OptionType type = config_option_info(option)->type;
    g_return_val_if_fail(type == OPTION_INTEGER || type == OPTION_OCTAL, 0);
    return value->integer;
}

double
config_float(const Config *config, ConfigOption option)
{
    const ConfigValue *value = finished_value(config, option);
    OptionType type = config_option_info(option)->type;
    g_return_val_if_fail(type == OPTION_FLOAT || type == OPTION_INTEGER, 0);
    return value->number;
}

bool
config_boolean(const Config *config, ConfigOption option)
{
    const ConfigValue *value = finished_value(config, option);
    g_return_val_if_fail(config_option_info(option)->type == OPTION_BOOLEAN, false);
    return value->integer != 0;
}

const char *const *
config_list(const Config *config, ConfigOption option)
{
    const ConfigValue *value = finished_value(config, option);
    g_return_val_if_fail(config_type_is_collection(config_option_info(option)->type), no_items);
    return value->items != NULL ? (const char *const *)value->items : no_items;
}

size_t
config_list_count(const Config *config, ConfigOption option)
{
    const char *const *items = config_list(config, option);
    size_t count = 0;
    while (items[count] != NULL)
        count++;
    return count;
}

bool
config_is_set(const Config *config, ConfigOption option)
{
    return finished_value(config, option)->text != NULL;
}

bool
config_is_explicit(const Config *config, ConfigOption option)
{
    return finished_value(config, option)->origin != NULL;
}

bool
config_list_contains(const Config *config, ConfigOption option, const char *item)
{
    return g_strv_contains(config_list(config, option), item);
}

const char *
config_lookup(const Config *config, ConfigOption option, const char *key)
{
    size_t length = strlen(key);
    const char *value = NULL;
    for (const char *const *item = config_list(config, option); *item != NULL; item++)
        if (strncmp(*item, key, length) == 0 && (*item)[length] == ':')
            value = *item + length + 1;
    return value;
}

const char *
config_origin(const Config *config, ConfigOption option)
{
    const char *origin = finished_value(config, option)->origin;
    return origin != NULL ? origin : "default";
}

const char *
config_directory(const Config *config)
{
    return config->directory;
}

static bool
is_loopback(const char *address)
{
    return g_str_equal(address, "localhost") || g_str_equal(address, "::1") ||
           (g_str_has_prefix(address, "127.") && strspn(address, "0123456789.") == strlen(address));
}

bool
config_check_api(const Config *config, GError **error)
{
    const char *address = config_string(config, OPT_API_HOST_IP);
    bool open = g_str_equal(config_string(config, OPT_AUTH_STRATEGY), "noauth");
    bool allowed = config_boolean(config, OPT_API_ALLOW_UNAUTHENTICATED_REMOTE) ||
                   config_is_set(config, OPT_API_UNIX_SOCKET);
    if (open && !allowed && !is_loopback(address))
        return steel_fail(
            error, STEEL_ERROR_CONFIG,
            "%s: [api]host_ip: %s is not loopback and [DEFAULT]auth_strategy is noauth; "
            "set auth_strategy to http_basic or keystone, or say "
            "[api]allow_unauthenticated_remote = true",
            config_origin(config, OPT_API_HOST_IP), address);
    if (config_boolean(config, OPT_API_ENABLE_SSL_API) &&
        (!config_is_set(config, OPT_API_CERT_FILE) || !config_is_set(config, OPT_API_KEY_FILE)))
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "%s: [api]enable_ssl_api: needs [api]cert_file and [api]key_file",
                          config_origin(config, OPT_API_ENABLE_SSL_API));
    return true;
}
