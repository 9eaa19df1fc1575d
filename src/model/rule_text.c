/* Replacement fields of rules; the contract is in rule_text.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/rule_text.h"

#include "common/python_text.h"

#include <string.h>

#define MASK "***"

/* ---- what is masked ---- */

static bool
is_masked(const char *key)
{
    return strcmp(key, "password") == 0 || strcmp(key, "auth_token") == 0 ||
           strcmp(key, "bmc_password") == 0;
}

static void
mask_within(json_t *value)
{
    const char *key;
    size_t index;
    json_t *item;
    json_object_foreach(value, key, item)
    {
        if (is_masked(key))
            json_object_set_new(value, key, json_string(MASK));
        else
            mask_within(item);
    }
    json_array_foreach(value, index, item) mask_within(item);
}

/* ---- one field ---- */

typedef struct Field {
    const char *at; /* the rest of the text */
    const RuleValues *values;
    json_t *value;   /* owned */
    bool is_node;    /* the value is the node itself: it has attributes */
    bool is_foreign; /* it is of the inventory or the plug-in data */
} Field;

static void
step_to(Field *field, json_t *value)
{
    json_incref(value);
    json_decref(field->value);
    field->value = value;
    field->is_node = false;
}

static char *
take_until(Field *field, const char *ends)
{
    size_t length = strcspn(field->at, ends);
    char *word = g_strndup(field->at, length);
    field->at += length;
    return word;
}

static RuleTextOutcome
begin(Field *field)
{
    g_autofree char *name = take_until(field, ".[!:{}");
    const RuleValues *values = field->values;
    if (*name == '\0' || g_ascii_isdigit(*name))
        return RULE_TEXT_BAD;
    json_t *value = strcmp(name, "node") == 0                           ? values->node
                    : strcmp(name, "inventory") == 0                    ? values->inventory
                    : strcmp(name, "plugin_data") == 0                  ? values->plugin_data
                    : strcmp(name, "item") == 0 && values->item != NULL ? values->item
                                                                        : NULL;
    if (value == NULL)
        return RULE_TEXT_MISSING;
    step_to(field, value);
    field->is_node = value == values->node;
    field->is_foreign = value == values->inventory || value == values->plugin_data;
    return RULE_TEXT_DONE;
}

static RuleTextOutcome
take_attribute(Field *field)
{
    field->at++;
    g_autofree char *name = take_until(field, ".[!:{}");
    json_t *value = field->is_node ? json_object_get(field->value, name) : NULL;
    if (value == NULL)
        return RULE_TEXT_BAD;
    step_to(field, value);
    return RULE_TEXT_DONE;
}

static bool
read_index(const char *word, size_t *index)
{
    size_t length = strlen(word), number = 0;
    for (size_t i = 0; i < length; i++) {
        if (!g_ascii_isdigit(word[i]) || i >= 9)
            return false;
        number = number * 10 + (size_t)(word[i] - '0');
    }
    *index = number;
    return length > 0;
}

static RuleTextOutcome
take_key(Field *field, const char *key)
{
    size_t index;
    json_t *value = json_object_get(field->value, key);
    if (value == NULL || read_index(key, &index)) /* Python looks for a number, which no key is */
        return field->is_node ? RULE_TEXT_BAD : RULE_TEXT_MISSING;
    if (field->is_foreign && field->values->mask && is_masked(key)) {
        json_t *mask = json_string(MASK);
        step_to(field, mask);
        json_decref(mask);
        return RULE_TEXT_DONE;
    }
    step_to(field, value);
    return RULE_TEXT_DONE;
}

static RuleTextOutcome
take_character(Field *field, size_t index)
{
    const char *text = json_string_value(field->value);
    if (index >= (size_t)g_utf8_strlen(text, -1))
        return RULE_TEXT_BAD;
    const char *place = g_utf8_offset_to_pointer(text, (glong)index);
    json_t *character = json_stringn(place, (size_t)g_utf8_skip[*(const guchar *)place]);
    step_to(field, character);
    json_decref(character);
    return RULE_TEXT_DONE;
}

static RuleTextOutcome
take_index(Field *field)
{
    size_t index;
    field->at++;
    g_autofree char *word = take_until(field, "]");
    if (*field->at != ']' || *word == '\0')
        return RULE_TEXT_BAD;
    field->at++;
    if (json_is_object(field->value))
        return take_key(field, word);
    if (!read_index(word, &index))
        return RULE_TEXT_BAD;
    if (json_is_string(field->value))
        return take_character(field, index);
    json_t *value = json_array_get(field->value, index);
    if (value == NULL)
        return RULE_TEXT_BAD;
    step_to(field, value);
    return RULE_TEXT_DONE;
}

static RuleTextOutcome
walk(Field *field)
{
    RuleTextOutcome outcome = begin(field);
    while (outcome == RULE_TEXT_DONE && (*field->at == '.' || *field->at == '['))
        outcome = *field->at == '.' ? take_attribute(field) : take_index(field);
    return outcome;
}

/* "!r" and an empty format specification. */
static bool
take_end(Field *field, bool *repr)
{
    if (*field->at == '!') {
        char conversion = field->at[1];
        if (conversion != 's' && conversion != 'r')
            return false;
        *repr = conversion == 'r';
        field->at += 2;
    }
    if (*field->at == ':')
        field->at++;
    return *field->at++ == '}';
}

static void
append_value(const Field *field, bool repr, GString *out)
{
    if (json_is_string(field->value) && !repr) {
        g_string_append(out, json_string_value(field->value));
        return;
    }
    json_auto_t *shown = field->is_foreign && field->values->mask ? json_deep_copy(field->value)
                                                                  : json_incref(field->value);
    if (shown != field->value)
        mask_within(shown);
    python_repr_append(out, shown);
}

/* `at` stands behind the opening brace, and then behind the closing one. */
static RuleTextOutcome
append_field(const char **at, const RuleValues *values, GString *out)
{
    Field field = {.at = *at, .values = values};
    bool repr = false;
    RuleTextOutcome outcome = walk(&field);
    if (outcome == RULE_TEXT_DONE && (field.is_node || !take_end(&field, &repr)))
        outcome = RULE_TEXT_BAD;
    if (outcome == RULE_TEXT_DONE)
        append_value(&field, repr, out);
    json_decref(field.value);
    *at = field.at;
    return outcome;
}

/* ---- texts ---- */

static RuleTextOutcome
append_text(const char *text, const RuleValues *values, GString *out, gsize limit)
{
    for (const char *at = text; *at != '\0';) {
        size_t plain = strcspn(at, "{}");
        g_string_append_len(out, at, (gssize)plain);
        at += plain;
        if (out->len > limit)
            return RULE_TEXT_BAD;
        if (*at == '\0')
            break;
        if (at[1] == *at) {
            g_string_append_c(out, *at);
            at += 2;
            continue;
        }
        if (*at++ == '}')
            return RULE_TEXT_BAD;
        RuleTextOutcome outcome = append_field(&at, values, out);
        if (outcome != RULE_TEXT_DONE)
            return outcome;
    }
    return out->len <= limit ? RULE_TEXT_DONE : RULE_TEXT_BAD;
}

RuleTextOutcome
rule_text_format(const char *text, RuleValues *values, GString *out)
{
    gsize before = out->len;
    RuleTextOutcome outcome = append_text(text, values, out, before + values->text_left);
    values->text_left -= MIN(values->text_left, out->len - before);
    if (outcome != RULE_TEXT_DONE)
        g_string_truncate(out, before);
    return outcome;
}

static json_t *
format_string(json_t *value, RuleValues *values, bool missing_is_null)
{
    g_autoptr(GString) out = g_string_new(NULL);
    RuleTextOutcome outcome = rule_text_format(json_string_value(value), values, out);
    if (outcome == RULE_TEXT_DONE)
        return json_stringn(out->str, out->len);
    return outcome == RULE_TEXT_MISSING && missing_is_null ? json_null() : json_incref(value);
}

static json_t *
format_text(json_t *value, RuleValues *values, bool missing_is_null)
{
    json_t *once = format_string(value, values, missing_is_null);
    if (values->item == NULL || !json_is_string(once))
        return once;
    json_t *twice = format_string(once, values, missing_is_null);
    json_decref(once);
    return twice;
}

json_t *
rule_value_format(json_t *value, RuleValues *values, bool missing_is_null)
{
    const char *key;
    size_t index;
    json_t *item;
    if (json_is_string(value))
        return format_text(value, values, missing_is_null);
    if (json_is_array(value)) {
        json_t *list = json_array();
        json_array_foreach(value, index, item)
            json_array_append_new(list, rule_value_format(item, values, missing_is_null));
        return list;
    }
    if (!json_is_object(value))
        return json_incref(value);
    json_t *object = json_object();
    json_object_foreach(value, key, item)
    {
        g_autoptr(GString) name = g_string_new(NULL);
        bool named = rule_text_format(key, values, name) == RULE_TEXT_DONE;
        json_object_set_new(object, named ? name->str : key,
                            rule_value_format(item, values, missing_is_null));
    }
    return object;
}
