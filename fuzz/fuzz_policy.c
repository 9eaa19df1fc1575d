/* Feeds policy files to the reader and compiler; what comes through must print as the same policy
 * and answer questions.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/policy.h"
#include "common/log.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Policy *
compile(const char *text, size_t size, GError **error)
{
    g_autoptr(GHashTable) overrides = policy_overrides_new();
    const PolicyOptions options = {.legacy_too = true};
    if (!policy_text_read("f", text, size, overrides, error))
        return NULL;
    return policy_new(overrides, &options, error);
}

/* Another server that always says the same. */
static Verdict
ask_server(void *user_data, const char *url, const CheckContext *context)
{
    if (!g_str_has_prefix(url, "http") || context->rule == NULL)
        abort();
    return *(Verdict *)user_data;
}

/* Every rule of the table gives a plain answer when the target is known. */
static void
ask_all(const Policy *policy)
{
    char *roles[] = {(char[]){"admin"}, (char[]){"member"}, NULL};
    const Credentials who = {.project_id = (char[]){"p"}, .roles = roles};
    static const Verdict answers[] = {VERDICT_YES, VERDICT_NO, VERDICT_FAILED};
    size_t count = 0;
    const PolicyRule *rules = policy_rules(&count);
    for (size_t i = 0; i < count; i++) {
        Verdict answer = answers[i % G_N_ELEMENTS(answers)];
        const CheckContext context = {.credentials = &who,
                                      .owner = "p",
                                      .lessee = NULL,
                                      .remote = ask_server,
                                      .remote_data = &answer};
        Verdict verdict = policy_ask(policy, rules[i].name, &context);
        if (verdict == VERDICT_DEPENDS || verdict == VERDICT_FAILED)
            abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    log_set_level(LOG_LEVEL_ERROR);
    g_autoptr(Policy) policy = compile((const char *)data, size, &error);
    if ((policy == NULL) == (error == NULL))
        abort();
    if (policy == NULL)
        return 0;
    ask_all(policy);
    g_autofree char *shown = policy_to_yaml(policy);
    g_autoptr(Policy) again = compile(shown, strlen(shown), &error);
    if (again == NULL && strlen(shown) < 1024 * 1024) {
        g_autofree char *message = g_strdup(error->message);
        log_error("fuzz", "what was shown does not read back: %s", message);
        abort();
    }
    return 0;
}
