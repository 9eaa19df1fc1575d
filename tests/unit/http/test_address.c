/* Source addresses: which are one client, which are proxies, and the client behind them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/address.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static HttpAddress
address(const char *text)
{
    HttpAddress out;
    assert_true(http_address_parse(text, strlen(text), &out));
    return out;
}

static void
reads_addresses_with_and_without_ports(void **state)
{
    static const struct {
        const char *text, *means; /* NULL if it is not one */
    } rows[] = {
        {"192.0.2.7",           "192.0.2.7"},
        {"  192.0.2.7\t",       "192.0.2.7"},
        {"192.0.2.7:4711",      "192.0.2.7"},
        {"2001:db8::7",         "2001:db8::7"},
        {"[2001:db8::7]",       "2001:db8::7"},
        {"[2001:db8::7]:80",    "2001:db8::7"},
        {"::ffff:192.0.2.7",    "192.0.2.7"},
        {"",                    NULL},
        {"   ",                 NULL},
        {"unknown",             NULL},
        {"192.0.2",             NULL},
        {"[2001:db8::7",        NULL},
        {"[2001:db8::7]x",      NULL},
        {"_hidden",             NULL},
        {"192.0.2.7 192.0.2.8", NULL},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        HttpAddress out;
        char text[HTTP_ADDRESS_TEXT_SIZE];
        bool good = http_address_parse(rows[i].text, strlen(rows[i].text), &out);
        if (good != (rows[i].means != NULL))
            fail_msg("'%s'", rows[i].text);
        if (good)
            assert_string_equal(http_address_text(&out, text), rows[i].means);
    }
}

static void
counts_an_ipv6_network_as_one_client(void **state)
{
    (void)state;
    HttpAddress one = address("2001:db8:1:2::1"), same = address("2001:db8:1:2:3:4:5:6"),
                other = address("2001:db8:1:3::1");
    HttpAddress a = http_address_group(&one), b = http_address_group(&same),
                c = http_address_group(&other);
    assert_true(http_address_equal(&a, &b));
    assert_int_equal(http_address_hash(&a), http_address_hash(&b));
    assert_false(http_address_equal(&a, &c));
    HttpAddress v4 = address("192.0.2.7"), neighbour = address("192.0.2.8");
    a = http_address_group(&v4);
    b = http_address_group(&neighbour);
    assert_false(http_address_equal(&a, &b));
}

static void
knows_which_addresses_a_network_holds(void **state)
{
    static const struct {
        const char *network, *address;
        bool within;
    } rows[] = {
        {"10.0.0.0/8",     "10.255.0.1",    true},
        {"10.0.0.0/8",     "11.0.0.1",      false},
        {"192.0.2.128/25", "192.0.2.129",   true},
        {"192.0.2.128/25", "192.0.2.127",   false},
        {"192.0.2.7",      "192.0.2.7",     true},
        {"192.0.2.7",      "192.0.2.8",     false},
        {"2001:db8::/32",  "2001:db8:9::1", true},
        {"2001:db8::/32",  "2001:db9::1",   false},
        {"0.0.0.0/0",      "198.51.100.1",  true},
        {"0.0.0.0/0",      "2001:db8::1",   false},
        {"::/0",           "198.51.100.1",  true},
        {"::1",            "::1",           true},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *const texts[] = {rows[i].network, NULL};
        g_autoptr(HttpNetworks) networks = http_networks_new(texts, NULL);
        assert_non_null(networks);
        HttpAddress asked = address(rows[i].address);
        if (http_networks_contain(networks, &asked) != rows[i].within)
            fail_msg("%s in %s", rows[i].address, rows[i].network);
    }
    const HttpAddress unix_socket = {0};
    assert_true(http_networks_contain(NULL, &unix_socket));
}

static void
refuses_broken_networks(void **state)
{
    static const char *const bad[] = {"10.0.0.0/33",    "10.0.0.0/",   "proxy",
                                      "2001:db8::/129", "10.0.0.0/-1", ""};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        const char *const texts[] = {bad[i], NULL};
        g_autoptr(GError) error = NULL;
        if (http_networks_new(texts, &error) != NULL)
            fail_msg("'%s' was taken", bad[i]);
        assert_int_equal(error->code, STEEL_ERROR_CONFIG);
    }
}

static void
finds_the_client_behind_proxies(void **state)
{
    static const char *const proxies[] = {"10.0.0.0/8", NULL};
    static const struct {
        const char *header, *source; /* NULL if unknown */
    } rows[] = {
        {"192.0.2.7",                   "192.0.2.7"},
        {"192.0.2.7, 10.0.0.3",         "192.0.2.7"},
        {"198.51.100.9, 192.0.2.7",     "192.0.2.7"}, /* the client wrote the first one */
        {"rubbish, 192.0.2.7,10.1.1.1", "192.0.2.7"},
        {"10.0.0.4, 10.0.0.3",          "10.0.0.4"},
        {"192.0.2.7, rubbish",          NULL},
        {"",                            NULL},
    };
    (void)state;
    g_autoptr(HttpNetworks) trusted = http_networks_new(proxies, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        HttpAddress out;
        char text[HTTP_ADDRESS_TEXT_SIZE];
        bool found = http_forwarded_source(rows[i].header, trusted, &out);
        if (found != (rows[i].source != NULL))
            fail_msg("'%s'", rows[i].header);
        if (found)
            assert_string_equal(http_address_text(&out, text), rows[i].source);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_addresses_with_and_without_ports),
        cmocka_unit_test(counts_an_ipv6_network_as_one_client),
        cmocka_unit_test(knows_which_addresses_a_network_holds),
        cmocka_unit_test(refuses_broken_networks),
        cmocka_unit_test(finds_the_client_behind_proxies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
