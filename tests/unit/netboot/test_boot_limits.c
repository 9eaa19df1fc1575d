/* The limits of one address, and of the log lines about it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static HttpAddress
address_of(const char *text)
{
    HttpAddress address;
    assert_true(http_address_parse(text, strlen(text), &address));
    return address;
}

static unsigned
admitted(BootLimits *limits, const HttpAddress *address, unsigned tries, int64_t now_ms)
{
    unsigned count = 0;
    for (unsigned i = 0; i < tries; i++)
        count += boot_limits_admit(limits, address, now_ms);
    return count;
}

static void
an_address_may_ask_much_at_once_and_little_in_the_long_run(void **state)
{
    (void)state;
    BootLimits *limits = boot_limits_new(2);
    const HttpAddress one = address_of("192.0.2.1"), other = address_of("192.0.2.2");
    assert_int_equal(admitted(limits, &one, 100, 1000), 20);
    assert_int_equal(admitted(limits, &one, 100, 2000), 2);
    assert_int_equal(admitted(limits, &other, 100, 2000), 20);
    assert_int_equal(admitted(limits, &one, 100, 1000000), 20);
    boot_limits_free(limits);
}

static void
an_ipv6_network_counts_as_one(void **state)
{
    (void)state;
    BootLimits *limits = boot_limits_new(1);
    const HttpAddress one = address_of("2001:db8::1"), other = address_of("2001:db8::2");
    assert_int_equal(admitted(limits, &one, 100, 1000), 10);
    assert_int_equal(admitted(limits, &other, 100, 1000), 0);
    boot_limits_free(limits);
}

static void
no_limit_is_none(void **state)
{
    (void)state;
    BootLimits *limits = boot_limits_new(0);
    const HttpAddress one = address_of("192.0.2.1");
    assert_int_equal(admitted(limits, &one, 1000, 1000), 1000);
    boot_limits_free(limits);
}

static void
different_unknown_addresses_are_counted_for_ten_minutes(void **state)
{
    (void)state;
    BootLimits *limits = boot_limits_new(0);
    const HttpAddress one = address_of("192.0.2.1");
    for (unsigned i = 0; i < 100; i++) {
        char mac[18];
        snprintf(mac, sizeof mac, "52:54:00:00:00:%02x", i);
        unsigned count = boot_limits_unknown(limits, &one, mac, 1000);
        assert_int_equal(count, i < BOOT_UNKNOWN_LIMIT ? i + 1 : BOOT_UNKNOWN_LIMIT + 1);
    }
    assert_int_equal(boot_limits_unknown(limits, &one, "52:54:00:00:00:01", 601002), 1);
    assert_int_equal(boot_limits_unknown(limits, &one, "52:54:00:00:00:01", 601003), 1);
    boot_limits_free(limits);
}

static void
a_line_is_due_once_a_minute_and_says_what_was_left_out(void **state)
{
    (void)state;
    BootLimits *limits = boot_limits_new(0);
    const HttpAddress one = address_of("192.0.2.1");
    unsigned skipped = 99;
    assert_true(boot_limits_line(limits, &one, "x", 1000, &skipped));
    assert_int_equal(skipped, 0);
    for (unsigned i = 0; i < 500; i++)
        assert_false(boot_limits_line(limits, &one, "x", 2000, &skipped));
    assert_true(boot_limits_line(limits, &one, "y", 2000, &skipped));
    assert_true(boot_limits_line(limits, &one, "x", 61000, &skipped));
    assert_int_equal(skipped, 500);
    boot_limits_free(limits);
}

/* Under a sanitizer or by memory: what is remembered does not grow with the addresses. */
static void
a_hundred_thousand_addresses_share_what_there_is(void **state)
{
    (void)state;
    BootLimits *limits = boot_limits_new(1);
    unsigned lines = 0, taken = 0;
    for (unsigned i = 0; i < 100000; i++) {
        char text[32];
        unsigned skipped = 0;
        snprintf(text, sizeof text, "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
        const HttpAddress address = address_of(text);
        taken += boot_limits_admit(limits, &address, 1000);
        lines += boot_limits_line(limits, &address, "x", 1000, &skipped);
    }
    assert_true(taken < 5000);
    assert_true(lines < 5000);
    const HttpAddress late = address_of("192.0.2.1");
    assert_true(boot_limits_admit(limits, &late, 1000 + 3600 * 1000)); /* they are forgotten */
    boot_limits_free(limits);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_may_ask_much_at_once_and_little_in_the_long_run),
        cmocka_unit_test(an_ipv6_network_counts_as_one),
        cmocka_unit_test(no_limit_is_none),
        cmocka_unit_test(different_unknown_addresses_are_counted_for_ten_minutes),
        cmocka_unit_test(a_line_is_due_once_a_minute_and_says_what_was_left_out),
        cmocka_unit_test(a_hundred_thousand_addresses_share_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
