/* From text to value, for each type of option.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config_internal.h"
#include "common/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <string.h>

typedef struct OptionTypeInfo {
    const char *name;
    const char *expected; /* in errors: "expected ..." */
    bool (*parse)(const OptionInfo *info, const char *text, ConfigValue *value);
} OptionTypeInfo;

static const OptionTypeInfo types[OPTION_MULTI_DICT + 1];

const char *
config_type_name(OptionType type)
{
    return types[type].name;
}

bool
config_type_is_collection(OptionType type)
{
    return type == OPTION_LIST || type == OPTION_DICT || config_type_is_repeated(type);
}

bool
config_type_is_repeated(OptionType type)
{
    return type == OPTION_MULTI || type == OPTION_MULTI_DICT;
}

/* What a row accepts, for an error: "an integer from 1 to 65535", "one of noauth, http_basic".
 * Caller frees. */
static char *
describe_expected(const OptionInfo *info)
{
    const char *expected = types[info->type].expected;
    if (info->type == OPTION_CHOICE) {
        g_auto(GStrv) words = g_strsplit(info->choices, ",", -1);
        g_autofree char *list = g_strjoinv(", ", words);
        return g_strdup_printf("%s %s", expected, list);
    }
    if (info->least == 0 && info->greatest == 0)
        return g_strdup(expected);
    if (info->type == OPTION_OCTAL)
        return g_strdup_printf("%s from %03" PRIo64 " to %03" PRIo64, expected, info->least,
                               info->greatest);
    if (info->greatest == OPTION_UNLIMITED)
        return g_strdup_printf("%s of at least %" PRId64, expected, info->least);
    return g_strdup_printf("%s from %" PRId64 " to %" PRId64, expected, info->least,
                           info->greatest);
}

static bool
is_number(const OptionInfo *info)
{
    return info->type == OPTION_INTEGER || info->type == OPTION_FLOAT;
}

/* A foreign text for an error line: short, on one line. Caller frees. */
static char *
quoted(const OptionInfo *info, const char *text)
{
    if (info->flags & (OPTION_SECRET | OPTION_SECRET_IN_URL))
        return g_strdup("what it is set to");
    g_autofree char *start = g_utf8_substring(text, 0, MIN(g_utf8_strlen(text, -1), 60));
    g_autofree char *escaped = g_strescape(start, "\"\\");
    return g_strdup_printf("\"%s%s\"", escaped, strlen(start) < strlen(text) ? "..." : "");
}

bool
config_value_parse(const OptionInfo *info, const char *text, ConfigValue *value, GError **error)
{
    g_autofree char *stripped = g_strstrip(g_strdup(text));
    bool collection = config_type_is_collection(info->type);
    if (stripped[0] == '\0' && info->type != OPTION_STRING && !collection) {
        if (info->flags & OPTION_EMPTY_DISABLES) {
            value->text = g_strdup("");
            return true;
        }
        if (info->default_value == NULL && !(info->flags & OPTION_COMPUTED))
            return true; /* an option without default can be unset in a later file */
        if (is_number(info) && info->default_value != NULL)
            return config_value_parse(info, info->default_value, value, error);
    }
    if (types[info->type].parse(info, info->type == OPTION_STRING ? text : stripped, value))
        return true;
    g_autofree char *expected = describe_expected(info);
    g_autofree char *actual = quoted(info, text);
    return steel_fail(error, STEEL_ERROR_CONFIG, "expected %s, not %s", expected, actual);
}

static bool
is_bounded(const OptionInfo *info)
{
    return info->least != 0 || info->greatest != 0;
}

/* Brings an integer within those bounds of its row that are Steel's own. False: it is beyond a
 * bound of Ironic. */
static bool
fit_integer(const OptionInfo *info, int64_t *number, bool *clamped)
{
    int64_t nearest = is_bounded(info) ? CLAMP(*number, info->least, info->greatest) : *number;
    unsigned needed = nearest > *number ? OPTION_CLAMP_LEAST : OPTION_CLAMP_GREATEST;
    *clamped = nearest != *number;
    *number = nearest;
    return !*clamped || (info->flags & needed) != 0;
}

static bool
fit_float(const OptionInfo *info, double *number, bool *clamped)
{
    double least = (double)info->least, greatest = (double)info->greatest;
    double nearest = is_bounded(info) ? CLAMP(*number, least, greatest) : *number;
    unsigned needed = nearest > *number ? OPTION_CLAMP_LEAST : OPTION_CLAMP_GREATEST;
    *clamped = nearest != *number;
    *number = nearest;
    return !*clamped || (info->flags & needed) != 0;
}

static bool
parse_number(const OptionInfo *info, const char *digits, bool negative, unsigned base,
             ConfigValue *value)
{
    char *end = NULL;
    if (!g_ascii_isxdigit(digits[0]))
        return false;
    errno = 0;
    int64_t number = g_ascii_strtoll(digits, &end, base);
    if (errno != 0 || *end != '\0')
        return false;
    number = negative ? -number : number;
    if (!fit_integer(info, &number, &value->clamped))
        return false;
    value->integer = number;
    value->number = (double)number;
    return true;
}

static bool
parse_integer(const OptionInfo *info, const char *text, ConfigValue *value)
{
    bool negative = text[0] == '-';
    const char *digits = text + (negative || text[0] == '+');
    bool octal = info->type == OPTION_OCTAL;
    unsigned base = octal ? 8 : 10;
    if (digits[0] == '0' && (digits[1] == 'o' || digits[1] == 'O'))
        base = 8;
    else if (!octal && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
        base = 16;
    else if (!octal && digits[0] == '0' && digits[1] != '\0')
        return false; /* permissions as 0755 would be taken for decimal */
    bool prefixed = digits[0] == '0' && g_ascii_isalpha(digits[1]);
    if (!parse_number(info, digits + (prefixed ? 2 : 0), negative, base, value))
        return false;
    value->text = value->clamped ? g_strdup_printf("%" PRId64, value->integer) : g_strdup(text);
    return true;
}

static bool
parse_float(const OptionInfo *info, const char *text, ConfigValue *value)
{
    char *end = NULL;
    errno = 0;
    double number = g_ascii_strtod(text, &end);
    if (errno != 0 || end == text || *end != '\0' || !isfinite(number) ||
        !fit_float(info, &number, &value->clamped))
        return false;
    value->number = number;
    value->text = value->clamped ? g_strdup_printf("%.15g", number) : g_strdup(text);
    return true;
}

static bool
parse_boolean(const OptionInfo *info, const char *text, ConfigValue *value)
{
    static const char *const words[2][4] = {{"false", "0", "no", "off"},
                                            {"true", "1", "yes", "on"}};
    (void)info;
    for (int truth = 0; truth < 2; truth++)
        for (size_t i = 0; i < G_N_ELEMENTS(words[truth]); i++)
            if (g_ascii_strcasecmp(text, words[truth][i]) == 0) {
                value->integer = truth;
                value->text = g_strdup(truth ? "true" : "false");
                return true;
            }
    return false;
}

static bool
parse_choice(const OptionInfo *info, const char *text, ConfigValue *value)
{
    g_auto(GStrv) words = g_strsplit(info->choices, ",", -1);
    for (size_t i = 0; words[i] != NULL; i++)
        if (g_ascii_strcasecmp(text, words[i]) == 0) {
            value->text = g_strdup(words[i]);
            return true;
        }
    return false;
}

static bool
parse_string(const OptionInfo *info, const char *text, ConfigValue *value)
{
    (void)info;
    value->text = g_strdup(text);
    return true;
}

static bool
has_control_character(const char *text)
{
    for (; *text != '\0'; text++)
        if (g_ascii_iscntrl(*text))
            return true;
    return false;
}

static bool
parse_path(const OptionInfo *info, const char *text, ConfigValue *value)
{
    return text[0] != '\0' && !has_control_character(text) && parse_string(info, text, value);
}

static bool
parse_url(const OptionInfo *info, const char *text, ConfigValue *value)
{
    size_t length =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    return g_ascii_isalpha(text[0]) && g_str_has_prefix(text + length, "://") &&
           strpbrk(text, " \t") == NULL && !has_control_character(text) &&
           parse_string(info, text, value);
}

static bool
is_host_name(const char *text)
{
    size_t length = strlen(text);
    if (length > 253 || !g_ascii_isalnum(text[0]))
        return false;
    if (strspn(text, "0123456789.") == length)
        return false; /* a mistyped IPv4 address */
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isalnum(text[i]) && strchr("-_.", text[i]) == NULL)
            return false;
    return true;
}

static bool
parse_address(const OptionInfo *info, const char *text, ConfigValue *value)
{
    size_t length = strlen(text);
    bool bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';
    g_autofree char *bare = bracketed ? g_strndup(text + 1, length - 2) : g_strdup(text);
    g_autofree char *without_zone = g_strndup(bare, strcspn(bare, "%"));
    unsigned char bytes[16];
    bool is_address = inet_pton(AF_INET6, without_zone, bytes) == 1 ||
                      (!bracketed && inet_pton(AF_INET, bare, bytes) == 1);
    if (!is_address && (bracketed || !is_host_name(bare)))
        return false;
    return !has_control_character(bare) && parse_string(info, bare, value);
}

static bool
parse_list(const OptionInfo *info, const char *text, ConfigValue *value)
{
    (void)info;
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    g_autoptr(GPtrArray) items = g_ptr_array_new();
    for (size_t i = 0; parts[i] != NULL; i++) {
        g_strstrip(parts[i]);
        if (parts[i][0] != '\0')
            g_ptr_array_add(items, g_strdup(parts[i]));
    }
    g_ptr_array_add(items, NULL);
    value->items = (char **)g_ptr_array_free(g_steal_pointer(&items), FALSE);
    value->text = g_strjoinv(",", value->items);
    return true;
}

/* One line of OPTION_MULTI: not split, left out when empty. */
static bool
parse_one_item(const OptionInfo *info, const char *text, ConfigValue *value)
{
    const char *const items[] = {text[0] != '\0' ? text : NULL, NULL};
    (void)info;
    value->items = g_strdupv((char **)(uintptr_t)items);
    value->text = g_strdup(text);
    return true;
}

static bool
parse_dict(const OptionInfo *info, const char *text, ConfigValue *value)
{
    ConfigValue list = {0};
    bool good = parse_list(info, text, &list);
    for (size_t i = 0; list.items[i] != NULL; i++) {
        const char *colon = strchr(list.items[i], ':');
        good = good && colon != NULL && colon != list.items[i];
    }
    if (!good) {
        g_free(list.text);
        g_strfreev(list.items);
        return false;
    }
    value->text = list.text;
    value->items = list.items;
    return true;
}

static const OptionTypeInfo types[] = {
    [OPTION_STRING] = {"string", "a text", parse_string},
    [OPTION_PATH] = {"path", "a path", parse_path},
    [OPTION_URL] = {"url", "a URL as scheme://...", parse_url},
    [OPTION_ADDRESS] = {"address", "an IP address or host name", parse_address},
    [OPTION_CHOICE] = {"choice", "one of", parse_choice},
    [OPTION_INTEGER] = {"integer", "an integer", parse_integer},
    [OPTION_OCTAL] = {"octal", "octal permissions", parse_integer},
    [OPTION_FLOAT] = {"float", "a number", parse_float},
    [OPTION_BOOLEAN] = {"boolean", "true or false", parse_boolean},
    [OPTION_LIST] = {"list", "items with commas", parse_list},
    [OPTION_DICT] = {"dict", "key:value items with commas", parse_dict},
    [OPTION_MULTI] = {"multi", "a text", parse_one_item},
    [OPTION_MULTI_DICT] = {"multi dict", "key:value items with commas", parse_dict},
};

/* ---- values that several configurations have ---- */

void
config_value_unref(ConfigValue *value)
{
    if (--value->references > 0)
        return;
    if (value->raw != NULL)
        g_ptr_array_unref(value->raw);
    g_free(value->origin);
    g_free(value->text);
    g_strfreev(value->items);
    g_free(value);
}

bool
config_same_value(const Config *left, const Config *right, ConfigOption option)
{
    const ConfigValue *a = left->values[option], *b = right->values[option];
    if (a == b)
        return true;
    if (g_strcmp0(a->text, b->text) != 0 || (a->items == NULL) != (b->items == NULL))
        return false;
    return a->items == NULL ||
           g_strv_equal((const char *const *)a->items, (const char *const *)b->items);
}

void
config_share_value(Config *config, ConfigOption option, const Config *other)
{
    ConfigValue *shared = other->values[option];
    shared->references++;
    config_value_unref(config->values[option]);
    config->values[option] = shared;
}
