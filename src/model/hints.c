/* Root device hints; the contract is in hints.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/hints.h"

#include "common/json_text.h"

#include <string.h>

#define GIB (INT64_C(1) << 30)

typedef enum HintType { HINT_TEXT, HINT_SIZE, HINT_BOOLEAN } HintType;

static const struct {
    const char *name;
    HintType type;
} hint_rows[] = {
    {"size",                 HINT_SIZE},
    {"model",                HINT_TEXT},
    {"wwn",                  HINT_TEXT},
    {"wwn_with_extension",   HINT_TEXT},
    {"wwn_vendor_extension", HINT_TEXT},
    {"serial",               HINT_TEXT},
    {"vendor",               HINT_TEXT},
    {"name",                 HINT_TEXT},
    {"rotational",           HINT_BOOLEAN},
    {"hctl",                 HINT_TEXT},
    {"by_path",              HINT_TEXT},
    {"tran",                 HINT_TEXT},
};

/* An operator, with the outcomes of a comparison that it accepts. */
typedef struct Operator {
    const char *word;
    bool text; /* compares texts, not numbers */
    bool less, same, more;
} Operator;

/* A longer word stands before the shorter one that it begins with. */
static const Operator operators[] = {
    {"s==", true,  false, true,  false},
    {"s!=", true,  true,  false, true},
    {"s<=", true,  true,  true,  false},
    {"s>=", true,  false, true,  true},
    {"s<",  true,  true,  false, false},
    {"s>",  true,  false, false, true},
    {"==",  false, false, true,  false},
    {"!=",  false, true,  false, true},
    {"<=",  false, true,  true,  false},
    {">=",  false, false, true,  true},
    {"=",   false, false, true,  true},
    {"<",   false, true,  false, false},
    {">",   false, false, false, true},
};

static bool
fulfils(const Operator *wanted, int comparison)
{
    return comparison < 0 ? wanted->less : comparison > 0 ? wanted->more : wanted->same;
}

/* Finds the operator that a text begins with. *rest: out, the text behind it and its blanks. */
static const Operator *
find_operator(const char *text, const char **rest)
{
    for (size_t i = 0; i < G_N_ELEMENTS(operators); i++) {
        size_t length = strlen(operators[i].word);
        if (strncmp(text, operators[i].word, length) != 0)
            continue;
        *rest = text + length + strspn(text + length, " ");
        return &operators[i];
    }
    *rest = text;
    return NULL;
}

static bool
read_number(const char *text, int64_t *number)
{
    char *end;
    double value = g_ascii_strtod(text, &end);
    bool fits = value >= -1e15 && value <= 1e15; /* what does not cannot be cast */
    *number = fits ? (int64_t)value : 0;
    return fits && end != text && end[strspn(end, " ")] == '\0';
}

static bool
match_number(const char *hint, int64_t value, bool *match)
{
    static const Operator equal = {"==", false, false, true, false};
    const char *rest;
    int64_t wanted;
    const Operator *found = find_operator(hint, &rest);
    if (!read_number(rest, &wanted) || (found != NULL && found->text))
        return false;
    *match = fulfils(found != NULL ? found : &equal, value < wanted ? -1 : value > wanted);
    return true;
}

/* "<all-in> part part" */
static bool
has_all(const char *parts, const char *value)
{
    g_auto(GStrv) words = g_strsplit(parts, " ", 0);
    for (char **word = words; *word != NULL; word++)
        if (**word != '\0' && strcmp(*word, "<all-in>") != 0 && strstr(value, *word) == NULL)
            return false;
    return true;
}

/* "<or> this <or> that" */
static bool
is_one_of(const char *choices, const char *value)
{
    g_auto(GStrv) words = g_strsplit(choices, "<or>", 0);
    for (char **word = words; *word != NULL; word++)
        if (*g_strstrip(*word) != '\0' && strcmp(*word, value) == 0)
            return true;
    return false;
}

/* Both in lower case. */
static bool
match_text(const char *hint, const char *value)
{
    const char *rest;
    if (g_str_has_prefix(hint, "<in>"))
        return strstr(value, hint + 4 + strspn(hint + 4, " ")) != NULL;
    if (g_str_has_prefix(hint, "<all-in>"))
        return has_all(hint, value);
    if (g_str_has_prefix(hint, "<or>"))
        return is_one_of(hint, value);
    const Operator *found = find_operator(hint, &rest);
    if (found == NULL)
        return strcmp(value, hint) == 0;
    int64_t a, b;
    if (!found->text && read_number(value, &a) && read_number(rest, &b))
        return fulfils(found, a < b ? -1 : a > b);
    return fulfils(found, strcmp(value, rest));
}

/* Strips blanks, makes lower case, decodes "%20". */
static char *
normalize(const char *text)
{
    g_autofree char *decoded = g_uri_unescape_string(text, NULL);
    char *lower = g_utf8_strdown(decoded != NULL ? decoded : text, -1);
    return g_strstrip(lower);
}

static char *
hint_text(const json_t *hint)
{
    if (json_is_string(hint))
        return g_strdup(json_string_value(hint));
    return json_text_dump(hint);
}

static bool
match_boolean(const json_t *hint, const json_t *value, bool *match)
{
    bool wanted;
    if (!json_read_boolean(hint, &wanted))
        return false;
    *match = json_is_boolean(value) && json_is_true(value) == wanted;
    return true;
}

/* Returns false if the hint's value is wrong. */
static bool
match_one(HintType type, const json_t *hint, const json_t *value, bool *match)
{
    g_autofree char *text = hint_text(hint), *wanted = normalize(text);
    *match = false;
    if (type == HINT_BOOLEAN)
        return match_boolean(hint, value, match);
    if (type == HINT_SIZE)
        return match_number(wanted, json_integer_value(value) / GIB, match);
    if (!json_is_string(value))
        return true;
    g_autofree char *own = normalize(json_string_value(value));
    *match = match_text(wanted, own);
    return true;
}

static bool
find_type(const char *name, HintType *type, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hint_rows); i++)
        if (strcmp(hint_rows[i].name, name) == 0) {
            *type = hint_rows[i].type;
            return true;
        }
    return steel_fail(error, STEEL_ERROR_INVALID, "there is no root device hint '%.40s'", name);
}

bool
hints_match(const json_t *hints, const json_t *disk, bool *match, GError **error)
{
    const char *name;
    json_t *hint;
    bool all = true;
    json_object_foreach((json_t *)(uintptr_t)hints, name, hint)
    {
        HintType type = HINT_TEXT;
        bool one = false;
        if (!find_type(name, &type, error))
            return false;
        if (!match_one(type, hint, json_object_get(disk, name), &one))
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "the root device hint %s has a wrong value", name);
        all = all && one;
    }
    *match = all;
    return true;
}

json_t *
hints_parse(const char *text)
{
    json_t *hints = json_object();
    g_auto(GStrv) words = g_strsplit(text, ",", 64);
    for (char **word = words; *word != NULL; word++) {
        char *equals = strchr(*word, '=');
        if (equals == NULL)
            continue;
        *equals = '\0';
        json_object_set_new(hints, g_strstrip(*word), json_string(g_strstrip(equals + 1)));
    }
    return hints;
}
