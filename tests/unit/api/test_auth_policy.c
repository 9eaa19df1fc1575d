/* The policy: the table's rules for each kind of user, policy files over it, mistakes in files,
 * reloading.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/policy.h"
#include "auth/policy_store.h"
#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Credentials own their texts; these belong to the program. */
#define TEXT(literal) ((char *)(uintptr_t)(literal))
#define ROLES(...)                                                                                 \
    .roles = (char **)(uintptr_t)(const char *const[])                                             \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define ADMIN ROLES("admin", "manager", "member", "reader")
#define MEMBER ROLES("member", "reader")
#define READER ROLES("reader")
#define SERVICE ROLES("service")
#define SYSTEM .system_scope = TEXT("all")
#define PROJECT(name) .project_id = TEXT(name), .project_name = TEXT(name)

static const struct {
    const char *name;
    Credentials credentials;
} people[] = {
    {"system admin",   {SYSTEM, ADMIN}},
    {"system member",  {SYSTEM, MEMBER}},
    {"system reader",  {SYSTEM, READER}},
    {"system service", {SYSTEM, SERVICE}},
    {"owner admin",    {PROJECT("own"), ADMIN}},
    {"owner member",   {PROJECT("own"), MEMBER}},
    {"owner reader",   {PROJECT("own"), READER}},
    {"owner service",  {PROJECT("own"), SERVICE}},
    {"lessee admin",   {PROJECT("let"), ADMIN}},
    {"lessee member",  {PROJECT("let"), MEMBER}},
    {"lessee reader",  {PROJECT("let"), READER}},
    {"other admin",    {PROJECT("else"), ADMIN}},
    {"other service",  {PROJECT("else"), SERVICE}},
    {"the service",    {PROJECT("service"), SERVICE}},
    {"no role",        {PROJECT("own")}},
    {"domain admin",   {.domain_id = TEXT("d"), ADMIN}},
};

/* A letter for each of the people above, in their order: y or -. The node belongs to "own" and is
 * leased to "let".
 *
 * system  owner  lessee  other
 * amrs    amrs   amr     as     s  no  d
 */
static const struct {
    const char *rule, *answers;
} rows[] = {
    {"baremetal:node:create", "y--y"
                              "----"
                              "---"
                              "--"
                              "-"
                              "-"
                              "-"},
    {"baremetal:node:create:self_owned_node", "y--y"
                                              "y--y"
                                              "y--"
                                              "yy"
                                              "y"
                                              "-"
                                              "-"},
    {"baremetal:node:list", "yyyy"
                            "yyyy"
                            "yyy"
                            "yy"
                            "y"
                            "-"
                            "-"},
    {"baremetal:node:list_all", "yyyy"
                                "----"
                                "---"
                                "--"
                                "y"
                                "-"
                                "-"},
    {"baremetal:node:get", "yyyy"
                           "yyyy"
                           "yyy"
                           "--"
                           "y"
                           "-"
                           "-"},
    {"baremetal:node:get:driver_info", "yyyy"
                                       "yyyy"
                                       "---"
                                       "--"
                                       "y"
                                       "-"
                                       "-"},
    {"baremetal:node:get:filter_threshold", "yyyy"
                                            "----"
                                            "---"
                                            "--"
                                            "y"
                                            "-"
                                            "-"},
    {"baremetal:node:update", "yy-y"
                              "yy--"
                              "yy-"
                              "--"
                              "y"
                              "-"
                              "-"},
    {"baremetal:node:update:driver_info", "yy-y"
                                          "yy-y"
                                          "---"
                                          "--"
                                          "y"
                                          "-"
                                          "-"},
    {"baremetal:node:update:owner", "yy--"
                                    "----"
                                    "---"
                                    "--"
                                    "y"
                                    "-"
                                    "-"},
    {"baremetal:node:update:driver_interfaces", "yy-y"
                                                "y--y"
                                                "---"
                                                "--"
                                                "y"
                                                "-"
                                                "-"},
    {"baremetal:node:update_extra", "yy-y"
                                    "yy--"
                                    "yy-"
                                    "--"
                                    "y"
                                    "-"
                                    "-"},
    {"baremetal:node:update_instance_info", "yy-y"
                                            "yy-y"
                                            "y--"
                                            "--"
                                            "y"
                                            "-"
                                            "-"},
    {"baremetal:node:update_owner_provisioned", "y---"
                                                "----"
                                                "---"
                                                "--"
                                                "-"
                                                "-"
                                                "-"},
    {"baremetal:node:delete", "y---"
                              "----"
                              "---"
                              "--"
                              "-"
                              "-"
                              "-"},
    {"baremetal:node:delete:self_owned_node", "----"
                                              "y---"
                                              "---"
                                              "--"
                                              "-"
                                              "-"
                                              "-"},
    {"baremetal:node:set_power_state", "yy-y"
                                       "yy--"
                                       "yy-"
                                       "--"
                                       "y"
                                       "-"
                                       "-"},
    {"baremetal:node:set_provision_state", "yy-y"
                                           "yy-y"
                                           "y--"
                                           "--"
                                           "y"
                                           "-"
                                           "-"},
    {"baremetal:node:vendor_passthru", "y---"
                                       "----"
                                       "---"
                                       "--"
                                       "-"
                                       "-"
                                       "-"},
    {"baremetal:node:traits:set", "yy-y"
                                  "y--y"
                                  "---"
                                  "--"
                                  "y"
                                  "-"
                                  "-"},
    {"baremetal:port:create", "y--y"
                              "y--y"
                              "---"
                              "--"
                              "-"
                              "-"
                              "-"},
    {"baremetal:port:update", "yy-y"
                              "y--y"
                              "---"
                              "--"
                              "y"
                              "-"
                              "-"},
    {"baremetal:volume:create", "yy-y"
                                "y--y"
                                "y--"
                                "--"
                                "y"
                                "-"
                                "-"},
    {"baremetal:volume:view_target_properties", "yyyy"
                                                "y---"
                                                "y--"
                                                "y-"
                                                "y"
                                                "-"
                                                "-"},
    {"baremetal:chassis:get", "yyyy"
                              "----"
                              "---"
                              "--"
                              "-"
                              "-"
                              "-"},
    {"baremetal:chassis:create", "y---"
                                 "----"
                                 "---"
                                 "--"
                                 "-"
                                 "-"
                                 "-"},
    {"baremetal:conductor:get", "yyyy"
                                "----"
                                "---"
                                "--"
                                "y"
                                "-"
                                "-"},
    {"baremetal:deploy_template:create", "y---"
                                         "----"
                                         "---"
                                         "--"
                                         "-"
                                         "-"
                                         "-"},
    {"baremetal:allocation:get", "yyyy"
                                 "yyy-"
                                 "---"
                                 "--"
                                 "y"
                                 "-"
                                 "-"},
    {"baremetal:allocation:create", "yy--"
                                    "yy--"
                                    "yy-"
                                    "y-"
                                    "y"
                                    "-"
                                    "-"},
    {"baremetal:allocation:create_restricted", "yy--"
                                               "----"
                                               "---"
                                               "--"
                                               "y"
                                               "-"
                                               "-"},
    {"baremetal:node:ipa_heartbeat", "yyyy"
                                     "yyyy"
                                     "yyy"
                                     "yy"
                                     "y"
                                     "y"
                                     "y"},
    {"show_password", "----"
                      "----"
                      "---"
                      "--"
                      "-"
                      "-"
                      "-"},
    {"there:is:no:such:rule", "----"
                              "----"
                              "---"
                              "--"
                              "-"
                              "-"
                              "-"},
};

static Policy *
policy_of(const char *text, bool legacy_too, bool enforce_scope)
{
    g_autoptr(GHashTable) overrides = policy_overrides_new();
    g_autoptr(GError) error = NULL;
    const PolicyOptions options = {legacy_too, enforce_scope};
    if (!policy_text_read("p", text, strlen(text), overrides, &error))
        fail_msg("%s", error->message);
    Policy *policy = policy_new(overrides, &options, &error);
    if (policy == NULL)
        fail_msg("%s", error->message);
    return policy;
}

static bool
admits(const Policy *policy, const char *rule, const Credentials *credentials)
{
    const CheckContext context = {.credentials = credentials,
                                  .owner = "own",
                                  .lessee = "let",
                                  .service_project_name = "service"};
    return policy_ask(policy, rule, &context) == VERDICT_YES;
}

static void
each_rule_admits_the_roles_it_should(void **state)
{
    (void)state;
    g_autoptr(Policy) policy = policy_of("", false, true);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_int_equal(strlen(rows[i].answers), G_N_ELEMENTS(people));
        for (size_t k = 0; k < G_N_ELEMENTS(people); k++) {
            bool answer = admits(policy, rows[i].rule, &people[k].credentials);
            if (answer != (rows[i].answers[k] == 'y'))
                fail_msg("%s for %s: %d", rows[i].rule, people[k].name, answer);
        }
    }
}

static const Credentials *
person(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(people); i++)
        if (strcmp(people[i].name, name) == 0)
            return &people[i].credentials;
    fail_msg("nobody is called %s", name);
    return NULL;
}

static void
older_defaults_admit_administrators_of_any_project(void **state)
{
    (void)state;
    g_autoptr(Policy) policy = policy_of("", true, false);
    assert_true(admits(policy, "baremetal:node:create", person("other admin")));
    assert_true(admits(policy, "baremetal:node:list_all", person("other admin")));
    assert_true(admits(policy, "baremetal:chassis:create", person("other admin")));
    assert_false(admits(policy, "baremetal:node:create", person("owner member")));
    assert_true(admits(policy, "baremetal:node:create", person("system admin")));
    const Credentials demo = {PROJECT("demo"), ROLES("observer")};
    assert_true(admits(policy, "baremetal:node:get", &demo));
    assert_false(admits(policy, "baremetal:node:update", &demo));
}

static void
scopes_are_enforced_only_when_asked_for(void **state)
{
    (void)state;
    static const char text[] = "\"baremetal:chassis:get\": \"role:reader\"";
    g_autoptr(Policy) strict = policy_of(text, false, true);
    g_autoptr(Policy) lax = policy_of(text, false, false);
    assert_false(admits(strict, "baremetal:chassis:get", person("owner reader")));
    assert_true(admits(lax, "baremetal:chassis:get", person("owner reader")));
}

static void
files_replace_rules_and_may_add_their_own(void **state)
{
    (void)state;
    g_autoptr(Policy) policy = policy_of("# for the night shift\n"
                                         "night: role:nightwatch or role:admin\n"
                                         "\"baremetal:node:set_power_state\": \"rule:night\"\n"
                                         "\"baremetal:node:get\": [[\"role:reader\", "
                                         "\"project_id:else\"], \"role:nightwatch\"]\n",
                                         false, true);
    const Credentials watch = {PROJECT("else"), ROLES("nightwatch")};
    assert_true(admits(policy, "baremetal:node:set_power_state", &watch));
    assert_true(admits(policy, "baremetal:node:set_power_state", person("other admin")));
    assert_false(admits(policy, "baremetal:node:set_power_state", person("system member")));
    assert_true(admits(policy, "baremetal:node:get", &watch));
    assert_true(admits(policy, "baremetal:node:get", person("other admin")));
    assert_false(admits(policy, "baremetal:node:get", person("owner admin")));
}

static void
an_override_of_an_older_name_counts_for_the_newer_ones(void **state)
{
    (void)state;
    g_autoptr(Policy) policy = policy_of("{\"baremetal:node:update\": \"role:nightwatch\","
                                         " \"baremetal:node:update:name\": \"role:reader\"}",
                                         false, true);
    const Credentials watch = {PROJECT("else"), ROLES("nightwatch")};
    assert_true(admits(policy, "baremetal:node:update:driver_info", &watch));
    assert_false(admits(policy, "baremetal:node:update:driver_info", person("system admin")));
    assert_false(admits(policy, "baremetal:node:update:name", &watch));
    assert_true(admits(policy, "baremetal:node:update:name", person("other admin")));
}

static void
mistakes_in_files_are_named_with_file_line_and_rule(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } bad[] = {
        {"a: role:admin\nb: 'role:admin or'\n", "p:2: rule \"b\""},
        {"x: rule:y\ny: rule:z\nz: rule:x\n",   "circle"},
        {"x: 'role:a or rule:x'\n",             "circle"},
        {"- role:admin\n",                      "p:1"},
        {"just text",                           "p:1"},
        {"a: {b: c}\n",                         "rule \"a\""},
        {"a:\n",                                "rule \"a\""},
        {"a: ~\n",                              "rule \"a\""},
        {"a: [[[b]]]\n",                        "rule \"a\""},
        {"a: &x role:admin\nb: *x\n",           "aliases"},
        {"a: \"role:admin\n",                   "p:"},
        {"a: b: c\n",                           "p:1"},
        {"a: \"x\\0y\"\n",                      "NUL"},
        {"a: '@'\n---\nb: '@'\n",               "p:2"},
        {"{\"a\": \"@\"",                       "p:"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GHashTable) overrides = policy_overrides_new();
        g_autoptr(GError) error = NULL;
        const PolicyOptions options = {0};
        Policy *policy = NULL;
        if (policy_text_read("p", bad[i].text, strlen(bad[i].text), overrides, &error))
            policy = policy_new(overrides, &options, &error);
        if (policy != NULL || error == NULL)
            fail_msg("row %zu was taken", i);
        if (strstr(error->message, bad[i].said) == NULL)
            fail_msg("row %zu: \"%s\" does not say \"%s\"", i, error->message, bad[i].said);
        assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
    }
}

static void
chains_of_rules_without_end_are_refused(void **state)
{
    (void)state;
    g_autoptr(GHashTable) overrides = policy_overrides_new();
    for (int i = 0; i < 100; i++) {
        g_autofree char *name = g_strdup_printf("r%d", i);
        g_autofree char *check = g_strdup_printf("rule:r%d", i + 1);
        policy_overrides_set(overrides, name, i == 99 ? "@" : check, "p:1");
    }
    g_autoptr(GError) error = NULL;
    const PolicyOptions options = {0};
    assert_null(policy_new(overrides, &options, &error));
    assert_non_null(strstr(error->message, "in a row"));
}

static void
the_printed_policy_reads_back_as_the_same(void **state)
{
    (void)state;
    g_autoptr(Policy) policy =
        policy_of("\"baremetal:node:get\": \"role:reader and 'a\\\"b':a\\\"b\"\nmine: role:me\n",
                  false, true);
    g_autofree char *text = policy_to_yaml(policy);
    size_t count = 0;
    const PolicyRule *table = policy_rules(&count);
    for (size_t i = 0; i < count; i++)
        if (strstr(text, table[i].name) == NULL || strstr(text, table[i].description) == NULL)
            fail_msg("%s is not printed", table[i].name);
    assert_non_null(strstr(text, "\n\"mine\": \"role:me\"\n"));
    assert_non_null(
        strstr(text, "\n#\"baremetal:node:delete\": \"role:admin and system_scope:all\"\n"));
    g_autoptr(Policy) again = policy_of(text, false, true);
    g_autofree char *twice = policy_to_yaml(again);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1), others = g_strsplit(twice, "\n", -1);
    assert_int_equal(g_strv_length(lines), g_strv_length(others));
    for (size_t i = 0; lines[i] != NULL; i++)
        if (!g_str_has_prefix(lines[i], "# Set in")) /* the line number has changed */
            assert_string_equal(lines[i], others[i]);
}

/* A chain of `steps` rules that each refer twice to the next. */
static Policy *
doubling(int steps, GError **error)
{
    g_autoptr(GHashTable) overrides = policy_overrides_new();
    const PolicyOptions options = {false};
    policy_overrides_set(overrides, "r0", "!", "f:1");
    for (int i = 1; i <= steps; i++) {
        g_autofree char *name = g_strdup_printf("r%d", i);
        g_autofree char *check = g_strdup_printf("rule:r%d or rule:r%d", i - 1, i - 1);
        policy_overrides_set(overrides, name, check, "f:2");
    }
    return policy_new(overrides, &options, error);
}

static void
rules_that_would_take_forever_to_answer_are_refused(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Policy) small = doubling(10, &error);
    assert_non_null(small);
    for (int steps = 20; steps <= 31; steps++) {
        assert_null(doubling(steps, &error));
        assert_non_null(strstr(error->message, "takes more than 20000 checks to answer"));
        g_clear_error(&error);
    }
}

static void
every_rule_with_a_mistake_is_named(void **state)
{
    (void)state;
    g_autoptr(GHashTable) overrides = policy_overrides_new();
    const PolicyOptions options = {false};
    g_autoptr(GError) error = NULL;
    policy_overrides_set(overrides, "baremetal:node:get", "role:", "p.yaml:3");
    policy_overrides_set(overrides, "baremetal:node:create", "and", "p.yaml:2");
    policy_overrides_set(overrides, "mine", "or", "p.yaml:10");
    policy_overrides_set(overrides, "good", "role:a", "p.yaml:11");
    assert_null(policy_new(overrides, &options, &error));
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
    assert_int_equal(g_strv_length(lines), 2);
    assert_true(g_str_has_prefix(lines[0], "p.yaml:2: rule \"baremetal:node:create\": "));
    assert_true(g_str_has_prefix(lines[1], "p.yaml:10: rule \"mine\": "));
}

static Verdict
fail_to_answer(void *user_data, const char *url, const CheckContext *context)
{
    (*(unsigned *)user_data)++;
    assert_string_equal(url, "http://h/x");
    assert_string_equal(context->rule, "baremetal:node:create");
    assert_string_equal(context->object, "node");
    return VERDICT_FAILED;
}

static void
a_server_that_gives_no_answer_admits_nobody(void **state)
{
    (void)state;
    g_autoptr(GHashTable) overrides = policy_overrides_new();
    const PolicyOptions options = {false};
    g_autoptr(GError) error = NULL;
    unsigned asked = 0;
    policy_overrides_set(overrides, "ask", "http://h/x", "f:1");
    policy_overrides_set(overrides, "baremetal:node:create", "not rule:ask", "f:2");
    g_autoptr(Policy) policy = policy_new(overrides, &options, &error);
    assert_non_null(policy);
    assert_true(policy_asks_remote(policy));
    const Credentials who = {ROLES("admin")};
    const CheckContext context = {
        .credentials = &who, .remote = fail_to_answer, .remote_data = &asked};
    assert_int_equal(policy_ask(policy, "baremetal:node:create", &context), VERDICT_NO);
    assert_int_equal(asked, 1);
    g_autoptr(Policy) plain = policy_new(NULL, &options, &error);
    assert_false(policy_asks_remote(plain));
}

static void
write_file(const char *path, const char *text)
{
    g_autoptr(GError) error = NULL;
    if (!g_file_set_contents(path, text, -1, &error)) /* a new file each time */
        fail_msg("%s", error->message);
}

static void
a_changed_file_counts_at_once_and_a_broken_one_does_not(void **state)
{
    (void)state;
    g_autofree char *folder = g_dir_make_tmp("steel-policy-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "policy.yaml", NULL);
    g_autofree char *setting = g_strdup_printf("oslo_policy.policy_file=%s", path);
    g_autoptr(GError) error = NULL;
    Config *config = config_new();
    assert_true(config_set(config, setting, &error) && config_finish(config, &error));
    config_publish(config);
    log_set_level(LOG_LEVEL_ERROR + 1);

    assert_null(policy_current(0, &error)); /* a file that is named must exist */
    assert_non_null(strstr(error->message, path));
    g_clear_error(&error);
    write_file(path, "show_password: role:a\n");
    const Credentials of_a = {ROLES("a")}, of_b = {ROLES("b")};
    const Policy *first = policy_current(0, &error);
    assert_non_null(first);
    assert_true(admits(first, "show_password", &of_a));
    assert_ptr_equal(policy_current(0, &error), first);

    write_file(path, "show_password: role:b\n# longer\n");
    const Policy *second = policy_current(0, &error);
    assert_true(admits(second, "show_password", &of_b));
    assert_false(admits(second, "show_password", &of_a));
    assert_true(
        admits(first, "show_password", &of_a)); /* a caller that holds the old policy may use it */

    write_file(path, "show_password: role:\n# broken\nx\n");
    assert_ptr_equal(policy_current(0, &error), second);
    assert_null(error);
    write_file(path, "# moved\nshow_password: role:b\n"); /* an equal policy is kept once */
    assert_ptr_equal(policy_current(0, &error), second);
    write_file(path, "show_password: role:a\n# and again\n");
    assert_ptr_equal(policy_current(0, &error), first);
    unlink(path);
    assert_ptr_equal(policy_current(0, &error), first);
    policy_store_clear();
    config_shutdown();
    rmdir(folder);
}

static void
files_of_a_directory_are_laid_over_in_the_order_of_their_names(void **state)
{
    (void)state;
    g_autofree char *folder = g_dir_make_tmp("steel-policy-XXXXXX", NULL);
    g_autofree char *directory = g_strdup_printf("oslo_policy.policy_dirs=%s", folder);
    g_autofree char *one = g_build_filename(folder, "10-one.yaml", NULL);
    g_autofree char *two = g_build_filename(folder, "20-two.json", NULL);
    g_autofree char *not_one = g_build_filename(folder, "30-three.yaml~", NULL);
    write_file(one, "show_password: role:a\nshow_instance_secrets: role:a\n");
    write_file(two, "{\"show_password\": \"role:b\"}");
    write_file(not_one, "show_password: '!'\n");
    g_autoptr(GError) error = NULL;
    g_autoptr(Config) config = config_new();
    assert_true(config_set(config, directory, &error) && config_finish(config, &error));
    g_autoptr(Policy) policy = policy_load(config, &error);
    assert_non_null(policy);
    const Credentials of_a = {ROLES("a")}, of_b = {ROLES("b")};
    assert_true(admits(policy, "show_password", &of_b));
    assert_false(admits(policy, "show_password", &of_a));
    assert_true(admits(policy, "show_instance_secrets", &of_a));
    unlink(one);
    unlink(two);
    unlink(not_one);
    rmdir(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_admits_the_roles_it_should),
        cmocka_unit_test(older_defaults_admit_administrators_of_any_project),
        cmocka_unit_test(scopes_are_enforced_only_when_asked_for),
        cmocka_unit_test(files_replace_rules_and_may_add_their_own),
        cmocka_unit_test(an_override_of_an_older_name_counts_for_the_newer_ones),
        cmocka_unit_test(mistakes_in_files_are_named_with_file_line_and_rule),
        cmocka_unit_test(chains_of_rules_without_end_are_refused),
        cmocka_unit_test(the_printed_policy_reads_back_as_the_same),
        cmocka_unit_test(a_changed_file_counts_at_once_and_a_broken_one_does_not),
        cmocka_unit_test(files_of_a_directory_are_laid_over_in_the_order_of_their_names),
        cmocka_unit_test(every_rule_with_a_mistake_is_named),
        cmocka_unit_test(rules_that_would_take_forever_to_answer_are_refused),
        cmocka_unit_test(a_server_that_gives_no_answer_admits_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
