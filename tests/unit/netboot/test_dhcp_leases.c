/* dnsmasq's lease file says who has an address, and nothing else in it does.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/dhcp_leases.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW 1796000000

static const char leases[] = "1796082600 52:54:00:00:00:01 192.0.2.44 node-4 01:52:54:00:00:00:01\n"
                             "1795999999 52:54:00:00:00:02 192.0.2.45 * *\n"
                             "0 52:54:00:00:00:03 192.0.2.46 * *\n"
                             "1796082600 zz:54:00:00:00:03 192.0.2.47 * *\n"
                             "1796082600 06-52:54:00:00:00:04 192.0.2.48 * *\n"
                             "duid 00:01:00:01:2a:bb\n"
                             "1796082600 3355443 2001:db8::44 node-4 00:01:00:01:2a:bb\n"
                             "\n"
                             "1796082600 52:54:00:00:00:09\n"
                             "1796082600 52:54:00:00:00:0A 192.0.2.50 last *";

static const struct {
    const char *address, *mac;
} rows[] = {
    {"192.0.2.44",   "52:54:00:00:00:01"},
    {"192.0.2.45",   ""},                  /* over */
    {"192.0.2.46",   "52:54:00:00:00:03"}, /* forever */
    {"192.0.2.47",   ""},
    {"192.0.2.48",   ""},
    {"192.0.2.50",   "52:54:00:00:00:0a"},
    {"192.0.2.4",    ""},
    {"2001:db8::44", ""},
};

static HttpAddress
address_of(const char *text)
{
    HttpAddress address;
    assert_true(http_address_parse(text, strlen(text), &address));
    return address;
}

static void
leases_that_hold_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char mac[MAC_TEXT_SIZE] = "?";
        const HttpAddress address = address_of(rows[i].address);
        dhcp_lease_read(leases, sizeof leases - 1, &address, NOW, mac);
        assert_string_equal(mac, rows[i].mac);
    }
}

static void
a_line_without_end_is_passed_over(void **state)
{
    (void)state;
    g_autofree char *text = g_strnfill(100000, 'x');
    const HttpAddress address = address_of("192.0.2.44");
    char mac[MAC_TEXT_SIZE] = "?";
    dhcp_lease_read(text, 100000, &address, NOW, mac);
    assert_string_equal(mac, "");
}

static void
a_file_is_read_and_one_that_is_not_there_is_named(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("steel-leases-XXXXXX", &path, NULL);
    assert_true(fd >= 0);
    close(fd);
    assert_true(g_file_set_contents(path, "0 52:54:00:00:00:03 192.0.2.46 * *\n", -1, NULL));
    const HttpAddress address = address_of("192.0.2.46");
    char mac[MAC_TEXT_SIZE];
    assert_true(dhcp_lease_find(path, &address, mac, &error));
    assert_string_equal(mac, "52:54:00:00:00:03");
    assert_int_equal(g_unlink(path), 0);
    assert_false(dhcp_lease_find(path, &address, mac, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_IO));
    assert_non_null(strstr(error->message, path));
    assert_string_equal(mac, "");
    g_clear_error(&error);
    assert_false(dhcp_lease_find("/", &address, mac, &error));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leases_that_hold_are_found),
        cmocka_unit_test(a_line_without_end_is_passed_over),
        cmocka_unit_test(a_file_is_read_and_one_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
