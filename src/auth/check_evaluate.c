/* The evaluation of check strings; the contract is in check.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/check_priv.h"

#include <string.h>

void
check_resolve(Check *check, CheckResolver resolver, void *user_data)
{
    if (check == NULL)
        return;
    if (check->kind == CHECK_RULE)
        check->resolved = resolver(user_data, check->name);
    check_resolve(check->first, resolver, user_data);
    check_resolve(check->second, resolver, user_data);
}

bool
check_visit_rules(const Check *check, CheckVisitor visit, void *user_data)
{
    if (check == NULL)
        return true;
    if (check->kind == CHECK_RULE && !visit(user_data, check->name, check->resolved))
        return false;
    return check_visit_rules(check->first, visit, user_data) &&
           check_visit_rules(check->second, visit, user_data);
}

bool
check_asks_remote(const Check *check)
{
    return check != NULL && (check->kind == CHECK_REMOTE || check_asks_remote(check->first) ||
                             check_asks_remote(check->second));
}

/* A sum that does not overflow. */
static size_t
plus(size_t a, size_t b)
{
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

size_t
check_cost(const Check *check, CheckCost cost_of, void *user_data)
{
    if (check == NULL)
        return 0;
    size_t own = check->resolved != NULL ? plus(1, cost_of(user_data, check->name)) : 1;
    return plus(own, plus(check_cost(check->first, cost_of, user_data),
                          check_cost(check->second, cost_of, user_data)));
}

/* Finds the target's value for %(name)s. False if absent. */
static bool
target_value(const CheckContext *context, const char *name, const char **value, bool *unknown)
{
    size_t length = strlen(context->object);
    bool is_object = strncmp(name, context->object, length) == 0 && name[length] == '.';
    const char *rest = is_object ? name + length + 1 : "";
    if (strcmp(rest, "owner") == 0 || strcmp(rest, "lessee") == 0) {
        *unknown = context->target_unknown;
        *value = *rest == 'o' ? context->owner : context->lessee;
        return true;
    }
    if (strcmp(name, "config.service_project_name") == 0) {
        *value = context->service_project_name;
        return true;
    }
    const CredentialAttribute *attribute = credential_attribute(name);
    if (attribute == NULL || attribute->type == CREDENTIAL_LIST)
        return false;
    *value = credential_text(context->credentials, attribute);
    return true;
}

/* Compares a text with a value that may contain names. An absent value equals nothing, so that a
 * node without an owner does not belong to everybody. */
static Verdict
compare(const Check *check, const CheckContext *context, const char *text, bool any_case)
{
    bool depends = false;
    for (size_t i = 0; i < check->part_count; i++) {
        const CheckPart *part = &check->parts[i];
        const char *value = part->text;
        bool unknown = false;
        if (part->is_name && !target_value(context, part->text, &value, &unknown))
            return VERDICT_NO;
        if (unknown) {
            depends = true; /* the rest cannot be compared yet */
            continue;
        }
        if (value == NULL)
            return VERDICT_NO;
        size_t length = strlen(value);
        if (!depends) {
            int order =
                any_case ? g_ascii_strncasecmp(text, value, length) : strncmp(text, value, length);
            if (order != 0)
                return VERDICT_NO;
            text += length;
        }
    }
    if (depends)
        return VERDICT_DEPENDS;
    return *text == '\0' ? VERDICT_YES : VERDICT_NO;
}

static Verdict
compare_any(const Check *check, const CheckContext *context, char *const *texts, bool any_case)
{
    Verdict best = VERDICT_NO;
    for (; texts != NULL && *texts != NULL && best != VERDICT_YES; texts++) {
        Verdict verdict = compare(check, context, *texts, any_case);
        if (verdict != VERDICT_NO)
            best = verdict;
    }
    return best;
}

static bool
has_names(const Check *check)
{
    for (size_t i = 0; i < check->part_count; i++)
        if (check->parts[i].is_name)
            return true;
    return false;
}

static Verdict
match(const Check *check, const CheckContext *context)
{
    const CredentialAttribute *attribute = check->attribute;
    if (attribute == NULL)
        return VERDICT_NO;
    if (attribute->type == CREDENTIAL_LIST)
        return compare_any(check, context, credential_list(context->credentials, attribute), false);
    const char *text = credential_text(context->credentials, attribute);
    if (text != NULL)
        return compare(check, context, text, false);
    /* A rule may compare with an absent value as None, if it says so itself. */
    return has_names(check) ? VERDICT_NO : compare(check, context, "None", false);
}

/* The URL with the values of its names, escaped: an owner must not choose where the question goes.
 * NULL if a value is absent. */
static char *
remote_url(const Check *check, const CheckContext *context)
{
    g_autoptr(GString) url = g_string_new(NULL);
    for (size_t i = 0; i < check->part_count; i++) {
        const CheckPart *part = &check->parts[i];
        const char *value = part->text;
        bool unknown = false;
        if (!part->is_name)
            g_string_append(url, value);
        else if (!target_value(context, part->text, &value, &unknown) || value == NULL)
            return NULL;
        else
            g_string_append_uri_escaped(url, value, NULL, false);
    }
    return g_string_free(g_steal_pointer(&url), FALSE);
}

static Verdict
ask_remote(const Check *check, const CheckContext *context)
{
    if (context->target_unknown)
        return VERDICT_DEPENDS; /* the question names the target's owner */
    g_autofree char *url = context->remote != NULL ? remote_url(check, context) : NULL;
    return url != NULL ? context->remote(context->remote_data, url, context) : VERDICT_FAILED;
}

static Verdict
both(Verdict a, Verdict b)
{
    if (a == VERDICT_FAILED || b == VERDICT_FAILED)
        return VERDICT_FAILED;
    if (a == VERDICT_NO || b == VERDICT_NO)
        return VERDICT_NO;
    return a == VERDICT_YES && b == VERDICT_YES ? VERDICT_YES : VERDICT_DEPENDS;
}

static Verdict
either(Verdict a, Verdict b)
{
    if (a == VERDICT_FAILED || b == VERDICT_FAILED)
        return VERDICT_FAILED;
    if (a == VERDICT_YES || b == VERDICT_YES)
        return VERDICT_YES;
    return a == VERDICT_NO && b == VERDICT_NO ? VERDICT_NO : VERDICT_DEPENDS;
}

static Verdict
opposite(Verdict verdict)
{
    if (verdict == VERDICT_DEPENDS || verdict == VERDICT_FAILED)
        return verdict;
    return verdict == VERDICT_YES ? VERDICT_NO : VERDICT_YES;
}

Verdict
check_evaluate(const Check *check, const CheckContext *context)
{
    switch (check->kind) {
    case CHECK_ALWAYS:
        return VERDICT_YES;
    case CHECK_NEVER:
        return VERDICT_NO;
    case CHECK_NOT:
        return opposite(check_evaluate(check->first, context));
    case CHECK_AND: {
        Verdict first = check_evaluate(check->first, context);
        bool decided = first == VERDICT_NO || first == VERDICT_FAILED;
        return decided ? first : both(first, check_evaluate(check->second, context));
    }
    case CHECK_OR: {
        Verdict first = check_evaluate(check->first, context);
        bool decided = first == VERDICT_YES || first == VERDICT_FAILED;
        return decided ? first : either(first, check_evaluate(check->second, context));
    }
    case CHECK_RULE:
        return check->resolved != NULL ? check_evaluate(check->resolved, context) : VERDICT_NO;
    case CHECK_ROLE:
        return compare_any(check, context, context->credentials->roles, true);
    case CHECK_LITERAL:
        return compare(check, context, check->name, false);
    case CHECK_MATCH:
        return match(check, context);
    case CHECK_REMOTE:
        return ask_remote(check, context);
    }
    return VERDICT_NO;
}
