/* The error table: every row makes sense to a client of the API, and errors find their row.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static GError *
error_of(SteelErrorCode code)
{
    GError *error = NULL;
    assert_false(steel_fail(&error, code, "code %d: %s", (int)code, "100%"));
    return error;
}

static void
every_row_has_a_name_a_class_and_an_http_status(void **state)
{
    g_autoptr(GHashTable) codes = g_hash_table_new(g_str_hash, g_str_equal);
    (void)state;
    for (int code = 0; code < STEEL_ERROR_COUNT; code++) {
        g_autoptr(GError) error = error_of((SteelErrorCode)code);
        const SteelErrorInfo *info = steel_error_info(error);
        assert_non_null(info->code);
        assert_true(g_hash_table_add(codes, (void *)(uintptr_t)info->code));
        assert_true(strlen(info->class_name) > 0);
        assert_true(info->http_status >= 400 && info->http_status < 600);
        assert_int_equal(steel_error_retryable(error), info->retryable);
        assert_true(steel_error_is(error, (SteelErrorCode)code));
    }
    assert_int_equal(g_hash_table_size(codes), STEEL_ERROR_COUNT);
}

static void
a_busy_service_and_a_held_lock_allow_a_retry(void **state)
{
    g_autoptr(GError) locked = error_of(STEEL_ERROR_LOCKED);
    g_autoptr(GError) full = error_of(STEEL_ERROR_NO_WORKER);
    g_autoptr(GError) invalid = error_of(STEEL_ERROR_INVALID);
    (void)state;
    assert_true(steel_error_retryable(locked));
    assert_int_equal(steel_error_info(locked)->http_status, 409);
    assert_string_equal(steel_error_info(locked)->class_name, "NodeLocked");
    assert_true(steel_error_retryable(full));
    assert_int_equal(steel_error_info(full)->http_status, 503);
    assert_false(steel_error_retryable(invalid));
    assert_int_equal(steel_error_info(invalid)->http_status, 400);
}

static void
other_errors_and_unknown_codes_count_as_internal(void **state)
{
    g_autoptr(GError) foreign = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_NOENT, "gone");
    g_autoptr(GError) beyond = g_error_new_literal(steel_error_quark(), STEEL_ERROR_COUNT, "x");
    g_autoptr(GError) below = g_error_new_literal(steel_error_quark(), -1, "x");
    const GError *errors[] = {foreign, beyond, below, NULL};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
        assert_string_equal(steel_error_info(errors[i])->code, "INTERNAL");
        assert_false(steel_error_retryable(errors[i]));
    }
    assert_false(steel_error_is(foreign, STEEL_ERROR_INTERNAL));
    assert_false(steel_error_is(NULL, STEEL_ERROR_INTERNAL));
}

static void
the_message_is_formatted_and_takes_a_prefix_at_each_hop(void **state)
{
    g_autoptr(GError) error = error_of(STEEL_ERROR_TIMEOUT);
    (void)state;
    g_prefix_error(&error, "power off via %s: ", "10.0.0.1");
    g_autofree char *expected =
        g_strdup_printf("power off via 10.0.0.1: code %d: 100%%", STEEL_ERROR_TIMEOUT);
    assert_string_equal(error->message, expected);
    assert_true(steel_error_is(error, STEEL_ERROR_TIMEOUT));
}

static void
a_caller_that_wants_no_error_gets_none(void **state)
{
    (void)state;
    assert_false(steel_fail(NULL, STEEL_ERROR_INVALID, "nobody reads this"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_a_name_a_class_and_an_http_status),
        cmocka_unit_test(a_busy_service_and_a_held_lock_allow_a_retry),
        cmocka_unit_test(other_errors_and_unknown_codes_count_as_internal),
        cmocka_unit_test(the_message_is_formatted_and_takes_a_prefix_at_each_hop),
        cmocka_unit_test(a_caller_that_wants_no_error_gets_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
