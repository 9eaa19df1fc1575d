/* Inspection rules: their form, and what their operators and actions are called with. Pure; any
 * thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>

enum {
    RULE_OPERATIONS = 100, /* conditions or actions of a rule */
    RULE_LOOP = 1000,      /* items of a loop */
    RULE_DEPTH = 16,       /* of arguments and loops */
    RULE_PRIORITY = 9999,  /* the greatest of a rule that is no built-in one */
};

typedef enum RuleCode {
#define RULE_CONDITION(code, name, required, optional, formatted) RULE_##code,
#define RULE_ACTION(code, name, required, optional, formatted) RULE_##code,
#include "model/rule_operations.def"
} RuleCode;

/* A row of rule_operations.def. Names are separated by blanks. */
typedef struct RuleOperation {
    RuleCode code;
    const char *name, *required, *optional, *formatted;
    bool condition; /* an operator of conditions; false: an action */
} RuleOperation;

/* An operator by its name, without "!"; an action. NULL: there is none. */
const RuleOperation *rule_operator(const char *name);
const RuleOperation *rule_action(const char *name);

/* True if the list of names with blanks has this one. */
bool rule_names_have(const char *names, const char *name);

/* The arguments of an operation by name: those of an object as they are, those of a list in the
 * order of the names. A new reference; NULL with INVALID if one is missing or not known. */
json_t *rule_arguments(const RuleOperation *operation, const json_t *args, GError **error);

/* Checks the lists of a rule: known operators and actions with their arguments, loops, bounds. NULL
 * is fine, except for empty actions. INVALID says what is wrong. */
bool rule_conditions_valid(const json_t *conditions, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool rule_actions_valid(const json_t *actions, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Leaves only what means something in a checked list: op, args, a loop that has items, and for a
 * condition with one the way its results are counted. */
void rule_tidy(json_t *operations);

/* A phase in which rules run: "main" is the only one. INVALID otherwise. */
bool rule_phase_valid(const char *phase, GError **error);
