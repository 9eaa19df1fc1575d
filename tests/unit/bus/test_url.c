/* transport_url.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* "user:password@name:port " for each host, then the virtual host. */
static char *
shown(const BusUrl *url)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < url->hosts->len; i++) {
        const BusHost *host = url->hosts->pdata[i];
        g_string_append_printf(text, "%s:%s@%s:%u ", host->user, host->password, host->name,
                               host->port);
    }
    g_string_append(text, url->virtual_host);
    return g_string_free(text, FALSE);
}

static void
reads_what_oslo_messaging_writes(void **state)
{
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"rabbit://me:pw@host:1234/v",              "me:pw@host:1234 v"},
        {"rabbit://me:pw@host",                     "me:pw@host:5672 /"},
        {"rabbit://me:pw@host/",                    "me:pw@host:5672 /"},
        {"rabbit://me:pw@host//",                   "me:pw@host:5672 /"},
        {"rabbit://me:pw@host/%2Fa",                "me:pw@host:5672 /a"},
        {"rabbit://",                               "guest:guest@localhost:5672 /"},
        {"rabbit://host:1",                         "guest:guest@host:1 /"},
        {"kombu://a:b@c:1,d:e@f:2,/x",              "a:b@c:1 d:e@f:2 x"},
        {"rabbit://me:p%40%3A%2F%25w@host/",        "me:p@:/%w@host:5672 /"},
        {"rabbit://me:100%@host/",                  "me:100%@host:5672 /"},
        {"rabbit://me:a:b@c@host/",                 "me:a:b@c@host:5672 /"},
        {"rabbit://me:pw@[fd00::1]:1,me:pw@[::1]/", "me:pw@fd00::1:1 me:pw@::1:5672 /"},
        {"rabbit://me@host/",                       "me:@host:5672 /"},
        {"rabbit://me:pw@host?ssl=1",               "me:pw@host:5672 /"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(BusUrl) url = bus_url_parse(rows[i].text, &error);
        assert_non_null(url);
        g_autofree char *text = shown(url);
        assert_string_equal(text, rows[i].shown);
    }
}

static void
keeps_the_options_after_the_question_mark(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autoptr(BusUrl) url =
        bus_url_parse("rabbit://h/v?ssl=true&ssl_ca_file=%2Fca&x&ssl=0#f", &error);
    assert_non_null(url);
    assert_string_equal(url->virtual_host, "v");
    assert_string_equal(g_hash_table_lookup(url->options, "ssl"), "0");
    assert_string_equal(g_hash_table_lookup(url->options, "ssl_ca_file"), "/ca");
    assert_int_equal(g_hash_table_size(url->options), 2);
}

static void
refuses_what_is_no_bus_and_repeats_no_password(void **state)
{
    static const struct {
        const char *text, *word;
    } rows[] = {
        {"",                             "rabbit://"},
        {"me:hush@host",                 "rabbit://"},
        {"amqp://me:hush@host/",         "rabbit://"},
        {"rabbit://me:hush@host:0/",     "port"},
        {"rabbit://me:hush@host:x/",     "port"},
        {"rabbit://me:hush@host:65536/", "port"},
        {"rabbit://me:hush@[::1/",       "IPv6"},
        {"rabbit://me:hush@[::1]x/",     "IPv6"},
        {"rabbit://me:hush@one,two/",    "none"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(bus_url_parse(rows[i].text, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
        assert_non_null(strstr(error->message, rows[i].word));
        assert_null(strstr(error->message, "hush"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_oslo_messaging_writes),
        cmocka_unit_test(keeps_the_options_after_the_question_mark),
        cmocka_unit_test(refuses_what_is_no_bus_and_repeats_no_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
