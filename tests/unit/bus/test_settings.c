/* The options of the bus.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Settings of a configuration of these lines. */
static BusSettings *
settings_of(const char *const *lines, GError **error)
{
    g_autoptr(Config) config = config_new();
    for (; *lines != NULL; lines++)
        assert_true(config_set(config, *lines, NULL));
    assert_true(config_finish(config, NULL));
    return bus_settings_load(config, OPT_OSLO_MESSAGING_NOTIFICATIONS_TRANSPORT_URL, error);
}

static const char *
first_host(const BusSettings *settings)
{
    const BusHost *host = settings->url->hosts->pdata[0];
    return host->name;
}

static void
the_url_of_notifications_wins_over_the_common_one(void **state)
{
    (void)state;
    const char *const common[] = {"transport_url=rabbit://one/", NULL};
    const char *const both[] = {"transport_url=rabbit://one/",
                                "oslo_messaging_notifications.transport_url=rabbit://two/", NULL};
    g_autoptr(BusSettings) first = settings_of(common, NULL), second = settings_of(both, NULL);
    assert_string_equal(first_host(first), "one");
    assert_string_equal(first_host(second), "two");
}

static void
options_in_the_url_win_over_the_section(void **state)
{
    (void)state;
    const char *const lines[] = {"transport_url=rabbit://one/?ssl=true&ssl_ca_file=/a",
                                 "oslo_messaging_rabbit.ssl_ca_file=/b", NULL};
    g_autoptr(BusSettings) settings = settings_of(lines, NULL);
    assert_true(settings->tls);
    assert_string_equal(settings->ca_file, "/a");
    assert_int_equal(settings->heartbeat_s, 60);
    assert_false(settings->durable);
}

static void
a_pause_comes_after_each_round_over_the_hosts(void **state)
{
    (void)state;
    const char *const lines[] = {"transport_url=rabbit://one,two/", NULL};
    static const int pauses_s[] = {0, 0, 1, 0, 3, 0, 5};
    g_autoptr(BusSettings) settings = settings_of(lines, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(pauses_s); i++)
        assert_int_equal(bus_settings_pause_ms(settings, i), pauses_s[i] * 1000);
    assert_int_equal(bus_settings_pause_ms(settings, 1000), 30 * 1000);
}

static void
quorum_queues_are_durable(void **state)
{
    (void)state;
    const char *const lines[] = {"transport_url=rabbit://one/",
                                 "oslo_messaging_rabbit.rabbit_quorum_queue=true",
                                 "oslo_messaging_rabbit.amqp_auto_delete=true", NULL};
    g_autoptr(BusSettings) settings = settings_of(lines, NULL);
    assert_true(settings->durable);
    assert_false(settings->auto_delete);
}

static void
a_missing_or_wrong_url_is_named(void **state)
{
    (void)state;
    const char *const none[] = {NULL};
    const char *const wrong[] = {"transport_url=rabbit://me:hush@one:x/", NULL};
    g_autoptr(GError) missing = NULL, bad = NULL;
    assert_null(settings_of(none, &missing));
    assert_non_null(strstr(missing->message, "[DEFAULT]transport_url must be set"));
    assert_null(settings_of(wrong, &bad));
    assert_non_null(strstr(bad->message, "[DEFAULT]transport_url: "));
    assert_null(strstr(bad->message, "hush"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_url_of_notifications_wins_over_the_common_one),
        cmocka_unit_test(options_in_the_url_win_over_the_section),
        cmocka_unit_test(a_pause_comes_after_each_round_over_the_hosts),
        cmocka_unit_test(quorum_queues_are_durable),
        cmocka_unit_test(a_missing_or_wrong_url_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
