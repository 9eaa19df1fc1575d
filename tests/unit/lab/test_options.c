/* steel-lab's command line: accepted words, refused words, and the messages.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/error.h"
#include "lab/options.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static bool
parse(const char *line, LabOptions *options, GError **error)
{
    static char *words[32]; /* options borrow from here */
    static char copy[1024];
    g_strlcpy(copy, line, sizeof copy);
    int count = 0;
    for (char *word = strtok(copy, " "); word != NULL && count < COUNT(words);
         word = strtok(NULL, " "))
        words[count++] = word;
    return lab_options_parse(count, words, options, error);
}

static void
up_takes_its_options_with_space_or_equals_sign(void **state)
{
    (void)state;
    LabOptions options;
    assert_true(parse("steel-lab up --nodes 3 --dir=/srv/lab --uefi --json --ipmi-port=7000",
                      &options, NULL));
    assert_int_equal(options.command, LAB_COMMAND_UP);
    assert_int_equal(options.node_count, 3);
    assert_string_equal(options.folder, "/srv/lab");
    assert_int_equal(options.ipmi_port, 7000);
    assert_true(options.uefi);
    assert_true(options.json);
    assert_false(options.bridge);
}

static void
up_has_defaults_for_everything(void **state)
{
    (void)state;
    LabOptions options;
    assert_true(parse("steel-lab up", &options, NULL));
    assert_int_equal(options.node_count, 1);
    assert_null(options.folder);
    assert_null(options.boot_url);
    assert_string_equal(options.accelerator, "auto");
    assert_string_equal(options.address, "127.0.0.1");
    assert_string_equal(options.bmc, "ipmi");
    assert_int_equal(options.redfish_port, 443);
}

static void
loss_takes_a_tenth_of_a_percent(void **state)
{
    (void)state;
    LabOptions options;
    assert_true(parse("steel-lab fleet --ipmi 10 --loss-percent 2.5", &options, NULL));
    assert_int_equal(options.loss_per_mille, 25);
    assert_true(parse("steel-lab fleet --ipmi 10 --loss-percent 100", &options, NULL));
    assert_int_equal(options.loss_per_mille, 1000);
    assert_true(parse("steel-lab fleet --ipmi 10", &options, NULL));
    assert_int_equal(options.loss_per_mille, -1);
}

static void
agents_take_times_to_a_tenth_of_a_second(void **state)
{
    (void)state;
    LabOptions options;
    assert_true(parse("steel-lab fleet --agents 20 --write-seconds 0.5 --boot-seconds=3 "
                      "--fail-percent 0.1 --silent-percent 5",
                      &options, NULL));
    assert_int_equal(options.agent_count, 20);
    assert_int_equal(options.write_tenths, 5);
    assert_int_equal(options.boot_tenths, 30);
    assert_int_equal(options.clean_tenths, 10);
    assert_int_equal(options.fail_per_mille, 1);
    assert_int_equal(options.silent_per_mille, 50);
}

static void
a_fleet_that_deploys_takes_waves_and_what_fails(void **state)
{
    (void)state;
    LabOptions options;
    assert_true(parse("steel-lab fleet --agents 20 --deploy http://127.0.0.1:6385 --image "
                      "http://h/i --wave 5 --retries 0 --late-percent 2.5",
                      &options, NULL));
    assert_string_equal(options.deploy_url, "http://127.0.0.1:6385");
    assert_int_equal(options.wave_size, 5);
    assert_int_equal(options.retries, 0);
    assert_int_equal(options.limit_s, 3600);
    assert_int_equal(options.late_per_mille, 25);
    assert_int_equal(options.late_tenths, 300);
}

static void
the_same_word_means_different_things_to_different_commands(void **state)
{
    (void)state;
    LabOptions options;
    assert_true(parse("steel-lab fleet --ipmi 10 --dead 4", &options, NULL));
    assert_int_equal(options.dead_count, 4);
    assert_true(parse("steel-lab fleet-set --index 3 --dead", &options, NULL));
    assert_true(options.dead);
    assert_int_equal(options.index, 3);
}

static void
console_takes_the_name_of_a_server(void **state)
{
    (void)state;
    LabOptions options;
    assert_true(parse("steel-lab console lab-1 --follow", &options, NULL));
    assert_string_equal(options.node, "lab-1");
    assert_true(options.follow);
}

typedef struct Refusal {
    const char *line;
    const char *message; /* part of it */
} Refusal;

static void
wrong_command_lines_are_refused_with_a_reason(void **state)
{
    (void)state;
    static const Refusal refusals[] = {
        {"steel-lab", "say what to do"},
        {"steel-lab fly", "no command fly"},
        {"steel-lab up --nodes", "--nodes needs a value"},
        {"steel-lab up --nodes=", "--nodes needs a value"},
        {"steel-lab up --nodes 0", "from 1 to 100, not 0"},
        {"steel-lab up --nodes 101", "from 1 to 100"},
        {"steel-lab up --nodes 2x", "not 2x"},
        {"steel-lab up --nodes 99999999999999999999", "from 1 to 100"},
        {"steel-lab up --uefi=yes", "--uefi takes no value"},
        {"steel-lab up --nodez 1", "up has no option --nodez"},
        {"steel-lab up --node 1", "up has no option --node"},
        {"steel-lab up lab-0", "does not take the word lab-0"},
        {"steel-lab up --name a/b", "--name is 1 to 20"},
        {"steel-lab up --name -a", "--name is 1 to 20"},
        {"steel-lab up --boot-url nothing", "--boot-url is a URL"},
        {"steel-lab up --ipmi-port 65535 --nodes 2", "no 2 ports from 65535"},
        {"steel-lab up --no-dhcp", "--no-dhcp needs --bridge"},
        {"steel-lab up --bmc ssh", "--bmc is ipmi, redfish, ilo5, ilo4 or ilo4-gen8"},
        {"steel-lab fleet --agents 1 --deploy http://127.0.0.1:6385",
         "needs --agents N and --image URL"},
        {"steel-lab fleet --ipmi 1 --deploy http://h --image http://h/i", "needs --agents N"},
        {"steel-lab fleet --agents 1 --deploy nothing --image http://h/i", "--deploy is the URL"},
        {"steel-lab fleet --agents 1 --image http://h/i", "--image and --enrol need --deploy"},
        {"steel-lab up --firmware-ca ca.pem", "--firmware-ca needs --bmc redfish, ilo5 or ilo4"},
        {"steel-lab bmc --certificate old",
         "--certificate is good, expired or other-name, not old"},
        {"steel-lab up --redfish-address there", "is an IPv4 address, not there"},
        {"steel-lab bmc-set --node lab-0", "needs --set"},
        {"steel-lab console", "console needs the name"},
        {"steel-lab console a b", "does not take the word b"},
        {"steel-lab fleet", "one of --agents N, --ipmi N and --redfish N"},
        {"steel-lab fleet --ipmi 1 --redfish 1", "one of --agents N, --ipmi N and --redfish N"},
        {"steel-lab fleet --ipmi 1 --agents 1", "one of --agents N, --ipmi N and --redfish N"},
        {"steel-lab fleet --agents 2 --port-base 65535", "no 2 ports"},
        {"steel-lab fleet --agents 1 --write-seconds x", "from 0 to 3600, not x"},
        {"steel-lab fleet --agents 1 --boot-url nothing", "--boot-url is a URL"},
        {"steel-lab fleet --ipmi 40000 --port-base 30000", "no 40000 ports"},
        {"steel-lab fleet --ipmi 1 --loss-percent 1.25", "not 1.25"},
        {"steel-lab fleet --ipmi 1 --loss-percent 100.1", "from 0 to 100"},
        {"steel-lab fleet --ipmi 1 --loss-percent .", "not ."},
        {"steel-lab fleet-set --dead", "--index I or --all"},
        {"steel-lab fleet-set --all --index 1", "--index I or --all"},
        {"steel-lab fleet-set --all --dead --alive", "not both"},
        {"steel-lab fleet-set --all --power maybe", "on or off"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        LabOptions options;
        g_autoptr(GError) error = NULL;
        if (parse(refusals[i].line, &options, &error))
            fail_msg("taken: %s", refusals[i].line);
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
        if (strstr(error->message, refusals[i].message) == NULL)
            fail_msg("%s: %s", refusals[i].line, error->message);
    }
}

static void
url_with_a_control_character_is_refused(void **state)
{
    (void)state;
    char *words[] = {(char[]){"steel-lab"}, (char[]){"up"}, (char[]){"--boot-url"},
                     (char[]){"http://a/\ndhcp-script=x"}};
    LabOptions options;
    assert_false(lab_options_parse(COUNT(words), words, &options, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(up_takes_its_options_with_space_or_equals_sign),
        cmocka_unit_test(up_has_defaults_for_everything),
        cmocka_unit_test(loss_takes_a_tenth_of_a_percent),
        cmocka_unit_test(agents_take_times_to_a_tenth_of_a_second),
        cmocka_unit_test(a_fleet_that_deploys_takes_waves_and_what_fails),
        cmocka_unit_test(the_same_word_means_different_things_to_different_commands),
        cmocka_unit_test(console_takes_the_name_of_a_server),
        cmocka_unit_test(wrong_command_lines_are_refused_with_a_reason),
        cmocka_unit_test(url_with_a_control_character_is_refused),
    };
    return cmocka_run_group_tests_name("lab/options", tests, NULL, NULL);
}
