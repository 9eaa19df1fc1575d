/* What waits for the bus.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/backlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static Parcel *
parcel_of(const char *text, size_t size)
{
    Parcel *parcel = g_new0(Parcel, 1);
    parcel->body = g_strdup(text);
    parcel->size = size;
    return parcel;
}

static void
expect(Backlog *backlog, const char *text)
{
    Parcel *parcel = backlog_pop(backlog);
    assert_non_null(parcel);
    assert_string_equal(parcel->body, text);
    parcel_free(parcel);
}

static void
a_full_backlog_loses_the_oldest(void **state)
{
    (void)state;
    Backlog backlog;
    backlog_init(&backlog, 2);
    assert_int_equal(backlog_push(&backlog, parcel_of("a", 1)), 0);
    assert_int_equal(backlog_push(&backlog, parcel_of("b", 1)), 0);
    assert_int_equal(backlog_push(&backlog, parcel_of("c", 1)), 1);
    expect(&backlog, "b");
    expect(&backlog, "c");
    assert_null(backlog_pop(&backlog));
    assert_int_equal(backlog.size, 0);
}

static void
bytes_are_bounded_too(void **state)
{
    (void)state;
    Backlog backlog;
    backlog_init(&backlog, 100);
    backlog_push(&backlog, parcel_of("a", BACKLOG_SIZE_MOST / 2));
    backlog_push(&backlog, parcel_of("b", BACKLOG_SIZE_MOST / 2));
    assert_int_equal(backlog_push(&backlog, parcel_of("c", BACKLOG_SIZE_MOST)), 2);
    assert_int_equal(backlog_push(&backlog, parcel_of("d", (size_t)BACKLOG_SIZE_MOST + 1)), 1);
    expect(&backlog, "c");
    assert_null(backlog_pop(&backlog));
}

static void
what_comes_back_is_first_again(void **state)
{
    (void)state;
    Backlog backlog;
    backlog_init(&backlog, 1);
    backlog_push(&backlog, parcel_of("b", 1));
    backlog_return(&backlog, parcel_of("a", 1));
    expect(&backlog, "a");
    expect(&backlog, "b");
    backlog_push(&backlog, parcel_of("c", 1));
    backlog_clear(&backlog);
    assert_int_equal(backlog.size, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_backlog_loses_the_oldest),
        cmocka_unit_test(bytes_are_bounded_too),
        cmocka_unit_test(what_comes_back_is_first_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
