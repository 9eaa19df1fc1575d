/* Texts of inspection rules with replacement fields, "{inventory[cpu][count]}": what Python's
 * str.format makes of them, without its format specifications. Pure; any thread.
 *
 * A field is node, inventory, plugin_data or (in a loop) item, then [key] or [index], and after
 * `node` also .attribute; !s and !r may follow. "{{" and "}}" are braces. The text of what is no
 * string is Python's: True, None, ['a'].
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/* What fields refer to; borrowed. */
typedef struct RuleValues {
    json_t *node, *inventory, *plugin_data; /* objects; the secrets of `node` are masked already */
    json_t *item;                           /* of a loop; NULL: there is none */
    /* passwords in inventory and plug-in data read as asterisks */
    bool mask;
    size_t operations_left; /* that may still be run; counts down */
    size_t text_left;       /* bytes that texts may still have, within one operation; counts down */
} RuleValues;

typedef enum RuleTextOutcome {
    RULE_TEXT_DONE,
    RULE_TEXT_MISSING, /* a key that is not there */
    RULE_TEXT_BAD,     /* no format, or what it refers to cannot be */
} RuleTextOutcome;

enum {
    RULE_OPERATIONS_LIMIT = 20000,    /* of one inspection */
    RULE_TEXT_LIMIT = 4 * 1024 * 1024 /* of one operation */
};

/* Appends the text with its fields replaced, and counts text_left down; BAD if that is not enough.
 * On another outcome than DONE `out` is as it was. */
RuleTextOutcome rule_text_format(const char *text, RuleValues *values, GString *out);

/* The value with all texts in it formatted: a new reference. A text that cannot be formatted stays
 * as it is; one with a missing key becomes null when `missing_is_null`. Texts in a loop are
 * formatted twice, so that items may have fields of their own. */
json_t *rule_value_format(json_t *value, RuleValues *values, bool missing_is_null);
