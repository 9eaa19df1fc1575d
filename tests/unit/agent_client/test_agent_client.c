/* Reads agents' answers in every form that they may have.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent_client/agent_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct Row {
    const char *text, *command, *words;
    AgentStatus status;
    bool result;
} Row;

static const Row rows[] = {
    {.text = "{\"command_name\":\"sync\",\"command_status\":\"SUCCEEDED\",\"command_result\":{"
             "\"a\":1}}",
     .command = "sync",
     .status = AGENT_STATUS_IS_SUCCEEDED,
     .result = true},
    {.text = "{\"command_name\":\"x\",\"command_status\":\"RUNNING\",\"command_result\":null}",
     .command = "x",
     .status = AGENT_STATUS_IS_RUNNING},
    {.text = "{\"command_name\":\"x\",\"command_status\":\"CLEAN_VERSION_MISMATCH\"}",
     .command = "x",
     .status = AGENT_STATUS_IS_MISMATCH},
    {.text = "{\"command_status\":\"FAILED\",\"command_error\":{\"message\":\"No\",\"details\":"
             "\"disk\\nfull\"}}",
     .words = "No: disk full",
     .status = AGENT_STATUS_IS_FAILED},
    {.text = "{\"command_status\":\"FAILED\",\"command_error\":{\"message\":\"full\",\"details\":"
             "\"disk full\"}}",
     .words = "disk full",
     .status = AGENT_STATUS_IS_FAILED},
    {.text = "{\"command_status\":\"FAILED\",\"command_error\":\"burnt\"}",
     .words = "burnt",
     .status = AGENT_STATUS_IS_FAILED},
    {.text = "{\"command_status\":\"FAILED\",\"command_error\":null}",
     .words = "no reason given",
     .status = AGENT_STATUS_IS_FAILED},
    {.text = "{\"command_name\":7,\"command_status\":[],\"command_result\":null}",
     .status = AGENT_STATUS_IS_UNKNOWN},
    {.text = "[]", .status = AGENT_STATUS_IS_UNKNOWN},
};

static void
results_are_read_whatever_their_form_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        json_t *object = json_loads(rows[i].text, 0, NULL);
        g_auto(AgentResult) result = {0};
        agent_result_read(object, &result);
        assert_int_equal(result.status, rows[i].status);
        assert_int_equal(g_strcmp0(result.command, rows[i].command), 0);
        assert_int_equal(g_strcmp0(result.words, rows[i].words), 0);
        assert_int_equal(result.result != NULL, rows[i].result);
        json_decref(object);
    }
}

static void
an_agent_s_words_have_an_end(void **state)
{
    (void)state;
    g_autofree char *long_text = g_strnfill(100000, 'x');
    json_t *object = json_pack("{s:s,s:{s:s}}", "command_status", "FAILED", "command_error",
                               "message", long_text);
    g_auto(AgentResult) result = {0};
    agent_result_read(object, &result);
    assert_int_equal(strlen(result.words), 1000);
    json_decref(object);
}

static void
what_is_no_certificate_is_no_pin(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(agent_pin(texts[i], &error));
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_read_whatever_their_form_is),
        cmocka_unit_test(an_agent_s_words_have_an_end),
        cmocka_unit_test(what_is_no_certificate_is_no_pin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
