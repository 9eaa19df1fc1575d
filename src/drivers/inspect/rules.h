/* Inspection rules at work: after an inspection's hooks, each rule of the phase whose conditions
 * hold runs its actions, the greatest priority first.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/inspect/inspection.h"
#include "model/rule_text.h"

/* Runs the rules of the phase "main": those of the database, and the built-in ones of
 * [inspection_rules]built_in_rules. They change the node (saved; on failure it is as it was), its
 * ports (at once) and the plug-in data.
 *
 * Lock    exclusive, from a worker
 * Blocks  on the database; on an api-call at most API_CALL_LIMIT_S
 * Errors  INVALID: a rule says that the inspection has failed, or cannot be applied; DATABASE
 * Again   safe */
bool rules_apply(Inspection *inspection, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How deep a path may lead. */
enum { RULE_PATH_PARTS = 32 };

/* Seconds that one api-call may take, with all its retries. */
enum { API_CALL_LIMIT_S = 120 };

/* What an action works on. */
typedef struct RuleRun {
    Inspection *inspection;
    RuleValues values; /* `node` is made anew after each action */
    bool mask;         /* secrets are masked for this rule */
} RuleRun;

/* rule_actions.c: runs one action once; `arguments` have their fields replaced. */
bool rule_action_run(RuleRun *run, const json_t *action, json_t *arguments, GError **error);

/* rule_attributes.c: "/extra/a" or "extra.a" of a record; a list of its parts, g_strfreev frees. */
char **rule_path(const char *path);
/* Set, extend or delete what a path leads to; fields that clients may not change are refused.
 * INVALID. */
bool rule_attribute_set(const Resource *resource, void *record, const char *path, json_t *value,
                        GError **error);
bool rule_attribute_extend(const Resource *resource, void *record, const char *path, json_t *value,
                           bool unique, GError **error);
bool rule_attribute_delete(const Resource *resource, void *record, const char *path,
                           GError **error);
/* The same in an object, along a list of keys; what is missing on the way is made. */
bool rule_object_set(json_t *object, char **keys, json_t *value, GError **error);
bool rule_object_extend(json_t *object, char **keys, json_t *value, bool unique, GError **error);
/* False without an error if there is nothing. As in Ironic, an object that would be left empty goes
 * too. */
bool rule_object_unset(json_t *object, char **keys);

/* rule_api_call.c */
bool rule_api_call(const json_t *arguments, GError **error);
