/* Rules compiled into checks; the contract is in policy.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/policy.h"

#include "common/log.h"
#include "common/mistakes.h"

#include <limits.h>
#include <string.h>

/* How many rules may refer to each other in a row, and how many checks one question may cost: 32
 * rules that each refer twice to the next would take minutes. */
enum { CHAIN_LIMIT = 32, COST_LIMIT = 20000 };
/* Unicode characters that end a line in YAML 1.1, although GLib counts them as graphic. */
enum { LINE_SEPARATOR = 0x2028, PARAGRAPH_SEPARATOR = 0x2029 };

static const PolicyRule rules[] = {
#define RULE(name, scopes, check, legacy_name, legacy_check, description)                          \
    {name, scopes, check, legacy_name, legacy_check, description},
#include "auth/policy.def"
};

/* A rule in force. */
typedef struct Entry {
    const PolicyRule *rule; /* NULL if only a file has it */
    Check *check;
    char *text;
    char *origin;     /* the file; NULL for the table */
    unsigned height;  /* for the search for circles; see Walk */
    size_t cost;      /* the most checks that it takes, with those of the rules it refers to */
    bool asks_remote; /* the rule, or one that it refers to */
} Entry;

struct Policy {
    GHashTable *entries; /* name (borrowed from the table, or owned by `names`) -> Entry */
    GPtrArray *names;
    PolicyOptions options;
};

const PolicyRule *
policy_rules(size_t *count)
{
    *count = G_N_ELEMENTS(rules);
    return rules;
}

static void
override_free(void *data)
{
    PolicyOverride *override = data;
    g_free(override->check);
    g_free(override->origin);
    g_free(override);
}

GHashTable *
policy_overrides_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, override_free);
}

void
policy_overrides_set(GHashTable *overrides, const char *name, const char *check, const char *origin)
{
    PolicyOverride *override = g_new0(PolicyOverride, 1);
    override->check = g_strdup(check);
    override->origin = g_strdup(origin);
    g_hash_table_replace(overrides, g_strdup(name), override);
}

static void
entry_free(void *data)
{
    Entry *entry = data;
    check_free(entry->check);
    g_free(entry->text);
    g_free(entry->origin);
    g_free(entry);
}

void
policy_free(Policy *policy)
{
    if (policy == NULL)
        return;
    g_hash_table_unref(policy->entries);
    g_ptr_array_unref(policy->names);
    g_free(policy);
}

static const PolicyOverride *
override_of(GHashTable *overrides, const char *name)
{
    return overrides != NULL && name != NULL ? g_hash_table_lookup(overrides, name) : NULL;
}

static bool
add_entry(Policy *policy, const char *name, const PolicyRule *rule, const char *text,
          const char *origin, GError **error)
{
    Check *check = check_parse(text, error);
    if (check == NULL) {
        g_prefix_error(error, "%s%srule \"%s\": ", origin != NULL ? origin : "",
                       origin != NULL ? ": " : "", name);
        return false;
    }
    Entry *entry = g_new0(Entry, 1);
    entry->rule = rule;
    entry->check = check;
    entry->text = g_strdup(text);
    entry->origin = g_strdup(origin);
    g_hash_table_replace(policy->entries, (void *)(uintptr_t)name, entry);
    return true;
}

/* The override of a row: its own, or that of the rule's former name, unless that one only repeats
 * the default. */
static const PolicyOverride *
effective_override(GHashTable *overrides, const PolicyRule *rule)
{
    const PolicyOverride *own = override_of(overrides, rule->name);
    if (own != NULL || rule->legacy_name == NULL || strcmp(rule->legacy_name, rule->name) == 0)
        return own;
    const PolicyOverride *older = override_of(overrides, rule->legacy_name);
    if (older == NULL || strcmp(older->check, rule->legacy_check) == 0)
        return NULL;
    bool refers_here = g_str_has_prefix(older->check, "rule:") &&
                       strcmp(older->check + strlen("rule:"), rule->name) == 0;
    return refers_here ? NULL : older;
}

static bool
add_row(Policy *policy, const PolicyRule *rule, GHashTable *overrides, GError **error)
{
    const PolicyOverride *override = effective_override(overrides, rule);
    if (override != NULL)
        return add_entry(policy, rule->name, rule, override->check, override->origin, error);
    if (!policy->options.legacy_too || rule->legacy_check == NULL)
        return add_entry(policy, rule->name, rule, rule->check, NULL, error);
    g_autofree char *text = *rule->check == '\0'
                                ? g_strdup("")
                                : g_strdup_printf("(%s) or (%s)", rule->check, rule->legacy_check);
    return add_entry(policy, rule->name, rule, text, NULL, error);
}

static bool
is_row(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++)
        if (strcmp(rules[i].name, name) == 0)
            return true;
    return false;
}

/* Adds rules that only a file has. Other rules may refer to them; a name that looks like a mistake
 * is reported. */
static void
add_foreign(Policy *policy, GHashTable *overrides, Mistakes *mistakes)
{
    g_autoptr(GString) unknown = g_string_new(NULL);
    GHashTableIter iterator;
    void *key, *value;
    g_hash_table_iter_init(&iterator, overrides);
    while (g_hash_table_iter_next(&iterator, &key, &value)) {
        const PolicyOverride *override = value;
        if (is_row(key))
            continue;
        char *name = g_strdup(key);
        g_ptr_array_add(policy->names, name);
        GError *mistake = NULL;
        if (!add_entry(policy, name, NULL, override->check, override->origin, &mistake))
            mistakes_take(mistakes, mistake);
        else if (g_str_has_prefix(name, "baremetal:"))
            g_string_append_printf(unknown, "%s%s (%s)", unknown->len > 0 ? ", " : "", name,
                                   override->origin);
    }
    if (unknown->len > 0)
        log_warning("api.policy", "rules that Steel does not have are ignored: %s", unknown->str);
}

static const Check *
find_check(void *user_data, const char *name)
{
    const Policy *policy = user_data;
    const Entry *entry = g_hash_table_lookup(policy->entries, name);
    return entry != NULL ? entry->check : NULL;
}

/* A walk along references. A rule's height is the length of its longest chain of references. */
typedef struct Walk {
    Policy *policy;
    const char *rule; /* the rule whose references are visited */
    unsigned height;  /* the greatest of its references */
    bool asks_remote; /* one of its references does */
    GError **error;
} Walk;

enum { HEIGHT_NEW = 0, HEIGHT_UNDER_WAY = UINT_MAX };

static bool measure(Policy *policy, const char *name, Entry *entry, GError **error);

static bool
visit_reference(void *user_data, const char *name, const Check *resolved)
{
    Walk *walk = user_data;
    if (resolved == NULL) {
        log_warning("api.policy",
                    "rule \"%s\" refers to \"%s\", which does not exist: that admits nobody",
                    walk->rule, name);
        return true;
    }
    Entry *entry = g_hash_table_lookup(walk->policy->entries, name);
    if (entry->height == HEIGHT_UNDER_WAY)
        return steel_fail(walk->error, STEEL_ERROR_CONFIG,
                          "rule \"%s\" refers to \"%s\", and that is a circle", walk->rule, name);
    if (entry->height == HEIGHT_NEW && !measure(walk->policy, name, entry, walk->error))
        return false;
    walk->height = MAX(walk->height, entry->height);
    walk->asks_remote = walk->asks_remote || entry->asks_remote;
    return true;
}

static size_t
cost_of(void *user_data, const char *name)
{
    const Policy *policy = user_data;
    const Entry *entry = g_hash_table_lookup(policy->entries, name);
    return entry->cost;
}

static bool
measure(Policy *policy, const char *name, Entry *entry, GError **error)
{
    entry->height = HEIGHT_UNDER_WAY;
    Walk walk = {policy, name, 0, check_asks_remote(entry->check), error};
    if (!check_visit_rules(entry->check, visit_reference, &walk))
        return false;
    if (walk.height >= CHAIN_LIMIT)
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "rule \"%s\": more than %d rules refer to each other in a row", name,
                          CHAIN_LIMIT);
    entry->height = walk.height + 1;
    entry->asks_remote = walk.asks_remote;
    entry->cost = check_cost(entry->check, cost_of, policy);
    return entry->cost <= COST_LIMIT ||
           steel_fail(
               error, STEEL_ERROR_CONFIG,
               "rule \"%s\": with the rules that it refers to it takes more than %d checks to "
               "answer",
               name, COST_LIMIT);
}

/* Binds references and refuses circles. */
static bool
link_rules(Policy *policy, GError **error)
{
    GHashTableIter iterator;
    void *key, *value;
    g_hash_table_iter_init(&iterator, policy->entries);
    while (g_hash_table_iter_next(&iterator, &key, &value))
        check_resolve(((Entry *)value)->check, find_check, policy);
    g_hash_table_iter_init(&iterator, policy->entries);
    while (g_hash_table_iter_next(&iterator, &key, &value)) {
        Entry *entry = value;
        if (entry->height == HEIGHT_NEW && !measure(policy, key, entry, error))
            return false;
    }
    return true;
}

Policy *
policy_new(GHashTable *overrides, const PolicyOptions *options, GError **error)
{
    g_autoptr(Policy) policy = g_new0(Policy, 1);
    policy->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    policy->names = g_ptr_array_new_with_free_func(g_free);
    policy->options = *options;
    g_autoptr(Mistakes) mistakes = mistakes_new();
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        GError *mistake = NULL;
        if (!add_row(policy, &rules[i], overrides, &mistake))
            mistakes_take(mistakes, mistake);
    }
    if (overrides != NULL)
        add_foreign(policy, overrides, mistakes);
    if (!mistakes_report(mistakes, error) || !link_rules(policy, error))
        return NULL;
    return g_steal_pointer(&policy);
}

/* The kind of token, as in PolicyRule.scopes; 0 for a domain's. */
static unsigned
scope_of(const Credentials *credentials)
{
    if (credentials->system_scope != NULL)
        return POLICY_SCOPE_SYSTEM;
    return credentials->domain_id != NULL ? 0 : POLICY_SCOPE_PROJECT;
}

bool
policy_asks_remote(const Policy *policy)
{
    GHashTableIter iterator;
    void *value;
    g_hash_table_iter_init(&iterator, policy->entries);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        const Entry *entry = value;
        if (entry->rule != NULL && entry->asks_remote)
            return true;
    }
    return false;
}

/* What the owner in a rule's check belongs to. */
static const char *
object_of(const char *rule)
{
    static const struct {
        const char *prefix, *object;
    } objects[] = {
        {"baremetal:allocation:", "allocation"},
        {"baremetal:runbook:", "runbook"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(objects); i++)
        if (g_str_has_prefix(rule, objects[i].prefix))
            return objects[i].object;
    return "node";
}

Verdict
policy_ask(const Policy *policy, const char *rule, const CheckContext *context)
{
    const Entry *entry = g_hash_table_lookup(policy->entries, rule);
    if (entry == NULL)
        return VERDICT_NO;
    if (policy->options.enforce_scope && entry->rule != NULL && entry->rule->scopes != 0 &&
        !(entry->rule->scopes & scope_of(context->credentials)))
        return VERDICT_NO;
    CheckContext full = *context;
    full.object = object_of(rule);
    full.rule = rule;
    Verdict verdict = check_evaluate(entry->check, &full);
    return verdict == VERDICT_FAILED ? VERDICT_NO : verdict;
}

/* A double-quoted scalar of YAML. */
static void
append_quoted(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (; *text != '\0'; text += g_utf8_skip[*(const guchar *)text]) {
        gunichar c = g_utf8_get_char(text);
        if (c == '"' || c == '\\')
            g_string_append_printf(out, "\\%c", (char)c);
        else if (c == ' ' ||
                 (g_unichar_isgraph(c) && c != LINE_SEPARATOR && c != PARAGRAPH_SEPARATOR))
            g_string_append_unichar(out, c);
        else
            g_string_append_printf(out, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
    }
    g_string_append_c(out, '"');
}

static const char *
scopes_text(unsigned scopes)
{
    if (scopes == (POLICY_SCOPE_SYSTEM | POLICY_SCOPE_PROJECT))
        return "system, project";
    return scopes == POLICY_SCOPE_SYSTEM ? "system" : "project";
}

static void
append_entry(GString *out, const Policy *policy, const char *name)
{
    const Entry *entry = g_hash_table_lookup(policy->entries, name);
    const PolicyRule *rule = entry->rule;
    g_string_append_c(out, '\n');
    if (rule != NULL)
        g_string_append_printf(out, "# %s\n", rule->description);
    if (rule != NULL && rule->scopes != 0)
        g_string_append_printf(out, "# Scopes: %s\n", scopes_text(rule->scopes));
    if (entry->origin != NULL)
        g_string_append_printf(out, "# Set in %s; default: ", entry->origin);
    if (entry->origin != NULL && rule != NULL)
        append_quoted(out, rule->check);
    else if (entry->origin != NULL)
        g_string_append(out, "none, Steel itself does not ask this rule");
    g_string_append_c(out, entry->origin != NULL ? '\n' : '#');
    append_quoted(out, name);
    g_string_append(out, ": ");
    append_quoted(out, entry->text);
    g_string_append_c(out, '\n');
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *
policy_to_yaml(const Policy *policy)
{
    GString *out =
        g_string_new("# Who may do what, when [DEFAULT]auth_strategy is keystone. Lines that begin "
                     "with #\" are the\n"
                     "# defaults; the others are set in a policy file. To change a rule, write its "
                     "line without the #\n"
                     "# into [oslo_policy]policy_file; Steel takes it over without a restart.\n");
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++)
        append_entry(out, policy, rules[i].name);
    g_ptr_array_sort(policy->names, compare_names);
    for (guint i = 0; i < policy->names->len; i++)
        append_entry(out, policy, g_ptr_array_index(policy->names, i));
    return g_string_free(out, FALSE);
}
