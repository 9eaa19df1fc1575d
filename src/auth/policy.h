/* The access policy: the table of rules, with policy files over it, compiled into checks. A Policy
 * is immutable once made; any thread may ask it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "auth/check.h"

enum {
    POLICY_SCOPE_SYSTEM = 1 << 0,
    POLICY_SCOPE_PROJECT = 1 << 1,
};

/* One row of policy.def. All strings are static. */
typedef struct PolicyRule {
    const char *name;
    unsigned scopes; /* the kinds of tokens that it admits if scopes are enforced; 0: all */
    const char *check;
    const char *legacy_name, *legacy_check; /* NULL: none */
    const char *description;
} PolicyRule;

/* The table. */
const PolicyRule *policy_rules(size_t *count);

/* The line of a policy file for one rule. */
typedef struct PolicyOverride {
    char *check;
    char *origin; /* "policy.yaml:12" */
} PolicyOverride;

/* A table of name -> PolicyOverride, both owned by it. Free with g_hash_table_unref. */
GHashTable *policy_overrides_new(void);

/* Sets one; replaces an older one. Copies its arguments. */
void policy_overrides_set(GHashTable *overrides, const char *name, const char *check,
                          const char *origin);

/* Reads a policy file into the overrides: YAML or JSON, a mapping of rule names to check strings
 * (or to oslo.policy's older lists of lists). Errors: CONFIG "file:line: ..." (over 1 MiB or 10,000
 * rules, syntax, another shape), IO. */
bool policy_file_read(const char *path, GHashTable *overrides,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for text; `name` is its name in messages. */
bool policy_text_read(const char *name, const char *text, size_t size, GHashTable *overrides,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct Policy Policy;

typedef struct PolicyOptions {
    bool legacy_too;    /* [oslo_policy]enforce_new_defaults is off */
    bool enforce_scope; /* [oslo_policy]enforce_scope */
} PolicyOptions;

/* Compiles table and overrides (borrowed for the call; NULL: none). Free with policy_free.
 * References to rules that do not exist answer NO, as in oslo.policy, and are warned of in the log,
 * as are overrides of rules that Steel does not have.
 * Errors: CONFIG, a line for each rule with a mistake (an invalid check string, rules that refer to
 * each other in a circle, or so often that a question would take more than 20,000 checks). */
Policy *policy_new(GHashTable *overrides, const PolicyOptions *options,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void policy_free(Policy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Policy, policy_free)

/* True if a rule of the table asks another server: questions then block if context->remote is
 * set. */
bool policy_asks_remote(const Policy *policy);

/* Asks one rule. A rule that does not exist answers NO, as does one whose scopes the credentials do
 * not have, and one that gets no answer from a server that it asks; never FAILED. `context->object`
 * and `rule` are taken from the rule's name and need not be set. */
Verdict policy_ask(const Policy *policy, const char *rule, const CheckContext *context);

/* Table and effective rules as YAML with comments, which is a valid policy file: rules that a file
 * sets are in force in it, all others are comments. The caller frees. */
char *policy_to_yaml(const Policy *policy);
