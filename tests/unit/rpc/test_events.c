/* The event stream inside the process: order, payload, bounded queues that tell what was lost, many threads.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/events.h"

#include <glib.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MANY 5000 /* more than a queue holds */

static void
publish(Events *events, int number)
{
    events_publish(events, "baremetal.node.test", json_pack("{s:i}", "number", number));
}

static int64_t
member(const json_t *event, const char *key)
{
    return json_integer_value(json_object_get(event, key));
}

static int64_t
number_of(const json_t *event)
{
    return member(json_object_get(event, "payload"), "number");
}

static void
a_listener_gets_what_was_published_since_it_came_in_order(void **state)
{
    (void)state;
    Events *events = events_new();
    publish(events, 1);
    EventListener *listener = events_listen(events, NULL, NULL);
    assert_null(events_next(listener));
    publish(events, 2);
    publish(events, 3);
    int64_t last_id = 0;
    for (int number = 2; number <= 3; number++) {
        json_t *event = events_next(listener);
        assert_string_equal(json_string_value(json_object_get(event, "type")),
                            "baremetal.node.test");
        assert_true(number_of(event) == number);
        assert_true(member(event, "lost") == 0);
        assert_true(member(event, "id") > last_id);
        assert_true(g_regex_match_simple("^\\d{4}-\\d\\d-\\d\\dT[0-9:.]+\\+00:00$",
                                         json_string_value(json_object_get(event, "time")), 0, 0));
        last_id = member(event, "id");
        json_decref(event);
    }
    assert_null(events_next(listener));
    events_unlisten(listener);
    events_free(events);
}

static void
each_listener_gets_every_event_and_its_own_account_of_losses(void **state)
{
    (void)state;
    Events *events = events_new();
    EventListener *first = events_listen(events, NULL, NULL);
    EventListener *second = events_listen(events, NULL, NULL);
    publish(events, 1);
    json_t *a = events_next(first), *b = events_next(second);
    json_object_set_new(a, "lost", json_integer(99)); /* theirs alone */
    assert_true(number_of(a) == 1 && number_of(b) == 1);
    assert_true(member(b, "lost") == 0);
    json_decref(a);
    json_decref(b);
    events_unlisten(first);
    publish(events, 2);
    b = events_next(second);
    assert_true(number_of(b) == 2);
    json_decref(b);
    events_unlisten(second);
    events_free(events);
}

static void
a_slow_listener_loses_the_oldest_and_is_told_how_many(void **state)
{
    (void)state;
    Events *events = events_new();
    EventListener *listener = events_listen(events, NULL, NULL);
    for (int i = 0; i < MANY; i++)
        publish(events, i);
    json_t *event = events_next(listener);
    int64_t lost = member(event, "lost");
    assert_true(lost > 0 && lost < MANY);
    assert_true(number_of(event) == lost); /* what is left begins right after them */
    json_decref(event);
    int64_t got = 1;
    for (; (event = events_next(listener)) != NULL; got++) {
        assert_true(member(event, "lost") == 0); /* told once */
        assert_true(number_of(event) == lost + got);
        json_decref(event);
    }
    assert_true(lost + got == MANY);
    publish(events, MANY);
    event = events_next(listener);
    assert_true(member(event, "lost") == 0 && number_of(event) == MANY);
    json_decref(event);
    events_unlisten(listener);
    events_free(events);
}

static void
what_was_not_read_is_freed_with_its_listener(void **state)
{
    (void)state;
    Events *events = events_new();
    EventListener *listener = events_listen(events, NULL, NULL);
    for (int i = 0; i < 10; i++)
        publish(events, i);
    events_unlisten(listener);
    publish(events, 10); /* to nobody */
    events_unlisten(NULL);
    events_free(events);
    events_free(NULL);
}

static void
wake(void *user_data)
{
    atomic_fetch_add((atomic_int *)user_data, 1);
}

#define PUBLISHERS 4
#define EACH 2000

typedef struct Publisher {
    Events *events;
    int base;
} Publisher;

static void *
publish_all(void *data)
{
    const Publisher *publisher = data;
    for (int i = 0; i < EACH; i++)
        publish(publisher->events, publisher->base + i);
    return NULL;
}

typedef struct Reader {
    EventListener *listener;
    atomic_int *published; /* threads that are done */
    int64_t got, lost, last_id;
    bool out_of_order;
} Reader;

static void *
read_all(void *data)
{
    Reader *reader = data;
    for (bool last = false; !last;) {
        last = atomic_load(reader->published) != 0;
        for (json_t *event; (event = events_next(reader->listener)) != NULL;) {
            reader->got++;
            reader->lost += member(event, "lost");
            reader->out_of_order |= member(event, "id") <= reader->last_id;
            reader->last_id = member(event, "id");
            json_decref(event);
        }
    }
    return NULL;
}

static void
from_many_publishers_each_event_is_read_or_counted_as_lost(void **state)
{
    (void)state;
    Events *events = events_new();
    atomic_int wakes = 0, published = 0;
    pthread_t publishers[PUBLISHERS], readers[2];
    Publisher rows[PUBLISHERS];
    Reader reading[2] = {0};
    for (int i = 0; i < 2; i++) {
        reading[i].listener = events_listen(events, wake, &wakes);
        reading[i].published = &published;
        assert_int_equal(pthread_create(&readers[i], NULL, read_all, &reading[i]), 0);
    }
    for (int i = 0; i < PUBLISHERS; i++) {
        rows[i] = (Publisher){events, i * EACH};
        assert_int_equal(pthread_create(&publishers[i], NULL, publish_all, &rows[i]), 0);
    }
    for (int i = 0; i < PUBLISHERS; i++)
        pthread_join(publishers[i], NULL);
    atomic_store(&published, 1);
    for (int i = 0; i < 2; i++) {
        pthread_join(readers[i], NULL);
        assert_true(reading[i].got + reading[i].lost == PUBLISHERS * EACH);
        assert_false(reading[i].out_of_order);
        events_unlisten(reading[i].listener);
    }
    assert_int_equal(atomic_load(&wakes), 2 * PUBLISHERS * EACH);
    events_free(events);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_gets_what_was_published_since_it_came_in_order),
        cmocka_unit_test(each_listener_gets_every_event_and_its_own_account_of_losses),
        cmocka_unit_test(a_slow_listener_loses_the_oldest_and_is_told_how_many),
        cmocka_unit_test(what_was_not_read_is_freed_with_its_listener),
        cmocka_unit_test(from_many_publishers_each_event_is_read_or_counted_as_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
