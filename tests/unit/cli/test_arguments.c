/* Parsed command lines, and the bodies and patches made of them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/arguments.h"
#include "cli/body.h"
#include "cli/command.h"
#include "common/json_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A command line: its words, the command that they name, and the parsed rest. */
typedef struct Line {
    char **words;
    const Command *command;
    Arguments *arguments;
    GError *error;
    bool parsed;
} Line;

static void
line_clear(Line *line)
{
    g_strfreev(line->words);
    arguments_free(line->arguments);
    g_clear_error(&line->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Line, line_clear)

static Line
parse(const char *text)
{
    Line line = {.arguments = arguments_new()};
    int count = 0;
    size_t used = 0;
    assert_true(g_shell_parse_argv(text, &count, &line.words, NULL));
    line.command = command_find(line.words, (size_t)count, &used);
    assert_non_null(line.command);
    line.parsed = arguments_parse(line.arguments, line.command, line.words + used,
                                  count - (int)used, &line.error);
    return line;
}

static void
assert_refused(const char *text, const char *part)
{
    g_auto(Line) line = parse(text);
    if (line.parsed)
        fail_msg("taken: %s", text);
    assert_true(steel_error_is(line.error, STEEL_ERROR_INVALID));
    if (strstr(line.error->message, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, line.error->message);
}

static void
assert_patch(const char *text, const char *expected)
{
    g_auto(Line) line = parse(text);
    g_autoptr(GError) error = NULL;
    assert_true(line.parsed);
    json_auto_t *patch = patch_build(line.command, line.arguments, &error);
    assert_non_null(patch);
    g_autofree char *seen = json_text_dump(patch);
    assert_string_equal(seen, expected);
}

static void
assert_body(const char *text, const char *expected)
{
    g_auto(Line) line = parse(text);
    g_autoptr(GError) error = NULL;
    assert_true(line.parsed);
    json_auto_t *body = body_build(line.command, line.arguments, &error);
    assert_non_null(body);
    g_autofree char *seen = json_text_dump(body);
    assert_string_equal(seen, expected);
}

static void
the_longest_run_of_words_names_the_command(void **state)
{
    (void)state;
    char *words[] = {(char[]){"port"}, (char[]){"group"}, (char[]){"list"}, (char[]){"x"}};
    size_t used = 0;
    assert_string_equal(command_find(words, 4, &used)->words, "port group list");
    assert_int_equal(used, 3);
    assert_null(command_find(words, 2, &used));
    assert_null(command_find(words, 0, &used));
}

static void
options_are_known_by_name_letter_and_unambiguous_beginning(void **state)
{
    (void)state;
    g_auto(Line) line =
        parse("node list -f json -cUUID --col Name --sort=name:desc --long --limit 3");
    assert_true(line.parsed);
    assert_string_equal(arguments_text(line.arguments, "--format"), "json");
    assert_int_equal(arguments_values(line.arguments, "--column")->len, 2);
    assert_string_equal(arguments_text(line.arguments, "--sort"), "name:desc");
    assert_true(arguments_has(line.arguments, "--long"));
    assert_int_equal(arguments_number(line.arguments, "--limit", 0), 3);
    assert_refused("node list --conductor-gruop x", "unrecognized option");
    assert_refused("node list --cond x", "several options");
}

static void
the_reference_clients_other_names_of_options_are_known(void **state)
{
    (void)state;
    g_auto(Line) line = parse("node show n --variable uuid --quiet --verbose --os-auth-plugin none "
                              "--os-api-version 1.72 --os-endpoint-type public");
    assert_true(line.parsed);
    const GPtrArray *columns = arguments_values(line.arguments, "--column");
    assert_non_null(columns);
    assert_string_equal(g_ptr_array_index(columns, 0), "uuid");
    assert_true(arguments_has(line.arguments, "--debug"));
    assert_string_equal(arguments_text(line.arguments, "--os-auth-type"), "none");
    assert_string_equal(arguments_text(line.arguments, "--os-baremetal-api-version"), "1.72");
    assert_string_equal(arguments_text(line.arguments, "--os-interface"), "public");
}

static void
wrong_command_lines_are_refused_with_the_reason(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"node show", "<node> is required"},
        {"node show a b", "unrecognized argument: b"},
        {"node show ''", "must not be empty"},
        {"node list --limit x", "whole number"},
        {"node list --limit -1", "Expected non-negative --limit"},
        {"node list --maintenance --no-maintenance", "cannot be given together"},
        {"node list --long --fields uuid", "cannot be given together"},
        {"node list --fields nonsense", "no field \"nonsense\""},
        {"node list -f nonsense", "none of csv|json|table|value|yaml"},
        {"node list --long=1", "takes no value"},
        {"node list --driver", "--driver needs a value"},
        {"node list --driver --long", "--driver needs a value"},
        {"node create --name x", "--driver <driver> is required"},
        {"node clean n1", "--clean-steps <clean-steps> is req"},
        {"node boot device set n1 tape", "none of pxe|disk"},
        {"node set n --boot-interface a --reset-boot-interface", "cannot be given together"},
        {"node remove trait n1", "<trait> is required"},
        {"node remove trait n1 A --all", "cannot be given together"},
        {"node delete", "<node> is required"},
        {"volume connector create --node n --type tape --connector-id x", "none of iqn"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        assert_refused(rows[i][0], rows[i][1]);
}

static void
different_interfaces_can_be_set_and_reset_together(void **state)
{
    (void)state;
    assert_patch("node set n --bios-interface no-bios --reset-boot-interface",
                 "[{\"op\":\"add\",\"path\":\"/bios_interface\",\"value\":\"no-bios\"},"
                 "{\"op\":\"remove\",\"path\":\"/boot_interface\"}]");
}

static void
wait_takes_a_number_only_if_one_follows(void **state)
{
    (void)state;
    g_auto(Line) with = parse("node deploy --wait 60 n1");
    assert_true(with.parsed);
    assert_int_equal(arguments_number(with.arguments, "--wait", 0), 60);
    g_auto(Line) without = parse("node deploy --wait n1");
    assert_true(without.parsed);
    assert_true(arguments_has(without.arguments, "--wait"));
    assert_int_equal(arguments_number(without.arguments, "--wait", 0), 0);
    assert_string_equal(arguments_positional(without.arguments, 0), "n1");
}

static void
fields_take_several_words_and_commas(void **state)
{
    (void)state;
    g_auto(Line) line = parse("node list --fields uuid name,extra --fields shard");
    assert_true(line.parsed);
    const GPtrArray *names = arguments_values(line.arguments, "--fields");
    assert_int_equal(names->len, 4);
    assert_string_equal(g_ptr_array_index(names, 2), "extra");
    assert_string_equal(g_ptr_array_index(names, 3), "shard");
}

static void
everything_after_two_dashes_is_an_argument(void **state)
{
    (void)state;
    g_auto(Line) line = parse("node show --instance -- -odd-name");
    assert_true(line.parsed);
    assert_string_equal(arguments_positional(line.arguments, 0), "-odd-name");
}

static void
help_excuses_what_is_missing(void **state)
{
    (void)state;
    g_auto(Line) line = parse("node create --help");
    assert_true(line.parsed);
    assert_true(arguments_has(line.arguments, "--help"));
}

static void
set_reads_values_as_json_where_they_are_json(void **state)
{
    (void)state;
    assert_patch(
        "node set n --name new --property cpus=4 --property text=abc --extra list='[1,\"a\"]' "
        "--driver-info flag=true --instance-info quoted='\"1\"' --extra eq=a=b --extra none=",
        "[{\"op\":\"add\",\"path\":\"/name\",\"value\":\"new\"},"
        "{\"op\":\"add\",\"path\":\"/properties/cpus\",\"value\":4},"
        "{\"op\":\"add\",\"path\":\"/properties/text\",\"value\":\"abc\"},"
        "{\"op\":\"add\",\"path\":\"/extra/list\",\"value\":[1,\"a\"]},"
        "{\"op\":\"add\",\"path\":\"/extra/eq\",\"value\":\"a=b\"},"
        "{\"op\":\"add\",\"path\":\"/extra/none\",\"value\":\"\"},"
        "{\"op\":\"add\",\"path\":\"/driver_info/flag\",\"value\":true},"
        "{\"op\":\"add\",\"path\":\"/instance_info/quoted\",\"value\":\"1\"}]");
}

static void
flags_and_their_opposites_are_sent_as_ironicclient_sends_them(void **state)
{
    (void)state;
    assert_patch("node set n --protected --no-automated-clean",
                 "[{\"op\":\"add\",\"path\":\"/protected\",\"value\":\"True\"},"
                 "{\"op\":\"add\",\"path\":\"/automated_clean\",\"value\":\"False\"}]");
    assert_patch("port group set g --mode 802.3ad --unsupport-standalone-ports",
                 "[{\"op\":\"add\",\"path\":\"/standalone_ports_supported\",\"value\":\"False\"},"
                 "{\"op\":\"add\",\"path\":\"/mode\",\"value\":\"802.3ad\"}]");
    assert_patch("port unset p --is-smartnic",
                 "[{\"op\":\"add\",\"path\":\"/is_smartnic\",\"value\":\"False\"}]");
}

static void
a_mode_that_looks_like_a_number_stays_text(void **state)
{
    (void)state;
    assert_patch("port group set g --mode 4",
                 "[{\"op\":\"add\",\"path\":\"/mode\",\"value\":\"4\"}]");
}

static void
unset_removes_fields_and_keys(void **state)
{
    (void)state;
    assert_patch(
        "node unset n --name --extra a/b --instance-info image_source --network-data",
        "[{\"op\":\"remove\",\"path\":\"/name\"},{\"op\":\"remove\",\"path\":\"/extra/a/b\"},"
        "{\"op\":\"remove\",\"path\":\"/instance_info/image_source\"},"
        "{\"op\":\"remove\",\"path\":\"/network_data\"}]");
}

static void
empty_texts_and_no_options_change_nothing(void **state)
{
    (void)state;
    assert_patch("node set n --name ''", "[]");
    assert_patch("node set n", "[]");
}

static void
a_pair_without_equals_is_refused(void **state)
{
    (void)state;
    g_auto(Line) line = parse("node set n --property nonsense");
    g_autoptr(GError) error = NULL;
    assert_true(line.parsed);
    assert_null(patch_build(line.command, line.arguments, &error));
    assert_non_null(strstr(error->message, "KEY=VALUE"));
}

static void
numbers_too_large_stay_text(void **state)
{
    (void)state;
    g_autofree char *key = NULL;
    json_t *value = NULL;
    g_autoptr(GError) error = NULL;
    assert_true(pair_split("k=99999999999999999999", &key, &value, &error));
    assert_string_equal(json_string_value(value), "99999999999999999999");
    json_decref(value);
}

static void
bodies_have_the_fields_of_options_and_arguments(void **state)
{
    (void)state;
    assert_body(
        "node create --driver ipmi --name n --property a=1 --extra b=c --no-automated-clean",
        "{\"driver\":\"ipmi\",\"properties\":{\"a\":1},\"extra\":{\"b\":\"c\"},\"name\":\"n\","
        "\"automated_clean\":false}");
    assert_body("node power off n --soft --power-timeout 20",
                "{\"target\":\"soft power off\",\"timeout\":20}");
    assert_body("node boot device set n pxe --persistent",
                "{\"persistent\":true,\"boot_device\":\"pxe\"}");
    assert_body("node maintenance set n", "{\"reason\":null}");
    assert_body("node vif attach n v --vif-info a=1", "{\"id\":\"v\",\"a\":1}");
    assert_body(
        "port create 52:54:00:00:00:01 --node u -l switch_id=1 --local-link-connection port_id=a",
        "{\"address\":\"52:54:00:00:00:01\",\"node_uuid\":\"u\","
        "\"local_link_connection\":{\"switch_id\":1,\"port_id\":\"a\"}}");
    assert_body("allocation create --resource-class c --trait A --trait B",
                "{\"resource_class\":\"c\",\"traits\":[\"A\",\"B\"]}");
    assert_body("node clean n --clean-steps '[{\"step\": \"x\"}]'",
                "{\"target\":\"clean\",\"clean_steps\":[{\"step\":\"x\"}]}");
}

static void
a_config_drive_that_is_an_object_is_sent_as_one(void **state)
{
    (void)state;
    assert_body("node deploy n --config-drive '{\"meta_data\": {}}'",
                "{\"target\":\"active\",\"configdrive\":{\"meta_data\":{}}}");
}

static void
paths_and_queries_are_percent_encoded(void **state)
{
    (void)state;
    g_auto(Line) line = parse("node vif detach 'a/b c' '?x'");
    g_autofree char *path = path_build(line.command->path, line.arguments);
    assert_string_equal(path, "/v1/nodes/a%2Fb%20c/vifs/%3Fx");
    g_auto(Line) list = parse("node list --owner 'a&b' --maintenance --marker m");
    g_autoptr(GString) query = g_string_new("/v1/nodes");
    query_build(list.command, list.arguments, query);
    assert_string_equal(query->str, "/v1/nodes?maintenance=True&owner=a%26b&marker=m");
}

static void
every_row_of_the_tables_is_complete(void **state)
{
    (void)state;
    for (const Command *const *table = command_tables; *table != NULL; table++) {
        for (const Command *command = *table; command->words != NULL; command++) {
            const OptionRow *tables[OPTION_TABLES_MAX];
            assert_non_null(command->help);
            assert_true(command->kind != COMMAND_CUSTOM || command->run != NULL);
            assert_true(command->kind != COMMAND_ACTION ||
                        (command->method != NULL && command->path != NULL));
            command_option_tables(command, tables);
            for (size_t i = 0; tables[i] != NULL; i++) {
                for (const OptionRow *row = tables[i]; row->name != NULL; row++) {
                    assert_non_null(row->help);
                    assert_true((row->type == OPTION_FLAG) == (row->metavar == NULL));
                    assert_true(row->use == USE_BY_COMMAND || row->field != NULL);
                    bool constant = row->use == USE_BODY_VALUE || row->use == USE_ADD_VALUE ||
                                    row->use == USE_QUERY_VALUE;
                    assert_true(constant == (row->value != NULL));
                }
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_run_of_words_names_the_command),
        cmocka_unit_test(options_are_known_by_name_letter_and_unambiguous_beginning),
        cmocka_unit_test(the_reference_clients_other_names_of_options_are_known),
        cmocka_unit_test(wrong_command_lines_are_refused_with_the_reason),
        cmocka_unit_test(different_interfaces_can_be_set_and_reset_together),
        cmocka_unit_test(wait_takes_a_number_only_if_one_follows),
        cmocka_unit_test(fields_take_several_words_and_commas),
        cmocka_unit_test(everything_after_two_dashes_is_an_argument),
        cmocka_unit_test(help_excuses_what_is_missing),
        cmocka_unit_test(set_reads_values_as_json_where_they_are_json),
        cmocka_unit_test(flags_and_their_opposites_are_sent_as_ironicclient_sends_them),
        cmocka_unit_test(a_mode_that_looks_like_a_number_stays_text),
        cmocka_unit_test(unset_removes_fields_and_keys),
        cmocka_unit_test(empty_texts_and_no_options_change_nothing),
        cmocka_unit_test(a_pair_without_equals_is_refused),
        cmocka_unit_test(numbers_too_large_stay_text),
        cmocka_unit_test(bodies_have_the_fields_of_options_and_arguments),
        cmocka_unit_test(a_config_drive_that_is_an_object_is_sent_as_one),
        cmocka_unit_test(paths_and_queries_are_percent_encoded),
        cmocka_unit_test(every_row_of_the_tables_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
