/* The messages of error answers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/fault.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
messages_are_found_in_every_shape_of_answer(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int status;
        const char *text;
    } rows[] = {
        {"{\"error_message\": \"{\\\"faultcode\\\": \\\"Client\\\", \\\"faultstring\\\": \\\"Node "
         "x is locked\\\"}\"}",
         409, "Node x is locked"},
        {"{\"error_message\": {\"faultstring\": \"direct\"}}", 400, "direct"},
        {"{\"error_message\": \"{\\\"code\\\": \\\"406\\\", \\\"title\\\": \\\"Not Acceptable\\\", "
         "\\\"message\\\": \\\"range\\\"}\"}",
         406, "range"},
        {"{\"error_message\": \"plain words\"}", 400, "plain words"},
        {"{\"error_message\": \"\"}", 404, "Not Found"},
        {"{\"error\": {\"message\": \"bad password\", \"code\": 401}}", 401, "bad password"},
        {"{\"faultstring\": \"too big\", \"faultcode\": \"Client\"}", 413, "too big"},
        {"<html>Bad gateway</html>", 502, "Bad Gateway"},
        {"", 503, "Service Unavailable"},
        {"[1, 2]", 500, "Internal Server Error"},
        {"{\"error_message\": 5}", 418, "The service refused"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = fault_text(rows[i].body, strlen(rows[i].body), rows[i].status);
        assert_string_equal(text, rows[i].text);
    }
}

static void
the_status_follows_the_message_and_gives_the_code(void **state)
{
    (void)state;
    const char *body = "{\"error_message\": \"gone\"}";
    g_autoptr(GError) error = NULL;
    assert_false(fault_set(body, strlen(body), 404, &error));
    assert_string_equal(error->message, "gone (HTTP 404)");
    assert_true(steel_error_is(error, STEEL_ERROR_NOT_FOUND));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_found_in_every_shape_of_answer),
        cmocka_unit_test(the_status_follows_the_message_and_gives_the_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
