/* The implicit types of YAML 1.1, as PyYAML's resolver.py has them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/yaml_scalar.h"
#include <errno.h>
#include <glib.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Tried in this order; PyYAML tries them by first character, with the same result. */
static const struct {
    YamlScalarKind kind;
    const char *pattern;
} rows[] = {
    {YAML_SCALAR_NULL, "^(?:~|null|Null|NULL|)$"},
    {YAML_SCALAR_BOOLEAN,
     "^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$"},
    {YAML_SCALAR_INTEGER,
     "^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+"
     "|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$"},
    {YAML_SCALAR_REAL,
     "^(?:[-+]?[0-9][0-9_]*\\.[0-9_]*(?:[eE][-+][0-9]+)?|\\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
     "|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\\.[0-9_]*|[-+]?\\.(?:inf|Inf|INF)|\\.(?:nan|NaN|NAN))$"},
    {YAML_SCALAR_TIMESTAMP,
     "^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \\t]+)[0-9][0-9]?"
     ":[0-9]{2}:[0-9]{2}(?:\\.[0-9]*)?(?:[ \\t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?)$"},
    {YAML_SCALAR_OTHER, "^(?:=|<<)$"},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static GRegex *compiled[G_N_ELEMENTS(rows)]; /* written by compile, then only read */

static void
compile(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        compiled[i] = g_regex_new(rows[i].pattern,
                                  G_REGEX_DOLLAR_ENDONLY | G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, NULL);
}

YamlScalarKind
yaml_scalar_kind(const char *text)
{
    pthread_once(&once, compile);
    if (strlen(text) > 128) /* only strings are that long */
        return YAML_SCALAR_STRING;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (g_regex_match(compiled[i], text, 0, NULL))
            return rows[i].kind;
    }
    return YAML_SCALAR_STRING;
}

/* The text without underscores. */
static char *
without_underscores(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "_", -1);
    return g_strjoinv("", parts);
}

/* "1:30:00" is 5400: digits of base 60. False if it does not fit. */
static bool
sexagesimal(const char *digits, double *number)
{
    g_auto(GStrv) parts = g_strsplit(digits, ":", -1);
    *number = 0;
    for (char **part = parts; *part != NULL; part++)
        *number = *number * 60 + g_ascii_strtod(*part, NULL);
    return fabs(*number) < 9007199254740992.0; /* 2^53: still exact */
}

static bool
parse_integer(const char *text, long long *number)
{
    g_autofree char *plain = without_underscores(text);
    bool negative = plain[0] == '-';
    const char *digits = plain + (plain[0] == '-' || plain[0] == '+');
    if (strchr(digits, ':') != NULL) {
        double total = 0;
        if (!sexagesimal(digits, &total))
            return false;
        *number = (long long)(negative ? -total : total);
        return true;
    }
    int base = 10;
    if (g_str_has_prefix(digits, "0b")) {
        base = 2;
        digits += 2;
    } else if (g_str_has_prefix(digits, "0x")) {
        base = 16;
        digits += 2;
    } else if (digits[0] == '0') {
        base = 8;
    }
    char *end = NULL;
    errno = 0;
    long long value = strtoll(digits, &end, base);
    if (errno != 0 || end == digits || *end != '\0')
        return false;
    *number = negative ? -value : value;
    return true;
}

static bool
parse_real(const char *text, double *number)
{
    g_autofree char *plain = without_underscores(text);
    if (strchr(plain, ':') != NULL) {
        bool negative = plain[0] == '-';
        if (!sexagesimal(plain + (negative || plain[0] == '+'), number))
            return false;
        *number = negative ? -*number : *number;
        return true;
    }
    char *end = NULL;
    *number = g_ascii_strtod(plain, &end);
    return end != plain && *end == '\0' && isfinite(*number);
}

json_t *
yaml_scalar_value(const char *text)
{
    long long integer = 0;
    double real = 0;
    switch (yaml_scalar_kind(text)) {
    case YAML_SCALAR_NULL:
        return json_null();
    case YAML_SCALAR_BOOLEAN:
        return json_boolean(strchr("yYtT", text[0]) != NULL || g_ascii_strcasecmp(text, "on") == 0);
    case YAML_SCALAR_INTEGER:
        return parse_integer(text, &integer) ? json_integer(integer) : json_string(text);
    case YAML_SCALAR_REAL:
        return parse_real(text, &real) ? json_real(real) : json_string(text);
    case YAML_SCALAR_STRING:
    case YAML_SCALAR_TIMESTAMP:
    case YAML_SCALAR_OTHER:
        break;
    }
    return json_string(text);
}
