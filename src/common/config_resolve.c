/* Finishes one option after the other: replaces references to other options, computes defaults that
 * depend on the machine, checks against the row.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config_internal.h"
#include "common/error.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One text that is being expanded. */
typedef struct Expansion {
    Config *config;
    const OptionInfo *owner; /* the option with the text; its section is searched first */
    unsigned depth;
    GString *result;
} Expansion;

static bool expand(Expansion *expansion, const char *text, GError **error);

/* The address that other machines see: that of the default route. Nothing is sent; the target is an
 * address for documentation (RFC 5737). Caller frees. */
static char *
outgoing_address(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
    socklen_t size = sizeof address;
    char text[INET_ADDRSTRLEN] = "127.0.0.1";
    inet_pton(AF_INET, "192.0.2.1", &address.sin_addr);
    int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe >= 0 && connect(probe, (struct sockaddr *)&address, size) == 0 &&
        getsockname(probe, (struct sockaddr *)&address, &size) == 0)
        inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    if (probe >= 0)
        close(probe);
    return g_strdup(text);
}

static char *
boot_server_url(Config *config, unsigned depth)
{
    if (!config_resolve(config, OPT_BOOT_SERVER_HOST_IP, depth + 1, NULL) ||
        !config_resolve(config, OPT_BOOT_SERVER_PORT, depth + 1, NULL) ||
        !config_resolve(config, OPT_MY_IP, depth + 1, NULL))
        return NULL; /* their mistakes are reported in their own turn */
    const char *host = config->values[OPT_BOOT_SERVER_HOST_IP]->text;
    if (g_str_equal(host, "0.0.0.0") || g_str_equal(host, "::"))
        host = config->values[OPT_MY_IP]->text;
    bool bracketed = strchr(host, ':') != NULL;
    return g_strdup_printf("http://%s%s%s:%" PRId64, bracketed ? "[" : "", host,
                           bracketed ? "]" : "", config->values[OPT_BOOT_SERVER_PORT]->integer);
}

char *
config_computed_default(Config *config, ConfigOption option, unsigned depth)
{
    if (option == OPT_HOST)
        return g_strdup(g_get_host_name());
    if (option == OPT_MY_IP)
        return outgoing_address();
    if (option == OPT_TEMPDIR)
        return g_strdup(g_get_tmp_dir());
    if (option == OPT_DEPLOY_HTTP_URL)
        return boot_server_url(config, depth);
    return NULL;
}

static bool
append_bounded(Expansion *expansion, const char *text, size_t length, GError **error)
{
    if (expansion->result->len + length > CONFIG_MAX_VALUE_SIZE)
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "larger than 64 KiB after replacing what it refers to");
    g_string_append_len(expansion->result, text, (gssize)length);
    return true;
}

static bool
append_option(Expansion *expansion, ConfigOption option, GError **error)
{
    if (!config_resolve(expansion->config, option, expansion->depth + 1, error))
        return false;
    const char *text = expansion->config->values[option]->text;
    if (text == NULL)
        return true;
    bool bracketed = expansion->owner->type == OPTION_URL &&
                     config_option_info(option)->type == OPTION_ADDRESS &&
                     strchr(text, ':') != NULL;
    if (!bracketed)
        return append_bounded(expansion, text, strlen(text), error);
    return append_bounded(expansion, "[", 1, error) &&
           append_bounded(expansion, text, strlen(text), error) &&
           append_bounded(expansion, "]", 1, error);
}

/* A reference to a name that the file sets but Steel has no option for, such as $pybasedir. */
static bool
append_unknown(Expansion *expansion, const char *section, const char *name, bool *found,
               GError **error)
{
    g_autofree char *key = g_strdup_printf("[%s]%s", section, name);
    const UnknownOption *unknown = g_hash_table_lookup(expansion->config->unknown, key);
    *found = unknown != NULL;
    if (!*found)
        return true;
    if (expansion->depth >= CONFIG_MAX_REFERENCE_DEPTH)
        return steel_fail(error, STEEL_ERROR_CONFIG, "refers to itself through $%s", name);
    expansion->depth++;
    bool good = expand(expansion, unknown->text, error);
    expansion->depth--;
    return good;
}

static bool
append_reference(Expansion *expansion, const char *reference, GError **error)
{
    const char *dot = strchr(reference, '.');
    g_autofree char *section = dot != NULL ? g_strndup(reference, (size_t)(dot - reference))
                                           : g_strdup(expansion->owner->section);
    const char *name = dot != NULL ? dot + 1 : reference;
    const char *const places[] = {section, dot != NULL ? section : "DEFAULT"};
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        ConfigOption option;
        bool found = false;
        if (config_find_option(places[i], name, &option))
            return append_option(expansion, option, error);
        if (!append_unknown(expansion, places[i], name, &found, error))
            return false;
        if (found)
            return true;
    }
    return steel_fail(error, STEEL_ERROR_CONFIG,
                      "refers to $%s, which is no option (a dollar sign itself is written $$)",
                      reference);
}

/* Length of the name a reference starts with: letters, digits, _ and dots between them; no digit
 * first. */
static size_t
reference_length(const char *text)
{
    size_t length = 0;
    if (!g_ascii_isalpha(text[0]) && text[0] != '_')
        return 0;
    while (g_ascii_isalnum(text[length]) || text[length] == '_' ||
           (text[length] == '.' && (g_ascii_isalnum(text[length + 1]) || text[length + 1] == '_')))
        length++;
    return length;
}

/* Replaces the reference at `text`, which points to a dollar sign, and returns its length. */
static bool
expand_dollar(Expansion *expansion, const char *text, size_t *taken, GError **error)
{
    bool braced = text[1] == '{';
    size_t length = reference_length(text + 1 + braced);
    *taken = 1;
    if (text[1] == '$')
        *taken = 2;
    if (length == 0 || (braced && text[2 + length] != '}'))
        return append_bounded(expansion, "$", 1, error);
    g_autofree char *reference = g_strndup(text + 1 + braced, length);
    *taken = 1 + length + (braced ? 2 : 0);
    return append_reference(expansion, reference, error);
}

static bool
expand(Expansion *expansion, const char *text, GError **error)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, "$\\");
        if (!append_bounded(expansion, text, plain, error))
            return false;
        text += plain;
        if (*text == '\0')
            return true;
        size_t taken = 1;
        if (text[0] == '$') {
            if (!expand_dollar(expansion, text, &taken, error))
                return false;
        } else if (!append_bounded(expansion, text[1] == '$' ? "$" : "\\", 1, error)) {
            return false;
        } else if (text[1] == '$') {
            taken = 2;
        }
        text += taken;
    }
    return true;
}

static char *
expanded(Config *config, ConfigOption option, unsigned depth, const char *text, GError **error)
{
    g_autoptr(GString) result = g_string_new(NULL);
    Expansion expansion = {config, config_option_info(option), depth, result};
    if (!expand(&expansion, text, error))
        return NULL;
    return g_string_free(g_steal_pointer(&result), FALSE);
}

static bool
append_items(GPtrArray *items, Config *config, ConfigOption option, unsigned depth, const char *raw,
             GError **error)
{
    ConfigValue line = {0};
    g_autofree char *text = expanded(config, option, depth, raw, error);
    if (text == NULL || !config_value_parse(config_option_info(option), text, &line, error))
        return false;
    for (char **item = line.items; item != NULL && *item != NULL; item++)
        g_ptr_array_add(items, *item);
    g_free(line.items); /* the items themselves have moved */
    g_free(line.text);
    return true;
}

/* An option whose lines add up. */
static bool
resolve_repeated(Config *config, ConfigOption option, unsigned depth, GError **error)
{
    ConfigValue *value = config->values[option];
    const char *fallback = config_option_info(option)->default_value;
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
    size_t count = value->raw != NULL ? value->raw->len : fallback != NULL;
    for (size_t i = 0; i < count; i++) {
        const char *raw = value->raw != NULL ? g_ptr_array_index(value->raw, i) : fallback;
        if (!append_items(items, config, option, depth, raw, error))
            return false;
    }
    if (items->len == 0)
        return true;
    g_ptr_array_add(items, NULL);
    value->items = (char **)g_ptr_array_free(g_steal_pointer(&items), FALSE);
    value->text = g_strjoinv(",", value->items);
    return true;
}

/* Relative paths start at state_path, state_path itself at the working directory. */
static bool
make_absolute(Config *config, ConfigOption option, unsigned depth, GError **error)
{
    ConfigValue *value = config->values[option];
    const char *base = NULL;
    if (value->text == NULL || value->text[0] == '\0' || g_path_is_absolute(value->text))
        return true;
    if (option != OPT_STATE_PATH) {
        if (!config_resolve(config, OPT_STATE_PATH, depth + 1, error))
            return false;
        base = config->values[OPT_STATE_PATH]->text;
    }
    char *absolute = g_canonicalize_filename(value->text, base);
    g_free(value->text);
    value->text = absolute;
    return true;
}

static bool
resolve_single(Config *config, ConfigOption option, unsigned depth, GError **error)
{
    const OptionInfo *info = config_option_info(option);
    ConfigValue *value = config->values[option];
    if (value->raw == NULL && (info->flags & OPTION_COMPUTED)) {
        value->text = config_computed_default(config, option, depth);
        return true;
    }
    const char *raw = value->raw != NULL ? g_ptr_array_index(value->raw, 0) : info->default_value;
    if (raw == NULL)
        return true;
    g_autofree char *text = expanded(config, option, depth, raw, error);
    return text != NULL && config_value_parse(info, text, value, error) &&
           (info->type != OPTION_PATH || make_absolute(config, option, depth, error));
}

/* While reloading: an option that is not reloadable keeps its running value. */
static void
keep_running_value(Config *config, ConfigOption option)
{
    const OptionInfo *info = config_option_info(option);
    if (config->running == NULL || (info->flags & OPTION_RELOADABLE) ||
        config_same_value(config, config->running, option))
        return;
    config_share_value(config, option, config->running);
    g_string_append_printf(config->kept, "%s[%s]%s", config->kept->len > 0 ? ", " : "",
                           info->section, info->name);
}

static bool
resolve_value(Config *config, ConfigOption option, unsigned depth, GError **error)
{
    return config_type_is_repeated(config_option_info(option)->type)
               ? resolve_repeated(config, option, depth, error)
               : resolve_single(config, option, depth, error);
}

/* Notes a mistake in a value, and takes the default instead; if that fails too, the option is
 * unset. */
static void
fall_back_to_default(Config *config, ConfigOption option, unsigned depth, GError *mistake)
{
    const OptionInfo *info = config_option_info(option);
    ConfigValue *value = config->values[option];
    g_autoptr(GError) ignored = NULL;
    g_prefix_error(&mistake, "%s: [%s]%s: ", value->origin != NULL ? value->origin : "default",
                   info->section, info->name);
    mistakes_take(config->mistakes, mistake);
    g_clear_pointer(&value->raw, g_ptr_array_unref);
    g_clear_pointer(&value->text, g_free);
    g_clear_pointer(&value->items, g_strfreev);
    value->clamped = false;
    if (!resolve_value(config, option, depth, &ignored))
        g_clear_pointer(&value->text, g_free);
}

bool
config_resolve(Config *config, ConfigOption option, unsigned depth, GError **error)
{
    const OptionInfo *info = config_option_info(option);
    ConfigValue *value = config->values[option];
    GError *mistake = NULL;
    if (value->stage == VALUE_DONE)
        return true;
    if (value->stage == VALUE_EXPANDING)
        return steel_fail(error, STEEL_ERROR_CONFIG, "refers to itself through [%s]%s",
                          info->section, info->name);
    if (depth > CONFIG_MAX_REFERENCE_DEPTH)
        return steel_fail(error, STEEL_ERROR_CONFIG, "references are nested deeper than %d",
                          CONFIG_MAX_REFERENCE_DEPTH);
    value->stage = VALUE_EXPANDING;
    if (!resolve_value(config, option, depth, &mistake))
        fall_back_to_default(config, option, depth, mistake);
    value->stage = VALUE_DONE;
    keep_running_value(config, option);
    return true;
}
