/* Hosts and ports are read as operators write them, and refused when they are none.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/host_port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text, *host;
    unsigned port;
} good[] = {
    {"192.0.2.5:3260",     "192.0.2.5",        3260},
    {"192.0.2.5",          "192.0.2.5",        860},
    {"[2001:db8::5]:3261", "2001:db8::5",      3261},
    {"[2001:db8::5]",      "2001:db8::5",      860},
    {"2001:db8::5",        "2001:db8::5",      860},
    {"::1",                "::1",              860},
    {"::ffff:192.0.2.5",   "::ffff:192.0.2.5", 860},
    {"san.example:1",      "san.example",      1},
    {"San-1.example",      "San-1.example",    860},
    {"localhost:65535",    "localhost",        65535},
    {"3com.example",       "3com.example",     860},
};

static const char *const bad[] = {
    "",
    ":3260",
    "192.0.2.5:",
    "192.0.2.5:0",
    "192.0.2.5:65536",
    "1.2.3.4:-1",
    "192.0.2.5:3260x",
    "192.0.2.5: 3260",
    "192.0.2.500",
    "192.0.2",
    "12345",
    "[192.0.2.5]:1",
    "[2001:db8::5",
    "[2001:db8::5]x",
    "2001:db8:::5",
    "[]:3260",
    "fe80::1%eth0",
    "san example",
    "san.example\n:1",
    "san..example",
    ".example",
    "-san.example",
    "san-.example",
    "san.example-",
    "san_1.example",
    "$host",
    "${net0/ip}",
    "a/b",
    "user@san",
    "http://san",
};

static void
addresses_and_names_are_split_from_their_ports(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *host = NULL;
        g_autoptr(GError) error = NULL;
        unsigned port = 0;
        assert_true(host_port_parse(good[i].text, 860, &host, &port, &error));
        assert_null(error);
        assert_string_equal(host, good[i].host);
        assert_int_equal(port, good[i].port);
    }
}

static void
what_is_no_address_is_refused_and_nothing_is_set(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        char *host = NULL;
        g_autoptr(GError) error = NULL;
        unsigned port = 7;
        if (host_port_parse(bad[i], 860, &host, &port, &error))
            fail_msg("\"%s\" was accepted as %s port %u", bad[i], host, port);
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
        assert_null(host);
        assert_int_equal(port, 7);
    }
}

static void
names_longer_than_dns_allows_are_refused(void **state)
{
    (void)state;
    g_autofree char *label = g_strnfill(64, 'a');
    assert_false(host_valid(label));
    label[63] = '\0';
    assert_true(host_valid(label));
    g_autofree char *name = g_strdup_printf("%s.%s.%s.%s", label, label, label, label);
    assert_false(host_valid(name));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_names_are_split_from_their_ports),
        cmocka_unit_test(what_is_no_address_is_refused_and_nothing_is_set),
        cmocka_unit_test(names_longer_than_dns_allows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
