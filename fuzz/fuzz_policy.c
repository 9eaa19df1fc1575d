/* Feeds policy files to the reader and compiler; what comes through must print as the same policy and answer questions.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/auth/policy.h"
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

/* Every rule of the table gives a plain answer when the target is known. */
static void
ask_all(const Policy *policy)
{
    char *roles[] = {(char[]){"admin"}, (char[]){"member"}, NULL};
    const Credentials who = {.project_id = (char[]){"p"}, .roles = roles};
    const CheckContext context = {.credentials = &who, .owner = "p", .lessee = NULL};
    size_t count = 0;
    const PolicyRule *rules = policy_rules(&count);
    for (size_t i = 0; i < count; i++)
        if (policy_ask(policy, rules[i].name, &context) == VERDICT_DEPENDS)
            abort();
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
