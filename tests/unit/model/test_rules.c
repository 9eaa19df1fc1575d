/* Inspection rules: what their texts become, when their conditions hold, which are refused.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "model/rule_check.h"
#include "model/rule_conditions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *value = json_text_parse(text, strlen(text), 0, &error);
    if (value == NULL)
        fail_msg("%s: %s", text, error->message);
    return value;
}

/* What the rules see. */
typedef struct World {
    RuleValues values;
} World;

static World *
world_new(void)
{
    World *world = g_new0(World, 1);
    world->values = (RuleValues){
        .node = parse("{\"name\": \"n1\", \"extra\": {\"rack\": \"r7\"}, \"retired\": false}"),
        .inventory = parse("{\"cpu\": {\"count\": 8, \"flags\": [\"vmx\", \"aes\"]},"
                           " \"memory\": {\"physical_mb\": 16384}, \"bmc_address\": \"10.1.2.3\","
                           " \"empty\": [], \"none\": null, \"password\": \"made-up\","
                           " \"boot\": {\"current_boot_mode\": \"uefi\"}, \"load\": 0.5}"),
        .plugin_data = parse("{\"a.b\": \"dotted\"}"),
        .mask = true,
        .operations_left = RULE_OPERATIONS_LIMIT,
        .text_left = RULE_TEXT_LIMIT,
    };
    return world;
}

static void
world_free(World *world)
{
    json_decref(world->values.node);
    json_decref(world->values.inventory);
    json_decref(world->values.plugin_data);
    g_free(world);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

/* NULL: it cannot be formatted. */
static void
becomes(const char *text, const char *expected)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GString) out = g_string_new(NULL);
    RuleTextOutcome outcome = rule_text_format(text, &world->values, out);
    if ((outcome == RULE_TEXT_DONE) != (expected != NULL) ||
        (expected != NULL && strcmp(out->str, expected) != 0))
        fail_msg("'%s' becomes '%s' (%d), not '%s'", text, out->str, (int)outcome,
                 expected != NULL ? expected : "nothing");
}

static void
fields_are_replaced_as_python_formats(void **state)
{
    (void)state;
    becomes("plain", "plain");
    becomes("{inventory[cpu][count]}", "8");
    becomes("{inventory[load]}", "0.5");
    becomes("{inventory[cpu][flags][1]}", "aes");
    becomes("{inventory[cpu]}", "{'count': 8, 'flags': ['vmx', 'aes']}");
    becomes("{inventory[none]} {node.retired}", "None False");
    becomes("{node.name}@{node[extra][rack]}", "n1@r7");
    becomes("{node.extra[rack]!r}", "'r7'");
    becomes("{inventory[bmc_address][1]}", "0");
    becomes("{plugin_data[a.b]}", "dotted");
    becomes("{{{inventory[cpu][count]}}}", "{8}");
    becomes("{inventory[cpu][count]:}", "8");
}

static void
what_is_not_there_or_no_format_stays(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{inventory[zork]}",
        "{zork}",
        "{}",
        "{0}",
        "{",
        "}",
        "{inventory",
        "{node}",
        "{a}}",
        "{inventory.cpu}",
        "{inventory[cpu]",
        "{inventory[]}",
        "{item}",
        "{!r}",
        "{inventory[cpu][flags][9]}",
        "{node.zork}",
        "{inventory[0]}",
        "{:>9}",
        "{{}",
        "{inventory[load]:.2f}",
        "{node.name!z}",
        "{inventory[cpu][flags][x]}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        becomes(texts[i], NULL);
}

static void
secrets_of_the_inventory_are_masked(void **state)
{
    (void)state;
    becomes("{inventory[password]}", "***");
    g_autoptr(World) world = world_new();
    g_autoptr(GString) out = g_string_new(NULL);
    assert_int_equal(rule_text_format("{inventory}", &world->values, out), RULE_TEXT_DONE);
    assert_null(strstr(out->str, "made-up"));
    world->values.mask = false;
    g_string_truncate(out, 0);
    assert_int_equal(rule_text_format("{inventory[password]}", &world->values, out),
                     RULE_TEXT_DONE);
    assert_string_equal(out->str, "made-up");
}

static void
texts_do_not_grow_beyond_their_limit(void **state)
{
    (void)state;
    g_autoptr(World) world = world_new();
    g_autoptr(GString) out = g_string_new(NULL);
    world->values.text_left = 20;
    assert_int_equal(rule_text_format("{inventory[cpu]}", &world->values, out), RULE_TEXT_BAD);
    assert_int_equal(out->len, 0);
}

/* 1: it holds, 0: not, -1: it cannot be judged. */
static void
judges(const char *condition, int expected)
{
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("[%s]", condition);
    json_auto_t *conditions = parse(text);
    bool holds = false;
    if (!rule_conditions_valid(conditions, &error))
        fail_msg("%s: %s", condition, error->message);
    bool judged = rule_conditions_hold(conditions, &world->values, &holds, &error);
    int seen = judged ? holds : -1;
    if (seen != expected)
        fail_msg("%s: %d, not %d (%s)", condition, seen, expected,
                 error != NULL ? error->message : "no error");
}

static void
operators_judge_as_ironics(void **state)
{
    (void)state;
    judges("{\"op\": \"eq\", \"args\": {\"values\": [1, 1.0, true]}}", 1);
    judges("{\"op\": \"eq\", \"args\": {\"values\": [\"{inventory[cpu][count]}\", 8]}}", 0);
    judges("{\"op\": \"eq\", \"args\": {\"values\": [\"{inventory[cpu][count]}\", 8], "
           "\"force_strings\": true}}",
           1);
    judges("{\"op\": \"!eq\", \"args\": {\"values\": [1, 2]}}", 1);
    judges("{\"op\": \"eq\", \"args\": [[\"x\"]]}", 1);
    judges("{\"op\": \"eq\", \"args\": {\"values\": 7}}", -1);
    judges("{\"op\": \"lt\", \"args\": {\"values\": [1, 2.5, 3]}}", 1);
    judges("{\"op\": \"gt\", \"args\": {\"values\": [3, 2, 2]}}", 0);
    judges("{\"op\": \"lt\", \"args\": {\"values\": [\"{inventory[cpu][count]}\", 9]}}", -1);
    judges("{\"op\": \"lt\", \"args\": {\"values\": [\"16\", \"4\"]}}", 1);
    judges("{\"op\": \"lt\", \"args\": {\"values\": [[1, 2], [1, 3]]}}", 1);
    judges("{\"op\": \"is-empty\", \"args\": {\"value\": \"{inventory[empty]}\"}}", 1);
    judges("{\"op\": \"is-empty\", \"args\": {\"value\": \"{inventory[zork]}\"}}", 1);
    judges("{\"op\": \"is-empty\", \"args\": {\"value\": \"{inventory[cpu]}\"}}", 0);
    judges("{\"op\": \"in-net\", \"args\": {\"address\": \"{inventory[bmc_address]}\", "
           "\"subnet\": \"10.1.0.0/16\"}}",
           1);
    judges("{\"op\": \"in-net\", \"args\": [\"10.1.2.3\", \"10.1.0.0/255.255.254.0\"]}", 0);
    judges("{\"op\": \"in-net\", \"args\": [\"2001:db8::5\", \"2001:db8::/64\"]}", 1);
    judges("{\"op\": \"in-net\", \"args\": [\"10.1.2.3\", \"2001:db8::/64\"]}", 0);
    judges("{\"op\": \"in-net\", \"args\": [\"zork\", \"10.0.0.0/8\"]}", -1);
    judges("{\"op\": \"in-net\", \"args\": [\"10.0.0.1\", \"10.0.0.0/33\"]}", -1);
    judges("{\"op\": \"matches\", \"args\": [\"{node.name}\", \"n[0-9]\"]}", 1);
    judges("{\"op\": \"matches\", \"args\": [\"{node.name}x\", \"n[0-9]\"]}", 0);
    judges("{\"op\": \"contains\", \"args\": [\"{inventory}\", \"(?i)VMX\"]}", 1);
    judges("{\"op\": \"contains\", \"args\": [\"x\", \"(\"]}", -1);
    judges("{\"op\": \"one-of\", \"args\": [\"{inventory[boot][current_boot_mode]}\", [\"bios\", "
           "\"uefi\"]]}",
           1);
    judges("{\"op\": \"one-of\", \"args\": {\"value\": \"x\"}}", 0);
    judges("{\"op\": \"is-none\", \"args\": {\"value\": null}}", 1);
    judges("{\"op\": \"is-none\", \"args\": {\"value\": \"{inventory[none]}\"}}", 0);
    judges("{\"op\": \"is-true\", \"args\": {\"value\": \"YES\"}}", 1);
    judges("{\"op\": \"is-true\", \"args\": {\"value\": \"1\"}}", 0);
    judges("{\"op\": \"is-true\", \"args\": {\"value\": 0.5}}", 1);
    judges("{\"op\": \"is-false\", \"args\": {\"value\": \"{node.retired}\"}}", 1);
    judges("{\"op\": \"is-false\", \"args\": {\"value\": null}}", 1);
}

static void
loops_hold_for_any_all_the_first_or_the_last(void **state)
{
    (void)state;
    static const struct {
        const char *loop, *multiple;
        int expected;
    } rows[] = {
        {"[1, 2]",     "any",   1},
        {"[1, 2]",     "all",   0},
        {"[2, 1]",     "last",  1},
        {"[1, 2]",     "last",  0},
        {"[2, 1]",     "first", 1},
        {"[2, 3]",     "any",   0},
        {"[1, 1]",     "all",   1},
        {"[2]",        "first", 0},
        {"{\"x\": 1}", "all",   0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *condition =
            g_strdup_printf("{\"op\": \"eq\", \"args\": {\"values\": [\"{item}\", 1]}, "
                            "\"loop\": %s, \"multiple\": \"%s\"}",
                            rows[i].loop, rows[i].multiple);
        judges(condition, rows[i].expected);
    }
    judges("{\"op\": \"eq\", \"args\": {\"values\": [\"{item[v]}\", 8]}, "
           "\"loop\": [{\"v\": \"{inventory[cpu][count]}\"}]}",
           1);
}

static void
a_costly_expression_ends_and_is_an_error(void **state)
{
    (void)state;
    judges("{\"op\": \"matches\", \"args\": [\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\", "
           "\"((a|aa)+)+$\"]}",
           -1);
}

static void
operations_are_counted(void **state)
{
    (void)state;
    g_autoptr(World) world = world_new();
    g_autoptr(GError) error = NULL;
    bool holds = false;
    world->values.operations_left = 2;
    json_auto_t *conditions = parse("[{\"op\": \"is-true\", \"args\": [\"{item}\"], "
                                    "\"loop\": [0, 0, 0], \"multiple\": \"any\"}]");
    assert_false(rule_conditions_hold(conditions, &world->values, &holds, &error));
}

static void
refuses(const char *conditions, const char *actions)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *value = parse(conditions != NULL ? conditions : actions);
    bool valid = conditions != NULL ? rule_conditions_valid(value, &error)
                                    : rule_actions_valid(value, &error);
    if (valid)
        fail_msg("%s is taken", conditions != NULL ? conditions : actions);
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
}

static void
rules_that_cannot_be_are_refused(void **state)
{
    (void)state;
    refuses("{}", NULL);
    refuses("[7]", NULL);
    refuses("[{\"op\": \"zork\", \"args\": {}}]", NULL);
    refuses("[{\"op\": \"!!eq\", \"args\": [[1]]}]", NULL);
    refuses("[{\"op\": \"eq\"}]", NULL);
    refuses("[{\"op\": \"eq\", \"args\": []}]", NULL);
    refuses("[{\"op\": \"eq\", \"args\": {\"values\": [], \"zork\": 1}}]", NULL);
    /* a name is one word of the list, also where it is empty or has a blank */
    refuses("[{\"op\": \"eq\", \"args\": {\"values\": [], \"\": 1}}]", NULL);
    refuses("[{\"op\": \"in-net\", \"args\": {\"address\": \"::1\", \"subnet\": \"::\", "
            "\"address subnet\": 1}}]",
            NULL);
    refuses("[{\"op\": \"eq\", \"args\": [[1]], \"loop\": 7}]", NULL);
    refuses("[{\"op\": \"eq\", \"args\": [[1]], \"multiple\": \"some\"}]", NULL);
    refuses("[{\"op\": \"eq\", \"args\": [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}]", NULL);
    refuses(NULL, "[]");
    refuses(NULL, "[{\"op\": \"!fail\", \"args\": {\"msg\": \"x\"}}]");
    refuses(NULL, "[{\"op\": \"set-attribute\", \"args\": {\"path\": \"/a\"}}]");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_replaced_as_python_formats),
        cmocka_unit_test(what_is_not_there_or_no_format_stays),
        cmocka_unit_test(secrets_of_the_inventory_are_masked),
        cmocka_unit_test(texts_do_not_grow_beyond_their_limit),
        cmocka_unit_test(operators_judge_as_ironics),
        cmocka_unit_test(loops_hold_for_any_all_the_first_or_the_last),
        cmocka_unit_test(a_costly_expression_ends_and_is_an_error),
        cmocka_unit_test(operations_are_counted),
        cmocka_unit_test(rules_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
