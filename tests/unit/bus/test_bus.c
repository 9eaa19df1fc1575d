/* The bus without a broker: it takes what threads publish, keeps its bounds, and ends.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/bus.h"

#include "common/backoff.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { THREADS = 4, EACH = 500, ROOM = 100 };

/* Nobody listens on port 1. */
static Bus *
bus_without_broker(int64_t retry)
{
    g_autoptr(Config) config = config_new();
    assert_true(config_set(config, "transport_url=rabbit://127.0.0.1:1/", NULL));
    assert_true(config_set(config, "oslo_messaging_notifications.backlog=100", NULL));
    assert_true(config_finish(config, NULL));
    BusSettings *settings = bus_settings_load(config, OPT_TRANSPORT_URL, NULL);
    assert_non_null(settings);
    return bus_new(settings, retry);
}

static void *
publish_many(void *bus)
{
    for (int i = 0; i < EACH; i++)
        bus_publish(bus, "exchange", "key", g_strdup("{}"), 2);
    return NULL;
}

static void
threads_publish_within_the_bounds(void **state)
{
    (void)state;
    Bus *bus = bus_without_broker(-1);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, publish_many, bus), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    BusStatus status;
    bus_status(bus, &status);
    assert_int_equal(status.waiting, ROOM);
    assert_int_equal(status.lost, THREADS * EACH - ROOM);
    assert_false(status.is_connected);
    assert_true(bus_stop(bus, 60000));
}

static void
messages_are_given_up_after_their_retries(void **state)
{
    (void)state;
    Bus *bus = bus_without_broker(0);
    BusStatus status;
    bus_publish(bus, "exchange", "key", g_strdup("{}"), 2);
    do {
        backoff_sleep(1);
        bus_status(bus, &status);
    } while (status.lost == 0);
    assert_int_equal(status.waiting, 0);
    assert_true(status.failures >= 1);
    assert_true(bus_stop(bus, 60000));
}

static void
a_stop_without_messages_ends(void **state)
{
    (void)state;
    assert_true(bus_stop(NULL, 0));
    assert_true(bus_stop(bus_without_broker(-1), 60000));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_publish_within_the_bounds),
        cmocka_unit_test(messages_are_given_up_after_their_retries),
        cmocka_unit_test(a_stop_without_messages_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
