/* What the agent reads from the kernel's command line. SPDX-License-Identifier: Apache-2.0 */
#include "agent_protocol/parameters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

static Parameters *
read_text(const char *text)
{
    Parameters *parameters = parameters_new();
    assert_true(parameters_read(parameters, text, strlen(text), NULL));
    return parameters;
}

static void
words_are_taken_and_strangers_ignored(void **state)
{
    (void)state;
    g_autoptr(Parameters) parameters =
        read_text("quiet root=/dev/sda ipa-api-url=http://a/?x=y console=ttyS0\nipa-debug=1");
    assert_string_equal(parameters_string(parameters, AGENT_PARAMETER_API_URL), "http://a/?x=y");
    assert_true(parameters_boolean(parameters, AGENT_PARAMETER_DEBUG));
    assert_int_equal(parameters_integer(parameters, AGENT_PARAMETER_LISTEN_PORT), 9999);
    assert_null(parameters_string(parameters, AGENT_PARAMETER_AGENT_TOKEN));
}

static void
the_last_word_wins_and_quotes_hold_blanks(void **state)
{
    (void)state;
    g_autoptr(Parameters) parameters =
        read_text("root_device=\"a b\" ipa-listen-port=1 root_device=\"model=A B,size=3\"");
    assert_string_equal(parameters_string(parameters, AGENT_PARAMETER_ROOT_DEVICE),
                        "model=A B,size=3");
    assert_true(parameters_read(parameters, "ipa-listen-port=2", 17, NULL));
    assert_int_equal(parameters_integer(parameters, AGENT_PARAMETER_LISTEN_PORT), 2);
}

static void
a_wrong_value_is_told_and_the_others_count(void **state)
{
    (void)state;
    g_autoptr(Parameters) parameters = parameters_new();
    g_autoptr(GError) error = NULL;
    static const char text[] = "ipa-listen-port=many ipa-insecure=maybe ipa-lookup-timeout=7";
    assert_false(parameters_read(parameters, text, strlen(text), &error));
    assert_non_null(strstr(error->message, "ipa-listen-port"));
    assert_int_equal(parameters_integer(parameters, AGENT_PARAMETER_LISTEN_PORT), 9999);
    assert_int_equal(parameters_integer(parameters, AGENT_PARAMETER_LOOKUP_TIMEOUT), 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_taken_and_strangers_ignored),
        cmocka_unit_test(the_last_word_wins_and_quotes_hold_blanks),
        cmocka_unit_test(a_wrong_value_is_told_and_the_others_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
