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

/* An error repeats only this part of a broken assignment: the value may be a password. */
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
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        config->values[i] = g_new0(ConfigValue, 1);
        config->values[i]->references = 1;
    }
    config->sources = g_ptr_array_new_with_free_func(free_source);
    config->unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_unknown);
    config->unknown_order = g_ptr_array_new();
    config->checks = g_ptr_array_new();
    return config;
}

void
config_free(Config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < OPTION_COUNT; i++)
        config_value_unref(config->values[i]);
    g_ptr_array_unref(config->sources);
    g_ptr_array_unref(config->unknown_order);
    g_hash_table_unref(config->unknown);
    g_ptr_array_unref(config->checks);
    mistakes_free(config->mistakes);
    g_free(config->directory);
    if (config->kept != NULL)
        g_string_free(config->kept, TRUE);
    g_free(config);
}

static void
assign(Config *config, ConfigOption option, const char *text, char *origin, ConfigRank rank)
{
    ConfigValue *value = config->values[option];
    bool adds = config_type_is_repeated(config_option_info(option)->type) && value->rank == rank;
    if (value->rank > rank) {
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
    value->rank = rank;
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
    assign(reading->config, option, value, origin, RANK_FILE);
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
    g_autoptr(Mistakes) mistakes = mistakes_new();
    for (int i = 0; i < count; i++) {
        g_autofree char *file = g_build_filename(path, entries[i]->d_name, NULL);
        GError *mistake = NULL;
        if (!load_one_file(config, file, &mistake))
            mistakes_take(mistakes, mistake);
        free(entries[i]);
    }
    free(entries);
    return mistakes_report(mistakes, error);
}

/* Sets an option from one variable, "OS_API__PORT=6385", if it names one. */
static bool
take_variable(Config *config, const char *variable, GError **error)
{
    if (!g_str_has_prefix(variable, "OS_"))
        return true;
    const char *equals = strchr(variable, '=');
    const char *separator = strstr(variable + 3, "__");
    if (equals == NULL || separator == NULL || separator == variable + 3 || separator + 2 >= equals)
        return true;
    g_autofree char *section = g_strndup(variable + 3, (size_t)(separator - variable) - 3);
    g_autofree char *name = g_ascii_strdown(separator + 2, equals - separator - 2);
    g_autofree char *origin =
        g_strdup_printf("environment %.*s", (int)(equals - variable), variable);
    ConfigOption option;
    if (!g_utf8_validate(variable, -1, NULL) || strlen(equals) > CONFIG_MAX_VALUE_SIZE)
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "%s: expected a value in UTF-8 of at most 64 KiB", origin);
    remember_source(config, SOURCE_ENVIRONMENT, variable);
    if (config_find_option(section, name, &option)) {
        assign(config, option, equals + 1, g_steal_pointer(&origin), RANK_ENVIRONMENT);
        return true;
    }
    g_autofree char *lower =
        strcmp(section, "DEFAULT") == 0 ? g_steal_pointer(&section) : g_ascii_strdown(section, -1);
    return config_remember_unknown(config, lower, name, equals + 1, g_steal_pointer(&origin),
                                   error);
}

bool
config_load_environment(Config *config, const char *const *variables, GError **error)
{
    g_autoptr(Mistakes) mistakes = mistakes_new();
    for (; *variables != NULL; variables++) {
        GError *mistake = NULL;
        if (!take_variable(config, *variables, &mistake))
            mistakes_take(mistakes, mistake);
    }
    return mistakes_report(mistakes, error);
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
    assign(config, option, equals + 1, g_strdup("command line"), RANK_COMMAND_LINE);
    return true;
}

static bool
load_source(Config *config, const ConfigSource *source, GError **error)
{
    switch (source->kind) {
    case SOURCE_FILE:
        return config_load_file(config, source->text, error);
    case SOURCE_DIRECTORY:
        return config_load_directory(config, source->text, error);
    case SOURCE_ENVIRONMENT:
        return take_variable(config, source->text, error);
    case SOURCE_COMMAND_LINE:
        return config_set(config, source->text, error);
    }
    return true;
}

bool
config_load_sources(Config *config, const GPtrArray *sources, GError **error)
{
    g_autoptr(Mistakes) mistakes = mistakes_new();
    for (size_t i = 0; i < sources->len; i++) {
        GError *mistake = NULL;
        if (!load_source(config, sources->pdata[i], &mistake))
            mistakes_take(mistakes, mistake);
    }
    return mistakes_report(mistakes, error);
}

void
config_add_check(Config *config, ConfigCheck check)
{
    g_ptr_array_add(config->checks, (void *)(uintptr_t)check);
}

static void
run_checks(Config *config)
{
    for (size_t i = 0; i < config->checks->len; i++) {
        GError *mistake = NULL;
        if (!((ConfigCheck)(uintptr_t)config->checks->pdata[i])(config, &mistake))
            mistakes_take(config->mistakes, mistake);
    }
}

bool
config_finish(Config *config, GError **error)
{
    g_return_val_if_fail(!config->finished,
                         steel_fail(error, STEEL_ERROR_INTERNAL, "already finished"));
    config->mistakes = mistakes_new();
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (!config_resolve(config, (ConfigOption)i, 0, error))
            return false; /* cannot happen: no option is being resolved yet */
    config->finished = true;
    run_checks(config);
    config_warn(config);
    for (size_t i = 0; i < OPTION_COUNT; i++)
        g_clear_pointer(&config->values[i]->raw, g_ptr_array_unref);
    config->broken = !mistakes_report(config->mistakes, error);
    g_clear_pointer(&config->mistakes, mistakes_free);
    return !config->broken;
}

static const ConfigValue *
finished_value(const Config *config, ConfigOption option)
{
    static const ConfigValue none;
    g_return_val_if_fail((size_t)option < OPTION_COUNT, &none);
    g_return_val_if_fail(config != NULL && config->finished, &none);
    return config->values[option];
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
    if (config_list_contains(config, OPT_CORS_ALLOWED_ORIGIN, "*") &&
        config_boolean(config, OPT_CORS_ALLOW_CREDENTIALS))
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "%s: [cors]allowed_origin: * lets every page act with the credentials of "
                          "its visitor; list the origins, or say [cors]allow_credentials = "
                          "false",
                          config_origin(config, OPT_CORS_ALLOWED_ORIGIN));
    return true;
}
